"""Sending over SMTP: options, the conversation, and the connections that are kept."""

from __future__ import annotations

import os
import signal
import ssl
import threading
import warnings
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from typing import cast

import pytest

from sesguard import errors, mime, smtp
from sesguard.errors import ConfigurationError, EmailError
from sesguard.mail import Email, Template
from sesguard.smtp import TLSMode
from sesguard.transports.smtp import SMTPTransport
from tests.peers.smtp import PASSWORD, USERNAME, AioSMTPPeer, Fault, SMTPPeer, trusting
from tests.peers.smtp_client import Handovers, letter, transport_to

SECRET = "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY"


class SetClock:
    """A clock that stands still until it is moved."""

    def __init__(self) -> None:
        self.seconds = 1000.0

    def now(self) -> datetime:
        return datetime(2026, 1, 1, tzinfo=UTC) + timedelta(seconds=self.seconds)

    def monotonic(self) -> float:
        return self.seconds

    def sleep(self, seconds: float, /) -> None:
        self.seconds += seconds


def lax(**changes: object) -> ssl.SSLContext:
    """A context that does not verify."""
    context = ssl.create_default_context()
    context.check_hostname = False
    for name, value in changes.items():
        setattr(context, name, value)
    return context


# --- options


def test_host_comes_from_the_region() -> None:
    """If only a region is given, its host is used, on 465, and no secret is shown."""
    transport = SMTPTransport(username=USERNAME, password=PASSWORD, region_name="eu-west-1")
    assert repr(transport) == (
        "SMTPTransport(host='email-smtp.eu-west-1.amazonaws.com', port=465, tls='implicit')"
    )


@pytest.mark.parametrize(
    ("host", "shown"),
    [
        ("Email-SMTP.eu-west-1.amazonaws.com", "email-smtp.eu-west-1.amazonaws.com"),
        ("127.0.0.1", "127.0.0.1"),
        ("::1", "::1"),
        ("localhost", "localhost"),
    ],
)
def test_host_may_be_given(host: str, shown: str) -> None:
    """If a host is given, it is a name or an address."""
    transport = SMTPTransport(host, username=USERNAME, password=PASSWORD)
    assert f"host={shown!r}" in repr(transport)


def give(**options: object) -> SMTPTransport:
    """A transport with these options, good ones for the rest."""
    make = cast("Callable[..., SMTPTransport]", SMTPTransport)
    good = {"username": USERNAME, "password": PASSWORD, "region_name": "eu-west-1"}
    return make(**{**good, **options})


@pytest.mark.parametrize(
    ("options", "said"),
    [
        ({"region_name": None}, "needs region_name"),
        ({"region_name": "eu-south-1"}, "no SMTP interface in eu-south-1"),
        ({"region_name": "nowhere"}, "'nowhere' is not a region"),
        ({"port": 25}, "EC2 throttles"),
        ({"port": 25, "tls": "starttls"}, "EC2 throttles"),
        ({"port": 8025}, 'tls="implicit" or tls="starttls"'),
        ({"port": "465"}, "whole number"),
        ({"port": 70000}, "65535"),
        ({"tls": "none"}, "no mode without TLS"),
        ({"tls": False}, "no mode without TLS"),
        ({"port": 587, "tls": "implicit"}, 'speaks tls="starttls"'),
        ({"host": "smtps://email-smtp.eu-west-1.amazonaws.com"}, "without scheme or port"),
        ({"host": "email-smtp.eu-west-1.amazonaws.com:465"}, "without scheme or port"),
        ({"host": "-bad.example"}, "host must be"),
        ({"host": "a..example"}, "host must be"),
        ({"host": "a b"}, "host must be"),
        ({"host": ""}, "host must be"),
        ({"host": 7}, "host must be"),
        ({"host": "a." * 200}, "host must be"),
        ({"host": "email-smtp.us-east-1.amazonaws.com"}, "us-east-1 and region_name"),
        ({"username": ""}, "username must be"),
        ({"username": "ASIAIOSFODNN7EXAMPLE"}, "session token"),
        ({"password": ""}, "password must be"),
        ({"password": None}, "password must be"),
        ({"password": "line\nbreak"}, "password must be"),
        ({"password": SECRET}, "looks like a secret access key"),
        ({"ssl_context": object()}, r"an ssl\.SSLContext"),
        ({"ssl_context": lax()}, "does not verify"),
        ({"ssl_context": lax(verify_mode=ssl.CERT_NONE)}, "does not verify"),
        ({"max_connections": 0}, "max_connections must be"),
        ({"max_messages": True}, "max_messages must be"),
        ({"max_age": 0}, "max_age must be"),
        ({"max_idle": float("nan")}, "max_idle must be"),
        ({"timeout": float("inf")}, "timeout must be"),
        ({"timeout": "30"}, "timeout must be"),
        ({"connect_timeout": timedelta(0)}, "connect_timeout must be"),
    ],
)
def test_option_that_cannot_work_is_refused(options: dict[str, object], said: str) -> None:
    """An option that cannot work is refused when the transport is made, with the reason."""
    with pytest.raises(ConfigurationError, match=said) as caught:
        give(**options)
    assert PASSWORD not in str(caught.value)


