"""E-mail addresses: read strictly where mail is sent, leniently where events name them."""

from __future__ import annotations

import re
import unicodedata
from dataclasses import dataclass, field
from functools import lru_cache
from typing import NewType

from sesguard import _words
from sesguard.errors import AddressError

__all__ = ["Address", "AddressKey", "read_leniently"]

AddressKey = NewType("AddressKey", str)
"""A mailbox as lists compare it: local part folded, domain in IDNA 2008 and lower case."""

_ATEXT = r"A-Za-z0-9!#$%&'*+/=?^_`{|}~\-"
_DOT_ATOM = re.compile(rf"[{_ATEXT}]+(?:\.[{_ATEXT}]+)*")
_DOTTED = re.compile(rf"[{_ATEXT}.]+")
_LOCAL = re.compile(rf'{_DOT_ATOM.pattern}|"(?:[!#-\[\]-~]|\\\\)+"')
_DOMAIN = re.compile(r"[a-z0-9-]+(?:\.[a-z0-9-]+)+")
_MAILBOX = re.compile(
    r'(?:"(?P<quoted>(?:[^"\\]|\\.)*)" *|(?P<plain>[^"<>]*))<(?P<spec>.*)>', re.DOTALL
)
_BRACKETED = re.compile(r"<(?P<spec>[^<>]+@[^<>]+)>")
_SPEC = re.compile(r'(?P<local>"(?:[^"\\]|\\.)*"|[^"@]*)@(?P<domain>[^@]*)')
# What needs no second look: most addresses, without email-validator and a tenth of its time.
_COMMON = re.compile(
    rf"({_DOT_ATOM.pattern})@((?:(?!..--)[a-z0-9](?:[a-z0-9-]{{0,61}}[a-z0-9])?\.)+)([a-z]{{1,63}})",
    re.IGNORECASE | re.ASCII,
)
_ENCODED_WORD = re.compile(r"=\?.*\?=")
_ESCAPED = re.compile(r"\\(.)")
_PLAIN_PHRASE = re.compile(rf"[{_ATEXT}]+(?: [{_ATEXT}]+)*")
_CONTROLS = re.compile("[\x00-\x1f\x7f-\x9f\u2028\u2029\ud800-\udfff]")
_LONGEST = 1000
_NOT_SHOWN = (
    "A display name cannot hold control characters, line or direction marks, '<' or '>'. "
    "Take them out."
)
_JOINERS = "\u200c\u200d"

# Special-use names that SES's simulators, tests and private networks have mail under, though
# email-validator refuses them, and a stand-in of the same length that passes its other checks.
_NEVER_MAILED = ("arpa", "localhost", "onion")
_STAND_INS = {"test": "exam", "local": "stand", "invalid": "example"}


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
        if not _can_be_shown(self.display_name):
            raise AddressError(_NOT_SHOWN)
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
            return _parse(text)
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
        if _PLAIN_PHRASE.fullmatch(self.display_name):
            return f"{self.display_name} <{self.addr_spec}>"
        quoted = self.display_name.replace("\\", r"\\").replace('"', r"\"")
        return f'"{quoted}" <{self.addr_spec}>'

    @property
    def header(self) -> str:
        """The address with its name, for the wire: ASCII, with encoded words where needed."""
        return " ".join(self.pieces)

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
    text = text.strip()
    mailbox = _MAILBOX.fullmatch(text) or _BRACKETED.search(text)
    spelled = mailbox["spec"].strip() if mailbox else text
    if not spelled.isprintable():
        spelled = "".join(c for c in spelled if c.isprintable())
    spec = _SPEC.fullmatch(spelled)
    if spec is None:
        return spelled, AddressKey(spelled.casefold())
    domain = spec["domain"].strip().removesuffix(".")
    if not domain.isascii():
        domain = _domain_of_event(domain)
    local = _unquoted(spec["local"].strip()).casefold()
    return spelled, AddressKey(f"{local}@{domain.lower()}")


@lru_cache(maxsize=16_384)
def _parse(text: str) -> Address:
    if len(text) > _LONGEST:
        raise AddressError(f"An address and its name are longer than {_LONGEST} characters.")
    if _CONTROLS.search(text):
        raise AddressError(
            "An address cannot hold control characters or line breaks.", address=text
        )
    trimmed = text.strip(" ")
    mailbox = _MAILBOX.fullmatch(trimmed)
    if mailbox is None:
        return _parse_spec(trimmed, "", text)
    quoted, plain = mailbox["quoted"], mailbox["plain"]
    name = _ESCAPED.sub(r"\1", quoted) if plain is None else plain.strip(" ")
    if plain is not None and (wrong := set(name) & set("()[]:;@\\,")):
        several = " If these are several addresses, pass a list." if wrong & set(",;") else ""
        raise AddressError(
            f"A display name that holds {' '.join(sorted(wrong))} must stand in quotes.{several}",
            address=text,
        )
    if not _can_be_shown(name):
        raise AddressError(_NOT_SHOWN, address=text)
    return _parse_spec(mailbox["spec"].strip(" "), name, text)


