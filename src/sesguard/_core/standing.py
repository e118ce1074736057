"""What GetAccount tells about an account, as findings with a next step each. Pure."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import cast

from sesguard.errors import ParseError

__all__ = ["Finding", "Level", "Report", "judge", "quota_numbers"]

NEARLY_USED = 0.8


class Level(StrEnum):
    """How bad a finding is: all is well, look at it, or mail is not going out."""

    OK = "ok"
    WARN = "warn"
    STOP = "stop"

    @property
    def severity(self) -> int:
        """0, 1 and 2."""
        return _SEVERITY[self]


_SEVERITY = {level: place for place, level in enumerate(Level)}


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """
    One thing that is known about the account.

    Attributes:
        name: ``region``, ``sandbox``, ``enforcement``, ``sending``, ``quota``, ``rate``,
            ``suppression`` or ``review``.

        level: See `Level`.

        what: What is so.

        do: The next step; empty where there is nothing to do.
    """

    name: str
    level: Level
    what: str
    do: str = ""

    def __str__(self) -> str:
        text = f"{self.level:<5}{self.name:<12}{self.what}"
        return f"{text}\n{'':17}-> {self.do}" if self.do else text


@dataclass(frozen=True, slots=True, kw_only=True)
class Report:
    """
    All findings about an account in one region. ``str(report)`` prints them.

    Attributes:
        region: The region that was asked; None where it is not known.

        findings: In the order in which to read them.
    """

    region: str | None
    findings: tuple[Finding, ...]

    @property
    def level(self) -> Level:
        """The level of the worst finding."""
        return max((finding.level for finding in self.findings), key=_SEVERITY.__getitem__)

    def __getitem__(self, name: str) -> Finding:
        """The finding of that name; a `KeyError` where SES told nothing about it."""
        for finding in self.findings:
            if finding.name == name:
                return finding
        raise KeyError(name)

    def __iter__(self) -> Iterator[Finding]:
        return iter(self.findings)

    def __str__(self) -> str:
        return "\n".join(map(str, self.findings))


def quota_numbers(answer: Mapping[str, object]) -> tuple[float, float, float]:
    """
    Max24HourSend, MaxSendRate and SentLast24Hours of GetAccount (v2) or GetSendQuota (v1).

    Raises:
        ParseError: One of the three is not in the answer.

    Source:
        SES API v2 Reference, SendQuota: doubles; a Max24HourSend of -1 is unlimited.
    """
    numbers = _mapping(answer.get("SendQuota", answer))

    def number(name: str) -> float:
        value = numbers.get(name)
        if isinstance(value, bool) or not isinstance(value, (int, float)):
            raise ParseError(f"SES's answer holds no number as {name}, so the quota is not known.")
        return float(value)

    return number("Max24HourSend"), number("MaxSendRate"), number("SentLast24Hours")


def judge(answer: Mapping[str, object], region: str | None) -> Report:
    """
    Findings out of an answer to GetAccount.

    Args:
        answer: As boto3 gives it. What SES leaves out is a finding to look at, never a good one.

        region: The region that was asked.

    Raises:
        ParseError: The quota is not in it.

    Source:
        SES API v2 Reference, GetAccount.
    """
    limit, rate, sent = quota_numbers(answer)
    findings = [
        _region(region),
        _sandbox(answer.get("ProductionAccessEnabled")),
        _enforcement(answer.get("EnforcementStatus")),
        _sending(answer.get("SendingEnabled")),
        _quota(limit, sent),
        _rate(rate),
        _suppression(_mapping(answer.get("SuppressionAttributes")).get("SuppressedReasons")),
    ]
    review = _mapping(_mapping(answer.get("Details")).get("ReviewDetails"))
    if review:
        findings.append(_review(review))
    return Report(region=region, findings=tuple(findings))


def _region(region: str | None) -> Finding:
    where = f"Region {region}" if region else "One region"
    return Finding(
        name="region",
        level=Level.OK,
        what=f"{where}: sandbox, identities, quota and suppression list hold for it alone.",
    )


def _sandbox(production: object) -> Finding:
    if production is True:
        return Finding(name="sandbox", level=Level.OK, what="Out of the sandbox.")
    if production is False:
        return Finding(
            name="sandbox",
            level=Level.STOP,
            what="In the sandbox: only verified recipients and the mailbox simulator get mail, "
            "200 a day and 1 a second.",
            do="Ask for production access in this region, or look whether another region was "
            "meant.",
        )
    return _untold("sandbox", "whether the account is in the sandbox")


def _enforcement(status: object) -> Finding:
    if status == "HEALTHY":
        return Finding(name="enforcement", level=Level.OK, what="HEALTHY: nothing against it.")
    if status == "PROBATION":
        return Finding(
            name="enforcement",
            level=Level.WARN,
            what="PROBATION: the account is under review. Mail goes out, for now.",
            do="Read AWS's message in the Support Center, find what bounces or complains, stop "
            "mailing it, and answer the case.",
        )
    if status == "SHUTDOWN":
        return Finding(
            name="enforcement",
            level=Level.STOP,
            what="SHUTDOWN: AWS has ended this account's sending.",
            do="Answer the case in the Support Center: say what was wrong and what was changed.",
        )
    if isinstance(status, str):
        return Finding(
            name="enforcement",
            level=Level.WARN,
            what=f"{status[:40]!r}: a status that is not known here.",
            do="Look at the account's status in the SES console.",
        )
    return _untold("enforcement", "whether the account is under review")


def _sending(enabled: object) -> Finding:
    if enabled is True:
        return Finding(name="sending", level=Level.OK, what="Sending is on.")
    if enabled is False:
        return Finding(
            name="sending",
            level=Level.STOP,
            what="Sending is paused for the account.",
            do="If you paused it: PutAccountSendingAttributes turns it on. If AWS did, answer "
            "the case in the Support Center.",
        )
    return _untold("sending", "whether sending is paused")


def _quota(limit: float, sent: float) -> Finding:
    if limit == -1:
        what = f"Unlimited; {sent:,.0f} recipients in the last 24 hours."
        return Finding(name="quota", level=Level.OK, what=what)
    what = f"{sent:,.0f} of {limit:,.0f} recipients used in 24 hours; "
    what += f"{max(0.0, limit - sent):,.0f} left."
    if limit - sent < 1:
        return Finding(
            name="quota",
            level=Level.STOP,
            what=what,
            do="Wait: it comes back over 24 hours. Ask for more in Service Quotas.",
        )
    if sent >= NEARLY_USED * limit:
        return Finding(
            name="quota",
            level=Level.WARN,
            what=what,
            do="Put off what can wait, and ask for more in Service Quotas.",
        )
    return Finding(name="quota", level=Level.OK, what=what)


def _rate(rate: float) -> Finding:
    what = f"{rate:g} recipients a second."
    if rate > 0:
        return Finding(name="rate", level=Level.OK, what=what)
    return Finding(
        name="rate", level=Level.STOP, what=what, do="Ask AWS Support why nothing may be sent."
    )


def _suppression(reasons: object) -> Finding:
    on = cast("list[object]", reasons) if isinstance(reasons, list) else []
    off = [reason for reason in ("BOUNCE", "COMPLAINT") if reason not in on]
    if not off:
        return Finding(
            name="suppression",
            level=Level.OK,
            what="SES's own list stops mail to BOUNCE and COMPLAINT addresses.",
        )
    return Finding(
        name="suppression",
        level=Level.WARN,
        what=f"SES's own list does not stop mail to {' or '.join(off)} addresses.",
        do="Turn both on with PutAccountSuppressionAttributes.",
    )


def _review(review: Mapping[str, object]) -> Finding:
    status, case = review.get("Status"), review.get("CaseId")
    named = f" (case {case})" if case else ""
    if status == "GRANTED":
        return Finding(name="review", level=Level.OK, what=f"Production access granted{named}.")
    return Finding(
        name="review",
        level=Level.WARN,
        what=f"The request for production access is {status or 'of unknown status'}{named}.",
        do="Follow it in the Support Center.",
    )


def _untold(name: str, about: str) -> Finding:
    return Finding(
        name=name,
        level=Level.WARN,
        what=f"SES did not say {about}.",
        do="Look at the account in the SES console.",
    )


def _mapping(value: object) -> Mapping[str, object]:
    return cast("Mapping[str, object]", value) if isinstance(value, Mapping) else {}
