"""What a statement means for a service's request."""

from __future__ import annotations

from typing import Any

import pytest

from sesguard._core.policy_judging import Request, applies, is_allowed, is_open, refusals
from sesguard._frozen import FrozenMapping

QUEUE = "arn:aws:sqs:eu-west-1:123456789012:feedback"
TOPIC = "arn:aws:sns:eu-west-1:123456789012:feedback"
FACTS = {
    "aws:sourcearn": TOPIC,
    "aws:sourceaccount": "123456789012",
    "aws:securetransport": "true",
}
REQUEST = Request(
    service="sns.amazonaws.com",
    actions=("sqs:SendMessage",),
    resource=QUEUE,
    facts=FrozenMapping(FACTS),
)
BY_TOPIC = {"ArnEquals": {"aws:SourceArn": TOPIC}}


def statement(**other: Any) -> dict[str, object]:
    given = {
        "Effect": "Allow",
        "Principal": {"Service": "sns.amazonaws.com"},
        "Action": "sqs:SendMessage",
        "Resource": QUEUE,
        "Condition": BY_TOPIC,
        **other,
    }
    return {name: value for name, value in given.items() if value is not None}


@pytest.mark.parametrize(
    "other",
    [
        {},
        {"Action": "SQS:sendmessage"},
        {"Action": ["sqs:*"]},
        {"Action": "*", "Resource": "*"},
        {"Resource": None},
        {"Resource": "arn:aws:sqs:*:123456789012:feed????"},
        {"Principal": "*"},
        {"Principal": {"AWS": "*"}},
        {"Principal": {"Service": ["ses.amazonaws.com", "sns.amazonaws.com"]}},
        {"Condition": {"ArnLike": {"AWS:SOURCEARN": ["x", "arn:aws:sns:*:123456789012:*"]}}},
        {"Condition": {"StringEquals": {"aws:SourceAccount": "123456789012"}}},
        {"Condition": {"StringEqualsIgnoreCase": {"aws:SourceArn": TOPIC.upper()}}},
        {"Condition": {"ForAnyValue:StringLike": {"aws:SourceArn": TOPIC}}},
        {"Condition": {**BY_TOPIC, "Bool": {"aws:SecureTransport": True}}},
        {"Condition": {**BY_TOPIC, "StringNotEquals": {"aws:SourceAccount": "1"}}},
        {"Condition": {**BY_TOPIC, "StringEqualsIfExists": {"aws:PrincipalOrgID": "o-1"}}},
    ],
    ids=str,
)
def test_it_is_let_in(other: dict[str, object]) -> None:
    """By a statement that speaks of it and keeps others out."""
    assert is_allowed(statement(**other), REQUEST)
    assert not is_open(statement(**other), REQUEST)


@pytest.mark.parametrize(
    "other",
    [
        {"Effect": "Deny"},
        {"Action": "sqs:ReceiveMessage"},
        {"Resource": QUEUE + "2"},
        {"Resource": "arn:aws:sqs:eu-west-1:[0-9]*:feedback"},
        {"Principal": {"Service": "ses.amazonaws.com"}},
        {"Principal": {"AWS": "123456789012"}},
        {"Principal": None},
        {"Condition": {"ArnEquals": {"aws:SourceArn": TOPIC + "2"}}},
        {"Condition": {"StringEquals": {"aws:SourceArn": TOPIC.replace("feedback", "*")}}},
        {"Condition": {**BY_TOPIC, "Bool": {"aws:SecureTransport": "false"}}},
        {"Condition": {**BY_TOPIC, "StringEquals": {"aws:PrincipalOrgID": "o-1"}}},
        {"Condition": {**BY_TOPIC, "StringNotEquals": {"aws:SourceAccount": "123456789012"}}},
        {"NotAction": "sqs:DeleteQueue"},
        {"Condition": {**BY_TOPIC, "DateLessThan": {"aws:CurrentTime": "2030"}}},
        {"Condition": {**BY_TOPIC, "StringEquals": {"aws:SourceOwner": "123456789012"}}},
    ],
    ids=str,
)
def test_it_is_not_let_in(other: dict[str, object]) -> None:
    """By one that speaks of another, or of which it cannot be told."""
    assert not is_allowed(statement(**other), REQUEST)


@pytest.mark.parametrize(
    "other",
    [
        {"Condition": None},
        {"Condition": {}},
        {"Condition": None, "Principal": "*"},
        {"Condition": {"Bool": {"aws:SecureTransport": "true"}}, "Principal": {"AWS": "*"}},
        {"Condition": {"ArnLike": {"aws:SourceArn": "*"}}},
        {"Condition": {"ArnLike": {"aws:SourceArn": "arn:aws:sns:*:*:*"}}},
        {"Condition": {"ArnLike": {"aws:SourceArn": [TOPIC, "arn:*"]}}},
        {"Condition": {"StringNotEquals": {"aws:SourceAccount": "1"}}},
        {"Condition": {"StringEquals": {"aws:RequestedRegion": "eu-west-1"}}},
        {"Condition": "nonsense"},
        {"Condition": None, "Action": None, "NotAction": "sqs:DeleteQueue"},
    ],
    ids=str,
)
def test_a_statement_that_keeps_nobody_out_is_open(other: dict[str, object]) -> None:
    """And is no leave for the request, though it would come in by it."""
    assert is_open(statement(**other), REQUEST)
    assert not is_allowed(statement(**other), REQUEST)
    assert not is_open(statement(**other, Effect="Deny"), REQUEST)


@pytest.mark.parametrize(
    ("condition", "verdict"),
    [
        (None, True),
        ({"Bool": {"aws:SecureTransport": "false"}}, False),
        ({"StringNotEquals": {"aws:PrincipalOrgID": "o-1"}}, True),
        ({"IpAddress": {"aws:SourceIp": "10.0.0.0/8"}}, None),
        ({"StringNotEquals": {"aws:CalledVia": "x"}}, None),
    ],
    ids=str,
)
def test_a_refusal_is_seen(condition: object, verdict: bool | None) -> None:
    """It holds, or it does not, or that cannot be told."""
    denying = statement(Effect="Deny", Principal="*", Action="sqs:*", Condition=condition)
    assert applies(denying, REQUEST, some_action=True) is verdict
    certain, perhaps = refusals([statement(), denying], REQUEST)
    assert certain == ([denying] if verdict else [])
    assert perhaps == ([denying] if verdict is None else [])


def test_a_refusal_of_one_action_is_enough() -> None:
    """All are needed to be let in, and one is enough to be kept out."""
    two = Request(
        service=REQUEST.service, actions=("kms:Decrypt", "kms:X"), resource="*", facts=REQUEST.facts
    )
    one = statement(Action="kms:Decrypt", Resource="*")
    assert applies(one, two) is False
    assert applies(one, two, some_action=True) is True
