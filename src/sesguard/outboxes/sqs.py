"""
An outbox in SQS.

SQS cannot note on a message that its mail is being sent, so the time tells. A mail that was only
taken can be received again when its lease lapses. One that was begun is hidden for
``unknown_after``, counted from a moment after its first receipt. A message that comes back
earlier than that after its first receipt was certainly not begun, and is handed out once more.
One that comes back later may have been sent, and is moved to the unknown queue.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from types import TracebackType
from typing import Self

from sesguard._core import store_door
from sesguard.clocks import SystemClock
from sesguard.errors import ConfigurationError, MessageTooLargeError
from sesguard.outboxes import sqs_options as options
from sesguard.outboxes.sqs_aside import AsideQueue
from sesguard.outboxes.sqs_client import LARGEST, MOST, Calls, Message, SQSClient
from sesguard.outboxes.sqs_holds import Holds
from sesguard.outboxes.sqs_texts import Kept, read
from sesguard.ports import Clock, OutboxEntry, SetAside
from sesguard.suppression import Page

__all__ = ["SQSOutbox"]

_LONGEST_HIDING = 43_200.0
"""Seconds since a receipt. Source: SQS API Reference, "ChangeMessageVisibility"."""

_SKEW = 900.0
"""Seconds that this machine's clock may differ from SQS's, which refuses signatures beyond."""

_SPARE = 4_096
"""Bytes that a message leaves for its reason when it is set aside."""

_ROUNDS = 10
"""Polls that may bring only what has to wait on, or is set aside."""

_LOOK_AGAIN = timedelta(seconds=10)

_LAPSED = (
    "Its lease lapsed, perhaps while it was being sent, or put back. It may have been sent: look "
    "for its Send or Delivery event, then settle it."
)
_TWICE = "Another message of the same id is being sent. Look for its Send or Delivery event."


class SQSOutbox:
    """
    Mails in an SQS queue, until they are sent. All that may use the queue share it.

    A mail waits by DelaySeconds, and one that waits longer than 15 minutes is put anew each time
    they are over: somebody must `take` all the while. What it does otherwise than a database:

    - A mail that was being sent when its process died is listed by `unknown` no earlier than
      *unknown_after*, at the next `take`, and an event that tells of it before finds nothing to
      settle. One that was only taken is due again when its lease lapses. But if that happens
      again and again for so long, or if a process dies while it puts a mail back, a mail that
      was not sent is listed too; it may then be in the queue as well.
    - There is no priority, and no order.
    - A receipt is good in the store object that gave it.
    - A standard queue may, seldom, deliver a message after it was deleted: an ``idempotency_key``
      and a ledger on the client keep that mail from being sent twice.
    - SQS deletes what is older than the queue's retention, 4 days unless set: set 14 on all three.
      A redrive policy would take mails away: have none.

    The credentials need sqs:SendMessage, ReceiveMessage, DeleteMessage and
    ChangeMessageVisibility on all three queues, and sqs:GetQueueAttributes on the first.

    Args:
        queue_url: The queue of mails that wait. A standard queue, as the others.

        unknown_queue_url: Where mails go that may have been sent.

        failed_queue_url: Where mails go that are given up.

        boto3_client: A client for ``sqs`` to use instead of one of our own, made with
            ``total_max_attempts=1``. It is not closed.

        boto3_session: The credentials for our own client.

        region_name: The queues' region; None to read it in their URLs.

        endpoint_url: Where SQS listens, if not at Amazon.

        wait_seconds: Seconds, up to 20, that an empty `take` waits. With 0, SQS asks only some of
            its servers and may answer empty while mails are there.

        unknown_after: Seconds or a timedelta, from 1 to 11 hours: how long a mail may be in
            sending. Every process must be given the same.

        max_bytes: The largest message. 1 MiB, unless the queue's own limit is lower.

        clock: Tells what is due. The system's, unless a test brings its own.

    Raises:
        ConfigurationError: Options that cannot work, or do not go together.
    """

    def __init__(
        self,
        queue_url: str,
        *,
        unknown_queue_url: str,
        failed_queue_url: str,
        boto3_client: SQSClient | None = None,
        boto3_session: object = None,
        region_name: str | None = None,
        endpoint_url: str | None = None,
        wait_seconds: float | timedelta = 1.0,
        unknown_after: float | timedelta = timedelta(hours=1),
        max_bytes: int = LARGEST,
        clock: Clock | None = None,
    ) -> None:
        urls = {
            "queue_url": queue_url,
            "unknown_queue_url": unknown_queue_url,
            "failed_queue_url": failed_queue_url,
        }
        options.check_queues(urls)
        self._wait = options.seconds("wait_seconds", wait_seconds, 0, 20)
        self._unknown_after = options.seconds("unknown_after", unknown_after, 3600, 39_600)
        if type(max_bytes) is not int or not 2 * _SPARE <= max_bytes <= LARGEST:
            raise ConfigurationError(
                f"max_bytes= must be a whole number from {2 * _SPARE} to {LARGEST}: SQS takes no "
                "larger message."
            )
        if boto3_client is not None:
            beside = {
                "boto3_session": boto3_session,
                "region_name": region_name,
                "endpoint_url": endpoint_url,
            }
            options.check_client(boto3_client, beside, wait=self._wait)
        self._calls = Calls(
            given=boto3_client,
            session=boto3_session,
            region=options.region(list(urls.values()), region_name, endpoint_url),
            endpoint=endpoint_url,
            wait=self._wait,
        )
        self._url = queue_url
        self._unknown = AsideQueue(self._calls, unknown_queue_url, wait=self._wait)
        self._failed = AsideQueue(self._calls, failed_queue_url, wait=self._wait)
        self._max_bytes = max_bytes
        self._clock: Clock = clock or SystemClock()
        self._holds = Holds(self._clock)

    def put(self, id: str, body: str, /, *, due: datetime, priority: int) -> None:
        """
        Keep a mail. It is one SendMessage.

        Raises:
            MessageTooLargeError: It does not fit in a message.

            ConfigurationError: It has a priority, which SQS does not know.

            StoreError: SQS did not answer. The mail may be kept all the same: one that is put
                again under another id would be sent twice.
        """
        if priority != 0:
            raise ConfigurationError(
                "SQS knows no priority: leave priority= out, or have an outbox for each."
            )
        options.check_due(due)
        now = self._clock.now()
        text = Kept(id=id, body=body, due=due, put_at=now).text()
        if len(text) > self._max_bytes - _SPARE:
            raise MessageTooLargeError(
                f"The e-mail takes {len(text)} bytes in the outbox's queue, and SQS takes "
                f"{self._max_bytes} with {_SPARE} of them spare. Link to what is attached, or use "
                "an outbox in a database."
            )
        self._calls.send(self._url, text, delay=(due - now).total_seconds())

    def take(self, limit: int, lease: float, /) -> Sequence[OutboxEntry]:
        """
        Up to *limit* mails that are due, for *lease* seconds.

        What is no mail of ours is moved to the failed queue as it is.

        Raises:
            ConfigurationError: *lease* is too long beside *unknown_after*.

            StoreError: SQS did not answer. What was taken comes back with its lease.
        """
        size, span = store_door.limit(limit), store_door.span("lease", lease).total_seconds()
        if span > self._unknown_after - 2 * _SKEW:
            raise ConfigurationError(
                f"A lease of {span:g} seconds must be half an hour shorter than unknown_after=, "
                f"{self._unknown_after:g}."
            )
        self._holds.drop_lapsed()
        taken: list[OutboxEntry] = []
        for _ in range(size // MOST + _ROUNDS):
            left = size - len(taken)
            received = self._clock.monotonic()
            found = (
                self._calls.receive(self._url, left, wait=0.0 if taken else self._wait, hidden=span)
                if left
                else []
            )
            if not found:
                break
            taken += self._sift(found, received, span)
        return taken

    def begin(self, receipt: str, /) -> bool:
        """
        Hide it for *unknown_after*, which says that it is sent now, and is its lease from now on.

        Raises:
            StoreError: SQS did not answer: do not send.
        """
        held = self._holds.get(receipt)
        if held is None:
            return False
        before = self._clock.monotonic()
        room = held.received + _LONGEST_HIDING - before - 60.0
        seconds = min(self._unknown_after, room)
        lost = seconds <= 0 or self._calls.hide(self._url, [held.handle], seconds)
        # Looked at again: hidden too late, it may be somebody else's.
        if lost or self._holds.get(receipt) is None:
            self._holds.drop(receipt)
            return False
        held.begun, held.lapses = True, before + seconds
        return True

    def sent(self, receipt: str, /) -> bool:
        """
        Forget it.

        Raises:
            StoreError: SQS did not answer. Unless it is told again, it will be listed as unknown.
        """
        held = self._holds.get(receipt)
        if held is None:
            return False
        lost = self._calls.delete(self._url, [held.handle])
        return self._holds.drop(receipt) and not lost

    def put_back(self, receipt: str, /, *, due: datetime, counts: bool) -> bool:
        """
        Have it taken again from *due*: it is put anew, and the message of before deleted.

        Raises:
            StoreError: SQS did not answer. It is in the queue, or will be listed as unknown, or
                both.
        """
        options.check_due(due)
        held = self._holds.get(receipt)
        # Begun, the message of before is not handed out again, whatever happens in between.
        if held is None or not (held.begun or self.begin(receipt)):
            return False
        if not self._holds.drop(receipt):
            return False
        anew = replace(held.kept, due=due, attempts=held.kept.attempts + int(counts))
        self._requeue(anew)
        self._calls.delete(self._url, [held.handle])
        return True

    def set_aside(self, receipt: str, reason: str, /, *, unknown: bool) -> bool:
        """
        Move it to the unknown queue, or to the failed one.

        Raises:
            StoreError: SQS did not answer. Unless it is told again, it will be listed as unknown.
        """
        held = self._holds.get(receipt)
        if held is None:
            return False
        queue = self._unknown if unknown else self._failed
        queue.add(replace(held.kept, reason=reason, aside_at=self._clock.now()))
        self._calls.delete(self._url, [held.handle])
        return self._holds.drop(receipt)

    def unknown(self, after: str | None = None, limit: int = 1000) -> Page[SetAside]:
        """
        Those that may have been sent, by id.

        Each page receives the whole queue and hands it back; what another process is looking at
        is missing meanwhile. A lapsed one is here from the next `take` on.

        Raises:
            StoreError: SQS did not answer.
        """
        return self._unknown.page(after, store_door.limit(limit))

    def failed(self, after: str | None = None, limit: int = 1000) -> Page[SetAside]:
        """
        Those that were given up, by id, read as `unknown` is.

        Raises:
            StoreError: SQS did not answer.
        """
        return self._failed.page(after, store_door.limit(limit))

    def settle(self, id: str, /, *, again: bool) -> bool:
        """
        Send one that was set aside again, or forget it.

        One that is being sent can be forgotten by the store object that has it alone. What
        another process is looking at is not found: then try again.

        Raises:
            StoreError: SQS did not answer. Look at the lists before you try again.
        """
        begun = self._holds.begun(id)
        if begun is not None and not again and self.sent(begun):
            return True
        put = not again

        def first(message: Message) -> None:
            nonlocal put
            if not put:
                self._put_anew(message)
            put = True

        found = [queue.settle(id, first) for queue in (self._unknown, self._failed)]
        return any(found)

    def next_due(self) -> datetime | None:
        """
        Now, if there is one; a few seconds from now, if some wait or are taken. SQS says no more.

        Raises:
            StoreError: SQS did not answer.
        """
        ready, waiting = self._calls.counts(self._url)
        if ready:
            return self._clock.now()
        return self._clock.now() + _LOOK_AGAIN if waiting else None

    def close(self) -> None:
        """Close our own client. A later use makes another one."""
        self._calls.close()

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

    def __repr__(self) -> str:
        return f"SQSOutbox({self._url!r})"

    def _sift(self, found: Sequence[Message], received: float, lease: float) -> list[OutboxEntry]:
        """Lend what is due; have the rest wait on, or set it aside."""
        taken: list[OutboxEntry] = []
        early: list[tuple[Message, Kept]] = []
        now = self._clock.now()
        for message in found:
            kept = read(message.text)
            if kept is None:
                self._failed.add_foreign(message)
                self._calls.delete(self._url, [message.handle])
            elif not self._is_unsent(message, now):
                self._drop_off(message, kept, _LAPSED)
            elif self._holds.has(kept.id):
                self._drop_off(message, kept, _TWICE)
            elif kept.due > now:
                early.append((message, kept))
            else:
                taken.append(self._holds.lend(message, kept, received=received, lease=lease))
        self._delay(early, received + lease)
        return taken

    def _drop_off(self, message: Message, kept: Kept, reason: str) -> None:
        self._unknown.add(replace(kept, reason=reason, aside_at=self._clock.now()))
        self._calls.delete(self._url, [message.handle])

    def _is_unsent(self, message: Message, now: datetime) -> bool:
        """Whether it would still be hidden if anybody had begun to send it."""
        if message.first is None:
            return message.count == 1
        since = (now - message.first).total_seconds()
        return since + _SKEW < self._unknown_after

    def _delay(self, early: list[tuple[Message, Kept]], lapses: float) -> None:
        """Put anew what has to wait on. Hidden as if begun, the old ones are not handed out."""
        lost = self._calls.hide(
            self._url, [message.handle for message, _ in early], self._unknown_after
        )
        if self._clock.monotonic() >= lapses:
            return  # somebody else may have them
        left = [(message, kept) for message, kept in early if message.handle not in lost]
        done: list[str] = []
        try:
            while left:
                message, kept = left.pop()
                self._requeue(kept)
                done.append(message.handle)
        finally:
            self._calls.delete(self._url, done)
            self._calls.hide(self._url, [message.handle for message, _ in left], 0.0)

    def _requeue(self, kept: Kept) -> None:
        delay = (kept.due - self._clock.now()).total_seconds()
        self._calls.send(self._url, kept.text(), delay=delay)

    def _put_anew(self, message: Message) -> None:
        """Put what was set aside as if for the first time; what is no mail of ours, as it is."""
        kept, now = read(message.text), self._clock.now()
        if kept is None:
            self._calls.send(self._url, message.text)
            return
        self._requeue(replace(kept, due=now, put_at=now, attempts=0, reason=None, aside_at=None))
