"""Processes that go on alone while their file is away, and find it again at different times."""

from __future__ import annotations

import random
import sqlite3
from collections.abc import Generator
from contextlib import ExitStack, closing, contextmanager, nullcontext
from pathlib import Path

import pytest

from sesguard.limiters import SQLiteLimiter
from sesguard.testing import ManualClock
from sesguard.testing.limiter_contract import Grants, most_in_a_second

RATE, PROCESSES = 200.0, 8
GOES, BACK, END = 1.0, 9.0, 20.0


class Told(ManualClock):
    """A clock that shows what it is told to."""

    at = 0.0

    def monotonic(self) -> float:
        return self.at


@contextmanager
def held(file: Path) -> Generator[None, None, None]:
    """Somebody else has the file."""
    with closing(sqlite3.connect(file, isolation_level=None)) as holder:
        holder.execute("BEGIN EXCLUSIVE")
        yield


def played(file: Path, largest: int) -> Grants:
    """What eight senders start, each of which sends again as soon as it may."""
    clock, sizes, grants = Told(), random.Random(1), Grants()
    with ExitStack() as stack:
        senders = [
            stack.enter_context(
                SQLiteLimiter(
                    file,
                    RATE,
                    when_away="local",
                    local_share=1 / PROCESSES,
                    clock=clock,
                    busy_timeout=0.001,
                )
            )
            for _ in range(PROCESSES)
        ]
        # They begin one after the other, so that each looks for the file at times of its own.
        awake = [number * 0.4 for number in range(PROCESSES)]
        for until, meanwhile in ((GOES, nullcontext()), (BACK, held(file)), (END, nullcontext())):
            with meanwhile:
                while (now := min(awake)) < until:
                    who, units = awake.index(now), sizes.randint(1, largest)
                    clock.at = now
                    awake[who] += senders[who].reserve(units)
                    grants.append((awake[who], units))
        assert not any(sender.away for sender in senders)
    return grants


@pytest.mark.parametrize("largest", [1, 5])
def test_going_and_coming_back_pass_the_rate_by_a_mail_a_process(
    tmp_path: Path, largest: int
) -> None:
    """No second has more than the rate, the burst, and one mail in debt for each process."""
    grants = played(tmp_path / "rate.db", largest)
    assert most_in_a_second(grants) <= RATE + RATE / 10 + PROCESSES * largest


def test_the_rate_is_used_while_the_file_is_away_and_after_it(tmp_path: Path) -> None:
    """Once all have begun, their parts together are the rate; and no gap comes with the file."""
    grants = played(tmp_path / "rate.db", 1)
    for begin, end in ((5.0, BACK), (BACK, BACK + 4), (BACK + 4, END)):
        sent = sum(units for at, units in grants if begin <= at < end)
        assert sent >= 0.97 * RATE * (end - begin)


@pytest.fixture
def clock() -> Told:
    return Told()


@pytest.fixture
def limiter(tmp_path: Path, clock: Told) -> Generator[SQLiteLimiter, None, None]:
    """Ten a second; and by itself, one."""
    with SQLiteLimiter(
        tmp_path / "rate.db",
        10,
        burst=1,
        when_away="local",
        local_share=0.1,
        clock=clock,
        busy_timeout=0.001,
    ) as limiter:
        yield limiter


def test_times_that_were_given_pass_before_a_process_goes_on_alone(
    tmp_path: Path, limiter: SQLiteLimiter
) -> None:
    """It begins a second after the last of its own, since the others have such times too."""
    limiter.reserve(20)
    assert limiter.reserve(1) == pytest.approx(2.0)
    with held(tmp_path / "rate.db"):
        assert [limiter.reserve(1) for _ in range(2)] == pytest.approx([3.0, 4.0])


def test_a_process_that_is_back_keeps_to_its_part_while_others_may_be_alone(
    tmp_path: Path, clock: Told, limiter: SQLiteLimiter
) -> None:
    """For as long as another one may wait by itself before it looks for the file again."""
    with held(tmp_path / "rate.db"):
        limiter.reserve(6)
        assert limiter.reserve(1) == pytest.approx(7.0)
        limiter.give_back(1)
    clock.at = 10.0  # tried again: it is back, and binds for three seconds, and those seven
    limiter.reserve(5)
    assert not limiter.away
    for clock.at in (11.0, 19.9):
        limiter.reserve(5)
        wait = limiter.reserve(5)
        assert wait > 4
        limiter.give_back(5)
        assert limiter.reserve(5) == pytest.approx(wait)
        limiter.give_back(5)
    clock.at = 20.1
    assert limiter.reserve(1) < 1
