"""The rate of all processes of all hosts, in Redis, awaited."""

from __future__ import annotations

import asyncio
import logging
import threading
from collections.abc import Callable, Coroutine, Iterator
from itertools import count
from typing import Any, TypeVar

import pytest
import redis.asyncio
from redis.asyncio.retry import Retry
from redis.backoff import NoBackoff

from sesguard.errors import ConfigurationError, StoreError
from sesguard.limiters import AsyncRedisLimiter, RedisLimiter
from sesguard.ports import AsyncLimiter, Limiter
from sesguard.testing import LimiterContract, ManualClock
from sesguard.testing.limiter_contract import MakeLimiter
from tests.peers.redis_server import RedisServer, redis_server

T = TypeVar("T")
_number = count()


class Loop:
    """An event loop on a thread of its own, and a client that belongs to it."""

    def __init__(self, server: RedisServer) -> None:
        self.server = server
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, daemon=True)
        self._thread.start()
        self.client = self.run(self._connect())

    def run(self, work: Coroutine[Any, Any, T]) -> T:
        """Await it on the loop, from any other thread."""
        return asyncio.run_coroutine_threadsafe(work, self._loop).result(30)

    def close(self) -> None:
        self.run(self.client.aclose())
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join(30)
        self._loop.close()

    async def _connect(self) -> redis.asyncio.Redis:
        once = Retry(NoBackoff(), 0)
        return redis.asyncio.Redis(host="127.0.0.1", port=self.server.port, retry=once)


class Awaited:
    """An asynchronous limiter, as a caller without a loop sees it."""

    def __init__(self, loop: Loop, limiter: AsyncLimiter) -> None:
        self._loop, self._limiter = loop, limiter

    def reserve(self, units: int, /) -> float:
        return self._loop.run(self._limiter.reserve(units))

    def give_back(self, units: int, /) -> None:
        self._loop.run(self._limiter.give_back(units))

    def slow_down(self, retry_after: float | None = None, /) -> None:
        self._loop.run(self._limiter.slow_down(retry_after))

    def share(self, part: float, /) -> Limiter:
        assert isinstance(self._limiter, AsyncRedisLimiter)
        return Awaited(self._loop, self._limiter.share(part))


@pytest.fixture(scope="module")
def loop() -> Iterator[Loop]:
    with redis_server() as server:
        loop = Loop(server)
        yield loop
        loop.close()


class TestContract(LimiterContract):
    """It keeps what every limiter keeps."""

    @pytest.fixture
    def make_limiter(self, loop: Loop) -> MakeLimiter:
        def make(rate: float | Callable[[], float], **options: Any) -> Limiter:
            key = f"rate:{next(_number)}"
            return Awaited(loop, AsyncRedisLimiter(loop.client, rate, key=key, **options))

        return make


def test_limiters_of_both_kinds_share_one_rate(loop: Loop) -> None:
    """By one key, it goes on where the other kind is."""
    clock = ManualClock()
    awaited = AsyncRedisLimiter(loop.client, 10, key="both", burst=1, clock=clock)
    with loop.server.client() as client:
        limiter = RedisLimiter(client, 10, key="both", burst=1, clock=clock)
        waits = [limiter.reserve(1), loop.run(awaited.reserve(1)), limiter.reserve(1)]
        assert waits == pytest.approx([0.0, 0.1, 0.2])
        client.set("both", "14")
    with pytest.raises(StoreError, match="both"):
        loop.run(awaited.reserve(1))


def test_a_server_that_is_away_is_stood_in_for(caplog: pytest.LogCaptureFixture) -> None:
    """While it is stopped a part of the rate goes on, which is said once; and when it is back."""
    clock = ManualClock()

    async def played(server: RedisServer) -> None:
        once = Retry(NoBackoff(), 0)
        async with redis.asyncio.Redis(host="127.0.0.1", port=server.port, retry=once) as client:
            limiter = AsyncRedisLimiter(
                client, 100, clock=clock, when_away="local", local_share=0.05
            )
            raising = AsyncRedisLimiter(client, 100, clock=clock)
            assert await limiter.reserve(1) == 0
            await asyncio.to_thread(server.stop)
            waits = [await limiter.reserve(1) for _ in range(3)]
            assert waits == pytest.approx([1.0, 1.2, 1.4])
            assert limiter.away
            assert limiter.share(0.8).away
            await limiter.give_back(1)
            await limiter.slow_down(5.0)
            assert await limiter.reserve(1) == pytest.approx(5.0)
            with pytest.raises(StoreError):
                await raising.reserve(1)
            await asyncio.to_thread(server.start)
            assert await limiter.reserve(1) > 5.0
            clock.advance(3.1)
            assert await limiter.reserve(1) > 2
            assert not limiter.away
            clock.advance(20)
            assert await limiter.reserve(1) == 0

    with caplog.at_level(logging.WARNING, "sesguard"), redis_server() as server:
        asyncio.run(played(server))
    assert ["away" in message for message in caplog.messages] == [True, False]


@pytest.mark.parametrize(
    "nothing",
    [None, redis.Redis(), redis.asyncio.Redis],
    ids=["nothing", "one that blocks", "a class"],
)
def test_what_is_not_awaited_is_refused(nothing: Any) -> None:
    """The error says where it belongs."""
    with pytest.raises(ConfigurationError, match="RedisLimiter"):
        AsyncRedisLimiter(nothing, 10)
