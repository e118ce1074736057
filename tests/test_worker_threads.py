"""A worker on several threads: what runs side by side, what does not, and how it stops."""

from __future__ import annotations

import asyncio
import contextvars
import os
import signal
import threading
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import pytest

from sesguard import Worker, errors, events
from sesguard.ports import Received
from sesguard.stores import MemoryStore
from sesguard.suppression import Change
from sesguard.worker import WorkerTally
from tests.peers import feedback
from tests.test_worker import (
    LONG,
    InThread,
    Watched,
    bounced,
    is_listed,
    raising,
    stopping,
)


class Counting(Watched):
    """
    A queue that knows how many of its messages are in hand, and the most that ever were.

    Attributes:
        limits: How many messages each receive asked for.
    """

    def __init__(self, *bodies: str, **options: Any) -> None:
        super().__init__(*bodies, **options)
        self._hand = threading.Lock()
        self.in_hand = 0
        self.most = 0
        self.limits: list[int] = []

    def receive(self, limit: int, wait: float, /) -> Sequence[Received]:
        self.limits.append(limit)
        found = super().receive(limit, wait)
        with self._hand:
            self.in_hand += len(found)
            self.most = max(self.most, self.in_hand)
        return found

    def delete(self, receipts: Sequence[str], /) -> Mapping[str, str]:
        with self._hand:
            self.in_hand -= len(receipts)
        return super().delete(receipts)


class Remembering(MemoryStore):
    """A store that knows who committed what."""

    def __init__(self) -> None:
        super().__init__()
        self.commits: list[tuple[threading.Thread, int]] = []

    def apply(self, batch: Sequence[tuple[str, Sequence[Change]]], /) -> Sequence[bool]:
        self.commits.append((threading.current_thread(), len(batch)))
        return super().apply(batch)


def many(number: int) -> list[str]:
    return [bounced(f"{one:03}") for one in range(number)]


def test_handlers_run_side_by_side() -> None:
    """Four messages meet at a barrier, each on a thread; without the others none would pass."""
    barrier = threading.Barrier(4)
    source = Watched(*many(8))
    worker = Worker(
        source,
        store=MemoryStore(),
        threads=4,
        handlers=[lambda event: barrier.wait(LONG)],
    )
    assert worker.drain() == WorkerTally(received=8, applied=8, deleted=8)


def test_the_store_is_used_in_the_thread_that_runs_and_once_a_batch() -> None:
    """Handlers run elsewhere, in a copy of that thread's context; they are told when it is kept."""
    store = Remembering()
    flavour = contextvars.ContextVar("flavour", default="plain")
    told: list[tuple[bool, str, bool]] = []

    def tell(event: events.Event) -> None:
        here = threading.current_thread() is threading.main_thread()
        told.append((here, flavour.get(), is_listed(store, event.recipients[0].key[:3])))

    worker = Worker(Watched(*many(20)), store=store, threads=2, handlers=[tell])
    flavour.set("sweet")
    assert worker.drain().deleted == 20
    assert {thread for thread, _ in store.commits} == {threading.current_thread()}
    assert sum(size for _, size in store.commits) == 20
    assert len(store.commits) <= 4
    assert told == [(False, "sweet", True)] * 20


def test_no_more_is_in_hand_than_allowed() -> None:
    """Those that wait for a thread are counted, and none is received for one that has no place."""
    source = Counting(*many(40))
    barrier = threading.Barrier(2)
    worker = Worker(
        source,
        store=MemoryStore(),
        threads=2,
        in_flight=6,
        handlers=[lambda event: barrier.wait(LONG)],
    )
    assert worker.drain().deleted == 40
    assert source.most <= 6
    assert max(source.limits) <= 6


def test_a_slow_handler_does_not_hold_up_the_others() -> None:
    """Thirty later messages are handled and deleted while the first one is still at it."""
    source = Counting(*many(31))
    others = threading.Semaphore(0)

    def slow(event: events.Event) -> None:
        if event.key == "Bounce:000":
            for _ in range(30):
                assert others.acquire(timeout=LONG)
        else:
            others.release()

    worker = Worker(source, store=MemoryStore(), threads=2, handlers=[slow])
    assert worker.drain() == WorkerTally(received=31, applied=31, deleted=31)


def test_calls_are_as_few_as_on_one_thread() -> None:
    """Deletes go by tens where there are ten, and receives ask for ten where there is room."""
    source = Counting(*many(200))
    tally = Worker(source, store=MemoryStore(), threads=4).drain()
    assert tally.deleted == 200
    assert source.asked.count("receive") + source.asked.count("delete") <= 60


