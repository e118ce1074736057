"""SES's SMTP replies, each at the step at which SES gives it, and what they mean."""

from __future__ import annotations

from typing import NamedTuple

from sesguard import errors
from sesguard.errors import SendError
from tests.peers.smtp import Stage

__all__ = [
    "BUSY",
    "LOGIN",
    "QUOTA",
    "RATE",
    "REJECTED",
    "ROWS",
    "SLOWER",
    "TOMORROW",
    "UNVERIFIED",
    "Row",
]


class Row(NamedTuple):
    """A reply of SES, and what it means. ``kept``: the connection serves the next mail."""

    stage: Stage
    reply: str
    kind: type[SendError]
    retry_after: float | None
    outcome: errors.SendOutcome
    kept: bool


RATE, QUOTA = errors.SendingRateExceededError, errors.DailyQuotaExceededError
BUSY, LOGIN = errors.ServiceUnavailableError, errors.AuthenticationError
REJECTED = errors.MessageRejectedError
CROWD = errors.TooManyConnectionsError

SLOWER = "454 Throttling failure: Maximum sending rate exceeded"
TOMORROW = "454 Throttling failure: Daily message quota exceeded"
WRAPPED = "454 4.7.1 <ann@example.org>: Recipient address rejected: " + SLOWER[4:]
UNVERIFIED = (
    "554 Message rejected: Email address is not verified. The following identities failed the "
    "check in region EU-WEST-1: shop@example.org, ann@example.org"
)
DENIED = (
    "554 Access denied: User `arn:aws:iam::123456789012:user/shop` is not authorized to perform "
    "`ses:SendRawEmail' on resource `arn:aws:ses:eu-west-1:123456789012:identity/example.org'"
)

ROWS = [
    Row("connect", "421 Too many concurrent SMTP connections", CROWD, 5, "not_sent", False),
    Row("mail", "421 Timeout waiting for data from client.", BUSY, 5, "not_sent", False),
    Row("mail", "451 4.4.2 Timeout waiting for data from client", BUSY, 5, "not_sent", False),
    Row("body", "451 Temporary service failure", BUSY, 5, "not_sent", True),
    Row("body", "454 Temporary service failure", BUSY, 5, "not_sent", True),
    Row("data", "454 Temporary service failure", BUSY, 5, "not_sent", True),
    Row("body", "421 4.3.2 Service shutting down", BUSY, 5, "not_sent", False),
    Row("auth", "454 Temporary authentication failure", BUSY, 5, "not_sent", False),
    Row("body", SLOWER, RATE, 1, "not_sent", True),
    Row("body", f"{SLOWER}.", RATE, 1, "not_sent", True),
    Row("body", f"454 4.7.0 {SLOWER[4:]}", RATE, 1, "not_sent", True),
    Row("data", SLOWER, RATE, 1, "not_sent", True),
    Row("mail", SLOWER, RATE, 1, "not_sent", True),
    Row("rcpt", SLOWER, RATE, 1, "not_sent", True),
    Row("rcpt", WRAPPED, RATE, 1, "not_sent", True),
    Row("body", TOMORROW, QUOTA, 3600, "not_sent", True),
    Row("mail", TOMORROW, QUOTA, 3600, "not_sent", True),
    Row(
        "body",
        "454 Throttling failure: Maximum SigV2 SMTP sending rate exceeded",
        LOGIN,
        None,
        "not_sent",
        False,
    ),
    Row("mail", "501 Invalid MAIL FROM address provided", REJECTED, None, "rejected", True),
    Row("mail", "503 Error: nested MAIL command", BUSY, 5, "not_sent", False),
    Row("mail", "530 Authentication required", LOGIN, None, "not_sent", False),
    Row("auth", "535 Authentication Credentials Invalid", LOGIN, None, "not_sent", False),
    Row("auth", "535 Account not subscribed to SES", LOGIN, None, "not_sent", False),
    Row("body", "552 Message is too long.", REJECTED, None, "rejected", True),
    Row("mail", "553 <shop@example.org> Invalid email address", REJECTED, None, "rejected", True),
    Row("rcpt", "553 <ann@example.org> address unknown", REJECTED, None, "rejected", True),
    Row("body", DENIED, errors.AccessDeniedError, None, "not_sent", True),
    Row("body", UNVERIFIED, errors.NotVerifiedError, None, "rejected", True),
    Row(
        "body",
        "554 Transaction failed: Missing final '@domain'",
        REJECTED,
        None,
        "rejected",
        True,
    ),
    Row("body", "554 Transaction failed: Duplicate header 'X'.", REJECTED, None, "rejected", True),
]
