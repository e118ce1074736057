"""
A message that SNS posts, told once: prove, read, store, tell the handlers, answer.

What cannot be dealt with now gets an answer that makes SNS post it again, and its id is forgotten
until then. Nothing here knows a framework, a thread or a socket. See `sesguard._lift`.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Literal, TypeAlias

from sesguard._core.payloads import parse_events
from sesguard._core.policy import Consequence
from sesguard._core.sns import Envelope
from sesguard._flows.receive import is_foreign
from sesguard.errors import NotificationError, ReplayedError
from sesguard.events import Event
from sesguard.suppression import Change, Ignore

__all__ = ["Ending", "WebhookPorts", "answer"]

Ending: TypeAlias = Literal[
    "applied",
    "repeated",
    "confirmed",
    "unsubscribed",
    "replayed",
    "refused",
    "unreadable",
    "foreign",
    "handler_failures",
    "failed",
]
"""What became of a message."""

_Marked: TypeAlias = tuple[str, Sequence[Change]]


@dataclass(frozen=True, slots=True, kw_only=True)
class WebhookPorts:
    """
    What a posted message needs of the world.

    Attributes:
        verify: Proves it, or raises.

        release: Forgets that it was here.

        confirm: Confirms a subscription, by topic and token.

        consequences: What the policy makes of an event. Pure.

        apply: The store's.

        handlers: Told in order. One that raises makes SNS post the message again.

        told: Is given each failure, and what it means. Never raises.
    """

    verify: Callable[[bytes, Mapping[str, str]], Awaitable[Envelope]]
    release: Callable[[Envelope], None]
    confirm: Callable[[str, str], Awaitable[None]]
    consequences: Callable[[Event], Sequence[Consequence]]
    apply: Callable[[Sequence[_Marked]], Awaitable[Sequence[bool]]]
    handlers: Sequence[Callable[[Event], Awaitable[None]]]
    told: Callable[[Ending, BaseException | None], None]


async def answer(body: bytes, headers: Mapping[str, str], ports: WebhookPorts) -> Ending:
    """
    Deal with one message.

    Source:
        SNS Developer Guide, "Amazon SNS message delivery retries", for which answers it posts
        again after.
    """
    try:
        envelope = await ports.verify(body, headers)
    except ReplayedError as error:
        return _told("replayed", error, ports)
    except NotificationError as error:
        return _told("refused", error, ports)
    except Exception as error:
        # Whatever else it is, nobody knows yet whether the message is genuine.
        return _told("failed", error, ports)
    try:
        ending = await _dealt_with(body, envelope, ports)
    except BaseException:
        ports.release(envelope)
        raise
    if ending in ("failed", "handler_failures"):
        ports.release(envelope)
    return ending


async def _dealt_with(body: bytes, envelope: Envelope, ports: WebhookPorts) -> Ending:
    if envelope.type == "UnsubscribeConfirmation":
        return _told("unsubscribed", None, ports)
    if envelope.type == "SubscriptionConfirmation":
        try:
            await ports.confirm(envelope.topic_arn, envelope.token or "")
        except Exception as error:
            # Of whichever kind: SNS asks again for three days.
            return _told("failed", error, ports)
        return _told("confirmed", None, ports)
    try:
        found = parse_events(body)
        marked = [(event.key, _changes(event, ports)) for event in found]
    except Exception as error:
        # A ParseError, or a policy of the user's that fails: to post it again mends neither.
        return _told("unreadable", error, ports)
    if is_foreign(found):
        return _told("foreign", None, ports)
    return await _stored(found, marked, ports)


def _changes(event: Event, ports: WebhookPorts) -> tuple[Change, ...]:
    return tuple(one for one in ports.consequences(event) if not isinstance(one, Ignore))


async def _stored(found: Sequence[Event], marked: Sequence[_Marked], ports: WebhookPorts) -> Ending:
    try:
        fresh = list(await ports.apply(marked))
    except Exception as error:
        # Whatever a store raises, nothing of this is kept.
        return _told("failed", error, ports)
    ending: Ending = "applied" if any(fresh) else "repeated"
    for event in found:
        for handler in ports.handlers:
            try:
                await handler(event)
            except Exception as error:
                # It is the user's code. The others are told all the same.
                ending = _told("handler_failures", error, ports)
    return ending if ending == "handler_failures" else _told(ending, None, ports)


def _told(ending: Ending, error: BaseException | None, ports: WebhookPorts) -> Ending:
    ports.told(ending, error)
    return ending
