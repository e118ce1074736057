"""The statements that a pipe needs in the policies of its parts. Pure."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Mapping

from sesguard._core.pipe_layout import Layout
from sesguard._core.policy_judging import Request
from sesguard._frozen import FrozenMapping

__all__ = [
    "key_requests",
    "key_statements",
    "own_sids",
    "queue_request",
    "queue_statement",
    "topic_requests",
    "topic_statements",
]

_SNS, _SES = "sns.amazonaws.com", "ses.amazonaws.com"
_KEY_USE = ("kms:GenerateDataKey", "kms:Decrypt")


def queue_statement(layout: Layout) -> dict[str, object]:
    """
    Lets the topic, and no other, write into the queue.

    Source:
        SNS Developer Guide, "Subscribing an Amazon SQS queue to an Amazon SNS topic": without the
        condition, anybody's topic can.
    """
    return {
        "Sid": _sid("From", layout.topic, layout.topic_arn),
        "Effect": "Allow",
        "Principal": {"Service": _SNS},
        "Action": "sqs:SendMessage",
        "Resource": layout.queue_arn,
        "Condition": {"ArnEquals": {"aws:SourceArn": layout.topic_arn}},
    }


def topic_statements(layout: Layout) -> tuple[dict[str, object], ...]:
    """
    Let SES publish to the topic: for this account, for the set or the identity; one for each.

    Source:
        SES Developer Guide, "Configuring Amazon SNS notifications for Amazon SES" and "Set up an
        Amazon SNS event destination for event publishing".
    """
    return tuple(
        {
            "Sid": _sid("For", name, source),
            "Effect": "Allow",
            "Principal": {"Service": _SES},
            "Action": "sns:Publish",
            "Resource": layout.topic_arn,
            "Condition": {
                "StringEquals": {"AWS:SourceAccount": layout.account_id, "AWS:SourceArn": source}
            },
        }
        for name, source in zip(layout.source_names, layout.source_arns, strict=True)
    )


def key_statements(layout: Layout) -> tuple[dict[str, object], ...]:
    """
    What the policy of a customer key has to hold: SNS for the queue, SES for the topic.

    Source:
        SNS Developer Guide, "Configuring an Amazon SNS topic for an encrypted Amazon SQS queue
        subscription"; SES Developer Guide, "Configuring Amazon SNS notifications for Amazon SES".
    """
    used = {
        "Effect": "Allow",
        "Action": ["kms:GenerateDataKey*", "kms:Decrypt"],
        "Resource": "*",
    }
    only = {"ArnEquals": {"aws:SourceArn": layout.topic_arn}}
    return (
        {
            "Sid": _sid("Sns", layout.topic, layout.topic_arn),
            "Principal": {"Service": _SNS},
            **used,
            "Condition": only,
        },
        {
            "Sid": _sid("Ses", layout.topic, layout.topic_arn),
            "Principal": {"Service": _SES},
            **used,
        },
    )


def own_sids(layout: Layout) -> tuple[str, ...]:
    """The Sids that are ours, in the policies of queue and topic."""
    ours = (queue_statement(layout), *topic_statements(layout))
    return tuple(str(statement["Sid"]) for statement in ours)


def queue_request(layout: Layout) -> Request:
    """What SNS asks of the queue."""
    return Request(
        service=_SNS,
        actions=("sqs:SendMessage",),
        resource=layout.queue_arn,
        facts=_facts(layout, layout.topic_arn),
    )


def topic_requests(layout: Layout) -> tuple[Request, ...]:
    """What SES asks of the topic, for each set or identity."""
    return tuple(
        Request(
            service=_SES,
            actions=("sns:Publish",),
            resource=layout.topic_arn,
            facts=_facts(layout, source),
        )
        for source in layout.source_arns
    )


def key_requests(layout: Layout, key_arn: str) -> Mapping[str, Request]:
    """What is asked of a key, for the queue and for the topic that it encrypts."""
    return {
        part: Request(
            service=service, actions=_KEY_USE, resource=key_arn, facts=_facts(layout, source)
        )
        for part, service, source in (
            ("queue", _SNS, layout.topic_arn),
            ("topic", _SES, layout.source_arns[0]),
        )
    }


def _facts(layout: Layout, source: str) -> FrozenMapping[str, str]:
    return FrozenMapping(
        {
            "aws:sourcearn": source,
            "aws:sourceaccount": layout.account_id,
            "aws:securetransport": "true",
            "aws:principalisawsservice": "true",
        }
    )


def _sid(why: str, name: str, arn: str) -> str:
    """Letters and digits, as a Sid has to be; another one for each ARN."""
    readable = re.sub(r"[^A-Za-z0-9]", "", name)[:40]
    return f"Sesguard{why}{readable}{hashlib.sha256(arn.encode()).hexdigest()[:8]}"
