"""An outbox in a table, filled within transactions of the caller's."""

from __future__ import annotations

import json
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, cast

import pytest
import sqlalchemy as sa
from sqlalchemy.dialects import mysql, postgresql, sqlite
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.orm import Session
from sqlalchemy.pool import StaticPool
from sqlalchemy.schema import CreateTable

from sesguard import Email
from sesguard.errors import ConfigurationError, StoreError
from sesguard.outbox import Outbox
from sesguard.outboxes.sqlalchemy import SQLAlchemyOutbox
from sesguard.outboxes.sqlalchemy_taking import take
from sesguard.testing import ManualClock
from sesguard.testing.outbox_contract import MakeOutboxStore, OutboxStoreContract

BODY = '{"subject": "Hello"}'

BEGIN = """
import json, os, signal, sys
from datetime import UTC, datetime
import sqlalchemy as sa
from sesguard.outboxes.sqlalchemy import SQLAlchemyOutbox
engine = sa.create_engine(sys.argv[1], connect_args={"timeout": 60})
store = SQLAlchemyOutbox(engine)
"""
RACE = """
print("ready", flush=True)
sys.stdin.readline()
mine = []
while entries := store.take(7, 60.0):
    for entry in entries:
        assert store.begin(entry.receipt) and store.sent(entry.receipt)
        mine.append(entry.id)
print(json.dumps(mine))
"""
KILLED = """
first, second, third = store.take(3, 60.0)
assert store.begin(second.receipt)
assert store.begin(third.receipt) and store.sent(third.receipt)
os.kill(os.getpid(), signal.SIGKILL)
"""


@pytest.fixture
def clock() -> ManualClock:
    return ManualClock()


@pytest.fixture
def engine(tmp_path: Path) -> Iterator[sa.Engine]:
    """A database in a file."""
    engine = sa.create_engine(f"sqlite:///{tmp_path / 'app.db'}", connect_args={"timeout": 60})
    yield engine
    engine.dispose()


@pytest.fixture
def store(engine: sa.Engine, clock: ManualClock) -> SQLAlchemyOutbox:
    """An outbox whose table is there."""
    store = SQLAlchemyOutbox(engine, clock=clock)
    store.create_all()
    return store


class TestContract(OutboxStoreContract):
    """An outbox in a table is an outbox like any other."""

    @pytest.fixture
    def make_store(self, engine: sa.Engine, clock: ManualClock) -> MakeOutboxStore:
        def make(name: str) -> SQLAlchemyOutbox:
            store = SQLAlchemyOutbox(engine, table_name=name, clock=clock)
            store.create_all()
            return store

        return make


def names(store: SQLAlchemyOutbox) -> list[str]:
    """What can be taken."""
    return [entry.id for entry in store.take(10, 60.0)]


# Within the caller's transaction


def test_a_mail_is_there_if_the_session_commits(
    engine: sa.Engine, store: SQLAlchemyOutbox, clock: ManualClock
) -> None:
    """Put by a session that rolls back, there is none; and none before the commit."""
    for id, end in (("undone", Session.rollback), ("kept", Session.commit)):
        with Session(engine) as session:
            store.within(session).put(id, BODY, due=clock.now(), priority=0)
            assert store.next_due() is None
            end(session)
    assert names(store) == ["kept"]


def test_a_mail_is_there_if_the_connection_commits(
    engine: sa.Engine, store: SQLAlchemyOutbox, clock: ManualClock
) -> None:
    """The same for a transaction without an ORM."""
    with engine.connect() as connection:
        inside = store.within(connection)
        inside.put("undone", BODY, due=clock.now(), priority=0)
        connection.rollback()
        inside.put("kept", BODY, due=clock.now(), priority=0)
        connection.commit()
    assert names(store) == ["kept"]


