"""Where feedback goes."""

from __future__ import annotations

from sesguard.ports import Clock
from sesguard.simulator.feedback import Channel, Json, envelope
from sesguard.simulator.identifiers import Identifiers
from sesguard.simulator.offers import SentMail
from sesguard.sources.memory import MemorySource

__all__ = ["Publisher"]


class Publisher:
    """
    Puts what SES tells into a queue, in SNS's envelope.

    Attributes:
        channel: How feedback is told.

        told: All that was, in order, without an envelope.
    """

    def __init__(self, *, channel: Channel, clock: Clock, identifiers: Identifiers) -> None:
        self.channel: Channel = channel
        self.told: list[Json] = []
        self.queue: MemorySource = MemorySource(clock=clock)
        self._identifiers = identifiers

    def publish(self, record: Json, mail: SentMail) -> None:
        """Tell one thing about one mail."""
        self.told.append(record)
        self.queue.put(
            envelope(
                record, self._identifiers, at=mail.at, channel=self.channel, region=mail.region
            )
        )
