"""What becomes of a mail when the server, or somebody in between, fails: at every step."""

from __future__ import annotations

import ssl
import traceback
from collections.abc import Callable
from datetime import UTC, datetime, timedelta

import pytest
import trustme
from typing_extensions import Buffer

from sesguard import errors
from sesguard.mail import Attachment, Email
from sesguard.smtp import TLSMode
from sesguard.transports.smtp import SMTPTransport
from tests.peers.smtp import (
    PASSWORD,
    Cut,
    Drip,
    Fault,
    SMTPPeer,
    Stage,
    authority,
    deaf_port,
    silent_port,
    trusting,
)
from tests.peers.smtp_client import Handovers, letter, transport_to

SHORT = 0.3
BEFORE: list[Stage] = ["accept", "connect", "ehlo", "auth", "mail", "rcpt", "data"]
TOO_LONG = b"250 " + b"x" * 9000 + b"\r\n"


def submit_and_fail(peer: SMTPPeer) -> tuple[errors.SendError, int]:
    """
    Submit once and be refused, then submit a second mail by the same transport, which arrives.
    Returns the first error, and how many mails the server had then.
    """
    handovers = Handovers()
    with transport_to(peer, timeout=SHORT) as transport:
        with pytest.raises(errors.SendError) as caught:
            transport.submit(letter(), handovers)
        arrived = len(peer.messages)
        assert transport.submit(letter(), handovers).message_id.startswith("0100017f")
    assert len(peer.messages) == arrived + 1
    error = caught.value
    assert (error.transport, error.region) == ("smtp", "eu-west-1")
    printed = "".join(traceback.format_exception(error))
    assert "example.org" not in printed
    assert PASSWORD not in printed
    assert handovers.count == (2 if error.outcome == "unknown" else 1)
    return error, arrived


@pytest.mark.parametrize("fault", Fault)
@pytest.mark.parametrize("stage", BEFORE)
def test_loss_before_the_body_is_not_sent(stage: Stage, fault: Fault) -> None:
    """If the connection is lost before the body is handed over, the mail is not sent."""
    with SMTPPeer({stage: [fault]}) as peer:
        error, arrived = submit_and_fail(peer)
    assert type(error) is errors.ServiceUnavailableError
    assert (error.retryable, error.retry_after, error.outcome) == (True, 5.0, "not_sent")
    assert arrived == 0


@pytest.mark.parametrize("fault", Fault)
def test_loss_after_the_final_dot_is_unknown(fault: Fault) -> None:
    """If no answer comes after the final dot, nobody knows, and the mail is not repeated."""
    with SMTPPeer({"body": [fault]}) as peer:
        error, arrived = submit_and_fail(peer)
    assert type(error) is errors.OutcomeUnknownError
    assert (error.retryable, error.outcome) == (False, "unknown")
    assert arrived == 1


@pytest.mark.parametrize("fault", Fault)
def test_loss_while_the_body_goes_out_is_unknown(fault: Fault) -> None:
    """If the server stops to listen after the body was handed over, nobody knows."""
    with SMTPPeer({"early": [fault]}) as peer:
        error, arrived = submit_and_fail(peer)
    assert type(error) is errors.OutcomeUnknownError
    assert arrived == 0


@pytest.mark.parametrize("garbage", [b"what?\r\n", b"\r\n", b"250", TOO_LONG, b"200 Ok 1\r\n"])
def test_garbage_after_the_final_dot_is_unknown(garbage: bytes) -> None:
    """If what comes after the final dot is no answer, nobody knows."""
    with SMTPPeer({"body": [garbage]}) as peer:
        error, arrived = submit_and_fail(peer)
    assert type(error) is errors.OutcomeUnknownError
    assert arrived == 1


@pytest.mark.parametrize("garbage", [b"what?\r\n", TOO_LONG, b"999 Ok\r\n", b"214 Help\r\n"])
@pytest.mark.parametrize("stage", ["connect", "ehlo", "auth", "mail", "rcpt", "data"])
def test_garbage_before_the_body_is_not_sent(stage: Stage, garbage: bytes) -> None:
    """If an answer before the body fits no question, the mail is not sent."""
    with SMTPPeer({stage: [garbage]}) as peer:
        error, arrived = submit_and_fail(peer)
        assert peer.connections == 2
    assert type(error) is errors.ServiceUnavailableError
    assert arrived == 0


