"""Rates, and what they mean."""

from __future__ import annotations

import pickle
from datetime import UTC, datetime, timedelta, timezone
from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sesguard import errors
from sesguard._core.rates import LINES, Rate, Status, percent, rates
from sesguard._core.statistics import SendDataPoint
from tests._core.test_statistics import POINTS, SPANS, START, raw


def sent(
    attempts: int, *, bounces: int = 0, complaints: int = 0, rejects: int = 0
) -> SendDataPoint:
    return SendDataPoint(
        timestamp=START,
        delivery_attempts=attempts,
        bounces=bounces,
        complaints=complaints,
        rejects=rejects,
    )


@given(POINTS, st.none() | SPANS, st.none() | st.integers(-100, 2_500), st.integers(0, 20_000))
def test_rates_are_the_plain_quotients_of_a_window(
    points: list[SendDataPoint], window: timedelta | None, minutes: int | None, minimum: int
) -> None:
    """Against a recomputation that does it in one line each."""
    now = None if minutes is None else START + timedelta(minutes=minutes)
    found = rates(points, window=window, now=now, minimum=minimum)
    end = now or max((p.timestamp + timedelta(minutes=15) for p in points), default=None)
    inside = [
        p
        for p in points
        if end and p.timestamp <= end and (window is None or end - window < p.timestamp)
    ]
    attempts = sum(p.delivery_attempts for p in inside)
    pairs: tuple[tuple[Rate, int], ...] = (
        (found.bounce, sum(p.bounces for p in inside)),
        (found.complaint, sum(p.complaints for p in inside)),
        (found.reject, sum(p.rejects for p in inside)),
    )
    for rate, count in pairs:
        assert (rate.numerator, rate.denominator) == (count, attempts)
        assert rate.value == (count / attempts if attempts else None)
        assert 0 <= rate.low <= rate.high <= 1
        lines = LINES.get(rate.name)
        if rate.status is Status.TOO_FEW:
            assert lines is not None
            assert attempts == 0 or attempts < minimum
            assert any(rate.low < line <= rate.high for line in (lines.review, lines.pause))
        elif lines is not None:
            exact = Fraction(count, attempts)
            assert (rate.status is Status.PAUSE) == (exact >= Fraction(lines.per_mille_pause, 1000))
    assert found.worst.severity == max(rate.status.severity for rate, _ in pairs)


@pytest.mark.parametrize(
    ("bounces", "status"),
    [
        (0, Status.OK),
        (399, Status.OK),
        (400, Status.NEAR),
        (499, Status.NEAR),
        (500, Status.REVIEW),
        (999, Status.REVIEW),
        (1_000, Status.PAUSE),
        (20_000, Status.PAUSE),
    ],
)
def test_bounces_are_held_against_5_and_10_percent(bounces: int, status: Status) -> None:
    """A value on a line is over it."""
    assert rates([sent(10_000, bounces=bounces)]).bounce.status is status


@pytest.mark.parametrize(
    ("complaints", "status"),
    [
        (79, Status.OK),
        (80, Status.NEAR),
        (99, Status.NEAR),
        (100, Status.REVIEW),
        (499, Status.REVIEW),
        (500, Status.PAUSE),
    ],
)
def test_complaints_are_held_against_a_tenth_and_a_half_percent(
    complaints: int, status: Status
) -> None:
    """A value on a line is over it."""
    assert rates([sent(100_000, complaints=complaints)]).complaint.status is status


@given(st.integers(50, 10**15))
def test_a_line_is_met_exactly_whatever_the_numbers(twentieths: int) -> None:
    """5 % of any count is on the line and one less is not, where floats would round."""
    on = rates([sent(20 * twentieths, bounces=twentieths)], minimum=0).bounce
    below = rates([sent(20 * twentieths, bounces=twentieths - 1)], minimum=0).bounce
    assert (on.status, below.status) == (Status.REVIEW, Status.NEAR)


@pytest.mark.parametrize(
    ("attempts", "bounces", "status"),
    [
        (100, 40, Status.PAUSE),
        (100, 6, Status.TOO_FEW),
        (100, 0, Status.OK),
        (10, 0, Status.TOO_FEW),
        (1, 1, Status.TOO_FEW),
        (999, 50, Status.TOO_FEW),
        (1_000, 50, Status.REVIEW),
        (999, 10, Status.OK),
    ],
)
def test_few_mails_are_too_few_only_near_a_line(
    attempts: int, bounces: int, status: Status
) -> None:
    """40 bounces of 100 are bad whatever the chance; 6 of 100 may be either."""
    assert rates([sent(attempts, bounces=bounces)]).bounce.status is status


def test_nothing_sent_has_no_rate() -> None:
    """No division by zero, no invented 0 %: and a bounce of yesterday's mail is no rate either."""
    for points in ([], [sent(0, bounces=3, complaints=1)]):
        found = rates(points, minimum=0)
        assert found.bounce.value is None
        assert (found.bounce.low, found.bounce.high) == (0.0, 1.0)
        assert found.worst is Status.TOO_FEW


