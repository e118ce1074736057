"""Batches of a queue that somebody else receives and deletes: Lambda, before a function."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from types import TracebackType
from typing import Literal, Protocol, Self, TypedDict, TypeVar, cast

from sesguard._core.policy import Consequence, FeedbackPolicy
from sesguard._flows import receive
from sesguard._lift import drive, lift
from sesguard._worker.awaiting import Awaiting, refuse_running_loop
from sesguard._worker.door import check, checked_foreign
from sesguard._worker.handlers import Handlers
from sesguard._worker.ledger import Ledger, WorkerTally
from sesguard.errors import ParseError, StoreError
from sesguard.events import Event
from sesguard.ports import Received
from sesguard.suppression import Change

__all__ = ["BatchItemFailure", "BatchResponse", "BatchWorker"]

E = TypeVar("E", bound=Event)
R = TypeVar("R")


class BatchItemFailure(TypedDict):
    """A message that comes again."""

    itemIdentifier: str


class BatchResponse(TypedDict):
    """
    Which messages come again. Lambda deletes the others.

    Source:
        Lambda Developer Guide, "Handling errors for an SQS event source in Lambda".
    """

    batchItemFailures: list[BatchItemFailure]


class _Policy(Protocol):
    def consequences(self, event: Event, /) -> Sequence[Consequence]: ...


class _Store(Protocol):
    def apply(self, batch: Sequence[tuple[str, Sequence[Change]]], /) -> Sequence[bool]: ...


class BatchWorker:
    """
    A `Worker` for batches that are received and deleted by others, as Lambda does with a queue.

    The promises are the same: the store first, in one commit for the batch, then the handlers,
    and whatever did not come to its end comes again. The event source mapping must have
    ``ReportBatchItemFailures``, or Lambda takes every answer for a full success.

    Args:
        store: The suppression store. It is used in the caller's thread, and is not closed.

        policy: What events do to the list. Default: `FeedbackPolicy()`.

        handlers: Functions ``(event) -> None`` that are told all events; see `on`.

        foreign: What becomes of messages that are readable and not SES's: they come again until
            the queue's redrive policy takes them (``"leave"``), or count as done (``"skip"``).

    Raises:
        ConfigurationError: What was given cannot work.
    """

    def __init__(
        self,
        *,
        store: _Store,
        policy: _Policy | None = None,
        handlers: Iterable[Callable[[Event], object]] = (),
        foreign: Literal["leave", "skip"] = "leave",
    ) -> None:
        policy = FeedbackPolicy() if policy is None else policy
        check("store", store, ("apply",), "stores.SQLiteStore(path)")
        check("policy", policy, ("consequences",), "FeedbackPolicy()")
        self._store = store
        self._policy = policy
        self._skips_foreign = checked_foreign(foreign) == "skip"
        self._handlers = Handlers(handlers, "BatchWorker")
        self._awaiting = Awaiting()
        self._ledger = Ledger()

    def on(self, *kinds: type[E]) -> Callable[[Callable[[E], R]], Callable[[E], R]]:
        """
        Have a function told the events of these classes, as ``@worker.on(events.Bounce)``.

        It may be a coroutine function: then it is run to its end, on a loop of the worker's own.
        """
        return self._handlers.on(kinds)

    def handle(
        self, event: Mapping[str, object], *, stopping: Callable[[], bool] = lambda: False
    ) -> BatchResponse:
        """
        Deal with one batch, as Lambda gives it and wants it answered.

        Args:
            event: With ``Records``, each with its ``messageId`` and ``body``. It is not changed.

            stopping: Asked before each message is told to handlers, whether the time is nearly
                over: ``lambda: context.get_remaining_time_in_millis() < 5000``. What is not
                begun then comes again.

        Returns:
            The messages that could not be read, stored or handled, by their ids.

        Raises:
            ParseError: It is no batch of a queue. Nothing was done.

            ConfigurationError: The store does not answer as a store must, or there are
                asynchronous handlers and an event loop runs in this thread.
        """
        batch = _received(event)
        if self._handlers.are_async():
            refuse_running_loop()
        done: set[str] = set()
        ports = self._ports(done, stopping)
        try:
            drive(receive.settle(receive.read(batch, ports), ports))
        except StoreError as error:
            self._ledger.note("store_failures", len(batch), error=error)
        return {
            "batchItemFailures": [
                {"itemIdentifier": message.receipt}
                for message in batch
                if message.receipt not in done
            ]
        }

    def tally(self) -> WorkerTally:
        """The counts of all batches so far. Safe in any thread."""
        return self._ledger.tally()

    def close(self) -> None:
        """Close the loop of the asynchronous handlers, if there was one."""
        self._awaiting.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self.close()

    def _ports(self, done: set[str], stopping: Callable[[], bool]) -> receive.ReceivePorts:
        async def delete(receipts: Sequence[str]) -> Mapping[str, str]:
            done.update(receipts)
            return {}

        async def release(receipts: Sequence[str]) -> Mapping[str, str]:
            return {}

        return receive.ReceivePorts(
            consequences=self._policy.consequences,
            apply=lift(self._store.apply, "The store's apply"),
            handlers=self._handlers.ports(self._awaiting.run),
            delete=delete,
            release=release,
            leave=lambda receipts: None,
            is_lost=lambda receipt: False,
            stopping=stopping,
            note=self._ledger.note,
            skips_foreign=self._skips_foreign,
        )


def _received(event: object) -> list[Received]:
    records = _mapping(event).get("Records")
    if not isinstance(records, list | tuple):
        raise ParseError(
            "This is no batch of SQS messages: it has no list of Records. Give it the event of an "
            "SQS event source mapping."
        )
    return [_record(one) for one in cast("Sequence[object]", records)]


def _record(record: object) -> Received:
    read = _mapping(record)
    id, body = read.get("messageId"), read.get("body")
    if not isinstance(id, str) or not id or not isinstance(body, str):
        raise ParseError(
            "A record of this batch is no SQS message: it has no messageId or no body. Give it the "
            "event of an SQS event source mapping."
        )
    count = str(_mapping(read.get("attributes")).get("ApproximateReceiveCount"))
    return Received(body=body, receipt=id, receive_count=int(count) if count.isdecimal() else 1)


def _mapping(value: object) -> Mapping[str, object]:
    """*value*, or an empty one where it is none."""
    nothing: Mapping[str, object] = {}
    return cast("Mapping[str, object]", value) if isinstance(value, Mapping) else nothing
