"""The e-mail: one frozen value, right by construction."""

from __future__ import annotations

from collections.abc import Container, Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, TypeAlias, final

from sesguard._frozen import FrozenMapping
from sesguard._mail import fields as _fields
from sesguard._mail import headers as _headers
from sesguard._mail import wholes as _wholes
from sesguard._mail.fields import NOTHING, STREAM_TAG
from sesguard.addresses import Address, AddressKey
from sesguard.attachments import Attachment
from sesguard.errors import EmailError
from sesguard.suppression import stream_scope, tenant_scope
from sesguard.templates import Template

if TYPE_CHECKING:
    from email.message import EmailMessage

__all__ = ["STREAM_TAG", "Attachment", "Email", "ListManagement", "Recipients", "Template"]

Recipients: TypeAlias = str | Address | Iterable[str | Address]
"""Where addresses are taken: a string is one address, never a list joined by commas."""


@final
@dataclass(frozen=True, slots=True)
class ListManagement:
    """
    The contact list, and the topic in it, that SES manages subscriptions by.

    SES then writes List-Unsubscribe itself, in mail to one recipient.
    """

    contact_list_name: str
    topic_name: str | None = None

    def __post_init__(self) -> None:
        if self.contact_list_name is None:  # pyright: ignore[reportUnnecessaryComparison]
            raise EmailError("list_management: a contact list is needed.", field="list_management")
        for name in ("contact_list_name", "topic_name"):
            object.__setattr__(self, name, _fields.name("list_management", getattr(self, name)))


