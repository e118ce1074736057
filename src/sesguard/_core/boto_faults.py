"""
What an exception out of botocore says about the mail.

Only what proves that nothing was sent is called so: no connection, no TLS, no credentials, a
parsed refusal. `ConnectionClosedError` is raised both when nothing was read and when all was.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, cast

from sesguard import errors
from sesguard._core import reply_texts as says
from sesguard._core.replies import from_api
from sesguard._core.tracebacks import class_names, frames, module_of

__all__ = ["SENDS", "from_boto_exception", "from_credentials_exception", "reached_http"]

SENDS = frozenset(
    (
        "SendEmail",
        "SendBulkEmail",
        "SendRawEmail",
        "SendTemplatedEmail",
        "SendBulkTemplatedEmail",
        "SendCustomVerificationEmail",
        "SendBounce",
    )
)
"""The operations of API v1 and v2 that send mail. No other service has one of these names."""

_SES = frozenset(("ses", "sesv2", "pinpoint-email"))
_OURS_BY_NAME = SENDS | {
    "GetSendQuota",
    "GetSendStatistics",
    "GetSuppressedDestination",
    "ListSuppressedDestinations",
    "PutSuppressedDestination",
    "DeleteSuppressedDestination",
}
_BY_CLASS: tuple[tuple[str, says.Verdict], ...] = (
    ("EndpointConnectionError", says.UNREACHABLE),
    ("ConnectTimeoutError", says.UNREACHABLE),
    ("SSLError", says.TLS_FAILED),
    ("ProxyConnectionError", says.UNREACHABLE),
    ("ParamValidationError", says.MALFORMED),
    ("NoCredentialsError", says.NO_CREDENTIALS),
    ("PartialCredentialsError", says.NO_CREDENTIALS),
    ("CredentialRetrievalError", says.NO_CREDENTIALS),
    ("MetadataRetrievalError", says.NO_CREDENTIALS),
    ("UnknownCredentialError", says.NO_CREDENTIALS),
    ("RefreshWithMFAUnsupportedError", says.NO_CREDENTIALS),
    ("TokenRetrievalError", says.NO_CREDENTIALS),
    ("NoAuthTokenError", says.NO_CREDENTIALS),
    ("SSOError", says.NO_CREDENTIALS),
    ("LoginError", says.NO_CREDENTIALS),
    ("HTTPClientError", says.UNKNOWN),
    ("ConnectionError", says.UNKNOWN),
    ("IncompleteReadError", says.UNKNOWN),
)
_HTTP = frozenset(("botocore.httpsession", "botocore.awsrequest", "botocore.parsers"))
_TLS_IO = frozenset(("read", "recv", "recv_into", "write", "send", "sendall"))


@dataclass(frozen=True, slots=True)
class _Call:
    """An API call that an exception passed: of which service, where, and which operation."""

    service: str
    region: str | None
    operation: str


def from_boto_exception(error: BaseException) -> errors.SendError | None:
    """
    The error that an exception of botocore stands for, where it comes out of a call of SES.

    The frames that it passed tell the service. Without any, a `ClientError` is taken by the name
    of its operation, where no other service has one of that name.

    Returns:
        None for what is no exception of botocore, or that of another service.
    """
    names = class_names(error)
    calls = list(_calls(error))
    if calls and calls[0].service not in _SES:
        return None
    found: errors.SendError | None
    if len(calls) > 1 and calls[-1].service not in _SES:
        found = _send_error(_of_credentials(names))  # it called another service, for credentials
    elif "botocore.exceptions.ClientError" in names:
        found = _of_answer(cast("Any", error), known=bool(calls))
    else:
        found = _of_fault(error, names, calls)
    if found is not None:
        found.original, found.original_type = error, type(error).__name__
        if found.region is None and calls:
            found.region = calls[0].region
    return found


def from_credentials_exception(error: BaseException, region: str | None) -> errors.SendError:
    """The error for whatever a provider of credentials raised. Nothing was sent."""
    found = _send_error(_of_credentials(class_names(error)))
    found.original, found.original_type, found.region = error, type(error).__name__, region
    return found


def reached_http(error: BaseException) -> bool:
    """Whether the request had come to botocore's HTTP layer, or an answer out of it."""
    return any(module_of(frame) in _HTTP for frame in frames(error))


