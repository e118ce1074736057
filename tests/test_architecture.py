"""The layers of the library, and that every import points down."""

from __future__ import annotations

import ast
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

import pytest

SOURCE = Path(__file__).parents[1] / "src" / "sesguard"

# From the bottom up, without "sesguard."; a folder stands for all that is in it.
LAYERS = {
    "model": "errors _frozen _mail addresses attachments templates mail mime suppression events"
    " _readings outcomes quota",
    "core": "_core",
    "ports": "ports",
    "flows": "_flows _lift",
    # What adapters stand on.
    "ground": "clocks _one_per_process _redis_server _sqlalchemy_engine _sqlite_file",
    "adapters": "transports stores limiters guards ledgers outboxes sources observers account infra"
    " sns_certificates sns_https",
    "clients": "_client _worker _outbox _sync client worker webhook outbox sync listfiles mailed"
    " mailcheck metrics replies sns smtp translated",
    "integrations": "django flask asgi aws_lambda cli simulator testing __main__",
}
LAYER = {name: layer for layer, names in LAYERS.items() for name in names.split()}
RANK = list(LAYERS)

# A part of an adapter carries its name: smtp_connection belongs to smtp. Stated beside that is
# what one adapter is built on another of its folder for.
BUILT_ON = {
    "stores.function": "stores.memory",  # the usual books of a store over functions
    "limiters._fallback": "limiters.memory",  # what stands in while a file or a server is away
}

# The layers that stand still, and the packages that each may use.
STILL = {"model": {"email_validator"}, "core": set[str](), "ports": set[str](), "flows": set[str]()}
MOVING = {
    "asyncio", "concurrent", "http", "logging", "multiprocessing", "os", "pathlib", "random",
    "secrets", "select", "signal", "smtplib", "socket", "sqlite3", "ssl", "subprocess", "tempfile",
    "threading", "time", "urllib.request", "uuid",
}  # fmt: skip
ASKING = {"now", "utcnow", "today", "localtime", "make_msgid", "open", "print", "input"}
STATED = ("errors", "random")  # the usual jitter of `delay`, which takes another as an argument


class Place(NamedTuple):
    """Something that a module does, and where: an import, or a call."""

    module: str
    line: int
    what: str

    @property
    def layer(self) -> str:
        return LAYER.get(top(self.module), "")

    def __str__(self) -> str:
        other = f" ({LAYER[top(self.what)]})" if top(self.what) in LAYER else ""
        return f"{self.module}:{self.line} ({self.layer}) -> {self.what}{other}"


def top(name: str) -> str:
    return name.partition(".")[0]


def name_of(file: Path) -> str:
    """``stores.sqlite`` of its file, ``stores`` of the folder's ``__init__``."""
    parts = file.relative_to(SOURCE).with_suffix("").parts
    return ".".join(part for part in parts if part != "__init__")


TREES = {name_of(f): ast.parse(f.read_text(encoding="utf-8")) for f in SOURCE.rglob("*.py")}


def imports() -> Iterator[Place]:
    """Every import, within functions and for type checkers too; names of ours become modules."""
    for module, tree in TREES.items():
        for node in ast.walk(tree):
            if isinstance(node, ast.Import):
                yield from (Place(module, node.lineno, alias.name) for alias in node.names)
            elif isinstance(node, ast.ImportFrom):
                assert node.level == 0, f"{module}:{node.lineno}: imports are absolute"
                for alias in node.names:
                    whole = f"{node.module}.{alias.name}"
                    known = whole.removeprefix("sesguard.") in TREES
                    yield Place(module, node.lineno, whole if known else str(node.module))


def calls() -> Iterator[Place]:
    """Every call, by the last name of what is called."""
    for module, tree in TREES.items():
        for node in ast.walk(tree):
            if isinstance(node, ast.Call):
                name = getattr(node.func, "attr", getattr(node.func, "id", ""))
                yield Place(module, node.lineno, name)


OURS = [
    place._replace(what=place.what.removeprefix("sesguard").removeprefix("."))
    for place in imports()
    if top(place.what) == "sesguard"
]
OTHERS = [place for place in imports() if top(place.what) != "sesguard"]


def wrong(place: Place) -> str | None:
    """Why a module of ours may not import another; None where it may."""
    here, there = top(place.module), top(place.what)
    if not here or here == place.module == there:
        return None  # the face of the library, or of a folder
    if here == "errors":
        return "errors are at the bottom"
    if not there:
        return None if place.layer == "integrations" else "only integrations see the library's face"
    above = RANK.index(LAYER[here]) - RANK.index(LAYER[there])
    if above:
        return None if above > 0 else "it points up"
    if place.layer != "adapters":
        return None
    if here != there:
        return "an adapter does not know another"
    part, other = place.module.split(".")[1], place.what.partition(".")[2]
    if other.startswith("_"):
        return None  # what all of a folder stand on
    if BUILT_ON.get(place.module) == place.what or top(other).split("_")[0] == part.split("_")[0]:
        return None
    return "an adapter does not know its neighbours"


def test_every_module_has_a_layer() -> None:
    """A new module is put into a layer by whoever makes it."""
    homeless = {top(module) for module in TREES} - {*LAYER, ""}
    assert not homeless, f"no layer in LAYERS has {', '.join(sorted(homeless))}"


def test_imports_point_down() -> None:
    """A module imports from layers below its own, and an adapter never its neighbours."""
    known = [place for place in OURS if {top(place.module), top(place.what)} <= {*LAYER, ""}]
    found = [f"{place}: {why}" for place in known if (why := wrong(place))]
    assert not found, "\n".join(["wrong arrows:", *found])


def test_what_stands_still_imports_nothing_that_moves() -> None:
    """No socket, file, clock, environment, randomness, log or thread up to the flows."""
    still = [place for place in OTHERS if place.layer in STILL and place[::2] != STATED]
    found = [str(place) for place in still if {place.what, top(place.what)} & MOVING]
    assert not found, "\n".join(["these move something:", *found])


def test_what_stands_still_needs_no_package() -> None:
    """The model has email-validator; nothing else up to the flows has any."""
    usual = {*sys.stdlib_module_names, "typing_extensions"}
    still = [place for place in OTHERS if place.layer in STILL]
    found = [str(place) for place in still if top(place.what) not in usual | STILL[place.layer]]
    assert not found, "\n".join(["these packages do not belong here:", *found])


def test_what_stands_still_asks_nobody_for_the_time() -> None:
    """Times arrive as arguments in model and core, and nothing is opened or printed there."""
    still = [place for place in calls() if place.layer in ("model", "core")]
    found = [str(place) for place in still if place.what in ASKING]
    assert not found, "\n".join(["these calls ask the outside:", *found])


@pytest.mark.parametrize("module", [name for name, tree in TREES.items() if tree.body])
def test_every_module_says_what_it_is_for_and_what_is_public(module: str) -> None:
    """A module has a docstring, and ``__all__`` where it holds anything."""
    tree = TREES[module]
    assert ast.get_docstring(tree), f"sesguard.{module} does not say what it is for"
    assigned = [node for node in tree.body if isinstance(node, ast.Assign | ast.AnnAssign)]
    public = any(ast.unparse(node).startswith("__all__") for node in assigned)
    assert public or len(tree.body) == 1, f"sesguard.{module} has no __all__"
