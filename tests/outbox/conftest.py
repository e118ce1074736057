"""An outbox in a file, a client to send by, and a SES that answers as it is told."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from sesguard import Client, Email, RetryPolicy
from sesguard.limiters import Unlimited
from sesguard.outbox import Outbox
from sesguard.outboxes import SQLiteOutbox
from sesguard.ports import Handover, Receipt
from sesguard.testing import ManualClock


def mail(number: int = 0, **more: object) -> Email:
    """A mail that its subject tells from others."""
    given = {"sender": "shop@example.com", "to": "ann@example.org", "text": "Hello"}
    return Email(**{**given, "subject": str(number), **more})  # type: ignore[arg-type]


class SES:
    """
    A transport: what is in *answers*, one after the other, and then always yes.

    Attributes:
        taken: Subjects of the mails that it took.

        asked: How many requests there were.
    """

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self.taken: list[str] = []
        self.emails: list[Email] = []
        self.asked: int = 0
        self.answers: list[BaseException | Receipt | None] = []
        self.always: BaseException | None = None
        self.during: Callable[[Email], object] = lambda email: None

    def submit(self, email: Email, handover: Handover, /) -> Receipt:
        handover()
        with self._lock:
            self.asked += 1
            answer = self.answers.pop(0) if self.answers else self.always
        self.during(email)
        if isinstance(answer, BaseException):
            raise answer
        with self._lock:
            self.taken.append(str(email.subject))
            self.emails.append(email)
        return answer or Receipt(message_id=f"id-{self.asked}")

    def close(self) -> None:
        """Nothing is open."""


@pytest.fixture
def clock() -> ManualClock:
    return ManualClock()


@pytest.fixture
def ses() -> SES:
    return SES()


@pytest.fixture
def client(ses: SES, clock: ManualClock) -> Client:
    return Client(
        suppression=None,
        transport=ses,
        limiter=Unlimited(),
        retry=RetryPolicy.none(),
        clock=clock,
    )


@pytest.fixture
def store(tmp_path: Path, clock: ManualClock) -> Iterator[SQLiteOutbox]:
    with SQLiteOutbox(tmp_path / "outbox.db", clock=clock) as store:
        yield store


@pytest.fixture
def outbox(store: SQLiteOutbox, client: Client, clock: ManualClock) -> Outbox:
    return Outbox(store, client=client, clock=clock)
