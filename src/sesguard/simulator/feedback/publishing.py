"""Where feedback goes."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Sequence
from contextlib import suppress
from datetime import datetime
from typing import TYPE_CHECKING

from sesguard.ports import Clock, Received
from sesguard.simulator.feedback.destinations import Destination, forward
from sesguard.simulator.feedback.disorder import Crossing, Disorder
from sesguard.simulator.feedback.envelopes import (
    EVENT_SUBJECT,
    VALIDATED,
    BusEvent,
    Notification,
    Publication,
    SetupNotice,
    compact,
)
from sesguard.simulator.feedback.records import Json, Record, told
from sesguard.simulator.feedback.routing import Channel, Route, routes
from sesguard.simulator.identifiers import Identifiers
from sesguard.simulator.later import Later
from sesguard.simulator.mails.offers import SentMail
from sesguard.sources.memory import MemorySource

if TYPE_CHECKING:
    from sesguard.simulator.state import Region

__all__ = ["Publisher"]


class _Queue(MemorySource):
    """
    Where all feedback arrives, up to now: a clock may move without telling.

    What arrived is written when somebody receives.
    """

    def __init__(self, catch_up: Callable[[], None], clock: Clock) -> None:
        super().__init__(clock=clock)
        self._catch_up = catch_up
        self._arrived: deque[Publication] = deque()

    def arrive(self, publication: Publication) -> None:
        """Put it at the end of the queue."""
        self._arrived.append(publication)

    def receive(self, limit: int, wait: float, /) -> Sequence[Received]:
        """Up to *limit* messages, in order."""
        self._catch_up()
        return super().receive(limit, wait)

    def __len__(self) -> int:
        """How many messages are in the queue, hidden ones included."""
        self._write()
        return super().__len__()

    def _take(self, limit: int) -> list[Received]:
        self._write()
        return super()._take(limit)

    def _write(self) -> None:
        with suppress(IndexError):  # another thread may write the last one
            while self._arrived:
                self.put(self._arrived.popleft().body)


class Publisher:
    """
    Tells of mails, by whichever ways are set up, and hands on what arrives.

    All but `forward` is called under the simulator's lock.

    Args:
        channel: How feedback is told as long as nothing is set up.

        region: Gives a region of the account by its name.

        later: What is put off.

        catch_up: Lets happen what is due, before somebody looks into the queue.

        disorder: What happens on the way; None for nothing.

    Attributes:
        told: All that SES told about mails, in order.

        queue: Where all of it arrives.

        destinations: Where it is handed on to.
    """

    def __init__(
        self,
        *,
        channel: Channel,
        clock: Clock,
        identifiers: Identifiers,
        region: Callable[[str], Region],
        later: Later,
        catch_up: Callable[[], None],
        disorder: Disorder | None = None,
        seed: int = 0,
    ) -> None:
        self.channel: Channel = channel
        self.told: list[Record] = []
        self.queue: _Queue = _Queue(catch_up, clock)
        self.destinations: list[Destination] = []
        self._clock = clock
        self._identifiers = identifiers
        self._region = region
        self._arrived: list[Publication] = []
        self._publish: Callable[[Publication], None] = self._arrive
        if disorder is not None:
            crossing = Crossing(disorder, seed=seed, later=later, onward=self._arrive)
            self._publish = crossing.take

    def tell(self, mail: SentMail, kind: str, detail: Json, *, at: datetime | None = None) -> None:
        """
        Tell one thing about one mail, to whom it concerns.

        Args:
            kind: The wire's word, as in ``Rendering Failure``.

            detail: What is told, as event publishing has it.

            at: When SES tells it; None for now.
        """
        region, when = self._region(mail.region), self._clock.now() if at is None else at
        records: dict[tuple[Channel, bool], Record] = {}
        for route in routes(mail, kind, region, self.channel):
            form = route.channel, route.headers
            if form not in records:
                what = told(kind, detail, mail, route.channel, region, headers=route.headers)
                records[form] = what
                self.told.append(what)
            self._publish(self._wrapped(route, records[form], when, region.name))

    def validated(self, topic_arn: str) -> None:
        """Tell a topic that a configuration set's events will come, as SES does in plain text."""
        self._set_up(topic_arn, VALIDATED)

    def subscribed(self, topic_arn: str, kind: str, identity: str) -> None:
        """Tell a topic that notifications of that *kind* will come for an *identity*."""
        text = (
            f"You have successfully subscribed your Amazon SNS topic '{topic_arn}' to receive "
            f"'{kind}' notifications from Amazon SES for identity '{identity}'."
        )
        notice = {"notificationType": "AmazonSnsSubscriptionSucceeded", "message": text}
        self._set_up(topic_arn, compact(notice))

    def arrived(self) -> list[Publication]:
        """What is to be handed on since this was last asked."""
        arrived, self._arrived = self._arrived, []
        return arrived

    def forward(self, arrived: list[Publication]) -> None:
        """Hand on to all destinations; call it outside of any lock, they may call back."""
        forward(arrived, tuple(self.destinations))

    def _set_up(self, topic: str, message: str) -> None:
        number, now = self._identifiers.envelope(), self._clock.now()
        self._publish(Notification(topic, SetupNotice(message), number=number, at=now))

    def _wrapped(self, route: Route, what: Record, at: datetime, region: str) -> Publication:
        ids = self._identifiers
        if route.service == "bus":
            number = ids.bus_event()
            return BusEvent(route.target, what, number=number, at=at, region=region)
        if route.service == "stream":
            return Publication(route.target, what)
        if route.channel == "notifications":
            return Notification(route.target, what, number=ids.envelope(), at=at)
        return Notification(
            route.target, what, number=ids.envelope(), at=at, lined=True, subject=EVENT_SUBJECT
        )

    def _arrive(self, publication: Publication) -> None:
        self.queue.arrive(publication)
        if self.destinations:
            self._arrived.append(publication)
