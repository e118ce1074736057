"""Takes bodies and files out of an `email.message.EmailMessage`."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from email import policy
from email.message import EmailMessage, Message
from email.utils import collapse_rfc2231_value
from typing import Any, cast

from sesguard.attachments import Attachment
from sesguard.errors import EmailError

__all__ = ["Contents", "read"]


_TOKEN = re.compile(r"[A-Za-z0-9!#$%&'*+.^_`{|}~-]+")


@dataclass(slots=True)
class Contents:
    """What was found so far, while a message is gone through."""

    text: str | None = None
    html: str | None = None
    files: list[Attachment] = field(default_factory=list[Attachment])


def read(message: EmailMessage) -> Contents:
    """
    The text, the HTML and the files of a message.

    Raises:
        EmailError: A part that an e-mail has no place for; the message names its content type.
    """
    found = Contents()
    _collect(message, found, within="mixed")
    return found


def _collect(part: Message[Any, Any], found: Contents, *, within: str) -> None:
    kind = part.get_content_type()
    is_body = part.get_content_disposition() != "attachment" and part.get_filename() is None
    if kind.startswith("multipart/"):
        inside = kind.removeprefix("multipart/")
        if inside not in ("mixed", "alternative", "related") or not part.is_multipart():
            raise _no_place(kind)
        for one in cast("list[Message[Any, Any]]", part.get_payload()):
            _collect(one, found, within=inside)
    elif is_body and kind == "text/plain" and found.text is None:
        found.text = _text(part, "text")
    elif is_body and kind == "text/html" and found.html is None:
        found.html = _text(part, "html")
    elif within == "alternative" or (is_body and kind.startswith("text/")):
        raise _no_place(kind)
    else:
        found.files.append(_file(part, within=within, number=len(found.files) + 1))


def _no_place(kind: str) -> EmailError:
    return EmailError(
        f"message: an e-mail has no place for this part of type {kind}. "
        "Attach it as a file with a name.",
        field="message",
    )


def _text(part: Message[Any, Any], name: str) -> str:
    data = _data(part)
    try:
        text = data.decode(part.get_content_charset("utf-8"))
    except (LookupError, ValueError):
        raise EmailError(
            f"{name}: its bytes are not in the character set that the message says.", field=name
        ) from None
    return text.replace("\r\n", "\n")


def _data(part: Message[Any, Any]) -> bytes:
    return cast("bytes | None", part.get_payload(decode=True)) or b""


def _file(part: Message[Any, Any], *, within: str, number: int) -> Attachment:
    kind = part.get_content_type()
    if part.is_multipart():  # a message in the message
        enclosed = cast("list[Message[Any, Any]]", part.get_payload())[0]
        content = enclosed.as_bytes(policy=policy.SMTP)
    else:
        content = _data(part)
    for name, raw in part.get_params([])[1:]:
        if name not in ("name", "boundary"):
            value = collapse_rfc2231_value(raw)
            kind += f"; {name}={value}" if _TOKEN.fullmatch(value) else f'; {name}="{value}"'
    identifier = part.get("Content-ID")
    inline = within == "related" or part.get_content_disposition() == "inline"
    return Attachment(
        part.get_filename() or f"part-{number}",
        content,
        kind,
        content_id=str(identifier).strip(" ") if identifier and inline else None,
    )
