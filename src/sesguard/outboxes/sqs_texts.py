"""What an outbox writes into its messages, and reads from them."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any, cast

__all__ = ["Kept", "read"]

_FORMAT = 1

_LONGEST_REASON = 250
"""Characters. What a mail that is set aside gains must stay below what is left for it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Kept:
    """
    A mail in a message.

    Attributes:
        id: Its own.

        body: As it was put.

        due: Not to be sent before.

        put_at: Since when it is in the outbox.

        attempts: How often it was put back, with counting.

        reason: Why it was set aside; None for one that waits.

        aside_at: Since when it is.
    """

    id: str
    body: str = field(repr=False)
    due: datetime
    put_at: datetime
    attempts: int = 0
    reason: str | None = None
    aside_at: datetime | None = None

    def text(self) -> str:
        """The message, in ASCII: SQS replaces some characters without a word."""
        record = {
            "sesguard_outbox": _FORMAT,
            "id": self.id,
            "due": self.due.astimezone(UTC).isoformat(),
            "put_at": self.put_at.astimezone(UTC).isoformat(),
            "attempts": self.attempts,
            "body": self.body,
        }
        if self.reason is not None and self.aside_at is not None:
            record["reason"] = self.reason[:_LONGEST_REASON]
            record["aside_at"] = self.aside_at.astimezone(UTC).isoformat()
        return json.dumps(record, separators=(",", ":"))


def read(text: str) -> Kept | None:
    """The mail in a message; None where there is none that this version can read."""
    try:
        record: object = json.loads(text)
        if not isinstance(record, dict):
            return None
        fields = cast("dict[str, Any]", record)
        return _kept(fields) if fields["sesguard_outbox"] == _FORMAT else None
    except (KeyError, TypeError, ValueError, OverflowError, RecursionError):
        return None


def _kept(fields: dict[str, Any]) -> Kept | None:
    reason, aside_at = fields.get("reason"), fields.get("aside_at")
    id, body, attempts = fields["id"], fields["body"], fields["attempts"]
    if not isinstance(id, str) or not isinstance(body, str) or type(attempts) is not int:
        return None
    return Kept(
        id=id,
        body=body,
        due=_time(fields["due"]),
        put_at=_time(fields["put_at"]),
        attempts=attempts,
        reason=None if reason is None else str(reason),
        aside_at=None if aside_at is None else _time(aside_at),
    )


def _time(text: str) -> datetime:
    time = datetime.fromisoformat(text)
    if time.utcoffset() is None:
        raise ValueError("a time without a zone")
    return time.astimezone(UTC)
