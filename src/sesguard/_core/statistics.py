"""What GetSendStatistics tells: points read, ordered, summed. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from operator import attrgetter
from typing import NamedTuple, TypeAlias, cast

from sesguard.errors import ConfigurationError, ParseError

__all__ = [
    "PERIOD",
    "Points",
    "Rolling",
    "SendDataPoint",
    "Totals",
    "duration",
    "latest",
    "read_points",
    "rolling",
    "series",
]

PERIOD = timedelta(minutes=15)
"""What one of SES's points stands for. Its timestamp is where the period starts."""

MOST_BUCKETS = 1_000_000
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_LONGEST = 2**63
_TIMESTAMP = attrgetter("timestamp")


@dataclass(frozen=True, slots=True, kw_only=True)
class SendDataPoint:
    """
    What was sent in one period, and what came of it.

    Attributes:
        timestamp: Where the period starts, aware UTC. A naive one is taken as UTC, an aware one
            of another zone is turned into UTC.

        delivery_attempts: Mails sent, counted by recipient.

        bounces: Hard bounces that came back in this period, whenever the mail was sent: there may
            be more of them than attempts.

        complaints: Complaints that came back in this period.

        rejects: Mails that SES took and then did not send, for a virus.

    Raises:
        ParseError: A counter is not a whole number from 0, or the timestamp is no time.
    """

    timestamp: datetime
    delivery_attempts: int = 0
    bounces: int = 0
    complaints: int = 0
    rejects: int = 0

    def __post_init__(self) -> None:
        object.__setattr__(self, "timestamp", _moment(self.timestamp, "timestamp"))
        for name in ("delivery_attempts", "bounces", "complaints", "rejects"):
            object.__setattr__(self, name, _count(getattr(self, name), name))


Points: TypeAlias = Iterable["SendDataPoint | Mapping[str, object]"] | Mapping[str, object]
"""Points in any order: ours, boto3's dicts, or boto3's whole answer to GetSendStatistics."""


class Totals(NamedTuple):
    """
    Sums over a window of time.

    Attributes:
        at: Where the window ends, this moment included, aware UTC.
    """

    at: datetime
    delivery_attempts: int
    bounces: int
    complaints: int
    rejects: int


@dataclass(frozen=True, slots=True)
class Rolling:
    """
    Sums over a window that moves from point to point: a sequence of `Totals`, made when looked at.

    Attributes:
        rows: The same as plain tuples.
    """

    rows: tuple[tuple[datetime, int, int, int, int], ...]

    def __len__(self) -> int:
        return len(self.rows)

    def __getitem__(self, index: int) -> Totals:
        return Totals._make(self.rows[index])

    def __iter__(self) -> Iterator[Totals]:
        return map(Totals._make, self.rows)


def read_points(points: Points) -> tuple[SendDataPoint, ...]:
    """
    The points in order of time. SES's own list is in no order.

    Args:
        points: See `Points`. Counters may be strings of digits and times ISO 8601 text, as older
            clients write them; a time without a zone is UTC.

    Returns:
        All points. Two of one moment stay two: they may come from two regions.

    Raises:
        ParseError: Something in it is not such a point. The message names its index and field.
    """
    found = [
        point if isinstance(point, SendDataPoint) else _read(point, f"SendDataPoints[{index}]")
        for index, point in enumerate(_listed(points))
    ]
    return tuple(sorted(found, key=_TIMESTAMP))


def latest(points: Points) -> SendDataPoint | None:
    """The newest point, or None where there is none."""
    return max(read_points(points), key=_TIMESTAMP, default=None)


