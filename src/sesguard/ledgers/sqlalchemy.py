"""Sends remembered in a table of your database."""

from __future__ import annotations

from contextlib import AbstractContextManager
from datetime import timedelta
from itertools import count
from types import TracebackType
from typing import Self

from sesguard._core import store_door
from sesguard._core.moments import MICROSECOND, microseconds
from sesguard._sqlalchemy_engine import check_connections, failing
from sesguard.clocks import SystemClock
from sesguard.errors import ConfigurationError, MissingExtraError, StoreError
from sesguard.ports import Clock, Recorded

try:
    import sqlalchemy as sa
    from sqlalchemy.exc import IntegrityError
except ImportError:
    raise MissingExtraError("sqlalchemy", extra="sqlalchemy") from None

__all__ = ["SQLAlchemyLedger"]

_TRIES = 5
"""How often a row may come and go under our hands."""

_SWEEP_EVERY, _SWEEP_AT_MOST = 20, 100
"""Begins from one look for old rows to the next, and rows deleted then."""


class SQLAlchemyLedger:
    """
    A ledger in a table. All that use the database share it.

    Each call is a transaction of its own on a connection of its own, which is committed before
    the request is made, whatever becomes of a transaction that the caller has open.

    Args:
        engine: Of any database that SQLAlchemy 2 speaks to, except an SQLite one in memory. It
            stays the caller's, who disposes of it.

        table_name: The table. `create_table` makes it; for a migration, give *metadata*.

        metadata: What Alembic compares the database with: the table is added to it, unless it
            is there. ``ledger.table`` is the table.

        keep: How long a key is remembered after its send began or was settled, in seconds or as
            a timedelta. Older ones are forgotten a hundred at a time.

        clock: Tells what is old. The system's, unless a test brings its own.

    Raises:
        ConfigurationError: An option that cannot be. Nothing is asked before the first use.
    """

    def __init__(
        self,
        engine: sa.Engine,
        *,
        table_name: str = "sesguard_ledger",
        metadata: sa.MetaData | None = None,
        keep: float | timedelta = timedelta(days=30),
        clock: Clock | None = None,
    ) -> None:
        _check(engine)
        self._engine = engine
        self.table: sa.Table = _table(table_name, sa.MetaData() if metadata is None else metadata)
        self._keep = store_door.span("keep", keep)
        self._clock: Clock = clock or SystemClock()
        self._begins = count()

    def create_table(self) -> None:
        """
        Make the table, where there is none.

        Raises:
            StoreError: The database cannot be used.
        """
        with self._failing():
            self.table.create(self._engine, checkfirst=True)

    def begin(self, key: str, content: str, /) -> Recorded | None:
        """
        Record that a send begins, and commit that.

        Returns:
            None: it is this caller's to make. Else what is there.

        Raises:
            StoreError: The database cannot be used, or holds what is no record.
        """
        at = microseconds(self._clock.now())
        with self._failing():
            if next(self._begins) % _SWEEP_EVERY == 0:
                self._sweep(at)
            for _ in range(_TRIES):
                if self._insert(key, at, content=content):
                    return None
                recorded = self._recorded(key)
                if recorded is not None:
                    return recorded
        raise self._contended(key)

    def finish(self, key: str, result: str, /) -> None:
        """
        Record what came of it, if nothing is recorded yet, and commit that.

        Raises:
            StoreError: The database cannot be used, or holds what is no record.
        """
        at = microseconds(self._clock.now())
        with self._failing():
            for _ in range(_TRIES):
                if self._update(key, at, result):
                    return
                recorded = self._recorded(key)
                if recorded is not None and recorded.result is not None:
                    return
                if recorded is None and self._insert(key, at, content="", result=result):
                    return
        raise self._contended(key)

    def forget(self, key: str, /) -> None:
        """
        Free a key whose mail was certainly not sent, unless it is finished, and commit that.

        Raises:
            StoreError: The database cannot be used.
        """
        columns = self.table.c
        with self._failing(), self._engine.begin() as connection:
            connection.execute(
                self.table.delete().where(columns.key == key, columns.result.is_(None))
            )

    def close(self) -> None:
        """Nothing is held open: the engine is the caller's."""

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
        /,
    ) -> None:
        self.close()

    def _insert(self, key: str, at: int, *, content: str, result: str | None = None) -> bool:
        """Put a row where there is none, or an old one. Of several that do so, one does."""
        old = self.table.delete().where(self.table.c.key == key, self.table.c.at <= self._over(at))
        new = self.table.insert().values(key=key, content=content, result=result, at=at)
        try:
            with self._engine.begin() as connection:
                connection.execute(old)
                connection.execute(new)
        except IntegrityError:
            return False
        return True

    def _update(self, key: str, at: int, result: str) -> bool:
        columns = self.table.c
        first = self.table.update().where(columns.key == key, columns.result.is_(None))
        with self._engine.begin() as connection:
            return connection.execute(first.values(result=result, at=at)).rowcount == 1

    def _recorded(self, key: str) -> Recorded | None:
        columns = self.table.c
        asked = sa.select(columns.content, columns.result).where(columns.key == key)
        with self._engine.connect() as connection:
            row = connection.execute(asked).one_or_none()
        if row is None:
            return None
        content, result = row
        if not isinstance(content, str) or not (result is None or isinstance(result, str)):
            raise StoreError(
                f"The table {self.table.fullname} holds something under the key {key} that is no "
                "record of a send. Look for what else writes there, and delete that row."
            )
        return Recorded(content=content, result=result)

    def _sweep(self, at: int) -> None:
        """Delete some old rows, in one order in all processes, so that none waits in a circle."""
        columns, over = self.table.c, self._over(at)
        old = sa.select(columns.key).where(columns.at <= over)
        one = self.table.delete().where(columns.key == sa.bindparam("old"), columns.at <= over)
        with self._engine.connect() as connection:
            keys = connection.scalars(old.limit(_SWEEP_AT_MOST)).all()
        if keys:
            with self._engine.begin() as connection:
                connection.execute(one, [{"old": key} for key in sorted(keys)])

    def _over(self, at: int) -> int:
        return at - self._keep // MICROSECOND

    def _contended(self, key: str) -> StoreError:
        return StoreError(
            f"The row of the key {key} in the table {self.table.fullname} came and went {_TRIES} "
            "times while it was looked at: try again."
        )

    def _failing(self) -> AbstractContextManager[None]:
        return failing(f"The ledger's table {self.table.fullname}", "ledger.create_table()")


def _check(engine: object) -> None:
    if not isinstance(engine, sa.Engine):
        raise ConfigurationError(
            "engine= must be an Engine of SQLAlchemy: a session or a connection has a transaction "
            "of the caller's, which may be undone after the mail was sent. Of an AsyncEngine, "
            "pass its address to sqlalchemy.create_engine with a driver that is not asynchronous."
        )
    check_connections(engine, instead="Use a file, or ledgers.MemoryLedger() in a test.")


def _table(name: str, metadata: sa.MetaData) -> sa.Table:
    table = sa.Table(
        name,
        metadata,
        sa.Column("key", sa.String(64), primary_key=True),
        sa.Column("content", sa.String(64), nullable=False),
        # MySQL's usual text is too short for fifty recipients that were all refused at length.
        sa.Column("result", sa.Text().with_variant(sa.Text(2**24 - 1), "mysql", "mariadb")),
        sa.Column("at", sa.BigInteger, nullable=False, index=True),
        keep_existing=True,
    )
    if not {"key", "content", "result", "at"} <= set(table.c.keys()):
        raise ConfigurationError(
            f"metadata= has a table {name} already that is no ledger's: choose a table_name=."
        )
    return table
