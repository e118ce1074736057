"""
Collected payloads: captured ones, documented ones, and those of other people's tests.

They are not part of this repository. Where they are not, these tests are skipped and say so.
"""

from __future__ import annotations

import email
import email.policy
import json
from collections.abc import Callable
from typing import Any

import pytest

from sesguard import errors, events, metrics, replies
from sesguard._core.mailed import parse_mail
from sesguard._core.payloads import parse_event, parse_events
from sesguard._core.policy import FeedbackPolicy
from sesguard.errors import ParseError
from tests.fuzz_payloads import CORPUS

INDEX = CORPUS / "index.json"
PAYLOADS: list[dict[str, Any]] = (
    json.loads(INDEX.read_text(encoding="utf-8"))["payloads"] if INDEX.is_file() else []
)
VALIDATION = "Successfully validated SNS topic for Amazon SES event publishing."

pytestmark = pytest.mark.skipif(
    not PAYLOADS, reason="the collected payloads are not here (../shared/corpus/index.json)"
)


def judged(event: events.Event, expected: dict[str, Any]) -> None:
    """An event holds what the index says of it."""
    kind = expected.get("type")
    if kind is not None:
        assert event.kind == kind.replace(" ", "")
        assert event.channel == expected.get("channel", event.channel)
    if isinstance(event, events.Bounce):
        assert [event.bounce_type, event.bounce_sub_type] == expected["subtype"]
    elif isinstance(event, events.Complaint):
        said = [event.complaint_feedback_type, event.complaint_sub_type]
        assert said == expected.get("subtype", [None, None])
    elif isinstance(event, events.DeliveryDelay):
        assert [event.delay_type] == expected["subtype"]
    elif isinstance(event, events.Reject):
        assert [event.reason] == expected["subtype"]
    if "recipients" in expected:
        bare = expected.get("recipientsNormalized", expected["recipients"])
        written = event.recipients
        # Of "<ann@example.org>" the index takes the brackets for a part of the spelling.
        assert [one.email_address.strip("<>") for one in written] == [
            address.strip("<>") for address in bare
        ]
    if "destination" in expected:
        destination = event.mail.destination if event.mail is not None else ()
        assert list(destination) == (expected["destination"] or [])
    if "messageId" in expected:
        assert (event.mail.message_id if event.mail is not None else None) == expected["messageId"]
    for name, value in (("topicArn", event.topic_arn), ("snsMessageId", event.sns_message_id)):
        assert expected.get(name, value) == value
    assert event.key
    FeedbackPolicy().consequences(event)


def a_record(payload: Any, expected: dict[str, Any]) -> None:
    """One event, bare, in SNS or in EventBridge."""
    event = parse_event(payload)
    judged(event, expected)
    if expected.get("type") is None:
        named = {"Email Bounced": events.Bounce, "Email Complaint Received": events.Complaint}
        assert type(event) is named.get(expected.get("detailType", ""), events.UnknownEvent)


def innermost(payload: Any) -> str:
    """The text that no envelope is around any more."""
    if isinstance(payload, str):
        try:
            return innermost(json.loads(payload))
        except ValueError:
            return payload
    for name in ("Records", "Messages"):
        if name in payload and len(payload[name]) == 1:
            return innermost(payload[name][0])
    for name in ("Sns", "body", "Body", "Message"):
        if name in payload and (name != "Message" or "TopicArn" in payload):
            return innermost(payload[name])
    return json.dumps(payload)


def anything(payload: Any, expected: dict[str, Any]) -> None:
    """What may be somebody else's: plain words are a ParseError, and objects an unknown event."""
    text = innermost(payload)
    if text != VALIDATION and not text.startswith(("{", "[")):
        with pytest.raises(ParseError):
            parse_event(payload)
        return
    for event in parse_events(payload):
        judged(event, expected)
        if expected.get("type") is None:
            assert isinstance(event, events.UnknownEvent | events.SetupNotice)
            assert isinstance(event, events.SetupNotice) == (text == VALIDATION)


def an_sns_message(payload: Any, expected: dict[str, Any]) -> None:
    """A confirmation, or a sentence."""
    event = parse_event(payload)
    judged(event, expected)
    if expected["snsType"] == "Notification":
        assert isinstance(event, events.SetupNotice)
        assert event.message == VALIDATION
    else:
        assert event.kind == expected["snsType"]


def each_record(payload: Any, expected: dict[str, Any]) -> None:
    """A Lambda event: alone each record holds what the index says, and so do all together."""
    assert len(payload["Records"]) == len(expected["records"])
    for record, of_record in zip(payload["Records"], expected["records"], strict=True):
        anything({"Records": [record]}, of_record)
    if all("type" in of_record for of_record in expected["records"]):
        assert len(parse_events(payload)) == len(expected["records"])


def each_message(payload: Any, expected: dict[str, Any]) -> None:
    """An SQS receive response: the same of its messages."""
    assert len(payload["Messages"]) == len(expected["messages"])
    for message, of_message in zip(payload["Messages"], expected["messages"], strict=True):
        anything({"Messages": [message]}, of_message)
        anything(message, of_message)


SMTP_PHASES: dict[str, replies.Phase] = {
    "connect": "connect", "starttls": "starttls", "auth": "auth", "mail": "mail", "rcpt": "rcpt",
    "data": "body",
}  # fmt: skip

