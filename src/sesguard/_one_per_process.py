"""One client for each process, made when it is first needed."""

from __future__ import annotations

import os
import threading
from collections.abc import Callable
from typing import Generic, Protocol, TypeVar

__all__ = ["OnePerProcess"]


class _Closing(Protocol):
    def close(self) -> None: ...


T = TypeVar("T", bound=_Closing)


class OnePerProcess(Generic[T]):
    """
    Makes a client when it is first asked for, and another one after a fork.

    A client made before the fork is dropped, not closed: its connections are the parent's.
    """

    def __init__(self, make: Callable[[], T]) -> None:
        self._make = make
        self._made: tuple[int, T] | None = None
        self._locks: dict[int, threading.Lock] = {}

    @property
    def made(self) -> T | None:
        """The one that was made last, if any. None is made for the asking."""
        return None if self._made is None else self._made[1]

    def get(self) -> T:
        """This process's client."""
        made, pid = self._made, os.getpid()
        if made is not None and made[0] == pid:
            return made[1]
        # A lock by process: the one that another thread held at the fork stays shut for ever.
        with self._locks.setdefault(pid, threading.Lock()):
            made = self._made
            if made is None or made[0] != pid:
                made = self._made = (pid, self._make())
            return made[1]

    def close(self) -> None:
        """Close this process's client, if there is one. The next `get` makes another."""
        made, self._made = self._made, None
        if made is not None and made[0] == os.getpid():
            made[1].close()
