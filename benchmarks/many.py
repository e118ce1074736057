"""How much memory a long run of sends takes."""

from __future__ import annotations

import resource
from collections.abc import Iterator
from itertools import count

from benchmarks.harness import Bar, Figure
from sesguard import Client, Email, limiters
from sesguard.ports import Handover, Receipt
from sesguard.stores import MemoryStore

NOTES = ["many: one run of send_many over generated e-mails to new addresses, no request made."]
MAILS = 1_000_000
WARM = 10_000
MIB = 1024 * 1024


class Canned:
    """Takes all it is offered."""

    def __init__(self) -> None:
        self._number = count(1)

    def submit(self, email: Email, handover: Handover, /) -> Receipt:
        handover()
        return Receipt(message_id=f"id-{next(self._number)}")

    def close(self) -> None:
        """Nothing is open."""


def peak() -> int:
    """The most bytes that this process ever had in memory."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024  # KiB on Linux


def growth(mails: int) -> float:
    """MiB that a run takes more after its first ten thousand."""
    seen: list[int] = []

    def generated() -> Iterator[Email]:
        for number in range(mails):
            if number == WARM:
                seen.append(peak())
            yield Email(
                sender="shop@example.com",
                to=f"new.{number}@example.org",
                subject="Your order",
                text="It has left our house.",
            )

    with Client(
        suppression=MemoryStore(), transport=Canned(), limiter=limiters.Unlimited()
    ) as client:
        assert client.send_many(generated()).sent == mails
    return (peak() - seen[0]) / MIB


def rows() -> Iterator[Figure]:
    """The growth of one long run."""
    yield Figure(
        area="many",
        what=f"{MAILS:,} mails by send_many, MiB",
        against=f"the first {WARM:,}",
        figure=growth(MAILS),
        bar=Bar(at_most=20),
    )
