"""One SQLite file: its connections, its schema, and what goes wrong with it, in our words."""

from __future__ import annotations

import os
import sqlite3
import time
from collections.abc import Callable, Generator, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from sqlite3 import Connection
from typing import TypeVar

from sesguard.errors import ConfigurationError, StoreError

__all__ = ["SQLiteFile"]

T = TypeVar("T")

_NEXT_STEP = {
    sqlite3.SQLITE_BUSY: "is locked by another process for too long: try again, and look for a "
    "transaction that somebody left open",
    sqlite3.SQLITE_LOCKED: "is locked by another connection: try again",
    sqlite3.SQLITE_FULL: "cannot grow, so nothing was written: make room on its disk",
    sqlite3.SQLITE_READONLY: "cannot be written: give this process write permission to the file "
    "and its folder",
    sqlite3.SQLITE_PERM: "cannot be used: give this process permission to the file and its folder",
    sqlite3.SQLITE_CANTOPEN: "cannot be opened: its folder must exist and let this process write",
    sqlite3.SQLITE_IOERR: "could not be read or written by the operating system: look at its disk",
    sqlite3.SQLITE_CORRUPT: "is damaged: stop all that use it and bring back a copy",
    sqlite3.SQLITE_NOTADB: "is no SQLite database: check the path, or bring back a copy",
}


