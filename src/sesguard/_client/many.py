"""What sending many needs beside sending one: an intake that is read lazily, and a count."""

from __future__ import annotations

from collections import Counter
from collections.abc import AsyncIterable, AsyncIterator, Iterable, Iterator
from typing import TypeAlias

from sesguard import errors
from sesguard._client.options import checked_email
from sesguard._core.parcels import MOST_RECIPIENTS, parcels
from sesguard._core.screening import Screened
from sesguard._frozen import FrozenMapping
from sesguard.mail import Email
from sesguard.outcomes import (
    NotSent,
    Outcome,
    Rejected,
    Sent,
    Suppressed,
    Tally,
    Unknown,
    of_error,
)

__all__ = ["Batch", "Count", "Intake", "Parcel", "Room", "ScreenedBatch", "sorted_out"]

Batch: TypeAlias = list[tuple[int, Email]]
ScreenedBatch: TypeAlias = list[tuple[int, Email, Screened | errors.SESGuardError]]
Parcel: TypeAlias = list[tuple[int, Email, Screened]]
"""What one request sends: places, e-mails as they were given, and what of them may be sent."""

Stopped: TypeAlias = Suppressed | Rejected | NotSent | Unknown


class Intake:
    """
    E-mails with their places, read no further than asked.

    Attributes:
        open: There may be more.

        failure: What ended the reading early. It is raised when all before it is told.
    """

    def __init__(self, emails: Iterable[Email] | AsyncIterable[Email]) -> None:
        if isinstance(emails, AsyncIterable):
            self._emails = aiter(emails)
        else:
            self._emails = _Lifted(iter(emails))
        self._read = 0
        self.open = True
        self.failure: Exception | None = None

    async def take(self, most: int) -> Batch:
        """Up to *most* of them; fewer at the end."""
        batch: Batch = []
        while self.open and len(batch) < most:
            try:
                email = checked_email(await anext(self._emails))
            except StopAsyncIteration:
                self.open = False
            except Exception as error:
                # What is under way is told first; then the caller gets its own exception.
                self.failure = error
                self.open = False
            else:
                batch.append((self._read, email))
                self._read += 1
        return batch


def sorted_out(batch: ScreenedBatch) -> tuple[list[Stopped], Parcel]:
    """The outcomes of those that are not sent, and the others."""
    stopped: list[Stopped] = []
    going: Parcel = []
    for index, email, screened in batch:
        if isinstance(screened, errors.SESGuardError):
            stopped.append(of_error(index, email, screened))
        else:
            going.append((index, email, screened))
    return stopped, going


class Room:
    """
    How much may be read ahead, and how it is put together.

    Args:
        concurrency: Requests under way at once.

        bulk: Whether one request sends several e-mails.
    """

    def __init__(self, concurrency: int, *, bulk: bool) -> None:
        self._most = 2 * concurrency
        self._bulk = bulk

    def left(self, under_way: int) -> int:
        """How many e-mails to read, with so many requests under way."""
        return (self._most - under_way) * (MOST_RECIPIENTS if self._bulk else 1)

    def parcels(self, going: Parcel) -> list[Parcel]:
        """What each request sends."""
        if not self._bulk:
            return [[one] for one in going]
        return parcels((one, one[2].email) for one in going)


class _Lifted(AsyncIterator[Email]):
    def __init__(self, emails: Iterator[Email]) -> None:
        self._emails = emails

    async def __anext__(self) -> Email:
        try:
            return next(self._emails)
        except StopIteration:
            raise StopAsyncIteration from None


_FIELDS: dict[type, str] = {
    Sent: "sent",
    Suppressed: "suppressed",
    Rejected: "rejected",
    NotSent: "not_sent",
    Unknown: "unknown",
}


class Count:
    """Counts outcomes, and keeps none of them."""

    def __init__(self) -> None:
        self._ends: Counter[str] = Counter()
        self._errors: Counter[str] = Counter()

    def add(self, outcome: Outcome) -> None:
        """Count one more."""
        self._ends[_FIELDS[type(outcome)]] += 1
        if not isinstance(outcome, Sent):
            self._errors[type(outcome.error).__name__] += 1

    def tally(self) -> Tally:
        """The count so far."""
        return Tally(**self._ends, by_error=FrozenMapping(self._errors.most_common()))
