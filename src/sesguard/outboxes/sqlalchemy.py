"""An outbox in a table of your database, filled within your own transactions."""

from __future__ import annotations

import copy
from collections.abc import Generator, Sequence
from contextlib import AbstractContextManager, contextmanager
from datetime import datetime
from types import TracebackType
from typing import Protocol, Self

from sesguard._core import store_door
from sesguard._sqlalchemy_engine import check_connections, failing
from sesguard.clocks import SystemClock
from sesguard.errors import ConfigurationError, MissingExtraError
from sesguard.outboxes import sqlalchemy_table as rows
from sesguard.outboxes.sqlalchemy_taking import take
from sesguard.ports import Clock, OutboxEntry, SetAside
from sesguard.suppression import Page

try:
    import sqlalchemy as sa
    from sqlalchemy.exc import IntegrityError
except ImportError:
    raise MissingExtraError("sqlalchemy", extra="sqlalchemy") from None

__all__ = ["SQLAlchemyOutbox"]

_DIALECTS = ("sqlite", "postgresql", "mysql", "mariadb")


class _Session(Protocol):
    """The part of `sqlalchemy.orm.Session` that is called."""

    def connection(self) -> sa.Connection: ...


class SQLAlchemyOutbox:
    """
    Mails in a table, until they are sent. All that use the database share it.

    With `within`, a mail is in the outbox if, and only if, the transaction is committed that
    makes the order it confirms::

        with Session(engine) as session, session.begin():
            session.add(order)
            Outbox(store.within(session)).put(email)

    All else is done in short transactions of its own. Leases and due times go by the time of day
    of the machines that take: their clocks must agree to much less than a lease.

    Args:
        engine: Of SQLite in a file, PostgreSQL from 9.5, MySQL from 8.0 or MariaDB from 10.6. It
            stays the caller's, who disposes of it.

        table_name: The table. `create_all` makes it; for a migration, give *metadata*.

        metadata: What Alembic compares the database with: the table is added to it, unless it is
            there. ``store.table`` is the table.

        clock: Tells what is due. The system's, unless a test brings its own.

    Raises:
        ConfigurationError: An option that cannot be. Nothing is asked before the first use.
    """

    def __init__(
        self,
        engine: sa.Engine,
        *,
        table_name: str = "sesguard_outbox",
        metadata: sa.MetaData | None = None,
        clock: Clock | None = None,
    ) -> None:
        _check(engine)
        self._engine = engine
        self.table: sa.Table = rows.table(
            table_name, sa.MetaData() if metadata is None else metadata
        )
        self._clock: Clock = clock or SystemClock()
        self._callers: sa.Connection | _Session | None = None

    def create_all(self) -> None:
        """
        Make the table and its indexes, where there are none.

        Raises:
            StoreError: The database cannot be used.
        """
        with self._failing():
            self.table.metadata.create_all(self._engine, tables=[self.table])

    def within(self, transaction: sa.Connection | _Session, /) -> Self:
        """
        The same outbox, but for `put`, which takes part in a transaction of the caller's.

        Args:
            transaction: A `Connection` or a `Session`, of the same database. It is for the caller
                to commit; where that fails, or is left out, no mail was put. Of an AsyncSession,
                give what its ``run_sync`` brings.

        Raises:
            ConfigurationError: It is neither.
        """
        if not isinstance(transaction, sa.Connection) and (
            isinstance(transaction, sa.Engine)
            or not callable(getattr(transaction, "connection", None))
            or hasattr(transaction, "run_sync")
        ):
            raise ConfigurationError(
                "An outbox is filled within a Connection or a Session of SQLAlchemy. Of an "
                "asynchronous one: await session.run_sync(lambda session: "
                "Outbox(store.within(session)).put(email))."
            )
        inside = copy.copy(self)
        inside._callers = transaction
        return inside

    def put(self, id: str, body: str, /, *, due: datetime, priority: int) -> None:
        """
        Keep a mail. Within a transaction, it is kept as soon as that is committed.

        Raises:
            ConfigurationError: There is one of this id, or it does not fit in the table.

            StoreError: The database cannot be used. A transaction of the caller's has to be
                rolled back.
        """
        row = rows.values(id, body, due=due, priority=priority, now=self._clock.now())
        with self._failing(), self._putting() as connection:
            try:
                connection.execute(self.table.insert(), row)
            except IntegrityError as error:
                raise ConfigurationError(
                    f"There is a mail {id!r} in the outbox already.", original=error
                ) from None

    def take(self, limit: int, lease: float, /) -> Sequence[OutboxEntry]:
        """
        Up to *limit* mails that are due, for *lease* seconds.

        A row that cannot be read is set aside as failed.

        Raises:
            StoreError: The database cannot be used. What was taken comes back with its lease.
        """
        size, span = store_door.limit(limit), store_door.span("lease", lease)
        next_due, now = self.next_due(), self._clock.now()
        if next_due is None or next_due > now:
            return ()  # without keeping a writer of an SQLite file out
        with self._failing(), self._engine.begin() as connection:
            return take(connection, self.table, size, lease=span, now=rows.number(now))

    def begin(self, receipt: str, /) -> bool:
        """
        Record that it is sent now, and commit that.

        A lease that lapsed, of a mail that nobody else has taken yet, is renewed as well.

        Raises:
            StoreError: The database cannot be used: do not send.
        """
        columns, now = self.table.c, rows.number(self._clock.now())
        renewed = {"state": rows.BEGUN, "free_at": columns.lease + now}
        return self._change(self.table.update().where(self._lent(receipt)).values(renewed))

    def sent(self, receipt: str, /) -> bool:
        """
        Forget it.

        Raises:
            StoreError: The database cannot be used.
        """
        return self._change(self.table.delete().where(self._lent(receipt)))

    def put_back(self, receipt: str, /, *, due: datetime, counts: bool) -> bool:
        """
        Have it taken again from *due*.

        Raises:
            StoreError: The database cannot be used.
        """
        back = {
            "state": rows.WAITS,
            "receipt": None,
            "due": rows.number(due),
            "free_at": rows.number(due),
            "attempts": self.table.c.attempts + int(counts),
        }
        return self._change(self.table.update().where(self._lent(receipt)).values(back))

    def set_aside(self, receipt: str, reason: str, /, *, unknown: bool) -> bool:
        """
        Have it taken no more, and listed.

        Raises:
            StoreError: The database cannot be used.
        """
        state = rows.UNKNOWN if unknown else rows.FAILED
        aside = rows.set_aside(reason, state, rows.number(self._clock.now()))
        return self._change(self.table.update().where(self._lent(receipt)).values(aside))

    def unknown(self, after: str | None = None, limit: int = 1000) -> Page[SetAside]:
        """
        Those that may have been sent, in the order in which they were put.

        Raises:
            StoreError: The database cannot be used.
        """
        now = rows.number(self._clock.now())
        return self._page(rows.unknown(self.table, now), after, limit)

    def failed(self, after: str | None = None, limit: int = 1000) -> Page[SetAside]:
        """
        Those that were given up, in the order in which they were put.

        Raises:
            StoreError: The database cannot be used.
        """
        return self._page(rows.failed(self.table), after, limit)

    def settle(self, id: str, /, *, again: bool) -> bool:
        """
        Send one that was set aside again, or forget it. One that is being sent is only forgotten.

        Raises:
            StoreError: The database cannot be used.
        """
        columns, now = self.table.c, rows.number(self._clock.now())
        aside = sa.or_(rows.unknown(self.table, now), rows.failed(self.table))
        if not again:
            aside = sa.or_(aside, columns.state == rows.BEGUN)
            return self._change(self.table.delete().where(columns.id == id, aside))
        here = self.table.update().where(columns.id == id, aside)
        return self._change(here.values(rows.anew(now)))

    def next_due(self) -> datetime | None:
        """
        When the next one can be taken; it may be past.

        Raises:
            StoreError: The database cannot be used.
        """
        columns = self.table.c
        asked = sa.select(sa.func.min(columns.free_at)).where(columns.state == rows.WAITS)
        with self._failing(), self._engine.connect() as connection:
            at = connection.scalar(asked)
        return None if at is None else rows.time(at, self.table.fullname)

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

    @contextmanager
    def _putting(self) -> Generator[sa.Connection, None, None]:
        """The caller's transaction, or one of our own."""
        if self._callers is None:
            with self._engine.begin() as connection:
                yield connection
        elif isinstance(self._callers, sa.Connection):
            yield self._callers
        else:
            yield self._callers.connection()

    def _lent(self, receipt: str) -> sa.ColumnElement[bool]:
        """What a receipt stands for, unless it was taken by another since."""
        token, _, seq = receipt.partition("-")
        if not seq.isascii() or not seq.isdigit() or len(seq) > 18:
            return sa.false()
        return sa.and_(self.table.c.seq == int(seq), self.table.c.receipt == token)

    def _change(self, statement: sa.Update | sa.Delete) -> bool:
        with self._failing(), self._engine.begin() as connection:
            return connection.execute(statement).rowcount == 1

    def _page(self, which: sa.ColumnElement[bool], after: str | None, limit: int) -> Page[SetAside]:
        size, start, columns = store_door.limit(limit), store_door.row(after), self.table.c
        asked = (
            sa.select(*(columns[name] for name in rows.Listed._fields))
            .where(which, columns.seq > start)
            .order_by(columns.seq)
            .limit(size + 1)
        )
        with self._failing(), self._engine.connect() as connection:
            found = [rows.Listed(*row) for row in connection.execute(asked)]
        items = [rows.aside(row, self.table.fullname) for row in found[:size]]
        return Page(items, str(found[size - 1].seq) if len(found) > size else None)

    def _failing(self) -> AbstractContextManager[None]:
        return failing(f"The outbox's table {self.table.fullname}", "store.create_all()")


def _check(engine: object) -> None:
    if not isinstance(engine, sa.Engine):
        raise ConfigurationError(
            "engine= must be an Engine of SQLAlchemy: give a session or a connection to "
            "store.within. Of an AsyncEngine, pass its address to sqlalchemy.create_engine with a "
            "driver that is not asynchronous."
        )
    if engine.dialect.name not in _DIALECTS:
        raise ConfigurationError(
            f"An outbox in {engine.dialect.name} is not known to give each mail to one sender: use "
            "SQLite, PostgreSQL, MySQL or MariaDB."
        )
    check_connections(engine, instead="Use a file.")
