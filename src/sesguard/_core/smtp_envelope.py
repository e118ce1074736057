"""An e-mail as it goes over SMTP: the paths, and the body with its dots stuffed."""

from __future__ import annotations

import re
from dataclasses import dataclass, field

from sesguard import mime
from sesguard.addresses import Address, AddressKey
from sesguard.errors import AddressError, EmailError
from sesguard.mail import Email

__all__ = ["SMTPEnvelope", "envelope_of", "stuffed"]

# Visible ASCII, and no bracket, which would end the path for a server that reads in haste.
_PATH = re.compile(r"[!-;=?-~]+")


@dataclass(frozen=True, slots=True, kw_only=True)
class SMTPEnvelope:
    """
    What is said to the server.

    Attributes:
        sender: The path of MAIL FROM, without its brackets.

        recipients: Each mailbox once, with the path of its RCPT TO.

        body: What follows the 354, dots stuffed, up to and with the final dot.
    """

    sender: str = field(repr=False)
    recipients: tuple[tuple[AddressKey, str], ...] = field(repr=False)
    body: bytes = field(repr=False)


def envelope_of(email: Email) -> SMTPEnvelope:
    """
    Make an e-mail ready for SMTP.

    Raises:
        EmailError: It cannot go over SMTP as it is: a template, for one, which SES fills in over
            its API only. *field* says what is in the way.

    Source:
        RFC 5321, 3.3 and 4.5.2.
    """
    recipients: dict[AddressKey, str] = {}
    for address in email.recipients:
        recipients.setdefault(address.key, _path(address, "to"))
    if not recipients:
        raise EmailError("An e-mail needs a recipient to go over SMTP.", field="to")
    return SMTPEnvelope(
        sender=_path(email.return_path or email.sender, "sender"),
        recipients=tuple(recipients.items()),
        body=stuffed(mime.render(email, for_smtp=True)),
    )


def _path(address: Address, field: str) -> str:
    if not _PATH.fullmatch(address.addr_spec):
        raise AddressError(
            "An address holds a character that cannot be said in an SMTP command.",
            field=field,
            address=address.addr_spec,
        )
    return address.addr_spec


def stuffed(message: bytes) -> bytes:
    """
    The message with its dots doubled, and ended.

    A CR or LF alone is a line end to some servers and not to others, by which a body can be made
    to hold a second mail ("SMTP smuggling"). None ever reaches the wire.

    Raises:
        EmailError: The message holds one.
    """
    if not message.count(b"\r\n") == message.count(b"\r") == message.count(b"\n"):
        raise EmailError(
            "The message holds a CR or LF that is not part of a line end, so it was not sent.",
            field="text",
        )
    if message.startswith(b"."):
        message = b"." + message
    ending = b".\r\n" if message.endswith(b"\r\n") else b"\r\n.\r\n"
    return message.replace(b"\r\n.", b"\r\n..") + ending
