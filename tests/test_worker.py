"""The worker over a queue in memory: what it does, what it leaves, and how it stops."""

from __future__ import annotations

import asyncio
import contextvars
import json
import logging
import os
import signal
import threading
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from sesguard import FeedbackPolicy, Worker, errors, events
from sesguard._worker.ledger import Ledger
from sesguard._worker.signals import stopped_by_signals
from sesguard.addresses import AddressKey
from sesguard.clocks import SystemClock
from sesguard.ports import Received
from sesguard.sources import MemorySource
from sesguard.stores import MemoryStore
from sesguard.suppression import Change, Reason
from sesguard.testing import ManualClock
from sesguard.worker import WorkerTally
from tests.peers import feedback

LONG = 10.0
"""Seconds after which a test that waits has failed."""


def bounced(name: str) -> str:
    """The body of a bounce of ``name@example.org``; its key is ``Bounce:name``."""
    return json.dumps(feedback.bounce([f"{name}@example.org"], feedback_id=name))


def is_listed(store: MemoryStore, name: str) -> bool:
    key = AddressKey(f"{name}@example.org")
    return key in store.look_up([key])


class Then(SystemClock):
    """The day of the samples, on which their soft bounces still count."""

    def now(self) -> datetime:
        return datetime(2025, 11, 24, 12, tzinfo=UTC)


class Moody(MemoryStore):
    """A store that fails so many times first."""

    def __init__(self, failures: int = 0, retry_after: float = 0.001) -> None:
        super().__init__()
        self.failures = failures
        self.retry_after = retry_after
        self.commits = 0
        self.empty = 0

    def apply(self, batch: Sequence[tuple[str, Sequence[Change]]], /) -> Sequence[bool]:
        self.commits += 1
        if not batch:
            self.empty += 1
        if self.failures:
            self.failures -= 1
            raise errors.StoreError("The disk is full. Make room.", retry_after=self.retry_after)
        return super().apply(batch)


class Watched(MemorySource):
    """A queue that writes down what it is asked, and does as it is told before it answers."""

    def __init__(self, *bodies: str, **options: Any) -> None:
        super().__init__(bodies, **options)
        self.asked: list[str] = []
        self.before: dict[str, Callable[[], object]] = {}
        self.closed = False

    def _ask(self, what: str) -> None:
        self.asked.append(what)
        self.before.get(what, lambda: None)()

    def receive(self, limit: int, wait: float, /) -> Sequence[Received]:
        self._ask("receive")
        return super().receive(limit, min(wait, 0.0))

    def delete(self, receipts: Sequence[str], /) -> Mapping[str, str]:
        self._ask("delete")
        return super().delete(receipts)

    def extend(self, receipts: Sequence[str], seconds: float, /) -> Mapping[str, str]:
        if seconds:
            self._ask("extend")
        return super().extend(receipts, seconds)

    def release(self, receipts: Sequence[str], /) -> Mapping[str, str]:
        self._ask("release")
        return super().release(receipts)

    def close(self) -> None:
        self.closed = True


def raising(*causes: BaseException) -> Callable[[], None]:
    """Raises each of these, one a call, and then nothing more."""
    left = list(causes)

    def now() -> None:
        if left:
            raise left.pop(0)

    return now


class InThread:
    """A worker that runs in a thread of its own."""

    def __init__(self, worker: Worker) -> None:
        self.worker = worker
        self.tally: WorkerTally | None = None
        self.error: BaseException | None = None
        self._thread = threading.Thread(target=self._run, daemon=True)
        self._thread.start()

    def _run(self) -> None:
        try:
            self.tally = self.worker.run()
        except BaseException as error:
            self.error = error

    def ended(self) -> WorkerTally:
        self._thread.join(LONG)
        assert not self._thread.is_alive(), "the worker did not stop"
        if self.error is not None:
            raise self.error
        assert self.tally is not None
        return self.tally


def stopping(worker: Worker) -> Callable[[events.Event], None]:
    """A handler that asks the worker to leave."""
    return lambda event: worker.stop()


# What it does


