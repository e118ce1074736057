"""Feedback out of a queue, into the suppression store and to handlers."""

from __future__ import annotations

import contextlib
import inspect
import logging
import threading
import time
from collections.abc import Awaitable, Callable, Generator, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta
from types import TracebackType
from typing import Any, ParamSpec, Protocol, Self, TypeVar

from sesguard import errors
from sesguard._core.policy import Consequence, FeedbackPolicy
from sesguard._flows import receive
from sesguard._lift import drive, is_async, lift
from sesguard._worker.awaiting import Awaiting, refuse_running_loop
from sesguard._worker.door import check, visibility_of
from sesguard._worker.hold import Hold
from sesguard._worker.ledger import Ledger, WorkerTally
from sesguard._worker.polling import Waiting
from sesguard._worker.signals import stopped_by_signals
from sesguard._worker.trouble import source_error
from sesguard.events import Event, SubscriptionConfirmation
from sesguard.ports import Received, Source
from sesguard.suppression import Change

__all__ = ["Worker", "WorkerTally"]

logger: logging.Logger = logging.getLogger(__name__)

E = TypeVar("E", bound=Event)
R = TypeVar("R")
T = TypeVar("T")
P = ParamSpec("P")

_PACE = 1.0
"""Seconds from one poll to the next at least, where the queue is empty."""

_LONGEST_PAUSE = 60.0
"""Seconds between two tries while the source or the store is in trouble."""

_PATIENCE = 5
"""Tries with one batch in hand, a minute or so, before it is left to come again."""


class _Policy(Protocol):
    def consequences(self, event: Event, /) -> Sequence[Consequence]: ...


class _Store(Protocol):
    def apply(self, batch: Sequence[tuple[str, Sequence[Change]]], /) -> Sequence[bool]: ...


@dataclass(frozen=True, slots=True, kw_only=True)
class _Turn:
    """What belongs to one `Worker.run` or `Worker.drain`."""

    waiting: Waiting
    ledger: Ledger
    hold: Hold
    ports: receive.ReceivePorts


