"""Anybody's own smtplib and boto3 code, and the one error that each of its exceptions is."""

from __future__ import annotations

import asyncio
import contextlib
import functools
import smtplib
import socket
import ssl
import traceback
from collections.abc import AsyncIterator, Callable, Generator, Iterator
from typing import Any, NoReturn, cast

import pytest
import trustme
import urllib3.exceptions
from boto3.session import Session
from botocore import exceptions as boto
from botocore.config import Config
from botocore.parsers import ResponseParserError
from hypothesis import given
from hypothesis import strategies as st

from sesguard import errors, replies, translated_errors
from tests.peers.http import Answer, HTTPPeer
from tests.peers.smtp import (
    PASSWORD,
    USERNAME,
    Fault,
    SMTPPeer,
    Stage,
    deaf_port,
    trusting,
)

SECRET = "secret@example.org"
RATE = "454 Throttling failure: Maximum sending rate exceeded"
QUOTA = "454 Throttling failure: Daily message quota exceeded"


def client_error(operation: str, code: str = "MessageRejected", **meta: Any) -> boto.ClientError:
    said: Any = {"Error": {"Code": code, "Message": SECRET}, "ResponseMetadata": meta}
    return boto.ClientError(said, operation)


# Exceptions made by hand: no frame tells anything about them.

PLACED: list[tuple[BaseException, type[errors.SendError]]] = [
    (smtplib.SMTPConnectError(421, "no"), errors.TooManyConnectionsError),
    (smtplib.SMTPConnectError(-1, "garbage"), errors.ServiceUnavailableError),
    (smtplib.SMTPHeloError(550, "no"), errors.AccessDeniedError),
    (smtplib.SMTPAuthenticationError(454, b"Temporary"), errors.ServiceUnavailableError),
    (
        smtplib.SMTPAuthenticationError(535, b"Authentication Credentials Invalid"),
        errors.AuthenticationError,
    ),
    (smtplib.SMTPSenderRefused(454, RATE[4:].encode(), SECRET), errors.SendingRateExceededError),
    (smtplib.SMTPSenderRefused(501, b"Invalid MAIL FROM", SECRET), errors.MessageRejectedError),
    (smtplib.SMTPDataError(454, QUOTA[4:].encode()), errors.DailyQuotaExceededError),
    (smtplib.SMTPDataError(554, b"Message rejected"), errors.MessageRejectedError),
    (smtplib.SMTPDataError(-1, b"garbage"), errors.OutcomeUnknownError),
    (smtplib.SMTPRecipientsRefused({SECRET: (550, b"no")}), errors.MessageRejectedError),
    (smtplib.SMTPRecipientsRefused({SECRET: (451, b"later")}), errors.ServiceUnavailableError),
    (
        smtplib.SMTPRecipientsRefused({SECRET: (550, b"no"), "a": (451, b""), "b": (450, b"")}),
        errors.ServiceUnavailableError,
    ),
    (
        smtplib.SMTPRecipientsRefused(
            {"a": (454, RATE[4:].encode()), SECRET: (454, QUOTA[4:].encode())}
        ),
        errors.DailyQuotaExceededError,
    ),
    (smtplib.SMTPRecipientsRefused({}), errors.MessageRejectedError),
    (smtplib.SMTPNotSupportedError("STARTTLS extension not supported by server."),
     errors.TransportSecurityError),
    (smtplib.SMTPNotSupportedError("SMTP AUTH extension not supported by server."),
     errors.AuthenticationError),
    (smtplib.SMTPNotSupportedError("SMTPUTF8 not supported by server."),
     errors.MessageRejectedError),
    (smtplib.SMTPServerDisconnected("Connection unexpectedly closed"), errors.OutcomeUnknownError),
    (smtplib.SMTPResponseException(451, "to QUIT"), errors.OutcomeUnknownError),
    (smtplib.SMTPResponseException(500, "Line too long."), errors.OutcomeUnknownError),
    (smtplib.SMTPException(SECRET), errors.OutcomeUnknownError),
    (client_error("SendEmail"), errors.MessageRejectedError),
    (client_error("SendBulkTemplatedEmail", "Throttling"), errors.SendingRateExceededError),
    (client_error("SendRawEmail", "500", HTTPStatusCode=500), errors.OutcomeUnknownError),
    (client_error("GetSendQuota", "500", HTTPStatusCode=500), errors.ServiceUnavailableError),
    (boto.ClientError(cast("Any", {}), "SendEmail"), errors.OutcomeUnknownError),
    (boto.EndpointConnectionError(endpoint_url=SECRET), errors.ServiceUnavailableError),
    (boto.ConnectTimeoutError(endpoint_url=SECRET), errors.ServiceUnavailableError),
    (boto.ProxyConnectionError(proxy_url=SECRET), errors.ServiceUnavailableError),
    (boto.SSLError(endpoint_url=SECRET, error=OSError(SECRET)), errors.TransportSecurityError),
    (boto.ReadTimeoutError(endpoint_url=SECRET), errors.OutcomeUnknownError),
    (boto.ConnectionClosedError(endpoint_url=SECRET), errors.OutcomeUnknownError),
    (boto.HTTPClientError(error=SECRET), errors.OutcomeUnknownError),
    (boto.ConnectionError(error=OSError(SECRET)), errors.OutcomeUnknownError),
    (boto.IncompleteReadError(actual_bytes=1, expected_bytes=2), errors.OutcomeUnknownError),
    (ResponseParserError(SECRET), errors.OutcomeUnknownError),
    (boto.NoCredentialsError(), errors.AuthenticationError),
    (boto.CredentialRetrievalError(provider="x", error_msg=SECRET), errors.AuthenticationError),
    (boto.UnauthorizedSSOTokenError(), errors.AuthenticationError),
    (boto.TokenRetrievalError(provider="x", error_msg=SECRET), errors.AuthenticationError),
    (boto.ParamValidationError(report=SECRET), errors.MessageRejectedError),
]  # fmt: skip

