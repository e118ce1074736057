"""What became of a send."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, TypeAlias

from sesguard import errors
from sesguard._frozen import FrozenMapping

if TYPE_CHECKING:
    from sesguard.mail import Email
    from sesguard.suppression import Suppression

__all__ = [
    "Attempted",
    "Held",
    "LookUpFailed",
    "NotSent",
    "Notice",
    "Outcome",
    "Rejected",
    "SendResult",
    "Sent",
    "Settled",
    "Suppressed",
    "Tally",
    "Unknown",
    "Waited",
    "of_error",
]


@dataclass(frozen=True, slots=True, kw_only=True)
class SendResult:
    """
    What SES answered to a mail that it took.

    Attributes:
        message_id: SES's id, by which its events name the mail. Never empty.

        request_id: The API's request id; None over SMTP.

        accepted: Bare addresses that SES took, in the order To, Cc, Bcc.

        suppressed: Bare address to entry, for those left out by the suppression list.

        refused: Bare address to error, for those that SES refused while it took the others.
            To mail them later is safe where the error is retryable.

        attempts: Requests made, the last one included.

        waited: Seconds spent waiting for the rate, retries included.

        limiter_away: The limiter's backend was away, and the rate was kept by this process alone.
    """

    message_id: str
    request_id: str | None = None
    accepted: tuple[str, ...] = field(default=(), repr=False)
    suppressed: Mapping[str, Suppression] = field(default=FrozenMapping(), repr=False)
    refused: Mapping[str, errors.SendError] = field(default=FrozenMapping(), repr=False)
    attempts: int = 1
    waited: float = 0.0
    limiter_away: bool = False

    def __post_init__(self) -> None:
        if not self.message_id:
            raise errors.OutcomeUnknownError(
                "SES's answer holds no message id, so the mail may have been sent or not. "
                "Wait for its Send or Delivery event before you mail again."
            )


@dataclass(frozen=True, slots=True, kw_only=True)
class Sent:
    """SES took the mail."""

    index: int
    email: Email
    result: SendResult


@dataclass(frozen=True, slots=True, kw_only=True)
class Suppressed:
    """The suppression list stopped it."""

    index: int
    email: Email
    error: errors.SuppressedError


@dataclass(frozen=True, slots=True, kw_only=True)
class Rejected:
    """SES judged this message, or its identity, and refused it."""

    index: int
    email: Email
    error: errors.SESGuardError


@dataclass(frozen=True, slots=True, kw_only=True)
class NotSent:
    """It was not taken and not judged. Where ``error.retryable``, it may be tried again."""

    index: int
    email: Email
    error: errors.SESGuardError


@dataclass(frozen=True, slots=True, kw_only=True)
class Unknown:
    """It may have been sent. Trying again may send it twice."""

    index: int
    email: Email
    error: errors.SESGuardError


Outcome: TypeAlias = Sent | Suppressed | Rejected | NotSent | Unknown
"""What became of one e-mail of many. ``index`` is its place in what was given, from 0."""


def of_error(
    index: int, email: Email, error: errors.SESGuardError
) -> Suppressed | Rejected | NotSent | Unknown:
    """The outcome that an error of a send stands for."""
    if isinstance(error, errors.SuppressedError):
        return Suppressed(index=index, email=email, error=error)
    if error.outcome == "unknown":
        return Unknown(index=index, email=email, error=error)
    if error.outcome == "rejected":
        return Rejected(index=index, email=email, error=error)
    return NotSent(index=index, email=email, error=error)


@dataclass(frozen=True, slots=True, kw_only=True)
class Tally:
    """
    How many e-mails came to which end.

    Attributes:
        by_error: Error class name to count, for all that are not *sent*.
    """

    sent: int = 0
    suppressed: int = 0
    rejected: int = 0
    not_sent: int = 0
    unknown: int = 0
    by_error: Mapping[str, int] = FrozenMapping()

    @property
    def total(self) -> int:
        """All e-mails that were given."""
        return self.sent + self.suppressed + self.rejected + self.not_sent + self.unknown


@dataclass(frozen=True, slots=True, kw_only=True)
class LookUpFailed:
    """The suppression hook failed, and mail goes out by ``on_lookup_error="send"``."""

    error: errors.SuppressionUnavailableError


@dataclass(frozen=True, slots=True, kw_only=True)
class Held:
    """A guard stopped a mail."""

    error: errors.CircuitOpenError | errors.FencedError


@dataclass(frozen=True, slots=True, kw_only=True)
class Waited:
    """A send waits: for the rate (``error`` is None) or before it is tried again."""

    seconds: float
    error: errors.SendError | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Attempted:
    """One request was made. ``error`` is None where SES took the mail. ``seconds`` it took."""

    attempt: int
    units: int
    seconds: float
    error: errors.SendError | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Settled:
    """A send came to its end after so many *seconds*: with a result, or with an error."""

    result: SendResult | None = None
    error: errors.SESGuardError | None = None
    seconds: float = 0.0


Notice: TypeAlias = LookUpFailed | Held | Waited | Attempted | Settled
"""What an observer is told. Closed, and without addresses outside of named attributes."""
