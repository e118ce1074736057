"""Reads an `email.message.EmailMessage` into an `Email`."""

from __future__ import annotations

import re
from collections.abc import Iterator
from email.message import EmailMessage
from typing import Any

from sesguard._mail import contents as _contents
from sesguard._mail import words as _words
from sesguard._mail.fields import STREAM_TAG
from sesguard._mail.headers import shown
from sesguard.addresses import Address
from sesguard.errors import AddressError, EmailError, HeaderError, TagError
from sesguard.mail import Email, ListManagement

__all__ = ["read"]

_LISTS = {"to": "to", "cc": "cc", "bcc": "bcc", "reply-to": "reply_to"}
_SENDERS = {"from": "sender", "sender": "other_sender"}
_TEXTS = {
    "subject": "subject",
    "return-path": "return_path",
    "x-ses-configuration-set": "configuration_set",
    "x-ses-tenant": "tenant",
    "x-ses-message-tags": "tags",
    "x-ses-list-management-options": "list_management",
    "list-unsubscribe": "list_unsubscribe",
    "list-unsubscribe-post": "one_click",
}
# SES writes these anew, or they say how the message was written.
_LEFT_OUT = (
    "date",
    "message-id",
    "mime-version",
    "content-type",
    "content-transfer-encoding",
    "content-disposition",
    "content-id",
)
_URI = re.compile(r"<([^<>]*)>")


def read(message: EmailMessage) -> Email:
    """See `Email.from_message`."""
    if not isinstance(message, EmailMessage):  # pyright: ignore[reportUnnecessaryIsInstance]
        raise EmailError(
            f"message: an email.message.EmailMessage is needed, not {type(message).__name__}. "
            "Parse with policy=email.policy.default.",
            field="message",
        )
    headers, content = _taken_apart(message)
    fields: dict[str, Any] = {"headers": {}}
    for name, value in headers:
        _read_header(name, value, fields)
    _settle_sender(fields)
    _settle_unsubscribe(fields)
    if "tags" in fields:
        fields["tags"] = dict(_tags(fields["tags"]))
        fields["stream"] = fields["tags"].pop(STREAM_TAG, None)
    if "list_management" in fields:
        contact_list, _, topic = fields["list_management"].partition(";")
        topic_name = topic.strip(" ").removeprefix("topic=") or None
        fields["list_management"] = ListManagement(contact_list.strip(" "), topic_name)
    if fields.get("return_path") == "<>":
        del fields["return_path"]
    return Email(**fields, text=content.text, html=content.html, attachments=content.files)


def _taken_apart(message: EmailMessage) -> tuple[list[tuple[str, Any]], _contents.Contents]:
    try:
        for _, raw in message.raw_items():
            str(raw).encode()  # bytes beyond ASCII would be read as question marks
        return list(message.items()), _contents.read(message)
    except UnicodeEncodeError:
        raise HeaderError(
            "headers: a header holds bytes beyond ASCII. Encode it by RFC 2047.", field="headers"
        ) from None
    except EmailError:
        raise
    except Exception as exc:  # what the standard library raises on hostile messages differs
        raise EmailError(
            "message: a header or a part of it cannot be read.", field="message", original=exc
        ) from None


def _read_header(name: str, value: Any, fields: dict[str, Any]) -> None:
    folded = name.lower()
    text = str(value) if folded == "subject" else str(value).strip(" ")
    if folded in _LEFT_OUT:
        return
    if folded in _LISTS:
        field = _LISTS[folded]
        fields[field] = [*fields.get(field, ()), *_addresses(field, value)]
    elif folded in _SENDERS:
        field = _SENDERS[folded]
        found = _addresses(field, value)
        if field in fields or len(found) != 1:
            raise EmailError(f"sender: one address is needed in {name}.", field="sender")
        fields[field] = found[0]
    else:
        known = _TEXTS.get(folded)
        place = fields["headers"] if known is None else fields
        if (known or name) in place:
            raise HeaderError(f"headers: {shown(name)} is given twice.", field="headers")
        plain = known is not None or text.isascii()
        place[known or name] = text if plain else _words.encoded(text)


def _addresses(field: str, value: Any) -> list[Address]:
    listed = getattr(value, "addresses", None)
    if listed is None:
        raise EmailError(
            f"{field}: the message must be parsed with policy=email.policy.default.", field=field
        )
    try:
        return [Address.parse(one.addr_spec).named(one.display_name) for one in listed]
    except AddressError as exc:
        raise AddressError(
            f"{field}: {exc}",
            field="sender" if field in _SENDERS.values() else field,
            address=exc.address,
            quoted_form=exc.quoted_form,
            original=exc.original,
        ) from None


def _settle_sender(fields: dict[str, Any]) -> None:
    if "sender" not in fields:
        raise EmailError("sender: the message has no From.", field="sender")
    other = fields.pop("other_sender", None)
    if other is not None and other.key != fields["sender"].key:
        raise HeaderError(
            "headers: a Sender other than From cannot be said. Leave it out.", field="headers"
        )


def _settle_unsubscribe(fields: dict[str, Any]) -> None:
    post = fields.pop("one_click", None)
    text = fields.pop("list_unsubscribe", "")
    uris = fields["list_unsubscribe"] = _URI.findall(text)
    if text and not uris:
        raise HeaderError(
            "list_unsubscribe: URIs in angle brackets are needed.", field="list_unsubscribe"
        )
    one_click = any(uri[:6].lower() == "https:" for uri in uris)
    if one_click is not (post is not None) or (post or "").lower() != (
        "list-unsubscribe=one-click" if one_click else ""
    ):
        raise HeaderError(
            "list_unsubscribe: an https: URI goes with the header "
            "List-Unsubscribe-Post: List-Unsubscribe=One-Click, and only with it (RFC 8058).",
            field="list_unsubscribe",
        )


def _tags(text: str) -> Iterator[tuple[str, str]]:
    for pair in text.split(","):
        name, equals, value = pair.strip(" ").partition("=")
        if not equals:
            raise TagError("tags: name=value pairs with commas are needed.", field="tags")
        yield name.strip(" "), value.strip(" ")
