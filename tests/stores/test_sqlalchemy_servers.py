"""A suppression list in tables of a real PostgreSQL and a real MariaDB."""

from __future__ import annotations

import signal
import threading
from collections.abc import Callable, Iterator
from datetime import timedelta
from functools import partial
from itertools import count
from typing import Any

import pytest
import sqlalchemy as sa
from sqlalchemy.orm import Session

from sesguard.addresses import AddressKey
from sesguard.errors import StoreError
from sesguard.stores.sqlalchemy import SQLAlchemyStore
from sesguard.suppression import CountSoftBounce, Reason, Suppress, Suppression
from sesguard.testing import ManualClock, StoreContract
from sesguard.testing.store_contract import MakeStore, run_together
from tests.peers.sql_servers import MariaDB, PostgreSQL, SQLServer, need, running
from tests.stores.kept import KeptContract, OpenStore

ANN, BEN = AddressKey("ann@example.org"), AddressKey("ben@example.org")
NOW = ManualClock().now()
WEEK = timedelta(days=7)

MakeSQL = Callable[..., SQLAlchemyStore]


@pytest.fixture(scope="module", params=[PostgreSQL, MariaDB], ids=["postgresql", "mariadb"])
def server(request: pytest.FixtureRequest) -> Iterator[SQLServer]:
    """A server for all tests of this module."""
    need(request.param)
    with running(request.param) as server:
        yield server


@pytest.fixture
def engine(server: SQLServer) -> Iterator[sa.Engine]:
    """A new database of it."""
    server.start()
    name = server.new_database()
    engine = server.engine(name)
    yield engine
    engine.dispose()
    server.start()
    server.administer(f"DROP DATABASE {name}")


@pytest.fixture
def make(engine: sa.Engine) -> MakeSQL:
    """How a list is made whose tables are there."""

    def make(**options: Any) -> SQLAlchemyStore:
        store = SQLAlchemyStore(engine, **options)
        store.create_tables()
        return store

    return make


class TestContract(StoreContract):
    """A list on a server is a list like any other."""

    @pytest.fixture
    def make_store(self, make: MakeSQL) -> MakeStore:
        numbers = count()
        return lambda: make(table_prefix=f"list_{next(numbers)}_")


class TestKept(KeptContract):
    """A list on a server can be asked what it knows, made to forget, and kept as digests."""

    @pytest.fixture
    def open_store(self, make: MakeSQL) -> OpenStore:
        return lambda peppers: make(hashed_with=peppers, clock=ManualClock())

    @pytest.fixture
    def written(self, server: SQLServer, engine: sa.Engine) -> Callable[[], bytes]:
        begins = server.log_so_far()
        return lambda: server.written_to(str(engine.url.database), begins)


def hard(key: AddressKey = ANN, **fields: Any) -> Suppress:
    return Suppress(Suppression(key=key, reason=Reason.BOUNCE, at=NOW, **fields))


def soft(key: AddressKey = ANN, *, limit: int = 2) -> CountSoftBounce:
    return CountSoftBounce(key=key, at=NOW, limit=limit, window=WEEK)


def test_alembic_finds_nothing_to_change(engine: sa.Engine) -> None:
    """After they are made, tables and metadata agree, collations and all."""
    autogenerate = pytest.importorskip("alembic.autogenerate")
    migration = pytest.importorskip("alembic.migration")
    metadata = sa.MetaData()
    SQLAlchemyStore(engine, metadata=metadata).create_tables()
    with engine.connect() as connection:
        context = migration.MigrationContext.configure(connection)
        assert autogenerate.compare_metadata(context, metadata) == []


def test_many_may_make_the_tables_at_once(engine: sa.Engine) -> None:
    """Of several that do so at the same moment, none fails."""
    for attempt in range(5):
        stores = [SQLAlchemyStore(engine, table_prefix=f"list_{attempt}_") for _ in range(4)]
        run_together([one.create_tables for one in stores])
        run_together([partial(one.suppress, ANN) for one in stores])
        assert len(stores[0].entries().items) == 1


def test_the_longest_keys_are_indexed_and_told_apart(make: MakeSQL) -> None:
    """320 characters of four bytes each, capitals, accents, and longer ones yet."""
    store = make()
    long = ["\U0001f600" * 320, "\U0001f600" * 319 + "a", "x" * 1_000, "x" * 1_001]
    alike = ["Ann@example.org", "ann@example.org", "änn@example.org", "ann@example.org "]
    keys = [AddressKey(key) for key in (*long, *alike)]
    store.apply([(key, [hard(key, scope=f"stream:{key}")]) for key in keys])
    scopes = [f"stream:{key}" for key in keys]
    assert {key: one.scope for key, one in store.look_up(keys, scopes).items()} == dict(
        zip(keys, scopes, strict=True)
    )
    for key in keys:
        assert store.remove([key], f"stream:{key}") == 1
    assert not store.entries().items


