"""
What stores do to their lines, in whatever they keep them.

A store opens a transaction, hands its sheet over, and commits.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from typing import Protocol

from sesguard._core import listing
from sesguard._core.listing import Line, Place
from sesguard._core.naming import Names
from sesguard._core.store_door import Events
from sesguard.addresses import AddressKey
from sesguard.suppression import Suppression

__all__ = ["Sheet", "add", "apply", "erase", "export", "found", "known", "remove", "touched"]


class Sheet(Protocol):
    """The lines and marks of a list, within one transaction."""

    def mark(self, event_key: str, /) -> bool:
        """Remember an event; False where it was remembered before."""
        ...

    def lines(self, name: AddressKey, /) -> Sequence[Line]:
        """All lines of one name, in any scope and for any reason."""
        ...

    def save(self, before: Line, after: Line, /) -> None:
        """Write what is different. A line that is empty after it is gone."""
        ...


def touched(events: Events, names: Names) -> tuple[AddressKey, ...]:
    """The names that events may change, each once."""
    keys = (listing.place(change).key for _, changes in events for change in changes)
    return tuple(names.asked(dict.fromkeys(keys)))


def apply(sheet: Sheet, events: Events, names: Names) -> list[bool]:
    """Apply events, each by its key, unless it was applied before; True where it is now."""
    applied: list[bool] = []
    for event_key, changes in events:
        applied.append(sheet.mark(event_key))
        for change in changes if applied[-1] else ():
            line = _gathered(sheet, listing.place(change), names)
            hidden = names.hidden_change(change, line.place.key)
            _save(sheet, line, listing.changed(line, event_key, hidden))
    return applied


def add(sheet: Sheet, entries: Iterable[Suppression], names: Names) -> None:
    """Put entries on the list, as an operator."""
    for entry in entries:
        line = _gathered(sheet, Place(entry.key, entry.scope, entry.reason), names)
        _save(sheet, line, listing.added(line, names.hidden(entry, line.place.key)))


def remove(
    sheet: Sheet, keys: Sequence[AddressKey], scope: str, names: Names, *, now: datetime
) -> int:
    """Take keys off the list in one scope, as an operator. How many were on it."""
    count = 0
    for key in dict.fromkeys(keys):
        lines = [_gathered(sheet, where, names) for where in listing.places(key, scope)]
        entries = [entry for line in lines for entry in line.suppressions]
        count += listing.strongest(entries, now=now) is not None
        for line in lines:
            _save(sheet, line, listing.removed(line, now=now))
    return count


def erase(sheet: Sheet, key: AddressKey, names: Names) -> int:
    """Forget all that is known of a key. How many lines that were."""
    lines = known(sheet, key, names)
    for line in lines:
        sheet.save(line, Line(place=line.place))
    return len(lines)


def known(sheet: Sheet, key: AddressKey, names: Names) -> list[Line]:
    """All that is known of a key."""
    lines = (line for name in names.all(key) for line in sheet.lines(name))
    return sorted((line for line in lines if not line.is_empty), key=lambda line: line.place)


def export(lines: Iterable[Line]) -> list[dict[str, object]]:
    """What is known of somebody, as JSON takes it. Times are ISO 8601, UTC."""
    return [
        {
            "scope": line.place.scope,
            "reason": line.place.reason.value,
            "suppressions": [_entry(one) for one in line.suppressions],
            "released_at": _time(line.released_at),
            "soft_bounces": [
                {
                    "at": _time(one.at),
                    "event_key": one.event_key,
                    "address": one.address,
                    "detail": one.detail,
                }
                for one in line.soft_bounces
            ],
        }
        for line in lines
    ]


def found(
    matches: Iterable[Suppression],
    asked: Mapping[AddressKey, AddressKey],
    scopes: Sequence[str],
    names: Names,
    *,
    now: datetime,
) -> dict[AddressKey, Suppression]:
    """
    The strongest entry for each key, out of all that stand under the names asked for.

    Args:
        asked: Name to key.
    """
    by_key: dict[AddressKey, list[Suppression]] = {}
    for entry in matches:
        if entry.scope in scopes and entry.key in asked:
            key = asked[entry.key]
            by_key.setdefault(key, []).append(names.hidden(entry, key))
    speaking = {key: listing.strongest(entries, now=now) for key, entries in by_key.items()}
    return {key: entry for key, entry in speaking.items() if entry is not None}


def _gathered(sheet: Sheet, where: Place, names: Names) -> Line:
    """
    The line of a key under the name that is written to.

    What stands under an older name is moved there.
    """
    name, *older = names.all(where.key)
    line = _line(sheet, where._replace(key=name))
    for old_name in older:
        old = _line(sheet, where._replace(key=old_name))
        if not old.is_empty:
            both = listing.merged(line, old)
            sheet.save(line, both)
            sheet.save(old, Line(place=old.place))
            line = both
    return line


def _line(sheet: Sheet, where: Place) -> Line:
    for line in sheet.lines(where.key):
        if line.place == where:
            return line
    return Line(place=where)


def _save(sheet: Sheet, before: Line, after: Line) -> None:
    if after is not before:
        sheet.save(before, after)


def _entry(one: Suppression) -> dict[str, object]:
    return {
        "address": one.address,
        "at": _time(one.at),
        "source": one.source,
        "event_key": one.event_key,
        "detail": one.detail,
        "expires_at": _time(one.expires_at),
    }


def _time(at: datetime | None) -> str | None:
    return None if at is None else at.isoformat()
