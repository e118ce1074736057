"""Mails of the samples, and reports that are put together for one test."""

from __future__ import annotations

from tests.fuzz_payloads import SAMPLES

__all__ = ["MAILS", "a_complaint", "a_report", "mail"]

MAILS = SAMPLES / "mail"


def mail(name: str) -> bytes:
    """A sample, as it was received."""
    return (MAILS / name).read_bytes()


def a_report(*blocks: str, head: str = "", about: str = "Message-ID: <1@amazonses.com>") -> bytes:
    """
    A delivery report.

    Args:
        blocks: Groups of fields, without the empty lines between them.

        head: Further header fields of the report.

        about: The header of the mail that came back.
    """
    return _report("delivery-status", "\n\n".join(blocks), head, about)


def a_complaint(fields: str, *, head: str = "", about: str = "Subject: x") -> bytes:
    """A complaint: what it says, and the header of the mail that came back."""
    return _report("feedback-report", fields, head, about)


def _report(kind: str, content: str, head: str, about: str) -> bytes:
    return (
        f"Date: Mon, 03 Nov 2025 09:15:02 +0000\n{head}"
        f"Content-Type: multipart/report; report-type={kind}; boundary=b\n\n"
        "In words.\n--b\n\nIn words again.\n"
        f"--b\nContent-Type: message/{kind}\n\n{content}\n"
        f"--b\nContent-Type: message/rfc822\n\n{about}\n\nText.\n--b--\n"
    ).encode()
