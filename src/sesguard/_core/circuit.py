"""A circuit that opens when SES has stopped all sending, as values that go in and come out."""

from __future__ import annotations

from typing import Literal, NamedTuple

from sesguard import errors
from sesguard.mail import Email

__all__ = [
    "ACCOUNT",
    "CLOSED",
    "Circuit",
    "learned",
    "meaning",
    "permitted",
    "places",
    "stopped_at",
    "wait",
]

ACCOUNT = ""
"""The place of what holds for all mail."""

Meaning = Literal["stopped", "taken", "not asked", "other"]

_MOST_PROBES = 8  # whose answers are still waited for


class Circuit(NamedTuple):
    """
    A circuit at one moment.

    Attributes:
        probe_at: Monotonic seconds from which one request may go; None: closed, all may.

        probes: Those that went while it was open, and whose answers are not known.

        cause: The name of the error that opened it.
    """

    probe_at: float | None = None
    probes: tuple[object, ...] = ()
    cause: str = ""


CLOSED = Circuit()


def wait(circuit: Circuit, *, now: float) -> float:
    """Seconds until the next request may go; 0 where one may go now."""
    return 0.0 if circuit.probe_at is None else max(0.0, circuit.probe_at - now)


def permitted(
    circuit: Circuit, token: object, *, every: float, now: float
) -> tuple[Circuit, float]:
    """
    Let a request go, or say when to come again.

    A probe takes the whole interval, whatever becomes of it: one that is never heard of again
    blocks nobody after it.

    Args:
        token: What the request is known by.

        every: Seconds between two probes.

        now: Monotonic seconds.

    Returns:
        The circuit afterwards, and the seconds to wait: 0 where the request goes.
    """
    left = wait(circuit, now=now)
    if circuit.probe_at is None or left > 0:
        return circuit, left
    probes = (*circuit.probes, token)[-_MOST_PROBES:]
    return circuit._replace(probe_at=now + every, probes=probes), 0.0


def learned(
    circuit: Circuit, token: object, answer: Meaning, cause: str, *, every: float, now: float
) -> Circuit:
    """
    The circuit after an answer.

    Only a probe's success closes it: requests that went before it opened may still succeed.

    Args:
        token: As given to `permitted`.

        answer: See `meaning`.

        cause: The name of the error, for ``"stopped"``.
    """
    left = tuple([one for one in circuit.probes if one is not token])
    probed = len(left) < len(circuit.probes)
    if answer == "stopped" and (probed or circuit.probe_at is None):
        return Circuit(now + every, left, cause)
    if not probed:
        return circuit
    if answer == "taken":
        return CLOSED
    if answer == "not asked" and circuit.probes[-1] is token:
        return circuit._replace(probe_at=now, probes=left)  # its place is free for another
    return circuit._replace(probes=left)


def meaning(error: errors.SESGuardError | None) -> Meaning:
    """What the end of a request says of the circuit."""
    if error is None:
        return "taken"
    if isinstance(error, errors.SendingPausedError | errors.AccountSuspendedError):
        return "stopped"
    asked = isinstance(error, errors.SendError) and not isinstance(
        error, errors.CircuitOpenError | errors.FencedError
    )
    return "other" if asked else "not asked"


def places(email: Email) -> tuple[str, ...]:
    """All that may be paused and would stop this mail: the account, its set, its tenant."""
    found = [ACCOUNT]
    if email.configuration_set is not None:
        found.append(f"configuration set {email.configuration_set}")
    if email.tenant is not None:
        found.append(f"tenant {email.tenant}")
    return tuple(found)


def stopped_at(email: Email, error: errors.SESGuardError) -> str:
    """
    Which of the mail's places was paused. Where SES does not say, all of the account counts.

    Source:
        SES API v1, ConfigurationSetSendingPausedException. API v2 has one code for all, and tells
        them apart by text alone.
    """
    told = ""
    if isinstance(error, errors.SendingPausedError):
        told = f"{error.code} {error.reply or ''}".lower().replace(" ", "")
    for place in places(email)[1:]:
        kind = "tenant" if place.startswith("tenant ") else "configurationset"
        if kind in told:
            return place
    return ACCOUNT
