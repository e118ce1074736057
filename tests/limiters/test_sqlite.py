"""The rate of all processes of one machine, in an SQLite file."""

from __future__ import annotations

import gc
import logging
import os
import sqlite3
from collections.abc import Callable, Iterator
from contextlib import closing
from itertools import count
from pathlib import Path
from typing import Any

import pytest

from sesguard.errors import ConfigurationError, StoreError
from sesguard.limiters import SQLiteLimiter
from sesguard.testing import LimiterContract, ManualClock
from sesguard.testing.limiter_contract import MakeLimiter


class TestContract(LimiterContract):
    """A limiter in a file keeps what every limiter keeps."""

    @pytest.fixture
    def make_limiter(self, tmp_path: Path) -> Iterator[MakeLimiter]:
        made: list[SQLiteLimiter] = []
        number = count()

        def make(rate: float | Callable[[], float], **options: Any) -> SQLiteLimiter:
            made.append(SQLiteLimiter(tmp_path / f"{next(number)}.db", rate, **options))
            return made[-1]

        yield make
        for limiter in made:
            limiter.close()


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return tmp_path / "rate.db"


def change(file: Path, statement: str, *values: object) -> None:
    with closing(sqlite3.connect(file)) as connection, connection:
        connection.execute(statement, values)


class Set(ManualClock):
    """A clock that shows what it is told to."""

    def __init__(self, at: float) -> None:
        super().__init__()
        self.at = at

    def monotonic(self) -> float:
        return self.at


def test_limiters_of_one_file_share_one_rate(file: Path) -> None:
    """Another limiter, as in another process, goes on where the first one is."""
    clock = ManualClock()
    with (
        SQLiteLimiter(file, 10, burst=1, clock=clock) as one,
        SQLiteLimiter(file, 10, burst=1, clock=clock) as other,
    ):
        waits = [limiter.reserve(1) for limiter in (one, other, one, other)]
        assert waits == pytest.approx([0.0, 0.1, 0.2, 0.3])
        other.give_back(1)
        assert one.reserve(1) == pytest.approx(0.3)
        one.slow_down(2.0)
        assert other.reserve(1) == pytest.approx(2.0)
        one.share(0.5).reserve(10)
        assert other.share(0.5).reserve(1) > other.reserve(1)


def test_a_limiter_that_is_closed_can_be_used_again(file: Path) -> None:
    """Closing lets go of the file, and nothing that was reserved is forgotten."""
    limiter = SQLiteLimiter(file, 10, burst=1, clock=ManualClock())
    limiter.reserve(5)
    limiter.close()
    assert limiter.reserve(1) == pytest.approx(0.5)
    limiter.close()


@pytest.mark.parametrize("after_boot", [1.0, 900_000.0])
def test_a_restart_of_the_machine_is_no_stall_and_no_free_pass(
    file: Path, after_boot: float
) -> None:
    """Its clock begins anew: at most a full burst is there, and the rate is gained from then."""
    with SQLiteLimiter(file, 10, burst=3, clock=Set(50_000.0)) as before:
        before.slow_down()
        before.reserve(8)
    clock = Set(after_boot)
    with SQLiteLimiter(file, 10, burst=3, clock=clock) as limiter:
        waits = [limiter.reserve(1) for _ in range(5)]
        assert max(waits) < 3  # what was to wait for before is not forgotten
        assert sum(wait == 0 for wait in waits) <= 3
        clock.at += 60
        limiter.slow_down()
        limiter.reserve(3)
        assert limiter.reserve(1) >= 0.2


NONSENSE: dict[str, object] = {
    "text": "ann@example.org",
    "a blob": b"\x00",
    "nothing": None,
    "infinity": float("inf"),
}


@pytest.mark.parametrize("nonsense", NONSENSE.values(), ids=NONSENSE)
@pytest.mark.parametrize(
    "column",
    ["tokens", "rate", "size", "as_of", "pace", "slowed_at", "share", "held", "ahead", "largest"],
)
@pytest.mark.parametrize("when_away", ["raise", "local"])
def test_what_is_no_state_is_an_error(
    file: Path, column: str, nonsense: object, when_away: Any
) -> None:
    """A value that cannot be stops the send and names the file, and is never a free pass."""
    with SQLiteLimiter(file, 10, clock=ManualClock(), when_away=when_away) as limiter:
        limiter.reserve(1)
        change(file, f"UPDATE bucket SET {column} = ?", nonsense)
        for act in (limiter.reserve, limiter.give_back, limiter.slow_down):
            with pytest.raises(StoreError) as caught:
                act(1)
            assert str(file) in str(caught.value)
            assert "ann@" not in str(caught.value)
        assert not limiter.away


@pytest.mark.parametrize(
    "values",
    [
        "rate = 0",
        "rate = -1",
        "size = 0.5",
        "size = -3",
        "tokens = size + 1",
        "pace = 0",
        "pace = 2",
        "share = 1",
        "share = -0.1",
        "held = -1",
        "held = 1",
        "ahead = -1",
        "largest = -1",
        "slowed_at = as_of + 1",
    ],
)
def test_values_out_of_range_are_an_error(file: Path, values: str) -> None:
    """No bucket has them, so somebody else wrote them."""
    with SQLiteLimiter(file, 10, clock=ManualClock()) as limiter:
        limiter.reserve(1)
        change(file, f"UPDATE bucket SET {values}")
        with pytest.raises(StoreError, match=r"rate\.db"):
            limiter.reserve(1)


