"""What SES answers over HTTP, as unpatched boto3 reads it: API v1 and v2, and SMTP, agree."""

from __future__ import annotations

from collections.abc import Generator
from contextlib import contextmanager
from functools import cache
from typing import Any, cast

import pytest
from boto3.session import Session
from botocore.config import Config

from sesguard import Email, errors, translated_errors
from sesguard.replies import from_smtp
from sesguard.transports import SESTransport
from tests.peers.http import Answer, HTTPPeer

EMAIL = Email(sender="shop@example.org", to="ann@example.org", subject="Hello", text="Hello")
REQUEST_ID = "11111111-2222-3333-4444-555555555555"
UNVERIFIED = (
    "Email address is not verified. The following identities failed the check in region "
    "US-EAST-1: ann@example.org"
)
PAUSED = "Sending paused for this account. For more information, please check the inbox"
DENIED = (
    "User `arn:aws:iam::123456789012:user/x' is not authorized to perform `ses:SendEmail' "
    "on resource `arn:aws:ses:us-east-1:123456789012:identity/example.org'"
)

# The cause; v1's code and words; v2's code, words and status; SMTP's reply; the error.
CAUSES: list[tuple[str, tuple[str, str], tuple[str, str, int], tuple[int, str], type[Any]]] = [
    (
        "rate",
        ("Throttling", "Maximum sending rate exceeded."),
        ("TooManyRequestsException", "Maximum sending rate exceeded.", 429),
        (454, "Throttling failure: Maximum sending rate exceeded."),
        errors.SendingRateExceededError,
    ),
    (
        "quota",
        ("Throttling", "Daily message quota exceeded."),
        ("LimitExceededException", "Daily message quota exceeded.", 400),
        (454, "Throttling failure: Daily message quota exceeded"),
        errors.DailyQuotaExceededError,
    ),
    (
        "new throttling",
        ("Throttling", "Too fast in a new way"),
        ("TooManyRequestsException", "Too fast in a new way", 429),
        (454, "Throttling failure: Too fast in a new way"),
        errors.SendingRateExceededError,
    ),
    (
        "not verified",
        ("MessageRejected", UNVERIFIED),
        ("MessageRejected", UNVERIFIED, 400),
        (554, f"Message rejected: {UNVERIFIED}"),
        errors.NotVerifiedError,
    ),
    (
        "paused",
        ("MessageRejected", PAUSED),
        ("SendingPausedException", PAUSED, 400),
        (554, f"Message rejected: {PAUSED}"),
        errors.SendingPausedError,
    ),
    (
        "denied",
        ("AccessDenied", DENIED),
        ("AccessDeniedException", DENIED, 403),
        (554, f"Access denied: {DENIED}"),
        errors.AccessDeniedError,
    ),
    (
        "credentials",
        ("InvalidClientTokenId", "The security token included in the request is invalid."),
        ("UnrecognizedClientException", "The security token is invalid.", 403),
        (535, "Authentication Credentials Invalid"),
        errors.AuthenticationError,
    ),
    (
        "signature",
        ("SignatureDoesNotMatch", "The request signature we calculated does not match."),
        ("InvalidSignatureException", "The request signature does not match.", 403),
        (535, "Authentication Credentials Invalid"),
        errors.AuthenticationError,
    ),
    (
        "no such configuration set",
        ("ConfigurationSetDoesNotExist", "Configuration set <news> does not exist."),
        ("NotFoundException", "Configuration set <news> does not exist.", 404),
        (554, "Message rejected: Configuration set <news> does not exist."),
        errors.NotFoundError,
    ),
    (
        "syntax",
        ("InvalidParameterValue", "Missing final '@domain'"),
        ("BadRequestException", "Missing final '@domain'", 400),
        (554, "Transaction failed: Missing final '@domain'"),
        errors.MessageRejectedError,
    ),
]
BY_NAME = [pytest.param(*row[1:], id=row[0]) for row in CAUSES]


@cache
def session() -> Session:
    return Session()


@contextmanager
def v1_client(url: str) -> Generator[Any, None, None]:
    config = Config(retries={"mode": "standard", "total_max_attempts": 1})
    client = cast("Any", session()).client("ses", endpoint_url=url, config=config)
    yield client
    client.close()


def xml(code: str, words: str, status: int = 400) -> Answer:
    """An error as API v1 writes it."""
    escaped = words.replace("&", "&amp;").replace("<", "&lt;")
    return Answer(
        status,
        '<ErrorResponse xmlns="http://ses.amazonaws.com/doc/2010-12-01/"><Error>'
        f"<Type>Sender</Type><Code>{code}</Code><Message>{escaped}</Message></Error>"
        f"<RequestId>{REQUEST_ID}</RequestId></ErrorResponse>",
        {"Content-Type": "text/xml"},
    )


def in_json(code: str, words: str, status: int) -> Answer:
    """An error as API v2 writes it."""
    return Answer(status, {"message": words}, {"x-amzn-ErrorType": f"{code}:http://internal/"})


