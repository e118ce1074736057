"""Feedback in all envelopes, all kinds, and all that is wrong with it."""

from __future__ import annotations

import base64
import copy
import json
import pickle
from collections.abc import Callable
from types import MappingProxyType
from typing import Any, cast

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sesguard import events
from sesguard._core.payloads import parse_event, parse_events
from sesguard.errors import ParseError
from tests import fuzz_payloads
from tests.fuzz_payloads import SAMPLES, sample

VALIDATION = "Successfully validated SNS topic for Amazon SES event publishing."
TOPIC = "arn:aws:sns:eu-central-1:000123456789:ses-feedback"
SNS_ID = "1b2c3d4e-5f60-5718-9293-a4b5c6d7e8f9"
MESSAGE_ID = "0107019a2b3c4d5e-1f2e3d4c-5b6a-4798-8081-92a3b4c5d6e7-000000"
FEEDBACK_ID = "0107019a2b3c5f60-0a1b2c3d-4e5f-4061-8273-849506172839-000000"


# What each sample holds: kind, channel, how many recipients the event names.
HOLD: dict[str, list[tuple[str, str | None, int]]] = {
    "notification/bounce-permanent-general.json": [("Bounce", "notification", 1)],
    "notification/bounce-permanent-alias.json": [("Bounce", "notification", 1)],
    "notification/bounce-transient-mailbox-full.json": [("Bounce", "notification", 1)],
    "notification/complaint.json": [("Complaint", "notification", 2)],
    "notification/delivery.json": [("Delivery", "notification", 1)],
    "notification/setup.json": [("AmazonSnsSubscriptionSucceeded", "notification", 0)],
    "notification/received.json": [("Received", "notification", 1)],
    "event/bounce-permanent-general.json": [("Bounce", "event", 2)],
    "event/bounce-permanent-no-email.json": [("Bounce", "event", 1)],
    "event/bounce-permanent-suppressed.json": [("Bounce", "event", 1)],
    "event/bounce-permanent-on-account-list.json": [("Bounce", "event", 1)],
    "event/bounce-permanent-on-tenant-list.json": [("Bounce", "event", 1)],
    "event/bounce-permanent-unsubscribed.json": [("Bounce", "event", 1)],
    "event/bounce-permanent-validation.json": [("Bounce", "event", 1)],
    "event/bounce-transient-general.json": [("Bounce", "event", 1)],
    "event/bounce-transient-content-rejected.json": [("Bounce", "event", 1)],
    "event/bounce-undetermined.json": [("Bounce", "event", 1)],
    "event/complaint.json": [("Complaint", "event", 1)],
    "event/complaint-not-spam.json": [("Complaint", "event", 1)],
    "event/complaint-on-account-list.json": [("Complaint", "event", 1)],
    "event/delivery.json": [("Delivery", "event", 1)],
    "event/send.json": [("Send", "event", 0)],
    "event/reject.json": [("Reject", "event", 0)],
    "event/open.json": [("Open", "event", 0)],
    "event/click.json": [("Click", "event", 0)],
    "event/rendering-failure.json": [("RenderingFailure", "event", 0)],
    "event/delivery-delay.json": [("DeliveryDelay", "event", 1)],
    "event/subscription.json": [("Subscription", "event", 0)],
    "event/of-tomorrow.json": [("CarrierPigeon", "event", 0)],
    "sns/bounce-notification.json": [("Bounce", "notification", 1)],
    "sns/bounce-event.json": [("Bounce", "event", 2)],
    "sns/validation.json": [("SetupNotice", "event", 0)],
    "sns/setup.json": [("AmazonSnsSubscriptionSucceeded", "notification", 0)],
    "sns/subscription-confirmation.json": [("SubscriptionConfirmation", None, 0)],
    "sns/unsubscribe-confirmation.json": [("UnsubscribeConfirmation", None, 0)],
    "sns/foreign-s3.json": [("Unknown", None, 0)],
    "sqs/receive.json": [
        ("Bounce", "event", 2), ("Delivery", "event", 1), ("SetupNotice", "event", 0),
    ],
    "sqs/message.json": [("Complaint", "notification", 2)],
    "sqs/receive-empty.json": [],
    "sqs/validation.txt": [("SetupNotice", "event", 0)],
    "lambda/sqs.json": [("Bounce", "notification", 1), ("Open", "event", 0)],
    "lambda/sns.json": [("Complaint", "event", 1)],
    "lambda/ses.json": [("Received", None, 1)],
    "eventbridge/bounce.json": [("Bounce", "event", 2)],
    "eventbridge/rendering-failed-untyped.json": [("RenderingFailure", "event", 0)],
    "eventbridge/advisor.json": [("AdvisorRecommendationStatusOpen", None, 0)],
    "eventbridge/sending-status.json": [("SendingStatusDisabled", None, 0)],
    "firehose/lines.jsonl": [("Send", "event", 0), ("Delivery", "event", 1), ("Open", "event", 0)],
    "firehose/transformation.json": [("Send", "event", 0), ("Click", "event", 0)],
}  # fmt: skip