def series(points: Points, bucket: float | timedelta = PERIOD) -> tuple[SendDataPoint, ...]:
    """
    One point for every bucket from the first to the last, empty ones included.

    SES leaves out periods without mail, and its periods do not start on the quarter. Here each
    point counts in the bucket in which its period starts.

    Args:
        points: See `Points`.

        bucket: Seconds or a timedelta. Buckets start at its multiples since 1970-01-01 UTC, so a
            bucket of a day is a UTC day.

    Returns:
        Points in order, evenly spaced. Sums are kept.

    Raises:
        ParseError: The points cannot be read.

        ConfigurationError: The bucket is not a duration, or would give over a million points.
    """
    size = duration(bucket, "bucket")
    buckets: dict[int, list[SendDataPoint]] = {}
    for point in read_points(points):
        buckets.setdefault((point.timestamp - _EPOCH) // size, []).append(point)
    if not buckets:
        return ()
    first, last = min(buckets), max(buckets)
    if last - first >= MOST_BUCKETS:
        raise ConfigurationError(
            f"bucket: these points span {last - first + 1:,} buckets of {size}, and the most is "
            f"{MOST_BUCKETS:,}. Use a larger bucket."
        )
    try:
        return tuple(
            _sum(_EPOCH + index * size, buckets.get(index, ())) for index in range(first, last + 1)
        )
    except OverflowError:
        raise ConfigurationError(
            f"bucket: a bucket of {size} starts before the calendar does. Use a smaller one."
        ) from None


def rolling(points: Points, window: float | timedelta = 86_400.0) -> Rolling:
    """
    For each moment that has a point, the sums of the window that ends there.

    Args:
        points: See `Points`.

        window: Seconds or a timedelta. ``at - window < timestamp <= at``, as `rates` has it.

    Returns:
        Sums in order of time, one for each distinct timestamp.

    Raises:
        ParseError: The points cannot be read.

        ConfigurationError: The window is not a duration.
    """
    length = duration(window, "window")
    ordered = read_points(points)
    if not ordered:
        return Rolling(())
    rows: list[tuple[datetime, int, int, int, int]] = []
    leaving = iter(ordered)
    oldest = next(leaving)
    attempts = bounces = complaints = rejects = 0
    before = None
    for point in ordered:
        at = point.timestamp
        attempts += point.delivery_attempts
        bounces += point.bounces
        complaints += point.complaints
        rejects += point.rejects
        while at - oldest.timestamp >= length:
            attempts -= oldest.delivery_attempts
            bounces -= oldest.bounces
            complaints -= oldest.complaints
            rejects -= oldest.rejects
            oldest = next(leaving)
        if at == before:
            rows.pop()
        rows.append((at, attempts, bounces, complaints, rejects))
        before = at
    return Rolling(tuple(rows))


def duration(value: float | timedelta, name: str) -> timedelta:
    """
    A span of time out of seconds or a timedelta.

    Args:
        value: Seconds, or a timedelta. More than 0, and at least a microsecond.

        name: The argument it came in, for the message.

    Raises:
        ConfigurationError: It is neither, or not more than 0.
    """
    try:
        span = value if isinstance(value, timedelta) else timedelta(seconds=value)
    except (TypeError, ValueError, OverflowError):
        raise ConfigurationError(
            f"{name} is a number of seconds or a timedelta, and at most 999,999,999 days."
        ) from None
    if span <= timedelta(0):
        raise ConfigurationError(f"{name} must be at least a microsecond.")
    return span


def _sum(timestamp: datetime, points: Iterable[SendDataPoint]) -> SendDataPoint:
    together = tuple(points)
    return SendDataPoint(
        timestamp=timestamp,
        delivery_attempts=sum(point.delivery_attempts for point in together),
        bounces=sum(point.bounces for point in together),
        complaints=sum(point.complaints for point in together),
        rejects=sum(point.rejects for point in together),
    )


def _listed(points: object) -> Iterable[object]:
    """The list within boto3's answer, or within one more wrapping of the oldest clients."""
    for name in ("GetSendStatisticsResponse", "GetSendStatisticsResult", "SendDataPoints"):
        if isinstance(points, Mapping) and name in points:
            points = cast("Mapping[str, object]", points)[name]
    if isinstance(points, Mapping) and "Timestamp" in points:
        return (cast("object", points),)
    if isinstance(points, (Mapping, str, bytes)) or not isinstance(points, Iterable):
        raise ParseError(
            "These are not send statistics: pass the answer of get_send_statistics(), its "
            "SendDataPoints, or a list of SendDataPoint."
        )
    return cast("Iterable[object]", points)


def _read(point: object, where: str) -> SendDataPoint:
    if not isinstance(point, Mapping):
        raise ParseError(
            f"{where} is a {type(point).__name__}: expected a SendDataPoint, or a dict as boto3 "
            "gives it."
        )
    fields = cast("Mapping[str, object]", point)
    for name in ("Timestamp", "DeliveryAttempts", "Bounces", "Complaints", "Rejects"):
        if name not in fields:
            raise ParseError(f"{where} has no {name}: a point of SES has all its five fields.")
    return SendDataPoint(
        timestamp=_moment(fields["Timestamp"], f"{where}.Timestamp"),
        delivery_attempts=_count(fields["DeliveryAttempts"], f"{where}.DeliveryAttempts"),
        bounces=_count(fields["Bounces"], f"{where}.Bounces"),
        complaints=_count(fields["Complaints"], f"{where}.Complaints"),
        rejects=_count(fields["Rejects"], f"{where}.Rejects"),
    )


def _moment(value: object, where: str) -> datetime:
    if isinstance(value, str):
        try:
            value = datetime.fromisoformat(value.strip())
        except ValueError:
            raise ParseError(f"{where} is not a time in ISO 8601.") from None
    if not isinstance(value, datetime):
        raise ParseError(f"{where} is a {type(value).__name__}: expected a datetime or ISO text.")
    if value.utcoffset() is None:
        return value.replace(tzinfo=UTC)
    try:
        return value.astimezone(UTC)
    except OverflowError:
        raise ParseError(f"{where} is outside of the calendar.") from None


def _count(value: object, where: str) -> int:
    if isinstance(value, str):
        text = value.strip()
        number = int(text) if text.isascii() and text.isdigit() and len(text) < 20 else -1
    elif isinstance(value, float) and value.is_integer():
        number = int(value)
    elif isinstance(value, int) and not isinstance(value, bool):
        number = value
    else:
        number = -1
    if not 0 <= number < _LONGEST:
        raise ParseError(f"{where} is not a count: expected a whole number from 0.")
    return number