PASSING: list[BaseException] = [
    ValueError(SECRET),
    OSError("a file"),
    ConnectionResetError("somebody else's"),
    ssl.SSLError("somebody else's"),
    TimeoutError(),
    KeyboardInterrupt(),
    client_error("PutObject"),
    client_error("GetAccount"),  # two other services have one as well
    client_error("AssumeRole"),
    boto.NoRegionError(),
    boto.ProfileNotFound(profile="x"),
    errors.SuppressedError("On the list.", reasons={}),
    errors.ServiceUnavailableError("Ours already."),
]


@pytest.mark.parametrize(("given_error", "kind"), PLACED)
def test_each_exception_is_its_error(
    given_error: BaseException, kind: type[errors.SendError]
) -> None:
    """smtplib's and botocore's exceptions are placed by what they are; the rest is unknown."""
    with pytest.raises(errors.SendError) as caught, translated_errors():
        raise given_error
    error = caught.value
    assert type(error) is kind
    assert error.original is given_error
    assert error.original_type == type(given_error).__name__
    assert error.transport in ("ses", "smtp")
    assert SECRET not in f"{error}{error!r}"
    assert SECRET not in "".join(traceback.format_exception(error))


@pytest.mark.parametrize("given_error", PASSING)
def test_all_else_passes(given_error: BaseException) -> None:
    """What is not about SES is not touched: the very same exception comes out."""
    with pytest.raises(type(given_error)) as caught, translated_errors():
        raise given_error
    assert caught.value is given_error


def test_an_error_of_ours_is_its_own_translation() -> None:
    """So code that catches anything can ask without looking first."""
    error = errors.ServiceUnavailableError("Ours already.")
    assert replies.from_exception(error) is error
    assert replies.from_exception(ValueError()) is None


def test_numbers_of_a_reply_are_not_taken_on_trust() -> None:
    """Others raise smtplib's exceptions too, with what they have at hand."""
    odd = smtplib.SMTPDataError(cast("Any", "454"), cast("Any", None))
    error = replies.from_exception(odd)
    assert type(error) is errors.OutcomeUnknownError
    assert error.code == -1