def send_by_v1(client: Any) -> None:
    client.send_email(
        Source="shop@example.org",
        Destination={"ToAddresses": ["ann@example.org"]},
        Message={"Subject": {"Data": "Hello"}, "Body": {"Text": {"Data": "Hello"}}},
    )


@pytest.mark.parametrize(("v1", "v2", "smtp", "kind"), BY_NAME)
def test_the_same_cause_is_the_same_error(
    v1: tuple[str, str],
    v2: tuple[str, str, int],
    smtp: tuple[int, str],
    kind: type[errors.SendError],
) -> None:
    """However SES was asked, a cause has one class, one wait and one outcome."""
    found: list[errors.SendError] = []
    with (
        HTTPPeer(in_json(*v2)) as peer,
        SESTransport(boto3_session=session(), endpoint_url=peer.url) as transport,
    ):
        with pytest.raises(errors.SendError) as caught:
            transport.submit(EMAIL, lambda: None)
        found.append(caught.value)
        assert (caught.value.code, caught.value.reply) == v2[:2]
        assert len(peer.requests) == 1
    with HTTPPeer(xml(*v1)) as peer, v1_client(peer.url) as client:
        with pytest.raises(errors.SendError) as caught, translated_errors():
            send_by_v1(client)
        found.append(caught.value)
        assert (caught.value.code, caught.value.reply) == v1
        assert len(peer.requests) == 1
    for error in found:
        assert (error.request_id, error.region) == (REQUEST_ID, "us-east-1")
        assert (error.attempts, error.transport) == (1, "ses")
        assert error.original_type is not None
        assert "ann@example.org" not in f"{error}{error!r}"
    found.append(from_smtp(*smtp, phase="body"))
    assert [type(error) for error in found] == [kind] * 3
    assert len({(error.retryable, error.retry_after, error.outcome) for error in found}) == 1


@pytest.mark.parametrize(
    ("headers", "seconds"),
    [
        ({}, 1.0),
        ({"x-amz-retry-after": "2500"}, 2.5),
        ({"Retry-After": "30"}, 30.0),
        ({"x-amz-retry-after": "10"}, 1.0),
        ({"Retry-After": "Wed, 21 Oct 2026 07:28:00 GMT"}, 1.0),
        ({"Retry-After": "-1"}, 1.0),
        ({"Retry-After": "999999999"}, 86_400.0),
    ],
)
def test_the_wait_that_ses_names_is_kept(headers: dict[str, str], seconds: float) -> None:
    """A Retry-After in seconds, or AWS's own in milliseconds, is the error's ``retry_after``."""
    code = {"x-amzn-ErrorType": "TooManyRequestsException"}
    answer = Answer(429, {"message": "Maximum sending rate exceeded."}, code | headers)
    with (
        HTTPPeer(answer) as peer,
        SESTransport(boto3_session=session(), endpoint_url=peer.url) as transport,
        pytest.raises(errors.SendingRateExceededError) as caught,
    ):
        transport.submit(EMAIL, lambda: None)
    assert caught.value.retry_after == seconds


def test_attempts_of_a_client_that_repeats_are_counted() -> None:
    """What botocore did by itself is in ``attempts``."""
    throttled = xml("Throttling", "Maximum sending rate exceeded.")
    with HTTPPeer(throttled, throttled) as peer, v1_client(peer.url) as client:
        client.meta.events.register("needs-retry.ses", _once_more)
        with pytest.raises(errors.SendingRateExceededError) as caught, translated_errors():
            send_by_v1(client)
        assert (caught.value.attempts, len(peer.requests)) == (2, 2)


def _once_more(attempts: int, **_: object) -> float | None:
    return 0.0 if attempts == 1 else None


def test_the_quota_is_read() -> None:
    """GetAccount's three figures, by one request."""
    figures = {"Max24HourSend": 50_000.0, "MaxSendRate": 14.0, "SentLast24Hours": 12.0}
    answer = Answer(body={"SendQuota": figures})
    with (
        HTTPPeer(answer, answer) as peer,
        SESTransport(boto3_session=session(), endpoint_url=peer.url) as transport,
    ):
        quota = transport.quota()
        assert (quota.max_24_hour_send, quota.max_send_rate) == (50_000.0, 14.0)
        assert (quota.sent_last_24_hours, quota.left) == (12.0, 49_988.0)
        assert transport.max_send_rate() == 14.0
        assert [(one.method, one.path) for one in peer.requests] == [
            ("GET", "/v2/email/account")
        ] * 2


def test_a_refused_look_at_the_quota_says_so() -> None:
    """A control request that is refused or throttled has the same classes, in other words."""
    with (
        HTTPPeer(
            in_json("AccessDeniedException", DENIED, 403),
            in_json("TooManyRequestsException", "Rate exceeded", 429),
        ) as peer,
        SESTransport(boto3_session=session(), endpoint_url=peer.url) as transport,
    ):
        with pytest.raises(errors.AccessDeniedError):
            transport.quota()
        with pytest.raises(errors.SendingRateExceededError, match="one such request a second"):
            transport.max_send_rate()
