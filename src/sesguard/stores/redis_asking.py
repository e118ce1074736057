"""How a suppression list asks Redis, and takes its answers."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from contextlib import AbstractContextManager
from typing import Any, Protocol, cast

from sesguard import _redis_server
from sesguard.errors import StoreError
from sesguard.stores.redis_keys import RedisKeys

__all__ = ["Client", "RedisAsking"]


class Client(Protocol):
    """The methods of redis-py's clients that are called."""

    def execute_command(self, *args: Any, **options: Any) -> Any: ...
    def info(self, section: str, /) -> Any: ...


class RedisAsking:
    """
    Asks one server, and tells once where it may drop what it is given.

    All answers are bytes, whatever the client makes of them for others.
    """

    def __init__(self, redis: Client, keys: RedisKeys) -> None:
        self._redis = redis
        self._keys = keys
        self._policy = _redis_server.EvictionPolicy(
            "the suppression list", "who is on it may be mailed"
        )

    def run(self, script: str, keys: Sequence[bytes], arguments: Iterable[object]) -> object:
        """What a script answers: a number, a text or a list."""
        return self._ask("EVAL", script, len(keys), *keys, *arguments)

    def texts(
        self, script: str, keys: Sequence[bytes], arguments: Iterable[object], *, number: int
    ) -> list[bytes | None]:
        """What a script answers that tells so many texts, or for each that there is none."""
        found = self._list(self.run(script, keys, arguments), optional=True)
        if len(found) != number:
            raise self.no_answer()
        return found

    def members(self, *command: object) -> list[bytes]:
        """Members of a sorted set."""
        answer = self._ask(*command)
        return cast("list[bytes]", self._list(answer, optional=False))

    def no_answer(self) -> StoreError:
        """The error for what Redis cannot have answered."""
        return StoreError(
            f"{self._keys.where} was asked, and what came back is no answer of Redis: give the "
            "store a redis.Redis itself, not a pipeline or a stand-in."
        )

    def _ask(self, *command: object) -> object:
        if not self._policy.was_seen:
            with self._failing(), self._policy.looking():
                self._policy.warn_of(self._redis.info("memory"))
        with self._failing():
            answer: object = self._redis.execute_command(*command, NEVER_DECODE=True)
        return answer

    def _failing(self) -> AbstractContextManager[None]:
        return _redis_server.failing("The suppression list", self._keys.foreign_type)

    def _list(self, answer: object, *, optional: bool) -> list[bytes | None]:
        if not isinstance(answer, list):
            raise self.no_answer()
        found = cast("list[object]", answer)
        if not all(isinstance(one, bytes) or (optional and one is None) for one in found):
            raise self.no_answer()
        return cast("list[bytes | None]", found)
