"""
An e-mail as MIME.

It is written by hand, from fields that were checked when the e-mail was built: the standard
library's generator lets control characters through into headers, by version, and takes longer
than a send. The same e-mail gives the same bytes, so SES is left to write Date and Message-ID.
"""

from __future__ import annotations

import binascii
import hashlib
import itertools
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from email import quoprimime
from typing import TYPE_CHECKING
from urllib.parse import quote

from sesguard._mail import words as _words
from sesguard._mail.fields import MAX_BYTES
from sesguard.addresses import Address
from sesguard.attachments import Attachment, is_seven_bit
from sesguard.errors import EmailError, MessageTooLargeError

if TYPE_CHECKING:
    from sesguard.mail import Email

__all__ = ["render"]


@dataclass(frozen=True, slots=True)
class _Part:
    head: str
    body: bytes


def render(email: Email, *, for_smtp: bool = False) -> bytes:
    """
    Write an e-mail as MIME: CRLF, no line over 998 characters, never a Bcc.

    Args:
        email: What to write.

        for_smtp: Say in X-SES- headers what the API takes as parameters: configuration set,
            tags, tenant, list management. SES takes them off.

    Raises:
        MessageTooLargeError: Encoded, it is larger than SES takes.

        EmailError: It is a template, which SES fills in itself.

    Source:
        RFC 5322, 2045 to 2047, 2231, 2387; SES Developer Guide, "Service quotas".
    """
    if email.template is not None:
        raise EmailError(
            "template: SES fills it in, so it has no MIME. Send it over the API.",
            field="template",
        )
    attached = sum(len(one.content) for one in email.attachments)
    if attached * 4 // 3 + len(email.text or "") + len(email.html or "") > MAX_BYTES:
        raise _too_large()
    head = "".join(_head(email)) + ("".join(_ses_head(email)) if for_smtp else "")
    content = _content(email)
    message = b"".join(
        (head.encode("ascii"), b"MIME-Version: 1.0\r\n", content.head.encode("ascii"), b"\r\n")
    )
    message += content.body
    if not message.endswith(b"\r\n"):
        message += b"\r\n"
    if len(message) > MAX_BYTES:
        raise _too_large()
    return message


def _too_large() -> MessageTooLargeError:
    return MessageTooLargeError(
        "attachments: the e-mail, encoded, is larger than the 40 MB that SES takes. "
        "Send a link instead.",
        field="attachments",
    )


def _head(email: Email) -> Iterator[str]:
    yield _words.folded("From", _list([email.sender]))
    for name, listed in (("Reply-To", email.reply_to), ("To", email.to), ("Cc", email.cc)):
        if listed:
            yield _words.folded(name, _list(listed))
    yield _words.folded("Subject", _words.unstructured(email.subject or ""))
    for name, value in email.all_headers.items():
        yield _words.folded(name, _words.spaced(value))


def _ses_head(email: Email) -> Iterator[str]:
    if email.configuration_set is not None:
        yield _words.folded("X-SES-CONFIGURATION-SET", [email.configuration_set])
    if tags := email.all_tags:
        pairs = ", ".join(f"{name}={value}" for name, value in tags.items())
        yield _words.folded("X-SES-MESSAGE-TAGS", pairs.split(" "))
    if email.tenant is not None:
        yield _words.folded("X-SES-TENANT", [email.tenant])
    if (managed := email.list_management) is not None:
        topic = "" if managed.topic_name is None else f"; topic={managed.topic_name}"
        options = f"{managed.contact_list_name}{topic}"
        yield _words.folded("X-SES-LIST-MANAGEMENT-OPTIONS", options.split(" "))


def _list(addresses: Sequence[Address]) -> list[str]:
    pieces: list[str] = []
    for address in addresses:
        if pieces:
            pieces[-1] += ","
        pieces += address.pieces
    return pieces


