"""Bounce, complaint and reject rates, held against the lines that AWS acts on. Pure."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from enum import StrEnum

from sesguard._core.interval import clopper_pearson
from sesguard._core.statistics import PERIOD, Points, SendDataPoint, duration, read_points
from sesguard._frozen import FrozenMapping
from sesguard.errors import ConfigurationError

__all__ = ["ESTIMATE", "LINES", "MINIMUM", "Lines", "Rate", "Rates", "Status", "percent", "rates"]

MINIMUM = 1_000
"""Delivery attempts from which a rate is judged by its value alone."""


class Status(StrEnum):
    """
    What a rate means.

    ``ok``: below all lines. ``too_few``: too little mail to say on which side of a line it is.
    ``near``: from four fifths of the line of ``review``. ``review``: AWS may put the account under
    review. ``pause``: AWS may pause the account's sending.
    """

    OK = "ok"
    TOO_FEW = "too_few"
    NEAR = "near"
    REVIEW = "review"
    PAUSE = "pause"

    @property
    def severity(self) -> int:
        """From 0 (ok) to 4 (pause); the order in which they are listed here."""
        return _SEVERITY[self]


_SEVERITY = {status: place for place, status in enumerate(Status)}


@dataclass(frozen=True, slots=True, kw_only=True)
class Lines:
    """
    The lines of one kind of rate, as fractions. A value on a line is over it.

    Attributes:
        near: Four fifths of *review*, ours.

        review: From here AWS may put the account under review.

        pause: From here AWS may pause its sending.

    Source:
        SES Developer Guide, "Sending review process FAQs": bounces 5 % and 10 %, complaints 0.1 %
        and 0.5 %.
    """

    per_mille_review: int
    per_mille_pause: int

    @property
    def near(self) -> float:
        return self.per_mille_review * 4 / 5_000

    @property
    def review(self) -> float:
        return self.per_mille_review / 1_000

    @property
    def pause(self) -> float:
        return self.per_mille_pause / 1_000

    def judge(self, numerator: int, denominator: int) -> Status:
        """What a share means, without regard to how little mail it stands on. In whole numbers."""
        if numerator * 1_000 >= denominator * self.per_mille_pause:
            return Status.PAUSE
        if numerator * 1_000 >= denominator * self.per_mille_review:
            return Status.REVIEW
        if numerator * 5_000 >= denominator * self.per_mille_review * 4:
            return Status.NEAR
        return Status.OK


LINES: FrozenMapping[str, Lines] = FrozenMapping(
    {
        "bounce": Lines(per_mille_review=50, per_mille_pause=100),
        "complaint": Lines(per_mille_review=1, per_mille_pause=5),
    }
)
"""Name of a rate to its lines. AWS has none for rejects."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Rate:
    """
    One rate, with what it stands on. ``str(rate)`` says all of it.

    Attributes:
        name: ``"bounce"``, ``"complaint"`` or ``"reject"``.

        value: Numerator by denominator. None where nothing was sent. Above 1 where feedback on
            mail from before the window came in within it.

        numerator: Bounces, complaints or rejects.

        denominator: Delivery attempts: SES's count of mails sent, by recipient.

        low: Lower end of the 95 % interval (Clopper and Pearson's).

        high: Its upper end. No interval goes beyond 1.

        status: See `Status`. Of rejects it is always ``ok``: AWS has no line for them.

        since: Where the window starts, itself not in it; the first point where there is no
            window. None where there is neither.

        until: Where the window ends. None where there is no point and no time was given.
    """

    name: str
    value: float | None
    numerator: int
    denominator: int
    low: float
    high: float
    status: Status
    since: datetime | None
    until: datetime | None

    def __str__(self) -> str:
        count = f"{self.numerator:,} of {self.denominator:,} attempts"
        span = f"{_clock_time(self.since)} to {_clock_time(self.until)}"
        value = "none sent" if self.value is None else percent(self.value)
        return (
            f"{self.name} rate {value} ({count}, 95 % between {percent(self.low)} and "
            f"{percent(self.high)}), {span}: {self.status}. {ESTIMATE}"
        )


