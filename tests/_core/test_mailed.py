"""Mails that SES forwards, and all other mails."""

from __future__ import annotations

import json
import pickle
import time
import tracemalloc
from datetime import UTC, datetime
from random import Random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sesguard import FeedbackPolicy, events, stores
from sesguard._core.mailed import parse_mail
from sesguard._core.payloads import parse_event
from sesguard.errors import ParseError
from sesguard.suppression import Ignore
from tests.fuzz_payloads import sample
from tests.mails import MAILS, a_complaint, a_report, mail

MESSAGE_ID = "0107019a2b3c4d5e-1f2e3d4c-5b6a-4798-8081-92a3b4c5d6e7-000000"
FEEDBACK = sorted(path.name for path in MAILS.iterdir() if path.name.startswith(("b", "c")))
OTHERS = sorted(path.name for path in MAILS.iterdir() if path.name not in FEEDBACK)


def only(message: bytes) -> events.Event:
    [event] = parse_mail(message)
    return event


def test_a_bounce_says_what_its_notification_says() -> None:
    """The event is that of SES's JSON for the same bounce, but for what mail does not tell."""
    mailed = only(mail("bounce-permanent.eml"))
    noticed = parse_event(sample("notification/bounce-permanent-general.json"))
    assert isinstance(mailed, events.Bounce)
    assert isinstance(noticed, events.Bounce)
    for name in ("kind", "bounce_type", "bounce_sub_type", "reporting_mta", "remote_mta_ip"):
        assert getattr(mailed, name) == getattr(noticed, name)
    [ours], [theirs] = mailed.bounced_recipients, noticed.bounced_recipients
    for name in ("email_address", "key", "action", "status", "diagnostic_code"):
        assert getattr(ours, name) == getattr(theirs, name)
    assert mailed.timestamp == datetime(2025, 11, 3, 9, 15, 2, tzinfo=UTC)
    assert mailed.mail is not None
    assert noticed.mail is not None
    assert mailed.mail.message_id == noticed.mail.message_id == MESSAGE_ID


def test_what_mail_does_not_tell_is_none() -> None:
    """No feedback id, no envelope, no source: and so the key is a digest."""
    bounce = only(mail("bounce-permanent.eml"))
    assert isinstance(bounce, events.Bounce)
    assert (bounce.feedback_id, bounce.topic_arn, bounce.sns_message_id) == (None, None, None)
    assert bounce.channel == "mail"
    assert bounce.key.startswith("Bounce:")
    assert len(bounce.key) == len("Bounce:") + 64
    assert bounce.mail is not None
    assert (bounce.mail.destination, bounce.mail.source) == ((), None)
    assert dict(bounce.mail.tags) == {}
    [ann] = bounce.recipients
    assert ann.in_destination is None


def test_the_mail_that_came_back_is_read() -> None:
    """Its date, its headers, and those that SES picks out."""
    about = only(mail("bounce-permanent.eml")).mail
    assert about is not None
    assert about.timestamp == datetime(2025, 11, 3, 9, 15, tzinfo=UTC)
    assert about.header("subject") == "Your order"
    assert about.headers_truncated is False
    common = about.common_headers
    assert common is not None
    assert common.to == ("Ann <Ann@Example.org>, Bob <bob@example.net>",)
    assert common.from_ == ("Shop <shop@example.com>",)


