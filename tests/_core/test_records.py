"""SES's records, one of each kind, and all that may be wrong in one."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import UTC, datetime
from random import Random
from typing import Any, cast

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sesguard import events
from sesguard._core.payloads import parse_event
from sesguard._core.records import event_of
from sesguard.addresses import read_leniently
from tests.fuzz_payloads import SAMPLES, sample

TOPIC = "arn:aws:sns:eu-central-1:000123456789:ses-feedback"
SNS_ID = "1b2c3d4e-5f60-5718-9293-a4b5c6d7e8f9"
MESSAGE_ID = "0107019a2b3c4d5e-1f2e3d4c-5b6a-4798-8081-92a3b4c5d6e7-000000"
FEEDBACK_ID = "0107019a2b3c5f60-0a1b2c3d-4e5f-4061-8273-849506172839-000000"
VALIDATION = "Successfully validated SNS topic for Amazon SES event publishing."

RECORDS = [
    f"{folder}/{path.name}"
    for folder in ("event", "notification")
    for path in sorted((SAMPLES / folder).iterdir())
]


def only(name: str) -> Any:
    return parse_event(sample(name))


def test_bounce() -> None:
    """All that SES says of a bounce is read."""
    bounce = only("notification/bounce-permanent-general.json")
    assert isinstance(bounce, events.Bounce)
    assert (bounce.bounce_type, bounce.bounce_sub_type) == ("Permanent", "General")
    assert bounce.feedback_id == FEEDBACK_ID
    assert bounce.key == f"Bounce:{FEEDBACK_ID}"
    assert bounce.timestamp == datetime(2025, 11, 3, 9, 15, 2, 480_000, tzinfo=UTC)
    assert bounce.reporting_mta == "dns; a7-30.smtp-out.eu-central-1.amazonses.com"
    assert bounce.remote_mta_ip == "203.0.113.9"
    [recipient] = bounce.bounced_recipients
    assert recipient.email_address == "Ann@Example.org"
    assert recipient.key == "ann@example.org"
    assert recipient.in_destination is True
    assert (recipient.action, recipient.status) == ("failed", "5.1.1")
    assert recipient.diagnostic_code == "smtp; 550 5.1.1 no such user here"


def test_mail() -> None:
    """All that SES says of the mail is read."""
    mail = only("notification/bounce-permanent-general.json").mail
    assert mail.message_id == MESSAGE_ID
    assert mail.timestamp == datetime(2025, 11, 3, 9, 15, 0, 120_000, tzinfo=UTC)
    assert mail.source == '"Shop" <orders@shop.example>'
    assert mail.source_arn == "arn:aws:ses:eu-central-1:000123456789:identity/shop.example"
    assert (mail.source_ip, mail.caller_identity) == ("198.51.100.7", "mailer")
    assert mail.sending_account_id == "000123456789"
    assert mail.destination == ("Ann Other <ann@example.org>", "bob@example.net")
    assert mail.headers_truncated is False
    assert mail.header("subject") == "Your order 4711"
    assert mail.common_headers.message_id == "<order-4711@shop.example>"
    assert mail.common_headers.subject == "Your order 4711"
    assert dict(mail.tags) == {}
    tagged = only("event/bounce-permanent-general.json").mail
    assert tagged.tag("ses:configuration-set") == "shop"
    assert tagged.common_headers.message_id == MESSAGE_ID


def test_complaint() -> None:
    """All that SES says of a complaint is read."""
    complaint = only("notification/complaint.json")
    assert isinstance(complaint, events.Complaint)
    assert (complaint.complaint_feedback_type, complaint.complaint_sub_type) == ("abuse", None)
    assert complaint.user_agent == "ExampleCorp Feedback Loop (V0.01)"
    assert complaint.arrival_date == datetime(2025, 11, 3, 9, 15, 1, tzinfo=UTC)
    assert [one.key for one in complaint.complained_recipients] == [
        "ann@example.org",
        "bob@example.org",
    ]
    assert only("event/complaint-on-account-list.json").complaint_sub_type == (
        "OnAccountSuppressionList"
    )


def test_delivery() -> None:
    """A delivery names its recipients as plain strings."""
    delivery = only("notification/delivery.json")
    assert isinstance(delivery, events.Delivery)
    assert delivery.processing_time_millis == 1780
    assert delivery.smtp_response == "250 2.6.0 Message received"
    assert delivery.reporting_mta == "a7-30.smtp-out.eu-central-1.amazonses.com"
    assert delivery.remote_mta_ip == "203.0.113.9"
    [recipient] = delivery.recipients
    assert (recipient.email_address, recipient.in_destination) == ("ann@example.org", True)
    assert (recipient.action, recipient.status, recipient.diagnostic_code) == (None, None, None)


def test_send_and_reject() -> None:
    """They happened when the mail was sent."""
    send, reject = only("event/send.json"), only("event/reject.json")
    assert isinstance(send, events.Send)
    assert send.timestamp == datetime(2025, 11, 3, 9, 15, 0, 120_000, tzinfo=UTC)
    assert isinstance(reject, events.Reject)
    assert reject.reason == "Bad content"


def test_open_and_click() -> None:
    """They name nobody but a machine."""
    opened, clicked = only("event/open.json"), only("event/click.json")
    assert isinstance(opened, events.Open)
    assert (opened.ip_address, opened.user_agent) == ("203.0.113.77", "Mozilla/5.0")
    assert opened.is_bot_event == "Unlikely"
    assert isinstance(clicked, events.Click)
    assert (clicked.ip_address, clicked.user_agent) == ("203.0.113.77", "Mozilla/5.0")
    assert clicked.is_bot_event == "Likely"
    assert clicked.link == "https://shop.example/orders/4711?who=ann"
    assert clicked.link_tags == {"place": ("footer",), "colour": ("red", "blue")}


def test_rendering_failure() -> None:
    """SES writes the kind with a space, and the body under another name."""
    failure = only("event/rendering-failure.json")
    assert isinstance(failure, events.RenderingFailure)
    assert failure.kind == "RenderingFailure"
    assert failure.template_name == "OrderConfirmed"
    assert failure.error_message == "Attribute 'name' is not present in the rendering data."


def test_delivery_delay() -> None:
    """SES goes on trying until then."""
    delay = only("event/delivery-delay.json")
    assert isinstance(delay, events.DeliveryDelay)
    assert delay.delay_type == "MailboxFull"
    assert delay.expiration_time == datetime(2025, 11, 3, 23, 15, 0, 120_000, tzinfo=UTC)
    assert delay.reporting_mta == "203.0.113.30"
    assert delay.delayed_recipients[0].status == "4.2.2"


def test_subscription() -> None:
    """What a contact wanted, and wants."""
    subscription = only("event/subscription.json")
    assert isinstance(subscription, events.Subscription)
    assert (subscription.contact_list, subscription.source) == ("Customers", "UnsubscribeHeader")
    new, old = subscription.new_topic_preferences, subscription.old_topic_preferences
    assert new is not None
    assert old is not None
    assert (new.unsubscribe_all, old.unsubscribe_all) == (True, False)
    assert new.topic_subscription_status == {"Offers": "OptOut"}
    assert new.topic_default_subscription_status == {"News": "OptIn"}
    assert old.topic_subscription_status == {"Offers": "OptIn"}
    record = {"eventType": "Subscription", "subscription": {"newTopicPreferences": None}}
    bare = parse_event(record)
    assert isinstance(bare, events.Subscription)
    assert bare.new_topic_preferences is None


def test_confirmations() -> None:
    """SNS's own questions carry their token, and are of no channel."""
    confirmation = only("sns/subscription-confirmation.json")
    assert isinstance(confirmation, events.SubscriptionConfirmation)
    assert confirmation.token == "2336412f37fb687f5d51e6e2425a"
    assert confirmation.subscribe_url is not None
    assert "Action=ConfirmSubscription" in confirmation.subscribe_url
    assert confirmation.message is not None
    assert confirmation.timestamp == datetime(2025, 11, 3, 9, 15, 3, 1000, tzinfo=UTC)
    assert (confirmation.topic_arn, confirmation.sns_message_id) == (TOPIC, SNS_ID)
    assert confirmation.token not in repr(confirmation) + confirmation.key
    assert isinstance(only("sns/unsubscribe-confirmation.json"), events.UnsubscribeConfirmation)
    without_topic = sample("sns/subscription-confirmation.json")
    del without_topic["TopicArn"]
    assert parse_event(without_topic).kind == "SubscriptionConfirmation"
    as_lambda_spells = sample("sns/subscription-confirmation.json")
    as_lambda_spells["SubscribeUrl"] = as_lambda_spells.pop("SubscribeURL")
    assert parse_event(as_lambda_spells).key == confirmation.key
    told = parse_event(as_lambda_spells)
    assert isinstance(told, events.SubscriptionConfirmation)
    assert told.subscribe_url == confirmation.subscribe_url


