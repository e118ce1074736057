"""Configuration sets: options and destinations for the mails that name them."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from sesguard.simulator import refusals
from sesguard.simulator.operations.naming import check_name
from sesguard.simulator.operations.paging import Paging
from sesguard.simulator.state import Call, ConfigurationSet
from sesguard.suppression import Reason

__all__ = ["OPERATIONS", "find_set"]

_PAGING = Paging(kind="configuration sets", usual=50)
_MOST_SECONDS = 50_400


def find_set(call: Call) -> ConfigurationSet:
    """
    The set that the call names. One that was only ever named by mails was not created.

    Raises:
        Refusal: It is not there.
    """
    name: str = call.parameters["ConfigurationSetName"]
    if name not in call.region.configuration_sets:
        raise refusals.not_found(name)
    return call.region.configuration_sets[name]


def _create(call: Call) -> dict[str, Any]:
    """Makes a set, with any of its options."""
    asked = call.parameters
    name: str = asked["ConfigurationSetName"]
    check_name(name, "ConfigurationSetName")
    if name in call.region.configuration_sets:
        raise refusals.already_exists(f"Configuration set <{name}> already exists.")
    made = ConfigurationSet(name)
    for option, put in _PUTS.items():
        if option in asked:
            put(made, asked[option], call)
    made.options |= {
        option: value
        for option, value in asked.items()
        if option not in ("ConfigurationSetName", *_PUTS)
    }
    call.region.configuration_sets[name] = made
    return {}


def _get(call: Call) -> dict[str, Any]:
    """A set and its options; its destinations have an operation of their own."""
    found = find_set(call)
    suppression = dict(found.options.get("SuppressionOptions", {}))
    if found.suppressed_reasons is not None:
        suppression["SuppressedReasons"] = [str(one) for one in found.suppressed_reasons]
    answer: dict[str, Any] = {
        "ConfigurationSetName": found.name,
        "SendingOptions": {"SendingEnabled": found.sending_enabled},
        "ReputationOptions": {"ReputationMetricsEnabled": False},
        "Tags": [],
        **found.options,
    }
    return answer | ({"SuppressionOptions": suppression} if suppression else {})


def _list(call: Call) -> dict[str, Any]:
    """The names of all sets in pages, by name; filtered by a part of the name."""
    part = call.parameters.get("Filter", {}).get("CONFIGURATION_SET_NAME_CONTAINS", "").lower()
    names = (name for name in call.region.configuration_sets if part in name.lower())
    found, more = _PAGING.page(call, names, str, part)
    return {"ConfigurationSets": found, **more}


def _delete(call: Call) -> dict[str, Any]:
    """Removes a set and its destinations."""
    del call.region.configuration_sets[find_set(call).name]
    return {}


def _put_sending(call: Call) -> dict[str, Any]:
    """Pauses the sending of mails that name the set, or resumes it."""
    _sending(find_set(call), call.parameters, call)
    return {}


def _put_suppression(call: Call) -> dict[str, Any]:
    """For which reasons, and by whose list, its mails are stopped, in place of the account's."""
    _suppression(find_set(call), call.parameters, call)
    return {}


def _put_reputation(call: Call) -> dict[str, Any]:
    """Whether reputation metrics are collected for the set."""
    _reputation(find_set(call), call.parameters, call)
    return {}


def _put_delivery(call: Call) -> dict[str, Any]:
    """TLS and the longest time for delivery; there are no dedicated pools."""
    _delivery(find_set(call), call.parameters, call)
    return {}


def _put_tracking(call: Call) -> dict[str, Any]:
    """The domain of open and click links; it has to be verified."""
    _tracking(find_set(call), call.parameters, call)
    return {}


def _create_v1(call: Call) -> dict[str, Any]:
    """Makes a set without options."""
    name: str = call.parameters["ConfigurationSet"]["Name"]
    check_name(name, "ConfigurationSetName", "InvalidConfigurationSet")
    if name in call.region.configuration_sets:
        message = f"Configuration set <{name}> already exists."
        raise refusals.already_exists(message, "ConfigurationSetAlreadyExists")
    call.region.configuration_sets[name] = ConfigurationSet(name)
    return {}


