"""Feedback in any order: what is on the list in the end is decided by when things happened."""

from __future__ import annotations

import itertools
import json
from collections.abc import Callable, Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TypeAlias

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from sesguard import Worker
from sesguard.addresses import AddressKey
from sesguard.sources import MemorySource
from sesguard.stores import MemoryStore, SQLiteStore
from sesguard.suppression import Reason
from sesguard.testing import ManualClock
from tests.peers import feedback

ANN = AddressKey("ann@example.org")
START = datetime(2025, 11, 24, 7, tzinfo=UTC)

Store: TypeAlias = MemoryStore | SQLiteStore
Happening: TypeAlias = tuple[str, int]
"""What, and the minute at which it happened. A removal is an operator's, at its own minute."""

KINDS = ("bounce", "delivery", "abuse", "not-spam", "removal")


def body(what: str, minute: int) -> str:
    at = (START + timedelta(minutes=minute)).isoformat(timespec="milliseconds")
    at = at.replace("+00:00", "Z")
    if what == "bounce":
        return json.dumps(feedback.bounce([ANN], feedback_id=f"b{minute}", at=at))
    if what == "delivery":
        record = feedback.delivery([ANN], message_id=f"d{minute}")
        return json.dumps({**record, "delivery": {**_part(record), "timestamp": at}})
    return json.dumps(
        feedback.complaint([ANN], feedback_id=f"{what}{minute}", feedback_type=what, at=at)
    )


def _part(record: feedback.Record) -> feedback.Record:
    part = record["delivery"]
    assert isinstance(part, dict)
    return {str(name): value for name, value in part.items()}


def played(store: Store, clock: ManualClock, happenings: Sequence[Happening]) -> set[Reason]:
    """Each arrives by itself, and is worked off before the next. Why Ann is on the list then."""
    source = MemorySource()
    with Worker(source, store=store) as worker:
        for what, minute in happenings:
            if what == "removal":
                clock.advance((START + timedelta(minutes=minute) - clock.now()).total_seconds())
                store.remove([ANN])
            else:
                source.put(body(what, minute))
                assert worker.drain().deleted == 1
    return {entry.reason for entry in store.entries().items}


def by_time(happenings: Sequence[Happening]) -> set[Reason]:
    """Why Ann should be on the list: as if all had arrived when it happened."""
    reasons: set[Reason] = set()
    for what, _ in sorted(happenings, key=lambda one: one[1]):
        if what == "bounce":
            reasons.add(Reason.BOUNCE)
        elif what == "abuse":
            reasons.add(Reason.COMPLAINT)
        elif what == "not-spam":
            reasons.discard(Reason.COMPLAINT)
        elif what == "removal":
            reasons.clear()
    return reasons


def as_it_may(order: Sequence[Happening]) -> list[Happening]:
    """Nothing arrives before it happened: what is newer than the removal comes after it."""
    at = next((at for at, one in enumerate(order) if one[0] == "removal"), None)
    if at is None:
        return list(order)
    removal = order[at]
    early = [one for one in order[:at] if one[1] > removal[1]]
    before = [one for one in order[:at] if one[1] < removal[1]]
    return [*before, removal, *early, *order[at + 1 :]]


@pytest.fixture(params=["memory", "sqlite"])
def make(request: pytest.FixtureRequest, tmp_path: Path) -> Callable[[ManualClock], Store]:
    numbers = itertools.count()

    def made(clock: ManualClock) -> Store:
        if request.param == "memory":
            return MemoryStore(clock=clock)
        return SQLiteStore(tmp_path / f"{next(numbers)}.db", clock=clock)

    return made


NAMED: dict[str, tuple[list[Happening], set[Reason]]] = {
    "a delivery after a bounce": ([("bounce", 1), ("delivery", 2)], {Reason.BOUNCE}),
    "an old bounce after a removal": ([("bounce", 1), ("removal", 2)], set()),
    "a new bounce after a removal": ([("removal", 1), ("bounce", 2)], {Reason.BOUNCE}),
    "a complaint before a bounce": (
        [("abuse", 1), ("bounce", 2)],
        {Reason.COMPLAINT, Reason.BOUNCE},
    ),
    "not spam after all": ([("abuse", 1), ("not-spam", 2)], set()),
    "not spam, and then again": ([("not-spam", 1), ("abuse", 2)], {Reason.COMPLAINT}),
    "not spam takes no bounce back": (
        [("bounce", 1), ("abuse", 2), ("not-spam", 3)],
        {Reason.BOUNCE},
    ),
    "all at once": (
        [("abuse", 1), ("removal", 2), ("bounce", 3), ("abuse", 4), ("not-spam", 5)],
        {Reason.BOUNCE},
    ),
}


@pytest.mark.parametrize("named", NAMED)
def test_the_order_of_arrival_does_not_matter(
    named: str, make: Callable[[ManualClock], Store]
) -> None:
    """In every permutation of these."""
    happenings, expected = NAMED[named]
    assert by_time(happenings) == expected
    orders = list(itertools.permutations(happenings))
    for order in dict.fromkeys(tuple(as_it_may(order)) for order in orders):
        clock = ManualClock(START)
        with make(clock) as store:
            assert played(store, clock, order) == expected, order


@given(data=st.data())
@settings(
    deadline=None,
    max_examples=60,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
def test_time_decides_whatever_happens(
    make: Callable[[ManualClock], Store], data: st.DataObject
) -> None:
    """Of any happenings, each at its own minute, arriving in any order, some of them twice."""
    kinds = data.draw(st.lists(st.sampled_from(KINDS), max_size=7))
    removals = [at for at, kind in enumerate(kinds) if kind == "removal"]
    happenings = [
        (kind, minute)
        for minute, kind in enumerate(kinds)
        if kind != "removal" or minute == removals[-1]
    ]
    repeated = [one for one in happenings if one[0] != "removal" and data.draw(st.booleans())]
    order = as_it_may(data.draw(st.permutations([*happenings, *repeated])))
    clock = ManualClock(START)
    with make(clock) as store:
        assert played(store, clock, order) == by_time(happenings)
