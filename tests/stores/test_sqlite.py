"""A suppression list in an SQLite file."""

from __future__ import annotations

import sqlite3
import threading
from collections.abc import Callable
from datetime import timedelta
from functools import partial
from itertools import count
from pathlib import Path

import pytest

from sesguard.addresses import AddressKey
from sesguard.errors import AddressError, ConfigurationError, StoreError
from sesguard.stores import SQLiteStore
from sesguard.suppression import Change, CountSoftBounce, Reason, Release, Suppress, Suppression
from sesguard.testing import ManualClock, StoreContract
from sesguard.testing.store_contract import MakeStore, run_together
from tests.stores.kept import KeptContract, OpenStore

ANN = AddressKey("ann@example.org")
DAY = timedelta(days=1)


class TestContract(StoreContract):
    """A list in a file is a list like any other."""

    @pytest.fixture
    def make_store(self, tmp_path: Path) -> MakeStore:
        numbers = count()
        return lambda: SQLiteStore(tmp_path / f"{next(numbers)}.db")


class TestKept(KeptContract):
    """A list in a file can be asked what it knows, made to forget, and kept as digests."""

    @pytest.fixture
    def open_store(self, tmp_path: Path) -> OpenStore:
        return lambda peppers: SQLiteStore(
            tmp_path / "list.db", hashed_with=peppers, clock=ManualClock()
        )

    @pytest.fixture
    def written(self, tmp_path: Path) -> Callable[[], bytes]:
        return lambda: b"".join(one.read_bytes() for one in tmp_path.iterdir())


def rows(path: Path, table: str) -> int:
    """How many rows a table has, seen from outside."""
    connection = sqlite3.connect(path)
    (number,) = connection.execute(f"SELECT count(*) FROM {table}").fetchone()
    connection.close()
    assert isinstance(number, int)
    return number


@pytest.mark.parametrize("path", [":memory:", ""])
def test_a_database_in_memory_is_refused(path: str) -> None:
    """It would be another, empty list for each thread. The error names what to use."""
    with pytest.raises(ConfigurationError, match="MemoryStore"):
        SQLiteStore(path)


def test_nothing_is_opened_before_the_first_use(tmp_path: Path) -> None:
    """A store is made without touching the disk; the first question makes the file."""
    store = SQLiteStore(tmp_path / "list.db")
    assert not list(tmp_path.iterdir())
    assert not store.look_up([ANN])
    assert (tmp_path / "list.db").exists()
    store.close()


def test_a_path_is_what_it_says(tmp_path: Path) -> None:
    """Signs that mean something in a URI mean nothing in a path, and a text is a path too."""
    odd = tmp_path / "a b?mode=memory#%41.db"
    with SQLiteStore(str(odd)) as store:
        store.suppress(ANN)
    assert odd.exists()


def test_it_is_there_when_opened_again(tmp_path: Path) -> None:
    """Entries, releases, soft bounces and event keys outlive the store that wrote them."""
    clock = ManualClock()
    now = clock.now()
    soft = CountSoftBounce(key=ANN, at=now, limit=2, window=DAY)
    with SQLiteStore(tmp_path / "list.db", clock=clock) as store:
        store.apply([("one", [soft]), ("two", [Release(key=ANN, reason=Reason.COMPLAINT, at=now)])])
        store.suppress("ben@example.org")
    with SQLiteStore(tmp_path / "list.db", clock=clock) as store:
        complaint = Suppression(key=ANN, reason=Reason.COMPLAINT, at=now)
        late: list[tuple[str, list[Change]]] = [
            ("one", [soft]),
            ("three", [Suppress(suppression=complaint)]),
        ]
        assert list(store.apply(late)) == [False, True]
        assert [one.key for one in store.entries().items] == ["ben@example.org"]
        store.apply([("four", [soft])])
        assert store.look_up([ANN])[ANN].source == "soft-bounces"


