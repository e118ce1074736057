"""
A canary run: words that stand nowhere else go through every public call, and none is shown.

Addresses, names, subjects, bodies, files, header values, template data, secrets, and whatever
others put into their exceptions and answers. Shown is what is logged, warned of and printed, the
``repr`` and ``str`` of every value that is answered, and every error with its traceback. The data
itself, in named attributes and in what `to_dict` and the like answer, is not *shown*.

One error shows a part of an address by design, and is left out: that of a local part with a dot at
its end, which names the quoted form.
"""

from __future__ import annotations

import base64
import dataclasses
import importlib
import inspect
import logging
import pkgutil
import re
import sys
import tempfile
import typing
import warnings
from collections.abc import Callable, Iterator
from functools import cache
from pathlib import Path
from types import CodeType, ModuleType
from typing import Any, NoReturn

import pytest

import sesguard
from sesguard import errors
from sesguard.ports import Receipt
from tests.canary import (
    feedback,
    guarding,
    keeping,
    kit,
    lists,
    lists_in_redis,
    lists_in_tables,
    mailed,
    mails,
    observing,
    piping,
    posting,
    remembering,
    rest,
    sends,
    ses,
    syncing,
)
from tests.canary.material import Scenario
from tests.canary.watch import CANARIES, Watch, canaries_in

SCENARIOS: list[Scenario] = [
    drive
    for module in (
        *(
            mails,
            sends,
            guarding,
            posting,
            ses,
            lists,
            lists_in_redis,
            lists_in_tables,
            remembering,
            keeping,
            feedback,
            mailed,
            kit,
            observing,
            piping,
            syncing,
            rest,
        ),
    )
    for drive in module.SCENARIOS
]


@cache
def watched(drive: Scenario) -> Watch:
    """A scenario, driven once."""
    watch = Watch(drive.__name__)
    with tempfile.TemporaryDirectory() as folder, watch.watching():
        drive(watch, Path(folder))
    return watch


@pytest.mark.parametrize("drive", SCENARIOS, ids=lambda drive: drive.__name__)
def test_nothing_is_shown(drive: Scenario) -> None:
    """
    0 canaries in what is logged, warned of and printed, and in the text of any value or error.
    """
    watch = watched(drive)
    assert watch.texts
    found = list(dict.fromkeys(watch.findings))
    assert not found, "\n".join([f"{len(found)} findings", *found])


# Whether the run is whole.

CONTRACTS = (
    *("LedgerContract", "LimiterContract", "OutboxStoreContract", "StoreContract"),
    "TransportContract",
)
"""Test classes, whose addresses are their own, and which pytest shows as it likes."""


def public_modules() -> list[ModuleType]:
    names = [one.name for one in pkgutil.iter_modules(sesguard.__path__)]
    public = [f"sesguard.{name}" for name in names if not name.startswith("_")]
    return [sesguard, *map(importlib.import_module, public)]


def public_things() -> dict[str, object]:
    """All that may be imported from a public module."""
    return {
        f"{module.__name__}.{name}": getattr(module, name)
        for module in public_modules()
        for name in module.__all__
        if name not in CONTRACTS
    }


def is_driven_by_calls(thing: object) -> bool:
    """Not what is for type checkers alone, and no constant."""
    is_shape = getattr(thing, "_is_protocol", False) or typing.is_typeddict(thing)
    return (inspect.isclass(thing) or inspect.isfunction(thing)) and not is_shape


def code_of(thing: Any) -> Iterator[tuple[str, CodeType]]:
    """The public code of a class or function, by its name."""
    if inspect.isfunction(thing):
        yield "", thing.__code__
        return
    for name, member in inspect.getmembers_static(thing):
        function = member.fget if isinstance(member, property) else member
        function = getattr(function, "__func__", function)  # of a class method
        if inspect.isfunction(function) and (name[0] != "_" or name == "__call__"):
            yield f".{name}", function.__code__


def test_every_public_name_is_driven() -> None:
    """
    All that may be imported was called, each method too, and each class was looked at.

    What is new and public has to be driven by a scenario, or this fails.
    """
    kinds = {kind for drive in SCENARIOS for kind in watched(drive).kinds}
    reached = {code for drive in SCENARIOS for code in watched(drive).reached}
    missing: set[str] = set()
    for path, thing in public_things().items():
        if is_driven_by_calls(thing):
            missing |= {
                f"{path}{name}"
                for name, code in code_of(thing)
                if code not in reached and "sesguard" in code.co_filename
            }
            if inspect.isclass(thing) and not any(issubclass(kind, thing) for kind in kinds):
                missing.add(path)
    assert sorted(missing) == []


