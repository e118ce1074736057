"""SES's replies through anybody's own smtplib code: the same errors as from our transport."""

from __future__ import annotations

import smtplib

import pytest

from sesguard import errors, translated_errors
from tests.peers.smtp import PASSWORD, USERNAME, Drip, Fault, SMTPPeer, trusting
from tests.peers.smtp_client import letter
from tests.peers.smtp_rows import ROWS, Row

TIMEOUT = 0.3


def send_over(peer: SMTPPeer) -> None:
    """The mail of our own tests, in four lines of smtplib."""
    email = letter()
    with smtplib.SMTP_SSL(
        "127.0.0.1", peer.port, context=trusting(), timeout=TIMEOUT
    ) as connection:
        connection.login(USERNAME, PASSWORD)
        connection.sendmail("shop@example.org", ["ann@example.org"], email.as_bytes())


@pytest.mark.parametrize("row", ROWS, ids=lambda row: f"{row.stage} {row.reply[:60]}")
def test_reply_is_the_same_error_without_our_transport(row: Row) -> None:
    """Each reply is the class, the wait and the outcome that our transport makes of it."""
    with SMTPPeer({row.stage: [row.reply, row.reply]}) as peer:  # smtplib tries two ways to log in
        with pytest.raises(errors.SendError) as caught, translated_errors():
            send_over(peer)
        assert len(peer.messages) == 0
    error = caught.value
    assert type(error) is row.kind
    assert (error.retry_after, error.outcome) == (row.retry_after, row.outcome)
    assert (error.code, error.reply) == (int(row.reply[:3]), row.reply[4:])


@pytest.mark.parametrize(
    ("fault", "arrived"),
    [(Fault.SILENCE, 1), (Fault.DROP, 1), (Fault.RESET, 1), (b"what?\r\n", 1), ("200 Ok 1", 1)],
)
def test_no_answer_after_the_final_dot_is_unknown(fault: Fault | str | bytes, arrived: int) -> None:
    """After the final dot, anything but an answer leaves the outcome open."""
    with SMTPPeer({"body": [fault]}) as peer:
        with pytest.raises(errors.OutcomeUnknownError), translated_errors():
            send_over(peer)
        assert len(peer.messages) == arrived


def test_slow_success_is_a_success() -> None:
    """If the answer comes a byte at a time, nothing is raised."""
    with SMTPPeer({"body": [Drip("250 Ok 0100017f-000000", 0.02)]}) as peer:
        with translated_errors():
            send_over(peer)
        assert len(peer.messages) == 1
