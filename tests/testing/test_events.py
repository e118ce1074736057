"""Samples of feedback: of every kind, in every envelope, and in SES's own shape."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any, cast, get_args

import pytest

from sesguard import events, parse_event
from sesguard.errors import ConfigurationError
from sesguard.testing import sample
from sesguard.testing.events import Channel, Envelope, Kind
from tests.fuzz_payloads import CORPUS

KINDS: tuple[Kind, ...] = get_args(Kind)
ENVELOPES: tuple[Envelope, ...] = get_args(Envelope)
PUBLISHED: list[Kind] = [
    "Bounce", "Complaint", "Delivery", "Send", "Reject", "Open", "Click", "RenderingFailure",
    "DeliveryDelay", "Subscription",
]  # fmt: skip
NOTIFIED: list[Kind] = ["Bounce", "Complaint", "Delivery"]
CONFIRMATIONS: list[Kind] = ["SubscriptionConfirmation", "UnsubscribeConfirmation"]
VALIDATION = "Successfully validated SNS topic for Amazon SES event publishing."
AT = datetime(2026, 1, 15, 12, 0, 0, 123456, tzinfo=UTC)


def meeting() -> Iterator[tuple[Kind, Envelope, Channel]]:
    """All that SES tells, however it comes."""
    channels: tuple[Channel, ...] = get_args(Channel)
    for kind in KINDS:
        for channel in channels:
            for envelope in ENVELOPES:
                confirmed = kind in CONFIRMATIONS
                if confirmed and envelope not in ("sns", "sqs", "lambda_sqs"):
                    continue
                if channel == "notifications" and kind in PUBLISHED and kind not in NOTIFIED:
                    continue
                bus = envelope in ("eventbridge", "firehose")
                if bus and (channel == "notifications" or kind not in PUBLISHED):
                    continue
                yield kind, envelope, channel


MEETING = list(meeting())


def record_of(kind: Kind, channel: Channel) -> dict[str, Any]:
    return cast("dict[str, Any]", json.loads(sample(kind, envelope="none", channel=channel)))


def test_every_kind_of_event_has_a_sample() -> None:
    """The kinds are the classes that events come as."""
    assert set(KINDS) == {kind.__name__ for kind in get_args(events.Event)}


@pytest.mark.parametrize(("kind", "envelope", "channel"), MEETING)
def test_a_sample_is_read_as_what_it_was_asked_for(
    kind: Kind, envelope: Envelope, channel: Channel
) -> None:
    """Through every envelope comes one event of the kind, about its recipients."""
    text = sample(
        kind, envelope=envelope, channel=channel, recipients="gone@example.org", timestamp=AT
    )
    event = parse_event(text)
    assert type(event) is getattr(events, kind)
    if kind in ("Bounce", "Complaint", "Delivery", "DeliveryDelay"):
        assert [one.email_address for one in event.recipients] == ["gone@example.org"]
    if event.mail is not None:
        assert event.channel == ("event" if channel == "events" else "notification")
        assert event.mail.destination == ("gone@example.org",)
        assert event.timestamp is not None
        assert abs((event.timestamp - AT).total_seconds()) <= 1.001
    through_sns = envelope in ("sns", "sqs", "lambda_sns", "lambda_sqs")
    assert (event.topic_arn is not None) == through_sns


NOT_MEETING = [
    (kind, envelope, channel)
    for kind in KINDS
    for envelope in ENVELOPES
    for channel in cast("tuple[Channel, ...]", get_args(Channel))
    if (kind, envelope, channel) not in MEETING
]


@pytest.mark.parametrize(("kind", "envelope", "channel"), NOT_MEETING)
def test_what_never_comes_together_is_refused(
    kind: Kind, envelope: Envelope, channel: Channel
) -> None:
    """A kind that the channel or the envelope does not carry is an error, and no guess."""
    with pytest.raises(ConfigurationError, match=r"SetupNotice|SNS's own|kinds Send"):
        sample(kind, envelope=envelope, channel=channel)


def test_two_samples_are_two_events() -> None:
    """Each has identifiers of its own, and with those given it is the same event again."""
    first, second = parse_event(sample()), parse_event(sample())
    assert first.key != second.key
    again = [parse_event(sample(feedback_id="0100-1", channel=c)) for c in get_args(Channel)]
    assert again[0].key == again[1].key == "Bounce:0100-1"


@pytest.mark.parametrize(
    ("kind", "details", "said"),
    [
        ("Bounce", {"bounce_type": "Transient", "bounce_sub_type": "MailboxFull"}, {}),
        ("Bounce", {"bounce_sub_type": "OnAccountSuppressionList"}, {}),
        ("Bounce", {"bounce_type": "Undetermined"}, {"bounce_sub_type": "Undetermined"}),
        ("Complaint", {"complaint_feedback_type": "not-spam", "user_agent": "FBL"}, {}),
        ("Complaint", {"complaint_feedback_type": None}, {"arrival_date": None}),
        (
            "Complaint",
            {"complaint_sub_type": "OnTenantSuppressionList"},
            {"complaint_feedback_type": None},
        ),
        ("Delivery", {"smtp_response": "250 ok", "processing_time_millis": 7}, {}),
        ("Reject", {"reason": "Bad content"}, {}),
        ("Open", {"ip_address": "192.0.2.7", "user_agent": "", "is_bot_event": "Likely"}, {}),
        (
            "Click",
            {"link": "https://example.org/a", "link_tags": {"a": ["b"]}},
            {"link_tags": {"a": ("b",)}},
        ),
        ("RenderingFailure", {"template_name": "welcome", "error_message": "no"}, {}),
        ("DeliveryDelay", {"delay_type": "MailboxFull", "expiration_time": AT}, {}),
        ("Subscription", {"contact_list": "friends", "source": "ListManagement"}, {}),
        ("SubscriptionConfirmation", {"token": "abc", "sns_message_id": "1-2"}, {}),
        ("SetupNotice", {"topic_arn": "arn:aws:sns:eu-west-1:123456789012:mine"}, {}),
    ],
)
def test_details_are_told_as_they_are_given(
    kind: Kind, details: dict[str, Any], said: dict[str, object]
) -> None:
    """What is given comes back from the event, under the same name."""
    event = parse_event(sample(kind, **details))
    for name, value in {**details, **said}.items():
        told = getattr(event, name)
        told = dict(told) if isinstance(value, dict) else told
        wanted = value.replace(microsecond=123000) if isinstance(value, datetime) else value
        assert told == wanted, name


def test_the_mail_is_told_as_it_is_given() -> None:
    """Its id, sender, subject, headers, tags and the rest of its recipients."""
    event = parse_event(
        sample(
            recipients="gone@example.org",
            destination=["ann@example.org", "gone@example.org"],
            message_id="0100-2",
            sender="Shop <us@example.net>",
            subject="",
            headers={"X-Order": "7"},
            tags={"kind": "receipt"},
            configuration_set="shop",
            status="5.4.1",
            diagnostic_code="",
        )
    )
    mail = event.mail
    assert mail is not None
    assert (mail.message_id, mail.source) == ("0100-2", "Shop <us@example.net>")
    assert mail.destination == ("ann@example.org", "gone@example.org")
    assert (mail.header("x-order"), mail.tag("kind")) == ("7", "receipt")
    assert (mail.tag("ses:configuration-set"), mail.tag("ses:from-domain")) == (
        "shop",
        "example.net",
    )
    assert mail.common_headers is not None
    assert (mail.common_headers.subject, mail.common_headers.message_id) == ("", "0100-2")
    (one,) = event.recipients
    assert (one.status, one.diagnostic_code, one.in_destination) == ("5.4.1", "", True)


def test_an_identity_tells_other_things_of_a_mail() -> None:
    """Never tags; whence and by whom it was sent; its own Message-ID; headers only if told to."""
    own = {"Message-ID": "<1@example.net>"}
    mail = parse_event(sample(channel="notifications", headers=own)).mail
    assert mail is not None
    assert mail.common_headers is not None
    assert mail.common_headers.message_id == "<1@example.net>"
    assert (mail.source_ip, mail.caller_identity) == ("192.0.2.1", "shop")
    assert not mail.tags
    bare = record_of("Bounce", "notifications")["mail"].keys()
    without = json.loads(sample(envelope="none", channel="notifications", original_headers=False))
    assert bare - without["mail"].keys() == {"headers", "headersTruncated", "commonHeaders"}


@pytest.mark.parametrize(
    ("asked", "told"),
    [
        ({"kind": "Bounces"}, "kind= is one of Bounce, Complaint"),
        ({"envelope": "kafka"}, "envelope= is one of sns, none"),
        ({"channel": "event"}, "channel= is one of events, notifications"),
        ({"bounce_typ": "Transient"}, "no bounce_typ. There are .*bounce_type"),
        ({"kind": "Open", "bounce_type": "Transient"}, "Open .* has no bounce_type"),
        ({"channel": "notifications", "tags": {"a": "b"}}, "has no tags"),
        ({"bounce_type": "Hard"}, "one of Permanent, Transient, Undetermined"),
        ({"bounce_sub_type": "MailboxFull"}, "one of General, NoEmail"),
        ({"kind": "DeliveryDelay", "delay_type": "Slow"}, "one of InternalFailure"),
        ({"kind": "Complaint", "complaint_sub_type": "spam"}, "one of OnAccount"),
        ({"recipients": ()}, "one address or several"),
        ({"recipients": b"a@b.org"}, "one address or several"),
        ({"recipients": ["a@b.org", None]}, "one address or several"),
        ({"topic_arn": "my-topic"}, "ARN of an SNS topic"),
        ({"timestamp": datetime(2026, 1, 1)}, "an aware datetime"),
        ({"timestamp": "2026"}, "an aware datetime, not str"),
        ({"message_id": ""}, "a string, not an empty one"),
        ({"message_id": 5}, "a string, not int"),
        ({"destination": "a@b.org"}, "a list of strings"),
        ({"tags": {"a": 1}}, "a mapping of strings to strings"),
        ({"headers": ["a"]}, "a mapping of strings to strings"),
        ({"original_headers": "no"}, "True or False"),
        ({"kind": "Delivery", "processing_time_millis": True}, "a whole number"),
        ({"kind": "Click", "link_tags": {"a": "b"}}, "a mapping of strings to lists"),
    ],
)
def test_a_bad_ask_is_refused_and_told_what_there_is(asked: dict[str, Any], told: str) -> None:
    """A misspelt word would give a test that proves nothing."""
    with pytest.raises(ConfigurationError, match=told):
        sample(**asked)


# The text of it.


def test_event_publishing_has_a_subject_and_a_newline() -> None:
    """An identity's notifications have neither; the sentence of a set-up has neither."""
    for kind in PUBLISHED:
        message = json.loads(sample(kind))
        assert message["Subject"] == "Amazon SES Email Event Notification"
        assert message["Message"].endswith("}\n")
    told: list[Kind] = [*NOTIFIED, "SetupNotice"]
    for kind in told:
        message = json.loads(sample(kind, channel="notifications"))
        assert "Subject" not in message
        assert message["Message"].endswith("}")
    sentence = json.loads(sample("SetupNotice"))
    assert (
        sentence["Message"] == "Successfully validated SNS topic for Amazon SES event publishing."
    )
    assert "Subject" not in sentence


