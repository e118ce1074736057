"""How the lines of a suppression list stand in tables of your database."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any, NamedTuple, TypeAlias, TypeVar

from sesguard._core.listing import Line, Place, SoftBounce, over
from sesguard._core.moments import MICROSECOND, microseconds, moment
from sesguard.addresses import AddressKey
from sesguard.errors import MissingExtraError, StoreError
from sesguard.stores.sqlalchemy_tables import clean, digest, kept_key
from sesguard.suppression import Reason, Suppression

try:
    import sqlalchemy as sa
except ImportError:
    raise MissingExtraError("sqlalchemy", extra="sqlalchemy") from None

__all__ = ["AT_ONCE", "OTHERS", "Kept", "chunks", "entry", "load", "save"]

ENTRY, COUNTED, PASSING, RELEASED, SOFT = range(5)
"""The parts of a line."""

OTHERS = RELEASED, SOFT
"""The parts that are no entries."""

AT_ONCE = 1_000
"""Values in one list of a statement, where several statements will do."""

_LARGEST = 2**62  # with a time added to it, still an integer to a database
_FOREIGN = (ValueError, TypeError, OverflowError)

T = TypeVar("T")
Part: TypeAlias = "Suppression | datetime | SoftBounce"


class Kept(NamedTuple):
    """The columns of a row. SQLite keeps in them whatever it is given."""

    key: str
    scope: str
    reason: str
    part: int
    at: int
    address: str | None
    source: str | None
    event_key: str | None
    detail: str | None
    expires_at: int | None
    soft_limit: int | None
    soft_window: int | None


def chunks(values: Sequence[T], size: int = AT_ONCE) -> Iterator[Sequence[T]]:
    """The values in lists that a statement can hold."""
    return (values[start : start + size] for start in range(0, len(values), size))


def entry(row: Kept, name: AddressKey, of: str) -> Suppression:
    """
    The entry in a row of the table *of*, under the name by which it was asked for.

    Raises:
        StoreError: It is none.
    """
    try:
        if row.part in (ENTRY, COUNTED, PASSING):
            return _entry(row, name)
    except _FOREIGN:
        pass  # the same to who reads it
    raise _foreign(of)


def load(
    connection: sa.Connection, lines: sa.Table, names: Collection[AddressKey], *, locked: bool
) -> dict[AddressKey, tuple[Line, ...]]:
    """
    All that is known under names.

    Args:
        locked: It is to be changed, and the names are held.

    Raises:
        StoreError: Something in the table is none of ours.
    """
    asked: sa.Select[Any] = sa.select(*(lines.c[name] for name in Kept._fields))
    if locked and connection.dialect.name in ("mysql", "mariadb"):
        # What was committed last, even in a caller's transaction that has looked around before.
        asked = asked.with_for_update()
    by_key = {kept_key(name): name for name in names}
    found: dict[AddressKey, dict[Place, Line]] = {name: {} for name in names}
    for keys in chunks(sorted(by_key)):
        for row in map(Kept._make, connection.execute(asked.where(lines.c.key.in_(keys)))):
            if row.key in by_key:
                _gather(found[by_key[row.key]], by_key[row.key], row, lines.fullname)
    return {name: tuple(map(_in_order, places.values())) for name, places in found.items()}


def save(
    connection: sa.Connection,
    lines: sa.Table,
    changes: Iterable[tuple[Line, Line]],
    *,
    now: datetime,
) -> None:
    """Write what is different. Whoever does it has locked the names."""
    gone: list[tuple[str, str]] = []
    new: list[dict[str, object]] = []
    for before, after in changes:
        key, old, parts = kept_key(after.place.key), _parts(before), _parts(after)
        gone += [
            (key, _spot(after.place, which))
            for which, part in old.items()
            if parts.get(which) != part
        ]
        new += [
            _row(after.place, which, part, now)
            for which, part in parts.items()
            if old.get(which) != part
        ]
    for some in chunks(gone):
        keys, spots = zip(*some, strict=True)
        connection.execute(lines.delete().where(lines.c.key.in_(keys), lines.c.spot.in_(spots)))
    if new:
        connection.execute(lines.insert(), new)


def _entry(row: Kept, name: AddressKey) -> Suppression:
    for one in (row.address, row.source, row.event_key, row.detail):
        _check_text(one)
    return Suppression(
        key=name,
        reason=Reason(row.reason),
        at=moment(row.at),
        scope=row.scope,
        address=row.address,
        source=row.source or "",
        event_key=row.event_key,
        detail=row.detail,
        expires_at=None if row.expires_at is None else moment(row.expires_at),
    )


def _check_text(value: object) -> None:
    if value is not None and not isinstance(value, str):
        raise TypeError


def _gather(places: dict[Place, Line], name: AddressKey, row: Kept, of: str) -> None:
    """Add what a row says to the lines of its name."""
    try:
        where = Place(name, row.scope, Reason(row.reason))
        places[where] = _with(places.get(where, Line(place=where)), row)
    except _FOREIGN:
        raise _foreign(of) from None


def _with(line: Line, row: Kept) -> Line:
    if row.part == RELEASED:
        return replace(line, released_at=moment(row.at))
    if row.part == SOFT:
        return replace(line, soft_bounces=(*line.soft_bounces, _soft_bounce(row)))
    one = _entry(row, line.place.key)
    if row.part == ENTRY:
        return replace(line, entry=one)
    if row.part == COUNTED:
        return replace(line, counted=one)
    if row.part == PASSING:
        return replace(line, passing=one)
    raise ValueError


def _soft_bounce(row: Kept) -> SoftBounce:
    if not isinstance(row.event_key, str) or row.soft_limit is None or row.soft_window is None:
        raise TypeError
    return SoftBounce(
        event_key=row.event_key,
        at=moment(row.at),
        limit=int(row.soft_limit),
        window=timedelta(microseconds=row.soft_window),
        address=row.address,
        detail=row.detail,
    )


def _in_order(line: Line) -> Line:
    bounces = sorted(line.soft_bounces, key=lambda one: (one.at, one.event_key))
    return replace(line, soft_bounces=tuple(bounces))


def _foreign(of: str) -> StoreError:
    return StoreError(
        f"The table {of} holds a row that is nothing this store wrote. Look for what else writes "
        "there, and mend or delete that row."
    )


def _parts(line: Line) -> dict[tuple[int, str], Part]:
    """What is known of a line, each part by its number, and by its event where it has several."""
    entries = ((ENTRY, line.entry), (COUNTED, line.counted), (PASSING, line.passing))
    found: dict[tuple[int, str], Part] = {
        (number, ""): one for number, one in entries if one is not None
    }
    if line.released_at is not None:
        found[RELEASED, ""] = line.released_at
    for bounce in line.soft_bounces:
        found[SOFT, clean(bounce.event_key)] = bounce
    return found


def _spot(place: Place, which: tuple[int, str]) -> str:
    return digest(kept_key(place.key), clean(place.scope), place.reason.value, *which)


def _row(place: Place, which: tuple[int, str], part: Part, now: datetime) -> dict[str, object]:
    row: dict[str, object] = {
        "key": kept_key(place.key),
        "spot": _spot(place, which),
        "scope": clean(place.scope),
        "reason": place.reason.value,
        "part": which[0],
        **dict.fromkeys(_OPTIONAL),
    }
    if isinstance(part, datetime):
        return {**row, "at": microseconds(part)}
    row |= {
        "at": microseconds(part.at),
        "address": _clean(part.address),
        "event_key": _clean(part.event_key),
        "detail": _clean(part.detail),
    }
    if isinstance(part, SoftBounce):
        return row | {
            "soft_limit": min(part.limit, _LARGEST),
            "soft_window": min(part.window // MICROSECOND, _LARGEST),
            "over_at": microseconds(over(part.at, part.window, told=now)),
        }
    expires_at = None if part.expires_at is None else microseconds(part.expires_at)
    return row | {"source": clean(part.source), "expires_at": expires_at}


_OPTIONAL = (
    "address", "source", "event_key", "detail", "expires_at", "soft_limit", "soft_window",
    "over_at",
)  # fmt: skip


def _clean(value: str | None) -> str | None:
    return None if value is None else clean(value)
