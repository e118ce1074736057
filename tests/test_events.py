"""Events as values: what they show, what they are known by, and that they can be stored."""

from __future__ import annotations

import pickle
from dataclasses import FrozenInstanceError, fields
from datetime import UTC, datetime
from typing import get_args

import pytest

from sesguard import events
from sesguard.addresses import AddressKey

NOON = datetime(2025, 11, 3, 12, tzinfo=UTC)
ANN = events.Recipient(
    email_address="Ann@example.org",
    key=AddressKey("ann@example.org"),
    in_destination=True,
    action="failed",
    status="5.1.1",
    diagnostic_code="smtp; 550 5.1.1 <ann@example.org> unknown",
)
MAIL = events.Mail(
    message_id="0107-1",
    timestamp=NOON,
    source="shop@example.com",
    destination=("Ann <ann@example.org>",),
    raw={
        "tags": {"sesguard-stream": ["receipts"], "empty": []},
        "headersTruncated": False,
        "headers": [
            {"name": "Subject", "value": "Private"},
            {"name": "X-Twice", "value": "one"},
            {"name": "x-twice", "value": "two"},
            {"name": "X-Broken"},
            {"name": 7, "value": "seven"},
            "no header",
        ],
        "commonHeaders": {
            "from": ["shop@example.com"],
            "to": ["Ann <ann@example.org>, Bob <bob@example.org>"],
            "replyTo": "help@example.com",
            "returnPath": "bounces@example.com",
            "date": "Mon, 03 Nov 2025 12:00:00 +0000",
            "subject": "Private",
            "messageId": "0107-1",
        },
    },
)
KINDS: tuple[type[events.Event], ...] = get_args(events.Event)


@pytest.mark.parametrize("kind", KINDS)
def test_every_kind_stands_alone(kind: type[events.Event]) -> None:
    """An event can be built of nothing, is known by SES's name, pickles, and cannot be changed."""
    event = kind()
    assert event.kind == {"UnknownEvent": "Unknown"}.get(kind.__name__, kind.__name__)
    assert event.key.startswith(f"{event.kind}:")
    assert pickle.loads(pickle.dumps(event)) == event
    assert hash(event) == hash(kind())
    with pytest.raises(FrozenInstanceError):
        event.channel = "event"  # type: ignore[misc]


@pytest.mark.parametrize("kind", KINDS)
def test_repr_shows_counts_and_ids_only(kind: type[events.Event]) -> None:
    """Neither addresses nor links nor diagnostics are shown, and ids are shown if they are ids."""
    given: dict[str, object] = {
        "mail": MAIL, "timestamp": NOON, "recipients": (ANN,), "raw": {"to": "ann@example.org"},
    }  # fmt: skip
    texts = {field.name for field in fields(kind) if field.init} - given.keys()
    for name in texts & {"bounce_type", "feedback_id", "delay_type", "sns_message_id"}:
        given[name] = "A-Word"
    for name in texts - given.keys() - {"link_tags", "arrival_date", "expiration_time"}:
        given[name] = "secret ann@example.org"
    shown = repr(kind(**given))  # type: ignore[arg-type]
    assert "ann" not in shown.lower()
    assert "secret" not in shown
    assert "<1 recipients>" in shown
    assert "'0107-1'" in shown
    assert "2025-11-03T12:00:00+00:00" in shown
    assert kind().__repr__().startswith(f"{kind.__name__}(")


def test_parts_show_no_addresses() -> None:
    """A recipient and a mail say what they are without saying who."""
    assert repr(ANN) == "Recipient(in_destination=True)"
    assert repr(MAIL) == "Mail(message_id='0107-1', <1 recipients>)"
    assert repr(MAIL.common_headers) == "CommonHeaders()"
    assert repr(events.Mail(message_id="ann@example.org")) == (
        "Mail(message_id=<hidden>, <0 recipients>)"
    )
    assert repr(events.Mail()) == "Mail(message_id=None, <0 recipients>)"


def test_bounce_and_complaint_are_known_by_their_feedback_id() -> None:
    """SES gives them an id, which all channels share."""
    assert events.Bounce(feedback_id="0107-f").key == "Bounce:0107-f"
    assert events.Complaint(feedback_id="0107-f").key == "Complaint:0107-f"
    bounce = events.Bounce(feedback_id="0107-f", topic_arn="arn", sns_message_id="1", mail=MAIL)
    assert bounce.key == "Bounce:0107-f"


