"""The rate of one process."""

from __future__ import annotations

import logging
import math
import os
from collections.abc import Callable, Coroutine
from threading import Lock
from typing import cast

from sesguard._core import rate as core
from sesguard._core.rate import Bucket
from sesguard.clocks import SystemClock
from sesguard.errors import ConfigurationError
from sesguard.ports import Clock

__all__ = ["MemoryLimiter"]

logger: logging.Logger = logging.getLogger(__name__)


class MemoryLimiter:
    """
    Keeps one process to a rate. Threads and event loops may share it.

    A mail waits until one token is there, then takes one for each recipient and goes into debt.
    So in any second there start at most the rate, the burst, and what one mail is in debt.

    When SES throttles, the pace is halved, and climbs back within half a minute.

    Args:
        rate: Recipients a second. Or a callable that answers it, asked for each e-mail: where
            it fails or answers nonsense, the last good rate stands.

        burst: Recipients that may start at once after a rest, 1 or more. None for a tenth of a
            second's worth, and at least one.

        clock: Tells the seconds. The system's, unless a test brings its own.

    Raises:
        ConfigurationError: A rate or burst that cannot be. For a callable that never answered a
            good rate, `reserve` raises it.
    """

    def __init__(
        self,
        rate: float | Callable[[], float],
        *,
        burst: float | None = None,
        clock: Clock | None = None,
    ) -> None:
        self._ask: Callable[[], object] | None = rate if callable(rate) else None
        self._rate = 0.0 if callable(rate) else _above_zero("rate", rate)  # 0: not known yet
        self._burst = burst
        if burst is not None and _above_zero("burst", burst) < 1:
            raise ConfigurationError("burst= must be 1 or more, or no mail could ever start.")
        self._clock: Clock = clock or SystemClock()
        self._lock, self._pid = Lock(), os.getpid()
        self._bucket: Bucket | None = None
        self._warned = False

    def reserve(self, units: int, /) -> float:
        """
        Take tokens for *units* recipients now.

        Returns:
            The seconds to wait before sending.
        """
        if units < 1:
            raise _nobody()
        rate = self._rate if self._ask is None else self._asked(self._ask)
        with self._locked():
            now = self._clock.monotonic()
            bucket = self._bucket
            if bucket is None or bucket.rate != rate:
                bucket = self._at(rate, now)
            self._bucket, wait = core.reserve(bucket, units, now=now)
        return wait

    def give_back(self, units: int, /) -> None:
        """Return the tokens of a mail that was not tried."""
        if units < 1:
            raise _nobody()
        rate = self._rate if self._ask is None else self._asked(self._ask)
        with self._locked():
            now = self._clock.monotonic()
            self._bucket = core.refund(self._at(rate, now), units, now=now)

    def slow_down(self, retry_after: float | None = None, /) -> None:
        """
        SES throttled: halve the pace. Several throttles in one second count as one.

        Args:
            retry_after: Seconds for which nothing starts.
        """
        rate = self._rate if self._ask is None else self._asked(self._ask)
        pause = retry_after if retry_after is not None and 0 < retry_after < math.inf else 0.0
        with self._locked():
            now = self._clock.monotonic()
            self._bucket = core.slowed(self._at(rate, now), pause, now=now)

    def _locked(self) -> Lock:
        if self._pid != os.getpid():  # one that another thread held at the fork stays shut
            self._lock, self._pid = Lock(), os.getpid()
        return self._lock

    def _at(self, rate: float, now: float) -> Bucket:
        if self._bucket is None:
            return core.full(rate, self._burst, now=now)
        return core.at_rate(self._bucket, rate, self._burst, now=now)

    def _asked(self, ask: Callable[[], object]) -> float:
        try:
            self._rate, self._warned = _above_zero("rate", ask()), False
        except Exception as error:
            # Whatever the caller's function raises, mail goes on at the last good rate.
            if not self._rate:
                raise ConfigurationError(
                    f"rate= failed with {type(error).__name__} before it ever answered a rate, so "
                    "nothing was sent. It must answer recipients a second, as a number above 0.",
                    original=error,
                ) from None
            if not self._warned:
                self._warned = True
                logger.warning(
                    "rate= failed with %s: keeping to %s recipients a second",
                    type(error).__name__,
                    self._rate,
                )
        return self._rate


def _above_zero(option: str, value: object) -> float:
    if isinstance(value, int | float) and not isinstance(value, bool) and 0 < value < math.inf:
        return float(value)
    _close(value)
    shown = value if isinstance(value, int | float) else type(value).__name__
    raise ConfigurationError(f"{option}= must be recipients as a number above 0, not {shown}.")


def _close(value: object) -> None:
    """A coroutine out of an asynchronous function is no rate; unclosed, it would warn besides."""
    if isinstance(value, Coroutine):
        cast("Coroutine[object, object, object]", value).close()


def _nobody() -> ConfigurationError:
    return ConfigurationError("A mail takes a token for each recipient: 1 or more.")
