"""The account's sending rate, read now and then beside the sends."""

from __future__ import annotations

import logging
import math
import os
import threading
import time
from collections.abc import Callable

from sesguard.errors import ConfigurationError

__all__ = ["LiveRate"]

logger: logging.Logger = logging.getLogger(__name__)


class LiveRate:
    """
    A rate that is read by itself: call it for recipients a second.

    The first call starts a reading on a daemon thread and waits for it, not longer than *within*.
    Later readings happen beside the sends, *every* so many seconds at most, whether they succeed
    or not, and nobody waits for them. What was last read stays until something else is read.

    It may be called by several threads and after a fork.

    Args:
        read: Gives recipients a second, or raises: a transport's ``max_send_rate``.

        every: Seconds between two readings.

        within: Seconds that a call waits for the very first reading.

        fallback: Recipients a second while nothing could be read yet.

        monotonic: Seconds that never run back.
    """

    def __init__(
        self,
        read: Callable[[], float],
        *,
        every: float = 300.0,
        within: float = 1.0,
        fallback: float = 14.0,
        monotonic: Callable[[], float] = time.monotonic,
    ) -> None:
        if not (every > 0 and within >= 0 and fallback > 0):
            raise ConfigurationError(
                "every= and fallback= must be above zero, and within= not below it."
            )
        self._read = read
        self._every = every
        self._within = within
        self._monotonic = monotonic
        self._rate = fallback
        self._known = False
        self._warned = False
        self._next = -math.inf
        self._begin()

    def _begin(self) -> None:
        """What belongs to one process: its lock, and the reading that its threads wait for."""
        self._pid = os.getpid()
        self._lock = threading.Lock()
        self._first: threading.Event | None = None

    def __call__(self) -> float:
        """Recipients a second."""
        if self._monotonic() < self._next and self._first is None:
            return self._rate
        return self._refreshed()

    def _refreshed(self) -> float:
        if self._pid != os.getpid():  # the parent's lock may be held, and its thread is not here
            self._begin()
            self._next = -math.inf
        with self._lock:
            now = self._monotonic()
            if now >= self._next:
                self._next = now + self._every
                done = threading.Event()
                if not self._known and not self._warned:
                    self._first = done
                self._start(done)
            first = self._first
        if first is not None:
            first.wait(self._within)
            self._first = None
            self._warn_unless_known()
        return self._rate

    def _start(self, done: threading.Event) -> None:
        thread = threading.Thread(
            target=self._read_once, args=(done,), name="sesguard-live-rate", daemon=True
        )
        try:
            thread.start()
        except RuntimeError as error:  # no more threads, or the interpreter is on its way out
            self._failed(error)
            done.set()

    def _read_once(self, done: threading.Event) -> None:
        try:
            rate = float(self._read())
            if not 0 < rate < math.inf:
                raise ConfigurationError("A sending rate is a number above zero.")
            self._rate, self._known = rate, True
        except Exception as error:  # whatever a transport raises: the last value stands
            self._failed(error)
        finally:
            done.set()

    def _failed(self, error: Exception) -> None:
        logger.info("The account's sending rate could not be read: %s.", type(error).__name__)

    def _warn_unless_known(self) -> None:
        with self._lock:
            if self._known or self._warned:
                return
            self._warned = True
        logger.warning(
            "The account's sending rate could not be read, so sends go at %g recipients a second "
            "until it can. Allow ses:GetAccount, or set the rate yourself with "
            "limiter=MemoryLimiter(rate).",
            self._rate,
        )
