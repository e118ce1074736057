"""How the mails of an outbox stand in a table of your database."""

from __future__ import annotations

from datetime import datetime
from typing import NamedTuple

from sesguard._core.moments import microseconds, moment
from sesguard._core.outboxes import LAPSED
from sesguard.errors import ConfigurationError, MissingExtraError, StoreError
from sesguard.ports import OutboxEntry, SetAside

try:
    import sqlalchemy as sa
except ImportError:
    raise MissingExtraError("sqlalchemy", extra="sqlalchemy") from None

__all__ = [
    "BEGUN",
    "FAILED",
    "LONGEST_ID",
    "UNKNOWN",
    "WAITS",
    "Listed",
    "Taken",
    "anew",
    "aside",
    "entry",
    "failed",
    "number",
    "set_aside",
    "table",
    "text",
    "time",
    "unknown",
    "values",
]

# What becomes of a mail: it waits, taken or not; is begun right before the request. What ends
# well is deleted.
WAITS, BEGUN, UNKNOWN, FAILED = range(4)

LONGEST_ID = 191
"""Characters. As many as MySQL indexes in every row format."""

_COLUMNS = {
    "seq", "id", "state", "turn", "due", "free_at", "put_at", "attempts", "receipt", "lease",
    "reason", "aside_at", "body",
}  # fmt: skip


class Taken(NamedTuple):
    """The columns of a mail that was taken. SQLite keeps in them whatever it is given."""

    seq: int
    id: object
    body: object
    put_at: object
    attempts: object


class Listed(NamedTuple):
    """The columns of a mail that is not sent any more."""

    seq: int
    id: object
    reason: object
    aside_at: object
    free_at: object
    body: object


def table(name: str, metadata: sa.MetaData) -> sa.Table:
    """
    The table of an outbox, in *metadata*. Times are microseconds since 1970, UTC.

    ``turn`` is the priority, less goes first. ``free_at`` is ``due``, or, once it is taken, when
    the lease lapses: so that one index tells what can be taken.

    Raises:
        ConfigurationError: There is another one of that name.
    """
    number = sa.BigInteger().with_variant(sa.Integer, "sqlite")  # it numbers rows by this alone
    # To MySQL's usual collations, two ids that differ in their capitals would be the same.
    exact = sa.String(LONGEST_ID, collation="utf8mb4_bin")
    made = sa.Table(
        name,
        metadata,
        sa.Column("seq", number, primary_key=True),
        sa.Column(
            "id",
            sa.String(LONGEST_ID).with_variant(exact, "mysql", "mariadb"),
            nullable=False,
            unique=True,
        ),
        sa.Column("state", sa.SmallInteger, nullable=False),
        sa.Column("turn", sa.Integer, nullable=False),
        sa.Column("due", sa.BigInteger, nullable=False),
        sa.Column("free_at", sa.BigInteger, nullable=False),
        sa.Column("put_at", sa.BigInteger, nullable=False),
        sa.Column("attempts", sa.Integer, nullable=False),
        sa.Column("receipt", sa.String(32), index=True),
        sa.Column("lease", sa.BigInteger),
        sa.Column("reason", sa.Text),
        sa.Column("aside_at", sa.BigInteger),
        # Bytes: what a database's character set cannot hold must not cost a mail.
        sa.Column("body", sa.LargeBinary(2**32 - 1), nullable=False),
        sa.Index(f"ix_{name}_turn", "state", "turn", "due", "seq"),
        sa.Index(f"ix_{name}_free", "state", "free_at"),
        sqlite_autoincrement=True,
        keep_existing=True,
    )
    if not set(made.c.keys()) >= _COLUMNS:
        raise ConfigurationError(
            f"metadata= has a table {name} already that is no outbox's: choose a table_name=."
        )
    return made


def number(at: datetime) -> int:
    """
    A time as it stands in the table.

    Raises:
        ConfigurationError: It has no time zone.
    """
    if at.utcoffset() is None:
        raise ConfigurationError("due= must be an aware datetime, such as datetime.now(UTC).")
    return microseconds(at)


def time(at: object, of: str) -> datetime:
    """
    A time out of the table *of*.

    Raises:
        StoreError: It is none.
    """
    try:
        if isinstance(at, int):
            return moment(at)
    except OverflowError:
        pass  # the same to who reads it
    raise StoreError(
        f"The table {of} holds something as a time that is none. Look for what else writes there, "
        "and mend or delete that row."
    )


def text(body: object) -> str:
    """A body out of the table. A damaged one is for its reader to refuse."""
    if isinstance(body, bytes):
        return body.decode("utf-8", "replace")
    return body if isinstance(body, str) else ""


def values(id: str, body: str, *, due: datetime, priority: int, now: datetime) -> dict[str, object]:
    """
    The row of a mail that is put.

    Raises:
        ConfigurationError: The id is too long, or the priority too large, for the table.
    """
    if len(id) > LONGEST_ID:
        raise ConfigurationError(f"A mail's id has at most {LONGEST_ID} characters here.")
    if not -(2**31) < priority < 2**31:
        raise ConfigurationError("priority= must be a number that 32 bits hold.")
    return {
        "id": id,
        "state": WAITS,
        "turn": -priority,
        "due": number(due),
        "free_at": number(due),
        "put_at": number(now),
        "attempts": 0,
        "body": body.encode("utf-8", "backslashreplace"),
    }


def unknown(mails: sa.Table, now: int) -> sa.ColumnElement[bool]:
    """Which mails may have been sent: those that were begun, and lapsed, among them."""
    columns = mails.c
    lapsed = sa.and_(columns.state == BEGUN, columns.free_at <= now)
    return sa.or_(columns.state == UNKNOWN, lapsed)


def failed(mails: sa.Table) -> sa.ColumnElement[bool]:
    """Which mails were given up."""
    return mails.c.state == FAILED


def set_aside(reason: str, state: int, now: int) -> dict[str, object]:
    """What a mail becomes that is not sent any more."""
    told = reason.encode("utf-8", "replace").decode().replace("\0", "?")
    return {"state": state, "receipt": None, "reason": told, "aside_at": now}


def anew(now: int) -> dict[str, object]:
    """What a mail becomes that is to be sent again, as if it were put now."""
    return {
        "state": WAITS,
        "receipt": None,
        "due": now,
        "free_at": now,
        "put_at": now,
        "attempts": 0,
        "reason": None,
        "aside_at": None,
    }


def entry(taken: Taken, token: str, of: str) -> OutboxEntry | None:
    """What was taken out of the table *of*; None where its row cannot be read."""
    try:
        put_at = time(taken.put_at, of)
    except StoreError:
        return None
    if not isinstance(taken.attempts, int):
        return None
    return OutboxEntry(
        id=str(taken.id),
        receipt=f"{token}-{taken.seq}",
        body=text(taken.body),
        put_at=put_at,
        attempts=taken.attempts,
    )


def aside(listed: Listed, of: str) -> SetAside:
    """A mail that is not sent any more, out of the table *of*."""
    return SetAside(
        id=str(listed.id),
        reason=str(listed.reason or LAPSED),
        at=time(listed.free_at if listed.aside_at is None else listed.aside_at, of),
        body=text(listed.body),
    )