class Worker:
    """
    Receives SES's feedback, applies it to the suppression store, and tells handlers.

    A batch goes into the store in one commit before any handler is told, and a message is
    deleted only after all its handlers took it. What fails on the way comes again, so a handler
    may be told of an event twice; the store counts it once.

    What cannot be read, and what is not SES's, is left in the queue, for the queue's redrive
    policy to take to a dead-letter queue.

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
        if type(batch) is not int or batch < 1:
            raise errors.ConfigurationError("batch= must be a whole number from 1.")
        self._source = source
        self._store = store
        self._policy = policy
        self._batch = batch
        self._visibility = visibility_of(visibility, source)
        self._handlers: list[tuple[tuple[type, ...], Callable[[Any], object]]] = []
        for handler in handlers:
            self._add(handler, (object,))
        self._running = threading.Lock()
        self._waiting = Waiting()
        self._awaiting = Awaiting()

    def on(self, *kinds: type[E]) -> Callable[[Callable[[E], R]], Callable[[E], R]]:
        """
        Have a function told the events of these classes, as ``@worker.on(events.Bounce)``.

        It may be a coroutine function: then it is run to its end, on a loop of the worker's own.
        """
        if not kinds or not all(map(inspect.isclass, kinds)):
            raise errors.ConfigurationError(
                "worker.on takes classes of events: @worker.on(events.Bounce). "
                "Functions that are told all events go to Worker(…, handlers=[…])."
            )

        def decorate(handler: Callable[[E], R]) -> Callable[[E], R]:
            self._add(handler, kinds)
            return handler

        return decorate

    def run(self, *, handle_signals: bool = True) -> WorkerTally:
        """
        Work until `stop`, or SIGTERM or SIGINT.

        A stop lets the handlers of one message end, gives a running poll a second and a half,
        hands back what is not begun, and leaves. A second signal leaves at once. Trouble with
        the queue or the store is waited out, unless waiting cannot mend it.

        Args:
            handle_signals: Handle SIGTERM and SIGINT while running. In the main thread only;
                elsewhere it has no effect.

        Raises:
            ConfigurationError, AccessDeniedError, AuthenticationError: What waiting cannot mend.
        """
        signals = stopped_by_signals(self.stop) if handle_signals else contextlib.nullcontext()
        with signals, self._begun(self._waiting) as turn:
            troubles = 0
            while not turn.waiting.is_over():
                began = time.monotonic()
                try:
                    # In trouble, one message at a time is enough to see whether it has passed.
                    batch = turn.waiting.poll(self._source, 1 if troubles else self._batch)
                    if batch:
                        self._settle(batch, turn, tries=_PATIENCE)
                    else:
                        turn.waiting.pause(began + _PACE - time.monotonic())
                    troubles = 0
                except errors.SESGuardError as error:
                    if not error.retryable:
                        raise
                    logger.warning("%s", error)
                    turn.waiting.pause(error.delay(troubles, cap=_LONGEST_PAUSE))
                    troubles += 1
            return turn.ledger.tally()

    def drain(self) -> WorkerTally:
        """
        Work until the queue answers empty, or `stop`.

        Messages that are hidden, such as one whose handler just failed, are not waited for.

        Raises:
            StoreError: The store failed. The batch was handed back.

            ConfigurationError, SendError: The queue refuses, or cannot be reached.
        """
        with self._begun(Waiting()) as turn:
            while not turn.waiting.is_over():
                batch = self._ask(self._source.receive, self._batch, 0.0)
                if not batch:
                    break
                self._settle(batch, turn, tries=1)
            return turn.ledger.tally()

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
    def _begun(self, waiting: Waiting) -> Generator[_Turn]:
        if not self._running.acquire(blocking=False):
            raise errors.ConfigurationError(
                "This worker is running already. Make a Worker for each thread."
            )
        self._waiting = waiting
        ledger = Ledger()
        hold = Hold(self._source, self._visibility, ledger.note)
        try:
            if any(is_async(handler) for _, handler in self._handlers):
                refuse_running_loop()
            ports = self._ports(waiting, ledger, hold)
            yield _Turn(waiting=waiting, ledger=ledger, hold=hold, ports=ports)
        finally:
            hold.close()
            self._waiting = Waiting()
            self._running.release()

    def _ports(self, waiting: Waiting, ledger: Ledger, hold: Hold) -> receive.ReceivePorts:
        def delete(receipts: Sequence[str]) -> Mapping[str, str]:
            hold.let_go(receipts)
            return self._ask(self._source.delete, receipts)

        def release(receipts: Sequence[str]) -> Mapping[str, str]:
            hold.let_go(receipts)
            return self._ask(self._source.release, receipts)

        return receive.ReceivePorts(
            consequences=self._policy.consequences,
            apply=lift(self._store.apply, "The store's apply"),
            handlers=[
                _warn_of_confirmation,
                *(self._told(kinds, handler) for kinds, handler in self._handlers),
            ],
            delete=lift(delete, "The source's delete"),
            release=lift(release, "The source's release"),
            leave=hold.let_go,
            stopping=waiting.is_over,
            note=ledger.note,
        )

    def _told(
        self, kinds: tuple[type, ...], handler: Callable[[Any], object]
    ) -> Callable[[Event], Awaitable[None]]:
        async def tell(event: Event) -> None:
            if isinstance(event, kinds):
                answer = handler(event)
                if inspect.isawaitable(answer):
                    self._awaiting.run(answer)

        return tell

    def _add(self, handler: object, kinds: tuple[type, ...]) -> None:
        if isinstance(handler, type) or not callable(handler):
            raise errors.ConfigurationError(
                f"A handler is a function (event) -> None, and {_described(handler)} was given."
            )
        self._handlers.append((kinds, handler))

    def _settle(self, batch: Sequence[Received], turn: _Turn, tries: int) -> None:
        """
        Take a batch to its end. Where the store fails it stays in hand and is tried again.

        Raises:
            StoreError: It failed each time. After one try the batch is handed back; after
                several it is left to come again at its time, as it may be what the store fails on.
        """
        if turn.waiting.is_over():
            self._hand_back([message.receipt for message in batch], turn)
            return
        messages = receive.read(batch, turn.ports)
        receipts = [message.receipt for message in messages]
        turn.hold.take(receipts)
        try:
            tried = 0
            while True:
                try:
                    drive(receive.settle(messages, turn.ports))
                    return
                except errors.StoreError as error:
                    failure = error
                turn.ledger.note("store_failures", len(messages), error=failure)
                tried += 1
                if tried < tries:
                    turn.waiting.pause(failure.delay(tried - 1, cap=_LONGEST_PAUSE))
                if turn.waiting.is_over() or tries == 1:
                    self._hand_back(receipts, turn)
                if turn.waiting.is_over() or tried == tries:
                    raise failure
        finally:
            turn.hold.let_go(receipts)

    def _hand_back(self, receipts: Sequence[str], turn: _Turn) -> None:
        try:
            drive(receive.hand_back(receipts, turn.ports))
        except errors.SESGuardError as error:
            # It leaves all the same: they come back at their visibility time-out.
            logger.warning("Messages could not be handed back: %s", error)

    def _ask(self, method: Callable[P, T], *args: P.args, **kwargs: P.kwargs) -> T:
        try:
            return method(*args, **kwargs)
        except Exception as error:
            # Whatever a source raises, it is one thing: trouble with the queue.
            raise source_error(error, getattr(method, "__name__", "method")) from None


def _described(given: object) -> str:
    return f"the class {given.__name__}" if isinstance(given, type) else type(given).__name__


async def _warn_of_confirmation(event: Event) -> None:
    if isinstance(event, SubscriptionConfirmation):
        logger.warning(
            "SNS asks whether the queue wants a topic, and sends nothing before it is told so: %r. "
            "Confirm the subscription by its token (@worker.on(events.SubscriptionConfirmation)), "
            "or subscribe the queue from its own account, where nothing is to be confirmed.",
            event,
        )