def test_closing_lets_go_and_a_later_use_opens_again(tmp_path: Path) -> None:
    """After close nothing is left open, and the store still works."""
    store = SQLiteStore(tmp_path / "list.db")
    store.suppress(ANN)
    store.close()
    assert [one.name for one in tmp_path.iterdir()] == ["list.db"]
    store.close()
    assert set(store.look_up([ANN])) == {ANN}
    store.close()


def test_an_operator_suppresses_an_address(tmp_path: Path) -> None:
    """Any spelling puts its mailbox on the list; garbage is an error."""
    clock = ManualClock()
    with SQLiteStore(tmp_path / "list.db", clock=clock) as store:
        store.suppress(
            "Ann <Ann@Example.org>",
            Reason.COMPLAINT,
            detail="by phone",
            expires_at=clock.now() + DAY,
        )
        found = store.look_up([ANN])[ANN]
        assert (found.address, found.detail, found.source) == (
            "Ann@example.org",
            "by phone",
            "operator",
        )
        clock.advance(DAY)
        assert not store.look_up([ANN])
        assert not store.entries().items
        with pytest.raises(AddressError):
            store.suppress("nobody")


def test_one_question_is_one_statement(tmp_path: Path, traced: Callable[[], list[str]]) -> None:
    """However many keys and scopes are asked, and its text is always the same."""
    with SQLiteStore(tmp_path / "list.db") as store:
        store.look_up([ANN])
        texts: set[str] = set()
        for keys, scopes in ((1, 0), (50, 2), (5_000, 1)):
            statements = traced()
            store.look_up([AddressKey(f"{n}@x.org") for n in range(keys)], ["stream:a"] * scopes)
            assert len(statements) == 1
            texts.add(statements[0].partition("json_each(")[0])
        assert len(texts) == 1


def test_a_batch_is_one_commit(tmp_path: Path, traced: Callable[[], list[str]]) -> None:
    """Ten events are written to the disk once, by a transaction that begins as a writer."""
    entry = Suppression(key=ANN, reason=Reason.BOUNCE, at=ManualClock().now())
    with SQLiteStore(tmp_path / "list.db") as store:
        store.look_up([ANN])
        statements = traced()
        store.apply([(f"event {n}", [Suppress(suppression=entry)]) for n in range(10)])
        assert statements[0] == "BEGIN IMMEDIATE"
        assert statements[-1] == "COMMIT"
        assert sum(one.split()[0] in ("BEGIN", "COMMIT", "ROLLBACK") for one in statements) == 2


def test_commits_survive_a_power_cut(tmp_path: Path, connections: list[sqlite3.Connection]) -> None:
    """Every connection writes ahead, and waits for the disk at each commit."""
    with SQLiteStore(tmp_path / "list.db") as store:
        store.suppress(ANN)
        (connection,) = connections
        assert connection.execute("PRAGMA journal_mode").fetchone() == ("wal",)
        assert connection.execute("PRAGMA synchronous").fetchone() == (2,)  # FULL


def test_connections_do_not_grow_with_threads(
    tmp_path: Path, connections: list[sqlite3.Connection]
) -> None:
    """A web server's thousand short threads share what was open at once."""
    with SQLiteStore(tmp_path / "list.db") as store:
        for _ in range(20):
            thread = threading.Thread(target=store.look_up, args=([ANN],))
            thread.start()
            thread.join(timeout=30)
    assert len(connections) == 1


def test_many_may_come_first(tmp_path: Path) -> None:
    """Of stores that use a new file at the same moment, one makes it and none fails."""
    for attempt in range(5):
        stores = [SQLiteStore(tmp_path / f"{attempt}.db") for _ in range(6)]
        run_together([partial(store.suppress, ANN) for store in stores])
        assert len(stores[0].entries().items) == 1
        for store in stores:
            store.close()


