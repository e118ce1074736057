"""The rate of one process."""

from __future__ import annotations

import logging
import os
import threading

import pytest

from sesguard.errors import ConfigurationError
from sesguard.limiters import MemoryLimiter
from sesguard.testing import LimiterContract, ManualClock
from sesguard.testing.limiter_contract import MakeLimiter


class TestContract(LimiterContract):
    """A limiter in memory keeps what every limiter keeps."""

    @pytest.fixture
    def make_limiter(self) -> MakeLimiter:
        return MemoryLimiter


class Rate:
    """Answers one after another; an exception is raised."""

    def __init__(self, *given: object) -> None:
        self._given = list(given)

    def __call__(self) -> float:
        answer = self._given.pop(0)
        if isinstance(answer, Exception):
            raise answer
        return answer  # type: ignore[return-value]  # nonsense is what is tested


NONSENSE = [0, -1.0, float("nan"), float("inf"), None, "14", True, ValueError("ann@example.org")]


@pytest.mark.parametrize("nonsense", NONSENSE, ids=repr)
def test_the_last_good_rate_stands(nonsense: object, caplog: pytest.LogCaptureFixture) -> None:
    """A rate that cannot be read leaves the one before in force, with one warning in a row."""
    rate = Rate(10, nonsense, nonsense, 5, nonsense)
    limiter = MemoryLimiter(rate, burst=1, clock=ManualClock())
    with caplog.at_level(logging.WARNING):
        waits = [limiter.reserve(1) for _ in range(5)]
    assert waits == pytest.approx([0, 0.1, 0.2, 0.6, 0.8])
    assert len(caplog.records) == 2
    assert "10.0" in caplog.messages[0]
    assert "ann@" not in caplog.text


@pytest.mark.parametrize("nonsense", NONSENSE, ids=repr)
def test_nothing_is_sent_without_any_rate(nonsense: object) -> None:
    """A rate that was never good is an error, and not a free pass."""
    limiter = MemoryLimiter(Rate(nonsense, nonsense, 1), clock=ManualClock())
    for _ in range(2):
        with pytest.raises(ConfigurationError) as caught:
            limiter.reserve(1)
        assert "ann@" not in str(caught.value)
        assert caught.value.original is not None
    assert limiter.reserve(1) == 0


def test_an_asynchronous_rate_is_no_rate() -> None:
    """A coroutine is closed, so that it does not warn, and refused."""

    async def rate() -> float:
        return 14.0

    with pytest.raises(ConfigurationError):
        MemoryLimiter(rate, clock=ManualClock()).reserve(1)  # type: ignore[arg-type]  # tested


def test_nothing_is_asked_before_the_first_mail() -> None:
    """A callable is not called when the limiter is made."""
    MemoryLimiter(Rate(), clock=ManualClock())


def test_giving_back_and_slowing_down_may_come_first() -> None:
    """Before any mail there is nothing to give back, and a throttle counts already."""
    limiter = MemoryLimiter(10, burst=2, clock=ManualClock())
    limiter.give_back(5)
    assert [limiter.reserve(1) for _ in range(3)] == pytest.approx([0, 0, 0.1])
    limiter = MemoryLimiter(10, clock=ManualClock())
    limiter.slow_down(2)
    assert limiter.reserve(1) == pytest.approx(2)


def test_throttles_of_one_second_are_one() -> None:
    """Eight threads that are throttled together halve the pace once."""
    clock = ManualClock()
    limiter = MemoryLimiter(10, burst=1, clock=clock)
    for _ in range(8):
        limiter.slow_down()
    assert [limiter.reserve(1) for _ in range(2)] == pytest.approx([0, 0.2])
    clock.advance(2)
    limiter.slow_down()
    limiter.reserve(1)
    assert limiter.reserve(1) == pytest.approx(1 / (10 * (0.5 + 2 / 30) / 2))


def test_a_clock_that_stands_or_runs_back_gains_nothing() -> None:
    """Seconds that were counted once are not counted again."""

    class Back(ManualClock):
        at = 100.0

        def monotonic(self) -> float:
            return self.at

    clock = Back()
    limiter = MemoryLimiter(10, burst=1, clock=clock)
    assert limiter.reserve(1) == 0
    clock.at = 50.0
    assert limiter.reserve(1) == pytest.approx(0.1)
    clock.at = 100.05
    assert limiter.reserve(1) == pytest.approx(0.15)


def test_the_systems_clock_is_the_usual_one() -> None:
    """Without a clock of its own, a limiter tells the time as the system does."""
    limiter = MemoryLimiter(1000)
    assert limiter.reserve(200) == 0
    assert 0 < limiter.reserve(1) < 1


def test_arithmetic_is_done_by_one_thread_at_a_time() -> None:
    """A thread that comes while another is at it takes its tokens after, and not the same ones."""
    others: list[threading.Thread] = []
    waits: list[float] = []

    class Meeting(ManualClock):
        def monotonic(self) -> float:
            if not others:
                others.append(threading.Thread(target=lambda: waits.append(limiter.reserve(1))))
                others[0].start()
                others[0].join(timeout=0.2)  # it cannot be done yet
            return super().monotonic()

    limiter = MemoryLimiter(10, burst=1, clock=Meeting())
    waits.append(limiter.reserve(1))
    others[0].join(timeout=30)
    assert sorted(waits) == pytest.approx([0.0, 0.1])


def test_a_child_is_not_held_up_by_a_lock_of_its_parent() -> None:
    """A fork while another thread reserved would else leave the child waiting for ever."""
    limiter = MemoryLimiter(10)
    with limiter._lock:
        pid = os.fork()
        if pid == 0:
            child = threading.Thread(target=limiter.reserve, args=(1,), daemon=True)
            child.start()
            child.join(10)
            os._exit(1 if child.is_alive() else 0)
    assert os.waitpid(pid, 0)[1] == 0
