"""Sends remembered in a table, beside transactions of the caller's own."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from itertools import count
from pathlib import Path

import pytest
import sqlalchemy as sa
from sqlalchemy.exc import OperationalError
from sqlalchemy.pool import StaticPool

from sesguard.errors import ConfigurationError, StoreError
from sesguard.ledgers import SQLAlchemyLedger
from sesguard.ports import Recorded
from sesguard.testing import ManualClock
from sesguard.testing.ledger_contract import LedgerContract, MakeLedger
from tests.ledgers.racing import begin_and_be_killed, race

DAY = 86_400

MAKING = """
import sys
import sqlalchemy as sa
from sesguard.ledgers import SQLAlchemyLedger
ledger = SQLAlchemyLedger(sa.create_engine(sys.argv[1], connect_args={"timeout": 60}))
"""


@pytest.fixture
def engine(tmp_path: Path) -> Iterator[sa.Engine]:
    """A database in a file."""
    engine = sa.create_engine(f"sqlite:///{tmp_path / 'app.db'}", connect_args={"timeout": 60})
    yield engine
    engine.dispose()


@pytest.fixture
def make(engine: sa.Engine) -> Callable[..., SQLAlchemyLedger]:
    """How a ledger is made whose table is there."""

    def make(**options: object) -> SQLAlchemyLedger:
        ledger = SQLAlchemyLedger(engine, **options)  # type: ignore[arg-type]  # what a test gives
        ledger.create_table()
        return ledger

    return make


class TestSQLAlchemyLedger(LedgerContract):
    """What every ledger keeps to."""

    @pytest.fixture
    def make_ledger(self, make: Callable[..., SQLAlchemyLedger]) -> MakeLedger:
        numbers = count()
        return lambda: make(table_name=f"ledger_{next(numbers)}")


def rows(engine: sa.Engine) -> int:
    with engine.connect() as connection:
        found: int = connection.scalar(sa.text("SELECT count(*) FROM sesguard_ledger")) or 0
    return found


def test_of_two_processes_one_sends(
    engine: sa.Engine, make: Callable[..., SQLAlchemyLedger]
) -> None:
    """Of two processes that begin 200 keys at once, exactly one is told to send each."""
    make()
    won = race(MAKING, engine.url.render_as_string())
    assert sorted(won[0] + won[1]) == list(range(200))


def test_a_sender_that_was_killed_leaves_its_key_unfinished(
    engine: sa.Engine, make: Callable[..., SQLAlchemyLedger]
) -> None:
    """Killed between begin and finish, nobody knows whether it sent: the key stays taken."""
    ledger = make()
    begin_and_be_killed(MAKING, engine.url.render_as_string())
    assert ledger.begin("key", "content") == Recorded(content="content")


def test_a_record_outlives_the_callers_transaction(
    engine: sa.Engine, make: Callable[..., SQLAlchemyLedger]
) -> None:
    """What the caller has open is neither committed with it, nor is it undone with that."""
    ledger = make()
    with engine.begin() as connection:
        connection.execute(sa.text("CREATE TABLE orders (id INTEGER)"))
    with engine.connect() as connection:
        assert connection.execute(sa.text("SELECT * FROM orders")).all() == []  # a reader is open
        ledger.begin("key", "content")
        connection.execute(sa.text("INSERT INTO orders VALUES (1)"))
        connection.rollback()
        assert connection.execute(sa.text("SELECT * FROM orders")).all() == []
    assert ledger.begin("key", "content") == Recorded(content="content")


def test_a_key_is_remembered_for_its_time(make: Callable[..., SQLAlchemyLedger]) -> None:
    """Until *keep* is over it is taken, from its begin or from its result; then it is free."""
    clock = ManualClock()
    ledger = make(keep=2 * DAY, clock=clock)
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
    assert ledger.begin("settled", "other") is None


def test_old_keys_are_forgotten_some_at_a_time(
    engine: sa.Engine, make: Callable[..., SQLAlchemyLedger]
) -> None:
    """One begin in twenty drops up to a hundred, so that the table stays small."""
    clock = ManualClock()
    ledger = make(keep=DAY, clock=clock)
    for number in range(250):
        ledger.begin(f"old {number}", "one")
    clock.advance(DAY)
    left: list[int] = []
    for number in range(60):
        ledger.begin(f"new {number}", "one")
        left.append(rows(engine))
    assert left[::20] == [251, 171, 91]
    assert left[-1] == 60


@pytest.mark.parametrize("column", ["content = x'ff'", "result = x'00'"])
def test_what_is_no_record_is_an_error(
    engine: sa.Engine, make: Callable[..., SQLAlchemyLedger], column: str
) -> None:
    """The table and the key are named, and nothing is sent."""
    ledger = make()
    ledger.begin("0123abcd", "content")
    with engine.begin() as connection:
        connection.execute(sa.text(f"UPDATE sesguard_ledger SET {column}"))
    with pytest.raises(StoreError, match="sesguard_ledger holds something under the key 0123abcd"):
        ledger.begin("0123abcd", "content")


def test_a_table_that_is_not_there_is_an_error(engine: sa.Engine) -> None:
    """The message names it, and what makes it; `create_table` may be called again."""
    ledger = SQLAlchemyLedger(engine)
    acts: list[Callable[[], object]] = [
        lambda: ledger.begin("key", "content"),
        lambda: ledger.finish("key", "result"),
        lambda: ledger.forget("key"),
    ]
    for act in acts:
        with pytest.raises(StoreError, match=r"sesguard_ledger .* ledger\.create_table\(\)") as one:
            act()
        assert isinstance(one.value.original, OperationalError)
    ledger.create_table()
    ledger.create_table()
    assert ledger.begin("key", "content") is None


def test_a_database_that_is_locked_is_an_error(tmp_path: Path) -> None:
    """Nothing is recorded then, and nothing may be sent."""
    engine = sa.create_engine(f"sqlite:///{tmp_path / 'app.db'}", connect_args={"timeout": 0.01})
    ledger = SQLAlchemyLedger(engine)
    ledger.create_table()
    with engine.connect() as other:
        other.exec_driver_sql("BEGIN IMMEDIATE")
        with pytest.raises(StoreError, match="OperationalError"):
            ledger.begin("key", "content")
    assert ledger.begin("key", "content") is None
    engine.dispose()


def test_the_table_is_part_of_the_callers_metadata(engine: sa.Engine) -> None:
    """Alembic sees it there; a second ledger shares it."""
    metadata = sa.MetaData(schema=None)
    ledger = SQLAlchemyLedger(engine, table_name="sends", metadata=metadata)
    assert metadata.tables == {"sends": ledger.table}
    assert SQLAlchemyLedger(engine, table_name="sends", metadata=metadata).table is ledger.table
    metadata.create_all(engine)
    assert ledger.begin("key", "content") is None


def test_a_table_of_somebody_else_is_refused(engine: sa.Engine) -> None:
    """A table of that name without our columns is not written to."""
    metadata = sa.MetaData()
    sa.Table("orders", metadata, sa.Column("id", sa.Integer, primary_key=True))
    with pytest.raises(ConfigurationError, match="orders"):
        SQLAlchemyLedger(engine, table_name="orders", metadata=metadata)


def test_an_engine_with_one_connection_is_refused(engine: sa.Engine) -> None:
    """Its commits would be the caller's commits; so would those of a session or a connection."""
    for options in ({}, {"poolclass": StaticPool}):
        memory = sa.create_engine("sqlite://", **options)
        with pytest.raises(ConfigurationError, match="one connection"):
            SQLAlchemyLedger(memory)
        memory.dispose()
    with engine.connect() as connection, pytest.raises(ConfigurationError, match="engine="):
        SQLAlchemyLedger(connection)  # type: ignore[arg-type]  # on purpose


def test_a_long_result_fits_into_every_database() -> None:
    """MySQL's plain TEXT would cut off what fifty refused recipients come to."""
    ledger = SQLAlchemyLedger(sa.create_engine("sqlite:///unused.db"))
    for name, kind in (("mysql", "TEXT(16777215)"), ("postgresql", "TEXT"), ("sqlite", "TEXT")):
        dialect = sa.engine.url.URL.create(name).get_dialect()()
        made = str(sa.schema.CreateTable(ledger.table).compile(dialect=dialect))
        assert f"result {kind}" in made
