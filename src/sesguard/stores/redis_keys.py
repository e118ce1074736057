"""The keys of a suppression list in Redis."""

from __future__ import annotations

from typing import cast

from sesguard._core.store_door import text
from sesguard.errors import ConfigurationError, StoreError

__all__ = ["RedisKeys"]

_NEXT_STEP = "Look for what else writes there; then bring back a copy of the list, or delete it."


class RedisKeys:
    """
    Where the parts of a list stand.

    Attributes:
        about: What the list says of itself, a text.

        names: The names under which something is known, a sorted set, for pages.

        counting: The soft bounces that are counted, a sorted set by the time they are over.

        where: The list, as the beginning of a message.
    """

    def __init__(self, prefix: str) -> None:
        given = cast("object", prefix)
        if not isinstance(given, str) or not given or not given.isprintable():
            raise ConfigurationError(
                "prefix= is what the names of keys in Redis begin with, as in '{sesguard}:list:'."
            )
        self._prefix = given
        self.about: bytes = f"{given}about".encode()
        self.names: bytes = f"{given}names".encode()
        self.counting: bytes = f"{given}counting".encode()
        self.where: str = f"The list {given} in Redis"

    def of_name(self, name: bytes) -> bytes:
        """The key of a name's text."""
        return f"{self._prefix}name:".encode() + name

    def of_event(self, event_key: str) -> bytes:
        """The key of an event's mark."""
        return f"{self._prefix}event:{text(event_key)}".encode()

    def of_write(self, token: str) -> bytes:
        """The key of the mark that a write without events leaves."""
        return f"{self._prefix}write:{token}".encode()

    def foreign(self, key: bytes, why: str) -> StoreError:
        """The error for what stands under one of the three keys that hold no name."""
        return StoreError(
            f"The key {key.decode()} in Redis cannot be read: {why}. {_NEXT_STEP}",
        )

    def foreign_text(self, name: bytes, why: str) -> StoreError:
        """The error for what stands under a name, which may be an address."""
        return StoreError(
            f"A key {self._prefix}name:… in Redis cannot be read: {why}. {_NEXT_STEP} "
            "error.original names the key.",
            original=KeyError(self.of_name(name)),
        )

    @property
    def foreign_type(self) -> StoreError:
        """The error for a key of another type than we give it."""
        return StoreError(
            f"A key {self._prefix}… in Redis is of another type than the list's keys are. "
            f"{_NEXT_STEP}"
        )
