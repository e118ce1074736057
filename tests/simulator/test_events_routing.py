"""Who is told of a mail, by which channel, as the account has it set up."""

from __future__ import annotations

import json
from typing import Any

import pytest

from sesguard import Worker, errors, events, parse_event
from sesguard.simulator import Simulator
from sesguard.stores import MemoryStore
from tests.simulator.setting_up import destination, emptied, identity_topics, people_list

TOPIC = "arn:aws:sns:us-east-1:123456789012:events"
BUS = "arn:aws:events:us-east-1:123456789012:event-bus/default"
STREAM = "arn:aws:firehose:us-east-1:123456789012:deliverystream/events"
METRICS = ""


def send(
    sim: Simulator,
    to: str = "bounce@simulator.amazonses.com",
    *,
    sender: str = "us@example.com",
    configuration_set: str | None = "main",
    **options: Any,
) -> str:
    if configuration_set is not None:
        options["ConfigurationSetName"] = configuration_set
    answer: dict[str, str] = sim.boto3_client("sesv2").send_email(
        FromEmailAddress=sender,
        Destination={"ToAddresses": [to]},
        Content={"Simple": {"Subject": {"Data": "Hi"}, "Body": {"Html": {"Data": "<p>Hi"}}}},
        **options,
    )
    return answer["MessageId"]


def messages(sim: Simulator) -> list[tuple[str, Any]]:
    """Topic and message of each body."""
    found = [json.loads(body) for body in emptied(sim)]
    return [(one["TopicArn"].rpartition(":")[2], json.loads(one["Message"])) for one in found]


def test_as_long_as_nothing_is_set_up_the_simulator_says_how() -> None:
    """All to its one topic, whichever set a mail names."""
    for feedback, word in (("events", "eventType"), ("notifications", "notificationType")):
        sim = Simulator(feedback=feedback)  # type: ignore[arg-type]
        send(sim)
        send(sim, configuration_set=None)
        found = messages(sim)
        assert {topic for topic, _ in found} == {"ses-feedback"}
        kinds = ["Send", "Bounce"] if feedback == "events" else ["Bounce"]
        assert [record[word] for _, record in found] == kinds * 2


def test_a_topic_of_the_identity_takes_the_place_of_that() -> None:
    """Each kind at its own topic, and what has none is told to nobody; headers where asked for."""
    sim = Simulator()
    identity_topics(sim, "example.com", ["Bounce"])
    send(sim)
    send(sim, "success@simulator.amazonses.com")
    ((topic, record),) = messages(sim)
    assert (topic, record["notificationType"]) == ("bounces", "Bounce")
    assert not {"headers", "commonHeaders", "headersTruncated", "tags"} & {*record["mail"]}
    identity_topics(sim, "example.com", ["Bounce", "Delivery"], headers=True)
    send(sim, "success@simulator.amazonses.com")
    ((topic, record),) = messages(sim)
    assert topic == "deliverys"
    assert record["mail"]["commonHeaders"]["subject"] == "Hi"
    send(sim, sender="us@example.net")
    assert {topic for topic, _ in messages(sim)} == {"ses-feedback"}


def test_an_address_goes_before_its_domain() -> None:
    """Its topics count, and so does its name; a label and a subdomain are covered."""
    sim = Simulator()
    identity_topics(sim, "example.com", ["Bounce"])
    identity_topics(sim, "us@example.com", ["Complaint"])
    send(sim)
    assert messages(sim) == []
    for sender in ("Them <them+x@example.com>", "us@mail.example.com"):
        send(sim, sender=sender)
        ((_, record),) = messages(sim)
        assert record["mail"]["sourceArn"].endswith(":identity/example.com")
    send(sim, "complaint@simulator.amazonses.com", sender="Us <us+label@example.com>")
    ((_, record),) = messages(sim)
    assert record["mail"]["sourceArn"].endswith(":identity/us@example.com")
    assert record["mail"]["source"] == "us+label@example.com"
    identity_topics(sim, "us+label@example.com")
    send(sim, "complaint@simulator.amazonses.com", sender="us+label@example.com")
    assert {topic for topic, _ in messages(sim)} == {"complaints", "deliverys"}


