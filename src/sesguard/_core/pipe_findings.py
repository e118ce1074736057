"""What keeps feedback from arriving, or lets in what is none. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping

from sesguard._core.pipe_facts import Found, QueueFacts
from sesguard._core.pipe_finding import APPLY, Finding, Severity
from sesguard._core.pipe_layout import Layout
from sesguard._core.pipe_planning import key_lacks
from sesguard._core.pipe_policies import queue_request, topic_requests
from sesguard._core.pipe_sources import of_identities, of_set
from sesguard._core.policy_judging import Request, is_allowed, is_open, refusals
from sesguard._core.policy_text import statements

__all__ = ["findings_of"]


def findings_of(layout: Layout, found: Found) -> tuple[Finding, ...]:
    """
    What is wrong, from SES to the queue; nothing where all is well.

    Raises:
        StoreError: A policy cannot be read.
    """
    of_source = of_identities if layout.configuration_set is None else of_set
    walked = [
        *of_source(layout, found),
        *_topic(layout, found),
        *_subscription(layout, found),
        *_queue(layout, found),
        *_keys(layout, found),
    ]
    return tuple(dict.fromkeys(walked))


def _topic(layout: Layout, found: Found) -> Iterator[Finding]:
    name = f"topic {layout.topic}"
    if found.topic is None:
        yield _broken("topic_missing", "There is no such topic.", name)
        return
    if found.topic.get("FifoTopic", "").lower() == "true":
        yield _fifo(name)
    read = statements(found.topic.get("Policy", ""), of=f"the topic {layout.topic}")
    for request in topic_requests(layout):
        yield from _policy("topic", "SES", read, request, name)


def _subscription(layout: Layout, found: Found) -> Iterator[Finding]:
    name, told = f"subscription of {layout.queue} to {layout.topic}", found.subscription
    if told is None:
        if found.topic is not None:
            yield _broken("subscription_missing", "The queue is not subscribed.", name)
        return
    arn = told["SubscriptionArn"]
    if not arn.startswith("arn:") or told.get("PendingConfirmation", "").lower() == "true":
        yield _broken(
            "subscription_unconfirmed",
            "It waits for its confirmation, and gets nothing until then.",
            name,
            f"aws sns subscribe --region {layout.region_name} --protocol sqs --topic-arn "
            f"{layout.topic_arn} --notification-endpoint {layout.queue_arn}",
        )
        return
    if told.get("FilterPolicy", "") not in ("", "{}"):
        yield _broken(
            "filter_policy",
            "It has a filter policy. SES sets no attributes, so that nothing may pass.",
            name,
            f"aws sns set-subscription-attributes --region {layout.region_name} "
            f"--subscription-arn {arn} --attribute-name FilterPolicy --attribute-value '{{}}'",
        )
    if (told.get("RawMessageDelivery", "").lower() == "true") != layout.raw:
        wanted = "raw messages are wanted" if layout.raw else "the envelope of SNS is wanted"
        yield _finding(
            "raw_delivery", Severity.RISK, f"Its messages come in another form: {wanted}.", name
        )


def _queue(layout: Layout, found: Found) -> Iterator[Finding]:
    name, queue = f"queue {layout.queue}", found.queue
    if queue is None:
        yield _broken("queue_missing", "There is no such queue.", name)
        return
    if queue.attributes.get("FifoQueue", "").lower() == "true":
        yield _fifo(name)
    read = statements(queue.policy, of=f"the queue {layout.queue}")
    yield from _policy("queue", "SNS", read, queue_request(layout), name)
    yield from _redrive(layout, queue, found, name)


def _redrive(layout: Layout, queue: QueueFacts, found: Found, name: str) -> Iterator[Finding]:
    redrive = queue.redrive
    if redrive is None:
        what = "It has no redrive policy: what cannot be read comes again until it is too old."
        yield _finding("no_redrive", Severity.RISK, what, name)
    elif redrive.target_arn != layout.dead_letter_queue_arn:
        what = f"What cannot be read goes to {redrive.target_arn}, and not to the pipe's queue."
        yield _finding("other_redrive", Severity.NOTE, what, name)
    elif found.dead_letter_queue is None:
        what = f"Its dead-letter queue {layout.dead_letter_queue} is gone."
        yield _finding("no_dead_letter_queue", Severity.RISK, what, name)


def _policy(
    part: str,
    who: str,
    read: Iterable[Mapping[str, object]],
    request: Request,
    name: str,
) -> Iterator[Finding]:
    """What the policy of queue or topic says to the service before it."""
    read = list(read)
    opened = [one for one in read if is_open(one, request)]
    refused, perhaps = refusals(read, request)
    for one in opened:
        yield Finding(
            code=f"{part}_open",
            severity=Severity.RISK,
            what=f"The statement {_sid(one)} lets anybody's messages in: it has no condition on "
            "aws:SourceArn or aws:SourceAccount that keeps others out.",
            resource=name,
            command=f"{APPLY}, and then take that statement out by hand",
        )
    if not opened and not any(is_allowed(one, request) for one in read):
        what = f"Its policy does not let {who} in for {request.facts['aws:sourcearn']}"
        hints = [one for one in read if _is_of(one, request)]
        if hints:
            what += f": the condition of the statement {_sid(hints[0])} says another one"
        yield _broken(
            f"{part}_condition" if hints else f"{part}_policy", _shown(f"{what}.", request), name
        )
    for one in refused:
        what = f"The statement {_sid(one)} of its policy refuses {who}."
        yield _broken(f"{part}_denied", what, name, "take that statement out by hand")
    for one in perhaps:
        what = f"The statement {_sid(one)} may refuse {who}: its condition is not judged here."
        yield Finding(
            code=f"{part}_perhaps_denied",
            severity=Severity.NOTE,
            what=what,
            resource=name,
            command="send a mail to bounce@simulator.amazonses.com, and look into the queue",
        )


def _keys(layout: Layout, found: Found) -> Iterator[Finding]:
    for part, named in found.encrypted.items():
        key, name = found.keys[named], f"{part} {getattr(layout, part)}"
        user = "SES" if part == "topic" else "SNS"
        if not key.arn or not key.enabled:
            what = f"Its key {named} is not there, or not enabled: nothing can be written."
            yield _broken("key_unusable", what, name, f"aws kms enable-key --key-id {named}")
        elif key.manager == "AWS":
            what = f"It is encrypted with {named}, which AWS manages, and {user} cannot use."
            command = "infra.Pipe(..., kms_key=ARN_OF_A_KEY_OF_YOURS), and " + APPLY
            yield _broken("managed_key", what, name, command)
        else:
            yield from _key_policy(layout, part, key_lacks(layout, part, key), key.arn, user)


def _key_policy(
    layout: Layout, part: str, lacks: bool | None, arn: str, user: str
) -> Iterator[Finding]:
    command = (
        f"aws kms get-key-policy --region {layout.region_name} --policy-name default --key-id "
        f"{arn}, add what infra.key_statements(plan.layout) gives, and put-key-policy"
    )
    name = f"{part} {getattr(layout, part)}"
    if lacks:
        what = f"The policy of its key does not let {user} use it."
        yield _broken("key_policy", what, name, command)
    elif lacks is None:
        what = f"The policy of its key could not be read, so that {user} may not be let in."
        yield Finding(
            code="key_policy_unread",
            severity=Severity.NOTE,
            what=what,
            resource=name,
            command=command,
        )


def _fifo(name: str) -> Finding:
    return _broken(
        "fifo",
        "It is a FIFO one, to which SES does not publish.",
        name,
        "infra.Pipe(OTHER_NAME, ...), and " + APPLY,
    )


def _is_of(statement: Mapping[str, object], request: Request) -> bool:
    """Whether a statement is meant for this service."""
    principal = statement.get("Principal")
    return statement.get("Effect") == "Allow" and request.service in str(principal)


def _sid(statement: Mapping[str, object]) -> str:
    return str(statement.get("Sid") or "without a Sid")


def _shown(what: str, request: Request) -> str:
    """Without an address, which the ARN of an identity may hold."""
    arn = request.facts["aws:sourcearn"]
    return what.replace(arn, "an address") if "@" in arn else what


def _broken(code: str, what: str, resource: str, command: str = APPLY) -> Finding:
    return Finding(
        code=code, severity=Severity.BROKEN, what=what, resource=resource, command=command
    )


def _finding(code: str, severity: Severity, what: str, resource: str) -> Finding:
    return Finding(code=code, severity=severity, what=what, resource=resource, command=APPLY)
