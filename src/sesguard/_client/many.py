"""What sending many needs beside sending one: an intake that is read lazily, and a count."""

from __future__ import annotations

from collections import Counter
from collections.abc import AsyncIterable, AsyncIterator, Iterable, Iterator
from typing import TypeAlias

from sesguard import errors
from sesguard._client.options import checked_email
from sesguard._core.screening import Screened
from sesguard._frozen import FrozenMapping
from sesguard.mail import Email
from sesguard.outcomes import NotSent, Outcome, Rejected, Sent, Suppressed, Tally, Unknown

__all__ = ["Batch", "Count", "Intake", "ScreenedBatch"]

Batch: TypeAlias = list[tuple[int, Email]]
ScreenedBatch: TypeAlias = list[tuple[int, Email, Screened | errors.SESGuardError]]


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
