"""Who has the account to himself."""

from __future__ import annotations

import threading

from sesguard.simulator.feedback.publishing import Publisher
from sesguard.simulator.later import Later

__all__ = ["Turns"]


class Turns:
    """
    Have the account for oneself: what is due is done first. A turn may be taken within a turn.

    What is published meanwhile is handed on when all are out of it: whoever takes it may call
    back, from another thread too.

    Args:
        later: What is due.

        publisher: Hands on what is published.
    """

    def __init__(self, later: Later, publisher: Publisher) -> None:
        self._later = later
        self._publisher = publisher
        self._lock = threading.RLock()
        self._taken = 0

    def __enter__(self) -> None:
        self._lock.acquire()
        self._taken += 1
        try:
            self._later.run()
        except BaseException:
            self.__exit__()
            raise

    def __exit__(self, *_: object) -> None:
        self._taken -= 1
        arrived = [] if self._taken else self._publisher.arrived()
        self._lock.release()
        if arrived:
            self._publisher.forward(arrived)