def test_a_bounce_is_on_the_list_before_its_message_is_deleted() -> None:
    """The address is suppressed, handlers are told, the queue is empty, and all is counted."""
    source, store = Watched(bounced("a"), bounced("b")), MemoryStore()
    seen: list[tuple[str, bool]] = []
    source.before["delete"] = lambda: seen.append(("delete", is_listed(store, "a")))
    worker = Worker(
        source,
        store=store,
        handlers=[lambda event: seen.append((event.key, is_listed(store, "b")))],
    )
    tally = worker.drain()
    assert seen == [("Bounce:a", True), ("Bounce:b", True), ("delete", True)]
    assert tally == WorkerTally(received=2, applied=2, deleted=2)
    assert len(source) == 0
    assert source.asked == ["receive", "delete", "receive"]


def test_only_those_who_bounced_are_suppressed() -> None:
    """The mail had three recipients and one of them bounced."""
    recipients = ["to@example.org", "cc@example.org", "bcc@example.org"]
    record = feedback.bounce(["cc@example.org"], destination=recipients)
    store = MemoryStore()
    Worker(MemorySource([feedback.through_sns(record)]), store=store).drain()
    assert [is_listed(store, name) for name in ("to", "cc", "bcc")] == [False, True, False]


def test_handlers_are_told_their_kinds_of_event() -> None:
    """Those of one class, of several, or all; and the decorated function stays what it was."""
    source = MemorySource([bounced("a"), json.dumps(feedback.delivery(["b@example.org"]))])
    every: list[str] = []
    worker = Worker(source, store=MemoryStore(), handlers=[lambda event: every.append(event.kind)])
    bounces: list[str | None] = []
    others: list[str] = []

    @worker.on(events.Bounce)
    def on_bounce(event: events.Bounce) -> None:
        bounces.append(event.bounce_type)

    @worker.on(events.Complaint, events.Delivery)
    def on_others(event: events.Event) -> None:
        others.append(event.kind)

    worker.drain()
    assert every == ["Bounce", "Delivery"]
    assert others == ["Delivery"]
    assert bounces == ["Permanent"]
    assert (on_bounce.__name__, on_others.__name__) == ("on_bounce", "on_others")


def test_a_handler_may_be_asynchronous() -> None:
    """It is awaited to its end, always on one loop, in the caller's context, without one there."""
    source = MemorySource()
    loops: list[object] = []
    flavour = contextvars.ContextVar("flavour", default="plain")
    tasted: list[str] = []

    async def later(event: events.Event) -> None:
        await asyncio.sleep(0)
        loops.append(asyncio.get_running_loop())
        tasted.append(flavour.get())

    with Worker(source, store=MemoryStore(), handlers=[later]) as worker:
        for name in ("a", "b"):
            source.put(bounced(name))
            flavour.set(name)
            assert worker.drain().deleted == 1
    assert len(set(loops)) == 1
    assert tasted == ["a", "b"]


def test_an_asynchronous_handler_that_raises_keeps_its_message() -> None:
    """As a synchronous one does."""
    source = MemorySource([bounced("a")])

    async def fail(event: events.Event) -> None:
        raise ValueError

    with Worker(source, store=MemoryStore(), handlers=[fail]) as worker:
        assert worker.drain() == WorkerTally(received=1, applied=1, handler_failures=1)
    assert len(source) == 1


def test_asynchronous_handlers_are_refused_inside_of_a_loop() -> None:
    """A thread has one loop at a time; the error says what to do. Nothing is received for it."""
    source = Watched(bounced("a"))

    async def later(event: events.Event) -> None:
        """Never told."""

    async def main() -> None:
        Worker(source, store=MemoryStore(), handlers=[later]).drain()

    with pytest.raises(errors.ConfigurationError, match="to_thread"):
        asyncio.run(main())
    assert source.asked == []


def test_a_handler_that_turns_out_asynchronous_inside_of_a_loop_fails() -> None:
    """A plain function that answers with a coroutine cannot be known before."""
    told: list[events.Event] = []

    async def later(event: events.Event) -> None:
        told.append(event)

    def plain(event: events.Event) -> object:
        return later(event)

    async def main() -> WorkerTally:
        return Worker(MemorySource([bounced("a")]), store=MemoryStore(), handlers=[plain]).drain()

    assert asyncio.run(main()).handler_failures == 1
    assert told == []


