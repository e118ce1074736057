"""
Threads that never hold the interpreter's exit, and sends that end at their deadline.

A ``ThreadPoolExecutor`` is joined when the interpreter ends, so one stuck socket would hold the
whole program. The threads here are daemons; what they run is bounded by its own time-outs.
"""

from __future__ import annotations

import contextlib
import contextvars
import os
import queue
import threading
from collections.abc import Callable
from concurrent.futures import Future
from typing import ParamSpec, TypeVar

from sesguard import errors

__all__ = ["CalledOff", "DaemonPool", "LastMoment", "cut", "submit_within"]

P = ParamSpec("P")
T = TypeVar("T")


_Task = tuple[Callable[[], None], Callable[[], bool]]
"""What runs a task, and what cancels it."""


class CalledOff(Exception):  # noqa: N818  nobody catches it: it ends a thread nobody waits for
    """A transport came to its last moment after its caller had gone."""


class LastMoment:
    """
    Settles, once and for both sides, whether a send was handed over or called off.

    The transport calls it right before it lets go of the mail; the waiting side calls
    `call_off` at the deadline. Whoever comes first decides.
    """

    __slots__ = ("_called_off", "_lock", "_passed")

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._passed = False
        self._called_off = False

    def __call__(self) -> None:
        with self._lock:
            if self._called_off:
                raise CalledOff
            self._passed = True

    def call_off(self) -> bool:
        """Whether the mail is now certainly not sent."""
        with self._lock:
            self._called_off = not self._passed
            return self._called_off


def cut(moment: LastMoment, seconds: float) -> errors.SendError:
    """The error of a send that was cut at its deadline."""
    if moment.call_off():
        return errors.ServiceUnavailableError(
            f"The send was cut after {seconds:.3g} seconds, before the mail was handed over: "
            "it was not sent. Send again, or allow a longer timeout=."
        )
    return errors.OutcomeUnknownError(
        f"The send was cut after {seconds:.3g} seconds, after the mail was handed over: it may "
        "have been sent. Wait for its Send or Delivery event before you mail again."
    )


def _work(future: Future[T], function: Callable[[], T]) -> None:
    try:
        answer = function()
    except StopIteration as error:
        # No future of an event loop takes it: what awaits that would hang. As PEP 479 has it:
        raised = RuntimeError("a port raised StopIteration")
        raised.__cause__ = error
        future.set_exception(raised)
    except BaseException as error:
        # It belongs to whoever waits for the future, an interrupt too.
        future.set_exception(error)
    else:
        future.set_result(answer)


def submit_within(seconds: float, function: Callable[[LastMoment], T]) -> T:
    """
    Run a submit on a daemon thread of its own and wait for it, but no longer than *seconds*.

    The caller's context is copied. A submit that is cut before its last moment comes to nothing.

    Raises:
        ServiceUnavailableError: Cut before the mail was handed over.

        OutcomeUnknownError: Cut after that.
    """
    moment = LastMoment()
    future: Future[T] = Future()
    context = contextvars.copy_context()
    done = threading.Event()
    future.add_done_callback(lambda _: done.set())
    thread = threading.Thread(
        target=context.run,
        args=(_work, future, lambda: function(moment)),
        name="sesguard-send",
        daemon=True,
    )
    try:
        thread.start()
        ended = done.wait(min(max(seconds, 0.0), threading.TIMEOUT_MAX))
    except BaseException:
        moment.call_off()  # an interrupted caller takes nothing to be sent any more
        raise
    if not ended:
        error = cut(moment, seconds)
        if error.outcome == "not_sent" or not done.is_set():
            raise error
    return future.result()


class DaemonPool:
    """
    At most *size* daemon threads that run what they are given, in order.

    They start when they are needed. After a fork the child begins with none.

    Args:
        size: Threads at most.
    """

    def __init__(self, size: int) -> None:
        self._size = size
        self._begin()

    def _begin(self) -> None:
        self._lock = threading.Lock()
        self._pid = os.getpid()
        self._tasks: queue.SimpleQueue[_Task | None] = queue.SimpleQueue()
        self._threads = 0
        self._unfinished = 0
        self._closed = False

    def submit(self, function: Callable[P, T], /, *args: P.args, **kwargs: P.kwargs) -> Future[T]:
        """
        Run *function* on one of the threads, in a copy of the caller's context.

        Raises:
            ConfigurationError: The pool is closed.
        """
        if self._pid != os.getpid():
            self._begin()
        future: Future[T] = Future()
        context = contextvars.copy_context()

        def run() -> None:
            if future.set_running_or_notify_cancel():
                context.run(_work, future, lambda: function(*args, **kwargs))

        with self._lock:
            if self._closed:
                raise errors.ConfigurationError("This client is closed. Make another one.")
            self._unfinished += 1
            self._tasks.put((run, future.cancel))
            if self._threads < min(self._size, self._unfinished):
                self._threads += 1
                threading.Thread(
                    target=self._serve, name=f"sesguard-{self._threads}", daemon=True
                ).start()
        return future

    def _serve(self) -> None:
        while (task := self._tasks.get()) is not None:
            task[0]()
            del task  # keep nothing alive while waiting for the next
            with self._lock:
                self._unfinished -= 1

    async def run(self, function: Callable[P, T], /, *args: P.args, **kwargs: P.kwargs) -> T:
        """Run *function* on one of the threads and await its answer on the running loop."""
        import asyncio  # only who awaits needs a loop

        return await asyncio.wrap_future(self.submit(function, *args, **kwargs))

    def close(self) -> None:
        """Cancel what has not begun, and let the threads end with what they are at."""
        if self._pid != os.getpid():
            return
        with self._lock:
            self._closed = True
            with contextlib.suppress(queue.Empty):  # empty is where this ends
                while task := self._tasks.get_nowait():
                    task[1]()
            for _ in range(self._threads):
                self._tasks.put(None)
