"""
From what SES answered to the one error that says it: the same over SMTP and over the API.

By message text first, then by code, then by HTTP status. A throttling that is not known is a
rate. An answer that does not tell whether the mail was taken is an `OutcomeUnknownError`.
"""

from __future__ import annotations

import re
from typing import Literal, TypeAlias

from sesguard import errors
from sesguard._core import reply_texts as says
from sesguard._core.reply_texts import Verdict

__all__ = ["Phase", "from_api", "from_smtp"]

Phase: TypeAlias = Literal["connect", "ehlo", "starttls", "auth", "mail", "rcpt", "data", "body"]
"""What an SMTP reply answers. ``data`` is the command, ``body`` what comes after the final dot."""

_STAGES: dict[Phase, str] = {
    "connect": "on connecting",
    "ehlo": "at EHLO",
    "starttls": "at STARTTLS",
    "auth": "at AUTH",
    "mail": "at MAIL FROM",
    "rcpt": "at RCPT TO",
    "data": "at DATA",
    "body": "after the mail",
}
_NOT_VERIFIED = re.compile(r"failed the check in region ([a-z0-9-]{1,32})\s*:\s*(.*)", re.I | re.S)
_PLAIN_CODE = re.compile(r"[A-Za-z0-9_.]{1,80}")


def from_smtp(code: int, text: str | bytes, *, phase: Phase) -> errors.SendError:
    """
    The error that an SMTP reply stands for.

    Args:
        code: The reply's three digits; ``-1``, as `smtplib` gives, where it had none.

        text: The reply's words, without the code. Relays may have wrapped them.

        phase: What the reply answers. SES's own words decide whatever the phase.

    Returns:
        An error to raise, with ``code``, ``reply`` and ``transport="smtp"``. `OutcomeUnknownError`
        only for an answer after the final dot that is neither 4xx nor 5xx.

    Source:
        SES Developer Guide, "Troubleshooting Amazon SES SMTP"; RFC 5321, section 4.2.
    """
    reply = text.decode("utf-8", "replace") if isinstance(text, bytes) else text
    words = _words(reply)
    verdict = _unread(code, words, phase) or _by_words(words) or _by_smtp_words(words)
    verdict = verdict or _by_smtp_code(code, words, phase)
    detail = f"[SMTP {code} {_STAGES[phase]}]"
    return _error(verdict, detail, code=code, reply=reply, transport="smtp")


def from_api(
    code: str | None,
    message: str | None,
    *,
    status: int | None = None,
    request_id: str | None = None,
    retry_after: float | None = None,
    sends_mail: bool = True,
) -> errors.SendError:
    """
    The error that an answer of SES's API stands for: v1, v2, or one entry of a bulk send.

    Args:
        code: The error code, ``exc.response["Error"]["Code"]``, or an entry's ``Status``.

        message: SES's words.

        status: The HTTP status.

        request_id: SES's id of the request.

        retry_after: Seconds, where the answer named them. Only used for what is retryable.

        sends_mail: Whether the request was one that sends mail. Others leave nothing unknown.

    Returns:
        An error to raise, with ``code``, ``reply``, ``request_id`` and ``transport="ses"``.
        `OutcomeUnknownError` where neither words nor code tell and the status is not 4xx: HTTP
        500 to 504 may hide a mail that was taken.
    """
    reply = message or ""
    plain = _plain(code)
    if status is None and plain.isdecimal() and len(plain) == 3:
        status = int(plain)  # what botocore makes of a body it cannot read
    verdict = _by_words(_words(reply)) or _by_code(plain) or _by_status(status)
    if not sends_mail:
        verdict = says.FOR_CONTROL.get(verdict.kind, verdict)
    seen = [code if code and _PLAIN_CODE.fullmatch(code) else "without a known code"]
    if status is not None:
        seen.append(f"HTTP {status}")
    return _error(
        verdict,
        f"[API {', '.join(seen)}]",
        code=code,
        reply=reply,
        transport="ses",
        request_id=request_id,
        retry_after=retry_after,
    )


