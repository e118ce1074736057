"""A token bucket, counted in recipients, as values that go in and come out."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import NamedTuple

__all__ = ["Bucket", "at_rate", "full", "refund", "reserve", "size_of", "slowed"]

SLOWEST = 1 / 16  # the least share of the rate that throttling leaves
RECOVERY = 30.0  # seconds in which a share climbs from nothing to all
ONE_THROTTLE = 1.0  # seconds in which several throttles are one: they come on many threads at once


class Bucket(NamedTuple):
    """
    A token bucket at one moment. A tuple, since one is made for every mail.

    Attributes:
        tokens: Recipients that may be mailed now. Negative while in debt.

        rate: Tokens gained per second, at full pace.

        size: The most tokens it can hold.

        as_of: Monotonic seconds at which *tokens* was true.

        pace: The share of *rate* in use, from 0 to 1. It falls when SES throttles, and climbs
            back.

        slowed_at: Monotonic seconds at which it fell last.
    """

    tokens: float
    rate: float
    size: float
    as_of: float
    pace: float = 1.0
    slowed_at: float = -math.inf


# What a named tuple's own does, at a third of its cost. Typeshed leaves its type open.
_bucket: Callable[[type[Bucket], tuple[float, ...]], Bucket] = tuple.__new__  # pyright: ignore[reportUnknownMemberType, reportUnknownVariableType]


def full(rate: float, burst: float | None, *, now: float) -> Bucket:
    """
    A bucket that nothing was taken from.

    Args:
        rate: Recipients a second.

        burst: The most tokens; None for a tenth of a second's worth, and at least one. More of
            it gains nothing under steady demand.

        now: Monotonic seconds.
    """
    size = size_of(rate, burst)
    return Bucket(tokens=size, rate=rate, size=size, as_of=now)


def at_rate(bucket: Bucket, rate: float, burst: float | None, *, now: float) -> Bucket:
    """The bucket, at another rate from now on."""
    if rate == bucket.rate:
        return bucket
    return _as_of(bucket, now)._replace(rate=rate, size=size_of(rate, burst))


def reserve(bucket: Bucket, units: int, *, now: float) -> tuple[Bucket, float]:
    """
    Take *units* tokens, going into debt if need be.

    A mail waits until one token is there and then takes all it needs, so that one of 50
    recipients is sent at any rate. In any second there start at most the rate, the size, and
    what one mail is in debt.

    Args:
        bucket: The bucket as last seen.

        units: Recipients about to be mailed. SES counts recipients, not e-mails.

        now: Monotonic seconds.

    Returns:
        The bucket after the taking, and the seconds to wait before sending.

    Source:
        SES Developer Guide, "Service quotas", sending quotas.
    """
    tokens, rate, size, as_of, pace, slowed_at = bucket
    elapsed = now - as_of
    if elapsed > 0.0:  # a clock that ran back gains nothing
        tokens += elapsed * rate * pace  # at the pace of before, which is the lower one
        pace = 1.0 if pace == 1.0 else min(1.0, pace + elapsed / RECOVERY)
        as_of = now
    if tokens > size:
        tokens = size
    wait = (1.0 - tokens) / (rate * pace) if tokens < 1.0 else 0.0
    return _bucket(Bucket, (tokens - units, rate, size, as_of, pace, slowed_at)), wait


def refund(bucket: Bucket, units: int, *, now: float) -> Bucket:
    """
    Put tokens back that a mail took and did not use.

    Whoever took the last tokens leaves no trace. When others wait behind, their times stand:
    those who come next may then start earlier than the rate alone would have them, by what was
    put back.
    """
    bucket = _as_of(bucket, now)
    return bucket._replace(tokens=min(bucket.size, bucket.tokens + units))


def slowed(bucket: Bucket, pause: float, *, now: float) -> Bucket:
    """
    The bucket after SES throttled: at half the pace, which climbs back within seconds.

    Args:
        pause: Seconds for which nothing starts.
    """
    bucket = _as_of(bucket, now)
    if bucket.as_of - bucket.slowed_at >= ONE_THROTTLE:
        bucket = bucket._replace(pace=max(SLOWEST, bucket.pace / 2), slowed_at=bucket.as_of)
    left = 1.0 - pause * bucket.rate * bucket.pace
    return bucket._replace(tokens=min(bucket.tokens, left))


def size_of(rate: float, burst: float | None) -> float:
    """The most tokens that a bucket of this rate and burst can hold."""
    return max(1.0, rate / 10) if burst is None else burst


def _as_of(bucket: Bucket, now: float) -> Bucket:
    """The bucket at *now*."""
    return reserve(bucket, 0, now=now)[0]
