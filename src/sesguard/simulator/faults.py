"""What can be made to go wrong."""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Callable
from enum import StrEnum

from botocore.exceptions import ConnectionClosedError, EndpointConnectionError, ReadTimeoutError

from sesguard.errors import ConfigurationError
from sesguard.simulator import refusals

__all__ = ["ENDPOINT", "Fault", "Script"]

ENDPOINT = "https://ses.simulator.invalid"
"""Where the simulator's clients would ask. The name cannot exist (RFC 6761)."""


class Fault(StrEnum):
    """
    Ways in which a call fails. ``RATE`` to ``REJECTED`` are SES's answers, the others are the way
    to it. The last three come after the mail was taken.
    """

    RATE = "rate"
    QUOTA = "quota"
    INTERNAL_FAILURE = "500"
    UNAVAILABLE = "503"
    PAUSED = "paused"
    SHUT_DOWN = "shut down"
    NOT_FOUND = "not found"
    REJECTED = "rejected"
    CONNECTION_REFUSED = "connection refused"
    ANSWER_LOST = "answer lost"
    CONNECTION_RESET = "connection reset"
    EMPTY_ANSWER = "empty answer"

    @property
    def after_taking(self) -> bool:
        """Whether SES has the mail when the call fails."""
        return self in (Fault.ANSWER_LOST, Fault.CONNECTION_RESET, Fault.EMPTY_ANSWER)

    def error(self) -> Exception:
        """What the call raises."""
        return _ERRORS[self]()


_ERRORS: dict[Fault, Callable[[], Exception]] = {
    Fault.RATE: refusals.sending_rate,
    Fault.QUOTA: refusals.daily_quota,
    Fault.INTERNAL_FAILURE: refusals.internal_failure,
    Fault.UNAVAILABLE: refusals.unavailable,
    Fault.PAUSED: refusals.sending_paused,
    Fault.SHUT_DOWN: refusals.shut_down,
    Fault.NOT_FOUND: lambda: refusals.not_found("simulated"),
    Fault.REJECTED: lambda: refusals.rejected("The message was rejected by the simulator."),
    Fault.CONNECTION_REFUSED: lambda: EndpointConnectionError(endpoint_url=ENDPOINT),
    Fault.ANSWER_LOST: lambda: ReadTimeoutError(endpoint_url=ENDPOINT),
    Fault.CONNECTION_RESET: lambda: ConnectionClosedError(endpoint_url=ENDPOINT),
}


class Script:
    """The faults that are still to come, by operation."""

    def __init__(self) -> None:
        self._coming: dict[str, deque[Fault | Exception]] = {}
        self._lock = threading.Lock()

    def add(self, times: int, error: Fault | str | Exception, operation: str) -> None:
        """
        Let the next *times* calls of *operation* fail.

        Raises:
            ConfigurationError: There is no such fault.
        """
        if not isinstance(error, Exception):
            try:
                error = Fault(str(error).replace("_", " "))
            except ValueError:
                known = ", ".join(repr(str(fault)) for fault in Fault)
                raise ConfigurationError(
                    f"There is no fault {error!r}. There are: {known}; or pass an exception."
                ) from None
        with self._lock:
            self._coming.setdefault(operation, deque()).extend([error] * times)

    def next(self, operation: str) -> Fault | Exception | None:
        """What happens to this call; None for nothing."""
        with self._lock:
            coming = self._coming.get(operation)
            return coming.popleft() if coming else None
