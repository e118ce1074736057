"""A suppression list in tables of a database, as SQLite keeps them in a file."""

from __future__ import annotations

import sqlite3
import subprocess
import sys
from collections.abc import Callable, Iterator
from datetime import timedelta
from itertools import count
from pathlib import Path
from typing import Any, cast

import pytest
import sqlalchemy as sa
from sqlalchemy import event
from sqlalchemy.dialects import mysql, postgresql
from sqlalchemy.exc import DBAPIError, OperationalError, SQLAlchemyError
from sqlalchemy.orm import Session
from sqlalchemy.pool import StaticPool
from sqlalchemy.schema import CreateTable

from sesguard.addresses import AddressKey
from sesguard.errors import ConfigurationError, StoreError
from sesguard.stores import sqlalchemy_asking as asking
from sesguard.stores import sqlalchemy_holding as holding
from sesguard.stores import sqlalchemy_rows as rows
from sesguard.stores.sqlalchemy import SQLAlchemyStore
from sesguard.stores.sqlalchemy_tables import LONGEST_KEY, tables
from sesguard.stores.sqlalchemy_transactions import lost_a_race
from sesguard.suppression import Change, CountSoftBounce, Reason, Suppress, Suppression
from sesguard.testing import ManualClock, StoreContract
from sesguard.testing.store_contract import MakeStore
from tests.stores.kept import NEW, OLD, KeptContract, OpenStore

ANN, BEN = AddressKey("ann@example.org"), AddressKey("ben@example.org")
DAY = timedelta(days=1)
NOW = ManualClock().now()

MakeSQL = Callable[..., SQLAlchemyStore]


@pytest.fixture
def engine(tmp_path: Path) -> Iterator[sa.Engine]:
    """A database in a file."""
    engine = sa.create_engine(f"sqlite:///{tmp_path / 'app.db'}", connect_args={"timeout": 60})
    yield engine
    engine.dispose()


@pytest.fixture
def make(engine: sa.Engine) -> MakeSQL:
    """How a list is made whose tables are there."""

    def make(**options: Any) -> SQLAlchemyStore:
        store = SQLAlchemyStore(engine, **options)
        store.create_tables()
        return store

    return make


@pytest.fixture
def statements(engine: sa.Engine) -> list[str]:
    """What is run from now on, commits too."""
    seen: list[str] = []
    event.listen(engine, "before_cursor_execute", lambda c, cursor, text, *rest: seen.append(text))
    event.listen(engine, "commit", lambda c: seen.append("COMMIT"))
    return seen


class TestContract(StoreContract):
    """A list in tables is a list like any other."""

    @pytest.fixture
    def make_store(self, engine: sa.Engine, make: MakeSQL) -> MakeStore:
        numbers = count()
        event.listen(engine, "connect", lambda raw, _: raw.execute("PRAGMA synchronous = OFF"))
        return lambda: make(table_prefix=f"list_{next(numbers)}_")


class TestKept(KeptContract):
    """A list in tables can be asked what it knows, made to forget, and kept as digests."""

    @pytest.fixture
    def open_store(self, make: MakeSQL) -> OpenStore:
        return lambda peppers: make(hashed_with=peppers, clock=ManualClock())

    @pytest.fixture
    def written(self, tmp_path: Path) -> Callable[[], bytes]:
        return lambda: b"".join(one.read_bytes() for one in tmp_path.iterdir())


def hard(key: AddressKey = ANN, **fields: Any) -> Suppress:
    return Suppress(Suppression(key=key, reason=Reason.BOUNCE, at=NOW, **fields))


def soft(key: AddressKey = ANN, *, limit: int = 2) -> CountSoftBounce:
    return CountSoftBounce(key=key, at=NOW, limit=limit, window=DAY)


def number_of_rows(engine: sa.Engine) -> dict[str, int]:
    """How many rows each table of a list has."""
    with engine.connect() as connection:
        return {
            name: connection.scalar(sa.text(f"SELECT count(*) FROM sesguard_list_{name}")) or 0
            for name in ("lines", "names", "marks", "about")
        }


