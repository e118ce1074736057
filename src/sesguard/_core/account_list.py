"""
What events mean for SES's own list.

It keeps an address as it was spelled, one of two reasons, and when SES wrote that down: no time of
the event, no end, no scope, no release. What it cannot keep is left out, and where the times do
not tell, the address stays on it.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime

from sesguard._core import listing
from sesguard._core.store_door import Events
from sesguard.addresses import AddressKey, read_leniently
from sesguard.suppression import Reason, Release, Suppress, Suppression

__all__ = ["KEPT", "Step", "keeps", "named", "speaking", "spelling", "steps", "wanted"]

KEPT = (Reason.BOUNCE, Reason.COMPLAINT)
"""The reasons that SES has. Source: SES API v2 Reference, "SuppressedDestination"."""

_Wanted = Mapping[AddressKey, Mapping[Reason, tuple[Suppression | None, datetime | None]]]


@dataclass(frozen=True, slots=True)
class Step:
    """
    A call that is to be made.

    Attributes:
        address: The spelling.

        reason: What to put it on the list for; None to take it off.
    """

    address: str = field(repr=False)
    reason: Reason | None


def keeps(entry: Suppression) -> bool:
    """Whether the list can keep an entry: for one of its reasons, for all mail, and for good."""
    return entry.reason in KEPT and not entry.scope and entry.expires_at is None


def named(text: str) -> AddressKey:
    """The key of an address as it is spelled on the list."""
    return read_leniently(text)[1]


def spelling(entry: Suppression) -> str:
    """
    How an entry is to be spelled on the list.

    SES takes ASCII alone; what was seen in another script stands in the key as it is mailed.
    """
    seen = entry.address
    if seen is None or not seen.isascii() or named(seen) != entry.key:
        return entry.key
    return read_leniently(seen)[0]


def speaking(entries: Iterable[Suppression]) -> Suppression | None:
    """Of several spellings of one mailbox, the one with the stronger reason, then the later."""
    return max(entries, key=lambda one: (one.reason.strength, one.at), default=None)


def wanted(events: Events) -> _Wanted:
    """
    What a batch says in the end, by key and reason: the last entry, and the last release.

    An entry that was released since, in the same batch, is none. Soft bounces are not counted.
    """
    found: dict[AddressKey, dict[Reason, tuple[Suppression | None, datetime | None]]] = {}
    for change in (change for _, changes in events for change in changes):
        key, scope, reason = listing.place(change)
        if scope or reason not in KEPT:
            continue
        by_reason = found.get(key, {})
        entry, released = by_reason.get(reason, (None, None))
        if isinstance(change, Suppress) and keeps(change.suppression):
            entry = listing.later(entry, change.suppression)
        elif isinstance(change, Release):
            released = max(change.at, released or change.at)
        else:
            continue
        found[key] = {**by_reason, reason: (entry, released)}
    return found


def steps(
    said: Mapping[Reason, tuple[Suppression | None, datetime | None]],
    standing: Sequence[Suppression],
) -> list[Step]:
    """
    The calls that a batch asks for, of one key.

    A release takes off what SES wrote down at or before it. An entry goes on the list where none
    for an equal or a stronger reason stands: SES would date that one anew.

    Args:
        said: What `wanted` has of the key.

        standing: What is on the list, each spelling with SES's time.
    """
    gone = [one for one in standing if _is_over(one, said.get(one.reason, (None, None))[1])]
    left = speaking(one for one in standing if one not in gone)
    asked = speaking(
        entry for entry, at in said.values() if entry is not None and not _is_over(entry, at)
    )
    if asked is None or (left is not None and left.reason.strength >= asked.reason.strength):
        return [Step(spelling(one), None) for one in gone]
    place = spelling(left or asked)
    kept = [one for one in gone if spelling(one) != place]
    return [Step(place, asked.reason), *(Step(spelling(one), None) for one in kept)]


def _is_over(entry: Suppression, released_at: datetime | None) -> bool:
    return released_at is not None and entry.at <= released_at
