"""
What an exception out of `smtplib` says about the mail.

smtplib raises one class for what is certain and for what is not, so the frames that the exception
passed tell which command it was about. What they do not place before the final dot is unknown.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, cast

from sesguard import errors
from sesguard._core import reply_texts as says
from sesguard._core.replies import Phase, from_smtp
from sesguard._core.tracebacks import class_names, frames, module_of

__all__ = ["from_smtp_exception"]

_BY_FUNCTION: dict[str, Phase] = {
    "connect": "connect",
    "ehlo": "ehlo",
    "helo": "ehlo",
    "starttls": "starttls",
    "login": "auth",
    "auth": "auth",
    "mail": "mail",
    "rcpt": "rcpt",
}
_BY_CLASS: dict[str, Phase] = {
    "smtplib.SMTPConnectError": "connect",
    "smtplib.SMTPHeloError": "ehlo",
    "smtplib.SMTPAuthenticationError": "auth",
    "smtplib.SMTPSenderRefused": "mail",
    "smtplib.SMTPDataError": "body",
}


def from_smtp_exception(error: BaseException) -> errors.SendError | None:
    """
    The error that an exception of smtplib stands for, or that an `OSError` out of smtplib's or
    ssl's code does.

    Returns:
        None for all other exceptions.
    """
    names = class_names(error)
    if "smtplib.SMTPException" in names:
        found = _of_smtplib(error, names)
    elif isinstance(error, OSError) and _passed(error, "smtplib", "ssl"):
        found = _of_socket(error, names)
    else:
        return None
    found.original, found.original_type = error, type(error).__name__
    return found


def _of_smtplib(error: BaseException, names: frozenset[str]) -> errors.SendError:
    if "smtplib.SMTPRecipientsRefused" in names:
        return _of_recipients(getattr(error, "recipients", {}))
    if "smtplib.SMTPResponseException" in names:
        return _of_reply(error, names)
    if "smtplib.SMTPNotSupportedError" in names:
        return _of_missing_extension(error)
    phase = _phase(error)
    if phase == "auth" and "smtplib.SMTPServerDisconnected" not in names:
        return _send_error(says.NO_MECHANISM)
    return _send_error(says.UNKNOWN if phase is None else says.UNREACHABLE)


def _of_reply(error: BaseException, names: frozenset[str]) -> errors.SendError:
    reply = cast("Any", error)
    code, text = _code(reply.smtp_code), _text(reply.smtp_error)
    by_class: list[Phase] = [_BY_CLASS[name] for name in names if name in _BY_CLASS]
    phase = by_class[0] if by_class else _phase(error)
    if phase is None:
        return _send_error(says.UNKNOWN, code=code, reply=text)
    if phase == "body" and _raised_by(error, "data"):
        return from_smtp(code, text, phase="data")
    return from_smtp(code, text, phase=phase)


def _of_recipients(refused: Mapping[str, tuple[int, object]]) -> errors.SendError:
    """
    Of several refusals, the one that decides what to do: the longest wait of those that may be
    tried again, else the first. Nothing was sent to anybody.
    """
    found = [
        from_smtp(_code(code), _text(text), phase="rcpt") for code, text in refused.values()
    ] or [_send_error(says.NOBODY)]
    return max(found, key=lambda one: one.retry_after or 0.0)


def _of_missing_extension(error: BaseException) -> errors.SendError:
    words = str(error)
    if "STARTTLS" in words:
        return _send_error(says.NO_TLS)
    return _send_error(says.NO_MECHANISM if "AUTH" in words else says.NOT_ASCII)


def _of_socket(error: OSError, names: frozenset[str]) -> errors.SendError:
    shaking_hands = _raised_by(error, "do_handshake", module="ssl")
    if "ssl.SSLError" in names:
        placed = shaking_hands or _phase(error) or not _passed(error, "smtplib")
        return _send_error(says.TLS_FAILED if placed else says.UNKNOWN)
    return _send_error(says.UNREACHABLE if shaking_hands or _phase(error) else says.UNKNOWN)


def _passed(error: BaseException, *modules: str) -> bool:
    return any(module_of(frame) in modules for frame in frames(error))


def _raised_by(error: BaseException, function: str, *, module: str = "smtplib") -> bool:
    """Whether the innermost frame of *module* runs *function*."""
    inner = [frame.f_code.co_name for frame in frames(error) if module_of(frame) == module]
    return bool(inner) and inner[-1] == function


def _phase(error: BaseException) -> Phase | None:
    """The command before the body that the exception is about, as far as smtplib's frames tell."""
    names = [frame.f_code.co_name for frame in frames(error) if module_of(frame) == "smtplib"]
    return next((_BY_FUNCTION[name] for name in reversed(names) if name in _BY_FUNCTION), None)


def _code(code: object) -> int:
    return code if isinstance(code, int) else -1


def _text(text: object) -> str | bytes:
    return text if isinstance(text, (str, bytes)) else ""


def _send_error(
    verdict: says.Verdict, *, code: int | None = None, reply: str | bytes = ""
) -> errors.SendError:
    words = reply.decode("utf-8", "replace") if isinstance(reply, bytes) else reply
    return verdict.kind(verdict.message, code=code, reply=words or None, transport="smtp")