def test_a_feedback_id_that_is_none_is_not_shown() -> None:
    """An address in the place of an id never stands in a key, and still tells two apart."""
    one, other = (
        events.Bounce(feedback_id=text).key for text in ("ann@example.org", "bob@example.org")
    )
    assert one != other
    assert "@" not in one + other


def test_others_are_known_by_mail_time_and_recipients() -> None:
    """Whatever of these differs makes another event; the envelope's own data does not."""
    delivery = events.Delivery(mail=MAIL, timestamp=NOON, recipients=(ANN,))
    assert len(delivery.key) == len("Delivery:") + 64
    again = events.Delivery(
        mail=MAIL, timestamp=NOON, recipients=(ANN,), sns_message_id="other", topic_arn="other"
    )
    assert again.key == delivery.key
    different = [
        events.Send(mail=MAIL, timestamp=NOON, recipients=(ANN,)),
        events.Delivery(mail=events.Mail(message_id="0107-2"), timestamp=NOON, recipients=(ANN,)),
        events.Delivery(mail=MAIL, timestamp=NOON.replace(hour=13), recipients=(ANN,)),
        events.Delivery(mail=MAIL, timestamp=NOON),
        events.Delivery(timestamp=NOON, recipients=(ANN,)),
    ]
    assert len({event.key for event in [delivery, *different]}) == 6


def test_the_order_of_recipients_is_not_part_of_a_key() -> None:
    """SES promises no order."""
    bob = events.Recipient(email_address="bob@example.org", key=AddressKey("bob@example.org"))
    assert events.Delivery(recipients=(ANN, bob)).key == events.Delivery(recipients=(bob, ANN)).key


def test_opens_and_clicks_are_told_apart() -> None:
    """One mail may be opened and clicked many times, in one second too."""
    opens = {events.Open(mail=MAIL, ip_address=ip).key for ip in ("192.0.2.1", "192.0.2.2", None)}
    clicks = {
        events.Click(mail=MAIL, ip_address=ip, link=link).key
        for ip in ("192.0.2.1", "192.0.2.2")
        for link in ("https://example.com/1", "https://example.com/2")
    }
    assert len(opens) == 3
    assert len(clicks) == 4


def test_confirmations_are_known_by_their_token() -> None:
    """The token is in the key as a hash only."""
    keys = {
        kind(token=token).key
        for kind in (events.SubscriptionConfirmation, events.UnsubscribeConfirmation)
        for token in ("1", "2")
    }
    assert len(keys) == 4


def test_headers_are_read_when_asked_for() -> None:
    """Pairs in their order, without those that are none; names match in any case."""
    assert MAIL.headers == (("Subject", "Private"), ("X-Twice", "one"), ("x-twice", "two"))
    assert MAIL.header("SUBJECT") == "Private"
    assert MAIL.header("x-TWICE") == "one"
    assert MAIL.header("To") is None
    assert events.Mail().headers == ()
    assert (MAIL.headers_truncated, events.Mail().headers_truncated) == (False, None)


def test_common_headers_are_those_that_ses_reads() -> None:
    """Lists stay lists, and what is missing is None or empty."""
    assert MAIL.common_headers == events.CommonHeaders(
        from_=("shop@example.com",),
        to=("Ann <ann@example.org>, Bob <bob@example.org>",),
        reply_to=("help@example.com",),
        return_path="bounces@example.com",
        date="Mon, 03 Nov 2025 12:00:00 +0000",
        subject="Private",
        message_id="0107-1",
    )
    assert events.Mail().common_headers is None
    assert events.Mail(raw={"commonHeaders": {}}).common_headers == events.CommonHeaders()
    absences: tuple[object, ...] = (None, "x", [])
    for absent in absences:
        assert events.Mail(raw={"commonHeaders": absent}).common_headers is None


def test_a_tag_is_its_first_value() -> None:
    """SES sends lists of one."""
    assert MAIL.tag("sesguard-stream") == "receipts"
    assert MAIL.tag("empty") is None
    assert MAIL.tag("other") is None
    assert dict(MAIL.tags) == {"sesguard-stream": ("receipts",), "empty": ()}
    assert dict(events.Mail().tags) == {}


def test_recipients_have_sess_name_too() -> None:
    """Bounced, complained and delayed recipients are the event's recipients."""
    assert events.Bounce(recipients=(ANN,)).bounced_recipients == (ANN,)
    assert events.Complaint(recipients=(ANN,)).complained_recipients == (ANN,)
    assert events.DeliveryDelay(recipients=(ANN,)).delayed_recipients == (ANN,)
