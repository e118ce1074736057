"""An outbox's store that fails: in our words, and waited out."""

from __future__ import annotations

import logging
from collections.abc import Callable
from typing import ParamSpec, TypeVar

from sesguard import errors

__all__ = ["LONGEST_PAUSE", "Trouble", "ask"]

P = ParamSpec("P")
T = TypeVar("T")

logger = logging.getLogger("sesguard.outbox")

LONGEST_PAUSE = 60.0
"""Seconds between two tries at most."""

_PATIENCE = 6
"""Tries to record an end, two minutes or so, before the lease is left to tell."""


def ask(method: Callable[P, T], *args: P.args, **kwargs: P.kwargs) -> T:
    """
    Call a store's method.

    Raises:
        StoreError: It failed, whatever a store of the caller's raised.
    """
    try:
        return method(*args, **kwargs)
    except errors.SESGuardError:
        raise
    except Exception as error:
        name = getattr(method, "__name__", "method")
        raise errors.StoreError(
            f"The outbox store's {name} failed with {type(error).__name__}. "
            "error.original holds the cause.",
            original=error,
        ) from None


class Trouble:
    """
    Waits until a store can be written again.

    Args:
        rest: Waits so many seconds. Answers whether to go on.
    """

    def __init__(self, rest: Callable[[float], bool]) -> None:
        self._rest = rest

    def wait_out(self, act: Callable[[], T], id: str) -> T | None:
        """What *act* answers in the end; None where it failed each time, which is logged."""
        for tried in range(_PATIENCE):
            try:
                return act()
            except errors.SESGuardError as error:
                last = tried == _PATIENCE - 1 or not error.retryable
                logger.log(
                    logging.ERROR if last else logging.WARNING,
                    "What became of mail %s could not be recorded: %s",
                    id,
                    error,
                )
                if last or not self._rest(error.delay(tried, cap=LONGEST_PAUSE)):
                    return None
        return None
