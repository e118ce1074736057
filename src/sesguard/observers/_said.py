"""What observers say of an error, in few words and without an address."""

from __future__ import annotations

import re

from sesguard import errors

__all__ = ["kind_of", "outcome_of", "word"]

# What others name things by. No address fits, so none is shown by way of a code.
_WORD = re.compile(r"[A-Za-z0-9_.:-]{1,128}")


def outcome_of(error: errors.SESGuardError | None) -> str:
    """``sent``, ``suppressed``, or the error's own ``outcome``."""
    if error is None:
        return "sent"
    return "suppressed" if isinstance(error, errors.SuppressedError) else error.outcome


def kind_of(error: errors.SESGuardError) -> str:
    """The class of `sesguard.errors` that it is, or comes from: they are few."""
    return next(kind.__name__ for kind in type(error).__mro__ if kind.__module__ == errors.__name__)


def word(given: str | None) -> str | None:
    """A name that somebody else gave, if it looks like one."""
    return given if given is not None and _WORD.fullmatch(given) else None
