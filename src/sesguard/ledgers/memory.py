"""Sends that this process remembers as long as it lives."""

from __future__ import annotations

from collections import OrderedDict
from dataclasses import replace
from datetime import datetime, timedelta
from threading import Lock
from types import TracebackType
from typing import Self

from sesguard._core import store_door
from sesguard.clocks import SystemClock
from sesguard.ports import Clock, Recorded

__all__ = ["MemoryLedger"]

_AT_MOST = 10
"""Old records that one begin forgets: more than it adds."""


class MemoryLedger:
    """
    A ledger in memory: for tests, and for scripts that run once.

    Threads may share it. It is gone when the process ends, and so is what keeps a mail from
    being sent twice: `SQLiteLedger` outlives that.

    Args:
        keep: How long a key is remembered after its send began or was settled, in seconds or as
            a timedelta.

        clock: Tells what is old. The system's, unless a test brings its own.

    Raises:
        ConfigurationError: An option that cannot be.
    """

    def __init__(
        self, *, keep: float | timedelta = timedelta(days=30), clock: Clock | None = None
    ) -> None:
        self._keep = store_door.span("keep", keep)
        self._clock: Clock = clock or SystemClock()
        self._lock = Lock()
        self._records: OrderedDict[str, tuple[datetime, Recorded]] = OrderedDict()

    def begin(self, key: str, content: str, /) -> Recorded | None:
        """
        Record that a send begins.

        Returns:
            None: it is this caller's to make. Else what is there.
        """
        now = self._clock.now()
        with self._lock:
            self._forget_old(now)
            recorded = self._recorded(key, now)
            if recorded is None:
                self._keep_record(key, now, Recorded(content=content))
        return recorded

    def finish(self, key: str, result: str, /) -> None:
        """Record what came of it, if nothing is recorded yet."""
        now = self._clock.now()
        with self._lock:
            recorded = self._recorded(key, now) or Recorded(content="")
            if recorded.result is None:
                self._keep_record(key, now, replace(recorded, result=result))

    def forget(self, key: str, /) -> None:
        """Free a key whose mail was certainly not sent, unless it is finished."""
        with self._lock:
            recorded = self._recorded(key, self._clock.now())
            if recorded is not None and recorded.result is None:
                del self._records[key]

    def close(self) -> None:
        """Nothing is held open. The records stay."""

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
        /,
    ) -> None:
        self.close()

    def _recorded(self, key: str, now: datetime) -> Recorded | None:
        at, recorded = self._records.get(key, (now, None))
        return recorded if at > now - self._keep else None

    def _keep_record(self, key: str, now: datetime, recorded: Recorded) -> None:
        self._records[key] = now, recorded
        self._records.move_to_end(key)

    def _forget_old(self, now: datetime) -> None:
        for _ in range(_AT_MOST):
            if not self._records or next(iter(self._records.values()))[0] > now - self._keep:
                break
            self._records.popitem(last=False)