def test_a_report_of_several_results_is_several_events() -> None:
    """One for each result with all its recipients, the gravest first."""
    permanent, transient, *others = parse_mail(mail("bounce-of-five.eml"))
    assert isinstance(permanent, events.Bounce)
    assert isinstance(transient, events.Bounce)
    assert [one.key for one in permanent.recipients] == ["ann@example.org", "cid@mail.example.org"]
    assert (permanent.bounce_type, transient.bounce_type) == ("Permanent", "Transient")
    assert [one.key for one in transient.recipients] == ["bob@example.net"]
    by_kind = {type(event): event for event in others}
    delay, delivery = by_kind[events.DeliveryDelay], by_kind[events.Delivery]
    assert isinstance(delay, events.DeliveryDelay)
    assert isinstance(delivery, events.Delivery)
    assert delay.delay_type == "MailboxFull"
    assert delay.expiration_time == datetime(2025, 11, 4, 0, 15, tzinfo=UTC)
    assert [one.key for one in delay.delayed_recipients] == ["dan@example.net"]
    assert delivery.smtp_response == "250 2.1.5 taken"
    assert [one.key for one in delivery.recipients] == ["eve@example.net"]
    found = (permanent, transient, delay, delivery)
    assert len({event.key for event in found}) == 4
    assert {event.mail and event.mail.message_id for event in found} == {MESSAGE_ID}


def test_one_recipient_has_one_bounce() -> None:
    """Of several in a report the gravest stands: two would share a key, and one would be lost."""
    soft, hard = (
        f"Final-Recipient: rfc822; ann@example.org\nAction: failed\nStatus: {status}"
        for status in ("4.4.7", "5.1.1")
    )
    for blocks in ((soft, hard), (hard, soft), (soft, hard, hard)):
        bounce = only(a_report(*blocks))
        assert isinstance(bounce, events.Bounce)
        assert bounce.bounce_type == "Permanent"
        assert len(bounce.recipients) == 1


def test_what_recipients_do_not_share_is_not_told_of_all() -> None:
    """Two servers, two answers: none of them is the event's."""
    one, two = (
        f"Final-Recipient: rfc822; {name}@example.org\nAction: relayed\n"
        f"Remote-MTA: dns; [192.0.2.{at}]" + f"\nDiagnostic-Code: 250 {name}" * (at == 1)
        for at, name in enumerate(("ann", "bob"))
    )
    both = only(a_report(one, two))
    assert isinstance(both, events.Delivery)
    assert (both.remote_mta_ip, both.smtp_response) == (None, None)
    alone = only(a_report(two))
    assert isinstance(alone, events.Delivery)
    assert (alone.remote_mta_ip, alone.smtp_response) == ("192.0.2.1", "250 bob")


def test_a_complaint_says_who_and_what() -> None:
    """Its kind, its program, the one who complained, and the id of the mail."""
    complaint = only(mail("complaint.eml"))
    assert isinstance(complaint, events.Complaint)
    assert complaint.complaint_feedback_type == "abuse"
    assert complaint.complaint_sub_type is None
    assert complaint.feedback_id is None
    assert complaint.user_agent == "ExampleMail-Feedback/2.0"
    assert complaint.arrival_date == datetime(2025, 11, 3, 9, 58, tzinfo=UTC)
    assert complaint.timestamp == datetime(2025, 11, 3, 10, 0, 4, tzinfo=UTC)
    assert [one.key for one in complaint.complained_recipients] == ["ann@example.org"]
    assert complaint.mail is not None
    assert complaint.mail.message_id == MESSAGE_ID


def test_a_complaint_knows_its_mail_by_the_envelope_too() -> None:
    """Where the mail that came back is taken out, Original-Mail-From still has SES's id."""
    text = mail("complaint.eml").decode().replace("Message-ID: <0107019a2b3c4d5e", "X-Was: <0107")
    complaint = only(text.encode())
    assert complaint.mail is not None
    assert complaint.mail.message_id == MESSAGE_ID


def test_a_report_without_the_mail_is_about_no_mail() -> None:
    """It is read all the same."""
    text = mail("bounce-on-account-list.eml").decode().replace("message/rfc822", "text/x-none")
    bounce = only(text.encode())
    assert bounce.mail is None
    assert [one.key for one in bounce.recipients] == ["ann@example.org"]


def test_the_mail_dates_a_report_without_a_date() -> None:
    """As with SES's records, whose time is the mail's where they have none."""
    text = (
        mail("bounce-permanent.eml").decode().replace("\nDate: Mon, 03 Nov 2025 09:15:02", "\nX:")
    )
    assert only(text.encode()).timestamp == datetime(2025, 11, 3, 9, 15, tzinfo=UTC)


