"""GetSendStatistics as SES keeps it: quarters of an hour, unsorted, on no round minute."""

from __future__ import annotations

import random
from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

from sesguard.simulator.fates import Fate

__all__ = ["Statistics"]

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_PERIOD = timedelta(minutes=15)
_KEPT = timedelta(days=14)


class Statistics:
    """
    Counts what was sent in each period, and what came back.

    Args:
        seed: Decides at which minute the periods start, and in which order they are told.

    Source:
        SES API Reference, GetSendStatistics. That periods start at odd minutes, come in no order,
        and are left out when nothing happened, is seen in answers of SES.
    """

    def __init__(self, seed: int) -> None:
        self._shuffle = random.Random(f"{seed} statistics")
        self._origin = _EPOCH + timedelta(minutes=self._shuffle.randrange(1, 15))
        self._periods: dict[datetime, dict[str, int]] = {}

    def count(self, at: datetime, fates: Sequence[Fate]) -> None:
        """Count one mail."""
        period = self._period(at)
        period["DeliveryAttempts"] += len(fates)
        for fate in fates:
            if fate.bounce is not None and fate.bounce.bounce_type == "Permanent":
                period["Bounces"] += 1
            if fate.complaint is not None:
                period["Complaints"] += 1

    def reject(self, at: datetime, recipients: int) -> None:
        """Count a mail with a virus, which nobody was to get."""
        self._period(at)["Rejects"] += recipients

    def _period(self, at: datetime) -> dict[str, int]:
        start = at - (at - self._origin) % _PERIOD
        if start not in self._periods:
            names = ("DeliveryAttempts", "Bounces", "Complaints", "Rejects")
            self._periods[start] = dict.fromkeys(names, 0)
        return self._periods[start]

    def counted(self) -> Iterator[tuple[datetime, Mapping[str, int]]]:
        """Each period's start and counts, since the beginning."""
        yield from self._periods.items()

    def points(self, now: datetime) -> list[dict[str, Any]]:
        """The points of the last two weeks."""
        found = [
            {"Timestamp": start, **counts}
            for start, counts in self._periods.items()
            if now - start < _KEPT
        ]
        self._shuffle.shuffle(found)
        return found
