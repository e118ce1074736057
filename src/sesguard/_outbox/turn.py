"""One run of an outbox: takes what is due, has it sent, and waits where there is nothing to do."""

from __future__ import annotations

import logging
from collections.abc import Callable, Sequence
from queue import Empty, SimpleQueue

from sesguard import errors
from sesguard._client.threads import DaemonPool
from sesguard._core.outboxes import Again
from sesguard._outbox.counts import Counts, OutboxTally
from sesguard._outbox.hold import Hold
from sesguard._outbox.sending import End, Sending
from sesguard._outbox.store import LONGEST_PAUSE, ask
from sesguard.ports import Clock, OutboxEntry, OutboxStore

__all__ = ["SLICE", "Turn"]

logger = logging.getLogger("sesguard.outbox")

SLICE = 0.25
"""Seconds in which a stop is noticed."""

_POLL = 1.0
"""Seconds from one look to the next at most, where nothing is due."""

_IN_A_ROW = 10
"""Mails put back one after the other, with none sent between, that are a reason to pause."""


class Turn:
    """
    What belongs to one run, for the thread that runs.

    Args:
        lease: Seconds for which mails are taken.

        rest: Waits so many seconds, or until the run is stopped.

        is_over: Whether it was stopped.
    """

    def __init__(
        self,
        store: OutboxStore,
        sending: Sending,
        *,
        concurrency: int,
        lease: float,
        clock: Clock,
        rest: Callable[[float], bool],
        is_over: Callable[[], bool],
    ) -> None:
        self._store = store
        self._sending = sending
        self._room = concurrency
        self._lease = lease
        self._clock = clock
        self._rest = rest
        self._is_over = is_over
        self._pool = DaemonPool(concurrency)
        self._ended: SimpleQueue[End] = SimpleQueue()
        self._under_way: dict[str, Hold] = {}
        self._counts = Counts()
        self._paused_until = self._idle_until = clock.monotonic()
        self._in_a_row = 0
        self._troubles = 0
        self._failure: BaseException | None = None

    def work(self, *, forever: bool) -> OutboxTally:
        """
        Send until the run is stopped or, unless *forever*, until nothing is due.

        Raises:
            ConfigurationError: What waiting cannot mend.

            StoreError: The store failed, and the run is not *forever*.
        """
        try:
            while not self._is_over() and self._failure is None:
                if self._begin_more(patient=forever):
                    continue
                if self._under_way:
                    self._collect(SLICE)
                elif not forever:
                    break
                else:
                    until = max(self._paused_until, self._idle_until)
                    self._rest(until - self._clock.monotonic())
            self._leave()
        except BaseException:
            for hold in self._under_way.values():
                hold.call_off()
            raise
        finally:
            self._pool.close()
        if self._failure is not None:
            raise self._failure
        return self._counts.tally()

    def _begin_more(self, *, patient: bool) -> bool:
        """Take what there is room for. False: there is nothing to begin now."""
        room = self._room - len(self._under_way)
        now = self._clock.monotonic()
        looks = now >= self._idle_until or not (patient or self._under_way)
        if room <= 0 or now < self._paused_until or not looks:
            return False
        entries = self._take(room, patient=patient)
        for entry in entries:
            hold = self._under_way[entry.receipt] = Hold(self._store, entry)
            self._pool.submit(self._send, hold)
        return bool(entries)

    def _take(self, room: int, *, patient: bool) -> Sequence[OutboxEntry]:
        try:
            entries = ask(self._store.take, room, self._lease)
            due = None if entries else ask(self._store.next_due)
        except errors.SESGuardError as error:
            if not (patient and error.retryable):
                self._failure = error
                return ()
            self._troubles += 1
            logger.warning("The outbox waits for its store: %s", error)
            self._idle(error.delay(self._troubles - 1, cap=LONGEST_PAUSE))
            return ()
        self._troubles = 0
        if not entries:
            left = _POLL if due is None else (due - self._clock.now()).total_seconds()
            self._idle(min(_POLL, max(SLICE, left)))
        return entries

    def _idle(self, seconds: float) -> None:
        self._idle_until = self._clock.monotonic() + seconds

    def _send(self, hold: Hold) -> None:
        try:
            end = self._sending.send(hold)
        except BaseException as error:
            # It belongs to whoever waits. The lease tells what becomes of the mail.
            end = End(hold=hold, what=None, failure=error)
        self._ended.put(end)

    def _collect(self, seconds: float) -> None:
        """Wait for one to end, and take what it tells."""
        try:
            end = self._ended.get(timeout=seconds)
        except Empty:
            return
        if end.hold.entry.receipt in self._under_way:  # else it was called off
            self._note(end)

    def _note(self, end: End) -> None:
        del self._under_way[end.hold.entry.receipt]
        if end.what is not None:
            why = "" if end.fate is None else end.fate.reason
            self._counts.note(end.what, end.hold.entry.id, why)
        self._failure = self._failure or end.failure
        if not isinstance(end.fate, Again):
            self._in_a_row = 0
            return
        self._in_a_row += 1
        pause = end.fate.pause
        if self._in_a_row >= _IN_A_ROW:
            pause = max(pause, min(end.fate.seconds, LONGEST_PAUSE))
            self._in_a_row = 0
        if pause:
            self._pause(pause, end.fate.reason)

    def _pause(self, seconds: float, why: str) -> None:
        until = self._clock.monotonic() + seconds
        if until > self._paused_until:
            self._paused_until = until
            logger.warning("The outbox pauses for %.0f seconds: %s", seconds, why)

    def _leave(self) -> None:
        """Hand back what is not begun, and wait for what is, but no longer than a lease."""
        for hold in list(self._under_way.values()):
            if hold.call_off():
                self._note(self._sending.hand_back(hold))
        deadline = self._clock.monotonic() + self._lease
        while self._under_way and self._clock.monotonic() < deadline:
            self._collect(SLICE)