def test_what_the_reply_said_is_kept() -> None:
    """Code and words of an answer that cannot be placed are in the error's attributes."""
    error = replies.from_exception(smtplib.SMTPResponseException(451, "try later"))
    assert error is not None
    assert (error.code, error.reply) == (451, "try later")


@given(st.text() | st.binary(), st.integers())
def test_whatever_smtplib_raises_is_an_error(text: str | bytes, code: int) -> None:
    """No reply breaks the translation."""
    for kind in (smtplib.SMTPDataError, smtplib.SMTPResponseException, smtplib.SMTPConnectError):
        assert replies.from_exception(kind(code, text)) is not None


# smtplib at work: its frames tell which command an exception is about.


def send_over(peer: SMTPPeer, *to: str) -> None:
    """The way it is written everywhere."""
    if peer.tls == "implicit":
        smtp: smtplib.SMTP = smtplib.SMTP_SSL("127.0.0.1", peer.port, context=trusting(), timeout=5)
    else:
        smtp = smtplib.SMTP("127.0.0.1", peer.port, timeout=5)
    with smtp:
        if peer.tls == "starttls":
            smtp.starttls(context=trusting())
        smtp.login(USERNAME, PASSWORD)
        smtp.sendmail("shop@example.org", to or [SECRET], b"Subject: Hello\r\n\r\nHello\r\n")


def error_over(peer: SMTPPeer, *to: str) -> errors.SendError:
    with pytest.raises(errors.SendError) as caught, translated_errors():
        send_over(peer, *to)
    assert SECRET not in "".join(traceback.format_exception(caught.value))
    return caught.value


@pytest.mark.parametrize(
    ("stage", "kind"),
    [
        ("ehlo", errors.ServiceUnavailableError),
        ("auth", errors.ServiceUnavailableError),
        ("mail", errors.ServiceUnavailableError),
        ("rcpt", errors.ServiceUnavailableError),
        ("data", errors.OutcomeUnknownError),  # one function of smtplib says DATA and the body
        ("body", errors.OutcomeUnknownError),
    ],
)
@pytest.mark.parametrize("fault", [Fault.DROP, Fault.RESET])
def test_a_lost_connection_is_placed_by_its_command(
    stage: Stage, kind: type[errors.SendError], fault: Fault
) -> None:
    """Before DATA nothing was sent; from there on, nobody knows."""
    with SMTPPeer({stage: [fault]}) as peer:
        assert type(error_over(peer)) is kind


@pytest.mark.parametrize(
    ("stage", "answer", "kind"),
    [
        ("connect", "421 Too many concurrent SMTP connections", errors.TooManyConnectionsError),
        ("auth", "454 Temporary authentication failure", errors.ServiceUnavailableError),
        ("auth", "535 Authentication Credentials Invalid", errors.AuthenticationError),
        ("mail", RATE, errors.SendingRateExceededError),
        ("rcpt", QUOTA, errors.DailyQuotaExceededError),
        ("data", "451 Temporary service failure", errors.ServiceUnavailableError),
        ("data", b"hm\r\n", errors.ServiceUnavailableError),
        ("body", RATE, errors.SendingRateExceededError),
        ("body", QUOTA, errors.DailyQuotaExceededError),
        ("body", "554 Message rejected: no", errors.MessageRejectedError),
        ("body", b"hm\r\n", errors.OutcomeUnknownError),
        ("body", b"250 " + b"x" * 9000 + b"\r\n", errors.OutcomeUnknownError),
        ("mail", b"250 " + b"x" * 9000 + b"\r\n", errors.ServiceUnavailableError),
    ],
)
def test_an_answer_is_placed_by_its_command(
    stage: Stage, answer: str | bytes, kind: type[errors.SendError]
) -> None:
    """What the server says is judged by where smtplib heard it."""
    with SMTPPeer({stage: [answer, answer]}) as peer:  # smtplib tries a second way to log in
        assert type(error_over(peer)) is kind