@pytest.mark.parametrize("name", FEEDBACK)
def test_line_ends_make_no_difference(name: str) -> None:
    """Out of a mailbox or off the wire, it is the same feedback; a mailbox's first line too."""
    data = mail(name)
    assert parse_mail(data.replace(b"\n", b"\r\n")) == parse_mail(data)
    assert parse_mail(b"From MAILER-DAEMON Mon Nov  3 09:15:02 2025\n" + data) == parse_mail(data)


@pytest.mark.parametrize("name", FEEDBACK)
def test_the_kind_of_report_may_be_left_out(name: str) -> None:
    """Then its part says what it is."""
    text = mail(name).decode().replace("report-type=", "x-type=")
    assert parse_mail(text.encode()) == parse_mail(mail(name))


@pytest.mark.parametrize("name", FEEDBACK)
def test_it_flows_through_policy_and_store(name: str) -> None:
    """It suppresses those that the report names, and fetched twice it is applied once."""
    store = stores.MemoryStore()
    policy = FeedbackPolicy()
    batch = [
        (event.key, [one for one in policy.consequences(event) if not isinstance(one, Ignore)])
        for event in parse_mail(mail(name))
    ]
    assert store.apply(batch) == [True] * len(batch)
    assert store.apply(batch) == [False] * len(batch)
    expected = {
        "bounce-of-five.eml": ["ann@example.org", "cid@mail.example.org"],
    }.get(name, ["ann@example.org"])
    assert [one.key for one in store.entries().items] == expected


@pytest.mark.parametrize("name", FEEDBACK)
def test_an_event_is_a_value(name: str) -> None:
    """It pickles, its record is JSON, and its repr shows no address."""
    for event in parse_mail(mail(name)):
        assert pickle.loads(pickle.dumps(event)) == event
        json.dumps(event.raw, allow_nan=False)
        assert "example" not in repr(event)


SAID = {
    "other-bounce-in-words.eml": "holds no delivery report",
    "other-out-of-office.eml": "an automatic reply",
    "other-read-receipt.eml": "a receipt for one that was read",
    "other-sns-by-mail.eml": "to parse_event",
    "received-signed.eml": "an ordinary one",
}


def test_every_mail_is_told_of() -> None:
    """A sample is feedback, or other mail that is known."""
    assert len(FEEDBACK) == 5
    assert set(OTHERS) == SAID.keys()


@pytest.mark.parametrize("name", OTHERS)
def test_other_mail_is_told_by_its_name(name: str) -> None:
    """It is a ParseError that says what it is, and shows nothing of it."""
    with pytest.raises(ParseError, match=SAID[name]) as caught:
        parse_mail(mail(name))
    assert "example" not in str(caught.value)
    assert "@" not in str(caught.value)


@pytest.mark.parametrize(
    ("message", "said"),
    [
        (b"", "ordinary"),
        (b"\xff\xfe\x00", "ordinary"),
        (b"X-Autoreply: yes\n\n", "automatic reply"),
        (b"Return-Path: <>\n\n", "may be a bounce"),
        (b"Content-Type: multipart/report; report-type=delivery-status\n\n", "ordinary"),
        (b"Content-Type: multipart/report; report-type=tlsrpt; boundary=b\n\n", "neither on"),
        (b"Content-Type: multipart/report; boundary=b\n\n--b--", "is missing"),
        (a_report("Reporting-MTA: dns; a.example"), "names no recipient"),
        (a_report("Final-Recipient: x400; c=us"), "names no recipient"),
        (a_complaint("Version: 1"), "no Feedback-Type"),
        (mail("bounce-permanent.eml").partition(b"Diagnostic-Code")[0], "cut off"),
        (mail("complaint.eml").partition(b"Received-Date")[0], "cut off"),
        (a_report("Status: 5.1.1\n" * 80_000), "more than 1 MiB"),
        (a_report(*["Final-Recipient: rfc822; a@b.example"] * 1_001), "more recipients than"),
        (a_report().replace(b"message/delivery", b"message/feedback"), "is missing"),
    ],
)
def test_what_cannot_be_read_says_why(message: bytes, said: str) -> None:
    """Each for its own reason, a report that was cut off among them."""
    with pytest.raises(ParseError, match=said):
        parse_mail(message)