@final
@dataclass(frozen=True, slots=True, init=False, repr=False)
class Email:
    """
    One e-mail, checked when it is built.

    Something has to be sent: a text, an HTML, a template or an attachment.

    Args:
        sender: Who it is from: ``ann@example.org`` or ``Ann <ann@example.org>``.

        to, cc, bcc: Who gets it: one address, or an iterable of them. At least one, at most 50.

        subject: Any Unicode of one line; ``""`` counts. Left out only with a template.

        text, html: The bodies.

        reply_to: Where answers go.

        attachments: Files, and images that the HTML shows.

        headers: Further headers, in printable ASCII.

        tags: Message tags, which events bring back.

        configuration_set: The SES configuration set.

        return_path: The envelope's sender, where bounces are mailed to.

        list_unsubscribe: ``https:`` and ``mailto:`` URIs. With an ``https:`` one, one click is
            enough (RFC 8058).

        list_management: The contact list that SES manages.

        template: A template in SES, in place of subject, text and html.

        tenant: The SES tenant on whose behalf it is sent.

        stream: The kind of mail (``"newsletter"``): the scope of a suppression.

        charset: The character set of the bodies.

    Raises:
        EmailError: ``field`` names the argument that is wrong.
    """

    sender: Address
    to: tuple[Address, ...]
    subject: str | None
    text: str | None
    html: str | None
    cc: tuple[Address, ...]
    bcc: tuple[Address, ...]
    reply_to: tuple[Address, ...]
    attachments: tuple[Attachment, ...]
    headers: Mapping[str, str]
    tags: Mapping[str, str]
    configuration_set: str | None
    return_path: Address | None
    list_unsubscribe: tuple[str, ...]
    list_management: ListManagement | None
    template: Template | None
    tenant: str | None
    stream: str | None
    charset: str

    def __init__(
        self,
        *,
        sender: str | Address,
        to: Recipients = (),
        subject: str | None = None,
        text: str | None = None,
        html: str | None = None,
        cc: Recipients = (),
        bcc: Recipients = (),
        reply_to: Recipients = (),
        attachments: Iterable[Attachment] = (),
        headers: Mapping[str, str] = NOTHING,
        tags: Mapping[str, str] = NOTHING,
        configuration_set: str | None = None,
        return_path: str | Address | None = None,
        list_unsubscribe: str | Iterable[str] | None = None,
        list_management: ListManagement | None = None,
        template: Template | None = None,
        tenant: str | None = None,
        stream: str | None = None,
        charset: str = "utf-8",
    ) -> None:
        put = object.__setattr__
        charset = _fields.charset(charset)
        put(self, "sender", _fields.address("sender", sender))
        put(self, "to", _fields.addresses("to", to))
        put(self, "subject", subject if subject is None else _fields.line("subject", subject))
        put(self, "text", _fields.text("text", text, charset))
        put(self, "html", _fields.text("html", html, charset))
        put(self, "cc", _fields.addresses("cc", cc))
        put(self, "bcc", _fields.addresses("bcc", bcc))
        put(self, "reply_to", _fields.addresses("reply_to", reply_to))
        put(
            self,
            "attachments",
            _fields.items("attachments", attachments, Attachment, "Attachment objects"),
        )
        put(self, "headers", _headers.headers(headers))
        put(self, "tags", _fields.tags(tags, with_stream=stream is not None))
        put(self, "configuration_set", _fields.name("configuration_set", configuration_set))
        put(
            self,
            "return_path",
            None if return_path is None else _fields.address("return_path", return_path),
        )
        put(self, "list_unsubscribe", _headers.unsubscribe(list_unsubscribe))
        managed = _fields.one("list_management", list_management, ListManagement)
        put(self, "list_management", managed)
        put(self, "template", _fields.one("template", template, Template))
        put(self, "tenant", _fields.name("tenant", tenant))
        put(self, "stream", _fields.stream(stream))
        put(self, "charset", charset)
        _wholes.check(self)

    @property
    def recipients(self) -> tuple[Address, ...]:
        """All who get it: To, then Cc, then Bcc."""
        return self.to + self.cc + self.bcc

    @property
    def scopes(self) -> tuple[str, ...]:
        """The scopes, beside ``""``, whose suppressions hold for this e-mail."""
        tenant = () if self.tenant is None else (tenant_scope(self.tenant),)
        stream = () if self.stream is None else (stream_scope(self.stream),)
        return tenant + stream

    @property
    def all_tags(self) -> Mapping[str, str]:
        """Its own tags, and the one that carries the stream."""
        if self.stream is None:
            return self.tags
        return FrozenMapping({**self.tags, STREAM_TAG: self.stream})

    @property
    def all_headers(self) -> Mapping[str, str]:
        """Its further headers, and those of `list_unsubscribe`."""
        if not self.list_unsubscribe:
            return self.headers
        more = {"List-Unsubscribe": ", ".join(f"<{uri}>" for uri in self.list_unsubscribe)}
        if any(uri[:6].lower() == "https:" for uri in self.list_unsubscribe):
            more["List-Unsubscribe-Post"] = "List-Unsubscribe=One-Click"
        return FrozenMapping({**self.headers, **more})

    def keeping(self, keys: Container[AddressKey]) -> Email:
        """This e-mail to those of its recipients alone whose key is in *keys*, perhaps to none."""
        kept = {
            name: tuple([one for one in getattr(self, name) if one.key in keys])
            for name in ("to", "cc", "bcc")
        }
        return _changed(self, kept)

    def one_each(self, recipients: Recipients | None = None) -> Iterator[Email]:
        """
        The same e-mail to each recipient alone, who sees nobody else in To: for ``send_many``.

        Args:
            recipients: Any number of addresses, read as they are needed. Default: those of this
                e-mail, each once.

        Raises:
            EmailError: *recipients* are nothing to go through.

            AddressError: One of *recipients* is no address; those before it were given.
        """
        if recipients is None:
            recipients = {one.key: one for one in self.recipients}.values()
        return (
            _changed(self, {"to": (_fields.address("recipients", one),), "cc": (), "bcc": ()})
            for one in _fields.each("recipients", recipients)
        )

    def with_defaults(
        self, *, configuration_set: str | None = None, tags: Mapping[str, str] = NOTHING
    ) -> Email:
        """
        This e-mail with what it does not say itself. Its own configuration set and tags win.

        Raises:
            EmailError: A default that no e-mail may have.
        """
        name = self.configuration_set or _fields.name("configuration_set", configuration_set)
        all_tags = self.tags
        if tags:
            both = {**_fields.tags(tags), **self.tags}
            all_tags = _fields.tags(both, with_stream=self.stream is not None)
        return _changed(self, {"configuration_set": name, "tags": all_tags})

    def as_bytes(self) -> bytes:
        """The MIME, with CRLF and without Bcc. See `sesguard.mime.render`."""
        from sesguard import mime

        return mime.render(self)

    def to_dict(self) -> dict[str, Any]:
        """All that it says, in what JSON can carry. `from_dict` reads it back."""
        from sesguard._mail import records as _records

        return _records.to_dict(self)

    @staticmethod
    def from_dict(data: Mapping[str, Any]) -> Email:
        """
        Read what `to_dict` wrote.

        Raises:
            EmailError: ``field`` names what is wrong or unknown.
        """
        from sesguard._mail import records as _records

        return _records.from_dict(data)

    @staticmethod
    def from_message(message: EmailMessage) -> Email:
        """
        Read an `email.message.EmailMessage`.

        Bcc is honoured, and X-SES- headers become fields. Date, Message-ID and MIME-Version are
        left out, since SES writes its own.

        Raises:
            EmailError: It says something that an `Email` cannot say; ``field`` names it.
        """
        from sesguard._mail import messages as _messages

        return _messages.read(message)

    def __repr__(self) -> str:
        parts = [f"to={len(self.to)}", f"cc={len(self.cc)}", f"bcc={len(self.bcc)}"]
        parts += [name for name in ("text", "html", "template") if getattr(self, name) is not None]
        parts.append(f"attachments={len(self.attachments)}")
        return f"Email({', '.join(parts)})"


def _changed(email: Email, changes: Mapping[str, object]) -> Email:
    """A copy that differs in checked values; the very same where nothing differs."""
    before = {name: getattr(email, name) for name in changes}
    if all(value is before[name] or value == before[name] for name, value in changes.items()):
        return email
    copy = object.__new__(Email)
    for name in Email.__slots__:
        value = changes[name] if name in changes else getattr(email, name)
        object.__setattr__(copy, name, value)
    return copy