def test_a_handler_that_raises_keeps_its_message_alone() -> None:
    """As on one thread."""
    source = Watched(*many(5))

    def picky(event: events.Event) -> None:
        if event.key == "Bounce:002":
            raise ValueError

    worker = Worker(source, store=MemoryStore(), threads=3, handlers=[picky])
    assert worker.drain() == WorkerTally(received=5, applied=5, deleted=4, handler_failures=1)
    assert len(source) == 1


def test_what_is_done_is_deleted_while_a_poll_waits() -> None:
    """Within a second or so: it is not kept until the poll of twenty seconds is over."""
    source = Polled(bounced("a"))
    source.before["delete"] = lambda: deleted.append("a")
    deleted: list[str] = []
    worker = Worker(source, store=MemoryStore(), threads=2, handlers=[source.in_poll])
    running = InThread(worker)
    source.wait_for_delete()
    worker.stop()
    source.let.set()
    assert running.ended() == WorkerTally(received=1, applied=1, deleted=1)
    assert deleted == ["a"]


class Polled(Watched):
    """Its second poll begins, and ends when it is let; handlers wait until it has begun."""

    def __init__(self, *bodies: str) -> None:
        super().__init__(*bodies)
        self.polling = threading.Event()
        self.let = threading.Event()
        self.deletes = threading.Event()

    def receive(self, limit: int, wait: float, /) -> Sequence[Received]:
        found = super().receive(limit, wait)
        if not found:
            self.polling.set()
            assert self.let.wait(LONG)
        return found

    def delete(self, receipts: Sequence[str], /) -> Mapping[str, str]:
        failed = super().delete(receipts)
        self.deletes.set()
        return failed

    def in_poll(self, event: events.Event) -> None:
        assert self.polling.wait(LONG)

    def wait_for_delete(self) -> None:
        assert self.deletes.wait(LONG)


def test_a_stop_lets_begun_handlers_end_and_hands_back_the_rest() -> None:
    """Two were begun; the eight others are visible to others at once."""
    source = Watched(*many(10))
    worker = Worker(source, store=MemoryStore(), threads=2)
    both = threading.Barrier(2, action=worker.stop)
    worker.on(events.Bounce)(lambda event: both.wait(LONG))
    assert worker.run() == WorkerTally(received=10, applied=10, deleted=2, released=8)
    assert len(source.receive(10, 0.0)) == 8


def test_a_second_signal_leaves_at_once() -> None:
    """The first one waits for the handler, which does not end; nothing is deleted."""
    source = Watched(bounced("a"))
    let, left = threading.Event(), threading.Event()

    def stubborn(event: events.Event) -> None:
        os.kill(os.getpid(), signal.SIGTERM)
        os.kill(os.getpid(), signal.SIGINT)
        assert let.wait(LONG)
        left.set()

    before = signal.getsignal(signal.SIGTERM)
    try:
        with pytest.raises((SystemExit, KeyboardInterrupt)):
            Worker(source, store=MemoryStore(), threads=2, handlers=[stubborn]).run()
    finally:
        let.set()
    assert left.wait(LONG)
    assert "delete" not in source.asked
    assert signal.getsignal(signal.SIGTERM) is before


def test_asynchronous_handlers_share_one_loop() -> None:
    """Two are under way at once on it, drain after drain, and it is closed at the end."""
    source = Watched()
    loops: list[asyncio.AbstractEventLoop] = []
    waiting: list[asyncio.Future[None]] = []

    async def meet(event: events.Event) -> None:
        loops.append(asyncio.get_running_loop())
        waiting.append(loops[-1].create_future())
        if len(waiting) == 2:
            for one in waiting:
                one.set_result(None)
            waiting.clear()
        else:
            await asyncio.wait_for(waiting[0], LONG)

    with Worker(source, store=MemoryStore(), threads=2, handlers=[meet]) as worker:
        for name in ("a", "b"):
            source.put(bounced(f"{name}1"))
            source.put(bounced(f"{name}2"))
            assert worker.drain().deleted == 2
    assert len(set(loops)) == 1
    assert loops[0].is_closed()


def test_asynchronous_handlers_on_threads_do_not_mind_a_running_loop() -> None:
    """Theirs is another one, on a thread of its own."""
    told: list[str] = []

    async def later(event: events.Event) -> None:
        told.append(event.key)

    async def main() -> WorkerTally:
        with Worker(Watched(*many(1)), store=MemoryStore(), threads=2, handlers=[later]) as worker:
            return worker.drain()

    assert asyncio.run(main()).deleted == 1
    assert told == ["Bounce:000"]


