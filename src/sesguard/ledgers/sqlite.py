"""Sends remembered in an SQLite file, which processes of one machine share."""

from __future__ import annotations

import os
from datetime import datetime, timedelta
from sqlite3 import Connection
from types import TracebackType
from typing import Self

from sesguard._core import store_door
from sesguard._core.moments import microseconds
from sesguard._sqlite_file import SQLiteFile
from sesguard.clocks import SystemClock
from sesguard.errors import ConfigurationError, StoreError
from sesguard.ports import Clock, Recorded

__all__ = ["SQLiteLedger"]

_STEPS = (
    (
        """
        CREATE TABLE sends (
            key TEXT NOT NULL PRIMARY KEY,
            content TEXT NOT NULL,
            result TEXT,
            at INTEGER NOT NULL
        ) WITHOUT ROWID
        """,
        "CREATE INDEX sends_at ON sends (at)",
    ),
)
"""From each version of the schema to the next. Times are microseconds since 1970, UTC."""

_BEGIN = "INSERT INTO sends (key, content, at) VALUES (?, ?, ?) ON CONFLICT DO NOTHING"
_LOOK = "SELECT content, result FROM sends WHERE key = ?"
_FINISH = """
    INSERT INTO sends (key, content, result, at) VALUES (?, '', ?, ?)
    ON CONFLICT DO UPDATE SET result = excluded.result, at = excluded.at WHERE result IS NULL
"""
_FORGET = "DELETE FROM sends WHERE key = ? AND result IS NULL"
_FORGET_OLD_ONE = "DELETE FROM sends WHERE key = ? AND at <= ?"
_FORGET_OLD = """
    DELETE FROM sends WHERE key IN (SELECT key FROM sends WHERE at <= ? ORDER BY at LIMIT 10)
"""


class SQLiteLedger:
    """
    A ledger in a file. Threads and processes of one machine share it.

    What is recorded survives a power cut: it is on the disk before the request is made. A file
    that is missing its folder, damaged, deleted under a running process, or not ours is a
    `StoreError`, and nothing is sent.

    Args:
        path: The file, on a local disk, for the ledger alone. It is made on first use; its
            folder is not.

        keep: How long a key is remembered after its send began or was settled, in seconds or as
            a timedelta. Older ones are forgotten a few at a time.

        busy_timeout: How long to wait for another writer, in seconds or as a timedelta.

        clock: Tells what is old. The system's, unless a test brings its own.

    Raises:
        ConfigurationError: An option that cannot be. Nothing is opened before the first use.
    """

    def __init__(
        self,
        path: str | os.PathLike[str],
        *,
        keep: float | timedelta = timedelta(days=30),
        busy_timeout: float | timedelta = 5.0,
        clock: Clock | None = None,
    ) -> None:
        if os.fspath(path) in ("", ":memory:"):
            raise ConfigurationError(
                "A ledger in memory forgets all when the process ends: give the path of a file, "
                "or use ledgers.MemoryLedger() in a test."
            )
        self._file = SQLiteFile(
            path,
            application_id=0x53455369,
            steps=_STEPS,
            busy_timeout=store_door.span("busy_timeout", busy_timeout).total_seconds(),
        )
        self._keep = store_door.span("keep", keep)
        self._clock: Clock = clock or SystemClock()

    def begin(self, key: str, content: str, /) -> Recorded | None:
        """
        Record, on the disk, that a send begins.

        Returns:
            None: it is this caller's to make. Else what is there.

        Raises:
            StoreError: The file cannot be written, or holds what is no record. Nothing was
                recorded.
        """
        now = self._clock.now()
        with self._file.writing() as connection:
            self._forget_old_one(connection, key, now)
            connection.execute(_FORGET_OLD, (self._over(now),))
            if connection.execute(_BEGIN, (key, content, microseconds(now))).rowcount == 1:
                return None
            content, result = connection.execute(_LOOK, (key,)).fetchone()
        return self._record(key, content, result)

    def finish(self, key: str, result: str, /) -> None:
        """
        Record what came of it, if nothing is recorded yet.

        Raises:
            StoreError: The file cannot be written.
        """
        now = self._clock.now()
        with self._file.writing() as connection:
            self._forget_old_one(connection, key, now)
            connection.execute(_FINISH, (key, result, microseconds(now)))

    def forget(self, key: str, /) -> None:
        """
        Free a key whose mail was certainly not sent, unless it is finished.

        Raises:
            StoreError: The file cannot be written.
        """
        with self._file.writing() as connection:
            connection.execute(_FORGET, (key,))

    def close(self) -> None:
        """Close connections. A later use opens new ones."""
        self._file.close()

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

    def _forget_old_one(self, connection: Connection, key: str, now: datetime) -> None:
        connection.execute(_FORGET_OLD_ONE, (key, self._over(now)))

    def _over(self, now: datetime) -> int:
        return microseconds(now - self._keep)

    def _record(self, key: str, content: object, result: object) -> Recorded:
        if not isinstance(content, str) or not (result is None or isinstance(result, str)):
            raise StoreError(
                f"{self._file.path} holds something under the key {key} that is no record of a "
                "send. Look for what else writes there, and delete that row of sends."
            )
        return Recorded(content=content, result=result)
