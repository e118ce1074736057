"""What is found wrong with a pipe, one thing at a time."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest

from sesguard._core.pipe_facts import DestinationFacts, Found
from sesguard._core.pipe_finding import Finding
from sesguard._core.pipe_findings import findings_of
from sesguard._core.pipe_layout import Layout
from sesguard._core.pipe_policies import queue_statement
from sesguard._frozen import FrozenMapping
from tests._core.pipe_samples import (
    KEY,
    by_identities,
    by_set,
    found_for,
    key,
    with_queue,
    with_topic,
)

SET, IDENTITY, LOCKED = by_set(), by_identities(), by_set(kms_key=KEY)


def policy(**other: Any) -> str:
    """The queue's policy with its statement changed; one that is None is left out."""
    given = {**queue_statement(SET), **other}
    told = {name: value for name, value in given.items() if value is not None}
    return json.dumps({"Statement": [told]})


def denying(condition: object) -> str:
    refused = {"Effect": "Deny", "Principal": "*", "Action": "*", "Condition": condition}
    return json.dumps({"Statement": [queue_statement(SET), refused]})


def subscribed(**other: str) -> Callable[[Found], Found]:
    def spoil(found: Found) -> Found:
        return replace(found, subscription=FrozenMapping({**(found.subscription or {}), **other}))

    return spoil


def told(**other: Any) -> Callable[[Found], Found]:
    def spoil(found: Found) -> Found:
        assert found.destinations
        return replace(found, destinations=(replace(found.destinations[0], **other),))

    return spoil


def identity(**other: Any) -> Callable[[Found], Found]:
    def spoil(found: Found) -> Found:
        return replace(found, identities=(replace(found.identities[0], **other),))

    return spoil


def topics(**other: str) -> FrozenMapping[str, str]:
    whole = dict.fromkeys(("Bounce", "Complaint", "Delivery"), SET.topic_arn)
    return FrozenMapping({**whole, **other})


def locked(**other: Any) -> Callable[[Found], Found]:
    return lambda found: replace(found, keys=FrozenMapping({KEY: key(LOCKED, **other)}))


OTHER = DestinationFacts(name="b", topic_arn=SET.topic_arn, enabled=True, events=("BOUNCE",))
TWIN = replace(found_for(IDENTITY).identities[0], label="example.com")
FAR = SET.topic_arn.replace("eu-west-1", "us-east-1")