def test_more_complaints_than_attempts_are_possible() -> None:
    """Feedback comes later than its mail; the interval stays below 1."""
    rate = rates([sent(2, complaints=3)]).complaint
    assert rate.value == 1.5
    assert (rate.low, rate.high) == pytest.approx((0.1581, 1.0), abs=1e-4)
    assert rate.status is Status.PAUSE


def test_rejects_have_no_line() -> None:
    """AWS acts on none, so they are shown and not judged."""
    found = rates([sent(1_000, rejects=900)])
    assert found.reject.value == 0.9
    assert found.worst is Status.OK


def test_the_window_is_open_at_its_start_and_closed_at_its_end() -> None:
    """``now - window < timestamp <= now``."""
    hour = timedelta(hours=1)
    points = [
        SendDataPoint(timestamp=START, delivery_attempts=1),
        SendDataPoint(timestamp=START + hour / 2, delivery_attempts=10),
        SendDataPoint(timestamp=START + hour, delivery_attempts=100),
        SendDataPoint(timestamp=START + hour * 2, delivery_attempts=1_000),
    ]
    found = rates(points, window=3_600, now=START + hour)
    assert found.bounce.denominator == 110
    assert (found.bounce.since, found.bounce.until) == (START, START + hour)
    elsewhere = (START + hour).astimezone(timezone(timedelta(hours=-5)))
    assert rates(points, window=hour, now=elsewhere) == found


def test_without_a_time_the_window_ends_with_the_newest_point() -> None:
    """Its end is a quarter of an hour after its timestamp, so a day holds 95 quarters."""
    quarter = timedelta(minutes=15)
    points = [sent(0)] + [
        SendDataPoint(timestamp=START + quarter * n, delivery_attempts=1) for n in range(200)
    ]
    found = rates(points, window=timedelta(days=1))
    assert found.bounce.until == START + quarter * 200
    assert found.bounce.denominator == 95
    assert rates(points, window=86_400, now=points[-1].timestamp).bounce.denominator == 96


def test_without_a_window_all_points_up_to_now_count() -> None:
    """And the rate says from when to when."""
    points = [raw(), raw(Timestamp=START + timedelta(days=10))]
    everything = rates(points).bounce
    assert everything.denominator == 20
    assert everything.since == START
    assert rates(points, now=START).bounce.denominator == 10
    assert rates(points, now=START - timedelta(1)).bounce.since is None


def test_a_time_without_a_zone_is_refused() -> None:
    """It could be anybody's local time."""
    with pytest.raises(errors.ConfigurationError, match="time zone"):
        rates([], now=datetime(2026, 1, 1))


def test_the_ends_of_the_calendar_do_not_overflow() -> None:
    """A point in the year 9999, a window of three thousand years."""
    last = datetime.max.replace(tzinfo=UTC)
    found = rates([raw(Timestamp=last)], window=timedelta(days=999_999_999)).bounce
    assert (found.until, found.denominator) == (last, 10)
    assert found.since == datetime.min.replace(tzinfo=UTC)


def test_a_rate_is_shown_with_its_count_and_window() -> None:
    """And says that SES's own is another."""
    found = rates([sent(1_818, bounces=42, complaints=1)], window=3_600)
    assert str(found.bounce) == (
        "bounce rate 2.31 % (42 of 1,818 attempts, 95 % between 1.67 % and 3.11 %), "
        "2025-12-31 23:28 UTC to 2026-01-01 00:28 UTC: ok. "
        "An estimate: SES computes its own rate otherwise."
    )
    assert "complaint rate 0.055 % (1 of 1,818" in str(found)
    assert "none sent (0 of 0" in str(rates([]).bounce)
    assert "no time to no time" in str(rates([]).bounce)


def test_severity_follows_the_order_of_trouble() -> None:
    """So that two can be compared."""
    assert [status.severity for status in Status] == [0, 1, 2, 3, 4]
    assert Status("too_few") is Status.TOO_FEW
    assert f"{Status.PAUSE}" == "pause"


def test_rates_pickle() -> None:
    """They travel into task queues and caches."""
    found = rates([sent(100, bounces=1)])
    assert pickle.loads(pickle.dumps(found)) == found


@pytest.mark.parametrize(
    ("value", "text"), [(0, "0.00 %"), (0.001, "0.100 %"), (0.05, "5.00 %"), (1, "100.00 %")]
)
def test_percent_is_fine_enough_for_the_lines(value: float, text: str) -> None:
    """Three places where the complaint lines are."""
    assert percent(value) == text


def test_lines_are_amazons_and_near_is_ours() -> None:
    """5 and 10 %, 0.1 and 0.5 %; near from four fifths of review."""
    bounce, complaint = LINES["bounce"], LINES["complaint"]
    assert (bounce.near, bounce.review, bounce.pause) == (0.04, 0.05, 0.1)
    assert (complaint.near, complaint.review, complaint.pause) == (0.0008, 0.001, 0.005)
