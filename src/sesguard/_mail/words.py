"""Header text on the wire: encoded words (RFC 2047) and folded lines (RFC 5322)."""

from __future__ import annotations

import base64
import re
from collections.abc import Iterable, Iterator

from sesguard.errors import HeaderError

__all__ = ["encoded", "folded", "phrase", "spaced", "unstructured"]

_LINE = 76  # RFC 2047, section 2: a line with an encoded word
_FIRST = 52  # what a first word may hold beside the longest field name and its own frame
_LATER = 63  # 75 characters less "=?utf-8?q?" and "?="
_LONGEST_WORD = 900
_SINGLE_SPACE = re.compile(r"(?<=[^ ]) (?=[^ ])")
_ATOMS = re.compile(r"[A-Za-z0-9!#$%&'*+/=?^_`{|}~-]+(?: [A-Za-z0-9!#$%&'*+/=?^_`{|}~-]+)*")
_Q_SAFE = frozenset(b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789!*+-/")


def unstructured(text: str) -> list[str]:
    """
    Pieces of free text, such as a subject, that a space or a folded line may stand between.

    Text that people could take for encoded words is encoded itself, so that it reads as written.
    """
    if _is_plain(text) and text == text.strip(" "):
        pieces = _SINGLE_SPACE.split(text)
        if max(map(len, pieces)) <= _LONGEST_WORD:
            return pieces
    return list(_words(text))


def phrase(text: str) -> list[str]:
    """Pieces of a display name: atoms, a quoted string, or encoded words."""
    if _is_plain(text):
        quoted = text.replace("\\", r"\\").replace('"', r"\"")
        pieces = _SINGLE_SPACE.split(text if _ATOMS.fullmatch(text) else f'"{quoted}"')
        if max(map(len, pieces)) <= _LATER:
            return pieces
    return list(_words(text))


def spaced(text: str) -> list[str]:
    """Pieces of a header value that is on the wire's form already."""
    return _SINGLE_SPACE.split(text)


def encoded(text: str) -> str:
    """Free text as one line for an API that takes ASCII and encoded words."""
    return " ".join(unstructured(text))


def folded(name: str, pieces: Iterable[str]) -> str:
    """
    One header: its lines, with the CRLF at the end. Unfolded, one space joins the pieces.

    Raises:
        HeaderError: A piece that is not printable ASCII. The fields of an e-mail are checked
            when it is built; this is the last look before the wire.
    """
    lines = [f"{name}:"]
    for piece in pieces:
        if not (piece.isascii() and piece.isprintable()):
            raise HeaderError(f"{name}: only printable ASCII may stand in a header.")
        if len(lines[-1]) + 1 + len(piece) > _LINE and len(lines[-1]) > len(name) + 1:
            lines.append("")
        lines[-1] += f" {piece}"
    return "\r\n".join(lines) + "\r\n"


def _is_plain(text: str) -> bool:
    return text.isascii() and text.isprintable() and "=?" not in text


def _words(text: str) -> Iterator[str]:
    """Encoded words, each of whole characters and at most 75 long."""
    data = text.encode()
    quoted_size = sum(1 if byte in _Q_SAFE or byte == 0x20 else 3 for byte in data)
    by_quoting = quoted_size <= (len(data) + 2) // 3 * 4
    room, held, size = _FIRST, b"", 0
    for character in text:
        more = character.encode()
        cost = len(_quoted(more)) if by_quoting else len(more)
        if size + cost > (room if by_quoting else room // 4 * 3):
            yield _word(held, by_quoting)
            room, held, size = _LATER, b"", 0
        held += more
        size += cost
    yield _word(held, by_quoting)


def _word(data: bytes, by_quoting: bool) -> str:
    if by_quoting:
        return f"=?utf-8?q?{_quoted(data)}?="
    return f"=?utf-8?b?{base64.b64encode(data).decode('ascii')}?="


def _quoted(data: bytes) -> str:
    return "".join(
        chr(byte) if byte in _Q_SAFE else "_" if byte == 0x20 else f"={byte:02X}" for byte in data
    )
