"""Mails that are none, or not as SES takes them."""

from __future__ import annotations

from typing import Any

import pytest

from sesguard.simulator import Simulator
from tests.simulator.controls import refused
from tests.simulator.sending import ANN, client_of, kinds, send, send_raw, send_v1, simple


def headers(*pairs: tuple[str, str]) -> dict[str, Any]:
    return simple(Headers=[{"Name": name, "Value": value} for name, value in pairs])


@pytest.mark.parametrize("name", ["Subject", "Message-ID", "References", "List-Unsubscribe"])
def test_a_header_that_may_be_there_once_is_not_taken_twice(name: str) -> None:
    """In raw mail, and beside those that SES writes itself."""
    sim = Simulator()
    with refused("BadRequestException", says=f"Duplicate header '{name}'."):
        send_raw(sim, f"{name}: <a@example.com>", f"{name.lower()}: <b@example.com>")
    with refused("BadRequestException", says="Duplicate header"):
        send(sim, content=headers((name, "<a>"), (name, "<b>")))
    assert sim.outbox == ()


def test_headers_of_ones_own_are_taken_twice() -> None:
    """As Received is."""
    sim = Simulator()
    assert send_raw(sim, "X-Ours: 1", "X-Ours: 2").headers.count(("X-Ours", "1")) == 1
    assert send(sim, content=headers(("X-Ours", "1"), ("X-Ours", "2")))


@pytest.mark.parametrize(
    ("name", "value", "taken"),
    [
        ("X-" + "a" * 124, "1", True),
        ("X-" + "a" * 125, "1", False),
        ("X", "v" * 995, True),
        ("XY", "v" * 995, False),
        ("X", "v" * 996, False),
        ("X-Grüße", "1", False),
        ("X:Y", "1", False),
        ("X Y", "1", False),
        ("X-Ours", "Grüße", False),
        ("X-Ours", "a\r\nBcc: eve@example.org", False),
        ("X-Ours", "a\0", False),
    ],
)
def test_names_and_values_of_headers_have_their_limits(name: str, value: str, taken: bool) -> None:
    """126 of printable ASCII, 995, both together 996: no line is ended by them."""
    sim = Simulator()
    if taken:
        assert send(sim, content=headers((name, value)))
    else:
        with refused("BadRequestException", says="Invalid "):
            send(sim, content=headers((name, value)))


def test_fifteen_headers_are_the_most() -> None:
    """That a request adds."""
    sim = Simulator()
    many = [(f"X-{n}", "1") for n in range(16)]
    assert send(sim, content=headers(*many[:15]))
    with refused("BadRequestException", says="At most 15 headers"):
        send(sim, content=headers(*many))


def test_a_line_of_raw_mail_has_a_thousand_characters() -> None:
    """With its line break, as RFC 5321 counts."""
    sim = Simulator()
    assert len(send_raw(sim, body="a" * 998 + "\r\n").text or "") == 1000
    for body in ("a" * 999 + "\r\n", "a\r\n" * 400 + "b" * 1001):
        with refused("BadRequestException", says="longer than 1000 characters"):
            send_raw(sim, body=body)


def test_five_hundred_parts_are_the_most() -> None:
    """Of raw mail, the whole counted as one."""
    sim = Simulator()
    kind = "Content-Type: multipart/mixed; boundary=x"
    assert send_raw(sim, kind, body="--x\r\n\r\na\r\n" * 499 + "--x--\r\n").kind == "Raw"
    with refused("BadRequestException", says="more than 500 MIME parts"):
        send_raw(sim, kind, body="--x\r\n\r\na\r\n" * 500 + "--x--\r\n")


@pytest.mark.parametrize(
    ("name", "value", "taken"),
    [
        ("a" * 256, "b" * 256, True),
        ("ses:feedback-id-a", "spring", True),
        ("a" * 257, "b", False),
        ("a", "b" * 257, False),
        ("a b", "b", False),
        ("a", "b@c", False),
        ("a", "ö", False),
        ("", "b", False),
        ("a", "", False),
        ("ses:source-ip", "b", False),
    ],
)
def test_tags_are_of_letters_digits_and_two_signs(name: str, value: str, taken: bool) -> None:
    """1 to 256, over either API."""
    sim = Simulator()
    tags = [{"Name": name, "Value": value}]
    if taken:
        assert send(sim, EmailTags=tags)
        return
    with refused("BadRequestException", says="Invalid tag"):
        send(sim, EmailTags=tags)
    with refused("InvalidParameterValue", says="Invalid tag"):
        send_v1(sim, Tags=tags)


def test_fifty_tags_are_the_most() -> None:
    """Of one mail."""
    tags = [{"Name": f"n{n}", "Value": "1"} for n in range(51)]
    assert send(Simulator(), EmailTags=tags[:50])
    with refused("BadRequestException", says="At most 50 tags"):
        send(Simulator(), EmailTags=tags)


def test_forty_megabytes_are_the_most_over_v2() -> None:
    """Attachments count in base64, four bytes for three."""
    sim = Simulator()
    thirty = [{"FileName": "a.bin", "RawContent": b"a" * (30 * 1024 * 1024 - 300)}]
    assert send(sim, content=simple(Attachments=thirty))
    more = [*thirty, {"FileName": "b.bin", "RawContent": b"a" * 1000}]
    with refused("BadRequestException", says="Message length is more than 41943040 bytes long"):
        send(sim, content=simple(Attachments=more))


def test_a_mail_needs_a_recipient() -> None:
    """Of any kind: Bcc alone is enough."""
    sim = Simulator()
    client = client_of(sim)
    content = simple()
    with refused("BadRequestException", says="Empty required header 'To'"):
        client.send_email(FromEmailAddress="us@example.com", Destination={}, Content=content)
    assert client.send_email(
        FromEmailAddress="us@example.com", Destination={"BccAddresses": [ANN]}, Content=content
    )


@pytest.mark.parametrize("sender", ["us", "@example.com", "üs@example.com"])
def test_a_sender_is_an_address(sender: str) -> None:
    """As each recipient is."""
    with refused("BadRequestException"):
        send(Simulator(), sender=sender)


def test_a_disposition_is_one_of_two() -> None:
    """Of which botocore does not know before it sends."""
    file = {"FileName": "a.txt", "RawContent": b"a", "ContentDisposition": "ASIDE"}
    with refused("BadRequestException", says="ATTACHMENT, INLINE"):
        send(Simulator(), content=simple(Attachments=[file]))


def test_what_was_refused_costs_nothing() -> None:
    """Neither quota nor rate, nor an event."""
    sim = Simulator(rate=1, quota=1)
    with refused("BadRequestException"):
        send(sim, "nobody")
    assert send(sim)
    assert kinds(sim) == ["Send", "Delivery"]
