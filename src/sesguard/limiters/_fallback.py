"""What stands in for a limiter while its file or server is away."""

from __future__ import annotations

import logging
from collections.abc import Callable
from typing import Literal, TypeAlias

from sesguard.errors import ConfigurationError, StoreError
from sesguard.limiters._rate import Rate
from sesguard.limiters.memory import MemoryLimiter
from sesguard.ports import Clock

__all__ = ["AwayError", "Fallback", "WhenAway"]

WhenAway: TypeAlias = Literal["raise", "local"]

_AGAIN = 3.0  # seconds between two tries at a backend that is away: each may cost a time-out


class AwayError(Exception):
    """A backend cannot be reached. One that answers nonsense is not away. Never seen outside."""

    def __init__(self, error: StoreError) -> None:
        super().__init__(str(error))
        self.error: StoreError = error


class Fallback:
    """
    Keeps to a part of the rate within this process while the backend is away.

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
        self._local = MemoryLimiter(lambda: rate.last * local_share, clock=clock)
        self._monotonic = monotonic
        self._again = 0.0
        self._logger = logger
        self._backend = backend

    def asks_backend(self) -> bool:
        """Whether to ask the backend: always while it is there, else now and then."""
        return not self.away or self._monotonic() >= self._again

    def answered(self) -> None:
        """The backend answered."""
        if self.away:
            self.away = False
            self._logger.warning("%s is back: the rate is shared again.", self._backend)

    def failed(self, error: StoreError) -> None:
        """
        The backend did not answer.

        Raises:
            StoreError: *error*, where nothing stands in.
        """
        if self._raises:
            raise error
        self._again = self._monotonic() + _AGAIN
        if not self.away:
            self.away = True
            self._logger.warning(
                "%s is away: this process keeps to %g of the rate by itself until it is back. %s",
                self._backend,
                self._share,
                error,
            )

    def take(self, units: int, part: float | None) -> float:
        """Reserve here; *part* is bulk mail's share."""
        limiter = self._local if part is None else self._local.share(part)
        return limiter.reserve(units)

    def put_back(self, units: int, part: float | None) -> None:
        """Give back here."""
        limiter = self._local if part is None else self._local.share(part)
        limiter.give_back(units)

    def slow_down(self, retry_after: float | None) -> None:
        """Go more slowly here."""
        self._local.slow_down(retry_after)


def _is_part(value: object) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool) and 0 < value <= 1
