"""What a complaint that came as mail says, as the body of SES's record."""

from __future__ import annotations

from sesguard._core.mail_parts import Fields, first
from sesguard._core.mail_returned import given, stamp
from sesguard._core.mailed_groups import bare_address
from sesguard._readings import Json, Record
from sesguard.addresses import Address
from sesguard.errors import AddressError

__all__ = ["complaint_of"]

_ADDRESSED = ("to", "cc", "bcc")


def complaint_of(report: Fields, returned: Fields, at: str | None) -> Record:
    """
    The body of a complaint.

    Who complained is whom the report names; where it names nobody, it is the one address that
    the mail which came back was written to. Of several, nobody can tell.

    Args:
        report: The fields of the part of the type ``message/feedback-report``.

        returned: The header of the mail that came back.

        at: When the report was sent, as records have it.

    Source:
        RFC 5965, section 3: Original-Rcpt-To may appear several times; Received-Date is how
        older reports spell Arrival-Date.
    """
    named = [
        address
        for name, value in report
        if name.lower() == "original-rcpt-to" and (address := bare_address(value))
    ]
    recipients: list[Json] = [
        {"emailAddress": address} for address in named or _only_address(report, returned)
    ]
    arrived = first(report, "arrival-date") or first(report, "received-date")
    return given(
        timestamp=at,
        complaintFeedbackType=first(report, "feedback-type") or None,
        userAgent=first(report, "user-agent"),
        arrivalDate=stamp(arrived),
        complainedRecipients=recipients,
    )


def _only_address(report: Fields, returned: Fields) -> list[str]:
    """The one address that a mail was written to; nothing where the report hides its own."""
    if first(report, "original-rcpt-to") is not None:
        return []
    written = [value for name, value in returned if name.lower() in _ADDRESSED and value]
    if len(written) != 1:
        return []
    try:
        return [Address.parse(written[0]).addr_spec]
    except AddressError:  # several, a group, or nothing that was ever mailed
        return []
