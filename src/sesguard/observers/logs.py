"""Tells a logger what becomes of sends."""

from __future__ import annotations

import logging
from collections.abc import Mapping
from typing import TYPE_CHECKING, Final, TypeAlias

from sesguard import errors
from sesguard.observers._said import kind_of, word
from sesguard.outcomes import Attempted, Held, LookUpFailed, Settled, Waited

if TYPE_CHECKING:
    from sesguard.outcomes import Notice, SendResult
    from sesguard.ports import Observer

__all__ = ["log"]

_Field: TypeAlias = str | int | float | bool | None
_Fields: TypeAlias = Mapping[str, _Field]

_SAID: Final = {
    "sent": "SES took a mail.",
    "suppressed": "The suppression list stopped a mail.",
    "rejected": "SES refused a mail.",
    "not_sent": "A mail was not sent.",
    "unknown": "A mail may have been sent, or not: no answer tells.",
    "look_up_failed": "The suppression list could not be asked; the mail goes out all the same.",
    "held": "A guard stopped a mail.",
    "waited": "A send waits.",
    "requested": "SES was asked.",
}
_LEVELS: Final = {
    "rejected": logging.WARNING,
    "not_sent": logging.WARNING,
    "unknown": logging.ERROR,
    "look_up_failed": logging.WARNING,
    "held": logging.DEBUG,
    "waited": logging.DEBUG,
    "requested": logging.DEBUG,
}


def log(logger: logging.Logger | None = None, level: int = logging.INFO) -> Observer:
    """
    An observer that logs: one record for each send, and its steps at DEBUG.

    The message is always the same for the same event. What differs is in fields of the record
    that begin with ``sesguard_``, for a formatter that writes JSON: ``sesguard_event``,
    ``sesguard_seconds``, ``sesguard_error`` (a class of `sesguard.errors`), ``sesguard_code``,
    ``sesguard_message_id``, ``sesguard_request_id``, ``sesguard_attempts`` and so on. Nothing of
    a mail is among them: no address, no subject, no text.

    ========================  =========================================================
    level                     events
    ========================  =========================================================
    *level*                   ``sent``, ``suppressed``: as it should be
    WARNING                   ``rejected``, ``not_sent``, and ``look_up_failed``
    ERROR                     ``unknown``: nobody repeats it, somebody should look
    DEBUG                     ``requested``, ``waited``, ``held``: steps of a send
    ========================  =========================================================

    Args:
        logger: Default: the one called ``sesguard.observers``.

        level: Of a mail that was sent, or suppressed. For much mail, ``logging.DEBUG``.

    Raises:
        ConfigurationError: *logger* is no `logging.Logger` (an adapter would drop the fields),
            or *level* no number.
    """
    chosen = logging.getLogger("sesguard.observers") if logger is None else logger
    if not isinstance(chosen, logging.Logger):  # pyright: ignore[reportUnnecessaryIsInstance]  what a caller may give
        raise errors.ConfigurationError(
            "logger= must be a logging.Logger: logging.getLogger('a.name'). A LoggerAdapter would "
            "drop the fields."
        )
    if isinstance(level, bool) or not isinstance(level, int):  # pyright: ignore[reportUnnecessaryIsInstance]  what a caller may give
        raise errors.ConfigurationError("level= must be a number such as logging.INFO.")

    def tell(notice: Notice) -> None:
        event = _event(notice)
        if event is None:
            return
        height = _LEVELS.get(event, level)
        if chosen.isEnabledFor(height):
            fields = {"event": event, **_fields(notice)}
            there = {f"sesguard_{name}": one for name, one in fields.items() if one is not None}
            chosen.log(height, _SAID[event], extra=there)

    return tell


def _event(notice: Notice) -> str | None:
    """What a notice is called; None where it is of a later kind than this."""
    match notice:
        case Settled(error=None):
            return "sent"
        case Settled(error=errors.SuppressedError()):
            return "suppressed"
        case Settled(error=errors.SESGuardError() as error):
            return error.outcome
        case LookUpFailed():
            return "look_up_failed"
        case Held():
            return "held"
        case Waited():
            return "waited"
        case Attempted():
            return "requested"
        case _:
            return None


def _fields(notice: Notice) -> _Fields:
    of_error = _of_error(notice.error)
    match notice:
        case Settled(result=result, seconds=seconds):
            return {"seconds": seconds, **_of_result(result), **of_error}
        case Waited(seconds=seconds):
            reason = "rate" if notice.error is None else "retry"
            return {"seconds": seconds, "reason": reason, **of_error}
        case Attempted(attempt=attempt, units=units, seconds=seconds):
            steps: _Fields = {"attempts": attempt, "recipients": units, "seconds": seconds}
            return {**of_error, **steps}
        case _:
            return of_error


def _of_result(result: SendResult | None) -> _Fields:
    if result is None:
        return {}
    return {
        "message_id": word(result.message_id),
        "request_id": word(result.request_id),
        "accepted": len(result.accepted),
        "suppressed": len(result.suppressed),
        "refused": len(result.refused),
        "attempts": result.attempts,
        "waited": result.waited,
        "limiter_away": result.limiter_away or None,
    }


def _of_error(error: errors.SESGuardError | None) -> _Fields:
    if error is None:
        return {}
    fields: dict[str, _Field] = {
        "error": kind_of(error),
        "retryable": error.retryable,
        "retry_after": error.retry_after,
    }
    if isinstance(error, errors.SuppressedError):
        fields["suppressed"] = len(error.reasons)
    if isinstance(error, errors.SendError):
        fields |= {
            "code": word(error.code) if isinstance(error.code, str) else error.code,
            "request_id": word(error.request_id),
            "attempts": error.attempts,
            "region": word(error.region),
            "transport": word(error.transport),
        }
    return fields
