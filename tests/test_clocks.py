"""The machine's own clock."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime, timedelta

import pytest

from sesguard.clocks import AsyncSystemClock, SystemClock


@pytest.mark.parametrize("clock", [SystemClock(), AsyncSystemClock()])
def test_it_tells_the_time_of_day_in_utc(clock: SystemClock) -> None:
    """The time is aware, and it is now."""
    now = clock.now()
    assert now.tzinfo is UTC
    assert abs(datetime.now(UTC) - now) < timedelta(minutes=1)


@pytest.mark.parametrize("clock", [SystemClock(), AsyncSystemClock()])
def test_its_seconds_never_run_back(clock: SystemClock) -> None:
    """Monotonic seconds only grow."""
    readings = [clock.monotonic() for _ in range(100)]
    assert readings == sorted(readings)


def test_it_waits_at_least_as_long_as_asked() -> None:
    """A wait that ends early would pass the rate."""
    clock = SystemClock()
    began = clock.monotonic()
    clock.sleep(0.01)
    assert clock.monotonic() - began >= 0.01


def test_the_asynchronous_one_lets_others_run() -> None:
    """It waits on the loop: what else is due comes first."""
    order: list[str] = []

    async def wait() -> None:
        await AsyncSystemClock().sleep(0.01)
        order.append("waited")

    async def other() -> None:
        order.append("other")

    async def both() -> None:
        await asyncio.gather(wait(), other())

    asyncio.run(both())
    assert order == ["other", "waited"]
