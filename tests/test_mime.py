"""The MIME that is written, read back by others."""

from __future__ import annotations

import email.header
import email.policy
import hashlib
import os
import subprocess
import sys
from email.message import EmailMessage, Message
from typing import Any, cast

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sesguard import errors, mime
from sesguard._mail import words as _words
from sesguard.addresses import Address
from sesguard.mail import Attachment, Email, ListManagement, Template
from tests.wire import addresses_in, body_of, headers_of

PLAIN: dict[Any, Any] = {"sender": "ann@example.org", "to": "bob@example.org", "subject": "Hi"}

lines = st.text(st.characters(exclude_categories=["Cc", "Cs", "Zl", "Zp"]))
names = st.text(st.characters(exclude_categories=["Cc", "Cf", "Cs", "Zl", "Zp"])).filter(
    lambda name: "<" not in name and ">" not in name
)
filenames = lines.map(lambda name: name[:255]).filter(str.strip)
bodies = st.text(st.characters(exclude_categories=["Cs"]))


def render(**fields: Any) -> bytes:
    fields = {**PLAIN, "text": "Hello"} | fields
    return Email(**fields).as_bytes()


def read(message: bytes) -> EmailMessage:
    parsed = email.message_from_bytes(message, policy=email.policy.default)
    assert isinstance(parsed, EmailMessage)
    for part in parsed.walk():
        assert not part.defects
    return parsed


def value_of(message: bytes, name: str) -> str:
    [value] = [value for found, value in headers_of(message) if found == name]
    return value.decode("ascii")


def decoded(value: str) -> str:
    return str(email.header.make_header(email.header.decode_header(value)))


def content_of(part: Message[Any, Any]) -> bytes:
    content = part.get_payload(decode=True)
    assert isinstance(content, bytes)
    return content


def with_crlf(text: str) -> str:
    return text.replace("\r\n", "\n").replace("\r", "\n").replace("\n", "\r\n")


def test_a_plain_mail_is_plain() -> None:
    """
    ASCII in short lines travels as it is, and nothing is there that SES writes.
    """
    message = render(
        sender="Ann <ann@example.org>",
        to=["bob@example.org", '"Doe, Cy" <cy@example.org>'],
        bcc="eve@example.org",
        text="Hello\n.\nBye",
    )
    assert message == (
        b"From: Ann <ann@example.org>\r\n"
        b'To: bob@example.org, "Doe, Cy" <cy@example.org>\r\n'
        b"Subject: Hi\r\n"
        b"MIME-Version: 1.0\r\n"
        b"Content-Type: text/plain; charset=utf-8\r\n"
        b"Content-Transfer-Encoding: 7bit\r\n"
        b"\r\n"
        b"Hello\r\n.\r\nBye\r\n"
    )


def test_smtp_says_in_headers_what_the_api_takes_as_parameters() -> None:
    """
    Configuration set, tags, tenant and list are X-SES- headers over SMTP, and only there.
    """
    built = Email(
        **PLAIN,
        text="x",
        configuration_set="main",
        tags={f"tag{n}": "v" * 40 for n in range(4)},
        stream="news",
        tenant="acme",
        list_management=ListManagement("list", "topic"),
    )
    assert "X-SES" not in built.as_bytes().decode()
    found = dict(headers_of(mime.render(built, for_smtp=True)))
    assert found["X-SES-CONFIGURATION-SET"] == b"main"
    value = ", ".join([*(f"tag{n}={'v' * 40}" for n in range(4)), "sesguard-stream=news"])
    assert found["X-SES-MESSAGE-TAGS"] == value.encode()
    assert found["X-SES-TENANT"] == b"acme"
    assert found["X-SES-LIST-MANAGEMENT-OPTIONS"] == b"list; topic=topic"
    whole_list = Email(**PLAIN, text="x", list_management=ListManagement("list"))
    found = dict(headers_of(mime.render(whole_list, for_smtp=True)))
    assert found["X-SES-LIST-MANAGEMENT-OPTIONS"] == b"list"
    assert "X-SES-TENANT" not in found
    bare = Email(**PLAIN, text="x")
    assert mime.render(bare, for_smtp=True) == bare.as_bytes()