def test_somebody_elses_file_is_refused(file: Path) -> None:
    """A database of another application, and a file that is none, are left alone."""
    change(file, "CREATE TABLE theirs (a)")
    for content in (None, b"no database, but long enough to be looked at" * 99):
        if content is not None:
            file.write_bytes(content)
        with SQLiteLimiter(file, 10, when_away="local") as limiter:
            with pytest.raises(StoreError, match=r"rate\.db"):
                limiter.reserve(1)
            assert not limiter.away


def test_a_file_that_was_deleted_is_made_again(file: Path) -> None:
    """All processes go over to the new one, with a full burst and no more."""
    clock = ManualClock()
    with (
        SQLiteLimiter(file, 10, burst=1, clock=clock) as one,
        SQLiteLimiter(file, 10, burst=1, clock=clock) as other,
    ):
        one.reserve(1)
        other.reserve(1)
        for path in file.parent.iterdir():
            path.unlink()
        waits = [limiter.reserve(1) for limiter in (one, other, one)]
        assert waits == pytest.approx([0.0, 0.1, 0.2])


def test_a_file_in_a_folder_that_is_not_there_is_away(tmp_path: Path) -> None:
    """It is an error, until the folder is made."""
    file = tmp_path / "later" / "rate.db"
    with SQLiteLimiter(file, 10) as limiter:
        for act in (limiter.reserve, limiter.give_back, limiter.slow_down):
            with pytest.raises(StoreError, match="folder"):
                act(1)
        file.parent.mkdir()
        assert limiter.reserve(1) == 0


def test_a_locked_file_is_stood_in_for(file: Path, caplog: pytest.LogCaptureFixture) -> None:
    """While another one holds it, a part of the rate goes on, which is said once; and the end."""
    clock = ManualClock()
    with (
        caplog.at_level(logging.WARNING),
        SQLiteLimiter(
            file, 100, clock=clock, when_away="local", local_share=0.05, busy_timeout=0.001
        ) as limiter,
    ):
        bulk = limiter.share(0.8)
        assert limiter.reserve(1) == 0
        assert not limiter.away
        with closing(sqlite3.connect(file, isolation_level=None)) as holder:
            holder.execute("BEGIN EXCLUSIVE")
            waits = [limiter.reserve(1) for _ in range(3)]
            assert waits == pytest.approx([1.0, 1.2, 1.4])
            assert limiter.away
            assert bulk.away
            limiter.give_back(1)
            assert bulk.reserve(1) == pytest.approx(1.4)
            bulk.give_back(1)
            limiter.slow_down(5.0)
            assert limiter.reserve(1) == pytest.approx(5.0)
            clock.advance(3.1)
            assert limiter.reserve(1) > 1.9  # tried, and still away, which is not said again
        assert limiter.reserve(1) > 1.9  # it is not tried at each send
        clock.advance(3.1)
        assert limiter.reserve(1) == 0
        assert not limiter.away
    assert [record.levelname for record in caplog.records] == ["WARNING", "WARNING"]
    assert "away" in caplog.messages[0]
    assert "back" in caplog.messages[1]
    assert str(file) in caplog.messages[0]


def test_nothing_stands_in_unless_asked(file: Path) -> None:
    """By default a file that cannot be used stops the send."""
    with SQLiteLimiter(file, 100, busy_timeout=0.001) as limiter:
        limiter.reserve(1)
        with closing(sqlite3.connect(file, isolation_level=None)) as holder:
            holder.execute("BEGIN EXCLUSIVE")
            with pytest.raises(StoreError, match="locked"):
                limiter.reserve(1)
            assert not limiter.away
        assert limiter.reserve(1) == 0


@pytest.mark.parametrize(
    "options",
    [
        {"when_away": "send"},
        {"local_share": 0},
        {"local_share": 1.1},
        {"local_share": True},
        {"local_share": float("nan")},
        {"local_share": "0.1"},
        {"busy_timeout": -1},
    ],
    ids=repr,
)
def test_options_that_cannot_be_are_refused(file: Path, options: dict[str, Any]) -> None:
    """They are an error when the limiter is made."""
    with pytest.raises(ConfigurationError):
        SQLiteLimiter(file, 10, **options)
    with pytest.raises(ConfigurationError):
        SQLiteLimiter(":memory:", 10)


def test_a_child_goes_on_where_its_parent_was(file: Path) -> None:
    """After a fork, the child opens the file for itself, and shares the rate."""
    clock = ManualClock()
    with SQLiteLimiter(file, 10, burst=1, clock=clock) as limiter:
        limiter.reserve(1)
        pid = os.fork()
        if pid == 0:
            wait = limiter.reserve(1)
            os._exit(0 if wait == pytest.approx(0.1) else 1)
        assert os.waitpid(pid, 0)[1] == 0
        assert limiter.reserve(1) == pytest.approx(0.2)
    gc.collect()


def test_a_commit_does_not_wait_for_the_disk(file: Path) -> None:
    """Each connection is told so: a power cut may lose the last moments, and nothing else."""
    with SQLiteLimiter(file, 10) as limiter:
        limiter.reserve(1)
        (connection,) = limiter._bucket._file._idle
        assert connection.execute("PRAGMA synchronous").fetchone() == (1,)
        assert connection.execute("PRAGMA journal_mode").fetchone() == ("wal",)
