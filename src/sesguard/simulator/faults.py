"""What can be made to go wrong."""

from __future__ import annotations

import re
import threading
from collections import deque
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import TypeAlias

from botocore.exceptions import ConnectionClosedError, EndpointConnectionError, ReadTimeoutError
from botocore.parsers import ResponseParserError

from sesguard.errors import ConfigurationError
from sesguard.simulator import refusals
from sesguard.simulator.mails.offers import Offer

__all__ = ["ENDPOINT", "Fault", "Planned", "Predicate", "Script"]

ENDPOINT = "https://ses.simulator.invalid"
"""Where the simulator's clients would ask. The name cannot exist (RFC 6761)."""

Predicate: TypeAlias = Callable[[Offer], bool]
"""Whether a mail that is offered is to fail."""


class Fault(StrEnum):
    """
    Ways in which a call goes wrong.

    SES's answers, after which it has nothing: ``RATE``, ``QUOTA``, ``INTERNAL_FAILURE``,
    ``UNAVAILABLE``, ``PAUSED``, ``SHUT_DOWN``, ``NOT_FOUND``, ``REJECTED``. The way to it:
    ``CONNECTION_REFUSED``.

    The others come after the mail was taken. ``ANSWER_LOST`` is a read time-out, and
    ``CONNECTION_RESET`` says so. ``EMPTY_ANSWER`` and ``HALF_ANSWER`` are HTTP 200 without a body,
    or with one that is cut: botocore makes an answer without a message id of it in API v2, and
    raises ``ResponseParserError`` in v1. ``SLOW`` is an answer in due form, before which the clock
    moves on by ``seconds=``; if that is more than the client's ``read_timeout``, it moves on by so
    much and the answer is lost. The *timeout=* of a `Client` goes by the wall clock while SES is
    being asked, so that a slow answer is a good one to it, after which it begins nothing more.
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
    HALF_ANSWER = "half answer"
    SLOW = "slow"

    @property
    def after_taking(self) -> bool:
        """Whether SES has the mail when the call fails."""
        return self in _AFTER

    def error(self) -> Exception:
        """
        What the call raises.

        Raises:
            KeyError: It is an answer: ``SLOW``.
        """
        return _ERRORS[self]()


_AFTER = (
    Fault.ANSWER_LOST,
    Fault.CONNECTION_RESET,
    Fault.EMPTY_ANSWER,
    Fault.HALF_ANSWER,
    Fault.SLOW,
)
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
    Fault.EMPTY_ANSWER: lambda: ResponseParserError("Unable to parse response: it is empty."),
    Fault.HALF_ANSWER: lambda: ResponseParserError("Unable to parse response: it is cut."),
}


@dataclass(frozen=True, slots=True)
class Planned:
    """
    What is to happen to a call.

    Attributes:
        error: A fault, or any exception.

        seconds: How long a slow answer takes.
    """

    error: Fault | Exception
    seconds: float = 0.0


@dataclass(slots=True)
class _Rule:
    """A fault for mails of a kind, and how often it still comes; None for always."""

    predicate: Predicate
    planned: Planned
    left: int | None


class Script:
    """The faults that are still to come."""

    def __init__(self) -> None:
        self._coming: dict[str, deque[Planned]] = {}
        self._rules: list[_Rule] = []
        self._lock = threading.Lock()

    def add(
        self, times: int, error: Fault | str | Exception, operation: str, seconds: float = 0.0
    ) -> None:
        """
        Let the next *times* calls of *operation* fail.

        Raises:
            ConfigurationError: There is no such fault, or nothing is to fail.
        """
        _check_times(times)
        planned = _planned(error, seconds)
        with self._lock:
            self._coming.setdefault(operation, deque()).extend([planned] * times)

    def add_rule(
        self,
        predicate: Predicate,
        error: Fault | str | Exception,
        times: int | None,
        seconds: float = 0.0,
    ) -> None:
        """
        Let sends fail that *predicate* holds of: the next *times*, or all.

        Raises:
            ConfigurationError: There is no such fault, or nothing is to fail.
        """
        if times is not None:
            _check_times(times)
        planned = _planned(error, seconds)
        with self._lock:
            self._rules.append(_Rule(predicate, planned, times))

    def next(self, operation: str) -> Planned | None:
        """What happens to this call, whatever is in it; None for nothing."""
        coming = self._coming.get(operation)
        if not coming:
            return None
        with self._lock:
            return coming.popleft() if coming else None

    def next_for(self, offers: Callable[[], Sequence[Offer]]) -> Planned | None:
        """What happens to these mails, of which *offers* tells if it matters; None for nothing."""
        if not self._rules:
            return None
        found = offers()
        with self._lock:
            rules = tuple(self._rules)
        for rule in rules:
            if any(map(rule.predicate, found)) and self._use(rule):
                return rule.planned
        return None

    def _use(self, rule: _Rule) -> bool:
        """Count a rule down; whether it still held."""
        with self._lock:
            if rule.left is None:
                return True
            if rule.left == 0:
                return False
            rule.left -= 1
            return True


def _check_times(times: int) -> None:
    if type(times) is not int or times < 1:
        raise ConfigurationError("times= is how many calls fail: a whole number from 1.")


def _planned(error: Fault | str | Exception, seconds: float) -> Planned:
    if isinstance(error, Exception):
        return Planned(error)
    try:
        fault = Fault(str(error).replace("_", " "))
    except ValueError:
        known = ", ".join(repr(str(fault)) for fault in Fault)
        raise ConfigurationError(
            f"There is no fault {_short(error)}. There are: {known}; or pass an exception."
        ) from None
    if not (seconds > 0 if fault is Fault.SLOW else seconds == 0):
        raise ConfigurationError("seconds= is how long 'slow' takes: above 0, and for it alone.")
    return Planned(fault, seconds)


def _short(given: object) -> str:
    """A misspelt word; what else was given, such as an address, is not for an error's text."""
    text = str(given)
    return repr(text) if re.fullmatch(r"[\w .-]{1,30}", text) else "of that name"
