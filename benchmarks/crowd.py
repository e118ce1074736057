"""Several processes that begin at once."""

from __future__ import annotations

import multiprocessing
from collections.abc import Callable, Generator
from contextlib import contextmanager
from multiprocessing.pool import Pool
from threading import Barrier

__all__ = ["crowd"]

_PATIENCE = 120.0  # seconds for all of them to start


@contextmanager
def crowd(processes: int, task: Callable[..., object]) -> Generator[Pool, None, None]:
    """
    Processes that are up, and have imported what *task* needs: that takes seconds, which are none
    of what is measured.
    """
    context = multiprocessing.get_context("spawn")
    together = context.Barrier(processes + 1)
    with context.Pool(processes, _ready, (together, task)) as pool:
        together.wait(_PATIENCE)
        yield pool


def _ready(together: Barrier, task: Callable[..., object]) -> None:
    """Unpickling *task* imported its module."""
    together.wait(_PATIENCE)