def test_an_event_destination_takes_the_place_of_that() -> None:
    """For the mails of its set; of the kinds it names; while it is enabled."""
    sim = Simulator()
    destination(sim, "main", TOPIC, ["BOUNCE", "OPEN"])
    send(sim)
    ((topic, record),) = messages(sim)
    assert (topic, record["eventType"]) == ("events", "Bounce")
    assert record["mail"]["tags"]["ses:configuration-set"] == ["main"]
    send(sim, configuration_set="other")
    assert [topic for topic, _ in messages(sim)] == ["ses-feedback"] * 2
    destination(sim, "off", TOPIC, enabled=False)
    send(sim, configuration_set="off")
    assert messages(sim) == []


def test_the_set_of_the_identity_counts_where_the_mail_names_none() -> None:
    """And not where it names one."""
    sim = Simulator()
    identity_topics(sim, "example.com", [])
    destination(sim, "main", TOPIC)
    sim.boto3_client("sesv2").put_email_identity_configuration_set_attributes(
        EmailIdentity="example.com", ConfigurationSetName="main"
    )
    send(sim, configuration_set=None)
    for topic, record in messages(sim):
        assert topic == "events"
        assert record["mail"]["tags"]["ses:configuration-set"] == ["main"]
    send(sim, configuration_set="other")
    assert {topic for topic, _ in messages(sim)} == {"ses-feedback"}


def test_both_channels_at_once_tell_every_bounce_twice() -> None:
    """The same feedback id in two bodies: a worker applies it once."""
    sim = Simulator()
    sim.bounces("gone@example.org")
    identity_topics(sim, "example.com")
    destination(sim, "main", TOPIC)
    send(sim, "gone@example.org")
    notification, event = (record for record in map(json.loads, sim.feedback) if "bounce" in record)
    assert notification["bounce"]["feedbackId"] == event["bounce"]["feedbackId"]
    assert (notification["notificationType"], event["eventType"]) == ("Bounce", "Bounce")
    assert "remoteMtaIp" in notification["bounce"]
    assert "remoteMtaIp" not in event["bounce"]
    assert "callerIdentity" in notification["mail"]
    assert "callerIdentity" not in event["mail"]
    tally = Worker(sim.source(), store=MemoryStore()).drain()
    assert (tally.received, tally.applied, tally.repeated) == (3, 2, 1)


def test_every_kind_of_target_gets_what_it_would() -> None:
    """A topic, a bus and a stream messages of their own; CloudWatch counts, and gets none."""
    sim = Simulator()
    for target in (TOPIC, BUS, STREAM, METRICS):
        destination(sim, "main", target, ["BOUNCE"])
    send(sim)
    topic, bus, stream = emptied(sim)
    record = json.loads(json.loads(topic)["Message"])
    assert json.loads(bus)["detail"] == json.loads(stream) == record
    assert stream.endswith("}\n")
    event = json.loads(bus)
    assert event.pop("detail")
    assert event.pop("id")
    assert event == {
        "version": "0", "detail-type": "Email Bounced", "source": "aws.ses",
        "account": "123456789012", "time": sim.clock.now().strftime("%Y-%m-%dT%H:%M:%SZ"),
        "region": "us-east-1",
        "resources": ["arn:aws:ses:us-east-1:123456789012:identity/example.com"],
    }  # fmt: skip
    assert [parse_event(one).key for one in (topic, bus, stream)] == [parse_event(topic).key] * 3
    assert len(sim.feedback) == 1