def test_a_rendering_failure_is_spelled_as_on_the_wire() -> None:
    """With a space, and under another key than its name."""
    record = record_of("RenderingFailure", "events")
    assert record["eventType"] == "Rendering Failure"
    assert set(record["failure"]) == {"errorMessage", "templateName"}


def test_a_mail_has_the_fields_of_its_kind() -> None:
    """An open or click has no ARN, a mail that was never made or is late no headers."""
    whole = {
        "timestamp", "source", "sourceArn", "sendingAccountId", "messageId", "destination",
        "headersTruncated", "headers", "commonHeaders", "tags",
    }  # fmt: skip
    missing: dict[Kind, set[str]] = {
        "Open": {"sourceArn"},
        "Click": {"sourceArn"},
        "RenderingFailure": {"headers", "commonHeaders"},
        "DeliveryDelay": {"headers", "commonHeaders"},
    }
    for kind in PUBLISHED:
        assert set(record_of(kind, "events")["mail"]) == whole - missing.get(kind, set())
    for kind in NOTIFIED:
        told = set(record_of(kind, "notifications")["mail"])
        assert told == whole - {"tags"} | {"sourceIp", "callerIdentity"}


def test_lambda_spells_two_names_otherwise() -> None:
    """And says null where SNS leaves out the subject."""
    text = sample(envelope="lambda_sns", channel="notifications")
    sns = json.loads(text)["Records"][0]["Sns"]
    assert {"SigningCertUrl", "UnsubscribeUrl"} < set(sns)
    assert not {"SigningCertURL", "UnsubscribeURL"} & set(sns)
    assert sns["Subject"] is None
    assert json.loads(sample(envelope="lambda_sns"))["Records"][0]["Sns"]["Subject"]


