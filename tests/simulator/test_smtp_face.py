"""The simulated account over SMTP: its words, its refusals, and what can go wrong on the way."""

from __future__ import annotations

import dataclasses
import logging
import smtplib
import socket
import ssl
import sys
import threading
from collections.abc import Generator
from contextlib import contextmanager
from email.message import EmailMessage

import pytest

from sesguard import Client, Email, RetryPolicy, Worker, errors
from sesguard._core.endpoints import TLSMode
from sesguard._core.replies import Phase
from sesguard._mail.fields import MAX_BYTES
from sesguard.limiters import Unlimited
from sesguard.outcomes import Sent
from sesguard.simulator import Simulator, SMTPFace
from sesguard.smtp import password_from_secret
from sesguard.stores import MemoryStore

SHOP, ANN, BOB = "shop@example.com", "ann@example.org", "bob@example.org"
US = "client.example.com"
BOTH: list[TLSMode] = ["implicit", "starttls"]
BUSY = "454 Temporary service failure"
RATE = "454 Throttling failure: Maximum sending rate exceeded."


@contextmanager
def talking(
    smtp: SMTPFace, tls: TLSMode = "implicit", *, login: bool = True
) -> Generator[smtplib.SMTP, None, None]:
    """smtplib in TLS, and logged in."""
    connection: smtplib.SMTP
    if tls == "implicit":
        connection = smtplib.SMTP_SSL(
            smtp.host, smtp.implicit_port, US, context=smtp.ssl_context, timeout=10
        )
    else:
        connection = smtplib.SMTP(smtp.host, smtp.starttls_port, US, timeout=10)
    with connection:
        if tls == "starttls":
            connection.starttls(context=smtp.ssl_context)
        if login:
            connection.login(smtp.username, smtp.password)
        yield connection


def message(**headers: str) -> EmailMessage:
    """A mail to Ann."""
    mail = EmailMessage()
    for name, value in {"From": SHOP, "To": ANN, "Subject": "Hello", **headers}.items():
        mail[name.replace("_", "-")] = value
    mail.set_content("Hello Ann")
    return mail


def email(*to: str) -> Email:
    return Email(sender=SHOP, to=to or (ANN,), subject="Hello", text="Hello Ann")


@contextmanager
def guarded(
    sim: Simulator, smtp: SMTPFace, tls: TLSMode = "implicit", store: MemoryStore | None = None
) -> Generator[Client, None, None]:
    """sesguard's own client, which tries once."""
    with (
        smtp.transport(tls=tls) as transport,
        Client(
            suppression=store,
            transport=transport,
            limiter=Unlimited(),
            retry=RetryPolicy.none(),
            clock=sim.clock,
        ) as client,
    ):
        yield client


def test_it_offers_what_ses_offers() -> None:
    """8BITMIME, the login, and STARTTLS before TLS: no SIZE, PIPELINING or SMTPUTF8."""
    with Simulator().smtp() as smtp, smtplib.SMTP(smtp.host, smtp.starttls_port, US) as plain:
        assert plain.ehlo()[1].splitlines()[0] == b"email-smtp.amazonaws.com"
        assert {*plain.esmtp_features} - {"ok"} == {"8bitmime", "starttls", "auth"}
        plain.starttls(context=smtp.ssl_context)
        plain.ehlo()
        assert {*plain.esmtp_features} - {"ok"} == {"8bitmime", "auth"}
        assert plain.esmtp_features["auth"].split() == ["PLAIN", "LOGIN"]
        with talking(smtp, login=False) as inside:
            inside.ehlo()
            assert inside.esmtp_features == plain.esmtp_features


def test_it_knows_the_older_greeting() -> None:
    """HELO, after which nothing is offered."""
    with Simulator().smtp() as smtp, talking(smtp, login=False) as connection:
        assert connection.helo() == (250, b"email-smtp.amazonaws.com")
        assert connection.docmd("AUTH PLAIN AAAA")[0] == 500


def test_it_greets_as_ses_does() -> None:
    """A client may look at the greeting, which tells of no other server."""
    with Simulator().smtp() as smtp, smtplib.SMTP() as plain:
        code, text = plain.connect(smtp.host, smtp.starttls_port)
        assert (code, text.split()[:2]) == (220, [b"email-smtp.amazonaws.com", b"ESMTP"])


