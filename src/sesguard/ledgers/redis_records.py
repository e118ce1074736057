"""What a ledger asks Redis, and how it takes the answers."""

from __future__ import annotations

import secrets
from collections.abc import Sequence
from contextlib import AbstractContextManager
from datetime import timedelta
from typing import cast

from sesguard import _redis_server
from sesguard._core import store_door
from sesguard.errors import StoreError
from sesguard.ports import Recorded

__all__ = ["BEGIN", "FINISH", "FORGET", "RedisRecords"]

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
        self.policy: _redis_server.EvictionPolicy = _redis_server.EvictionPolicy(
            "the ledger", "a mail may be sent twice"
        )

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

    def failing(self, key: str) -> AbstractContextManager[None]:
        return _redis_server.failing("The ledger", self._foreign(key))

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
