"""What becomes of a mail in an outbox: its id, its age, and what an error means for it."""

from __future__ import annotations

import json
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import TypeAlias

from sesguard import errors
from sesguard.events import Event
from sesguard.mail import Email

__all__ = [
    "ENTRY_TAG",
    "LAPSED",
    "Again",
    "Aside",
    "Fate",
    "body_of",
    "email_of",
    "first_due",
    "id_of",
    "judge",
    "settled_by",
    "too_old",
]

ENTRY_TAG = "sesguard-outbox"
"""The message tag that carries the id, so that events bring it back."""

LAPSED = (
    "Whoever sent it did not come to the end, killed perhaps. It may have been sent: look for its "
    "Send or Delivery event, then settle it."
)
"""Why a mail is set aside whose lease lapsed after it was begun."""

_LONGEST_WAIT = 900.0
_LONGEST_PAUSE = 60.0
_WAIT = 60.0
"""Seconds after an error that names none itself."""

_FOR_ALL = (
    errors.DailyQuotaExceededError,
    errors.SendingPausedError,
    errors.AccountSuspendedError,
    errors.AuthenticationError,
    errors.TransportSecurityError,
    errors.ConfigurationError,
)
"""No mail's own fault: it would be the same for the next one."""

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MILLISECOND = timedelta(milliseconds=1)


@dataclass(frozen=True, slots=True, kw_only=True)
class Again:
    """
    It was certainly not sent, and is to be tried again.

    Attributes:
        seconds: Until then.

        counts: Whether the next wait is to be longer.

        pause: Seconds in which no other mail is to be tried either; 0 for none.

        reason: Why, in words without addresses.
    """

    seconds: float
    counts: bool
    pause: float
    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Aside:
    """
    It is not to be tried again by itself.

    Attributes:
        reason: Why, in words without addresses.

        unknown: It may have been sent.
    """

    reason: str
    unknown: bool


Fate: TypeAlias = Again | Aside
"""What an error means for a mail."""


def judge(error: Exception, *, attempts: int, begun: bool, jitter: float) -> Fate:
    """
    What an error of a send means for the mail.

    A mail waits at least for the error's ``retry_after``, and twice as long with each attempt
    that counts, up to a quarter of an hour. What is not its own fault does not count: SES's no
    to all mail, and a guard's. A spent quota pauses all until it comes back; what may be mended
    any time, for a minute.

    Args:
        attempts: How often it was put back.

        begun: Whether SES was asked and did not say no, so that it may have the mail.

        jitter: A number from 0 to 1.
    """
    if not isinstance(error, errors.SESGuardError):
        # A stranger's, and so a fault in the program. Its message may hold anything.
        return Aside(reason=f"The send failed with {type(error).__name__}.", unknown=begun)
    reason = f"{type(error).__name__}: {error}"[:1000]
    for_all = isinstance(error, _FOR_ALL)
    if error.outcome == "unknown" or not (error.retryable or for_all):
        return Aside(reason=reason, unknown=error.outcome == "unknown")
    counts = not for_all and not isinstance(error, errors.CircuitOpenError)
    least = error.retry_after or _WAIT
    doubled = least * 2.0 ** min(attempts, 32) if counts else least
    seconds = max(least, min(_LONGEST_WAIT, doubled)) * (1.0 + 0.5 * jitter)
    pause = 0.0
    if isinstance(error, errors.DailyQuotaExceededError):
        pause = seconds
    elif for_all:
        pause = min(seconds, _LONGEST_PAUSE)
    return Again(seconds=seconds, counts=counts, pause=pause, reason=reason)


def body_of(email: Email) -> str:
    """An e-mail as it stands in an outbox, in ASCII."""
    return json.dumps(email.to_dict(), separators=(",", ":"))


def email_of(body: str) -> Email:
    """
    Read what `body_of` wrote.

    Raises:
        EmailError: It is no such text, or no longer.
    """
    try:
        return Email.from_dict(json.loads(body))
    except errors.EmailError:
        raise
    except (ValueError, TypeError, RecursionError):
        # Without the cause, which quotes the text.
        raise errors.EmailError(
            "What the outbox holds of this mail cannot be read as one: it was written by another "
            "program, or is damaged. Look at its body."
        ) from None


def id_of(due: datetime, chance: int) -> str:
    """
    The id of a mail: a UUID of version 7, which tells when the mail was first due.

    Args:
        chance: 74 random bits.

    Source:
        RFC 9562, section 5.7.
    """
    at = max(0, (due - _EPOCH) // _MILLISECOND) & (2**48 - 1)
    a, b = (chance >> 62) & 0xFFF, chance & (2**62 - 1)
    text = f"{at << 80 | 7 << 76 | a << 64 | 2 << 62 | b:032x}"
    return f"{text[:8]}-{text[8:12]}-{text[12:16]}-{text[16:20]}-{text[20:]}"


def first_due(id: str) -> datetime | None:
    """When a mail was first due, by its id; None where the id is another's."""
    digits = id.replace("-", "")
    if len(digits) != 32 or digits[12] != "7":
        return None
    try:
        return _EPOCH + int(digits[:12], 16) * _MILLISECOND
    except (ValueError, OverflowError):
        return None


def too_old(id: str, put_at: datetime, max_age: timedelta, *, now: datetime) -> Aside | None:
    """What becomes of a mail that came of age: it is old from when it was first due."""
    since = max(put_at, first_due(id) or put_at)
    if now - since <= max_age:
        return None
    return Aside(
        reason=f"It could not be sent in {max_age}, and is too old now. Settle it: again, or gone.",
        unknown=False,
    )


def settled_by(event: Event) -> str | None:
    """
    The id of a mail that an event proves to be sent; None where it is of no outbox.

    SES publishes nothing about a mail that it did not take, so every kind of event tells.
    """
    mail = event.mail
    return None if mail is None else mail.tag(ENTRY_TAG)
