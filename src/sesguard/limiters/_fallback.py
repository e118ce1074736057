"""What stands in for a limiter while its file or server is away."""

from __future__ import annotations

import logging
import math
from collections.abc import Callable
from typing import Literal, TypeAlias

from sesguard._core import rate_share
from sesguard.errors import ConfigurationError, StoreError
from sesguard.limiters._rate import Rate
from sesguard.limiters.memory import MemoryLimiter
from sesguard.ports import Clock

__all__ = ["AwayError", "Fallback", "WhenAway"]

WhenAway: TypeAlias = Literal["raise", "local"]

_AGAIN = 3.0  # seconds between two tries at a backend that is away: each may cost a time-out
_WINDOW = 1.0  # seconds in which no more may start than the rate allows


class AwayError(Exception):
    """A backend cannot be reached. One that answers nonsense is not away. Never seen outside."""

    def __init__(self, error: StoreError) -> None:
        super().__init__(str(error))
        self.error: StoreError = error


class Fallback:
    """
    Keeps to a part of the rate within this process while the backend is away.

    It begins a second after the last mail that the backend gave a time, which others have too. And
    it binds, beside the backend, until all others must have found that this one is back: else
    those who found it first would have the whole rate, and the others their parts on top.

    Args:
        when_away: ``"local"``, or ``"raise"``: then nothing stands in.

        local_share: The part of the rate, above 0 and up to 1.

        rate: The limiter's.

        clock: Tells the seconds; None for the system's.

        monotonic: The same seconds, at hand.

        logger: Is told once when the backend goes, and once when it is back.

        backend: What to call it.

    Attributes:
        away: Whether the last reserve was made here.
    """

    def __init__(
        self,
        when_away: WhenAway,
        local_share: float,
        *,
        rate: Rate,
        clock: Clock | None,
        monotonic: Callable[[], float],
        logger: logging.Logger,
        backend: str,
    ) -> None:
        if when_away not in ("raise", "local"):
            raise ConfigurationError('when_away= is "raise" or "local".')
        if not _is_part(local_share):
            raise ConfigurationError(
                "local_share= is the part of the rate that one process may use alone, above 0 and "
                "up to 1: 0.1 where ten processes share the rate."
            )
        self.away: bool = False
        self._raises = when_away == "raise"
        self._share = local_share
        self._local = _Local(lambda: rate.last * local_share, clock=clock)
        self._monotonic = monotonic
        self._again = 0.0
        self._promised = monotonic()  # the latest time that the backend gave to a mail
        self._longest = 0.0  # seconds that a mail waited here since the backend went
        self._binds_until = -math.inf
        self._logger = logger
        self._backend = backend

    def asks_backend(self) -> bool:
        """Whether to ask the backend: always while it is there, else now and then."""
        return not self.away or self._monotonic() >= self._again

    def answered(self) -> None:
        """The backend answered."""
        if self.away:
            self.away = False
            self._binds_until = self._monotonic() + _AGAIN + self._longest
            self._logger.warning("%s is back: the rate is shared again.", self._backend)

    def failed(self, error: StoreError) -> None:
        """
        The backend did not answer.

        Raises:
            StoreError: *error*, where nothing stands in.
        """
        if self._raises:
            raise error
        now = self._monotonic()
        self._again = now + _AGAIN
        if not self.away:
            self.away, self._longest = True, 0.0
            self._local.pause(max(0.0, self._promised - now) + _WINDOW)
            self._logger.warning(
                "%s is away: this process keeps to %g of the rate by itself until it is back. %s",
                self._backend,
                self._share,
                error,
            )

    def take(self, wait: float | None, units: int, part: float | None) -> float:
        """
        Seconds that a mail waits.

        Args:
            wait: What the backend answered; None where it is away.

            units: The mail's recipients.

            part: Bulk mail's share.
        """
        if wait is None or self._binds():
            limiter = self._local if part is None else self._local.share(part)
            here = limiter.reserve(units)
            self._longest = max(self._longest, here)
            wait = here if wait is None else max(wait, here)
        if not self.away:
            self._promised = max(self._promised, self._monotonic() + wait)
        return wait

    def put_back(self, answer: float | None, units: int, part: float | None) -> None:
        """Give back here what was taken here; *answer* is the backend's, None while it is away."""
        if answer is not None and not self._binds():
            return
        limiter = self._local if part is None else self._local.share(part)
        limiter.give_back(units)

    def slow_down(self, retry_after: float | None) -> None:
        """Go more slowly here."""
        self._local.slow_down(retry_after)

    def _binds(self) -> bool:
        return self._monotonic() < self._binds_until


class _Local(MemoryLimiter):
    """One that can be held back."""

    def pause(self, seconds: float) -> None:
        """Nothing starts for so many seconds, and then no burst."""
        rate = self._rate()
        with self._own_lock():
            self._keep(rate_share.paused(self._at(rate), seconds))


def _is_part(value: object) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool) and 0 < value <= 1