def test_subject_and_tail_tell_the_channels_apart() -> None:
    """As SES has them in SNS."""
    sim = Simulator()
    identity_topics(sim, "example.com", ["Bounce"])
    destination(sim, "main", TOPIC, ["BOUNCE"])
    send(sim)
    notification, event = map(json.loads, emptied(sim))
    assert "Subject" not in notification
    assert notification["Message"].endswith("}")
    assert event["Subject"] == "Amazon SES Email Event Notification"
    assert event["Message"].endswith("}\n")
    assert ": " not in event["Message"].replace("dns; ", "").split('"headers"')[0]


def test_what_is_set_up_is_tried_by_a_notice() -> None:
    """A sentence by a configuration set, JSON by an identity; neither is told of a mail."""
    sim = Simulator()
    v1, v2 = sim.boto3_client("ses"), sim.boto3_client("sesv2")
    v2.create_email_identity(EmailIdentity="example.com")
    v2.create_configuration_set(ConfigurationSetName="main")
    v2.create_configuration_set_event_destination(
        ConfigurationSetName="main",
        EventDestinationName="sns",
        EventDestination={
            "Enabled": True,
            "MatchingEventTypes": ["BOUNCE"],
            "SnsDestination": {"TopicArn": TOPIC},
        },
    )  # fmt: skip
    v1.set_identity_notification_topic(
        Identity="example.com", NotificationType="Bounce", SnsTopic=TOPIC
    )
    plain, notice = map(json.loads, emptied(sim))
    assert plain["Message"] == "Successfully validated SNS topic for Amazon SES event publishing."
    assert "Subject" not in plain
    assert json.loads(notice["Message"]) == {
        "notificationType": "AmazonSnsSubscriptionSucceeded",
        "message": f"You have successfully subscribed your Amazon SNS topic '{TOPIC}' to receive "
        "'Bounce' notifications from Amazon SES for identity 'example.com'.",
    }
    for one in (plain, notice):
        assert isinstance(parse_event(json.dumps(one)), events.SetupNotice)
    assert sim.feedback == ()


def test_open_and_click_are_told_of_the_mail_that_is_named() -> None:
    """By its id, or by an address: then it is the last mail to it."""
    sim = Simulator()
    first, second = send(sim, "Ann@example.org"), send(sim, "ann@example.org")
    sim.clock.advance(60)
    sim.opens(first, bot=True)
    sim.opens("ANN@example.org")
    sim.clicks(first, "https://example.com/a", link_tags={"place": ["top"]}, user_agent="Lynx")
    sim.clicks("ann@example.org", "https://example.com/a", bot=None)
    likely, unlikely, tagged, plain = map(json.loads, sim.feedback[-4:])
    found = [one["mail"]["messageId"] for one in (likely, unlikely, tagged, plain)]
    assert found == [first, second, first, second]
    assert (likely["open"]["isBotEvent"], unlikely["open"]["isBotEvent"]) == ("Likely", "Unlikely")
    assert tagged["click"]["linkTags"] == {"place": ["top"]}
    assert (plain["click"]["linkTags"], plain["click"]["link"]) == (None, "https://example.com/a")
    assert "isBotEvent" not in plain["click"]
    assert tagged["click"]["userAgent"] == "Lynx"
    for one in (likely, plain):
        assert "sourceArn" not in one["mail"]
        assert "commonHeaders" in one["mail"]
    assert parse_event(sim.feedback[-1]).timestamp == sim.clock.now()
    with pytest.raises(errors.ConfigurationError, match="No mail was taken"):
        sim.opens("nobody@example.org")
    with pytest.raises(errors.ConfigurationError, match="No mail was taken"):
        sim.clicks("0100", "https://example.com/a")


def test_identities_are_not_told_what_only_events_tell() -> None:
    """Opens, for one."""
    sim = Simulator(feedback="notifications")
    send(sim, "ann@example.org")
    sim.opens("ann@example.org")
    assert [record["notificationType"] for _, record in messages(sim)] == ["Delivery"]


