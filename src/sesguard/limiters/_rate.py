"""What every limiter is told: a rate, a burst, and how many recipients a mail has."""

from __future__ import annotations

import logging
import math
from collections.abc import Callable, Coroutine
from typing import cast

from sesguard.errors import ConfigurationError

__all__ = ["Rate", "checked_burst", "nobody", "pause_of"]


class Rate:
    """
    The option ``rate=``: a number, or a callable that is asked for each e-mail.

    Where the callable fails or answers nonsense, the last good rate stands, with one warning in
    a row.

    Attributes:
        fixed: Recipients a second, where that is a number; else 0.

        last: Recipients a second, as last answered; 0 before that.

    Raises:
        ConfigurationError: A rate that cannot be.
    """

    def __init__(self, rate: float | Callable[[], float], logger: logging.Logger) -> None:
        self.fixed: float = 0.0 if callable(rate) else _above_zero("rate", rate)
        self._ask: Callable[[], object] | None = rate if callable(rate) else None
        self.last: float = self.fixed
        self._logger = logger
        self._warned = False

    def __call__(self) -> float:
        """
        Recipients a second, now.

        Raises:
            ConfigurationError: The callable never answered a good rate.
        """
        if self._ask is None:
            return self.fixed
        try:
            self.last, self._warned = _above_zero("rate", self._ask()), False
        except Exception as error:
            # Whatever the caller's function raises, mail goes on at the last good rate.
            if not self.last:
                raise ConfigurationError(
                    f"rate= failed with {type(error).__name__} before it ever answered a rate, so "
                    "nothing was sent. It must answer recipients a second, as a number above 0.",
                    original=error,
                ) from None
            if not self._warned:
                self._warned = True
                self._logger.warning(
                    "rate= failed with %s: keeping to %s recipients a second",
                    type(error).__name__,
                    self.last,
                )
        return self.last


def checked_burst(burst: float | None) -> float | None:
    """
    The option ``burst=``.

    Raises:
        ConfigurationError: No mail could ever start.
    """
    if burst is not None and _above_zero("burst", burst) < 1:
        raise ConfigurationError("burst= must be 1 or more, or no mail could ever start.")
    return burst


def pause_of(retry_after: float | None) -> float:
    """The seconds that SES asked for; 0 where it asked for none, or for nonsense."""
    return retry_after if retry_after is not None and 0 < retry_after < math.inf else 0.0


def nobody() -> ConfigurationError:
    """What a mail without recipients is answered."""
    return ConfigurationError("A mail takes a token for each recipient: 1 or more.")


def _above_zero(option: str, value: object) -> float:
    if isinstance(value, int | float) and not isinstance(value, bool) and 0 < value < math.inf:
        return float(value)
    _close(value)
    shown = value if isinstance(value, int | float) else type(value).__name__
    raise ConfigurationError(f"{option}= must be recipients as a number above 0, not {shown}.")


def _close(value: object) -> None:
    """A coroutine out of an asynchronous function is no rate; unclosed, it would warn besides."""
    if isinstance(value, Coroutine):
        cast("Coroutine[object, object, object]", value).close()
