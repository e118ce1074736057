"""How mails are taken out of a table, of which several take at once."""

from __future__ import annotations

import secrets
from datetime import timedelta

from sesguard._core.moments import MICROSECOND
from sesguard.errors import MissingExtraError
from sesguard.outboxes import sqlalchemy_table as rows
from sesguard.ports import OutboxEntry

try:
    import sqlalchemy as sa
except ImportError:
    raise MissingExtraError("sqlalchemy", extra="sqlalchemy") from None

__all__ = ["take"]


def take(
    connection: sa.Connection, mails: sa.Table, size: int, *, lease: timedelta, now: int
) -> list[OutboxEntry]:
    """
    Up to *size* mails that are due, as a whole transaction. A row that cannot be read fails.

    Args:
        connection: In a transaction that has done nothing yet.

        mails: The table.

        size: How many, at most.

        lease: For how long.

        now: Microseconds since 1970.
    """
    token, columns = secrets.token_hex(16), mails.c
    read = (
        sa.select(*(columns[name] for name in rows.Taken._fields))
        .where(columns.receipt == token)
        .order_by(columns.turn, columns.due, columns.seq)
    )
    _lend(connection, mails, size, token, now, lease // MICROSECOND)
    found = [rows.Taken(*row) for row in connection.execute(read)]
    entries = [rows.entry(row, token, mails.fullname) for row in found]
    broken = [row.seq for row, entry in zip(found, entries, strict=True) if entry is None]
    if broken:
        aside = rows.set_aside("Its row cannot be read.", rows.FAILED, now)
        connection.execute(mails.update().where(columns.seq.in_(broken)).values(aside))
    return [entry for entry in entries if entry is not None]


def _lend(
    connection: sa.Connection, mails: sa.Table, size: int, token: str, now: int, span: int
) -> None:
    """Give mails away to the taker of *token*. Of several takers, each gets others."""
    columns = mails.c
    free = sa.and_(columns.state == rows.WAITS, columns.free_at <= now)
    first = (
        sa.select(columns.seq)
        .where(free)
        .order_by(columns.turn, columns.due, columns.seq)
        .limit(size)
    )
    lend = mails.update().values(receipt=token, lease=span, free_at=now + span)
    if connection.dialect.name == "sqlite":
        # One statement: a transaction that reads first may fail to become a writer.
        connection.execute(lend.where(columns.seq.in_(first)))
        return
    found = connection.scalars(first.with_for_update(skip_locked=True)).all()
    if found:  # asked again for an engine that commits by itself, and so holds no lock
        connection.execute(lend.where(columns.seq.in_(found), free))