def test_a_string_is_no_mail() -> None:
    """Nor is anything else that is not bytes."""
    wrong: object
    for wrong in ("From: a", None, 7, ["From"]):
        with pytest.raises(ParseError, match="read from its bytes"):
            parse_mail(wrong)  # type: ignore[arg-type]


def test_a_report_within_a_mail_is_not_read() -> None:
    """Whoever forwards a report, or mails one as an attachment, is not the one who reports."""
    inner = mail("bounce-permanent.eml")
    for kind in (b"multipart/mixed", b"multipart/report; report-type=delivery-status"):
        outer = b"Content-Type: " + kind + b"; boundary=outer\n\n--outer\n"
        with pytest.raises(ParseError):
            parse_mail(outer + b"Content-Type: message/rfc822\n\n" + inner + b"\n--outer--\n")


def test_nobody_is_suppressed_who_is_not_named_by_the_report() -> None:
    """Neither its words, nor its sender, nor the mail that came back name who bounced."""
    block = "Final-Recipient: rfc822; ann@example.org\nAction: failed\nStatus: 5.1.1"
    message = a_report(
        block,
        head="".join(
            f"{name}: victim@example.net\n" for name in ("To", "From", "X-Failed-Recipients")
        ),
        about="To: victim@example.net\n\nFinal-Recipient: rfc822; victim@example.net",
    ).replace(b"In words", b"victim@example.net\nFinal-Recipient: rfc822; victim@example.net\n")
    assert [one.key for one in only(message).recipients] == ["ann@example.org"]


def test_a_second_report_in_one_mail_is_not_read() -> None:
    """The first part of its type is the report."""
    part = (
        "--b\nContent-Type: message/delivery-status\n\nFinal-Recipient: rfc822; x@y.example\n--b--"
    )
    block = "Final-Recipient: rfc822; ann@example.org\nAction: failed\nStatus: 5.1.1"
    message = a_report(block).replace(b"--b--", part.encode())
    assert [one.key for one in only(message).recipients] == ["ann@example.org"]


def judged(message: bytes) -> None:
    """It is read, or it is a ParseError; what is read can be stored, and is shown without harm."""
    try:
        found = parse_mail(message)
    except ParseError:
        return
    assert found
    for event in found:
        assert event.key.isascii()
        json.dumps(event.raw).encode()
        repr(event).encode()
        for one in FeedbackPolicy().consequences(event):
            repr(one).encode()


HOSTILE = {
    "deep": b"".join(
        b"Content-Type: multipart/report; report-type=delivery-status; boundary=b%d\n\n--b%d\n"
        % (at, at)
        for at in range(50_000)
    ),
    "one header of 10 MB": b"Subject: " + b"x" * 10_000_000,
    "10 MB of headers": b"a:\n" * 3_300_000,
    "10 MB of folds": b"A: b\n" + b" \n" * 5_000_000,
    "10 MB of boundaries": a_report("x").replace(b"--b--", b"--b\n" * 2_500_000),
    "10 MB that came back": a_report(
        "Final-Recipient: rfc822; ann@example.org\nAction: failed\nStatus: 5.1.1"
    ).replace(b"Text.", b"y" * 10_000_000),
    "10 MB of empty lines": b"\n" * 10_000_000,
    "1 MB of groups": a_report(*["Final-Recipient: rfc822; a@b.example"] * 25_000),
    "1 MB of blanks": a_report("A: b\n" + " " * 1_000_000 + "x"),
    "a long type": b'Content-Type: multipart/report; boundary="' + b'\\"' * 500_000,
    "many parameters": b"Content-Type: multipart/report" + b';a="' * 250_000,
    "brackets": a_report("Final-Recipient: rfc822; " + "(" * 1_000_000 + "@"),
    "no charset": mail("bounce-permanent.eml").replace(b"Ann", b"\xc4nn\xff\xed\xa0\x80"),
    "utf-16": mail("bounce-permanent.eml").decode().encode("utf-16"),
    "nul": mail("bounce-permanent.eml").replace(b"Example", b"Ex\0ample"),
    "surrogates": mail("complaint.eml").replace(b"ann@", b"\xed\xa0\xbd\xed\xb8\x80@"),
}