@pytest.mark.parametrize("verb", ["AUTH PLAIN AAAA", f"MAIL FROM:<{SHOP}>", "DATA", "HELO us"])
def test_nothing_is_done_without_tls(verb: str) -> None:
    """On the port for STARTTLS that has to come first."""
    with Simulator().smtp() as smtp, smtplib.SMTP(smtp.host, smtp.starttls_port, US) as plain:
        plain.ehlo()
        assert plain.docmd(verb) == (530, b"Must issue a STARTTLS command first")


@pytest.mark.parametrize("tls", BOTH)
def test_a_client_that_does_not_know_the_authority_hangs_up(tls: TLSMode) -> None:
    """Its certificate is one of its own, and a client that does know it is served after."""
    sim = Simulator()
    stranger = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    with sim.smtp() as smtp:
        distrustful = dataclasses.replace(smtp, ssl_context=stranger)
        with pytest.raises(ssl.SSLCertVerificationError), talking(distrustful, tls):
            pass
        with talking(smtp, tls) as connection:
            connection.send_message(message())
    assert len(sim.outbox) == 1


def test_the_authority_comes_as_a_file_for_others() -> None:
    """A context made from its PEM text trusts the server, by name and by address."""
    with Simulator().smtp() as smtp:
        context = ssl.create_default_context(cadata=smtp.ca_pem.decode())
        for host in (smtp.host, "localhost"):
            with smtplib.SMTP_SSL(host, smtp.implicit_port, US, context=context) as connection:
                assert connection.noop() == (250, b"Ok")


@pytest.mark.parametrize("tls", BOTH)
@pytest.mark.parametrize("mechanism", ["PLAIN", "LOGIN"])
def test_both_logins_are_taken(mechanism: str, tls: TLSMode) -> None:
    """With the password that belongs to the secret, and with no other."""
    with Simulator().smtp() as smtp, talking(smtp, tls, login=False) as connection:
        assert smtp.password == password_from_secret(smtp.secret, smtp.region_name)
        connection.ehlo()
        how = {"PLAIN": connection.auth_plain, "LOGIN": connection.auth_login}[mechanism]
        for user, password in (
            (smtp.username, smtp.secret),
            (smtp.username, password_from_secret(smtp.secret, "eu-west-1")),
            ("AKIAI44QH8DHBEXAMPLE", smtp.password),
        ):
            connection.user, connection.password = user, password
            with pytest.raises(smtplib.SMTPAuthenticationError) as caught:
                connection.auth(mechanism, how)
            assert caught.value.smtp_code == 535
            assert caught.value.smtp_error == b"Authentication Credentials Invalid"
        connection.user, connection.password = smtp.username, smtp.password
        assert connection.auth(mechanism, how) == (235, b"Authentication successful.")


def test_a_mail_needs_a_login() -> None:
    """All that is about a mail is refused without one."""
    sim = Simulator()
    with sim.smtp() as smtp, talking(smtp, login=False) as connection:
        connection.ehlo()
        for verb in (f"MAIL FROM:<{SHOP}>", f"RCPT TO:<{ANN}>", "MAIL FROM:<>", "DATA"):
            assert connection.docmd(verb) == (530, b"Authentication required")
    assert sim.calls["smtp"] == 0


def test_each_region_has_a_password_and_an_account_of_its_own() -> None:
    """What is sent through one region's server is in that region."""
    sim = Simulator()
    with sim.smtp() as here, sim.smtp(region_name="eu-west-1") as there:
        assert here.password != there.password
        with talking(there) as connection:
            connection.send_message(message())
    assert [mail.region for mail in sim.outbox] == ["eu-west-1"]


def test_a_region_without_smtp_has_none_here() -> None:
    """As with SES."""
    with (
        pytest.raises(errors.ConfigurationError, match="af-south-1"),
        Simulator(region_name="af-south-1").smtp(),
    ):
        pass


