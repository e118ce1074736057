"""What SES says about mail that was sent, and about an address before it is mailed."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Any

from sesguard.addresses import read_leniently
from sesguard.errors import ConfigurationError
from sesguard.simulator import refusals
from sesguard.simulator.operations.moments import moment
from sesguard.simulator.state import Call

__all__ = ["OPERATIONS"]

_MOST = 10
_COUNTED: Mapping[str, str] = {
    "SEND": "DeliveryAttempts",
    "PERMANENT_BOUNCE": "Bounces",
    "COMPLAINT": "Complaints",
}
_ROLES = ("abuse", "admin", "billing", "contact", "help", "info", "postmaster", "sales", "support")


def _metrics(call: Call) -> dict[str, Any]:
    """Sends, hard bounces and complaints by the day, as GetSendStatistics has them; else 0."""
    queries = call.parameters["Queries"]
    if len(queries) > _MOST:
        raise refusals.invalid(f"At most {_MOST} queries may be asked at a time.")
    return {"Results": [_result(call, query) for query in queries], "Errors": []}


def _insights(call: Call) -> dict[str, Any]:
    """How sure SES is of an address, by what the test said becomes of mail to it."""
    bare = read_leniently(call.parameters["EmailAddress"])[0]
    local, at, domain = bare.rpartition("@")
    syntax = bool(local and at and "." in domain) and bare.isascii() and " " not in bare
    domain_there = syntax and not domain.lower().endswith(".invalid")
    bounce = call.world.mailboxes.fate(bare).bounce if syntax else None
    exists = "HIGH" if domain_there else "LOW"
    if domain_there and bounce is not None:
        exists = "LOW" if bounce.bounce_type == "Permanent" else "MEDIUM"
    role = local.lower().partition("+")[0] in _ROLES
    evaluations = {
        "HasValidSyntax": "HIGH" if syntax else "LOW",
        "HasValidDnsRecords": "HIGH" if domain_there else "LOW",
        "MailboxExists": exists,
        "IsRoleAddress": "HIGH" if role else "LOW",
        "IsDisposable": "LOW",
        "IsRandomInput": "LOW",
    }
    return {
        "MailboxValidation": {
            "IsValid": _verdict(exists),
            "Evaluations": {name: _verdict(verdict) for name, verdict in evaluations.items()},
        }
    }


OPERATIONS: dict[str, Callable[[Call], dict[str, Any]]] = {
    "sesv2.BatchGetMetricData": _metrics,
    "sesv2.GetEmailAddressInsights": _insights,
}


def _result(call: Call, query: Mapping[str, Any]) -> dict[str, Any]:
    metric, start, end = query["Metric"], moment(query["StartDate"]), moment(query["EndDate"])
    if start >= end:
        raise refusals.invalid("StartDate has to be before EndDate.")
    if "Dimensions" in query:
        raise ConfigurationError(
            "The simulator counts for all of the account: BatchGetMetricData has no Dimensions."
        )
    days: Counter[datetime] = Counter()
    for at, counts in call.region.statistics.counted():
        if start <= at < end:
            day = at.replace(hour=0, minute=0, second=0, microsecond=0)
            days[day] += counts[_COUNTED[metric]] if metric in _COUNTED else 0
    found = sorted(days)
    return {"Id": query["Id"], "Timestamps": found, "Values": [days[day] for day in found]}


def _verdict(word: str) -> dict[str, str]:
    return {"ConfidenceVerdict": word}
