"""Messages of the standard library, read into e-mails: all that they say, or an error."""

from __future__ import annotations

import email
import email.policy
from email.message import EmailMessage, Message
from email.mime.text import MIMEText
from typing import Any, cast

import pytest

from sesguard import errors, mime
from sesguard.mail import Attachment, Email, ListManagement

HEAD = b"From: Ann <ann@example.org>\r\nTo: bob@example.org\r\nSubject: Hi\r\n"


def parsed(data: bytes) -> EmailMessage:
    message = email.message_from_bytes(data, policy=email.policy.default)
    assert isinstance(message, EmailMessage)
    return message


def message(**headers: str) -> EmailMessage:
    built = EmailMessage()
    given = {"From": "Ann <ann@example.org>", "To": "bob@example.org", "Subject": "Hi", **headers}
    for name, value in given.items():
        built[name.replace("_", "-")] = value
    built.set_content("Hello\n")
    return built


def test_what_is_written_is_read_back() -> None:
    """
    An e-mail that was rendered for SMTP and parsed again is the same e-mail, Bcc apart.
    """
    built = Email(
        sender="Ann Müller <ann@example.org>",
        to=['"Doe, Bob" <bob@example.org>', "cy@müller.de"],
        cc="dee@example.org",
        reply_to="Ann <ann+r@example.org>",
        subject=" Grüße =?utf-8?q?a?= ",
        text="Hello\nGrüße\n",
        html="<p>日本</p>\n",
        attachments=[
            Attachment("logo.png", b"\x89\0", content_id="logo@x"),
            Attachment("ü.txt", "x", "text/plain; charset=utf-8"),
            Attachment("a.ics", "x", "text/calendar; method=REQUEST"),
            Attachment("m.eml", b"Subject: x\r\n\r\nx\r\n"),
        ],
        headers={"X-Campaign": "spring", "In-Reply-To": "<a@b>"},
        tags={"kind": "news", "a": "b"},
        configuration_set="main",
        list_unsubscribe=["https://example.org/u", "mailto:u@example.org"],
        list_management=ListManagement("list", "topic"),
        tenant="acme",
        stream="newsletter",
    )
    found = Email.from_message(parsed(mime.render(built, for_smtp=True)))
    assert found.sender.key == built.sender.key  # the library may break up long names
    assert [one.key for one in found.recipients] == [one.key for one in built.recipients]
    for name in Email.__slots__:
        if name not in ("sender", "to", "reply_to"):
            assert getattr(found, name) == getattr(built, name), name
    plain = Email(sender="a@example.org", to="b@example.org", subject="", text="x\n")
    assert Email.from_message(parsed(plain.as_bytes())) == plain
    whole = Email(
        sender="a@example.org",
        to="b@example.org",
        subject="s",
        html="x\n",
        list_management=ListManagement("list"),
    )
    assert Email.from_message(parsed(mime.render(whole, for_smtp=True))) == whole


def test_a_message_that_was_built_is_read() -> None:
    """
    Text, HTML, images and files of an EmailMessage have their places; Bcc is honoured.
    """
    built = message(
        Bcc='Eve <eve@example.org>, "Doe, F" <f@example.org>',
        Cc="friends: gus@example.org, hal@example.org;",
        Reply_To="r@example.org",
        Return_Path="<bounces@example.org>",
        Date="Mon, 01 Jan 2024 00:00:00 +0000",
        Message_ID="<a@b>",
        X_Greeting="Grüße",
        X_SES_CONFIGURATION_SET="main",
    )
    built.add_alternative("<p>Hello</p>\n", subtype="html")
    html = cast("list[EmailMessage]", built.get_payload())[1]
    html.add_related(b"\x89", "image", "png", cid="<logo@x>")
    built.add_attachment(b"%PDF", "application", "pdf", filename="a.pdf")
    built.add_attachment("a,b\n", subtype="csv", filename="a.csv")
    found = Email.from_message(built)
    assert found.sender.mailbox == "Ann <ann@example.org>"
    assert [one.key for one in found.cc] == ["gus@example.org", "hal@example.org"]
    assert [one.display_name for one in found.bcc] == ["Eve", "Doe, F"]
    assert found.return_path is not None
    assert found.return_path.key == "bounces@example.org"
    assert found.headers == {"X-Greeting": "=?utf-8?b?R3LDvMOfZQ==?="}
    assert found.configuration_set == "main"
    assert (found.text, found.html) == ("Hello\n", "<p>Hello</p>\n")
    assert [(one.filename, one.content_id) for one in found.attachments] == [
        ("part-1", "logo@x"),
        ("a.pdf", None),
        ("a.csv", None),
    ]
    assert found.attachments[2].content_type == "text/csv; charset=utf-8"
    assert b"eve" not in found.as_bytes()