def test_durations_may_be_timedeltas() -> None:
    """A duration is a number of seconds or a timedelta."""
    give(timeout=timedelta(seconds=20), connect_timeout=3, max_age=timedelta(minutes=1))


def test_unverifying_context_is_refused_though_names_are_checked() -> None:
    """A context that does not require a certificate is refused, whatever else it checks."""
    context = ssl.create_default_context()
    context.verify_mode = ssl.CERT_OPTIONAL
    with pytest.raises(ConfigurationError, match="does not verify"):
        give(ssl_context=context)


def test_iam_secret_gives_the_password_of_the_region() -> None:
    """If an IAM key is given, the server is shown its SMTP password, never its secret."""
    with (
        SMTPPeer() as peer,
        SMTPTransport.from_iam_secret(
            USERNAME,
            SECRET,
            "us-east-1",
            host="127.0.0.1",
            port=peer.port,
            tls="implicit",
            ssl_context=trusting(),
        ) as transport,
    ):
        assert smtp.password_from_secret(SECRET, "us-east-1") == PASSWORD
        transport.submit(letter(), Handovers())


def test_temporary_credentials_are_refused() -> None:
    """If the key is a temporary one, the reason is given and the way out."""
    with pytest.raises(ConfigurationError, match="SESTransport"):
        SMTPTransport.from_iam_secret("ASIAIOSFODNN7EXAMPLE", SECRET, "us-east-1")


# --- the conversation


@pytest.mark.parametrize("tls", ["implicit", "starttls"])
def test_mail_arrives_at_another_reader(tls: TLSMode) -> None:
    """A mail arrives at aiosmtpd as it was written: dots, envelope, everybody once."""
    email = Email(
        sender="Shop <shop@example.org>",
        to=["Ann <ann@example.org>", "bob@example.org"],
        cc="Ann@example.org",
        bcc="eve@example.org",
        return_path="bounces@example.org",
        subject="Your order",
        text=".\n..\n.\r\nQUIT\n\n. \nend",
        configuration_set="orders",
        tags={"kind": "receipt"},
    )
    with AioSMTPPeer(tls=tls) as peer, transport_to(peer) as transport:
        receipt = transport.submit(email, Handovers())
    (message,) = peer.messages
    assert receipt.message_id == "0100017f00000001-aiosmtpd-000000"
    assert message.sender == "bounces@example.org"
    assert message.recipients == ("ann@example.org", "bob@example.org", "eve@example.org")
    assert message.content == mime.render(email, for_smtp=True)
    assert b"X-SES-CONFIGURATION-SET: orders\r\n" in message.content
    assert b"eve@example.org" not in message.content


def test_conversation_gives_away_no_host_name() -> None:
    """What is said is what has to be said: no host name, no ESMTP options, one login."""
    with SMTPPeer() as peer, transport_to(peer) as transport:
        transport.submit(letter("ann@example.org", "bob@example.org"), Handovers())
        transport.submit(letter(), Handovers())
    assert [line for _, line in peer.commands if not line.startswith("AUTH")] == [
        "EHLO [127.0.0.1]",
        "MAIL FROM:<shop@example.org>",
        "RCPT TO:<ann@example.org>",
        "RCPT TO:<bob@example.org>",
        "DATA",
        "MAIL FROM:<shop@example.org>",
        "RCPT TO:<ann@example.org>",
        "DATA",
        "QUIT",
    ]


