"""The account itself: how it stands, what it may send, what it sent."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from sesguard.simulator.state import Call

__all__ = ["OPERATIONS"]


def _account(call: Call) -> dict[str, Any]:
    region = call.region
    return {
        "DedicatedIpAutoWarmupEnabled": False,
        "EnforcementStatus": region.standing.enforcement_status,
        "ProductionAccessEnabled": not region.standing.sandbox,
        "SendQuota": _quota(call),
        "SendingEnabled": region.standing.sending_enabled,
        "SuppressionAttributes": {
            "SuppressedReasons": [str(one) for one in region.suppressed.reasons]
        },
    }


def _quota(call: Call) -> dict[str, Any]:
    limits = call.region.limits
    return {
        "Max24HourSend": limits.quota,
        "MaxSendRate": limits.rate,
        "SentLast24Hours": float(limits.sent_last_24_hours(call.world.clock.monotonic())),
    }


def _points(call: Call) -> dict[str, Any]:
    return {"SendDataPoints": call.region.statistics.points(call.now)}


OPERATIONS: dict[str, Callable[[Call], dict[str, Any]]] = {
    "sesv2.GetAccount": _account,
    "ses.GetSendQuota": _quota,
    "ses.GetSendStatistics": _points,
}
