"""What an SQS queue's URL says, and what SQS means by its error codes."""

from __future__ import annotations

import re

from sesguard.errors import (
    AccessDeniedError,
    AuthenticationError,
    ConfigurationError,
    ServiceUnavailableError,
)

__all__ = ["QueueError", "from_code", "region_of_queue"]

QueueError = AccessDeniedError | AuthenticationError | ConfigurationError | ServiceUnavailableError
"""What can be wrong with a queue. Only the last is worth another try."""

_REGION = re.compile(
    r"https?://(?:[^/.:]+\.)*?"
    r"(?:sqs(?:-fips)?\.([a-z]+(?:-[a-z]+)+-\d+)|([a-z]+(?:-[a-z]+)+-\d+)\.queue)\.[a-z]"
)
"""Today's host, a VPC endpoint's, or that of the first years."""

_NO_QUEUE = frozenset({"NonExistentQueue", "QueueDoesNotExist"})
_NO_SUCH_KEY = frozenset(
    {
        "AuthFailure",
        "ExpiredToken",
        "ExpiredTokenException",
        "InvalidAccessKeyId",
        "InvalidClientTokenId",
        "MissingAuthenticationToken",
        "SignatureDoesNotMatch",
        "UnrecognizedClientException",
    }
)
_PLAIN_CODE = re.compile(r"[A-Za-z0-9_.]{1,80}")
_BUSY = frozenset({"OverLimit", "RequestThrottled", "KmsThrottled", "RequestTimeout"})


def region_of_queue(queue_url: str) -> str | None:
    """The region in a queue's URL; None where the host is not one of SQS's."""
    found = _REGION.match(queue_url)
    return (found[1] or found[2]) if found else None


def from_code(
    code: str,
    status: int,
    *,
    action: str,
    queue_url: str,
    region: str | None = None,
    request_id: str | None = None,
    original: BaseException | None = None,
) -> QueueError:
    """
    The error that an answer of SQS stands for.

    Args:
        code: SQS's code, with or without its old prefix.

        status: The HTTP status.

        action: The action, as a policy names it after ``sqs:``.

    Source:
        SQS API Reference, "Common Errors" and the errors of each action.
    """
    code = code.removeprefix("AWS.SimpleQueueService.")
    seen = code if _PLAIN_CODE.fullmatch(code) else str(status)
    if code in _NO_QUEUE:
        return ConfigurationError(
            f"There is no queue {queue_url} in region {region}. "
            "Check the URL, its account and the region.",
            original=original,
        )
    kind: type[AccessDeniedError | AuthenticationError | ServiceUnavailableError]
    if "AccessDenied" in code:
        kind = AccessDeniedError
        missing = "kms:Decrypt on the queue's key" if code.startswith("Kms") else f"sqs:{action}"
        message = (
            f"{missing} is not allowed for {queue_url}. Add it to the policy of these credentials."
        )
    elif code in _NO_SUCH_KEY:
        kind = AuthenticationError
        message = f"SQS does not accept the credentials ({code}). Check the access key."
    elif code in _BUSY or "Throttl" in code or status >= 500:
        kind = ServiceUnavailableError
        message = f"SQS is busy ({seen}) for {queue_url}. Ask again later."
    else:
        return ConfigurationError(
            f"SQS refused {action} for {queue_url}: {seen}. "
            "Check the URL and the options of this source.",
            original=original,
        )
    return kind(
        message,
        code=code,
        request_id=request_id,
        region=region,
        transport="sqs",
        original=original,
    )