def test_every_sample_is_told_of() -> None:
    """A sample that nobody looks at proves nothing. Mails have tests of their own."""
    files = {str(path.relative_to(SAMPLES)) for path in SAMPLES.rglob("*.*")}
    assert {name for name in files if not name.startswith("mail/")} == HOLD.keys()


@pytest.mark.parametrize("name", HOLD)
def test_a_sample_reads_the_same_in_all_forms(name: str) -> None:
    """Text, bytes with and without a byte order mark, and a mapping are one payload."""
    data = (SAMPLES / name).read_bytes()
    found = parse_events(data)
    assert [(event.kind, event.channel, len(event.recipients)) for event in found] == HOLD[name]
    forms: list[Any] = [
        data.decode(),
        b"\xef\xbb\xbf" + data,
        bytearray(data),
        b"\n " + data,
    ]
    if name.endswith(".json"):
        forms.append(json.loads(data))
    for form in forms:
        assert parse_events(form) == found
    for event in found:
        assert pickle.loads(pickle.dumps(event)) == event
        assert isinstance(event.raw, dict)
        if event.kind not in ("SubscriptionConfirmation", "UnsubscribeConfirmation"):
            assert "Message" not in event.raw or event.kind == "SetupNotice"


def test_an_envelope_is_remembered() -> None:
    """The topic and SNS's id come along, and the record is what was in it."""
    event = parse_event(sample("sns/bounce-event.json"))
    assert (event.topic_arn, event.sns_message_id) == (TOPIC, SNS_ID)
    assert event.raw == sample("event/bounce-permanent-general.json")
    bare = parse_event(sample("event/bounce-permanent-general.json"))
    assert (bare.topic_arn, bare.sns_message_id) == (None, None)


# Each turns a payload into one that holds the same event.
WRAPPINGS: dict[str, Callable[[Any], Any]] = {
    "sns": lambda payload: {
        "Type": "Notification",
        "MessageId": "1",
        "TopicArn": TOPIC,
        "Message": payload if isinstance(payload, str) else json.dumps(payload) + "\n",
    },
    "sns of an object": lambda payload: {"TopicArn": TOPIC, "Message": payload},
    "sns without a topic": lambda payload: {"Type": "Notification", "Message": json.dumps(payload)},
    "sqs": lambda payload: {"Messages": [{"Body": json.dumps(payload), "ReceiptHandle": "x"}]},
    "sqs message": lambda payload: {"MessageId": "2", "Body": json.dumps(payload)},
    "lambda sqs": lambda payload: {
        "Records": [{"eventSource": "aws:sqs", "body": json.dumps(payload)}]
    },
    "lambda sqs record": lambda payload: {"receiptHandle": "x", "body": json.dumps(payload)},
    "lambda sns": lambda payload: (
        {"Records": [{"Sns": {"Message": json.dumps(payload)}}]}
        if "Message" in payload
        else {"Records": [{"Sns": {"Type": "Notification", "Message": json.dumps(payload)}}]}
    ),
    "firehose": lambda payload: {
        "records": [
            {"recordId": "1", "data": base64.b64encode(json.dumps(payload).encode()).decode()}
        ]
    },
    "list": lambda payload: [payload],
    "text in text": lambda payload: json.dumps(payload),
}
"""Ways in which a payload travels."""

