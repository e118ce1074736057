"""What guards are told when they are built, checked. Pure."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from inspect import iscoroutinefunction
from typing import cast

from sesguard._core.statistics import duration
from sesguard.errors import ConfigurationError
from sesguard.mail import Email

__all__ = ["checked_bulk", "checked_reader", "is_bulk", "seconds", "within"]


def is_bulk(email: Email) -> bool:
    """Whether a mail is one of many: it says how to unsubscribe. Receipts do not."""
    return bool(email.list_unsubscribe) or email.list_management is not None


def checked_bulk(bulk: object) -> Callable[[Email], bool]:
    """
    A function that says of a mail whether it is bulk.

    Raises:
        ConfigurationError: It is none, or an asynchronous one. So does the function that comes
            out, where the given one answers anything but True or False.
    """
    if bulk is is_bulk:
        return is_bulk
    ask = cast("Callable[[Email], object]", _plain_function(bulk, "bulk=", "True or False"))

    def asked(email: Email) -> bool:
        answer = ask(email)
        if isinstance(answer, bool):
            return answer
        raise ConfigurationError(
            f"bulk= answered with {type(answer).__name__}, so nothing was sent. It must answer "
            "True for mail that can wait, and False for all other."
        )

    return asked


def checked_reader(reader: object, what: str) -> Callable[[], object]:
    """
    A function that reads figures.

    Raises:
        ConfigurationError: It is none, or an asynchronous one.
    """
    return cast("Callable[[], object]", _plain_function(reader, what, "the account's figures"))


def seconds(value: float | timedelta, option: str) -> float:
    """
    A duration at the door, in seconds.

    Raises:
        ConfigurationError: It is no duration above zero.
    """
    return duration(value, option).total_seconds()


def within(value: object, option: str, most: float, *, what: str) -> float:
    """
    A number above 0 and up to *most*.

    Raises:
        ConfigurationError: It is none. *what* says what is needed.
    """
    if isinstance(value, int | float) and not isinstance(value, bool) and 0 < value <= most:
        return float(value)
    raise ConfigurationError(f"{option}= must be {what}: above 0 and at most {most:g}.")


def _plain_function(function: object, what: str, answers: str) -> object:
    if isinstance(function, type) or not callable(function) or iscoroutinefunction(function):
        raise ConfigurationError(
            f"{what} must be a function, and no asynchronous one, that answers {answers}."
        )
    return function
