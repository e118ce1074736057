"""A message in a dead-letter queue: what it is, and how SQS tells of it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any, Literal, TypeAlias

from sesguard._core.payloads import parse_events
from sesguard._flows.receive import is_foreign
from sesguard.errors import ParseError
from sesguard.events import Event

__all__ = ["DeadLetter", "Message", "letter", "messages"]

Message: TypeAlias = Mapping[str, Any]

_NEEDED = ("MessageId", "ReceiptHandle", "Body")


@dataclass(frozen=True, slots=True, kw_only=True)
class DeadLetter:
    """
    A message that no worker was done with.

    Attributes:
        message_id: SQS's own.

        what: ``event``: one of SES's, so that a store or a handler failed on it. ``foreign``:
            readable and not SES's. ``unreadable``: neither.

        kinds: Of the events in it, ``Bounce`` and the like.

        why: What is wrong with an unreadable one.

        receive_count: How often it was received as SQS tells it, in this queue too.

        sent_at: When it was first put into a queue; None where SQS does not say.

        events: What was read.

        body: As it came.
    """

    message_id: str
    what: Literal["event", "foreign", "unreadable"]
    kinds: tuple[str, ...] = ()
    why: str = ""
    receive_count: int = 1
    sent_at: datetime | None = None
    events: tuple[Event, ...] = field(default=(), repr=False)
    body: str = field(default="", repr=False)


def messages(answer: Mapping[str, Any]) -> list[Message]:
    """The messages of a receive's answer, each of which has what is needed of it."""
    found: list[Message] = list(answer.get("Messages") or ())
    return [{**one, **{name: str(one[name]) for name in _NEEDED}} for one in found]


def letter(message: Message) -> DeadLetter:
    """What a message is."""
    told: Mapping[str, str] = message.get("Attributes") or {}
    sent, count = told.get("SentTimestamp", ""), told.get("ApproximateReceiveCount", "")
    found: tuple[Event, ...] = ()
    what: Literal["event", "foreign", "unreadable"] = "unreadable"
    why = ""
    try:
        found = parse_events(message["Body"])
        what = "foreign" if is_foreign(found) else "event"
    except ParseError as error:
        why = str(error)
    return DeadLetter(
        message_id=message["MessageId"],
        what=what,
        kinds=tuple(event.kind for event in found) if what == "event" else (),
        why=why,
        receive_count=int(count) if count.isdecimal() else 1,
        sent_at=datetime.fromtimestamp(int(sent) / 1000, UTC) if sent.isdecimal() else None,
        events=found,
        body=message["Body"],
    )