def test_a_confirmation_has_no_url_to_unsubscribe() -> None:
    """It has a token, and one URL in which the token is."""
    for kind in CONFIRMATIONS:
        message = json.loads(sample(kind))
        assert "UnsubscribeURL" not in message
        assert message["SubscribeURL"].endswith(f"&Token={message['Token']}")


# Against what was captured.

SAMPLES: dict[tuple[Kind, Channel], str] = {
    ("Bounce", "events"): "ses-event/bounce-permanent-general-ses-notification-lambda.json",
    ("Complaint", "events"): "ses-event/complaint-abuse-django-ses.json",
    ("Delivery", "events"): "ses-event/delivery-amazon-ses-developer-guide.json",
    ("Send", "events"): "ses-event/send-amazon-ses-developer-guide.json",
    ("Reject", "events"): "ses-event/reject-bad-content-amazon-ses-developer-guide.json",
    ("Open", "events"): "sns-ses/open-laravel-mailcoach-ses-feedba.json",
    ("Click", "events"): "ses-event/click-aws-docs-history.json",
    ("RenderingFailure", "events"): "ses-event/rendering-failure-amazon-ses-developer-guide.json",
    ("DeliveryDelay", "events"): "ses-event/"
    "delivery-delay-transient-communication-failure-amazon-ses-developer-guide.json",
    ("Subscription", "events"): "ses-event/subscription-amazon-ses-developer-guide.json",
    ("Bounce", "notifications"): "ses-feedback/bounce-permanent-general-django-ses.json",
    ("Complaint", "notifications"): "sns-ses/complaint-abuse-laravel-ses-2.json",
    ("Delivery", "notifications"): "sns-ses/delivery-laravel-ses.json",
    ("SubscriptionConfirmation", "events"): "sns-subscription-confirmation/"
    "subscription-confirmation-aws-actionmailbox-ses-ruby-sigv1.json",
    ("UnsubscribeConfirmation", "events"): "sns-unsubscribe-confirmation/"
    "unsubscribe-confirmation-aws-sdk-java-v2-sigv2.json",
}

