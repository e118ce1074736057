"""The mail that a report brings back, as the record that SES would write of it."""

from __future__ import annotations

import re
from datetime import UTC
from email.utils import parsedate_to_datetime

from sesguard._core.mail_parts import Fields, first
from sesguard._readings import Json, Record

__all__ = ["given", "message_id_in", "returned_mail", "stamp"]

_MOST_HEADERS = 10 * 1024
"""Bytes. SES leaves out what is beyond them, too."""

_LONGEST_DATE = 100

# SES's own domains, or a MAIL FROM domain of the sender's behind an id of SES's shape.
_ID = re.compile(
    r"<?(?:(?P<id>[0-9a-z-]{1,128})@(?:[0-9a-z-]+\.)*amazonses\.com"
    r"|(?P<shaped>[0-9a-f]{16}-[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}-[0-9]{6})@[^@<>\s]+)>?",
    re.IGNORECASE,
)

_COMMON = {
    "from": "from",
    "to": "to",
    "cc": "cc",
    "reply-to": "replyTo",
    "return-path": "returnPath",
    "date": "date",
    "subject": "subject",
    "message-id": "messageId",
}
_LISTS = ("from", "to", "cc", "replyTo")


def given(**fields: Json) -> Record:
    """A record of what is known."""
    return {name: value for name, value in fields.items() if value is not None}


def stamp(text: str | None) -> str | None:
    """
    A date of mail's as records have it; None where it cannot be read.

    Source:
        RFC 5322, section 3.3.
    """
    if text is None or len(text) > _LONGEST_DATE:
        return None
    try:
        moment = parsedate_to_datetime(text)
        moment = moment.replace(tzinfo=UTC) if moment.tzinfo is None else moment.astimezone(UTC)
    except (ValueError, TypeError, IndexError, OverflowError):  # by what is wrong with it
        return None
    return moment.isoformat()


def message_id_in(*texts: str | None) -> str | None:
    """
    SES's id of a mail, out of the first address that has one.

    Source:
        SES Developer Guide, "Email feedback forwarding destination", on the Return-Path that
        recipients see. SES writes a Message-ID of its own, at ``email.amazonses.com`` or at
        ``REGION.amazonses.com``.
    """
    for text in texts:
        found = _ID.fullmatch(text) if text is not None else None
        if found is not None:
            return found["id"] or found["shaped"]
    return None


def returned_mail(fields: Fields, *elsewhere: str | None) -> Record | None:
    """
    What is known of the mail that a report is about; None for nothing.

    Args:
        fields: The header of the mail that came back.

        elsewhere: Addresses of the report that may hold SES's id.
    """
    message_id = message_id_in(
        first(fields, "message-id"), first(fields, "return-path"), *elsewhere
    )
    if not fields:
        return given(messageId=message_id) or None
    headers, size = list[Json](), 0
    for name, value in fields:
        size += len(name) + len(value) + 4
        if size > _MOST_HEADERS:
            break
        headers.append({"name": name, "value": value})
    common: Record = {}
    for name, key in _COMMON.items():
        written = first(fields, name)
        if written is not None:
            common[key] = [written] if key in _LISTS else written
    return given(
        messageId=message_id,
        timestamp=stamp(first(fields, "date")),
        headersTruncated=size > _MOST_HEADERS,
        headers=headers,
        commonHeaders=common,
    )
