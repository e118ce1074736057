"""The guarded client over the simulator."""

from __future__ import annotations

import asyncio

import pytest

from sesguard import AsyncClient, Client, Email, RetryPolicy, Worker, errors
from sesguard.addresses import AddressKey
from sesguard.limiters import Unlimited
from sesguard.simulator import Simulator
from sesguard.stores import MemoryStore
from sesguard.transports import SESTransport


def mail(*to: str) -> Email:
    return Email(sender="us@example.com", to=to or ("ann@example.org",), subject="Hi", text="Hello")


def test_a_guarded_client_sends_into_the_outbox() -> None:
    """With the id that SES gave, in one request."""
    sim = Simulator()
    with sim.client() as client:
        result = client.send(mail("Ann <ann@example.org>"))
    assert [one.message_id for one in sim.outbox] == [result.message_id]
    assert sim.calls["sesv2.SendEmail"] == 1


def test_a_guarded_client_keeps_to_the_simulated_rate() -> None:
    """It reads the rate, waits on the simulated clock, and is never throttled."""
    sim = Simulator(rate=5)
    client = sim.client()
    for _ in range(30):
        client.send(mail("a@example.org", "b@example.org"))
    assert sim.calls["sesv2.SendEmail"] == len(sim.outbox) == 30
    assert 11 <= sim.clock.monotonic() <= 12.1


def test_waiting_side_by_side_is_not_throttled() -> None:
    """Neither over threads nor over an event loop, though all of them move the one clock."""
    sim = Simulator(rate=2)
    assert sim.client().send_many([mail()] * 20).sent == 20

    async def main() -> int:
        transport = SESTransport(boto3_client=sim.boto3_client("sesv2"))
        async with AsyncClient(suppression=None, transport=transport, clock=sim.clock) as client:
            return (await client.send_many([mail()] * 20)).sent

    assert asyncio.run(main()) == 20
    assert sim.calls["sesv2.SendEmail"] == 40


@pytest.mark.parametrize("name", ["bounce", "complaint", "suppressionlist"])
def test_what_comes_back_stops_the_next_mail(name: str) -> None:
    """In a store that goes by the system's clock, too: what is held for a while is not over yet."""
    sim, store = Simulator(), MemoryStore()
    with sim.client(suppression=store) as client:
        email = mail(f"{name}@simulator.amazonses.com")
        client.send(email)
        Worker(sim.source(), store=store).drain()
        with pytest.raises(errors.SuppressedError):
            client.send(email)
    assert len(sim.outbox) == 1


def test_a_guarded_client_asks_its_list() -> None:
    """What is on it is not sent."""
    sim = Simulator()

    def hook(address: AddressKey, /) -> bool:
        return address == "gone@example.org"

    with pytest.raises(errors.SuppressedError):
        sim.client(suppression=hook).send(mail("Gone@example.org"))
    assert sim.outbox == ()


@pytest.mark.parametrize(
    ("fault", "error", "requests"),
    [
        ("rate", errors.SendingRateExceededError, 3),
        ("503", errors.OutcomeUnknownError, 1),
        ("500", errors.OutcomeUnknownError, 1),
        ("quota", errors.DailyQuotaExceededError, 1),
        ("paused", errors.SendingPausedError, 1),
        ("shut down", errors.AccountSuspendedError, 1),
        ("not found", errors.NotFoundError, 1),
        ("rejected", errors.MessageRejectedError, 1),
        ("connection refused", errors.ServiceUnavailableError, 3),
        ("answer lost", errors.OutcomeUnknownError, 1),
        ("connection reset", errors.OutcomeUnknownError, 1),
        ("empty answer", errors.OutcomeUnknownError, 1),
    ],
)
def test_every_fault_has_its_error(
    fault: str, error: type[errors.SendError], requests: int
) -> None:
    """Only what was certainly not taken is tried again, on the simulated clock."""
    sim = Simulator()
    sim.fail_next(9, fault)
    client = sim.client(limiter=Unlimited(), retry=RetryPolicy(attempts=3))
    with pytest.raises(error):
        client.send(mail())
    assert sim.calls["sesv2.SendEmail"] == requests
    assert len(sim.outbox) <= 1


def test_a_bounce_comes_back_and_stops_the_next_mail() -> None:
    """Send, event, queue, worker, list: the loop is closed without a network."""
    sim = Simulator()
    store = MemoryStore()
    client = sim.client(suppression=store)
    sim.bounces("gone@example.org")
    sim.complains("cross@example.net")
    client.send(mail("gone@example.org", "ann@example.org"))
    client.send(mail("cross@example.net"))
    Worker(sim.source(), store=store).drain()
    for address in ("Gone@example.org", "cross@example.net"):
        with pytest.raises(errors.SuppressedError):
            client.send(mail(address))
    client.send(mail())
    assert sim.calls["sesv2.SendEmail"] == 3
    assert sim.source().receive(10, 0) != []


def test_an_unmodified_client_inside_of_the_block_is_guarded_the_same_way() -> None:
    """The default transport makes its own boto3 client, and the simulator answers it."""
    with Simulator() as sim, Client(suppression=None, limiter=Unlimited()) as client:
        result = client.send(mail("bounce@simulator.amazonses.com"))
    assert sim.outbox[0].message_id == result.message_id
