"""Mails that can wait and mails that cannot, and guards on both kinds of client."""

from __future__ import annotations

from typing import Any

from sesguard import Email, errors
from sesguard.ports import Guard

__all__ = ["ask", "bulk", "mail", "stopped"]


def mail(*to: str, **fields: Any) -> Email:
    """A receipt."""
    fields = {"subject": "Receipt", "text": "Thank you.", **fields}
    return Email(sender="shop@example.com", to=to or ("ann@example.org",), **fields)


def bulk(*to: str, **fields: Any) -> Email:
    """A newsletter."""
    return mail(*to, list_unsubscribe="https://example.com/u?id=1", **fields)


def stopped(guard: Guard, email: Email) -> errors.CircuitOpenError | None:
    """What a guard has against a mail at the last moment; it was let go where there is nothing."""
    try:
        guard.permit(email)
    except errors.CircuitOpenError as error:
        found = error
    else:
        return None
    assert found.attempts == 0
    assert found.retry_after is not None
    assert found.retry_after > 0
    return found


def ask(
    guard: Guard, email: Email, ends: errors.SESGuardError | None = None
) -> errors.CircuitOpenError | None:
    """The same, with what the request came to."""
    error = stopped(guard, email)
    if error is None:
        guard.learn(email, ends)
    return error