def _parse_spec(text: str, name: str, whole: str) -> Address:
    common = _COMMON.fullmatch(text)
    if common and len(text) <= 254 and len(common[1]) <= 64 and "?=" not in text:
        top = common[3].lower()
        if top not in _NEVER_MAILED:
            return Address(display_name=name, local=common[1], domain=common[2].lower() + top)
    spec = _SPEC.fullmatch(text)
    if spec is None:
        raise AddressError(_why_not_one(text), address=whole)
    local, domain = spec["local"], spec["domain"].removesuffix(".")
    if _ENCODED_WORD.search(local):
        raise AddressError("A local part cannot hold encoded words.", address=whole)
    if local.startswith('"'):
        content = _ESCAPED.sub(r"\1", local[1:-1])
        if any(c in ' @"' or not c.isprintable() for c in content):
            raise AddressError(
                "A quoted local part cannot hold a space, '@', a quote or a control character: "
                "SES does not take it.",
                address=whole,
            )
        local = _unquoted(local)
    elif _DOTTED.fullmatch(local) and not _DOT_ATOM.fullmatch(local):
        quoted = _validated(f'"{local}"', domain, name, whole)
        raise AddressError(
            "A local part has no dot at its ends and no two in a row, unless it is quoted: "
            f'write "{local}"@…',
            address=whole,
            quoted_form=quoted.addr_spec,
        )
    return _validated(local, domain, name, whole)


def _validated(local: str, domain: str, name: str, whole: str) -> Address:
    import email_validator  # a fifth of boto3's import time: loaded with the first address

    tail, stand_in = _special_use(domain)
    asked = domain[: len(domain) - len(tail)] + stand_in
    try:
        found = email_validator.validate_email(
            f"{local}@{asked}",
            allow_smtputf8=False,
            allow_empty_local=False,
            allow_quoted_local=True,
            allow_domain_literal=False,
            allow_display_name=False,
            strict=True,
            check_deliverability=False,
            test_environment=False,
            globally_deliverable=True,
        )
    except email_validator.EmailNotValidError as exc:
        # Behind a colon or a bracket it quotes from the address.
        reason = str(exc).partition(":")[0].partition(" (")[0].rstrip(".")
        raise AddressError(f"{reason}. Correct the address.", address=whole, original=exc) from None
    ascii_domain = found.ascii_domain
    if tail:
        special = unicodedata.normalize("NFKC", tail).lower()
        ascii_domain = ascii_domain[: len(ascii_domain) - len(stand_in)] + special
    if len(local) > 64:
        raise AddressError("The local part is longer than 64 characters.", address=whole)
    return Address(display_name=name, local=local, domain=ascii_domain)


def _special_use(domain: str) -> tuple[str, str]:
    """The special-use top-level domain that *domain* ends with, as spelled, and its stand-in."""
    tail = re.split(r"[.\u3002\uff0e\uff61]", domain)[-1]
    if tail == domain:
        return "", ""
    stand_in = _STAND_INS.get(unicodedata.normalize("NFKC", tail).lower(), "")
    return (tail, stand_in) if stand_in else ("", "")


def _unquoted(local: str) -> str:
    """One spelling a mailbox: quotes and escapes only where they have to be."""
    content = _ESCAPED.sub(r"\1", local[1:-1]) if local.startswith('"') else local
    if _DOT_ATOM.fullmatch(content) or not (local.startswith('"') or _DOTTED.fullmatch(local)):
        return content
    return '"' + content.replace("\\", r"\\").replace('"', r"\"") + '"'


def _domain_of_event(domain: str) -> str:
    try:
        return _parse(f"x@{domain}").domain
    except AddressError:
        return domain.casefold()


def _can_be_shown(name: str) -> bool:
    if name.isascii():
        return name.isprintable() and "<" not in name and ">" not in name
    return not any(
        c in "<>"
        or (unicodedata.category(c) in ("Cc", "Cf", "Cs", "Zl", "Zp") and c not in _JOINERS)
        for c in name
    )


def _why_not_one(text: str) -> str:
    if not text:
        return "An address cannot be empty."
    if "," in text or ";" in text:
        return "This is not one address. If these are several, pass a list."
    if "<" in text or ">" in text:
        return "An address with a name is written: Name <local@domain>."
    return "An address has one part before an @ and one after it."
