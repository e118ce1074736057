"""What is there of a pipe, read from AWS; nothing is written."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from typing import Any

from sesguard._core.pipe_facts import DestinationFacts, Found, IdentityFacts, KeyFacts, QueueFacts
from sesguard._core.pipe_layout import Layout
from sesguard._frozen import FrozenMapping
from sesguard.errors import AccessDeniedError
from sesguard.infra._calls import Calls

__all__ = ["survey"]

_KINDS = ("Bounce", "Complaint", "Delivery")
_AT_ONCE = 100
"""Source: SES API Reference, GetIdentityNotificationAttributes."""


def survey(calls: Calls, layout: Layout) -> Found:
    """
    All that is there.

    Raises:
        SESGuardError: As `Calls.ask`.
    """
    topic = _topic(calls, layout)
    subscription, others = (None, 0) if topic is None else _subscriptions(calls, layout)
    queue = _queue(calls, layout.queue)
    found = Found(
        topic=topic,
        queue=queue,
        dead_letter_queue=_queue(calls, layout.dead_letter_queue),
        subscription=subscription,
        other_subscriptions=others,
        destinations=_destinations(calls, layout.configuration_set),
        identities=tuple(_identities(calls, layout)),
    )
    named = {*found.encrypted.values(), *([layout.kms_key] if layout.kms_key else ())}
    keys = {name: _key(calls, name) for name in sorted(named)}
    return replace(found, keys=FrozenMapping(keys))


def _topic(calls: Calls, layout: Layout) -> FrozenMapping[str, str] | None:
    told = calls.find("sns", "get_topic_attributes", TopicArn=layout.topic_arn)
    return None if told is None else _texts(told.get("Attributes"))


def _subscriptions(calls: Calls, layout: Layout) -> tuple[FrozenMapping[str, str] | None, int]:
    """The queue's subscription, and how many others there are."""
    ours, others = None, 0
    for one in _pages(calls, layout.topic_arn):
        if one.get("Protocol") == "sqs" and one.get("Endpoint") == layout.queue_arn:
            ours = str(one.get("SubscriptionArn", ""))
        else:
            others += 1
    if ours is None:
        return None, others
    told: Mapping[str, Any] | None = None
    if ours.startswith("arn:"):
        told = calls.find("sns", "get_subscription_attributes", SubscriptionArn=ours)
    attributes = _texts(None if told is None else told.get("Attributes"))
    return FrozenMapping({**attributes, "SubscriptionArn": ours}), others


def _pages(calls: Calls, topic_arn: str) -> Iterator[Mapping[str, Any]]:
    more: dict[str, str] = {}
    while True:
        told = calls.ask("sns", "list_subscriptions_by_topic", TopicArn=topic_arn, **more)
        yield from told.get("Subscriptions", ())
        if not told.get("NextToken"):
            return
        more = {"NextToken": told["NextToken"]}


def _queue(calls: Calls, name: str) -> QueueFacts | None:
    told = calls.find("sqs", "get_queue_url", QueueName=name)
    if told is None:
        return None
    url = str(told["QueueUrl"])
    attributes = calls.find("sqs", "get_queue_attributes", QueueUrl=url, AttributeNames=["All"])
    if attributes is None:
        return None  # deleted a moment ago
    return QueueFacts(url=url, attributes=_texts(attributes.get("Attributes")))


def _destinations(
    calls: Calls, configuration_set: str | None
) -> tuple[DestinationFacts, ...] | None:
    """None where there is no such set."""
    if configuration_set is None:
        return ()
    told = calls.find(
        *("sesv2", "get_configuration_set_event_destinations"),
        ConfigurationSetName=configuration_set,
    )
    if told is None:
        return None
    return tuple(
        DestinationFacts(
            name=str(one["Name"]),
            topic_arn=str(one.get("SnsDestination", {}).get("TopicArn", "")),
            enabled=bool(one.get("Enabled")),
            events=tuple(one.get("MatchingEventTypes", ())),
        )
        for one in told.get("EventDestinations", ())
    )


def _identities(calls: Calls, layout: Layout) -> Iterator[IdentityFacts]:
    """
    Those of the layout.

    For a configuration set, those of the account that tell the topic the same once more.
    """
    if layout.configuration_set is not None:
        names = calls.ask("ses", "list_identities", MaxItems=1000).get("Identities", ())
        for identity in _attributes(calls, names, names):
            if layout.topic_arn in identity.topics.values():
                yield identity
        return
    for identity in _attributes(calls, layout.identities, layout.source_names):
        yield _with_set(calls, layout, identity)


def _attributes(
    calls: Calls, names: Sequence[str], labels: Sequence[str]
) -> Iterator[IdentityFacts]:
    for start in range(0, len(names), _AT_ONCE):
        some = list(names[start : start + _AT_ONCE])
        told = calls.ask("ses", "get_identity_notification_attributes", Identities=some)
        all_of_them: Mapping[str, Mapping[str, Any]] = told.get("NotificationAttributes", {})
        for at, name in enumerate(some, start):
            one = all_of_them.get(name)
            if one is None:
                continue
            yield IdentityFacts(
                name=name,
                label=labels[at] if "@" not in labels[at] else f"address-{at + 1}",
                topics=FrozenMapping({kind: str(one.get(f"{kind}Topic", "")) for kind in _KINDS}),
                headers=frozenset(
                    kind for kind in _KINDS if one.get(f"HeadersIn{kind}NotificationsEnabled")
                ),
                forwarding=bool(one.get("ForwardingEnabled")),
            )


def _with_set(calls: Calls, layout: Layout, identity: IdentityFacts) -> IdentityFacts:
    """Whether its default configuration set tells the same topic."""
    told = calls.find("sesv2", "get_email_identity", EmailIdentity=identity.name) or {}
    usual = str(told.get("ConfigurationSetName") or "")
    if not usual:
        return identity
    for one in _destinations(calls, usual) or ():
        if one.enabled and one.topic_arn == layout.topic_arn:
            return replace(identity, through_set=usual)
    return identity


def _key(calls: Calls, name: str) -> KeyFacts:
    told = calls.find("kms", "describe_key", KeyId=name)
    if told is None:
        managed = "/aws/" in name  # such an alias is there from its first use on
        return KeyFacts(arn=name if managed else "", manager="AWS", enabled=managed, policy=None)
    about: Mapping[str, Any] = told["KeyMetadata"]
    policy: str | None = None
    manager = str(about.get("KeyManager", "CUSTOMER"))
    if manager != "AWS":
        policy = _key_policy(calls, str(about["Arn"]))
    return KeyFacts(
        arn=str(about["Arn"]),
        manager=manager,
        enabled=bool(about.get("Enabled", True)),
        policy=policy,
    )


def _key_policy(calls: Calls, arn: str) -> str | None:
    """None where it may not be read, as that of another account's key."""
    try:
        told = calls.ask("kms", "get_key_policy", KeyId=arn, PolicyName="default")
    except AccessDeniedError:
        return None
    return str(told["Policy"])


def _texts(told: Mapping[str, object] | None) -> FrozenMapping[str, str]:
    return FrozenMapping({name: str(value) for name, value in (told or {}).items()})
