"""What each of SES's SMTP replies becomes, at the step at which SES gives it."""

from __future__ import annotations

import pytest

from sesguard import errors
from sesguard.errors import SendError
from tests.peers.smtp import PASSWORD, Answer, Fault, SMTPPeer, Stage
from tests.peers.smtp_client import Handovers, letter, transport_to
from tests.peers.smtp_rows import (
    BUSY,
    LOGIN,
    QUOTA,
    RATE,
    REJECTED,
    ROWS,
    SLOWER,
    TOMORROW,
    UNVERIFIED,
    Row,
)


@pytest.mark.parametrize("row", ROWS, ids=lambda row: f"{row.stage} {row.reply[:60]}")
def test_reply_becomes_its_error(row: Row) -> None:
    """Each reply is one class at its step; nothing was taken, and the next mail goes through."""
    handovers = Handovers()
    with SMTPPeer({row.stage: [row.reply]}) as peer, transport_to(peer) as transport:
        with pytest.raises(SendError) as caught:
            transport.submit(letter(), handovers)
        assert len(peer.messages) == 0
        assert handovers.count == (1 if row.stage == "body" else 0)
        transport.submit(letter(), handovers)
        assert len(peer.messages) == 1
        assert peer.connections == (1 if row.kept else 2)
        assert row.kept or "QUIT" not in peer.verbs(1)
    error = caught.value
    assert type(error) is row.kind
    assert error.retryable == (row.retry_after is not None)
    assert (error.retry_after, error.outcome) == (row.retry_after, row.outcome)
    assert (error.transport, error.region, error.attempts) == ("smtp", "eu-west-1", 1)
    assert (error.code, error.reply) == (int(row.reply[:3]), row.reply[4:])
    assert "example.org" not in str(error)
    assert PASSWORD not in str(error)


@pytest.mark.parametrize("row", ROWS, ids=lambda row: f"{row.stage} {row.reply[:60]}")
def test_reply_of_several_lines_is_read_whole(row: Row) -> None:
    """If SES puts its reply in several lines, the meaning is the same."""
    code, words = row.reply[:3], row.reply[4:]
    reply = f"{code}-{words}\r\n{code}-See the documentation.\r\n{code} "
    with (
        SMTPPeer({row.stage: [reply]}) as peer,
        transport_to(peer) as transport,
        pytest.raises(row.kind),
    ):
        transport.submit(letter(), Handovers())


def test_identities_that_failed_are_named_in_their_attribute() -> None:
    """The identities of a sandbox refusal are in ``identities``, and not in the message."""
    with (
        SMTPPeer({"body": [UNVERIFIED]}) as peer,
        transport_to(peer) as transport,
        pytest.raises(errors.NotVerifiedError) as caught,
    ):
        transport.submit(letter(), Handovers())
    assert caught.value.identities == ("shop@example.org", "ann@example.org")


def test_wrong_password_is_not_tried_again() -> None:
    """If the password is wrong, one login is tried, and the password is not shown."""
    with SMTPPeer() as peer:
        with transport_to(peer, password="wrong") as transport, pytest.raises(LOGIN):
            transport.submit(letter(), Handovers())
        assert peer.verbs() == ["EHLO", "AUTH"]


@pytest.mark.parametrize("stage", ["data", "body"])
def test_refused_transaction_is_reset_before_the_next(stage: Stage) -> None:
    """If SES refuses a mail on the way, RSET goes before the next on that connection."""
    with SMTPPeer({stage: [SLOWER]}) as peer, transport_to(peer) as transport:
        with pytest.raises(RATE):
            transport.submit(letter(), Handovers())
        transport.submit(letter("bob@example.org"), Handovers())
        transport.submit(letter("eve@example.org"), Handovers())
        assert peer.verbs(1).count("RSET") == 1
        assert peer.verbs(1)[5:8] == ["RSET", "MAIL", "RCPT"]
        assert [message.recipients for message in peer.messages] == [
            ("bob@example.org",),
            ("eve@example.org",),
        ]


@pytest.mark.parametrize("answer", [Fault.DROP, Fault.RESET, "502 No", "421 Bye", b"?\r\n"])
def test_connection_that_cannot_be_reset_is_replaced(answer: Answer) -> None:
    """If RSET fails, the next mail goes out on a fresh connection."""
    with SMTPPeer({"data": [SLOWER], "rset": [answer]}) as peer, transport_to(peer) as transport:
        with pytest.raises(RATE):
            transport.submit(letter(), Handovers())
        transport.submit(letter(), Handovers())
        assert (peer.connections, len(peer.messages)) == (2, 1)


ALL = ("ann@example.org", "bob@example.org", "eve@example.org")