def test_setup_notices() -> None:
    """SES says two sentences when a topic is set up, one of them not in JSON."""
    notice = parse_event(VALIDATION + "\n")
    assert isinstance(notice, events.SetupNotice)
    assert (notice.message, notice.timestamp) == (VALIDATION, None)
    wrapped = only("sns/validation.json")
    assert wrapped.message == VALIDATION
    assert wrapped.timestamp == datetime(2025, 11, 3, 9, 15, 3, 1000, tzinfo=UTC)
    assert (wrapped.topic_arn, wrapped.sns_message_id) == (TOPIC, SNS_ID)
    succeeded = only("sns/setup.json")
    assert isinstance(succeeded, events.SetupNotice)
    assert succeeded.message is not None
    assert succeeded.message.startswith("You have successfully subscribed")
    assert succeeded.timestamp == wrapped.timestamp
    assert succeeded.key != wrapped.key


def test_what_ses_says_beside_mail_is_an_unknown_event() -> None:
    """EventBridge brings things of other kinds: they keep the envelope, and its time."""
    advice = only("eventbridge/advisor.json")
    assert isinstance(advice, events.UnknownEvent)
    assert advice.raw["source"] == "aws.ses"
    assert advice.timestamp == datetime(2025, 11, 3, 9, 15, 4, tzinfo=UTC)
    assert advice.mail is None
    assert only("eventbridge/sending-status.json").key != advice.key


