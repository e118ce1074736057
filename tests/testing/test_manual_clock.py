"""A clock that a test moves."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta, timezone

from sesguard.ports import Clock
from sesguard.testing import ManualClock


def test_it_stands_until_it_is_moved() -> None:
    """Both of its times move together, by sleeping or by hand, and never back."""
    clock = ManualClock()
    kept: Clock = clock
    begin, since = clock.now(), clock.monotonic()
    assert kept.now() == begin
    kept.sleep(1.5)
    clock.advance(2)
    clock.advance(timedelta(minutes=1))
    clock.advance(-5)
    assert clock.now() - begin == timedelta(seconds=63.5)
    assert clock.monotonic() - since == 63.5


def test_it_begins_where_it_is_told_to() -> None:
    """The time of day is UTC, whatever the zone it was given in."""
    east = datetime(2026, 5, 1, 14, tzinfo=timezone(timedelta(hours=2)))
    clock = ManualClock(east)
    assert clock.now() == east
    assert clock.now().tzinfo is UTC
