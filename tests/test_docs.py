"""What the documentation says is so: its code runs, its links lead somewhere, its tables hold."""

from __future__ import annotations

import gc
import os
import re
import shlex
import subprocess
import sys
import tomllib
from pathlib import Path
from typing import NamedTuple

import pytest

import dev
from sesguard import errors

ROOT = Path(__file__).parents[1]
DOCUMENTS = [*sorted(ROOT.glob("*.md")), *sorted(ROOT.glob("docs/**/*.md"))]

# A fenced block, or one that runs without being shown: <!--python ... -->
BLOCK = re.compile(
    r"^```(?P<language>\w*)[^\n]*\n(?P<text>.*?)^```$|^<!--python\n(?P<hidden>.*?)^-->$",
    re.MULTILINE | re.DOTALL,
)
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]


class Block(NamedTuple):
    """Code or output in a document, and the line it starts at."""

    language: str
    text: str
    line: int


END = Block("end", "", 0)


def blocks(document: Path) -> list[Block]:
    text = document.read_text(encoding="utf-8")
    return [
        Block(
            "python" if match["hidden"] else match["language"],
            match["hidden"] or match["text"],
            text.count("\n", 0, match.start()) + 1,
        )
        for match in BLOCK.finditer(text)
    ]


def holding(*languages: str) -> list[object]:
    """The documents that have such a block, as parameters of a test."""
    return [
        pytest.param(document, id=document.relative_to(ROOT).as_posix())
        for document in DOCUMENTS
        if any(block.language in languages for block in blocks(document))
    ]


# A document leaves open what a program keeps as long as it runs.
@pytest.mark.filterwarnings("ignore:unclosed database:ResourceWarning")
@pytest.mark.parametrize("document", holding("python"))
def test_python_in_the_documentation_runs(
    document: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    """
    The blocks of a document run one after the other, with the simulator in the place of SES.

    A block of text right after one is what it prints.
    """
    from sesguard.simulator import Simulator

    monkeypatch.chdir(tmp_path)
    names: dict[str, object] = {"__name__": "documentation"}
    found = blocks(document)
    with Simulator():
        for block, after in zip(found, [*found[1:], END], strict=True):
            if block.language != "python":
                continue
            # Shifted, so that a traceback names the line of the document.
            exec(compile("\n" * block.line + block.text, document, "exec"), names)
            printed = capsys.readouterr().out
            if after.language in ("", "text"):
                assert printed.rstrip() == after.text.rstrip(), f"printed at line {block.line}"
    names.clear()
    gc.collect()


def commands(block: Block) -> list[str]:
    """The commands of a shell block; in a console one they follow a prompt."""
    lines = block.text.replace("\\\n", " ").splitlines()
    if block.language == "console":
        lines = [line[2:] for line in lines if line.startswith("$ ")]
    return [line for line in lines if line.strip() and not line.startswith("#")]


def check(command: str, where: Path) -> None:
    """Run a command, or where it would change this machine, see that it would work."""
    words = shlex.split(command, comments=True)
    match words:
        case ["pip", "install", *wanted]:
            for requirement in wanted:
                name, _, extras = requirement.rstrip("]").partition("[")
                assert name == "sesguard", f"{requirement} is not ours"
                assert {*filter(None, extras.split(","))} <= {*PROJECT["optional-dependencies"]}
        case ["make", target, *_] | ["python3", "dev.py", target, *_]:
            assert target in dev.COMMANDS
        case ["git", "clone", *_] | ["cd", _]:
            pass
        case _:
            path = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"
            done = subprocess.run(
                ["bash", "-euo", "pipefail", "-c", command],
                cwd=where,
                env={**os.environ, "PATH": path},
                capture_output=True,
                text=True,
                timeout=60,
                check=False,
            )
            assert done.returncode == 0, f"{command}\n{done.stdout}{done.stderr}"


@pytest.mark.parametrize("document", holding("sh", "bash", "shell", "console"))
def test_commands_in_the_documentation_work(document: Path, tmp_path: Path) -> None:
    """They run as they stand; those that install or build name what there is."""
    for block in blocks(document):
        if block.language in ("sh", "bash", "shell", "console"):
            for command in commands(block):
                check(command, tmp_path)


@pytest.mark.parametrize("document", DOCUMENTS, ids=lambda path: path.relative_to(ROOT).as_posix())
def test_links_lead_somewhere(document: Path) -> None:
    """A link within the project names a file that is there."""
    text = document.read_text(encoding="utf-8")
    targets = re.findall(r"\]\((?!\w+:)([^)#\s]+)", text)
    missing = [target for target in targets if not (document.parent / target).exists()]
    assert not missing


def rows(document: Path) -> list[list[str]]:
    """The cells of every table row of a document."""
    lines = document.read_text(encoding="utf-8").splitlines()
    return [
        [cell.strip() for cell in line.strip("|").split("|")]
        for line in lines
        if line.startswith("|")
    ]


def test_the_table_of_errors_says_what_the_errors_say() -> None:
    """Every error that can be raised has its row, and the row its class's own figures."""
    said = {row[0].strip("`"): row[1:3] for row in rows(ROOT / "docs/reference/errors.md")[2:]}
    gathering = {errors.SESGuardError, errors.SendError, errors.ThrottlingError}
    kinds = [
        kind
        for name in errors.__all__
        if isinstance(kind := getattr(errors, name), type)
        and issubclass(kind, errors.SESGuardError)
        and kind not in gathering
    ]
    assert said == {
        kind.__name__: [
            f"after {kind.retry_after:.0f} s" if kind.retryable else "no",
            kind.outcome,
        ]
        for kind in kinds
    }


def test_every_promise_names_the_tests_that_keep_it() -> None:
    """A promise links to a file, and the tests that it names are in there."""
    document = ROOT / "docs/explanation/promises.md"
    promises = rows(document)[2:]
    assert promises
    for promise, *_, proof in promises:
        kept_by = re.findall(r"\[`(\w+)`\]\(([^)]+)\)", proof)
        assert kept_by, f"nothing keeps the promise {promise!r}"
        for test, target in kept_by:
            text = (document.parent / target).read_text(encoding="utf-8")
            assert re.search(rf"^ *(async )?def {test}\(", text, re.M), f"{target} has no {test}"


def test_the_readme_is_short() -> None:
    """It says what, why and how in less than 700 words."""
    assert len((ROOT / "README.md").read_text(encoding="utf-8").split()) < 700
