"""Rates against lines of one's own."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sesguard._core.holding import Line, Measured, held, measured, said
from sesguard.metrics import SendDataPoint

NOW = datetime(2026, 11, 15, tzinfo=UTC)
LINE = Line("bounce", 0.04, 0.03)
DAY = timedelta(days=1)

values = st.floats(0, 1)


def of(*rates: float) -> list[Measured]:
    return [Measured("bounce", rate, "") for rate in rates]


def point(hours: float, attempts: int, bounces: int = 0, complaints: int = 0) -> SendDataPoint:
    return SendDataPoint(
        timestamp=NOW - timedelta(hours=hours),
        delivery_attempts=attempts,
        bounces=bounces,
        complaints=complaints,
    )


def rates(*points: SendDataPoint, minimum: int = 1000) -> dict[str, list[float]]:
    ordered = sorted(points, key=lambda one: one.timestamp)
    found = dict[str, list[float]]()
    for one in measured(ordered, window=DAY, minimum=minimum, now=NOW):
        found.setdefault(one.name, []).append(one.value)
    return found


@given(st.booleans(), st.lists(values, max_size=3))
def test_the_lines_decide_and_between_them_it_stays_as_it_is(
    before: bool, found: list[float]
) -> None:
    """On or over the upper line it is held, below the lower one it is not."""
    after = held(before, of(*found), LINE)
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
    once = held(before, of(*found), LINE)
    assert held(once is not None, of(*found), LINE) == once


@given(st.lists(values, max_size=3), values)
def test_a_higher_rate_never_frees(found: list[float], more: float) -> None:
    """Another source can hold mail, and none can free it."""
    for before in (True, False):
        if held(before, of(*found), LINE) is not None:
            assert held(before, of(*found, more), LINE) is not None


def test_each_line_looks_at_its_own_rate() -> None:
    """Complaints do not cross the line of bounces."""
    assert held(False, [Measured("complaint", 0.5, "")], LINE) is None


@pytest.mark.parametrize(
    ("points", "found"),
    [
        ([], {}),
        ([point(1, 999, bounces=900)], {}),
        ([point(1, 1000, bounces=40)], {"bounce": [0.04]}),
        ([point(1, 1000, bounces=1, complaints=1)], {}),
        ([point(1, 2000, bounces=30, complaints=2)], {"bounce": [0.015], "complaint": [0.001]}),
        # A good day after a bad one: each is looked at, the day alone and all of it.
        ([point(30, 1000, bounces=900), point(1, 1000, bounces=20)], {"bounce": [0.02, 0.46]}),
        # Too little today: the day before counts as well.
        ([point(30, 1000, bounces=90), point(1, 500, bounces=0)], {"bounce": [0.06]}),
        ([point(30, 1000), point(1, 100, bounces=55)], {"bounce": [0.05]}),
        # Nothing came back today, and that is what today is judged by.
        ([point(48, 8900), point(30, 100, bounces=90), point(1, 1000)], {"bounce": [0.009]}),
        # The mails of a morning, and bounces that came in the afternoon.
        ([point(8, 9000), point(1, 1000, bounces=100)], {"bounce": [0.01]}),
    ],
)
def test_rates_are_of_the_newest_mail_and_of_all(
    points: list[SendDataPoint], found: dict[str, list[float]]
) -> None:
    """That of the last window, and of further back where it holds too little; and all of it."""
    assert rates(*points) == found


def test_what_was_crossed_is_said_in_figures() -> None:
    """The rate, what it stands on, and both lines."""
    (bounce,) = measured([point(1, 2000, bounces=87)], window=DAY, minimum=1, now=NOW)
    assert said(bounce, LINE) == (
        "the account's bounce rate is 4.35 % (87 of 2,000 attempts). Your own line is 4.00 %, and "
        "bulk mail goes on below 3.00 %"
    )