WRAPPINGS["lambda sns"] = lambda payload: {
    "Records": [{"EventSource": "aws:sns", "Sns": WRAPPINGS["sns"](payload)}]
}


@pytest.mark.parametrize("outer", WRAPPINGS)
@pytest.mark.parametrize("inner", WRAPPINGS)
@pytest.mark.parametrize("name", ["notification/complaint.json", "event/click.json"])
def test_any_nesting_holds_the_same_event(name: str, inner: str, outer: str) -> None:
    """Whatever is around whatever, it is the same event under the same key."""
    bare = parse_event(sample(name))
    wrapped = WRAPPINGS[outer](WRAPPINGS[inner](sample(name)))
    event = parse_event(json.dumps(wrapped))
    assert event.key == bare.key
    assert event.raw == bare.raw
    assert type(event) is type(bare)
    through_sns = {inner, outer} & {"sns", "sns of an object", "lambda sns"}
    if through_sns and "sns without a topic" not in (inner, outer):
        assert event.topic_arn == TOPIC


def test_eventbridge_can_be_in_sqs() -> None:
    """That is how a rule with a queue as its target sends it."""
    assert parse_event(WRAPPINGS["sqs"](sample("eventbridge/bounce.json"))).kind == "Bounce"


ENVELOPES_OF_NOTHING: list[dict[str, object]] = [
    {},
    {"Message": "success"},
    {"Message": {"eventType": "Bounce"}},
    {"body": "{}"},
    {"data": "eA=="},
    {"Records": None},
    {"Records": {"0": {}}},
    {"Messages": "none"},
    {"Sns": "text"},
    {"Body": 7},
    {"Body": None},
    {"ses": "text"},
    {"eventSource": "aws:sqs"},
    {"eventSource": "aws:sqs", "body": None},
    {"Type": "Notification"},
    {"Type": "Notification", "TopicArn": TOPIC, "Message": None},
    {"TopicArn": TOPIC, "Message": 7},
    {"Type": 7, "TopicArn": [TOPIC]},
    {"detail-type": None},
]


@pytest.mark.parametrize("payload", ENVELOPES_OF_NOTHING)
def test_an_object_of_somebody_elses_is_an_unknown_event(payload: dict[str, object]) -> None:
    """It can be read, so it is no ParseError."""
    event = parse_event(payload)
    assert isinstance(event, events.UnknownEvent)
    assert (event.kind, event.channel, event.mail, event.timestamp) == ("Unknown", None, None, None)
    assert event.raw == payload


def test_unknown_events_without_mail_and_time_are_told_apart_by_all_they_hold() -> None:
    """The order of fields apart."""
    keys = {parse_event(payload).key for payload in ENVELOPES_OF_NOTHING}
    assert len(keys) == len(ENVELOPES_OF_NOTHING)
    assert parse_event('{"a": 1, "b": "é"}').key == parse_event('{"b":"\\u00e9","a":1}').key
    assert parse_event({"a": object()}).key.startswith("Unknown:")


