"""A request to send, as either API spells it, read into one shape."""

from __future__ import annotations

import email.policy
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from email.message import EmailMessage
from email.parser import BytesParser
from typing import Any, Literal, TypeAlias, cast

from sesguard._frozen import FrozenMapping
from sesguard.addresses import read_leniently
from sesguard.simulator.refusals import bad_request

__all__ = ["READERS", "Offer", "SentMail"]

Parameters: TypeAlias = Mapping[str, Any]


@dataclass(frozen=True, slots=True, kw_only=True)
class Offer:
    """
    What a request asks SES to send, parsed back.

    Attributes:
        kind: How the content came.

        sender: The From address as it came, with its display name.

        recipients: Bare addresses, in the order To, Cc, Bcc.

        subject, text, html: As a reader sees them; None where there is none, or where a template
            would bring them.

        headers: Name and value, in order, without Bcc.

        attachments: Their file names.

        template: The name of a stored template; its data is in *template_data*, as JSON text.

        raw: The bytes, of a raw message.
    """

    kind: Literal["Simple", "Raw", "Template"]
    sender: str = field(repr=False)
    to: tuple[str, ...] = field(repr=False)
    cc: tuple[str, ...] = field(repr=False)
    bcc: tuple[str, ...] = field(repr=False)
    recipients: tuple[str, ...] = field(repr=False)
    reply_to: tuple[str, ...] = field(default=(), repr=False)
    return_path: str | None = field(default=None, repr=False)
    subject: str | None = field(default=None, repr=False)
    text: str | None = field(default=None, repr=False)
    html: str | None = field(default=None, repr=False)
    headers: tuple[tuple[str, str], ...] = field(default=(), repr=False)
    attachments: tuple[str, ...] = field(default=(), repr=False)
    template: str | None = None
    template_data: str | None = field(default=None, repr=False)
    tags: Mapping[str, str] = field(default_factory=FrozenMapping[str, str])
    configuration_set: str | None = None
    tenant: str | None = None
    raw: bytes | None = field(default=None, repr=False)
    size: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class SentMail(Offer):
    """
    A mail that the simulator took.

    Attributes:
        message_id: What it answered with.

        at: When it was taken, aware UTC.

        region: Of which region's account.
    """

    message_id: str
    at: datetime
    region: str


def _from_v2(parameters: Parameters) -> Offer:
    content = cast("Mapping[str, Parameters]", parameters["Content"])
    if len(content) != 1:
        raise bad_request("Exactly one of Simple, Raw and Template is needed as content.")
    ((kind, body),) = content.items()
    common = {
        "tags": _pairs(parameters.get("EmailTags")),
        "configuration_set": parameters.get("ConfigurationSetName"),
        "tenant": parameters.get("TenantName"),
        "return_path": parameters.get("FeedbackForwardingEmailAddress"),
    }
    sender: str | None = parameters.get("FromEmailAddress")
    lines = cast("Parameters", parameters.get("Destination") or {})
    if kind == "Raw":
        named = [*_line(lines, "To"), *_line(lines, "Cc"), *_line(lines, "Bcc")]
        return _raw(body["Data"], sender, named, common)
    if sender is None:
        raise bad_request("FromEmailAddress is missing.")
    reply_to = tuple(parameters.get("ReplyToAddresses") or ())
    if kind == "Template":
        common |= {
            "template": body.get("TemplateName"),
            "template_data": body.get("TemplateData"),
        }
        return _composed("Template", sender, lines, reply_to, {}, body, common)
    return _composed("Simple", sender, lines, reply_to, body, body, common)


def _from_v1(parameters: Parameters) -> Offer:
    return _composed(
        "Simple",
        parameters["Source"],
        parameters["Destination"],
        tuple(parameters.get("ReplyToAddresses") or ()),
        parameters["Message"],
        {},
        _common_v1(parameters),
    )


def _from_v1_raw(parameters: Parameters) -> Offer:
    return _raw(
        parameters["RawMessage"]["Data"],
        parameters.get("Source"),
        list(parameters.get("Destinations") or ()),
        _common_v1(parameters),
    )


READERS: Mapping[str, Callable[[Parameters], Offer]] = FrozenMapping(
    {
        "sesv2.SendEmail": _from_v2,
        "ses.SendEmail": _from_v1,
        "ses.SendRawEmail": _from_v1_raw,
    }
)
"""Service and operation to what reads its parameters."""


