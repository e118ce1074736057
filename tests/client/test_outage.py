"""What an outage costs: how many requests it gets, and how soon mail goes again."""

from __future__ import annotations

from collections.abc import Callable
from itertools import count
from typing import Any

import pytest

from sesguard import Client, RetryPolicy, errors
from sesguard.limiters import MemoryLimiter
from sesguard.ports import Receipt
from tests.client.conftest import FakeClock, FakeTransport, Make, mail

RATE = 200.0
OUTAGE = 60.0


def refusing(clock: FakeClock, until: float, error: Callable[[], errors.SendError]) -> Any:
    """A transport that refuses all it is offered up to a moment, and counts."""
    offered = count(1)

    class Refusing(FakeTransport):
        requests = 0

        def submit(self, email: Any, handover: Any, /) -> Receipt:
            handover()
            self.requests = next(offered)
            if clock.monotonic() < until:
                raise error()
            self.taken.append(email)
            return Receipt(message_id=f"id-{self.requests}")

    return Refusing()


def test_an_outage_of_a_minute_gets_a_tenth_more_requests_than_sends() -> None:
    """And within five seconds of its end mail goes again."""
    clock = FakeClock()
    began = clock.monotonic()
    transport = refusing(
        clock, began + OUTAGE, lambda: errors.SendingRateExceededError("rate", retry_after=0.2)
    )
    client = Client(
        suppression=None, transport=transport, limiter=MemoryLimiter(RATE, clock=clock), clock=clock
    )
    sends = 0
    while clock.monotonic() < began + OUTAGE:
        sends += 1
        try:
            client.send(mail())
        except errors.SendingRateExceededError:
            continue
    if not transport.taken:
        client.send(mail())
    assert sends > 100
    assert transport.requests <= 1.1 * sends + 1
    assert clock.monotonic() - (began + OUTAGE) < 5.0


@pytest.mark.parametrize("sends", [1, 50, 1000])
def test_an_answer_that_may_hide_a_mail_is_one_request_a_send(run: Make, sends: int) -> None:
    """HTTP 500 is not repeated."""
    clock = FakeClock()
    transport = refusing(clock, float("inf"), lambda: errors.OutcomeUnknownError("HTTP 500"))
    client = run(transport=transport, clock=clock, retry=RetryPolicy(attempts=9))
    tally = client.send_many([mail() for _ in range(sends)])
    assert (tally.unknown, transport.requests) == (sends, sends)


def test_a_throttle_slows_the_limiter_and_not_the_one_send_alone(run: Make) -> None:
    """The next mail, which was never throttled, starts later than the rate would have it."""
    clock = FakeClock()
    throttle = errors.SendingRateExceededError("rate", retry_after=1.0)
    client = run(
        transport=FakeTransport([throttle]), limiter=MemoryLimiter(1.0, clock=clock), clock=clock
    )
    client.send(mail())
    began = clock.monotonic()
    client.send(mail())
    assert clock.monotonic() - began > 1.5
