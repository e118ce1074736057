"""What is to be done, so that a plan that was carried out is undone. Pure."""

from __future__ import annotations

from collections.abc import Iterator

from sesguard._core.pipe_facts import Found, QueueFacts
from sesguard._core.pipe_layout import Layout
from sesguard._core.pipe_plan import Call, Part, Plan, Step, Verb
from sesguard._core.pipe_policies import own_sids
from sesguard._core.policy_text import without_statement
from sesguard.errors import ConfigurationError

__all__ = ["undo_of"]


def undo_of(plan: Plan, found: Found, *, discard_messages: bool) -> Plan:
    """
    The plan that takes down what another one made.

    What it created is deleted; out of policies that it added to, its own statements are taken;
    an identity gets back the topic that it had. All else that it changed stays.

    Args:
        discard_messages: Whether queues are deleted with what is in them.

    Raises:
        ConfigurationError: Messages would be lost, or others listen to the topic.

        StoreError: A policy cannot be read.
    """
    _check(plan, found, discard_messages)
    undone = [_undone(plan.layout, step, found) for step in reversed(plan.steps)]
    return Plan(layout=plan.layout, steps=tuple(step for step in undone if step is not None))


def _check(plan: Plan, found: Found, discard_messages: bool) -> None:
    made = {step.part: step.name for step in plan.steps if step.verb is Verb.CREATE}
    queues = {Part.QUEUE: found.queue, Part.DEAD_LETTER_QUEUE: found.dead_letter_queue}
    for part, queue in queues.items():
        if part in made and queue is not None and queue.waiting and not discard_messages:
            raise ConfigurationError(
                f"The {part} {made[part]} holds about {queue.waiting} messages, which would be "
                "lost, so nothing was done. Empty it with Worker(...).drain(), or say "
                "discard_messages=True."
            )
    if Part.TOPIC in made and found.topic is not None and found.other_subscriptions:
        raise ConfigurationError(
            f"{found.other_subscriptions} other subscriptions listen to the topic "
            f"{made[Part.TOPIC]}, so nothing was done. Take them off first."
        )


def _undone(layout: Layout, step: Step, found: Found) -> Step | None:
    """None for what was only kept, or is not there any more."""
    if step.verb not in (Verb.CREATE, Verb.CHANGE):
        return None
    calls = tuple(_calls(layout, step, found))
    if calls:
        gone = step.verb is Verb.CREATE
        what = "" if gone else step.before or "without the pipe's statements"
        return Step(
            verb=Verb.DELETE if gone else Verb.CHANGE,
            part=step.part,
            name=step.name,
            what=what,
            calls=calls,
        )
    if step.verb is Verb.CHANGE and step.part in (Part.SUBSCRIPTION, Part.EVENT_DESTINATION):
        return Step(verb=Verb.KEEP, part=step.part, name=step.name, what="stays as it is")
    return None


def _calls(layout: Layout, step: Step, found: Found) -> Iterator[Call]:
    match step.part, step.verb:
        case Part.IDENTITY_TOPIC, _:
            yield from _identity(layout, step, found)
        case Part.EVENT_DESTINATION, Verb.CREATE:
            name = step.name.rpartition("/")[2]
            if any(one.name == name for one in found.to_topic(layout)):
                yield Call.of(
                    *("sesv2", "delete_configuration_set_event_destination"),
                    ConfigurationSetName=layout.configuration_set,
                    EventDestinationName=name,
                )
        case Part.SUBSCRIPTION, Verb.CREATE:
            arn = "" if found.subscription is None else found.subscription["SubscriptionArn"]
            if arn.startswith("arn:"):
                yield Call.of("sns", "unsubscribe", SubscriptionArn=arn)
        case Part.TOPIC, _:
            yield from _topic(layout, step, found)
        case Part.QUEUE, _:
            yield from _queue(layout, step, found.queue)
        case Part.DEAD_LETTER_QUEUE, _:
            yield from _queue(layout, step, found.dead_letter_queue)
        case _:
            pass  # what was changed there stays


def _identity(layout: Layout, step: Step, found: Found) -> Iterator[Call]:
    given = [call.parameters for call in step.calls]
    for identity in found.identities:
        of_it = [one for one in given if one.get("Identity") == identity.name]
        for kind in (str(one.get("NotificationType")) for one in of_it):
            if identity.topics.get(kind) != layout.topic_arn:
                continue
            back = {"SnsTopic": step.before} if step.before else {}
            yield Call.of(
                *("ses", "set_identity_notification_topic"),
                Identity=identity.name,
                NotificationType=kind,
                **back,
            )


def _topic(layout: Layout, step: Step, found: Found) -> Iterator[Call]:
    if found.topic is None:
        return
    if step.verb is Verb.CREATE:
        yield Call.of("sns", "delete_topic", TopicArn=layout.topic_arn)
        return
    before = found.topic.get("Policy", "")
    text = _without(layout, before, f"the topic {layout.topic}")
    if text not in ("", before):  # a topic has a policy always
        yield Call.of(
            *("sns", "set_topic_attributes"),
            TopicArn=layout.topic_arn,
            AttributeName="Policy",
            AttributeValue=text,
        )


def _queue(layout: Layout, step: Step, queue: QueueFacts | None) -> Iterator[Call]:
    if queue is None:
        return
    if step.verb is Verb.CREATE:
        yield Call.of("sqs", "delete_queue", QueueUrl=queue.url)
        return
    text = _without(layout, queue.policy, f"the queue {step.name}")
    if text != queue.policy:
        changed = {"Policy": text}
        yield Call.of("sqs", "set_queue_attributes", QueueUrl=queue.url, Attributes=changed)


def _without(layout: Layout, text: str, of: str) -> str:
    for sid in own_sids(layout):
        text = without_statement(text, sid, of=of)
    return text
