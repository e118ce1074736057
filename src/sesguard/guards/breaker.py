"""No request as long as SES takes none."""

from __future__ import annotations

import logging
import os
from datetime import timedelta
from threading import Lock

from sesguard import errors
from sesguard._core import circuit as core
from sesguard._core.circuit import CLOSED, Circuit
from sesguard._core.guard_options import seconds
from sesguard.clocks import SystemClock
from sesguard.mail import Email
from sesguard.ports import Clock

__all__ = ["CircuitBreaker"]

logger: logging.Logger = logging.getLogger(__name__)


class CircuitBreaker:
    """
    Asks SES no more once it has said that sending is paused or that the account is suspended.

    After every *probe_every* seconds exactly one mail is tried, over all threads. If SES takes it,
    the others follow; if not, or if it is never heard of again, the next one is tried an interval
    later. What is stopped meanwhile is `CircuitOpenError`, whose ``retry_after`` is the time until
    the next try.

    Where SES says that a configuration set or a tenant is paused, only mail of it is stopped.

    Args:
        probe_every: Seconds between two tries, or a timedelta.

        clock: Tells the seconds. The system's, unless a test brings its own.

    Raises:
        ConfigurationError: An interval that is none.
    """

    def __init__(
        self, *, probe_every: float | timedelta = 60.0, clock: Clock | None = None
    ) -> None:
        self._every = seconds(probe_every, "probe_every")
        self._clock: Clock = clock or SystemClock()
        self._lock, self._pid = Lock(), os.getpid()
        self._circuits: dict[str, Circuit] = {}  # those that are open, by place

    def admit(self, email: Email, /) -> Email:
        """
        The same mail.

        Raises:
            CircuitOpenError: It is not yet time to try one.
        """
        with self._locked():
            found = self._of(email)
            now = self._clock.monotonic()
        wait = max([core.wait(one, now=now) for one in found.values()], default=0.0)
        if wait > 0:
            raise _open(found, wait)
        return email

    def permit(self, email: Email, /) -> None:
        """
        Let a request go: each one, or while it is open the one of this interval.

        Raises:
            CircuitOpenError: Another one has it.
        """
        with self._locked():
            found = self._of(email)
            now = self._clock.monotonic()
            after = {
                place: core.permitted(one, email, every=self._every, now=now)
                for place, one in found.items()
            }
            wait = max([left for _, left in after.values()], default=0.0)
            if wait <= 0:
                self._circuits.update({place: one for place, (one, _) in after.items()})
                return
        raise _open(found, wait)

    def learn(self, email: Email, error: errors.SESGuardError | None, /) -> None:
        """Open after SES's no, close after a probe's success."""
        answer = core.meaning(error)
        if not self._circuits and answer != "stopped":
            return
        stopped = core.stopped_at(email, error) if error and answer == "stopped" else None
        with self._locked():
            now = self._clock.monotonic()
            for place in core.places(email):
                before = self._circuits.get(place, CLOSED)
                here = "other" if answer == "stopped" and place != stopped else answer
                after = core.learned(
                    before, email, here, type(error).__name__, every=self._every, now=now
                )
                self._put(place, before, after)

    def _put(self, place: str, before: Circuit, after: Circuit) -> None:
        where = place or "account"
        if after.probe_at is not None:
            self._circuits[place] = after
            if before.probe_at is None:
                logger.warning(
                    "SES answered %s (%s): one mail tries again every %g seconds, and all others "
                    "are stopped",
                    after.cause,
                    where,
                    self._every,
                )
        elif before.probe_at is not None:
            del self._circuits[place]
            logger.warning("SES takes mail again (%s)", where)

    def _of(self, email: Email) -> dict[str, Circuit]:
        """The open circuits that stop this mail."""
        if not self._circuits:
            return {}
        return {
            place: self._circuits[place] for place in core.places(email) if place in self._circuits
        }

    def _locked(self) -> Lock:
        if self._pid != os.getpid():  # one that another thread held at the fork stays shut
            self._lock, self._pid = Lock(), os.getpid()
        return self._lock


def _open(found: dict[str, Circuit], wait: float) -> errors.CircuitOpenError:
    place, circuit = next(iter(found.items()))
    where = "this account" if place == core.ACCOUNT else place
    return errors.CircuitOpenError(
        f"SES answered {circuit.cause} a moment ago, so {where} sends nothing and SES was not "
        f"asked. One mail tries again in {wait:.0f} seconds. Read the account's status "
        "(account.check()), mend the cause, then resume sending.",
        retry_after=wait,
        attempts=0,
    )
