"""Who tells the handlers of what is stored: the thread that runs the worker, or several others."""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Sequence
from typing import Protocol

from sesguard._client.threads import DaemonPool
from sesguard._flows import receive
from sesguard._flows.receive import Message, ReceivePorts
from sesguard._lift import drive
from sesguard._worker.polling import Waiting
from sesguard.errors import SESGuardError

__all__ = ["Crew", "Here", "SideBySide"]

logger = logging.getLogger("sesguard.worker")

_TOGETHER = 10
"""Messages that are worth a delete: as many as SQS takes in one call."""

_LATEST = 1.0
"""Seconds after which one that is done is deleted, alone if need be."""

_LOOK = 1.0
"""Seconds between two looks at whether the last handlers have ended."""


class Crew(Protocol):
    """Tells the handlers, and deletes."""

    def most(self) -> int:
        """How many messages it takes at all."""
        ...

    def room(self) -> int:
        """How many more messages it takes now."""
        ...

    def begin(self, messages: Sequence[Message]) -> None:
        """Take messages that are stored."""
        ...

    def sweep(self) -> float | None:
        """Delete what is done. Seconds until that is worth another look, if any. Never raises."""
        ...

    def check(self) -> None:
        """Raises what went wrong meanwhile."""
        ...

    def finish(self) -> None:
        """Wait for all that was begun, and delete what is done."""
        ...

    def close(self) -> None:
        """Begin nothing more. Nothing is waited for."""
        ...


class Here:
    """
    One message after the other, in this thread.

    Args:
        most: Messages in hand at once.
    """

    def __init__(self, ports: ReceivePorts, most: int) -> None:
        self._ports = ports
        self._most = most

    def most(self) -> int:
        return self._most

    def room(self) -> int:
        return self._most

    def begin(self, messages: Sequence[Message]) -> None:
        try:
            drive(receive.tell_all(messages, self._ports))
        finally:
            self._ports.leave([message.receipt for message in messages])

    def sweep(self) -> float | None:
        return None

    def check(self) -> None:
        """What goes wrong is raised at once."""

    def finish(self) -> None:
        """Nothing is begun that has not ended."""

    def close(self) -> None:
        """There is nothing to close."""


class SideBySide:
    """
    Several threads, each with one message at a time.

    All but the handlers is done in the thread that runs the worker.

    Args:
        threads: How many.

        most: Messages in hand at once, those that wait for a thread included.

        waiting: Woken when a message is done with.
    """

    def __init__(
        self,
        ports: ReceivePorts,
        *,
        threads: int,
        most: int,
        waiting: Waiting,
    ) -> None:
        self._ports = ports
        self._most = most
        self._waiting = waiting
        self._pool = DaemonPool(threads)
        self._lock = threading.Lock()
        self._busy = 0
        self._done: list[str] = []
        self._unbegun: list[str] = []
        self._since = 0.0
        self._failure: BaseException | None = None
        self._trouble: SESGuardError | None = None

    def most(self) -> int:
        return self._most

    def room(self) -> int:
        with self._lock:
            return self._most - self._busy - len(self._done)

    def begin(self, messages: Sequence[Message]) -> None:
        with self._lock:
            self._busy += len(messages)
        for message in messages:
            self._pool.submit(self._work, message)

    def _work(self, message: Message) -> None:
        begun = not self._ports.stopping()
        good, failure = False, None
        try:
            if begun:
                good = drive(receive.tell(message, self._ports))
        except BaseException as error:
            # A handler that ends the program, or our own mistake: for the thread that runs.
            failure = error
            self._ports.leave([message.receipt])
        with self._lock:
            self._busy -= 1
            self._failure = self._failure or failure
            if good and not self._done:
                self._since = time.monotonic()
            if not begun:
                self._unbegun.append(message.receipt)
            elif good:
                self._done.append(message.receipt)
        self._waiting.wake()

    def sweep(self) -> float | None:
        with self._lock:
            left = self._since + _LATEST - time.monotonic()
            if not self._done or self._trouble is not None:
                return None
            if self._busy and len(self._done) < _TOGETHER and left > 0:
                return left
            done, self._done = self._done, []
        try:
            drive(receive.delete(done, self._ports))
        except SESGuardError as error:
            self._trouble = error
        return None

    def check(self) -> None:
        failure = self._failure or self._trouble
        self._trouble = None
        if failure is not None:
            raise failure

    def finish(self) -> None:
        while self._is_busy():
            self.sweep()
            self._waiting.nap(_LOOK)
        unbegun, self._unbegun = self._unbegun, []
        if unbegun:
            hand_back(unbegun, self._ports)
        trouble, self._trouble = self._trouble, None
        self.sweep()
        self._trouble = trouble or self._trouble
        self.check()

    def _is_busy(self) -> bool:
        with self._lock:
            return self._busy > 0

    def close(self) -> None:
        self._pool.close()


def hand_back(receipts: Sequence[str], ports: ReceivePorts) -> None:
    """Let others have messages at once, if the queue takes them back."""
    try:
        drive(receive.hand_back(receipts, ports))
    except SESGuardError as error:
        # It leaves all the same: they come back at their visibility time-out.
        logger.warning("Messages could not be handed back: %s", error)
