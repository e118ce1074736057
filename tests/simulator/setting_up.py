"""Sets up, by the account's own operations, how a simulated account has its feedback told."""

from __future__ import annotations

from collections.abc import Collection
from typing import Any

from sesguard.simulator import Simulator

KINDS = (
    "SEND", "DELIVERY", "BOUNCE", "COMPLAINT", "REJECT", "OPEN", "CLICK",
    "RENDERING_FAILURE", "DELIVERY_DELAY", "SUBSCRIPTION",
)  # fmt: skip
ALL_FEEDBACK = ("Bounce", "Complaint", "Delivery")


def emptied(sim: Simulator) -> list[str]:
    """The bodies in the queue, which are taken out."""
    source = sim.source()
    found = source.receive(1000, 0)
    source.delete([one.receipt for one in found])
    return [one.body for one in found]


def identity_topics(
    sim: Simulator, name: str, kinds: Collection[str] = ALL_FEEDBACK, *, headers: bool = False
) -> None:
    """Have an identity with a topic for each of *kinds* alone. Empties the queue."""
    v1, v2 = sim.boto3_client("ses"), sim.boto3_client("sesv2")
    if name not in v1.list_identities()["Identities"]:
        v2.create_email_identity(EmailIdentity=name)
        sim.verify(name)
    for kind in ALL_FEEDBACK:
        topic = f"arn:aws:sns:us-east-1:123456789012:{kind.lower()}s"
        chosen = {"SnsTopic": topic} if kind in kinds else {}
        v1.set_identity_notification_topic(Identity=name, NotificationType=kind, **chosen)
        v1.set_identity_headers_in_notifications_enabled(
            Identity=name, NotificationType=kind, Enabled=headers
        )
    emptied(sim)


def destination(
    sim: Simulator,
    set_name: str,
    arn: str,
    kinds: Collection[str] = KINDS,
    *,
    enabled: bool = True,
) -> None:
    """Give a configuration set an event destination: CloudWatch for no ARN. Empties the queue."""
    client = sim.boto3_client("sesv2")
    if set_name not in client.list_configuration_sets()["ConfigurationSets"]:
        client.create_configuration_set(ConfigurationSetName=set_name)
    there = client.get_configuration_set_event_destinations(ConfigurationSetName=set_name)
    dimension = {
        "DimensionName": "campaign",
        "DimensionValueSource": "MESSAGE_TAG",
        "DefaultDimensionValue": "none",
    }
    role = "arn:aws:iam::123456789012:role/ses"
    targets: dict[str, dict[str, Any]] = {
        "sns": {"SnsDestination": {"TopicArn": arn}},
        "events": {"EventBridgeDestination": {"EventBusArn": arn}},
        "firehose": {"KinesisFirehoseDestination": {"IamRoleArn": role, "DeliveryStreamArn": arn}},
        "": {"CloudWatchDestination": {"DimensionConfigurations": [dimension]}},
    }
    client.create_configuration_set_event_destination(
        ConfigurationSetName=set_name,
        EventDestinationName=f"number-{len(there['EventDestinations'])}",
        EventDestination={
            "Enabled": enabled,
            "MatchingEventTypes": list(kinds),
            **targets[f"{arn}::::".split(":")[2]],
        },
    )
    emptied(sim)


def people_list(sim: Simulator, name: str, *topics: str) -> None:
    """Make a contact list."""
    sim.boto3_client("sesv2").create_contact_list(
        ContactListName=name,
        Topics=[
            {"TopicName": topic, "DisplayName": topic, "DefaultSubscriptionStatus": "OPT_IN"}
            for topic in topics
        ],
    )