def test_starttls_forgets_what_was_said_in_clear() -> None:
    """After STARTTLS the server is greeted anew, and only then given the password."""
    with SMTPPeer(tls="starttls") as peer, transport_to(peer) as transport:
        transport.submit(letter(), Handovers())
    assert peer.verbs()[:4] == ["EHLO", "STARTTLS", "EHLO", "AUTH"]


def test_template_cannot_go_over_smtp() -> None:
    """A template is refused before a connection is opened."""
    email = Email(sender="shop@example.org", to="ann@example.org", template=Template("welcome"))
    with SMTPPeer() as peer, transport_to(peer) as transport:
        with pytest.raises(EmailError) as caught:
            transport.submit(email, Handovers())
        assert peer.connections == 0
    assert caught.value.field == "template"


# --- connections


def test_connection_is_kept() -> None:
    """Mails one after another go over one connection."""
    with SMTPPeer() as peer, transport_to(peer) as transport:
        for _ in range(5):
            transport.submit(letter(), Handovers())
        assert (peer.connections, len(peer.messages)) == (1, 5)


def test_connection_is_replaced_after_so_many_mails() -> None:
    """After *max_messages* a connection says QUIT."""
    with SMTPPeer() as peer, transport_to(peer, max_messages=2) as transport:
        for _ in range(5):
            transport.submit(letter(), Handovers())
        assert (peer.connections, len(peer.messages)) == (3, 5)
        assert peer.verbs(1).count("MAIL") == 2


@pytest.mark.parametrize(("seconds", "connections"), [(10.0, 1), (10.5, 2)])
def test_connection_is_replaced_after_some_age(seconds: float, connections: int) -> None:
    """A connection that is older than *max_age* is not used again."""
    clock = SetClock()
    with SMTPPeer() as peer, transport_to(peer, max_age=10, clock=clock) as transport:
        transport.submit(letter(), Handovers())
        clock.sleep(seconds)
        transport.submit(letter(), Handovers())
        assert peer.connections == connections


@pytest.mark.parametrize(("seconds", "connections"), [(5.0, 1), (5.5, 2)])
def test_connection_is_replaced_after_some_idleness(seconds: float, connections: int) -> None:
    """A connection unused for longer than *max_idle* is not used again."""
    clock = SetClock()
    with SMTPPeer() as peer, transport_to(peer, max_idle=5, clock=clock) as transport:
        for _ in range(3):
            clock.sleep(4.0)
            transport.submit(letter(), Handovers())
        assert peer.connections == 1
        clock.sleep(seconds)
        transport.submit(letter(), Handovers())
        assert peer.connections == connections


def test_connections_that_are_too_many_by_now_are_closed() -> None:
    """When a burst is over, connections that grow idle are closed without being used."""
    clock = SetClock()
    meet = threading.Barrier(3)

    def together() -> None:
        meet.wait(5)

    with SMTPPeer() as peer, transport_to(peer, max_idle=5, clock=clock) as transport:
        with ThreadPoolExecutor(3) as threads:
            for _ in range(3):
                threads.submit(transport.submit, letter(), together)
        assert peer.open_now == 3
        clock.sleep(4.0)
        transport.submit(letter(), Handovers())
        clock.sleep(4.0)
        transport.submit(letter(), Handovers())
        assert peer.wait_for_open(1)
        assert (peer.verbs().count("QUIT"), peer.connections) == (2, 3)


def test_threads_share_a_bounded_number_of_connections() -> None:
    """Sixteen threads over four connections: every mail arrives once, none is mixed up."""
    with SMTPPeer() as peer, transport_to(peer, max_connections=4) as transport:

        def send(number: int) -> str:
            return transport.submit(
                letter(f"user{number}@example.org", text=f"number {number}."), Handovers()
            ).message_id

        with ThreadPoolExecutor(16) as threads:
            ids = list(threads.map(send, range(160)))
        assert peer.most_at_once <= 4
        assert peer.connections <= 4
    assert len(set(ids)) == len(peer.messages) == 160
    for message in peer.messages:
        (recipient,) = message.recipients
        number = recipient.removeprefix("user").partition("@")[0]
        assert f"number {number}.".encode() in message.content
    assert peer.bare == []


