"""How the mails of an outbox stand in SQLite tables."""

from __future__ import annotations

from datetime import datetime, timedelta
from sqlite3 import Connection, Cursor
from typing import NamedTuple

from sesguard._core.moments import MICROSECOND, microseconds, moment
from sesguard._core.outboxes import LAPSED
from sesguard.ports import OutboxEntry, SetAside

__all__ = [
    "FAILED",
    "STEPS",
    "UNKNOWN",
    "Row",
    "aside",
    "begin",
    "delete",
    "due",
    "free_lapsed",
    "insert",
    "lend",
    "lent",
    "next_due",
    "put_back",
    "renew",
    "set_aside",
    "settled",
]

# What becomes of a mail: it waits until it is due, is lent to who takes it, is begun right before
# the request. What ends well is deleted.
WAITS, LENT, BEGUN, IS_UNKNOWN, IS_FAILED = range(5)

STEPS = (
    (
        """
        CREATE TABLE mails (
            seq INTEGER PRIMARY KEY AUTOINCREMENT,
            id TEXT NOT NULL UNIQUE,
            state INTEGER NOT NULL,
            priority INTEGER NOT NULL,
            due INTEGER NOT NULL,
            put_at INTEGER NOT NULL,
            attempts INTEGER NOT NULL,
            receipt TEXT,
            lease INTEGER,
            lapses INTEGER,
            reason TEXT,
            aside_at INTEGER
        )
        """,
        # Apart, so that what changes a mail's state does not write its body again. As bytes,
        # since SQLite refuses a whole answer over one text that is damaged.
        "CREATE TABLE bodies (seq INTEGER PRIMARY KEY, body BLOB NOT NULL)",
        f"CREATE INDEX waiting ON mails (priority, due) WHERE state = {WAITS}",
        f"CREATE INDEX next ON mails (due) WHERE state = {WAITS}",
        f"CREATE INDEX leases ON mails (lapses) WHERE state = {LENT}",
        "CREATE UNIQUE INDEX receipts ON mails (receipt) WHERE receipt IS NOT NULL",
        f"CREATE INDEX unknown ON mails (seq) WHERE state IN ({BEGUN}, {IS_UNKNOWN})",
        f"CREATE INDEX failed ON mails (seq) WHERE state = {IS_FAILED}",
    ),
)
"""From each version of the schema to the next. Times are microseconds since 1970, UTC."""

_FREE_LAPSED = f"""
    UPDATE mails SET state = {WAITS}, receipt = NULL WHERE state = {LENT} AND lapses <= ?
"""
_HIGHEST = f"SELECT max(priority) FROM mails WHERE state = {WAITS}"
_NEXT_LOWER = f"SELECT max(priority) FROM mails WHERE state = {WAITS} AND priority < ?"
_DUE = f"""
    SELECT seq, id, put_at, attempts, coalesce(body, x'')
    FROM mails LEFT JOIN bodies USING (seq)
    WHERE state = {WAITS} AND priority = ? AND due <= ? ORDER BY due, seq LIMIT ?
"""
_NEXT_DUE = f"""
    SELECT min(at) FROM (
        SELECT min(due) AS at FROM mails WHERE state = {WAITS}
        UNION ALL SELECT min(lapses) FROM mails WHERE state = {LENT}
    )
"""
_LEND = f"UPDATE mails SET state = {LENT}, receipt = ?, lease = ?, lapses = ? WHERE seq = ?"
_BEGIN = f"""
    UPDATE mails SET state = {BEGUN}, lapses = ? + lease
    WHERE receipt = ? AND state IN ({LENT}, {BEGUN})
"""
_PUT_BACK = f"""
    UPDATE mails SET state = {WAITS}, receipt = NULL, due = ?, attempts = attempts + ?
    WHERE seq = ?
"""
_SET_ASIDE = "UPDATE mails SET state = ?, receipt = NULL, reason = ?, aside_at = ? WHERE seq = ?"
_RENEW = f"""
    UPDATE mails SET state = {WAITS}, receipt = NULL, due = ?1, put_at = ?1, attempts = 0,
        reason = NULL, aside_at = NULL
    WHERE seq = ?2
"""
_SETTLED = f"""
    SELECT seq FROM mails WHERE id = ? AND (
        state IN ({IS_UNKNOWN}, {IS_FAILED}) OR state = {BEGUN} AND (? OR lapses <= ?)
    )
"""
_ASIDE = """
    SELECT seq, id, reason, coalesce(aside_at, lapses), coalesce(body, x'')
    FROM mails LEFT JOIN bodies USING (seq)
"""

UNKNOWN = f"""{_ASIDE}
    WHERE state IN ({BEGUN}, {IS_UNKNOWN}) AND seq > ?1 AND (state = {IS_UNKNOWN} OR lapses <= ?2)
    ORDER BY seq LIMIT ?3
"""
"""Those that may have been sent, for `aside`. Lapsed ones are told from their lease alone."""