# The caller's transaction


@pytest.mark.parametrize("kind", ["connection", "session"])
def test_a_list_takes_part_in_the_callers_transaction(
    engine: sa.Engine, make: MakeSQL, kind: str
) -> None:
    """What is done within it is seen there, and stands if and only if it is committed."""
    store = make()
    opened: Callable[[], Any] = engine.connect if kind == "connection" else lambda: Session(engine)
    for commits in (False, True):
        with opened() as transaction:
            inside = store.within(transaction)
            assert list(inside.apply([("event", [hard()])])) == [True]
            inside.suppress(BEN)
            assert set(inside.look_up([ANN, BEN])) == {ANN, BEN}
            assert inside.export(ANN)
            assert len(inside.entries().items) == 2
            (transaction.commit if commits else transaction.rollback)()
        assert set(store.look_up([ANN, BEN])) == ({ANN, BEN} if commits else set())
    assert list(store.apply([("event", [hard()])])) == [False]


def test_work_of_the_callers_is_committed_with_it(engine: sa.Engine, make: MakeSQL) -> None:
    """Rows of the caller's own, before and after, share the fate of the list."""
    store = make()
    orders = sa.Table("orders", sa.MetaData(), sa.Column("number", sa.Integer))
    orders.create(engine)
    for fate in ("rollback", "commit"):
        with engine.connect() as connection:
            connection.execute(orders.insert().values(number=1))
            store.within(connection).remove([ANN])
            store.within(connection).suppress(ANN)
            connection.execute(orders.insert().values(number=2))
            getattr(connection, fate)()
        with engine.connect() as connection:
            found = connection.scalars(sa.select(orders.c.number)).all()
        assert (found, set(store.look_up([ANN]))) == (
            ([1, 2], {ANN}) if fate == "commit" else ([], set())
        )


def test_an_error_within_leaves_nothing_behind(engine: sa.Engine, make: MakeSQL) -> None:
    """A caller that goes on after it commits no mark of an event that was not applied."""
    store = make()
    store.suppress(BEN)
    with engine.begin() as connection:
        connection.execute(sa.text("UPDATE sesguard_list_lines SET at = 'then'"))
    with engine.begin() as connection, pytest.raises(StoreError):
        store.within(connection).apply([("event", [hard(), hard(BEN)])])
    assert number_of_rows(engine)["marks"] == 0
    assert list(store.apply([("event", [hard()])])) == [True]


def test_what_a_rolled_back_transaction_saw_is_not_relied_on(
    engine: sa.Engine, make: MakeSQL
) -> None:
    """A list that was new within it is as new afterwards: others may hash it."""
    store = make()
    with engine.connect() as connection:
        inside = store.within(connection)
        inside.suppress(ANN)
        assert inside.look_up([ANN])
        connection.rollback()
    make(hashed_with=OLD).suppress(ANN)
    with pytest.raises(StoreError, match="hashed_with="):
        store.look_up([ANN])


def test_an_engine_that_commits_each_statement_makes_whole_transactions(
    engine: sa.Engine, make: MakeSQL
) -> None:
    """Its usual mode does not tear a batch apart."""
    make().suppress(BEN)
    with engine.begin() as connection:
        connection.execute(sa.text("UPDATE sesguard_list_lines SET at = 'then'"))
    store = SQLAlchemyStore(engine.execution_options(isolation_level="AUTOCOMMIT"))
    with pytest.raises(StoreError):
        store.apply([("event", [hard(), hard(BEN)])])
    assert number_of_rows(engine)["marks"] == 0
    assert list(store.apply([("event", [hard()])])) == [True]
    assert number_of_rows(engine)["marks"] == 1


