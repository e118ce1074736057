"""What a limiter costs, how much of the rate it uses, and that it never passes it."""

from __future__ import annotations

import multiprocessing
import tempfile
import time
from bisect import bisect_left
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime
from pathlib import Path

from benchmarks.harness import Bar, Candidate, Claim, Figure, Row, compare
from benchmarks.peers import peer
from sesguard.limiters import MemoryLimiter, SQLiteLimiter

NOTES: list[str] = []
PROCESSES, SECONDS = 8, 3.0


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


def hungry(
    path: Path, rate: float, begin: float, grants: multiprocessing.Queue[list[float]]
) -> None:
    """One process that sends whenever it may, for some seconds of the real clock."""
    mine: list[float] = []
    with SQLiteLimiter(path, rate) as limiter:
        time.sleep(max(0.0, begin - time.monotonic()))
        while (now := time.monotonic()) < begin + SECONDS:
            wait = limiter.reserve(1)
            time.sleep(wait)
            mine.append(now + wait)
    grants.put(mine)


def over_processes(rate: float) -> Iterator[Figure]:
    """Eight processes on one rate, by the real clock."""
    context = multiprocessing.get_context("spawn")
    with tempfile.TemporaryDirectory() as folder:
        grants = context.Queue()
        arguments = (Path(folder) / "rate.db", rate, time.monotonic() + 3.0, grants)
        workers = [context.Process(target=hungry, args=arguments) for _ in range(PROCESSES)]
        for worker in workers:
            worker.start()
        shares = [grants.get(timeout=60) for _ in workers]
        for worker in workers:
            worker.join()
    together = sorted(moment for share in shares for moment in share)
    what = f"{PROCESSES} processes, {rate:g} a second"
    length = together[-1] - together[0]
    yield Figure(
        area="limiter",
        what=f"use of the rate, {what}",
        against="rate",
        figure=len(together) / (rate * length),
        bar=Bar(at_least=0.98),
    )
    yield Figure(
        area="limiter",
        what=f"least-served of {what}",
        against="mean share",
        figure=min(map(len, shares)) * PROCESSES / len(together),
        bar=Bar(at_least=0.5),
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
    yield from over_processes(200.0)
