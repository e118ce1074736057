"""No limit."""

from __future__ import annotations

from sesguard import limiters
from sesguard.ports import Limiter


def test_it_never_waits() -> None:
    """Whatever was taken, given back or throttled, there is nothing to wait for."""
    limiter: Limiter = limiters.Unlimited()
    for _ in range(3):
        assert limiter.reserve(50) == 0.0
        limiter.slow_down(10.0)
        limiter.give_back(50)