def test_starttls_that_is_refused_is_a_matter_of_tls() -> None:
    """The mail is not sent in clear, and not called unknown."""
    with SMTPPeer({"starttls": ["502 no"]}, tls="starttls") as peer:
        assert type(error_over(peer)) is errors.TransportSecurityError


def test_a_bad_goodbye_is_unknown() -> None:
    """QUIT comes after 250, so whoever repeats on its error sends twice."""

    def refuse_to_quit(_: str) -> tuple[int, bytes]:
        return 451, b"to QUIT"

    def send_and_leave(port: int) -> None:
        with smtplib.SMTP_SSL("127.0.0.1", port, context=trusting(), timeout=5) as smtp:
            smtp.login(USERNAME, PASSWORD)
            smtp.sendmail("shop@example.org", [SECRET], b"\r\nHello\r\n")
            cast("Any", smtp).docmd = refuse_to_quit

    with SMTPPeer() as peer:
        with pytest.raises(errors.OutcomeUnknownError) as caught, translated_errors():
            send_and_leave(peer.port)
        assert caught.value.code == 451
        assert len(peer.messages) == 1


def test_no_login_that_both_know_is_a_matter_of_credentials() -> None:
    """smtplib has no exception of its own for it."""
    with (
        SMTPPeer() as peer,
        smtplib.SMTP_SSL("127.0.0.1", peer.port, context=trusting(), timeout=5) as smtp,
    ):
        smtp.ehlo()
        smtp.esmtp_features["auth"] = "XOAUTH2"
        with pytest.raises(errors.AuthenticationError), translated_errors():
            smtp.login(USERNAME, PASSWORD)


def test_nobody_listening_is_not_sent() -> None:
    """An OSError out of smtplib's code."""
    with (
        deaf_port() as port,
        pytest.raises(errors.ServiceUnavailableError) as caught,
        translated_errors(),
    ):
        smtplib.SMTP("127.0.0.1", port.port, timeout=5)
    assert isinstance(caught.value.original, ConnectionRefusedError)


@pytest.mark.parametrize("tls", ["implicit", "starttls"])
def test_a_wrong_certificate_is_not_sent(tls: Any) -> None:
    """Verification fails in smtplib or in ssl; either way nothing was sent."""
    with SMTPPeer(tls=tls, certificate=trustme.CA().issue_cert("127.0.0.1")) as peer:
        assert type(error_over(peer)) is errors.TransportSecurityError


def test_tls_alone_is_judged_by_its_frames() -> None:
    """ssl's code without smtplib's: a broken handshake proves, a broken read does not."""
    ours, theirs = socket.socketpair()
    with ours, theirs:
        theirs.sendall(b"this is no TLS at all, whatever it is")
        with pytest.raises(errors.TransportSecurityError), translated_errors():
            trusting().wrap_socket(ours, server_hostname="127.0.0.1")
    ours, theirs = socket.socketpair()
    with ours:
        theirs.close()
        with pytest.raises(errors.SendError) as caught, translated_errors():
            trusting().wrap_socket(ours, server_hostname="127.0.0.1")
        assert caught.value.outcome == "not_sent"


def raise_in(module: str, function: str, error: Exception) -> None:
    """Raise *error* in a frame of *function* in *module*, as an old or future version may."""
    space: dict[str, Any] = {"__name__": module, "error": error}
    exec(f"def {function}(): raise error", space)
    space[function]()


