"""The rate of all processes of one machine, in an SQLite file."""

from __future__ import annotations

import logging
import os
import time
from collections.abc import Callable
from datetime import timedelta
from types import TracebackType
from typing import Self

from sesguard._core import rate_share
from sesguard._core.rate_share import Shared
from sesguard.limiters._fallback import AwayError, Fallback, WhenAway
from sesguard.limiters._rate import Rate, checked_burst, nobody, pause_of
from sesguard.limiters._share import Share
from sesguard.limiters.sqlite_bucket import SQLiteBucket
from sesguard.ports import Clock

__all__ = ["SQLiteLimiter"]

logger: logging.Logger = logging.getLogger(__name__)


class SQLiteLimiter:
    """
    Keeps all processes of one machine to one rate, by a file that they share.

    Rules are those of `MemoryLimiter`: a mail waits until one token is there, and in any second
    there start at most the rate, the burst, and what one mail is in debt, over all processes. A
    throttle slows all of them.

    The time is the machine's own, which no change of the wall clock moves. What a file from
    before a restart of the machine holds is taken as of now. A file that is deleted is made
    again, with a full burst.

    Args:
        path: The file, on a local disk, for this limiter alone. It is made on first use; its
            folder is not.

        rate: Recipients a second over all processes. Or a callable that answers it, asked for
            each e-mail: where it fails or answers nonsense, the last good rate stands.

        burst: Recipients that may start at once after a rest, 1 or more. None for a tenth of a
            second's worth, and at least one.

        when_away: What to do while the file cannot be used: ``"raise"`` a `StoreError`, or go on
            by a ``"local"`` limiter in this process, which is logged once, and told by
            `SendResult.limiter_away`. The file is tried again after some seconds.

        local_share: The part of the rate that the local limiter keeps to: one by the number of
            processes, or less. Then in any second there start at most the rate, the burst, and
            what one mail of each process is in debt, while they go, are alone, and come back.

        clock: Tells the seconds. The machine's monotonic clock, unless a test brings its own.

        busy_timeout: How long to wait for another process that has the file, in seconds or as a
            timedelta.

    Raises:
        ConfigurationError: An option that cannot be. For a callable that never answered a good
            rate, `reserve` raises it.
    """

    def __init__(
        self,
        path: str | os.PathLike[str],
        rate: float | Callable[[], float],
        *,
        burst: float | None = None,
        when_away: WhenAway = "raise",
        local_share: float = 0.1,
        clock: Clock | None = None,
        busy_timeout: float | timedelta = 5.0,
    ) -> None:
        self._rate = Rate(rate, logger)
        self._burst = checked_burst(burst)
        monotonic = time.monotonic if clock is None else clock.monotonic
        self._bucket = SQLiteBucket(path, monotonic=monotonic, busy_timeout=busy_timeout)
        self._fallback = Fallback(
            when_away,
            local_share,
            rate=self._rate,
            clock=clock,
            monotonic=monotonic,
            logger=logger,
            backend=f"The limiter's file {self._bucket.path}",
        )

    @property
    def away(self) -> bool:
        """Whether the last reserve was made by the local limiter."""
        return self._fallback.away

    def share(self, part: float, /) -> Share:
        """
        A limiter for bulk mail that takes from this one, and no more than a part of its rate.

        Shares of one file should be of one size: another one holds only once the bulk mail
        before has gone out.

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
            away=lambda: self.away,
        )

    def reserve(self, units: int, /) -> float:
        """
        Take tokens for *units* recipients now.

        Returns:
            The seconds to wait before sending.

        Raises:
            StoreError: The file cannot be used, or holds what is no state of a limiter.
        """
        return self._take(units, None)

    def give_back(self, units: int, /) -> None:
        """
        Return the tokens of a mail that was not tried.

        Raises:
            StoreError: The file cannot be used.
        """
        self._put_back(units, None)

    def slow_down(self, retry_after: float | None = None, /) -> None:
        """
        SES throttled: halve the pace of all processes. Several throttles in one second are one.

        Args:
            retry_after: Seconds for which nothing starts.

        Raises:
            StoreError: The file cannot be used.
        """
        pause = pause_of(retry_after)
        if self._in_file(lambda at: (rate_share.slowed(at, pause), 0.0)) is None:
            self._fallback.slow_down(retry_after)

    def close(self) -> None:
        """Close the file. A later use opens it again."""
        self._bucket.close()

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

    def _take(self, units: int, part: float | None) -> float:
        if units < 1:
            raise nobody()
        wait = self._in_file(lambda at: rate_share.reserve(at, units, part))
        return self._fallback.take(wait, units, part)

    def _put_back(self, units: int, part: float | None) -> None:
        if units < 1:
            raise nobody()
        answer = self._in_file(lambda at: (rate_share.refund(at, units, part), 0.0))
        self._fallback.put_back(answer, units, part)

    def _in_file(self, change: Callable[[Shared], tuple[Shared, float]]) -> float | None:
        """What *change* answers of the state in the file, kept; None while the file is away."""
        rate = self._rate()
        if not self._fallback.asks_backend():
            return None
        try:
            answer = self._bucket.change(rate, self._burst, change)
        except AwayError as away:
            error = away.error
        else:
            self._fallback.answered()
            return answer
        self._fallback.failed(error)
        return None
