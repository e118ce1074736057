"""Guards that stop mail before SES is asked, over threads and over an event loop."""

from __future__ import annotations

import asyncio
from copy import deepcopy
from dataclasses import dataclass, field
from typing import Any

import pytest

from sesguard import AsyncClient, Client, Email, errors, limiters
from sesguard.outcomes import Held, Notice, NotSent, Settled
from tests.client.conftest import FakeClock, FakeTransport, Make, mail
from tests.client.test_send import Recording

OPEN = errors.CircuitOpenError("Sending is paused.", retry_after=60)
FENCED = errors.FencedError("Not for this environment.")
DOWN = errors.ServiceUnavailableError("down")


@dataclass
class Guarding:
    """Raises what a test says, and writes down what it is asked and told."""

    at_admit: Exception | None = None
    at_permit: list[Exception | None] = field(default_factory=list)
    instead: Any = None
    said: list[str] = field(default_factory=list)
    learned: list[errors.SESGuardError | None] = field(default_factory=list)
    failing: Exception | None = None

    def admit(self, email: Email, /) -> Email:
        self.said.append("admit")
        if self.at_admit is not None:
            raise self.at_admit
        return email if self.instead is None else self.instead

    def permit(self, email: Email, /) -> None:
        self.said.append("permit")
        error = self.at_permit.pop(0) if self.at_permit else None
        if error is not None:
            raise error

    def learn(self, email: Email, error: errors.SESGuardError | None, /) -> None:
        self.learned.append(error)
        if self.failing is not None:
            raise self.failing


class AsyncGuarding:
    """The same, awaited."""

    def __init__(self) -> None:
        self.inner = Guarding()

    async def admit(self, email: Email, /) -> Email:
        return self.inner.admit(email)

    async def permit(self, email: Email, /) -> None:
        self.inner.permit(email)

    async def learn(self, email: Email, error: errors.SESGuardError | None, /) -> None:
        self.inner.learn(email, error)


def test_a_guard_is_asked_twice_and_told_once(run: Make) -> None:
    """Before the list and before the request, and then what came of it."""
    guard = Guarding()
    run(guards=[guard]).send(mail())
    assert guard.said == ["admit", "permit"]
    assert guard.learned == [None]


@pytest.mark.parametrize("error", [OPEN, FENCED])
def test_what_a_guard_stops_asks_neither_the_list_nor_ses(
    run: Make, error: errors.SendError
) -> None:
    """Its own error comes out, and observers are told that it was a guard's."""
    transport, asked, seen = FakeTransport(), list[str](), list[Notice]()
    later = Guarding()
    client = run(
        transport=transport,
        suppression=asked.append,
        guards=[Guarding(at_admit=error), later],
        observers=[seen.append],
    )
    with pytest.raises(type(error)):
        client.send(mail())
    assert (transport.taken, asked, later.said) == ([], [], [])
    assert seen[0] == Held(error=error)  # type: ignore[arg-type]
    assert isinstance(seen[1], Settled)


def test_a_mail_stopped_at_the_last_moment_gives_back_what_it_reserved(run: Make) -> None:
    """It waited for the rate and was not tried; guards that had let it go are told."""
    transport, limiter, first = FakeTransport(), Recording(), Guarding()
    client = run(transport=transport, limiter=limiter, guards=[first, Guarding(at_permit=[OPEN])])
    with pytest.raises(errors.CircuitOpenError):
        client.send(mail("a@x.org", "b@x.org"))
    assert transport.taken == []
    assert (limiter.reserved, limiter.returned) == ([2], [2])
    assert first.learned == [OPEN]


def test_each_request_is_permitted_and_learned_of(run: Make) -> None:
    """A retry is a request like the first: a guard may stop it."""
    guard = Guarding(at_permit=[None, OPEN])
    with pytest.raises(errors.CircuitOpenError):
        run(transport=FakeTransport([DOWN]), guards=[guard]).send(mail())
    assert guard.said == ["admit", "permit", "permit"]
    assert guard.learned == [DOWN]


def test_a_guard_may_put_another_mail_in_its_place(run: Make) -> None:
    """The list is asked about those whom the other mail is to, and only they are mailed."""
    transport, asked = FakeTransport(), list[str]()
    client = run(
        transport=transport,
        suppression=asked.append,
        guards=[Guarding(instead=mail("staging@x.org"))],
    )
    assert client.send(mail("ann@x.org")).accepted == ("staging@x.org",)
    assert asked == ["staging@x.org"]
    assert [one.addr_spec for one in transport.taken[0].recipients] == ["staging@x.org"]


