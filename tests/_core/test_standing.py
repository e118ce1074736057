"""Findings out of GetAccount."""

from __future__ import annotations

from typing import Any

import pytest

from sesguard import errors
from sesguard._core.standing import Level, judge, quota_numbers


def answer(**changes: object) -> dict[str, Any]:
    """A healthy account, as boto3 gives it."""
    account: dict[str, Any] = {
        "DedicatedIpAutoWarmupEnabled": False,
        "EnforcementStatus": "HEALTHY",
        "ProductionAccessEnabled": True,
        "SendQuota": {"Max24HourSend": 50_000.0, "MaxSendRate": 14.0, "SentLast24Hours": 1_234.0},
        "SendingEnabled": True,
        "SuppressionAttributes": {"SuppressedReasons": ["BOUNCE", "COMPLAINT"]},
        "Details": {"ReviewDetails": {"Status": "GRANTED", "CaseId": "5"}},
    }
    return account | changes


def quota(limit: float, sent: float, rate: float = 14.0) -> dict[str, float]:
    return {"Max24HourSend": limit, "MaxSendRate": rate, "SentLast24Hours": sent}


def test_a_healthy_account_is_ok_in_every_point() -> None:
    """Each of them is named, with nothing to do."""
    report = judge(answer(), "eu-west-1")
    assert report.level is Level.OK
    assert [finding.name for finding in report] == [
        "region", "sandbox", "enforcement", "sending", "quota", "rate", "suppression", "review",
    ]  # fmt: skip
    assert not any(finding.do for finding in report)
    assert "eu-west-1" in report["region"].what
    assert "48,766 left" in report["quota"].what


@pytest.mark.parametrize(
    ("changes", "name", "level", "words"),
    [
        ({"ProductionAccessEnabled": False}, "sandbox", Level.STOP, "region"),
        ({"ProductionAccessEnabled": None}, "sandbox", Level.WARN, "did not say"),
        ({"EnforcementStatus": "PROBATION"}, "enforcement", Level.WARN, "under review"),
        ({"EnforcementStatus": "SHUTDOWN"}, "enforcement", Level.STOP, "Support Center"),
        ({"EnforcementStatus": "MELTED"}, "enforcement", Level.WARN, "MELTED"),
        ({"EnforcementStatus": None}, "enforcement", Level.WARN, "did not say"),
        ({"SendingEnabled": False}, "sending", Level.STOP, "PutAccountSendingAttributes"),
        ({"SendingEnabled": None}, "sending", Level.WARN, "did not say"),
        ({"SendQuota": quota(200, 200)}, "quota", Level.STOP, "0 left"),
        ({"SendQuota": quota(200, 212)}, "quota", Level.STOP, "0 left"),
        ({"SendQuota": quota(200, 160)}, "quota", Level.WARN, "40 left"),
        ({"SendQuota": quota(200, 159)}, "quota", Level.OK, "41 left"),
        ({"SendQuota": quota(-1, 10**9)}, "quota", Level.OK, "Unlimited; 1,000,000,000"),
        ({"SendQuota": quota(200, 0, rate=0)}, "rate", Level.STOP, "0 recipients"),
        ({"SuppressionAttributes": {}}, "suppression", Level.WARN, "BOUNCE or COMPLAINT"),
        ({"SuppressionAttributes": None}, "suppression", Level.WARN, "BOUNCE or COMPLAINT"),
        (
            {"SuppressionAttributes": {"SuppressedReasons": ["BOUNCE"]}},
            "suppression",
            Level.WARN,
            "mail to COMPLAINT",
        ),
        ({"Details": {"ReviewDetails": {"Status": "DENIED"}}}, "review", Level.WARN, "DENIED."),
        ({"Details": {"ReviewDetails": {"CaseId": "9"}}}, "review", Level.WARN, "case 9"),
    ],
)
def test_each_trouble_has_a_finding_with_a_next_step(
    changes: dict[str, object], name: str, level: Level, words: str
) -> None:
    """And the report is as bad as its worst finding."""
    report = judge(answer(**changes), "eu-west-1")
    finding = report[name]
    assert finding.level is level
    assert words in str(finding)
    assert bool(finding.do) is (level is not Level.OK)
    assert report.level is level
    assert str(finding) in str(report)


def test_what_ses_leaves_out_is_no_finding_of_its_own() -> None:
    """An account that never asked for production access has no review."""
    account = answer()
    del account["Details"]
    report = judge(account, None)
    assert "One region" in report["region"].what
    with pytest.raises(KeyError):
        report["review"]


def test_the_quota_is_read_out_of_both_apis() -> None:
    """v2 nests it, v1 does not; the numbers may be whole or not."""
    assert quota_numbers(answer()) == (50_000, 14, 1_234)
    assert quota_numbers(quota(-1, 3, rate=0.5)) == (-1, 0.5, 3)


@pytest.mark.parametrize("value", [None, "14", True])
def test_a_quota_without_its_numbers_is_not_guessed(value: object) -> None:
    """The error names the number that is missing."""
    numbers: dict[str, object] = {**quota(200, 0), "MaxSendRate": value}
    with pytest.raises(errors.ParseError, match="MaxSendRate"):
        judge({"SendQuota": numbers}, None)


def test_levels_can_be_compared() -> None:
    """In the order of trouble."""
    assert [level.severity for level in Level] == [0, 1, 2]
