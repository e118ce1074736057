"""The clock and the limits of the simulated account."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sesguard import errors
from sesguard.simulator.clock import SimulatedClock
from sesguard.simulator.limits import DAY, Limits


def test_a_clock_moves_only_when_it_is_told_to() -> None:
    """By seconds, by a timedelta, or by somebody's sleep; the same from one run to the next."""
    clock = SimulatedClock()
    assert clock.now() == clock.now() == SimulatedClock().now()
    assert clock.monotonic() == 0.0
    start = clock.now()
    clock.advance(1.5)
    clock.advance(timedelta(hours=1))
    clock.sleep(0.5)
    clock.sleep(-1.0)
    assert clock.monotonic() == 3_602.0
    assert clock.now() - start == timedelta(seconds=3_602)
    assert clock.now().tzinfo is UTC


@pytest.mark.parametrize("by", [-1, timedelta(seconds=-1), float("nan")])
def test_a_clock_does_not_run_back(by: float | timedelta) -> None:
    """Nor to nowhere."""
    with pytest.raises(errors.ConfigurationError, match="forward"):
        SimulatedClock().advance(by)


def test_a_clock_starts_at_a_time_with_a_zone() -> None:
    """Whichever it is."""
    with pytest.raises(errors.ConfigurationError, match="time zone"):
        SimulatedClock(datetime(2026, 1, 1))
    assert SimulatedClock(datetime(2026, 1, 1, tzinfo=UTC)).now().year == 2026
    assert timedelta(0) <= datetime.now(UTC) - SimulatedClock().now() < timedelta(days=1, hours=1)


def test_a_mail_to_many_goes_into_debt() -> None:
    """At 1 a second, a mail to five passes; the next one does 5 seconds later."""
    limits = Limits(quota=-1, rate=1)
    assert not limits.over_rate(100.0)
    limits.take(100.0, recipients=5, in_quota=5)
    assert limits.over_rate(104.9)
    assert not limits.over_rate(105.0)


@given(
    st.floats(0.5, 100),
    st.lists(st.tuples(st.floats(0, 3), st.integers(1, 50)), min_size=1, max_size=60),
)
def test_no_stretch_of_time_has_more_than_its_rate(
    rate: float, offers: list[tuple[float, int]]
) -> None:
    """Over any stretch: its seconds times the rate, one second's worth, and one mail in debt."""
    limits = Limits(quota=-1, rate=rate)
    now, taken = 0.0, list[tuple[float, int]]()
    for pause, recipients in offers:
        now += pause
        if not limits.over_rate(now):
            limits.take(now, recipients=recipients, in_quota=0)
            taken.append((now, recipients))
    for start in range(len(taken)):
        for end in range(start, len(taken)):
            stretch = taken[start : end + 1]
            before_last = sum(recipients for _, recipients in stretch[:-1])
            most = max(1.0, rate) + (stretch[-1][0] - stretch[0][0]) * rate
            assert before_last <= most + 1e-3


def test_what_was_slept_is_all_usable() -> None:
    """Ten threads that wait a second each, one after the other, may then all send at once."""
    limits = Limits(quota=-1, rate=1)
    limits.take(0.0, recipients=1, in_quota=0)
    for _ in range(10):
        assert not limits.over_rate(10.0, slept=10.0)
        limits.take(10.0, recipients=1, in_quota=0)
    assert limits.over_rate(10.0, slept=10.0)
    assert not limits.over_rate(3_600.0, slept=10.0)
    limits.take(3_600.0, recipients=1, in_quota=0)
    assert limits.over_rate(3_600.0, slept=10.0)


def test_the_quota_comes_back_over_24_hours() -> None:
    """Each mail counts for 24 hours; one that begins below the quota passes whole."""
    limits = Limits(quota=10, rate=100)
    limits.take(0.0, recipients=9, in_quota=9)
    assert not limits.over_quota(1.0)
    limits.take(3_600.0, recipients=5, in_quota=5)
    assert limits.over_quota(DAY - 1)
    assert limits.sent_last_24_hours(DAY - 1) == 14
    assert not limits.over_quota(DAY)
    assert limits.sent_last_24_hours(DAY + 3_600) == 0


def test_a_quota_of_minus_one_is_none() -> None:
    """As SES tells it; and 0 lets nothing pass."""
    limits = Limits(quota=-1, rate=1)
    limits.take(0.0, recipients=10**6, in_quota=10**6)
    assert not limits.over_quota(0.0)
    assert Limits(quota=0, rate=1).over_quota(0.0)
