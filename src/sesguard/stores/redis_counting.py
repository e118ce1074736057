"""Which soft bounces a suppression list in Redis counts, and until when."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator
from datetime import datetime

from sesguard._core.listing import Line, Place, SoftBounce, over
from sesguard._core.moments import microseconds
from sesguard.addresses import AddressKey
from sesguard.suppression import Reason

__all__ = ["bounce_of", "milliseconds", "moves"]


def milliseconds(at: datetime) -> int:
    """A time as a score, which has 53 bits."""
    return microseconds(at) // 1000


def moves(changes: Iterable[tuple[Line, Line]], *, now: datetime) -> Iterator[tuple[bytes, str]]:
    """Which members come, with their scores, and which go, without one."""
    for before, after in changes:
        for bounce in after.soft_bounces:
            if bounce not in before.soft_bounces:
                until = over(bounce.at, bounce.window, told=now)
                yield _member(after.place, bounce), str(milliseconds(until))
        for bounce in before.soft_bounces:
            if bounce not in after.soft_bounces:
                yield _member(before.place, bounce), ""


def _member(where: Place, bounce: SoftBounce) -> bytes:
    return json.dumps([where.key, where.scope, bounce.event_key]).encode()


def bounce_of(member: bytes) -> tuple[Place, str]:
    """
    Where the soft bounce of a member stands, and the event that it is counted by.

    Raises:
        ValueError: It is none of ours. The message tells nothing of it.
    """
    try:
        name, scope, event_key = json.loads(member.decode("ascii"))
    except (ValueError, TypeError, RecursionError):
        raise ValueError("it holds what this store did not write") from None
    return Place(AddressKey(str(name)), str(scope), Reason.BOUNCE), str(event_key)
