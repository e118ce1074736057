"""What becomes of a mail for one recipient, by action and status."""

from __future__ import annotations

import pytest

from sesguard._core.mail_parts import fields_of
from sesguard._core.mailed_groups import Verdict, bare_address, group_of, verdict_on


def verdict(action: str, status: str, diagnostic: str = "", *, by_ses_itself: bool = False) -> str:
    fields = f"Final-Recipient: rfc822; a@example.org\nDiagnostic-Code: {diagnostic}\n"
    fields += f"Action: {action}\n" * bool(action) + f"Status: {status}\n" * bool(status)
    group = group_of(fields_of(fields.encode()))
    assert group is not None
    return "/".join(filter(None, verdict_on(group, by_ses_itself=by_ses_itself)))


@pytest.mark.parametrize(
    ("action", "status", "expected"),
    [
        ("failed", "5.1.1", "Bounce/Permanent/General"),
        ("Failed (really)", "5.0.0 (permanent failure)", "Bounce/Permanent/General"),
        ("failed", "5.7.1", "Bounce/Permanent/General"),
        ("failed", "4.4.7", "Bounce/Transient/General"),
        ("failed", "5.2.2", "Bounce/Transient/MailboxFull"),
        ("failed", "4.2.2", "Bounce/Transient/MailboxFull"),
        ("failed", "5.2.3", "Bounce/Transient/MessageTooLarge"),
        ("failed", "5.3.4", "Bounce/Transient/MessageTooLarge"),
        ("failed", "5.6.0", "Bounce/Transient/ContentRejected"),
        ("failed", "2.0.0", "Bounce/Undetermined/Undetermined"),
        ("failed", "", "Bounce/Undetermined/Undetermined"),
        ("failed", "15.1.1", "Bounce/Undetermined/Undetermined"),
        ("failed", "5.1.1.1", "Bounce/Undetermined/Undetermined"),
        ("failed", "5.1.1111", "Bounce/Undetermined/Undetermined"),
        ("failed", "\u0665.1.1", "Bounce/Undetermined/Undetermined"),
        ("vanished", "5.1.1", "Bounce/Undetermined/Undetermined"),
        ("", "5.1.1", "Bounce/Permanent/General"),
        ("", "4.4.1", "DeliveryDelay"),
        ("", "2.0.0", "Delivery"),
        ("", "", "Bounce/Undetermined/Undetermined"),
        ("delayed", "4.4.1", "DeliveryDelay"),
        ("delayed", "4.2.2", "DeliveryDelay/MailboxFull"),
        ("delayed", "5.1.1", "DeliveryDelay"),
        ("delivered", "2.0.0", "Delivery"),
        ("relayed", "2.1.9", "Delivery"),
        ("expanded", "5.1.1", "Delivery"),
    ],
)
def test_action_and_status_decide(action: str, status: str, expected: str) -> None:
    """The action says what happened, the status whether it is for good."""
    assert verdict(action, status) == expected


@pytest.mark.parametrize(
    ("said", "sub_type"),
    [
        (
            "Amazon SES did not send the message to this address because it is on the suppression "
            "list for your account.",
            "OnAccountSuppressionList",
        ),
        ("smtp; it is on the suppression list for your tenant.", "OnTenantSuppressionList"),
        ("Amazon SES has suppressed sending to this address because", "Suppressed"),
        ("smtp; 550 5.1.1 user unknown", "General"),
    ],
)
def test_what_ses_did_not_try_is_told_by_its_words(said: str, sub_type: str) -> None:
    """Only in a report of SES's own: a mail server that says the same is a mail server."""
    assert verdict("failed", "5.1.1", said, by_ses_itself=True) == f"Bounce/Permanent/{sub_type}"
    assert verdict("failed", "5.1.1", said) == "Bounce/Permanent/General"
    assert verdict("delayed", "4.1.1", said, by_ses_itself=True) == "DeliveryDelay"


def test_a_verdict_is_a_kind_at_the_least() -> None:
    """Two of the same are equal, which is what recipients are gathered by."""
    assert Verdict("Delivery") == Verdict("Delivery", None, None)


@pytest.mark.parametrize(
    ("fields", "address"),
    [
        ("Final-Recipient: rfc822; Ann@example.org", "Ann@example.org"),
        ("Final-Recipient: RFC822;<ann@example.org>", "<ann@example.org>"),
        ("Final-Recipient: ann@example.org", "ann@example.org"),
        ("Final-Recipient: rfc822; ann@example.org (Ann)", "ann@example.org"),
        ("Original-Recipient: rfc822; ann@example.org", "ann@example.org"),
        (
            "Original-Recipient: rfc822; a@b.example\nFinal-Recipient: rfc822; c@d.example",
            "c@d.example",
        ),
        ("Original-Recipient: rfc822; a@b.example\nFinal-Recipient: x400; c@d.example", None),
        ("Final-Recipient: rfc822; a@b.example\nFinal-Recipient: rfc822; c@d.example", None),
        ("Final-Recipient: rfc822; nobody", None),
        ("Final-Recipient: rfc822;", None),
        ("X-Recipient: ann@example.org\nTo: ann@example.org", None),
    ],
)
def test_a_recipient_is_named_by_the_report(fields: str, address: str | None) -> None:
    """By its own fields and no others, once, as an address of internet mail."""
    group = group_of(fields_of(fields.encode()))
    assert (group.address if group else None) == address


def test_an_address_is_not_of_any_length() -> None:
    """None is longer than 1,000 characters with all that is around it."""
    assert bare_address("a@b.example" + " " * 1_000) is None
    assert bare_address(None) is None


def test_a_group_holds_what_is_said_of_the_recipient() -> None:
    """Its action and status bare, the address that was reached, and until when SES tries."""
    group = group_of(
        fields_of(
            b"Final-Recipient: rfc822; Ann@example.org\nAction: Delayed\nStatus: 4.4.1 (later)\n"
            b"Remote-MTA: DNS; [IPv6:2001:db8::1]\nDiagnostic-Code: smtp; 421 busy\n"
            b"Will-Retry-Until: Tue, 04 Nov 2025 00:15:00 +0000\n"
        )
    )
    assert group is not None
    assert group[1:] == (
        "ann@example.org", "delayed", "4.4.1", "smtp; 421 busy", "2001:db8::1",
        "2025-11-04T00:15:00+00:00",
    )  # fmt: skip
