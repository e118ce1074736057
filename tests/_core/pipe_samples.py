"""A pipe that is well, as AWS tells it, to spoil one thing of."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import Any

from sesguard._core.pipe_facts import DestinationFacts, Found, IdentityFacts, KeyFacts, QueueFacts
from sesguard._core.pipe_layout import Layout
from sesguard._core.pipe_policies import key_statements, queue_statement, topic_statements
from sesguard._core.pipe_template import policy
from sesguard._frozen import FrozenMapping

__all__ = ["KEY", "by_identities", "by_set", "found_for", "key", "with_queue", "with_topic"]

KEY = "arn:aws:kms:eu-west-1:123456789012:key/11111111-2222-3333-4444-555555555555"


def by_set(**other: Any) -> Layout:
    given: dict[str, Any] = {
        "account_id": "123456789012",
        "region_name": "eu-west-1",
        "topic": "feedback",
    }
    given |= {"configuration_set": "main", **other}
    return Layout(**given)


def by_identities(*names: str, **other: Any) -> Layout:
    return by_set(configuration_set=None, identities=names or ("example.com",), **other)


def found_for(layout: Layout, **other: Any) -> Found:
    """All of it there, and right."""
    locked = {"KmsMasterKeyId": layout.kms_key} if layout.kms_key else {}
    redrive = {"deadLetterTargetArn": layout.dead_letter_queue_arn, "maxReceiveCount": "5"}
    of_queue = {
        "Policy": json.dumps(policy(queue_statement(layout))),
        "RedrivePolicy": json.dumps(redrive),
        **locked,
    }
    of_topic = {"Policy": json.dumps(policy(*topic_statements(layout))), **locked}
    kinds: dict[str, str] = dict.fromkeys(("Bounce", "Complaint", "Delivery"), layout.topic_arn)
    found = Found(
        topic=FrozenMapping(of_topic),
        queue=QueueFacts(url="https://sqs/feedback", attributes=FrozenMapping(of_queue)),
        dead_letter_queue=QueueFacts(url="https://sqs/dead", attributes=FrozenMapping()),
        subscription=FrozenMapping(
            {
                "SubscriptionArn": f"{layout.topic_arn}:1",
                "RawMessageDelivery": str(layout.raw).lower(),
                "PendingConfirmation": "false",
            }
        ),
        keys=FrozenMapping({KEY: key(layout)}),
    )
    if layout.configuration_set:
        told = DestinationFacts(
            name="sesguard", topic_arn=layout.topic_arn, enabled=True, events=layout.events
        )
        return replace(found, destinations=(told,), **other)
    identities = tuple(
        IdentityFacts(
            name=name,
            label=label,
            topics=FrozenMapping(kinds),
            headers=frozenset(kinds),
            forwarding=False,
        )
        for name, label in zip(layout.identities, layout.source_names, strict=True)
    )
    return replace(found, identities=identities, **other)


def key(layout: Layout, **other: Any) -> KeyFacts:
    whole = json.dumps(policy(*key_statements(layout)))
    given: dict[str, Any] = {"arn": KEY, "manager": "CUSTOMER", "enabled": True, "policy": whole}
    return KeyFacts(**{**given, **other})


def with_queue(found: Found, **attributes: str) -> Found:
    assert found.queue is not None
    more = FrozenMapping({**found.queue.attributes, **attributes})
    return replace(found, queue=replace(found.queue, attributes=more))


def with_topic(found: Found, **attributes: str) -> Found:
    return replace(found, topic=FrozenMapping({**(found.topic or {}), **attributes}))
