"""A second reader of our MIME: it knows bytes and colons, and no library."""

from __future__ import annotations

import re

__all__ = ["addresses_in", "body_of", "headers_of"]

_WORDS = re.compile(rb"=\?[^?]*\?[^?]*\?[^?]*\?=")


def headers_of(message: bytes) -> list[tuple[str, bytes]]:
    """Header lines, unfolded, up to the first empty line."""
    block, found, _ = message.partition(b"\r\n\r\n")
    assert found, "no empty line ends the headers"
    assert b"\0" not in block
    assert block.isascii()
    assert b"\r" not in block.replace(b"\r\n", b"")
    assert b"\n" not in block.replace(b"\r\n", b"")
    lines: list[bytes] = []
    for line in block.split(b"\r\n"):
        assert len(line) <= 998
        assert not _WORDS.search(line) or len(line) <= 76
        if line[:1] in (b" ", b"\t"):
            assert line.strip(), "a folded line holds nothing but space"
            lines[-1] += line
        else:
            lines.append(line)
    pairs = [line.partition(b":") for line in lines]
    for name, colon, _ in pairs:
        assert colon == b":"
        assert re.fullmatch(rb"[!-9;-~]+", name)
    return [(name.decode("ascii"), value.strip(b" ")) for name, _, value in pairs]


def body_of(message: bytes) -> bytes:
    """What stands behind the headers."""
    return message.partition(b"\r\n\r\n")[2]


def addresses_in(value: bytes) -> list[bytes]:
    """The mailboxes of an address header, split at commas outside of quotes."""
    found: list[bytes] = []
    quoted, escaped, start = False, False, 0
    for at, byte in enumerate(value):
        if escaped:
            escaped = False
        elif quoted and byte == ord("\\"):
            escaped = True
        elif byte == ord('"'):
            quoted = not quoted
        elif byte == ord(",") and not quoted:
            found.append(value[start:at])
            start = at + 1
    assert not quoted
    return [one.strip() for one in [*found, value[start:]]]
