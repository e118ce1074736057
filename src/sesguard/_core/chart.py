"""Rates as plain text: a chart over time, and a table. Pure."""

from __future__ import annotations

from datetime import timedelta
from math import floor
from typing import Literal

from sesguard._core.rates import ESTIMATE, LINES, Rate, Rates, percent
from sesguard._core.statistics import Points, Rolling, duration, rolling
from sesguard.errors import ConfigurationError

__all__ = ["chart", "table"]

_EIGHTHS = "▁▂▃▄▅▆▇█"


def chart(
    points: Points,
    *,
    rate: Literal["bounce", "complaint"] = "bounce",
    window: float | timedelta = 86_400.0,
    width: int = 60,
    height: int = 8,
) -> str:
    """
    A rate over time, over a rolling window, with AWS's two lines drawn in.

    A column shows the highest rate of its stretch of time, so that no peak is lost; where it has
    no point of its own, the rate before it stands. A line is the lower edge of its row: whatever
    fills a part of that row is on the line or over it.

    Args:
        points: In any order, as `rates` takes them.

        rate: Which one.

        window: Seconds or a timedelta that each rate is taken over.

        width: Columns of the chart itself, from 30.

        height: Rows of the chart itself, from 6. A peak that goes beyond them ends in ``▲``.

    Returns:
        Lines of text without a newline at the end.

    Raises:
        ParseError: The points cannot be read.

        ConfigurationError: *window*, *width* or *height* cannot work.
    """
    length = duration(window, "window")
    if width < 30 or height < 6:
        raise ConfigurationError("A chart is at least 30 columns wide and 6 rows high.")
    lines = LINES[rate]
    rows = rolling(points, length)
    out = [f"{rate} rate, rolling {_span(length)}. {ESTIMATE}"]
    if not rows:
        return f"{out[0]}\n(no points)"
    ratio = lines.per_mille_pause // lines.per_mille_review
    below = (height - 1) // ratio  # rows below the line of review
    marks = {
        below: (f"{100 * lines.review:g} %", "review"),
        below * ratio: (f"{100 * lines.pause:g} %", "pause"),
    }
    bars = [
        share / lines.review * below if share else -1.0 for share in _columns(rows, rate, width)
    ]
    for row in reversed(range(height)):
        label, name = marks.get(row, ("", ""))
        drawn = "".join(_cell(bar - row, "╌" if name else " ") for bar in bars)
        if row == height - 1:
            drawn = "".join(
                "▲" if bar > height else cell for bar, cell in zip(bars, drawn, strict=True)
            )
        out.append(f"{label:>6} {'┤' if name else '│'}{drawn} {name}".rstrip())
    first, last = f"{rows[0].at:%b %d %H:%M}", f"{rows[-1].at:%b %d %H:%M} UTC"
    out += [f"{0:>6} └{'─' * width}", f"{'':8}{first}{last:>{width - len(first)}}"]
    return "\n".join(out)


def table(rates: Rates) -> str:
    """
    The three rates of one window, with count, interval, lines and status.

    Args:
        rates: What `metrics.rates` gave.

    Returns:
        Lines of text without a newline at the end.
    """
    bounce = rates.bounce
    head = f"{'':10}{'rate':>10}{'count':>20}{'95 % interval':>22}{'lines':>20}  status"
    window = "all points" if bounce.since is None else f"after {bounce.since:%Y-%m-%d %H:%M}"
    until = "" if bounce.until is None else f", up to {bounce.until:%Y-%m-%d %H:%M} UTC"
    body = [_table_row(rate) for rate in (bounce, rates.complaint, rates.reject)]
    return "\n".join([head, *body, f"{window}{until}. {ESTIMATE}"])


def _table_row(rate: Rate) -> str:
    lines = LINES.get(rate.name)
    value = "-" if rate.value is None else percent(rate.value)
    count = f"{rate.numerator:,} of {rate.denominator:,}"
    interval = f"{percent(rate.low)} - {percent(rate.high)}"
    limits = "-" if lines is None else f"{100 * lines.review:g} %, {100 * lines.pause:g} %"
    return f"{rate.name:10}{value:>10}{count:>20}{interval:>22}{limits:>20}  {rate.status}"


def _columns(rows: Rolling, rate: str, width: int) -> list[float]:
    """The highest share in each of *width* equal stretches of time."""
    start, whole = rows[0].at, rows[-1].at - rows[0].at
    peaks: list[float | None] = [None] * width
    for row in rows:
        events = row.bounces if rate == "bounce" else row.complaints
        share = events / row.delivery_attempts if row.delivery_attempts else 0.0
        column = min(width - 1, int((row.at - start) / whole * width)) if whole else 0
        peaks[column] = max(share, peaks[column] or 0.0)
    stands = 0.0
    return [stands := stands if peak is None else peak for peak in peaks]


def _cell(filled: float, blank: str) -> str:
    """One row of a bar: *filled* is how much of the row it fills. On the lower edge is in it."""
    eighths = floor(filled * 8 + 1e-9)
    return blank if eighths < 0 else _EIGHTHS[min(7, eighths)]


def _span(length: timedelta) -> str:
    hours = length / timedelta(hours=1)
    return f"{hours:g} h" if hours >= 1 else f"{length.total_seconds():g} s"
