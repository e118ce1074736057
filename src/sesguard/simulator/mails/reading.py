"""Reads a request to send, as either API spells it, into mails."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from typing import Any, Literal, TypeAlias, cast

from sesguard._frozen import FrozenMapping
from sesguard.simulator.mails.control_headers import read_control_headers
from sesguard.simulator.mails.mime import read_mime
from sesguard.simulator.mails.offers import AttachedFile, InlineTemplate, ListManagement, Offer
from sesguard.simulator.mails.spelling import bare
from sesguard.simulator.refusals import bad_request

__all__ = ["READERS", "Parameters"]

Parameters: TypeAlias = Mapping[str, Any]
_NOTHING: Parameters = FrozenMapping[str, Any]()
_NO_TAGS = FrozenMapping[str, str]()


def _from_v2(parameters: Parameters) -> tuple[Offer, ...]:
    content = cast("Mapping[str, Parameters]", parameters["Content"])
    if len(content) != 1:
        raise bad_request("Exactly one of Simple, Raw and Template is needed as content.")
    ((kind, body),) = content.items()
    common = _common_v2(parameters, parameters.get("EmailTags"))
    lines = cast("Parameters", parameters.get("Destination") or _NOTHING)
    reply_to = tuple(parameters.get("ReplyToAddresses") or ())
    if kind == "Raw":
        named = [*_line(lines, "To"), *_line(lines, "Cc"), *_line(lines, "Bcc")]
        return (_raw(body["Data"], parameters.get("FromEmailAddress"), named, common),)
    sender = _sender_v2(parameters)
    if kind == "Template":
        common |= _template(body)
        return (_composed("Template", sender, lines, reply_to, _NOTHING, body, common),)
    return (_composed("Simple", sender, lines, reply_to, body, body, common),)


def _from_bulk_v2(parameters: Parameters) -> tuple[Offer, ...]:
    default = cast("Parameters", parameters["DefaultContent"].get("Template") or _NOTHING)
    sender, common = _sender_v2(parameters), _common_v2(parameters, None)
    common |= _template(default)
    reply_to = tuple(parameters.get("ReplyToAddresses") or ())
    tags = _pairs(parameters.get("DefaultEmailTags"))

    def offer(entry: Parameters) -> Offer:
        content = cast("Parameters", entry.get("ReplacementEmailContent") or _NOTHING)
        replaced = cast("Parameters", content.get("ReplacementTemplate") or _NOTHING)
        own = {
            "tags": FrozenMapping({**tags, **_pairs(entry.get("ReplacementTags"))}),
            "template_data": _merged(
                default.get("TemplateData"), replaced.get("ReplacementTemplateData")
            ),
        }
        headers = entry.get("ReplacementHeaders") or default.get("Headers")
        extras = {"Headers": headers, "Attachments": default.get("Attachments")}
        return _composed(
            "Template", sender, entry["Destination"], reply_to, _NOTHING, extras, common | own
        )

    return tuple(map(offer, parameters["BulkEmailEntries"]))


def _from_v1(parameters: Parameters) -> tuple[Offer, ...]:
    return (_written_v1("Simple", parameters, parameters["Message"], _common_v1(parameters)),)


def _from_v1_raw(parameters: Parameters) -> tuple[Offer, ...]:
    named: Sequence[str] = parameters.get("Destinations") or ()
    data = parameters["RawMessage"]["Data"]
    return (_raw(data, parameters.get("Source"), named, _common_v1(parameters)),)


def _from_v1_template(parameters: Parameters) -> tuple[Offer, ...]:
    common = _common_v1(parameters) | {
        "template": parameters["Template"],
        "template_data": parameters["TemplateData"],
    }
    return (_written_v1("Template", parameters, _NOTHING, common),)


READERS: Mapping[str, Callable[[Parameters], tuple[Offer, ...]]] = {
    "sesv2.SendEmail": _from_v2,
    "sesv2.SendBulkEmail": _from_bulk_v2,
    "ses.SendEmail": _from_v1,
    "ses.SendRawEmail": _from_v1_raw,
    "ses.SendTemplatedEmail": _from_v1_template,
}
"""Service and operation to what reads its parameters, and refuses those that make no mail."""


def _sender_v2(parameters: Parameters) -> str:
    sender: str | None = parameters.get("FromEmailAddress")
    if sender is None:
        raise bad_request("FromEmailAddress is missing.")
    return sender


def _common_v2(parameters: Parameters, tags: Sequence[Parameters] | None) -> dict[str, Any]:
    managed: Parameters | None = parameters.get("ListManagementOptions")
    return {
        "tags": _pairs(tags),
        "configuration_set": parameters.get("ConfigurationSetName"),
        "tenant": parameters.get("TenantName"),
        "return_path": parameters.get("FeedbackForwardingEmailAddress"),
        "list_management": None if managed is None else _managed(managed),
    }


def _managed(options: Parameters) -> ListManagement:
    return ListManagement(options["ContactListName"], options.get("TopicName"))


def _common_v1(parameters: Parameters) -> dict[str, Any]:
    return {
        "tags": _pairs(parameters.get("Tags")),
        "configuration_set": parameters.get("ConfigurationSetName"),
        "return_path": parameters.get("ReturnPath"),
    }


def _template(content: Parameters) -> dict[str, Any]:
    """The members of an `Offer` that a template of API v2 fills."""
    name: str | None = content.get("TemplateName")
    if name is None and "TemplateArn" in content:
        name = content["TemplateArn"].rpartition("/")[2]
    inline: Parameters | None = content.get("TemplateContent")
    if (name is None) == (inline is None):
        raise bad_request("Either the name of a template or its content is needed.")
    parts = inline and (inline.get(part) for part in ("Subject", "Text", "Html"))
    return {
        "template": name,
        "template_data": content.get("TemplateData"),
        "inline": parts and InlineTemplate(*parts),
    }


def _merged(default: str | None, own: str | None) -> str | None:
    """
    What an entry says, and for the rest what is said for all.

    Source:
        API v2 Reference, BulkEmailContent and ReplacementTemplate.
    """
    try:
        both = [json.loads(text or "{}") for text in (default, own)]
        return json.dumps({**both[0], **both[1]})
    except (ValueError, TypeError):
        return own or default  # no JSON object, for which this one entry is refused


def _written_v1(
    kind: Literal["Simple", "Template"],
    parameters: Parameters,
    message: Parameters,
    common: dict[str, Any],
) -> Offer:
    reply_to = tuple(parameters.get("ReplyToAddresses") or ())
    lines = parameters["Destination"]
    return _composed(kind, parameters["Source"], lines, reply_to, message, _NOTHING, common)


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
    body = cast("Parameters", message.get("Body") or _NOTHING)
    subject = _data(message.get("Subject"))
    text, html = _data(body.get("Text")), _data(body.get("Html"))
    files = tuple(map(_file, extras.get("Attachments") or ()))
    written = [("From", sender)]
    for name, value in (
        ("To", ", ".join(to)),
        ("Cc", ", ".join(cc)),
        ("Reply-To", ", ".join(reply_to)),
        ("Subject", subject),
    ):
        if value:
            written.append((name, value))
    written.append(("MIME-Version", "1.0"))
    more = tuple([(header["Name"], header["Value"]) for header in extras.get("Headers") or ()])
    size = sum([len(part.encode()) for part in (subject, text, html) if part])
    return Offer(
        kind=kind,
        sender=sender,
        to=to,
        cc=cc,
        bcc=bcc,
        recipients=tuple(map(bare, (*to, *cc, *bcc))),
        reply_to=reply_to,
        subject=subject,
        text=text,
        html=html,
        headers=(*written, *more),
        own_headers=more,
        attachments=tuple(file.name for file in files),
        files=files,
        size=size + sum(len(file.content) * 4 // 3 for file in files),
        **common,
    )


def _file(given: Parameters) -> AttachedFile:
    content = given["RawContent"]
    return AttachedFile(
        given["FileName"],
        content.encode() if isinstance(content, str) else bytes(content),
        given.get("ContentType"),
        given.get("ContentDisposition", "ATTACHMENT"),
        given.get("ContentId"),
    )


def _raw(data: object, sender: str | None, named: Sequence[str], common: dict[str, Any]) -> Offer:
    """A message that came as MIME. What the request says goes before what its headers say."""
    whole = data.encode() if isinstance(data, str) else bytes(cast("bytes", data))
    raw, said = read_control_headers(whole)
    for name, value in _common_v2(said, said.get("EmailTags")).items():
        common[name] = common.get(name) or value
    return read_mime(raw, len(whole), sender, named, common)


def _line(lines: Parameters, name: str) -> tuple[str, ...]:
    return tuple(lines.get(f"{name}Addresses") or ())


def _data(part: Parameters | None) -> str | None:
    return None if part is None else cast("str", part["Data"])


def _pairs(pairs: Sequence[Parameters] | None) -> FrozenMapping[str, str]:
    if not pairs:
        return _NO_TAGS
    return FrozenMapping((pair["Name"], pair["Value"]) for pair in pairs)