def test_headers_of_the_email_are_written() -> None:
    """
    Reply-To, Cc, further headers and List-Unsubscribe are there, Bcc is not.
    """
    message = render(
        cc="Cy <cy@example.org>",
        bcc="eve@example.org",
        reply_to=["r@example.org", "s@example.org"],
        headers={"X-Long": "word " * 100 + "end", "References": "<a@b>  <c@d>"},
        list_unsubscribe="https://example.org/u",
    )
    found = dict(headers_of(message))
    assert found["Cc"] == b"Cy <cy@example.org>"
    assert found["Reply-To"] == b"r@example.org, s@example.org"
    assert found["X-Long"] == b"word " * 100 + b"end"
    assert found["References"] == b"<a@b>  <c@d>"
    assert found["List-Unsubscribe"] == b"<https://example.org/u>"
    assert found["List-Unsubscribe-Post"] == b"List-Unsubscribe=One-Click"
    assert b"eve" not in message
    assert max(map(len, message.split(b"\r\n"))) <= 78


@given(lines)
def test_a_subject_is_read_as_it_was_written(subject: str) -> None:
    """
    Any Unicode of one line survives, text that looks like an encoded word included.
    """
    message = render(subject=subject)
    value = value_of(message, "Subject")
    assert decoded(value) == subject
    assert read(message)["Subject"] == subject
    assert max(map(len, message.split(b"\r\n"))) <= 78 or " " not in subject


@pytest.mark.parametrize(
    "subject",
    [
        "",
        " ",
        " a ",
        "a" * 901,
        "a  b " * 50 + "c",
        "é" * 500,
        "e" * 200 + "é",
        "=?utf-8?q?hi=0d=0aBcc:_x@y?=",
        "=?",
        "👩‍💻" * 60,
    ],
)
def test_an_odd_subject_is_read_as_it_was_written(subject: str) -> None:
    """
    Spaces, lengths and encoded-word look-alikes are no exception; each word is at most 75 long.
    """
    message = render(subject=subject)
    assert decoded(value_of(message, "Subject")) == subject
    assert _words.encoded(subject) == value_of(message, "Subject")
    for word in value_of(message, "Subject").split(" "):
        assert len(word) <= 75 or subject.isascii()


@given(st.lists(names, max_size=4), names)
def test_names_are_read_as_they_were_written(listed: list[str], sender: str) -> None:
    """
    Whatever stands in a display name, there are as many addresses as there were.
    """
    plain = Address.parse("x@example.org")
    to = [plain.named(name) for name in listed]
    message = render(sender=plain.named(sender), to=[*to, "bob@example.org"])
    found = addresses_in(value_of(message, "To").encode())
    assert len(found) == len(listed) + 1
    parsed = read(message)
    assert [one.addr_spec for one in parsed["To"].addresses] == [
        *("x@example.org" for _ in listed),
        "bob@example.org",
    ]
    for name, written in zip(
        [sender, *listed], [value_of(message, "From").encode(), *found], strict=False
    ):
        phrase, space, _ = written.decode("ascii").rpartition(" ")
        assert phrase_of(phrase) == name
        assert bool(space) == bool(name)


@pytest.mark.parametrize("name", ["a" * 64, "a" * 400, '"' * 40, "a, " * 40 + "b", " a  b "])
def test_long_names_are_folded(name: str) -> None:
    """
    A name without a place to fold it is written in encoded words.
    """
    message = render(sender=Address.parse("x@example.org").named(name))
    phrase, _, _ = value_of(message, "From").rpartition(" ")
    assert phrase_of(phrase) == name
    assert max(map(len, message.split(b"\r\n"))) <= 78


def phrase_of(phrase: str) -> str:
    if phrase.startswith('"'):
        return phrase[1:-1].replace('\\"', '"').replace("\\\\", "\\")
    return decoded(phrase)


@given(bodies, st.none() | bodies)
def test_bodies_are_read_as_they_were_written(text: str, html: str | None) -> None:
    """
    Text and HTML survive in any Unicode; line ends become CRLF.
    """
    message = render(text=text, html=html)
    parsed = read(message)
    parts = [part for part in parsed.walk() if not part.is_multipart()]
    for part, wanted in zip(parts, [text, html], strict=False):
        content = content_of(part).decode()
        assert content.removesuffix("\r\n") == with_crlf(wanted or "").removesuffix("\r\n")
    assert_clean(message)


def assert_clean(message: bytes) -> None:
    assert message.isascii()
    assert message.endswith(b"\r\n")
    assert message.count(b"\r\n") == message.count(b"\r") == message.count(b"\n")
    assert b"\0" not in message
    assert max(map(len, message.split(b"\r\n"))) <= 998


