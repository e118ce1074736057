"""What of the daily quota is left for bulk mail, as values that go in and come out."""

from __future__ import annotations

import math
from typing import NamedTuple

from sesguard.quota import Quota

__all__ = ["DAY", "Daily", "Kept", "gone", "read", "room", "settled", "taken"]

DAY = 86_400.0


class Kept(NamedTuple):
    """
    What is kept for mail that cannot wait.

    Attributes:
        recipients: So many; None where *share* says it.

        share: Of the quota, from 0 to 1.
    """

    recipients: float | None = None
    share: float = 0.0

    def of(self, quota: Quota) -> float:
        """In recipients."""
        if self.recipients is not None:
            return self.recipients
        return math.ceil(quota.max_24_hour_send * self.share)


class Daily(NamedTuple):
    """
    The daily quota at one moment.

    Attributes:
        quota: As it was read last; None before the first time.

        as_of: Monotonic seconds at which it was asked for.

        on_top: Recipients permitted here that the reading cannot hold.

        flying: Recipients permitted whose end is not known.

        gone_until: Monotonic seconds until which SES's own no to all counts.
    """

    quota: Quota | None = None
    as_of: float = -math.inf
    on_top: int = 0
    flying: int = 0
    gone_until: float = -math.inf


def room(daily: Daily, kept: Kept, *, now: float) -> float:
    """
    Recipients that bulk mail may still have; infinite where there is no quota, or none is known.

    A figure that is a day old says nothing about the last 24 hours.
    """
    if daily.quota is None or now - daily.as_of >= DAY:
        return math.inf
    return daily.quota.left - daily.on_top - kept.of(daily.quota)


def taken(daily: Daily, units: int) -> Daily:
    """Count a mail to *units* recipients that is about to be sent."""
    return daily._replace(on_top=daily.on_top + units, flying=daily.flying + units)


def settled(daily: Daily, units: int, *, sent: bool) -> Daily:
    """
    The end of such a mail.

    Args:
        sent: Whether it was, or may have been, taken. Else its recipients are given back.
    """
    on_top = daily.on_top if sent else max(0, daily.on_top - units)
    return daily._replace(on_top=on_top, flying=max(0, daily.flying - units))


def read(daily: Daily, quota: Quota, *, asked: Daily, now: float) -> Daily:
    """
    What was sent before the figures were asked for is in them. What was under way then, and what
    was permitted since, is still counted on top: rather twice than not at all.

    Args:
        daily: As it is now.

        quota: What the account answered.

        asked: As it was when the account was asked.

        now: Monotonic seconds of that moment.
    """
    since = daily.on_top - asked.on_top
    return daily._replace(quota=quota, as_of=now, on_top=max(0, asked.flying + since))


def gone(daily: Daily, until: float) -> Daily:
    """SES said that the quota is spent: until then nothing else counts."""
    return daily._replace(gone_until=max(daily.gone_until, until))
