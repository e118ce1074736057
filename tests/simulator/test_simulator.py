"""What the simulated SES takes, refuses and tells."""

from __future__ import annotations

import json
from collections.abc import Mapping
from datetime import timedelta
from email.message import EmailMessage
from functools import lru_cache
from typing import Any, Literal, cast

import pytest
from botocore.exceptions import (
    ClientError,
    ConnectionClosedError,
    EndpointConnectionError,
    ReadTimeoutError,
)

from sesguard import errors, events, parse_event
from sesguard.simulator import Fault, Simulator
from sesguard.suppression import Reason

Service = Literal["ses", "sesv2"]


@lru_cache(maxsize=4)
def client_of(sim: Simulator, service: Service) -> Any:
    """To make one takes longer than all that is done with it."""
    return sim.boto3_client(service)


def send(
    sim: Simulator,
    *to: str,
    service: Service = "sesv2",
    sender: str = "us@example.com",
    **options: Any,
) -> str:
    """Send one mail by a plain boto3 client; gives its id."""
    client = client_of(sim, service)
    message = {"Subject": {"Data": "Hi"}, "Body": {"Text": {"Data": "Hello"}}}
    lines = {"ToAddresses": list(to or ("ann@example.org",))}
    if service == "ses":
        answer = client.send_email(Source=sender, Destination=lines, Message=message, **options)
    else:
        answer = client.send_email(
            FromEmailAddress=sender, Destination=lines, Content={"Simple": message}, **options
        )
    return str(answer["MessageId"])


def published(sim: Simulator) -> list[Mapping[str, Any]]:
    return [json.loads(record) for record in sim.feedback]


def kinds(sim: Simulator) -> list[str]:
    return [record["eventType"] for record in published(sim)]


def code(error: ClientError) -> str:
    return str(cast("Any", error.response)["Error"]["Code"])


def quota(sim: Simulator) -> Mapping[str, float]:
    answer: Mapping[str, float] = sim.boto3_client("ses").get_send_quota()
    return answer


def test_the_outbox_holds_what_was_taken() -> None:
    """Parsed back, in order, with recipients in the order To, Cc, Bcc."""
    sim = Simulator()
    message_id = sim.boto3_client("sesv2").send_email(
        FromEmailAddress='"Us" <us@example.com>',
        Destination={
            "ToAddresses": ["Ann <ann@example.org>"],
            "CcAddresses": ["bob@example.org"],
            "BccAddresses": ["eve@example.org"],
        },
        ReplyToAddresses=["help@example.com"],
        FeedbackForwardingEmailAddress="bounces@example.com",
        Content={
            "Simple": {
                "Subject": {"Data": "Hi"},
                "Body": {"Text": {"Data": "Hello"}, "Html": {"Data": "<p>Hello"}},
                "Headers": [{"Name": "X-Ours", "Value": "1"}],
                "Attachments": [{"FileName": "a.txt", "RawContent": b"abc"}],
            }
        },
        EmailTags=[{"Name": "campaign", "Value": "spring"}],
        ConfigurationSetName="main",
        TenantName="blue",
    )["MessageId"]
    (mail,) = sim.outbox
    assert mail.message_id == message_id
    assert mail.at == sim.clock.now()
    assert mail.kind == "Simple"
    assert mail.recipients == ("ann@example.org", "bob@example.org", "eve@example.org")
    assert (mail.to, mail.cc, mail.bcc) == (
        ("Ann <ann@example.org>",), ("bob@example.org",), ("eve@example.org",),
    )  # fmt: skip
    assert (mail.subject, mail.text, mail.html) == ("Hi", "Hello", "<p>Hello")
    assert mail.headers[0] == ("From", '"Us" <us@example.com>')
    assert ("X-Ours", "1") in mail.headers
    assert not any("eve@" in value for _, value in mail.headers)
    assert (mail.attachments, mail.raw) == (("a.txt",), None)
    assert mail.return_path == "bounces@example.com"
    assert dict(mail.tags) == {"campaign": "spring"}
    assert (mail.configuration_set, mail.tenant) == ("main", "blue")
    assert "example.org" not in repr(mail)


