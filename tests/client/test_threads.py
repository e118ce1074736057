"""Threads that never hold the interpreter's exit, and sends that end at their deadline."""

from __future__ import annotations

import asyncio
import contextvars
import os
import signal
import subprocess
import sys
import threading
import time

import pytest

from sesguard import errors
from sesguard._client.threads import CalledOff, DaemonPool, LastMoment, cut, submit_within

ASKED = contextvars.ContextVar("ASKED", default="nobody")


def test_a_submit_within_its_time_gives_its_answer() -> None:
    """On another thread, with the caller's context."""
    ASKED.set("the caller")
    seen = submit_within(10, lambda moment: (threading.get_ident(), ASKED.get()))
    assert seen[0] != threading.get_ident()
    assert seen[1] == "the caller"


def test_a_submits_exception_is_the_callers() -> None:
    """An interrupt, too."""
    for error in (errors.MessageRejectedError("no"), KeyboardInterrupt()):

        def fail(moment: LastMoment, error: BaseException = error) -> None:
            raise error

        with pytest.raises(type(error)):
            submit_within(10, fail)


def test_cut_before_the_last_moment_is_not_sent() -> None:
    """And the transport that comes to it later is stopped there."""
    later = threading.Event()
    stopped = threading.Event()

    def slow(moment: LastMoment) -> None:
        later.wait(10)
        try:
            moment()
        except CalledOff:
            stopped.set()
            raise

    with pytest.raises(errors.ServiceUnavailableError, match="not sent") as caught:
        submit_within(0.05, slow)
    later.set()
    assert stopped.wait(10)
    assert caught.value.outcome == "not_sent"


def test_cut_after_the_last_moment_is_unknown() -> None:
    """Nobody can call it back."""
    never = threading.Event()

    def slow(moment: LastMoment) -> None:
        moment()
        never.wait(10)

    with pytest.raises(errors.OutcomeUnknownError):
        submit_within(0.05, slow)
    never.set()


def test_an_interrupted_caller_lets_nothing_be_sent_behind_its_back() -> None:
    """What had not been handed over at the interrupt never is."""
    waits, later, stopped = threading.Event(), threading.Event(), threading.Event()

    def slow(moment: LastMoment) -> None:
        waits.set()
        later.wait(10)
        try:
            moment()
        except CalledOff:
            stopped.set()
            raise

    interrupted = threading.Event()

    def interrupt(number: int, frame: object) -> None:
        if not interrupted.is_set():
            interrupted.set()
            raise KeyboardInterrupt

    def signal_when_it_waits() -> None:
        waits.wait(10)
        for _ in range(500):  # one that comes right before the wait does not end it
            signal.pthread_kill(threading.main_thread().ident or 0, signal.SIGUSR1)
            if interrupted.wait(0.02):
                return

    before = signal.signal(signal.SIGUSR1, interrupt)
    try:
        signaller = threading.Thread(target=signal_when_it_waits, daemon=True)
        signaller.start()
        with pytest.raises(KeyboardInterrupt):
            submit_within(10, slow)
        signaller.join(10)
    finally:
        signal.signal(signal.SIGUSR1, before)
    later.set()
    assert stopped.wait(10)


@pytest.mark.parametrize("seconds", [1e10, float("inf")])
def test_a_time_out_may_be_longer_than_a_lock_can_wait(seconds: float) -> None:
    """It is no time-out then, and no error after the mail was let go of."""
    later = threading.Event()
    threading.Timer(0.05, later.set).start()
    assert submit_within(seconds, lambda moment: later.wait(10))


def test_only_one_side_decides() -> None:
    """Whoever comes first, the other learns of it."""
    handed = LastMoment()
    handed()
    assert not handed.call_off()
    assert cut(handed, 1.0).outcome == "unknown"
    off = LastMoment()
    assert off.call_off()
    with pytest.raises(CalledOff):
        off()


def test_a_pool_runs_at_most_its_size_at_once() -> None:
    """And reuses its threads."""
    pool = DaemonPool(3)
    lock = threading.Lock()
    now = most = 0
    names: set[str] = set()

    def work() -> None:
        nonlocal now, most
        with lock:
            now += 1
            most = max(most, now)
            names.add(threading.current_thread().name)
        threading.Event().wait(0.002)
        with lock:
            now -= 1

    for future in [pool.submit(work) for _ in range(30)]:
        future.result(10)
    assert most <= 3
    assert len(names) <= 3
    pool.close()


def test_a_busy_thread_does_not_hold_the_next_task() -> None:
    """With room left, a new thread is started rather than waited for."""
    pool = DaemonPool(2)
    hold = threading.Event()
    first = pool.submit(hold.wait, 10)
    assert pool.submit(lambda: "second").result(10) == "second"
    hold.set()
    assert first.result(10)
    pool.close()


def test_closing_cancels_what_has_not_begun() -> None:
    """Nobody waits for ever for a task that will not run."""
    pool = DaemonPool(1)
    hold = threading.Event()
    first = pool.submit(hold.wait, 10)
    second = pool.submit(lambda: "second")
    pool.close()
    assert second.cancelled()
    hold.set()
    assert first.result(10)
    with pytest.raises(errors.ConfigurationError, match="closed"):
        pool.submit(lambda: None)


def test_a_pool_serves_several_loops() -> None:
    """It is not bound to one."""
    pool = DaemonPool(2)
    assert [asyncio.run(pool.run(lambda: "ok")) for _ in range(2)] == ["ok", "ok"]
    pool.close()


@pytest.mark.skipif(not hasattr(os, "fork"), reason="this system does not fork")
@pytest.mark.filterwarnings("ignore:.*fork.*:DeprecationWarning")
def test_a_child_begins_with_none_of_the_threads() -> None:
    """A pool goes on working after a fork, even if its lock was held at that moment."""
    pool = DaemonPool(1)
    pool.submit(lambda: None).result(10)
    with pool._lock:
        pid = os.fork()
        if pid == 0:
            try:
                ok = pool.submit(lambda: "child").result(10) == "child"
            except BaseException:
                ok = False
            os._exit(0 if ok else 1)
    assert os.waitpid(pid, 0)[1] == 0
    pool.close()


def test_a_child_closes_a_pool_of_its_parent_without_touching_it() -> None:
    """The threads in it are the parent's."""
    pool = DaemonPool(1)
    pool._pid = -1
    pool.close()
    assert not pool._closed


def test_no_thread_holds_the_interpreters_exit() -> None:
    """A process with a stuck send and a stuck pool ends at once."""
    code = """
import threading
from sesguard import errors
from sesguard._client.threads import DaemonPool, submit_within
DaemonPool(2).submit(threading.Event().wait)
try:
    submit_within(0.01, lambda moment: threading.Event().wait())
except errors.ServiceUnavailableError:
    print("cut")
"""
    began = time.monotonic()
    ended = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, timeout=20, check=True
    )
    assert ended.stdout == "cut\n"
    assert time.monotonic() - began < 10
