"""Points of GetSendStatistics: read, ordered, summed."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta, timezone, tzinfo
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sesguard import errors
from sesguard._core.statistics import (
    SendDataPoint,
    Totals,
    duration,
    latest,
    read_points,
    rolling,
    series,
)

CORPUS = Path(__file__).parents[3] / "shared" / "corpus" / "send-statistics"
START = datetime(2026, 1, 1, 0, 13, tzinfo=UTC)
COUNTERS = ("delivery_attempts", "bounces", "complaints", "rejects")

COUNTS = st.integers(0, 10_000)
POINTS = st.lists(
    st.builds(
        SendDataPoint,
        timestamp=st.integers(0, 2_000).map(lambda minutes: START + timedelta(minutes=minutes)),
        delivery_attempts=COUNTS,
        bounces=COUNTS,
        complaints=COUNTS,
        rejects=COUNTS,
    ),
    max_size=40,
)
SPANS = st.timedeltas(timedelta(minutes=1), timedelta(days=2))


def raw(**changes: object) -> dict[str, object]:
    """A point as boto3 gives it."""
    point: dict[str, object] = {
        "Timestamp": START,
        "DeliveryAttempts": 10,
        "Bounces": 1,
        "Complaints": 2,
        "Rejects": 3,
    }
    return point | changes


def totals(points: list[SendDataPoint]) -> tuple[int, ...]:
    return tuple(sum(getattr(point, name) for point in points) for name in COUNTERS)


def test_all_that_boto3_gives_is_read() -> None:
    """The whole answer, its list, or one dict of it give the same points."""
    point = SendDataPoint(timestamp=START, delivery_attempts=10, bounces=1, complaints=2, rejects=3)
    answer = {"SendDataPoints": [raw()], "ResponseMetadata": {"RequestId": "1"}}
    oldest = {"GetSendStatisticsResponse": {"GetSendStatisticsResult": answer}}
    for points in (answer, [raw()], raw(), [point], iter([point]), oldest):
        assert read_points(points) == (point,)


def test_text_is_read_as_older_clients_write_it() -> None:
    """Counters as strings, floats without a fraction, times as ISO 8601 text."""
    found = read_points(
        [raw(Timestamp="2026-01-01T00:13:00Z", DeliveryAttempts=" 10 ", Bounces=1.0)]
    )
    assert found == read_points([raw()])


@pytest.mark.parametrize(
    "timestamp",
    [
        "2026-01-01T00:13:00",
        datetime(2026, 1, 1, 0, 13),
        datetime(2026, 1, 1, 2, 13, tzinfo=timezone(timedelta(hours=2))),
    ],
)
def test_times_become_utc(timestamp: object) -> None:
    """A time without a zone is UTC already, another zone's is turned into it."""
    (point,) = read_points([raw(Timestamp=timestamp)])
    assert point.timestamp == START
    assert point.timestamp.tzinfo is UTC


def test_a_zone_without_an_offset_is_no_zone() -> None:
    """A tzinfo that does not know its offset must not become the machine's local time."""

    class Nowhere(tzinfo):
        def utcoffset(self, dt: datetime | None, /) -> None:
            return None

        dst = tzname = utcoffset

    (point,) = read_points([raw(Timestamp=datetime(2026, 1, 1, 0, 13, tzinfo=Nowhere()))])
    assert point.timestamp == START


@pytest.mark.parametrize("name", ["Timestamp", "DeliveryAttempts", "Bounces", "Complaints"])
def test_a_missing_field_is_named(name: str) -> None:
    """A counter that is not there is no zero: a rate out of it would look better than it is."""
    point = raw()
    del point[name]
    with pytest.raises(errors.ParseError, match=rf"SendDataPoints\[1\] has no {name}"):
        read_points([raw(), point])


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("Timestamp", "yesterday"),
        ("Timestamp", 1_767_225_600),
        ("Timestamp", None),
        ("Timestamp", "0001-01-01T00:00:00+14:00"),
        ("Bounces", -1),
        ("Bounces", "-1"),
        ("Bounces", "many"),
        ("Bounces", "9" * 30),
        ("Bounces", "٣"),
        ("Complaints", 1.5),
        ("Complaints", float("nan")),
        ("DeliveryAttempts", 2**63),
        ("DeliveryAttempts", True),
        ("Rejects", None),
        ("Rejects", [1]),
    ],
)
def test_a_wrong_value_is_named_by_index_and_field(field: str, value: object) -> None:
    """The message says which point and which field cannot be read."""
    with pytest.raises(errors.ParseError, match=rf"SendDataPoints\[2\]\.{field} "):
        read_points([raw(), raw(), raw(**{field: value})])


@pytest.mark.parametrize("points", [None, 5, "text", b"bytes", {"Datapoints": []}])
def test_what_holds_no_points_is_refused(points: Any) -> None:
    """An answer of another call is not an account without mail."""
    with pytest.raises(errors.ParseError, match="not send statistics"):
        read_points(points)


def test_a_point_that_is_none_is_refused() -> None:
    """A list of anything else names the first entry that does not fit."""
    with pytest.raises(errors.ParseError, match=r"SendDataPoints\[0\] is a str"):
        read_points(["2026"])  # type: ignore[list-item]  # what is refused


def test_a_point_of_our_own_is_checked_as_well() -> None:
    """No point can hold a negative count."""
    with pytest.raises(errors.ParseError, match="bounces"):
        SendDataPoint(timestamp=START, bounces=-1)


