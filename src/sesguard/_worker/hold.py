"""Keeping hidden what is in hand."""

from __future__ import annotations

import threading
import time
from collections.abc import Sequence
from dataclasses import dataclass

from sesguard._flows.receive import Note
from sesguard._worker.trouble import source_error
from sesguard.ports import Source

__all__ = ["Hold"]


@dataclass(slots=True)
class _Held:
    """Since when a message is in hand, and until when it is hidden, in monotonic seconds."""

    since: float
    until: float


class Hold:
    """
    Keeps messages hidden for as long as they are in hand.

    It does so on a daemon thread, which begins with the first message and ends with `close`.

    Args:
        seconds: For how long at a time. It is renewed when a third of it has gone.

        note: Told what could not be kept.
    """

    def __init__(
        self,
        source: Source,
        seconds: float,
        note: Note,
    ) -> None:
        self._source = source
        self._seconds = seconds
        self._note = note
        self._changed = threading.Condition()
        self._held: dict[str, _Held] = {}
        self._lost: set[str] = set()
        self._fails = False
        self._due = 0.0
        self._closed = False
        self._thread: threading.Thread | None = None

    def take(self, receipts: Sequence[str]) -> None:
        """Keep these hidden from now on."""
        now = time.monotonic()
        with self._changed:
            if not self._held:  # else what was taken before is due before this
                self._due = now + self._seconds / 3
                self._fails = False
            for receipt in receipts:
                self._held[receipt] = _Held(since=now, until=now + self._seconds)
            if self._thread is None:
                self._thread = threading.Thread(target=self._run, name="sesguard-hold", daemon=True)
                self._thread.start()
            self._changed.notify()

    def let_go(self, receipts: Sequence[str]) -> None:
        """These are in hand no more."""
        with self._changed:
            for receipt in receipts:
                self._held.pop(receipt, None)
            self._lost.difference_update(receipts)

    def is_lost(self, receipt: str) -> bool:
        """
        Whether a message went back to the queue while it was in hand.

        Either the queue said so, or it could not be asked until the time was over.
        """
        with self._changed:
            held = self._held.get(receipt)
            late = held is not None and self._fails and held.until <= time.monotonic()
            return late or receipt in self._lost

    def in_hand(self) -> tuple[int, float]:
        """How many messages are in hand, and for how many seconds the oldest of them is."""
        with self._changed:
            since = [held.since for held in self._held.values()]
        return len(since), time.monotonic() - min(since) if since else 0.0

    def close(self) -> None:
        """Let go of all, and end the thread. It is not waited for."""
        with self._changed:
            self._closed = True
            self._held.clear()
            self._lost.clear()
            self._changed.notify()

    def _run(self) -> None:
        while (receipts := self._next()) is not None:
            asked = time.monotonic()
            try:
                failed = self._source.extend(receipts, self._seconds)
            except Exception as error:
                # Tried again in a third of the time; that it failed is told.
                with self._changed:
                    self._fails = True
                why = str(source_error(error, "extend"))
                self._note("extend_failures", len(receipts), why=why)
                continue
            with self._changed:  # what was deleted meanwhile could not be extended, rightly
                lost = self._held.keys() & failed.keys() - self._lost
                self._lost |= lost
                self._renew(asked, [one for one in receipts if one not in failed])
            for receipt in lost:
                self._note("extend_failures", why=failed[receipt])

    def _renew(self, asked: float, receipts: Sequence[str]) -> None:
        self._fails = False
        for receipt in receipts:
            if held := self._held.get(receipt):
                held.until = asked + self._seconds

    def _next(self) -> list[str] | None:
        """Wait until it is time, and answer what is in hand then; None at the end."""
        with self._changed:
            while not self._closed:
                left = self._due - time.monotonic()
                ours = self._held.keys() - self._lost
                if ours and left <= 0:
                    self._due = time.monotonic() + self._seconds / 3
                    return sorted(ours)
                self._changed.wait(left if ours else None)
            return None