@pytest.mark.parametrize(
    ("payload", "told"),
    [
        ("", "neither JSON"),
        (" \n", "neither JSON"),
        ("My first message.", "neither JSON"),
        ("'eventType'", "neither JSON"),
        ("Successfully", "neither JSON"),
        ('{"eventType":"Bounce"', "not whole JSON"),
        ('{"eventType":"Bounce"} and more', "Record 2 of the payload is not whole"),
        ("[1", "not whole JSON"),
        ("null", "type NoneType"),
        ("7", "type int"),
        ("1e5", "type float"),
        ("true", "type bool"),
        ("NaN", "type float"),
        ('"text"', "neither JSON"),
        ("[7]", "type int"),
        ('{"Records":[null]}', "type NoneType"),
        ('{"TopicArn":"a","Message":"Alarm!"}', "neither JSON"),
        ('{"recordId":"1","data":"e30=!"}', "not base64"),
        ('{"recordId":"1","data":"/w=="}', "not UTF-8"),
        (b"\xff\xfe{}", "not UTF-8"),
        (b'{"eventType":"\xed\xa0\x80"}', "not UTF-8"),
        ("[" * 100_000, "too deeply"),
        ('{"a":' * 100_000, "too deeply"),
        ('{"Message":"\\ud800","a":' + "[" * 5_000 + "]" * 5_000 + "}", "too deeply"),
        ('{"eventType":' + "9" * 5_000 + "}", "not whole JSON"),
        (None, "type NoneType"),
        (7, "type int"),
        (b"", "neither JSON"),
    ],
)
def test_what_cannot_be_read_is_a_parse_error(payload: Any, told: str) -> None:
    """It says why, and shows nothing of the payload."""
    with pytest.raises(ParseError, match=told) as caught:
        parse_events(payload)
    assert "Alarm" not in str(caught.value)
    assert caught.value.__cause__ is None
    assert caught.value.__suppress_context__ or caught.value.__context__ is None


def test_envelopes_have_an_end() -> None:
    """A payload that is wrapped for ever is refused, one that holds itself too."""
    payload: Any = sample("event/send.json")
    for _ in range(6):
        payload = WRAPPINGS["sns"](payload)
    assert parse_event(payload).kind == "Send"
    for _ in range(6):
        payload = WRAPPINGS["sns of an object"](payload)
    with pytest.raises(ParseError, match="envelopes in envelopes"):
        parse_event(payload)
    payload["Message"] = payload
    with pytest.raises(ParseError, match="too deeply"):
        parse_event(payload)


@pytest.mark.parametrize("name", ["sqs/receive.json", "lambda/sqs.json", "firehose/lines.jsonl"])
def test_parse_event_takes_exactly_one(name: str) -> None:
    """It names the function for several."""
    with pytest.raises(ParseError, match="Use parse_events"):
        parse_event((SAMPLES / name).read_text())


@pytest.mark.parametrize(
    "payload", [{"Records": []}, {"Messages": []}, "[]", {"ResponseMetadata": {}}]
)
def test_nothing_is_no_event(payload: Any) -> None:
    """A receive that found nothing is no error, unless exactly one was asked for."""
    assert parse_events(payload) == ()
    with pytest.raises(ParseError, match="no events"):
        parse_event(payload)


def test_lines_may_be_any_way_apart() -> None:
    """Firehose writes a newline after each record, and its user may add or lose some."""
    line = json.dumps(sample("event/send.json"))
    for between in ("\n", "\r\n", "", "\n\n  \n"):
        assert len(parse_events(between.join([line, line, line]) + between)) == 3


def test_many_lines_cost_as_much_as_they_are_long() -> None:
    """Each record is looked at by itself: half a megabyte of small ones is read at once."""
    line = json.dumps({"eventType": "Send", "mail": {"messageId": "\ud83d"}}) + "\n"
    found = parse_events(line * 8_000)
    assert len(found) == 8_000
    assert {event.mail.message_id for event in found if event.mail is not None} == {"\ufffd"}


