"""The tables of a suppression list in your database, and the names that rows have in them."""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass

from sesguard._core.store_door import text
from sesguard.errors import ConfigurationError, MissingExtraError

try:
    import sqlalchemy as sa
    from sqlalchemy.dialects import mysql
except ImportError:
    raise MissingExtraError("sqlalchemy", extra="sqlalchemy") from None

__all__ = ["LONGEST_KEY", "Tables", "clean", "digest", "kept_key", "tables"]

LONGEST_KEY = 320
"""Characters. As many as an address has at most, and few enough for an index of MySQL's."""


_COLUMNS = (
    {
        "key", "spot", "scope", "reason", "part", "at", "address", "source", "event_key",
        "detail", "expires_at", "soft_limit", "soft_window", "over_at",
    },
    {"name"},
    {"mark", "at", "token"},
    {"what", "said"},
)  # fmt: skip
"""What a table of each kind has at least."""


@dataclass(frozen=True, slots=True)
class Tables:
    """
    The tables of one list.

    Attributes:
        lines: What is known of mailboxes, a row for each part of a line.

        names: A row for each mailbox of which something is known: who changes it locks that.

        marks: The events that were applied.

        about: The version of these tables, and how names are made.
    """

    lines: sa.Table
    names: sa.Table
    marks: sa.Table
    about: sa.Table

    @property
    def all(self) -> tuple[sa.Table, ...]:
        """Each of them."""
        return self.lines, self.names, self.marks, self.about


def tables(prefix: str, metadata: sa.MetaData) -> Tables:
    """
    The tables of a list, in *metadata*. Times are microseconds since 1970, UTC.

    A row of ``lines`` is told by a digest of its whole place, so that neither the length nor the
    collation of a text makes one of two rows.

    Raises:
        ConfigurationError: There is another table of such a name.
    """
    lines = sa.Table(
        f"{prefix}lines",
        metadata,
        sa.Column("key", _exact(LONGEST_KEY), primary_key=True),
        sa.Column("spot", sa.String(64), primary_key=True),
        sa.Column("scope", _long(), nullable=False),
        sa.Column("reason", sa.String(32), nullable=False),
        sa.Column("part", sa.SmallInteger, nullable=False),
        sa.Column("at", sa.BigInteger, nullable=False),
        sa.Column("address", _long()),
        sa.Column("source", _long()),
        sa.Column("event_key", _long()),
        sa.Column("detail", _long()),
        sa.Column("expires_at", sa.BigInteger),
        sa.Column("soft_limit", sa.BigInteger),
        sa.Column("soft_window", sa.BigInteger),
        sa.Column("over_at", sa.BigInteger, index=True),
        keep_existing=True,
    )
    names = sa.Table(
        f"{prefix}names",
        metadata,
        sa.Column("name", sa.String(64), primary_key=True),
        keep_existing=True,
    )
    marks = sa.Table(
        f"{prefix}marks",
        metadata,
        sa.Column("mark", sa.String(64), primary_key=True),
        sa.Column("at", sa.BigInteger, nullable=False, index=True),
        sa.Column("token", sa.String(32), nullable=False),
        keep_existing=True,
    )
    about = sa.Table(
        f"{prefix}about",
        metadata,
        sa.Column("what", _exact(64), primary_key=True),
        sa.Column("said", sa.String(64), nullable=False),
        keep_existing=True,
    )
    made = Tables(lines, names, marks, about)
    for table, columns in zip(made.all, _COLUMNS, strict=True):
        if not columns <= set(table.c.keys()):
            raise ConfigurationError(
                f"metadata= has a table {table.name} already that is no list's: choose a "
                "table_prefix=."
            )
    return made


def _exact(length: int) -> sa.String:
    """A text that is compared, and ordered, by its characters' numbers alone."""
    made: sa.String = sa.String(length).with_variant(
        sa.String(length, collation="utf8mb4_bin"), "mysql", "mariadb"
    )
    ordered: sa.String = made.with_variant(sa.String(length, collation="C"), "postgresql")
    return ordered


def _long() -> sa.Text:
    """A text of any length: MySQL's usual one ends at 64 KiB, and may not hold all letters."""
    medium = mysql.MEDIUMTEXT(collation="utf8mb4_bin")
    made: sa.Text = sa.Text().with_variant(medium, "mysql", "mariadb")
    return made


def clean(value: str) -> str:
    """A text as all databases take it: PostgreSQL has no NUL."""
    return text(value).replace("\0", "\ufffd")


def kept_key(name: str) -> str:
    """A name as it stands in a row. An event may bring one that is longer than any address."""
    whole = clean(name)
    if len(whole) <= LONGEST_KEY:
        return whole
    return f"{whole[: LONGEST_KEY - 65]}:{digest(whole)}"


def digest(*parts: str | int) -> str:
    """What tells rows apart that differ in any of *parts*."""
    return hashlib.sha256(json.dumps(parts).encode()).hexdigest()
