"""What stands in the text of an address: its name, its local part and its domain."""

from __future__ import annotations

import re
import unicodedata
from typing import NamedTuple

from sesguard.errors import AddressError

__all__ = ["NOT_SHOWN", "Parts", "can_be_shown", "parse", "shown", "split", "validated"]

_ATEXT = r"A-Za-z0-9!#$%&'*+/=?^_`{|}~\-"
_DOT_ATOM = re.compile(rf"[{_ATEXT}]+(?:\.[{_ATEXT}]+)*")
_DOTTED = re.compile(rf"[{_ATEXT}.]+")
_PHRASE = re.compile(rf"[{_ATEXT}]+(?: [{_ATEXT}]+)*")
_MAILBOX = re.compile(
    r'(?:"(?P<quoted>(?:[^"\\]|\\.)*)" *|(?P<plain>[^"<>]*))<(?P<spec>.*)>', re.DOTALL
)
_UNREADABLE = "\ufffd"
_BRACKETED = re.compile(r"<(?P<spec>[^<>]+@[^<>]+)>")
_SPEC = re.compile(r'(?P<local>"(?:[^"\\]|\\.)*"|[^"@]*)@(?P<domain>[^@]*)')
# What needs no second look: most addresses, without email-validator and in a tenth of its time.
_COMMON = re.compile(
    rf"({_DOT_ATOM.pattern})@((?:(?!..--)[a-z0-9](?:[a-z0-9-]{{0,61}}[a-z0-9])?\.)+)([a-z]{{1,63}})",
    re.IGNORECASE | re.ASCII,
)
_ENCODED_WORD = re.compile(r"=\?.*\?=")
_ESCAPED = re.compile(r"\\(.)")
_DOTS = re.compile(r"[.\u3002\uff0e\uff61]")
_CONTROLS = re.compile("[\x00-\x1f\x7f-\x9f\u2028\u2029\ud800-\udfff]")
_LONGEST = 1000
_JOINERS = "\u200c\u200d"

NOT_SHOWN = (
    "A display name cannot hold control characters, line or direction marks, '<' or '>'. "
    "Take them out."
)

# Special-use names that tests, simulators and private networks have mail under, though
# email-validator refuses them, and a stand-in of the same length that passes its other checks.
_STAND_INS = {"test": "exam", "local": "stand", "invalid": "example"}
_NEVER_MAILED = ("arpa", "localhost", "onion")


class Parts(NamedTuple):
    """An address that was taken apart and found good."""

    name: str
    local: str
    domain: str


def parse(text: str) -> Parts:
    """
    Read one address strictly; see `Address.parse`.

    Raises:
        AddressError: Its message never holds the address.
    """
    if len(text) > _LONGEST:
        raise AddressError(f"An address and its name are longer than {_LONGEST} characters.")
    if _CONTROLS.search(text):
        raise AddressError(
            "An address cannot hold control characters or line breaks.", address=text
        )
    trimmed = text.strip(" ")
    mailbox = _MAILBOX.fullmatch(trimmed)
    if mailbox is None:
        return _read_spec(trimmed, "", text)
    plain = mailbox["plain"]
    name = _ESCAPED.sub(r"\1", mailbox["quoted"]) if plain is None else plain.strip(" ")
    if plain is not None and (wrong := set(name) & set("()[]:;@\\,")):
        several = " If these are several addresses, pass a list." if wrong & set(",;") else ""
        raise AddressError(
            f"A display name that holds {' '.join(sorted(wrong))} must stand in quotes.{several}",
            address=text,
        )
    if not can_be_shown(name):
        raise AddressError(NOT_SHOWN, address=text)
    return _read_spec(mailbox["spec"].strip(" "), name, text)


def split(text: str) -> tuple[str, str, str | None]:
    """
    Take an address apart however it is spelled, without judging it.

    Returns:
        The bare address as spelled; its local part in one spelling and its domain, without a
        trailing dot, or all of it and None where there is no one ``@``.
    """
    common = _COMMON.fullmatch(text)
    if common is not None:
        return text, common[1], common[2] + common[3]
    text = text.strip()
    mailbox = _MAILBOX.fullmatch(text) or _BRACKETED.search(text)
    spelled = mailbox["spec"] if mailbox else text
    if not spelled.isprintable():
        # A long line may have been wrapped. All else is marked and not dropped: what would be
        # left could be the mailbox of somebody else.
        spelled = spelled.replace("\r", "").replace("\n", "")
        spelled = "".join(c if c.isprintable() else _UNREADABLE for c in spelled)
    spelled = spelled.strip(f" {_UNREADABLE}")
    spec = _SPEC.fullmatch(spelled)
    if spec is None:
        return spelled, spelled, None
    return spelled, _unquoted(spec["local"].strip()), spec["domain"].strip().removesuffix(".")


def _read_spec(text: str, name: str, whole: str) -> Parts:
    common = _COMMON.fullmatch(text)
    if common and len(text) <= 254 and len(common[1]) <= 64 and "?=" not in text:
        top = common[3].lower()
        if top not in _NEVER_MAILED:
            return Parts(name, common[1], common[2].lower() + top)
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
        parts = validated(f'"{local}"', domain, name, whole)
        raise AddressError(
            "A local part has no dot at its ends and no two in a row, unless it is quoted: "
            f'write "{local}"@…',
            address=whole,
            quoted_form=f"{parts.local}@{parts.domain}",
        )
    return validated(local, domain, name, whole)


def validated(local: str, domain: str, name: str, whole: str) -> Parts:
    """Have email-validator judge, and answer its spelling of the domain."""
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
    return Parts(name, local, ascii_domain)


def _special_use(domain: str) -> tuple[str, str]:
    """The special-use top-level domain that *domain* ends with, as spelled, and its stand-in."""
    tail = _DOTS.split(domain)[-1]
    if tail == domain:
        return "", ""
    stand_in = _STAND_INS.get(unicodedata.normalize("NFKC", tail).lower(), "")
    return (tail, stand_in) if stand_in else ("", "")


def _unquoted(local: str) -> str:
    """One spelling a mailbox: quotes and escapes only where they have to be."""
    content = _ESCAPED.sub(r"\1", local[1:-1]) if local.startswith('"') else local
    if _DOT_ATOM.fullmatch(content) or not (local.startswith('"') or _DOTTED.fullmatch(local)):
        return content
    return _quoted(content)


def _quoted(content: str) -> str:
    """A quoted string."""
    return '"' + content.replace("\\", r"\\").replace('"', r"\"") + '"'


def shown(name: str) -> str:
    """A display name as people write it before an address."""
    return name if _PHRASE.fullmatch(name) else _quoted(name)


def can_be_shown(name: str) -> bool:
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
