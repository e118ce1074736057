"""Which mails this process has taken, and for how long it may be sure of them."""

from __future__ import annotations

import secrets
from dataclasses import dataclass

from sesguard.outboxes.sqs_client import Message
from sesguard.outboxes.sqs_texts import Kept
from sesguard.ports import Clock, OutboxEntry

__all__ = ["Held", "Holds"]


@dataclass(slots=True, kw_only=True)
class Held:
    """
    A mail that was taken here. Times are monotonic seconds.

    Attributes:
        kept: What was in its message.

        handle: What hides and deletes the message.

        received: Before it was asked for.

        lapses: Until when nobody else can receive it.

        begun: Whether it is hidden for as long as a mail may be in sending.
    """

    kept: Kept
    handle: str
    received: float
    lapses: float
    begun: bool = False


class Holds:
    """
    Mails by receipt.

    Args:
        clock: Tells what has lapsed. A monotonic clock of this process alone: each lease is
            counted from before SQS was asked for it.
    """

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._held: dict[str, Held] = {}

    def lend(self, message: Message, kept: Kept, *, received: float, lease: float) -> OutboxEntry:
        """Keep a message that was received, under a new receipt."""
        receipt = secrets.token_hex(16)
        self._held[receipt] = Held(
            kept=kept, handle=message.handle, received=received, lapses=received + lease
        )
        return OutboxEntry(
            id=kept.id,
            receipt=receipt,
            body=kept.body,
            put_at=kept.put_at,
            attempts=kept.attempts,
        )

    def get(self, receipt: str) -> Held | None:
        """What a receipt stands for, as long as nobody else can have it."""
        held = self._held.get(receipt)
        return held if held is not None and self._clock.monotonic() < held.lapses else None

    def drop(self, receipt: str) -> bool:
        """Let go. Of several that do so, one is told True."""
        return self._held.pop(receipt, None) is not None

    def drop_lapsed(self) -> None:
        """Let go of what somebody else may have by now."""
        now = self._clock.monotonic()
        for receipt, held in [*self._held.items()]:
            if held.lapses <= now:
                self.drop(receipt)

    def has(self, id: str) -> bool:
        """Whether a mail of this id is held."""
        now = self._clock.monotonic()
        return any(held.kept.id == id and now < held.lapses for _, held in [*self._held.items()])

    def begun(self, id: str) -> str | None:
        """The receipt of a mail that is being sent, by its id."""
        for receipt, held in [*self._held.items()]:
            if held.begun and held.kept.id == id:
                return receipt
        return None
