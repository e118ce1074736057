"""A clock that only moves when it is told to, or when somebody waits on it."""

from __future__ import annotations

import threading
from collections.abc import Callable
from datetime import UTC, datetime, timedelta

from sesguard.errors import ConfigurationError

__all__ = ["SimulatedClock"]


class SimulatedClock:
    """
    Time that stands still between two steps. ``sleep`` does not wait: it moves the time on.

    It may be shared by threads. Where several of them sleep, it goes on by all of their waits, one
    after the other, so that nobody finds it earlier than he waited for.

    Args:
        start: The moment at which it begins, aware. Default: when the day began, in UTC, so that
            what is dated by it is not over for those who go by the system's clock.
    """

    def __init__(self, start: datetime | None = None) -> None:
        if start is None:
            start = datetime.now(UTC).replace(hour=0, minute=0, second=0, microsecond=0)
        if start.utcoffset() is None:
            raise ConfigurationError("start= has no time zone.")
        self._start = start.astimezone(UTC)
        self._elapsed = 0.0
        self._slept = 0.0
        self._lock = threading.Lock()
        self._watchers: list[Callable[[], None]] = []

    def now(self) -> datetime:
        """The time of day, aware UTC."""
        return self._start + timedelta(seconds=self.monotonic())

    def monotonic(self) -> float:
        """Seconds since it began."""
        with self._lock:
            return self._elapsed

    def sleep(self, seconds: float, /) -> None:
        """Move on by so many seconds."""
        with self._lock:
            self._elapsed += max(0.0, seconds)
            self._slept += max(0.0, seconds)
        self._moved()

    @property
    def slept(self) -> float:
        """How many of its seconds passed by ``sleep``."""
        with self._lock:
            return self._slept

    def advance(self, by: float | timedelta, /) -> None:
        """
        Move on.

        Args:
            by: Seconds or a timedelta, not below 0.
        """
        seconds = by.total_seconds() if isinstance(by, timedelta) else float(by)
        if not seconds >= 0:
            raise ConfigurationError("A clock goes forward: advance() takes 0 seconds or more.")
        with self._lock:
            self._elapsed += seconds
        self._moved()

    def watch(self, moved: Callable[[], None], /) -> None:
        """Have *moved* called after each step, in the thread that made it."""
        self._watchers.append(moved)

    def _moved(self) -> None:
        for moved in tuple(self._watchers):
            moved()