def test_an_outbox_is_filled_along_with_an_order(
    engine: sa.Engine, store: SQLAlchemyOutbox
) -> None:
    """`Outbox(store.within(session))` puts whole e-mails, with the rows they tell of."""
    orders = sa.Table("orders", sa.MetaData(), sa.Column("number", sa.Integer))
    orders.create(engine)
    email = Email(sender="a@example.org", to="b@example.org", subject="Order", text="Thanks")
    with Session(engine) as session, session.begin():
        session.execute(orders.insert().values(number=1))
        id = Outbox(store.within(session)).put(email)
    with Session(engine) as session:
        session.execute(orders.insert().values(number=2))
        Outbox(store.within(session)).put(email)
    with engine.connect() as connection:
        assert connection.scalars(sa.select(orders.c.number)).all() == [1]
    real = SQLAlchemyOutbox(engine)
    (entry,) = real.take(10, 60.0)
    assert entry.id == id
    assert Email.from_dict(json.loads(entry.body)) == email


def test_only_putting_takes_part_in_it(
    engine: sa.Engine, store: SQLAlchemyOutbox, clock: ManualClock
) -> None:
    """The rest of the port commits by itself, whatever becomes of the caller's transaction."""
    store.put("a", BODY, due=clock.now(), priority=0)
    with Session(engine) as session:
        inside = store.within(session)
        (entry,) = inside.take(10, 60.0)
        assert inside.begin(entry.receipt)
        session.rollback()
    assert not names(store)
    assert store.sent(entry.receipt)


@pytest.mark.parametrize("wrong", [None, "engine", object()])
def test_what_is_no_transaction_is_refused(
    engine: sa.Engine, store: SQLAlchemyOutbox, wrong: object
) -> None:
    """An engine, for one: each of its statements would be a transaction of its own."""
    given = engine if wrong == "engine" else wrong
    with pytest.raises(ConfigurationError, match="run_sync"):
        store.within(cast("Any", given))


# Databases


class Recorder:
    """A connection that only notes what it would run."""

    def __init__(self, dialect: Any) -> None:
        self.dialect = dialect
        self.seen: list[str] = []

    def execute(self, statement: Any) -> list[Any]:
        made: object = statement.compile(dialect=self.dialect)
        self.seen.append(" ".join(str(made).split()))
        return []

    def scalars(self, statement: Any) -> Recorder:
        self.execute(statement)
        return self

    def all(self) -> list[int]:
        return [1, 2]


@pytest.mark.parametrize("server", [postgresql, mysql])
def test_servers_skip_what_another_one_takes(store: SQLAlchemyOutbox, server: Any) -> None:
    """Rows are locked when they are chosen, and those of other takers walked past."""
    recorder = Recorder(server.dialect())
    take(cast("Any", recorder), store.table, 10, lease=timedelta(seconds=60), now=0)
    chosen, lent, read = recorder.seen
    assert chosen.startswith("SELECT")
    assert chosen.endswith("FOR UPDATE SKIP LOCKED")
    assert "LIMIT" in chosen
    assert lent.startswith("UPDATE sesguard_outbox SET free_at=")
    assert " IN (" in lent
    assert "SELECT" not in lent  # MySQL takes no LIMIT below an IN
    assert "WHERE sesguard_outbox.receipt = " in read


def test_sqlite_takes_by_one_statement(store: SQLAlchemyOutbox) -> None:
    """It has no locks of rows; one UPDATE is a writer from its beginning."""
    recorder = Recorder(cast("Any", sqlite).dialect())
    take(cast("Any", recorder), store.table, 10, lease=timedelta(seconds=60), now=0)
    lent, read = recorder.seen
    assert lent.startswith("UPDATE")
    assert "IN (SELECT" in lent
    assert "FOR UPDATE" not in lent
    assert read.startswith("SELECT")


