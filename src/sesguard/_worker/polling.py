"""Waiting for a queue, or for time to pass, but never beyond a stop."""

from __future__ import annotations

import contextlib
import logging
import threading
import time
from collections.abc import Callable, Sequence
from queue import Empty, SimpleQueue
from typing import TypeAlias

from sesguard._worker.trouble import source_error
from sesguard.errors import SESGuardError
from sesguard.ports import Received, Source

__all__ = ["Poll", "Waiting"]

logger = logging.getLogger("sesguard.worker")

_POLL = 20.0
"""Seconds that one poll waits; a source may wait less."""

_GRACE = 1.5
"""Seconds that a stop gives to a running poll."""


class Poll:
    """
    One poll, on a thread of its own, that can be waited for or abandoned.

    The thread is a daemon: a poll that hangs must not hold the interpreter's exit.

    Args:
        inbox: Gets this poll when it is over.
    """

    def __init__(self, source: Source, limit: int, wait: float, inbox: _Inbox) -> None:
        self._source = source
        self._limit = limit
        self._wait = wait
        self._inbox = inbox
        self._settling = threading.Lock()
        self._abandoned = False
        self._over = False
        self._messages: Sequence[Received] = ()
        self._error: SESGuardError | None = None
        threading.Thread(target=self._run, name="sesguard-poll", daemon=True).start()

    def _run(self) -> None:
        try:
            self._messages = self._source.receive(self._limit, self._wait)
        except Exception as error:
            # It belongs to whoever waits.
            self._error = source_error(error, "receive")
        with self._settling:
            self._over = True
            late = self._abandoned
        if not late:
            self._inbox.put(self)
        elif self._messages:
            self._hand_back()

    def _hand_back(self) -> None:
        try:
            self._source.release([message.receipt for message in self._messages])
        except Exception as error:
            # Nobody waits for this thread; the messages come back at their time.
            logger.warning("Messages of a late poll were not handed back: %s", type(error).__name__)

    def answer(self) -> Sequence[Received]:
        """What came. Raises what the source raised."""
        if self._error is not None:
            raise self._error
        return self._messages

    def abandon(self) -> Sequence[Received]:
        """
        Wait no longer.

        Returns:
            What it has already caught. What it catches after this it hands back itself, if the
            process still lives; else it comes back at its visibility time-out.
        """
        with self._settling:
            self._abandoned = True
            return self._messages if self._over else ()


_Inbox: TypeAlias = SimpleQueue[Poll | None]


def _nothing() -> float | None:
    """There is nothing to be done meanwhile."""
    return None


class Waiting:
    """Waits until a poll is over, until a time, or until `stop`, which is for good."""

    def __init__(self) -> None:
        self._stopped = False
        # A signal handler may put into a SimpleQueue while the same thread waits on it; an Event
        # could lock itself up there. None is put in to wake the one who waits.
        self._inbox: _Inbox = SimpleQueue()

    def stop(self) -> None:
        """End the waiting. Safe in a signal handler, and in any thread."""
        self._stopped = True
        self._inbox.put(None)

    def is_over(self) -> bool:
        """Whether it was stopped."""
        return self._stopped

    def wake(self) -> None:
        """Have the one who waits look at what there is to do. Safe in any thread."""
        self._inbox.put(None)

    def poll(
        self,
        source: Source,
        limit: int,
        meanwhile: Callable[[], float | None] = _nothing,
    ) -> Sequence[Received]:
        """
        What the source has, waited for on another thread.

        A stop gives the poll a second and a half to end; then it is abandoned.

        Args:
            meanwhile: Called before each wait, and again after the seconds that it answers.
                Never raises.

        Raises:
            SESGuardError: What the source raised.
        """
        poll = Poll(source, limit, _POLL, self._inbox)
        deadline: float | None = None
        while True:
            next_look = meanwhile()
            left = None if deadline is None else max(0.0, deadline - time.monotonic())
            waits = [one for one in (left, next_look) if one is not None]
            try:
                over = self._inbox.get(timeout=min(waits, default=None))
            except Empty:
                if deadline is not None and deadline <= time.monotonic():
                    return poll.abandon()
                continue
            if over is poll:
                return poll.answer()
            if self._stopped and deadline is None:
                deadline = time.monotonic() + _GRACE

    def pause(self, seconds: float, meanwhile: Callable[[], float | None] = _nothing) -> None:
        """Wait so many seconds."""
        until = time.monotonic() + seconds
        while not self._stopped and (left := until - time.monotonic()) > 0:
            next_look = meanwhile()
            self.nap(left if next_look is None else min(left, next_look))

    def nap(self, seconds: float) -> None:
        """Wait so many seconds, or until it is woken, whether it was stopped or not."""
        with contextlib.suppress(Empty):  # the time is over, or all that woke it was seen
            self._inbox.get(timeout=seconds)
            while True:
                self._inbox.get_nowait()
