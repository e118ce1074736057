"""SMTP connections that are kept, bounded in number, and given to one thread at a time."""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Callable, Generator
from contextlib import contextmanager
from dataclasses import dataclass

from sesguard.errors import SendError, ServiceUnavailableError
from sesguard.ports import Clock
from sesguard.transports.smtp_connection import SMTPConnection
from sesguard.transports.smtp_server import SMTPServer

__all__ = ["SMTPLimits", "SMTPPool"]


@dataclass(frozen=True, slots=True, kw_only=True)
class SMTPLimits:
    """
    How many connections there may be, and how long each is kept. All times are in seconds.

    Attributes:
        max_connections: At once.

        max_messages: On one connection.

        max_age: Since it was opened.

        max_idle: Since it was last used.

        wait: For a connection to become free.
    """

    max_connections: int
    max_messages: int
    max_age: float
    max_idle: float
    wait: float


class SMTPPool:
    """
    The connections of one process.

    Args:
        server: Where the connections go.

        connect: Opens another one.

        limits: How many, and for how long.

        clock: Measures age.
    """

    def __init__(
        self,
        server: SMTPServer,
        connect: Callable[[], SMTPConnection],
        limits: SMTPLimits,
        clock: Clock,
    ) -> None:
        self._server = server
        self._connect = connect
        self._limits = limits
        self._clock = clock
        self._slots = threading.BoundedSemaphore(limits.max_connections)
        self._lock = threading.Lock()
        self._idle: deque[tuple[float, SMTPConnection]] = deque()
        self._closed = False

    @contextmanager
    def begun(self, sender: str) -> Generator[SMTPConnection, None, None]:
        """
        A connection on which MAIL FROM was taken. It is kept afterwards if it can be.

        A kept connection that the server has dropped meanwhile is replaced by a fresh one, once.
        That repeats no send: nothing but MAIL FROM was said.

        Raises:
            ServiceUnavailableError: None became free in time.
        """
        if not self._slots.acquire(timeout=self._limits.wait):
            raise self._server.error(
                ServiceUnavailableError,
                f"All {self._limits.max_connections} SMTP connections stayed in use. Nothing was "
                "sent; it is safe to try again. Raise max_connections, or send from fewer threads.",
            )
        try:
            connection = self._take() or self._connect()
            try:
                try:
                    connection.begin(sender)
                except SendError:
                    if not connection.stale:
                        raise
                if connection.stale:
                    connection.abandon()
                    connection = self._connect()
                    connection.begin(sender)
                yield connection
            finally:
                self._put_back(connection)
        finally:
            self._slots.release()

    def close(self) -> None:
        """Close what is idle now, and what is in use as soon as it is not."""
        with self._lock:
            self._closed = True
            idle = [connection for _, connection in self._idle]
            self._idle.clear()
        for connection in idle:
            connection.close()

    def abandon(self) -> None:
        """
        Forget connections that a parent process goes on using.

        Takes no lock: after a fork, one may be held by a thread that does not exist here.
        """
        while self._idle:
            self._idle.pop()[1].abandon()

    def _take(self) -> SMTPConnection | None:
        """The connection used last, if it is good: the others may then grow too old."""
        with self._lock:
            now = self._clock.monotonic()
            expired: list[SMTPConnection] = []
            taken = None
            while self._idle and taken is None:
                since, connection = self._idle.pop()
                if now - since <= self._limits.max_idle and self._lasts(connection, now):
                    taken = connection
                else:
                    expired.append(connection)
        for connection in expired:
            connection.close()
        return taken

    def _put_back(self, connection: SMTPConnection) -> None:
        with self._lock:
            now = self._clock.monotonic()
            kept = not self._closed and connection.usable and self._lasts(connection, now)
            if kept:
                self._idle.append((now, connection))
            expired: list[SMTPConnection] = [] if kept else [connection]
            while self._idle and now - self._idle[0][0] > self._limits.max_idle:
                expired.append(self._idle.popleft()[1])
        for one in expired:
            one.close()

    def _lasts(self, connection: SMTPConnection, now: float) -> bool:
        return (
            connection.sends < self._limits.max_messages
            and now - connection.opened_at <= self._limits.max_age
        )
