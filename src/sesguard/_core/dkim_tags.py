"""The text of a DKIM-Signature header, read strictly: its tags, or what is wrong with it."""

from __future__ import annotations

import re
from collections.abc import Mapping

__all__ = ["parse_tags", "problem_with", "readable"]

_NAME = re.compile(r"[A-Za-z][A-Za-z0-9_]*")
_VALUE = re.compile(r"(?:[!-:<-~]+(?:[ \t]+[!-:<-~]+)*)?")
_WORD = re.compile(r"[A-Za-z0-9_]{1,20}")

_LABEL = r"[A-Za-z0-9](?:[A-Za-z0-9-]*[A-Za-z0-9])?"
_BASE64 = re.compile(r"[A-Za-z0-9+/ \t]+(?:=[ \t]*){0,2}")
_LIST = re.compile(r"[!-9<-~]+(?:[ \t]*:[ \t]*[!-9<-~]+)*")
_FORMS = {
    "v": re.compile(r"1"),
    "a": re.compile(r"[A-Za-z][A-Za-z0-9]*-[A-Za-z][A-Za-z0-9]*"),
    "b": _BASE64,
    "bh": _BASE64,
    "d": re.compile(rf"{_LABEL}(?:\.{_LABEL})+"),
    "h": _LIST,
    "s": re.compile(rf"{_LABEL}(?:\.{_LABEL})*"),
    "c": re.compile(r"(?:simple|relaxed|[A-Za-z][A-Za-z0-9-]*)(?:/[A-Za-z][A-Za-z0-9-]*)?"),
    "i": re.compile(rf"[^@]*@(?P<domain>{_LABEL}(?:\.{_LABEL})+)"),
    "l": re.compile(r"[0-9]{1,76}"),
    "q": _LIST,
    "t": re.compile(r"[0-9]{1,12}"),
    "x": re.compile(r"[0-9]{1,12}"),
}
_REQUIRED = ("v", "a", "b", "bh", "d", "h", "s")
_LONGEST_NAMES = 253


def parse_tags(text: str) -> tuple[dict[str, str], str | None]:
    """
    The tags of a tag list, and what is wrong with the list.

    Args:
        text: The header's value, unfolded.

    Returns:
        The tags up to where it went wrong, and the reason; None for a good list.

    Source:
        RFC 6376, section 3.2: names are told apart by case, and one that comes twice spoils the
        whole list.
    """
    tags: dict[str, str] = {}
    specs = text.split(";")
    if len(specs) > 1 and not specs[-1].strip(" \t"):
        specs.pop()
    for spec in specs:
        name, sign, value = spec.partition("=")
        name, value = name.strip(" \t"), value.strip(" \t")
        if not sign or not _NAME.fullmatch(name):
            return tags, "it is no list of tags"
        if name in tags:
            return tags, f"{_shown(name)}= is there twice"
        if not _VALUE.fullmatch(value):
            return tags, f"{_shown(name)}= holds a character that may not stand there"
        tags[name] = value
    return tags, None


def problem_with(tags: Mapping[str, str]) -> str | None:
    """
    What keeps well-written tags from being a signature; None for nothing.

    Whether the signature is valid is not asked: that takes the key, out of DNS.

    Source:
        RFC 6376, sections 3.5, 5.4 and 6.1.1.
    """
    for name in _REQUIRED:
        if name not in tags:
            return f"it has no {name}="
    for name, form in _FORMS.items():
        if name in tags and not form.fullmatch(tags[name]):
            return f"{name}= cannot be read"
    if len(tags["d"]) > _LONGEST_NAMES or len(tags["s"]) > _LONGEST_NAMES:
        return "d= or s= is longer than a name may be"
    signed = [name.strip(" \t").lower() for name in tags["h"].split(":")]
    if "from" not in signed:
        return "h= leaves out From"
    if "i" in tags:
        domain, within = tags["d"].lower(), tags["i"].rpartition("@")[2].lower()
        if within != domain and not within.endswith(f".{domain}"):
            return "i= is not of the domain d="
    if "t" in tags and "x" in tags and int(tags["x"]) <= int(tags["t"]):
        return "it expires before it was made"
    return None


def readable(tags: Mapping[str, str], name: str) -> str | None:
    """The value of a tag, if it is of the form that the tag has."""
    value = tags.get(name)
    return value if value is not None and _FORMS[name].fullmatch(value) else None


def _shown(name: str) -> str:
    return name if _WORD.fullmatch(name) else "a tag"