def test_odd_but_harmless_messages_are_read() -> None:
    """
    A null return path, a Sender that is From, an empty group, several To lines.
    """
    found = Email.from_message(
        parsed(
            HEAD
            + b"To: cy@example.org\r\nReturn-Path: <>\r\nSender: ANN@example.org\r\n"
            + b"Cc: undisclosed-recipients:;\r\nReply-To:\r\n\r\nHello\r\n"
        )
    )
    assert [one.key for one in found.to] == ["bob@example.org", "cy@example.org"]
    assert found.return_path is None
    assert found.cc == found.reply_to == ()


def test_a_file_alone_is_read() -> None:
    """
    A message that is nothing but a file has an attachment and no text, whatever names it.
    """
    file = b'Content-Type: text/csv; name="a.csv"; charset=utf-8\r\nContent-ID: <x@y>\r\n\r\na,b'
    assert Email.from_message(parsed(HEAD + file)).attachments == (
        Attachment("a.csv", "a,b", "text/csv; charset=utf-8"),
    )
    file = b"Content-Type: image/png; title*=utf-8''a%20b\r\n\r\nx"
    assert Email.from_message(parsed(HEAD + file)).attachments == (
        Attachment("part-1", "x", 'image/png; title="a b"'),
    )


def multipart(kind: str, *parts: bytes) -> bytes:
    body = b"".join(b"--b\r\n" + part + b"\r\n" for part in parts)
    return f'Content-Type: multipart/{kind}; boundary="b"\r\n\r\n'.encode() + body + b"--b--\r\n"


PLAIN = b"Content-Type: text/plain\r\n\r\nx"
HTML = b"Content-Type: text/html\r\n\r\nx"