def test_mysql_holds_any_body_and_tells_ids_apart(store: SQLAlchemyOutbox) -> None:
    """Its usual blob ends at 64 KiB, and its usual collation ignores capitals."""
    made = str(CreateTable(store.table).compile(dialect=cast("Any", mysql).dialect()))
    assert "body BLOB(4294967295) NOT NULL" in made
    assert "id VARCHAR(191) COLLATE utf8mb4_bin NOT NULL" in made
    assert "seq BIGINT NOT NULL AUTO_INCREMENT" in made


def test_a_table_of_your_metadata_is_migrated_with_the_others(engine: sa.Engine) -> None:
    """It hangs on the MetaData given, in its schema, once for two stores."""
    metadata = sa.MetaData(schema="mail")
    first = SQLAlchemyOutbox(engine, table_name="kept", metadata=metadata)
    second = SQLAlchemyOutbox(engine, table_name="kept", metadata=metadata)
    assert first.table is second.table is metadata.tables["mail.kept"]
    assert {index.name for index in first.table.indexes} == {
        "ix_kept_turn",
        "ix_kept_free",
        "ix_mail_kept_receipt",
    }


def test_a_table_is_made_once(engine: sa.Engine, store: SQLAlchemyOutbox) -> None:
    """Made again, it keeps what is in it."""
    store.put("a", BODY, due=datetime(2020, 1, 1, tzinfo=UTC), priority=0)
    store.create_all()
    assert names(store) == ["a"]


# Processes