def test_who_unsubscribes_is_off_the_list_and_the_event_tells() -> None:
    """Off a topic, then off all; what held before is told beside it."""
    sim = Simulator()
    people_list(sim, "people", "news", "offers")
    message_id = send(sim, "Ann@example.org")
    sim.unsubscribes(message_id, topic="news")
    sim.unsubscribes("ann@example.org", source="ListManagement")
    off_one, off_all = (json.loads(one)["subscription"] for one in sim.feedback[-2:])
    opted_out = {"topicName": "news", "subscriptionStatus": "OptOut"}
    assert off_one["contactList"] == "people"
    assert (off_one["source"], off_all["source"]) == ("UnsubscribeHeader", "ListManagement")
    assert off_one["oldTopicPreferences"] == {
        "unsubscribeAll": False,
        "topicSubscriptionStatus": [],
        "topicDefaultSubscriptionStatus": [
            {"topicName": name, "subscriptionStatus": "OptIn"} for name in ("news", "offers")
        ],
    }
    assert off_one["newTopicPreferences"]["topicSubscriptionStatus"] == [opted_out]
    assert off_all["oldTopicPreferences"] == off_one["newTopicPreferences"]
    assert off_all["newTopicPreferences"] == {
        "unsubscribeAll": True,
        "topicSubscriptionStatus": [
            opted_out, {"topicName": "offers", "subscriptionStatus": "OptOut"},
        ],
    }  # fmt: skip
    found = sim.boto3_client("sesv2").list_contacts(ContactListName="people")["Contacts"]
    assert [(one["EmailAddress"], one["UnsubscribeAll"]) for one in found] == [
        ("Ann@example.org", True)
    ]


def test_who_unsubscribes_and_from_what_has_to_be_clear() -> None:
    """A list that is there, a topic of it, one person."""
    sim = Simulator()
    message_id = send(sim, "ann@example.org", ReplyToAddresses=["us@example.com"])
    with pytest.raises(errors.ConfigurationError, match="no such contact list"):
        sim.unsubscribes(message_id)
    people_list(sim, "people", "news")
    with pytest.raises(errors.ConfigurationError, match="no topic 'old'"):
        sim.unsubscribes(message_id, topic="old")
    with pytest.raises(errors.ConfigurationError, match="no such contact list"):
        sim.unsubscribes(message_id, contact_list="others")
    several = sim.boto3_client("sesv2").send_email(
        FromEmailAddress="us@example.com",
        Destination={"ToAddresses": ["ann@example.org", "bob@example.org"]},
        Content={"Simple": {"Subject": {"Data": "Hi"}, "Body": {"Text": {"Data": "Hi"}}}},
    )["MessageId"]
    with pytest.raises(errors.ConfigurationError, match="several recipients"):
        sim.unsubscribes(several)


def test_long_headers_are_cut_and_the_event_says_so() -> None:
    """After 10 KB of them."""
    sim = Simulator()
    headers = [{"Name": f"X-{n}", "Value": "x" * 800} for n in range(15)]
    content = {
        "Simple": {
            "Subject": {"Data": "Hi"}, "Body": {"Text": {"Data": "Hi"}}, "Headers": headers,
        }
    }  # fmt: skip
    sim.boto3_client("sesv2").send_email(
        FromEmailAddress="us@example.com",
        Destination={"ToAddresses": ["ann@example.org"]},
        Content=content,
    )
    mail = json.loads(sim.feedback[0])["mail"]
    assert mail["headersTruncated"] is True
    assert sum(len(one["name"] + one["value"]) for one in mail["headers"]) <= 10 * 1024
    assert [one["name"] for one in mail["headers"]][-1] == "X-11"
    assert mail["commonHeaders"]["subject"] == "Hi"
    send(sim, "ann@example.org")
    assert json.loads(sim.feedback[-1])["mail"]["headersTruncated"] is False
