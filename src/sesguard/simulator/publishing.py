"""Where feedback goes."""

from __future__ import annotations

from sesguard.ports import Clock
from sesguard.simulator.feedback import Channel, Json, envelope, record
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

    def tell(self, mail: SentMail, kind: str, detail: Json) -> None:
        """
        Tell one thing about one mail, where the channel has such a kind.

        Args:
            kind: The wire's word, as in ``Rendering Failure``.
        """
        if self.channel == "events" or kind in ("Bounce", "Complaint", "Delivery"):
            self.publish(record(kind, detail, mail, self.channel, mail.region), mail)

    def publish(self, what: Json, mail: SentMail) -> None:
        """Put a record into the queue."""
        self.told.append(what)
        self.queue.put(
            envelope(what, self._identifiers, at=mail.at, channel=self.channel, region=mail.region)
        )