@pytest.mark.parametrize("stage", ["mail", "rcpt", "data", "body"])
def test_answer_cut_short_is_no_answer(stage: Stage) -> None:
    """If the server hangs up in the middle of a line, half a message id is not taken for one."""
    cut = b"354 End" if stage == "data" else b"250 Ok 0100"
    with SMTPPeer({stage: [Cut(cut)]}) as peer:
        error, arrived = submit_and_fail(peer)
    assert error.outcome == ("unknown" if stage == "body" else "not_sent")
    assert arrived == (1 if stage == "body" else 0)


@pytest.mark.parametrize("answer", ["250 Ok", "250 ", b"250\r\n", "250 Message accepted"])
def test_taken_without_an_id_is_unknown(answer: str | bytes) -> None:
    """If the server takes the mail and names no id, there is no result, and nothing is repeated."""
    with SMTPPeer({"body": [answer]}) as peer:
        error, arrived = submit_and_fail(peer)
        assert peer.connections == 1
    assert type(error) is errors.OutcomeUnknownError
    assert error.code == 250
    assert arrived == 1


def photos() -> Email:
    """An e-mail that no buffer on the way holds whole."""
    return Email(
        sender="shop@example.org",
        to="ann@example.org",
        subject="Photos",
        attachments=[Attachment("photos.bin", bytes(6_000_000))],
    )


def test_refusal_that_comes_early_is_a_verdict() -> None:
    """If the server refuses while the body goes out, and hangs up, its refusal is what counts."""
    with SMTPPeer({"early": ["552 Message is too long."]}) as peer:
        with transport_to(peer) as transport:
            with pytest.raises(errors.MessageRejectedError) as caught:
                transport.submit(photos(), Handovers())
            transport.submit(letter(), Handovers())
        assert len(peer.messages) == 1
    assert caught.value.code == 552


def test_acceptance_that_comes_early_is_not_believed() -> None:
    """If the server accepts what it has not got, and hangs up, nobody knows."""
    with (
        SMTPPeer({"early": ["250 Ok 0100017f-000000"]}) as peer,
        transport_to(peer) as transport,
        pytest.raises(errors.OutcomeUnknownError),
    ):
        transport.submit(photos(), Handovers())


def test_each_wait_has_its_own_time_out() -> None:
    """The handshake may take the one time-out, and whatever comes after it the other."""
    waits: list[float | None] = []

    class Recording(ssl.SSLSocket):
        def settimeout(self, value: float | None, /) -> None:
            waits.append(value)
            super().settimeout(value)

    context = trusting()
    context.sslsocket_class = Recording
    with (
        SMTPPeer() as peer,
        transport_to(peer, ssl_context=context, connect_timeout=3, timeout=4) as transport,
    ):
        transport.submit(letter(), Handovers())
    assert waits[-2:] == [3.0, 4.0]


def test_long_body_goes_out_in_pieces() -> None:
    """If a body is long, no single write holds all of it, since each write has one time-out."""
    sizes: list[int] = []

    class Recording(ssl.SSLSocket):
        def sendall(self, data: Buffer, flags: int = 0) -> None:
            sizes.append(memoryview(data).nbytes)
            super().sendall(data, flags)

    context = trusting()
    context.sslsocket_class = Recording
    text = "".join(f"Line {number}\n" for number in range(20_000))
    with SMTPPeer() as peer, transport_to(peer, ssl_context=context) as transport:
        transport.submit(letter(text=text), Handovers())
        assert peer.messages[0].content.endswith(text.replace("\n", "\r\n").encode())
    assert sum(sizes) > len(text)
    assert max(sizes) == 65_536


@pytest.mark.parametrize("stage", ["ehlo", "mail", "body"])
def test_slow_answers_are_waited_for(stage: Stage) -> None:
    """If an answer comes a byte at a time, it is read to its end."""
    with SMTPPeer({stage: [Drip("250 Ok 0100017f-000000", 0.02)]}) as peer:
        with transport_to(peer, timeout=SHORT) as transport:
            transport.submit(letter(), Handovers())
        assert len(peer.messages) == 1


