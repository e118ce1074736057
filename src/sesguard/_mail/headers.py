"""Further headers, and those of unsubscribing: what may be said in them."""

from __future__ import annotations

import re

from sesguard._frozen import FrozenMapping
from sesguard._mail.fields import BREAKS, NOTHING, items, pairs, plain
from sesguard.errors import HeaderError

__all__ = ["headers", "shown", "unsubscribe"]

_HEADER_NAME = re.compile(r"[!-9;-~]{1,126}")
_WORD = re.compile(r"[A-Za-z0-9_-]+")
_HEADER_VALUE = re.compile(r"[!-~](?:[ -~]{0,993}[!-~])?")
_ENCODED_WORD = re.compile(r"=\?.*\?=")
_UNSUBSCRIBE = re.compile(
    r"https://[A-Za-z0-9\[][!#-;=?-~]*|mailto:[!#-+\--;=?A-~]+@[!#-+\--;=?-~]+", re.IGNORECASE
)

_INSTEAD = {
    "from": "use sender=",
    "to": "use to=",
    "cc": "use cc=",
    "bcc": "use bcc=",
    "reply-to": "use reply_to=",
    "subject": "use subject=",
    "return-path": "use return_path=",
    "list-unsubscribe": "use list_unsubscribe=",
    "list-unsubscribe-post": "use list_unsubscribe=, which sets it where an https URI is given",
    "x-ses-configuration-set": "use configuration_set=",
    "x-ses-message-tags": "use tags=",
    "x-ses-tenant": "use tenant=",
    "x-ses-list-management-options": "use list_management=",
    "sender": "the From address, sender=, is who sends",
    "date": "SES writes it",
    "message-id": "SES writes it",
    "mime-version": "it is written for you",
    "dkim-signature": "SES signs",
}
_INSTEAD_PREFIXES = {
    "content-": "it is written for you; use charset= or attachments=",
    "x-ses-": "SES takes it for an instruction",
    "resent-": "mail servers take it for recipients",
}


def headers(value: object) -> FrozenMapping[str, str]:
    """
    Further headers, none of which is another field's or SES's own.

    Source:
        SES API v2, MessageHeader; SES Developer Guide, "Header fields".
    """
    found = pairs("headers", value, HeaderError)
    if not found:
        return NOTHING
    seen: set[str] = set()
    for key, content in found.items():
        if not _HEADER_NAME.fullmatch(key):
            raise HeaderError(
                "headers: a name is 1 to 126 printable ASCII characters without space and colon.",
                field="headers",
            )
        folded = key.lower()
        instead = _INSTEAD.get(folded) or next(
            (why for start, why in _INSTEAD_PREFIXES.items() if folded.startswith(start)), None
        )
        if instead:
            raise HeaderError(
                f"headers: {shown(key)} cannot be set here: {instead}.", field="headers"
            )
        if folded in seen:
            raise HeaderError(f"headers: {shown(key)} is given twice.", field="headers")
        seen.add(folded)
        if not _HEADER_VALUE.fullmatch(content) or len(key) + len(content) > 996:
            raise HeaderError(
                f"headers: the value of {shown(key)} must be 1 to 995 printable ASCII characters, "
                "996 with its name, no space at its ends. Encode others by RFC 2047.",
                field="headers",
            )
        if _ENCODED_WORD.search(content) and _hides_breaks(content):
            raise HeaderError(
                f"headers: the value of {shown(key)} hides a line break or control character "
                "in an encoded word. Take it out.",
                field="headers",
            )
    return FrozenMapping(found)


def unsubscribe(value: object) -> tuple[str, ...]:
    """
    Targets of List-Unsubscribe: ``https:`` and ``mailto:`` URIs.

    Source:
        RFC 2369, section 3.2; RFC 8058, section 3.1.
    """
    if value is None:
        return ()
    field = "list_unsubscribe"
    found = (value,) if isinstance(value, str) else items(field, value, str, "URIs")
    for uri in found:
        if not _UNSUBSCRIBE.fullmatch(uri) or _ENCODED_WORD.search(uri):
            raise HeaderError(
                f"{field}: https: and mailto: URIs are taken, in ASCII and percent-encoded. "
                "RFC 8058 allows no http:.",
                field=field,
            )
    if sum(map(len, found)) + 4 * len(found) > 900:
        raise HeaderError(f"{field}: the URIs are longer than 900 characters.", field=field)
    return tuple([plain(uri) for uri in found])


def shown(name: str) -> str:
    """A header's name as an error may tell it: a word. Anything else may be an address."""
    return name if _WORD.fullmatch(name) else "a header"


def _hides_breaks(value: str) -> bool:
    """Whether somebody who decodes *value* and writes it again would write a line more."""
    from email import errors, header  # only for those who encode by themselves

    try:
        return bool(BREAKS.search(str(header.make_header(header.decode_header(value)))))
    except (LookupError, ValueError, errors.HeaderParseError):
        return True
