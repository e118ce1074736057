"""What an answer of SNS, SQS, SES, KMS or STS means for a pipe. Pure."""

from __future__ import annotations

import re

from sesguard.errors import (
    AccessDeniedError,
    AuthenticationError,
    ConfigurationError,
    NotFoundError,
    ServiceUnavailableError,
)

__all__ = ["PipeError", "error_of"]

PipeError = (
    AccessDeniedError
    | AuthenticationError
    | ConfigurationError
    | NotFoundError
    | ServiceUnavailableError
)
"""What can go wrong with a pipe. Only the last is worth another try."""

_ABSENT = frozenset(
    (
        *("NotFound", "NotFoundException", "QueueDoesNotExist"),
        *("NonExistentQueue", "ConfigurationSetDoesNotExist"),
    )
)
_NO_SUCH_KEY = frozenset(
    (
        *("AuthFailure", "ExpiredToken", "ExpiredTokenException", "InvalidAccessKeyId"),
        *("InvalidClientTokenId", "MissingAuthenticationToken", "SignatureDoesNotMatch"),
        *("UnrecognizedClientException", "IncompleteSignature"),
    )
)
_BUSY = frozenset(("TooManyRequestsException", "OverLimit", "KmsThrottled"))
_SOON = frozenset(("QueueDeletedRecently", "ConcurrentModificationException"))
_DENIED = ("AccessDenied", "AuthorizationError", "UnauthorizedOperation", "NotAuthorized")
_PLAIN_CODE = re.compile(r"[A-Za-z0-9_.]{1,80}")
_ACTION = re.compile(r"to perform:? [`'\"]?([A-Za-z0-9-]{2,30}:[A-Za-z]{3,80})\b")
_PREFIX = {"sesv2": "ses"}
_CALLED = {"ses": "SES", "sesv2": "SES"}


def error_of(
    code: str,
    message: str,
    status: int,
    *,
    service: str,
    operation: str,
    region: str | None,
    request_id: str | None = None,
    original: BaseException | None = None,
) -> PipeError:
    """
    The error that an answer stands for.

    Args:
        code: The service's code.

        message: Its words, in which an action may be named that is not allowed. They are not
            repeated.

        status: The HTTP status.

        service: As boto3 names it.

        operation: Such as ``CreateTopic``.
    """
    code = _bare(code)
    seen = code if _PLAIN_CODE.fullmatch(code) else str(status)
    called = _CALLED.get(service, service.upper())
    kind: type[AccessDeniedError | AuthenticationError | NotFoundError | ServiceUnavailableError]
    if any(word in code for word in _DENIED):
        kind = AccessDeniedError
        told = _ACTION.search(message)
        missing = told[1] if told else f"{_PREFIX.get(service, service)}:{operation}"
        text = (
            f"{missing} is not allowed for these credentials. Add it to their policy: "
            "infra.iam_policy('admin', layout) has all that a pipe needs."
        )
    elif code in _NO_SUCH_KEY:
        kind = AuthenticationError
        text = f"{called} does not accept the credentials ({seen}). Check the access key."
    elif code in _ABSENT:
        kind = NotFoundError
        text = (
            f"{called} has not what {operation} was asked of ({seen}) in {region}. Check the "
            "names and the region, and make the configuration set or the identity first."
        )
    elif code in _BUSY or code in _SOON or "Throttl" in code or status >= 500:
        kind = ServiceUnavailableError
        wait = "in a minute" if code in _SOON else "in some seconds"
        text = f"{called} could not do {operation} now ({seen}). Do the same again {wait}."
    else:
        return ConfigurationError(
            f"{called} refused {operation} ({seen}) in {region}. Check the names of the pipe, and "
            "what is there under them.",
            original=original,
        )
    return kind(
        text,
        code=seen,
        request_id=request_id,
        region=region,
        transport=service,
        original=original,
    )


def _bare(code: str) -> str:
    return code.removeprefix("AWS.SimpleQueueService.")
