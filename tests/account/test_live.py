"""A rate that is read beside the sends."""

from __future__ import annotations

import logging
import multiprocessing
import threading
import time
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest

from sesguard import account, errors
from sesguard.account.live import LiveRate
from sesguard.simulator import SimulatedClock, Simulator


class Readings:
    """A rate that is given, or an error that is raised, when the test lets it."""

    def __init__(self, *answers: float | Exception, held: bool = False) -> None:
        self.answers = list(answers)
        self.let = threading.Event()
        self.begun = threading.Semaphore(0)
        self.count = 0
        if not held:
            self.let.set()

    def __call__(self) -> float:
        answer = self.answers[min(self.count, len(self.answers) - 1)]
        self.count += 1
        self.begun.release()
        assert self.let.wait(10)
        if isinstance(answer, Exception):
            raise answer
        return answer


def until(holds: Callable[[], bool]) -> None:
    """Wait for another thread's effect."""
    deadline = time.monotonic() + 10
    while not holds():
        assert time.monotonic() < deadline
        threading.Event().wait(0.001)


def settled() -> None:
    """No reading is under way any more."""
    until(lambda: not any("live-rate" in thread.name for thread in threading.enumerate()))


def test_the_first_call_waits_for_the_reading() -> None:
    """And the next ones have it at once, without another."""
    readings = Readings(42.0)
    live = LiveRate(readings, within=10)
    assert [live() for _ in range(5)] == [42.0] * 5
    assert readings.count == 1


def test_the_rate_is_read_again_beside_the_sends() -> None:
    """Five minutes later; who asks then gets the last value, and the new one afterwards."""
    clock = SimulatedClock()
    readings = Readings(14.0, 50.0)
    live = LiveRate(readings, within=10, monotonic=clock.monotonic)
    assert live() == 14.0
    clock.advance(299)
    assert live() == 14.0
    assert readings.count == 1
    readings.let.clear()
    clock.advance(1)
    assert [live(), live()] == [14.0, 14.0]
    assert readings.begun.acquire(timeout=10)
    readings.let.set()
    until(lambda: live() == 50.0)
    assert readings.count == 2


def test_a_slow_reading_holds_a_send_for_a_moment_only(caplog: pytest.LogCaptureFixture) -> None:
    """The fallback counts, one warning names the option, and what comes late counts in the end."""
    readings = Readings(50.0, held=True)
    live = LiveRate(readings, within=0.01, fallback=7.0)
    with caplog.at_level(logging.WARNING, "sesguard"):
        assert [live() for _ in range(3)] == [7.0] * 3
    (record,) = caplog.records
    assert "7 recipients a second" in record.getMessage()
    assert "limiter=MemoryLimiter(rate)" in record.getMessage()
    readings.let.set()
    until(lambda: live() == 50.0)
    assert readings.count == 1


@pytest.mark.parametrize(
    "answer",
    [errors.AccessDeniedError("no"), 0.0, -1.0, float("nan"), float("inf"), OSError("a@b")],
)
def test_what_cannot_be_read_is_the_fallback(
    answer: float | Exception, caplog: pytest.LogCaptureFixture
) -> None:
    """At 14 a second, with one warning however often it fails, and a next try in five minutes."""
    clock = SimulatedClock()
    readings = Readings(answer)
    live = LiveRate(readings, within=10, monotonic=clock.monotonic)
    with caplog.at_level(logging.INFO, "sesguard"):
        for _ in range(3):
            assert [live(), live()] == [14.0, 14.0]
            settled()
            clock.advance(300)
    assert readings.count == 3
    assert [record.levelname for record in caplog.records].count("WARNING") == 1
    assert "a@b" not in caplog.text


def test_the_last_value_stays_where_a_later_reading_fails(
    caplog: pytest.LogCaptureFixture,
) -> None:
    """Without a warning: nothing has changed for the sends."""
    clock = SimulatedClock()
    readings = Readings(50.0, OSError(), 60.0)
    live = LiveRate(readings, within=10, monotonic=clock.monotonic)
    with caplog.at_level(logging.INFO, "sesguard"):
        assert live() == 50.0
        clock.advance(300)
        live()
        settled()
        assert live() == 50.0
    assert [record.levelname for record in caplog.records] == ["INFO"]
    clock.advance(300)
    live()
    until(lambda: live() == 60.0)


@pytest.mark.parametrize(("answer", "rate"), [(50.0, 50.0), (OSError(), 14.0)])
def test_many_threads_start_one_reading(
    answer: float | Exception, rate: float, caplog: pytest.LogCaptureFixture
) -> None:
    """All of them wait for it and get the same, with one warning if it fails."""
    readings = Readings(answer, held=True)
    live = LiveRate(readings, within=10)
    found: list[float] = []
    threads = [threading.Thread(target=lambda: found.append(live())) for _ in range(16)]
    for thread in threads:
        thread.start()
    assert readings.begun.acquire(timeout=10)
    readings.let.set()
    for thread in threads:
        thread.join(10)
    assert found == [rate] * 16
    assert readings.count == 1
    warnings = [record for record in caplog.records if record.levelname == "WARNING"]
    assert len(warnings) == (rate == 14.0)


def test_a_thread_that_cannot_start_is_a_reading_that_failed(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    """As on a machine that has no more of them."""

    def refuse(self: threading.Thread) -> None:
        raise RuntimeError("can't start new thread")

    live = LiveRate(Readings(50.0), within=10)
    monkeypatch.setattr(threading.Thread, "start", refuse)
    assert live() == 14.0
    assert "RuntimeError" in caplog.text or "could not be read" in caplog.text


def _rate_in_child(live: LiveRate, answers: Any) -> None:
    answers.put(live())


@pytest.mark.filterwarnings("ignore:.*multi-threaded.*:DeprecationWarning")
@pytest.mark.parametrize("known", [True, False])
def test_a_fork_in_the_middle_of_a_reading_is_survived(known: bool) -> None:
    """The child does not wait for a thread that only its parent has, nor for a lock it held."""
    context = multiprocessing.get_context("fork")
    clock = SimulatedClock()
    readings = Readings(*([50.0] if known else []), 60.0)
    live = LiveRate(readings, within=10, monotonic=clock.monotonic)
    if known:
        assert live() == 50.0
        clock.advance(300)
    live._first = threading.Event()
    with live._lock:
        answers: Any = context.SimpleQueue()
        child = context.Process(target=_rate_in_child, args=(live, answers))
        child.start()
        child.join(30)
    assert child.exitcode == 0
    assert answers.get() in ((50.0, 60.0) if known else (60.0,))


@pytest.mark.parametrize("options", [{"every": 0}, {"within": -1}, {"fallback": 0}])
def test_options_that_cannot_work_are_refused(options: Any) -> None:
    """At the door."""
    with pytest.raises(errors.ConfigurationError, match="above zero"):
        LiveRate(lambda: 1.0, **options)


def test_the_live_rate_of_an_account() -> None:
    """Read through a client that is given, or one of our own."""
    sim = Simulator(rate=33)
    given = account.live_rate(boto3_client=sim.boto3_client("sesv2"), within=timedelta(seconds=10))
    assert given() == 33
    with sim:
        own = account.live_rate(region_name="eu-west-1", every=timedelta(minutes=1), within=10)
        assert own() == 33
