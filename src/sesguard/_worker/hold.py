"""Keeping hidden what is in hand."""

from __future__ import annotations

import threading
import time
from collections.abc import Sequence

from sesguard._flows.receive import Note
from sesguard._worker.trouble import source_error
from sesguard.ports import Source

__all__ = ["Hold"]


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
        self._held: set[str] = set()
        self._due = 0.0
        self._closed = False
        self._thread: threading.Thread | None = None

    def take(self, receipts: Sequence[str]) -> None:
        """Keep these hidden from now on."""
        with self._changed:
            self._held.update(receipts)
            self._due = time.monotonic() + self._seconds / 3
            if self._thread is None:
                self._thread = threading.Thread(target=self._run, name="sesguard-hold", daemon=True)
                self._thread.start()
            self._changed.notify()

    def let_go(self, receipts: Sequence[str]) -> None:
        """These are in hand no more."""
        with self._changed:
            self._held.difference_update(receipts)

    def close(self) -> None:
        """Let go of all, and end the thread. It is not waited for."""
        with self._changed:
            self._closed = True
            self._held.clear()
            self._changed.notify()

    def _run(self) -> None:
        while (receipts := self._next()) is not None:
            try:
                failed = self._source.extend(receipts, self._seconds)
            except Exception as error:
                # Tried again in a third of the time; that it failed is told.
                why = str(source_error(error, "extend"))
                self._note("extend_failures", len(receipts), why=why)
                continue
            with self._changed:  # what was deleted meanwhile could not be extended, rightly
                lost = self._held.intersection(failed)
                self._held -= lost
            for receipt in lost:
                self._note("extend_failures", why=failed[receipt])

    def _next(self) -> list[str] | None:
        """Wait until it is time, and answer what is in hand then; None at the end."""
        with self._changed:
            while not self._closed:
                left = self._due - time.monotonic()
                if self._held and left <= 0:
                    self._due = time.monotonic() + self._seconds / 3
                    return sorted(self._held)
                self._changed.wait(left if self._held else None)
            return None
