"""What a worker asks of what it is given."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta

from sesguard._lift import is_async
from sesguard.errors import ConfigurationError

__all__ = ["check", "checked_foreign", "visibility_of", "whole_number"]

_HIDDEN = 30.0
"""Seconds for which messages in hand are kept hidden at a time. It is SQS's default."""


def check(option: str, given: object, methods: Sequence[str], example: str) -> None:
    """
    Raises:
        ConfigurationError: It is a class, lacks a method, or is asynchronous.
    """
    lacks = [name for name in methods if not callable(getattr(given, name, None))]
    if isinstance(given, type):
        problem = f"the class {given.__name__}, and an instance of it is needed"
    elif lacks:
        problem = f"{type(given).__name__}, which has no {', '.join(lacks)}"
    elif any(is_async(getattr(given, name)) for name in methods):
        problem = f"{type(given).__name__}, which is asynchronous, and a worker is not"
    else:
        return
    raise ConfigurationError(f"{option}= was given {problem}. Give it {example}, say.")


def visibility_of(given: float | timedelta | None, source: object) -> float:
    """Seconds for which messages are hidden at a time: as told, as the source says, or SQS's."""
    seconds = given.total_seconds() if isinstance(given, timedelta) else given
    if seconds is None:
        told = getattr(source, "visibility_timeout", None)
        return float(told) if isinstance(told, (int, float)) and told > 0 else _HIDDEN
    if type(seconds) not in (int, float) or not seconds > 0:
        raise ConfigurationError("visibility= must be more than zero seconds.")
    return float(seconds)


def whole_number(option: str, given: object) -> int:
    """A number of messages or threads, one at least."""
    if type(given) is not int or given < 1:
        raise ConfigurationError(f"{option}= must be a whole number from 1.")
    return given


def checked_foreign(given: str) -> str:
    """What becomes of messages that are not SES's."""
    if given not in ("leave", "skip"):
        raise ConfigurationError('foreign= must be "leave" or "skip".')
    return given
