"""
Fortnights that go wrong, each played twice: with a plain loop over boto3, and with the guard.

    print(scenarios.bad_list())

All numbers come out of the run. The same seed gives the same ones.
"""

from __future__ import annotations

from collections import Counter, deque
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, fields
from datetime import datetime, timedelta
from random import Random
from typing import Any, NamedTuple, Protocol

from botocore.exceptions import ClientError, ConnectionError, HTTPClientError

from sesguard import errors, events, metrics
from sesguard._core.retry import RetryPolicy
from sesguard.mail import Email
from sesguard.outcomes import Attempted, Notice
from sesguard.simulator.faults import Fault
from sesguard.simulator.simulator import Simulator
from sesguard.stores import MemoryStore
from sesguard.worker import Worker

__all__ = ["Figures", "Played", "bad_list", "calm", "outage", "quota_gone", "spam_wave", "throttle"]

DAYS = 14
_SENDER = "news@example.com"
_TRIES = 3


@dataclass(frozen=True, slots=True, kw_only=True)
class Figures:
    """
    What a fortnight came to.

    Attributes:
        sent: Mails that SES took, those that it took twice counted twice.

        sent_twice: Mails that SES took more than once.

        not_mailed: Mails that the guard kept back, since the address was on the list.

        lost: Mails that were given up, and that nobody got.

        throttles: Answers that said: too fast, or too much for a day.

        bounces, complaints: As GetSendStatistics counts them.

        peak_bounce_rate, peak_complaint_rate: The highest that the fortnight so far had at the
            end of a day, as a fraction.

        duplicates_ignored: Events that came again and had no second effect.

        points: GetSendStatistics at the end, sorted.
    """

    sent: int
    sent_twice: int
    not_mailed: int
    lost: int
    throttles: int
    bounces: int
    complaints: int
    peak_bounce_rate: float
    peak_complaint_rate: float
    duplicates_ignored: int
    points: tuple[metrics.SendDataPoint, ...] = field(repr=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class Played:
    """
    One scenario, twice. As text it is a table of two columns.

    Attributes:
        name: Of the function that played it.

        about: What goes wrong.

        off: With a plain loop over boto3.

        on: With the guard.
    """

    name: str
    about: str
    off: Figures
    on: Figures

    def __str__(self) -> str:
        rows = [f"{self.name}: {self.about}", f"{'':<22}{'guard off':>12}{'guard on':>12}"]
        for name in (one.name for one in fields(Figures) if one.name != "points"):
            off, on = (_shown(getattr(figures, name)) for figures in (self.off, self.on))
            rows.append(f"{name.replace('_', ' '):<22}{off:>12}{on:>12}")
        return "\n".join(rows)


def _nothing_happens(sim: Simulator, chance: Random) -> None:
    """No fault comes before an attempt."""


class _Story(NamedTuple):
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


def bad_list(*, seed: int = 0, people: int = 200) -> Played:
    """
    Every day a bought list adds addresses of which some are dead.

    Args:
        seed: Decides all that is random.

        people: How many readers there are at first.
    """

    def mails(day: int, sim: Simulator) -> Iterator[str]:
        dead = [
            f"gone.{then}.{n}@example.net" for then in range(day + 1) for n in range(people // 33)
        ]
        for address in dead:
            sim.bounces(address)
        yield from _readers(people)
        yield from dead

    return _played(
        _Story("bad_list", "3 % of a list are dead, and every day as many more", mails), seed
    )


def spam_wave(*, seed: int = 0, people: int = 300) -> Played:
    """
    Every fourth day one more reader presses the spam button, and goes on doing so.

    Args:
        seed: Decides all that is random.

        people: How many readers there are.
    """

    def mails(day: int, sim: Simulator) -> Iterator[str]:
        for n in range(day // 4):
            sim.complains(f"reader.{n}@example.org")
        return _readers(people)

    about = "every fourth day one more reader complains of each mail"
    return _played(_Story("spam_wave", about, mails), seed)


def throttle(*, seed: int = 0, people: int = 200) -> Played:
    """
    Mails go out three times as fast as the account may send.

    Args:
        seed: Decides all that is random.

        people: How many readers there are.
    """
    about = "42 mails a second, and 14 are allowed"
    return _played(_Story("throttle", about, _same_every_day(people), pace=1 / 42), seed)


def quota_gone(*, seed: int = 0, people: int = 200) -> Played:
    """
    On two days of the fortnight there is more mail than the day's quota.

    Args:
        seed: Decides all that is random.

        people: How many readers there are.
    """

    def mails(day: int, sim: Simulator) -> Iterator[str]:
        return _readers(people * 2 if day in (3, 10) else people)

    about = "twice in the fortnight there is more mail than the daily quota"
    return _played(_Story("quota_gone", about, mails, quota=people * 1.5), seed)


def outage(*, seed: int = 0, people: int = 200) -> Played:
    """
    Answers get lost: SES has the mail, and nobody was told.

    Args:
        seed: Decides all that is random.

        people: How many readers there are.
    """

    def before(sim: Simulator, chance: Random) -> None:
        if chance.random() < 0.02:
            sim.fail_next(1, chance.choice((Fault.ANSWER_LOST, Fault.CONNECTION_REFUSED)))

    about = "of 100 requests 1 is not heard and of 1 the answer is lost"
    return _played(_Story("outage", about, _same_every_day(people), before=before), seed)


def calm(*, seed: int = 0, people: int = 200) -> Played:
    """
    Nothing goes wrong.

    Args:
        seed: Decides all that is random.

        people: How many readers there are.
    """
    return _played(_Story("calm", "nothing goes wrong", _same_every_day(people)), seed)


def _readers(count: int) -> Iterator[str]:
    return (f"reader.{n}@example.org" for n in range(count))


def _same_every_day(people: int) -> Callable[[int, Simulator], Iterator[str]]:
    def mails(day: int, sim: Simulator) -> Iterator[str]:
        return _readers(people)

    return mails


def _played(story: _Story, seed: int) -> Played:
    off, on = (_Fortnight(story, seed, sender).play() for sender in (_Loop, _Guarded))
    return Played(name=story.name, about=story.about, off=off, on=on)


class _Again(NamedTuple):
    """In how many seconds a mail is to be tried again, and whether all others wait so long too."""

    seconds: float
    all_wait: bool = False


class _Sender(Protocol):
    """Tries to send one mail, and says when to try it again; None for never."""

    not_mailed: int
    throttles: int
    repeated: int

    def __init__(self, sim: Simulator) -> None: ...

    def attempt(self, address: str, key: str, tries: int) -> _Again | None: ...

    def end_of_day(self) -> list[str]: ...


class _Loop:
    """
    What is built by hand: whatever failed is tried again a second later, three times in all.

    Nobody reads the events.
    """

    def __init__(self, sim: Simulator) -> None:
        self.not_mailed = self.throttles = self.repeated = 0
        self._client = sim.boto3_client("sesv2")

    def attempt(self, address: str, key: str, tries: int) -> _Again | None:
        again = _Again(1.0) if tries < _TRIES else None
        try:
            self._client.send_email(
                FromEmailAddress=_SENDER,
                Destination={"ToAddresses": [address]},
                Content={
                    "Simple": {"Subject": {"Data": "News"}, "Body": {"Text": {"Data": "Hello."}}}
                },
                EmailTags=[{"Name": "letter", "Value": key}],
            )
        except ClientError as error:
            codes = ("TooManyRequestsException", "LimitExceededException")
            answer: Any = error.response
            self.throttles += answer["Error"]["Code"] in codes
            return again
        except (ConnectionError, HTTPClientError):
            return again
        return None

    def end_of_day(self) -> list[str]:
        return []


class _Guarded:
    """The guard, its worker at the end of each day, and what its errors say to do."""

    def __init__(self, sim: Simulator) -> None:
        self.not_mailed = self.throttles = self.repeated = 0
        store = MemoryStore(clock=sim.clock)
        self._client = sim.client(
            suppression=store, observers=[self._notice], retry=RetryPolicy.none()
        )
        self._worker = Worker(sim.source(), store=store)
        self._worker.on(events.Send)(self._told)
        self._unknown: dict[str, None] = {}

    def attempt(self, address: str, key: str, tries: int) -> _Again | None:
        email = Email(
            sender=_SENDER, to=address, subject="News", text="Hello.", tags={"letter": key}
        )
        try:
            self._client.send(email)
        except errors.SuppressedError:
            self.not_mailed += 1
        except errors.OutcomeUnknownError:
            self._unknown[key] = None
        except errors.SendError as error:
            if error.retry_after is not None:
                return _Again(error.retry_after, isinstance(error, errors.ThrottlingError))
        return None

    def end_of_day(self) -> list[str]:
        """Read the events. What was unknown, and was not told of as sent, is sent again."""
        self.repeated += self._worker.drain().repeated
        left, self._unknown = list(self._unknown), {}
        return left

    def _notice(self, notice: Notice) -> None:
        self.throttles += isinstance(notice, Attempted) and isinstance(
            notice.error, errors.ThrottlingError
        )

    def _told(self, event: events.Event) -> None:
        if event.mail is not None:
            for key in event.mail.tags.get("letter", ()):
                self._unknown.pop(key, None)


class _Letter(NamedTuple):
    address: str
    key: str
    tries: int
    not_before: datetime


class _Fortnight:
    def __init__(self, story: _Story, seed: int, sender: Callable[[Simulator], _Sender]) -> None:
        # SES's own list is off: else it would stop the second bounce by itself.
        self._sim = Simulator(seed, quota=story.quota, rate=story.rate, suppressed_reasons=())
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
        while left := self._sender.end_of_day():
            now = self._sim.clock.now()
            self._go_through(deque(_Letter(addresses[key], key, 1, now) for key in left))

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
        return metrics.fetch(boto3_client=self._sim.boto3_client("ses"))

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


def _shown(value: float) -> str:
    return f"{value:,}" if isinstance(value, int) else f"{value:.2%}"
