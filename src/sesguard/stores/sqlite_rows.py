"""How the lines of a suppression list stand in SQLite tables."""

from __future__ import annotations

from datetime import datetime, timedelta
from sqlite3 import Connection
from typing import overload

from sesguard._core.listing import Line, Place, SoftBounce, over
from sesguard._core.moments import MICROSECOND, microseconds, moment
from sesguard.addresses import AddressKey
from sesguard.suppression import Reason, Suppression

__all__ = ["STEPS", "Row", "entry_of", "load", "save", "text"]

STEPS = (
    (
        """
        CREATE TABLE entries (
            key TEXT NOT NULL,
            scope TEXT NOT NULL,
            reason TEXT NOT NULL,
            part INTEGER NOT NULL,
            at INTEGER NOT NULL,
            address TEXT,
            source TEXT NOT NULL,
            event_key TEXT,
            detail TEXT,
            expires_at INTEGER,
            PRIMARY KEY (key, scope, reason, part)
        ) WITHOUT ROWID
        """,
        """
        CREATE TABLE releases (
            key TEXT NOT NULL,
            scope TEXT NOT NULL,
            reason TEXT NOT NULL,
            at INTEGER NOT NULL,
            PRIMARY KEY (key, scope, reason)
        ) WITHOUT ROWID
        """,
        """
        CREATE TABLE soft_bounces (
            key TEXT NOT NULL,
            scope TEXT NOT NULL,
            event_key TEXT NOT NULL,
            at INTEGER NOT NULL,
            most INTEGER NOT NULL,
            window INTEGER NOT NULL,
            address TEXT,
            detail TEXT,
            over_at INTEGER NOT NULL,
            PRIMARY KEY (key, scope, event_key)
        ) WITHOUT ROWID
        """,
        "CREATE INDEX soft_bounces_over ON soft_bounces (over_at)",
        "CREATE TABLE marks (id INTEGER PRIMARY KEY, event_key TEXT NOT NULL UNIQUE, at INTEGER)",
    ),
)
"""From each version of the schema to the next. Times are microseconds since 1970, UTC."""

ENTRY = "entries.key, scope, reason, at, address, source, event_key, detail, expires_at"
"""The columns of a `Row`."""

Row = tuple[AddressKey, str, str, int, str | None, str, str | None, str | None, int | None]

_LINE = f"SELECT part, {ENTRY} FROM entries WHERE key = ? AND scope = ? AND reason = ?"
_RELEASE = "SELECT at FROM releases WHERE key = ? AND scope = ? AND reason = ?"
_SOFT_BOUNCES = """
    SELECT event_key, at, most, window, address, detail FROM soft_bounces
    WHERE key = ? AND scope = ? ORDER BY at, event_key
"""

_LARGEST = 2**62  # with a time added to it, still an integer to SQLite


@overload
def text(value: str) -> str: ...
@overload
def text(value: None) -> None: ...
def text(value: str | None) -> str | None:
    """A text as SQLite takes it: an event may bring half of a surrogate pair."""
    if value is None or value.isascii():
        return value
    return value.encode("utf-16", "surrogatepass").decode("utf-16", "replace")


def entry_of(row: Row) -> Suppression:
    """The entry in a row."""
    key, scope, reason, at, address, source, event_key, detail, expires_at = row
    return Suppression(
        key=key,
        reason=Reason(reason),
        at=moment(at),
        scope=scope,
        address=address,
        source=source,
        event_key=event_key,
        detail=detail,
        expires_at=None if expires_at is None else moment(expires_at),
    )


def load(connection: Connection, place: Place) -> Line:
    """All that is known of one line."""
    spot = _spot(place)
    entries = {row[0]: entry_of(row[1:]) for row in connection.execute(_LINE, spot)}
    release = connection.execute(_RELEASE, spot).fetchone()
    return Line(
        place=place,
        entry=entries.get(0),
        counted=entries.get(1),
        passing=entries.get(2),
        released_at=None if release is None else moment(release[0]),
        soft_bounces=_load_soft_bounces(connection, place),
    )


def _load_soft_bounces(connection: Connection, place: Place) -> tuple[SoftBounce, ...]:
    if place.reason is not Reason.BOUNCE:
        return ()
    return tuple(
        SoftBounce(
            event_key=event_key,
            at=moment(at),
            limit=most,
            window=timedelta(microseconds=window),
            address=address,
            detail=detail,
        )
        for event_key, at, most, window, address, detail in connection.execute(
            _SOFT_BOUNCES, _spot(place)[:2]
        )
    )


def save(connection: Connection, before: Line, after: Line, *, now: datetime) -> None:
    """Write what is different."""
    spot = _spot(after.place)
    if after.entry is not before.entry:
        _save_entry(connection, (*spot, 0), after.entry)
    if after.counted is not before.counted:
        _save_entry(connection, (*spot, 1), after.counted)
    if after.passing is not before.passing:
        _save_entry(connection, (*spot, 2), after.passing)
    if after.released_at is not None and after.released_at != before.released_at:
        connection.execute(
            "REPLACE INTO releases VALUES (?, ?, ?, ?)", (*spot, microseconds(after.released_at))
        )
    for bounce in after.soft_bounces:
        if bounce not in before.soft_bounces:
            _save_soft_bounce(connection, spot[:2], bounce, now)
    for bounce in before.soft_bounces:
        if bounce not in after.soft_bounces:
            connection.execute(
                "DELETE FROM soft_bounces WHERE key = ? AND scope = ? AND event_key = ?",
                (*spot[:2], bounce.event_key),
            )


def _spot(place: Place) -> tuple[str, str, str]:
    return text(place.key), text(place.scope), place.reason.value


def _save_entry(
    connection: Connection, spot: tuple[str, str, str, int], entry: Suppression | None
) -> None:
    if entry is None:
        connection.execute(
            "DELETE FROM entries WHERE key = ? AND scope = ? AND reason = ? AND part = ?", spot
        )
        return
    connection.execute(
        "REPLACE INTO entries VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
        (
            *spot,
            microseconds(entry.at),
            text(entry.address),
            text(entry.source),
            text(entry.event_key),
            text(entry.detail),
            None if entry.expires_at is None else microseconds(entry.expires_at),
        ),
    )


def _save_soft_bounce(
    connection: Connection, spot: tuple[str, str], bounce: SoftBounce, now: datetime
) -> None:
    connection.execute(
        "INSERT INTO soft_bounces VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)",
        (
            *spot,
            text(bounce.event_key),
            microseconds(bounce.at),
            min(bounce.limit, _LARGEST),
            min(bounce.window // MICROSECOND, _LARGEST),
            text(bounce.address),
            text(bounce.detail),
            microseconds(over(bounce.at, bounce.window, told=now)),
        ),
    )