# What tells one answer from another, over SMTP and the API alike, before any code does.
SAID: list[tuple[str, type[errors.SESGuardError]]] = [
    ("Maximum sending rate exceeded", errors.SendingRateExceededError),
    ("Daily message quota exceeded", errors.DailyQuotaExceededError),
    ("Maximum SigV2 SMTP sending rate exceeded", errors.AuthenticationError),
    ("Too many concurrent SMTP connections", errors.TooManyConnectionsError),
    ("Email address is not verified", errors.NotVerifiedError),
    ("Sending paused for this account", errors.SendingPausedError),
    ("Temporary authentication failure", errors.ServiceUnavailableError),
    ("Temporary service failure", errors.ServiceUnavailableError),
    ("Authentication required", errors.AuthenticationError),
    ("Authentication Credentials Invalid", errors.AuthenticationError),
    ("Account not subscribed to SES", errors.AuthenticationError),
    ("Transaction failed", errors.MessageRejectedError),
    ("Invalid MAIL FROM", errors.MessageRejectedError),
    ("address unknown", errors.MessageRejectedError),
]


def the_error_of(text: str) -> type[errors.SESGuardError]:
    """The class that a text of SES's stands for."""
    return next(kind for said, kind in SAID if said in text)


def an_smtp_reply(payload: Any, expected: dict[str, Any]) -> None:
    """A reply of 400 and above is one error; one below is none."""
    assert payload["code"] == expected["code"]
    if payload["code"] >= 400:
        phase = SMTP_PHASES.get(payload["stage"], "body")
        error = replies.from_smtp(payload["code"], payload["text"], phase=phase)
        assert type(error) is the_error_of(payload["text"])


def an_api_error(payload: Any, expected: dict[str, Any]) -> None:
    """An error of either API is one error, by its words before its code."""
    error = replies.from_api(
        expected["errorCode"], payload["message"], status=expected["httpStatus"]
    )
    assert type(error) is the_error_of(payload["message"])
    assert error.code == expected["errorCode"]


def a_quota(payload: Any, expected: dict[str, Any]) -> None:
    """Numbers, whole ones too."""
    assert {name: payload[name] for name in expected} == expected


def statistics(payload: Any, expected: dict[str, Any]) -> None:
    """Points, sorted, with counters that may be text."""
    points = metrics.read_points(payload["SendDataPoints"])
    assert {
        "points": len(points),
        "deliveryAttempts": sum(point.delivery_attempts for point in points),
        "bounces": sum(point.bounces for point in points),
        "complaints": sum(point.complaints for point in points),
        "rejects": sum(point.rejects for point in points),
    } == expected
    assert list(points) == sorted(points, key=lambda point: point.timestamp)


def a_feedback_mail(data: bytes, expected: dict[str, Any]) -> None:
    """A report is read as mail; of what SNS mails, the JSON is."""
    if expected["finalRecipients"]:
        [bounce] = parse_mail(data)
        assert isinstance(bounce, events.Bounce)
        assert [one.email_address for one in bounce.recipients] == expected["finalRecipients"]
        assert [one.status for one in bounce.recipients] == [expected["status"]]
        hard = expected["status"].startswith("5")
        assert bounce.bounce_type == ("Permanent" if hard else "Transient")
        assert bounce.mail is not None
        assert bounce.mail.message_id is not None
        return
    with pytest.raises(ParseError, match="SNS sent by mail"):
        parse_mail(data)
    message = email.message_from_bytes(data, policy=email.policy.default)
    body = message.get_content() if not message.is_multipart() else ""
    record = body.partition("\n\n--\n")[0].replace("!\n ", "").strip()
    if record.startswith("{"):
        event = parse_event(record)
        assert isinstance(event, events.Bounce | events.Complaint | events.Delivery)
        if "type" in expected:  # where the sample's own author left it whole
            judged(event, expected)


JUDGES: dict[str, Callable[[Any, dict[str, Any]], None]] = {
    "api-error": an_api_error,
    "eventbridge": a_record,
    "lambda-ses": each_record,
    "lambda-sns": each_record,
    "lambda-sqs": each_record,
    "malformed": a_record,
    "send-quota": a_quota,
    "send-statistics": statistics,
    "ses-event": a_record,
    "ses-feedback": a_record,
    "ses-inbound": a_record,
    "smtp-response": an_smtp_reply,
    "sns-inbound": a_record,
    "sns-other": anything,
    "sns-ses": a_record,
    "sns-subscription-confirmation": an_sns_message,
    "sns-unsubscribe-confirmation": an_sns_message,
    "sns-validation-message": an_sns_message,
    "sqs-receive": each_message,
}
"""Who looks at a kind of payload. Each gets it as an object, beside what the index says of it."""

MAILS = {"feedback-email"}
"""Feedback as mail, which is no JSON."""


def test_every_kind_has_a_judge() -> None:
    """A payload that nobody looks at is told of here."""
    assert {payload["kind"] for payload in PAYLOADS} == JUDGES.keys() | MAILS


@pytest.mark.parametrize(
    "entry", [one for one in PAYLOADS if one["kind"] in JUDGES], ids=lambda one: one["file"]
)
def test_a_payload_holds_what_the_index_says(entry: dict[str, Any]) -> None:
    """As an object and, where there are events in it, as text and bytes too."""
    data = (CORPUS / entry["file"]).read_bytes()
    judge = JUDGES[entry["kind"]]
    judge(json.loads(data), entry["expected"])
    if judge in (a_record, an_sns_message):
        judge(data, entry["expected"])
        judge(data.decode(), entry["expected"])


@pytest.mark.parametrize(
    "entry", [one for one in PAYLOADS if one["kind"] in MAILS], ids=lambda one: one["file"]
)
def test_a_mail_holds_what_the_index_says(entry: dict[str, Any]) -> None:
    """Reports that SES forwarded, and notifications that SNS mailed."""
    a_feedback_mail((CORPUS / entry["file"]).read_bytes(), entry["expected"])
