"""Asynchronous handlers in a worker that is not."""

from __future__ import annotations

import contextvars
import os
from collections.abc import Awaitable
from typing import TYPE_CHECKING

from sesguard.errors import ConfigurationError

if TYPE_CHECKING:
    import asyncio

__all__ = ["Awaiting", "refuse_running_loop"]


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

        async def to_its_end() -> None:
            await awaitable

        coroutine = to_its_end()
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
