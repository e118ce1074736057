"""The rate of all processes of all hosts, in Redis, awaited."""

from __future__ import annotations

from collections.abc import Callable

from sesguard.errors import ConfigurationError
from sesguard.limiters._fallback import AwayError, WhenAway
from sesguard.limiters._rate import nobody, pause_of
from sesguard.limiters._share import AsyncShare
from sesguard.limiters.redis_bucket import Client, Deed, NoScriptError, RedisBucket, is_awaited
from sesguard.limiters.redis_script import SCRIPT, SHA
from sesguard.ports import Clock

__all__ = ["AsyncRedisLimiter"]


class AsyncRedisLimiter:
    """
    `RedisLimiter`, awaited.

    Args:
        redis: A client of `redis.asyncio`. It belongs to one event loop, and stays the caller's.

        rate: See `RedisLimiter`. A callable is called on the event loop, so it must not block.

        key: See `RedisLimiter`. Limiters of both kinds share one rate by one key.

        burst: See `RedisLimiter`.

        when_away: See `RedisLimiter`.

        local_share: See `RedisLimiter`.

        clock: See `RedisLimiter`.

    Raises:
        ConfigurationError: An option that cannot be. For a callable that never answered a good
            rate, `reserve` raises it.
    """

    def __init__(
        self,
        redis: Client,
        rate: float | Callable[[], float],
        *,
        key: str = "sesguard:rate",
        burst: float | None = None,
        when_away: WhenAway = "raise",
        local_share: float = 0.1,
        clock: Clock | None = None,
    ) -> None:
        if isinstance(redis, type) or not is_awaited(redis):
            raise ConfigurationError(
                "redis= must be a client of redis.asyncio that has been made. A redis.Redis goes "
                "to limiters.RedisLimiter, which AsyncClient takes too."
            )
        self._redis = redis
        self._bucket = RedisBucket(
            rate, key=key, burst=burst, when_away=when_away, local_share=local_share, clock=clock
        )
        self._fallback = self._bucket.fallback

    @property
    def away(self) -> bool:
        """Whether the last reserve was made by the local limiter."""
        return self._fallback.away

    def share(self, part: float, /) -> AsyncShare:
        """
        A limiter for bulk mail that takes from this one; see `RedisLimiter.share`.

        Raises:
            ConfigurationError: A part that leaves nothing for one of the two.
        """
        return AsyncShare(
            part,
            take=self._take,
            put_back=self._put_back,
            slow_down=self.slow_down,
            away=lambda: self.away,
        )

    async def reserve(self, units: int, /) -> float:
        """
        Take tokens for *units* recipients now.

        Returns:
            The seconds to wait before sending.

        Raises:
            StoreError: Redis cannot be used, or holds what is no state of a limiter.
        """
        return await self._take(units, None)

    async def give_back(self, units: int, /) -> None:
        """
        Return the tokens of a mail that was not tried.

        Raises:
            StoreError: Redis cannot be used.
        """
        await self._put_back(units, None)

    async def slow_down(self, retry_after: float | None = None, /) -> None:
        """
        SES throttled: halve the pace of all processes. Several throttles in one second are one.

        Args:
            retry_after: Seconds for which nothing starts.

        Raises:
            StoreError: Redis cannot be used.
        """
        if await self._asked("slow_down", pause_of(retry_after), None) is None:
            self._fallback.slow_down(retry_after)

    async def _take(self, units: int, part: float | None) -> float:
        if units < 1:
            raise nobody()
        wait = await self._asked("reserve", units, part)
        return self._fallback.take(wait, units, part)

    async def _put_back(self, units: int, part: float | None) -> None:
        if units < 1:
            raise nobody()
        answer = await self._asked("give_back", units, part)
        self._fallback.put_back(answer, units, part)

    async def _asked(self, deed: Deed, amount: float, part: float | None) -> float | None:
        """The server's answer; None while it is away."""
        rate = self._bucket.rate()
        if not self._fallback.asks_backend():
            return None
        try:
            answer = await self._answer(deed, amount, rate, part)
        except AwayError as away:
            error = away.error
        else:
            self._fallback.answered()
            return answer
        self._fallback.failed(error)
        return None

    async def _answer(self, deed: Deed, amount: float, rate: float, part: float | None) -> float:
        since = self._bucket.monotonic()
        arguments = self._bucket.arguments(deed, amount, rate, part)
        with self._bucket.failing():
            try:
                answer = await self._redis.evalsha(SHA, 1, *arguments)
            except NoScriptError:  # a server that was started since, and ran nothing
                answer = await self._redis.eval(SCRIPT, 1, *arguments)
        return self._bucket.answered(deed, answer, since)