def test_waiting_for_a_connection_ends() -> None:
    """If no connection becomes free in time, the mail is not sent and the option is named."""
    holding, go_on = threading.Event(), threading.Event()

    def hold() -> None:
        holding.set()
        assert go_on.wait(5)

    with (
        SMTPPeer() as peer,
        transport_to(peer, max_connections=1, timeout=0.3) as transport,
        ThreadPoolExecutor(1) as threads,
    ):
        first = threads.submit(transport.submit, letter(), hold)
        assert holding.wait(5)
        with pytest.raises(errors.ServiceUnavailableError, match="max_connections") as caught:
            transport.submit(letter(), Handovers())
        go_on.set()
        assert first.result(5).message_id
        assert len(peer.messages) == 1
    assert caught.value.retryable
    assert (caught.value.transport, caught.value.region) == ("smtp", "eu-west-1")


def test_close_ends_what_is_kept_and_a_later_mail_connects_anew() -> None:
    """After close() nothing is open, and the transport can be used again."""
    with SMTPPeer() as peer:
        transport = transport_to(peer)
        transport.close()
        transport.submit(letter(), Handovers())
        transport.close()
        transport.close()
        assert peer.wait_for_open(0)
        transport.submit(letter(), Handovers())
        assert (peer.connections, peer.verbs(1)[-1]) == (2, "QUIT")
        transport.close()


def test_close_while_sending_closes_afterwards() -> None:
    """If close() comes while a mail is on its way, the mail arrives and its connection ends."""
    with SMTPPeer() as peer, transport_to(peer) as transport:
        transport.submit(letter(), transport.close)
        assert peer.wait_for_open(0)
        assert peer.verbs()[-1] == "QUIT"
        transport.submit(letter(), Handovers())
        assert (peer.connections, len(peer.messages)) == (2, 2)


@pytest.mark.skipif(not hasattr(os, "fork"), reason="this system does not fork")
def test_connections_are_not_used_after_a_fork() -> None:
    """
    A forked child opens its own connections, even where all slots and locks were taken at the
    fork, and its parent's go on.
    """
    holding, go_on = threading.Event(), threading.Event()

    def hold() -> None:
        holding.set()
        assert go_on.wait(10)

    with (
        SMTPPeer() as peer,
        transport_to(peer, max_connections=2) as transport,
        ThreadPoolExecutor(1) as threads,
    ):
        transport.submit(letter("parent@example.org"), Handovers())
        held = threads.submit(transport.submit, letter("held@example.org"), hold)
        assert holding.wait(5)
        transport.submit(letter("parent@example.org"), Handovers())
        assert peer.connections == 2
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", DeprecationWarning)  # of fork and threads, from 3.12
            child = os.fork()
        if child == 0:
            signal.alarm(10)
            try:
                transport.submit(letter("child@example.org"), Handovers())
                transport.submit(letter("child@example.org"), Handovers())
                transport.close()
            except BaseException:
                os._exit(1)
            os._exit(0)
        assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0
        transport.submit(letter("parent@example.org"), Handovers())
        go_on.set()
        assert held.result(5).message_id
        assert peer.connections == 3
    sent = [message.recipients[0].partition("@")[0] for message in peer.messages]
    assert sorted(sent) == ["child", "child", "held", "parent", "parent", "parent"]
    assert peer.verbs(3).count("MAIL") == 2


def test_connections_of_a_parent_are_left_without_a_word(monkeypatch: pytest.MonkeyPatch) -> None:
    """In another process, a parent's connections are closed here and nothing is said on them."""
    with SMTPPeer() as peer, transport_to(peer) as transport:
        transport.submit(letter(), Handovers())
        monkeypatch.setattr(os, "getpid", lambda: -1)
        transport.submit(letter(), Handovers())
        assert peer.wait_for_open(1)
        assert (peer.verbs(1)[-1], peer.verbs(2)[-1]) == ("DATA", "DATA")


def test_connection_that_is_gone_can_still_be_closed() -> None:
    """If the server is gone before close(), closing is quiet."""
    with SMTPPeer() as peer:
        transport = transport_to(peer)
        transport.submit(letter(), Handovers())
    transport.close()


def test_silence_does_not_hold_up_others() -> None:
    """While one thread waits for a silent server, another sends."""
    with (
        SMTPPeer({"body": [Fault.SILENCE]}) as peer,
        transport_to(peer, timeout=0.5) as transport,
        ThreadPoolExecutor(1) as threads,
    ):
        handed = threading.Event()
        first = threads.submit(transport.submit, letter(), handed.set)
        assert handed.wait(5)
        transport.submit(letter(), Handovers())
        assert not first.done()
        assert isinstance(first.exception(5), errors.OutcomeUnknownError)
