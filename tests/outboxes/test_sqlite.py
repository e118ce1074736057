"""An outbox in an SQLite file."""

from __future__ import annotations

import json
import os
import sqlite3
import subprocess
import sys
import textwrap
from collections import Counter
from collections.abc import Callable, Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from sesguard import Client, Email
from sesguard._core.moments import microseconds
from sesguard.errors import ConfigurationError, StoreError
from sesguard.limiters import Unlimited
from sesguard.outbox import Outbox, OutboxTally
from sesguard.outboxes import SQLiteOutbox
from sesguard.outboxes import sqlite_rows as rows
from sesguard.ports import Handover, Receipt
from sesguard.stores import SQLiteStore
from sesguard.testing.manual_clock import ManualClock
from sesguard.testing.outbox_contract import MakeOutboxStore, OutboxStoreContract


class TestContract(OutboxStoreContract):
    """An outbox in a file is an outbox like any other."""

    @pytest.fixture
    def make_store(self, tmp_path: Path, clock: ManualClock) -> MakeOutboxStore:
        return lambda name: SQLiteOutbox(tmp_path / f"{name}.db", clock=clock)


@pytest.fixture
def clock() -> ManualClock:
    return ManualClock()


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "outbox.db"


@pytest.fixture
def store(path: Path, clock: ManualClock) -> Iterator[SQLiteOutbox]:
    with SQLiteOutbox(path, clock=clock) as store:
        yield store


@pytest.fixture
def outside(store: SQLiteOutbox, path: Path) -> Iterator[sqlite3.Connection]:
    """Somebody else's connection to the same file."""
    store.next_due()
    connection = sqlite3.connect(path, isolation_level=None)
    yield connection
    connection.close()