FAILED = f"{_ASIDE} WHERE state = {IS_FAILED} AND seq > ?1 AND ?2 ORDER BY seq LIMIT ?3"
"""Those that were given up, for `aside`."""


class Row(NamedTuple):
    """A mail that is due."""

    seq: int
    id: str
    put_at: int
    attempts: int
    body: bytes


def _text(body: bytes) -> str:
    # What is damaged stays visible, and can no longer be taken for JSON.
    return body.decode("utf-8", "backslashreplace")


def insert(
    connection: Connection, id: str, body: str, *, due: datetime, priority: int, now: datetime
) -> bool:
    """Keep a mail. False: there is one of this id."""
    new = connection.execute(
        "INSERT INTO mails (id, state, priority, due, put_at, attempts) VALUES (?, ?, ?, ?, ?, 0)"
        " ON CONFLICT DO NOTHING",
        (id, WAITS, priority, microseconds(due), microseconds(now)),
    )
    if new.rowcount == 1:
        data = body.encode("utf-8", "backslashreplace")
        connection.execute("INSERT INTO bodies VALUES (?, ?)", (new.lastrowid, data))
    return new.rowcount == 1


def free_lapsed(connection: Connection, *, now: datetime) -> None:
    """Let those wait again whose lease lapsed before they were begun."""
    connection.execute(_FREE_LAPSED, (microseconds(now),))


def due(connection: Connection, limit: int, *, now: datetime) -> list[Row]:
    """
    Up to *limit* that are due, the higher priorities first.

    Priorities are few, so each is looked up of its own: however many mails of a high one wait
    for tomorrow, none of them is walked past.
    """
    found: list[Row] = []
    priority = connection.execute(_HIGHEST).fetchone()[0]
    while priority is not None and len(found) < limit:
        rows = connection.execute(_DUE, (priority, microseconds(now), limit - len(found)))
        found.extend(map(Row._make, rows))
        priority = connection.execute(_NEXT_LOWER, (priority,)).fetchone()[0]
    return found


def lend(
    connection: Connection, row: Row, receipt: str, *, lease: timedelta, now: datetime
) -> OutboxEntry:
    """Give a mail away for a while."""
    span = lease // MICROSECOND
    connection.execute(_LEND, (receipt, span, microseconds(now) + span, row.seq))
    return OutboxEntry(
        id=row.id,
        receipt=receipt,
        body=_text(row.body),
        put_at=moment(row.put_at),
        attempts=row.attempts,
    )


def begin(connection: Connection, receipt: str, *, now: datetime) -> bool:
    """Mark what is sent now, and renew its lease."""
    return connection.execute(_BEGIN, (microseconds(now), receipt)).rowcount == 1


def lent(connection: Connection, receipt: str) -> int | None:
    """What a receipt stands for."""
    return _only(connection.execute("SELECT seq FROM mails WHERE receipt = ?", (receipt,)))


def settled(connection: Connection, id: str, *, begun_too: bool, now: datetime) -> int | None:
    """What was set aside under an id, or lapsed; or is being sent, where that is asked for too."""
    return _only(connection.execute(_SETTLED, (id, begun_too, microseconds(now))))


def _only(rows: Cursor) -> int | None:
    row = rows.fetchone()
    return None if row is None else int(row[0])


def delete(connection: Connection, seq: int | None) -> bool:
    """Forget a mail."""
    connection.execute("DELETE FROM bodies WHERE seq = ?", (seq,))
    return connection.execute("DELETE FROM mails WHERE seq = ?", (seq,)).rowcount == 1


def put_back(connection: Connection, seq: int | None, *, due: datetime, counts: bool) -> bool:
    """Let a mail wait again."""
    return connection.execute(_PUT_BACK, (microseconds(due), int(counts), seq)).rowcount == 1


def set_aside(
    connection: Connection, seq: int | None, reason: str, *, unknown: bool, now: datetime
) -> bool:
    """Have a mail wait no more."""
    state = IS_UNKNOWN if unknown else IS_FAILED
    told = reason.encode("utf-8", "replace").decode()
    return connection.execute(_SET_ASIDE, (state, told, microseconds(now), seq)).rowcount == 1


def renew(connection: Connection, seq: int | None, *, now: datetime) -> bool:
    """Let a mail wait again as if it were put now."""
    return connection.execute(_RENEW, (microseconds(now), seq)).rowcount == 1


def aside(
    connection: Connection, query: str, after: int, limit: int, *, now: datetime
) -> list[tuple[int, SetAside]]:
    """A part of a list, each with its place in it."""
    return [
        (seq, SetAside(id=id, reason=reason or LAPSED, at=moment(at), body=_text(body)))
        for seq, id, reason, at, body in connection.execute(
            query, (after, microseconds(now), limit)
        )
    ]


def next_due(connection: Connection) -> datetime | None:
    """When the next one can be taken."""
    (at,) = connection.execute(_NEXT_DUE).fetchone()
    return None if at is None else moment(at)
