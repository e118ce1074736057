"""Who complained, as far as a report tells."""

from __future__ import annotations

import pytest

from sesguard._core.mail_parts import fields_of
from sesguard._core.mailed_complaints import complaint_of


def complained(report: str, returned: str = "") -> list[object]:
    body = complaint_of(fields_of(report.encode()), fields_of(returned.encode()), None)
    recipients = body["complainedRecipients"]
    assert isinstance(recipients, list)
    return [one["emailAddress"] for one in recipients if isinstance(one, dict)]


@pytest.mark.parametrize(
    ("report", "returned", "expected"),
    [
        ("Original-Rcpt-To: ann@example.org", "To: bob@example.net", ["ann@example.org"]),
        ("Original-Rcpt-To: a@b.example\noriginal-rcpt-to: <c@d.example>", "",
         ["a@b.example", "<c@d.example>"]),
        ("Original-Rcpt-To: redacted", "To: ann@example.org", []),
        ("", "To: Ann <Ann@Example.org>", ["Ann@example.org"]),
        ("", 'To: "Lee, Ann" <ann@example.org>', ["ann@example.org"]),
        ("", "Cc: ann@example.org\nTo:", ["ann@example.org"]),
        ("", "To: ann@example.org, bob@example.net", []),
        ("", "To: ann@example.org\nCc: bob@example.net", []),
        ("", "To: ann@example.org\nTo: bob@example.net", []),
        ("", "To: undisclosed-recipients:;", []),
        ("", "To: Friends: ann@example.org;", []),
        ("", "X-To: ann@example.org\nFrom: shop@example.com", []),
        ("", "", []),
        ("Removal-Recipient: ann@example.org", "", []),
    ],
)  # fmt: skip
def test_who_complained(report: str, returned: str, expected: list[str]) -> None:
    """Whom the report names; without that, the only one the mail was written to; else nobody."""
    assert complained(report, returned) == expected


def test_what_a_report_says_is_kept_in_its_words() -> None:
    """Its kind, its program, and when the mail had come, by either name of the field."""
    for name in ("Arrival-Date", "Received-Date"):
        report = f"Feedback-Type: not-spam\nUser-Agent: X/1\n{name}: 3 Nov 2025 09:58:00 +0000"
        assert complaint_of(fields_of(report.encode()), (), "now") == {
            "timestamp": "now",
            "complaintFeedbackType": "not-spam",
            "userAgent": "X/1",
            "arrivalDate": "2025-11-03T09:58:00+00:00",
            "complainedRecipients": [],
        }
