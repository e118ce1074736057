"""What a delivery report says of one recipient: who it is, and what became of the mail."""

from __future__ import annotations

import re
from typing import NamedTuple

from sesguard._core.mail_parts import Fields, first
from sesguard._core.mail_returned import stamp
from sesguard.addresses import AddressKey, read_leniently

__all__ = ["Group", "Verdict", "bare_address", "group_of", "verdict_on"]

_ACTION = re.compile(r"[A-Za-z-]{1,32}")
_STATUS = re.compile(
    r"(?<![\d.])(?P<family>[245])\.(?P<detail>\d{1,3}\.\d{1,3})(?!\.?\d)", re.ASCII
)
_COMMENT = re.compile(r"\s*\([^()]*\)$")
_REMOTE_IP = re.compile(r"dns\s*;\s*\[(?:IPv6:)?([0-9A-Fa-f.:]{2,45})\]", re.IGNORECASE)
_LONGEST_ADDRESS = 1000

_TAKEN = ("delivered", "relayed", "expanded")

# What is no fault of the address, by subject and detail of a status.
_NOT_THE_ADDRESS = {"2.2": "MailboxFull", "2.3": "MessageTooLarge", "3.4": "MessageTooLarge"}
_CONTENT = "6."

# SES's own texts, for mail that it did not try to deliver.
_ON_A_LIST = {
    "on the suppression list for your account": "OnAccountSuppressionList",
    "on the suppression list for your tenant": "OnTenantSuppressionList",
    "Amazon SES has suppressed sending to this address": "Suppressed",
}


class Group(NamedTuple):
    """
    The fields of one recipient.

    Attributes:
        address: As it is written, without its type.

        key: What lists compare it by.

        action: The report's word, in lower case: ``"failed"``, ``"delayed"`` …

        status: Such as ``"5.1.1"``.

        diagnostic_code: With its type: ``"smtp; 550 5.1.1 user unknown"``.

        remote_mta_ip: Whom the mail was given to.

        will_retry_until: As records have times.
    """

    address: str
    key: AddressKey
    action: str | None
    status: str | None
    diagnostic_code: str | None
    remote_mta_ip: str | None
    will_retry_until: str | None


class Verdict(NamedTuple):
    """
    What became of a mail.

    Attributes:
        kind: The kind of event.

        type: Of a bounce, its type; of a delay, what kind of one.

        sub_type: Of a bounce.
    """

    kind: str
    type: str | None = None
    sub_type: str | None = None


def group_of(fields: Fields) -> Group | None:
    """A group of fields that names one recipient; None for any other."""
    address = _recipient(fields)
    if address is None:
        return None
    status = _STATUS.search(first(fields, "status") or "")
    action = _ACTION.match(first(fields, "action") or "")
    remote = _REMOTE_IP.match(first(fields, "remote-mta") or "")
    return Group(
        address=address,
        key=read_leniently(address)[1],
        action=action[0].lower() if action else None,
        status=status[0] if status else None,
        diagnostic_code=first(fields, "diagnostic-code"),
        remote_mta_ip=remote[1] if remote else None,
        will_retry_until=stamp(first(fields, "will-retry-until")),
    )


def bare_address(text: str | None) -> str | None:
    """An address of a report without what may stand around it; None for what is no address."""
    if text is None or len(text) > _LONGEST_ADDRESS:
        return None
    text = _COMMENT.sub("", text.strip())
    return text if "@" in text else None


def verdict_on(group: Group, *, by_ses_itself: bool) -> Verdict:
    """
    What became of the mail for one recipient.

    The action decides, and the status tells a hard bounce from a soft one. A full mailbox, a mail
    that is too large and one whose content is refused are soft, as with SES, whatever the status
    begins with. What does not go together is undetermined, and so counts as soft.

    Args:
        group: The fields of the recipient.

        by_ses_itself: Whether SES wrote the report because it did not try to deliver.

    Source:
        RFC 3464, section 2.3.3; RFC 3463, section 3; SES Developer Guide, "Notification
        contents", bounce types.
    """
    status = _STATUS.search(group.status or "")
    family, detail = (status["family"], status["detail"]) if status else ("", "")
    action = group.action
    if action in _TAKEN or (action is None and family == "2"):
        return Verdict("Delivery")
    if action == "delayed" or (action is None and family == "4"):  # nothing says it was given up
        return Verdict("DeliveryDelay", "MailboxFull" if detail == "2.2" else None)
    if action not in ("failed", None) or family not in ("4", "5"):
        return Verdict("Bounce", "Undetermined", "Undetermined")
    if by_ses_itself and (sub_type := _on_a_list(group)):
        return Verdict("Bounce", "Permanent", sub_type)
    sub_type = "ContentRejected" if detail.startswith(_CONTENT) else _NOT_THE_ADDRESS.get(detail)
    if sub_type is not None:
        return Verdict("Bounce", "Transient", sub_type)
    return Verdict("Bounce", "Transient" if family == "4" else "Permanent", "General")


def _recipient(fields: Fields) -> str | None:
    """Final-Recipient, and only without it Original-Recipient. Two of them name nobody."""
    for name in ("final-recipient", "original-recipient"):
        named = [value for key, value in fields if key.lower() == name]
        if named:
            kind, typed, address = named[0].partition(";")
            if len(named) > 1 or (typed and kind.strip().lower() != "rfc822"):
                return None
            return bare_address(address if typed else kind)
    return None


def _on_a_list(group: Group) -> str | None:
    said = " ".join((group.diagnostic_code or "").split())
    return next((sub_type for text, sub_type in _ON_A_LIST.items() if text in said), None)