def _calls(error: BaseException) -> list[_Call]:
    found: list[_Call] = []
    for frame in frames(error):
        if frame.f_code.co_name == "_make_api_call" and module_of(frame) == "botocore.client":
            meta = frame.f_locals["self"].meta
            operation: str = frame.f_locals["operation_name"]
            found.append(_Call(meta.service_model.service_name, meta.region_name, operation))
    return found


def _of_credentials(names: frozenset[str]) -> says.Verdict:
    unreachable = names & {
        "botocore.exceptions.HTTPClientError",
        "botocore.exceptions.ConnectionError",
    }
    return says.UNREACHABLE if unreachable else says.NO_CREDENTIALS


def _of_answer(error: Any, *, known: bool) -> errors.SendError | None:
    operation: str = error.operation_name
    if not known and operation not in _OURS_BY_NAME:
        return None
    answer: Mapping[str, Any] = error.response
    said: Mapping[str, Any] = answer.get("Error", {})
    meta: Mapping[str, Any] = answer.get("ResponseMetadata", {})
    found = from_api(
        said.get("Code"),
        said.get("Message"),
        status=meta.get("HTTPStatusCode"),
        request_id=meta.get("RequestId"),
        retry_after=_retry_after(meta.get("HTTPHeaders", {})),
        sends_mail=operation in SENDS,
    )
    found.attempts = 1 + int(meta.get("RetryAttempts", 0))
    return found


def _retry_after(headers: Mapping[str, str]) -> float | None:
    """
    Seconds that an answer asks for: at least one, at most a day. A date is not read.

    Source:
        botocore, ``x-amz-retry-after`` in milliseconds; RFC 9110, section 10.2.3.
    """
    for name, unit in (("x-amz-retry-after", 1000.0), ("retry-after", 1.0)):
        value = headers.get(name, "")
        if value.isascii() and value.isdecimal() and len(value) <= 12:
            return min(max(int(value) / unit, 1.0), 86_400.0)
    return None


def _of_fault(
    error: BaseException, names: frozenset[str], calls: list[_Call]
) -> errors.SendError | None:
    verdict = next(
        (verdict for name, verdict in _BY_CLASS if f"botocore.exceptions.{name}" in names),
        says.UNKNOWN if "botocore.parsers.ResponseParserError" in names else None,
    )
    if verdict is None:
        return None
    cause = getattr(error, "kwargs", {}).get("error")
    if _broke_after_handshake(cause) or _passed_proxy(cause):
        verdict = says.UNKNOWN
    if verdict is says.UNKNOWN and calls and calls[-1].operation not in SENDS:
        verdict = says.CONTROL_UNANSWERED
    return _send_error(verdict)


def _broke_after_handshake(cause: object) -> bool:
    """Whether a TLS fault came while data was read or written, when the mail may have gone."""
    if not isinstance(cause, BaseException) or "urllib3.exceptions.SSLError" not in class_names(
        cause
    ):
        return False
    while isinstance(cause, BaseException):
        for frame in frames(cause):
            if module_of(frame) == "ssl" and frame.f_code.co_name in _TLS_IO:
                return True
        cause = cause.__cause__ or cause.__context__
    return False


def _passed_proxy(cause: object) -> bool:
    """
    Whether a fault that names a proxy may have come after the request was through it.

    urllib3 1 calls each socket error beside a proxy a proxy error; no connection and no tunnel
    are the ones that prove that nothing was sent.
    """
    inner = getattr(cause, "original_error", None)
    if inner is None:
        return False
    names = class_names(inner)
    refused = names & {
        "urllib3.exceptions.NewConnectionError",
        "urllib3.exceptions.ConnectTimeoutError",
    }
    return not refused and "tunnel" not in str(inner).lower()


def _send_error(verdict: says.Verdict) -> errors.SendError:
    return verdict.kind(verdict.message, transport="ses")
