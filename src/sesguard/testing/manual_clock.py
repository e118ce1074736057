"""A clock that a test moves."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

__all__ = ["ManualClock"]


class ManualClock:
    """
    A clock that stands still until it is moved. Sleeping moves it, at once.

    Args:
        now: The time of day to begin at, aware. Noon of a day in 2026 unless given.
    """

    def __init__(self, now: datetime = datetime(2026, 1, 15, 12, tzinfo=UTC)) -> None:
        self._begin = now.astimezone(UTC)
        self._passed = 0.0

    def now(self) -> datetime:
        """The time of day."""
        return self._begin + timedelta(seconds=self._passed)

    def monotonic(self) -> float:
        """Seconds since it was made."""
        return self._passed

    def sleep(self, seconds: float, /) -> None:
        """Move on, without waiting."""
        self.advance(seconds)

    def advance(self, seconds: float | timedelta) -> None:
        """Move on."""
        passed = seconds.total_seconds() if isinstance(seconds, timedelta) else seconds
        self._passed += max(0.0, passed)