# Path to why it is in one of the two alone.
OPERATION = {"mail.tags.ses:operation": "captured in all events, left out in the guide's examples"}
OWN_HEADERS = {
    "mail.commonHeaders.date": "that mail had a Date of its own",
    "mail.commonHeaders.messageId": "that mail had a Message-ID of its own",
}
DERIVED = (
    "the sample is put together of a mail without headers, and the guide's has none of its ARN"
)
DIFFERENCES: dict[tuple[Kind, Channel], dict[str, str]] = {
    ("Delivery", "events"): OPERATION,
    ("Send", "events"): OPERATION,
    ("Reject", "events"): OPERATION,
    ("Open", "events"): {
        "mail.commonHeaders.date": "that mail had a Date of its own",
        "mail.commonHeaders.replyTo": "that mail had a Reply-To",
        "open.isBotEvent": "newer than the sample",
    },
    ("Click", "events"): {
        **OPERATION,
        "mail.sourceArn": DERIVED,
        "mail.headers": DERIVED,
        "mail.headers.name": DERIVED,
        "mail.headers.value": DERIVED,
        "mail.commonHeaders": DERIVED,
        "mail.commonHeaders.from": DERIVED,
        "mail.commonHeaders.to": DERIVED,
        "mail.commonHeaders.subject": DERIVED,
        "mail.commonHeaders.messageId": DERIVED,
    },
    ("Bounce", "notifications"): {"mail.callerIdentity": "newer than the sample"},
    ("Complaint", "notifications"): {
        **OWN_HEADERS,
        "mail.callerIdentity": "newer than the sample",
        "complaint.arrivalDate": "a provider may leave it out, and the simulator's did",
    },
    ("Delivery", "notifications"): {
        **OWN_HEADERS,
        "mail.callerIdentity": "newer than the sample",
    },
}
TIME = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z")
SES_ID = re.compile(r"[0-9a-f]{16}-[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}-[0-9]{6}")


