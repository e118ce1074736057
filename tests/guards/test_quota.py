"""Keeps some of the daily quota for mail that cannot wait."""

from __future__ import annotations

import asyncio
import os
import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest

from sesguard import AsyncClient, account, errors, limiters
from sesguard.guards import QuotaGuard
from sesguard.outcomes import NotSent, Sent
from sesguard.quota import Quota
from sesguard.simulator import Simulator
from sesguard.testing import ManualClock
from sesguard.transports.ses import SESTransport
from tests.guards.conftest import ask, bulk, mail, stopped

SENDS = "sesv2.SendEmail"
GONE = errors.DailyQuotaExceededError("x")


def quota(limit: float = 1_000, sent: float = 0) -> Quota:
    return Quota(max_24_hour_send=limit, max_send_rate=14, sent_last_24_hours=sent)


class Account:
    """Answers what a test says, and counts how often."""

    def __init__(self, *answers: Any) -> None:
        self.answers = list(answers)
        self.asked = 0
        self.meanwhile: Callable[[], object] = lambda: None

    def quota(self) -> Quota:
        self.asked += 1
        self.meanwhile()
        answer = self.answers.pop(0) if len(self.answers) > 1 else self.answers[0]
        if isinstance(answer, Exception):
            raise answer
        return answer  # type: ignore[no-any-return]

    def max_send_rate(self) -> float:
        return 14


@pytest.fixture
def clock() -> ManualClock:
    return ManualClock()


def test_bulk_mail_stops_at_the_line_and_other_mail_does_not(clock: ManualClock) -> None:
    """What is sent here is counted on top of the figures, recipient by recipient."""
    guard = QuotaGuard(Account(quota(100, 50)), keep=30, clock=clock)
    two = bulk("a@x.org", "b@x.org")
    assert [ask(guard, two) for _ in range(9)] == [None] * 9
    assert ask(guard, mail("a@x.org")) is None  # a receipt counts as well
    found = stopped(guard, two)
    assert found is not None
    assert "30 are kept" in str(found)
    assert "1 are left" in str(found)
    assert found.retry_after == 60
    assert ask(guard, bulk()) is None
    with pytest.raises(errors.CircuitOpenError):
        guard.admit(bulk())
    assert all(ask(guard, mail()) is None for _ in range(200))


def test_a_share_is_kept_of_whatever_the_quota_is(clock: ManualClock) -> None:
    """A raised quota raises what is kept."""
    guard = QuotaGuard(Account(quota(100, 80), quota(1000, 80)), keep_share=0.2, clock=clock)
    assert stopped(guard, bulk()) is not None
    clock.advance(60)
    assert stopped(guard, bulk()) is None


def test_there_is_no_line_where_there_is_no_quota(clock: ManualClock) -> None:
    """-1 is SES's word for unlimited."""
    guard = QuotaGuard(Account(quota(-1, 10**9)), keep_share=0.5, clock=clock)
    assert all(ask(guard, bulk()) is None for _ in range(100))


@pytest.mark.parametrize(
    ("error", "back"),
    [
        (errors.ServiceUnavailableError("x"), True),
        (errors.MessageRejectedError("x"), True),
        (errors.CircuitOpenError("x"), True),
        (errors.StoreError("x"), True),
        (errors.OutcomeUnknownError("x"), False),
        (None, False),
    ],
)
def test_what_was_certainly_not_sent_is_given_back(
    error: errors.SESGuardError | None, back: bool, clock: ManualClock
) -> None:
    """And what may have been sent is not."""
    guard = QuotaGuard(Account(quota(1)), keep=0, clock=clock)
    ask(guard, bulk(), error)
    assert (stopped(guard, bulk()) is None) is back


def test_figures_are_read_no_more_often_than_said(clock: ManualClock) -> None:
    """By bulk mail alone: a receipt never waits for them."""
    figures = Account(quota())
    guard = QuotaGuard(figures, keep=0, every=10, clock=clock)
    ask(guard, mail())
    assert figures.asked == 0
    for _ in range(100):
        guard.admit(bulk())
        ask(guard, bulk())
        clock.advance(0.5)
    assert figures.asked == 5


