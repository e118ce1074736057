"""What goes wrong with a file is an error that says the next step, and never an empty list."""

from __future__ import annotations

import os
import pickle
import shutil
import sqlite3
import threading
from collections.abc import Callable
from pathlib import Path

import pytest

from sesguard._sqlite_file import SQLiteFile
from sesguard.addresses import AddressKey
from sesguard.errors import StoreError
from sesguard.stores import SQLiteStore
from sesguard.suppression import Reason, Suppress, Suppression
from sesguard.testing import ManualClock

ANN, BEN = AddressKey("ann@example.org"), AddressKey("ben@example.org")
BOUNCE = Suppress(suppression=Suppression(key=BEN, reason=Reason.BOUNCE, at=ManualClock().now()))


@pytest.fixture
def path(tmp_path: Path) -> Path:
    """A file with Ann on the list, that nobody has open."""
    path = tmp_path / "list.db"
    with SQLiteStore(path) as store:
        store.suppress(ANN)
    return path


def refuses_everything(store: SQLiteStore, match: str) -> None:
    """Nothing is answered, and nothing reported as written."""
    acts: list[Callable[[], object]] = [
        lambda: store.look_up([ANN]),
        lambda: store.apply([("event", [BOUNCE])]),
        lambda: store.suppress(BEN),
        lambda: store.remove([ANN]),
        store.entries,
    ]
    for act in acts:
        with pytest.raises(StoreError, match=match) as caught:
            act()
        error = caught.value
        assert error.retryable
        assert "example.org" not in f"{error} {error!r}"
        assert error.__cause__ is None
        assert error.__suppress_context__ or error.__context__ is None
        assert str(pickle.loads(pickle.dumps(error))) == str(error)
    store.close()


def test_a_missing_folder_is_an_error(tmp_path: Path) -> None:
    """A misspelt path does not make a new list."""
    refuses_everything(SQLiteStore(tmp_path / "no" / "list.db"), "folder must exist")
    assert not list(tmp_path.iterdir())


def test_a_folder_is_no_file(tmp_path: Path) -> None:
    """A folder in the place of the file cannot be opened."""
    refuses_everything(SQLiteStore(tmp_path), "cannot be opened")


def test_bytes_of_another_kind_are_an_error(tmp_path: Path) -> None:
    """A file that is no database is left as it is."""
    path = tmp_path / "list.db"
    path.write_bytes(b"ann@example.org\n" * 1000)
    refuses_everything(SQLiteStore(path), "no SQLite database")
    assert path.read_bytes() == b"ann@example.org\n" * 1000


@pytest.mark.parametrize(
    "prepare",
    ["CREATE TABLE users (id)", "PRAGMA application_id = 7", "PRAGMA user_version = 3"],
)
def test_another_applications_file_is_left_alone(tmp_path: Path, prepare: str) -> None:
    """Tables of other people, or their mark, are not built upon."""
    path = tmp_path / "list.db"
    connection = sqlite3.connect(path)
    connection.execute(prepare)
    connection.close()
    before = path.read_bytes()
    refuses_everything(SQLiteStore(path), "another application's")
    assert path.read_bytes() == before


def test_a_newer_schema_is_an_error(path: Path) -> None:
    """A list that a newer sesguard wrote is not read by guess."""
    connection = sqlite3.connect(path)
    connection.execute("PRAGMA user_version = 99")
    connection.close()
    refuses_everything(SQLiteStore(path), "newer version")


