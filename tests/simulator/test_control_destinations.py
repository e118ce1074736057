"""Where a configuration set's events go, in either API."""

from __future__ import annotations

from typing import Any

import pytest

from sesguard import errors
from sesguard.simulator import Simulator
from sesguard.simulator.operations import event_destinations
from tests.simulator.controls import TOPIC, both, refused

BUS = "arn:aws:events:us-east-1:123456789012:event-bus/default"
TARGETS: list[dict[str, Any]] = [
    {"SnsDestination": {"TopicArn": TOPIC}},
    {"EventBridgeDestination": {"EventBusArn": BUS}},
    {
        "KinesisFirehoseDestination": {
            "IamRoleArn": "arn:aws:iam::123456789012:role/ses",
            "DeliveryStreamArn": "arn:aws:firehose:us-east-1:123456789012:deliverystream/mail",
        }
    },
    {
        "CloudWatchDestination": {
            "DimensionConfigurations": [
                {
                    "DimensionName": "campaign",
                    "DimensionValueSource": "MESSAGE_TAG",
                    "DefaultDimensionValue": "none",
                }
            ]
        }
    },
    {"PinpointDestination": {"ApplicationArn": "arn:aws:mobiletargeting:us-east-1:123456789012:a"}},
]
SNS = {"Enabled": True, "MatchingEventTypes": ["BOUNCE"], **TARGETS[0]}
SNS_V1 = {
    "Name": "feedback",
    "Enabled": True,
    "MatchingEventTypes": ["bounce", "renderingFailure"],
    "SNSDestination": {"TopicARN": TOPIC},
}
MAIN = {"ConfigurationSetName": "main"}
FEEDBACK = {**MAIN, "EventDestinationName": "feedback"}


def with_set(sim: Simulator) -> tuple[Any, Any]:
    v2, v1 = both(sim)
    v2.create_configuration_set(**MAIN)
    return v2, v1


def shown(v2: Any) -> list[dict[str, Any]]:
    answer: list[dict[str, Any]] = v2.get_configuration_set_event_destinations(**MAIN)[
        "EventDestinations"
    ]
    return answer


@pytest.mark.parametrize("target", TARGETS, ids=lambda target: next(iter(target)))
def test_every_kind_of_destination_is_kept(target: dict[str, Any]) -> None:
    """Create, get, update, get, delete: all five, with every kind of event."""
    v2, _ = with_set(Simulator())
    kinds = [
        "SEND", "REJECT", "BOUNCE", "COMPLAINT", "DELIVERY", "OPEN", "CLICK", "RENDERING_FAILURE",
        "DELIVERY_DELAY", "SUBSCRIPTION",
    ]  # fmt: skip
    wanted = {"Enabled": True, "MatchingEventTypes": kinds, **target}
    v2.create_configuration_set_event_destination(**FEEDBACK, EventDestination=wanted)
    assert shown(v2) == [{"Name": "feedback", **wanted}]
    wanted = {"Enabled": False, "MatchingEventTypes": ["BOUNCE", "COMPLAINT"], **target}
    v2.update_configuration_set_event_destination(**FEEDBACK, EventDestination=wanted)
    assert shown(v2) == [{"Name": "feedback", **wanted}]
    v2.delete_configuration_set_event_destination(**FEEDBACK)
    assert shown(v2) == []


def test_a_destination_is_off_unless_it_is_turned_on() -> None:
    """Enabled is false where it is not said."""
    v2, _ = with_set(Simulator())
    quiet = {"MatchingEventTypes": ["BOUNCE"], **TARGETS[0]}
    v2.create_configuration_set_event_destination(**FEEDBACK, EventDestination=quiet)
    assert shown(v2)[0]["Enabled"] is False


def test_both_apis_see_the_same_destinations() -> None:
    """Each in its own spelling: SNSDestination and SnsDestination, bounce and BOUNCE."""
    v2, v1 = with_set(Simulator())
    v1.create_configuration_set_event_destination(**MAIN, EventDestination=SNS_V1)
    assert shown(v2) == [
        {
            "Name": "feedback", "Enabled": True, **TARGETS[0],
            "MatchingEventTypes": ["BOUNCE", "RENDERING_FAILURE"],
        }
    ]  # fmt: skip
    everything = ["eventDestinations"]
    (seen,) = v1.describe_configuration_set(**MAIN, ConfigurationSetAttributeNames=everything)[
        "EventDestinations"
    ]
    assert {**seen, "MatchingEventTypes": sorted(seen["MatchingEventTypes"])} == SNS_V1
    v1.update_configuration_set_event_destination(
        **MAIN, EventDestination={**SNS_V1, "Enabled": False}
    )
    assert shown(v2)[0]["Enabled"] is False
    v1.delete_configuration_set_event_destination(**FEEDBACK)
    assert shown(v2) == []


