"""No request as long as SES takes none."""

from __future__ import annotations

import logging
import os
import threading
from concurrent.futures import ThreadPoolExecutor

import pytest

from sesguard import AsyncClient, RetryPolicy, errors, limiters
from sesguard.guards import CircuitBreaker
from sesguard.simulator import Simulator
from sesguard.testing import ManualClock
from sesguard.transports.ses import SESTransport
from tests.guards.conftest import ask, mail, stopped

PAUSED = errors.SendingPausedError("x", code="AccountSendingPausedException")
SUSPENDED = errors.AccountSuspendedError("x")
SENDS = "sesv2.SendEmail"


@pytest.fixture
def clock() -> ManualClock:
    return ManualClock()


@pytest.fixture
def breaker(clock: ManualClock) -> CircuitBreaker:
    return CircuitBreaker(clock=clock)


@pytest.mark.parametrize("error", [PAUSED, SUSPENDED])
def test_after_such_an_answer_nothing_goes_until_the_interval_is_over(
    breaker: CircuitBreaker, clock: ManualClock, error: errors.SendError
) -> None:
    """Then one mail is tried, and it says when the next one is."""
    assert ask(breaker, mail(), error) is None
    clock.advance(15)
    found = stopped(breaker, mail())
    assert found is not None
    assert found.retry_after == 45
    assert type(error).__name__ in str(found)
    with pytest.raises(errors.CircuitOpenError) as caught:
        breaker.admit(mail())
    assert caught.value.retry_after == 45
    clock.advance(45)
    assert breaker.admit(mail()) == mail()
    assert ask(breaker, mail(), error) is None
    assert stopped(breaker, mail()) is not None


@pytest.mark.parametrize(
    "error",
    [
        errors.SendingRateExceededError("x"),
        errors.DailyQuotaExceededError("x"),
        errors.ServiceUnavailableError("x"),
        errors.MessageRejectedError("x"),
        errors.AccessDeniedError("x"),
        errors.OutcomeUnknownError("x"),
        errors.StoreError("x"),
    ],
)
def test_no_other_error_opens_it(breaker: CircuitBreaker, error: errors.SESGuardError) -> None:
    """What is wrong with one mail, or for a moment, is no reason to stop all others."""
    ask(breaker, mail(), error)
    assert ask(breaker, mail()) is None


def test_success_closes_it(
    breaker: CircuitBreaker, clock: ManualClock, caplog: pytest.LogCaptureFixture
) -> None:
    """All mail goes again, and the log has both moments."""
    with caplog.at_level(logging.WARNING):
        ask(breaker, mail(), PAUSED)
        clock.advance(60)
        ask(breaker, mail())
    assert [ask(breaker, mail()) for _ in range(3)] == [None] * 3
    assert [record.levelname for record in caplog.records] == ["WARNING"] * 2
    assert "ann@" not in caplog.text


def test_one_thread_has_the_probe(breaker: CircuitBreaker, clock: ManualClock) -> None:
    """Of many that come at the same moment, one request goes."""
    ask(breaker, mail(), PAUSED)
    clock.advance(60)
    barrier = threading.Barrier(16)

    def come(_: int) -> bool:
        barrier.wait(30)
        return stopped(breaker, mail()) is None

    with ThreadPoolExecutor(16) as pool:
        assert sum(pool.map(come, range(16))) == 1


def test_a_probe_that_is_never_heard_of_blocks_nobody(
    breaker: CircuitBreaker, clock: ManualClock
) -> None:
    """A thread that died with it costs one interval."""
    ask(breaker, mail(), PAUSED)
    clock.advance(60)
    assert stopped(breaker, mail()) is None
    clock.advance(59)
    assert stopped(breaker, mail()) is not None
    clock.advance(1)
    assert stopped(breaker, mail()) is None


