"""Feedback out of a queue, into the suppression store and to handlers."""

from __future__ import annotations

import contextlib
import threading
from collections.abc import Callable, Generator, Iterable, Mapping, Sequence
from datetime import timedelta
from os import PathLike
from pathlib import Path
from types import TracebackType
from typing import Literal, Protocol, Self, TypeVar

from sesguard import errors
from sesguard._core.policy import Consequence, FeedbackPolicy
from sesguard._flows import receive
from sesguard._lift import lift
from sesguard._worker.awaiting import Awaiting, AwaitingAside, refuse_running_loop
from sesguard._worker.batches import BatchWorker
from sesguard._worker.crew import Crew, Here, SideBySide
from sesguard._worker.door import check, checked_foreign, visibility_of, whole_number
from sesguard._worker.handlers import Handlers
from sesguard._worker.hold import Hold
from sesguard._worker.ledger import Ledger, WorkerTally
from sesguard._worker.polling import Waiting
from sesguard._worker.pulse import Pulse, WorkerFigures
from sesguard._worker.signals import stopped_by_signals
from sesguard._worker.turn import Turn, ask
from sesguard.events import Event
from sesguard.ports import Source
from sesguard.suppression import Change

__all__ = ["BatchWorker", "Worker", "WorkerFigures", "WorkerTally"]

E = TypeVar("E", bound=Event)
R = TypeVar("R")


class _Policy(Protocol):
    def consequences(self, event: Event, /) -> Sequence[Consequence]: ...


class _Store(Protocol):
    def apply(self, batch: Sequence[tuple[str, Sequence[Change]]], /) -> Sequence[bool]: ...