def test_a_message_comes_again_until_its_handlers_took_it() -> None:
    """The event is counted once, the handler is told each time, and then it is deleted."""
    source = MemorySource([bounced("a")], visibility_timeout=0)
    worker = Worker(source, store=MemoryStore(), visibility=60)
    handler = raising(ValueError(), ValueError())
    told: list[str] = []

    @worker.on(events.Bounce)
    def on_bounce(event: events.Bounce) -> None:
        told.append(event.key)
        handler()

    tally = worker.drain()
    assert told == ["Bounce:a"] * 3
    assert tally == WorkerTally(received=3, applied=1, repeated=2, handler_failures=2, deleted=1)


def test_poison_goes_to_the_dead_letters_by_being_left_alone() -> None:
    """After exactly as many receipts as the queue says; the others are not held up."""
    source = MemorySource(
        ["not JSON", bounced("a"), feedback.S3_TEST], visibility_timeout=0, max_receive_count=3
    )
    tally = Worker(source, store=MemoryStore()).drain()
    assert sorted(source.dead_letters) == sorted(["not JSON", feedback.S3_TEST])
    assert (tally.received, tally.poison, tally.foreign, tally.deleted) == (7, 3, 3, 1)


def test_soft_bounces_are_counted_once_each() -> None:
    """The same one three times is one; the policy's limit is reached by different ones only."""
    bodies = [
        json.dumps(feedback.bounce(["a@example.org"], kind="Transient", feedback_id=name))
        for name in ("1", "1", "1", "2", "3")
    ]
    store = MemoryStore(clock=Then())
    policy = FeedbackPolicy(soft_bounce_limit=3)
    Worker(MemorySource(bodies[:4]), store=store, policy=policy).drain()
    assert not is_listed(store, "a")
    Worker(MemorySource(bodies[4:]), store=store, policy=policy).drain()
    assert is_listed(store, "a")


def test_what_the_policy_ignores_is_counted_and_logged(caplog: pytest.LogCaptureFixture) -> None:
    """The event is marked all the same."""
    record = feedback.bounce(["a@example.org"], kind="Transient", sub_kind="MessageTooLarge")
    caplog.set_level(logging.INFO)
    tally = Worker(MemorySource([json.dumps(record)]), store=MemoryStore()).drain()
    assert (tally.ignored, tally.applied, tally.deleted) == (1, 1, 1)
    assert "Without effect on the list: Bounce Bounce:" in caplog.text


def test_a_subscription_that_waits_is_told(caplog: pytest.LogCaptureFixture) -> None:
    """Else nothing would ever come, and nobody would know why."""
    body = feedback.through_sns("You have chosen to subscribe", kind="SubscriptionConfirmation")
    Worker(MemorySource([body]), store=MemoryStore()).drain()
    assert feedback.TOPIC in caplog.text
    assert "SubscriptionConfirmation" in caplog.text


# Trouble


def test_a_store_that_fails_while_draining_is_raised_and_the_batch_handed_back() -> None:
    """Nothing is told or deleted, and the messages are there for the next one at once."""
    source, store = Watched(bounced("a")), Moody(failures=1)
    told: list[str] = []
    worker = Worker(source, store=store, handlers=[lambda event: told.append(event.key)])
    with pytest.raises(errors.StoreError):
        worker.drain()
    assert told == []
    assert source.asked == ["receive", "release"]
    assert worker.drain() == WorkerTally(received=1, applied=1, deleted=1)
    assert told == ["Bounce:a"]


def test_trouble_of_the_store_is_waited_out_with_the_batch_in_hand() -> None:
    """Another receipt would bring the messages nearer to the dead-letter queue."""
    source, store = Watched(bounced("a"), bounced("b")), Moody(failures=6)
    worker = Worker(source, store=store)
    worker.on(events.Bounce)(stopping(worker))
    tally = worker.run()
    assert tally.store_failures == 4
    assert (tally.applied, tally.deleted) == (2, 1)
    assert source.asked == ["receive", "delete", "release"]
    assert store.commits == 3 + 3 + 1


def test_a_message_that_no_store_takes_is_left_after_some_tries() -> None:
    """It may be the event itself, and must not hold up the queue for ever."""
    source, store = Watched(bounced("a"), bounced("b")), Moody(failures=5)
    worker = Worker(source, store=store, batch=1)
    worker.on(events.Bounce)(stopping(worker))
    tally = worker.run()
    assert tally.store_failures == 5
    assert source.asked == ["receive", "receive", "delete"]
    assert (is_listed(store, "a"), is_listed(store, "b")) == (False, True)