def test_v1_spells_firehose_and_cloudwatch_too() -> None:
    """IAMRoleARN, messageTag: there and back."""
    v2, v1 = with_set(Simulator())
    firehose, watch = TARGETS[2]["KinesisFirehoseDestination"], TARGETS[3]["CloudWatchDestination"]
    old: list[dict[str, Any]] = [
        {
            "KinesisFirehoseDestination": {
                "IAMRoleARN": firehose["IamRoleArn"],
                "DeliveryStreamARN": firehose["DeliveryStreamArn"],
            }
        },
        {
            "CloudWatchDestination": {
                "DimensionConfigurations": [
                    {**watch["DimensionConfigurations"][0], "DimensionValueSource": "messageTag"}
                ]
            }
        },
    ]
    for n, target in enumerate(old):
        definition = {"Name": str(n), "Enabled": True, "MatchingEventTypes": ["send"], **target}
        v1.create_configuration_set_event_destination(**MAIN, EventDestination=definition)
    assert [{**one}.popitem()[0] for one in shown(v2)]
    assert shown(v2)[0]["KinesisFirehoseDestination"] == firehose
    assert shown(v2)[1]["CloudWatchDestination"] == watch
    seen = v1.describe_configuration_set(
        **MAIN, ConfigurationSetAttributeNames=["eventDestinations"]
    )["EventDestinations"]
    for one, target in zip(seen, old, strict=True):
        assert target.items() <= one.items()


def test_v1_does_not_show_what_it_has_no_word_for() -> None:
    """EventBridge, Pinpoint and delivery delays are API v2's alone."""
    v2, v1 = with_set(Simulator())
    for name, target, kind in (
        ("bus", TARGETS[1], "SEND"),
        ("late", TARGETS[0], "DELIVERY_DELAY"),
        ("sent", TARGETS[0], "SEND"),
    ):
        v2.create_configuration_set_event_destination(
            **MAIN,
            EventDestinationName=name,
            EventDestination={"MatchingEventTypes": [kind], **target},
        )
    asked = ["eventDestinations"]
    answer = v1.describe_configuration_set(**MAIN, ConfigurationSetAttributeNames=asked)
    assert [one["Name"] for one in answer["EventDestinations"]] == ["sent"]


def test_describe_tells_what_it_is_asked() -> None:
    """DescribeConfigurationSet: no options, unless they are named."""
    sim = Simulator()
    v2, v1 = with_set(sim)
    v2.put_configuration_set_tracking_options(**MAIN, CustomRedirectDomain="a.example.com")
    v2.put_configuration_set_delivery_options(**MAIN, TlsPolicy="REQUIRE")
    v2.put_configuration_set_sending_options(**MAIN, SendingEnabled=False)
    bare = v1.describe_configuration_set(**MAIN)
    assert set(bare) == {"ConfigurationSet", "ResponseMetadata"}
    names = ["trackingOptions", "deliveryOptions", "reputationOptions"]
    answer = v1.describe_configuration_set(**MAIN, ConfigurationSetAttributeNames=names)
    assert answer["TrackingOptions"] == {"CustomRedirectDomain": "a.example.com"}
    assert answer["DeliveryOptions"] == {"TlsPolicy": "Require"}
    assert answer["ReputationOptions"] == {
        "SendingEnabled": False, "ReputationMetricsEnabled": False,
    }  # fmt: skip


def test_a_set_has_at_most_ten() -> None:
    """Service quotas: LimitExceededException, and LimitExceeded in API v1."""
    v2, v1 = with_set(Simulator())
    for n in range(10):
        v2.create_configuration_set_event_destination(
            **MAIN, EventDestinationName=str(n), EventDestination=SNS
        )
    with refused("LimitExceededException"):
        v2.create_configuration_set_event_destination(**FEEDBACK, EventDestination=SNS)
    with refused("LimitExceeded"):
        v1.create_configuration_set_event_destination(**MAIN, EventDestination=SNS_V1)
    assert len(shown(v2)) == 10


