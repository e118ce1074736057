"""
Every error that sesguard raises.

    SESGuardError                          .retryable .retry_after .outcome .delay(attempt)
    ├─ ConfigurationError
    │  └─ MissingExtraError                (also ImportError)
    ├─ EmailError                          (also ValueError) .field
    │  ├─ AddressError · HeaderError · TagError · MessageTooLargeError · TooManyRecipientsError
    ├─ SuppressedError                     .reasons
    ├─ SuppressionUnavailableError
    ├─ SendError                           .code .reply .request_id .attempts .region .transport
    │  ├─ ThrottlingError
    │  │  ├─ SendingRateExceededError      a second
    │  │  ├─ DailyQuotaExceededError       an hour
    │  │  └─ TooManyConnectionsError       seconds, on fewer connections
    │  ├─ MessageRejectedError
    │  │  └─ NotVerifiedError              .identities
    │  ├─ MailFromNotVerifiedError · SendingPausedError · AccountSuspendedError · NotFoundError
    │  ├─ AuthenticationError · AccessDeniedError · TransportSecurityError
    │  ├─ ServiceUnavailableError          not taken: safe to repeat
    │  ├─ OutcomeUnknownError              perhaps taken: never repeated for you
    │  └─ CircuitOpenError · FencedError   SES was not asked
    ├─ IdempotencyConflictError
    ├─ NotificationError                   (also ValueError)
    │  ├─ ParseError · SignatureError · UntrustedTopicError · ReplayedError
    └─ StoreError

No address, subject, body or secret is ever part of ``str(error)``, ``repr(error)`` or a printed
traceback: addresses are in named attributes only. A third party's exception is kept in
``error.original``, which is neither shown nor pickled. Every error pickles.
"""

from __future__ import annotations

import random
from collections.abc import Callable, Mapping
from typing import Any, Literal, TypeVar

__all__ = [
    "NEVER_RETRY",
    "RETRY_LATER",
    "AccessDeniedError",
    "AccountSuspendedError",
    "AddressError",
    "AuthenticationError",
    "CircuitOpenError",
    "ConfigurationError",
    "DailyQuotaExceededError",
    "EmailError",
    "FencedError",
    "HeaderError",
    "IdempotencyConflictError",
    "MailFromNotVerifiedError",
    "MessageRejectedError",
    "MessageTooLargeError",
    "MissingExtraError",
    "NotFoundError",
    "NotVerifiedError",
    "NotificationError",
    "OutcomeUnknownError",
    "ParseError",
    "ReplayedError",
    "SESGuardError",
    "SendError",
    "SendingPausedError",
    "SendingRateExceededError",
    "ServiceUnavailableError",
    "SignatureError",
    "StoreError",
    "SuppressedError",
    "SuppressionUnavailableError",
    "TagError",
    "ThrottlingError",
    "TooManyConnectionsError",
    "TooManyRecipientsError",
    "TransportSecurityError",
    "UntrustedTopicError",
]

SendOutcome = Literal["not_sent", "rejected", "unknown"]

_E = TypeVar("_E", bound="SESGuardError")


class SESGuardError(Exception):
    """
    The root of all errors of this library. Not raised itself.

    Args:
        message: What happened, to what, and the next step. Holds no address, body or secret.

        retry_after: Seconds until another attempt makes sense, where the class's own figure is
            not the right one.

        original: The third party's exception that this one stands for. Kept in ``original``,
            and its class name in ``original_type``; it does not survive pickling.

    Attributes:
        retryable: The same mail may be tried again later without risk of a second one.

        retry_after: Seconds. Never None where *retryable*.

        outcome: ``"not_sent"`` (nobody judged the mail), ``"rejected"`` (SES judged this
            message or its identity) or ``"unknown"`` (it may have been sent).
    """

    retryable: bool = False
    retry_after: float | None = None
    outcome: SendOutcome = "not_sent"
    original: BaseException | None = None
    original_type: str | None = None

    def __init__(
        self,
        message: str,
        *,
        retry_after: float | None = None,
        original: BaseException | None = None,
    ) -> None:
        super().__init__(message)
        if retry_after is not None:
            self.retry_after = float(retry_after)
        if original is not None:
            self.original = original
            self.original_type = type(original).__name__

    def __reduce__(self) -> tuple[Any, ...]:
        state = {name: value for name, value in self.__dict__.items() if name != "original"}
        return _rebuild, (type(self), self.args, state)

    def delay(
        self,
        attempt: int,
        *,
        cap: float = 900.0,
        jitter: Callable[[], float] = random.random,
    ) -> float:
        """
        Seconds that a task queue should wait before it tries the same mail again.

        ``retry_after``, doubled for each attempt already made, capped, of which a random share
        between half and all is taken, so that a thousand tasks do not come back at once.

        Args:
            attempt: How many retries were made before this one: 0 for the first.

            cap: The most seconds to answer. A countdown longer than a broker's visibility
                time-out is delivered twice, so keep it below that.

            jitter: Gives numbers from 0 to 1.

        Raises:
            ConfigurationError: This error is not one to retry (see *retryable*).
        """
        if not self.retryable or self.retry_after is None:
            raise ConfigurationError(
                f"{type(self).__name__} is not to be retried: check error.retryable, "
                "or catch errors.RETRY_LATER only."
            )
        doublings = min(max(attempt, 0), 32)
        whole = min(float(cap), self.retry_after * 2.0**doublings)
        return whole * (0.5 + 0.5 * jitter())


