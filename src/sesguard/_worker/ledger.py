"""What a worker did: counted, and logged where somebody should know. Without addresses."""

from __future__ import annotations

import logging
import threading
from collections import Counter
from dataclasses import dataclass

from sesguard._flows.receive import What
from sesguard.errors import SESGuardError
from sesguard.events import Event

__all__ = ["Ledger", "WorkerTally"]

logger = logging.getLogger("sesguard.worker")


@dataclass(frozen=True, slots=True, kw_only=True)
class WorkerTally:
    """
    What a worker did in one ``run`` or ``drain``.

    Attributes:
        received: Messages that came out of the queue, repeated ones included.

        applied: Events that were new to the store.

        repeated: Events that the store had seen before.

        ignored: How often the policy left an event, or a part of it, without effect.

        poison: Messages that cannot be read. They are left in the queue.

        foreign: Messages that are readable and not SES's. They are left in the queue.

        skipped: Such messages that were deleted, as ``foreign="skip"`` has it.

        store_failures: Messages that could not be stored, once for each time it was tried.

        handler_failures: Calls of handlers that raised.

        deleted: Messages that were deleted.

        delete_failures: Messages that the queue did not delete. They come again.

        extend_failures: Messages that could not be kept hidden. They may come again early.

        lost: Messages that went back to the queue while they were in hand, and so were not
            deleted. Their events do not count twice.

        released: Messages that were handed back unhandled.
    """

    received: int = 0
    applied: int = 0
    repeated: int = 0
    ignored: int = 0
    poison: int = 0
    foreign: int = 0
    skipped: int = 0
    store_failures: int = 0
    handler_failures: int = 0
    deleted: int = 0
    delete_failures: int = 0
    extend_failures: int = 0
    lost: int = 0
    released: int = 0


_WORDS: dict[What, tuple[int, str]] = {
    "ignored": (logging.INFO, "Without effect on the list: %(event)s: %(why)s"),
    "poison": (logging.WARNING, "A message is left in the queue (%(why)s): %(error)s"),
    "foreign": (
        logging.WARNING,
        "A message is left in the queue (%(why)s): it is not one of SES's. Is this the right "
        "queue, and does nobody else write to it?",
    ),
    "skipped": (
        logging.INFO,
        "A message is deleted (%(why)s): it is not one of SES's, and such are skipped here.",
    ),
    "store_failures": (logging.ERROR, "Not stored, and so left in the queue: %(error)s"),
    "handler_failures": (
        logging.ERROR,
        "A handler failed at %(event)s, whose message comes again: %(error)s",
    ),
    "delete_failures": (
        logging.WARNING,
        "A message was not deleted and comes again; its events are not counted twice: %(why)s",
    ),
    "extend_failures": (
        logging.WARNING,
        "A message could not be kept hidden and may come again while it is handled: %(why)s",
    ),
    "lost": (
        logging.WARNING,
        "A message was lost to the queue while it was in hand, and is not deleted. Raise the "
        "queue's visibility time-out if this happens again.",
    ),
}
"""Of what is worth saying: how loudly, and the sentence."""


class Ledger:
    """Counts of one run. Threads may share it."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._counts: Counter[What] = Counter()

    def note(
        self,
        what: What,
        count: int = 1,
        /,
        *,
        event: Event | None = None,
        error: BaseException | None = None,
        why: str = "",
    ) -> None:
        """Count, and log what somebody should know."""
        with self._lock:
            self._counts[what] += count
        if what in _WORDS:
            level, words = _WORDS[what]
            told = {"why": why, "error": _named(error), "event": event and _called(event)}
            logger.log(level, words, told)

    def tally(self) -> WorkerTally:
        """The counts so far."""
        with self._lock:
            return WorkerTally(**{str(what): count for what, count in self._counts.items()})


def _called(event: Event) -> str:
    return f"{event.kind} {event.key}"


def _named(error: BaseException | None) -> str:
    """
    An error without what others wrote into it: our own text, or another's class and line.

    A stranger's message may hold an address.
    """
    if error is None or isinstance(error, SESGuardError):
        return str(error)
    trace = error.__traceback__
    while trace is not None and trace.tb_next is not None:
        trace = trace.tb_next
    if trace is None:
        return type(error).__name__
    return f"{type(error).__name__} at {trace.tb_frame.f_code.co_filename}:{trace.tb_lineno}"
