"""
Bounce and complaint rates, held against the lines that AWS acts on.

    points = metrics.fetch()
    rates = metrics.rates(points, window=timedelta(days=1))
    if rates.worst.severity >= metrics.Status.REVIEW.severity: ...
    print(metrics.table(rates), metrics.chart(points), sep="\\n\\n")

The lines are 5 % and 10 % for bounces, 0.1 % and 0.5 % for complaints. All rates here are
estimates: SES's own is over a volume that it does not tell, and leaves out some of the mail.
"""

from __future__ import annotations

from sesguard._core.chart import chart, table
from sesguard._core.rates import LINES, Lines, Rate, Rates, Status, rates
from sesguard._core.statistics import (
    Points,
    Rolling,
    SendDataPoint,
    Totals,
    latest,
    read_points,
    rolling,
    series,
)
from sesguard.account.reader import fetch

__all__ = [
    "LINES",
    "Lines",
    "Points",
    "Rate",
    "Rates",
    "Rolling",
    "SendDataPoint",
    "Status",
    "Totals",
    "chart",
    "fetch",
    "latest",
    "rates",
    "read_points",
    "rolling",
    "series",
    "table",
]