class SQLiteFile:
    """
    A file that processes and threads share.

    Every connection belongs to the process that opened it and is used by one thread at a time;
    as many are kept as were in use at once. After a fork the child opens its own.

    Once opened, the file must stay the same one: a deleted or replaced file is an error, never
    an empty list.

    Args:
        path: The file. It is made on first use where there is none; its folder is not.

        application_id: Tells our files from other people's.

        steps: The statements that lead from each version of the schema to the next, the first
            step from nothing.

        busy_timeout: Seconds to wait for another writer.

        opened: Sees each new connection before it is used. What it raises is the error.
    """

    def __init__(
        self,
        path: str | os.PathLike[str],
        *,
        application_id: int,
        steps: Sequence[Sequence[str]],
        busy_timeout: float,
        opened: Callable[[Connection], None] | None = None,
    ) -> None:
        if os.fspath(path) in ("", ":memory:"):
            raise ConfigurationError(
                "A database in memory is a different, empty one for each thread and process: "
                "use stores.MemoryStore(), or give the path of a file."
            )
        self.path: Path = Path(path).absolute()
        self._application_id = application_id
        self._steps = steps
        self._busy_timeout = busy_timeout
        self._opened = opened
        self._pid = os.getpid()
        self._idle: list[Connection] = []
        self._inherited: list[list[Connection]] = []
        self._identity: tuple[int, int] | None = None

    @contextmanager
    def reading(self) -> Generator[Connection, None, None]:
        """
        A connection to read one statement's worth from.

        Raises:
            StoreError: The file cannot be read.
        """
        idle = self._own()
        try:
            connection = self._take(idle)
            try:
                yield connection
            except BaseException:
                self._discard(connection)
                raise
        except sqlite3.Error as error:
            raise self._failed(error) from None
        self._put(connection, idle)

    @contextmanager
    def writing(self) -> Generator[Connection, None, None]:
        """
        A connection in a transaction that is committed at the end, or undone.

        It begins as a writer: one that becomes a writer halfway fails at once where another
        wrote in the meantime, whatever the time-out.

        Raises:
            StoreError: The file cannot be written. Nothing was.
        """
        with self.reading() as connection:
            connection.execute("BEGIN IMMEDIATE")
            yield connection
            connection.execute("COMMIT")

    def close(self) -> None:
        """Close connections. A later use opens new ones."""
        idle, self._idle = self._own(), []
        for connection in idle:
            connection.close()

    def _own(self) -> list[Connection]:
        """This process's idle connections."""
        if self._pid != os.getpid():
            # SQLite forbids to use, and to close, what came through a fork: so it is kept.
            self._inherited.append(self._idle)
            self._idle = []
            self._pid = os.getpid()
        return self._idle

    def _take(self, idle: list[Connection]) -> Connection:
        self._check_identity()
        with suppress(IndexError):  # another thread may take the last one
            return idle.pop()
        return self._open()

    def _put(self, connection: Connection, idle: list[Connection]) -> None:
        if idle is self._idle:
            idle.append(connection)
        else:  # closed in the meantime
            connection.close()

    @staticmethod
    def _discard(connection: Connection) -> None:
        """Close a connection that something failed on: that undoes what was not committed."""
        connection.close()

    def _check_identity(self) -> None:
        if self._identity is not None and self._seen() != self._identity:
            raise StoreError(
                f"{self.path} was deleted or replaced while this process used it. Bring the "
                "file back, or restart the process to begin with the one that is there now."
            )

    def _seen(self) -> tuple[int, int] | None:
        try:
            status = os.stat(self.path)
        except OSError:
            return None
        return status.st_dev, status.st_ino

    def _open(self) -> Connection:
        # Asked before the file is looked at: another thread may make it while this one looks.
        known = self._identity is not None
        mode = "rw" if known else "rwc"
        connection = sqlite3.connect(
            f"{self.path.as_uri()}?mode={mode}",
            uri=True,
            timeout=self._busy_timeout,
            isolation_level=None,
            check_same_thread=False,
        )
        try:
            connection.execute("PRAGMA synchronous = FULL")
            connection.execute("BEGIN")  # one view of the file, which another may be making
            version = self._version(connection, known=known)
            connection.execute("COMMIT")
            if version != len(self._steps):
                self._prepare(connection)
            if self._identity is None:
                self._identity = self._seen()
            self._check_identity()
            if self._opened is not None:
                self._opened(connection)
        except BaseException:
            connection.close()
            raise
        return connection

    def _version(self, connection: Connection, *, known: bool) -> int:
        """
        Which schema the file has, seen within a transaction; 0 for a file that is new.

        Args:
            known: Whether the file was in use before: then it is not new.

        Raises:
            StoreError: It is not one of ours, or not one of this version's.
        """
        owner: int = connection.execute("PRAGMA application_id").fetchone()[0]
        version: int = connection.execute("PRAGMA user_version").fetchone()[0]
        tables: int = connection.execute("SELECT count(*) FROM sqlite_master").fetchone()[0]
        if owner == self._application_id and 0 < version <= len(self._steps):
            return version
        if owner == self._application_id and version > len(self._steps):
            raise StoreError(
                f"{self.path} was written by a newer version of sesguard (schema {version}, this "
                f"one knows {len(self._steps)}): update sesguard here."
            )
        if owner or version or tables or known:
            raise StoreError(
                f"{self.path} is not a file of this store, but another application's, or emptied: "
                "give the store a file of its own."
            )
        return 0

    def _prepare(self, connection: Connection) -> None:
        """Lead the schema to this version. Of processes that do so at once, one does."""
        mode = self._patiently(lambda: connection.execute("PRAGMA journal_mode = WAL").fetchone())
        if mode[0] != "wal":
            raise StoreError(
                f"{self.path} is on a file system that SQLite cannot share it on: keep it on a "
                "local disk."
            )
        connection.execute("BEGIN IMMEDIATE")
        known = self._identity is not None  # nobody makes it while this one may write
        for step in self._steps[self._version(connection, known=known) :]:
            for statement in step:
                connection.execute(statement)
        connection.execute(f"PRAGMA application_id = {self._application_id}")
        connection.execute(f"PRAGMA user_version = {len(self._steps)}")
        connection.execute("COMMIT")

    def _patiently(self, act: Callable[[], T]) -> T:
        """SQLite does not wait by itself where the journal's mode changes."""
        deadline = time.monotonic() + self._busy_timeout
        while True:
            try:
                return act()
            except sqlite3.OperationalError as error:
                if _code(error) != sqlite3.SQLITE_BUSY or time.monotonic() > deadline:
                    raise
                time.sleep(0.01)

    def _failed(self, error: sqlite3.Error) -> StoreError:
        next_step = _NEXT_STEP.get(_code(error), f"failed with {type(error).__name__}")
        return StoreError(f"{self.path} {next_step}.", original=error)


def _code(error: sqlite3.Error) -> int:
    """SQLite's primary result code; 0 for what the sqlite3 module itself refuses."""
    return getattr(error, "sqlite_errorcode", 0) & 0xFF