def raw_message() -> EmailMessage:
    message = EmailMessage()
    message["From"] = "Us <us@example.com>"
    message["To"] = "Ann <ann@example.org>, bob@example.org"
    message["Bcc"] = "eve@example.org"
    message["Subject"] = "Grüße"
    message["Message-ID"] = "<1@example.com>"
    message.set_content("Guten Tag, Jürgen")
    message.add_alternative("<p>Guten Tag", subtype="html")
    message.add_attachment(b"abc", maintype="text", subtype="csv", filename="a.csv")
    return message


def test_raw_mail_is_parsed_back() -> None:
    """Without a destination its own headers name the recipients, and the Bcc line goes."""
    sim = Simulator()
    data = raw_message().as_bytes()
    sim.boto3_client("sesv2").send_email(Content={"Raw": {"Data": data}})
    sim.boto3_client("ses").send_raw_email(RawMessage={"Data": data})
    for mail in sim.outbox:
        assert mail.kind == "Raw"
        assert mail.sender == "Us <us@example.com>"
        assert mail.recipients == ("ann@example.org", "bob@example.org", "eve@example.org")
        assert mail.subject == "Grüße"
        assert (mail.text, mail.html) == ("Guten Tag, Jürgen\n", "<p>Guten Tag\n")
        assert mail.attachments == ("a.csv",)
        assert mail.raw == data
        assert "Bcc" not in dict(mail.headers)


def test_the_destination_of_raw_mail_counts() -> None:
    """Where the request names recipients, these get it, whoever the headers show."""
    sim = Simulator()
    data = raw_message().as_bytes()
    sim.boto3_client("sesv2").send_email(
        FromEmailAddress="other@example.com",
        Destination={"ToAddresses": ["ann@example.org"], "BccAddresses": ["zoe@example.org"]},
        Content={"Raw": {"Data": data}},
    )
    sim.boto3_client("ses").send_raw_email(
        Source="other@example.com", Destinations=["zoe@example.org"], RawMessage={"Data": data}
    )
    first, second = sim.outbox
    assert first.sender == "other@example.com"
    assert first.recipients == ("ann@example.org", "zoe@example.org")
    assert second.recipients == second.bcc == ("zoe@example.org",)


def test_raw_mail_without_a_body_or_with_an_odd_charset_is_taken() -> None:
    """SES looks at headers only, and so do we; what is not there is None."""
    sim = Simulator()
    head = b"From: us@example.com\r\nTo: ann@example.org\r\n"
    odd = b"Content-Type: text/plain; charset=klingon\r\n\r\nabc"
    for data in (head + b"Content-Type: image/png\r\n\r\n", head + odd):
        sim.boto3_client("sesv2").send_email(Content={"Raw": {"Data": data}})
    assert [(mail.subject, mail.text) for mail in sim.outbox] == [(None, None), (None, "abc")]


def test_a_template_is_taken_by_name() -> None:
    """And with its data; the outbox has what a reader sees."""
    sim = Simulator()
    sim.boto3_client("sesv2").create_email_template(
        TemplateName="welcome", TemplateContent={"Subject": "Hi {{name}}", "Text": "Hello"}
    )
    sim.boto3_client("sesv2").send_email(
        FromEmailAddress="us@example.com",
        Destination={"ToAddresses": ["ann@example.org"]},
        Content={"Template": {"TemplateName": "welcome", "TemplateData": '{"name":"Ann"}'}},
    )
    (mail,) = sim.outbox
    assert (mail.kind, mail.template, mail.template_data) == (
        "Template", "welcome", '{"name":"Ann"}',
    )  # fmt: skip
    assert (mail.subject, mail.text, mail.html) == ("Hi Ann", "Hello", None)
    assert ("Subject", "Hi Ann") in mail.headers


