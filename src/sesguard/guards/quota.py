"""Keeps some of the daily quota for mail that cannot wait."""

from __future__ import annotations

import logging
import math
import os
from collections.abc import Callable
from datetime import timedelta
from threading import Lock

from sesguard import errors
from sesguard._core import daily as core
from sesguard._core.daily import Daily, Kept
from sesguard._core.guard_options import checked_bulk, checked_reader, is_bulk, seconds
from sesguard.clocks import SystemClock
from sesguard.guards._readings import Readings
from sesguard.mail import Email
from sesguard.ports import AccountPort, Clock
from sesguard.quota import Quota

__all__ = ["QuotaGuard"]

logger: logging.Logger = logging.getLogger(__name__)


class QuotaGuard:
    """
    Keeps some of the daily quota for transactional mail, and refuses bulk mail before SES does.

    Once SES itself has said that the quota is spent, bulk mail is refused without a request until
    the ``retry_after`` of that answer. Transactional mail always goes out: SES judges it.

    The account's figures are read in the thread of a bulk mail, at most once *every* so many
    seconds; what is sent through this guard meanwhile is counted on top. What other processes
    send is known from the next reading, so that several may go beyond the line by what they send
    in between: keep more, or read more often. Figures that cannot be read leave the last ones in
    force, for a day; without any, mail goes, and a warning is logged.

    Args:
        account: Whose ``quota()`` answers the figures: `transports.SESTransport`,
            `account.AccountReader`, or your own.

        keep: Recipients to keep. This, or *keep_share*.

        keep_share: The share of the quota to keep, above 0 and below 1: 0.1 is a tenth.

        bulk: Says whether a mail is bulk. Unless given, one is that has ``list_unsubscribe`` or
            ``list_management``.

        every: Seconds between two readings, or a timedelta. SES takes one a second.

        clock: Tells the seconds. The system's, unless a test brings its own.

    Raises:
        ConfigurationError: A number out of range, both or none of the two, or no account.
    """

    def __init__(
        self,
        account: AccountPort,
        *,
        keep: float | None = None,
        keep_share: float | None = None,
        bulk: Callable[[Email], bool] = is_bulk,
        every: float | timedelta = 60.0,
        clock: Clock | None = None,
    ) -> None:
        ask: object = None if isinstance(account, type) else getattr(account, "quota", None)
        self._ask = checked_reader(ask, "The quota of account=")
        self._kept = _kept(keep, keep_share)
        self._is_bulk = checked_bulk(bulk)
        self._clock: Clock = clock or SystemClock()
        self._readings = Readings(seconds(every, "every"), self._clock)
        self._daily = Daily()
        self._warned = False
        self._begin()

    def _begin(self) -> None:
        """What belongs to one process: its lock. One that was held at the fork stays shut."""
        self._lock, self._pid = Lock(), os.getpid()

    def admit(self, email: Email, /) -> Email:
        """
        The same mail.

        Raises:
            CircuitOpenError: It is bulk, and there is no room for one more recipient.
        """
        if self._is_bulk(email):
            self._readings.refresh(self._read)
            with self._locked():
                self._check(1)
        return email

    def permit(self, email: Email, /) -> None:
        """
        Count a mail that is about to be sent.

        Raises:
            CircuitOpenError: It is bulk, and there is no room for all its recipients.
        """
        units = len(email.recipients)
        bulk = self._is_bulk(email)
        if bulk:
            self._readings.refresh(self._read)
        with self._locked():
            if bulk:
                self._check(units)
            self._daily = core.taken(self._daily, units)

    def learn(self, email: Email, error: errors.SESGuardError | None, /) -> None:
        """Give back what was certainly not sent, and believe SES where it says no."""
        sent = error is None or error.outcome == "unknown"
        with self._locked():
            self._daily = core.settled(self._daily, len(email.recipients), sent=sent)
            if isinstance(error, errors.DailyQuotaExceededError):
                until = self._clock.monotonic() + (error.retry_after or 0.0)
                self._daily = core.gone(self._daily, until)

    def _check(self, units: int) -> None:
        now = self._clock.monotonic()
        gone = self._daily.gone_until - now
        if gone > 0:
            raise errors.CircuitOpenError(
                "SES said that the daily quota is spent, so bulk mail waits and SES was not asked. "
                f"Come again in {gone:.0f} seconds, or raise the quota.",
                retry_after=gone,
                attempts=0,
            )
        room = core.room(self._daily, self._kept, now=now)
        quota = self._daily.quota
        if quota is not None and units > room:
            raise errors.CircuitOpenError(
                f"Of the daily quota of {quota.max_24_hour_send:,.0f} recipients "
                f"{self._kept.of(quota):,.0f} are kept for other mail and {max(0.0, room):,.0f} "
                f"are left for bulk mail, and this one has {units}. SES was not asked. The quota "
                "comes back over hours: send later, or keep less.",
                retry_after=max(1.0, self._readings.due - now),
                attempts=0,
            )

    def _read(self, now: float) -> None:
        with self._locked():
            asked = self._daily
        try:
            quota = _checked(self._ask())
        except Exception as error:
            # Whatever the account raises: the last figures stand, and no mail is lost for it.
            self._failed(error)
        else:
            with self._locked():
                self._daily = core.read(self._daily, quota, asked=asked, now=now)
            self._warned = False

    def _failed(self, error: Exception) -> None:
        if self._warned:
            return
        self._warned = True
        known = self._daily.quota is not None
        logger.warning(
            "The account's daily quota could not be read (%s): %s. Allow ses:GetAccount.",
            type(error).__name__,
            "the last figures count" if known else "bulk mail is not held against it until it can",
        )

    def _locked(self) -> Lock:
        if self._pid != os.getpid():
            self._begin()
            self._daily = self._daily._replace(flying=0)  # the parent hears of those
        return self._lock


def _kept(keep: float | None, share: float | None) -> Kept:
    if (keep is None) == (share is None):
        raise errors.ConfigurationError("Give keep= recipients, or keep_share= of the quota.")
    number = keep if share is None else share
    if isinstance(number, int | float) and not isinstance(number, bool):
        if share is None and 0 <= number < math.inf:
            return Kept(recipients=number)
        if share is not None and 0 < share < 1:
            return Kept(share=share)
    raise errors.ConfigurationError(
        "keep= is a number of recipients from 0, and keep_share= a share above 0 and below 1, "
        "such as 0.1 for a tenth."
    )


def _checked(answer: object) -> Quota:
    if not isinstance(answer, Quota):
        close = getattr(answer, "close", None)  # a coroutine, unclosed, would warn besides
        if callable(close):
            close()
        raise errors.ConfigurationError("quota() must answer a Quota.")
    figures = (answer.max_24_hour_send, answer.sent_last_24_hours)
    if not all(math.isfinite(one) for one in figures):
        raise errors.ConfigurationError("A quota is of numbers.")
    return answer
