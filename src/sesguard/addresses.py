"""E-mail addresses: read strictly where mail is sent, leniently where events name them."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from functools import lru_cache
from typing import NewType

from sesguard._mail import mailboxes as _mailboxes
from sesguard._mail import words as _words
from sesguard.errors import AddressError

__all__ = ["Address", "AddressKey", "read_leniently"]

AddressKey = NewType("AddressKey", str)
"""A mailbox as lists compare it: local part folded, domain in IDNA 2008 and lower case."""

_LOCAL = re.compile(
    r"[A-Za-z0-9!#$%&'*+/=?^_`{|}~-]+(?:\.[A-Za-z0-9!#$%&'*+/=?^_`{|}~-]+)*"
    r'|"(?:[!#-\[\]-~]|\\\\)+"'
)
_DOMAIN = re.compile(r"[a-z0-9-]+(?:\.[a-z0-9-]+)+")


@dataclass(frozen=True, slots=True, kw_only=True)
class Address:
    """
    One mailbox that SES takes, with the name that is shown for it.

    Neither ``str`` nor ``repr`` shows it: take `addr_spec`, `mailbox` or `header`.

    Attributes:
        display_name: The name as people read it; ``""`` for none.

        local: What stands before the ``@``, as spelled, quoted only where it has to be.

        domain: What stands after it, in ASCII (IDNA 2008) and lower case.

        key: What lists compare by. ``+tag`` and dots are kept.

    Raises:
        AddressError: A part that could not stand on the wire. `parse` checks more.
    """

    display_name: str = ""
    local: str
    domain: str
    key: AddressKey = field(init=False)

    def __post_init__(self) -> None:
        if not _LOCAL.fullmatch(self.local) or not _DOMAIN.fullmatch(self.domain):
            raise AddressError("An address is built of a local part and an ASCII domain.")
        if not _mailboxes.can_be_shown(self.display_name):
            raise AddressError(_mailboxes.NOT_SHOWN)
        object.__setattr__(self, "key", f"{self.local.lower()}@{self.domain}")

    @staticmethod
    def parse(text: str | Address) -> Address:
        """
        Read one address, with or without a display name.

        Args:
            text: ``ann@example.org`` or ``Ann <ann@example.org>``.

        Raises:
            AddressError: It is none, it is several, or SES does not take it. Where a quoted
                spelling would be taken, ``quoted_form`` has it.

        Source:
            RFC 5321, sections 4.1.2 and 4.5.3.1; RFC 5322, section 3.4; RFC 5891.
        """
        if isinstance(text, str):
            return _parse(str.__str__(text))  # a subclass may hash and compare as it likes
        if isinstance(text, Address):  # pyright: ignore[reportUnnecessaryIsInstance]  # untyped callers
            return text
        raise AddressError(f"An address must be a string, not {type(text).__name__}.")

    def named(self, display_name: str) -> Address:
        """The same mailbox under another name."""
        return Address(display_name=display_name, local=self.local, domain=self.domain)

    @property
    def addr_spec(self) -> str:
        """``local@domain``: what the envelope takes."""
        return f"{self.local}@{self.domain}"

    @property
    def mailbox(self) -> str:
        """The address with its name, for people. `parse` reads it back."""
        if not self.display_name:
            return self.addr_spec
        return f"{_mailboxes.shown(self.display_name)} <{self.addr_spec}>"

    @property
    def header(self) -> str:
        """The address with its name, for the wire: ASCII, with encoded words where needed."""
        return " ".join(self.pieces) if self.display_name else self.addr_spec

    @property
    def pieces(self) -> list[str]:
        """`header` in pieces between which a line may be folded."""
        if not self.display_name:
            return [self.addr_spec]
        return [*_words.phrase(self.display_name), f"<{self.addr_spec}>"]

    def __repr__(self) -> str:
        return "Address(<hidden>)"


def read_leniently(text: str) -> tuple[str, AddressKey]:
    """
    Read an address out of an event. It never raises: a real bounce must not become poison.

    Args:
        text: The address, perhaps with a display name, in any spelling, or garbage.

    Returns:
        The bare address as it was spelled, and its key: that of `Address.parse` for whatever
        that takes, else the text trimmed and folded. Both can be encoded and stored.
    """
    spelled, local, domain = _mailboxes.split(text)
    if domain is None:
        return spelled, AddressKey(local.casefold())
    domain = domain.lower() if domain.isascii() else _domain_of_event(domain)
    return spelled, AddressKey(f"{local.casefold()}@{domain}")


@lru_cache(maxsize=16_384)
def _parse(text: str) -> Address:
    name, local, domain = _mailboxes.parse(text)
    return Address(display_name=name, local=local, domain=domain)


def _domain_of_event(domain: str) -> str:
    try:
        return _parse(f"x@{domain}").domain
    except AddressError:
        return domain.casefold()
