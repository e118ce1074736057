"""What is to be done, so that what is there becomes the pipe. Pure."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping

from sesguard._core.pipe_facts import Found, IdentityFacts, KeyFacts
from sesguard._core.pipe_layout import Layout
from sesguard._core.pipe_plan import Call, Part, Plan, Step, Verb
from sesguard._core.pipe_policies import (
    key_requests,
    queue_request,
    queue_statement,
    topic_requests,
    topic_statements,
)
from sesguard._core.pipe_template import RETENTION, policy
from sesguard._core.policy_judging import is_allowed
from sesguard._core.policy_text import statements, with_statement
from sesguard.errors import ConfigurationError, NotFoundError

__all__ = ["key_lacks", "plan_of"]


def plan_of(layout: Layout, found: Found) -> Plan:
    """
    The plan for a pipe.

    Raises:
        ConfigurationError: What is there could never deliver, or is somebody else's.

        NotFoundError: The configuration set, or an identity, is not there.

        StoreError: A policy that is there cannot be read.
    """
    _check_source(layout, found)
    _check_keys(layout, found)
    steps = [_dead_letters(layout, found), _topic(layout, found), _queue(layout, found)]
    steps += [_subscription(layout, found), *_keys(layout, found)]
    if layout.configuration_set is not None:
        steps.append(_destination(layout, found))
    else:
        steps += _identities(layout, found)
    return Plan(layout=layout, steps=tuple(steps))


def key_lacks(layout: Layout, part: str, key: KeyFacts) -> bool | None:
    """Whether a key's policy does not let the pipe use it; None where it could not be read."""
    if key.policy is None:
        return None
    request = key_requests(layout, key.arn)[part]
    found = statements(key.policy, of=f"the key {key.arn}")
    return not any(is_allowed(one, request, narrow=False) for one in found)


def _check_source(layout: Layout, found: Found) -> None:
    if found.destinations is None:
        raise NotFoundError(
            f"There is no configuration set {layout.configuration_set} in {layout.region_name}. "
            "Check its name and the region, or make it first.",
            transport="sesv2",
        )
    there = {identity.name for identity in found.identities}
    for name, shown in zip(layout.identities, layout.source_names, strict=False):
        if name not in there:
            raise NotFoundError(
                f"SES does not know the identity {shown} in {layout.region_name}. Check its "
                "spelling and the region, and verify it first.",
                transport="ses",
            )


def _check_keys(layout: Layout, found: Found) -> None:
    named = dict(found.encrypted)
    if layout.kms_key is not None:
        named = dict.fromkeys(("topic", "queue"), layout.kms_key)
    for part, name in named.items():
        key = found.keys[name]
        if not key.arn or not key.enabled:
            raise ConfigurationError(
                f"The key {name} for the {part} is not there, or not enabled. Enable it, or give "
                "another one as kms_key=."
            )
        if key.manager == "AWS":
            raise ConfigurationError(
                f"The {part} would be encrypted with {name}, which AWS manages: nobody can let "
                "SNS or SES use it, and messages would be lost without a word. Give a key of "
                "yours as kms_key=."
            )


def _dead_letters(layout: Layout, found: Found) -> Step:
    part, name = Part.DEAD_LETTER_QUEUE, layout.dead_letter_queue
    if found.dead_letter_queue is not None:
        return Step(verb=Verb.KEEP, part=part, name=name, what="is there")
    attributes = _locked(layout)
    attributes["MessageRetentionPeriod"] = str(RETENTION["dead_letter_queue"])
    call = Call.of("sqs", "create_queue", QueueName=name, Attributes=attributes)
    return Step(
        verb=Verb.CREATE, part=part, name=name, what="keeps messages for 14 days", calls=(call,)
    )


def _topic(layout: Layout, found: Found) -> Step:
    part, name = Part.TOPIC, layout.topic
    what = f"takes what SES publishes for {', '.join(layout.source_names)}"
    if found.topic is None:
        attributes = {"Policy": json.dumps(policy(*topic_statements(layout))), **_locked(layout)}
        call = Call.of("sns", "create_topic", Name=name, Attributes=attributes)
        return Step(verb=Verb.CREATE, part=part, name=name, what=what, calls=(call,))
    changed = _other_key(layout, found, "topic")
    before = text = found.topic.get("Policy", "")
    of = f"the topic {name}"
    for wanted, request in zip(topic_statements(layout), topic_requests(layout), strict=True):
        if not any(is_allowed(one, request) for one in statements(text, of=of)):
            text = with_statement(text, wanted, of=of)
    if text != before:
        changed["Policy"] = text
    calls = [
        Call.of(
            *("sns", "set_topic_attributes"),
            TopicArn=layout.topic_arn,
            AttributeName=attribute,
            AttributeValue=value,
        )
        for attribute, value in changed.items()
    ]
    return _kept_or_changed(part, name, what, calls, changed)


def _queue(layout: Layout, found: Found) -> Step:
    part, name = Part.QUEUE, layout.queue
    what = f"takes what {layout.topic} sends; set aside after {layout.max_receive_count} receives"
    redrive = {
        "deadLetterTargetArn": layout.dead_letter_queue_arn,
        "maxReceiveCount": layout.max_receive_count,
    }
    if found.queue is None:
        attributes = {
            "Policy": json.dumps(policy(queue_statement(layout))),
            "RedrivePolicy": json.dumps(redrive),
            "MessageRetentionPeriod": str(RETENTION["queue"]),
            **_locked(layout),
        }
        call = Call.of("sqs", "create_queue", QueueName=name, Attributes=attributes)
        return Step(verb=Verb.CREATE, part=part, name=name, what=what, calls=(call,))
    changed = _other_key(layout, found, "queue")
    of, request = f"the queue {name}", queue_request(layout)
    if not any(is_allowed(one, request) for one in statements(found.queue.policy, of=of)):
        changed["Policy"] = with_statement(found.queue.policy, queue_statement(layout), of=of)
    there = found.queue.redrive
    if there is None or (there.target_arn, there.count) != tuple(redrive.values()):
        changed["RedrivePolicy"] = json.dumps(redrive)
    url = found.queue.url
    call = Call.of("sqs", "set_queue_attributes", QueueUrl=url, Attributes=changed)
    return _kept_or_changed(part, name, what, [call] if changed else [], changed)


