"""What is to happen at a time to come, on whichever clock."""

from __future__ import annotations

import heapq
from collections.abc import Callable
from datetime import datetime, timedelta

from sesguard.ports import Clock

__all__ = ["Later"]


class Later:
    """
    Keeps what was put off until its time has come. Whoever uses it holds the simulator's lock.

    Args:
        clock: Tells when that is.
    """

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._put: list[tuple[float, int, datetime, Callable[[datetime], None]]] = []
        self._number = 0

    def put(self, seconds: float, action: Callable[[datetime], None], /) -> None:
        """Let *action* be called with its time, so many seconds from now."""
        self._number += 1
        at = self._clock.now() + timedelta(seconds=seconds)
        due = self._clock.monotonic() + seconds
        heapq.heappush(self._put, (due, self._number, at, action))

    def run(self) -> None:
        """Do all that is due, in the order of its time, and what becomes due by it."""
        while self._put and self._put[0][0] <= self._clock.monotonic():
            _, _, at, action = heapq.heappop(self._put)
            action(at)

    def __len__(self) -> int:
        """How much is still to come."""
        return len(self._put)