def test_a_reading_takes_the_place_of_what_was_counted(clock: ManualClock) -> None:
    """What was under way, and what went meanwhile, stays on top of it."""
    figures = Account(quota(10, 0), quota(10, 4), quota(10, 9))
    guard = QuotaGuard(figures, keep=0, clock=clock)
    for _ in range(4):
        ask(guard, bulk())
    guard.permit(bulk())  # under way
    clock.advance(60)
    figures.meanwhile = lambda: ask(guard, mail())
    guard.admit(bulk())
    figures.meanwhile = lambda: None
    assert [ask(guard, bulk()) is None for _ in range(5)] == [True] * 4 + [False]
    guard.learn(bulk(), None)
    clock.advance(60)
    assert [ask(guard, bulk()) is None for _ in range(2)] == [True, False]


BROKEN = [
    RuntimeError("ann@example.org"),
    errors.AccessDeniedError("x"),
    None,
    quota(float("nan")),
    quota("many"),  # type: ignore[arg-type]  # tested
]


@pytest.mark.parametrize("broken", BROKEN, ids=repr)
def test_the_last_figures_stand(
    broken: object, clock: ManualClock, caplog: pytest.LogCaptureFixture
) -> None:
    """A reading that fails is said once in the log and changes nothing."""
    figures = Account(quota(10, 5), broken, broken, quota(10, 0))
    guard = QuotaGuard(figures, keep=5, clock=clock)
    for _ in range(3):
        assert stopped(guard, bulk()) is not None
        clock.advance(60)
    assert stopped(guard, bulk()) is None
    assert len(caplog.records) == 1
    assert "the last figures count" in caplog.text
    assert "ann@" not in caplog.text


@pytest.mark.parametrize("broken", BROKEN, ids=repr)
def test_without_any_figures_mail_goes(
    broken: object, clock: ManualClock, caplog: pytest.LogCaptureFixture
) -> None:
    """One warning tells it, and SES's own no is still believed."""
    guard = QuotaGuard(Account(broken), keep=5, clock=clock)
    for _ in range(3):
        assert ask(guard, bulk()) is None
        clock.advance(60)
    assert len(caplog.records) == 1
    assert "ses:GetAccount" in caplog.text
    ask(guard, bulk(), GONE)
    assert stopped(guard, bulk()) is not None


def test_an_asynchronous_answer_is_no_figure(
    clock: ManualClock, caplog: pytest.LogCaptureFixture
) -> None:
    """A coroutine is closed, so that it does not warn."""

    async def figures() -> Quota:
        return quota()

    class Late:
        def quota(self) -> Any:
            return figures()

        def max_send_rate(self) -> float:
            return 14

    assert stopped(QuotaGuard(Late(), keep=0, clock=clock), bulk()) is None
    assert "could not be read" in caplog.text


def test_after_seses_own_no_bulk_mail_waits_as_long_as_it_says(clock: ManualClock) -> None:
    """Whatever the figures are, and whoever got the answer; receipts are tried all the same."""
    guard = QuotaGuard(Account(quota(10_000)), keep=0, clock=clock)
    ask(guard, mail(), errors.DailyQuotaExceededError("x", retry_after=7200))
    clock.advance(7000)
    found = stopped(guard, bulk())
    assert found is not None
    assert found.retry_after == 200
    with pytest.raises(errors.CircuitOpenError):
        guard.admit(bulk())
    assert ask(guard, mail()) is None
    clock.advance(200)
    assert ask(guard, bulk()) is None


def test_the_first_figures_are_waited_for(clock: ManualClock) -> None:
    """A thread that comes while they are read does not go before anybody knows."""
    figures = Account(quota(10, 10))
    guard = QuotaGuard(figures, keep=5, clock=clock)
    found: list[object] = []
    other = threading.Thread(target=lambda: found.append(stopped(guard, bulk())))

    def meanwhile() -> None:
        other.start()
        other.join(0.2)  # it cannot be done yet

    figures.meanwhile = meanwhile
    assert stopped(guard, bulk()) is not None
    other.join(30)
    assert found != [None]
    assert figures.asked == 1


def test_threads_do_not_go_over_the_line_together(clock: ManualClock) -> None:
    """Of sixteen that come at once there is room for five."""
    guard = QuotaGuard(Account(quota(10, 0)), keep=5, clock=clock)
    barrier = threading.Barrier(16)

    def send(_: int) -> bool:
        barrier.wait(30)
        return stopped(guard, bulk()) is None

    with ThreadPoolExecutor(16) as pool:
        assert sum(pool.map(send, range(16))) == 5


