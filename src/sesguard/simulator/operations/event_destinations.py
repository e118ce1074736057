"""Event destinations: where a configuration set's events go, in the shapes of either API."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from sesguard._frozen import FrozenMapping
from sesguard.errors import ConfigurationError
from sesguard.simulator import refusals
from sesguard.simulator.operations.configuration_sets import find_set
from sesguard.simulator.operations.naming import check_name
from sesguard.simulator.operations.targets import check_target, from_v1, to_v1
from sesguard.simulator.state import Call, ConfigurationSet, EventDestination

__all__ = ["OPERATIONS"]

_MOST = 10

_KINDS: Mapping[str, str] = FrozenMapping(
    {
        "SEND": "Send",
        "REJECT": "Reject",
        "BOUNCE": "Bounce",
        "COMPLAINT": "Complaint",
        "DELIVERY": "Delivery",
        "OPEN": "Open",
        "CLICK": "Click",
        "RENDERING_FAILURE": "Rendering Failure",
        "DELIVERY_DELAY": "DeliveryDelay",
        "SUBSCRIPTION": "Subscription",
    }
)
"""The wire's word by the API's."""

_KINDS_V1: Mapping[str, str] = FrozenMapping(
    {
        "renderingFailure": "Rendering Failure",
        **{kind.lower(): kind for kind in list(_KINDS.values())[:7]},
    }
)
"""API v1 does not have all of them."""


def _create(call: Call) -> dict[str, Any]:
    """Adds a destination: SNS, EventBridge, Firehose, CloudWatch or Pinpoint; at most ten."""
    name, definition = call.parameters["EventDestinationName"], call.parameters["EventDestination"]
    _add(call, find_set(call), _read(name, definition, _KINDS))
    return {}


def _create_v1(call: Call) -> dict[str, Any]:
    """Adds a destination: SNS, Firehose or CloudWatch; at most ten."""
    _add(call, find_set(call), _read_v1(call))
    return {}


def _update(call: Call) -> dict[str, Any]:
    """Puts another definition in place of all of the old one."""
    name, definition = call.parameters["EventDestinationName"], call.parameters["EventDestination"]
    _replace(call, find_set(call), _read(name, definition, _KINDS))
    return {}


def _update_v1(call: Call) -> dict[str, Any]:
    """Puts another definition in place of all of the old one."""
    _replace(call, find_set(call), _read_v1(call))
    return {}


def _get(call: Call) -> dict[str, Any]:
    """All destinations of a set."""
    return {"EventDestinations": [_show(one) for one in find_set(call).destinations.values()]}


def _describe_v1(call: Call) -> dict[str, Any]:
    """A set with the options that were asked for, and its destinations as far as v1 knows them."""
    found = find_set(call)
    wanted = call.parameters.get("ConfigurationSetAttributeNames", ())
    answer: dict[str, Any] = {"ConfigurationSet": {"Name": found.name}}
    if "eventDestinations" in wanted:
        shown = map(_show_v1, found.destinations.values())
        answer["EventDestinations"] = [one for one in shown if one is not None]
    tracking = found.options.get("TrackingOptions")
    if "trackingOptions" in wanted and tracking:
        answer["TrackingOptions"] = {"CustomRedirectDomain": tracking["CustomRedirectDomain"]}
    delivery = found.options.get("DeliveryOptions", {})
    if "deliveryOptions" in wanted and "TlsPolicy" in delivery:
        answer["DeliveryOptions"] = {"TlsPolicy": delivery["TlsPolicy"].capitalize()}
    if "reputationOptions" in wanted:
        answer["ReputationOptions"] = {
            "SendingEnabled": found.sending_enabled,
            "ReputationMetricsEnabled": False,
            **found.options.get("ReputationOptions", {}),
        }
    return answer


def _delete(call: Call) -> dict[str, Any]:
    """Removes a destination."""
    owner, name = find_set(call), call.parameters["EventDestinationName"]
    _check_there(owner, name)
    del owner.destinations[name]
    return {}


OPERATIONS: dict[str, Callable[[Call], dict[str, Any]]] = {
    "sesv2.CreateConfigurationSetEventDestination": _create,
    "sesv2.UpdateConfigurationSetEventDestination": _update,
    "sesv2.GetConfigurationSetEventDestinations": _get,
    "sesv2.DeleteConfigurationSetEventDestination": _delete,
    "ses.CreateConfigurationSetEventDestination": _create_v1,
    "ses.UpdateConfigurationSetEventDestination": _update_v1,
    "ses.DeleteConfigurationSetEventDestination": _delete,
    "ses.DescribeConfigurationSet": _describe_v1,
}


def _read_v1(call: Call) -> EventDestination:
    definition: Mapping[str, Any] = call.parameters["EventDestination"]
    return _read(definition["Name"], from_v1(definition), _KINDS_V1)


def _read(name: str, definition: Mapping[str, Any], words: Mapping[str, str]) -> EventDestination:
    """
    Raises:
        Refusal: It has no proper name, no kind, or not exactly one target.

        ConfigurationError: There is a kind that botocore knows and the simulator does not.

    Source:
        SES Developer Guide, "Service quotas", "Creating Amazon SES event destinations".
    """
    check_name(name, "Event destination name")
    asked = definition.get("MatchingEventTypes", ())
    if not asked:
        raise refusals.invalid("At least one event type must be specified.")
    unknown = [word for word in asked if word not in words]
    if unknown:
        raise ConfigurationError(
            f"The simulator has no events of the kind {unknown[0]}. It has {', '.join(words)}."
        )
    return EventDestination(
        name=name,
        enabled=definition.get("Enabled", False),
        kinds=frozenset(words[word] for word in asked),
        target=check_target(definition),
    )


def _add(call: Call, owner: ConfigurationSet, made: EventDestination) -> None:
    if made.name in owner.destinations:
        message = (
            f"An event destination with name <{made.name}> already exists for configuration set "
            f"<{owner.name}>."
        )
        raise refusals.already_exists(message, "EventDestinationAlreadyExists")
    if len(owner.destinations) >= _MOST:
        raise refusals.limit_exceeded(
            f"A configuration set can have at most {_MOST} event destinations."
        )
    owner.destinations[made.name] = made
    _greet(call, made)


def _replace(call: Call, owner: ConfigurationSet, made: EventDestination) -> None:
    _check_there(owner, made.name)
    before = owner.destinations[made.name]
    owner.destinations[made.name] = made
    if made.topic_arn != before.topic_arn:
        _greet(call, made)


def _greet(call: Call, made: EventDestination) -> None:
    if made.topic_arn is not None:
        call.world.publisher.validated(made.topic_arn)


def _check_there(owner: ConfigurationSet, name: str) -> None:
    if name not in owner.destinations:
        message = (
            f"An event destination with name <{name}> does not exist for configuration set "
            f"<{owner.name}>."
        )
        raise refusals.absent(message, "EventDestinationDoesNotExist")


def _show(one: EventDestination) -> dict[str, Any]:
    return {
        "Name": one.name,
        "Enabled": one.enabled,
        "MatchingEventTypes": [word for word, kind in _KINDS.items() if kind in one.kinds],
        **one.target,
    }


def _show_v1(one: EventDestination) -> dict[str, Any] | None:
    """None where API v1 has neither such a target nor any of such kinds."""
    kinds = [word for word, kind in _KINDS_V1.items() if kind in one.kinds]
    target = to_v1(one.target)
    if not kinds or not target:
        return None
    return {"Name": one.name, "Enabled": one.enabled, "MatchingEventTypes": kinds, **target}
