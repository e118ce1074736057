"""Many guarded sends, over threads and over an event loop."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import AsyncIterator, Iterator
from typing import Any

import pytest

from sesguard import AsyncClient, Client, Email, errors, limiters
from sesguard.outcomes import NotSent, Outcome, Rejected, Sent, Suppressed, Tally, Unknown
from sesguard.ports import Handover, Receipt
from tests.client.conftest import FakeClock, FakeTransport, Make, mail


class ByAddress:
    """Answers for each address what the test says."""

    def __init__(self, answers: dict[str, Exception]) -> None:
        self.answers = answers

    def submit(self, email: Email, handover: Handover, /) -> Receipt:
        handover()
        answer = self.answers.get(email.to[0].addr_spec)
        if answer is not None:
            raise answer
        return Receipt(message_id=email.to[0].local)

    def close(self) -> None:
        """Nothing is held."""


KINDS = {
    "no@x.org": Suppressed,
    "bad@x.org": Rejected,
    "quota@x.org": NotSent,
    "lost@x.org": Unknown,
    "ok@x.org": Sent,
}


def by_kind() -> ByAddress:
    return ByAddress(
        {
            "bad@x.org": errors.MessageRejectedError("bad"),
            "quota@x.org": errors.DailyQuotaExceededError("quota"),
            "lost@x.org": errors.OutcomeUnknownError("lost"),
        }
    )


def test_each_mail_comes_to_one_outcome_and_none_raises(run: Make) -> None:
    """The outcome has the place, the e-mail, and the result or the error."""
    emails = [mail(address) for address in KINDS]
    client = run(transport=by_kind(), suppression=lambda address: address == "no@x.org")
    outcomes = sorted(client.outcomes(emails), key=lambda one: one.index)
    assert [type(one) for one in outcomes] == list(KINDS.values())
    assert [one.email for one in outcomes] == emails
    assert [getattr(one, "result", None) is not None for one in outcomes] == [False] * 4 + [True]


def test_send_many_counts_all(run: Make) -> None:
    """The tally has every end and every error by name; on_outcome sees each outcome."""
    seen: list[Outcome] = []
    client = run(transport=by_kind(), suppression=lambda address: address == "no@x.org")
    tally = client.send_many([mail(a) for a in KINDS] * 7, on_outcome=seen.append)
    assert (tally.sent, tally.suppressed, tally.rejected) == (7, 7, 7)
    assert (tally.not_sent, tally.unknown, tally.total) == (7, 7, 35)
    assert dict(tally.by_error) == {
        "SuppressedError": 7,
        "MessageRejectedError": 7,
        "DailyQuotaExceededError": 7,
        "OutcomeUnknownError": 7,
    }
    assert len(seen) == 35


def test_nothing_to_send_is_an_empty_tally(run: Make) -> None:
    """An empty list is no error."""
    assert run().send_many([]).total == 0


def test_emails_are_read_as_there_is_room(run: Make) -> None:
    """Back-pressure: no more than twice the concurrency ahead of the outcomes taken."""
    read = 0
    told = 0
    ahead: list[int] = []

    def endless() -> Iterator[Email]:
        nonlocal read
        while read < 100:
            read += 1
            ahead.append(read - told)
            yield mail()

    def count(outcome: Outcome) -> None:
        nonlocal told
        told += 1

    run().send_many(endless(), concurrency=3, on_outcome=count)
    assert told == 100
    assert max(ahead) <= 7


def test_a_batch_is_one_look_up(run: Make) -> None:
    """Screening many asks the store for a batch, not for each e-mail."""
    asked: list[int] = []

    class Store:
        def look_up(self, keys: Any, scopes: Any = (), /) -> Any:
            asked.append(len(keys))
            return {}

    run(suppression=Store()).send_many([mail(f"a{n}@x.org") for n in range(80)], concurrency=8)
    assert sum(asked) == 80
    assert len(asked) <= 20


def test_scopes_are_asked_apart(run: Make) -> None:
    """E-mails of two tenants share no look-up: an entry of one is none of the other."""
    asked: list[tuple[str, ...]] = []

    class Store:
        def look_up(self, keys: Any, scopes: Any = (), /) -> Any:
            asked.append(tuple(scopes))
            return {}

    run(suppression=Store()).send_many([mail(tenant="a"), mail(tenant="b"), mail(tenant="a")])
    assert sorted(asked) == [("tenant:a",), ("tenant:b",)]


def test_a_failed_look_up_stops_its_batch_and_not_the_run(run: Make) -> None:
    """Each e-mail of it is told as not sent."""
    tally = run(suppression=lambda address: "nonsense").send_many([mail()] * 5)
    assert dict(tally.by_error) == {"SuppressionUnavailableError": 5}


def away_for_bob(address: str) -> bool:
    if address == "bob@example.org":
        raise OSError
    return address == "eve@example.org"


async def awaited_away_for_bob(address: str) -> bool:
    return away_for_bob(address)


@pytest.mark.parametrize("words", ["raise", "send"])
def test_a_hook_that_fails_for_one_says_nothing_of_the_others(run: Make, words: str) -> None:
    """Neither are they held up, nor does on_lookup_error="send" mail whom it did stop."""
    mails = [mail(), mail("bob@example.org"), mail("eve@example.org")]
    told = run(suppression=away_for_bob, on_lookup_error=words).outcomes(mails)
    ends = {one.index: type(one) for one in told}
    assert ends == {0: Sent, 1: NotSent if words == "raise" else Sent, 2: Suppressed}


@pytest.mark.parametrize("hook", [awaited_away_for_bob, lambda key: awaited_away_for_bob(key)])
def test_an_awaited_hook_that_fails_for_one_says_nothing_of_the_others(hook: Any) -> None:
    """Whether or not it looks like a coroutine function."""
    wired: dict[str, Any] = {"transport": FakeTransport(), "limiter": limiters.Unlimited()}

    async def play() -> Tally:
        async with AsyncClient(suppression=hook, **wired) as client:
            return await client.send_many([mail(), mail("bob@example.org")])

    tally = asyncio.run(play())
    assert (tally.sent, tally.not_sent) == (1, 1)


def test_what_is_no_email_ends_the_run_after_what_came_before(run: Make) -> None:
    """The e-mails before it are sent and told, then the caller hears of it."""
    seen: list[Outcome] = []
    with pytest.raises(errors.EmailError, match="str was given"):
        run().send_many([mail(), mail(), "ann@example.org", mail()], on_outcome=seen.append)  # type: ignore[list-item]
    assert [one.index for one in seen] == [0, 1]


def test_an_iterable_that_fails_ends_the_run_after_what_came_before(run: Make) -> None:
    """Its own exception comes out."""
    seen: list[Outcome] = []

    def broken() -> Iterator[Email]:
        yield mail()
        raise LookupError("the database went away")

    with pytest.raises(LookupError):
        run().send_many(broken(), on_outcome=seen.append)
    assert len(seen) == 1


@pytest.mark.parametrize("concurrency", [0, -1, 1.5, True, "8", None])
def test_a_concurrency_out_of_range_is_refused_before_the_first_mail(
    run: Make, concurrency: Any
) -> None:
    """The error names the option."""
    with pytest.raises(errors.ConfigurationError, match="concurrency="):
        run().outcomes([mail()], concurrency=concurrency)


def test_a_port_that_must_be_awaited_ends_the_run() -> None:
    """A wiring defect is not counted as an outcome of each e-mail."""

    async def hook(address: str) -> bool:
        return False

    client = Client(
        suppression=hook,  # type: ignore[arg-type]
        transport=FakeTransport(),
        limiter=limiters.Unlimited(),
    )
    with pytest.raises(errors.ConfigurationError):
        client.send_many([mail()])


class Gate:
    """Lets submits in, and holds them until the test opens it."""

    def __init__(self, wanted: int) -> None:
        self.barrier = threading.Barrier(wanted + 1)
        self.threads: set[int] = set()

    def submit(self, email: Email, handover: Handover, /) -> Receipt:
        handover()
        self.threads.add(threading.get_ident())
        self.barrier.wait(10)
        return Receipt(message_id="id")

    def close(self) -> None:
        """Nothing is held."""


def test_only_transports_run_side_by_side() -> None:
    """Four submits are under way at once, while the hook stays in the caller's thread."""
    gate = Gate(4)
    hooks: set[int] = set()

    def hook(address: str) -> bool:
        hooks.add(threading.get_ident())
        return False

    client = Client(suppression=hook, transport=gate, limiter=limiters.Unlimited())
    opener = threading.Thread(target=gate.barrier.wait, args=(10,), daemon=True)
    opener.start()
    assert client.send_many([mail()] * 4, concurrency=4).sent == 4
    assert hooks == {threading.get_ident()}
    assert len(gate.threads) == 4
    assert threading.get_ident() not in gate.threads


