"""What a limiter asks Redis, and how it takes the answers."""

from __future__ import annotations

import logging
import time
from collections.abc import Callable, Generator, Sequence
from contextlib import contextmanager
from typing import Any, Literal, Protocol, TypeAlias, cast

from sesguard._core import rate as core
from sesguard._lift import is_async
from sesguard.errors import ConfigurationError, MissingExtraError, StoreError
from sesguard.limiters._fallback import AwayError, Fallback, WhenAway
from sesguard.limiters._rate import Rate, checked_burst
from sesguard.ports import Clock

try:
    from redis.exceptions import NoScriptError, RedisError, ResponseError
except ImportError:
    raise MissingExtraError("redis", extra="redis") from None

__all__ = ["Client", "Deed", "NoScriptError", "RedisBucket", "is_awaited"]

logger: logging.Logger = logging.getLogger("sesguard.limiters.redis")

_WINDOW = 1.0  # seconds in which no more may start than the rate allows
_QUEUE = 10.0  # seconds: bulk mail may hold times far ahead, for which nobody else is to wait

Deed: TypeAlias = Literal["reserve", "give_back", "slow_down"]


class Client(Protocol):
    """The methods of redis-py's clients that are called, of either kind."""

    def eval(self, script: str, numkeys: int, /, *keys_and_args: Any) -> Any: ...
    def evalsha(self, sha: str, numkeys: int, /, *keys_and_args: Any) -> Any: ...


def is_awaited(redis: object) -> bool:
    """Whether a client is to be awaited. Of its methods only the innermost one tells."""
    return is_async(getattr(redis, "execute_command", None))


class RedisBucket:
    """
    The bucket under one key, as clients of either kind ask for it.

    Attributes:
        monotonic: Seconds of this process, or of a test.

        rate: The limiter's rate.

        fallback: What stands in while Redis is away.
    """

    def __init__(
        self,
        rate: float | Callable[[], float],
        *,
        key: str,
        burst: float | None,
        when_away: WhenAway,
        local_share: float,
        clock: Clock | None,
    ) -> None:
        if not key:
            raise ConfigurationError("key= is the name of the limiter in Redis, not empty.")
        self.monotonic: Callable[[], float] = time.monotonic if clock is None else clock.monotonic
        self.rate: Rate = Rate(rate, logger)
        self.fallback: Fallback = Fallback(
            when_away,
            local_share,
            rate=self.rate,
            clock=clock,
            monotonic=self.monotonic,
            logger=logger,
            backend=f"The limiter in Redis ({key})",
        )
        self._key = key
        self._burst = checked_burst(burst)
        self._given = clock is not None
        self._seen: tuple[float, float] | None = None  # the server's time, and ours of then
        self._queue = 0.0  # seconds that a mail had to wait, as last told
        self._lost: float | None = None  # our seconds at which the server was first away

    def arguments(
        self, deed: Deed, amount: float, rate: float, part: float | None = None
    ) -> tuple[str, ...]:
        """
        What the script is called with.

        Args:
            amount: Recipients, or seconds for ``slow_down``.

            rate: Recipients a second.

            part: Bulk mail's share; None for other mail.
        """
        now = expected = ""
        if self._given:
            now = repr(self.monotonic())
        elif self._seen is not None:
            theirs, ours = self._seen
            expected = repr(theirs + self.monotonic() - ours)
        size = core.size_of(rate, self._burst)
        given = map(repr, (amount, rate, size, part or 0))
        return self._key, deed, *given, now, expected, repr(self._rest())

    def answered(self, deed: Deed, answer: object, since: float) -> float:
        """
        The seconds to wait.

        Args:
            since: Our seconds at which the script was asked for.

        Raises:
            StoreError: It is no answer of the script.
        """
        try:
            wait, now = map(float, cast("Sequence[str | bytes]", answer))
        except (TypeError, ValueError):
            raise StoreError(
                f"Redis answered {type(answer).__name__} for the key {self._key}, and not the "
                "seconds to wait: see that redis= is a client of redis-py."
            ) from None
        self._seen, self._lost = (now, since), None
        if deed == "reserve":
            self._queue = wait
        return wait

    def _rest(self) -> float:
        """
        Seconds for which nothing starts where the server has lost what was kept.

        Others hold times that it gave before, about as far ahead as it gave them to this process.
        """
        if self._seen is None:
            return 0.0
        now = self.monotonic()
        gone = now if self._lost is None else self._lost
        return max(0.0, gone + min(self._queue, _QUEUE) + _WINDOW - now)

    @contextmanager
    def failing(self) -> Generator[None, None, None]:
        """
        Say what Redis failed with in our words.

        Raises:
            AwayError: It cannot be used now.

            StoreError: Something else is under the key.
        """
        try:
            yield
        except RedisError as error:
            if isinstance(error, ResponseError) and _tells_of_foreign(str(error)):
                raise StoreError(
                    f"The key {self._key} in Redis holds what is no state of a limiter. Look for "
                    "what else writes there, and delete it, or give the limiter another key=."
                ) from None
            if self._lost is None:
                self._lost = self.monotonic()
            raise AwayError(
                StoreError(
                    f"The limiter in Redis failed with {type(error).__name__}: see that the server "
                    "can be reached and written to (error.original holds the cause).",
                    original=error,
                )
            ) from None


def _tells_of_foreign(text: str) -> bool:
    return "WRONGTYPE" in text or "FOREIGN" in text
