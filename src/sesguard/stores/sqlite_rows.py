"""How the lines of a suppression list stand in SQLite tables."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta
from sqlite3 import Connection
from typing import cast

from sesguard._core.listing import Line, Place, SoftBounce, over
from sesguard._core.moments import MICROSECOND, microseconds, moment
from sesguard._core.naming import Names, not_given
from sesguard._core.store_door import text
from sesguard.addresses import AddressKey
from sesguard.suppression import Reason, Suppression

__all__ = ["ENTRY", "STEPS", "Row", "agree", "entry_of", "lines", "save"]

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
    (
        "CREATE TABLE peppers (id TEXT PRIMARY KEY, mark TEXT NOT NULL) WITHOUT ROWID",
        # A list from before there were peppers keeps addresses in clear.
        """
        INSERT INTO peppers SELECT '', '' WHERE EXISTS (SELECT 1 FROM entries)
            OR EXISTS (SELECT 1 FROM releases) OR EXISTS (SELECT 1 FROM soft_bounces)
        """,
    ),
)
"""From each version of the schema to the next. Times are microseconds since 1970, UTC."""

ENTRY = "entries.key, scope, reason, at, address, source, event_key, detail, expires_at"
"""The columns of a `Row`."""

Row = tuple[AddressKey, str, str, int, str | None, str, str | None, str | None, int | None]

_ENTRIES = f"SELECT part, {ENTRY} FROM entries WHERE key = ?"
_RELEASES = "SELECT scope, reason, at FROM releases WHERE key = ?"
_SOFT_BOUNCES = """
    SELECT scope, event_key, at, most, window, address, detail FROM soft_bounces
    WHERE key = ? ORDER BY at, event_key
"""
_PEPPERS = "SELECT id, mark FROM peppers"

_LARGEST = 2**62  # with a time added to it, still an integer to SQLite


def agree(connection: Connection, names: Names, *, where: str) -> None:
    """
    See that the list's names are made as ours are; on a new list, write down how.

    Raises:
        StoreError: They are made in another way, so that nobody would be found.
    """
    marks = dict(connection.execute(_PEPPERS))
    if marks == names.marks:
        return
    connection.execute("BEGIN IMMEDIATE")
    marks = dict(connection.execute(_PEPPERS))
    for id in names.unknown(marks, where=where):
        for table in ("entries", "releases", "soft_bounces"):
            # ";" is the character after ":".
            asked = f"SELECT 1 FROM {table} WHERE key > ? AND key < ? LIMIT 1"
            if connection.execute(asked, (f"{id}:", f"{id};")).fetchone():
                raise not_given(id, where=where)
        connection.execute("DELETE FROM peppers WHERE id = ?", (id,))
    connection.executemany("REPLACE INTO peppers VALUES (?, ?)", names.marks.items())
    connection.execute("COMMIT")


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


def lines(connection: Connection, name: AddressKey) -> tuple[Line, ...]:
    """All that is known under one name."""
    key = text(name)
    found: dict[Place, Line] = {}

    def known(scope: str, reason: str) -> Line:
        where = Place(name, scope, Reason(reason))
        return found.get(where, Line(place=where))

    for part, *row in connection.execute(_ENTRIES, (key,)):
        line = known(row[1], row[2])
        found[line.place] = _with_part(line, part, entry_of(cast("Row", row)))
    for scope, reason, at in connection.execute(_RELEASES, (key,)):
        line = known(scope, reason)
        found[line.place] = replace(line, released_at=moment(at))
    for scope, *row in connection.execute(_SOFT_BOUNCES, (key,)):
        line = known(scope, Reason.BOUNCE)
        bounces = (*line.soft_bounces, _soft_bounce(*row))
        found[line.place] = replace(line, soft_bounces=bounces)
    return tuple(found.values())


def _with_part(line: Line, part: int, entry: Suppression) -> Line:
    if part == 0:
        return replace(line, entry=entry)
    return replace(line, counted=entry) if part == 1 else replace(line, passing=entry)


def _soft_bounce(
    event_key: str, at: int, most: int, window: int, address: str | None, detail: str | None
) -> SoftBounce:
    return SoftBounce(
        event_key=event_key,
        at=moment(at),
        limit=most,
        window=timedelta(microseconds=window),
        address=address,
        detail=detail,
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
    elif after.released_at is None and before.released_at is not None:
        connection.execute("DELETE FROM releases WHERE key = ? AND scope = ? AND reason = ?", spot)
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