@pytest.mark.parametrize(
    ("text", "encoding"),
    [
        ("", "7bit"),
        ("Hello\r\nworld\rand\nall", "7bit"),
        ("x" * 998, "7bit"),
        ("x" * 999, "quoted-printable"),
        ("nul \0", "quoted-printable"),
        ("Viele Grüße aus dem sonnigen Süden", "quoted-printable"),
        ("Grüße \n\t\n trailing \n" * 9 + "\x0b\x0c\x85", "quoted-printable"),
        ("日本語", "base64"),
    ],
)
def test_a_body_travels_in_the_encoding_that_fits(text: str, encoding: str) -> None:
    """
    ASCII in short lines as it is, a few accents quoted, other scripts in base64.
    """
    message = render(text=text)
    assert value_of(message, "Content-Transfer-Encoding") == encoding
    content = content_of(read(message)).decode()
    assert content.removesuffix("\r\n") == with_crlf(text)


def test_a_body_may_be_in_another_character_set() -> None:
    """
    The character set that was asked for is the one that is written and named.
    """
    message = render(text="It costs 5 £, café included", charset="ISO-8859-15")
    assert value_of(message, "Content-Type") == "text/plain; charset=iso-8859-15"
    assert b"=A3, caf=E9" in message
    japanese = render(text="日本", charset="iso-2022-jp")
    assert value_of(japanese, "Content-Transfer-Encoding") == "7bit"
    assert read(japanese).get_content() == "日本\r\n"


def parts_of(part: Message[Any, Any]) -> list[Message[Any, Any]]:
    return cast("list[Message[Any, Any]]", part.get_payload())


def structure(part: Message[Any, Any]) -> Any:
    if part.is_multipart():
        return {part.get_content_subtype(): [structure(one) for one in parts_of(part)]}
    return part.get_content_type()


TEXT_FILE = Attachment("a.txt", "x")
IMAGE = Attachment("b.png", b"\x89", content_id="logo")


@pytest.mark.parametrize(
    ("fields", "tree"),
    [
        ({"text": "t"}, "text/plain"),
        ({"html": "h", "text": None}, "text/html"),
        ({"html": "h"}, {"alternative": ["text/plain", "text/html"]}),
        ({"attachments": [TEXT_FILE]}, {"mixed": ["text/plain", "text/plain"]}),
        ({"attachments": [TEXT_FILE], "text": None}, {"mixed": ["text/plain"]}),
        ({"attachments": [IMAGE]}, {"mixed": ["text/plain", "image/png"]}),
        (
            {"html": "h", "text": None, "attachments": [IMAGE]},
            {"related": ["text/html", "image/png"]},
        ),
        (
            {"html": "h", "attachments": [TEXT_FILE, IMAGE]},
            {
                "mixed": [
                    {"alternative": ["text/plain", {"related": ["text/html", "image/png"]}]},
                    "text/plain",
                ]
            },
        ),
    ],
)
def test_parts_stand_where_readers_look_for_them(fields: dict[str, Any], tree: Any) -> None:
    """
    Alternatives, images that go with the HTML, and files have the nesting that readers expect.
    """
    message = render(**fields)
    assert structure(read(message)) == tree
    assert_clean(message)


@given(filenames, st.binary(max_size=300))
def test_files_are_read_as_they_were_written(filename: str, content: bytes) -> None:
    """
    Any name and any bytes survive, and the name has an ASCII spelling beside.
    """
    message = render(attachments=[Attachment(filename, content, "application/x-y")])
    assert_clean(message)
    [attached] = list(read(message).iter_attachments())
    assert attached.get_filename() == filename.strip()
    assert attached.get_payload(decode=True) == content
    assert b'\r\n filename="' in message


@pytest.mark.parametrize(
    ("filename", "parameters"),
    [
        ("a b.txt", b' filename="a b.txt"'),
        (" a", b" filename*=utf-8''%20a;\r\n filename=\" a\""),
        ('a"\\b', b" filename*=utf-8''a%22%5Cb;\r\n filename=\"a__b\""),
        ("=?x?q?a?=", b" filename*=utf-8''%3D%3Fx%3Fq%3Fa%3F%3D;\r\n filename=\"=_x?q?a?=\""),
    ],
)
def test_a_name_that_could_be_misread_is_percent_encoded(filename: str, parameters: bytes) -> None:
    """
    Outer spaces, quotes and what looks like an encoded word are safe with every reader.
    """
    message = render(attachments=[Attachment(filename, b"x")])
    assert b"Content-Disposition: attachment;\r\n" + parameters + b"\r\n\r\n" in message


