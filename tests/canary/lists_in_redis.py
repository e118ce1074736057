"""Suppression lists in Redis that are well, and whose server fails or answers nonsense."""

from __future__ import annotations

from functools import partial
from pathlib import Path
from typing import Any

import redis.exceptions

from sesguard import stores, testing
from tests.canary.lists import kept
from tests.canary.material import ADDRESS, FOREIGN, NOW, Foreign
from tests.canary.watch import Watch

__all__ = ["SCENARIOS"]


class Redis:
    """
    A client of redis-py's that says what its list is, and then gives one answer to all.

    Args:
        answer: Raised, where it is an exception. In a list, it stands for each text.
    """

    def __init__(self, answer: object, about: object = None) -> None:
        self._answer = answer
        self._about = about

    def execute_command(self, command: str, *arguments: Any, **_: object) -> Any:
        if isinstance(self._answer, Exception):
            raise self._answer
        if command != "EVAL":
            return [self._answer]
        if self._about is None or "ZSCORE" not in arguments[0]:
            return self._answer
        return [self._about, *[self._answer] * (arguments[1] - 2)]

    def eval(self, *_: object) -> None:
        """What a client has."""

    def info(self, section: str, /) -> Any:
        return {"maxmemory_policy": "allkeys-lru"}


def lists_in_redis(watch: Watch, folder: Path) -> None:
    """Lists in Redis that are well, and that fail or answer nonsense, with addresses in it."""
    about = b'{"format": 1, "id": "1", "marks": {"": ""}}'
    for client in (
        Redis(1),
        Redis(1, about),
        Redis(None, about),
        Redis(b"", about),
        Redis(FOREIGN.encode(), about),
        Redis(FOREIGN, about),
        Redis(FOREIGN.encode(), FOREIGN.encode()),
        Redis(redis.exceptions.ConnectionError(FOREIGN)),
        Redis(redis.exceptions.ResponseError(f"WRONGTYPE {FOREIGN}")),
        Redis(redis.exceptions.ResponseError(FOREIGN)),
    ):
        kept(watch, stores.RedisStore(client, clock=testing.ManualClock(NOW)))
    wrong: Any
    for wrong in (ADDRESS, FOREIGN, Foreign()):
        watch.ask(stores.RedisStore, wrong)
        watch.ask(partial(stores.RedisStore, Redis(1), prefix=wrong))
        watch.ask(partial(stores.RedisStore, Redis(1), hashed_with=wrong))


SCENARIOS = [lists_in_redis]