@pytest.mark.parametrize("name", HOSTILE)
def test_a_hostile_mail_is_a_parse_error_or_read(name: str) -> None:
    """In seconds, whatever is in it, and in memory of a few times its size."""
    begin = time.monotonic()
    judged(HOSTILE[name])
    assert time.monotonic() - begin < 10
    tracemalloc.start()
    try:
        judged(HOSTILE[name])
        assert tracemalloc.get_traced_memory()[1] < 150_000_000
    finally:
        tracemalloc.stop()


PIECES = (
    b"\n", b"\r\n", b"\n\n", b"--b", b"--b--", b":", b";", b"=", b'"', b"<", b">", b"@", b"\0",
    b"\xff", b"\xed\xa0\x80", b"Content-Type: message/rfc822\n", b"Status: 5.1.1\n",
    b"Final-Recipient: rfc822; a@b.example\n", b"Action: failed\n",
    b"Content-Transfer-Encoding: base64\n", b"(", b")",
    b"Date: 31 Dec 9999 23:59:59 -1400\n", b"Original-Rcpt-To: ", b"boundary=b; ", b"9" * 5_000,
)  # fmt: skip


@given(st.sampled_from(FEEDBACK + OTHERS), st.integers(0, 2**32), st.integers(1, 12))
def test_a_spoilt_mail_is_a_parse_error_or_read(name: str, seed: int, times: int) -> None:
    """Cut, doubled and mixed with pieces of reports, it never raises anything else."""
    random = Random(seed)
    message = mail(name)
    for _ in range(times):
        at, end = sorted((random.randrange(len(message) + 1), random.randrange(len(message) + 1)))
        end = random.choice((at, min(end, at + 40), end))
        message = message[:at] + random.choice((b"", *PIECES, message[at:end] * 2)) + message[end:]
        message = message[:20_000] or b"\n"
    judged(message)


@given(st.binary(max_size=300))
def test_bytes_are_a_parse_error_or_read(data: bytes) -> None:
    """Alone, as a report, and as a complaint."""
    judged(data)
    judged(a_report("x").replace(b"x\n", data))
    judged(a_complaint("x").replace(b"x\n", data))


LETTERS = st.text("abcdefghij0123456789", min_size=1, max_size=8)
RESULTS = st.sampled_from(
    [("failed", "5.1.1"), ("failed", "4.4.7"), ("delayed", "4.4.1"), ("relayed", "2.0.0")]
)


@given(st.lists(st.tuples(LETTERS, RESULTS), min_size=1, max_size=8, unique_by=lambda one: one[0]))
def test_every_recipient_is_in_one_event(told: list[tuple[str, tuple[str, str]]]) -> None:
    """Each that a report names is in the event of its own result, and nobody else is."""
    found = parse_mail(
        a_report(
            *(
                f"Final-Recipient: rfc822; {name}@example.org\nAction: {action}\nStatus: {status}"
                for name, (action, status) in told
            )
        )
    )
    assert len(found) == len({result for _, result in told})
    kinds = {"failed": "Bounce", "delayed": "DeliveryDelay", "relayed": "Delivery"}
    assert sorted((event.kind, one.key) for event in found for one in event.recipients) == sorted(
        (kinds[action], f"{name}@example.org") for name, (action, _) in told
    )
