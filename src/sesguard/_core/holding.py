"""Rates against lines of one's own: when bulk mail is held, and when it goes on. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import NamedTuple

from sesguard._core.rates import percent
from sesguard._core.statistics import SendDataPoint

__all__ = ["FEWEST", "Line", "Measured", "held", "measured", "said"]

FEWEST = 2
"""Bounces or complaints that make a rate. One alone is nobody's."""


class Line(NamedTuple):
    """
    A line of one's own, for one kind of rate.

    Attributes:
        name: ``"bounce"`` or ``"complaint"``.

        hold: The rate, as a fraction, from which bulk mail is held.

        resume: The lower one below which it goes on.
    """

    name: str
    hold: float
    resume: float


class Measured(NamedTuple):
    """
    A rate of one kind, from one source.

    Attributes:
        name: As in `Line`.

        value: A fraction.

        stands_on: What it was measured over, in words.
    """

    name: str
    value: float
    stands_on: str


def measured(
    points: Sequence[SendDataPoint], *, window: timedelta, minimum: int, now: datetime
) -> tuple[Measured, ...]:
    """
    The rates of the newest mail, and those of all that there is.

    The newest mail is that of the window, and of further back where it holds too little: rates
    that were high do not fall by waiting alone, and a bounce is held against the mail that it
    belongs to. All of it is looked at as well, since AWS looks further back than a day.

    Args:
        points: In order of time.

        window: How far back at the least.

        minimum: Delivery attempts that a rate stands on at the least.

        now: Aware.

    Returns:
        What can be judged: nothing where all points together hold too little mail, and no kind of
        which there are fewer than `FEWEST`.
    """
    newest: list[Measured] | None = None
    attempts = bounces = complaints = 0
    for point in reversed(points):
        if newest is None and now - point.timestamp >= window and attempts >= minimum:
            newest = _rates(attempts, bounces, complaints)
        attempts += point.delivery_attempts
        bounces += point.bounces
        complaints += point.complaints
    if attempts < minimum:
        return ()
    return (*(newest or ()), *_rates(attempts, bounces, complaints))


def _rates(attempts: int, bounces: int, complaints: int) -> list[Measured]:
    return [
        Measured(name, count / attempts, f"{count:,} of {attempts:,} attempts")
        for name, count in (("bounce", bounces), ("complaint", complaints))
        if count >= FEWEST
    ]


def held(before: bool, rates: Sequence[Measured], line: Line) -> Measured | None:
    """
    Whether bulk mail is held by a line: by which rate; None where it is not.

    A value on a line is over it. What is held goes on when no rate reaches the lower line.

    Args:
        before: Whether it was held until now.

        rates: Those that could be measured, of all kinds and sources.
    """
    mark = line.resume if before else line.hold
    over = [one for one in rates if one.name == line.name and one.value >= mark]
    return max(over, key=lambda one: one.value, default=None)


def said(rate: Measured, line: Line) -> str:
    """Which line was crossed, and by what."""
    return (
        f"the account's {rate.name} rate is {percent(rate.value)} ({rate.stands_on}). "
        f"Your own line is {percent(line.hold)}, and bulk mail goes on below {percent(line.resume)}"
    )
