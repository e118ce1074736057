"""How the lines of one name stand in a store of texts, such as Redis: as JSON, with a version."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from datetime import datetime, timedelta
from typing import Any, cast

from sesguard._core.listing import Line, Place, SoftBounce
from sesguard._core.moments import MICROSECOND, microseconds, moment
from sesguard.addresses import AddressKey
from sesguard.suppression import Reason, Suppression

__all__ = ["from_text", "to_text"]

_VERSION = 1
_FOREIGN = (ValueError, TypeError, KeyError, AttributeError, OverflowError, RecursionError)


def to_text(lines: Iterable[Line]) -> str:
    """All lines of one name as JSON in ASCII. Times are microseconds since 1970, UTC."""
    rows = [_line_record(line) for line in sorted(lines, key=lambda line: line.place)]
    return json.dumps({"v": _VERSION, "lines": rows}, separators=(",", ":"))


def from_text(name: AddressKey, text: str) -> tuple[Line, ...]:
    """
    The lines of one name out of their text.

    Raises:
        ValueError: It is none of ours, or of a version that this one does not know. The message
            tells which, and nothing of the text.
    """
    try:
        record = json.loads(text)
        version, rows = record["v"], record["lines"]
        lines = tuple(_line(name, row) for row in rows) if version == _VERSION else ()
    except _FOREIGN:
        raise ValueError("it is nothing that this store wrote") from None
    if version != _VERSION:
        raise ValueError("a newer version of sesguard wrote it: update sesguard here")
    return lines


def _line_record(line: Line) -> dict[str, object]:
    record = {
        "scope": line.place.scope,
        "reason": line.place.reason.value,
        "entry": _entry_record(line.entry),
        "passing": _entry_record(line.passing),
        "counted": _entry_record(line.counted),
        "released_at": _number(line.released_at),
        "soft_bounces": [_bounce_record(one) for one in line.soft_bounces],
    }
    return {name: value for name, value in record.items() if value not in (None, "", [])}


def _entry_record(one: Suppression | None) -> dict[str, object] | None:
    if one is None:
        return None
    return {
        "at": microseconds(one.at),
        "address": one.address,
        "source": one.source,
        "event_key": one.event_key,
        "detail": one.detail,
        "expires_at": _number(one.expires_at),
    }


def _bounce_record(one: SoftBounce) -> dict[str, object]:
    return {
        "event_key": one.event_key,
        "at": microseconds(one.at),
        "limit": one.limit,
        "window": one.window // MICROSECOND,
        "address": one.address,
        "detail": one.detail,
    }


def _line(name: AddressKey, row: Mapping[str, Any]) -> Line:
    place = Place(name, str(row.get("scope", "")), Reason(row["reason"]))
    bounces = cast("list[Mapping[str, Any]]", row.get("soft_bounces", []))
    return Line(
        place=place,
        entry=_entry(place, row.get("entry")),
        passing=_entry(place, row.get("passing")),
        counted=_entry(place, row.get("counted")),
        released_at=_moment(row.get("released_at")),
        soft_bounces=tuple(_bounce(one) for one in bounces),
    )


def _entry(place: Place, row: Mapping[str, Any] | None) -> Suppression | None:
    if row is None:
        return None
    return Suppression(
        key=place.key,
        reason=place.reason,
        at=moment(row["at"]),
        scope=place.scope,
        address=row["address"],
        source=row["source"],
        event_key=row["event_key"],
        detail=row["detail"],
        expires_at=_moment(row["expires_at"]),
    )


def _bounce(row: Mapping[str, Any]) -> SoftBounce:
    return SoftBounce(
        event_key=row["event_key"],
        at=moment(row["at"]),
        limit=row["limit"],
        window=timedelta(microseconds=row["window"]),
        address=row["address"],
        detail=row["detail"],
    )


def _number(at: datetime | None) -> int | None:
    return None if at is None else microseconds(at)


def _moment(number: int | None) -> datetime | None:
    return None if number is None else moment(number)
