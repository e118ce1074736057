"""Who is told of a mail, and how: what its sender and its configuration set have set up."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import cache
from typing import TYPE_CHECKING, Literal, TypeAlias

from sesguard.simulator.feedback.envelopes import topic_arn
from sesguard.simulator.mails.offers import SentMail
from sesguard.simulator.mails.spelling import read_leniently

if TYPE_CHECKING:
    from sesguard.simulator.state import EventDestination, Identity, Region

__all__ = ["FEEDBACK", "Channel", "Route", "identity_of", "routes", "set_of"]

Channel: TypeAlias = Literal["events", "notifications"]
"""Event publishing of a configuration set, or the notifications of an identity."""

FEEDBACK = ("Bounce", "Complaint", "Delivery")
"""What the notifications of an identity tell."""

_MEMBERS = (
    ("topic", "SnsDestination", "TopicArn"),
    ("bus", "EventBridgeDestination", "EventBusArn"),
    ("stream", "KinesisFirehoseDestination", "DeliveryStreamArn"),
)


@dataclass(frozen=True, slots=True)
class Route:
    """
    One way to tell one thing.

    Attributes:
        target: An ARN.

        headers: Whether the record has the mail's headers, where its kind has any.
    """

    channel: Channel
    service: Literal["topic", "bus", "stream"]
    target: str
    headers: bool = True


@cache
def _usual(channel: Channel, region: str) -> tuple[Route]:
    """How all is told as long as nothing is set up."""
    return (Route(channel, "topic", topic_arn(region)),)


def routes(mail: SentMail, kind: str, region: Region, usual: Channel) -> Iterable[Route]:
    """
    The ways in which one thing about a mail is told.

    Args:
        kind: The wire's word.

        usual: How it is told as long as neither the sender's identity has a topic nor the mail's
            configuration set a destination.

    Source:
        SES Developer Guide, "Setting up event notifications for Amazon SES", "Monitor email
        sending using Amazon SES event publishing".
    """
    identity = _identity(mail, region)
    chosen = region.configuration_set(set_of(mail, region))
    topics = {} if identity is None else identity.topics
    destinations = {} if chosen is None else chosen.destinations
    if not topics and not destinations:
        return _usual(usual, region.name) if usual == "events" or kind in FEEDBACK else ()
    found: list[Route] = []
    if identity is not None and kind in topics:
        found.append(Route("notifications", "topic", topics[kind], kind in identity.headers_in))
    for destination in destinations.values():
        if destination.enabled and kind in destination.kinds:
            found += _to(destination)
    return found


def _to(destination: EventDestination) -> Iterator[Route]:
    """Counts in CloudWatch, and what else has no messages, are nobody's to receive."""
    for service, member, arn in _MEMBERS:
        if member in destination.target:
            yield Route("events", service, destination.target[member][arn])  # type: ignore[arg-type]


def set_of(mail: SentMail, region: Region) -> str | None:
    """The configuration set that a mail names, or its sender's identity has."""
    if mail.configuration_set is not None:
        return mail.configuration_set
    identity = _identity(mail, region)
    return None if identity is None else identity.configuration_set


def _identity(mail: SentMail, region: Region) -> Identity | None:
    """What was created of it."""
    identities = region.identities
    return identities.get(identity_of(mail.sender, region)) if identities else None


def identity_of(sender: str, region: Region) -> str:
    """
    The identity that a mail is sent as: the address, or the nearest domain above it.

    Where none of them was created, SES took it as verified: then it is the domain.

    Source:
        SES Developer Guide, "Verified identities": an address's settings go before its domain's.
    """
    bare = read_leniently(sender)[0]
    local, _, domain = bare.rpartition("@")
    known = region.known_identities or ()
    if not region.identities and not known:
        return domain
    labels = domain.lower().split(".")
    parents = [".".join(labels[n:]) for n in range(len(labels))]
    for name in (bare, f"{local.partition('+')[0]}@{domain}", *parents):
        if name in region.identities or name in known:
            return name
    return domain
