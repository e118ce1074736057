"""
A received mail, taken apart as far as a report needs it: header fields, parts, what a part holds.

Anybody may have written it, so one pass goes over it, without recursion, and what is not looked at
is not decoded. ``email`` of the standard library takes a nested mail apart to its last part.
"""

from __future__ import annotations

import binascii
import re
from collections.abc import Iterator
from typing import NamedTuple, TypeAlias

from sesguard.errors import ParseError

__all__ = [
    "Fields",
    "Part",
    "content_of",
    "content_type",
    "fields_of",
    "first",
    "part_of",
    "parts",
    "received",
]

Fields: TypeAlias = tuple[tuple[str, str], ...]
"""Names as they are written, and values unfolded, in their order."""

_LONGEST_HEAD = 1 << 20
_MOST_PARTS = 20
_LONGEST_TYPE = 4000

_EMPTY_LINE = re.compile(rb"(?:\A|\n)\r?\n")
_TOKEN = r"[!#$%&'*+.^_`|~0-9A-Za-z-]+"
_TYPE = re.compile(rf"\s*({_TOKEN}/{_TOKEN})")
_PARAMETER = re.compile(rf';\s*({_TOKEN})\s*=\s*(?:"((?:[^"\\]|\\.)*)"|([^\s;"]*))')
_ESCAPED = re.compile(r"\\(.)")


class Part(NamedTuple):
    """
    A mail, or a part of one.

    Attributes:
        fields: Its header fields.

        body: What follows them, as it was transferred.

        whole: Whether its end is in the mail. A mail that was cut off ends within a part.
    """

    fields: Fields
    body: bytes
    whole: bool = True


def received(message: bytes) -> Part:
    """
    A mail as it was received.

    Raises:
        ParseError: It is not bytes, or has a header of more than 1 MiB.
    """
    if not isinstance(message, bytes | bytearray):  # pyright: ignore[reportUnnecessaryIsInstance]  # untyped callers
        raise ParseError(
            f"A mail is read from its bytes, not from {type(message).__name__}: open the file in "
            "binary mode, or take what the mail server gave."
        )
    return part_of(bytes(message).lstrip(b"\r\n"))


def part_of(data: bytes, *, whole: bool = True) -> Part:
    """
    Header fields, and what is behind the first empty line.

    Raises:
        ParseError: The header is longer than 1 MiB, which no mail server lets through.
    """
    end = _EMPTY_LINE.search(data, 0, _LONGEST_HEAD)
    if end is None:
        if len(data) > _LONGEST_HEAD:
            raise ParseError("The mail has a header of more than 1 MiB: nothing sends that.")
        return Part(fields_of(data), b"", whole)
    return Part(fields_of(data[: end.start()]), data[end.end() :], whole)


def fields_of(head: bytes) -> Fields:
    """
    Header fields, or those of a report. A line that is no field is left out.

    Source:
        RFC 5322, section 2.2.
    """
    found: list[tuple[str, list[str]]] = []
    for line in head.decode("utf-8", "replace").split("\n"):
        name, colon, value = line.partition(":")
        if line[:1] in (" ", "\t"):
            if found:
                found[-1][1].append(line.strip())
        elif colon and (name := name.strip()):
            found.append((name, [value.strip()]))
    return tuple([(name, " ".join(lines).strip()) for name, lines in found])


def first(fields: Fields, name: str) -> str | None:
    """The first value of a name, in whichever case it is written."""
    return next((value for key, value in fields if key.lower() == name), None)


def content_type(part: Part) -> tuple[str, dict[str, str]]:
    """
    The type in lower case, and its parameters; ``text/plain`` where it cannot be read.

    Source:
        RFC 2045, section 5.
    """
    text = first(part.fields, "content-type") or ""
    kind = _TYPE.match(text) if len(text) <= _LONGEST_TYPE else None
    if kind is None:
        return "text/plain", {}
    parameters: dict[str, str] = {}
    for match in _PARAMETER.finditer(text, kind.end()):
        value = match[3] if match[2] is None else _ESCAPED.sub(r"\1", match[2])
        parameters.setdefault(match[1].lower(), value)
    return kind[1].lower(), parameters


def parts(mail: Part, boundary: str) -> Iterator[Part]:
    """
    The parts between the lines of a boundary, at the most 20.

    Source:
        RFC 2046, section 5.1.1: what is before the first line and behind the last is no part.
    """
    line = rb"(?:\A|\n)--" + re.escape(boundary.encode()) + rb"(--)?[ \t]*\r?(?=\n|\Z)"
    start = number = 0
    for delimiter in re.finditer(line, mail.body):
        if start:
            yield part_of(mail.body[start : delimiter.start()])
            number += 1
        if delimiter[1] or number == _MOST_PARTS:
            return
        start = delimiter.end() + 1
    if start:
        yield part_of(mail.body[start:], whole=False)


def content_of(part: Part) -> bytes:
    """
    What a part holds, out of its transfer encoding.

    Raises:
        ParseError: It is not what it says.
    """
    encoding = (first(part.fields, "content-transfer-encoding") or "").lower()
    if encoding == "quoted-printable":
        return binascii.a2b_qp(part.body)
    if encoding == "base64":
        try:
            return binascii.a2b_base64(part.body)
        except ValueError as exc:
            raise ParseError("A part of the mail is not base64.", original=exc) from None
    return part.body