def test_what_a_database_cannot_hold_is_held_all_the_same(make: MakeSQL) -> None:
    """NUL, half a surrogate pair, a text of a megabyte, and numbers beyond 64 bits."""
    store = make(clock=ManualClock())
    odd = AddressKey("a\ud800\0@example.org")
    huge = CountSoftBounce(key=ANN, at=NOW, limit=2**70, window=timedelta.max)
    long = hard(BEN, detail="ä" * 500_000, scope="stream:" + "\U0001f600" * 10_000)
    assert list(store.apply([("x\0" * 1_000, [hard(odd, address="\0\udfff"), huge, long])])) == [
        True
    ]
    assert [one.scope for one in store.entries().items] == ["", long.suppression.scope]


def test_pages_follow_one_order(make: MakeSQL) -> None:
    """Signs and letters beyond ASCII stand where the number of their character puts them."""
    store = make()
    keys = ["a.b@x", "a_b@x", "ab@x", "a-b@x", "A@x", "Z@x", "z@x", "ä@x", "\U0001f600@x", "ﬀ@x"]
    store.add([hard(AddressKey(key)).suppression for key in keys])
    listed: list[str] = []
    page = store.entries(None, 3)
    listed += [one.key for one in page.items]
    while page.next is not None:
        page = store.entries(page.next, 3)
        listed += [one.key for one in page.items]
    assert listed == sorted(keys)


# Several at once


def test_no_count_is_lost_where_many_change_one_name(make: MakeSQL) -> None:
    """The bounce that makes the limit sees all others, whoever brought them."""
    stores = [make() for _ in range(4)]
    acts = [
        partial(store.apply, [(f"{number} {n}", [soft(limit=40)])])
        for n in range(10)
        for number, store in enumerate(stores)
    ]

    def bring(number: int) -> None:
        for act in acts[number::4]:
            assert list(act()) == [True]

    run_together([partial(bring, number) for number in range(4)])
    assert set(stores[0].look_up([ANN])) == {ANN}
    (line,) = stores[0].export(ANN)
    assert len(line["soft_bounces"]) == 40  # type: ignore[arg-type]  # a list


def test_batches_in_any_order_do_not_wait_in_a_circle(make: MakeSQL) -> None:
    """Names and events are locked in one order, so that all come through without a pause."""
    clock = ManualClock()
    store = make(clock=clock)
    keys = [AddressKey(f"{n}@x.org") for n in range(20)]
    began = clock.monotonic()

    def bring(who: int) -> None:
        order = keys if who % 2 else keys[::-1]
        for n in range(10):
            store.apply([(f"{n} {key}", [hard(key, detail=f"{who}")]) for key in order])
            store.add([hard(key).suppression for key in order])
            store.remove(order)

    run_together([partial(bring, who) for who in range(4)])
    assert clock.monotonic() == began  # nothing was run again
    assert not store.entries().items


def test_who_loses_to_another_transaction_comes_again(engine: sa.Engine, make: MakeSQL) -> None:
    """A deadlock with something of the caller's ends one of them; the list's own is run again."""
    store = make()
    store.add([hard(ANN).suppression, hard(BEN).suppression])
    names = store.tables[1]
    with engine.connect() as connection:
        first, second = sorted(connection.scalars(sa.select(names.c.name)))
        connection.rollback()
        touch = sa.text(f"UPDATE {names.name} SET name = name WHERE name = :name")
        # PostgreSQL ends who waits first, MariaDB who has written least.
        connection.execute(touch, {"name": second})
        connection.execute(sa.text(f"UPDATE {store.tables[3].name} SET said = said"))
        done: list[int] = []
        waiting = threading.Thread(target=lambda: done.append(store.remove([ANN, BEN])))
        waiting.start()
        asked = (
            "SELECT count(*) FROM pg_stat_activity WHERE wait_event_type = 'Lock'"
            if engine.dialect.name == "postgresql"
            else "SELECT count(*) FROM information_schema.innodb_trx WHERE trx_state = 'LOCK WAIT'"
        )
        with engine.connect() as looking:
            for _ in range(2_000):
                if looking.scalar(sa.text(asked)):
                    break
                looking.rollback()
        try:
            connection.execute(touch, {"name": first})
        finally:
            connection.rollback()
            waiting.join(timeout=60)
    assert done == [2]


