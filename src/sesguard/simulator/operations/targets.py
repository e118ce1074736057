"""What an event destination may point at, and how either API spells it."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from sesguard._frozen import FrozenMapping
from sesguard.simulator import refusals

__all__ = ["check_target", "from_v1", "to_v1"]

_MEMBERS: Mapping[str, Mapping[str, str]] = FrozenMapping(
    {
        "SNSDestination": {"": "SnsDestination", "TopicARN": "TopicArn"},
        "KinesisFirehoseDestination": {
            "": "KinesisFirehoseDestination",
            "IAMRoleARN": "IamRoleArn",
            "DeliveryStreamARN": "DeliveryStreamArn",
        },
        "CloudWatchDestination": {
            "": "CloudWatchDestination",
            "DimensionConfigurations": "DimensionConfigurations",
        },
    }
)
"""API v2's names by API v1's; the first is that of the target itself."""

_SOURCES: Mapping[str, str] = FrozenMapping(
    {"messageTag": "MESSAGE_TAG", "emailHeader": "EMAIL_HEADER", "linkTag": "LINK_TAG"}
)

_KINDS = (
    "SnsDestination",
    "EventBridgeDestination",
    "KinesisFirehoseDestination",
    "CloudWatchDestination",
    "PinpointDestination",
)
_ARNS = {
    "SnsDestination": ("TopicArn", r"arn:aws[\w-]*:sns:[\w-]+:\d{12}:[\w-]{1,256}"),
    "EventBridgeDestination": (
        "EventBusArn",
        r"arn:aws[\w-]*:events:[\w-]+:\d{12}:event-bus/default",
    ),
    "KinesisFirehoseDestination": (
        "DeliveryStreamArn",
        r"arn:aws[\w-]*:firehose:[\w-]+:\d{12}:deliverystream/[\w.-]{1,64}",
    ),
    "PinpointDestination": ("ApplicationArn", r"arn:aws[\w-]*:mobiletargeting:[\w-]+:\d{12}:.+"),
}
_CODES_V1 = {
    "SnsDestination": "InvalidSNSDestination",
    "KinesisFirehoseDestination": "InvalidFirehoseDestination",
    "CloudWatchDestination": "InvalidCloudWatchDestination",
}
_DIMENSION = re.compile(r"[A-Za-z0-9_-]{1,256}")
_DEFAULT = re.compile(r"[A-Za-z0-9_@.-]{1,256}")


def check_target(definition: Mapping[str, Any]) -> Mapping[str, Any]:
    """
    The one target of a destination, in API v2's shape.

    Raises:
        Refusal: There is none, there are two, or it points at nothing that SES can publish to.

    Source:
        SES API v2 Reference, EventDestinationDefinition: only the default event bus is taken.
        SES Developer Guide, "Configuring Amazon SNS notifications": FIFO topics are not.
    """
    found = [kind for kind in _KINDS if kind in definition]
    if len(found) != 1:
        raise refusals.invalid("Exactly one destination has to be specified.")
    (kind,) = found
    target: Mapping[str, Any] = definition[kind]
    if kind == "CloudWatchDestination":
        _check_dimensions(target["DimensionConfigurations"])
    else:
        member, form = _ARNS[kind]
        arn: str = target.get(member, "")
        if not re.fullmatch(form, arn):
            code = _CODES_V1.get(kind, "InvalidParameterValue")
            raise refusals.invalid(f"Invalid {member} <{arn}> of a {kind}.", code)
    return FrozenMapping({kind: target})


def _check_dimensions(dimensions: list[Mapping[str, str]]) -> None:
    code = _CODES_V1["CloudWatchDestination"]
    if not dimensions:
        raise refusals.invalid("At least one dimension has to be specified.", code)
    for one in dimensions:
        name, default = one["DimensionName"], one["DefaultDimensionValue"]
        if not _DIMENSION.fullmatch(name):
            raise refusals.invalid(f"Invalid dimension name <{name}>.", code)
        if not _DEFAULT.fullmatch(default):
            raise refusals.invalid(f"Invalid default dimension value <{default}>.", code)


def from_v1(definition: Mapping[str, Any]) -> dict[str, Any]:
    """A definition of API v1 in API v2's shape; what is no target stays."""
    answer: dict[str, Any] = {}
    for member, value in definition.items():
        names = _MEMBERS.get(member)
        if names is None:
            answer[member] = value
        else:
            answer[names[""]] = {names[name]: _source(it, _SOURCES) for name, it in value.items()}
    return answer


def to_v1(target: Mapping[str, Any]) -> dict[str, Any]:
    """A target in API v1's shape; empty where it has none for it."""
    sources = {new: old for old, new in _SOURCES.items()}
    for old, names in _MEMBERS.items():
        if names[""] in target:
            back = {new: name for name, new in names.items()}
            members = target[names[""]].items()
            return {old: {back[name]: _source(value, sources) for name, value in members}}
    return {}


def _source(value: Any, words: Mapping[str, str]) -> Any:
    """The dimensions of CloudWatch have a word in them that is spelled otherwise too."""
    if isinstance(value, str):
        return value
    return [{**one, "DimensionValueSource": words[one["DimensionValueSource"]]} for one in value]