@given(POINTS, st.randoms(use_true_random=False))
def test_order_does_not_matter(points: list[SendDataPoint], random: Any) -> None:
    """SES's list is in no order, and every answer is the same for all of them."""
    shuffled = list(points)
    random.shuffle(shuffled)
    assert [p.timestamp for p in read_points(shuffled)] == sorted(p.timestamp for p in points)
    assert series(shuffled) == series(points)
    assert rolling(shuffled) == rolling(points)


def test_the_latest_point_is_the_newest() -> None:
    """Whatever the order, and None where there is none."""
    old, new = raw(), raw(Timestamp=START + timedelta(minutes=15))
    found = latest([new, old])
    assert found is not None
    assert found.timestamp == START + timedelta(minutes=15)
    assert latest([]) is None


@given(POINTS, SPANS)
def test_a_series_keeps_sums_and_leaves_no_gap(
    points: list[SendDataPoint], bucket: timedelta
) -> None:
    """Each point is in the bucket that it starts in; buckets are even and start at multiples."""
    epoch = datetime(1970, 1, 1, tzinfo=UTC)
    found = series(points, bucket)
    assert totals(list(found)) == totals(points)
    starts = [point.timestamp for point in found]
    assert all((start - epoch) % bucket == timedelta(0) for start in starts)
    assert all(b - a == bucket for a, b in pairwise(starts))
    expected: Counter[datetime] = Counter()
    for point in points:
        start = point.timestamp - (point.timestamp - epoch) % bucket
        assert starts[0] <= start <= starts[-1]
        expected[start] += point.bounces
    assert +Counter({point.timestamp: point.bounces for point in found}) == +expected


def test_a_series_fills_the_quarters_without_mail() -> None:
    """SES leaves them out; a chart needs them."""
    points = [raw(), raw(Timestamp=START + timedelta(hours=1))]
    assert [point.delivery_attempts for point in series(points)] == [10, 0, 0, 0, 10]
    assert series(points, 900.0) == series(points)
    assert series([]) == ()


def test_a_bucket_of_a_day_is_a_utc_day() -> None:
    """Multiples count from midnight UTC."""
    (day,) = series([raw(), raw(Timestamp="2026-01-01T23:59:00Z")], timedelta(days=1))
    assert day.timestamp == datetime(2026, 1, 1, tzinfo=UTC)
    assert day.delivery_attempts == 20


@pytest.mark.parametrize("bucket", [1.0, timedelta(microseconds=1)])
def test_a_series_does_not_eat_the_memory(bucket: float | timedelta) -> None:
    """Two points a year apart in buckets of a second are refused, with the figure."""
    with pytest.raises(errors.ConfigurationError, match="larger bucket"):
        series([raw(), raw(Timestamp="2027-01-01T00:00:00Z")], bucket)


def test_a_bucket_that_starts_before_the_calendar_is_refused() -> None:
    """As a configuration error, not as an overflow."""
    with pytest.raises(errors.ConfigurationError, match="calendar"):
        series([raw(Timestamp="1969-01-01T00:00:00Z")], timedelta(days=900_000))


@given(POINTS, SPANS)
def test_rolling_sums_are_those_of_each_window(
    points: list[SendDataPoint], window: timedelta
) -> None:
    """A row for each timestamp: ``at - window < timestamp <= at``, added up anew."""
    rows = rolling(points, window)
    assert [row.at for row in rows] == sorted({point.timestamp for point in points})
    assert len(rows) == len(rows.rows)
    for row in rows:
        inside = [p for p in points if row.at - window < p.timestamp <= row.at]
        assert row == Totals(row.at, *totals(inside))


def test_a_rolling_window_is_open_at_its_start() -> None:
    """An hour that ends at one o'clock does not hold what was at twelve."""
    points = [raw(), raw(Timestamp=START + timedelta(hours=1)), raw(Timestamp=START)]
    assert list(rolling(points, 3_600)) == [
        Totals(START, 20, 2, 4, 6),
        Totals(START + timedelta(hours=1), 10, 1, 2, 3),
    ]
    assert list(rolling([])) == []


def test_rolling_over_the_whole_calendar_does_not_overflow() -> None:
    """The longest window there is holds all points."""
    rows = rolling([raw(), raw(Timestamp="0001-01-01T00:00:00Z")], timedelta.max)
    assert (rows[0].bounces, rows[-1].bounces) == (1, 2)


@pytest.mark.parametrize("value", ["day", None, float("nan"), float("inf"), 1e300, 0, -1, 1e-9])
def test_a_duration_is_a_finite_span_above_zero(value: Any) -> None:
    """Anything else names the argument."""
    with pytest.raises(errors.ConfigurationError, match="window"):
        duration(value, "window")


def test_real_dumps_are_read() -> None:
    """Whatever a public project has recorded as GetSendStatistics is read whole."""
    if not CORPUS.is_dir():
        pytest.skip("the collected payloads are not beside this checkout")
    for file in sorted(CORPUS.glob("*.json")):
        answer: Mapping[str, Any] = json.loads(file.read_text(encoding="utf-8"))
        found = read_points(answer)
        assert len(found) == len(answer["SendDataPoints"]), file.name
        assert sum(p.bounces for p in found) == sum(
            int(p["Bounces"]) for p in answer["SendDataPoints"]
        )