def _rebuild(kind: type[_E], args: tuple[Any, ...], state: dict[str, Any]) -> _E:
    error = kind.__new__(kind, *args)
    error.args = args
    error.__dict__.update(state)
    return error


class ConfigurationError(SESGuardError):
    """An option, a combination of options, or an environment that cannot work."""


class MissingExtraError(ConfigurationError, ImportError):
    """
    An optional package is not installed. The message is the pip command that installs it.

    Args:
        package: The package that could not be imported.

        extra: The extra of sesguard that brings it.
    """

    def __init__(self, package: str, *, extra: str) -> None:
        super().__init__(
            f"{package} is not installed. Install it with: pip install 'sesguard[{extra}]'"
        )
        self.package = package
        self.extra = extra


class EmailError(SESGuardError, ValueError):
    """
    An e-mail that SES would refuse, or that would not say what was meant.

    Attributes:
        field: The argument that is wrong: ``"to"``, ``"headers"`` and so on.
    """

    def __init__(
        self,
        message: str,
        *,
        field: str | None = None,
        original: BaseException | None = None,
    ) -> None:
        super().__init__(message, original=original)
        self.field = field


class AddressError(EmailError):
    """
    An address that is not one, or that SES does not take.

    Attributes:
        address: The text as it was given.

        quoted_form: The spelling that SES does take, where there is one.
    """

    def __init__(
        self,
        message: str,
        *,
        field: str | None = None,
        address: str | None = None,
        quoted_form: str | None = None,
        original: BaseException | None = None,
    ) -> None:
        super().__init__(message, field=field, original=original)
        self.address = address
        self.quoted_form = quoted_form


class HeaderError(EmailError):
    """A header, subject, display name or file name that cannot be put on the wire."""


class TagError(EmailError):
    """A message tag outside of what SES takes: 1 to 256 of ``A-Z a-z 0-9 _ -``."""


class MessageTooLargeError(EmailError):
    """The e-mail, encoded, is larger than SES takes."""


class TooManyRecipientsError(EmailError):
    """More than 50 recipients in one message."""


class SuppressedError(SESGuardError):
    """
    The suppression hook said no. Nothing was sent.

    Attributes:
        reasons: Address to reason, for each recipient that is on the list.
    """

    def __init__(self, message: str, *, reasons: Mapping[str, str]) -> None:
        super().__init__(message)
        self.reasons: dict[str, str] = dict(reasons)


class SuppressionUnavailableError(SESGuardError):
    """The suppression hook failed or answered nonsense, so nothing was sent."""

    retryable = True
    retry_after: float | None = 5.0


class SendError(SESGuardError):
    """
    A send that did not succeed. Not raised itself.

    Attributes:
        code: SES's code: a string over the API, a number over SMTP.

        reply: SES's own words. They may hold addresses.

        request_id: The request id over the API.

        attempts: Requests made for this e-mail by this call.

        region: The region that was asked.

        transport: ``"ses"``, ``"smtp"`` or the name of another transport.
    """

    def __init__(
        self,
        message: str,
        *,
        code: str | int | None = None,
        reply: str | None = None,
        request_id: str | None = None,
        attempts: int = 1,
        region: str | None = None,
        transport: str | None = None,
        retry_after: float | None = None,
        original: BaseException | None = None,
    ) -> None:
        super().__init__(message, retry_after=retry_after, original=original)
        self.code = code
        self.reply = reply
        self.request_id = request_id
        self.attempts = attempts
        self.region = region
        self.transport = transport


