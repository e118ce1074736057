"""
Ratios that mean something on a noisy machine.

Every candidate of a comparison runs once in each repeat, in rotated order, and a ratio is taken
within the repeat: what slows the machine down for a while slows both. The figure is the median of
those ratios, beside their tenth and ninetieth percentile. Times are those of the processor, so
that other programs count for little. Garbage is collected before a timed stretch and collection
is off during it. Before anything is timed, each candidate has to give the right answer.
"""

from __future__ import annotations

import gc
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from statistics import median, quantiles
from time import process_time
from typing import Any

__all__ = ["Bar", "Candidate", "Claim", "Figure", "Row", "compare", "show"]

REPEATS = 41
STRETCH = 0.01  # seconds that one timed stretch should take: short ones meet the same weather


@dataclass(frozen=True, slots=True)
class Bar:
    """
    What a figure has to keep to.

    Attributes:
        at_most: The greatest figure allowed.

        at_least: The smallest.
    """

    at_most: float = float("inf")
    at_least: float = 0.0

    def met_by(self, value: float) -> bool:
        return self.at_least <= value <= self.at_most

    def __str__(self) -> str:
        return f"<= {self.at_most:g}" if self.at_least == 0.0 else f">= {self.at_least:g}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Candidate:
    """
    One way to do the work.

    Attributes:
        run: Does it once.

        right: Whether what *run* answers is the right answer.

        units: How much work one run is; times are for one unit.

        before: Is called before each timed stretch, and not timed.

        clocked: *run* answers the seconds that it took by its own clock.

        loops: Runs in one timed stretch; None to find how many fill it.
    """

    name: str
    run: Callable[[], Any]
    right: Callable[[Any], bool]
    units: float = 1.0
    before: Callable[[], object] = gc.collect
    clocked: bool = False
    loops: int | None = None

    def seconds(self, loops: int) -> float:
        """One timed stretch, for one unit of work."""
        run = self.run
        self.before()
        gc.collect()
        gc.disable()
        try:
            if self.clocked:
                return float(sum(run() for _ in range(loops))) / loops / self.units
            began = process_time()
            for _ in range(loops):
                run()
            return (process_time() - began) / loops / self.units
        finally:
            gc.enable()

    def enough(self) -> int:
        """How many runs make a stretch that can be timed."""
        if self.loops or self.clocked:
            return self.loops or 1
        loops = 1
        while self.seconds(loops) * loops * self.units < STRETCH / 4:
            loops *= 2
        return loops * 4


@dataclass(frozen=True, slots=True)
class Claim:
    """That one candidate costs so many times another. Without a bar it is only told."""

    ours: str
    against: str
    bar: Bar | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """
    One line of the table.

    Attributes:
        micros: Microseconds for one unit of work; for scale only.

        low, high: The tenth and ninetieth percentile of the figure.
    """

    area: str
    what: str
    against: str
    figure: float
    low: float
    high: float
    micros: float | None = None
    bar: Bar | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Figure:
    """A line that is counted and not timed: calls, grants, shares."""

    area: str
    what: str
    against: str
    figure: float
    bar: Bar


def compare(
    area: str, candidates: Sequence[Candidate], claims: Sequence[Claim], *, repeats: int = REPEATS
) -> Iterator[Row]:
    """
    Time candidates against each other.

    Raises:
        AssertionError: A candidate does not give the right answer.
    """
    for candidate in candidates:
        candidate.before()
        assert candidate.right(candidate.run()), f"{candidate.name} gives a wrong answer"
    loops = {candidate.name: candidate.enough() for candidate in candidates}
    times: dict[str, list[float]] = {candidate.name: [] for candidate in candidates}
    for repeat in range(repeats):
        turn = repeat % len(candidates)
        for candidate in (*candidates[turn:], *candidates[:turn]):
            times[candidate.name].append(candidate.seconds(loops[candidate.name]))
    for claim in claims:
        ours, theirs = times[claim.ours], times[claim.against]
        ratios = [one / other for one, other in zip(ours, theirs, strict=True)]
        tenths = quantiles(ratios, n=10, method="inclusive")
        yield Row(
            area=area,
            what=claim.ours,
            against=claim.against,
            figure=median(ratios),
            low=tenths[0],
            high=tenths[-1],
            micros=median(ours) * 1e6,
            bar=claim.bar,
        )


HEAD = ("area", "what", "against", "us", "ratio", "p10-p90", "bar", "")


def cells(row: Row | Figure) -> tuple[str, ...]:
    """A row as it is printed."""
    verdict = "" if row.bar is None else "met" if row.bar.met_by(row.figure) else "NOT MET"
    micros = f"{row.micros:.1f}" if isinstance(row, Row) and row.micros is not None else ""
    spread = f"{row.low:.2f}-{row.high:.2f}" if isinstance(row, Row) else "counted"
    bar = "" if row.bar is None else str(row.bar)
    return (row.area, row.what, row.against, micros, f"{row.figure:.2f}", spread, bar, verdict)


def show(rows: Sequence[Row | Figure]) -> str:
    """The table."""
    lines = [HEAD, *(cells(row) for row in rows)]
    widths = [max(len(line[column]) for line in lines) for column in range(len(HEAD))]
    numbers = {3, 4}
    return "\n".join(
        "  ".join(
            cell.rjust(width) if column in numbers else cell.ljust(width)
            for column, (cell, width) in enumerate(zip(line, widths, strict=True))
        ).rstrip()
        for line in lines
    )