def _words(reply: str) -> str:
    return " ".join(reply.lower().split())


def _unread(code: int, words: str, phase: Phase) -> Verdict | None:
    """A reply that is none. ``500 Line too long.`` is smtplib's own, for one it gave up reading."""
    if 400 <= code <= 599 and not (code == 500 and words.startswith("line too long")):
        return None
    return says.UNKNOWN if phase == "body" else says.OUT_OF_STEP


def _by_words(words: str) -> Verdict | None:
    return _first(says.BY_WORDS, words)


def _by_smtp_words(words: str) -> Verdict | None:
    return _first(says.BY_SMTP_WORDS, words)


def _first(rows: tuple[tuple[tuple[str, ...], Verdict], ...], words: str) -> Verdict | None:
    for needles, verdict in rows:
        if all(needle in words for needle in needles):
            return verdict
    return None


def _by_smtp_code(code: int, words: str, phase: Phase) -> Verdict:
    if code == 421 and phase in ("connect", "ehlo"):
        return says.CONNECTIONS
    if code < 500:
        return says.RATE if "throttl" in words or "rate exceeded" in words else says.UNAVAILABLE
    if code == 538:
        return says.TLS_FIRST
    if code == 530:
        return says.LOGIN_FIRST
    if code in (534, 535) or phase == "auth":
        return says.CREDENTIALS
    if phase == "starttls":
        return says.NO_TLS
    if phase in ("connect", "ehlo"):
        return says.GREETING
    if code == 503:
        return says.OUT_OF_STEP
    return says.TOO_LONG if code == 552 else says.REJECTED


def _plain(code: str | None) -> str:
    """``"com.amazonaws.ses#MAIL_FROM_X"`` and ``"MailFromXException:"`` as ``"mailfromx"``."""
    bare = (code or "").rpartition("#")[2].partition(":")[0]
    return bare.replace("_", "").lower().removesuffix("exception")


def _by_code(plain: str) -> Verdict | None:
    if plain.endswith(("doesnotexist", "notfound")):
        return says.MISSING
    return says.BY_CODE.get(plain)


def _by_status(status: int | None) -> Verdict:
    if status is None or not 400 <= status <= 499:
        return says.UNKNOWN
    return says.BY_HTTP_STATUS.get(status, says.REJECTED)


def _error(
    verdict: Verdict,
    detail: str,
    *,
    code: str | int | None,
    reply: str,
    transport: str,
    request_id: str | None = None,
    retry_after: float | None = None,
) -> errors.SendError:
    if issubclass(verdict.kind, errors.NotVerifiedError):
        region, identities = _failed_identities(reply)
        count = len(identities)
        which = "identity is" if count == 1 else "identities are"
        message = verdict.message.format(
            identities=f"{count} {which}" if count else "an identity is",
            there=f"in {region}" if region else "in this region",
        )
        return verdict.kind(
            f"{message} {detail}",
            identities=identities,
            code=code,
            reply=reply,
            request_id=request_id,
            region=region,
            transport=transport,
        )
    return verdict.kind(
        f"{verdict.message} {detail}",
        code=code,
        reply=reply,
        request_id=request_id,
        transport=transport,
        retry_after=retry_after if verdict.kind.retryable else None,
    )


def _failed_identities(reply: str) -> tuple[str | None, tuple[str, ...]]:
    """The region and the identities that SES lists; it cuts a long list short with ``[...]``."""
    found = _NOT_VERIFIED.search(" ".join(reply.split()))
    if found is None:
        return None, ()
    listed = found[2].partition("[...]")[0].partition(" (in reply to ")[0]
    names = (name.strip().rstrip(".") for name in _outside_quotes(listed))
    return found[1].lower(), tuple(name for name in names if name)


def _outside_quotes(listed: str) -> list[str]:
    """Split at the commas that are not in a quoted display name."""
    pieces = listed.split('"')
    pieces[::2] = [piece.replace(",", "\n") for piece in pieces[::2]]
    return '"'.join(pieces).split("\n")