def test_a_message_is_attached_as_it_is() -> None:
    """
    RFC 2046 allows an attached message no base64.
    """
    inner = b"Subject: inner\r\n\r\nbody\r\n"
    message = render(attachments=[Attachment("a.eml", inner)])
    assert inner in message
    assert b"Content-Transfer-Encoding: 7bit\r\nContent-Disposition: attachment" in message


def test_images_have_an_id() -> None:
    """
    What the HTML shows is inline and has a Content-ID in angle brackets.
    """
    message = render(html='<img src="cid:logo">', attachments=[IMAGE])
    assert b'Content-Disposition: inline;\r\n filename="b.png"\r\nContent-ID: <logo>' in message


def test_the_same_email_gives_the_same_bytes() -> None:
    """
    In another process with another hash seed too, boundaries included.
    """
    program = (
        "from sesguard.mail import Attachment, Email\n"
        "import hashlib\n"
        "email = Email(sender='a@example.org', to='b@example.org', subject='é', text='t',\n"
        "    html='h', tags={'a': 'b', 'c': 'd'}, headers={'X-A': 'b'},\n"
        "    attachments=[Attachment('a.txt', 'x')])\n"
        "print(hashlib.sha256(email.as_bytes()).hexdigest())\n"
    )
    found = {
        subprocess.run(
            [sys.executable, "-c", program],
            check=True,
            capture_output=True,
            timeout=60,
            env={**os.environ, "PYTHONHASHSEED": seed},
        ).stdout
        for seed in ("1", "2")
    }
    assert len(found) == 1


def test_a_boundary_does_not_occur_in_what_it_bounds() -> None:
    """
    A mail that quotes a mail of ours, boundaries and all, is still read in its parts.
    """
    inner = render(html="h", attachments=[TEXT_FILE])
    text = body_of(inner).decode()
    message = render(text=text, html=text, attachments=[Attachment("m.eml", inner), TEXT_FILE])
    assert structure(read(message))["mixed"][0] == {"alternative": ["text/plain", "text/html"]}
    for _ in range(3):
        message = render(text="x", attachments=[Attachment("m.eml", message), TEXT_FILE])
    part: Message[Any, Any] = read(message)
    depth = 0
    while structure(part)["mixed"][0] == "text/plain":
        _, attached, file = parts_of(part)
        assert file.get_filename() == "a.txt"
        [part] = parts_of(attached)
        depth += 1
    assert depth == 3


def test_a_boundary_that_occurs_is_not_taken(monkeypatch: pytest.MonkeyPatch) -> None:
    """
    Were SHA-256 to answer what a part holds, another boundary would be found.
    """

    class Broken:
        def __init__(self, data: bytes = b"") -> None: ...
        def update(self, data: bytes) -> None: ...
        def digest(self) -> bytes:
            return b""

        def hexdigest(self) -> str:
            return "0" * 64

    monkeypatch.setattr(hashlib, "sha256", Broken)
    text = f"--=_{'0' * 32}--\r\n--=_{'0' * 32}1--"
    message = render(text=text, html="h")
    assert f'boundary="=_{"0" * 32}2"' in message.decode()
    assert structure(read(message)) == {"alternative": ["text/plain", "text/html"]}


def test_a_template_has_no_mime() -> None:
    """
    SES fills templates in, so there is nothing to write.
    """
    templated = Email(sender="a@example.org", to="b@example.org", template=Template("t"))
    with pytest.raises(errors.EmailError, match="over the API") as caught:
        templated.as_bytes()
    assert caught.value.field == "template"


def test_forty_megabytes_are_the_most() -> None:
    """
    Too large is said when it is built, when it is estimated, and when it is encoded.
    """
    megabyte = 1024 * 1024
    with pytest.raises(errors.MessageTooLargeError) as caught:
        Email(**PLAIN, text="", attachments=[Attachment("a", bytes(31 * megabyte))])
    assert caught.value.field == "attachments"
    with pytest.raises(errors.MessageTooLargeError):
        render(text="x" * 41 * megabyte)
    with pytest.raises(errors.MessageTooLargeError):
        render(text="日" * 10 * megabyte)


@pytest.mark.parametrize("piece", ["a\r\nBcc: b", "a\nb", "a\0", "é", "a\x7f"])
def test_the_last_look_lets_no_control_through(piece: str) -> None:
    """
    Even what came past every other check cannot break a header.
    """
    with pytest.raises(errors.HeaderError):
        _words.folded("X-A", [piece])
