"""The rate of all processes of all hosts, in Redis."""

from __future__ import annotations

from collections.abc import Callable

from sesguard.errors import ConfigurationError
from sesguard.limiters._fallback import AwayError, WhenAway
from sesguard.limiters._rate import nobody, pause_of
from sesguard.limiters._share import Share
from sesguard.limiters.redis_bucket import Client, Deed, NoScriptError, RedisBucket, is_awaited
from sesguard.limiters.redis_script import SCRIPT, SHA
from sesguard.ports import Clock

__all__ = ["RedisLimiter"]


class RedisLimiter:
    """
    Keeps all processes of all hosts to one rate, in one round trip a call.

    Rules are those of `MemoryLimiter`: a mail waits until one token is there, and in any second
    there start at most the rate, the burst, and what one mail is in debt, over all processes. A
    throttle slows all of them.

    The time is the server's. Where its clock is set, back or forward, mail goes on at the rate
    from there. A server that was started again without its data lets nothing start until the times
    that it gave before have passed, as far as the first one that asks can tell.

    How long a call may take, and how often it is tried, are the client's own options. Give it
    ``socket_timeout`` and ``socket_connect_timeout``: without them a send may wait for ever. By
    default redis-py repeats a call whose answer was lost, which takes the tokens twice: a little
    of the rate is lost, and it is never passed. ``retry=Retry(NoBackoff(), 0)`` makes one call.

    Args:
        redis: A `redis.Redis`, or a cluster. It stays the caller's, who closes it.

        rate: Recipients a second over all processes. Or a callable that answers it, asked for
            each e-mail: where it fails or answers nonsense, the last good rate stands.

        key: Its name in Redis. Limiters of one key share one rate.

        burst: Recipients that may start at once after a rest, 1 or more. None for a tenth of a
            second's worth, and at least one.

        when_away: What to do while Redis cannot be used: ``"raise"`` a `StoreError`, or go on
            by a ``"local"`` limiter in this process, which is logged once, and told by
            `SendResult.limiter_away`. Redis is tried again after some seconds.

        local_share: The part of the rate that the local limiter keeps to: one by the number of
            processes, or less. Then in any second there start at most the rate, the burst, and
            what one mail of each process is in debt, while they go, are alone, and come back.

        clock: Tells the seconds in place of the server, for a test.

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
        if isinstance(redis, type) or not hasattr(redis, "evalsha") or is_awaited(redis):
            raise ConfigurationError(
                "redis= must be a redis.Redis that has been made. One of redis.asyncio goes to "
                "limiters.AsyncRedisLimiter."
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

    def share(self, part: float, /) -> Share:
        """
        A limiter for bulk mail that takes from this one, and no more than a part of its rate.

        Shares of one key should be of one size: another one holds only once the bulk mail before
        has gone out.

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
            StoreError: Redis cannot be used, or holds what is no state of a limiter.
        """
        return self._take(units, None)

    def give_back(self, units: int, /) -> None:
        """
        Return the tokens of a mail that was not tried.

        Raises:
            StoreError: Redis cannot be used.
        """
        self._put_back(units, None)

    def slow_down(self, retry_after: float | None = None, /) -> None:
        """
        SES throttled: halve the pace of all processes. Several throttles in one second are one.

        Args:
            retry_after: Seconds for which nothing starts.

        Raises:
            StoreError: Redis cannot be used.
        """
        if self._asked("slow_down", pause_of(retry_after), None) is None:
            self._fallback.slow_down(retry_after)

    def _take(self, units: int, part: float | None) -> float:
        if units < 1:
            raise nobody()
        wait = self._asked("reserve", units, part)
        return self._fallback.take(wait, units, part)

    def _put_back(self, units: int, part: float | None) -> None:
        if units < 1:
            raise nobody()
        answer = self._asked("give_back", units, part)
        self._fallback.put_back(answer, units, part)

    def _asked(self, deed: Deed, amount: float, part: float | None) -> float | None:
        """The server's answer; None while it is away."""
        rate = self._bucket.rate()
        if not self._fallback.asks_backend():
            return None
        try:
            answer = self._answer(deed, amount, rate, part)
        except AwayError as away:
            error = away.error
        else:
            self._fallback.answered()
            return answer
        self._fallback.failed(error)
        return None

    def _answer(self, deed: Deed, amount: float, rate: float, part: float | None) -> float:
        since = self._bucket.monotonic()
        arguments = self._bucket.arguments(deed, amount, rate, part)
        with self._bucket.failing():
            try:
                answer = self._redis.evalsha(SHA, 1, *arguments)
            except NoScriptError:  # a server that was started since, and ran nothing
                answer = self._redis.eval(SCRIPT, 1, *arguments)
        return self._bucket.answered(deed, answer, since)
