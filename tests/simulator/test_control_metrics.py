"""Counts by the day, and what SES thinks of an address."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from sesguard import errors
from sesguard.simulator import SimulatedClock, Simulator
from tests.simulator.controls import both, refused
from tests.simulator.test_simulator import send

START = datetime(2026, 3, 1, 12, tzinfo=UTC)


def query(metric: str, **options: Any) -> dict[str, Any]:
    return {
        "Id": metric, "Namespace": "VDM", "Metric": metric,
        "StartDate": START - timedelta(days=1), "EndDate": START + timedelta(days=3), **options,
    }  # fmt: skip


def test_sends_bounces_and_complaints_are_counted_by_the_day() -> None:
    """BatchGetMetricData; what the statistics do not tell apart is 0."""
    sim = Simulator(clock=SimulatedClock(START))
    v2, _ = both(sim)
    sim.bounces("gone@example.org")
    sim.complains("angry@example.org")
    send(sim, "gone@example.org")
    sim.clock.advance(timedelta(days=1))
    for address in ("ann@example.org", "angry@example.org"):
        send(sim, address)
    sim.clock.advance(timedelta(days=1))
    names = ["SEND", "PERMANENT_BOUNCE", "COMPLAINT", "DELIVERY", "OPEN"]
    answer = v2.batch_get_metric_data(Queries=[query(name) for name in names])
    found = {one["Id"]: one["Values"] for one in answer["Results"]}
    assert found == {
        "SEND": [1, 2], "PERMANENT_BOUNCE": [1, 0], "COMPLAINT": [0, 1],
        "DELIVERY": [0, 0], "OPEN": [0, 0],
    }  # fmt: skip
    midnight = START.replace(hour=0)
    days = [midnight, midnight + timedelta(days=1)]
    assert answer["Results"][0]["Timestamps"] == days
    assert answer["Errors"] == []
    late = query("SEND", StartDate=START + timedelta(hours=12))
    assert v2.batch_get_metric_data(Queries=[late])["Results"][0]["Values"] == [2]


def test_asking_for_metrics_leaves_the_statistics_alone() -> None:
    """GetSendStatistics comes in the same order, whoever asked for what in between."""

    def order(curious: bool) -> Any:
        sim = Simulator(clock=SimulatedClock(START))
        v2, v1 = both(sim)
        for _ in range(8):
            send(sim)
            sim.clock.advance(900)
        if curious:
            v2.batch_get_metric_data(Queries=[query("SEND")])
        return v1.get_send_statistics()["SendDataPoints"]

    assert order(curious=True) == order(curious=False)


def test_bad_queries_are_refused() -> None:
    """More than ten, an end before the start, a metric that there is not."""
    v2, _ = both(Simulator())
    bad = [
        [query("SEND")] * 11,
        [query("SEND", EndDate=START - timedelta(days=1))],
        [query("RATE")],
        [query("SEND", Namespace="AWS/SES")],
    ]
    for queries in bad:
        with refused("BadRequestException"):
            v2.batch_get_metric_data(Queries=queries)


def test_dimensions_are_told() -> None:
    """The simulator counts for the account, and does not answer as if it had not."""
    v2, _ = both(Simulator())
    with pytest.raises(errors.ConfigurationError, match="has no Dimensions"):
        v2.batch_get_metric_data(Queries=[query("SEND", Dimensions={"ISP": "Gmail"})])


def test_an_address_is_judged_by_what_the_test_scripted() -> None:
    """GetEmailAddressInsights, where botocore has it: a bounce means that nobody is there."""
    sim = Simulator()
    v2, _ = both(sim)
    if not hasattr(v2, "get_email_address_insights"):
        pytest.skip("this botocore is older than GetEmailAddressInsights")
    sim.bounces("gone@example.org")
    sim.bounces("full@example.org", bounce_type="Transient", bounce_sub_type="MailboxFull")

    def verdicts(address: str) -> list[str]:
        answer = v2.get_email_address_insights(EmailAddress=address)["MailboxValidation"]
        names = ("HasValidSyntax", "HasValidDnsRecords", "MailboxExists", "IsRoleAddress")
        judged = [answer["IsValid"], *(answer["Evaluations"][name] for name in names)]
        assert answer["Evaluations"]["IsDisposable"] == {"ConfidenceVerdict": "LOW"}
        return [one["ConfidenceVerdict"] for one in judged]

    assert verdicts("ann@example.org") == ["HIGH", "HIGH", "HIGH", "HIGH", "LOW"]
    assert verdicts("Gone@example.org") == ["LOW", "HIGH", "HIGH", "LOW", "LOW"]
    assert verdicts("full@example.org") == ["MEDIUM", "HIGH", "HIGH", "MEDIUM", "LOW"]
    assert verdicts("support+1@example.org") == ["HIGH", "HIGH", "HIGH", "HIGH", "HIGH"]
    assert verdicts("ann@nowhere.invalid") == ["LOW", "HIGH", "LOW", "LOW", "LOW"]
    assert verdicts("ann example.org") == ["LOW", "LOW", "LOW", "LOW", "LOW"]