OPERATIONS: dict[str, Callable[[Call], dict[str, Any]]] = {
    "sesv2.CreateConfigurationSet": _create,
    "sesv2.GetConfigurationSet": _get,
    "sesv2.ListConfigurationSets": _list,
    "sesv2.DeleteConfigurationSet": _delete,
    "sesv2.PutConfigurationSetSendingOptions": _put_sending,
    "sesv2.PutConfigurationSetSuppressionOptions": _put_suppression,
    "sesv2.PutConfigurationSetReputationOptions": _put_reputation,
    "sesv2.PutConfigurationSetDeliveryOptions": _put_delivery,
    "sesv2.PutConfigurationSetTrackingOptions": _put_tracking,
    "ses.CreateConfigurationSet": _create_v1,
    "ses.DeleteConfigurationSet": _delete,
}


def _sending(to: ConfigurationSet, options: Mapping[str, Any], call: Call) -> None:
    to.sending_enabled = options.get("SendingEnabled", False)


def _suppression(to: ConfigurationSet, options: Mapping[str, Any], call: Call) -> None:
    to.suppressed_reasons = None  # a scope alone leaves it to that list for which reasons it is on
    if "SuppressedReasons" in options or "SuppressionScope" not in options:
        to.suppressed_reasons = tuple(map(Reason, options.get("SuppressedReasons", ())))
    to.options["SuppressionOptions"] = _kept(options, "SuppressedReasons")


def _reputation(to: ConfigurationSet, options: Mapping[str, Any], call: Call) -> None:
    enabled = options.get("ReputationMetricsEnabled", False)
    to.options["ReputationOptions"] = {"ReputationMetricsEnabled": enabled}


def _delivery(to: ConfigurationSet, options: Mapping[str, Any], call: Call) -> None:
    if "SendingPoolName" in options:
        raise refusals.invalid(f"SendingPool <{options['SendingPoolName']}> doesn't exist")
    if options.get("MaxDeliverySeconds", 0) > _MOST_SECONDS:  # botocore has a look at the least
        raise refusals.invalid(
            "1 validation error detected: Value at 'maxDeliverySeconds' failed to satisfy "
            f"constraint: Member must have value less than or equal to {_MOST_SECONDS}"
        )
    to.options["DeliveryOptions"] = _kept(options)


def _tracking(to: ConfigurationSet, options: Mapping[str, Any], call: Call) -> None:
    domain = options.get("CustomRedirectDomain")
    if domain is None and "HttpsPolicy" not in options:
        to.options.pop("TrackingOptions", None)
        return
    if not domain:
        raise refusals.invalid("CustomRedirectDomain must be specified.")
    if not _is_verified(domain, call):
        raise refusals.invalid(f"Domain <{domain}> is not verified under this account.")
    to.options["TrackingOptions"] = _kept(options)


def _kept(options: Mapping[str, Any], *apart: str) -> dict[str, Any]:
    """As they were given, whatever SES adds to them one day; those *apart* are kept elsewhere."""
    named = ("ConfigurationSetName", *apart)
    return {name: value for name, value in options.items() if name not in named}


def _is_verified(domain: str, call: Call) -> bool:
    """A verified domain covers those below it."""
    region = call.region
    if region.known_identities is None and not region.standing.sandbox:
        return domain not in region.identities or region.identities[domain].verified
    return any(
        one.verified and f".{domain}".lower().endswith(f".{one.name}".lower())
        for one in region.identities.values()
    )


_PUTS: Mapping[str, Callable[[ConfigurationSet, Mapping[str, Any], Call], None]] = {
    "SendingOptions": _sending,
    "SuppressionOptions": _suppression,
    "ReputationOptions": _reputation,
    "DeliveryOptions": _delivery,
    "TrackingOptions": _tracking,
}