def started(script: str, engine: sa.Engine) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [sys.executable, "-c", BEGIN + script, str(engine.url)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


def test_processes_take_each_mail_once(engine: sa.Engine, store: SQLAlchemyOutbox) -> None:
    """Of three processes on one file, each mail goes to one."""
    expected = {f"mail-{number}" for number in range(150)}
    with engine.begin() as connection:
        for id in expected:
            long_ago = datetime(2020, 1, 1, tzinfo=UTC)
            store.within(connection).put(id, BODY, due=long_ago, priority=0)
    racing = [started(RACE, engine) for _ in range(3)]
    for process in racing:
        assert process.stdout is not None
        assert process.stdout.readline() == "ready\n"
    for process in racing:  # all wait for this
        assert process.stdin is not None
        process.stdin.write("go\n")
        process.stdin.flush()
    taken: list[str] = []
    for process in racing:
        out, err = process.communicate(timeout=120)
        assert process.returncode == 0, err
        taken += json.loads(out)
    assert len(taken) == len(expected)
    assert set(taken) == expected


def test_a_killed_sender_leaves_what_it_began_as_unknown(
    engine: sa.Engine, store: SQLAlchemyOutbox, clock: ManualClock
) -> None:
    """What it only took is due again, and what it sent is gone."""
    for id in ("taken", "begun", "sent"):
        store.put(id, BODY, due=datetime(2020, 1, 1, tzinfo=UTC), priority=0)
    process = started(KILLED, engine)
    _, err = process.communicate(timeout=60)
    assert process.returncode == -signal.SIGKILL, err
    clock.advance(datetime.now(UTC) + timedelta(seconds=90) - clock.now())
    assert names(store) == ["taken"]
    assert [one.id for one in store.unknown().items] == ["begun"]


# Trouble


def test_an_id_is_put_once(store: SQLAlchemyOutbox, clock: ManualClock) -> None:
    """The second mail of an id is refused, and the first one stays."""
    store.put("a", BODY, due=clock.now(), priority=0)
    with pytest.raises(ConfigurationError, match="already"):
        store.put("a", "{}", due=clock.now(), priority=0)
    (entry,) = store.take(10, 60.0)
    assert entry.body == BODY


def test_what_the_table_cannot_hold_is_refused(store: SQLAlchemyOutbox, clock: ManualClock) -> None:
    """An id too long, a priority too large, a time without a zone."""
    now = clock.now()
    for id, due, priority in (
        ("x" * 192, now, 0),
        ("a", now, 2**31),
        ("a", now.replace(tzinfo=None), 0),
    ):
        with pytest.raises(ConfigurationError):
            store.put(id, BODY, due=due, priority=priority)
    assert store.next_due() is None


def test_a_missing_table_is_no_empty_outbox(engine: sa.Engine, clock: ManualClock) -> None:
    """The error names the table, says what makes it, and shows no mail."""
    store = SQLAlchemyOutbox(engine, table_name="elsewhere")
    calls: list[Callable[[], object]] = [
        lambda: store.put("a", '{"to": "ann@example.org"}', due=clock.now(), priority=0),
        lambda: store.take(10, 60.0),
        lambda: store.begin("x-1"),
        lambda: store.sent("x-1"),
        lambda: store.put_back("x-1", due=clock.now(), counts=True),
        lambda: store.set_aside("x-1", "no", unknown=True),
        store.unknown,
        store.failed,
        lambda: store.settle("a", again=True),
        store.next_due,
    ]
    for call in calls:
        with pytest.raises(StoreError, match=r"elsewhere .*create_all") as caught:
            call()
        assert caught.value.__suppress_context__
        assert isinstance(caught.value.original, SQLAlchemyError)
        assert "ann@" not in str(caught.value)


def test_a_row_that_cannot_be_read_does_not_block(
    engine: sa.Engine, store: SQLAlchemyOutbox, clock: ManualClock
) -> None:
    """It is set aside with its reason, and those behind it are taken."""
    for id in ("time", "count", "whole"):
        store.put(id, BODY, due=clock.now(), priority=0)
    with engine.begin() as connection:
        connection.execute(sa.text("UPDATE sesguard_outbox SET put_at = 'now' WHERE id = 'time'"))
        connection.execute(
            sa.text("UPDATE sesguard_outbox SET attempts = 'some' WHERE id = 'count'")
        )
    assert names(store) == ["whole"]
    failed = store.failed().items
    assert [(one.id, one.reason, one.body) for one in failed] == [
        ("time", "Its row cannot be read.", BODY),
        ("count", "Its row cannot be read.", BODY),
    ]


@pytest.mark.parametrize("at", ["'long ago'", "9223372036854775807"])
def test_a_time_that_is_none_is_an_error(
    engine: sa.Engine, store: SQLAlchemyOutbox, clock: ManualClock, at: str
) -> None:
    """In a list, and where the next due time is asked for: it names the table."""
    store.put("a", BODY, due=clock.now(), priority=0)
    with engine.begin() as connection:
        connection.execute(sa.text(f"UPDATE sesguard_outbox SET free_at = {at}"))
    with pytest.raises(StoreError, match="sesguard_outbox"):
        store.next_due()
    with engine.begin() as connection:
        connection.execute(sa.text(f"UPDATE sesguard_outbox SET state = 2, aside_at = {at}"))
    with pytest.raises(StoreError, match="sesguard_outbox"):
        store.unknown()


def test_options_that_cannot_be_are_refused(engine: sa.Engine) -> None:
    """No engine, one connection for all, a database unknown here, another's table."""
    with pytest.raises(ConfigurationError, match=r"store\.within"):
        SQLAlchemyOutbox(cast("Any", "sqlite://"))
    alone = sa.create_engine("sqlite://", poolclass=StaticPool)
    with pytest.raises(ConfigurationError, match="in memory"):
        SQLAlchemyOutbox(alone)
    alone.dispose()
    metadata = sa.MetaData()
    sa.Table("orders", metadata, sa.Column("number", sa.Integer))
    with pytest.raises(ConfigurationError, match="table_name="):
        SQLAlchemyOutbox(engine, table_name="orders", metadata=metadata)


def test_a_database_without_such_locks_is_refused(
    engine: sa.Engine, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Two takers there might get the same mail."""
    monkeypatch.setattr(engine.dialect, "name", "oracle")
    with pytest.raises(ConfigurationError, match="oracle"):
        SQLAlchemyOutbox(engine)