def _subscription(layout: Layout, found: Found) -> Step:
    part, name = Part.SUBSCRIPTION, f"{layout.topic} -> {layout.queue}"
    what = "SES's message alone" if layout.raw else "in the envelope of SNS"
    raw = "true" if layout.raw else "false"
    if found.subscription is None:
        call = Call.of(
            *("sns", "subscribe"),
            TopicArn=layout.topic_arn,
            Protocol="sqs",
            Endpoint=layout.queue_arn,
            Attributes={"RawMessageDelivery": raw},
            ReturnSubscriptionArn=True,
        )
        return Step(verb=Verb.CREATE, part=part, name=name, what=what, calls=(call,))
    arn = found.subscription["SubscriptionArn"]
    is_there = found.subscription.get("RawMessageDelivery", "false").lower()
    if is_there == raw or not arn.startswith("arn:"):
        return Step(verb=Verb.KEEP, part=part, name=name, what=what)
    call = Call.of(
        *("sns", "set_subscription_attributes"),
        SubscriptionArn=arn,
        AttributeName="RawMessageDelivery",
        AttributeValue=raw,
    )
    return Step(verb=Verb.CHANGE, part=part, name=name, what=what, calls=(call,))


def _keys(layout: Layout, found: Found) -> Iterator[Step]:
    """The policies of keys, which are not written: one that is wrong locks its owner out."""
    for part in ("topic", "queue"):
        named = layout.kms_key or found.encrypted.get(part)
        if named is None:
            continue
        key = found.keys[named]
        lacks = key_lacks(layout, part, key)
        verb, what = Verb.KEEP, f"lets the {part} be used"
        if lacks is not False:
            verb = Verb.BY_HAND
            what = "add" if lacks else "cannot be read here: look that it has"
            what += f" the statement for the {part}, of infra.key_statements(plan.layout)"
        yield Step(verb=verb, part=Part.KEY, name=key.arn.rpartition("/")[2], what=what)


def _destination(layout: Layout, found: Found) -> Step:
    part, there = Part.EVENT_DESTINATION, found.to_topic(layout)
    what = ", ".join(layout.events)
    for one in there:
        if one.enabled and {*layout.events} <= {*one.events}:
            name = f"{layout.configuration_set}/{one.name}"
            return Step(verb=Verb.KEEP, part=part, name=name, what=what)
    named = [one for one in found.destinations or () if one.name == layout.event_destination]
    if not there and named:
        raise ConfigurationError(
            f"The configuration set {layout.configuration_set} has an event destination "
            f"{layout.event_destination} that leads elsewhere. Give another name as "
            "event_destination=."
        )
    verb, method, name = Verb.CREATE, "create", layout.event_destination
    events = list(layout.events)
    if there:
        verb, method, name = Verb.CHANGE, "update", there[0].name
        events = list(dict.fromkeys([*there[0].events, *events]))
    call = Call.of(
        *("sesv2", f"{method}_configuration_set_event_destination"),
        ConfigurationSetName=layout.configuration_set,
        EventDestinationName=name,
        EventDestination={
            "Enabled": True,
            "MatchingEventTypes": events,
            "SnsDestination": {"TopicArn": layout.topic_arn},
        },
    )
    shown = f"{layout.configuration_set}/{name}"
    return Step(verb=verb, part=part, name=shown, what=what, calls=(call,))


def _identities(layout: Layout, found: Found) -> Iterator[Step]:
    for identity in found.identities:
        for event in layout.events:
            yield _identity(layout, identity, event.capitalize())


def _identity(layout: Layout, identity: IdentityFacts, kind: str) -> Step:
    part, name, before = Part.IDENTITY_TOPIC, f"{identity.label} {kind}", identity.topics[kind]
    if before == layout.topic_arn:
        return Step(verb=Verb.KEEP, part=part, name=name, what=layout.topic, before=before)
    call = Call.of(
        *("ses", "set_identity_notification_topic"),
        Identity=identity.name,
        NotificationType=kind,
        SnsTopic=layout.topic_arn,
    )
    return Step(
        verb=Verb.CHANGE if before else Verb.CREATE,
        part=part,
        name=name,
        what=f"{layout.topic}, and no more {before}" if before else layout.topic,
        calls=(call,),
        before=before,
    )


def _locked(layout: Layout) -> dict[str, str]:
    return {"KmsMasterKeyId": layout.kms_key} if layout.kms_key else {}


def _other_key(layout: Layout, found: Found, part: str) -> dict[str, str]:
    """The key to set, where the one that is there is another one or none."""
    named = found.encrypted.get(part)
    is_there = named is not None and found.keys[named].arn == layout.kms_key
    return {} if is_there else _locked(layout)


def _kept_or_changed(
    part: Part, name: str, what: str, calls: list[Call], changed: Mapping[str, str]
) -> Step:
    if not calls:
        return Step(verb=Verb.KEEP, part=part, name=name, what=what)
    what += f" (sets {', '.join(changed)})"
    return Step(verb=Verb.CHANGE, part=part, name=name, what=what, calls=tuple(calls))
