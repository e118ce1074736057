"""One run of a worker: receives, stores, has the handlers told, and waits out trouble."""

from __future__ import annotations

import contextlib
import logging
import time
from collections.abc import Callable, Sequence
from typing import ParamSpec, TypeVar

from sesguard import errors
from sesguard._flows import receive
from sesguard._flows.receive import ReceivePorts
from sesguard._lift import drive
from sesguard._worker.crew import Crew, hand_back
from sesguard._worker.hold import Hold
from sesguard._worker.ledger import Ledger, WorkerTally
from sesguard._worker.polling import Waiting
from sesguard._worker.pulse import Pulse
from sesguard._worker.trouble import source_error
from sesguard.ports import Received, Source

__all__ = ["Turn", "ask"]

logger = logging.getLogger("sesguard.worker")

P = ParamSpec("P")
T = TypeVar("T")

_PACE = 1.0
"""Seconds from one poll to the next at least, where the queue is empty."""

_LONGEST_PAUSE = 60.0
"""Seconds between two tries while the source or the store is in trouble."""

_PATIENCE = 5
"""Tries with one batch in hand, a minute or so, before it is left to come again."""


def ask(method: Callable[P, T], *args: P.args, **kwargs: P.kwargs) -> T:
    """
    Ask a source.

    Raises:
        SESGuardError: Whatever it raised: it is one thing, trouble with the queue.
    """
    try:
        return method(*args, **kwargs)
    except Exception as error:
        # See above.
        raise source_error(error, getattr(method, "__name__", "method")) from None


class Turn:
    """
    What belongs to one `Worker.run` or `Worker.drain`, for the thread that runs it.

    Args:
        batch: Messages received at a time.
    """

    def __init__(
        self,
        source: Source,
        *,
        batch: int,
        ports: ReceivePorts,
        crew: Crew,
        hold: Hold,
        ledger: Ledger,
        pulse: Pulse,
        waiting: Waiting,
    ) -> None:
        self._source = source
        self._batch = batch
        self._ports = ports
        self._crew = crew
        self._hold = hold
        self._ledger = ledger
        self._pulse = pulse
        self._waiting = waiting
        self._troubles = 0
        self._store_fails = False

    def work(self) -> WorkerTally:
        """
        Work until the waiting is over.

        Raises:
            ConfigurationError, AccessDeniedError, AuthenticationError: What waiting cannot mend.
        """
        while not self._waiting.is_over():
            try:
                if self._goes_on():
                    self._once()
            except errors.SESGuardError as error:
                if not error.retryable:
                    raise
                logger.warning("%s", error)
                self._pause(error, self._troubles)
                self._troubles += 1
        try:
            self._crew.finish()
        except errors.SESGuardError as error:
            if not error.retryable:
                raise
            logger.warning("%s", error)
        return self._ledger.tally()

    def drain(self) -> WorkerTally:
        """
        Work until the queue answers empty, or the waiting is over.

        Raises:
            SESGuardError: The store or the queue failed.
        """
        try:
            while not self._waiting.is_over():
                if not self._goes_on():
                    continue
                self._pulse.beat("receiving")
                batch = ask(self._source.receive, self._limit(), 0.0)
                if not batch:
                    break
                self._settle(batch, tries=1)
        except errors.SESGuardError:
            with contextlib.suppress(errors.SESGuardError):  # the first trouble is the one to tell
                self._crew.finish()
            raise
        self._crew.finish()
        return self._ledger.tally()

    def _goes_on(self) -> bool:
        """Whether there is room for more, waited for a moment."""
        self._crew.check()
        if self._crew.room() >= self._enough():
            return True
        left = self._crew.sweep()
        if self._crew.room() < self._enough():
            self._waiting.nap(_PACE if left is None else left)
        return False

    def _enough(self) -> int:
        """Room that is worth a receive: for one at a time it would take as many calls."""
        return min(self._batch, self._crew.most() // 2 or 1)

    def _limit(self) -> int:
        return min(self._batch, self._crew.room())

    def _once(self) -> None:
        """Receive once, and take what came as far as it goes."""
        self._probe()
        self._pulse.beat("receiving")
        began = time.monotonic()
        # In trouble, one message at a time is enough to see whether it has passed.
        limit = 1 if self._troubles else self._limit()
        batch = self._waiting.poll(self._source, limit, self._crew.sweep)
        if batch:
            self._settle(batch, tries=_PATIENCE)
        else:
            self._pulse.beat("receiving")
            self._waiting.pause(began + _PACE - time.monotonic(), self._crew.sweep)
        self._troubles = 0

    def _probe(self) -> None:
        """
        While the store fails nothing is received: each receive brings a message nearer to the
        dead-letter queue. An empty commit tells whether it has passed.

        Raises:
            StoreError: It has not.
        """
        if self._store_fails:
            drive(receive.probe(self._ports))
            self._store_fails = False

    def _settle(self, batch: Sequence[Received], tries: int) -> None:
        """
        Store a batch and hand it on. Where the store fails it stays in hand and is tried again.

        Raises:
            StoreError: It failed each time. After one try the batch is handed back; after
                several it is left to come again at its time, as it may be what the store fails on.
        """
        if self._waiting.is_over():
            hand_back([message.receipt for message in batch], self._ports)
            return
        messages = receive.read(batch, self._ports)
        receipts = [message.receipt for message in messages]
        self._hold.take(receipts)
        try:
            stored = self._stored(messages, receipts, tries)
        except BaseException:
            self._hold.let_go(receipts)
            raise
        self._crew.begin(stored)

    def _stored(
        self, messages: Sequence[receive.Message], receipts: Sequence[str], tries: int
    ) -> Sequence[receive.Message]:
        tried = 0
        while True:
            try:
                return drive(receive.store(messages, self._ports))
            except errors.StoreError as error:
                failure = error
            self._ledger.note("store_failures", len(messages), error=failure)
            tried += 1
            if tried < tries:
                self._pause(failure, tried - 1)
            if self._waiting.is_over() or tries == 1:
                hand_back(receipts, self._ports)
            if self._waiting.is_over() or tried == tries:
                self._store_fails = True
                raise failure

    def _pause(self, error: errors.SESGuardError, tried: int) -> None:
        """Wait out trouble, and have what ends meanwhile deleted."""
        until = time.monotonic() + error.delay(tried, cap=_LONGEST_PAUSE)
        self._pulse.beat("waiting", str(error))
        self._waiting.pause(until - time.monotonic(), self._crew.sweep)