def test_a_transaction_that_has_looked_before_loses_no_count(
    engine: sa.Engine, make: MakeSQL
) -> None:
    """One that only sees a moment of the past counts on what is there, or is an error."""
    store = make()
    store.suppress(BEN)
    strict = engine.execution_options(isolation_level="REPEATABLE READ")
    with Session(strict) as session:
        inside = store.within(session)
        assert set(inside.look_up([ANN, BEN])) == {BEN}
        store.apply([("one", [soft()])])
        if engine.dialect.name == "postgresql":
            store.suppress(ANN, scope="stream:news")
            with pytest.raises(StoreError):
                inside.apply([("two", [soft()])])
            session.rollback()
            store.within(session).apply([("two", [soft()])])
        else:
            inside.apply([("two", [soft()])])
        session.commit()
    assert store.look_up([ANN])[ANN].source == "soft-bounces"


def test_an_error_within_leaves_the_transaction_to_the_caller(
    engine: sa.Engine, make: MakeSQL
) -> None:
    """It can be gone on with, and none of what failed is committed with it."""
    store = make()
    store.apply([("zero", [soft(BEN)])])
    with engine.begin() as connection:
        connection.execute(sa.text("UPDATE sesguard_list_lines SET soft_limit = NULL"))
    with Session(engine) as session, session.begin():
        inside = store.within(session)
        with pytest.raises(StoreError):
            inside.apply([("one", [soft(), soft(BEN)])])
        inside.suppress(ANN)
    assert set(store.look_up([ANN])) == {ANN}
    assert list(store.apply([("one", [soft()])])) == [True]


def test_an_engine_that_commits_each_statement_makes_whole_transactions(
    engine: sa.Engine, make: MakeSQL
) -> None:
    """Its usual mode does not tear a batch apart."""
    make().apply([("zero", [soft(BEN)])])
    with engine.begin() as connection:
        connection.execute(sa.text("UPDATE sesguard_list_lines SET soft_limit = NULL"))
    store = SQLAlchemyStore(engine.execution_options(isolation_level="AUTOCOMMIT"))
    with pytest.raises(StoreError):
        store.apply([("one", [soft(), soft(BEN)])])
    assert list(store.apply([("one", [soft()])])) == [True]


# Trouble


def test_a_server_that_is_gone_is_no_empty_list(
    server: SQLServer, engine: sa.Engine, make: MakeSQL
) -> None:
    """Killed, it makes every call an error; started again, it has all that was committed."""
    store = make()
    store.apply([("event", [hard()])])
    server.stop(signal.SIGKILL)
    calls: list[Callable[[], object]] = [
        lambda: store.look_up([ANN]),
        lambda: store.apply([("other", [hard(BEN)])]),
        lambda: store.suppress(BEN),
        lambda: store.remove([ANN]),
        lambda: store.export(ANN),
        lambda: store.erase(ANN),
        store.entries,
        store.create_tables,
    ]
    for call in calls:
        with pytest.raises(StoreError, match="can be reached") as caught:
            call()
        assert "ann@" not in str(caught.value)
    server.start()
    assert set(store.look_up([ANN, BEN])) == {ANN}
    assert list(store.apply([("event", [hard()]), ("other", [hard(BEN)])])) == [False, True]


def test_who_may_only_read_reads(engine: sa.Engine, make: MakeSQL) -> None:
    """It answers, and what cannot be written is an error."""
    make().suppress(ANN)
    with engine.begin() as connection:
        for statement in (
            ["CREATE ROLE reader LOGIN", "GRANT SELECT ON ALL TABLES IN SCHEMA public TO reader"]
            if engine.dialect.name == "postgresql"
            else [
                "CREATE USER reader@'127.0.0.1' IDENTIFIED BY 'tests'",
                "GRANT SELECT ON *.* TO reader@'127.0.0.1'",
            ]
        ):
            connection.execute(sa.text(statement))
    read = sa.create_engine(engine.url.set(username="reader"))
    store = SQLAlchemyStore(read)
    try:
        assert set(store.look_up([ANN, BEN])) == {ANN}
        assert len(store.entries().items) == 1
        assert store.export(ANN)
        for call in (lambda: store.suppress(BEN), lambda: store.apply([("event", [hard()])])):
            with pytest.raises(StoreError, match="written to"):
                call()
    finally:
        read.dispose()
        with engine.begin() as connection:
            if engine.dialect.name == "postgresql":
                connection.execute(sa.text("DROP OWNED BY reader"))
                connection.execute(sa.text("DROP ROLE reader"))
            else:
                connection.execute(sa.text("DROP USER reader@'127.0.0.1'"))