@pytest.mark.parametrize(
    ("command", "reply"),
    [
        ("MAIL FROM:<>", "501 Invalid MAIL FROM address provided"),
        ("MAIL FROM:<shop>", "501 Invalid MAIL FROM address provided"),
        ("MAIL FROM:<shop@@example.com>", "553 <shop@@example.com> Invalid email address"),
        ("MAIL FROM:<sh op@example.com>", "553 <sh op@example.com> Invalid email address"),
        ("RCPT TO:<>", "553 <> address unknown"),
        ("RCPT TO:<ann@>", "553 <ann@> address unknown"),
        ("RCPT TO:<ann@@example.org>", "553 <ann@@example.org> address unknown"),
        ("MAIL shop@example.com", "501 Syntax: MAIL FROM: <address> [SP <mail-parameters>]"),
        (f"RCPT TO:<{ANN}>", "503 Error: need MAIL command"),
        ("DATA", "503 Error: need RCPT command"),
        (f"MAIL FROM:<{SHOP}> BODY=8BITMIME", "250 Ok"),
        (f"MAIL FROM:<{SHOP}> SMTPUTF8", "501 Error: SMTPUTF8 disabled"),
        ("RSET", "250 Ok"),
    ],
)
def test_an_envelope_is_judged_line_by_line(command: str, reply: str) -> None:
    """An address that is none is refused where it is said."""
    with Simulator().smtp() as smtp, talking(smtp) as connection:
        code, text = connection.docmd(command)
        assert f"{code} {text.decode()}" == reply


def test_some_recipients_may_be_refused() -> None:
    """The others get the mail, and the client is told."""
    sim = Simulator()
    with sim.smtp() as smtp, talking(smtp) as connection:
        refused = connection.sendmail(SHOP, [ANN, "bob@@example.org"], message().as_bytes())
    assert refused == {"bob@@example.org": (553, b"<bob@@example.org> address unknown")}
    assert [mail.recipients for mail in sim.outbox] == [(ANN,)]


def test_an_address_beyond_ascii_is_not_offered() -> None:
    """SES has no SMTPUTF8, so smtplib does not try."""
    sim = Simulator()
    with (
        sim.smtp() as smtp,
        talking(smtp) as connection,
        pytest.raises(smtplib.SMTPNotSupportedError),
    ):
        connection.send_message(message(Cc="jörg@example.org"))
    assert sim.outbox == ()