def test_a_paused_configuration_set_stops_its_own_mail(
    breaker: CircuitBreaker, clock: ManualClock
) -> None:
    """Receipts of another set go on, and its own after a probe's success."""
    news, receipts = mail(configuration_set="news"), mail(configuration_set="receipts")
    error = errors.SendingPausedError(
        "x", reply="Email sending is disabled for configuration set <news>."
    )
    ask(breaker, news, error)
    found = stopped(breaker, news)
    assert found is not None
    assert "configuration set news" in str(found)
    assert ask(breaker, receipts) is None
    assert ask(breaker, mail()) is None
    clock.advance(60)
    assert ask(breaker, news) is None
    assert ask(breaker, news) is None


def test_a_child_is_not_held_up_by_a_lock_of_its_parent(breaker: CircuitBreaker) -> None:
    """What is open in the parent is open in the child."""
    ask(breaker, mail(), PAUSED)
    with breaker._lock:
        pid = os.fork()
        if pid == 0:
            found: list[object] = []
            child = threading.Thread(target=lambda: found.append(stopped(breaker, mail())))
            child.daemon = True
            child.start()
            child.join(10)
            os._exit(0 if found and found[0] is not None else 1)
    assert os.waitpid(pid, 0)[1] == 0


@pytest.mark.parametrize("stop", ["paused", "suspended"])
def test_a_thousand_sends_on_a_stopped_account_are_one_request(stop: str) -> None:
    """And then one an interval, by whichever client; after its success all go."""
    sim = Simulator(rate=10_000)
    breaker = CircuitBreaker(clock=sim.clock)
    client = sim.client(guards=[breaker], limiter=limiters.Unlimited())
    news = client.with_options(tags={"kind": "news"})
    if stop == "paused":
        sim.pause_sending()
    else:
        sim.enforce("SHUTDOWN")
    kinds = set[type[Exception]]()
    for number in range(1_000):
        with pytest.raises(errors.SendError) as caught:
            (client if number % 2 else news).send(mail())
        kinds.add(caught.type)
    assert sim.calls[SENDS] == 1
    assert errors.CircuitOpenError in kinds
    for interval in range(1, 6):
        sim.clock.advance(60)
        assert client.send_many([mail() for _ in range(100)], concurrency=8).sent == 0
        assert sim.calls[SENDS] == 1 + interval
    sim.resume_sending()
    sim.enforce("HEALTHY")
    assert client.send_many([mail()]).sent == 0
    sim.clock.advance(60)
    client.send(mail())
    assert client.send_many([mail() for _ in range(100)]).sent == 100


def test_an_outage_before_ses_is_asked_costs_one_probe() -> None:
    """A probe that did not reach SES is no success, and the next one comes an interval later."""
    sim = Simulator()
    client = sim.client(guards=[CircuitBreaker(clock=sim.clock)], retry=RetryPolicy.none())
    sim.pause_sending()
    with pytest.raises(errors.SendingPausedError):
        client.send(mail())
    sim.resume_sending()
    sim.clock.advance(60)
    sim.fail_next(1, "connection refused")
    with pytest.raises(errors.ServiceUnavailableError):
        client.send(mail())
    with pytest.raises(errors.CircuitOpenError) as caught:
        client.send(mail())
    assert caught.value.retry_after == pytest.approx(60, abs=2)
    sim.clock.advance(60)
    client.send(mail())


async def _refused(client: AsyncClient) -> int:
    async with client:
        tally = await client.send_many([mail() for _ in range(200)])
    return tally.sent


def test_the_async_client_asks_it_as_well() -> None:
    """The same guard, on a thread beside the loop."""
    import asyncio

    sim = Simulator()
    sim.pause_sending()
    transport = SESTransport(boto3_client=sim.boto3_client("sesv2"))
    breaker = CircuitBreaker(clock=sim.clock)
    client = AsyncClient(
        suppression=None, transport=transport, limiter=limiters.Unlimited(), guards=[breaker]
    )
    assert asyncio.run(_refused(client)) == 0
    assert 1 <= sim.calls[SENDS] <= 8  # as many as were under way at once