@pytest.mark.parametrize(
    ("request_", "words"),
    [
        ({"Content": {}}, "Exactly one"),
        ({"Content": {"Simple": {"Subject": {"Data": ""}, "Body": {}}}}, "FromEmailAddress"),
        ({"Content": {"Raw": {"Data": b"To: a@example.org\r\n\r\n"}}}, "'From'"),
        ({"Content": {"Raw": {"Data": b"From: a@example.org\r\n\r\n"}}}, "'To'"),
    ],
)
def test_a_request_that_makes_no_mail_is_refused(request_: Any, words: str) -> None:
    """As a bad request, with what is missing."""
    sim = Simulator()
    client = sim.boto3_client("sesv2")
    with pytest.raises(client.exceptions.BadRequestException, match=words):
        client.send_email(**request_)
    assert sim.outbox == ()


def test_fifty_recipients_are_the_most() -> None:
    """To, Cc and Bcc together."""
    sim = Simulator(rate=100)
    assert send(sim, *(f"a{n}@example.org" for n in range(50)))
    with pytest.raises(ClientError, match="Recipient count exceeds 50"):
        send(sim, *(f"a{n}@example.org" for n in range(51)))


@pytest.mark.parametrize(
    ("address", "words"),
    [("ann", "final '@domain'"), ("@example.org", "final"), ("änn@example.org", "non-ASCII")],
)
def test_one_malformed_address_refuses_the_whole_mail(address: str, words: str) -> None:
    """Nobody gets it."""
    sim = Simulator()
    for service in ("ses", "sesv2"):
        with pytest.raises(ClientError, match=words):
            send(sim, "ann@example.org", address, service=service)
    assert sim.outbox == ()