@pytest.mark.parametrize(
    ("data", "field"),
    [
        (b"To: bob@example.org\r\nSubject: Hi\r\n\r\nx", "sender"),
        (HEAD + b"From: b@example.org\r\n\r\nx", "sender"),
        (HEAD.replace(b"ann@", b"a@example.org, ann@") + b"\r\nx", "sender"),
        (HEAD.replace(b"Ann <ann@example.org>", b"ann") + b"\r\nx", "sender"),
        (HEAD.replace(b"bob@example.org", b"bob@example.org, nobody") + b"\r\nx", "to"),
        (HEAD.replace(b"bob@", b"ab.@") + b"\r\nx", "to"),
        (HEAD.replace(b"bob@", b"=?utf-8?q?x=40evil.example=3e?=@") + b"\r\nx", "to"),
        (HEAD.replace(b"bob@", b"\xff@") + b"\r\nx", "headers"),
        (HEAD.replace(b"To: bob@example.org\r\n", b"") + b"\r\nx", "to"),
        (HEAD.replace(b"Subject: Hi\r\n", b"") + b"\r\nx", "subject"),
        (HEAD + b"Subject: again\r\n\r\nx", "headers"),
        (HEAD.replace(b"Hi", b"=?utf-8?q?hi=0d=0aBcc:_x@y?=") + b"\r\nx", "subject"),
        (HEAD.replace(b"Hi", b"\xff") + b"\r\nx", "headers"),
        (HEAD + b"Sender: b@example.org\r\n\r\nx", "headers"),
        (HEAD + b"Sender: b\r\n\r\nx", "sender"),
        (HEAD + b"DKIM-Signature: v=1\r\n\r\nx", "headers"),
        (HEAD + b"Resent-To: b@example.org\r\n\r\nx", "headers"),
        (HEAD + b"Received: a\r\nReceived: b\r\n\r\nx", "headers"),
        (HEAD + b"X-A: b\r\nx-a: c\r\n\r\nx", "headers"),
        (HEAD + b"X-A: =?utf-8?q?hi=0d=0aBcc:_x@y?=\r\n\r\nx", "headers"),
        (HEAD + b"X-SES-SOURCE-ARN: arn\r\n\r\nx", "headers"),
        (HEAD + b"X-SES-MESSAGE-TAGS: a\r\n\r\nx", "tags"),
        (HEAD + b"X-SES-MESSAGE-TAGS: a=b c\r\n\r\nx", "tags"),
        (HEAD + b"X-SES-LIST-MANAGEMENT-OPTIONS: a b; topic=c\r\n\r\nx", "list_management"),
        (HEAD + b"X-SES-TENANT: a b\r\n\r\nx", "tenant"),
        (HEAD + b"Return-Path: nobody\r\n\r\nx", "return_path"),
        (HEAD + b"List-Unsubscribe: https://example.org/u\r\n\r\nx", "list_unsubscribe"),
        (HEAD + b"List-Unsubscribe: <https://example.org/u>\r\n\r\nx", "list_unsubscribe"),
        (HEAD + b"List-Unsubscribe-Post: List-Unsubscribe=One-Click\r\n\r\nx", "list_unsubscribe"),
        (
            HEAD
            + b"List-Unsubscribe: <https://example.org/u>\r\nList-Unsubscribe-Post: yes\r\n\r\nx",
            "list_unsubscribe",
        ),
        (HEAD + b"Content-Type: text/plain; charset=klingon\r\n\r\nx", "text"),
        (HEAD + b"Content-Type: text/html; charset=utf-8\r\n\r\n\xff", "html"),
        (HEAD + b"\r\n\xff", "text"),
        (HEAD + multipart("mixed", PLAIN, PLAIN), "message"),
        (HEAD + multipart("mixed", PLAIN, b"Content-Type: text/calendar\r\n\r\nx"), "message"),
        (
            HEAD
            + multipart(
                "alternative",
                PLAIN,
                b"Content-Type: image/png\r\nContent-Disposition: attachment\r\n\r\nx",
            ),
            "message",
        ),
        (HEAD + multipart("signed", PLAIN, HTML), "message"),
        (HEAD + b"Content-Type: multipart/mixed\r\n\r\nx", "message"),
        (HEAD + b"Content-Type: image/png; title*=utf-8''%C3%BC\r\n\r\nx", "content_type"),
        (HEAD + b'Content-Type: image/png; name="a\x01b"\r\n\r\nx', "filename"),
        (
            HEAD
            + multipart(
                "related",
                HTML,
                b"Content-Type: image/png\r\nContent-ID: <a b>\r\n\r\nx",
            ),
            "content_id",
        ),
    ],
)
def test_what_an_email_cannot_say_is_an_error(data: bytes, field: str) -> None:
    """
    Nothing is dropped in silence: the error names what has no place.
    """
    with pytest.raises(errors.EmailError) as caught:
        Email.from_message(parsed(data))
    assert caught.value.field == field
    assert "example" not in str(caught.value)


@pytest.mark.parametrize(
    "given",
    [None, b"From: a", MIMEText("x"), Message()],
    ids=["nothing", "bytes", "MIMEText", "Message"],
)
def test_only_an_email_message_is_read(given: Any) -> None:
    """
    Older classes keep raw headers, so the error says how to parse.
    """
    with pytest.raises(errors.EmailError, match=r"policy=email\.policy\.default") as caught:
        Email.from_message(given)
    assert caught.value.field == "message"


def test_an_email_message_of_an_older_policy_is_refused() -> None:
    """
    With raw headers an EmailMessage tells no addresses.
    """
    built = EmailMessage(policy=cast("Any", email.policy.compat32))
    built["From"] = "ann@example.org"
    with pytest.raises(errors.EmailError, match=r"policy=email\.policy\.default") as caught:
        Email.from_message(built)
    assert caught.value.field == "sender"


def test_a_message_that_the_library_cannot_read_is_an_error() -> None:
    """
    Whatever its parser raises, one class is enough to catch.
    """
    nested = EmailMessage()
    inner = nested
    for _ in range(2000):
        part = EmailMessage()
        inner["Content-Type"] = 'multipart/mixed; boundary="b"'
        inner.set_payload([part])
        inner = part
    with pytest.raises(errors.EmailError, match="cannot be read") as caught:
        Email.from_message(nested)
    assert caught.value.original_type == "RecursionError"
