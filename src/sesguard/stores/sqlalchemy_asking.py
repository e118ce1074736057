"""How entries are found in the tables of a suppression list."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from typing import Any

from sesguard._core.listing import Place
from sesguard._core.moments import microseconds
from sesguard.addresses import AddressKey
from sesguard.errors import MissingExtraError
from sesguard.stores.sqlalchemy_rows import OTHERS, Kept, chunks, entry
from sesguard.stores.sqlalchemy_tables import kept_key
from sesguard.suppression import Suppression

try:
    import sqlalchemy as sa
except ImportError:
    raise MissingExtraError("sqlalchemy", extra="sqlalchemy") from None

__all__ = ["entries_of", "page"]

_ASKED_AT_ONCE = 30_000
"""Keys in one question. SQLite takes 32,766 values, PostgreSQL 65,535."""


def entries_of(
    connection: sa.Connection, lines: sa.Table, names: Iterable[AddressKey]
) -> list[Suppression]:
    """
    All entries under names, whether or not they hold.

    Raises:
        StoreError: Something in the table is none of ours.
    """
    by_key = {kept_key(name): name for name in names}
    asked = _rows(lines).where(lines.c.key.in_(sa.bindparam("keys", expanding=True)))
    return [
        entry(row, by_key[row.key], lines.fullname)
        for keys in chunks(list(by_key), _ASKED_AT_ONCE)
        for row in map(Kept._make, connection.execute(asked, {"keys": keys}))
        # To MySQL, a space at the end is none. A part that is unknown here is refused by `entry`.
        if row.key in by_key and row.part not in OTHERS
    ]


def page(
    connection: sa.Connection, lines: sa.Table, start: Place | None, size: int, now: datetime
) -> list[Suppression]:
    """
    All entries that hold, of as many keys from *start* on as give more than *size* lines.

    They are in the order of their lines.

    Raises:
        StoreError: Something in the table is none of ours.
    """
    which = [
        lines.c.part.not_in(OTHERS),
        sa.or_(lines.c.expires_at.is_(None), lines.c.expires_at > microseconds(now)),
    ]
    from_start = [] if start is None else [lines.c.key >= kept_key(start.key)]
    # Each key has a line. The first one may have none behind *start*.
    some = (
        sa.select(lines.c.key)
        .where(*which, *from_start)
        .distinct()
        .order_by(lines.c.key)
        .limit(size + 2)
        .subquery()
    )
    asked = _rows(lines).join(some, lines.c.key == some.c.key).where(*which)
    found = [
        entry(row, AddressKey(row.key), lines.fullname)
        for row in map(Kept._make, connection.execute(asked))
    ]
    return sorted(found, key=lambda one: (one.key, one.scope, one.reason))


def _rows(lines: sa.Table) -> sa.Select[Any]:
    return sa.select(*(lines.c[name] for name in Kept._fields))