def test_a_connection_that_commits_each_statement_is_no_transaction(
    engine: sa.Engine, make: MakeSQL
) -> None:
    """A batch would be torn apart in it, so nothing is written."""
    store = make()
    with (
        engine.execution_options(isolation_level="AUTOCOMMIT").connect() as connection,
        pytest.raises(ConfigurationError, match="by itself"),
    ):
        store.within(connection).suppress(ANN)
    assert number_of_rows(engine)["lines"] == 0


@pytest.mark.parametrize("wrong", [None, "engine", object()], ids=["none", "engine", "object"])
def test_what_is_no_transaction_is_refused(engine: sa.Engine, make: MakeSQL, wrong: object) -> None:
    """An engine, for one: each of its statements would be a transaction of its own."""
    with pytest.raises(ConfigurationError, match="run_sync"):
        make().within(cast("Any", engine if wrong == "engine" else wrong))


# Statements


def test_one_question_is_one_statement(make: MakeSQL, statements: list[str]) -> None:
    """However many keys and scopes are asked; nothing is committed for it."""
    store = make()
    store.suppress(ANN)
    store.look_up([ANN])
    for keys, scopes in ((1, 0), (50, 2), (5_000, 1)):
        statements.clear()
        store.look_up([AddressKey(f"{n}@x.org") for n in range(keys)], ["stream:a"] * scopes)
        assert len(statements) == 1


def test_more_keys_than_a_statement_holds_are_asked_in_parts(
    make: MakeSQL, statements: list[str]
) -> None:
    """SQLite takes 32,766 values in a statement."""
    store = make()
    store.suppress("39999@x.org")
    statements.clear()
    found = store.look_up([AddressKey(f"{n}@x.org") for n in range(40_000)])
    assert set(found) == {"39999@x.org"}
    assert len(statements) == 3  # the first asks what the list is


def test_a_batch_is_one_commit_and_a_fixed_number_of_statements(
    make: MakeSQL, statements: list[str]
) -> None:
    """Fifty events take as many statements as one, in a transaction that begins as a writer."""
    store = make()
    store.apply([("first", [hard()])])
    store.look_up([ANN])
    numbers: set[int] = set()
    for batch in (2, 19, 200):
        statements.clear()
        store.apply([(f"{batch} {n}", [soft(AddressKey(f"{n}@x.org"))]) for n in range(batch)])
        assert statements[0] == "BEGIN IMMEDIATE"
        assert statements.count("COMMIT") == 1
        swept = [one for one in statements if "LIMIT" in one or one.startswith("DELETE")]
        numbers.add(len(statements) - len(swept))
    assert len(numbers) == 1


def test_a_repeated_batch_changes_nothing(make: MakeSQL, statements: list[str]) -> None:
    """What a queue brings again is told by its marks, and no name is looked at."""
    store = make()
    batch = [(f"{n}", [hard(AddressKey(f"{n}@x.org"))]) for n in range(10)]
    store.apply(batch)
    statements.clear()
    assert not any(store.apply(batch))
    assert not [
        one for one in statements if "_names" in one or "INSERT INTO sesguard_list_l" in one
    ]


def test_a_large_addition_lets_others_write(make: MakeSQL, statements: list[str]) -> None:
    """A long list is written in several transactions."""
    store = make()
    many = [hard(AddressKey(f"{n}@x.org")).suppression for n in range(5_001)]
    statements.clear()
    store.add(many)
    assert statements.count("COMMIT") == 2
    assert len(store.entries(None, 6_000).items) == 5_001


# What is kept


def test_a_key_longer_than_any_address_is_kept(make: MakeSQL) -> None:
    """An event may bring one. It is told from those that begin as it does."""
    store = make()
    long = [AddressKey("a" * 400 + end) for end in ("", "b", "c")]
    store.apply([("event", [hard(key) for key in long[:2]])])
    assert set(store.look_up(long)) == set(long[:2])
    listed = [one.key for one in store.entries().items]
    assert {len(key) for key in listed} == {LONGEST_KEY}
    assert store.remove(listed[:1]) == 1
    assert len(store.look_up(long)) == 1


