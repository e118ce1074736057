"""A queue of mails that are not sent any more: it is only listed, and settled."""

from __future__ import annotations

import base64
from collections.abc import Callable, Generator
from contextlib import contextmanager, suppress
from datetime import UTC, datetime

from sesguard.errors import ConfigurationError, StoreError
from sesguard.outboxes.sqs_client import Calls, Message
from sesguard.outboxes.sqs_texts import Kept, read
from sesguard.ports import SetAside
from sesguard.suppression import Page

__all__ = ["AsideQueue", "aside_id"]

_LOOK = 120.0
"""Seconds for which a look at the queue hides what it has seen."""

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_NOT_OURS = "It is no mail of this outbox, or one of a newer version of sesguard."


class AsideQueue:
    """
    A queue that is read by receiving all that is in it, and handing it back.

    Args:
        calls: SQS.

        queue_url: Which queue.

        wait: Seconds that the last, empty poll waits.
    """

    def __init__(self, calls: Calls, queue_url: str, *, wait: float) -> None:
        self._calls = calls
        self.queue_url: str = queue_url
        self._wait = wait

    def add(self, kept: Kept) -> None:
        """Put a mail here."""
        self._calls.send(self.queue_url, kept.text())

    def add_foreign(self, message: Message) -> None:
        """Put here what is no mail of ours, as it is: so it fits wherever it came from."""
        self._calls.send(self.queue_url, message.text)

    def page(self, after: str | None, limit: int) -> Page[SetAside]:
        """A part of what is here, by id, each once."""
        start = _id(after)
        with self._all() as messages:
            found: dict[str, SetAside] = {}
            for message in messages:
                one = _set_aside(message)
                earlier = found.get(one.id)
                if earlier is None or one.at < earlier.at:
                    found[one.id] = one
        ids = sorted(id for id in found if start is None or id > start)
        items = [found[id] for id in ids[:limit]]
        return Page(items, _cursor(items[-1].id) if len(ids) > limit else None)

    def settle(self, id: str, first: Callable[[Message], None]) -> bool:
        """Take out all that is here under an id, after *first* was done with one of them."""
        with self._all() as messages:
            mine = [message for message in messages if aside_id(message) == id]
            if not mine:
                return False
            first(mine[0])
            self._calls.delete(self.queue_url, [message.handle for message in mine])
            messages[:] = [message for message in messages if message not in mine]
        return True

    @contextmanager
    def _all(self) -> Generator[list[Message], None, None]:
        """All that is here. What is left in the list at the end is handed back."""
        held: list[Message] = []
        try:
            self._receive(held)
            yield held
        finally:
            with suppress(StoreError):  # else they come back by themselves
                self._calls.hide(self.queue_url, [message.handle for message in held], 0.0)

    def _receive(self, held: list[Message]) -> None:
        seen: set[str] = set()
        wait = 0.0
        while True:
            found = self._calls.receive(self.queue_url, 10, wait=wait, hidden=_LOOK)
            held += [message for message in found if message.id not in seen]
            if any(message.id in seen for message in found):
                return  # so long a list that its beginning is back again
            seen.update(message.id for message in found)
            if not found and wait >= self._wait:
                return
            # Only a poll that waits asks all of SQS's servers.
            wait = 0.0 if found else self._wait


def aside_id(message: Message) -> str:
    """The id of a mail that was set aside; SQS's own, where it is no mail of ours."""
    kept = read(message.text)
    return message.id if kept is None else kept.id


def _set_aside(message: Message) -> SetAside:
    kept = read(message.text)
    if kept is None:
        return SetAside(
            id=message.id, reason=_NOT_OURS, at=message.put_at or _EPOCH, body=message.text
        )
    at = kept.aside_at or message.put_at or _EPOCH
    return SetAside(id=kept.id, reason=kept.reason or _NOT_OURS, at=at, body=kept.body)


def _cursor(id: str) -> str:
    return base64.urlsafe_b64encode(b"id:" + id.encode("utf-8", "surrogatepass")).decode()


def _id(after: str | None) -> str | None:
    if after is None:
        return None
    try:
        raw = base64.b64decode(after.encode(), altchars=b"-_", validate=True)
        kind, _, id = raw.decode("utf-8", "surrogatepass").partition(":")
    except ValueError:
        kind, id = "", ""
    if kind != "id":
        raise ConfigurationError(
            "after= is not a cursor: pass page.next of the page before, or None to begin."
        )
    return id
