"""The one row that all processes of a machine reserve from, and the file that it is in."""

from __future__ import annotations

import os
import sqlite3
from collections.abc import Callable
from contextlib import suppress
from datetime import timedelta
from sqlite3 import Connection

from sesguard._core import rate_share, store_door
from sesguard._core.rate_share import Shared
from sesguard._sqlite_file import SQLiteFile
from sesguard.errors import StoreError
from sesguard.limiters._fallback import AwayError

__all__ = ["SQLiteBucket"]

_APPLICATION_ID = 0x53455372
_STEPS = (
    (
        """
        CREATE TABLE bucket (
            id INTEGER PRIMARY KEY CHECK (id = 1),
            tokens REAL, rate REAL, size REAL, as_of REAL, pace REAL, slowed_at REAL,
            share REAL, held REAL, ahead REAL, largest REAL
        )
        """,
    ),
)
_LOOK = """
    SELECT tokens, rate, size, as_of, pace, slowed_at, share, held, ahead, largest FROM bucket
"""
_BEGIN = "INSERT INTO bucket VALUES (1, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)"
_KEEP = """
    UPDATE bucket SET tokens = ?, rate = ?, size = ?, as_of = ?, pace = ?, slowed_at = ?,
        share = ?, held = ?, ahead = ?, largest = ?
"""

_AWAY = {
    sqlite3.SQLITE_BUSY,
    sqlite3.SQLITE_CANTOPEN,
    sqlite3.SQLITE_FULL,
    sqlite3.SQLITE_IOERR,
    sqlite3.SQLITE_LOCKED,
    sqlite3.SQLITE_PERM,
    sqlite3.SQLITE_READONLY,
}
"""What says that the file cannot be used now. Anything else says that it is not to be trusted."""


class SQLiteBucket:
    """
    The bucket in a file.

    Args:
        path: The file.

        monotonic: Seconds that all processes of the machine count alike.

        busy_timeout: Seconds, or a timedelta, to wait for another process.

    Attributes:
        path: Where the file is, in full.
    """

    def __init__(
        self,
        path: str | os.PathLike[str],
        *,
        monotonic: Callable[[], float],
        busy_timeout: float | timedelta,
    ) -> None:
        self._file = _File(
            path,
            application_id=_APPLICATION_ID,
            steps=_STEPS,
            busy_timeout=store_door.span("busy_timeout", busy_timeout).total_seconds(),
        )
        self.path: str = os.fspath(self._file.path)
        self._monotonic = monotonic

    def change(
        self,
        rate: float,
        burst: float | None,
        change: Callable[[Shared], tuple[Shared, float]],
    ) -> float:
        """
        What *change* answers of the bucket as it is now. What it makes of it is kept.

        Raises:
            AwayError: The file cannot be used now.

            StoreError: It holds what is no bucket.
        """
        try:
            with self._file.writing() as connection:
                row = connection.execute(_LOOK).fetchone()
                before = None if row is None else rate_share.read(row)
                if row is not None and before is None:
                    raise self._foreign()
                # The time is asked only now: another process had the file until here.
                at = rate_share.shared(before, rate, burst, now=self._monotonic())
                after, answer = change(at)
                kept = (*after.bucket, *after.bulk)
                connection.execute(_BEGIN if before is None else _KEEP, kept)
        except StoreError as error:
            if getattr(error.original, "sqlite_errorcode", 0) & 0xFF in _AWAY:
                raise AwayError(error) from None
            raise
        return answer

    def close(self) -> None:
        """Close the file. A later use opens it again."""
        self._file.close()

    def _foreign(self) -> StoreError:
        return StoreError(
            f"{self.path} holds what is no state of a limiter. Look for what else writes there, "
            "and delete the file while nothing is sent: that costs nothing but a burst."
        )


class _File(SQLiteFile):
    """A file whose loss costs a burst and no more."""

    def _open(self) -> Connection:
        connection = super()._open()
        # Waiting for the disk at each commit would cost more than all the rest. A power cut may
        # lose the last moments, which nobody waits for after it; it cannot damage the file.
        connection.execute("PRAGMA synchronous = NORMAL")
        return connection

    def _prepare(self, connection: Connection) -> None:
        connection.execute("PRAGMA page_size = 512")  # a commit writes one page, for one row
        super()._prepare(connection)

    def _check_identity(self) -> None:
        """A file that is gone or another one is opened anew, by all processes alike."""
        if self._identity is None or self._seen() == self._identity:
            return
        gone, self._idle = self._own(), []
        self._identity = None
        with suppress(IndexError):  # another thread may take the last one
            while True:
                gone.pop().close()
