"""Which failed sends are tried again, and when."""

from __future__ import annotations

from dataclasses import dataclass, replace

from sesguard.errors import (
    ConfigurationError,
    SendError,
    SendingRateExceededError,
    ServiceUnavailableError,
    TooManyConnectionsError,
)

__all__ = ["Budget", "RetryPolicy"]

IN_PLACE = (SendingRateExceededError, TooManyConnectionsError, ServiceUnavailableError)
"""Errors that say *not taken* and pass within seconds. A spent daily quota does not."""


@dataclass(frozen=True, slots=True, kw_only=True)
class RetryPolicy:
    """
    How often and how soon a send is repeated within one call.

    Only what SES certainly did not take is repeated. A wait is at least the error's
    ``retry_after``, and a random share (full jitter) of a back-off that doubles on top of it.

    Attributes:
        attempts: Requests for one e-mail, the first included.

        base: Seconds of the first back-off.

        cap: The most seconds to wait before an attempt. An error that asks for more is raised.

        budget: Retries allowed for each send, over the whole client, so that an outage does not
            multiply the traffic. A client starts with ten retries in hand.

    Raises:
        ConfigurationError: A figure out of range.

    Source:
        SES Developer Guide, "Handling Amazon SES throttling errors".
    """

    attempts: int = 3
    base: float = 0.5
    cap: float = 20.0
    budget: float = 0.1

    def __post_init__(self) -> None:
        if type(self.attempts) is not int or self.attempts < 1:
            raise ConfigurationError("RetryPolicy(attempts=...) must be a whole number from 1.")
        for name in ("base", "cap", "budget"):
            value = getattr(self, name)
            if type(value) not in (int, float) or not 0 <= value < float("inf"):
                raise ConfigurationError(f"RetryPolicy({name}=...) must be a number from 0.")

    @classmethod
    def none(cls) -> RetryPolicy:
        """The policy that never repeats a send."""
        return cls(attempts=1)

    def wait(self, error: SendError, attempt: int, *, jitter: float) -> float | None:
        """
        Seconds to wait before the next attempt, or None to give up.

        Args:
            error: What the last attempt came to.

            attempt: Attempts made so far, from 1.

            jitter: A number from 0 to 1.
        """
        if attempt >= self.attempts or not isinstance(error, IN_PLACE):
            return None
        least = error.retry_after or 0.0
        if least > self.cap:
            return None
        backoff = min(self.cap, self.base * 2.0 ** min(attempt - 1, 32))
        return min(self.cap, least + jitter * backoff)


@dataclass(frozen=True, slots=True, kw_only=True)
class Budget:
    """
    Retries in hand.

    Attributes:
        tokens: Retries that may be made now.

        ratio: Tokens gained with each send.

        size: The most tokens it can hold.

        owed: Tokens that were there at the start and that sends have still to earn. So over any
            time the retries are at most *size*, or *ratio* for each send.
    """

    tokens: float
    ratio: float
    size: float = 10.0
    owed: float = 0.0

    @classmethod
    def full(cls, ratio: float) -> Budget:
        """A budget at the start of a client's life; none at all where *ratio* is 0."""
        size = 10.0 if ratio else 0.0
        return cls(tokens=size, ratio=ratio, size=size, owed=size)

    def sent(self) -> Budget:
        """The budget after one more send."""
        earned = self.ratio - self.owed
        if earned <= 0:
            return replace(self, owed=self.owed - self.ratio)
        return replace(self, tokens=min(self.size, self.tokens + earned), owed=0.0)

    def spent(self) -> Budget | None:
        """The budget after one more retry; None where there is nothing left for it."""
        if self.tokens < 1:
            return None
        return replace(self, tokens=self.tokens - 1)
