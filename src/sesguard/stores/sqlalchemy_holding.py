"""How several change a suppression list in a database at once, and none loses what another did."""

from __future__ import annotations

import secrets
from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta

from sesguard._core.moments import MICROSECOND, microseconds
from sesguard.addresses import AddressKey
from sesguard.errors import MissingExtraError
from sesguard.stores.sqlalchemy_rows import chunks
from sesguard.stores.sqlalchemy_tables import Tables, digest, kept_key

try:
    import sqlalchemy as sa
    from sqlalchemy.dialects import mysql, postgresql, sqlite
except ImportError:
    raise MissingExtraError("sqlalchemy", extra="sqlalchemy") from None

__all__ = ["hold", "let_go", "lock", "mark", "sweep"]


def lock(connection: sa.Connection, table: sa.Table, rows: Iterable[dict[str, object]]) -> None:
    """
    Lock a row for each of *rows* until the transaction ends: what is there, or is put there.

    They are locked in one order everywhere, so that no two wait for one another. What is there
    is written again as it is: to who has looked at it before, in a transaction that only sees
    one moment, that is an error, and not a look at what is past.
    """
    (column,) = table.primary_key.columns
    ordered = sorted(rows, key=lambda row: str(row[column.name]))
    if ordered:
        connection.execute(_insert(connection.dialect.name, table, column), ordered)


def _insert(dialect: str, table: sa.Table, column: sa.Column[str]) -> sa.Insert:
    if dialect in ("mysql", "mariadb"):
        return mysql.insert(table).on_duplicate_key_update({column.name: column})
    new = postgresql.insert(table) if dialect == "postgresql" else sqlite.insert(table)
    same = {column.name: new.excluded[column.name]}
    return new.on_conflict_do_update(index_elements=[column], set_=same)


def mark(
    connection: sa.Connection, marks: sa.Table, event_keys: Sequence[str], at: int
) -> set[str]:
    """Remember events. Those that were not remembered before are given back."""
    token = secrets.token_hex(16)
    by_mark = {digest(key): key for key in event_keys}
    lock(connection, marks, ({"mark": one, "at": at, "token": token} for one in by_mark))
    ours = sa.select(marks.c.mark).where(marks.c.token == token)
    return {
        by_mark[one]
        for some in chunks(sorted(by_mark))
        for one in connection.scalars(ours.where(marks.c.mark.in_(some)))
    }


def hold(connection: sa.Connection, tables: Tables, names: Iterable[AddressKey]) -> None:
    """Keep others from changing what is known under names, until the transaction ends."""
    lock(connection, tables.names, ({"name": one} for one in {_anchor(name) for name in names}))


def let_go(connection: sa.Connection, tables: Tables, names: Iterable[AddressKey]) -> None:
    """Take out the rows of names that are held, and of which nothing is known."""
    _delete(connection, tables.names, [(_anchor(name),) for name in names])


def sweep(
    connection: sa.Connection, tables: Tables, now: datetime, keep: timedelta, *, at_most: int
) -> None:
    """Take out marks, and soft bounces that count for nothing. What others hold is left."""
    old = microseconds(now) - keep // MICROSECOND
    _delete(connection, tables.marks, _over(connection, tables.marks.c.at, old, at_most))
    bounces = _over(connection, tables.lines.c.over_at, microseconds(now), at_most)
    _delete(connection, tables.lines, bounces)
    _sweep_names(connection, tables, {key for key, _ in bounces})


def _over(
    connection: sa.Connection, column: sa.Column[int], at: int, at_most: int
) -> list[tuple[str, ...]]:
    """The primary keys of rows whose time is over."""
    asked = (
        sa.select(*column.table.primary_key.columns)
        .where(column <= at)
        .order_by(column)
        .limit(at_most)
        .with_for_update(skip_locked=True)
    )
    return [tuple(row) for row in connection.execute(asked)]


def _sweep_names(connection: sa.Connection, tables: Tables, keys: set[str]) -> None:
    """Take out the rows of names of which nothing is known any more."""
    name, key = tables.names.c.name, tables.lines.c.key
    for some in chunks(sorted(keys)):
        anchors = {digest(one): one for one in some}
        asked = sa.select(name).where(name.in_(anchors)).with_for_update(skip_locked=True)
        held = connection.scalars(asked).all()
        left = connection.scalars(sa.select(key).where(key.in_(some)).distinct()).all()
        empty = [(one,) for one in held if anchors[one] not in left]
        _delete(connection, tables.names, empty)


def _delete(connection: sa.Connection, table: sa.Table, keys: Sequence[tuple[str, ...]]) -> None:
    """Delete rows by their primary keys, the last column of which is enough to tell them."""
    for some in chunks(keys):
        which = zip(table.primary_key.columns, zip(*some, strict=True), strict=True)
        connection.execute(table.delete().where(*(column.in_(values) for column, values in which)))


def _anchor(name: AddressKey) -> str:
    return digest(kept_key(name))
