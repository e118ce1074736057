"""Where the statements of a suppression list go: transactions of its own, or the caller's."""

from __future__ import annotations

import copy
import os
import random
from collections.abc import Callable, Generator
from contextlib import contextmanager
from typing import Protocol, Self, TypeVar

from sesguard._sqlalchemy_engine import check_connections
from sesguard.errors import ConfigurationError, MissingExtraError
from sesguard.ports import Clock

try:
    import sqlalchemy as sa
    from sqlalchemy.exc import DBAPIError
except ImportError:
    raise MissingExtraError("sqlalchemy", extra="sqlalchemy") from None

__all__ = ["Callers", "Transactions", "lost_a_race"]

_DIALECTS = ("sqlite", "postgresql", "mysql", "mariadb")
_TRIES = 6
"""How often a transaction is made before the database's word that it got in the way is final."""

_RACES = {"40001", "40P01", 1213, 1020}
"""What PostgreSQL (the first two) and MySQL say to one of several that got in one another's way."""

T = TypeVar("T")


class Callers(Protocol):
    """The part of `sqlalchemy.orm.Session` that is called."""

    def connection(self) -> sa.Connection: ...


class Transactions:
    """
    Opens transactions, or takes part in one.

    Raises:
        ConfigurationError: The engine is none, or of a database that is not known here.
    """

    def __init__(self, engine: sa.Engine, clock: Clock) -> None:
        _check(engine)
        self.engine: sa.Engine = engine
        self._clock = clock
        self._pool = os.getpid(), engine.pool
        self._callers: sa.Connection | Callers | None = None

    def within(self, callers: sa.Connection | Callers) -> Self:
        """
        One that takes part in a transaction of the caller's.

        Raises:
            ConfigurationError: It is neither a connection nor a session.
        """
        if not isinstance(callers, sa.Connection) and (
            isinstance(callers, sa.Engine)
            or not callable(getattr(callers, "connection", None))
            or hasattr(callers, "run_sync")
        ):
            raise ConfigurationError(
                "A list is used within a Connection or a Session of SQLAlchemy. Of an "
                "asynchronous one: await session.run_sync(lambda session: "
                "store.within(session).apply(batch))."
            )
        inside = copy.copy(self)
        inside._callers = callers
        return inside

    @contextmanager
    def reading(self) -> Generator[sa.Connection, None, None]:
        """For questions of one statement each."""
        if self._callers is not None:
            yield _connection(self._callers)
            return
        engine = self._own()
        with engine.connect() as connection:
            if engine.dialect.name == "postgresql":  # a statement alone is a transaction
                connection.execution_options(isolation_level="AUTOCOMMIT")
            yield connection

    def write(self, act: Callable[[sa.Connection], T]) -> T:
        """
        All that *act* does, or nothing. In a transaction of our own it may be done again.

        Raises:
            ConfigurationError: The caller's connection commits by itself.
        """
        if self._callers is not None:
            return _within(_connection(self._callers), act)
        for attempt in range(1, _TRIES):
            try:
                return self._once(act)
            except DBAPIError as error:
                if not lost_a_race(error):
                    raise
            self._clock.sleep(random.uniform(0, 0.02 * 2**attempt))
        return self._once(act)

    def _once(self, act: Callable[[sa.Connection], T]) -> T:
        engine = self._own()
        in_a_file = engine.dialect.name == "sqlite"
        with engine.connect() as connection:
            if not in_a_file:
                # Each statement sees what was committed before it, as it must after it has waited.
                connection.execution_options(isolation_level="READ COMMITTED")
            with connection.begin():
                if in_a_file and not _is_open(connection):
                    connection.exec_driver_sql("BEGIN IMMEDIATE")
                return act(connection)

    def _own(self) -> sa.Engine:
        """The engine, without connections that came through a fork: they are the parent's."""
        pid, pool = self._pool
        if pid != os.getpid():
            if self.engine.pool is pool:
                self.engine.dispose(close=False)
            self._pool = os.getpid(), self.engine.pool
        return self.engine


def lost_a_race(error: DBAPIError) -> bool:
    """Whether the database ended a transaction since another one was in its way."""
    told: object = error.orig
    codes = [getattr(told, name, None) for name in ("sqlstate", "pgcode", "errno")]
    first = getattr(told, "args", ())[:1]
    return any(isinstance(code, str | int) and code in _RACES for code in (*codes, *first))


def _connection(callers: sa.Connection | Callers) -> sa.Connection:
    return callers if isinstance(callers, sa.Connection) else callers.connection()


def _within(connection: sa.Connection, act: Callable[[sa.Connection], T]) -> T:
    """All that *act* does, or nothing, whatever the caller makes of an error."""
    if connection.get_execution_options().get("isolation_level") == "AUTOCOMMIT":
        raise ConfigurationError(
            "The connection given to store.within commits each statement by itself, so that there "
            "is no transaction to take part in: use the store without within."
        )
    if connection.dialect.name == "sqlite" and not _is_open(connection):
        # The driver begins no transaction for a SAVEPOINT, which would be committed by itself.
        connection.exec_driver_sql("BEGIN IMMEDIATE")
    with connection.begin_nested():
        return act(connection)


def _is_open(connection: sa.Connection) -> bool:
    """Whether SQLite is in a transaction: its driver begins one before the first change only."""
    return bool(getattr(connection.connection.dbapi_connection, "in_transaction", False))


def _check(engine: object) -> None:
    if not isinstance(engine, sa.Engine):
        raise ConfigurationError(
            "engine= must be an Engine of SQLAlchemy: give a session or a connection to "
            "store.within. Of an AsyncEngine, pass its address to sqlalchemy.create_engine with a "
            "driver that is not asynchronous."
        )
    if engine.dialect.name not in _DIALECTS:
        raise ConfigurationError(
            f"A list in {engine.dialect.name} is not known to keep what several write at once: use "
            "SQLite, PostgreSQL, MySQL or MariaDB."
        )
    check_connections(engine, instead="Use a file, or stores.MemoryStore() in a test.")
