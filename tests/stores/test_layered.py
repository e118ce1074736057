"""Several suppression lists as one."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import timedelta
from itertools import count
from pathlib import Path
from typing import Any, cast

import pytest

from sesguard.addresses import AddressKey
from sesguard.errors import AddressError, ConfigurationError, StoreError
from sesguard.stores import FunctionStore, LayeredStore, MemoryStore, SQLiteStore
from sesguard.suppression import Reason, Suppress, Suppression
from sesguard.testing import ManualClock, StoreContract
from sesguard.testing.store_contract import MakeStore, all_entries

ANN, BEN, CY = (AddressKey(f"{name}@example.org") for name in ("ann", "ben", "cy"))
NOW = ManualClock().now()


class TestContract(StoreContract):
    """A list in a file, with its answers kept in memory, is a list like any other."""

    @pytest.fixture
    def make_store(self, tmp_path: Path) -> MakeStore:
        numbers = count()
        return lambda: LayeredStore(SQLiteStore(tmp_path / f"{next(numbers)}.db"), MemoryStore())


class Slow(MemoryStore):
    """A list that says what it was asked, and that can be away."""

    def __init__(self, *keys: AddressKey) -> None:
        self.asked: list[tuple[AddressKey, ...]] = []
        self.is_away = False
        self.meanwhile: Callable[[], object] = lambda: None
        super().__init__([entry(key) for key in keys], clock=ManualClock())

    def look_up(
        self, keys: Sequence[AddressKey], scopes: Sequence[str] = (), /
    ) -> Mapping[AddressKey, Suppression]:
        if self.is_away:
            raise StoreError("away")
        self.asked.append(tuple(keys))
        found = super().look_up(keys, scopes)
        self.meanwhile()
        return found


def entry(key: AddressKey, *, scope: str = "", lasts: float | None = None) -> Suppression:
    """A hard bounce's entry."""
    ends = None if lasts is None else NOW + timedelta(seconds=lasts)
    return Suppression(key=key, reason=Reason.BOUNCE, at=NOW, scope=scope, expires_at=ends)


class Case:
    """Two lists as one, and a clock."""

    def __init__(self, **options: Any) -> None:
        self.clock = ManualClock()
        self.home = Slow(ANN)
        self.far = Slow(BEN)
        self.store = LayeredStore(self.home, self.far, clock=self.clock, **options)


@pytest.fixture
def case() -> Iterator[Case]:
    case = Case()
    yield case
    case.store.close()


def test_a_list_is_asked_about_what_none_before_it_has(case: Case) -> None:
    """The slow one is not asked about those that the fast one has."""
    assert set(case.store.look_up([ANN, BEN, CY])) == {ANN, BEN}
    assert case.home.asked == [(ANN, BEN, CY)]
    assert case.far.asked == [(BEN, CY)]
    case.store.look_up([ANN])
    assert len(case.far.asked) == 1


def test_answers_are_believed_for_as_long_as_stated(case: Case) -> None:
    """Who is on a list for five minutes, who is on none for ten seconds, and not a moment more."""
    case.store.look_up([BEN, CY])
    case.clock.advance(9.9)
    assert set(case.store.look_up([BEN, CY])) == {BEN}
    assert len(case.far.asked) == 1
    case.clock.advance(0.1)
    case.store.look_up([BEN, CY])
    assert case.far.asked[1:] == [(CY,)]
    case.clock.advance(290)
    case.store.look_up([BEN])
    assert case.far.asked[2:] == [(BEN,)]


def test_absence_need_not_be_believed() -> None:
    """With absent_for=0 each question about somebody on no list goes to the lists."""
    case = Case(absent_for=0)
    for _ in range(3):
        case.store.look_up([CY])
    assert len(case.far.asked) == 3


def test_an_answer_ends_when_its_entry_does(case: Case) -> None:
    """An entry that expires is not believed any longer than it holds."""
    case.far.add([entry(CY, lasts=5)])
    assert set(case.store.look_up([CY])) == {CY}
    case.clock.advance(5)
    case.store.look_up([CY])
    assert len(case.far.asked) == 2


def test_what_is_written_through_it_is_seen_at_once(case: Case) -> None:
    """An event, an addition and a removal end what was believed."""
    assert not case.store.look_up([CY])
    case.store.apply([("event", [Suppress(entry(CY))])])
    assert set(case.store.look_up([CY])) == {CY}
    assert case.store.remove([CY, BEN, AddressKey("dan@example.org")]) == 2
    assert not case.store.look_up([CY, BEN])
    assert not case.far.entries().items
    case.store.suppress("Cy@example.org")
    assert set(case.store.look_up([CY])) == {CY}
    assert {one.key for one in case.home.entries().items} == {ANN, CY}