def test_later_figures_are_waited_for_by_one_thread(clock: ManualClock) -> None:
    """The others go on with those that are there."""
    figures = Account(quota())
    guard = QuotaGuard(figures, keep=0, clock=clock)
    stopped(guard, bulk())
    clock.advance(60)
    went: list[object] = []
    other = threading.Thread(target=lambda: went.append(stopped(guard, bulk())))

    def meanwhile() -> None:
        other.start()
        other.join(30)

    figures.meanwhile = meanwhile
    stopped(guard, bulk())
    assert went == [None]
    assert figures.asked == 2


def test_a_child_is_not_held_up_by_locks_of_its_parent(clock: ManualClock) -> None:
    """What was under way in the parent is not under way in the child."""
    guard = QuotaGuard(Account(quota()), keep=0, clock=clock)
    guard.permit(bulk())
    with guard._lock, guard._readings._lock:
        pid = os.fork()
        if pid == 0:
            clock.advance(60)
            found: list[object] = ["none"]

            def send() -> None:
                found[0] = stopped(guard, bulk())

            child = threading.Thread(target=send, daemon=True)
            child.start()
            child.join(10)
            os._exit(0 if found == [None] and guard._daily.on_top == 1 else 1)
    assert os.waitpid(pid, 0)[1] == 0


def test_on_a_real_client_bulk_stops_first_and_the_reserve_goes_out() -> None:
    """SES takes all of the reserve, and was never asked about what went over the line."""
    sim = Simulator(quota=200, rate=10_000)
    reader = account.AccountReader(boto3_client=sim.boto3_client("sesv2"))
    guard = QuotaGuard(reader, keep=50, every=60, clock=sim.clock)
    client = sim.client(guards=[guard], limiter=limiters.Unlimited())
    outcomes = list(client.iter_send([bulk(f"{n}@x.org") for n in range(400)]))
    assert sum(isinstance(one, Sent) for one in outcomes) == 150
    held = [one.error for one in outcomes if isinstance(one, NotSent)]
    assert {type(one) for one in held} == {errors.CircuitOpenError}
    assert sim.calls[SENDS] == 150
    assert client.send_many([mail() for _ in range(50)]).sent == 50
    with pytest.raises(errors.DailyQuotaExceededError):
        client.send(mail())


def test_a_spent_quota_is_one_request() -> None:
    """
    No retry in place, and no bulk mail without its hour; a receipt goes as soon as SES takes it.
    """
    sim = Simulator(quota=100, rate=10_000)
    # Another process sends, so that this one's figures are old.
    other = sim.client(limiter=limiters.Unlimited())
    reader = account.AccountReader(boto3_client=sim.boto3_client("sesv2"))
    guard = QuotaGuard(reader, keep=0, every=3 * 3600, clock=sim.clock)
    client = sim.client(guards=[guard], limiter=limiters.Unlimited())
    client.send(bulk())
    assert other.send_many([mail(f"{n}@x.org") for n in range(99)]).sent == 99
    before = sim.calls[SENDS]
    with pytest.raises(errors.DailyQuotaExceededError) as spent:
        client.send(bulk())
    assert spent.value.attempts == 1
    for _ in range(1_000):
        with pytest.raises(errors.CircuitOpenError):
            client.send(bulk())
    assert sim.calls[SENDS] == before + 1
    sim.leave_sandbox(quota=200)
    client.send(mail())
    assert spent.value.retry_after is not None
    sim.clock.advance(spent.value.retry_after - 1)
    with pytest.raises(errors.CircuitOpenError) as caught:
        client.send(bulk())
    assert caught.value.retry_after == pytest.approx(1)
    sim.clock.advance(1)
    client.send(bulk())


def test_on_an_async_client_as_well() -> None:
    """The guard's own reading is done beside the loop."""
    sim = Simulator(quota=20)
    transport = SESTransport(boto3_client=sim.boto3_client("sesv2"))
    client = AsyncClient(
        suppression=None,
        transport=transport,
        limiter=limiters.Unlimited(),
        guards=[QuotaGuard(transport, keep=10, clock=sim.clock)],
    )

    async def play() -> int:
        async with client:
            return (await client.send_many([bulk() for _ in range(30)])).sent

    assert asyncio.run(play()) == 10
