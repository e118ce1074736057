"""What a limiter costs, how much of the rate it uses, and that it never passes it."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime

from benchmarks.harness import Bar, Candidate, Claim, Figure, Row, compare
from benchmarks.peers import peer
from sesguard.limiters import MemoryLimiter

NOTES: list[str] = []


class SteppedClock:
    """A clock that stands still until somebody sleeps."""

    def __init__(self) -> None:
        self.seconds = 0.0

    def now(self) -> datetime:
        return datetime.fromtimestamp(self.seconds, UTC)

    def monotonic(self) -> float:
        return self.seconds

    def sleep(self, seconds: float, /) -> None:
        self.seconds += seconds


def busiest_second(grants: Sequence[float]) -> int:
    """The most grants in any second; *grants* are sorted times."""
    return max(bisect_left(grants, at + 1.0) - index for index, at in enumerate(grants))


def in_memory(rate: float) -> Iterator[Figure]:
    """Steady demand on a clock that only the limiter moves."""
    clock = SteppedClock()
    limiter = MemoryLimiter(rate, clock=clock)
    grants: list[float] = []
    while clock.monotonic() < 60.0:
        clock.sleep(limiter.reserve(1))
        grants.append(clock.monotonic())
    most = rate + max(1.0, rate / 10)
    what = f"memory, {rate:g} a second"
    yield Figure(
        area="limiter",
        what=f"busiest second, {what}",
        against="rate and burst",
        figure=busiest_second(grants) / most,
        bar=Bar(at_most=1.0),
    )
    yield Figure(
        area="limiter",
        what=f"use of the rate, {what}",
        against="rate",
        figure=len(grants) / (rate * clock.monotonic()),
        bar=Bar(at_least=0.98),
    )


def rows() -> Iterator[Row | Figure]:
    """Against token-bucket, which answers no or yes and not how long to wait."""
    limiter = MemoryLimiter(1e9)
    ours = Candidate(
        name="MemoryLimiter.reserve", run=lambda: limiter.reserve(1), right=lambda wait: wait == 0
    )
    if token_bucket := peer("token_bucket", NOTES):
        theirs = token_bucket.Limiter(1e9, 1_000_000_000, token_bucket.MemoryStorage())
        base = Candidate(name="token-bucket consume", run=lambda: theirs.consume("ses"), right=bool)
        NOTES.append("token-bucket: answers no instead of a wait, and takes no debt.")
        yield from compare("limiter", [base, ours], [Claim(ours.name, base.name, Bar(at_most=2))])
    for rate in (14.0, 200.0):
        yield from in_memory(rate)