def test_a_stop_ends_the_patience() -> None:
    """The wait for the store is cut short, and the batch is handed back."""
    source, store = Watched(bounced("a")), Moody(failures=1000, retry_after=3600)
    worker = Worker(source, store=store)
    running = InThread(worker)
    while not store.commits:
        time.sleep(0.001)
    worker.stop()
    assert running.ended().released == 1
    assert source.asked == ["receive", "release"]


def test_trouble_of_the_queue_is_waited_out() -> None:
    """What passes is tried again after a pause, one message at a time, until it has passed."""
    source = Watched(bounced("a"), bounced("b"))
    away = errors.ServiceUnavailableError("SQS is away.", retry_after=0.001)
    source.before["receive"] = raising(away, away, away)
    limits: list[int] = []
    receive = source.receive

    def noting(limit: int, wait: float, /) -> Sequence[Received]:
        limits.append(limit)
        return receive(limit, wait)

    source.receive = noting  # type: ignore[method-assign]  # watched further
    worker = Worker(source, store=MemoryStore())

    @worker.on(events.Bounce)
    def on_bounce(event: events.Bounce) -> None:
        if event.key == "Bounce:b":
            worker.stop()

    assert worker.run().deleted == 2
    assert limits == [10, 1, 1, 1, 10]


def test_trouble_that_waiting_cannot_mend_is_raised() -> None:
    """A missing permission is not there a minute later."""
    source = Watched()
    source.before["receive"] = raising(errors.AccessDeniedError("sqs:ReceiveMessage is missing."))
    with pytest.raises(errors.AccessDeniedError):
        Worker(source, store=MemoryStore()).run()


def test_a_source_of_others_may_raise_what_it_likes() -> None:
    """It is trouble with the queue; what was raised is kept and not shown."""
    source = Watched()
    source.before["receive"] = raising(OSError("somebody@example.org"))
    with pytest.raises(errors.ServiceUnavailableError) as caught:
        Worker(source, store=MemoryStore()).drain()
    assert isinstance(caught.value.original, OSError)
    assert "receive failed with OSError" in str(caught.value)


def test_a_delete_that_fails_is_not_taken_for_deleted() -> None:
    """The message comes again, and its event has no second effect."""
    source = Watched(bounced("a"), visibility_timeout=0)
    source.before["delete"] = raising(errors.ServiceUnavailableError("SQS is away."))
    worker = Worker(source, store=MemoryStore(), visibility=60)
    with pytest.raises(errors.ServiceUnavailableError):
        worker.drain()
    assert worker.drain() == WorkerTally(received=1, repeated=1, deleted=1)


def test_nothing_is_received_while_the_store_fails() -> None:
    """Each receive brings messages nearer to the dead letters; an empty commit asks instead."""
    source, store = Watched(*map(bounced, "abc")), Moody(failures=5 + 4)
    worker = Worker(source, store=store, batch=1)
    asked: list[tuple[int, int]] = []
    source.before["receive"] = lambda: asked.append((store.failures, store.empty))
    worker.on(events.Bounce)(stopping(worker))
    tally = worker.run()
    assert asked == [(9, 0), (0, 5)]
    assert tally == WorkerTally(received=2, applied=1, store_failures=5, deleted=1)


def test_an_asynchronous_store_is_refused() -> None:
    """At the door where it shows, else when it is first used; nothing is deleted."""

    class Later:
        async def apply(self, batch: object, /) -> Sequence[bool]:
            raise NotImplementedError

    class LaterThan:
        def apply(self, batch: object, /) -> Any:
            return Later().apply(batch)

    source: Any = MemorySource([bounced("a")])
    store: Any = Later()
    with pytest.raises(errors.ConfigurationError, match="asynchronous"):
        Worker(source, store=store)
    store = LaterThan()
    with pytest.raises(errors.StoreError, match="awaitable"):
        Worker(source, store=store).drain()
    assert len(source) == 1


def test_an_empty_queue_that_does_not_wait_is_not_asked_in_a_busy_loop() -> None:
    """A source may answer at once; a second passes between two polls all the same."""
    source = Watched()
    at: list[float] = []
    worker = Worker(source, store=MemoryStore())

    def asked() -> None:
        at.append(time.monotonic())
        if len(at) == 2:
            worker.stop()

    source.before["receive"] = asked
    worker.run()
    assert at[1] - at[0] >= 0.99


