"""What ``sesguard.metrics`` gathers."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from sesguard import Email, metrics
from sesguard.simulator import Simulator


def test_rates_are_seen_before_aws_acts() -> None:
    """From the account's statistics to a status, a table and a chart."""
    sim = Simulator(rate=1_000)
    client = sim.client()
    for n in range(60):
        to = f"gone{n}@example.org" if n % 10 == 0 else "ann@example.org"
        sim.bounces(f"gone{n}@example.org")
        client.send(Email(sender="us@example.com", to=to, subject="Hi", text="Hello"))
        sim.clock.advance(timedelta(minutes=10))
    points = metrics.fetch(boto3_client=sim.boto3_client("ses"))
    rates = metrics.rates(points, window=timedelta(days=1))
    assert (rates.bounce.numerator, rates.bounce.denominator) == (6, 60)
    assert rates.worst is metrics.Status.TOO_FEW
    sure = metrics.rates(points, minimum=10)
    assert sure.worst is metrics.Status.PAUSE
    assert "10.00 %" in metrics.table(rates)
    assert "pause" in metrics.chart(points)
    assert len(metrics.series(points, timedelta(hours=1))) == 11
    last_hour = metrics.rates(points, window=3_600, now=points[-1].timestamp).bounce.denominator
    assert metrics.rolling(points, 3_600)[-1].delivery_attempts == last_hour > 0
    newest = metrics.latest(points)
    assert newest is not None
    assert newest.timestamp == points[-1].timestamp


def test_what_is_named_is_there() -> None:
    """Every public name can be asked for."""
    assert {getattr(metrics, name) for name in metrics.__all__ if name != "Points"}
    point = metrics.SendDataPoint(timestamp=datetime(2026, 1, 1, tzinfo=UTC), delivery_attempts=1)
    assert metrics.read_points([point]) == (point,)
    assert metrics.LINES["bounce"].review == 0.05
