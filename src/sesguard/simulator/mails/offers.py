"""A mail that SES is to send, and one that it took."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from email.message import EmailMessage
from typing import Literal, NamedTuple

from sesguard._frozen import FrozenMapping

__all__ = ["AttachedFile", "InlineTemplate", "ListManagement", "Offer", "SentMail"]


@dataclass(frozen=True, slots=True)
class AttachedFile:
    """
    A file of a mail of which SES makes the MIME.

    Attributes:
        disposition: ``ATTACHMENT`` or ``INLINE``.
    """

    name: str = field(repr=False)
    content: bytes = field(repr=False)
    content_type: str | None = field(default=None, repr=False)
    disposition: str = "ATTACHMENT"
    content_id: str | None = field(default=None, repr=False)


@dataclass(frozen=True, slots=True)
class InlineTemplate:
    """A template that comes with the request."""

    subject: str | None = field(repr=False)
    text: str | None = field(repr=False)
    html: str | None = field(repr=False)


class ListManagement(NamedTuple):
    """Which contact list, and which of its topics, a mail belongs to."""

    contact_list: str
    topic: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Offer:
    """
    What a request asks SES to send, parsed back.

    Attributes:
        kind: How the content came.

        sender: The From address as it came, with its display name.

        recipients: Bare addresses, in the order To, Cc, Bcc.

        subject, text, html: As a reader sees them; None where there is none, or as long as the
            template is not filled in.

        headers: Name and value, in order, without Bcc and those that are meant for SES.

        own_headers: Those of them that a request adds to a message which is not raw.

        attachments: Their file names.

        files: They themselves, where the message is not raw.

        template: The name of a stored template; its data is in *template_data*, as JSON text.

        inline: A template that is not stored.

        raw: The bytes, of a raw message, without the headers that are meant for SES.

        size: In bytes, once the attachments are in base64.
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
    own_headers: tuple[tuple[str, str], ...] = field(default=(), repr=False)
    attachments: tuple[str, ...] = field(default=(), repr=False)
    files: tuple[AttachedFile, ...] = field(default=(), repr=False)
    template: str | None = None
    template_data: str | None = field(default=None, repr=False)
    inline: InlineTemplate | None = field(default=None, repr=False)
    list_management: ListManagement | None = None
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

        stopped_by: Why nobody gets it all the same, in the words of the event that tells:
            ``Reject`` or ``Rendering Failure``.
    """

    message_id: str
    at: datetime
    region: str
    stopped_by: Literal["Reject", "Rendering Failure"] | None = None

    def as_received(self) -> EmailMessage:
        """
        The mail as a recipient has it: with SES's Message-ID and Date, and without Bcc.

        Raises:
            ConfigurationError: Nobody has it, since SES stopped it.
        """
        from sesguard.simulator.mails.receiving import as_received

        return as_received(self)