@pytest.mark.parametrize(
    ("does", "kind"),
    [
        ({"at_admit": KeyError("ann@example.org")}, errors.StoreError),
        ({"at_permit": [OSError("x")]}, errors.StoreError),
        ({"instead": "yes"}, errors.ConfigurationError),
    ],
)
def test_a_guard_that_fails_sends_nothing(
    run: Make, does: dict[str, Any], kind: type[errors.SESGuardError]
) -> None:
    """A guard that did not say yes did not let the mail go."""
    transport, guard = FakeTransport(), Guarding(**deepcopy(does))
    with pytest.raises(kind) as caught:
        run(transport=transport, guards=[guard]).send(mail())
    assert transport.taken == []
    assert "ann@example.org" not in str(caught.value)


def test_a_guard_that_cannot_learn_changes_nothing(
    run: Make, caplog: pytest.LogCaptureFixture
) -> None:
    """SES has the mail: the log tells of the guard, and the result stands."""
    guard = Guarding(failing=OSError("ann@example.org"))
    assert run(guards=[guard]).send(mail()).message_id == "id-1"
    assert "A guard's learn failed with OSError" in caplog.text
    assert "ann@example.org" not in caplog.text


def test_of_many_only_those_are_stopped_whom_the_guard_stops(run: Make) -> None:
    """Each comes to an outcome of its own, with the mail that was given."""

    class OnlyAnn(Guarding):
        def admit(self, email: Email, /) -> Email:
            if email.to[0].local != "ann":
                raise FENCED
            return email

    given = [mail("ann@x.org"), mail("bob@x.org")]
    outcomes = run(guards=[OnlyAnn()]).outcomes(given)
    stopped = next(one for one in outcomes if isinstance(one, NotSent))
    assert (len(outcomes), stopped.index, stopped.email) == (2, 1, given[1])
    assert stopped.error is FENCED


def test_the_async_client_awaits_a_guard() -> None:
    """Its methods are awaited on the loop."""
    guard = AsyncGuarding()

    async def play() -> None:
        async with AsyncClient(
            suppression=None,
            transport=FakeTransport(),
            limiter=limiters.Unlimited(),
            guards=[guard],
        ) as client:
            await client.send(mail())

    asyncio.run(play())
    assert (guard.inner.said, guard.inner.learned) == (["admit", "permit"], [None])


def test_a_guard_learns_of_a_request_that_was_called_off() -> None:
    """Whether it was taken nobody knows; a place that the guard kept for it is free again."""
    guard = Guarding()
    client = Client(
        suppression=None,
        transport=FakeTransport([KeyboardInterrupt()]),
        limiter=limiters.Unlimited(),
        clock=FakeClock(),
        guards=[guard],
    )
    with pytest.raises(KeyboardInterrupt):
        client.send(mail())
    assert [type(one) for one in guard.learned] == [errors.OutcomeUnknownError]


def test_guards_that_let_go_learn_of_a_mail_that_was_called_off_at_the_next_one() -> None:
    """It was not sent; a place that one of them kept for it is free again."""
    first, limiter = Guarding(), Recording()

    class Interrupted(Guarding):
        def permit(self, email: Email, /) -> None:
            raise KeyboardInterrupt

    client = Client(
        suppression=None,
        transport=FakeTransport(),
        limiter=limiter,
        clock=FakeClock(),
        guards=[first, Interrupted()],
    )
    with pytest.raises(KeyboardInterrupt):
        client.send(mail())
    assert [type(one) for one in first.learned] == [errors.ServiceUnavailableError]
    assert limiter.returned == [1]


def test_further_guards_come_after_the_clients_own() -> None:
    """As an outbox adds one to a client that it was given."""
    first, second = Guarding(), Guarding(at_admit=OPEN)
    with Client(
        suppression=None, transport=FakeTransport(), limiter=limiters.Unlimited(), guards=[first]
    ) as client:
        with pytest.raises(errors.CircuitOpenError):
            client._guarded_by(second).send(mail())
        assert first.said == ["admit"]
        client.send(mail())
    assert second.said == ["admit"]