@pytest.mark.parametrize(
    ("answer", "kind"),
    [
        ("550 5.1.1 <bob@example.org> unknown", REJECTED),
        (SLOWER, RATE),
        (TOMORROW, QUOTA),
        ("451 Temporary service failure", BUSY),
    ],
)
def test_some_recipients_refused_others_mailed(answer: str, kind: type[SendError]) -> None:
    """If SES refuses one recipient of three, the others are mailed, and the receipt says which."""
    with SMTPPeer({"rcpt": [None, answer]}) as peer, transport_to(peer) as transport:
        receipt = transport.submit(letter(*ALL), Handovers())
        assert [message.recipients for message in peer.messages] == [
            ("ann@example.org", "eve@example.org")
        ]
        transport.submit(letter(*ALL), Handovers())
        assert peer.messages[1].recipients == ALL
        assert "RSET" not in peer.verbs()
    assert list(receipt.refused) == ["bob@example.org"]
    error = receipt.refused["bob@example.org"]
    assert type(error) is kind
    assert (error.transport, error.region, error.code) == ("smtp", "eu-west-1", int(answer[:3]))


def test_refused_recipient_is_named_as_it_was_spelled_each_time() -> None:
    """If a mailbox is given in two spellings, it is asked for once and refused under both."""
    with SMTPPeer({"rcpt": [None, "550 unknown"]}) as peer, transport_to(peer) as transport:
        receipt = transport.submit(
            letter("ann@example.org", "Bob@example.org", bcc=("bob@example.org",)), Handovers()
        )
        assert [line for _, line in peer.commands if line.startswith("RCPT")] == [
            "RCPT TO:<ann@example.org>",
            "RCPT TO:<Bob@example.org>",
        ]
    assert set(receipt.refused) == {"Bob@example.org", "bob@example.org"}


@pytest.mark.parametrize(
    ("answers", "kind", "code"),
    [
        (["550 unknown", "553 unknown", "554 unknown"], REJECTED, 550),
        (["450 later", SLOWER, "451 later"], BUSY, 450),
        ([SLOWER, "451 later", TOMORROW], QUOTA, 454),
        (["550 unknown", SLOWER, "550 unknown"], RATE, 454),
        ([UNVERIFIED, UNVERIFIED, "550 unknown"], errors.NotVerifiedError, 554),
    ],
)
def test_all_recipients_refused_is_raised(
    answers: list[str], kind: type[SendError], code: int
) -> None:
    """
    If SES refuses every recipient, nothing is sent, and it may be tried again where one may.
    """
    handovers = Handovers()
    with SMTPPeer({"rcpt": answers}) as peer, transport_to(peer) as transport:
        with pytest.raises(SendError) as caught:
            transport.submit(letter(*ALL), handovers)
        assert (peer.messages, handovers.count) == ([], 0)
        transport.submit(letter(*ALL), handovers)
        assert (peer.connections, len(peer.messages)) == (1, 1)
    assert type(caught.value) is kind
    assert caught.value.code == code


def test_hanging_up_among_the_recipients_sends_nothing() -> None:
    """If SES ends the connection at one recipient of three, none is mailed."""
    with SMTPPeer({"rcpt": [None, "421 Bye"]}) as peer, transport_to(peer) as transport:
        with pytest.raises(BUSY):
            transport.submit(letter(*ALL), Handovers())
        assert len(peer.messages) == 0


def test_refused_body_after_refused_recipient_is_raised() -> None:
    """If SES refuses one recipient and then the mail itself, it is the mail's error."""
    with (
        SMTPPeer({"rcpt": ["550 unknown"], "body": [TOMORROW]}) as peer,
        transport_to(peer) as transport,
        pytest.raises(QUOTA),
    ):
        transport.submit(letter(*ALL), Handovers())


@pytest.mark.parametrize(
    ("answer", "message_id"),
    [
        ("250 Ok 0100017f-1a2b-000000", "0100017f-1a2b-000000"),
        ("250 OK 0100017f-1a2b-000000", "0100017f-1a2b-000000"),
        ("250 Ok MessageID", "MessageID"),
        ("250-Ok 0100017f-1a2b-000000\r\n250 Thank you", "0100017f-1a2b-000000"),
        ("250 2.0.0 Ok: queued as 4ABC", "4ABC"),
        ("250 2.0.0 Ok 0100017f-1a2b-000000", "0100017f-1a2b-000000"),
    ],
)
def test_message_id_is_what_follows_ok(answer: str, message_id: str) -> None:
    """The receipt has the id that SES gives after ``Ok``."""
    with SMTPPeer({"body": [answer]}) as peer, transport_to(peer) as transport:
        receipt = transport.submit(letter(), Handovers())
    assert (receipt.message_id, receipt.request_id, dict(receipt.refused)) == (message_id, None, {})


def test_address_that_will_forward_is_taken() -> None:
    """If a relay answers 251 to a recipient, it counts as taken."""
    answers: list[Answer] = ["250 Ok", "251 User not local; will forward"]
    with SMTPPeer({"rcpt": answers}) as peer, transport_to(peer) as transport:
        receipt = transport.submit(letter(*ALL[:2]), Handovers())
    assert not receipt.refused