def test_nobody_listening_is_not_sent() -> None:
    """If nobody listens, that is said, with host and port."""
    with (
        deaf_port() as nobody,
        transport_to(nobody) as transport,
        pytest.raises(errors.ServiceUnavailableError, match=f"127.0.0.1 port {nobody.port}"),
    ):
        transport.submit(letter(), Handovers())


def test_server_that_says_nothing_at_all_is_not_sent() -> None:
    """If connections are taken and nobody speaks, the time-out ends it."""
    with (
        silent_port() as mute,
        transport_to(mute, timeout=0.1) as transport,
        pytest.raises(errors.ServiceUnavailableError, match="in time"),
    ):
        transport.submit(letter(), Handovers())


CERTIFICATES: dict[str, Callable[[], trustme.LeafCert]] = {
    "another name": lambda: authority().issue_cert("email-smtp.eu-west-1.amazonaws.com"),
    "another authority": lambda: trustme.CA().issue_cert("127.0.0.1"),
    "a day too old": lambda: authority().issue_cert(
        "127.0.0.1", not_after=datetime.now(UTC) - timedelta(days=1)
    ),
}


@pytest.mark.parametrize("tls", ["implicit", "starttls"])
@pytest.mark.parametrize("which", CERTIFICATES)
def test_certificate_that_is_not_the_servers_ends_it(which: str, tls: TLSMode) -> None:
    """If the certificate is not good, neither password nor mail goes out."""
    with SMTPPeer(tls=tls, certificate=CERTIFICATES[which]()) as peer:
        with (
            transport_to(peer) as transport,
            pytest.raises(errors.TransportSecurityError, match="certificate") as caught,
        ):
            transport.submit(letter(), Handovers())
        assert not {"AUTH", "MAIL"} & set(peer.verbs())
    assert (caught.value.outcome, caught.value.retryable) == ("not_sent", False)


def test_default_context_trusts_the_system_alone() -> None:
    """If no context is given, a certificate of our own authority is refused."""
    with (
        SMTPPeer() as peer,
        SMTPTransport(
            "127.0.0.1", peer.port, username="AKIA", password=PASSWORD, tls="implicit"
        ) as transport,
        pytest.raises(errors.TransportSecurityError),
    ):
        transport.submit(letter(), Handovers())


def test_tls_to_a_server_that_starts_in_clear_is_said() -> None:
    """If TLS is spoken from the first byte to a port that wants STARTTLS, the cure is named."""
    with (
        SMTPPeer(tls="starttls") as peer,
        transport_to(peer, tls="implicit") as transport,
        pytest.raises(errors.TransportSecurityError, match="after STARTTLS"),
    ):
        transport.submit(letter(), Handovers())


STRIPPED = "250-email-smtp.amazonaws.com\r\n250-8BITMIME\r\n250 AUTH PLAIN LOGIN"


def test_stripped_starttls_sends_no_password() -> None:
    """If STARTTLS is not offered, the connection ends before the login."""
    with SMTPPeer({"ehlo": [STRIPPED]}, tls="starttls") as peer:
        with (
            transport_to(peer) as transport,
            pytest.raises(errors.TransportSecurityError, match="STARTTLS"),
        ):
            transport.submit(letter(), Handovers())
        assert peer.verbs() == ["EHLO"]


@pytest.mark.parametrize(
    ("answer", "kind"),
    [
        ("454 TLS not available due to temporary reason", errors.ServiceUnavailableError),
        ("502 Command not implemented", errors.TransportSecurityError),
    ],
)
def test_refused_starttls_sends_no_password(answer: str, kind: type[errors.SendError]) -> None:
    """If STARTTLS is refused, the connection ends before the login."""
    with SMTPPeer({"starttls": [answer]}, tls="starttls") as peer:
        with transport_to(peer) as transport, pytest.raises(kind):
            transport.submit(letter(), Handovers())
        assert "AUTH" not in peer.verbs()


def test_clear_text_behind_starttls_ends_it() -> None:
    """If somebody puts an answer behind that to STARTTLS, it is not taken for the server's."""
    injected = b"220 Ready to start TLS\r\n250-evil\r\n250 AUTH PLAIN\r\n"
    with SMTPPeer({"starttls": [injected]}, tls="starttls") as peer:
        with (
            transport_to(peer) as transport,
            pytest.raises(errors.TransportSecurityError, match="in clear"),
        ):
            transport.submit(letter(), Handovers())
        assert peer.verbs() == ["EHLO", "STARTTLS"]


