"""
A token bucket of which bulk mail may use a share, and no more.

Bulk mails queue up, and what they take is taken off the bucket bit by bit, at the share of the
rate and not before its time. So the rest of the rate stays free for other mail, however many
bulk mails hold a time in the future already. That is two numbers and no list: the bulk mail not
yet taken off, and the seconds before which nothing starts.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import NamedTuple, cast

from sesguard._core import rate as core
from sesguard._core.rate import RECOVERY, Bucket

__all__ = ["Bulk", "Shared", "paused", "read", "refund", "reserve", "shared", "slowed"]


class Bulk(NamedTuple):
    """
    What bulk mail has of a bucket at the moment at which the bucket is true.

    Attributes:
        share: The part of the rate that it may use, above 0 and below 1; 0 as long as there was
            no bulk mail.

        held: Its recipients not yet taken off the bucket.

        ahead: Seconds until the bucket and *held* are true. Nothing starts before.

        largest: The recipients of the largest mail in *held*.
    """

    share: float = 0.0
    held: float = 0.0
    ahead: float = 0.0
    largest: float = 0.0


class Shared(NamedTuple):
    """A bucket, and what bulk mail has of it."""

    bucket: Bucket
    bulk: Bulk = Bulk()

    @property
    def at_rest(self) -> bool:
        """Whether the bucket alone says it all."""
        return self.bulk.held == 0.0 and self.bulk.ahead == 0.0


def read(values: Sequence[object]) -> Shared | None:
    """
    What was kept as the values of a bucket and those of its bulk mail, in their order.

    Returns:
        None where they can be those of no bucket.
    """
    if len(values) != 10 or not {*map(type, values)} <= {int, float}:
        return None
    numbers = cast("Sequence[float]", values)
    bucket, bulk = Bucket(*numbers[:6]), Bulk(*numbers[6:])
    tokens, rate, size, as_of, pace, slowed_at = bucket
    share, held, ahead, largest = bulk
    possible = (  # whatever is no number fails one of these
        -math.inf < tokens <= size < math.inf
        and size >= 1
        and 0 < rate < math.inf
        and -math.inf < as_of < math.inf
        and core.SLOWEST <= pace <= 1
        and slowed_at <= as_of
        and 0 <= share < 1
        and 0 <= held < math.inf
        and (share > 0 or held == 0)
        and 0 <= ahead < math.inf
        and 0 <= largest < math.inf
    )
    return Shared(bucket, bulk) if possible else None


def shared(before: Shared | None, rate: float, burst: float | None, *, now: float) -> Shared:
    """
    The bucket at *now*, at this rate and burst from now on.

    Args:
        before: As last seen; None for one that nothing was taken from.

        rate: Recipients a second.

        burst: As `sesguard._core.rate.full` takes it.

        now: Seconds. Where they are less than the bucket's, its clock was set back: nothing is
            gained, and it goes on from here.
    """
    if before is None:
        return Shared(core.full(rate, burst, now=now))
    (tokens, _, _, as_of, pace, slowed_at), bulk = _passed(before, now - before.bucket.as_of)
    size = core.size_of(rate, burst)
    if as_of > now:  # a throttle of then is none of now
        slowed_at = min(slowed_at, now - core.ONE_THROTTLE)
    return Shared(Bucket(min(tokens, size), rate, size, now, pace, slowed_at), bulk)


def reserve(at: Shared, units: int, share: float | None = None) -> tuple[Shared, float]:
    """
    Take *units* tokens.

    A mail waits until one token is there. While bulk mails of several recipients are queued, one
    of several recipients is paid for out of the burst before it starts, or where the burst is too
    small for that, queues with them: else two mails would be in debt at once.

    Args:
        at: As `shared` answered.

        units: Recipients about to be mailed.

        share: For bulk mail, its part of the rate; None for other mail. One that differs from
            what is queued holds once the queue is empty.

    Returns:
        What is left, and the seconds to wait before sending.
    """
    bucket, bulk = at
    tokens, rate, size, as_of, pace, slowed_at = bucket
    need = max(1.0, min(units, bulk.largest)) if bulk.held > 0.0 else 1.0
    if share is not None or need > size:
        return _queued(at, units, share)
    short = max(0.0, need - tokens)
    wait = bulk.ahead + min(short / (1.0 - bulk.share), short + bulk.held) / (rate * pace)
    return Shared(Bucket(tokens - units, rate, size, as_of, pace, slowed_at), bulk), wait


def refund(at: Shared, units: int, share: float | None = None) -> Shared:
    """Put tokens back that a mail took and did not use; arguments are those of the taking."""
    bucket, bulk = at
    queued = share is not None or min(units, bulk.largest) > bucket.size
    out = min(bulk.held, units) if queued else 0.0  # the rest was taken off by now
    tokens = min(bucket.size, bucket.tokens + units - out)
    return Shared(bucket._replace(tokens=tokens), bulk._replace(held=bulk.held - out))


def slowed(at: Shared, pause: float) -> Shared:
    """
    After SES throttled: at half the pace, which climbs back within seconds.

    Args:
        at: As `shared` answered.

        pause: Seconds for which nothing starts.
    """
    bucket = core.slowed(at.bucket, 0.0, now=at.bucket.as_of)
    return paused(Shared(bucket, at.bulk), pause)


def paused(at: Shared, seconds: float) -> Shared:
    """Nothing starts for so long, and then no burst."""
    if seconds <= at.bulk.ahead:
        return at
    later, bulk = _passed(at, seconds)
    tokens = min(1.0, later.tokens)
    return Shared(at.bucket._replace(tokens=tokens), bulk._replace(ahead=seconds))


def _queued(at: Shared, units: int, share: float | None) -> tuple[Shared, float]:
    """Take *units* at the end of the queue, or where one token is there only later, then."""
    bucket, bulk = at
    if bulk.held == 0.0 and share is not None:
        bulk = bulk._replace(share=share, largest=0.0)
    room = bulk.held / bulk.share  # tokens gained until the queue is empty
    largest = max(bulk.largest, float(units))
    if bucket.tokens + room - bulk.held >= 1.0:
        wait = bulk.ahead + room / _speed(bucket)
        return Shared(bucket, bulk._replace(held=bulk.held + units, largest=largest)), wait
    # Nothing else could start before this one: what happens until then need not be kept.
    wait = bulk.ahead + (1.0 - bucket.tokens + bulk.held) / _speed(bucket)
    queue = Bulk(share=bulk.share, held=float(units), ahead=wait, largest=float(units))
    return Shared(bucket._replace(tokens=1.0), queue), wait


def _passed(at: Shared, seconds: float) -> Shared:
    """The same, after so many seconds; a clock that ran back gains nothing."""
    if seconds <= 0.0:
        return at
    (tokens, rate, size, as_of, pace, slowed_at), bulk = at
    share, held, ahead, largest = bulk
    gained = max(0.0, seconds - ahead) * rate * pace  # at the pace of before, the lower
    if held or ahead:
        taken = min(held, share * gained)
        bulk = Bulk(share, held - taken, max(0.0, ahead - seconds), largest)
        gained -= taken
    pace = min(1.0, pace + seconds / RECOVERY)
    tokens = min(size, tokens + gained)
    return Shared(Bucket(tokens, rate, size, as_of + seconds, pace, slowed_at), bulk)


def _speed(bucket: Bucket) -> float:
    """Tokens gained per second."""
    return bucket.rate * bucket.pace