@pytest.mark.parametrize(
    ("module", "function", "given_error", "kind"),
    [
        ("smtplib", "send", ssl.SSLError("bad record"), errors.OutcomeUnknownError),
        ("smtplib", "send", TimeoutError(), errors.OutcomeUnknownError),
        ("smtplib", "connect", TimeoutError(), errors.ServiceUnavailableError),
        ("smtplib", "connect", socket.gaierror("no"), errors.ServiceUnavailableError),
        ("ssl", "read", ConnectionResetError(), errors.OutcomeUnknownError),
        ("ssl", "do_handshake", ConnectionResetError(), errors.ServiceUnavailableError),
        ("smtplib", "quit", smtplib.SMTPServerDisconnected(), errors.OutcomeUnknownError),
    ],
)
def test_what_the_frames_do_not_place_is_unknown(
    module: str, function: str, given_error: Exception, kind: type[errors.SendError]
) -> None:
    """An OSError out of smtplib or ssl that no command before the body accounts for."""
    with pytest.raises(errors.SendError) as caught, translated_errors():
        raise_in(module, function, given_error)
    assert type(caught.value) is kind


# botocore at work: its frames tell the service.


def client_of(service: str, url: str) -> Any:
    config = Config(
        retries={"mode": "standard", "total_max_attempts": 1}, read_timeout=0.3, connect_timeout=0.3
    )
    return cast("Any", _session()).client(service, endpoint_url=url, config=config)


@functools.cache
def _session() -> Session:
    return Session()


@contextlib.contextmanager
def answering(answer: Answer) -> Generator[str, None, None]:
    with HTTPPeer(answer, answer) as peer:
        yield peer.url


def test_every_operation_of_ses_is_translated() -> None:
    """Even those whose names other services have too, and with the region."""
    denied = Answer(403, {"message": "no"}, {"x-amzn-ErrorType": "AccessDeniedException"})
    with answering(denied) as url:
        client = client_of("sesv2", url)
        with pytest.raises(errors.AccessDeniedError) as caught, translated_errors():
            client.get_account()
        client.close()
    assert caught.value.region == "us-east-1"


@pytest.mark.parametrize("answer", [Answer(403, "<Error/>"), None], ids=["refused", "deaf"])
def test_other_services_are_left_alone(answer: Answer | None) -> None:
    """An error of SQS is not about mail, though the same exceptions are raised."""
    with contextlib.ExitStack() as stack:
        if answer is None:
            url = f"http://127.0.0.1:{stack.enter_context(deaf_port()).port}"
        else:
            url = stack.enter_context(answering(answer))
        client = client_of("sqs", url)
        with pytest.raises((boto.ClientError, boto.EndpointConnectionError)), translated_errors():
            client.list_queues()
        client.close()


def test_a_read_of_ses_that_times_out_may_be_repeated() -> None:
    """No mail hangs on it."""
    with HTTPPeer(fault="read_timeout") as peer:
        client = client_of("ses", peer.url)
        with pytest.raises(errors.ServiceUnavailableError), translated_errors():
            client.get_send_statistics()
        client.close()


@pytest.mark.parametrize(
    ("fault", "kind"),
    [
        (None, errors.ServiceUnavailableError),
        (Answer(403, "<Error><Code>AccessDenied</Code></Error>"), errors.AuthenticationError),
    ],
    ids=["not reached", "refused"],
)
def test_credentials_that_cannot_be_fetched_leave_the_mail_unsent(
    fault: Answer | None, kind: type[errors.SendError]
) -> None:
    """SES's client asks another service to sign, and it is that one that fails."""
    with contextlib.ExitStack() as stack:
        if fault is None:
            url = f"http://127.0.0.1:{stack.enter_context(deaf_port()).port}"
        else:
            url = stack.enter_context(answering(fault))
        sts = client_of("sts", url)
        ses = client_of("sesv2", "http://127.0.0.1:9")

        def sign(**_: object) -> None:
            sts.get_caller_identity()

        ses.meta.events.register("before-sign.sesv2", sign)
        with pytest.raises(errors.SendError) as caught, translated_errors():
            ses.send_email(Content={"Raw": {"Data": b""}})
        sts.close()
        ses.close()
    assert type(caught.value) is kind
    assert (caught.value.outcome, caught.value.region) == ("not_sent", "us-east-1")


def chained(outer: Exception, inner: Exception) -> Exception:
    try:
        raise outer from inner
    except Exception as error:
        return error


