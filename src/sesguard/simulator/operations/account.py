"""The account itself: how it stands, what it may send, what it sent."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from sesguard.simulator.state import Call
from sesguard.suppression import Reason

__all__ = ["OPERATIONS"]


def _account(call: Call) -> dict[str, Any]:
    """How the account stands in this region: sandbox, pause, quota, suppression."""
    region = call.region
    answer: dict[str, Any] = {
        "DedicatedIpAutoWarmupEnabled": False,
        "EnforcementStatus": region.standing.enforcement_status,
        "ProductionAccessEnabled": not region.standing.sandbox,
        "SendQuota": _quota(call),
        "SendingEnabled": region.standing.sending_enabled,
        "SuppressionAttributes": {
            "SuppressedReasons": [str(one) for one in region.suppressed.reasons],
            **region.account.get("SuppressionAttributes", {}),
        },
        "VdmAttributes": {"VdmEnabled": "DISABLED"},
    }
    if not region.standing.sandbox:
        answer["Details"] = {"ReviewDetails": {"Status": "GRANTED"}}
    return answer


def _put_sending(call: Call) -> dict[str, Any]:
    """Pauses the account's sending, or resumes it; a shutdown by AWS stays."""
    call.region.standing.sending_enabled = call.parameters.get("SendingEnabled", False)
    return {}


def _put_suppression(call: Call) -> dict[str, Any]:
    """For which reasons the account's list is on; none turns it off."""
    region = call.region
    region.suppressed.reasons = tuple(map(Reason, call.parameters.get("SuppressedReasons", ())))
    if "ValidationAttributes" in call.parameters:
        region.account["SuppressionAttributes"] = {
            "ValidationAttributes": call.parameters["ValidationAttributes"]
        }
    return {}


def _quota(call: Call) -> dict[str, Any]:
    """The quota, the rate, and what was sent in the last 24 hours."""
    limits = call.region.limits
    return {
        "Max24HourSend": limits.quota,
        "MaxSendRate": limits.rate,
        "SentLast24Hours": float(limits.sent_last_24_hours(call.world.clock.monotonic())),
    }


def _points(call: Call) -> dict[str, Any]:
    """Two weeks in points of 15 minutes: unsorted, on odd minutes, empty ones left out."""
    return {"SendDataPoints": call.region.statistics.points(call.now)}


def _sending_enabled(call: Call) -> dict[str, Any]:
    """Whether the account's owner lets it send."""
    return {"Enabled": call.region.standing.sending_enabled}


def _update_sending_enabled(call: Call) -> dict[str, Any]:
    """Pauses the account's sending, or resumes it; a shutdown by AWS stays."""
    call.region.standing.sending_enabled = call.parameters.get("Enabled", False)
    return {}


OPERATIONS: dict[str, Callable[[Call], dict[str, Any]]] = {
    "sesv2.GetAccount": _account,
    "sesv2.PutAccountSendingAttributes": _put_sending,
    "sesv2.PutAccountSuppressionAttributes": _put_suppression,
    "ses.GetSendQuota": _quota,
    "ses.GetSendStatistics": _points,
    "ses.GetAccountSendingEnabled": _sending_enabled,
    "ses.UpdateAccountSendingEnabled": _update_sending_enabled,
}
