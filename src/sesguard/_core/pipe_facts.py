"""What is there of a pipe, as AWS tells it. Pure."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import cast

from sesguard._core.pipe_layout import Layout
from sesguard._frozen import FrozenMapping

__all__ = ["DestinationFacts", "Found", "IdentityFacts", "KeyFacts", "QueueFacts", "Redrive"]

_NOTHING: FrozenMapping[str, str] = FrozenMapping()


@dataclass(frozen=True, slots=True, kw_only=True)
class Redrive:
    """Where a queue sends what is received too often, and when."""

    target_arn: str
    count: int | None


@dataclass(frozen=True, slots=True, kw_only=True)
class QueueFacts:
    """A queue that is there."""

    url: str
    attributes: FrozenMapping[str, str]

    @property
    def policy(self) -> str:
        return self.attributes.get("Policy", "")

    @property
    def redrive(self) -> Redrive | None:
        """None where there is none that can be read."""
        try:
            told: object = json.loads(self.attributes.get("RedrivePolicy") or "null")
        except ValueError:
            return None
        if not isinstance(told, dict):
            return None
        said = cast("dict[str, object]", told)
        count = str(said.get("maxReceiveCount", ""))
        return Redrive(
            target_arn=str(said.get("deadLetterTargetArn", "")),
            count=int(count) if count.isascii() and count.isdecimal() else None,
        )

    @property
    def waiting(self) -> int:
        """About how many messages are in it, in whichever state."""
        names = ("", "Delayed", "NotVisible")
        counts = (self.attributes.get(f"ApproximateNumberOfMessages{name}") for name in names)
        return sum(int(count or 0) for count in counts)


@dataclass(frozen=True, slots=True, kw_only=True)
class DestinationFacts:
    """An event destination of a configuration set; *topic_arn* is empty for other targets."""

    name: str
    topic_arn: str
    enabled: bool
    events: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class IdentityFacts:
    """
    What an identity's notifications are set to.

    Attributes:
        label: Its name, or its number where the name is an address.

        topics: By ``Bounce``, ``Complaint`` and ``Delivery``; empty where there is none.

        headers: The kinds whose notifications have the mail's headers.

        through_set: The configuration set that it uses by default and whose events come to the
            same topic, if any.
    """

    name: str = field(repr=False)
    label: str
    topics: FrozenMapping[str, str]
    headers: frozenset[str]
    forwarding: bool
    through_set: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class KeyFacts:
    """
    A key of KMS.

    Attributes:
        arn: Empty where there is no such key.

        manager: ``AWS`` or ``CUSTOMER``.

        enabled: Whether it can be used.

        policy: None where it could not be read.
    """

    arn: str
    manager: str
    enabled: bool
    policy: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Found:
    """
    All that is there.

    Attributes:
        topic: The topic's attributes; None where there is none.

        subscription: Those of the queue's subscription, with its ARN as ``SubscriptionArn``.

        other_subscriptions: How many else the topic has.

        destinations: Of the configuration set, if it is one; None where there is no such set.

        identities: Those of the layout that are there; for a configuration set, those that tell
            the same topic.

        keys: By what topic and queue name them.
    """

    topic: FrozenMapping[str, str] | None = None
    queue: QueueFacts | None = None
    dead_letter_queue: QueueFacts | None = None
    subscription: FrozenMapping[str, str] | None = None
    other_subscriptions: int = 0
    destinations: tuple[DestinationFacts, ...] | None = ()
    identities: tuple[IdentityFacts, ...] = ()
    keys: FrozenMapping[str, KeyFacts] = FrozenMapping()

    @property
    def encrypted(self) -> Mapping[str, str]:
        """The key that the topic, and the queue, are encrypted with, as they name it."""
        queue = self.queue.attributes if self.queue else _NOTHING
        named = {"topic": self.topic or _NOTHING, "queue": queue}
        return {part: key for part, told in named.items() if (key := told.get("KmsMasterKeyId"))}

    def to_topic(self, layout: Layout) -> tuple[DestinationFacts, ...]:
        """The event destinations that lead to the topic."""
        return tuple(one for one in self.destinations or () if one.topic_arn == layout.topic_arn)
