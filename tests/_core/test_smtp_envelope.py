"""An e-mail made ready for SMTP."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sesguard import mime
from sesguard._core.smtp_envelope import envelope_of, stuffed
from sesguard.addresses import Address
from sesguard.errors import AddressError, EmailError
from sesguard.mail import Email, Template

LINES = st.lists(
    st.sampled_from([b".", b"..", b"", b"a", b". ", b".a", b"QUIT", b"x" * 998]),
    min_size=1,
    max_size=8,
)


def unstuffed(body: bytes) -> bytes:
    """What a server keeps (RFC 5321, 4.5.2), read line by line."""
    lines = body.split(b"\r\n")
    end = lines.index(b".")
    assert lines[end + 1 :] == [b""], "something follows the final dot"
    return b"".join(line.removeprefix(b".") + b"\r\n" for line in lines[:end])


@given(LINES)
def test_server_reads_what_was_written(lines: list[bytes]) -> None:
    """Whatever the lines, the server finds one end, and before it the message."""
    message = b"".join(line + b"\r\n" for line in lines)
    assert unstuffed(stuffed(message)) == message


def test_message_without_a_last_line_end_gets_one() -> None:
    """If the last line is not ended, the final dot still stands alone."""
    assert stuffed(b"Subject: x\r\n\r\nend") == b"Subject: x\r\n\r\nend\r\n.\r\n"


@given(st.text(st.sampled_from("\r\n.ab"), min_size=1, max_size=12))
def test_no_line_end_but_crlf_goes_out(text: str) -> None:
    """A message either has CRLF alone, or is refused."""
    message = text.encode()
    bare = "\r" in text.replace("\r\n", "") or "\n" in text.replace("\r\n", "")
    if bare:
        with pytest.raises(EmailError, match="CR or LF"):
            stuffed(message)
    else:
        whole = message if message.endswith(b"\r\n") else message + b"\r\n"
        assert unstuffed(stuffed(message)) == whole


@given(st.text(st.sampled_from("\r\n. aä\x00"), max_size=30))
def test_text_cannot_end_the_mail(text: str) -> None:
    """Whatever the text of an e-mail, the server reads its MIME and no second mail."""
    email = Email(sender="shop@example.org", to="ann@example.org", subject="x", text=text)
    assert unstuffed(envelope_of(email).body) == mime.render(email, for_smtp=True)


def test_mailbox_is_named_once() -> None:
    """Of several spellings of a mailbox the first is said, in the order To, Cc, Bcc."""
    email = Email(
        sender="shop@example.org",
        to=["Ann <Ann@example.org>", "bob@example.org"],
        cc=["ann@EXAMPLE.org", "ann+tag@example.org"],
        bcc=["BOB@example.org", "eve@example.org"],
        subject="x",
        text="x",
    )
    envelope = envelope_of(email)
    assert [path for _, path in envelope.recipients] == [
        "Ann@example.org",
        "bob@example.org",
        "ann+tag@example.org",
        "eve@example.org",
    ]
    assert envelope.sender == "shop@example.org"
    assert "example" not in repr(envelope)


def test_return_path_is_the_envelopes_sender() -> None:
    """If there is a return path, bounces go there."""
    email = Email(
        sender="shop@example.org",
        return_path="bounces@example.org",
        to="ann@example.org",
        subject="x",
        text="x",
    )
    assert envelope_of(email).sender == "bounces@example.org"


def test_template_is_refused() -> None:
    """SES fills in templates over its API only."""
    email = Email(sender="shop@example.org", to="ann@example.org", template=Template("welcome"))
    with pytest.raises(EmailError) as caught:
        envelope_of(email)
    assert caught.value.field == "template"


def test_mail_to_nobody_is_refused() -> None:
    """If screening left nobody, there is nothing to say."""
    email = Email(sender="shop@example.org", to="ann@example.org", subject="x", text="x")
    with pytest.raises(EmailError) as caught:
        envelope_of(email.keeping(()))
    assert caught.value.field == "to"


@pytest.mark.parametrize("local", ['"a>b"', '"a<b"', '"<>"'])
def test_bracket_in_a_path_is_refused(local: str) -> None:
    """A bracket would end the path early for a server that reads in haste."""
    odd = Address(local=local, domain="example.org")
    with pytest.raises(AddressError) as caught:
        envelope_of(Email(sender="shop@example.org", to=odd, subject="x", text="x"))
    assert caught.value.field == "to"
    assert "example.org" not in str(caught.value)
    with pytest.raises(AddressError) as caught:
        envelope_of(Email(sender=odd, to="ann@example.org", subject="x", text="x"))
    assert caught.value.field == "sender"