CASES: list[tuple[str, Layout, Callable[[Found], Found]]] = [
    ("broken source_missing", SET, lambda f: replace(f, destinations=None)),
    ("broken destination_missing", SET, lambda f: replace(f, destinations=())),
    ("broken destination_disabled", SET, told(enabled=False)),
    ("broken events_missing", SET, told(events=("BOUNCE", "DELIVERY"))),
    ("note events_missing", SET, told(events=("BOUNCE", "COMPLAINT"))),
    ("broken other_region broken destination_missing", SET, told(topic_arn=FAR)),
    ("broken other_region broken destination_missing", SET, told(topic_arn=f"{FAR}x")),
    ("broken fifo broken destination_missing", SET, told(topic_arn=f"{SET.topic_arn}.fifo")),
    ("broken destination_missing", SET, told(topic_arn="")),
    ("risk told_twice", SET, lambda f: replace(f, destinations=(*(f.destinations or ()), OTHER))),
    ("risk both_channels", SET, lambda f: replace(f, identities=(TWIN,))),
    ("broken source_missing", IDENTITY, lambda f: replace(f, identities=())),
    ("broken identity_topic", IDENTITY, identity(topics=topics(Bounce=""))),
    ("broken identity_topic", IDENTITY, identity(topics=topics(Bounce=f"{SET.topic_arn}x"))),
    ("broken other_region broken identity_topic", IDENTITY, identity(topics=topics(Bounce=FAR))),
    ("note identity_topic", IDENTITY, identity(topics=topics(Delivery=""))),
    ("risk forwarding", IDENTITY, identity(forwarding=True)),
    (
        "broken identity_topic",
        IDENTITY,
        identity(forwarding=True, topics=topics(Complaint="")),
    ),
    ("note headers", IDENTITY, identity(headers=frozenset({"Bounce"}))),
    ("risk both_channels", IDENTITY, identity(through_set="main")),
    (
        "broken identity_topic broken identity_topic note identity_topic",
        IDENTITY,
        identity(through_set="main", topics=topics(Bounce="", Complaint="", Delivery="")),
    ),
    (
        "broken topic_missing",
        SET,
        lambda f: replace(f, topic=None, subscription=None),
    ),
    ("broken fifo", SET, lambda f: with_topic(f, FifoTopic="true")),
    ("broken topic_policy", SET, lambda f: with_topic(f, Policy="")),
    ("broken subscription_missing", SET, lambda f: replace(f, subscription=None)),
    ("broken subscription_unconfirmed", SET, subscribed(SubscriptionArn="PendingConfirmation")),
    ("broken subscription_unconfirmed", SET, subscribed(PendingConfirmation="true")),
    ("broken filter_policy", SET, subscribed(FilterPolicy='{"a": ["b"]}')),
    ("risk raw_delivery", SET, subscribed(RawMessageDelivery="True")),
    ("risk raw_delivery", by_set(raw=True), subscribed(RawMessageDelivery="false")),
    ("broken queue_missing", SET, lambda f: replace(f, queue=None)),
    ("broken fifo", SET, lambda f: with_queue(f, FifoQueue="true")),
    ("broken queue_policy", SET, lambda f: with_queue(f, Policy="")),
    ("risk queue_open", SET, lambda f: with_queue(f, Policy=policy(Condition=None))),
    ("risk queue_open", SET, lambda f: with_queue(f, Policy=policy(Condition=None, Sid=None))),
    (
        "broken queue_condition",
        SET,
        lambda f: with_queue(f, Policy=policy(Condition={"ArnEquals": {"aws:SourceArn": FAR}})),
    ),
    ("broken queue_denied", SET, lambda f: with_queue(f, Policy=denying({}))),
    (
        "note queue_perhaps_denied",
        SET,
        lambda f: with_queue(f, Policy=denying({"IpAddress": {"aws:SourceIp": "10.0.0.0/8"}})),
    ),
    ("risk no_redrive", SET, lambda f: with_queue(f, RedrivePolicy="")),
    ("risk no_redrive", SET, lambda f: with_queue(f, RedrivePolicy="[1")),
    ("risk no_redrive", SET, lambda f: with_queue(f, RedrivePolicy="[1]")),
    ("note other_redrive", SET, lambda f: with_queue(f, RedrivePolicy="{}")),
    ("risk no_dead_letter_queue", SET, lambda f: replace(f, dead_letter_queue=None)),
    ("broken managed_key broken managed_key", LOCKED, locked(manager="AWS")),
    ("broken key_unusable broken key_unusable", LOCKED, locked(enabled=False)),
    ("broken key_unusable broken key_unusable", LOCKED, locked(arn="")),
    ("broken key_policy broken key_policy", LOCKED, locked(policy='{"Statement": []}')),
    ("note key_policy_unread note key_policy_unread", LOCKED, locked(policy=None)),
]


def said(finding: Finding) -> str:
    return f"{finding.severity} {finding.code}"


@pytest.mark.parametrize("layout", [SET, IDENTITY, LOCKED], ids=["set", "identity", "locked"])
def test_nothing_is_found_where_all_is_well(layout: Layout) -> None:
    """No finding is no news."""
    assert findings_of(layout, found_for(layout)) == ()


@pytest.mark.parametrize(
    ("wrong", "layout", "spoil"), CASES, ids=[f"{at}-{case[0]}" for at, case in enumerate(CASES)]
)
def test_each_thing_that_is_wrong_is_found_alone(
    wrong: str, layout: Layout, spoil: Callable[[Found], Found]
) -> None:
    """With what it is about and what to do next, and nothing else with it."""
    found = findings_of(layout, spoil(found_for(layout)))
    assert " ".join(map(said, found)) == wrong
    for finding in found:
        assert finding.what.endswith(".")
        assert finding.resource
        assert finding.command in str(finding)


def test_no_address_is_in_a_finding() -> None:
    """An identity that is one is shown by its number, also in the command."""
    layout = by_identities("zebedee@example.org")
    found = found_for(layout)
    spoilt = replace(
        with_topic(found, Policy='{"Statement": []}'),
        identities=(
            replace(
                found.identities[0], forwarding=True, headers=frozenset[str](), through_set="main"
            ),
        ),
    )
    for facts in (spoilt, replace(found, identities=())):
        told_of = findings_of(layout, facts)
        assert told_of
        assert "zebedee" not in "".join(map(str, told_of)) + repr(told_of) + repr(facts)