# Holding


def test_messages_are_kept_hidden_while_a_handler_runs() -> None:
    """All of the batch, and again and again."""
    extended = threading.Semaphore(0)
    source = Watched(bounced("a"), bounced("b"))
    source.before["extend"] = lambda: extended.release()
    worker = Worker(source, store=MemoryStore(), visibility=timedelta(seconds=0.06))

    @worker.on(events.Bounce)
    def on_bounce(event: events.Bounce) -> None:
        if event.key == "Bounce:a":
            for _ in range(3):
                assert extended.acquire(timeout=LONG)
            assert MemorySource.receive(source, 10, 0) == []

    tally = worker.drain()
    assert (tally.deleted, tally.handler_failures, tally.extend_failures) == (2, 0, 0)


def test_nothing_is_extended_after_a_quick_batch() -> None:
    """It costs no call where a batch is done in time, nor afterwards."""
    source = Watched(bounced("a"))
    Worker(source, store=MemoryStore()).drain()
    assert "extend" not in source.asked


def test_an_extension_that_fails_is_noticed_and_tried_again() -> None:
    """As a whole, for an outage; or of one message, which is then no longer ours to hold."""
    extended = threading.Semaphore(0)
    source = Watched(bounced("a"))
    fail = raising(OSError("somebody@example.org"))

    def before() -> None:
        extended.release()
        fail()

    source.before["extend"] = before
    worker = Worker(source, store=MemoryStore(), visibility=0.03)

    @worker.on(events.Bounce)
    def on_bounce(event: events.Bounce) -> None:
        for _ in range(3):
            assert extended.acquire(timeout=LONG)

    tally = worker.drain()
    assert (tally.extend_failures, tally.deleted) == (1, 1)


def test_a_message_that_was_lost_is_noticed() -> None:
    """The queue's own time-out was shorter than thought: it says so when it is asked."""
    source = Watched(bounced("a"), visibility_timeout=0)
    noticed = threading.Event()
    worker = Worker(source, store=MemoryStore(), visibility=0.03)
    source.before["extend"] = noticed.set

    @worker.on(events.Bounce)
    def on_bounce(event: events.Bounce) -> None:
        assert noticed.wait(LONG)
        while "extend_failures" not in lost:
            time.sleep(0.001)

    lost: list[str] = []
    handler = logging.Handler()
    handler.emit = lambda record: lost.append(  # type: ignore[method-assign]  # the shortest one
        "extend_failures" if "kept hidden" in record.getMessage() else ""
    )
    logger = logging.getLogger("sesguard.worker")
    logger.addHandler(handler)
    try:
        tally = worker.drain()
    finally:
        logger.removeHandler(handler)
    assert (tally.extend_failures, tally.deleted) == (1, 1)


def test_a_message_that_was_lost_is_not_deleted() -> None:
    """Somebody else has it by now, or it comes again; what it says counts once."""
    source, store = Watched(bounced("a"), visibility_timeout=0), MemoryStore()
    lost = threading.Event()
    worker = Worker(source, store=store, visibility=0.03)
    source.before["extend"] = lost.set
    told: list[str] = []

    @worker.on(events.Bounce)
    def slow(event: events.Bounce) -> None:
        told.append(event.key)
        if len(told) == 1:
            assert lost.wait(LONG)
            source.visibility_timeout = 60.0
            for _ in range(1_000_000):
                if worker.figures().tally.extend_failures:
                    return
            pytest.fail("nobody noticed")

    assert worker.drain() == WorkerTally(
        received=2, applied=1, repeated=1, extend_failures=1, lost=1, deleted=1
    )
    assert told == ["Bounce:a", "Bounce:a"]
    assert source.asked.count("delete") == 1


def test_a_handler_of_five_visibility_time_outs_gets_its_message_once() -> None:
    """The queue's own clock goes on by a third of it at each extension: 0 redeliveries."""
    clock = ManualClock()
    source = Watched(bounced("a"), visibility_timeout=0.03, clock=clock)
    extended = threading.Semaphore(0)
    seen: list[int] = []

    def moves_on() -> None:
        seen.append(len(MemorySource.receive(source, 10, 0)))
        clock.advance(0.01)
        extended.release()

    source.before["extend"] = moves_on
    worker = Worker(source, store=MemoryStore())

    @worker.on(events.Bounce)
    def slow(event: events.Bounce) -> None:
        for _ in range(15):
            assert extended.acquire(timeout=LONG)

    tally = worker.drain()
    assert clock.monotonic() >= 5 * source.visibility_timeout - 1e-9
    assert tally == WorkerTally(received=1, applied=1, deleted=1)
    assert set(seen) == {0}
    assert len(source) == 0


