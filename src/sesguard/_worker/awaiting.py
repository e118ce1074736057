"""Asynchronous handlers in a worker that is not."""

from __future__ import annotations

import contextvars
import os
import threading
from collections.abc import Awaitable
from typing import TYPE_CHECKING

from sesguard.errors import ConfigurationError

if TYPE_CHECKING:
    import asyncio

__all__ = ["Awaiting", "AwaitingAside", "refuse_running_loop"]

_CLOSING = 2.0
"""Seconds that a close waits for the loop's thread."""


class Awaiting:
    """Runs what an asynchronous handler leaves to be awaited, on one loop that is kept."""

    def __init__(self) -> None:
        self._runner: asyncio.Runner | None = None
        self._pid = 0

    def run(self, awaitable: Awaitable[object]) -> None:
        """
        Await it here, to its end, in the caller's context.

        Raises:
            ConfigurationError: This thread is running an event loop already.
        """
        import asyncio  # only who has such handlers needs a loop

        coroutine = _to_its_end(awaitable)
        try:
            refuse_running_loop()
        except ConfigurationError:
            # Else Python would warn that they were forgotten.
            coroutine.close()
            getattr(awaitable, "close", coroutine.close)()
            raise
        if self._runner is None or self._pid != os.getpid():  # a loop does not outlive a fork
            self._runner, self._pid = asyncio.Runner(), os.getpid()
        self._runner.run(coroutine, context=contextvars.copy_context())

    def close(self) -> None:
        """Close the loop. Another awaitable makes another one."""
        if self._runner is not None and self._pid == os.getpid():
            self._runner.close()
        self._runner = None


class AwaitingAside:
    """The same for handlers on several threads: one loop for all of them, on a thread beside."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._loop: asyncio.AbstractEventLoop | None = None
        self._pid = 0
        self._thread: threading.Thread | None = None

    def run(self, awaitable: Awaitable[object]) -> None:
        """Await it on the loop, in the caller's context, and wait for that."""
        import asyncio  # as above

        asyncio.run_coroutine_threadsafe(_to_its_end(awaitable), self._running()).result()

    def _running(self) -> asyncio.AbstractEventLoop:
        import asyncio  # as above

        with self._lock:
            if self._loop is None or self._pid != os.getpid():
                self._loop, self._pid = asyncio.new_event_loop(), os.getpid()
                self._thread = threading.Thread(
                    target=_keep, args=(self._loop,), name="sesguard-loop", daemon=True
                )
                self._thread.start()
            return self._loop

    def close(self) -> None:
        """Close the loop, once it is done with what it is at. Another awaitable makes another."""
        with self._lock:
            loop, thread, self._loop = self._loop, self._thread, None
        if loop is not None and thread is not None and self._pid == os.getpid():
            loop.call_soon_threadsafe(loop.stop)
            thread.join(_CLOSING)


def _keep(loop: asyncio.AbstractEventLoop) -> None:
    try:
        loop.run_forever()
    finally:
        loop.close()


async def _to_its_end(awaitable: Awaitable[object]) -> None:
    await awaitable


def refuse_running_loop() -> None:
    """
    Raises:
        ConfigurationError: An event loop runs in this thread, so that no other one can.
    """
    import asyncio  # as above

    try:
        asyncio.get_running_loop()
    except RuntimeError:  # there is none
        return
    raise ConfigurationError(
        "The worker has asynchronous handlers, and an event loop runs in this thread already. "
        "Run the worker in another one: await asyncio.to_thread(worker.drain)."
    )
