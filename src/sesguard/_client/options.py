"""The options of a client, checked at the door."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import timedelta
from enum import Enum
from typing import TypeAlias

from sesguard import errors
from sesguard._core.retry import RetryPolicy
from sesguard._core.screening import OnSuppressed
from sesguard._flows.send_ports import OnLookupError, Rules
from sesguard._mail import fields as _fields
from sesguard.mail import Email

__all__ = [
    "KEEP",
    "Keep",
    "Seconds",
    "checked_concurrency",
    "checked_email",
    "checked_rules",
    "closed",
    "seconds_of",
]

Seconds: TypeAlias = float | timedelta


class Keep(Enum):
    """The default of an option that is left as it is."""

    KEEP = "as it is"

    def __repr__(self) -> str:
        return self.value


KEEP = Keep.KEEP


def seconds_of(value: Seconds | None, option: str) -> float | None:
    """
    A duration at the door, in seconds.

    Raises:
        ConfigurationError: It is no duration above zero.
    """
    if value is None:
        return None
    seconds = value.total_seconds() if isinstance(value, timedelta) else value
    if type(seconds) not in (int, float) or not seconds > 0:
        raise errors.ConfigurationError(
            f"{option}= must be a timedelta or a number of seconds above zero."
        )
    return float(seconds)


def checked_email(email: object) -> Email:
    """The e-mail itself, or an error that says what was given instead."""
    if isinstance(email, Email):
        return email
    raise errors.EmailError(
        f"An Email is sent, and {type(email).__name__} was given. "
        "Build one with sesguard.Email(...), or read a message with Email.from_message()."
    )


def checked_rules(
    *,
    on_suppressed: OnSuppressed,
    on_lookup_error: OnLookupError,
    retry: RetryPolicy,
    configuration_set: str | None,
    tags: Mapping[str, str],
) -> Rules:
    """
    The options of all sends, checked before the first of them.

    Raises:
        ConfigurationError: A word that is not among the choices, or a wrong type.

        EmailError: A configuration set or tag that SES does not take.
    """
    if on_suppressed not in ("raise", "drop"):
        raise errors.ConfigurationError("on_suppressed= must be 'raise' or 'drop'.")
    if on_lookup_error not in ("raise", "send"):
        raise errors.ConfigurationError("on_lookup_error= must be 'raise' or 'send'.")
    if not isinstance(retry, RetryPolicy):  # pyright: ignore[reportUnnecessaryIsInstance]  a caller without types
        raise errors.ConfigurationError("retry= must be a RetryPolicy, or RetryPolicy.none().")
    return Rules(
        on_suppressed=on_suppressed,
        on_lookup_error=on_lookup_error,
        retry=retry,
        configuration_set=_fields.name("configuration_set", configuration_set),
        tags=_fields.tags(tags),
    )


def checked_concurrency(concurrency: int) -> int:
    """
    The sends that may be under way at once.

    Raises:
        ConfigurationError: It is no whole number from 1.
    """
    if type(concurrency) is not int or concurrency < 1:
        raise errors.ConfigurationError("concurrency= must be a whole number from 1.")
    return concurrency


def closed() -> errors.ConfigurationError:
    """The error of a client that is used after it was closed."""
    return errors.ConfigurationError("This client is closed. Make another one.")
