"""A queue inside of this process, with SQS's manners: for tests, demos and simulations."""

from __future__ import annotations

import threading
from collections import OrderedDict
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Protocol

from sesguard.clocks import SystemClock
from sesguard.errors import ConfigurationError
from sesguard.ports import Received

__all__ = ["MemorySource"]

_GLANCE = 0.05
"""Seconds between two looks at the clock while waiting, as an injected one tells nobody."""

_STALE = "The receipt is not the latest one of a message in the queue."
_NOT_HIDDEN = "The message is not hidden any more."


class _Ticks(Protocol):
    def monotonic(self) -> float: ...


@dataclass(slots=True)
class _Message:
    body: str
    number: str
    visible_at: float
    received: int = 0

    @property
    def receipt(self) -> str:
        return f"{self.number}:{self.received}"


class MemorySource:
    """
    A queue that hides what it has given out, and gives it out again if it is not deleted.

    Messages come in the order in which they were put. It may be used by several threads.

    Args:
        bodies: What is in it from the start.

        visibility_timeout: Seconds, or a timedelta, for which a received message is hidden.

        max_receive_count: After so many times in vain a message goes to `dead_letters`; None
            for never.

        clock: Tells when a message is visible again.

    Attributes:
        visibility_timeout: Seconds.
    """

    def __init__(
        self,
        bodies: Iterable[str] = (),
        *,
        visibility_timeout: float | timedelta = 30.0,
        max_receive_count: int | None = None,
        clock: _Ticks | None = None,
    ) -> None:
        if isinstance(visibility_timeout, timedelta):
            visibility_timeout = visibility_timeout.total_seconds()
        if visibility_timeout < 0:
            raise ConfigurationError("visibility_timeout= must be zero seconds or more.")
        if max_receive_count is not None and max_receive_count < 1:
            raise ConfigurationError("max_receive_count= must be 1 or more, or None for no limit.")
        self.visibility_timeout: float = float(visibility_timeout)
        self._most = max_receive_count
        self._clock = SystemClock() if clock is None else clock
        self._changed = threading.Condition()
        # An ordinary dict would step over all that was deleted, whenever it is gone through.
        self._messages: OrderedDict[str, _Message] = OrderedDict()
        self._dead: list[str] = []
        self._numbers = 0
        for body in bodies:
            self.put(body)

    def put(self, body: str) -> None:
        """Put a message at the end of the queue."""
        with self._changed:
            self._numbers += 1
            number = str(self._numbers)
            self._messages[number] = _Message(body, number, self._clock.monotonic())
            self._changed.notify_all()

    def __len__(self) -> int:
        """How many messages are in the queue, hidden ones included."""
        with self._changed:
            return len(self._messages)

    @property
    def dead_letters(self) -> tuple[str, ...]:
        """The bodies that were received *max_receive_count* times in vain."""
        with self._changed:
            return tuple(self._dead)

    def receive(self, limit: int, wait: float, /) -> Sequence[Received]:
        """
        Up to *limit* messages, in order.

        Waits up to *wait* seconds for the first, whatever the clock: a `put` ends the waiting.
        """
        with self._changed:
            while not (found := self._take(limit)) and wait > 0:
                self._changed.wait(min(wait, _GLANCE))
                wait -= _GLANCE
            return found

    def _take(self, limit: int) -> list[Received]:
        now = self._clock.monotonic()
        found: list[Received] = []
        dead: list[_Message] = []
        for message in self._messages.values():
            if len(found) == limit:
                break
            if message.visible_at > now:
                continue
            if message.received == self._most:
                dead.append(message)
                continue
            message.received += 1
            message.visible_at = now + self.visibility_timeout
            found.append(
                Received(body=message.body, receipt=message.receipt, receive_count=message.received)
            )
        for message in dead:
            del self._messages[message.number]
            self._dead.append(message.body)
        return found

    def delete(self, receipts: Sequence[str], /) -> Mapping[str, str]:
        """Delete messages. Returns receipt to reason for those that could not be."""

        def remove(message: _Message) -> None:
            del self._messages[message.number]

        return self._each(receipts, remove)

    def extend(self, receipts: Sequence[str], seconds: float, /) -> Mapping[str, str]:
        """Keep messages hidden for *seconds* from now. Returns those that could not be."""
        now = self._clock.monotonic()

        def hide(message: _Message) -> str | None:
            if message.visible_at <= now:
                return _NOT_HIDDEN
            message.visible_at = now + seconds
            return None

        return self._each(receipts, hide)

    def release(self, receipts: Sequence[str], /) -> Mapping[str, str]:
        """Hand messages back at once. Returns those that could not be."""
        return self.extend(receipts, 0.0)

    def close(self) -> None:
        """Nothing to let go of. The messages stay."""

    def _each(
        self, receipts: Sequence[str], change: Callable[[_Message], str | None]
    ) -> Mapping[str, str]:
        failed: dict[str, str] = {}
        with self._changed:
            for receipt in receipts:
                message = self._messages.get(receipt.partition(":")[0])
                if message is None or message.receipt != receipt:
                    why: str | None = _STALE
                else:
                    why = change(message)
                if why is not None:
                    failed[receipt] = why
            self._changed.notify_all()
        return failed
