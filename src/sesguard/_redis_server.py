"""A Redis server of the caller's: which client will do, and what goes wrong with it."""

from __future__ import annotations

import logging
from collections.abc import Generator, Mapping
from contextlib import contextmanager
from typing import Any, Protocol, cast

from sesguard._lift import is_async
from sesguard.errors import MissingExtraError, StoreError

try:
    from redis import exceptions as faults
except ImportError:
    raise MissingExtraError("redis", extra="redis") from None

__all__ = ["EvictionPolicy", "failing", "is_awaited", "is_client"]

logger: logging.Logger = logging.getLogger(__name__)

_FAILURES = (faults.RedisError, faults.RedisClusterException)  # neither is the other

_ONE_SLOT = (
    "in a cluster, all keys must be in one slot: give a prefix= with a hash tag, as in "
    "'{sesguard}:list:'"
)
# By class, or by words in what the server said to a script; the first one holds.
_NEXT_STEPS: tuple[tuple[type[Exception], str, str], ...] = (
    (faults.BusyLoadingError, "LOADING", "it is loading its data still: try again in a while"),
    (faults.AuthenticationError, "NOAUTH", "give the client a user and password that it knows"),
    (
        faults.OutOfMemoryError,
        "OOM",
        "its memory is full, so nothing could be written to it: make room, or raise maxmemory",
    ),
    (
        faults.ReadOnlyError,
        "READONLY",
        "it is a replica, which may not be written to: give the client the primary",
    ),
    (faults.ClusterCrossSlotError, "CROSSSLOT", _ONE_SLOT),
    (faults.CrossSlotTransactionError, "same key slot", _ONE_SLOT),
    (
        faults.TimeoutError,
        "",
        "it did not answer in time, and may have done it all the same: see how busy it is, and "
        "try again",
    ),
)
_NEXT_STEP = "see that the server can be reached and written to"


class _Client(Protocol):
    def execute_command(self, *args: Any) -> Any: ...


def is_client(client: object) -> bool:
    """Whether it is a client of redis-py's that has been made, of either kind."""
    return not isinstance(client, type) and hasattr(client, "eval")


def is_awaited(client: _Client) -> bool:
    """Whether a client is to be awaited. Of its methods only the innermost one tells."""
    return is_async(client.execute_command)


@contextmanager
def failing(what: str, foreign: StoreError) -> Generator[None, None, None]:
    """
    Turn what redis-py raises into our error.

    Args:
        what: Who asks, as the beginning of a message.

        foreign: The error for a key of another type than ours.

    Raises:
        StoreError: The server failed, or cannot be reached.
    """
    try:
        yield
    except _FAILURES as error:
        if isinstance(error, faults.ResponseError) and "WRONGTYPE" in str(error):
            raise foreign from None
        raise StoreError(
            f"{what} in Redis failed with {type(error).__name__}: {_next_step(error)} "
            "(error.original holds the cause).",
            original=error,
        ) from None


def _next_step(error: Exception) -> str:
    said = "" if isinstance(error, faults.ConnectionError | faults.TimeoutError) else str(error)
    for kind, word, step in _NEXT_STEPS:
        if isinstance(error, kind) or (word and word in said):
            return step
    return _NEXT_STEP


class EvictionPolicy:
    """
    Warns, once, of a server that drops keys when its memory is full.

    Args:
        what: What is kept there.

        harm: What comes of it where a key is dropped.

    Attributes:
        was_seen: The server has been asked.
    """

    def __init__(self, what: str, harm: str) -> None:
        self._what = what
        self._harm = harm
        self.was_seen: bool = False

    @contextmanager
    def looking(self) -> Generator[None, None, None]:
        """Where the server does not tell its policy, there is nothing to warn of."""
        try:
            yield
        except faults.ResponseError as error:
            logger.debug("Redis does not tell its maxmemory-policy: %s", type(error).__name__)
        self.was_seen = True

    def warn_of(self, info: object) -> None:
        """Say so where what the server tells of its memory names such a policy."""
        policy = cast("Mapping[str, object]", info).get("maxmemory_policy")
        if policy is not None and policy != "noeviction":
            logger.warning(
                "Redis forgets keys when its memory is full (maxmemory-policy is %s), those of "
                "%s too, and then %s: give it a server with maxmemory-policy noeviction.",
                policy,
                self._what,
                self._harm,
            )
