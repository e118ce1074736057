"""Times as they stand in tables: microseconds since 1970, UTC."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

__all__ = ["MICROSECOND", "microseconds", "moment"]

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)

MICROSECOND = timedelta(microseconds=1)


def microseconds(at: datetime) -> int:
    """An aware time as a number."""
    return (at - _EPOCH) // MICROSECOND


def moment(number: int) -> datetime:
    """
    The time, aware UTC, that a number stands for.

    Raises:
        OverflowError: It is beyond all times.
    """
    return _EPOCH + number * MICROSECOND