def test_what_a_database_cannot_hold_is_held_all_the_same(make: MakeSQL) -> None:
    """Half a surrogate pair out of an event, NUL, and numbers beyond 64 bits, do no harm."""
    store = make(clock=ManualClock())
    odd = AddressKey("a\ud800\0@example.org")
    huge = CountSoftBounce(key=ANN, at=NOW, limit=2**70, window=timedelta.max)
    batch: list[tuple[str, list[Change]]] = [
        ("x\ud800\0", [hard(odd, address="A\ud800@x", detail="\0\udfff"), huge])
    ]
    assert list(store.apply(batch)) == [True]
    assert list(store.apply(batch)) == [False]
    (entry,) = store.entries().items
    assert entry.detail == "\ufffd\ufffd"
    assert not store.look_up([ANN])
    store.apply([("y", [huge])])
    assert store.remove([entry.key]) == 1


def test_the_last_page_is_the_last(make: MakeSQL) -> None:
    """A page that is full tells of another one if, and only if, there is something on it."""
    store = make()
    store.add([hard(AddressKey(f"{n}@x.org")).suppression for n in range(6)])
    first = store.entries(None, 2)
    second = store.entries(first.next, 2)
    third = store.entries(second.next, 2)
    assert [one.key[0] for page in (first, second, third) for one in page.items] == list("012345")
    assert (first.next is None, second.next is None, third.next) == (False, False, None)


def test_it_is_there_when_opened_again(make: MakeSQL) -> None:
    """Entries, soft bounces and event keys outlive the store that wrote them."""
    make(clock=ManualClock()).apply([("one", [soft()]), ("two", [hard(BEN)])])
    again = make(clock=ManualClock())
    late: list[tuple[str, list[Change]]] = [("one", [soft()]), ("three", [soft()])]
    assert list(again.apply(late)) == [False, True]
    assert again.look_up([ANN, BEN])[ANN].source == "soft-bounces"


def test_what_is_over_is_cleared_bit_by_bit(engine: sa.Engine, make: MakeSQL) -> None:
    """Event keys and soft bounces go when nothing can bring them back; entries stay."""
    clock = ManualClock()
    store = make(keep_marks=14 * DAY, clock=clock)
    store.apply([(f"event {n}", [soft(AddressKey(f"{n}@x.org"))]) for n in range(300)])
    assert number_of_rows(engine) == {"lines": 300, "names": 300, "marks": 300, "about": 2}
    store.apply([(f"hard {n}", [hard(AddressKey(f"{n}@x.org"))]) for n in range(10)])
    clock.advance(14 * DAY)
    for n in range(60):
        store.apply([(f"later {n}", ())])
    assert number_of_rows(engine) == {"lines": 10, "names": 10, "marks": 60, "about": 2}
    assert list(store.apply([("event 0", ())])) == [True]


def test_nothing_is_left_of_who_was_erased(engine: sa.Engine, make: MakeSQL) -> None:
    """Neither is anything put there by an event that changes nothing."""
    store = make()
    store.apply([("event", [soft(), hard()])])
    store.erase(ANN)
    store.erase(BEN)
    assert number_of_rows(engine) == {"lines": 0, "names": 0, "marks": 1, "about": 2}


def test_tables_of_your_metadata_are_migrated_with_the_others(engine: sa.Engine) -> None:
    """They hang on the MetaData given, in its schema, once for two stores."""
    metadata = sa.MetaData(schema="mail")
    first = SQLAlchemyStore(engine, table_prefix="kept_", metadata=metadata)
    second = SQLAlchemyStore(engine, table_prefix="kept_", metadata=metadata)
    assert first.tables == second.tables
    assert set(metadata.tables) == {
        f"mail.kept_{name}" for name in ("lines", "names", "marks", "about")
    }


