"""
What a suppression list knows of one mailbox, and how that changes.

Events come more than once and in any order, so every change that an event makes is a maximum
over times: the same events lead to the same list, whichever came first. A store loads lines,
has them changed here, and saves what is different.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from typing import NamedTuple

from sesguard.addresses import AddressKey
from sesguard.suppression import Change, Reason, Release, Suppress, Suppression

__all__ = [
    "Line",
    "SoftBounce",
    "added",
    "changed",
    "forgotten",
    "later",
    "merged",
    "over",
    "place",
    "places",
    "removed",
    "strongest",
]

_NEVER = datetime.max.replace(tzinfo=UTC)


class Place(NamedTuple):
    """Where a line stands: a key has one for each scope and reason."""

    key: AddressKey
    scope: str
    reason: Reason


@dataclass(frozen=True, slots=True, kw_only=True)
class SoftBounce:
    """
    A soft bounce that was counted.

    Attributes:
        event_key: The event. The same one is counted once.

        at: When it happened, aware UTC.

        limit: As many within *window*, this one the last, put the address on the list.

        window: How far back this one looks.
    """

    event_key: str
    at: datetime
    limit: int
    window: timedelta
    address: str | None = field(default=None, repr=False)
    detail: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Line:
    """
    All that is known of one key, scope and reason.

    Attributes:
        entry: What one event, or an operator, put there.

        passing: What an event put there for a while. It is kept apart from *entry*, since an
            address that SES's own list holds for two weeks may have bounced for good.

        counted: What soft bounces together put there. It is kept apart from *entry*, since a
            release can take it away by making them fewer.

        released_at: Up to when events have no effect any more. It outlives what it released.

        soft_bounces: Those that still count, oldest first.
    """

    place: Place
    entry: Suppression | None = None
    passing: Suppression | None = None
    counted: Suppression | None = None
    released_at: datetime | None = None
    soft_bounces: tuple[SoftBounce, ...] = ()

    @property
    def is_empty(self) -> bool:
        """Whether nothing is known."""
        return not (self.suppressions or self.released_at or self.soft_bounces)

    @property
    def suppressions(self) -> tuple[Suppression, ...]:
        """What is on the list here, whether or not it has expired."""
        parts = (self.entry, self.passing, self.counted)
        return tuple(one for one in parts if one is not None)


def place(change: Change) -> Place:
    """Which line a change falls on."""
    if isinstance(change, Suppress):
        entry = change.suppression
        return Place(entry.key, entry.scope, entry.reason)
    if isinstance(change, Release):
        return Place(change.key, change.scope, change.reason)
    return Place(change.key, change.scope, Reason.BOUNCE)


def places(key: AddressKey, scope: str) -> tuple[Place, ...]:
    """The lines of a key in one scope, whatever the reason."""
    return tuple(Place(key, scope, reason) for reason in Reason)


def strongest(suppressions: Iterable[Suppression], *, now: datetime) -> Suppression | None:
    """The entry that speaks for an address: of those that hold, the strongest, then the latest."""
    best: Suppression | None = None
    for one in suppressions:
        if one.expires_at is not None and one.expires_at <= now:
            continue
        if best is None or _outranks(one, best):
            best = one
    return best


def _outranks(one: Suppression, other: Suppression) -> bool:
    if one.reason is not other.reason:
        return one.reason.strength > other.reason.strength
    return _rank(one) > _rank(other)


def later(one: Suppression | None, other: Suppression | None) -> Suppression | None:
    """Of two entries on one line, the later; of two of one moment, always the same one."""
    if one is None or other is None:
        return one or other
    return max(one, other, key=_rank)


def _rank(one: Suppression) -> tuple[datetime, datetime, str, str, str, str, str]:
    texts = (one.event_key or "", one.detail or "", one.address or "")
    return (one.at, one.expires_at or _NEVER, one.source, *texts, one.scope)


def changed(line: Line, event_key: str, change: Change) -> Line:
    """The line after one change out of an event. It is the same object where nothing changed."""
    if isinstance(change, Suppress):
        return _suppressed(line, change.suppression)
    if isinstance(change, Release):
        return _released(line, change.at)
    bounce = SoftBounce(
        event_key=event_key,
        at=change.at,
        limit=change.limit,
        window=change.window,
        address=change.address,
        detail=change.detail,
    )
    return _counted(line, bounce)


def _is_over(line: Line, at: datetime) -> bool:
    """Whether what happened at *at* was released since."""
    return line.released_at is not None and at <= line.released_at


def _suppressed(line: Line, suppression: Suppression) -> Line:
    if _is_over(line, suppression.at):
        return line
    standing = line.entry if suppression.expires_at is None else line.passing
    if later(standing, suppression) is standing:
        return line
    if suppression.expires_at is None:
        return replace(line, entry=suppression)
    return replace(line, passing=suppression)


def _released(line: Line, at: datetime) -> Line:
    if line.place.reason is Reason.MANUAL or _is_over(line, at):
        return line
    left = tuple(one for one in line.soft_bounces if one.at > at)
    counted = _since(line.counted, at)
    if len(left) < len(line.soft_bounces):
        counted = _reached(line.place, left)
    return replace(
        line,
        entry=_since(line.entry, at),
        passing=_since(line.passing, at),
        counted=counted,
        released_at=at,
        soft_bounces=left,
    )


def _since(one: Suppression | None, at: datetime) -> Suppression | None:
    return one if one is not None and one.at > at else None


def _counted(line: Line, bounce: SoftBounce) -> Line:
    known = any(one.event_key == bounce.event_key for one in line.soft_bounces)
    if known or _is_over(line, bounce.at):
        return line
    bounces = tuple(sorted((*line.soft_bounces, bounce), key=lambda one: (one.at, one.event_key)))
    counted = later(line.counted, _reached(line.place, bounces))
    return replace(line, counted=counted, soft_bounces=bounces)


def _reached(where: Place, bounces: tuple[SoftBounce, ...]) -> Suppression | None:
    """What the latest soft bounce that made its limit puts on the list."""
    for number in range(len(bounces), 0, -1):
        last = bounces[number - 1]
        if number >= last.limit and last.at - bounces[number - last.limit].at < last.window:
            return Suppression(
                key=where.key,
                reason=where.reason,
                at=last.at,
                scope=where.scope,
                address=last.address,
                source="soft-bounces",
                event_key=last.event_key,
                detail=f"{last.limit} soft bounces within {last.window}"
                + (f", the last: {last.detail}" if last.detail else ""),
            )
    return None


def added(line: Line, suppression: Suppression) -> Line:
    """
    The line after an operator's word.

    It holds even where the reason was released since. It gives way only to a later entry that
    lasts as long.
    """
    standing = line.entry
    if (
        standing is not None
        and standing.at > suppression.at
        and (standing.expires_at or _NEVER) >= (suppression.expires_at or _NEVER)
    ):
        return line
    return replace(line, entry=suppression)


def removed(line: Line, *, now: datetime) -> Line:
    """The line after an operator took the address off. What happened until now is over."""
    over = max(now, line.released_at or now, *(one.at for one in line.suppressions))
    return Line(
        place=line.place,
        released_at=over,
        soft_bounces=tuple(one for one in line.soft_bounces if one.at > over),
    )


def over(at: datetime, window: timedelta, *, told: datetime) -> datetime:
    """
    Until when a soft bounce is kept to be counted with others.

    One that is told late is kept as long as one that is told at once: those that it counts with
    may come as late.
    """
    try:
        return max(at, told) + window
    except OverflowError:  # after the year 9999
        return _NEVER


def forgotten(line: Line, event_key: str) -> Line:
    """The line without the soft bounce of one event. What it has led to stands."""
    left = tuple(one for one in line.soft_bounces if one.event_key != event_key)
    return line if len(left) == len(line.soft_bounces) else replace(line, soft_bounces=left)


def merged(line: Line, other: Line) -> Line:
    """What two lines know of one mailbox that stood under two names, at the first's place."""

    def moved(one: Suppression | None) -> Suppression | None:
        return None if one is None else replace(one, key=line.place.key)

    times = [at for at in (line.released_at, other.released_at) if at is not None]
    bounces = {one.event_key: one for one in (*other.soft_bounces, *line.soft_bounces)}
    counting = sorted(bounces.values(), key=lambda one: (one.at, one.event_key))
    left = tuple(one for one in counting if not times or one.at > max(times))
    return Line(
        place=line.place,
        entry=later(line.entry, moved(other.entry)),
        passing=later(line.passing, moved(other.passing)),
        counted=later(later(line.counted, moved(other.counted)), _reached(line.place, left)),
        released_at=max(times, default=None),
        soft_bounces=left,
    )