# What is not SES's


def test_foreign_messages_are_left_unless_they_are_to_be_skipped() -> None:
    """Skipped ones are deleted and counted; what cannot be read never is."""
    bodies = (feedback.S3_TEST, bounced("a"), "not JSON")
    source = Watched(*bodies)
    assert Worker(source, store=MemoryStore()).drain().foreign == 1
    assert len(source) == 2
    source = Watched(*bodies)
    tally = Worker(source, store=MemoryStore(), foreign="skip").drain()
    assert tally == WorkerTally(received=3, applied=1, skipped=1, poison=1, deleted=2)
    assert len(source) == 1


# Stopping


def test_a_stop_hands_back_what_is_not_begun() -> None:
    """It is visible to others at once."""
    source = Watched(bounced("a"), bounced("b"), bounced("c"))
    worker = Worker(source, store=MemoryStore())
    worker.on(events.Bounce)(stopping(worker))
    assert worker.run() == WorkerTally(received=3, applied=3, deleted=1, released=2)
    assert [message.receive_count for message in source.receive(10, 0)] == [2, 2]


def test_a_worker_may_run_again() -> None:
    """Each run has counts and a stop of its own."""
    source = Watched(bounced("a"))
    worker = Worker(source, store=MemoryStore())
    worker.on(events.Bounce)(stopping(worker))
    assert worker.run() == WorkerTally(received=1, applied=1, deleted=1)
    source.put(bounced("b"))
    assert worker.run() == WorkerTally(received=1, applied=1, deleted=1)


def test_a_stop_ends_a_drain_too() -> None:
    """What is in the queue stays there."""
    source = Watched(bounced("a"), bounced("b"))
    worker = Worker(source, store=MemoryStore(), batch=1)
    worker.on(events.Bounce)(stopping(worker))
    assert worker.drain().deleted == 1
    assert len(source) == 1


def test_a_stop_before_the_run_is_not_lost() -> None:
    """A thread may be told to stop before it has begun. A drain begins anew."""
    source = Watched(bounced("a"))
    worker = Worker(source, store=MemoryStore())
    worker.stop()
    assert worker.run() == WorkerTally()
    worker.stop()
    assert worker.drain().deleted == 1


class Stuck(Watched):
    """Its poll begins, and ends when it is let."""

    def __init__(self, *bodies: str) -> None:
        super().__init__(*bodies)
        self.began = threading.Event()
        self.let = threading.Event()
        self.handed_back = threading.Event()
        self.before["release"] = self.handed_back.set

    def receive(self, limit: int, wait: float, /) -> Sequence[Received]:
        self.began.set()
        assert self.let.wait(LONG)
        return super().receive(limit, 0)


def test_what_a_running_poll_brings_after_a_stop_is_handed_back() -> None:
    """The poll has a moment to end, and its messages are not begun."""
    source = Stuck(bounced("a"))
    worker = Worker(source, store=MemoryStore())
    running = InThread(worker)
    assert source.began.wait(LONG)
    worker.stop()
    worker.stop()  # a second one changes nothing
    source.let.set()
    assert running.ended() == WorkerTally(released=1)
    assert len(MemorySource.receive(source, 10, 0)) == 1


def test_a_poll_that_does_not_end_is_abandoned() -> None:
    """The worker leaves within two seconds; what the poll still brings is handed back."""
    source = Stuck(bounced("a"))
    worker = Worker(source, store=MemoryStore())
    running = InThread(worker)
    assert source.began.wait(LONG)
    began = time.monotonic()
    worker.stop()
    assert running.ended() == WorkerTally()
    assert time.monotonic() - began < 2
    source.let.set()
    assert source.handed_back.wait(LONG)


