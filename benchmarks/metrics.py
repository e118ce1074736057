"""The rolling rate over fourteen days of SES's statistics."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

from benchmarks.harness import Bar, Candidate, Claim, Row, compare
from sesguard import metrics

NOTES: list[str] = []
BEGIN = datetime(2026, 3, 1, tzinfo=UTC)
POINTS = metrics.read_points(
    [
        {
            "Timestamp": BEGIN + timedelta(minutes=15 * number),
            "DeliveryAttempts": 1000 + number % 97,
            "Bounces": number % 31,
            "Complaints": number % 3,
            "Rejects": number % 2,
        }
        for number in range(1344)
    ]
)


def sums() -> tuple[int, int, int, int]:
    """One pass over the same points, without a window: the floor."""
    attempts = bounces = complaints = rejects = 0
    for point in POINTS:
        attempts += point.delivery_attempts
        bounces += point.bounces
        complaints += point.complaints
        rejects += point.rejects
    return attempts, bounces, complaints, rejects


def rows() -> Iterator[Row]:
    """Against one pass of sums."""
    last_day = sum(point.bounces for point in POINTS[-96:])
    yield from compare(
        "metrics",
        [
            Candidate(name="one pass of sums", run=sums, right=lambda found: found[1] > 0),
            Candidate(
                name="rolling 24 h, 1,344 points",
                run=lambda: metrics.rolling(POINTS),
                right=lambda found: list(found)[-1].bounces == last_day,
            ),
        ],
        [Claim("rolling 24 h, 1,344 points", "one pass of sums", Bar(at_most=6))],
    )