def test_a_name_is_taken_or_is_not_there() -> None:
    """AlreadyExists and NotFound, in the codes of either API."""
    v2, v1 = with_set(Simulator())
    with refused("NotFoundException", 404, "name <feedback> does not exist"):
        v2.update_configuration_set_event_destination(**FEEDBACK, EventDestination=SNS)
    with refused("EventDestinationDoesNotExist"):
        v1.update_configuration_set_event_destination(**MAIN, EventDestination=SNS_V1)
    with refused("EventDestinationDoesNotExist"):
        v1.delete_configuration_set_event_destination(**FEEDBACK)
    v2.create_configuration_set_event_destination(**FEEDBACK, EventDestination=SNS)
    with refused("AlreadyExistsException", says="already exists for configuration set <main>"):
        v2.create_configuration_set_event_destination(**FEEDBACK, EventDestination=SNS)
    with refused("EventDestinationAlreadyExists"):
        v1.create_configuration_set_event_destination(**MAIN, EventDestination=SNS_V1)
    other = {"ConfigurationSetName": "other"}
    with refused("ConfigurationSetDoesNotExist"):
        v1.create_configuration_set_event_destination(**other, EventDestination=SNS_V1)


CLOUD = TARGETS[3]["CloudWatchDestination"]["DimensionConfigurations"][0]


@pytest.mark.parametrize(
    ("name", "definition"),
    [
        ("a b", SNS),
        ("a" * 65, SNS),
        ("a", {"Enabled": True, **TARGETS[0]}),
        ("a", {**SNS, "MatchingEventTypes": []}),
        ("a", {**SNS, "MatchingEventTypes": ["BOUNCED"]}),
        ("a", {"MatchingEventTypes": ["BOUNCE"]}),
        ("a", {**SNS, **TARGETS[1]}),
        ("a", {**SNS, "SnsDestination": {"TopicArn": "events"}}),
        ("a", {**SNS, "SnsDestination": {"TopicArn": f"{TOPIC}.fifo"}}),
        ("a", {"MatchingEventTypes": ["SEND"],
               "EventBridgeDestination": {"EventBusArn": BUS.replace("default", "ours")}}),
        ("a", {"MatchingEventTypes": ["SEND"], "PinpointDestination": {}}),
        *[("a", {"MatchingEventTypes": ["SEND"],
                 "CloudWatchDestination": {"DimensionConfigurations": dimensions}})
          for dimensions in ([], [{**CLOUD, "DimensionName": "a b"}],
                             [{**CLOUD, "DefaultDimensionValue": "a b"}],
                             [{**CLOUD, "DimensionValueSource": "WIND"}])],
    ],
)  # fmt: skip
def test_bad_destinations_are_refused(name: str, definition: dict[str, Any]) -> None:
    """BadRequestException: a bad name, no known kind, no or two targets, what SES cannot reach."""
    v2, _ = with_set(Simulator())
    with refused("BadRequestException"):
        v2.create_configuration_set_event_destination(
            **MAIN, EventDestinationName=name, EventDestination=definition
        )
    assert shown(v2) == []


@pytest.mark.parametrize(
    ("code", "change"),
    [
        ("InvalidSNSDestination", {"SNSDestination": {"TopicARN": f"{TOPIC}.fifo"}}),
        ("InvalidParameterValue", {"Name": "a b"}),
        ("InvalidParameterValue", {"MatchingEventTypes": []}),
        ("ValidationError", {"MatchingEventTypes": ["BOUNCE"]}),
    ],
)
def test_v1_has_codes_of_its_own_for_them(code: str, change: dict[str, Any]) -> None:
    """InvalidSNSDestination for the topic, ValidationError for a word that is none."""
    _, v1 = with_set(Simulator())
    with refused(code):
        v1.create_configuration_set_event_destination(**MAIN, EventDestination={**SNS_V1, **change})


def test_a_kind_of_event_to_come_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    """Where botocore knows one that the simulator does not, the test learns of it."""
    less = {"SEND": "Send"}
    monkeypatch.setattr(event_destinations, "_KINDS", less)
    v2, _ = with_set(Simulator())
    with pytest.raises(errors.ConfigurationError, match="no events of the kind BOUNCE"):
        v2.create_configuration_set_event_destination(**FEEDBACK, EventDestination=SNS)


def test_a_topic_is_greeted_once() -> None:
    """A new topic gets SES's plain text; one that stays is left alone."""
    sim = Simulator()
    v2, _ = with_set(sim)

    def waiting() -> int:
        return len(sim.source().receive(10, 0))

    v2.create_configuration_set_event_destination(**FEEDBACK, EventDestination=SNS)
    assert waiting() == 1
    v2.update_configuration_set_event_destination(
        **FEEDBACK, EventDestination={**SNS, "Enabled": False}
    )
    assert waiting() == 0
    other = {**SNS, "SnsDestination": {"TopicArn": f"{TOPIC}-2"}}
    v2.update_configuration_set_event_destination(**FEEDBACK, EventDestination=other)
    assert waiting() == 1