def named(value: object, path: str = "") -> Iterator[tuple[str, str]]:
    """Every name in a record with the type of what it holds; own tags count for nothing."""
    if isinstance(value, dict):
        if path:
            yield path, "object"
        for name, item in cast("dict[str, object]", value).items():
            if path != "mail.tags" or name.startswith("ses:"):
                yield from named(item, f"{path}.{name}".removeprefix("."))
    elif isinstance(value, list):
        yield path, "list"
        for item in cast("list[object]", value):
            if isinstance(item, dict):
                yield from (found for found in named(item, path) if found[1] != "object")
            else:
                yield f"{path}[]", type(item).__name__
    else:
        yield path, type(value).__name__


def captured(name: str) -> dict[str, Any]:
    payload = json.loads((CORPUS / name).read_text(encoding="utf-8"))
    text = payload.get("Message", "")
    return cast("dict[str, Any]", json.loads(text) if text.startswith("{") else payload)


@pytest.mark.skipif(
    not CORPUS.is_dir(), reason="the collected payloads are not here (../shared/corpus)"
)
@pytest.mark.parametrize(("kind", "channel"), SAMPLES)
def test_names_and_types_are_those_that_were_captured(kind: Kind, channel: Channel) -> None:
    """A sample has the fields of one of SES's own, of the same types, or it is said why not."""
    confirmed = kind in CONFIRMATIONS
    ours = json.loads(sample(kind)) if confirmed else record_of(kind, channel)
    different = set(named(ours)) ^ set(named(captured(SAMPLES[kind, channel])))
    assert {path.removesuffix("[]") for path, _ in different} == set(
        DIFFERENCES.get((kind, channel), {})
    )


@pytest.mark.skipif(
    not CORPUS.is_dir(), reason="the collected payloads are not here (../shared/corpus)"
)
def test_the_envelopes_are_those_that_were_captured() -> None:
    """SNS's messages have the same names, in both channels."""
    for channel, name in (
        ("events", "sns-ses/complaint-abuse-django-ses.json"),
        ("notifications", "sns-ses/complaint-abuse-laravel-ses-2.json"),
    ):
        theirs = json.loads((CORPUS / name).read_text(encoding="utf-8"))
        ours = json.loads(sample("Complaint", channel=cast("Channel", channel)))
        assert set(named(ours)) == set(named(theirs))
        assert ours.get("Subject") == theirs.get("Subject")
        assert ours["Message"][-1] == theirs["Message"][-1]


@pytest.mark.parametrize(("kind", "channel"), [key for key in SAMPLES if key[0] in PUBLISHED])
def test_times_and_ids_are_written_as_ses_does(kind: Kind, channel: Channel) -> None:
    """Times to the millisecond in UTC; ids of three parts."""
    record = record_of(kind, channel)
    (body,) = (
        value for name, value in record.items() if isinstance(value, dict) and name != "mail"
    )
    times = [body[name] for name in ("timestamp", "arrivalDate", "expirationTime") if name in body]
    ids = [record["mail"]["messageId"], *([body["feedbackId"]] if "feedbackId" in body else [])]
    assert all(TIME.fullmatch(time) for time in [record["mail"]["timestamp"], *times])
    assert all(SES_ID.fullmatch(one) for one in ids)