def test_tables_are_made_once_and_when_asked(engine: sa.Engine) -> None:
    """Nothing is made by itself; made again, the tables keep what is in them."""
    store = SQLAlchemyStore(engine)
    assert not sa.inspect(engine).get_table_names()
    for _ in range(2):
        store.create_tables()
        store.suppress(ANN)
    assert len(store.entries().items) == 1


def test_alembic_finds_nothing_to_change(engine: sa.Engine) -> None:
    """After they are made, tables and metadata agree."""
    autogenerate = pytest.importorskip("alembic.autogenerate")
    migration = pytest.importorskip("alembic.migration")
    metadata = sa.MetaData()
    store = SQLAlchemyStore(engine, metadata=metadata)
    with engine.connect() as connection:
        context = migration.MigrationContext.configure(connection)
        missing = autogenerate.compare_metadata(context, metadata)
        assert {made[1].name for made in missing if made[0] == "add_table"} == set(metadata.tables)
        connection.rollback()
        store.create_tables()
        assert autogenerate.compare_metadata(context, metadata) == []


# Trouble


def refuses_everything(store: SQLAlchemyStore, match: str) -> None:
    """No method of a list answers as if it were empty, or says what it was asked about."""
    calls: list[Callable[[], object]] = [
        lambda: store.look_up([ANN]),
        lambda: store.apply([("event", [hard()])]),
        lambda: store.suppress(ANN),
        lambda: store.remove([ANN]),
        lambda: store.export(ANN),
        lambda: store.erase(ANN),
        store.entries,
    ]
    for call in calls:
        with pytest.raises(StoreError, match=match) as caught:
            call()
        assert caught.value.__cause__ is None
        assert "ann@" not in str(caught.value)


def test_missing_tables_are_no_empty_list(engine: sa.Engine) -> None:
    """The error names the table and says what makes it."""
    store = SQLAlchemyStore(engine, table_prefix="elsewhere_")
    refuses_everything(store, r"elsewhere_lines .*create_tables")
    with pytest.raises(StoreError) as caught:
        store.look_up([ANN])
    assert isinstance(caught.value.original, SQLAlchemyError)


def test_a_database_that_is_away_is_no_empty_list(tmp_path: Path) -> None:
    """So is one whose folder is not there, and tables cannot be made in it."""
    away = sa.create_engine(f"sqlite:///{tmp_path / 'none' / 'app.db'}")
    store = SQLAlchemyStore(away)
    refuses_everything(store, "can be reached")
    with pytest.raises(StoreError, match="can be reached"):
        store.create_tables()
    away.dispose()


def test_a_damaged_file_is_no_empty_list(tmp_path: Path, make: MakeSQL, engine: sa.Engine) -> None:
    """What is no database any more cannot be asked."""
    store = make()
    store.suppress(ANN)
    engine.dispose()
    (tmp_path / "app.db").write_bytes(b"no database " * 1_000)
    refuses_everything(store, "sesguard_list_lines")


def test_a_database_that_is_only_read_is_read(tmp_path: Path, make: MakeSQL) -> None:
    """It answers, and what cannot be written is an error."""
    make().suppress(ANN)
    read = sa.create_engine(f"sqlite:///file:{tmp_path / 'app.db'}?mode=ro&uri=true")
    store = SQLAlchemyStore(read)
    assert set(store.look_up([ANN, BEN])) == {ANN}
    assert len(store.entries().items) == 1
    assert store.export(ANN)
    for call in (lambda: store.suppress(BEN), lambda: store.apply([("event", [hard()])])):
        with pytest.raises(StoreError, match="written to"):
            call()
    read.dispose()