def test_what_an_abandoned_poll_caught_is_applied_once() -> None:
    """It is handed back, comes once more, to the next worker, and is on the list then."""
    source, store = Stuck(bounced("a")), MemoryStore()
    worker = Worker(source, store=store)
    running = InThread(worker)
    assert source.began.wait(LONG)
    worker.stop()
    assert running.ended() == WorkerTally()
    source.let.set()
    assert source.handed_back.wait(LONG)
    for thread in threading.enumerate():
        if thread.name == "sesguard-poll":
            thread.join(LONG)
    assert not is_listed(store, "a")
    assert worker.drain() == WorkerTally(received=1, applied=1, deleted=1)
    assert is_listed(store, "a")
    assert len(source) == 0


def test_what_a_killed_poll_caught_comes_back_at_its_time_and_is_applied_once() -> None:
    """Nobody hands it back; its visibility time-out does."""
    clock = ManualClock()
    source, store = Watched(bounced("a"), clock=clock), MemoryStore()
    assert len(source.receive(10, 0)) == 1  # and its process died
    worker = Worker(source, store=store)
    assert worker.drain() == WorkerTally()
    clock.advance(30)
    assert worker.drain() == WorkerTally(received=1, applied=1, deleted=1)
    clock.advance(30)
    assert worker.drain() == WorkerTally()


def test_a_release_that_fails_does_not_hold_the_stop(caplog: pytest.LogCaptureFixture) -> None:
    """It is logged; the messages come back at their time."""
    source = Watched(bounced("a"))
    source.before["release"] = raising(OSError("somebody@example.org"))
    worker = Worker(source, store=Moody(failures=1))
    with pytest.raises(errors.StoreError):
        worker.drain()
    assert "could not be handed back" in caplog.text
    assert "example.org" not in caplog.text


@pytest.fixture
def no_signals() -> Iterator[None]:
    """Both signals have handlers that fail the test, and have them afterwards."""

    def unexpected(number: int, frame: object) -> None:
        pytest.fail(f"signal {number} reached the former handler")

    before = {
        number: signal.signal(number, unexpected) for number in (signal.SIGTERM, signal.SIGINT)
    }
    yield
    for number, handler in before.items():
        assert signal.signal(number, handler) is unexpected


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
@pytest.mark.usefixtures("no_signals")
def test_a_signal_stops_politely(number: int) -> None:
    """The event at hand is handled and deleted, the rest handed back, the handlers put back."""
    source = Watched(bounced("a"), bounced("b"))
    worker = Worker(source, store=MemoryStore(), handlers=[lambda _: os.kill(os.getpid(), number)])
    assert worker.run() == WorkerTally(received=2, applied=2, deleted=1, released=1)


@pytest.mark.parametrize(
    ("number", "kind"), [(signal.SIGTERM, SystemExit), (signal.SIGINT, KeyboardInterrupt)]
)
@pytest.mark.usefixtures("no_signals")
def test_a_second_signal_leaves_at_once(number: int, kind: type[BaseException]) -> None:
    """In the midst of a handler; nothing is deleted, and the former handlers are put back."""
    source = Watched(bounced("a"))

    def stubborn(event: events.Event) -> None:
        os.kill(os.getpid(), signal.SIGTERM)
        os.kill(os.getpid(), number)
        time.sleep(LONG)

    with pytest.raises(kind) as caught:
        Worker(source, store=MemoryStore(), handlers=[stubborn]).run()
    assert source.asked == ["receive"]
    if isinstance(caught.value, SystemExit):
        assert caught.value.code == 128 + signal.SIGTERM


def test_signals_can_be_left_to_the_caller() -> None:
    """``handle_signals=False`` touches no handler, and neither does a drain."""
    seen: list[object] = []
    before = signal.getsignal(signal.SIGTERM)
    source = Watched(bounced("a"))
    worker = Worker(source, store=MemoryStore())

    @worker.on(events.Bounce)
    def on_bounce(event: events.Bounce) -> None:
        seen.append(signal.getsignal(signal.SIGTERM))
        worker.stop()

    worker.run(handle_signals=False)
    source.put(bounced("b"))
    worker.drain()
    assert seen == [before, before]


