"""Whether a worker is alive, and how it does: for those who watch it."""

from __future__ import annotations

import contextlib
import json
import logging
import os
import threading
import time
from collections.abc import Callable
from dataclasses import asdict, dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Literal, TypeAlias

from sesguard._worker.ledger import WorkerTally
from sesguard.errors import ConfigurationError

__all__ = ["Pulse", "State", "WorkerFigures"]

logger = logging.getLogger("sesguard.worker")

State: TypeAlias = Literal["idle", "receiving", "working", "waiting", "stopped"]

_PACE = 1.0
"""Seconds from one writing of the file to the next at least, where the state is the same."""


@dataclass(frozen=True, slots=True, kw_only=True)
class WorkerFigures:
    """
    A worker at one moment.

    Attributes:
        state: ``idle`` before the first run, ``receiving`` from the queue, ``working`` on what
            came, ``waiting`` out trouble of the queue or the store, ``stopped`` after a run.

        at: When it last did anything. A worker that hangs is at it since then.

        started_at: When the run began; None before the first.

        in_hand: Messages that were received and are not done with.

        oldest: Seconds for which the oldest of them is in hand.

        trouble: What it waits for, in a sentence without addresses.

        tally: The counts of this run, or of the last one.
    """

    state: State = "idle"
    at: datetime | None = None
    started_at: datetime | None = None
    in_hand: int = 0
    oldest: float = 0.0
    trouble: str | None = None
    tally: WorkerTally = field(default_factory=WorkerTally)


class Pulse:
    """
    Keeps the figures of one run, and writes them to a file each time that it goes on.

    Args:
        path: The file, which is replaced whole; None for none.

        tally: The counts so far.

        in_hand: Messages in hand, and the seconds of the oldest.

    Raises:
        ConfigurationError: The file cannot be written.
    """

    def __init__(
        self,
        path: Path | None,
        tally: Callable[[], WorkerTally],
        in_hand: Callable[[], tuple[int, float]],
    ) -> None:
        self._path = path
        self._tally = tally
        self._in_hand = in_hand
        self._lock = threading.Lock()
        self._writing = threading.Lock()
        self._started_at = self._at = datetime.now(UTC)
        self._state: State = "receiving"
        self._trouble: str | None = None
        self._written = 0.0
        self._fails = False
        if path is not None:
            try:
                self._write(path)
            except OSError as error:
                raise ConfigurationError(
                    f"health_file={str(path)!r} cannot be written ({type(error).__name__}). Name a "
                    "file in a folder that exists and is this user's to write in.",
                    original=error,
                ) from None

    def beat(self, state: State, trouble: str | None = None) -> None:
        """It goes on. The file is written, but for the same state once a second at the most."""
        with self._lock:
            same = (state, trouble) == (self._state, self._trouble)
            self._state, self._trouble, self._at = state, trouble, datetime.now(UTC)
        if self._path is None or (same and time.monotonic() - self._written < _PACE):
            return
        if not self._writing.acquire(blocking=False):
            return  # another thread says the same
        try:
            self._write(self._path)
            self._fails = False
        except OSError as error:
            # The feedback is worth more than the file, which gets stale and so tells by itself.
            if not self._fails:
                logger.warning("The health file cannot be written: %s", type(error).__name__)
            self._fails = True
        finally:
            self._writing.release()

    def figures(self) -> WorkerFigures:
        """The figures now. Safe in any thread."""
        in_hand, oldest = self._in_hand()
        with self._lock:
            return WorkerFigures(
                state=self._state,
                at=self._at,
                started_at=self._started_at,
                in_hand=in_hand,
                oldest=round(oldest, 3),
                trouble=self._trouble,
                tally=self._tally(),
            )

    def _write(self, path: Path) -> None:
        """Replace the file, so that whoever reads finds a whole one."""
        self._written = time.monotonic()
        figures = asdict(self.figures())
        text = json.dumps({"pid": os.getpid(), **figures}, default=datetime.isoformat)
        part = path.with_name(f".{path.name}.{os.getpid()}")
        try:
            part.write_text(text + "\n", encoding="utf-8")
            part.replace(path)
        except OSError:
            with contextlib.suppress(OSError):  # it was the trouble, or is there no more
                part.unlink()
            raise
