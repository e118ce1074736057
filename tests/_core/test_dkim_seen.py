"""The look at a received mail."""

from __future__ import annotations

import pickle
import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sesguard._core.dkim_seen import Seen, Signature, seen, signatures
from sesguard.errors import ParseError
from tests.mails import mail


def signed(domain: str, more: str = "") -> str:
    return (
        "DKIM-Signature: v=1; a=rsa-sha256; c=relaxed/simple;\n"
        f"\ts=abc; d={domain}; h=From:To;\n\tbh=YWJj; b=YWJj\n\tZGVm{more}\n"
    )


def received(*signatures: str, sender: str = "From: Shop <shop@example.com>\n") -> bytes:
    return f"{''.join(signatures)}{sender}Subject: x\n\nText.\n".encode()


def test_a_mail_of_ses_with_easy_dkim() -> None:
    """It carries two signatures: the sender's own, which stands for it, and SES's."""
    message = mail("received-signed.eml")
    own, of_ses = signatures(message)
    names = ("from", "to", "subject", "mime-version", "content-type")
    assert own.signed_headers[:5] == names
    assert (own.domain, own.selector, own.algorithm) == ("example.com", "hy5rqxkbt2", "rsa-sha256")
    assert (own.is_aligned, own.is_amazonses, own.problem) == (True, False, None)
    assert (of_ses.is_aligned, of_ses.is_amazonses, of_ses.is_malformed) == (False, True, False)
    look = seen(message)
    assert (look.from_domain, look.signatures) == ("example.com", (own, of_ses))
    assert look.own == look.aligned == (own,)
    assert str(look) == "DKIM is on for example.com."


def test_the_receivers_results_are_shown_as_they_are() -> None:
    """From the top, so that one's own server comes first. They are nobody's proof here."""
    [result] = seen(mail("received-signed.eml")).results
    assert result.startswith("mx.example.org; dkim=pass header.i=@example.com")
    both = b"Authentication-Results: one\nauthentication-results: two\n\n"
    assert seen(both).results == ("one", "two")


@pytest.mark.parametrize(
    ("message", "sentence"),
    [
        (received(signed("example.com")), "DKIM is on for example.com."),
        (received(signed("EXAMPLE.com", "; i=@Example.COM")), "DKIM is on for example.com."),
        (
            received(signed("example.com"), sender="From: a@news.example.com\n"),
            "DKIM is on for news.example.com, signed by example.com.",
        ),
        (
            received(signed("amazonses.com")),
            "Only amazonses.com signed: turn on Easy DKIM for example.com.",
        ),
        (
            received(signed("eu-central-1.amazonses.com"), "DKIM-Signature: x\n"),
            "Only amazonses.com signed: turn on Easy DKIM for example.com.",
        ),
        (
            received(signed("amazonses.com"), signed("notamazonses.com")),
            "Signed by notamazonses.com, which does not stand for example.com: turn on Easy DKIM "
            "for example.com.",
        ),
        (
            received(signed("co.uk"), sender="From: a@example.co.uk\n"),
            "Signed by co.uk, which does not stand for example.co.uk: turn on Easy DKIM for "
            "example.co.uk.",
        ),
        (received(), "No signature: turn on Easy DKIM for example.com."),
        (
            received("DKIM-Signature: v=1\n", "DKIM-Signature: x\n"),
            "No well-made DKIM signature, and 2 malformed: turn on Easy DKIM for example.com.",
        ),
        (
            received(signed("example.com"), sender=""),
            "The mail has no From header with one address: no signature can stand for it.",
        ),
        (
            received(signed("example.com"), sender="From: a@example.com\nFrom: b@example.com\n"),
            "The mail has no From header with one address: no signature can stand for it.",
        ),
    ],
)
def test_a_mail_is_one_sentence(message: bytes, sentence: str) -> None:
    """It says whether DKIM is on for the sender, and else what to do."""
    assert str(seen(message)) == sentence


