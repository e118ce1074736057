"""Notices as a client gives them, and sends that make it give each kind."""

from __future__ import annotations

import logging
from collections.abc import Sequence
from contextlib import suppress
from datetime import UTC, datetime

from sesguard import Email, Reason, RetryPolicy, Suppression, errors
from sesguard.addresses import Address
from sesguard.outcomes import Attempted, Held, LookUpFailed, Notice, SendResult, Settled, Waited
from sesguard.ports import Observer
from sesguard.simulator import Simulator

__all__ = ["FROM_LATER", "ONE_OF_EACH", "SENT", "Kept", "mail", "send_all_kinds"]

_LISTED = Suppression(
    key=Address.parse("bob@example.org").key,
    reason=Reason.MANUAL,
    at=datetime(2026, 1, 15, tzinfo=UTC),
)

SENT = SendResult(
    message_id="0100017f-a",
    request_id="request-1",
    accepted=("ann@example.org", "eve@example.org"),
    suppressed={"bob@example.org": _LISTED},
    refused={"zoe@example.org": errors.MessageRejectedError("No.")},
    attempts=2,
    waited=1.5,
)

_THROTTLED = errors.SendingRateExceededError("Slow down.", code="TooManyRequestsException")

ONE_OF_EACH: Sequence[Notice] = (
    LookUpFailed(error=errors.SuppressionUnavailableError("The hook failed.")),
    Held(error=errors.CircuitOpenError("Paused.", retry_after=60)),
    Waited(seconds=0.5),
    Attempted(attempt=1, units=3, seconds=0.2, error=_THROTTLED),
    Waited(seconds=1.0, error=_THROTTLED),
    Attempted(attempt=2, units=3, seconds=0.1),
    Settled(result=SENT, seconds=1.8),
    Settled(error=errors.SuppressedError("On the list.", reasons={"bob@example.org": "MANUAL"})),
    Settled(error=errors.NotVerifiedError("Not verified.", code=554, region="eu-west-1")),
    Settled(error=errors.DailyQuotaExceededError("Used up.", request_id="request-2")),
    Settled(error=errors.OutcomeUnknownError("Lost."), seconds=30.0),
)


class Kept(logging.Handler):
    """Keeps what is logged, whole."""

    def __init__(self) -> None:
        super().__init__(logging.DEBUG)
        self.records: list[logging.LogRecord] = []

    def emit(self, record: logging.LogRecord) -> None:
        self.records.append(record)


class _OfALaterKind:
    """A notice that a later version of the library may give."""


FROM_LATER: Notice = _OfALaterKind()  # type: ignore[assignment]


def mail(to: str = "ann@example.org", **more: str) -> Email:
    given = {"sender": "us@example.com", "subject": "Hello", "text": "Dear Ann"}
    return Email(to=to, **{**given, **more})  # type: ignore[arg-type]


def send_all_kinds(observers: Sequence[Observer], letter: Email) -> Simulator:
    """
    Send *letter* nine times, by nine requests, two of which repeat another.

    It is sent four times: at once, after a throttle, after a refused connection, and without a
    look-up. It is not sent twice: the quota, a fence. It is rejected, lost, and suppressed once
    each.
    """
    sim = Simulator(rate=1000)
    client = sim.client(observers=observers, retry=RetryPolicy(attempts=2))
    client.send(letter)
    for fault in ("rate", "quota", "rejected", "answer lost", "connection refused"):
        sim.fail_next(error=fault)
        with suppress(errors.SESGuardError):
            client.send(letter)
    with suppress(errors.SuppressedError):
        sim.client(observers=observers, suppression=lambda address: True).send(letter)
    unscreened = sim.client(
        observers=observers, suppression=_failing, on_lookup_error="send", guards=[_Stopping()]
    )
    for _ in range(2):
        with suppress(errors.FencedError):
            unscreened.send(letter)
    return sim


def _failing(address: str) -> bool:
    raise LookupError(address)


class _Stopping:
    """A guard that lets every other mail go."""

    def __init__(self) -> None:
        self._asked = 0

    def admit(self, email: Email, /) -> Email:
        return email

    def permit(self, email: Email, /) -> None:
        self._asked += 1
        if self._asked % 2:
            raise errors.FencedError("Not for this environment.")

    def learn(self, email: Email, error: errors.SESGuardError | None, /) -> None:
        """Nothing to learn."""
