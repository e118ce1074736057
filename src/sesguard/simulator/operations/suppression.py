"""SES's own lists of whom not to mail: the account's, and each tenant's."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any

from sesguard.addresses import read_leniently
from sesguard.simulator import refusals
from sesguard.simulator.operations.moments import moment
from sesguard.simulator.operations.paging import Paging
from sesguard.simulator.state import Call
from sesguard.simulator.stop_lists import Listed, SuppressionList
from sesguard.suppression import Reason

__all__ = ["OPERATIONS", "check_address", "check_production"]

_PAGING = Paging(kind="suppressed destinations", refuse=refusals.invalid_next_token)


def check_production(call: Call) -> None:
    """
    Raises:
        Refusal: The account is in the sandbox, where one may not change the list.

    Source:
        SES Developer Guide, "Service quotas".
    """
    if call.region.standing.sandbox:
        raise refusals.invalid(
            f"{call.operation} is not available while your account is in the sandbox."
        )


def check_address(address: str) -> None:
    """
    Raises:
        Refusal: It is not of the form of an address.
    """
    local, at, domain = read_leniently(address)[0].rpartition("@")
    if not (local and at and "." in domain.strip(".")):
        raise refusals.invalid(f"EmailAddress <{address}> is invalid")


def _put(call: Call) -> dict[str, Any]:
    """Puts an address on the list, in the case it is given; not in the sandbox."""
    check_production(call)
    address: str = call.parameters["EmailAddress"]
    check_address(address)
    _list_of(call).put(Listed(address, Reason(call.parameters["Reason"]), call.now))
    return {}


def _get(call: Call) -> dict[str, Any]:
    """One entry, by its exact case."""
    entry = _list_of(call).get(call.parameters["EmailAddress"])
    if entry is None:
        raise _absent(call)
    found: dict[str, Any] = {**_summary(entry), "Attributes": _origin(entry)}
    if not found["Attributes"]:
        del found["Attributes"]
    if "TenantName" in call.parameters:
        found["TenantName"] = call.parameters["TenantName"]
    return {"SuppressedDestination": found}


def _delete(call: Call) -> dict[str, Any]:
    """Takes an address off the list, by its exact case."""
    if not _list_of(call).delete(call.parameters["EmailAddress"]):
        raise _absent(call)
    return {}


def _list(call: Call) -> dict[str, Any]:
    """The list in pages, by address; filtered by reason and by time."""
    asked = call.parameters
    reasons = asked.get("Reasons", ())
    start, end = (
        moment(asked[name]) if name in asked else None for name in ("StartDate", "EndDate")
    )
    entries: Iterable[Listed] = (
        entry
        for entry in _list_of(call).entries()
        if (not reasons or entry.reason in reasons)
        and (start is None or entry.at >= start)
        and (end is None or entry.at <= end)
    )
    scope = (asked.get("TenantName"), sorted(reasons), start, end)
    found, more = _PAGING.page(call, entries, lambda entry: entry.address, scope)
    return {"SuppressedDestinationSummaries": [_summary(entry) for entry in found], **more}


def _put_tenant(call: Call) -> dict[str, Any]:
    """For which reasons a tenant's own list is on, and whether it is the one that counts."""
    tenant = call.region.tenant(call.parameters["TenantName"])
    tenant.suppressed.reasons = tuple(map(Reason, call.parameters.get("SuppressedReasons", ())))
    tenant.scope = call.parameters.get("SuppressionScope", tenant.scope)
    return {}


OPERATIONS: dict[str, Callable[[Call], dict[str, Any]]] = {
    "sesv2.PutSuppressedDestination": _put,
    "sesv2.GetSuppressedDestination": _get,
    "sesv2.DeleteSuppressedDestination": _delete,
    "sesv2.ListSuppressedDestinations": _list,
    "sesv2.PutTenantSuppressionAttributes": _put_tenant,
}


def _list_of(call: Call) -> SuppressionList:
    tenant: str | None = call.parameters.get("TenantName")
    return call.region.suppressed if tenant is None else call.region.tenant(tenant).suppressed


def _summary(entry: Listed) -> dict[str, Any]:
    return {
        "EmailAddress": entry.address,
        "Reason": str(entry.reason),
        "LastUpdateTime": entry.at,
    }


def _origin(entry: Listed) -> dict[str, str]:
    ids = {"MessageId": entry.message_id, "FeedbackId": entry.feedback_id}
    return {name: known for name, known in ids.items() if known is not None}


def _absent(call: Call) -> refusals.Refusal:
    whose = "tenant suppression list" if "TenantName" in call.parameters else "suppression list"
    address = call.parameters["EmailAddress"]
    return refusals.absent(f"Email address {address} does not exist on your {whose}.")
