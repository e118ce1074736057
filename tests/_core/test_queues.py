"""What a queue's URL says, and what SQS's codes mean."""

from __future__ import annotations

import pytest

from sesguard import errors
from sesguard._core.queues import from_code, region_of_queue

URL = "https://sqs.eu-west-1.amazonaws.com/123456789012/feedback"


@pytest.mark.parametrize(
    ("url", "region"),
    [
        (URL, "eu-west-1"),
        ("https://sqs.us-gov-west-1.amazonaws.com/1/q.fifo", "us-gov-west-1"),
        ("https://sqs.cn-north-1.amazonaws.com.cn/1/q", "cn-north-1"),
        ("https://sqs.eusc-de-east-1.amazonaws.eu/1/q", "eusc-de-east-1"),
        ("https://sqs-fips.us-east-1.amazonaws.com/1/q", "us-east-1"),
        ("https://sqs.eu-west-1.api.aws/1/q", "eu-west-1"),
        ("https://eu-west-1.queue.amazonaws.com/1/q", "eu-west-1"),
        ("https://vpce-0a-1b.sqs.eu-west-1.vpce.amazonaws.com/1/q", "eu-west-1"),
        ("https://queue.amazonaws.com/1/q", None),
        ("http://127.0.0.1:4566/000000000000/sqs.eu-west-1.q", None),
        ("http://localhost/1/q", None),
    ],
)
def test_the_region_is_in_the_host(url: str, region: str | None) -> None:
    """Of all hosts that SQS has had; of no other."""
    assert region_of_queue(url) == region


@pytest.mark.parametrize(
    ("code", "status", "kind", "says"),
    [
        ("AWS.SimpleQueueService.NonExistentQueue", 400, errors.ConfigurationError, "eu-west-1"),
        ("QueueDoesNotExist", 400, errors.ConfigurationError, "no queue"),
        ("AccessDenied", 403, errors.AccessDeniedError, "sqs:ReceiveMessage"),
        ("AccessDeniedException", 400, errors.AccessDeniedError, "sqs:ReceiveMessage"),
        ("KmsAccessDenied", 400, errors.AccessDeniedError, "kms:Decrypt"),
        ("InvalidClientTokenId", 403, errors.AuthenticationError, "access key"),
        ("SignatureDoesNotMatch", 403, errors.AuthenticationError, "access key"),
        ("ExpiredToken", 403, errors.AuthenticationError, "ExpiredToken"),
        ("OverLimit", 403, errors.ServiceUnavailableError, "busy"),
        ("RequestThrottled", 403, errors.ServiceUnavailableError, "busy"),
        ("ThrottlingException", 400, errors.ServiceUnavailableError, "busy"),
        ("InternalError", 500, errors.ServiceUnavailableError, "busy"),
        ("", 503, errors.ServiceUnavailableError, "503"),
        ("InvalidParameterValue", 400, errors.ConfigurationError, "InvalidParameterValue"),
    ],
)
def test_a_code_becomes_the_error_that_says_the_next_step(
    code: str, status: int, kind: type[errors.SESGuardError], says: str
) -> None:
    """What waiting mends is retryable, and nothing else is; the queue is named."""
    cause = RuntimeError("somebody@example.org")
    error = from_code(
        code,
        status,
        action="ReceiveMessage",
        queue_url=URL,
        region="eu-west-1",
        request_id="request",
        original=cause,
    )
    assert type(error) is kind
    assert says in str(error)
    assert "feedback" in str(error) or "credentials" in str(error)
    assert error.retryable is (kind is errors.ServiceUnavailableError)
    assert error.original is cause
    if isinstance(error, errors.SendError):
        assert (error.transport, error.region, error.request_id) == ("sqs", "eu-west-1", "request")