class Held(FakeTransport):
    """Takes mail once the test lets go."""

    def __init__(self) -> None:
        super().__init__()
        self.let_go = threading.Event()
        self.begun = threading.Semaphore(0)

    def submit(self, email: Email, handover: Handover, /) -> Receipt:
        self.begun.release()
        self.let_go.wait(10)
        return super().submit(email, handover)


def test_an_iterator_closed_early_begins_nothing_more() -> None:
    """What was read and not begun is not sent after the loop was left."""
    transport = Held()
    client = Client(
        suppression=lambda address: address == "no@x.org",
        transport=transport,
        limiter=limiters.Unlimited(),
    )
    emails = [mail("a@x.org"), mail("b@x.org"), mail("c@x.org"), mail("no@x.org")]
    outcomes = client.iter_send(emails, concurrency=2)
    assert isinstance(next(outcomes), Suppressed)
    assert transport.begun.acquire(timeout=10)
    assert transport.begun.acquire(timeout=10)
    outcomes.close()  # type: ignore[attr-defined]
    transport.let_go.set()
    for thread in threading.enumerate():
        if thread.name.startswith("sesguard"):
            thread.join(10)
    assert len(transport.taken) == 2


class Endless:
    """An asynchronous transport that never answers."""

    def __init__(self) -> None:
        self.cancelled = 0

    async def submit(self, email: Email, handover: Handover, /) -> Receipt:
        try:
            await asyncio.Event().wait()
        finally:
            self.cancelled += 1
        raise AssertionError


