"""A guarded client played both ways: over threads and over an event loop."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any, Protocol

import pytest

from sesguard import AsyncClient, Client, Email, limiters
from sesguard.outcomes import Outcome, SendResult, Tally
from sesguard.ports import Handover, Receipt


class Played(Protocol):
    """A client whose methods are called the same way, whichever it is."""

    def send(
        self,
        email: Email,
        *,
        idempotency_key: str | None = None,
        timeout: float | None = None,
    ) -> SendResult: ...
    def send_many(self, emails: Iterable[Email], **options: Any) -> Tally: ...
    def outcomes(self, emails: Iterable[Email], **options: Any) -> list[Outcome]: ...
    def with_options(self, **options: Any) -> Played: ...
    def close(self) -> None: ...


class SyncPlayed:
    def __init__(self, client: Client) -> None:
        self.client = client

    def send(
        self,
        email: Email,
        *,
        idempotency_key: str | None = None,
        timeout: float | None = None,
    ) -> SendResult:
        return self.client.send(email, idempotency_key=idempotency_key, timeout=timeout)

    def send_many(self, emails: Iterable[Email], **options: Any) -> Tally:
        return self.client.send_many(emails, **options)

    def outcomes(self, emails: Iterable[Email], **options: Any) -> list[Outcome]:
        return list(self.client.iter_send(emails, **options))

    def with_options(self, **options: Any) -> Played:
        return SyncPlayed(self.client.with_options(**options))

    def close(self) -> None:
        self.client.close()


class AsyncPlayed:
    """Each call has a loop of its own: a client is not bound to one."""

    def __init__(self, client: AsyncClient) -> None:
        self.client = client

    def send(
        self,
        email: Email,
        *,
        idempotency_key: str | None = None,
        timeout: float | None = None,
    ) -> SendResult:
        return asyncio.run(
            self.client.send(email, idempotency_key=idempotency_key, timeout=timeout)
        )

    def send_many(self, emails: Iterable[Email], **options: Any) -> Tally:
        return asyncio.run(self.client.send_many(emails, **options))

    def outcomes(self, emails: Iterable[Email], **options: Any) -> list[Outcome]:
        async def collect() -> list[Outcome]:
            return [one async for one in self.client.iter_send(emails, **options)]

        return asyncio.run(collect())

    def with_options(self, **options: Any) -> Played:
        return AsyncPlayed(self.client.with_options(**options))

    def close(self) -> None:
        asyncio.run(self.client.aclose())


@dataclass
class FakeClock:
    """Time in the test's hand; a sleep passes at once, for threads and for a loop."""

    seconds: float = 1000.0
    slept: list[float] = field(default_factory=list)

    def now(self) -> datetime:
        return datetime(2026, 11, 1, tzinfo=UTC) + timedelta(seconds=self.seconds)

    def monotonic(self) -> float:
        return self.seconds

    def sleep(self, seconds: float, /) -> None:
        self.slept.append(seconds)
        self.seconds += seconds


@dataclass
class FakeTransport:
    """Takes mail, or raises what a test put in front."""

    answers: list[Any] = field(default_factory=list)
    taken: list[Email] = field(default_factory=list)
    closed: int = 0

    def submit(self, email: Email, handover: Handover, /) -> Receipt:
        answer = self.answers.pop(0) if self.answers else None
        handover()
        if isinstance(answer, BaseException):
            raise answer
        if callable(answer):
            answer = answer()
        self.taken.append(email)
        if answer is not None:
            return answer  # type: ignore[no-any-return]
        return Receipt(message_id=f"id-{len(self.taken)}", request_id="request")

    def close(self) -> None:
        self.closed += 1


Make = Callable[..., Played]


@pytest.fixture(params=["sync", "async"])
def run(request: pytest.FixtureRequest) -> Iterator[Make]:
    """Makes a client of the kind that is played, closed at the end."""
    made: list[Played] = []

    def make(*, transport: Any = None, clock: Any = None, **options: Any) -> Played:
        options.setdefault("suppression", None)
        options.setdefault("limiter", limiters.Unlimited())
        transport = FakeTransport() if transport is None else transport
        clock = FakeClock() if clock is None else clock
        if request.param == "sync":
            client: Played = SyncPlayed(Client(transport=transport, clock=clock, **options))
        else:
            client = AsyncPlayed(AsyncClient(transport=transport, clock=clock, **options))
        made.append(client)
        return client

    yield make
    for client in made:
        client.close()


def mail(*to: str, **fields: Any) -> Email:
    """A small e-mail."""
    fields = {"subject": "Hello", "text": "Hi.", **fields}
    return Email(sender="shop@example.com", to=to or ("ann@example.org",), **fields)


__all__ = ["FakeClock", "FakeTransport", "Make", "Played", "mail"]