@pytest.mark.parametrize(
    ("header", "problem"),
    [
        ("DKIM-Signature:\n", "it is no list of tags"),
        (signed("example.com", "; d=example.com"), "d= is there twice"),
        (signed("example.com", "; i=@example.net"), "i= is not of the domain d="),
        (signed("ann@example.com"), "d= cannot be read"),
        (signed("example.com").replace("h=From:To", "h=To"), "h= leaves out From"),
        (signed("m\u00fcller.example"), "d= holds a character that may not stand there"),
    ],
)
def test_a_malformed_signature_is_listed(header: str, problem: str) -> None:
    """With its reason, and it neither is anybody's own nor stands for anybody."""
    look = seen(received(header))
    [one] = look.signatures
    assert one.problem == problem
    assert one.is_malformed
    assert not one.is_aligned
    assert look.own == look.aligned == ()
    assert "@" not in repr(look)


def test_only_the_header_is_looked_at() -> None:
    """A signature in the text is text, and the header alone is enough."""
    message = received(signed("amazonses.com")) + signed("example.com").encode()
    assert [one.domain for one in signatures(message)] == ["amazonses.com"]
    assert signatures(message.partition(b"\n\n")[0]) == signatures(message)
    assert signatures(message.replace(b"\n", b"\r\n")) == signatures(message)


def test_an_identity_is_read_and_not_shown() -> None:
    """It may be an address."""
    [one] = signatures(received(signed("example.com", "; i=ann@example.com")))
    assert one.identity == "ann@example.com"
    assert "ann" not in repr(one)


def test_both_are_values() -> None:
    """They pickle, compare and can be built of nothing."""
    look = seen(mail("received-signed.eml"))
    assert pickle.loads(pickle.dumps(look)) == look
    assert Signature() == Signature()
    assert str(Seen()).startswith("The mail has no From")


@pytest.mark.parametrize(
    "message", [b"", b"\n\n", b"no header at all", b"\xff\xff", b"x" * 2_000_000]
)
def test_what_is_no_mail_is_refused(message: bytes) -> None:
    """It has no header, or one without an end."""
    with pytest.raises(ParseError, match="header"):
        signatures(message)


def test_a_string_is_no_mail() -> None:
    """Headers are bytes on the wire."""
    with pytest.raises(ParseError, match="not from str"):
        signatures("From: a@example.org")  # type: ignore[arg-type]


HOSTILE = {
    "ten thousand": received(signed("example.com") * 8_000),
    "tags": received("DKIM-Signature: " + "a=1;" * 250_000 + "\n"),
    "distinct tags": received(
        "DKIM-Signature: " + ";".join(f"a{n}=" for n in range(99_000)) + "\n"
    ),
    "dots": received(signed("a." * 400_000 + "example")),
    "dashes": received(signed("a" + "-" * 900_000 + ".example")),
    "blanks": received(signed("example.com", "; z=" + "a " * 450_000 + "\x01")),
    "from": received(sender="From: " + "<" * 900_000 + "\n"),
    "comments": received(sender="From: " + "(" * 900 + "\n"),
    "10 MB of text": received(signed("example.com")) + b"x" * 10_000_000,
    "surrogates": received("DKIM-Signature: v=1; d=") + b"\xed\xa0\x80",
}


@pytest.mark.parametrize("name", HOSTILE)
def test_a_hostile_mail_is_looked_at_in_seconds(name: str) -> None:
    """Whatever is in it, nothing is raised but a ParseError."""
    begin = time.monotonic()
    look = seen(HOSTILE[name])
    str(look).encode()
    repr(look).encode()
    assert time.monotonic() - begin < 10


@given(st.binary(max_size=200), st.sampled_from([b"DKIM-Signature: ", b"From: ", b""]))
def test_bytes_are_a_parse_error_or_looked_at(data: bytes, name: bytes) -> None:
    """As a header's value, and alone."""
    try:
        look = seen(name + data)
    except ParseError:
        return
    str(look).encode()
    repr(look).encode()