def _content(email: Email) -> _Part:
    """The bodies with their images, in a mixed multipart where files go along."""
    images = [one for one in email.attachments if one.inline and email.html is not None]
    files = [one for one in email.attachments if one not in images]
    bodies: list[_Part] = []
    if email.text is not None:
        bodies.append(_body("plain", email.text, email.charset))
    if email.html is not None:
        html = _body("html", email.html, email.charset)
        if images:
            html = _multipart('related; type="text/html"', [html, *map(_file, images)])
        bodies.append(html)
    if len(bodies) == 2:
        bodies = [_multipart("alternative", bodies)]
    parts = bodies + [_file(one) for one in files]
    return parts[0] if bodies and not files else _multipart("mixed", parts)


def _multipart(subtype: str, parts: Sequence[_Part]) -> _Part:
    """
    Parts between boundaries that come from what they hold, and do not occur in it.
    """
    written = [part.head.encode("ascii") + b"\r\n" + part.body for part in parts]
    digest = hashlib.sha256()
    for part in written:
        digest.update(hashlib.sha256(part).digest())
    stem = digest.hexdigest()[:32]
    candidates = (f"=_{stem}{turn or ''}".encode() for turn in itertools.count())
    boundary = next(one for one in candidates if not any(one in part for part in written))
    opening = b"--" + boundary + b"\r\n"
    body = b"".join(chunk for part in written for chunk in (opening, part, b"\r\n"))
    name = boundary.decode("ascii")
    return _Part(
        f'Content-Type: multipart/{subtype};\r\n boundary="{name}"\r\n',
        body + b"--" + boundary + b"--\r\n",
    )


def _body(subtype: str, text: str, charset: str) -> _Part:
    lines = text.replace("\r\n", "\n").replace("\r", "\n").replace("\n", "\r\n")
    data = lines.encode(charset)
    encoding, body = _encoded_text(data)
    return _Part(
        f"Content-Type: text/{subtype}; charset={charset}\r\n"
        f"Content-Transfer-Encoding: {encoding}\r\n",
        body,
    )


def _encoded_text(data: bytes) -> tuple[str, bytes]:
    """The transfer encoding for a text, and the text in it."""
    if is_seven_bit(data):
        return "7bit", data
    beyond_ascii = len(data) - len(data.decode("ascii", "ignore"))
    if beyond_ascii * 6 > len(data):
        return "base64", _base64(data)
    quoted = quoprimime.body_encode(data.decode("latin-1"), 76, "\r\n")
    return "quoted-printable", quoted.encode("ascii")


def _file(attachment: Attachment) -> _Part:
    head = f"Content-Type: {attachment.content_type}\r\n"
    if attachment.content_type.lower().startswith("message/"):
        encoding, body = "7bit", attachment.content
    else:
        encoding, body = "base64", _base64(attachment.content)
    disposition = "inline" if attachment.inline else "attachment"
    head += f"Content-Transfer-Encoding: {encoding}\r\nContent-Disposition: {disposition}"
    head += "".join(f";\r\n {one}" for one in _named(attachment.filename)) + "\r\n"
    if attachment.content_id is not None:
        head += f"Content-ID: <{attachment.content_id}>\r\n"
    return _Part(head, body)


def _named(filename: str) -> Iterator[str]:
    """The parameters for a file name: RFC 2231, and ASCII for those who do not read that."""
    shown = "".join(c if c.isascii() and c not in '"\\' else "_" for c in filename)
    shown = shown.replace("=?", "=_")
    if shown != filename or shown != shown.strip(" "):
        first, *more = _sections(filename)
        yield f"filename*0*=utf-8''{first}" if more else f"filename*=utf-8''{first}"
        yield from (f"filename*{number}*={one}" for number, one in enumerate(more, 1))
    yield f'filename="{shown}"'


def _sections(filename: str) -> Iterator[str]:
    """A percent-encoded name in sections, each of whole characters: readers decode them singly."""
    section = ""
    for character in filename:
        written = quote(character, safe="")
        if len(section) + len(written) > 54:
            yield section
            section = ""
        section += written
    yield section


def _base64(data: bytes) -> bytes:
    written = binascii.b2a_base64(data, newline=False)
    lines = [written[at : at + 76] for at in range(0, len(written), 76)]
    return b"\r\n".join([*lines, b""])