def test_the_callers_mapping_is_left_alone() -> None:
    """It is neither changed nor kept."""
    for name in ("lambda/sqs.json", "sqs/receive.json", "event/click.json"):
        payload = sample(name)
        before = copy.deepcopy(payload)
        [event, *_] = parse_events(payload)
        assert payload == before
        payload.clear()
        assert event.raw
    record = sample("event/click.json")
    event = parse_event(record)
    record["mail"]["tags"].clear()
    assert event.raw == sample("event/click.json")


def frozen(value: object) -> Any:
    """Read-only mappings with a key that is no string, and tuples."""
    if isinstance(value, dict):
        fields = cast("dict[object, object]", value).items()
        return MappingProxyType({7: 8, **{name: frozen(item) for name, item in fields}})
    if isinstance(value, list):
        return tuple(frozen(item) for item in cast("list[object]", value))
    return value


def test_any_mapping_will_do() -> None:
    """Read-only ones, with tuples in them and keys that are no strings."""
    payload = sample("lambda/sqs.json")
    assert parse_events(frozen(payload)) == parse_events(payload)
    record = sample("event/click.json")
    event = parse_event(frozen(record))
    assert event == parse_event(record)
    assert event.raw == record


def test_halves_of_surrogate_pairs_are_mended() -> None:
    """SES cuts long headers, perhaps through an emoji; what is left could not be stored."""
    record = sample("event/send.json")
    record["mail"]["messageId"] = "half \ud83d"
    record["mail"]["tags"]["\udc00"] = ["\ud83d\ude00"]
    for payload in (record, json.dumps(record), WRAPPINGS["sns"](record)):
        mail = parse_event(payload).mail
        assert mail is not None
        assert mail.message_id == "half \ufffd"
        assert "\ufffd" in mail.tags
        json.dumps(dict(mail.tags), ensure_ascii=False).encode()
    raw = json.dumps(sample("event/send.json"), ensure_ascii=False).replace("4711", "4711 \ud83d")
    mail = parse_event(raw).mail
    assert mail is not None
    assert mail.header("Subject") == "Your order 4711 \ufffd"
    emoji = json.dumps(sample("event/send.json")).replace("4711", "\\ud83d\\ude00")
    mail = parse_event(emoji).mail
    assert mail is not None
    assert mail.header("Subject") == "Your order \U0001f600"


def test_surrogates_in_an_envelope_are_mended_too() -> None:
    """An ARN with one is none."""
    envelope = WRAPPINGS["sns"](sample("event/send.json"))
    envelope["TopicArn"] = "arn\ud800"
    assert parse_event(json.dumps(envelope)).topic_arn is None
    envelope["Type"], envelope["Token"] = "SubscriptionConfirmation", "\ud800"
    confirmation = parse_event(json.dumps(envelope))
    assert isinstance(confirmation, events.SubscriptionConfirmation)
    assert confirmation.token == "\ufffd"


def test_a_doubled_field_is_read_once() -> None:
    """The last one stands, as in every JSON reader of Python's."""
    text = '{"eventType":"Send","eventType":"Reject","reject":{"reason":"Bad content"}}'
    assert parse_event(text).kind == "Reject"


@given(
    st.recursive(
        st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
        lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
    )
)
def test_any_json_is_events_or_a_parse_error(value: object) -> None:
    """Nothing else ever leaves."""
    fuzz_payloads.tried(json.dumps(value))


@given(st.text() | st.binary())
def test_any_text_is_events_or_a_parse_error(payload: str | bytes) -> None:
    """Nothing else ever leaves."""
    fuzz_payloads.tried(payload)


def test_mutated_payloads_are_events_or_a_parse_error() -> None:
    """100,000 damaged payloads; tests/fuzz_payloads.py tries as many as you like."""
    outcomes = fuzz_payloads.campaign(100_000, seed=20_251_103)
    assert outcomes.total() >= 100_000
    assert outcomes["ParseError"] > 1_000
    assert {"Bounce", "Complaint", "Delivery", "Unknown", "SetupNotice"} <= outcomes.keys()
