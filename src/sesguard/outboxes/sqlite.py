"""An outbox in an SQLite file, which processes of one machine share."""

from __future__ import annotations

import os
import secrets
from collections.abc import Sequence
from datetime import datetime, timedelta
from types import TracebackType
from typing import Self

from sesguard._core import store_door
from sesguard._sqlite_file import SQLiteFile
from sesguard.clocks import SystemClock
from sesguard.errors import ConfigurationError
from sesguard.outboxes import sqlite_rows as rows
from sesguard.ports import Clock, OutboxEntry, SetAside
from sesguard.suppression import Page

__all__ = ["SQLiteOutbox"]


class SQLiteOutbox:
    """
    Mails in a file, until they are sent. Threads and processes of one machine share it.

    What was put survives a power cut. Leases and due times go by the machine's time of day: where
    it is set back, mails wait as much longer.

    Args:
        path: The file, on a local disk. It is made on first use; its folder is not.

        busy_timeout: How long to wait for another writer, in seconds or as a timedelta.

        clock: Tells what is due. The system's, unless a test brings its own.

    Raises:
        ConfigurationError: An option that cannot be. Nothing is opened before the first use.
    """

    def __init__(
        self,
        path: str | os.PathLike[str],
        *,
        busy_timeout: float | timedelta = 5.0,
        clock: Clock | None = None,
    ) -> None:
        self._file = SQLiteFile(
            path,
            application_id=0x5345536F,
            steps=rows.STEPS,
            busy_timeout=store_door.span("busy_timeout", busy_timeout).total_seconds(),
        )
        self._clock: Clock = clock or SystemClock()

    def put(self, id: str, body: str, /, *, due: datetime, priority: int) -> None:
        """
        Keep a mail.

        Raises:
            ConfigurationError: There is one of this id.

            StoreError: The file cannot be written. Nothing is kept.
        """
        with self._file.writing() as connection:
            new = rows.insert(
                connection, id, body, due=due, priority=priority, now=self._clock.now()
            )
        if not new:
            raise ConfigurationError(f"There is a mail {id!r} in the outbox already.")

    def take(self, limit: int, lease: float, /) -> Sequence[OutboxEntry]:
        """
        Up to *limit* mails that are due, for *lease* seconds.

        Raises:
            StoreError: The file cannot be written. None was taken.
        """
        size, span = store_door.limit(limit), store_door.span("lease", lease)
        now = self._clock.now()
        with self._file.reading() as connection:
            next_due = rows.next_due(connection)
        if next_due is None or next_due > now:
            return ()  # without keeping a writer out
        with self._file.writing() as connection:
            rows.free_lapsed(connection, now=now)
            return [
                rows.lend(connection, row, secrets.token_hex(16), lease=span, now=now)
                for row in rows.due(connection, size, now=now)
            ]

    def begin(self, receipt: str, /) -> bool:
        """
        Record that it is sent now.

        A lease that lapsed, of a mail that nobody else has taken yet, is renewed as well.

        Raises:
            StoreError: The file cannot be written: do not send.
        """
        with self._file.writing() as connection:
            return rows.begin(connection, receipt, now=self._clock.now())

    def sent(self, receipt: str, /) -> bool:
        """
        Forget it.

        Raises:
            StoreError: The file cannot be written.
        """
        with self._file.writing() as connection:
            return rows.delete(connection, rows.lent(connection, receipt))

    def put_back(self, receipt: str, /, *, due: datetime, counts: bool) -> bool:
        """
        Have it taken again from *due*.

        Raises:
            StoreError: The file cannot be written.
        """
        with self._file.writing() as connection:
            seq = rows.lent(connection, receipt)
            return rows.put_back(connection, seq, due=due, counts=counts)

    def set_aside(self, receipt: str, reason: str, /, *, unknown: bool) -> bool:
        """
        Have it taken no more, and listed.

        Raises:
            StoreError: The file cannot be written.
        """
        with self._file.writing() as connection:
            seq = rows.lent(connection, receipt)
            now = self._clock.now()
            return rows.set_aside(connection, seq, reason, unknown=unknown, now=now)

    def unknown(self, after: str | None = None, limit: int = 1000) -> Page[SetAside]:
        """
        Those that may have been sent, in the order in which they were put.

        Raises:
            StoreError: The file cannot be read.
        """
        return self._page(rows.UNKNOWN, after, limit)

    def failed(self, after: str | None = None, limit: int = 1000) -> Page[SetAside]:
        """
        Those that were given up, in the order in which they were put.

        Raises:
            StoreError: The file cannot be read.
        """
        return self._page(rows.FAILED, after, limit)

    def _page(self, query: str, after: str | None, limit: int) -> Page[SetAside]:
        size, start = store_door.limit(limit), store_door.row(after)
        with self._file.reading() as connection:
            found = rows.aside(connection, query, start, size + 1, now=self._clock.now())
        more = len(found) > size
        return Page([item for _, item in found[:size]], str(found[size - 1][0]) if more else None)

    def settle(self, id: str, /, *, again: bool) -> bool:
        """
        Send one that was set aside again, or forget it. One that is being sent is only forgotten.

        Raises:
            StoreError: The file cannot be written.
        """
        now = self._clock.now()
        with self._file.writing() as connection:
            seq = rows.settled(connection, id, begun_too=not again, now=now)
            if again:
                return rows.renew(connection, seq, now=now)
            return rows.delete(connection, seq)

    def next_due(self) -> datetime | None:
        """
        When the next one can be taken; it may be past.

        Raises:
            StoreError: The file cannot be read.
        """
        with self._file.reading() as connection:
            return rows.next_due(connection)

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
