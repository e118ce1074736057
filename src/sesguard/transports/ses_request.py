"""An e-mail as the arguments of SendEmail, API v2."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from sesguard import mime
from sesguard.attachments import Attachment
from sesguard.errors import HeaderError
from sesguard.mail import Email

__all__ = ["common_request", "destination", "extras", "pairs", "send_email_request"]

_MAX_HEADERS = 15
_CHARSETS = frozenset(("utf-8", "us-ascii", "iso-8859-1", "shift_jis"))


def send_email_request(email: Email) -> dict[str, Any]:
    """
    The arguments for ``client.send_email``.

    The content is ``Simple``, of which SES makes the MIME, wherever that can say the same; it
    costs least on the way. What it cannot say goes as ``Raw``. Neither holds a Bcc line.

    Raises:
        HeaderError: A template with more headers than SES takes beside one.

        MessageTooLargeError: Encoded, it is larger than SES takes.

    Source:
        SES API v2, "SendEmail".
    """
    content = _content(email)
    request = common_request(email) | {"Destination": destination(email), "Content": content}
    if "Raw" in content:
        request.pop("ReplyToAddresses", None)  # a raw message has its Reply-To line
    if tags := email.all_tags:
        request["EmailTags"] = pairs(tags)
    if (managed := email.list_management) is not None:
        request["ListManagementOptions"] = {"ContactListName": managed.contact_list_name}
        if managed.topic_name is not None:
            request["ListManagementOptions"]["TopicName"] = managed.topic_name
    return request


def common_request(email: Email) -> dict[str, Any]:
    """What it has in common with the arguments of SendBulkEmail."""
    request: dict[str, Any] = {"FromEmailAddress": email.sender.header}
    if email.reply_to:
        request["ReplyToAddresses"] = [address.header for address in email.reply_to]
    if email.return_path is not None:
        request["FeedbackForwardingEmailAddress"] = email.return_path.addr_spec
    if email.configuration_set is not None:
        request["ConfigurationSetName"] = email.configuration_set
    if email.tenant is not None:
        request["TenantName"] = email.tenant
    return request


def destination(email: Email) -> dict[str, list[str]]:
    """Its recipients, line by line."""
    lines = {"ToAddresses": email.to, "CcAddresses": email.cc, "BccAddresses": email.bcc}
    return {
        line: [address.header for address in addresses]
        for line, addresses in lines.items()
        if addresses
    }


def _content(email: Email) -> dict[str, Any]:
    headers = email.all_headers
    if email.template is not None:
        named = {
            "TemplateName": email.template.name,
            "TemplateData": email.template.data_json,
        }
        return {"Template": named | extras(email, headers)}
    if not _is_simple(email, headers):
        return {"Raw": {"Data": mime.render(email)}}
    subject = email.subject or ""
    bodies = {"Text": email.text, "Html": email.html}
    message: dict[str, Any] = {
        "Subject": {"Data": subject} if subject.isascii() else _in_charset(subject, "utf-8"),
        "Body": {
            name: _in_charset(body, email.charset)
            for name, body in bodies.items()
            if body is not None
        },
    }
    return {"Simple": message | extras(email, headers)}


def _is_simple(email: Email, headers: Mapping[str, str]) -> bool:
    """
    Whether ``Simple`` can say it: a body, 15 headers, a charset SES names, plain file names.

    SES writes ASCII as it is. What looks like an encoded word would be read as what it encodes,
    line breaks too, and a quote in a file name would end it.
    """
    return (
        (email.text is not None or email.html is not None)
        and len(headers) <= _MAX_HEADERS
        and email.charset in _CHARSETS
        and "=?" not in (email.subject or "")
        and all(
            one.filename.isascii() and "=?" not in one.filename and '"' not in one.filename
            for one in email.attachments
        )
    )


def extras(email: Email, headers: Mapping[str, str]) -> dict[str, Any]:
    """
    What a message or a template has beside its words.

    Raises:
        HeaderError: More headers than SES takes.
    """
    if len(headers) > _MAX_HEADERS:
        raise HeaderError(
            f"headers: SES takes at most {_MAX_HEADERS} beside a template, those of "
            "list_unsubscribe= among them.",
            field="headers",
        )
    found: dict[str, Any] = {}
    if headers:
        found["Headers"] = pairs(headers)
    if email.attachments:
        shown = email.html is not None or email.template is not None
        found["Attachments"] = [_attachment(one, shown=shown) for one in email.attachments]
    return found


def _attachment(file: Attachment, *, shown: bool) -> dict[str, Any]:
    is_message = file.content_type.lower().startswith("message/")  # RFC 2046: never in base64
    found: dict[str, Any] = {
        "FileName": file.filename,
        "RawContent": file.content,
        "ContentType": file.content_type,
        "ContentDisposition": "INLINE" if file.inline and shown else "ATTACHMENT",
        "ContentTransferEncoding": "SEVEN_BIT" if is_message else "BASE64",
    }
    if file.content_id is not None:
        found["ContentId"] = file.content_id
    return found


def _in_charset(text: str, charset: str) -> dict[str, str]:
    return {"Data": text, "Charset": charset.upper()}


def pairs(mapping: Mapping[str, str]) -> list[dict[str, str]]:
    """Names and values, as SES's API has them."""
    return [{"Name": name, "Value": value} for name, value in mapping.items()]
