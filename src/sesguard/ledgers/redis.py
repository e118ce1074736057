"""Sends remembered in Redis, which hosts share."""

from __future__ import annotations

from datetime import timedelta
from types import TracebackType
from typing import Any, Protocol, Self

from sesguard._redis_server import is_awaited, is_client
from sesguard.errors import ConfigurationError
from sesguard.ledgers.redis_records import BEGIN, FINISH, FORGET, RedisRecords
from sesguard.ports import Recorded

__all__ = ["AsyncRedisLedger", "RedisLedger"]


class _Client(Protocol):
    """The methods of redis-py's clients that are called, of either kind."""

    def eval(self, script: str, numkeys: int, /, *keys_and_args: Any) -> Any: ...
    def execute_command(self, *args: Any) -> Any: ...
    def info(self, section: str, /) -> Any: ...


class RedisLedger:
    """
    A ledger in Redis. Hosts share it, in one round trip a call.

    What survives a crash is the server's to say: with ``appendonly yes`` and ``appendfsync
    always`` all that was recorded does, with ``everysec`` all but the last second, without an
    append-only file little. A replica that takes over may lack the last moments. And its
    ``maxmemory-policy`` must be ``noeviction``: else it drops records when memory is full, which
    is warned about once where the server lets itself be asked.

    Args:
        redis: A `redis.Redis`, or a cluster. It stays the caller's, who closes it.

        keep: How long a key is remembered after its send began or was settled, in seconds or as
            a timedelta, by the server's clock.

        prefix: What the names of keys in Redis begin with.

    Raises:
        ConfigurationError: An option that cannot be. Nothing is asked before the first use.
    """

    def __init__(
        self,
        redis: _Client,
        *,
        keep: float | timedelta = timedelta(days=30),
        prefix: str = "sesguard:ledger:",
    ) -> None:
        if not is_client(redis) or is_awaited(redis):
            raise ConfigurationError(
                "redis= must be a redis.Redis that has been made. One of redis.asyncio goes to "
                "ledgers.AsyncRedisLedger."
            )
        self._redis = redis
        self._records = RedisRecords(prefix, keep)

    def begin(self, key: str, content: str, /) -> Recorded | None:
        """
        Record that a send begins.

        Returns:
            None: it is this caller's to make. Else what is there.

        Raises:
            StoreError: Redis cannot be used, or holds what is no record.
        """
        self._look_at_policy(key)
        asked = self._records.beginning(key, content)
        try:
            with self._records.failing(key):
                answer = self._redis.eval(BEGIN, 1, *asked)
        except BaseException:  # a cancellation too
            self._records.unanswered(key, asked[2])
            raise
        return self._records.recorded(key, answer)

    def finish(self, key: str, result: str, /) -> None:
        """
        Record what came of it, if nothing is recorded yet.

        Raises:
            StoreError: Redis cannot be used, or holds what is no record.
        """
        with self._records.failing(key):
            answer = self._redis.eval(FINISH, 1, *self._records.finishing(key, result))
        self._records.done(key, answer)

    def forget(self, key: str, /) -> None:
        """
        Free a key whose mail was certainly not sent, unless it is finished.

        Raises:
            StoreError: Redis cannot be used, or holds what is no record.
        """
        with self._records.failing(key):
            answer = self._redis.eval(FORGET, 1, *self._records.forgetting(key))
        self._records.done(key, answer)

    def close(self) -> None:
        """Nothing is held open: the connection is the caller's."""

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

    def _look_at_policy(self, key: str) -> None:
        policy = self._records.policy
        if not policy.was_seen:
            with self._records.failing(key), policy.looking():
                policy.warn_of(self._redis.info("memory"))


class AsyncRedisLedger:
    """
    `RedisLedger`, awaited.

    Args:
        redis: A client of `redis.asyncio`. It belongs to one event loop, and stays the caller's.

        keep: See `RedisLedger`.

        prefix: See `RedisLedger`.

    Raises:
        ConfigurationError: An option that cannot be. Nothing is asked before the first use.
    """

    def __init__(
        self,
        redis: _Client,
        *,
        keep: float | timedelta = timedelta(days=30),
        prefix: str = "sesguard:ledger:",
    ) -> None:
        if not is_client(redis) or not is_awaited(redis):
            raise ConfigurationError(
                "redis= must be a redis.asyncio.Redis that has been made. A redis.Redis goes to "
                "ledgers.RedisLedger."
            )
        self._redis = redis
        self._records = RedisRecords(prefix, keep)

    async def begin(self, key: str, content: str, /) -> Recorded | None:
        """See `RedisLedger.begin`."""
        await self._look_at_policy(key)
        asked = self._records.beginning(key, content)
        try:
            with self._records.failing(key):
                answer = await self._redis.eval(BEGIN, 1, *asked)
        except BaseException:  # a cancellation too
            self._records.unanswered(key, asked[2])
            raise
        return self._records.recorded(key, answer)

    async def finish(self, key: str, result: str, /) -> None:
        """See `RedisLedger.finish`."""
        with self._records.failing(key):
            answer = await self._redis.eval(FINISH, 1, *self._records.finishing(key, result))
        self._records.done(key, answer)

    async def forget(self, key: str, /) -> None:
        """See `RedisLedger.forget`."""
        with self._records.failing(key):
            answer = await self._redis.eval(FORGET, 1, *self._records.forgetting(key))
        self._records.done(key, answer)

    async def close(self) -> None:
        """Nothing is held open: the connection is the caller's."""

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
        /,
    ) -> None:
        await self.close()

    async def _look_at_policy(self, key: str) -> None:
        policy = self._records.policy
        if not policy.was_seen:
            with self._records.failing(key), policy.looking():
                policy.warn_of(await self._redis.info("memory"))