def test_a_full_disk_is_an_error(engine: sa.Engine, make: MakeSQL) -> None:
    """Nothing of the batch is there, and the list still answers."""
    store = make()
    store.suppress(ANN)
    with engine.connect() as connection:
        pages = connection.exec_driver_sql("PRAGMA page_count").scalar()
    event.listen(engine, "connect", lambda c, _: c.execute(f"PRAGMA max_page_count = {pages}"))
    engine.dispose()
    many = [hard(AddressKey(f"{n}@x.org")) for n in range(2_000)]
    with pytest.raises(StoreError):
        store.apply([("event", many)])
    assert [one.key for one in store.entries().items] == [ANN]
    assert number_of_rows(engine)["marks"] == 0


def test_a_lock_that_is_not_let_go_is_an_error(
    tmp_path: Path, engine: sa.Engine, make: MakeSQL
) -> None:
    """Who cannot write within the time-out of the engine is told so; readers read."""
    make().suppress(ANN)
    hasty = sa.create_engine(f"sqlite:///{tmp_path / 'app.db'}", connect_args={"timeout": 0.01})
    store = SQLAlchemyStore(hasty)
    with engine.begin() as connection:
        connection.exec_driver_sql("UPDATE sesguard_list_lines SET at = 1")
        with pytest.raises(StoreError):
            store.suppress(BEN)
        assert set(store.look_up([ANN])) == {ANN}
    hasty.dispose()


@pytest.mark.parametrize(
    "spoils",
    [
        "at = 'then'",
        "at = 9223372036854775807",
        "reason = 'BORED'",
        "part = 7",
        "part = 'none'",
        "detail = x'00ff'",
        "expires_at = 'never'",
    ],
)
def test_a_row_that_is_none_of_ours_is_an_error(
    engine: sa.Engine, make: MakeSQL, spoils: str
) -> None:
    """It names the table, and is neither skipped nor taken for something."""
    store = make()
    store.suppress(ANN)
    with engine.begin() as connection:
        connection.execute(sa.text(f"UPDATE sesguard_list_lines SET {spoils}"))
    refuses_everything(store, "sesguard_list_lines holds a row")


@pytest.mark.parametrize(
    "spoils", ["part = 7", "event_key = NULL", "soft_limit = NULL", "soft_window = 'long'"]
)
def test_a_part_of_a_line_that_is_none_of_ours_is_an_error(
    engine: sa.Engine, make: MakeSQL, spoils: str
) -> None:
    """What is counted with must be whole."""
    store = make()
    store.apply([("event", [soft()])])
    with engine.begin() as connection:
        connection.execute(sa.text(f"UPDATE sesguard_list_lines SET {spoils}"))
    for call in (lambda: store.export(ANN), lambda: store.apply([("other", [soft()])])):
        with pytest.raises(StoreError, match="sesguard_list_lines holds a row"):
            call()


def test_a_list_of_a_newer_version_is_refused(engine: sa.Engine, make: MakeSQL) -> None:
    """Nothing is read or written that an older one may not understand."""
    make().suppress(ANN)
    with engine.begin() as connection:
        connection.execute(
            sa.text("UPDATE sesguard_list_about SET said = '2' WHERE what = 'version'")
        )
    refuses_everything(make(), "newer version")


def test_a_list_that_does_not_say_what_it_is_is_refused(engine: sa.Engine, make: MakeSQL) -> None:
    """Its names may be digests, and nobody would be found."""
    make(hashed_with=OLD).suppress(ANN)
    with engine.begin() as connection:
        connection.execute(sa.text("DELETE FROM sesguard_list_about"))
    refuses_everything(make(), "sesguard_list_about")


def test_another_pepper_is_noticed_by_who_is_running(make: MakeSQL) -> None:
    """A minute after others began to write with a new pepper, one that lacks it refuses."""
    clock = ManualClock()
    running = make(hashed_with={"2025": OLD}, clock=clock)
    running.suppress(ANN)
    assert set(running.look_up([ANN])) == {ANN}
    make(hashed_with={"2026": NEW, "2025": OLD}).suppress(BEN)
    clock.advance(60)
    with pytest.raises(StoreError, match="2026"):
        running.look_up([BEN])