def test_a_loop_left_early_cancels_what_is_under_way() -> None:
    """Over an event loop no task outlives the iterator."""
    transport = Endless()

    async def play() -> int:
        client = AsyncClient(
            suppression=lambda address: address == "no@x.org",
            transport=transport,  # type: ignore[arg-type]
            limiter=limiters.Unlimited(),
        )
        outcomes = client.iter_send([mail()] * 3 + [mail("no@x.org")], concurrency=3)
        assert isinstance(await anext(outcomes), Suppressed)
        await asyncio.sleep(0.01)
        await outcomes.aclose()  # type: ignore[attr-defined]
        await asyncio.sleep(0.01)
        return len(asyncio.all_tasks())

    assert asyncio.run(play()) == 1
    assert transport.cancelled == 3


def test_a_cancelled_send_is_not_sent_behind_the_callers_back() -> None:
    """A blocking transport that comes to its last moment after that is stopped there."""
    transport = Held()
    stopped = threading.Event()

    class Watched(Held):
        def submit(self, email: Email, handover: Handover, /) -> Receipt:
            try:
                return transport.submit(email, handover)
            except Exception:
                stopped.set()
                raise

    async def play() -> None:
        client = AsyncClient(suppression=None, transport=Watched(), limiter=limiters.Unlimited())
        task = asyncio.create_task(client.send(mail()))
        await asyncio.to_thread(transport.begun.acquire, timeout=10)
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task

    asyncio.run(play())
    transport.let_go.set()
    assert stopped.wait(10)
    assert transport.taken == []


def test_an_asynchronous_iterable_is_taken() -> None:
    """AsyncClient reads `async for` sources as well."""

    async def source() -> AsyncIterator[Email]:
        for _ in range(5):
            yield mail()

    async def play() -> int:
        async with AsyncClient(
            suppression=None,
            transport=FakeTransport(),
            limiter=limiters.Unlimited(),
            clock=FakeClock(),
        ) as client:
            return (await client.send_many(source())).sent

    assert asyncio.run(play()) == 5


def test_a_defect_in_a_worker_thread_is_raised_and_never_a_hang() -> None:
    """An interrupt that a transport raises reaches the thread that waits."""
    client = Client(
        suppression=None,
        transport=FakeTransport([KeyboardInterrupt()]),
        limiter=limiters.Unlimited(),
    )
    with pytest.raises(KeyboardInterrupt):
        client.send_many([mail()])
