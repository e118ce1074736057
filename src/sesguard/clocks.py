"""The machine's own clock, for threads and for an event loop."""

from __future__ import annotations

import time
from datetime import UTC, datetime

__all__ = ["AsyncSystemClock", "SystemClock"]


class SystemClock:
    """The system's time; waits by sleeping in the calling thread."""

    __slots__ = ()

    def now(self) -> datetime:
        return datetime.now(UTC)

    def monotonic(self) -> float:
        return time.monotonic()

    def sleep(self, seconds: float, /) -> None:
        time.sleep(seconds)


class AsyncSystemClock(SystemClock):
    """The system's time; waits on the running event loop."""

    __slots__ = ()

    async def sleep(self, seconds: float, /) -> None:  # type: ignore[override]  # awaited twin
        import asyncio  # an event loop is loaded by those who have one

        await asyncio.sleep(seconds)
