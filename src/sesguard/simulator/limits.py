"""The account's two limits, counted in recipients."""

from __future__ import annotations

from collections import deque

__all__ = ["DAY", "Limits"]

DAY = 86_400.0
_ROUNDING = 1e-6


class Limits:
    """
    What may be sent in a second, and in 24 hours.

    A mail passes while room for one recipient is left, however many it has; the next one passes
    when the debt is paid.

    Args:
        quota: Recipients in any 24 hours; -1 is unlimited.

        rate: Recipients a second. After a pause, one second's worth may go at once. What was
            slept on a simulated clock is no pause: threads that wait there do so one after the
            other, and all that they waited for is theirs.

    Source:
        SES Developer Guide, "Service quotas". How SES itself counts is not published.
    """

    def __init__(self, quota: float, rate: float) -> None:
        self.grant(quota, rate)
        self._tokens = self._most
        self._as_of = self._slept = 0.0
        self._sent: deque[tuple[float, int]] = deque()
        self._last_24_hours = 0

    def grant(self, quota: float, rate: float) -> None:
        """Other limits from now on. What was sent stays counted."""
        self.quota: float = float(quota)
        self.rate: float = float(rate)
        self._most = max(1.0, self.rate)

    def over_rate(self, now: float, slept: float = 0.0) -> bool:
        """
        Whether the next mail comes too soon after the others.

        Args:
            now: Monotonic seconds.

            slept: How many of them passed by sleeping.
        """
        waited = slept - self._slept
        rested = now - self._as_of - waited
        self._tokens = max(self._tokens, min(self._most, self._tokens + rested * self.rate))
        self._tokens += waited * self.rate
        self._as_of, self._slept = now, slept
        return self._tokens < 1.0 - _ROUNDING

    def over_quota(self, now: float) -> bool:
        """Whether the quota of the last 24 hours is used up."""
        return self.quota >= 0 and self.sent_last_24_hours(now) >= self.quota

    def sent_last_24_hours(self, now: float) -> int:
        """Recipients mailed since 24 hours ago."""
        while self._sent and self._sent[0][0] <= now - DAY:
            self._last_24_hours -= self._sent.popleft()[1]
        return self._last_24_hours

    def take(self, now: float, *, recipients: int, in_quota: int) -> None:
        """
        Count a mail.

        Args:
            now: Monotonic seconds.

            recipients: All of them, for the rate.

            in_quota: Those that count for the quota: not the mailbox simulator's.
        """
        self._tokens -= recipients
        self._sent.append((now, in_quota))
        self._last_24_hours += in_quota
