"""What a ledger asks Redis, and how it takes the answers."""

from __future__ import annotations

import logging
import secrets
from collections.abc import Generator, Mapping, Sequence
from contextlib import contextmanager
from datetime import timedelta
from typing import cast

from sesguard._core import store_door
from sesguard.errors import MissingExtraError, StoreError
from sesguard.ports import Recorded

try:
    from redis.exceptions import RedisError, ResponseError
except ImportError:
    raise MissingExtraError("redis", extra="redis") from None

__all__ = ["BEGIN", "FINISH", "FORGET", "RedisRecords"]

logger: logging.Logger = logging.getLogger(__name__)

# A record is a hash of `content`, of `by`, the begin that made it, and of `result` once it has
# one. A begin that redis-py repeats, since its answer was lost, finds its own record.
BEGIN = """
if redis.call('EXISTS', KEYS[1]) == 0 then
  redis.call('HSET', KEYS[1], 'content', ARGV[1], 'by', ARGV[2])
  redis.call('PEXPIRE', KEYS[1], ARGV[3])
  return false
end
local held = redis.call('HMGET', KEYS[1], 'content', 'result', 'by')
if held[3] == ARGV[2] and not held[2] then
  return false
end
return {held[1], held[2]}
"""
FINISH = """
if redis.call('EXISTS', KEYS[1]) == 0 then
  redis.call('HSET', KEYS[1], 'content', '')
elseif redis.call('HEXISTS', KEYS[1], 'content') == 0 then
  return 0
end
if redis.call('HSETNX', KEYS[1], 'result', ARGV[1]) == 1 then
  redis.call('PEXPIRE', KEYS[1], ARGV[2])
end
return 1
"""
FORGET = """
if redis.call('EXISTS', KEYS[1]) == 0 then
  return 1
end
if redis.call('HEXISTS', KEYS[1], 'content') == 0 then
  return 0
end
if redis.call('HEXISTS', KEYS[1], 'result') == 0 then
  redis.call('DEL', KEYS[1])
end
return 1
"""

_MOST_UNANSWERED = 10_000


class RedisRecords:
    """Keys, arguments and answers of one ledger, of either kind."""

    def __init__(self, prefix: str, keep: float | timedelta) -> None:
        self._prefix = prefix
        self._keep = str(store_door.span("keep", keep) // timedelta(milliseconds=1))
        self._unanswered: dict[str, str] = {}
        self.looked_at_policy: bool = False

    def beginning(self, key: str, content: str) -> tuple[str, ...]:
        """
        The arguments of a begin.

        One whose answer was lost was told to its caller as not sent, so the next one takes its
        record for its own.
        """
        by = self._unanswered.pop(key, None) or secrets.token_hex(8)
        return self._prefix + key, content, by, self._keep

    def unanswered(self, key: str, by: str) -> None:
        """Remember a begin that did not end: Redis may have recorded it."""
        if len(self._unanswered) < _MOST_UNANSWERED:
            self._unanswered[key] = by

    def finishing(self, key: str, result: str) -> tuple[str, ...]:
        return self._prefix + key, result, self._keep

    def forgetting(self, key: str) -> tuple[str, ...]:
        return (self._prefix + key,)

    def recorded(self, key: str, answer: object) -> Recorded | None:
        if answer is None:
            return None
        if not isinstance(answer, list):
            raise self._foreign(key)
        content, result = cast("Sequence[object]", answer)
        if content is None:
            raise self._foreign(key)
        return Recorded(
            content=self._text(key, content),
            result=None if result is None else self._text(key, result),
        )

    def done(self, key: str, answer: object) -> None:
        if answer != 1:
            raise self._foreign(key)

    @contextmanager
    def failing(self, key: str) -> Generator[None, None, None]:
        try:
            yield
        except RedisError as error:
            if isinstance(error, ResponseError) and "WRONGTYPE" in str(error):
                raise self._foreign(key) from None
            raise StoreError(
                f"The ledger in Redis failed with {type(error).__name__}: see that the server "
                "can be reached and written to (error.original holds the cause).",
                original=error,
            ) from None

    @contextmanager
    def looking_at_policy(self, key: str) -> Generator[None, None, None]:
        """Where the server does not tell its policy, there is nothing to warn of."""
        with self.failing(key):
            try:
                yield
            except ResponseError as error:
                logger.debug("Redis does not tell its maxmemory-policy: %s", type(error).__name__)
        self.looked_at_policy = True

    def warn_of_policy(self, info: object) -> None:
        """Say so where the server drops keys when its memory is full."""
        policy = cast("Mapping[str, object]", info).get("maxmemory_policy")
        if policy is not None and policy != "noeviction":
            logger.warning(
                "Redis forgets keys when its memory is full (maxmemory-policy is %s), those of "
                "the ledger too, and then a mail may be sent twice: give the ledger a server "
                "with maxmemory-policy noeviction.",
                policy,
            )

    def _text(self, key: str, value: object) -> str:
        try:
            return value.decode() if isinstance(value, bytes) else str(value)
        except UnicodeDecodeError:
            raise self._foreign(key) from None

    def _foreign(self, key: str) -> StoreError:
        return StoreError(
            f"The key {self._prefix}{key} in Redis holds something that is no record of a send. "
            "Look for what else writes there, and delete it, or give the ledger another prefix=."
        )