def _common_v1(parameters: Parameters) -> dict[str, Any]:
    return {
        "tags": _pairs(parameters.get("Tags")),
        "configuration_set": parameters.get("ConfigurationSetName"),
        "return_path": parameters.get("ReturnPath"),
    }


def _composed(
    kind: Literal["Simple", "Template"],
    sender: str,
    lines: Parameters,
    reply_to: tuple[str, ...],
    message: Parameters,
    extras: Parameters,
    common: dict[str, Any],
) -> Offer:
    """A message of which SES makes the MIME."""
    to, cc, bcc = _line(lines, "To"), _line(lines, "Cc"), _line(lines, "Bcc")
    body = cast("Parameters", message.get("Body") or {})
    subject, text, html = (
        _data(part) for part in (message.get("Subject"), body.get("Text"), body.get("Html"))
    )
    attachments = cast("Sequence[Parameters]", extras.get("Attachments") or ())
    written = (
        ("From", sender),
        ("To", ", ".join(to)),
        ("Cc", ", ".join(cc)),
        ("Reply-To", ", ".join(reply_to)),
        ("Subject", subject or ""),
        ("MIME-Version", "1.0"),
    )
    size = sum(len(part.encode()) for part in (subject, text, html) if part)
    return Offer(
        kind=kind,
        sender=sender,
        to=to,
        cc=cc,
        bcc=bcc,
        recipients=_bare((*to, *cc, *bcc)),
        reply_to=reply_to,
        subject=subject,
        text=text,
        html=html,
        headers=(
            *((name, value) for name, value in written if value),
            *_pairs(extras.get("Headers")).items(),
        ),
        attachments=tuple(file["FileName"] for file in attachments),
        size=size + sum(len(file["RawContent"]) * 4 // 3 for file in attachments),
        **common,
    )


def _raw(data: object, sender: str | None, named: list[str], common: dict[str, Any]) -> Offer:
    """A message that came as MIME. Recipients that the request names count, or its headers'."""
    raw = data.encode() if isinstance(data, str) else bytes(cast("bytes", data))
    message = BytesParser(policy=email.policy.default).parsebytes(raw)
    to, cc, bcc = (_addresses(message, name) for name in ("To", "Cc", "Bcc"))
    if named:
        shown = {*_bare((*to, *cc))}
        bcc = tuple(address for address in named if _bare((address,))[0] not in shown)
    sender = sender or str(message.get("From", ""))
    if not sender:
        raise bad_request("Missing required header 'From'.")
    subject = message.get("Subject")
    return Offer(
        kind="Raw",
        sender=sender,
        to=to,
        cc=cc,
        bcc=bcc,
        recipients=_bare(named or (*to, *cc, *bcc)),
        reply_to=_addresses(message, "Reply-To"),
        subject=None if subject is None else str(subject),
        text=_part(message, "plain"),
        html=_part(message, "html"),
        headers=tuple((n, str(v)) for n, v in message.items() if n.lower() != "bcc"),
        attachments=tuple(part.get_filename() or "" for part in message.iter_attachments()),
        raw=raw,
        size=len(raw),
        **common,
    )


def _part(message: EmailMessage, subtype: Literal["plain", "html"]) -> str | None:
    part = message.get_body((subtype,))
    if part is None:
        return None
    payload = cast("bytes", part.get_payload(decode=True))
    try:
        return payload.decode(part.get_content_charset("utf-8"), "replace")
    except LookupError:  # a charset that nobody knows
        return payload.decode("latin-1")


def _addresses(message: EmailMessage, name: str) -> tuple[str, ...]:
    lines = cast("Sequence[Any]", message.get_all(name, []))
    return tuple(str(address) for line in lines for address in line.addresses)


def _line(lines: Parameters, name: str) -> tuple[str, ...]:
    return tuple(lines.get(f"{name}Addresses") or ())


def _bare(addresses: Sequence[str]) -> tuple[str, ...]:
    return tuple(read_leniently(address)[0] for address in addresses)


def _data(part: Parameters | None) -> str | None:
    return None if part is None else cast("str", part["Data"])


def _pairs(pairs: Sequence[Parameters] | None) -> FrozenMapping[str, str]:
    return FrozenMapping((pair["Name"], pair["Value"]) for pair in pairs or ())
