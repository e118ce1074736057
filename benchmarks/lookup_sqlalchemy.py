"""Looking up one address and fifty in tables, of a thousand and of a million entries."""

from __future__ import annotations

import tempfile
import time
from collections.abc import Callable, Generator, Iterator
from contextlib import AbstractContextManager, contextmanager
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING

from benchmarks.harness import Bar, Candidate, Claim, Row, compare
from benchmarks.lookup import LARGE, SMALL, asked, fill
from benchmarks.peers import peer

if TYPE_CHECKING:
    import sqlalchemy as sa

NOTES: list[str] = []
RUNS = 20  # in one stretch


def by_the_clock(name: str, look_up: Callable[[], int], found: int) -> Candidate:
    """Timed by the wall's clock, since the server's work counts too."""

    def run() -> float:
        began = time.perf_counter()
        for _ in range(RUNS):
            look_up()
        return (time.perf_counter() - began) / RUNS

    assert look_up() == found, f"{name} gives a wrong answer"
    return Candidate(name=name, run=run, right=lambda seconds: seconds > 0, clocked=True)


@contextmanager
def in_a_file() -> Generator[sa.Engine, None, None]:
    """An engine of SQLite."""
    import sqlalchemy as sa

    with tempfile.TemporaryDirectory() as folder:
        engine = sa.create_engine(f"sqlite:///{Path(folder) / 'app.db'}")
        yield engine
        engine.dispose()


@contextmanager
def on_a_server() -> Generator[sa.Engine, None, None]:
    """An engine of a PostgreSQL on loopback."""
    from tests.peers.sql_servers import PostgreSQL, running

    with running(PostgreSQL) as server:
        engine = server.engine(server.new_database())
        yield engine
        engine.dispose()


def rows() -> Iterator[Row]:
    """Against a small list, against fifty look-ups of one, and against a bare SELECT 1."""
    if not peer("sqlalchemy", NOTES):
        return
    yield from in_tables("SQLite's tables", in_a_file)
    from tests.peers.sql_servers import PostgreSQL

    if PostgreSQL.is_installed() and find_spec(PostgreSQL.driver):
        yield from in_tables("PostgreSQL", on_a_server)
    else:
        NOTES.append("look-up in PostgreSQL: it, or psycopg, is not installed: rows are left out.")


def in_tables(where: str, opened: Callable[[], AbstractContextManager[sa.Engine]]) -> Iterator[Row]:
    """The rows of one database."""
    from sesguard.stores.sqlalchemy import SQLAlchemyStore

    with opened() as engine:
        stores = {
            size: SQLAlchemyStore(engine, table_prefix=f"list_{size}_") for size in (SMALL, LARGE)
        }
        candidates: dict[tuple[int, int], Candidate] = {}
        for size, store in stores.items():
            store.create_tables()
            fill(store, size)
            with engine.connect() as connection:
                connection.exec_driver_sql("ANALYZE")
                connection.commit()
            fifty = asked(size)
            for keys in (fifty[:1], fifty):
                candidates[len(keys), size] = by_the_clock(
                    f"{len(keys)} in {where} of {size:,}",
                    lambda store=store, keys=keys: len(store.look_up(keys)),  # type: ignore[misc]
                    (len(keys) + 1) // 2,
                )
        fifty, large = asked(LARGE), stores[LARGE]
        singly = by_the_clock(
            f"the 50 one by one in {where}",
            lambda: sum(len(large.look_up([key])) for key in fifty),
            25,
        )

        def select_one() -> int:
            with engine.connect() as connection:
                return int(connection.exec_driver_sql("SELECT 1").scalar_one())

        bare = by_the_clock(f"SELECT 1 in {where}", select_one, 1)
        names = {key: one.name for key, one in candidates.items()}
        yield from compare(
            "look-up",
            [singly, bare, *candidates.values()],
            [
                Claim(names[1, LARGE], names[1, SMALL], Bar(at_most=3)),
                Claim(names[50, LARGE], names[50, SMALL], Bar(at_most=3)),
                Claim(singly.name, names[50, LARGE], Bar(at_least=2)),
                Claim(names[1, LARGE], bare.name),
            ],
        )
