"""Rates against lines of one's own."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sesguard._core.holding import Line, Measured, held, newest, said
from sesguard.metrics import SendDataPoint

NOW = datetime(2026, 11, 15, tzinfo=UTC)
LINE = Line("bounce", 0.04, 0.03)
DAY = timedelta(days=1)

values = st.floats(0, 1)


def measured(*rates: float) -> list[Measured]:
    return [Measured("bounce", rate, "") for rate in rates]


def point(hours: float, attempts: int, bounces: int = 0, complaints: int = 0) -> SendDataPoint:
    return SendDataPoint(
        timestamp=NOW - timedelta(hours=hours),
        delivery_attempts=attempts,
        bounces=bounces,
        complaints=complaints,
    )


def rates(*points: SendDataPoint, minimum: int = 1000) -> dict[str, float]:
    ordered = sorted(points, key=lambda one: one.timestamp)
    found = newest(ordered, window=DAY, minimum=minimum, now=NOW)
    return {one.name: one.value for one in found}


@given(st.booleans(), st.lists(values, max_size=3))
def test_the_lines_decide_and_between_them_it_stays_as_it_is(
    before: bool, found: list[float]
) -> None:
    """On or over the upper line it is held, below the lower one it is not."""
    after = held(before, measured(*found), LINE)
    highest = max(found, default=0.0)
    if highest >= LINE.hold:
        assert after is not None
    elif highest < LINE.resume:
        assert after is None
    else:
        assert (after is not None) == before
    assert after is None or after.value == highest


@given(st.booleans(), st.lists(values, max_size=3))
def test_judging_the_same_figures_again_changes_nothing(before: bool, found: list[float]) -> None:
    """It does not come and go as long as the rates stand still."""
    once = held(before, measured(*found), LINE)
    assert held(once is not None, measured(*found), LINE) == once


@given(st.lists(values, max_size=3), values)
def test_a_higher_rate_never_frees(found: list[float], more: float) -> None:
    """Another source can hold mail, and none can free it."""
    for before in (True, False):
        if held(before, measured(*found), LINE) is not None:
            assert held(before, measured(*found, more), LINE) is not None


def test_each_line_looks_at_its_own_rate() -> None:
    """Complaints do not cross the line of bounces."""
    assert held(False, [Measured("complaint", 0.5, "")], LINE) is None


@pytest.mark.parametrize(
    ("points", "found"),
    [
        ([], {}),
        ([point(1, 999, bounces=900)], {}),
        ([point(1, 1000, bounces=40)], {"bounce": 0.04}),
        ([point(1, 1000, bounces=1, complaints=1)], {}),
        ([point(1, 2000, bounces=30, complaints=2)], {"bounce": 0.015, "complaint": 0.001}),
        # Two hours of a day: what is older is left out where there is enough.
        ([point(30, 1000, bounces=900), point(1, 1000, bounces=20)], {"bounce": 0.02}),
        # Too little today: the day before counts as well.
        ([point(30, 1000, bounces=90), point(1, 500, bounces=0)], {"bounce": 0.06}),
        # The mails of a morning, and bounces that came in the afternoon.
        ([point(8, 9000), point(1, 1000, bounces=100)], {"bounce": 0.01}),
    ],
)
def test_rates_are_of_the_newest_mail(points: list[SendDataPoint], found: dict[str, float]) -> None:
    """Those of the last window, and from further back where it holds too little."""
    assert rates(*points) == pytest.approx(found)


def test_what_was_crossed_is_said_in_figures() -> None:
    """The rate, what it stands on, and both lines."""
    (bounce,) = newest([point(1, 2000, bounces=87)], window=DAY, minimum=1, now=NOW)
    assert said(bounce, LINE) == (
        "the account's bounce rate is 4.35 % (87 of 2,000 attempts). Your own line is 4.00 %, and "
        "bulk mail goes on below 3.00 %"
    )