def test_a_message_over_the_size_is_refused() -> None:
    """10 MB over API v1."""
    sim = Simulator()
    data = b"From: us@example.com\r\nTo: a@example.org\r\n\r\n" + b"a" * 62 + b"\r\n"
    data += (b"a" * 62 + b"\r\n") * (10 * 1024 * 1024 // 64)
    with pytest.raises(ClientError, match="Message length is more than 10485760 bytes"):
        sim.boto3_client("ses").send_raw_email(RawMessage={"Data": data})
    assert sim.boto3_client("sesv2").send_email(Content={"Raw": {"Data": data}})


def test_the_sandbox_mails_verified_addresses_and_the_mailbox_simulator() -> None:
    """All others are named in the refusal, with the region."""
    sim = Simulator(sandbox=True, identities=["example.com", "ann@example.org"], rate=100)
    assert send(sim, "ann@example.org", "ann+label@example.org", "success@simulator.amazonses.com")
    assert send(sim, "bob@sub.example.com")
    with pytest.raises(ClientError) as caught:
        send(sim, "ann@example.org", "bob@example.org", "Ann@example.org", "eve@badexample.com")
    assert str(caught.value).endswith(
        "failed the check in region US-EAST-1: bob@example.org, Ann@example.org, eve@badexample.com"
    )


def test_the_sandbox_has_its_own_limits() -> None:
    """200 a day, 1 a second, and GetAccount says that it is one; until AWS lets it out."""
    sim = Simulator(sandbox=True, identities=["example.com", "example.org"])
    assert (quota(sim)["Max24HourSend"], quota(sim)["MaxSendRate"]) == (200, 1)
    assert not sim.boto3_client("sesv2").get_account()["ProductionAccessEnabled"]
    send(sim)
    with pytest.raises(ClientError, match="Maximum sending rate"):
        send(sim)
    sim.leave_sandbox()
    assert sim.boto3_client("sesv2").get_account()["ProductionAccessEnabled"]
    assert (quota(sim)["Max24HourSend"], quota(sim)["MaxSendRate"]) == (50_000, 14)
    assert quota(sim)["SentLast24Hours"] == 1
    sim.clock.advance(1)
    assert send(sim, "anybody@example.net")


def test_senders_are_verified_unless_identities_say_otherwise() -> None:
    """Out of the sandbox; the return path has to be one, too."""
    assert send(Simulator(), sender="Anybody <any@body.example>")
    sim = Simulator(identities=["example.com"])
    assert send(sim, "stranger@example.net")
    with pytest.raises(ClientError, match=r"US-EAST-1: Them <us@example\.net>"):
        send(sim, sender="Them <us@example.net>")
    with pytest.raises(ClientError, match=r"bounces@example\.net"):
        send(sim, FeedbackForwardingEmailAddress="bounces@example.net")


def test_the_rate_is_in_recipients() -> None:
    """14 at once after a pause, then one each 14th of a second; a refused mail costs nothing."""
    sim = Simulator()
    for _ in range(14):
        send(sim)
    for service in ("ses", "sesv2"):
        with pytest.raises(ClientError, match="Maximum sending rate exceeded"):
            send(sim, service=service)
    sim.clock.advance(1 / 14)
    send(sim)
    assert len(sim.outbox) == 15


def test_the_daily_quota_is_in_recipients_and_comes_back() -> None:
    """A mail to the mailbox simulator neither counts nor is stopped."""
    sim = Simulator(quota=3, rate=100)
    send(sim, "a@example.org", "b@example.org", "success@simulator.amazonses.com")
    send(sim, "a@example.org", "b@example.org")
    assert quota(sim)["SentLast24Hours"] == 4
    with pytest.raises(ClientError, match="Daily message quota exceeded") as caught:
        send(sim)
    assert code(caught.value) == "LimitExceededException"
    assert send(sim, "success@simulator.amazonses.com")
    sim.clock.advance(timedelta(hours=24))
    assert send(sim)


def test_control_operations_are_limited_on_demand() -> None:
    """SES takes one of a kind each second; here only where it is asked for."""
    client = Simulator().boto3_client("sesv2")
    assert client.get_account()
    assert client.get_account()
    sim = Simulator(control_rate=1)
    client, v1 = sim.boto3_client("sesv2"), sim.boto3_client("ses")
    client.get_account()
    v1.get_send_quota()
    with pytest.raises(client.exceptions.TooManyRequestsException, match="Rate exceeded"):
        client.get_account()
    sim.clock.advance(1)
    assert client.get_account()


def test_a_paused_or_ended_account_sends_nothing() -> None:
    """And GetAccount says so."""
    sim = Simulator()
    client = sim.boto3_client("sesv2")
    sim.pause_sending()
    assert not client.get_account()["SendingEnabled"]
    with pytest.raises(client.exceptions.SendingPausedException):
        send(sim)
    sim.resume_sending()
    assert send(sim)
    sim.enforce("SHUTDOWN")
    assert client.get_account()["EnforcementStatus"] == "SHUTDOWN"
    with pytest.raises(client.exceptions.AccountSuspendedException):
        send(sim)
    with pytest.raises(ClientError, match="Sending paused for this account") as caught:
        send(sim, service="ses")
    assert code(caught.value) == "MessageRejected"


@pytest.mark.parametrize(
    ("label", "expected"),
    [
        ("success", ["Send", "Delivery"]),
        ("bounce", ["Send", "Bounce"]),
        ("ooto", ["Send", "Delivery", "Bounce"]),
        ("complaint", ["Send", "Delivery", "Complaint"]),
        ("suppressionlist", ["Send", "Bounce"]),
        ("bounce+order-5", ["Send", "Bounce"]),
        ("nobody", ["Send", "Bounce"]),
    ],
)
def test_the_mailbox_simulator_answers_by_label(label: str, expected: list[str]) -> None:
    """And is never put on the account's own list."""
    sim = Simulator()
    for _ in range(2):
        send(sim, f"{label}@simulator.amazonses.com")
    assert kinds(sim) == expected * 2
    assert sim.suppressed == {}


def test_events_are_read_by_the_library() -> None:
    """Every record, bare and out of the queue, with the id that the send gave."""
    sim = Simulator()
    labels = ("success", "bounce", "ooto", "complaint", "suppressionlist")
    message_id = send(sim, *(f"{label}@simulator.amazonses.com" for label in labels))
    found = [parse_event(record) for record in sim.feedback]
    assert [event.kind for event in found] == [
        "Send", "Delivery", "Bounce", "Bounce", "Bounce", "Complaint",
    ]  # fmt: skip
    for event in found:
        assert event.mail is not None
        assert event.mail.message_id == message_id
        assert event.timestamp == sim.clock.now()
    bounces = [event for event in found if isinstance(event, events.Bounce)]
    assert [(event.bounce_type, event.bounce_sub_type) for event in bounces] == [
        ("Permanent", "General"), ("Transient", "General"), ("Permanent", "Suppressed"),
    ]  # fmt: skip
    assert len({event.key for event in found}) == 6
    received = sim.source().receive(10, 0)
    wrapped = [parse_event(message.body) for message in received]
    assert [event.key for event in wrapped] == [event.key for event in found]
    assert {event.topic_arn for event in wrapped} == {sim.topic_arn}


def test_notifications_are_the_other_channel() -> None:
    """No Send, no tags; the sender bare, the client's own Message-ID, and who asked."""
    sim = Simulator(feedback="notifications")
    sim.boto3_client("sesv2").send_email(
        Content={"Raw": {"Data": raw_message().as_bytes()}},
        Destination={"ToAddresses": ["bounce@simulator.amazonses.com", "ann@example.org"]},
    )
    delivery, bounce = published(sim)
    assert (delivery["notificationType"], bounce["notificationType"]) == ("Delivery", "Bounce")
    for record in (delivery, bounce):
        mail = record["mail"]
        assert "tags" not in mail
        assert mail["source"] == "us@example.com"
        assert mail["commonHeaders"]["messageId"] == "<1@example.com>"
        assert mail["callerIdentity"]
    assert bounce["bounce"]["remoteMtaIp"]
    (body, _) = (message.body for message in sim.source().receive(10, 0))
    assert "Subject" not in json.loads(body)
    assert not json.loads(body)["Message"].endswith("\n")


def test_tags_come_back_in_events() -> None:
    """The mail's own and those SES adds."""
    sim = Simulator()
    send(
        sim,
        EmailTags=[{"Name": "campaign", "Value": "spring"}],
        ConfigurationSetName="main",
        TenantName="blue",
    )
    tags = published(sim)[0]["mail"]["tags"]
    assert tags["campaign"] == ["spring"]
    assert tags["ses:configuration-set"] == ["main"]
    assert tags["ses:tenant-name"] == ["blue"]
    assert tags["ses:from-domain"] == ["example.com"]
    send(sim)
    assert "ses:configuration-set" not in published(sim)[-1]["mail"]["tags"]


def test_bounces_of_one_kind_come_as_one_event() -> None:
    """Others of the same mail come apart."""
    sim = Simulator()
    sim.bounces("Gone@Example.org")
    sim.bounces("full@example.org", bounce_type="Transient", bounce_sub_type="MailboxFull")
    send(
        sim, "gone@example.org", "full@example.org", "ann@example.org",
        "bounce@simulator.amazonses.com",
    )  # fmt: skip
    assert kinds(sim) == ["Send", "Delivery", "Bounce", "Bounce"]
    _, delivery, hard, soft = published(sim)
    assert delivery["delivery"]["recipients"] == ["ann@example.org"]
    assert [one["emailAddress"] for one in hard["bounce"]["bouncedRecipients"]] == [
        "gone@example.org", "bounce@simulator.amazonses.com",
    ]  # fmt: skip
    assert soft["bounce"]["bounceSubType"] == "MailboxFull"
    assert soft["bounce"]["bouncedRecipients"][0]["status"] == "4.2.2"
    sim.delivers("gone@example.org")
    sim.release("gone@example.org")
    send(sim, "gone@example.org")
    assert kinds(sim)[-2:] == ["Send", "Delivery"]


def test_a_complaint_accuses_everybody_at_that_domain() -> None:
    """As most providers hide who it was; not those of other domains or to whom it never came."""
    sim = Simulator()
    sim.complains("cross@isp.example")
    sim.bounces("gone@isp.example")
    send(sim, "ann@isp.example", "cross@isp.example", "gone@isp.example", "bob@example.org")
    complaint = published(sim)[-1]["complaint"]
    assert complaint["complainedRecipients"] == [
        {"emailAddress": "ann@isp.example"}, {"emailAddress": "cross@isp.example"},
    ]  # fmt: skip
    assert complaint["complaintFeedbackType"] == "abuse"
    sim.complains("kind@isp.example", feedback_type="not-spam")
    send(sim, "kind@isp.example", "cross@isp.example")
    last = [record["complaint"] for record in published(sim) if "complaint" in record]
    assert last[1]["complaintFeedbackType"] == "not-spam"


def test_a_complaint_at_the_mailbox_simulator_is_exact() -> None:
    """Its other addresses are not accused."""
    sim = Simulator()
    send(sim, "success@simulator.amazonses.com", "complaint@simulator.amazonses.com")
    assert published(sim)[-1]["complaint"]["complainedRecipients"] == [
        {"emailAddress": "complaint@simulator.amazonses.com"}
    ]


def test_ses_keeps_a_list_of_its_own() -> None:
    """Mail to it is taken and gets an id; the event tells that nothing was tried."""
    sim = Simulator()
    sim.bounces("gone@example.org")
    sim.complains("cross@example.net")
    for _ in range(2):
        assert send(sim, "gone@example.org", "cross@example.net")
    assert sim.suppressed == {
        "gone@example.org": Reason.BOUNCE, "cross@example.net": Reason.COMPLAINT,
    }  # fmt: skip
    assert kinds(sim) == ["Send", "Delivery", "Bounce", "Complaint", "Send", "Bounce", "Complaint"]
    bounce, complaint = published(sim)[-2:]
    assert bounce["bounce"]["bounceSubType"] == "OnAccountSuppressionList"
    assert "suppression list" in bounce["bounce"]["bouncedRecipients"][0]["diagnosticCode"]
    assert complaint["complaint"]["complaintSubType"] == "OnAccountSuppressionList"
    assert "complaintFeedbackType" not in complaint["complaint"]


def test_the_list_counts_only_for_the_reasons_that_are_on() -> None:
    """Nor does SES put anybody on it for another."""
    sim = Simulator(suppressed_reasons=[Reason.COMPLAINT])
    sim.suppress("Ann@example.org")
    sim.bounces("gone@example.org")
    send(sim, "ann@example.org")
    send(sim, "gone@example.org")
    assert kinds(sim) == ["Send", "Delivery", "Send", "Bounce"]
    assert sim.suppressed == {"Ann@example.org": Reason.BOUNCE}
    account = sim.boto3_client("sesv2").get_account()
    assert account["SuppressionAttributes"] == {"SuppressedReasons": ["COMPLAINT"]}


def test_statistics_are_as_untidy_as_those_of_ses() -> None:
    """Quarters of an hour on no round minute, in no order, none without mail, two weeks of them."""
    sim = Simulator(seed=3)
    sim.bounces("gone@example.org")
    for n in range(40):
        send(sim, "gone@example.org" if n == 0 else "ann@example.org", "b@example.org")
        sim.clock.advance(timedelta(hours=7))
    points = sim.boto3_client("ses").get_send_statistics()["SendDataPoints"]
    stamps = [point["Timestamp"] for point in points]
    assert stamps != sorted(stamps)
    assert all(stamp.minute % 15 == stamps[0].minute % 15 != 0 for stamp in stamps)
    assert len(set(stamps)) == len(stamps) == 40
    assert sum(point["DeliveryAttempts"] for point in points) == 80
    assert sum(point["Bounces"] for point in points) == 1
    sim.clock.advance(timedelta(days=10))
    assert len(sim.boto3_client("ses").get_send_statistics()["SendDataPoints"]) < 20


@pytest.mark.parametrize(
    ("fault", "code", "status"),
    [
        (Fault.RATE, "TooManyRequestsException", 429),
        (Fault.QUOTA, "LimitExceededException", 400),
        (Fault.INTERNAL_FAILURE, "InternalFailure", 500),
        (Fault.UNAVAILABLE, "ServiceUnavailable", 503),
        (Fault.PAUSED, "SendingPausedException", 400),
        (Fault.SHUT_DOWN, "AccountSuspendedException", 400),
        (Fault.NOT_FOUND, "NotFoundException", 404),
        (Fault.REJECTED, "MessageRejected", 400),
    ],
)
def test_the_next_sends_fail_as_they_are_told(fault: Fault, code: str, status: int) -> None:
    """So many times, and nothing is taken; then all is well again."""
    sim = Simulator()
    sim.fail_next(2, fault)
    for _ in range(2):
        with pytest.raises(ClientError) as caught:
            send(sim)
        answer: Any = caught.value.response
        assert answer["Error"]["Code"] == code
        assert answer["ResponseMetadata"]["HTTPStatusCode"] == status
    assert sim.outbox == ()
    assert send(sim)


@pytest.mark.parametrize(
    ("fault", "error", "taken"),
    [
        ("connection refused", EndpointConnectionError, 0),
        ("answer lost", ReadTimeoutError, 1),
        ("connection_reset", ConnectionClosedError, 1),
    ],
)
def test_the_way_to_ses_breaks_as_it_is_told(
    fault: str, error: type[Exception], taken: int
) -> None:
    """Before the mail was taken, or after."""
    sim = Simulator()
    sim.fail_next(1, fault)
    with pytest.raises(error):
        send(sim)
    assert len(sim.outbox) == taken
    assert send(sim)


def test_an_answer_may_be_empty() -> None:
    """HTTP 200 without an id, though the mail was taken."""
    sim = Simulator()
    sim.fail_next(1, Fault.EMPTY_ANSWER)
    with pytest.raises(KeyError, match="MessageId"):
        send(sim)
    assert len(sim.outbox) == 1


def test_faults_of_other_operations_and_of_ones_own() -> None:
    """By name of the operation; any exception is raised as it is."""
    sim = Simulator()
    sim.fail_next(1, "503", operation="GetAccount")
    sim.fail_next(1, ZeroDivisionError("mine"), operation="GetAccount")
    sim.fail_next(1, ZeroDivisionError("mine"))
    client = sim.boto3_client("sesv2")
    with pytest.raises(ClientError):
        client.get_account()
    with pytest.raises(ZeroDivisionError):
        client.get_account()
    assert client.get_account()
    with pytest.raises(ZeroDivisionError):
        send(sim)
    with pytest.raises(errors.ConfigurationError, match="There is no fault 'fire'"):
        sim.fail_next(1, "fire")


def test_a_fault_that_could_never_come_is_refused() -> None:
    """An operation that is never asked, or no calls at all: a test would pass without its fault."""
    sim = Simulator()
    with pytest.raises(errors.ConfigurationError, match=r"operation= is one of send, .*GetAccount"):
        sim.fail_next(operation="SendEmail")
    for times in (0, -1, "rate"):
        with pytest.raises(errors.ConfigurationError, match="times= is how many calls"):
            sim.fail_next(times)  # type: ignore[arg-type]


def test_calls_are_counted() -> None:
    """Each operation by itself, refused ones too."""
    sim = Simulator()
    send(sim)
    sim.fail_next(1, "rate")
    with pytest.raises(ClientError):
        send(sim)
    assert sim.calls["sesv2.SendEmail"] == 2
    assert sim.calls["ses.SendEmail"] == 0