@pytest.mark.parametrize("fault", Fault)
def test_loss_at_starttls_is_not_sent(fault: Fault) -> None:
    """If the connection is lost at STARTTLS, the mail is not sent."""
    with SMTPPeer({"starttls": [fault]}, tls="starttls") as peer:
        error, arrived = submit_and_fail(peer)
    assert type(error) is errors.ServiceUnavailableError
    assert arrived == 0


IDLE = "Timeout waiting for data from client."


@pytest.mark.parametrize(
    "found",
    [Fault.DROP, Fault.RESET, Fault.SILENCE, f"421 4.4.2 {IDLE}", f"451 4.4.2 {IDLE}",
     f"451 {IDLE}", "451 4.4.2 closing", "421 Bye", b"?\r\n"],
)  # fmt: skip
def test_kept_connection_that_was_dropped_is_replaced(found: Fault | str | bytes) -> None:
    """If a kept connection turns out to be gone at its first command, a fresh one takes over."""
    handovers = Handovers()
    with SMTPPeer() as peer, transport_to(peer, timeout=SHORT) as transport:
        transport.submit(letter(), handovers)
        peer.script("mail", found)
        transport.submit(letter(), handovers)
        assert (peer.connections, len(peer.messages)) == (2, 2)
    assert handovers.count == 2


def test_kept_connection_is_replaced_once() -> None:
    """If the fresh connection is dropped too, that is the answer."""
    with SMTPPeer() as peer, transport_to(peer) as transport:
        transport.submit(letter(), Handovers())
        peer.script("mail", Fault.DROP, Fault.DROP)
        with pytest.raises(errors.ServiceUnavailableError):
            transport.submit(letter(), Handovers())
        assert (peer.connections, len(peer.messages)) == (2, 1)


def test_server_that_is_gone_meanwhile_is_said() -> None:
    """If a kept connection is gone, and no other can be opened, the mail is not sent."""
    with SMTPPeer() as peer, transport_to(peer) as transport:
        transport.submit(letter(), Handovers())
        peer.script("mail", Fault.DROP)
        peer.script("connect", "421 Too many concurrent SMTP connections")
        with pytest.raises(errors.TooManyConnectionsError):
            transport.submit(letter(), Handovers())
        transport.submit(letter(), Handovers())
        assert len(peer.messages) == 2


@pytest.mark.parametrize("stage", ["rcpt", "data"])
def test_kept_connection_lost_later_is_not_replaced(stage: Stage) -> None:
    """If a kept connection is lost after MAIL FROM was taken, the error is left to the caller."""
    with SMTPPeer() as peer, transport_to(peer) as transport:
        transport.submit(letter(), Handovers())
        peer.script(stage, Fault.DROP)
        with pytest.raises(errors.ServiceUnavailableError):
            transport.submit(letter(), Handovers())
        assert len(peer.messages) == 1


class CalledOffError(Exception):
    """The caller's deadline has passed."""


@pytest.mark.parametrize("kind", [CalledOffError, TimeoutError, KeyboardInterrupt])
def test_handover_that_raises_passes_through(kind: type[BaseException]) -> None:
    """If the handover raises, its exception passes untouched, and not a byte of the body goes."""

    def call_off() -> None:
        raise kind

    with SMTPPeer() as peer:
        with transport_to(peer) as transport:
            with pytest.raises(kind):
                transport.submit(letter(), call_off)
            assert peer.wait_for_open(0)
            assert peer.verbs() == ["EHLO", "AUTH", "MAIL", "RCPT", "DATA"]
            transport.submit(letter(), Handovers())
        assert (peer.connections, len(peer.messages)) == (2, 1)


def test_handover_comes_after_the_354_and_before_the_body() -> None:
    """When the handover is called, SES has asked for the body and has none of it."""
    seen: list[tuple[list[str], int]] = []
    with SMTPPeer() as peer, transport_to(peer) as transport:
        transport.submit(letter(), lambda: seen.append((peer.verbs(), len(peer.messages))))
    assert seen == [(["EHLO", "AUTH", "MAIL", "RCPT", "DATA"], 0)]