def test_two_events_of_one_second_without_a_mail_are_two() -> None:
    """SES may have two things to say at once. The same one that comes again is one."""
    first, second = sample("eventbridge/advisor.json"), sample("eventbridge/advisor.json")
    second["resources"] = ["arn:aws:ses:eu-west-1:111122223333:identity/other.example"]
    assert first["time"] == second["time"]
    assert parse_event(first).key != parse_event(second).key
    assert parse_event(first).key == parse_event(json.dumps(first)).key


def test_a_kind_of_tomorrow_is_an_unknown_event() -> None:
    """It has its mail, its time and the whole record."""
    pigeon = only("event/of-tomorrow.json")
    assert isinstance(pigeon, events.UnknownEvent)
    assert pigeon.mail is not None
    assert pigeon.timestamp == pigeon.mail.timestamp
    assert pigeon.raw["carrierPigeon"] == {"timestamp": "2025-11-03T09:15:02.480Z", "height": 120}


def test_inbound_mail_is_an_unknown_event() -> None:
    """It is read as far as all events are, through SNS and through Lambda."""
    for name in ("notification/received.json", "lambda/ses.json"):
        received = only(name)
        assert isinstance(received, events.UnknownEvent)
        assert received.mail is not None
        assert received.mail.message_id == "q1w2e3r4t5z6"
        assert [one.key for one in received.recipients] == ["help@shop.example"]


def test_a_record_that_does_not_say_what_it_is_stays_unknown() -> None:
    """It has what all events have, and nothing is guessed."""
    bounce = sample("event/bounce-permanent-general.json")
    del bounce["eventType"]
    event = parse_event(bounce)
    assert isinstance(event, events.UnknownEvent)
    assert (event.kind, event.channel, len(event.recipients)) == ("Unknown", None, 2)
    assert event.mail is not None
    assert event.mail.message_id == MESSAGE_ID


