"""One send, one request: whatever a server does, and whatever the environment says of retries."""

from __future__ import annotations

import itertools
from collections.abc import Generator
from contextlib import contextmanager
from functools import cache
from pathlib import Path
from typing import get_args

import pytest
import trustme
from boto3.session import Session

from sesguard import Email, errors
from sesguard.transports import SESTransport
from tests.peers.http import (
    NEVER_READ,
    Answer,
    Fault,
    HTTPPeer,
    authority,
    deaf_port,
    full_port,
    taken,
)

EMAIL = Email(
    sender="shop@example.org", to="secret@example.org", subject="secret subject", text="secret body"
)
RATE, QUOTA = "Maximum sending rate exceeded.", "Daily message quota exceeded."


@pytest.fixture(autouse=True)
def _environment_that_wants_retries(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AWS_MAX_ATTEMPTS", "7")
    monkeypatch.setenv("AWS_RETRY_MODE", "adaptive")


@cache
def session() -> Session:
    """It reads the service's model once, and the environment for each client."""
    return Session()


@contextmanager
def transport_to(url: str) -> Generator[SESTransport, None, None]:
    with SESTransport(
        boto3_session=session(), endpoint_url=url, connect_timeout=0.3, read_timeout=0.3
    ) as transport:
        yield transport


def error_of(transport: SESTransport) -> errors.SendError:
    """What a submit raises. It is checked for what every error of a send must keep to."""
    handovers: list[None] = []
    with pytest.raises(errors.SendError) as caught:
        transport.submit(EMAIL, lambda: handovers.append(None))
    error = caught.value
    assert len(handovers) == 1
    assert (error.transport, error.region, error.attempts) == ("ses", "us-east-1", 1)
    assert "secret" not in f"{error}{error!r}"
    assert error.__context__ is None or error.__suppress_context__
    return error


@pytest.mark.parametrize("fault", get_args(Fault))
def test_a_fault_is_unknown_and_is_one_request(fault: Fault) -> None:
    """Whoever read the request may have taken the mail, so it is not sent again."""
    with HTTPPeer(fault=fault) as peer, transport_to(peer.url) as transport:
        error = error_of(transport)
        assert type(error) is errors.OutcomeUnknownError
        assert len(peer.requests) == (0 if fault in NEVER_READ else 1)
        assert peer.connections == 1


@pytest.mark.parametrize("body", ["<html>Bad Gateway</html>", "", '{"message": "no"}', "{"])
@pytest.mark.parametrize("status", [500, 502, 503, 504])
def test_a_server_error_is_unknown_and_is_one_request(status: int, body: str) -> None:
    """HTTP 500 to 504 may hide a mail that was taken."""
    with HTTPPeer(Answer(status, body)) as peer, transport_to(peer.url) as transport:
        error = error_of(transport)
        assert type(error) is errors.OutcomeUnknownError
        assert len(peer.requests) == 1


@pytest.mark.parametrize(
    ("status", "words", "kind", "seconds"),
    [
        (429, RATE, errors.SendingRateExceededError, 1.0),
        (429, QUOTA, errors.DailyQuotaExceededError, 3600.0),
        (400, RATE, errors.SendingRateExceededError, 1.0),
        (400, QUOTA, errors.DailyQuotaExceededError, 3600.0),
    ],
)
def test_a_throttle_is_not_repeated_here(
    status: int, words: str, kind: type[errors.SendError], seconds: float
) -> None:
    """A throttled mail was not taken, and whether to repeat it is decided elsewhere."""
    code = "TooManyRequestsException" if status == 429 else "LimitExceededException"
    answer = Answer(status, {"message": words}, {"x-amzn-ErrorType": code})
    with HTTPPeer(answer) as peer, transport_to(peer.url) as transport:
        error = error_of(transport)
        assert (type(error), error.retry_after, error.code) == (kind, seconds, code)
        assert error.request_id == "11111111-2222-3333-4444-555555555555"
        assert len(peer.requests) == 1


def test_nobody_listening_is_not_sent() -> None:
    """A refused connection proves that nothing was sent."""
    with deaf_port() as url, transport_to(url) as transport:
        assert type(error_of(transport)) is errors.ServiceUnavailableError


def test_a_full_accept_queue_is_not_sent() -> None:
    """So does a connection that never comes about."""
    with full_port() as url, transport_to(url) as transport:
        assert type(error_of(transport)) is errors.ServiceUnavailableError


@pytest.mark.parametrize("names_host", [True, False], ids=["unknown authority", "other host"])
def test_a_wrong_certificate_is_not_sent(
    names_host: bool, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A certificate of another host or of an unknown authority ends the matter before the mail."""
    other = trustme.CA() if names_host else authority()
    certificate = other.issue_cert("127.0.0.1" if names_host else "ses.example.org")
    authority().cert_pem.write_to_path(str(tmp_path / "roots.pem"))
    monkeypatch.setenv("AWS_CA_BUNDLE", str(tmp_path / "roots.pem"))
    with HTTPPeer(certificate=certificate) as peer, transport_to(peer.url) as transport:
        assert type(error_of(transport)) is errors.TransportSecurityError
        assert peer.requests == []


@pytest.mark.parametrize("fault", ["reset_after_body", "read_timeout", "truncated_200"])
def test_a_fault_under_tls_is_unknown(
    fault: Fault, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """TLS that breaks after the handshake proves nothing."""
    authority().cert_pem.write_to_path(str(tmp_path / "roots.pem"))
    monkeypatch.setenv("AWS_CA_BUNDLE", str(tmp_path / "roots.pem"))
    peer = HTTPPeer(fault, certificate=authority().issue_cert("127.0.0.1"))
    with peer, transport_to(peer.url) as transport:
        assert type(error_of(transport)) is errors.OutcomeUnknownError
        assert transport.submit(EMAIL, lambda: None).message_id
        assert len(peer.requests) == 2


def test_a_proxy_that_is_not_there_is_not_sent(monkeypatch: pytest.MonkeyPatch) -> None:
    """No connection to the proxy, no mail."""
    with deaf_port() as proxy, HTTPPeer() as peer:
        monkeypatch.setenv("HTTP_PROXY", proxy)
        with transport_to(peer.url) as transport:
            assert type(error_of(transport)) is errors.ServiceUnavailableError
        assert peer.requests == []


def test_a_proxy_that_refuses_a_tunnel_is_not_sent(monkeypatch: pytest.MonkeyPatch) -> None:
    """Without a tunnel nothing was sent through it."""
    with HTTPPeer(Answer(403, "no")) as proxy:
        monkeypatch.setenv("HTTPS_PROXY", proxy.url)
        with transport_to("https://127.0.0.1:9") as transport:
            assert type(error_of(transport)) is errors.ServiceUnavailableError
        assert [request.method for request in proxy.requests] == ["CONNECT"]


def test_a_proxy_that_breaks_off_is_unknown(monkeypatch: pytest.MonkeyPatch) -> None:
    """A proxy that read the request may have passed it on."""
    with HTTPPeer("reset_after_body") as proxy:
        monkeypatch.setenv("HTTP_PROXY", proxy.url)
        with transport_to("http://127.0.0.1:9") as transport:
            assert type(error_of(transport)) is errors.OutcomeUnknownError
        assert len(proxy.requests) == 1


def test_a_connection_closed_while_idle_costs_no_mail() -> None:
    """What the server closed between two mails is seen before the second one."""
    with HTTPPeer() as peer, transport_to(peer.url) as transport:
        assert transport.submit(EMAIL, lambda: None).message_id
        peer.hang_up()
        assert transport.submit(EMAIL, lambda: None).message_id
        assert (len(peer.requests), peer.connections) == (2, 2)


def test_after_every_fault_the_next_mail_goes_out() -> None:
    """No fault leaves something behind in the client."""
    steps: list[Answer | Fault] = list(get_args(Fault))
    script = itertools.chain.from_iterable((step, taken(str(at))) for at, step in enumerate(steps))
    with HTTPPeer(*script) as peer, transport_to(peer.url) as transport:
        for at, _ in enumerate(steps):
            error_of(transport)
            assert transport.submit(EMAIL, lambda: None).message_id == str(at)
        assert len(peer.requests) == 2 * len(steps) - len(NEVER_READ)


def test_reading_the_quota_leaves_nothing_unknown() -> None:
    """No mail hangs on GetAccount: all that goes wrong with it may be repeated."""
    for step in (*get_args(Fault), Answer(500, ""), Answer(503, "{}")):
        with HTTPPeer(step) as peer, transport_to(peer.url) as transport:
            with pytest.raises(errors.ServiceUnavailableError) as caught:
                transport.quota()
            assert caught.value.retryable
            assert len(peer.requests) <= 1
