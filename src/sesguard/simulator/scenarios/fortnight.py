"""Plays a story, day by day, on the simulator's clock."""

from __future__ import annotations

from collections import Counter, deque
from collections.abc import Callable, Iterator
from datetime import datetime, timedelta
from random import Random
from typing import NamedTuple

from sesguard import metrics
from sesguard.simulator.feedback.disorder import Disorder
from sesguard.simulator.scenarios.figures import Figures, Played
from sesguard.simulator.scenarios.senders import Guarded, Loop, Sender
from sesguard.simulator.simulator import Simulator

__all__ = ["DAYS", "Story", "played"]

DAYS = 14
_QUEUE = Disorder(duplicates=0.05, reorders=0.05)
_LATE = timedelta(minutes=1)  # by then all that is late has come


def _nothing_happens(sim: Simulator, chance: Random) -> None:
    """No fault comes before an attempt."""


class Story(NamedTuple):
    """
    What happens in a fortnight.

    Attributes:
        mails: The addresses to mail on a day. It may also script people.

        pace: Seconds that an attempt takes.

        before: Called before each attempt; it may script faults.
    """

    name: str
    about: str
    mails: Callable[[int, Simulator], Iterator[str]]
    pace: float = 1.0
    before: Callable[[Simulator, Random], None] = _nothing_happens
    quota: float = -1
    rate: float = 14


def played(story: Story, seed: int) -> Played:
    """The story with a plain loop, and with the guard."""
    off, on = (_Fortnight(story, seed, sender).play() for sender in (Loop, Guarded))
    return Played(name=story.name, about=story.about, off=off, on=on)


class _Letter(NamedTuple):
    address: str
    key: str
    tries: int
    not_before: datetime


class _Fortnight:
    def __init__(self, story: Story, seed: int, sender: Callable[[Simulator], Sender]) -> None:
        # SES's own list is off: else it would stop the second bounce by itself.
        self._sim = Simulator(
            seed, quota=story.quota, rate=story.rate, suppressed_reasons=(), disorder=_QUEUE
        )
        self._statistics = self._sim.boto3_client("ses")
        self._story = story
        self._chance = Random(f"{seed} {story.name}")
        self._sender = sender(self._sim)
        self._wanted = 0
        self._peaks = {"bounce": 0.0, "complaint": 0.0}

    def play(self) -> Figures:
        start = self._sim.clock.now()
        for day in range(DAYS):
            self._wait_until(start + timedelta(days=day, hours=8))
            self._mail(day)
            self._look_at_the_rates()
        return self._figures()

    def _mail(self, day: int) -> None:
        now = self._sim.clock.now()
        addresses = {f"{day}-{n}": one for n, one in enumerate(self._story.mails(day, self._sim))}
        self._wanted += len(addresses)
        self._go_through(deque(_Letter(one, key, 1, now) for key, one in addresses.items()))
        while left := self._left():
            now = self._sim.clock.now()
            self._go_through(deque(_Letter(addresses[key], key, 1, now) for key in left))

    def _left(self) -> list[str]:
        self._sim.clock.advance(_LATE)
        return self._sender.end_of_day()

    def _go_through(self, letters: deque[_Letter]) -> None:
        while letters:
            letter = letters.popleft()
            self._wait_until(letter.not_before)
            self._sim.clock.advance(self._story.pace)
            self._story.before(self._sim, self._chance)
            again = self._sender.attempt(letter.address, letter.key, letter.tries)
            if again is not None:
                later = self._sim.clock.now() + timedelta(seconds=again.seconds)
                if again.all_wait:
                    self._wait_until(later)
                letters.append(_Letter(letter.address, letter.key, letter.tries + 1, later))

    def _wait_until(self, moment: datetime) -> None:
        self._sim.clock.advance(max(timedelta(0), moment - self._sim.clock.now()))

    def _points(self) -> tuple[metrics.SendDataPoint, ...]:
        return metrics.fetch(boto3_client=self._statistics)

    def _look_at_the_rates(self) -> None:
        rates = metrics.rates(self._points())
        for name in self._peaks:
            self._peaks[name] = max(self._peaks[name], getattr(rates, name).value or 0.0)

    def _figures(self) -> Figures:
        points = self._points()
        taken = Counter(mail.tags["letter"] for mail in self._sim.outbox)
        return Figures(
            sent=taken.total(),
            sent_twice=sum(count > 1 for count in taken.values()),
            not_mailed=self._sender.not_mailed,
            lost=self._wanted - len(taken) - self._sender.not_mailed,
            throttles=self._sender.throttles,
            bounces=sum(point.bounces for point in points),
            complaints=sum(point.complaints for point in points),
            peak_bounce_rate=self._peaks["bounce"],
            peak_complaint_rate=self._peaks["complaint"],
            duplicates_ignored=self._sender.repeated,
            points=points,
        )
