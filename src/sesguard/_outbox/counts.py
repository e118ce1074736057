"""What an outbox did: counted, and logged where somebody should know. Without addresses."""

from __future__ import annotations

import logging
from collections import Counter
from dataclasses import dataclass
from typing import Literal, TypeAlias

__all__ = ["Counts", "OutboxTally", "What"]

logger = logging.getLogger("sesguard.outbox")

What: TypeAlias = Literal["sent", "put_back", "failed", "unknown", "lost"]
"""What became of a mail that was taken."""


@dataclass(frozen=True, slots=True, kw_only=True)
class OutboxTally:
    """
    What an outbox did in one ``run`` or ``drain``.

    Attributes:
        sent: Mails that SES took.

        put_back: How often a mail was put back, to be tried again.

        failed: Mails that were given up. ``outbox.failed()`` lists them.

        unknown: Mails that may have been sent. ``outbox.unknown()`` lists them.

        lost: Mails whose lease was gone when their end was to be recorded. They are with another
            process, or were settled meanwhile.
    """

    sent: int = 0
    put_back: int = 0
    failed: int = 0
    unknown: int = 0
    lost: int = 0


_WORDS: dict[What, tuple[int, str]] = {
    "put_back": (logging.INFO, "Mail %(id)s of the outbox is put back: %(why)s"),
    "failed": (logging.WARNING, "Mail %(id)s of the outbox is given up: %(why)s"),
    "unknown": (
        logging.WARNING,
        "Mail %(id)s of the outbox may have been sent, and is not sent again unless it is "
        "settled: %(why)s",
    ),
    "lost": (logging.WARNING, "Mail %(id)s of the outbox is another's by now, or was settled."),
}


class Counts:
    """Counts of one run, for one thread."""

    def __init__(self) -> None:
        self._counts: Counter[What] = Counter()

    def note(self, what: What, id: str, why: str) -> None:
        """Count, and log what somebody should know."""
        self._counts[what] += 1
        if what in _WORDS:
            level, words = _WORDS[what]
            logger.log(level, words, {"id": id, "why": why})

    def tally(self) -> OutboxTally:
        """The counts so far."""
        return OutboxTally(**{str(what): count for what, count in self._counts.items()})