def test_a_truncated_file_is_an_error(path: Path, tmp_path: Path) -> None:
    """A file without its last pages does not answer for what is missing."""
    whole = path.read_bytes()
    for pages in range(1, len(whole) // 4096):
        short = tmp_path / f"{pages}.db"
        short.write_bytes(whole[: pages * 4096])
        refuses_everything(SQLiteStore(short), "damaged")


def test_damaged_pages_are_an_error(path: Path) -> None:
    """Pages that were overwritten are noticed by whoever needs them."""
    size = path.stat().st_size
    with path.open("r+b") as file:
        file.seek(4096)
        file.write(b"\xff" * (size - 4096))
    refuses_everything(SQLiteStore(path), "damaged")


def test_an_emptied_file_is_an_error_to_who_used_it(path: Path) -> None:
    """A file of no bytes is new to a process that begins, and a loss to one that runs."""
    with SQLiteStore(path) as store:
        assert store.look_up([ANN])
        store.close()
        os.truncate(path, 0)
        refuses_everything(store, "emptied")


def test_a_deleted_file_is_an_error_to_who_used_it(path: Path) -> None:
    """An open connection would go on reading what is gone, and a new one would find nothing."""
    with SQLiteStore(path) as store:
        assert store.look_up([ANN])
        path.unlink()
        refuses_everything(store, "deleted or replaced")
        refuses_everything(store, "deleted or replaced")
        assert not path.exists()


def test_a_file_that_is_deleted_while_it_is_opened_is_not_made_anew(
    path: Path, before_opening: list[Callable[[], object]]
) -> None:
    """Between the look at the file and its opening there is time enough to lose it."""
    with SQLiteStore(path) as store:
        assert store.look_up([ANN])
        store.close()
        before_opening.append(path.unlink)
        with pytest.raises(StoreError):
            store.look_up([ANN])
        before_opening.clear()
        assert not path.exists()


def test_a_replaced_file_is_an_error_to_who_used_it(path: Path, tmp_path: Path) -> None:
    """Whatever the new file holds, what was written since is not in it."""
    shutil.copy(path, tmp_path / "backup.db")
    with SQLiteStore(path) as store:
        store.suppress(BEN)
        (tmp_path / "backup.db").replace(path)
        refuses_everything(store, "deleted or replaced")
    for rest in ("list.db-wal", "list.db-shm"):
        (tmp_path / rest).unlink(missing_ok=True)
    with SQLiteStore(path) as store:
        assert set(store.look_up([ANN, BEN])) == {ANN}


def test_a_lock_that_is_held_too_long_is_an_error(path: Path) -> None:
    """A writer waits for its time-out, while readers read; afterwards it writes."""
    other = sqlite3.connect(path, isolation_level=None)
    other.execute("BEGIN IMMEDIATE")
    with SQLiteStore(path, busy_timeout=0.05) as store:
        with pytest.raises(StoreError, match="locked"):
            store.apply([("event", [BOUNCE])])
        assert set(store.look_up([ANN, BEN])) == {ANN}
        other.execute("COMMIT")
        other.close()
        assert list(store.apply([("event", [BOUNCE])])) == [True]


@pytest.mark.parametrize("lock", ["IMMEDIATE", "EXCLUSIVE"])
def test_a_file_that_is_locked_when_it_is_made_is_an_error(tmp_path: Path, lock: str) -> None:
    """The first to come waits for its time-out too, where SQLite itself would not."""
    path = tmp_path / "list.db"
    other = sqlite3.connect(path, isolation_level=None)
    other.execute(f"BEGIN {lock}")
    with SQLiteStore(path, busy_timeout=0.05) as store:
        with pytest.raises(StoreError, match="locked"):
            store.look_up([ANN])
        other.execute("ROLLBACK")
        other.close()
        assert not store.look_up([ANN])


def test_a_full_disk_is_an_error_and_nothing_was_written(
    path: Path, connections: list[sqlite3.Connection]
) -> None:
    """The whole batch is undone, what was there is still answered, and room mends it."""
    detail = "x" * 10_000
    entries = [
        Suppression(
            key=AddressKey(f"{number}@x.org"),
            reason=Reason.BOUNCE,
            at=ManualClock().now(),
            detail=detail,
        )
        for number in range(50)
    ]
    batch = [("event", [Suppress(suppression=entry) for entry in entries])]
    with SQLiteStore(path) as store:
        assert store.look_up([ANN])
        (pages,) = connections[0].execute("PRAGMA page_count").fetchone()
        connections[0].execute(f"PRAGMA max_page_count = {pages + 5}")
        with pytest.raises(StoreError, match="make room"):
            store.apply(batch)
        assert set(store.look_up([ANN, entries[0].key])) == {ANN}
        assert list(store.apply(batch)) == [True]


def test_an_error_of_sqlites_module_is_ours(
    path: Path, connections: list[sqlite3.Connection]
) -> None:
    """A connection that was closed from outside is an error once, and then another one is used."""
    with SQLiteStore(path) as store:
        store.look_up([ANN])
        connections[0].close()
        with pytest.raises(StoreError, match="ProgrammingError") as caught:
            store.look_up([ANN])
        assert caught.value.original_type == "ProgrammingError"
        assert set(store.look_up([ANN])) == {ANN}


def test_what_is_open_when_the_file_is_closed_is_closed_after_its_use(tmp_path: Path) -> None:
    """A thread in the midst of a question keeps its connection to the end of it."""
    file = SQLiteFile(
        tmp_path / "x.db", application_id=5, steps=[["CREATE TABLE a (b)"]], busy_timeout=1.0
    )
    with file.reading() as connection:
        file.close()
        assert connection.execute("SELECT count(*) FROM a").fetchone() == (0,)
    with pytest.raises(sqlite3.ProgrammingError):
        connection.execute("SELECT 1")
    file.close()


def test_what_fails_in_the_midst_is_undone(tmp_path: Path) -> None:
    """Whatever is raised within a transaction, nothing of it stays."""
    file = SQLiteFile(
        tmp_path / "x.db", application_id=5, steps=[["CREATE TABLE a (b)"]], busy_timeout=1.0
    )

    class Stop(BaseException):
        pass

    def stop() -> None:
        with file.writing() as connection:
            connection.execute("INSERT INTO a VALUES (1)")
            raise Stop

    with pytest.raises(Stop):
        stop()
    with file.reading() as connection:
        assert connection.execute("SELECT count(*) FROM a").fetchone() == (0,)
    file.close()


def test_an_older_schema_is_led_to_this_one(tmp_path: Path) -> None:
    """Each step is taken once, in one transaction, and what was there stays."""
    path = tmp_path / "x.db"
    first = ["CREATE TABLE a (b)", "INSERT INTO a VALUES (1)"]
    second = ["ALTER TABLE a ADD COLUMN c", "UPDATE a SET c = b + 1"]

    def opened(*steps: list[str]) -> SQLiteFile:
        return SQLiteFile(path, application_id=5, steps=steps, busy_timeout=1.0)

    old = opened(first)
    with old.reading() as connection:
        connection.execute("SELECT b FROM a").fetchone()
    for _ in range(2):
        new = opened(first, second)
        with new.reading() as connection:
            assert connection.execute("SELECT b, c FROM a").fetchall() == [(1, 2)]
        new.close()
    with old.reading() as connection:
        assert connection.execute("SELECT b FROM a").fetchall() == [(1,)]
    old.close()
    with pytest.raises(StoreError, match="newer version"), opened(first).reading():
        pass


def test_a_step_that_fails_leaves_the_older_schema(tmp_path: Path) -> None:
    """A file is never left between two versions."""
    path = tmp_path / "x.db"
    first = ["CREATE TABLE a (b)"]
    bad = ["ALTER TABLE a ADD COLUMN c", "INSERT INTO nowhere VALUES (1)"]
    for steps in ([first], [first, bad]):
        file = SQLiteFile(path, application_id=5, steps=steps, busy_timeout=1.0)
        if len(steps) == 1:
            with file.reading():
                pass
        else:
            with pytest.raises(StoreError, match="OperationalError"), file.reading():
                pass
        file.close()
    connection = sqlite3.connect(path)
    assert connection.execute("PRAGMA user_version").fetchone() == (1,)
    assert [row[1] for row in connection.execute("PRAGMA table_info(a)")] == ["b"]
    connection.close()


def test_a_file_that_another_thread_makes_meanwhile_is_no_strangers(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """One thread looks at a new file, another one makes it: the first sees it as it was before."""
    path = tmp_path / "list.db"
    empty = sqlite3.connect(path)
    empty.execute("PRAGMA journal_mode = WAL")  # so that who reads keeps nobody from writing
    empty.close()
    store = SQLiteStore(path)
    others: list[threading.Thread] = []
    look = SQLiteFile._version

    def look_and_be_overtaken(
        file: SQLiteFile, connection: sqlite3.Connection, **known: bool
    ) -> int:
        connection.execute("SELECT count(*) FROM sqlite_master").fetchone()  # the view begins
        if not others:
            others.append(threading.Thread(target=store.suppress, args=(ANN,)))
            others[0].start()
            others[0].join()
        return look(file, connection, **known)

    monkeypatch.setattr(SQLiteFile, "_version", look_and_be_overtaken)
    assert store.look_up([ANN]).keys() == {ANN}
    assert len(others) == 1
    store.close()
