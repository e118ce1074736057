"""Figures that are read now and then, beside the mails that go by them."""

from __future__ import annotations

import math
import os
from collections.abc import Callable
from threading import Lock

from sesguard.ports import Clock

__all__ = ["Readings"]


class Readings:
    """
    Says when to read again, and to whom.

    One thread reads at a time, in the time of its own mail; whoever comes meanwhile takes the
    figures that are there. The very first reading is waited for by all.

    Args:
        every: Seconds from one reading to the next.

        clock: Tells the seconds.

    Attributes:
        due: Monotonic seconds at which it is time again.
    """

    def __init__(self, every: float, clock: Clock) -> None:
        self.due: float = -math.inf
        self._every = every
        self._clock = clock
        self._lock, self._pid = Lock(), os.getpid()

    def refresh(self, read: Callable[[float], None]) -> None:
        """Have *read* called with the monotonic seconds of now, if it is time. It never raises."""
        if self._pid != os.getpid():  # one that another thread held at the fork stays shut
            self._lock, self._pid = Lock(), os.getpid()
        first = self.due == -math.inf
        if self._clock.monotonic() < self.due or not self._lock.acquire(blocking=first):
            return
        try:
            if (now := self._clock.monotonic()) >= self.due:
                read(now)
                self.due = now + self._every
        finally:
            self._lock.release()