def start(script: str, *arguments: object) -> subprocess.Popen[str]:
    """A process of its own, which talks JSON."""
    return subprocess.Popen(
        [sys.executable, "-c", textwrap.dedent(script), *map(str, arguments)],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


def finish(process: subprocess.Popen[str]) -> Any:
    out, err = process.communicate(timeout=120)
    assert process.returncode == 0, err
    return json.loads(out)


@pytest.mark.parametrize("given", [":memory:", ""])
def test_a_database_in_memory_is_refused(given: str) -> None:
    """It would be another, empty outbox for each thread."""
    with pytest.raises(ConfigurationError):
        SQLiteOutbox(given)


@pytest.mark.parametrize("seconds", [0, -1, float("nan"), True])
def test_a_wait_that_cannot_be_is_refused(path: Path, seconds: float) -> None:
    """It is an error when the store is made."""
    with pytest.raises(ConfigurationError):
        SQLiteOutbox(path, busy_timeout=seconds)


def test_nothing_is_opened_before_the_first_use(path: Path) -> None:
    """A store is made without touching the disk."""
    store = SQLiteOutbox(path)
    assert not list(path.parent.iterdir())
    assert store.next_due() is None
    assert path.exists()
    store.close()


def test_what_was_put_survives_a_power_cut(outside: sqlite3.Connection, path: Path) -> None:
    """It is written ahead, and the disk is waited for at each commit."""
    seen: list[sqlite3.Connection] = []
    watching = [True]

    def watch(event: str, arguments: tuple[object, ...]) -> None:
        if watching and event == "sqlite3.connect/handle":
            (connection,) = arguments
            assert isinstance(connection, sqlite3.Connection)
            seen.append(connection)

    sys.addaudithook(watch)
    with SQLiteOutbox(path) as store:
        store.next_due()
        watching.clear()
        assert seen[0].execute("PRAGMA synchronous").fetchone() == (2,)  # FULL
        assert seen[0].execute("PRAGMA journal_mode").fetchone() == ("wal",)


def test_a_suppression_list_is_no_outbox(path: Path) -> None:
    """And neither is anything else: each has a file of its own."""
    with SQLiteStore(path) as other:
        other.suppress("ann@example.org")
    with SQLiteOutbox(path) as store, pytest.raises(StoreError, match=r"outbox\.db"):
        store.take(1, 60)


def test_an_id_is_there_once(store: SQLiteOutbox, clock: ManualClock) -> None:
    """A second mail under it is refused, and the first one stays."""
    store.put("a", "first", due=clock.now(), priority=0)
    with pytest.raises(ConfigurationError):
        store.put("a", "second", due=clock.now(), priority=0)
    (entry,) = store.take(10, 60)
    assert entry.body == "first"


@pytest.mark.parametrize(("limit", "lease"), [(0, 60.0), (1, 0.0), (1, float("nan"))])
def test_a_taking_that_cannot_be_is_refused(store: SQLiteOutbox, limit: int, lease: float) -> None:
    """Nothing, or for no time."""
    with pytest.raises(ConfigurationError):
        store.take(limit, lease)


def test_nothing_stays_of_what_was_sent(
    store: SQLiteOutbox, outside: sqlite3.Connection, clock: ManualClock
) -> None:
    """Its body goes with it, and with what is settled."""
    for name in "ab":
        store.put(name, "body", due=clock.now(), priority=0)
    sent, gone = store.take(2, 60)
    store.sent(sent.receipt)
    store.set_aside(gone.receipt, "no", unknown=False)
    store.settle(gone.id, again=False)
    for table in ("mails", "bodies"):
        assert outside.execute(f"SELECT count(*) FROM {table}").fetchone() == (0,)


def test_looking_in_vain_keeps_nobody_out(
    store: SQLiteOutbox, outside: sqlite3.Connection, clock: ManualClock
) -> None:
    """While another process writes, an outbox that has nothing due answers at once."""
    store.put("tomorrow", "{}", due=clock.now() + timedelta(days=1), priority=0)
    outside.execute("BEGIN IMMEDIATE")
    assert not store.take(10, 60)
    outside.execute("ROLLBACK")


@pytest.mark.parametrize(
    "query",
    [
        rows._DUE,
        rows._HIGHEST,
        rows._NEXT_LOWER,
        rows._FREE_LAPSED,
        rows._NEXT_DUE,
        rows._BEGIN,
        rows._SETTLED,
        rows.UNKNOWN,
        rows.FAILED,
    ],
)
def test_no_question_walks_through_all_mails(outside: sqlite3.Connection, query: str) -> None:
    """Each is answered out of an index, and none sorts by itself."""
    number = max(query.count("?"), 3)
    for parameters in ([0] * n for n in range(number + 1)):
        try:
            plan = outside.execute(f"EXPLAIN QUERY PLAN {query}", parameters).fetchall()
        except sqlite3.ProgrammingError:  # another number of them
            continue
        steps = [row[3] for row in plan]
        break
    else:
        pytest.fail("no plan")
    walks = [step for step in steps if step.startswith("SCAN") and "(subquery" not in step]
    assert not [step for step in walks if "USING" not in step], steps
    assert not [step for step in steps if "TEMP B-TREE" in step], steps


def test_mails_of_tomorrow_do_not_slow_those_of_now(
    store: SQLiteOutbox, outside: sqlite3.Connection, clock: ManualClock
) -> None:
    """Taking costs as many steps beside ten thousand that wait as beside a hundred."""

    def fill(first: int, last: int) -> None:
        day = microseconds(clock.now() + timedelta(days=1))
        outside.execute("BEGIN IMMEDIATE")
        outside.executemany(
            "INSERT INTO mails (id, state, priority, due, put_at, attempts)"
            " VALUES (?, 0, ?, ?, 0, 0)",
            [(str(number), number % 3, day + number) for number in range(first, last)],
        )
        outside.execute("COMMIT")

    def steps() -> int:
        store.put(f"now {len(counted)}", "{}", due=clock.now(), priority=-1)
        connection = store._file._idle[-1]
        connection.set_progress_handler(lambda: counted.append(1), 1)
        before = len(counted)
        assert len(store.take(10, 60)) == 1
        connection.set_progress_handler(None, 1)
        return len(counted) - before

    counted: list[int] = []
    fill(0, 100)
    steps()
    few = steps()
    fill(100, 10_000)
    assert steps() < 1.5 * few


def test_a_body_that_is_damaged_is_set_aside(
    store: SQLiteOutbox, outside: sqlite3.Connection, clock: ManualClock
) -> None:
    """Bytes that are no text, and a body that is gone, do not block those behind."""

    class Taking:
        def submit(self, email: Email, handover: Handover, /) -> Receipt:
            handover()
            return Receipt(message_id="one")

        def close(self) -> None: ...

    client = Client(suppression=None, transport=Taking(), limiter=Unlimited())
    outbox = Outbox(store, client=client, clock=clock)
    mail = Email(sender="a@example.com", to="b@example.org", subject="", text="")
    ids = [outbox.put(mail) for _ in range(3)]
    outside.execute("UPDATE bodies SET body = CAST(x'7b22ff22' AS BLOB) WHERE seq = 1")
    outside.execute("DELETE FROM bodies WHERE seq = 2")
    assert outbox.drain() == OutboxTally(sent=1, failed=2)
    assert [(one.id, one.body) for one in outbox.failed()] == [(ids[0], '{"\\xff"'), (ids[1], "")]


def test_a_locked_file_is_an_error_and_loses_nothing(
    path: Path, clock: ManualClock, outside: sqlite3.Connection
) -> None:
    """After its wait each call says that the file is locked; then all goes on."""
    with SQLiteOutbox(path, busy_timeout=0.01, clock=clock) as store:
        store.put("a", "{}", due=clock.now(), priority=0)
        (entry,) = store.take(1, 60)
        store.put("b", "{}", due=clock.now(), priority=0)
        outside.execute("BEGIN IMMEDIATE")
        acts: list[Callable[[], object]] = [
            lambda: store.put("c", "{}", due=clock.now(), priority=0),
            lambda: store.take(1, 60),
            lambda: store.begin(entry.receipt),
            lambda: store.sent(entry.receipt),
            lambda: store.put_back(entry.receipt, due=clock.now(), counts=True),
            lambda: store.set_aside(entry.receipt, "no", unknown=True),
            lambda: store.settle("a", again=True),
        ]
        for act in acts:
            with pytest.raises(StoreError, match="locked") as caught:
                act()
            assert caught.value.retryable
        outside.execute("ROLLBACK")
        assert store.begin(entry.receipt)
        assert store.sent(entry.receipt)
        assert [one.id for one in store.take(10, 60)] == ["b"]


def test_a_full_disk_is_an_error_and_loses_nothing(path: Path) -> None:
    """
    What could not be kept was not taken in, and what was kept is sent when there is room.

    A mail that cannot be begun for want of room is not sent.
    """
    pytest.importorskip("resource", reason="there are no limits on file sizes here")
    script = """
    import json, os, resource, signal, sqlite3, sys
    from datetime import UTC, datetime, timedelta
    from sesguard import Client, Email
    from sesguard.errors import StoreError
    from sesguard.limiters import Unlimited
    from sesguard.outbox import Outbox
    from sesguard.outboxes import SQLiteOutbox
    from sesguard.ports import Receipt
    from sesguard.testing import ManualClock

    class SES:
        taken = []
        def submit(self, email, handover):
            handover()
            self.taken.append(email.subject)
            return Receipt(message_id="one")
        def close(self): ...

    clock = ManualClock()
    store = SQLiteOutbox(sys.argv[1], clock=clock)
    client = Client(suppression=None, transport=SES(), limiter=Unlimited())
    outbox = Outbox(store, client=client, clock=clock)
    def put(number, size=10):
        mail = Email(sender="a@example.com", to="b@example.org", subject=number, text="x" * size)
        return outbox.put(mail)
    for number in range(3):
        put(str(number))
    signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    (entry,) = store.take(1, 60)
    beside = sqlite3.connect(sys.argv[1])  # the last one to close would make room in the log
    beside.execute("SELECT count(*) FROM mails").fetchone()
    def grow_to(size):
        resource.setrlimit(resource.RLIMIT_FSIZE, (size, resource.RLIM_INFINITY))
    grow_to(os.path.getsize(sys.argv[1] + "-wal"))
    told = []
    for act in (
        lambda: put("large", 100_000),
        lambda: store.begin(entry.receipt),
        lambda: store.take(10, 60),
        lambda: outbox.drain(),
    ):
        try:
            told.append(repr(act()))
        except StoreError as error:
            told.append("error")
    sent_in_need = list(SES.taken)
    grow_to(resource.RLIM_INFINITY)
    clock.advance(100)
    tally = outbox.drain()
    beside.close()
    print(json.dumps([told, sent_in_need, sorted(SES.taken), tally.sent]))
    """
    told, in_need, sent, count = finish(start(script, path))
    assert told == ["error"] * 4
    assert in_need == []
    assert (sent, count) == (["0", "1", "2"], 3)


def test_two_processes_send_each_mail_once(path: Path) -> None:
    """They run one file at the same time, and what one has the other has not."""
    script = """
    import json, sys
    from sesguard import Client, Email
    from sesguard.limiters import Unlimited
    from sesguard.outbox import Outbox
    from sesguard.outboxes import SQLiteOutbox
    from sesguard.ports import Receipt

    class SES:
        taken = []
        def submit(self, email, handover):
            handover()
            self.taken.append(email.subject)
            return Receipt(message_id="one")
        def close(self): ...

    client = Client(suppression=None, transport=SES(), limiter=Unlimited())
    outbox = Outbox(SQLiteOutbox(sys.argv[1], busy_timeout=60), client=client)
    for number in range(150):
        outbox.put(
            Email(sender="a@example.com", to="b@example.org",
                  subject=f"{sys.argv[2]}-{number}", text="")
        )
    outbox.drain(concurrency=4)
    print(json.dumps(SES.taken))
    """
    running = [start(script, path, number) for number in range(2)]
    sent = [finish(process) for process in running]
    count = Counter(subject for one in sent for subject in one)
    assert len(count) == 300
    assert set(count.values()) == {1}


@pytest.mark.skipif(not hasattr(os, "fork"), reason="there is no fork here")
def test_a_child_goes_on_with_the_file(path: Path, store: SQLiteOutbox, clock: ManualClock) -> None:
    """After a fork both have connections of their own."""
    store.put("a", "{}", due=clock.now(), priority=0)
    child = os.fork()
    if child == 0:
        os._exit(len(store.take(10, 60)))
    assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 1
    assert not store.take(10, 60)
