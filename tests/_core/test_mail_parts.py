"""A mail taken apart: fields, parts, and what is in them."""

from __future__ import annotations

import email
import email.policy
from email.message import EmailMessage
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sesguard._core.mail_parts import (
    Part,
    content_of,
    content_type,
    fields_of,
    first,
    part_of,
    parts,
    received,
)
from sesguard.errors import ParseError


def typed(text: str) -> tuple[str, dict[str, str]]:
    return content_type(Part((("content-TYPE", text),), b""))


@pytest.mark.parametrize("end", ["\n", "\r\n"])
def test_fields_are_unfolded(end: str) -> None:
    """A value may go over lines, whose ends are of either kind."""
    head = end.join(["A: one", "\ttwo", "  three", "b :four", "C:"])
    assert fields_of(head.encode()) == (("A", "one two three"), ("b", "four"), ("C", ""))


def test_what_is_no_field_is_left_out() -> None:
    """A mailbox's From line, a line without a colon, and what continues nothing."""
    assert fields_of(b" lost\nFrom ann Mon Nov 3\nA: 1\n: no name\n") == (("A", "1"),)


def test_bytes_of_no_charset_are_marked() -> None:
    """What is not UTF-8 becomes a replacement character, so that it can be encoded and stored."""
    [(_, value)] = fields_of(b"A: \xff\xed\xa0\x80 \xc3\xa4")
    assert value.endswith(" \u00e4")
    assert value.encode().decode() == value
    assert value.startswith("\ufffd")


def test_a_name_is_found_in_any_case() -> None:
    """The first of several counts."""
    fields = fields_of(b"Date: 1\nDATE: 2")
    assert first(fields, "date") == "1"
    assert first(fields, "from") is None


@pytest.mark.parametrize(
    ("data", "body"),
    [
        (b"A: 1\n\nx\n\ny", b"x\n\ny"),
        (b"A: 1\r\n\r\nx", b"x"),
        (b"A: 1", b""),
        (b"A: 1\n", b""),
    ],
)
def test_the_first_empty_line_ends_the_header(data: bytes, body: bytes) -> None:
    """What is behind it is the body, as it is."""
    assert part_of(data) == Part((("A", "1"),), body)


def test_a_part_may_have_no_header() -> None:
    """Then it begins with an empty line."""
    assert part_of(b"\r\nA: 1") == Part((), b"A: 1")


def test_a_header_has_an_end() -> None:
    """One of more than 1 MiB is refused, and a long body is not."""
    with pytest.raises(ParseError, match="1 MiB"):
        part_of(b"A: " + b"x" * (1 << 20) + b"\n\n")
    assert len(part_of(b"A: 1\n\n" + b"x" * (1 << 21)).body) == 1 << 21


def test_a_mail_is_bytes() -> None:
    """Empty lines before it are passed over, and a string is refused by its name."""
    loose: Any = bytearray(b"A: 1\n\nx")
    assert received(loose) == Part((("A", "1"),), b"x")
    assert received(b"\r\n\nA: 1\n\nx") == Part((("A", "1"),), b"x")
    with pytest.raises(ParseError, match="not from str"):
        received("A: 1")  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("text", "kind", "parameters"),
    [
        ("Multipart/Report; Boundary=a", "multipart/report", {"boundary": "a"}),
        ('x/y; a="b;c=\\"d\\""; e=f ', "x/y", {"a": 'b;c="d"', "e": "f"}),
        ("x/y;a=1;A=2", "x/y", {"a": "1"}),
        ('x/y; a="open', "x/y", {"a": ""}),
        ("nothing", "text/plain", {}),
        ("", "text/plain", {}),
        ("x/y;" + "a" * 5_000, "text/plain", {}),
    ],
)
def test_a_content_type_is_read(text: str, kind: str, parameters: dict[str, str]) -> None:
    """With its parameters, the first of each name; what cannot be read is plain text."""
    assert typed(text) == (kind, parameters)


def test_parts_are_between_the_lines_of_the_boundary() -> None:
    """What is before and behind is none, and a longer boundary within a part is not theirs."""
    body = b"before\n--b\n\none\n--b \t\r\n\ntwo\n--bb\n--b\n\n\n--b--\n--b\n\nbehind"
    assert [part.body for part in parts(Part((), body), "b")] == [b"one", b"two\n--bb", b""]


def test_a_part_without_an_end_says_so() -> None:
    """A mail that was cut off ends within its last part."""
    found = list(parts(Part((), b"--b\n\none\n--b\n\ntw"), "b"))
    assert found == [Part((), b"one"), Part((), b"tw", whole=False)]
    assert [part.whole for part in parts(Part((), b"--b"), "b")] == [False]
    assert list(parts(Part((), b"none"), "b")) == []


def test_there_are_twenty_parts_at_the_most() -> None:
    """Whoever writes more of them is not followed."""
    assert len(list(parts(Part((), b"--b\n\n" * 10_000), "b"))) == 20


@pytest.mark.parametrize(
    ("encoding", "body", "content"),
    [
        (b"7bit", b"a=3Db", b"a=3Db"),
        (b"Quoted-Printable", b"a=3Db=\nc", b"a=bc"),
        (b"BASE64", b"YQ==\n", b"a"),
        (b"of tomorrow", b"a", b"a"),
    ],
)
def test_a_transfer_encoding_is_taken_off(encoding: bytes, body: bytes, content: bytes) -> None:
    """Those of RFC 2045; another one is left alone."""
    assert (
        content_of(part_of(b"Content-Transfer-Encoding: " + encoding + b"\n\n" + body)) == content
    )


def test_what_is_not_base64_is_refused() -> None:
    """It says so, and nothing else is raised."""
    with pytest.raises(ParseError, match="base64"):
        content_of(part_of(b"Content-Transfer-Encoding: base64\n\nYQ="))


TEXT = st.text(st.characters(codec="utf-8", exclude_categories=["Cc", "Cs"]), max_size=80)


@given(st.lists(TEXT, min_size=1, max_size=5), st.sampled_from(["quoted-printable", "base64"]))
def test_what_python_writes_is_read(texts: list[str], encoding: str) -> None:
    """The parts of a mail that the standard library wrote are those that it was given."""
    written = EmailMessage(policy=email.policy.SMTP)
    written["Subject"] = "Parts"
    written.make_mixed()
    for text in texts:
        part = EmailMessage(policy=email.policy.SMTP)
        part.set_content(text, cte=encoding)
        written.attach(part)
    read = received(written.as_bytes())
    kind, parameters = content_type(read)
    assert kind == "multipart/mixed"
    found = [content_of(part).decode() for part in parts(read, parameters["boundary"])]
    assert [one.strip("\r\n") for one in found] == texts