def test_a_delete_that_fails_is_waited_out() -> None:
    """While running; the messages come again, and nothing counts twice."""
    source = Watched(*many(3), visibility_timeout=0)
    away = errors.ServiceUnavailableError("SQS is away.", retry_after=0.001)
    source.before["delete"] = raising(away)
    worker = Worker(source, store=MemoryStore(), threads=2, visibility=60)
    source.before["receive"] = lambda: worker.stop() if len(source) == 0 else None
    tally = worker.run()
    assert tally.applied == 3
    assert tally.deleted >= 3
    assert tally.delete_failures >= 1
    assert len(source) == 0


def test_a_delete_that_fails_while_draining_is_raised() -> None:
    """And at the end of a run it is logged, as nothing is left to be waited for."""
    away = errors.ServiceUnavailableError("SQS is away.")
    source = Watched(*many(3))
    source.before["delete"] = raising(away, away, away)
    with pytest.raises(errors.ServiceUnavailableError):
        Worker(source, store=MemoryStore(), threads=2).drain()


def test_a_delete_that_fails_at_the_end_is_logged(caplog: pytest.LogCaptureFixture) -> None:
    """The run ends as it was asked to."""
    source = Watched(bounced("a"))
    source.before["delete"] = raising(errors.ServiceUnavailableError("SQS is away."))
    worker = Worker(source, store=MemoryStore(), threads=2)
    worker.on(events.Bounce)(stopping(worker))
    tally = worker.run()
    assert (tally.applied, tally.delete_failures) == (1, 1)
    assert "SQS is away." in caplog.text


def test_trouble_that_waiting_cannot_mend_is_raised_at_the_end_too() -> None:
    """The permission to delete is missing, and the run is over already."""
    source = Watched(bounced("a"))
    source.before["delete"] = raising(errors.AccessDeniedError("sqs:DeleteMessage is missing."))
    worker = Worker(source, store=MemoryStore(), threads=2)
    worker.on(events.Bounce)(stopping(worker))
    with pytest.raises(errors.AccessDeniedError):
        worker.run()


class Once(Remembering):
    """A store that takes one batch."""

    def apply(self, batch: Sequence[tuple[str, Sequence[Change]]], /) -> Sequence[bool]:
        if self.commits:
            raise errors.StoreError("The disk is full. Make room.")
        return super().apply(batch)


def test_a_store_that_fails_while_draining_lets_begun_handlers_end() -> None:
    """Their messages are deleted; the batch that is not stored is handed back."""
    source = Watched(*many(20))
    failed = threading.Event()
    source.before["release"] = failed.set
    worker = Worker(
        source,
        store=Once(),
        threads=2,
        in_flight=20,
        handlers=[lambda event: failed.wait(LONG)],
    )
    with pytest.raises(errors.StoreError):
        worker.drain()
    assert worker.figures().tally == WorkerTally(
        received=20, applied=10, store_failures=10, released=10, deleted=10
    )


def test_a_handler_that_ends_the_program_does_so() -> None:
    """`SystemExit` is no failure of a handler, and its message is not deleted."""
    source = Watched(bounced("a"))
    worker = Worker(source, store=MemoryStore(), threads=2, handlers=[raising_exit])
    with pytest.raises(SystemExit):
        worker.drain()
    assert "delete" not in source.asked


def raising_exit(event: events.Event) -> None:
    raise SystemExit(3)


def test_many_threads_apply_and_delete_every_event_once() -> None:
    """Two workers of eight threads on one queue, with duplicates in it."""
    source = Counting(*many(300), *many(300)[::7])
    store = MemoryStore()
    workers = [Worker(source, store=store, threads=8) for _ in range(2)]
    threads = [threading.Thread(target=_drain(worker)) for worker in workers]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(LONG)
    tallies = [worker.figures().tally for worker in workers]
    assert sum(tally.applied for tally in tallies) == 300
    assert sum(tally.repeated for tally in tallies) == 43
    assert sum(tally.deleted for tally in tallies) == 343
    assert len(source) == 0


def _drain(worker: Worker) -> Callable[[], object]:
    return worker.drain


def test_skipped_messages_are_deleted_with_the_others() -> None:
    """They have no events, and no handler to wait for."""
    source = Watched(feedback.S3_TEST, bounced("a"))
    worker = Worker(source, store=MemoryStore(), threads=2, foreign="skip")
    assert worker.drain() == WorkerTally(received=2, applied=1, skipped=1, deleted=2)
    assert len(source) == 0