ESTIMATE = "An estimate: SES computes its own rate otherwise."


@dataclass(frozen=True, slots=True, kw_only=True)
class Rates:
    """The three rates of one window. ``str(rates)`` is a line for each."""

    bounce: Rate
    complaint: Rate
    reject: Rate

    @property
    def worst(self) -> Status:
        """The most severe status of the three."""
        found = (self.bounce.status, self.complaint.status, self.reject.status)
        return max(found, key=_SEVERITY.__getitem__)

    def __str__(self) -> str:
        return f"{self.bounce}\n{self.complaint}\n{self.reject}"


def rates(
    points: Points,
    *,
    window: float | timedelta | None = None,
    now: datetime | None = None,
    minimum: int = MINIMUM,
) -> Rates:
    """
    The rates over a window: all its bounces by all its attempts, never a mean of rates.

    A point belongs to the window where ``now - window < timestamp <= now``, and its timestamp is
    where its quarter of an hour starts. So 24 hours hold 96 points when *now* is a timestamp, and
    95 when it is left out, since the end of the newest point is a quarter of an hour later.

    Args:
        points: In any order; see `Points`.

        window: Seconds or a timedelta. None for all points up to *now*.

        now: Aware. None for the end of the newest point.

        minimum: Delivery attempts below which a rate is ``too_few`` where its interval has a
            line within it. 40 bounces of 100 are not too few.

    Raises:
        ParseError: The points cannot be read.

        ConfigurationError: *window* is not a duration, or *now* has no time zone.

    Source:
        SES Developer Guide, "Sending review process FAQs": SES's own rate is over a representative
        volume, and leaves out bounces of verified domains and mail to domains without a feedback
        loop. This one is an early warning.
    """
    length = None if window is None else duration(window, "window")
    if now is not None and now.utcoffset() is None:
        raise ConfigurationError("now has no time zone: pass datetime.now(timezone.utc).")
    ordered = read_points(points)
    until = now.astimezone(UTC) if now is not None else _end(ordered)
    inside = [
        point
        for point in ordered
        if until is not None
        and point.timestamp <= until
        and (length is None or until - point.timestamp < length)
    ]
    since = inside[0].timestamp if length is None and inside else _before(until, length)
    attempts = sum(point.delivery_attempts for point in inside)

    def rate(name: str, numerator: int) -> Rate:
        low, high = clopper_pearson(min(numerator, attempts), attempts)
        return Rate(
            name=name,
            value=numerator / attempts if attempts else None,
            numerator=numerator,
            denominator=attempts,
            low=low,
            high=high,
            status=_status(LINES.get(name), numerator, attempts, low, high, minimum),
            since=since,
            until=until,
        )

    return Rates(
        bounce=rate("bounce", sum(point.bounces for point in inside)),
        complaint=rate("complaint", sum(point.complaints for point in inside)),
        reject=rate("reject", sum(point.rejects for point in inside)),
    )


def percent(value: float) -> str:
    """A share as text, fine enough to be told from AWS's lines."""
    return f"{100 * value:.2f} %" if value >= 0.01 or value == 0 else f"{100 * value:.3f} %"


def _status(
    lines: Lines | None, numerator: int, attempts: int, low: float, high: float, minimum: int
) -> Status:
    if lines is None:
        return Status.OK
    straddled = low < lines.review <= high or low < lines.pause <= high
    if attempts == 0 or (attempts < minimum and straddled):
        return Status.TOO_FEW
    return lines.judge(numerator, attempts)


def _end(ordered: tuple[SendDataPoint, ...]) -> datetime | None:
    if not ordered:
        return None
    try:
        return ordered[-1].timestamp + PERIOD
    except OverflowError:
        return ordered[-1].timestamp


def _before(until: datetime | None, length: timedelta | None) -> datetime | None:
    if until is None or length is None:
        return None
    try:
        return until - length
    except OverflowError:
        return datetime.min.replace(tzinfo=UTC)


def _clock_time(moment: datetime | None) -> str:
    return "no time" if moment is None else f"{moment:%Y-%m-%d %H:%M} UTC"