def test_options_that_cannot_be_are_refused(engine: sa.Engine) -> None:
    """No engine, one connection for all, a database unknown here, another's table."""
    with pytest.raises(ConfigurationError, match=r"store\.within"):
        SQLAlchemyStore(cast("Any", "sqlite://"))
    alone = sa.create_engine("sqlite://", poolclass=StaticPool)
    with pytest.raises(ConfigurationError, match="in memory"):
        SQLAlchemyStore(alone)
    alone.dispose()
    metadata = sa.MetaData()
    sa.Table("sesguard_list_marks", metadata, sa.Column("number", sa.Integer))
    with pytest.raises(ConfigurationError, match="table_prefix="):
        SQLAlchemyStore(engine, metadata=metadata)
    with pytest.raises(ConfigurationError, match="keep_marks="):
        SQLAlchemyStore(engine, keep_marks=0)


def test_a_database_that_is_not_known_is_refused(
    engine: sa.Engine, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Nobody has seen what becomes of two that write to one name there."""
    monkeypatch.setattr(engine.dialect, "name", "oracle")
    with pytest.raises(ConfigurationError, match="oracle"):
        SQLAlchemyStore(engine)


def test_without_the_package_the_error_says_what_to_install() -> None:
    """A missing sqlalchemy is named with the line for pip, and other stores work without it."""
    script = (
        "import sys; sys.modules['sqlalchemy'] = None\n"
        "from sesguard import errors\n"
        "from sesguard.stores.memory import MemoryStore\n"
        "try: from sesguard.stores.sqlalchemy import SQLAlchemyStore\n"
        "except errors.MissingExtraError as error: print(error)"
    )
    done = subprocess.run(
        [sys.executable, "-c", script], capture_output=True, text=True, check=True
    )
    assert "pip install 'sesguard[sqlalchemy]'" in done.stdout


# Who gets in the way of another


class DriverError(Exception):
    """What a driver raises."""

    def __init__(self, *args: object, **fields: object) -> None:
        super().__init__(*args)
        self.__dict__.update(fields)


@pytest.mark.parametrize(
    ("told", "is_a_race"),
    [
        (DriverError(sqlstate="40001"), True),
        (DriverError(pgcode="40P01"), True),
        (DriverError(1213, "Deadlock found"), True),
        (DriverError(errno=1020), True),
        (DriverError(sqlstate="57P01"), False),
        (DriverError(1205, "Lock wait timeout"), False),
        (DriverError({"C": "40001"}), False),
        (sqlite3.OperationalError("database is locked"), False),
    ],
    ids=str,
)
def test_a_lost_race_is_told_from_other_errors(told: Exception, is_a_race: bool) -> None:
    """By its code, under the name that each driver has for it."""
    assert lost_a_race(DBAPIError("statement", {}, told)) is is_a_race


@pytest.mark.parametrize(("times", "ends_well"), [(5, True), (6, False)])
def test_a_lost_race_is_run_again(
    engine: sa.Engine, make: MakeSQL, times: int, ends_well: bool
) -> None:
    """With pauses that grow, and not for ever; nothing of the lost ones is left."""
    clock = ManualClock()
    store = make(clock=clock)
    store.suppress(BEN)
    left = iter(range(times))

    def fail(connection: object, cursor: object, text: str, *rest: object) -> None:
        if text.startswith("INSERT INTO sesguard_list_lines") and next(left, None) is not None:
            raise OperationalError(text, {}, DriverError(sqlstate="40001"))

    event.listen(engine, "before_cursor_execute", fail)
    before = clock.monotonic()
    if ends_well:
        assert list(store.apply([("event", [soft()])])) == [True]
    else:
        with pytest.raises(StoreError):
            store.apply([("event", [soft()])])
    assert 0 < clock.monotonic() - before < 2
    assert number_of_rows(engine)["marks"] == int(ends_well)


class Recorder:
    """A connection that only notes what it would run."""

    def __init__(self, dialect: Any) -> None:
        self.dialect = dialect
        self.seen: list[str] = []

    def execute(self, statement: Any, parameters: object = None) -> Recorder:
        made: object = statement.compile(dialect=self.dialect)
        self.seen.append(" ".join(str(made).split()))
        return self

    scalars = execute

    def all(self) -> list[object]:
        return []

    def __iter__(self) -> Iterator[object]:
        return iter(())


SERVERS = pytest.mark.parametrize(
    ("server", "or_keep"),
    [
        (postgresql, "ON CONFLICT (name) DO UPDATE SET name = excluded.name"),
        (mysql, "ON DUPLICATE KEY UPDATE name = list_names.name"),
    ],
    ids=["postgresql", "mysql"],
)


@SERVERS
def test_servers_lock_rows_that_are_there_or_are_put_there(server: Any, or_keep: str) -> None:
    """One statement makes the row of a name, or waits for who has it."""
    recorder = Recorder(server.dialect())
    kept = tables("list_", sa.MetaData())
    holding.hold(cast("Any", recorder), kept, [ANN])
    holding.mark(cast("Any", recorder), kept.marks, ["event"], 0)
    held, marked, ours = recorder.seen
    assert held.startswith("INSERT INTO list_names (name) VALUES")
    assert held.endswith(or_keep)
    assert "list_marks (mark, at, token)" in marked
    assert "list_marks.token = " in ours


@SERVERS
def test_servers_read_what_is_held_as_it_is_now(server: Any, or_keep: str) -> None:
    """MySQL shows a transaction the past, unless it locks what it reads; for a question it may."""
    recorder = Recorder(server.dialect())
    kept = tables("list_", sa.MetaData())
    rows.load(cast("Any", recorder), kept.lines, [ANN], locked=True)
    rows.load(cast("Any", recorder), kept.lines, [ANN], locked=False)
    asking.entries_of(cast("Any", recorder), kept.lines, [ANN])
    loaded, exported, found = recorder.seen
    assert loaded.endswith("FOR UPDATE") is (server is mysql)
    assert "FOR UPDATE" not in exported + found
    assert " IN (" in found


@SERVERS
def test_servers_sweep_around_what_others_hold(server: Any, or_keep: str) -> None:
    """Nobody waits for a look at what is over."""
    recorder = Recorder(server.dialect())
    kept = tables("list_", sa.MetaData())
    holding.sweep(cast("Any", recorder), kept, NOW, DAY, at_most=10)
    assert len(recorder.seen) == 2
    assert all(one.endswith("FOR UPDATE SKIP LOCKED") for one in recorder.seen)


@SERVERS
def test_servers_give_pages_by_one_statement(server: Any, or_keep: str) -> None:
    """MySQL takes a LIMIT in a table that is joined, and none below an IN."""
    recorder = Recorder(server.dialect())
    asking.page(cast("Any", recorder), tables("list_", sa.MetaData()).lines, None, 10, NOW)
    (asked,) = recorder.seen
    assert "JOIN (SELECT DISTINCT" in asked


def test_names_are_compared_by_each_character() -> None:
    """Usual collations ignore capitals in MySQL, and the order of signs in PostgreSQL."""
    lines, _, _, about = tables("list_", sa.MetaData()).all
    for table, column in ((lines, "VARCHAR(320)"), (about, "VARCHAR(64)")):
        made = str(CreateTable(table).compile(dialect=cast("Any", mysql).dialect()))
        assert f"{column} COLLATE utf8mb4_bin NOT NULL" in made
        made = str(CreateTable(table).compile(dialect=cast("Any", postgresql).dialect()))
        assert f'{column} COLLATE "C" NOT NULL' in made
    made = str(CreateTable(lines).compile(dialect=cast("Any", mysql).dialect()))
    assert "detail MEDIUMTEXT COLLATE utf8mb4_bin" in made
    index = 4 * (320 + 64)  # bytes of the primary key
    assert index <= 3_072  # InnoDB's limit
