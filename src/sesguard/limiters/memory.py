"""The rate of one process."""

from __future__ import annotations

import logging
import os
import time
from collections.abc import Callable
from threading import Lock

from sesguard._core import rate as core
from sesguard._core import rate_share
from sesguard._core.rate import Bucket
from sesguard._core.rate_share import Bulk, Shared
from sesguard.limiters._rate import Rate, checked_burst, nobody, pause_of
from sesguard.limiters._share import Share
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
        self._rate = Rate(rate, logger)
        self._fixed = self._rate.fixed
        self._burst = checked_burst(burst)
        self._monotonic = time.monotonic if clock is None else clock.monotonic
        self._lock, self._pid = Lock(), os.getpid()
        self._bucket: Bucket | None = None
        self._bulk: Bulk | None = None
        self._plain = 0.0  # the rate at which the bucket alone says it all; 0 where it does not

    def share(self, part: float, /) -> Share:
        """
        A limiter for bulk mail that takes from this one, and no more than a part of its rate.

        Give it to the client that sends bulk mail, and this one to the client that sends
        receipts. Shares of one limiter should be of one size: another one holds only once the
        bulk mail before has gone out.

        Args:
            part: Above 0 and below 1. At 0.8, a fifth of the rate is left to other mail.

        Raises:
            ConfigurationError: A part that leaves nothing for one of the two.
        """
        return Share(
            part,
            take=self._take,
            put_back=self._put_back,
            slow_down=self.slow_down,
            away=lambda: False,
        )

    def reserve(self, units: int, /) -> float:
        """
        Take tokens for *units* recipients now.

        Returns:
            The seconds to wait before sending.
        """
        if units < 1:
            raise nobody()
        rate = self._fixed or self._rate()
        with self._lock if self._pid == os.getpid() else self._own_lock():
            if rate == self._plain and (bucket := self._bucket):
                self._bucket, wait = core.reserve(bucket, units, now=self._monotonic())
                return wait
            return self._reserved(rate, units, None)

    def give_back(self, units: int, /) -> None:
        """Return the tokens of a mail that was not tried."""
        self._put_back(units, None)

    def slow_down(self, retry_after: float | None = None, /) -> None:
        """
        SES throttled: halve the pace. Several throttles in one second count as one.

        Args:
            retry_after: Seconds for which nothing starts.
        """
        rate = self._rate()
        with self._own_lock():
            self._keep(rate_share.slowed(self._at(rate), pause_of(retry_after)))

    def _take(self, units: int, part: float | None) -> float:
        if units < 1:
            raise nobody()
        rate = self._rate()
        with self._own_lock():
            return self._reserved(rate, units, part)

    def _put_back(self, units: int, part: float | None) -> None:
        if units < 1:
            raise nobody()
        rate = self._rate()
        with self._own_lock():
            self._keep(rate_share.refund(self._at(rate), units, part))

    def _reserved(self, rate: float, units: int, part: float | None) -> float:
        after, wait = rate_share.reserve(self._at(rate), units, part)
        self._keep(after)
        return wait

    def _at(self, rate: float) -> Shared:
        before = Shared(self._bucket, self._bulk or Bulk()) if self._bucket else None
        return rate_share.shared(before, rate, self._burst, now=self._monotonic())

    def _keep(self, after: Shared) -> None:
        self._bucket = after.bucket
        self._bulk = None if after.at_rest else after.bulk
        self._plain = after.bucket.rate if after.at_rest else 0.0

    def _own_lock(self) -> Lock:
        if self._pid != os.getpid():  # one that another thread held at the fork stays shut
            self._lock, self._pid = Lock(), os.getpid()
        return self._lock