def through_ssl(function: str) -> ssl.SSLError:
    broken = ssl.SSLError("bad record mac")
    with contextlib.suppress(ssl.SSLError):
        raise_in("ssl", function, broken)
    return broken


@pytest.mark.parametrize(
    ("function", "kind"),
    [
        ("read", errors.OutcomeUnknownError),
        ("sendall", errors.OutcomeUnknownError),
        ("do_handshake", errors.TransportSecurityError),
    ],
)
def test_tls_that_breaks_after_the_handshake_proves_nothing(
    function: str, kind: type[errors.SendError]
) -> None:
    """botocore raises SSLError for both, and only the frames beneath it tell."""
    broken = through_ssl(function)
    cause = chained(urllib3.exceptions.SSLError(broken), broken)
    error = replies.from_exception(boto.SSLError(endpoint_url=SECRET, error=cause))
    assert type(error) is kind


@pytest.mark.parametrize(
    ("inner", "kind"),
    [
        (OSError("Tunnel connection failed: 403 Forbidden"), errors.ServiceUnavailableError),
        (
            urllib3.exceptions.NewConnectionError(cast("Any", None), "refused"),
            errors.ServiceUnavailableError,
        ),
        (ConnectionResetError(), errors.OutcomeUnknownError),
    ],
)
def test_a_proxy_that_breaks_off_proves_nothing(
    inner: Exception, kind: type[errors.SendError]
) -> None:
    """urllib3 1 calls a reset after the body a proxy's fault as well."""
    cause = urllib3.exceptions.ProxyError("Cannot connect to proxy.", inner)
    error = replies.from_exception(boto.ProxyConnectionError(proxy_url=SECRET, error=cause))
    assert type(error) is kind


# As a decorator.


def fail(error: Exception) -> NoReturn:
    raise error


def test_a_function_is_decorated() -> None:
    """It keeps its name and its answer, and can be called again."""

    @translated_errors()
    def send(error: Exception | None) -> str:
        """Send it."""
        if error:
            raise error
        return "sent"

    assert (send.__name__, send.__doc__) == ("send", "Send it.")
    for _ in range(2):
        assert send(None) == "sent"
        with pytest.raises(errors.DailyQuotaExceededError):
            send(smtplib.SMTPDataError(454, QUOTA))
        with pytest.raises(KeyError):
            send(KeyError())


class _Sender:
    @translated_errors()
    async def method(self, error: Exception) -> None:
        await asyncio.sleep(0)
        raise error

    async def __call__(self, error: Exception) -> None:
        await self.method.__wrapped__(self, error)  # type: ignore[attr-defined]


async def _send(error: Exception) -> None:
    await asyncio.sleep(0)
    raise error


@pytest.mark.parametrize(
    "send",
    [
        translated_errors()(_send),
        _Sender().method,
        translated_errors()(_Sender()),
        translated_errors()(functools.partial(_send)),
    ],
    ids=["function", "method", "callable object", "partial"],
)
def test_a_coroutine_function_is_decorated(send: Callable[[Exception], Any]) -> None:
    """The error is translated when the coroutine runs, not when it is made."""
    coroutine = send(smtplib.SMTPDataError(454, QUOTA))
    with pytest.raises(errors.DailyQuotaExceededError):
        asyncio.run(coroutine)


def test_a_generator_function_is_refused() -> None:
    """Its errors come when it is gone through, so a decorator would miss them in silence."""

    def lines() -> Iterator[None]:
        yield

    async def alines() -> AsyncIterator[None]:
        yield

    for function in (lines, alines):
        with pytest.raises(errors.ConfigurationError, match="with translated_errors"):
            translated_errors()(function)


def test_nothing_happens_where_nothing_is_raised() -> None:
    """The context can be used again, and nested."""
    context = translated_errors()
    with context, context:
        pass
    with pytest.raises(errors.OutcomeUnknownError), context, context:
        fail(smtplib.SMTPServerDisconnected())