def test_the_reference_names_nothing_else() -> None:
    """
    Whatever docs/reference/names.md names is among the public names that are walked.
    """
    page = (Path(__file__).parents[1] / "docs/reference/names.md").read_text()
    rows = re.findall(r"^\| (`.*?) \| (.*?) \|$", page.partition("## Defaults")[0], re.MULTILINE)
    named = {name for row in rows for name in re.findall(r"`([A-Za-z_]+)`", row[0])}
    walked = {path.rpartition(".")[2] for path in public_things()}
    walked |= {module.__name__.rpartition(".")[2] for module in public_modules()}
    assert len(named) > 25
    assert named - walked == set()


ANSWERED: set[type] = {
    errors.SendingRateExceededError,
    errors.DailyQuotaExceededError,
    errors.MessageRejectedError,
    errors.NotVerifiedError,
    errors.AuthenticationError,
    errors.ServiceUnavailableError,
    errors.OutcomeUnknownError,
}


def test_the_run_is_a_large_one() -> None:
    """
    5,000 calls show over 5,000 different texts; each class of errors was looked at, and those of
    SES's answers came over both ways.
    """
    run = [watched(drive) for drive in SCENARIOS]
    kinds = {kind for watch in run for kind in watch.kinds}
    assert {getattr(errors, name) for name in errors.__all__ if name.endswith("Error")} <= kinds
    for drive in (ses.over_the_api, ses.over_smtp, ses.calls_of_others):
        assert watched(drive).kinds >= ANSWERED
    assert sum(watch.calls for watch in run) > 5000
    assert sum(len(watch.texts) for watch in run) > 5000


# Whether the watch sees.


class Leaky:
    """A value that shows what it is given."""

    def __init__(self, shown: str) -> None:
        self.shown = shown

    def __repr__(self) -> str:
        return self.shown


@dataclasses.dataclass(repr=False)
class Holding:
    """A value that shows nothing, and holds another."""

    held: object


def by_error(text: str) -> NoReturn:
    raise errors.StoreError(text)


def by_chain(text: str) -> NoReturn:
    try:
        raise KeyError(text)
    except KeyError:
        raise errors.StoreError("It failed.")  # noqa: B904  the chain is what is looked at


def by_note(text: str) -> NoReturn:
    error = errors.StoreError("It failed.")
    error.add_note(text)
    raise error


def by_log(text: str) -> None:
    logging.getLogger("sesguard.stores.sqlite").debug("It is %s", text)


def by_argument_of_log(text: str) -> None:
    logging.getLogger("sesguard.worker").debug("It is %.3s", text)


def by_traceback_in_log(text: str) -> None:
    try:
        raise KeyError(text)
    except KeyError:
        logging.getLogger("sesguard.worker").exception("It failed.")


def by_print(text: str) -> None:
    print(text, file=sys.stderr)  # noqa: T201  what is printed is looked at


LEAKS: list[Callable[[str], object]] = [
    Leaky,
    lambda text: [{"it": (Leaky(text),)}],
    lambda text: Holding(Holding([Leaky(text)])),
    lambda text: Leaky(text.upper()),
    lambda text: Leaky(base64.b64encode(text.encode()).decode()),
    lambda text: Receipt(message_id=text),
    by_error,
    by_chain,
    by_note,
    by_log,
    by_argument_of_log,
    by_traceback_in_log,
    by_print,
    warnings.warn,
]


@pytest.mark.parametrize("leak", LEAKS)
def test_the_watch_sees_what_is_shown(leak: Callable[[str], object]) -> None:
    """
    Each canary is found wherever it is shown, and no other.
    """
    for what, word in CANARIES.items():
        watch = Watch("leak")
        with watch.watching():
            watch.ask(leak, f"<{word}>")
        assert watch.findings
        assert all(f" shows {what}: " in one for one in watch.findings)


@pytest.mark.parametrize("before", ["", "a", "ab", "abc"])
def test_base64_hides_nothing(before: str) -> None:
    """
    A canary is found in base64 too, wherever in it it stands.
    """
    for what, word in CANARIES.items():
        text = base64.urlsafe_b64encode(f"{before}{word}!".encode()).decode()
        assert canaries_in(f"x {text} x") == {what}
    assert canaries_in("Nothing of it.") == set()
