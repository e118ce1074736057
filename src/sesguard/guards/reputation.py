"""Holds bulk mail before AWS has a reason to stop all mail."""

from __future__ import annotations

import logging
from collections.abc import Callable, Coroutine
from datetime import timedelta
from typing import cast

from sesguard import errors
from sesguard._core import holding as core
from sesguard._core.guard_options import checked_bulk, checked_reader, is_bulk, seconds, within
from sesguard._core.holding import Line, Measured
from sesguard._core.rates import LINES
from sesguard._core.statistics import Points, read_points
from sesguard.clocks import SystemClock
from sesguard.guards._readings import Readings
from sesguard.guards.reputation_cloudwatch import CloudWatchClient, reputation
from sesguard.mail import Email
from sesguard.ports import Clock

__all__ = ["ReputationGuard"]

logger: logging.Logger = logging.getLogger(__name__)


class ReputationGuard:
    """
    Holds bulk mail while the account's bounce or complaint rate is above lines of your own.

    Transactional mail goes on. Held mail goes on when the rate is below a lower line, so that it
    does not come and go with every mail. AWS's own lines are 5 % and 0.1 %.

        ReputationGuard(metrics.fetch)

    Rates are estimates out of SendDataPoints, over all that SES keeps, two weeks, and over the
    newest mail: that of the last *window*, and of further back where there were fewer than
    *minimum* attempts in it. The higher one counts. So a rate does not fall by waiting alone. One
    bounce or complaint alone holds nothing.

    The figures are read in the thread of a bulk mail, at most once *every* so many seconds.
    Figures that cannot be read leave the last ones in force; without any, mail goes, and a
    warning is logged.

    Args:
        statistics: Answers SendDataPoints, in any order: ``metrics.fetch``, or the
            ``get_send_statistics`` of a boto3 client for ``ses``.

        cloudwatch: A boto3 client for ``cloudwatch``, where ``Reputation.BounceRate`` and
            ``Reputation.ComplaintRate`` are to be read as well. The higher of two rates counts.

        bounce: The line for hard bounces, as a fraction: 0.04 is 4 %.

        complaint: The line for complaints, as a fraction: 0.0008 is 0.08 %.

        resume_at: What is held goes on below this share of its line, above 0 and at most 1.

        minimum: Delivery attempts below which SendDataPoints are too few to tell.

        window: Seconds, or a timedelta: what is the newest mail.

        bulk: Says whether a mail is bulk. Unless given, one is that has ``list_unsubscribe`` or
            ``list_management``.

        every: Seconds between two readings, or a timedelta. SES has new points every 15 minutes.

        clock: Tells the time. The system's, unless a test brings its own.

    Raises:
        ConfigurationError: A line that is no fraction, or above the one at which AWS pauses the
            account; another number out of range; no function to read by.
    """

    def __init__(
        self,
        statistics: Callable[[], Points],
        *,
        cloudwatch: CloudWatchClient | None = None,
        bounce: float = 0.04,
        complaint: float = 0.0008,
        resume_at: float = 0.75,
        minimum: int = 1_000,
        window: float | timedelta = timedelta(days=1),
        bulk: Callable[[Email], bool] = is_bulk,
        every: float | timedelta = 900.0,
        clock: Clock | None = None,
    ) -> None:
        self._statistics = checked_reader(statistics, "statistics=")
        if cloudwatch is not None:
            ask: object = getattr(cloudwatch, "get_metric_data", None)
            checked_reader(ask, "The get_metric_data of cloudwatch=")
        self._cloudwatch = cloudwatch
        share = within(resume_at, "resume_at", 1, what="a share of the lines")
        self._lines = (_line("bounce", bounce, share), _line("complaint", complaint, share))
        self._minimum = int(within(minimum, "minimum", 1e9, what="a count of attempts"))
        self._window = timedelta(seconds=seconds(window, "window"))
        self._is_bulk = checked_bulk(bulk)
        self._clock: Clock = clock or SystemClock()
        self._readings = Readings(seconds(every, "every"), self._clock)
        self._measured: dict[str, tuple[Measured, ...]] = {}  # by source
        self._held: dict[str, Measured] = {}  # by the name of the line
        self._warned: set[str] = set()

    @property
    def held(self) -> frozenset[str]:
        """The rates for which bulk mail is held, as last read: ``"bounce"``, ``"complaint"``."""
        return frozenset(self._held)

    def admit(self, email: Email, /) -> Email:
        """
        The same mail.

        Raises:
            CircuitOpenError: It is bulk, and bulk mail is held.
        """
        self.permit(email)
        return email

    def permit(self, email: Email, /) -> None:
        """
        Let a mail go.

        Raises:
            CircuitOpenError: It is bulk, and bulk mail is held.
        """
        if not self._is_bulk(email):
            return
        self._readings.refresh(self._read)
        held = self._held
        for line in self._lines:
            if line.name in held:
                wait = max(1.0, self._readings.due - self._clock.monotonic())
                raise errors.CircuitOpenError(
                    f"Bulk mail is held: {core.said(held[line.name], line)}. SES was not asked. "
                    f"The rate is read again in {wait:.0f} seconds. Clean the list meanwhile.",
                    retry_after=wait,
                    attempts=0,
                )

    def learn(self, email: Email, error: errors.SESGuardError | None, /) -> None:
        """Nothing: what became of a mail is told by the figures."""

    def _read(self, _: float) -> None:
        self._ask("SendDataPoints", self._points)
        if self._cloudwatch is not None:
            client = self._cloudwatch
            self._ask("CloudWatch", lambda: reputation(client, self._clock.now()))
        measured = [one for some in self._measured.values() for one in some]
        found = {
            line.name: over
            for line in self._lines
            if (over := core.held(line.name in self._held, measured, line)) is not None
        }
        for line in self._lines:
            if line.name in found and line.name not in self._held:
                logger.warning("Bulk mail is held: %s.", core.said(found[line.name], line))
            elif line.name in self._held and line.name not in found:
                logger.warning("The account's %s rate no longer holds bulk mail", line.name)
        self._held = found

    def _ask(self, source: str, read: Callable[[], tuple[Measured, ...]]) -> None:
        try:
            self._measured[source] = read()
        except Exception as error:
            # Whatever it raises: the last figures stand, and no mail is lost for it.
            if source not in self._warned:
                self._warned.add(source)
                left = "the last ones count"
                if source not in self._measured:
                    left = "until they can, bulk mail is not held by it"
                logger.warning(
                    "The account's rates could not be read from %s (%s): %s.",
                    source,
                    type(error).__name__,
                    left,
                )
        else:
            self._warned.discard(source)

    def _points(self) -> tuple[Measured, ...]:
        answer = self._statistics()
        if isinstance(answer, Coroutine):  # it cannot be read, and unclosed it would warn besides
            cast("Coroutine[object, object, object]", answer).close()
        points = read_points(cast("Points", answer))
        return core.measured(
            points, window=self._window, minimum=self._minimum, now=self._clock.now()
        )


def _line(name: str, at: float, share: float) -> Line:
    pause = LINES[name].pause
    what = f"a fraction, not beyond the {100 * pause:g} % at which AWS pauses sending"
    hold = within(at, name, pause, what=what)
    return Line(name, hold, hold * share)