def test_an_answer_that_was_overtaken_is_not_kept(case: Case) -> None:
    """What was asked before a write, and answered after it, is not believed next time."""
    case.far.meanwhile = lambda: case.store.add([entry(CY)])
    assert not case.store.look_up([CY])
    case.far.meanwhile = lambda: None
    assert set(case.store.look_up([CY])) == {CY}


def test_scopes_are_believed_apart(case: Case) -> None:
    """An answer about one part of the mail says nothing about another."""
    case.far.add([entry(CY, scope="stream:news")])
    assert not case.store.look_up([CY])
    assert set(case.store.look_up([CY], ["stream:news"])) == {CY}
    case.store.remove([CY], "stream:news")
    assert not case.store.look_up([CY], ["stream:news"])


@pytest.mark.parametrize("which", ["home", "far"])
def test_a_list_that_is_away_is_no_empty_list(case: Case, which: str) -> None:
    """What has to be asked and cannot be is an error; it is not kept, nor what is stale used."""
    case.store.look_up([BEN, CY])
    store: Slow = getattr(case, which)
    store.is_away = True
    assert set(case.store.look_up([BEN, CY])) == {BEN}
    case.clock.advance(10)
    with pytest.raises(StoreError):
        case.store.look_up([BEN, CY])
    store.is_away = False
    assert set(case.store.look_up([BEN, CY])) == {BEN}


def test_no_more_answers_are_kept_than_stated() -> None:
    """The oldest goes first."""
    case = Case(most=2)
    for key in (ANN, BEN, CY):
        case.store.look_up([key])
    case.store.look_up([BEN, CY])
    assert len(case.home.asked) == 3
    case.store.look_up([ANN])
    assert len(case.home.asked) == 4


def test_pages_go_through_all_lists(case: Case) -> None:
    """One list after another, whatever the size of a page."""
    case.far.add([entry(CY)])
    for limit in (1, 2, 3, 7):
        assert [one.key for one in all_entries(case.store, limit=limit)] == [ANN, BEN, CY]
    for cursor in ("x", "2", "-1 x", "9 ", ""):
        with pytest.raises(ConfigurationError):
            case.store.entries(cursor)


def test_all_lists_tell_and_forget_an_address(case: Case) -> None:
    """What any of them knows is told, and after an erasure none knows anything."""
    case.far.add([entry(ANN), entry(CY)])
    assert len(case.store.export("Ann@example.org")) == 2
    assert set(case.store.look_up([ANN])) == {ANN}
    assert case.store.erase(ANN) == 2
    assert not case.store.look_up([ANN])
    assert not case.store.export(ANN)
    with pytest.raises(AddressError):
        case.store.erase("nobody")


def test_a_list_that_cannot_forget_says_so() -> None:
    """Nothing is half forgotten: the others are left as they are."""
    home = MemoryStore([entry(ANN)])
    functions = FunctionStore(look_up=lambda key: None, suppress=print)
    store = LayeredStore(home, functions)
    for method in (store.export, store.erase):
        with pytest.raises(ConfigurationError, match="FunctionStore"):
            method(ANN)
    assert home.export(ANN)


def test_closing_closes_all_and_forgets(tmp_path: Path) -> None:
    """Nothing is believed after a close, and the lists can be used again."""
    far = Slow(BEN)
    store = LayeredStore(SQLiteStore(tmp_path / "list.db"), far)
    with store:
        store.look_up([BEN])
    store.look_up([BEN])
    assert len(far.asked) == 2
    store.close()


@pytest.mark.parametrize(
    ("stores", "options"),
    [
        ((), {}),
        ((MemoryStore,), {}),
        ((7,), {}),
        ((MemoryStore(),), {"fresh_for": 0}),
        ((MemoryStore(),), {"absent_for": -1}),
        ((MemoryStore(),), {"most": 0}),
        ((MemoryStore(),), {"most": 1.5}),
    ],
    ids=range(7),
)
def test_what_cannot_be_is_refused(stores: tuple[object, ...], options: dict[str, Any]) -> None:
    """No list, a class, a number, or a time that is none: an error when it is made."""
    with pytest.raises(ConfigurationError):
        LayeredStore(*cast("tuple[MemoryStore, ...]", stores), **options)
