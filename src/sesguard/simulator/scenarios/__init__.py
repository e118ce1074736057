"""
Fortnights that go wrong, each played twice: with a plain loop over boto3, and with the guard.

    print(scenarios.bad_list())

All numbers come out of the run, in which one message of twenty comes from the queue twice and one
of twenty late. The same seed gives the same ones.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from random import Random

from sesguard.simulator.faults import Fault
from sesguard.simulator.scenarios.figures import Figures, Played
from sesguard.simulator.scenarios.fortnight import Story, played
from sesguard.simulator.simulator import Simulator

__all__ = ["Figures", "Played", "bad_list", "calm", "outage", "quota_gone", "spam_wave", "throttle"]


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

    return played(
        Story("bad_list", "3 % of a list are dead, and every day as many more", mails), seed
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
    return played(Story("spam_wave", about, mails), seed)


def throttle(*, seed: int = 0, people: int = 200) -> Played:
    """
    Mails go out three times as fast as the account may send.

    Args:
        seed: Decides all that is random.

        people: How many readers there are.
    """
    about = "42 mails a second, and 14 are allowed"
    return played(Story("throttle", about, _same_every_day(people), pace=1 / 42), seed)


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
    return played(Story("quota_gone", about, mails, quota=people * 1.5), seed)


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
    return played(Story("outage", about, _same_every_day(people), before=before), seed)


def calm(*, seed: int = 0, people: int = 200) -> Played:
    """
    Nothing goes wrong.

    Args:
        seed: Decides all that is random.

        people: How many readers there are.
    """
    return played(Story("calm", "nothing goes wrong", _same_every_day(people)), seed)


def _readers(count: int) -> Iterator[str]:
    return (f"reader.{n}@example.org" for n in range(count))


def _same_every_day(people: int) -> Callable[[int, Simulator], Iterator[str]]:
    def mails(day: int, sim: Simulator) -> Iterator[str]:
        return _readers(people)

    return mails
