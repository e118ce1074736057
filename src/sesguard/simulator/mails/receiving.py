"""What a recipient has of a mail."""

from __future__ import annotations

import email.policy
import mimetypes
from email.message import EmailMessage
from email.parser import BytesParser
from email.utils import format_datetime

from sesguard.errors import ConfigurationError
from sesguard.simulator.mails.offers import AttachedFile, SentMail

__all__ = ["as_received"]

_BY_SES = ("message-id", "date")
_MADE_HERE = ("mime-version", "content-type", "content-transfer-encoding")


def as_received(mail: SentMail) -> EmailMessage:
    """
    The mail with SES's Message-ID and Date, as MIME that can be read and written.

    Raises:
        ConfigurationError: SES stopped it.

    Source:
        SES Developer Guide, "Amazon SES header fields".
    """
    if mail.stopped_by is not None:
        raise ConfigurationError(
            f"Nobody received this mail: SES stopped it, and told by a {mail.stopped_by} event."
        )
    message = _written(mail) if mail.raw is None else _parsed(mail.raw, mail)
    host = "email" if mail.region == "us-east-1" else mail.region
    for name in _BY_SES:
        del message[name]
    message["Message-ID"] = f"<{mail.message_id}@{host}.amazonses.com>"
    message["Date"] = format_datetime(mail.at)
    return message


def _written(mail: SentMail) -> EmailMessage:
    """A message of which SES makes the MIME."""
    message = EmailMessage()
    for name, value in mail.headers:
        if name.lower() not in (*_MADE_HERE, *_BY_SES):
            message[name] = value
    if mail.text is not None or mail.html is None:
        message.set_content(mail.text or "")
        if mail.html is not None:
            message.add_alternative(mail.html, subtype="html")
    else:
        message.set_content(mail.html, subtype="html")
    for file in mail.files:
        _attach(message, file)
    return message


def _attach(message: EmailMessage, file: AttachedFile) -> None:
    kind = file.content_type or mimetypes.guess_type(file.name)[0] or "application/octet-stream"
    main, _, sub = kind.partition(";")[0].strip().partition("/")
    message.add_attachment(
        file.content,
        maintype=main,
        subtype=sub or "octet-stream",
        disposition=file.disposition.lower(),
        filename=file.name,
        cid=None if file.content_id is None else f"<{file.content_id}>",
    )


def _parsed(raw: bytes, mail: SentMail) -> EmailMessage:
    """One that came as MIME: as it came, but for what SES takes off and puts on."""
    message = BytesParser(policy=email.policy.default).parsebytes(raw)
    del message["Bcc"]
    for name, value in mail.headers if mail.list_management else ():
        if name.lower().startswith("list-unsubscribe"):
            del message[name]
            message[name] = value
    for subtype, body in (("plain", mail.text), ("html", mail.html)):
        part = message.get_body((subtype,))
        if mail.list_management and part is not None and body is not None:
            part.set_content(body, subtype=subtype)
    return message
