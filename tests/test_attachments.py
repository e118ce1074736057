"""Files: their names, types and ids are safe on the wire, and guessed the same everywhere."""

from __future__ import annotations

import pickle
from typing import Any

import pytest

from sesguard import errors
from sesguard.attachments import Attachment


@pytest.mark.parametrize(
    ("filename", "content_type"),
    [
        ("a.txt", "text/plain"),
        ("a.PDF", "application/pdf"),
        ("a.png", "image/png"),
        ("a.tar.gz", "application/gzip"),
        ("a.txt.bz2", "application/octet-stream"),
        ("a.unknown-thing", "application/octet-stream"),
        ("a", "application/octet-stream"),
        ("http://a/b.png", "image/png"),
        ("a.eml", "message/rfc822"),
    ],
)
def test_a_type_is_guessed_from_the_name(filename: str, content_type: str) -> None:
    """
    Python's own table decides, not that of the machine.
    """
    assert Attachment(filename, b"x").content_type == content_type


@pytest.mark.parametrize(
    "content", ["é", "é".encode(), bytearray("é".encode()), memoryview("é".encode())]
)
def test_content_is_bytes(content: Any) -> None:
    """
    Anything of bytes is kept as bytes, and text as UTF-8.
    """
    assert Attachment("a.txt", content).content == b"\xc3\xa9"


def test_an_attachment_is_a_hidden_frozen_value() -> None:
    """
    It hashes and pickles, and shows neither name nor content.
    """
    attachment = Attachment("secret.txt", "secret", content_id="<a@b>")
    assert attachment.content_id == "a@b"
    assert attachment.inline
    assert not Attachment("a", b"").inline
    assert pickle.loads(pickle.dumps(attachment)) == attachment
    assert len({attachment, Attachment("secret.txt", b"secret", content_id="a@b")}) == 1
    assert "secret" not in repr(attachment)


@pytest.mark.parametrize(
    ("field", "values"),
    [
        ("filename", {"filename": ""}),
        ("filename", {"filename": " "}),
        ("filename", {"filename": "a" * 256}),
        ("filename", {"filename": None}),
        ("filename", {"filename": "a\r\nX: y"}),
        ("filename", {"filename": "a\0"}),
        ("filename", {"filename": "a\u2028"}),
        ("filename", {"filename": "a\ud800"}),
        ("content", {"content": None}),
        ("content", {"content": 5}),
        ("content", {"content": "\ud800"}),
        ("content", {"content": [1]}),
        ("content_type", {"content_type": "text"}),
        ("content_type", {"content_type": "text/"}),
        ("content_type", {"content_type": "text/pläin"}),
        ("content_type", {"content_type": "text/plain\r\nX: y"}),
        ("content_type", {"content_type": "text/plain; x"}),
        ("content_type", {"content_type": 'text/plain; x="a"b"'}),
        ("content_type", {"content_type": "text/" + "x" * 74}),
        ("content_type", {"content_type": 5}),
        ("content_type", {"content_type": "multipart/mixed"}),
        ("content_type", {"content_type": "message/rfc822", "content": "é"}),
        ("content_type", {"content_type": "message/rfc822", "content": "a\n"}),
        ("content_type", {"content_type": "message/rfc822", "content": "a\rb"}),
        ("content_type", {"content_type": "message/rfc822", "content": "a\0"}),
        ("content_type", {"content_type": "message/rfc822", "content": "a" * 999}),
        ("content_id", {"content_id": ""}),
        ("content_id", {"content_id": "<>"}),
        ("content_id", {"content_id": "a b"}),
        ("content_id", {"content_id": "a>\r\nX: y"}),
        ("content_id", {"content_id": "a" * 79}),
        ("content_id", {"content_id": 5}),
    ],
)
def test_what_would_break_a_header_is_refused(field: str, values: dict[str, Any]) -> None:
    """
    Names, types and ids that are no such thing are errors that name the argument.
    """
    arguments: dict[Any, Any] = {"filename": "a.txt", "content": b"x", **values}
    with pytest.raises(errors.EmailError, match=field) as caught:
        Attachment(**arguments)
    assert caught.value.field == field


def test_a_message_that_cannot_travel_as_one_is_a_file() -> None:
    """
    A message with eight-bit lines may not be called one, so the guess falls back.
    """
    assert Attachment("a.eml", "Subject: é\r\n").content_type == "application/octet-stream"
    calendar = "text/calendar; method=REQUEST; charset=utf-8"
    assert Attachment("a.ics", "x", calendar).content_type == calendar
    message = Attachment("a", b"A: b\r\n\r\n" + b"c" * 998, "message/rfc822")
    assert message.content_type == "message/rfc822"