def test_a_mail_may_have_forty_megabytes() -> None:
    """One byte more is too long, and the connection serves the next mail."""
    sim = Simulator()
    head = b"From: shop@example.com\r\nSubject: x\r\n\r\n"
    line = b"a" * 998 + b"\r\n"
    full = head + line * ((MAX_BYTES - len(head)) // len(line))
    full += b"b" * (MAX_BYTES - len(full) - 2) + b"\r\n"
    assert len(full) == MAX_BYTES
    with sim.smtp() as smtp, talking(smtp) as connection:
        with pytest.raises(smtplib.SMTPDataError) as caught:
            connection.sendmail(SHOP, [ANN], b"X" + full)
        assert (caught.value.smtp_code, caught.value.smtp_error) == (552, b"Message is too long.")
        connection.sendmail(SHOP, [ANN], full)
    assert [mail.size for mail in sim.outbox] == [MAX_BYTES]


DROPPED = smtplib.SMTPServerDisconnected


@pytest.mark.parametrize("tls", BOTH)
@pytest.mark.parametrize(
    ("phase", "answer", "error", "taken"),
    [
        ("connect", "drop", DROPPED, 0),
        ("connect", "421 Too many concurrent SMTP connections", smtplib.SMTPConnectError, 0),
        ("ehlo", "drop", DROPPED, 0),
        ("ehlo", "421 Too many concurrent SMTP connections", smtplib.SMTPException, 0),
        ("auth", "drop", DROPPED, 0),
        ("auth", "454 Temporary authentication failure", smtplib.SMTPAuthenticationError, 0),
        ("auth", "535 Account not subscribed to SES", smtplib.SMTPAuthenticationError, 0),
        ("mail", "drop", DROPPED, 0),
        ("mail", "421 Timeout waiting for data from client.", smtplib.SMTPSenderRefused, 0),
        ("mail", RATE, smtplib.SMTPSenderRefused, 0),
        ("rcpt", "drop", DROPPED, 0),
        ("rcpt", RATE, smtplib.SMTPRecipientsRefused, 0),
        ("data", "drop", DROPPED, 0),
        ("data", BUSY, smtplib.SMTPDataError, 0),
        ("body", "451 Temporary service failure", smtplib.SMTPDataError, 0),
        ("body", RATE, smtplib.SMTPDataError, 0),
        ("body", "421 Service shutting down", smtplib.SMTPDataError, 0),
        ("body", "drop", DROPPED, 1),
    ],
)
def test_every_step_can_go_wrong(
    phase: Phase, answer: str, error: type[smtplib.SMTPException], taken: int, tls: TLSMode
) -> None:
    """smtplib raises what it does, only a drop after the final dot leaves the mail taken, and the
    next mail goes through."""
    sim = Simulator()
    with sim.smtp() as smtp:
        # smtplib tries a login that is refused once more by the other mechanism.
        smtp.fail_next(2 if error is smtplib.SMTPAuthenticationError else 1, answer, phase=phase)
        with pytest.raises(error) as caught, talking(smtp, tls) as connection:
            connection.send_message(message())
        code = getattr(caught.value, "smtp_code", None)
        assert code is None or str(code) == answer[:3]
        assert len(sim.outbox) == taken
        with talking(smtp, tls) as connection:
            connection.send_message(message())
    assert len(sim.outbox) == taken + 1


@pytest.mark.parametrize(("answer", "error"), [("drop", DROPPED), (BUSY, smtplib.SMTPException)])
def test_starttls_can_go_wrong(answer: str, error: type[smtplib.SMTPException]) -> None:
    """Then there is no TLS, and nothing is sent."""
    with Simulator().smtp() as smtp, smtplib.SMTP(smtp.host, smtp.starttls_port, US) as plain:
        smtp.fail_next(1, answer, phase="starttls")
        with pytest.raises(error):
            plain.starttls(context=smtp.ssl_context)


def test_after_a_421_the_server_hangs_up_and_after_a_454_it_does_not() -> None:
    """So a client that keeps its connection is told which mail needs another."""
    with Simulator().smtp() as smtp, talking(smtp) as connection:
        smtp.fail_next(1, RATE, phase="mail")
        smtp.fail_next(1, "421 Timeout waiting for data from client.", phase="rcpt")
        assert connection.mail(SHOP)[0] == 454
        assert connection.mail(SHOP)[0] == 250
        assert connection.rcpt(ANN)[0] == 421
        with pytest.raises(DROPPED):
            connection.noop()


def test_faults_come_as_often_as_asked_and_in_order() -> None:
    """Those of one step are no others' business."""
    with Simulator().smtp() as smtp, talking(smtp) as connection:
        smtp.fail_next(2, RATE, phase="mail")
        smtp.fail_next(1, BUSY, phase="mail")
        assert [connection.mail(SHOP)[0] for _ in range(4)] == [454, 454, 454, 250]
        assert connection.rcpt(ANN)[0] == 250


@pytest.mark.parametrize(
    ("times", "answer", "phase"),
    [
        (0, RATE, "mail"),
        (True, RATE, "mail"),
        (1, RATE, "quit"),
        (1, "250 Ok", "mail"),
        (1, "rate", "body"),
        (1, "454", "body"),
        (1, "454 one\r\n250 two", "body"),
        (1, "454 größer", "body"),
    ],
)
def test_a_fault_that_cannot_be_is_told(times: int, answer: str, phase: Phase) -> None:
    """A test would pass without it."""
    with Simulator().smtp() as smtp, pytest.raises(errors.ConfigurationError):
        smtp.fail_next(times, answer, phase=phase)


@pytest.mark.parametrize(
    ("fault", "error", "taken"),
    [
        ("rate", errors.SendingRateExceededError, 0),
        ("quota", errors.DailyQuotaExceededError, 0),
        ("500", errors.ServiceUnavailableError, 0),
        ("503", errors.ServiceUnavailableError, 0),
        ("paused", errors.SendingPausedError, 0),
        ("shut down", errors.SendingPausedError, 0),
        ("not found", errors.NotFoundError, 0),
        ("rejected", errors.MessageRejectedError, 0),
        ("connection refused", errors.OutcomeUnknownError, 0),
        ("answer lost", errors.OutcomeUnknownError, 1),
        ("connection reset", errors.OutcomeUnknownError, 1),
        ("empty answer", errors.OutcomeUnknownError, 1),
        ("half answer", errors.OutcomeUnknownError, 1),
        (ConnectionResetError(), errors.OutcomeUnknownError, 0),
    ],
)
def test_the_faults_of_the_account_hold_over_smtp(
    fault: str | Exception, error: type[errors.SendError], taken: int
) -> None:
    """As one error of ours each: what breaks after the final dot is never repeated."""
    sim = Simulator()
    sim.fail_next(1, fault)
    with sim.smtp() as smtp, guarded(sim, smtp) as client:
        with pytest.raises(error):
            client.send(email())
        assert (len(sim.outbox), sim.calls["smtp"]) == (taken, 1)
        client.send(email())
    assert len(sim.outbox) == taken + 1


@pytest.mark.parametrize(
    ("phase", "answer", "error"),
    [
        ("connect", "421 Too many concurrent SMTP connections", errors.TooManyConnectionsError),
        ("auth", "454 Temporary authentication failure", errors.ServiceUnavailableError),
        ("auth", "535 Authentication Credentials Invalid", errors.AuthenticationError),
        ("mail", RATE, errors.SendingRateExceededError),
        ("rcpt", "drop", errors.ServiceUnavailableError),
        (
            "body",
            "454 Throttling failure: Daily message quota exceeded.",
            errors.DailyQuotaExceededError,
        ),
        ("body", "drop", errors.OutcomeUnknownError),
    ],
)
@pytest.mark.parametrize("tls", BOTH)
def test_our_transport_judges_each_step(
    phase: Phase, answer: str, error: type[errors.SendError], tls: TLSMode
) -> None:
    """Over both ports."""
    sim = Simulator()
    with sim.smtp() as smtp, guarded(sim, smtp, tls) as client:
        smtp.fail_next(1, answer, phase=phase)
        with pytest.raises(error):
            client.send(email())
    assert len(sim.outbox) == (1 if error is errors.OutcomeUnknownError else 0)


@pytest.mark.parametrize("tls", BOTH)
def test_a_guarded_client_sends_over_smtp(tls: TLSMode) -> None:
    """With the id that the outbox knows it by."""
    sim = Simulator()
    with sim.smtp() as smtp, guarded(sim, smtp, tls) as client:
        result = client.send(email(ANN, BOB))
    (mail,) = sim.outbox
    assert (mail.message_id, mail.recipients) == (result.message_id, (ANN, BOB))
    assert mail.return_path == SHOP


def test_what_the_mail_tells_ses_is_understood_and_taken_off() -> None:
    """Configuration set, tags, tenant and stream, as our transport writes them."""
    sim = Simulator()
    with sim.smtp() as smtp, guarded(sim, smtp) as client:
        client.send(
            Email(
                sender=SHOP,
                to=ANN,
                subject="Hello",
                text="Hello Ann",
                configuration_set="letters",
                tags={"batch": "7", "kind": "news"},
                tenant="acme",
            )
        )
    (mail,) = sim.outbox
    assert (mail.configuration_set, mail.tenant) == ("letters", "acme")
    assert dict(mail.tags) == {"batch": "7", "kind": "news"}
    assert b"X-SES" not in (mail.raw or b"")


def test_tags_that_are_none_are_refused() -> None:
    """After the final dot, as all that is wrong with a mail."""
    sim = Simulator()
    with (
        sim.smtp() as smtp,
        talking(smtp) as connection,
        pytest.raises(smtplib.SMTPDataError, match=r"554.*Transaction failed"),
    ):
        connection.send_message(message(X_SES_MESSAGE_TAGS="news"))
    assert sim.outbox == ()


def test_a_refusal_is_one_line_of_ascii() -> None:
    """Though it names an address as the mail's header shows it."""
    sim = Simulator(identities=["example.net"])
    with sim.smtp() as smtp, talking(smtp) as connection:
        with pytest.raises(smtplib.SMTPDataError) as caught:
            connection.send_message(message(From=f"Jörg <{SHOP}>"))
        assert connection.noop()[0] == 250
    text = caught.value.smtp_error
    assert "US-EAST-1" in (text.decode("ascii") if isinstance(text, bytes) else text)


def test_a_bounce_comes_back_and_stops_the_next_mail() -> None:
    """Send over SMTP, event, queue, worker, list."""
    sim, store = Simulator(), MemoryStore()
    with sim.smtp() as smtp, guarded(sim, smtp, store=store) as client:
        gone = email("bounce@simulator.amazonses.com")
        client.send(gone)
        Worker(sim.source(), store=store).drain()
        with pytest.raises(errors.SuppressedError):
            client.send(gone)
    assert sim.calls["smtp"] == 1


def test_many_threads_are_served() -> None:
    """Each mail once, over a few connections."""
    sim = Simulator(rate=1_000)
    with sim.smtp() as smtp, guarded(sim, smtp) as client:
        outcomes = list(client.iter_send([email(f"n{n}@example.org") for n in range(40)]))
    assert {type(outcome) for outcome in outcomes} == {Sent}
    assert {mail.recipients for mail in sim.outbox} == {(f"n{n}@example.org",) for n in range(40)}


def test_all_is_closed_when_the_block_is_left() -> None:
    """The thread, and connections in whatever state: idle, in a mail, or not yet in TLS."""
    with Simulator().smtp() as smtp:
        strangers = [
            socket.create_connection((smtp.host, port), timeout=10)
            for port in (smtp.implicit_port, smtp.starttls_port)
        ]
        idle, busy = (
            smtplib.SMTP_SSL(smtp.host, smtp.implicit_port, US, context=smtp.ssl_context)
            for _ in range(2)
        )
        busy.login(smtp.username, smtp.password)
        busy.mail(SHOP)
        busy.rcpt(ANN)
        assert busy.docmd("DATA")[0] == 354
        busy.send(b"From: half a m")
    assert "simulated SMTP" not in [thread.name for thread in threading.enumerate()]
    for connection in (idle, busy):
        with pytest.raises(DROPPED):
            connection.noop()
    for sock in strangers:
        with sock:
            while sock.recv(1024):  # the greeting, on the port that gives one before TLS
                pass
    with pytest.raises(ConnectionRefusedError):
        socket.create_connection((smtp.host, smtp.implicit_port), timeout=10)


def test_what_is_wrong_with_the_test_itself_is_raised_at_the_end() -> None:
    """An exception that is no answer of SES's cannot go over the wire, and is not lost either."""
    sim = Simulator()
    sim.fail_next(1, LookupError("scripted"))
    with (
        pytest.raises(LookupError, match="scripted"),
        sim.smtp() as smtp,
        talking(smtp) as connection,
        pytest.raises(DROPPED),
    ):
        connection.send_message(message())


def test_what_is_wrong_with_the_server_is_raised_at_the_end() -> None:
    """A mistake of ours is a temporary failure to the client, and no secret."""
    replies: list[tuple[int, bytes]] = []

    def breaking() -> None:
        with Simulator().smtp() as smtp, talking(smtp) as connection:
            smtp._script._coming.clear()
            replies.append(connection.mail(SHOP))

    with pytest.raises(KeyError):
        breaking()
    assert replies == [(454, b"Temporary service failure")]


def test_who_hears_of_a_mail_may_send_another() -> None:
    """Over SMTP, in the very call that hears of it."""
    sim = Simulator()
    with sim.smtp() as smtp, talking(smtp) as connection, talking(smtp, "starttls") as other:

        def answer(body: str) -> None:
            if len(sim.outbox) == 1:
                other.send_message(message(Subject="Sorry"))

        sim.on_feedback(answer)
        connection.send_message(message())
    assert [mail.subject for mail in sim.outbox] == ["Hello", "Sorry"]


def test_it_keeps_quiet(caplog: pytest.LogCaptureFixture) -> None:
    """A mail, a wrong password and a distrustful client give no warning in any log."""
    caplog.set_level(logging.WARNING)
    with Simulator().smtp() as smtp:
        with talking(smtp, "starttls") as connection:
            connection.send_message(message())
        with pytest.raises(smtplib.SMTPAuthenticationError), talking(smtp, login=False) as wrong:
            wrong.login(smtp.username, "wrong")
        stranger = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
        distrustful = dataclasses.replace(smtp, ssl_context=stranger)
        with pytest.raises(ssl.SSLError), talking(distrustful, "starttls"):
            pass
    assert caplog.records == []


def test_no_secret_is_shown() -> None:
    """A test that fails prints what it holds."""
    with Simulator().smtp() as smtp:
        assert smtp.password not in repr(smtp)
        assert smtp.secret not in repr(smtp)


@pytest.mark.parametrize("package", ["aiosmtpd", "trustme"])
def test_without_the_extra_it_says_which(package: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """And the rest of the simulator works."""
    monkeypatch.delitem(sys.modules, "sesguard.simulator.smtp.session", raising=False)
    for name in [name for name in sys.modules if name.partition(".")[0] == package]:
        monkeypatch.delitem(sys.modules, name)
    monkeypatch.setitem(sys.modules, package, None)
    sim = Simulator()
    with pytest.raises(errors.MissingExtraError, match=r"sesguard\[demo\]"), sim.smtp():
        pass
    sim.client().send(email())
    assert len(sim.outbox) == 1
