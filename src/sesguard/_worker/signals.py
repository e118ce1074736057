"""A process that is asked to leave: once politely, the second time at once."""

from __future__ import annotations

import contextlib
import signal
import threading
from collections.abc import Callable, Generator
from types import FrameType

__all__ = ["stopped_by_signals"]


@contextlib.contextmanager
def stopped_by_signals(stop: Callable[[], None]) -> Generator[None]:
    """
    Have SIGTERM and SIGINT call *stop*; the former handlers are put back at the end.

    A second signal raises there and then, SystemExit for SIGTERM and KeyboardInterrupt for
    SIGINT. Outside of the main thread, where Python knows no signals, nothing is done.

    Args:
        stop: Must be safe in a signal handler: it may interrupt anything, itself too.
    """
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    seen: list[int] = []

    def signalled(number: int, frame: FrameType | None) -> None:
        seen.append(number)
        if len(seen) == 1:
            stop()
        elif number == signal.SIGINT:
            raise KeyboardInterrupt
        else:
            raise SystemExit(128 + number)

    before = {number: signal.getsignal(number) for number in (signal.SIGTERM, signal.SIGINT)}
    try:
        for number, handler in before.items():
            if handler is not None:  # else it was set outside of Python and could not be put back
                signal.signal(number, signalled)
        yield
    finally:
        for number, handler in before.items():
            if handler is not None:
                signal.signal(number, handler)