@pytest.mark.parametrize(
    ("said", "kind"),
    [
        ("Rendering Failure", "RenderingFailure"),
        ("RenderingFailure", "RenderingFailure"),
        ("RENDERING_FAILURE", "RenderingFailure"),
        ("renderingFailure", "RenderingFailure"),
        ("DELIVERY_DELAY", "DeliveryDelay"),
        ("bounce", "Bounce"),
        (" Bounce\n", "Bounce"),
        ("Carrier Pigeon", "CarrierPigeon"),
        ("NEW_KIND", "NEW_KIND"),
        ("", "Unknown"),
        ("ann@example.org", "Unknown"),
        ("x" * 65, "Unknown"),
        ("Bounce\x1b[31m", "Unknown"),
        (7, "Unknown"),
        (["Bounce"], "Unknown"),
        ({"Bounce": 1}, "Unknown"),
    ],
)
def test_kinds_are_read_in_every_spelling(said: object, kind: str) -> None:
    """The wire, the API and the manual spell them differently."""
    assert parse_event({"eventType": said}).kind == kind
    assert parse_event({"notificationType": said}).kind == kind


def test_an_event_type_speaks_before_a_notification_type() -> None:
    """A null one does not speak."""
    both = {"eventType": "Send", "notificationType": "Bounce"}
    assert (parse_event(both).kind, parse_event(both).channel) == ("Send", "event")
    both["eventType"] = None  # type: ignore[assignment]
    assert (parse_event(both).kind, parse_event(both).channel) == ("Bounce", "notification")


def test_eventbridge_tells_the_kind_of_a_record_that_does_not() -> None:
    """Only where it is SES that says so."""
    envelope = sample("eventbridge/rendering-failed-untyped.json")
    assert parse_event(envelope).channel == "event"
    envelope["source"] = "my.application"
    foreign = parse_event(envelope)
    assert isinstance(foreign, events.UnknownEvent)
    assert (foreign.kind, foreign.channel) == ("EmailRenderingFailed", None)
    envelope["detail"]["eventType"] = "Rendering Failure"
    assert isinstance(parse_event(envelope), events.RenderingFailure)
    assert parse_event({"detail-type": 7, "detail": {}}).kind == "Unknown"
    assert parse_event({"detail-type": "Email Bounced", "detail": "text"}).kind == "EmailBounced"


WRONG: list[object] = [None, 7, "text", [None], {}]


def spoilt(value: object, wrong: object) -> Iterator[object]:
    """The value with one of its parts in turn replaced."""
    yield wrong
    if isinstance(value, dict):
        fields = cast("dict[str, object]", value)
        for name, item in fields.items():
            yield from ({**fields, name: bad} for bad in spoilt(item, wrong))
    elif isinstance(value, list) and value:
        yield from ([bad] for bad in spoilt(cast("list[object]", value)[0], wrong))


@pytest.mark.parametrize("name", RECORDS)
def test_wrong_types_count_as_absent(name: str) -> None:
    """Each value of a record in turn is of every wrong type, and the record still reads."""

    record = sample(name)
    name_of_kind = "eventType" if "eventType" in record else "notificationType"
    kind = parse_event(record).kind
    for wrong in WRONG:
        for payload in spoilt(record, wrong):
            if isinstance(payload, dict) and payload:
                event = parse_event(cast("dict[str, object]", payload))
                assert event.kind == kind or payload[name_of_kind] is not record[name_of_kind]
                assert "@" not in event.key + repr(event)


BOB = "bob@example.org"
RECIPIENTS: list[tuple[object, list[str]]] = [
    ([{"emailAddress": " Ann <ann@example.org> "}], ["ann@example.org"]),
    (["bob@example.org", {"emailAddress": "ann@example.org"}], [BOB, "ann@example.org"]),
    ([{"foo": "bar"}, {}, None, 7, {"emailAddress": None}, {"emailAddress": " "}, ""], []),
    ([{"emailAddress": "no address"}], ["no address"]),
    ({"emailAddress": "ann@example.org"}, []),
    ("ann@example.org", []),
    (None, []),
]  # fmt: skip


