"""Mails that are kept until they are sent: put in anywhere, sent by a process of their own."""

from __future__ import annotations

import contextlib
import secrets
import threading
from collections.abc import Callable, Iterator
from datetime import datetime, timedelta
from types import TracebackType
from typing import Protocol, Self

from sesguard import errors
from sesguard._client.options import checked_concurrency, checked_email
from sesguard._core import outboxes as core
from sesguard._core.store_door import span
from sesguard._outbox.counts import OutboxTally
from sesguard._outbox.sending import Sending
from sesguard._outbox.store import ask
from sesguard._outbox.turn import SLICE, Turn
from sesguard._worker.door import check
from sesguard._worker.signals import stopped_by_signals
from sesguard.client import Client
from sesguard.clocks import SystemClock
from sesguard.events import Event
from sesguard.mail import Email
from sesguard.ports import Clock, OutboxStore, SetAside
from sesguard.suppression import Page

__all__ = ["Outbox", "OutboxTally"]

_METHODS = (
    *("put", "take", "begin", "sent", "put_back", "set_aside"),
    *("unknown", "failed", "settle", "next_due", "close"),
)
_PAGE = 100


class _Read(Protocol):
    def __call__(self, after: str | None = None, limit: int = 1000) -> Page[SetAside]: ...


class Outbox:
    """
    Takes mails in at once, and sends them when SES lets it.

    A mail that SES does not take for now is tried again by the error's own ``retry_after``. One
    that it will never take is given up, and listed by `failed`. One that it may have taken is
    never sent again by itself, and listed by `unknown`. Several processes may run one outbox.

    Each mail carries its id as the message tag ``sesguard-outbox``; see `settling`.

    Args:
        store: Where mails are kept: ``outboxes.SQLiteOutbox(path)``. Closing the outbox closes it.

        client: Sends them, for `run` and `drain`. A `Client`; an `AsyncClient` will not do.

        max_age: Seconds, or a timedelta, from when a mail is first due, after which it is given
            up instead of sent. Default: four days.

        max_size: The largest mail to take in, in bytes as JSON.

        lease: Seconds, or a timedelta, for which a mail is one process's. As long a mail waits
            that a killed process had taken and not begun to send. It must be longer than a mail
            may wait for the rate.

        clock: Where time comes from. A test brings its own, for the store too.

    Raises:
        ConfigurationError: What was given cannot work.
    """

    def __init__(
        self,
        store: OutboxStore,
        *,
        client: Client | None = None,
        max_age: float | timedelta = timedelta(days=4),
        max_size: int = 40 * 1024 * 1024,
        lease: float | timedelta = timedelta(minutes=15),
        clock: Clock = SystemClock(),
    ) -> None:
        check("store", store, _METHODS, "outboxes.SQLiteOutbox(path)")
        if type(max_size) is not int or max_size < 1:
            raise errors.ConfigurationError("max_size= must be a whole number of bytes, from 1.")
        self._store = store
        self._client = None if client is None else _checked(client)
        self._max_age = span("max_age", max_age)
        self._max_size = max_size
        self._lease = span("lease", lease).total_seconds()
        self._clock = clock
        self._running = threading.Lock()
        self._stop = _Stop()

    def put(
        self,
        email: Email,
        *,
        not_before: datetime | None = None,
        priority: int = 0,
    ) -> str:
        """
        Take a mail in. When this returns, it is kept.

        Args:
            not_before: When it may be sent, an aware datetime. Default: at once.

            priority: From -9 to 9. Of what is due, the higher go first, then the older.

        Returns:
            Its id in the outbox.

        Raises:
            EmailError: It is no `Email`, or larger than the outbox takes.

            ConfigurationError: Another argument cannot be.

            StoreError: The store failed. It is not kept, as far as is known.
        """
        body = self._checked_body(checked_email(email))
        if type(priority) is not int or not -9 <= priority <= 9:
            raise errors.ConfigurationError("priority= must be a whole number from -9 to 9.")
        now = self._clock.now()
        if not_before is not None and not_before.utcoffset() is None:
            raise errors.ConfigurationError(
                "not_before= must be an aware datetime, such as datetime.now(UTC) + "
                "timedelta(hours=1)."
            )
        due = now if not_before is None else max(now, not_before)
        id = core.id_of(due, secrets.randbits(74))
        ask(self._store.put, id, body, due=due, priority=priority)
        return id

    def _checked_body(self, email: Email) -> str:
        if core.ENTRY_TAG in email.tags:
            raise errors.TagError(
                f"tags: {core.ENTRY_TAG} is the outbox's own. Leave it out.", field="tags"
            )
        email.with_defaults(tags={core.ENTRY_TAG: "x"})  # refused now where there is no room for it
        body = core.body_of(email)
        if len(body) > self._max_size:
            raise errors.MessageTooLargeError(
                f"The mail is {len(body):,} bytes long as JSON, and this outbox takes "
                f"{self._max_size:,}. Send less, or allow more: Outbox(max_size=...)."
            )
        return body

    def run(
        self, client: Client | None = None, *, concurrency: int = 8, handle_signals: bool = True
    ) -> OutboxTally:
        """
        Send what is due, as it gets due, until `stop`, or SIGTERM or SIGINT.

        A stop lets requests that were made come to their end, and hands back the rest. A second
        signal leaves at once. Trouble with the store is logged and waited out. A spent quota,
        and what else is said to all mail, pauses the whole run, so that nothing is asked in vain.

        Args:
            client: In place of the outbox's own.

            concurrency: Sends under way at once, each on a thread.

            handle_signals: Handle SIGTERM and SIGINT while running. In the main thread only;
                elsewhere it has no effect.

        Raises:
            ConfigurationError: There is no client, or what waiting cannot mend.
        """
        signals = stopped_by_signals(self.stop) if handle_signals else contextlib.nullcontext()
        with signals:
            return self._work(client, concurrency, forever=True)

    def drain(self, client: Client | None = None, *, concurrency: int = 8) -> OutboxTally:
        """
        Send until nothing is due, or `stop`.

        What is put back meanwhile is not waited for, and a pause that `run` would wait out ends
        it.

        Args:
            client: In place of the outbox's own.

            concurrency: Sends under way at once, each on a thread.

        Raises:
            StoreError: The store failed.

            ConfigurationError: There is no client, or what waiting cannot mend.
        """
        return self._work(client, concurrency, forever=False)

    def _work(self, given: Client | None, concurrency: int, *, forever: bool) -> OutboxTally:
        client = self._client if given is None else _checked(given)
        if client is None:
            raise errors.ConfigurationError(
                "An outbox needs a client to send by: Outbox(store, client=client), or "
                "outbox.run(client)."
            )
        checked_concurrency(concurrency)
        if not self._running.acquire(blocking=False):
            raise errors.ConfigurationError(
                "This outbox is running already. For more sends at once, raise concurrency=."
            )
        stop = self._stop
        try:
            return Turn(
                self._store,
                Sending(
                    self._store,
                    client,
                    max_age=self._max_age,
                    clock=self._clock,
                    rest=lambda seconds: stop.rest(seconds, self._clock),
                ),
                concurrency=concurrency,
                lease=self._lease,
                clock=self._clock,
                rest=lambda seconds: stop.rest(seconds, self._clock),
                is_over=stop.is_set,
            ).work(forever=forever)
        finally:
            self._stop = _Stop()
            self._running.release()

    def stop(self) -> None:
        """
        Ask `run` or `drain` to leave. It does not wait for that.

        It may be called from any thread, and from a signal handler. Before `run` it makes that
        run leave at once.
        """
        self._stop.set()

    def unknown(self) -> Iterator[SetAside]:
        """
        Those that may have been sent.

        They stay until `settle` is told, or an event tells; see `settling`. ``item.body`` is
        ``Email.to_dict`` as JSON.

        Raises:
            StoreError: The store failed.
        """
        return _all(self._store.unknown)

    def failed(self) -> Iterator[SetAside]:
        """
        Those that were given up, each with its reason. They stay until `settle` is told.

        Raises:
            StoreError: The store failed.
        """
        return _all(self._store.failed)

    def settle(self, id: str, *, again: bool) -> bool:
        """
        Decide one of `unknown` or `failed`.

        Args:
            again: True: send it, as if it were put in now. False: forget it.

        Returns:
            False: it is not there any more.

        Raises:
            StoreError: The store failed.
        """
        return ask(self._store.settle, id, again=again)

    def settling(self) -> Callable[[Event], None]:
        """
        A handler for a `Worker` that forgets an unknown mail when an event tells that it was sent.

        Every event of a mail tells, so Send is enough. Events carry the tag that names the mail
        where a configuration set publishes them; feedback notifications never do::

            worker = Worker(source, store=store, handlers=[outbox.settling()])
        """

        def settle(event: Event) -> None:
            id = core.settled_by(event)
            if id is not None:
                self.settle(id, again=False)

        return settle

    def close(self) -> None:
        """Close the store. A run is asked to stop."""
        if self._running.locked():
            self.stop()
        self._store.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
        /,
    ) -> None:
        self.close()


class _Stop:
    """Whether a run is to end: a flag alone, since a signal handler sets it."""

    def __init__(self) -> None:
        self._over = False

    def set(self) -> None:
        self._over = True

    def is_set(self) -> bool:
        return self._over

    def rest(self, seconds: float, clock: Clock) -> bool:
        """Wait so long, unless it is set meanwhile. Answers whether it is not."""
        until = clock.monotonic() + seconds
        while not self._over and (left := until - clock.monotonic()) > 0:
            clock.sleep(min(left, SLICE))
        return not self._over


def _checked(client: object) -> Client:
    if isinstance(client, Client):
        return client
    raise errors.ConfigurationError(
        f"An outbox sends by a sesguard.Client, and {type(client).__name__} was given."
    )


def _all(read: _Read) -> Iterator[SetAside]:
    after: str | None = None
    while True:
        page = ask(read, after, _PAGE)
        yield from page.items
        if page.next is None:
            return
        after = page.next