class ThrottlingError(SendError):
    """SES takes mail more slowly than it is offered. The message was not taken."""

    retryable = True
    retry_after: float | None = 1.0


class SendingRateExceededError(ThrottlingError):
    """More recipients a second than the account may mail. Slow down; a second is enough."""


class DailyQuotaExceededError(ThrottlingError):
    """The recipients of the last 24 hours used up the quota. It comes back over hours."""

    retry_after: float | None = 3600.0


class TooManyConnectionsError(ThrottlingError):
    """Too many SMTP connections at once. Use fewer."""

    retry_after: float | None = 5.0


class MessageRejectedError(SendError):
    """SES judged this message and refused it. The same message will be refused again."""

    outcome: SendOutcome = "rejected"


class NotVerifiedError(MessageRejectedError):
    """
    An identity is not verified: a sandbox account, or the wrong region.

    Attributes:
        identities: The identities that failed the check, as SES lists them.
    """

    def __init__(
        self,
        message: str,
        *,
        identities: tuple[str, ...] = (),
        code: str | int | None = None,
        reply: str | None = None,
        request_id: str | None = None,
        attempts: int = 1,
        region: str | None = None,
        transport: str | None = None,
        original: BaseException | None = None,
    ) -> None:
        super().__init__(
            message,
            code=code,
            reply=reply,
            request_id=request_id,
            attempts=attempts,
            region=region,
            transport=transport,
            original=original,
        )
        self.identities = identities


class MailFromNotVerifiedError(SendError):
    """The custom MAIL FROM domain has no working MX record, and the identity insists on it."""

    outcome: SendOutcome = "rejected"


class SendingPausedError(SendError):
    """Sending is paused, for the account or for the configuration set."""


class AccountSuspendedError(SendError):
    """AWS has shut down the account's ability to send."""


class NotFoundError(SendError):
    """A configuration set, template, tenant or contact list that does not exist here."""


class AuthenticationError(SendError):
    """SES does not know these credentials."""


class AccessDeniedError(SendError):
    """The credentials are good, and not allowed to do this."""


class TransportSecurityError(SendError):
    """TLS could not be set up, or the certificate is not the server's. Nothing was sent."""


class ServiceUnavailableError(SendError):
    """SES could not be reached or could not take the message: safe to repeat."""

    retryable = True
    retry_after: float | None = 5.0


class OutcomeUnknownError(SendError):
    """
    The request was handed over and no answer came back that tells. The mail may have been sent.

    It is never repeated for you. The Send or Delivery event tells in the end.
    """

    outcome: SendOutcome = "unknown"


class CircuitOpenError(SendError):
    """SES was not asked: it said no a moment ago, or a line of our own is crossed."""

    retryable = True
    retry_after: float | None = 60.0


class FencedError(SendError):
    """SES was not asked: this environment must not mail that recipient."""


class IdempotencyConflictError(SESGuardError):
    """The same idempotency key was used before, for another e-mail."""


class NotificationError(SESGuardError, ValueError):
    """A message about feedback that cannot be trusted or read."""


class ParseError(NotificationError):
    """A payload that cannot be read at all."""


class SignatureError(NotificationError):
    """An SNS message whose signature is not Amazon's, or does not fit."""


class UntrustedTopicError(NotificationError):
    """An SNS message of a topic that is not on the allow-list."""


class ReplayedError(NotificationError):
    """An SNS message that was here before, or that is too old."""


class StoreError(SESGuardError):
    """A store could not be read or written. It never answers as if it were empty."""

    retryable = True
    retry_after: float | None = 5.0


RETRY_LATER: tuple[type[SESGuardError], ...] = (
    SendingRateExceededError,
    DailyQuotaExceededError,
    TooManyConnectionsError,
    ServiceUnavailableError,
    CircuitOpenError,
    SuppressionUnavailableError,
    StoreError,
)
"""What a task queue may try again later. Every class is retryable and has a ``retry_after``."""

NEVER_RETRY: tuple[type[SESGuardError], ...] = (
    ConfigurationError,
    EmailError,
    SuppressedError,
    MessageRejectedError,
    MailFromNotVerifiedError,
    SendingPausedError,
    AccountSuspendedError,
    NotFoundError,
    AuthenticationError,
    AccessDeniedError,
    TransportSecurityError,
    OutcomeUnknownError,
    FencedError,
    IdempotencyConflictError,
    NotificationError,
)
"""What no repetition mends, and what a repetition might send twice."""