@pytest.mark.parametrize(("value", "addresses"), RECIPIENTS)
def test_recipients_are_bare_and_trimmed(value: object, addresses: list[str]) -> None:
    """Those that have nothing to be known by are left out."""
    record = {"eventType": "Bounce", "bounce": {"bouncedRecipients": value}}
    found = parse_event(record).recipients
    assert [one.email_address for one in found] == addresses
    assert [one.key for one in found] == [read_leniently(text)[1] for text in addresses]
    assert [one.in_destination for one in found] == [None] * len(addresses)


@pytest.mark.parametrize(
    ("bounced", "destination", "flag"),
    [
        ("ann@example.org", ["ann@example.org"], True),
        ("ann@example.org", ["Ann <ann@example.org>"], True),
        ("ANN@example.org", ["ann@EXAMPLE.org", "bob@example.org"], True),
        ("Ann <ann@example.org>", ["ann@example.org"], True),
        ("ann@strasse.example", ["ann@straße.example"], False),
        ("ann@xn--strae-oqa.example", ["ann@straße.example"], True),
        ("ann+tag@example.org", ["ann@example.org"], False),
        ("forwarded@example.net", [f"user{n}@example.org" for n in range(50)], False),
        ("user49@example.org", [f"user{n}@example.org" for n in range(50)], True),
        ("USER49@example.org", [f"user{n}@example.org" for n in range(50)], True),
        ("ann@example.org", [], None),
        ("ann@example.org", None, None),
    ],
)
def test_a_recipient_that_was_not_mailed_is_flagged(
    bounced: str, destination: object, flag: bool | None
) -> None:
    """By its mailbox, in whichever spelling; None where the event does not tell."""
    record = {
        "eventType": "Bounce",
        "mail": {"destination": destination},
        "bounce": {"bouncedRecipients": [{"emailAddress": bounced}]},
    }
    assert [one.in_destination for one in parse_event(record).recipients] == [flag]


@given(st.emails() | st.text(max_size=40) | st.from_regex(r"[a-z0-9_+.-]{1,9}@[a-z0-9.-]{1,9}"))
def test_an_address_is_known_as_everywhere(text: str) -> None:
    """What is read without `read_leniently`, for speed, reads the same with it."""
    address, key = read_leniently(text)
    [found] = event_of(
        {"eventType": "Delivery", "delivery": {"recipients": [text]}}
    ).recipients or [None]
    if found is None:
        assert key == ""
    else:
        assert (found.email_address, found.key) == (address, key)


def shuffled(value: object, random: Random) -> object:
    """The same value with its fields in another order."""
    if isinstance(value, dict):
        fields = list(cast("dict[str, object]", value).items())
        random.shuffle(fields)
        return {name: shuffled(item, random) for name, item in fields}
    if isinstance(value, list):
        return [shuffled(item, random) for item in cast("list[object]", value)]
    return value


@pytest.mark.parametrize("seed", range(20))
@pytest.mark.parametrize("name", ["event/click.json", "event/delivery.json", "event/send.json"])
def test_a_key_does_not_depend_on_how_json_is_written(name: str, seed: int) -> None:
    """Field order, spaces, Unicode escapes and the spelling of time zones make no difference."""
    random = Random(seed)
    record = sample(name)
    text = json.dumps(
        shuffled(record, random),
        indent=random.choice([None, 1, 4]),
        ensure_ascii=random.random() < 0.5,
    )
    text = text.replace("09:31:00.500Z", "10:31:00.5+01:00").replace("example", "ex\\u0061mple")
    assert text != json.dumps(record)
    assert parse_event(text).key == parse_event(record).key


def test_a_key_is_the_same_through_both_channels() -> None:
    """An identity's topic and a configuration set's bring one bounce in two shapes."""
    notification = sample("notification/delivery.json")
    event = {"eventType": "Delivery", **{k: notification[k] for k in ("mail", "delivery")}}
    assert parse_event(notification).key == parse_event(event).key
    bounce = sample("event/bounce-permanent-general.json")
    assert parse_event({"notificationType": "Bounce", **bounce, "eventType": None}).key == (
        f"Bounce:{FEEDBACK_ID}"
    )