def test_what_is_over_is_cleared_bit_by_bit(tmp_path: Path) -> None:
    """Event keys and soft bounces go when nothing can bring them back; entries stay."""
    clock = ManualClock()
    path = tmp_path / "list.db"
    with SQLiteStore(path, keep_marks=14 * DAY, clock=clock) as store:
        soft = [
            CountSoftBounce(key=AddressKey(f"{n}@x.org"), at=clock.now(), limit=1, window=DAY)
            for n in range(300)
        ]
        store.apply([(f"event {n}", [change]) for n, change in enumerate(soft)])
        clock.advance(14 * DAY - timedelta(seconds=1))
        assert list(store.apply([("event 0", ())])) == [False]
        assert (rows(path, "marks"), rows(path, "soft_bounces")) == (300, 300)
        clock.advance(timedelta(seconds=1))
        store.apply([("a", ())])
        assert (rows(path, "marks"), rows(path, "soft_bounces")) == (301 - 102, 300)
        assert list(store.apply([("event 0", ()), ("event 299", ())])) == [True, False]
        clock.advance(DAY)
        for number in range(3):
            store.apply([(f"b{number}", ())])
        assert (rows(path, "marks"), rows(path, "soft_bounces")) == (5, 0)
        assert rows(path, "entries") == 300


def test_what_sqlite_cannot_hold_is_held_all_the_same(tmp_path: Path) -> None:
    """Half a surrogate pair out of an event, and numbers beyond 64 bits, do no harm."""
    clock = ManualClock()
    odd = AddressKey("a\ud800@example.org")
    entry = Suppression(
        key=odd, reason=Reason.BOUNCE, at=clock.now(), address="A\ud800@x", detail="\x00\udfff"
    )
    soft = CountSoftBounce(key=ANN, at=clock.now(), limit=2**70, window=timedelta.max)
    with SQLiteStore(tmp_path / "list.db", clock=clock) as store:
        assert list(store.apply([("x\ud800", [Suppress(suppression=entry), soft])])) == [True]
        assert list(store.apply([("x\ud800", ())])) == [False]
        assert len(store.entries().items) == 1
        assert not store.look_up([odd, ANN])
        store.apply([("y", [soft])])
        assert store.remove([odd]) == 1


def test_a_large_addition_lets_others_write(
    tmp_path: Path, traced: Callable[[], list[str]]
) -> None:
    """A long list is written in several transactions."""
    at = ManualClock().now()
    many = [
        Suppression(key=AddressKey(f"{n}@x.org"), reason=Reason.BOUNCE, at=at) for n in range(5_001)
    ]
    with SQLiteStore(tmp_path / "list.db") as store:
        store.look_up([ANN])
        statements = traced()
        store.add(many)
        assert statements.count("COMMIT") == 2
    assert rows(tmp_path / "list.db", "entries") == 5_001


@pytest.mark.parametrize(
    "make",
    [
        lambda path: SQLiteStore(path, busy_timeout=0),
        lambda path: SQLiteStore(path, keep_marks=timedelta(0)),
    ],
)
def test_an_option_that_cannot_be_is_refused(
    tmp_path: Path, make: Callable[[Path], SQLiteStore]
) -> None:
    """It is an error when the store is made."""
    with pytest.raises(ConfigurationError):
        make(tmp_path / "list.db")


def test_a_file_of_the_first_version_is_led_on(tmp_path: Path) -> None:
    """A list from before there were peppers is opened as it is, and is no hashed one."""
    path = tmp_path / "list.db"
    with SQLiteStore(path) as store:
        store.suppress(ANN)
    connection = sqlite3.connect(path)
    connection.execute("DROP TABLE peppers")
    connection.execute("PRAGMA user_version = 1")
    connection.commit()
    connection.close()
    with SQLiteStore(path, hashed_with=bytes(32)) as store, pytest.raises(StoreError):
        store.look_up([ANN])
    with SQLiteStore(path) as store:
        assert set(store.look_up([ANN])) == {ANN}
    assert rows(path, "peppers") == 1