class Worker:
    """
    Receives SES's feedback, applies it to the suppression store, and tells handlers.

    A batch goes into the store in one commit before any handler is told, and a message is
    deleted only after all its handlers took it. What fails on the way comes again, so a handler
    may be told of an event twice; the store counts it once.

    What cannot be read, and what is not SES's, is left in the queue, for the queue's redrive
    policy to take to a dead-letter queue.

    While the store fails nothing more is received.

    Args:
        source: The queue: `sources.SQSSource`, or what has its methods, which are called from
            up to three threads. Closing the worker closes it.

        store: The suppression store. It is used in the thread that runs the worker, and is
            not closed.

        policy: What events do to the list. Default: `FeedbackPolicy()`.

        handlers: Functions ``(event) -> None`` that are told all events; see `on`.

        batch: Messages received at a time.

        visibility: Seconds, or a timedelta, for which messages are kept hidden at a time while
            they are in hand. Default: the source's ``visibility_timeout``, or 30. A third of it
            must be less than what the queue itself is set to.

        threads: How many messages' handlers run side by side. With one, they run in the thread
            that runs the worker; with more, each message is one thread's, and the thread that
            runs the worker receives, stores and deletes. Asynchronous handlers share one loop.

        in_flight: The most messages in hand at once, those that wait for a thread included.
            Default: *batch*, and two more for each thread where there are several.

        foreign: What becomes of messages that are readable and not SES's, such as S3's: they
            are left in the queue (``"leave"``), or deleted and counted (``"skip"``).

        health_file: A file that is replaced whenever the worker goes on, once a second at the
            most, by its `figures` as JSON. It gets stale when the worker hangs.

    Raises:
        ConfigurationError: What was given cannot work.
    """

    def __init__(
        self,
        source: Source,
        *,
        store: _Store,
        policy: _Policy | None = None,
        handlers: Iterable[Callable[[Event], object]] = (),
        batch: int = 10,
        visibility: float | timedelta | None = None,
        threads: int = 1,
        in_flight: int | None = None,
        foreign: Literal["leave", "skip"] = "leave",
        health_file: str | PathLike[str] | None = None,
    ) -> None:
        policy = FeedbackPolicy() if policy is None else policy
        check(
            "source",
            source,
            ("receive", "delete", "extend", "release", "close"),
            "sources.SQSSource(queue_url)",
        )
        check("store", store, ("apply",), "stores.SQLiteStore(path)")
        check("policy", policy, ("consequences",), "FeedbackPolicy()")
        self._source = source
        self._store = store
        self._policy = policy
        self._batch = whole_number("batch", batch)
        self._threads = whole_number("threads", threads)
        usual = batch if threads == 1 else batch + 2 * threads
        self._most = whole_number("in_flight", usual if in_flight is None else in_flight)
        self._skips_foreign = checked_foreign(foreign) == "skip"
        self._health_file = None if health_file is None else Path(health_file)
        self._visibility = visibility_of(visibility, source)
        self._handlers = Handlers(handlers, "Worker")
        self._running = threading.Lock()
        self._waiting = Waiting()
        self._awaiting = Awaiting() if threads == 1 else AwaitingAside()
        self._pulse: Pulse | None = None

    def on(self, *kinds: type[E]) -> Callable[[Callable[[E], R]], Callable[[E], R]]:
        """
        Have a function told the events of these classes, as ``@worker.on(events.Bounce)``.

        It may be a coroutine function: then it is run to its end, on a loop of the worker's own.
        """
        return self._handlers.on(kinds)

    def run(self, *, handle_signals: bool = True) -> WorkerTally:
        """
        Work until `stop`, or SIGTERM or SIGINT.

        A stop lets the handlers of a message that was begun end, gives a running poll a second
        and a half, hands back what is not begun, and leaves. A second signal leaves at
        once. Trouble with the queue or the store is waited out, unless waiting cannot mend it.

        Args:
            handle_signals: Handle SIGTERM and SIGINT while running. In the main thread only;
                elsewhere it has no effect.

        Raises:
            ConfigurationError, AccessDeniedError, AuthenticationError: What waiting cannot mend.
        """
        signals = stopped_by_signals(self.stop) if handle_signals else contextlib.nullcontext()
        with signals, self._begun(self._waiting) as turn:
            return turn.work()

    def drain(self) -> WorkerTally:
        """
        Work until the queue answers empty, or `stop`.

        Messages that are hidden, such as one whose handler just failed, are not waited for.

        Raises:
            StoreError: The store failed. The batch was handed back.

            ConfigurationError, SendError: The queue refuses, or cannot be reached.
        """
        with self._begun(Waiting()) as turn:
            return turn.drain()

    def figures(self) -> WorkerFigures:
        """How it does, at this moment or after its last run. Safe in any thread."""
        pulse = self._pulse
        return WorkerFigures() if pulse is None else pulse.figures()

    def stop(self) -> None:
        """
        Ask `run` or `drain` to leave. It does not wait for that.

        It may be called from any thread, from a handler and from a signal handler. Before
        `run` it makes that run leave at once.
        """
        self._waiting.stop()

    def close(self) -> None:
        """Let go of the source's connections. A worker that runs is asked to stop."""
        if self._running.locked():
            self.stop()
        else:
            self._awaiting.close()
        self._source.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self.close()

    @contextlib.contextmanager
    def _begun(self, waiting: Waiting) -> Generator[Turn]:
        if not self._running.acquire(blocking=False):
            raise errors.ConfigurationError(
                "This worker is running already. For more handlers at once, raise threads=."
            )
        self._waiting = waiting
        ledger = Ledger()
        hold = Hold(self._source, self._visibility, ledger.note)
        crew: Crew | None = None
        pulse: Pulse | None = None
        try:
            if self._threads == 1 and self._handlers.are_async():
                refuse_running_loop()
            pulse = self._pulse = Pulse(self._health_file, ledger.tally, hold.in_hand)
            ports = self._ports(waiting, ledger, hold, pulse)
            crew = self._crew(ports, waiting)
            yield Turn(
                self._source,
                batch=self._batch,
                ports=ports,
                crew=crew,
                hold=hold,
                ledger=ledger,
                pulse=pulse,
                waiting=waiting,
            )
        finally:
            if crew is not None:
                crew.close()
            hold.close()
            if pulse is not None:
                pulse.beat("stopped")
            self._waiting = Waiting()
            self._running.release()

    def _crew(self, ports: receive.ReceivePorts, waiting: Waiting) -> Crew:
        if self._threads == 1:
            return Here(ports, self._most)
        return SideBySide(ports, threads=self._threads, most=self._most, waiting=waiting)

    def _ports(
        self, waiting: Waiting, ledger: Ledger, hold: Hold, pulse: Pulse
    ) -> receive.ReceivePorts:
        def delete(receipts: Sequence[str]) -> Mapping[str, str]:
            hold.let_go(receipts)
            return ask(self._source.delete, receipts)

        def release(receipts: Sequence[str]) -> Mapping[str, str]:
            hold.let_go(receipts)
            return ask(self._source.release, receipts)

        def stopping() -> bool:
            pulse.beat("working")  # it is asked before each message
            return waiting.is_over()

        return receive.ReceivePorts(
            consequences=self._policy.consequences,
            apply=lift(self._store.apply, "The store's apply"),
            handlers=self._handlers.ports(self._awaiting.run),
            delete=lift(delete, "The source's delete"),
            release=lift(release, "The source's release"),
            leave=hold.let_go,
            is_lost=hold.is_lost,
            stopping=stopping,
            note=ledger.note,
            skips_foreign=self._skips_foreign,
        )