def test_a_handler_that_python_does_not_know_is_left_in_place(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Python could not put it back."""
    before = signal.getsignal(signal.SIGTERM)
    monkeypatch.setattr(signal, "getsignal", {signal.SIGTERM: None, signal.SIGINT: None}.get)
    with stopped_by_signals(lambda: None):
        monkeypatch.undo()
        assert signal.getsignal(signal.SIGTERM) is before


# The door


def test_one_worker_runs_once_at_a_time() -> None:
    """A second run would share its stop; the error says to make another one."""
    source = Stuck()
    worker = Worker(source, store=MemoryStore())
    running = InThread(worker)
    assert source.began.wait(LONG)
    with pytest.raises(errors.ConfigurationError, match="running already"):
        worker.drain()
    source.let.set()
    worker.close()
    running.ended()


def test_closing_lets_go_of_the_source() -> None:
    """And of nothing else: the store is shared with clients."""
    source = Watched(bounced("a"))
    with Worker(source, store=MemoryStore()) as worker:
        worker.drain()
        assert not source.closed
    assert source.closed


class Class:
    """Has nothing of a store."""


def deaf(event: events.Event) -> None:
    """A handler."""


GOOD: dict[str, Any] = {"source": MemorySource(), "store": MemoryStore()}


@pytest.mark.parametrize(
    ("options", "says"),
    [
        ({"source": "https://sqs.eu-west-1.amazonaws.com/1/q"}, r"str, which has no receive"),
        ({"source": MemorySource}, "the class MemorySource"),
        ({"store": MemoryStore}, "the class MemoryStore"),
        ({"store": None}, "NoneType, which has no apply"),
        ({"store": Class()}, "Class, which has no apply"),
        ({"policy": FeedbackPolicy}, "the class FeedbackPolicy"),
        ({"policy": Class()}, "no consequences"),
        ({"batch": 0}, "batch="),
        ({"batch": True}, "batch="),
        ({"visibility": 0}, "visibility="),
        ({"visibility": True}, "visibility="),
        ({"threads": 0}, "threads="),
        ({"in_flight": 0}, "in_flight="),
        ({"in_flight": 1.5}, "in_flight="),
        ({"foreign": "delete"}, "foreign="),
        ({"handlers": [3]}, "function"),
        ({"handlers": [Class]}, "function"),
    ],
)
def test_what_cannot_work_is_refused_at_the_door(options: dict[str, Any], says: str) -> None:
    """The error names the option and what was given."""
    with pytest.raises(errors.ConfigurationError, match=says):
        Worker(**{**GOOD, **options})


@pytest.mark.parametrize("kinds", [(), (deaf,), ("Bounce",), (events.Bounce, None)])
def test_a_decorator_takes_classes(kinds: tuple[Any, ...]) -> None:
    """``@worker.on`` without its parentheses is such a mistake."""
    with pytest.raises(errors.ConfigurationError, match=r"@worker\.on\(events\.Bounce\)"):
        Worker(**GOOD).on(*kinds)


# Silence


def test_no_log_line_holds_an_address(caplog: pytest.LogCaptureFixture) -> None:
    """Whatever goes wrong, and whatever others write into their errors."""
    caplog.set_level(1)
    secret = "somebody@example.org"

    def fail(event: events.Event) -> None:
        raise ValueError(secret)

    source = Watched(
        json.dumps(feedback.bounce([secret])),
        json.dumps(feedback.complaint([secret], feedback_type=secret)),
        json.dumps(feedback.bounce([secret], kind=secret, feedback_id=secret)),
        f"poison of {secret}",
        feedback.through_sns(secret, kind="SubscriptionConfirmation"),
        json.dumps({"foreign": secret}),
    )
    source.before["delete"] = raising(OSError(secret))
    store = Moody(failures=2)
    worker = Worker(source, store=store, visibility=60)
    worker.on(events.Complaint)(fail)
    for _ in range(4):
        try:
            worker.drain()
        except errors.SESGuardError:
            logging.getLogger(__name__).exception("drained in vain")
    assert "ValueError at" in caplog.text
    assert len(caplog.records) >= 5
    assert secret not in caplog.text


def test_an_error_without_a_traceback_is_told_by_its_class(
    caplog: pytest.LogCaptureFixture,
) -> None:
    """There is no line to name."""
    Ledger().note("store_failures", error=ValueError("somebody@example.org"))
    assert caplog.messages == ["Not stored, and so left in the queue: ValueError"]


def test_the_default_policy_suppresses_a_bounce_as_one() -> None:
    """Without a word about the policy."""
    store = MemoryStore()
    Worker(MemorySource([bounced("a")]), store=store).drain()
    key = AddressKey("a@example.org")
    assert store.look_up([key])[key].reason is Reason.BOUNCE
