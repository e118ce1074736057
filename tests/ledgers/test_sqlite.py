"""Sends remembered in an SQLite file: among processes, killed ones too, and in bad files."""

from __future__ import annotations

import os
import signal
import sqlite3
from collections.abc import Callable
from contextlib import closing
from itertools import count
from pathlib import Path

import pytest

from sesguard.errors import ConfigurationError, StoreError
from sesguard.ledgers import SQLiteLedger
from sesguard.ports import Recorded
from sesguard.testing import ManualClock
from sesguard.testing.ledger_contract import LedgerContract, MakeLedger
from tests.ledgers.racing import begin_and_be_killed, race

DAY = 86_400

MAKING = """
import sys
from sesguard.ledgers import SQLiteLedger
ledger = SQLiteLedger(sys.argv[1], busy_timeout=60)
"""


class TestSQLiteLedger(LedgerContract):
    """What every ledger keeps to."""

    @pytest.fixture
    def make_ledger(self, tmp_path: Path) -> MakeLedger:
        numbers = count()
        return lambda: SQLiteLedger(tmp_path / f"{next(numbers)}.db", busy_timeout=60)


def test_of_two_processes_one_sends(tmp_path: Path) -> None:
    """Of two processes that begin 200 keys at once, exactly one is told to send each."""
    won = race(MAKING, str(tmp_path / "ledger.db"))
    assert sorted(won[0] + won[1]) == list(range(200))


@pytest.mark.skipif(not hasattr(signal, "SIGKILL"), reason="there is no SIGKILL here")
def test_a_sender_that_was_killed_leaves_its_key_unfinished(tmp_path: Path) -> None:
    """Killed between begin and finish, nobody knows whether it sent: the key stays taken."""
    path = tmp_path / "ledger.db"
    begin_and_be_killed(MAKING, str(path))
    with SQLiteLedger(path) as ledger:
        assert ledger.begin("key", "content") == Recorded(content="content")
        ledger.finish("key", "told by an event")
        assert ledger.begin("key", "content") == Recorded(
            content="content", result="told by an event"
        )


def test_what_was_begun_is_on_the_disk(tmp_path: Path) -> None:
    """Every connection writes through to the disk, and a reader of another process sees it."""
    path = tmp_path / "ledger.db"
    with SQLiteLedger(path) as ledger:
        ledger.begin("key", "content")
        with ledger._file.reading() as connection:
            assert connection.execute("PRAGMA synchronous").fetchone() == (2,)
        with closing(sqlite3.connect(path)) as other:
            assert other.execute("SELECT key, content, result FROM sends").fetchall() == [
                ("key", "content", None)
            ]


def test_a_key_is_remembered_for_its_time(tmp_path: Path) -> None:
    """Until *keep* is over it is taken, from its begin or from its result; then it is free."""
    clock = ManualClock()
    with SQLiteLedger(tmp_path / "ledger.db", keep=2 * DAY, clock=clock) as ledger:
        ledger.begin("begun", "one")
        ledger.begin("settled", "one")
        clock.advance(DAY)
        ledger.finish("settled", "result")
        clock.advance(DAY - 1)
        assert ledger.begin("begun", "other") == Recorded(content="one")
        clock.advance(1)
        assert ledger.begin("begun", "other") is None
        assert ledger.begin("settled", "other") == Recorded(content="one", result="result")
        clock.advance(DAY)
        ledger.finish("settled", "later")
        assert ledger.begin("settled", "other") == Recorded(content="", result="later")


def test_old_keys_are_forgotten_a_few_at_a_time(tmp_path: Path) -> None:
    """Every begin drops up to ten, so that the file stays small and no begin is slow."""
    clock, path = ManualClock(), tmp_path / "ledger.db"
    with SQLiteLedger(path, keep=DAY, clock=clock) as ledger:
        for number in range(50):
            ledger.begin(f"old {number}", "one")
        clock.advance(DAY)
        left: list[int] = []
        with closing(sqlite3.connect(path)) as other:
            for number in range(6):
                ledger.begin(f"new {number}", "one")
                left += other.execute("SELECT count(*) FROM sends").fetchone()
    assert left == [41, 32, 23, 14, 5, 6]


@pytest.mark.parametrize(
    "column", ["content = x'ff'", "content = x''", "result = x'00'", "result = x'7b7d'"]
)
def test_what_is_no_record_is_an_error(tmp_path: Path, column: str) -> None:
    """Somebody else's value says neither that a mail was sent nor that it was not."""
    path = tmp_path / "ledger.db"
    with SQLiteLedger(path) as ledger:
        ledger.begin("0123abcd", "content")
        with closing(sqlite3.connect(path, isolation_level=None)) as other:
            other.execute(f"UPDATE sends SET {column}")
        with pytest.raises(StoreError, match=r"ledger\.db holds something under the key 0123abcd"):
            ledger.begin("0123abcd", "content")


@pytest.mark.parametrize("content", [b"no database" * 1000, None])
def test_a_file_that_is_no_ledger_is_an_error(tmp_path: Path, content: bytes | None) -> None:
    """A damaged file, and another store's, are named, and nothing is recorded or sent."""
    path = tmp_path / "ledger.db"
    if content is None:
        with closing(sqlite3.connect(path)) as other:
            other.execute("CREATE TABLE sends (key, content, result, at)")
    else:
        path.write_bytes(content)
    with SQLiteLedger(path) as ledger:
        acts: list[Callable[[], object]] = [
            lambda: ledger.begin("key", "content"),
            lambda: ledger.finish("key", "result"),
            lambda: ledger.forget("key"),
        ]
        for act in acts:
            with pytest.raises(StoreError, match=r"ledger\.db"):
                act()


def test_a_file_that_is_away_is_an_error(tmp_path: Path) -> None:
    """Without its folder, locked, or deleted while in use, there is no ledger to begin in."""
    with pytest.raises(StoreError, match="folder"), SQLiteLedger(tmp_path / "no" / "l.db") as away:
        away.begin("key", "content")
    path = tmp_path / "ledger.db"
    with SQLiteLedger(path, busy_timeout=0.01) as ledger:
        ledger.begin("key", "content")
        with closing(sqlite3.connect(path, isolation_level=None)) as other:
            other.execute("BEGIN IMMEDIATE")
            with pytest.raises(StoreError, match="locked"):
                ledger.begin("new", "content")
        os.unlink(path)
        with pytest.raises(StoreError, match="deleted or replaced"):
            ledger.begin("new", "content")


@pytest.mark.parametrize("path", ["", ":memory:"])
def test_a_file_in_memory_is_refused(path: str) -> None:
    """It would be another one for each connection, and forget all."""
    with pytest.raises(ConfigurationError, match="MemoryLedger"):
        SQLiteLedger(path)


@pytest.mark.parametrize("option", ["keep", "busy_timeout"])
def test_a_time_that_is_none_is_refused(tmp_path: Path, option: str) -> None:
    """The message names the option."""
    with pytest.raises(ConfigurationError, match=f"{option}="):
        SQLiteLedger(tmp_path / "ledger.db", **{option: 0})  # type: ignore[arg-type]  # on purpose
