"""
The list in tables among processes: killed, forked, and side by side, in each database.

As a program it kills more workers and tells its figures:
``python -m tests.stores.test_sqlalchemy_processes 1000 postgresql``.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
import textwrap
from collections.abc import Generator, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
import sqlalchemy as sa

from sesguard.stores.sqlalchemy import SQLAlchemyStore
from tests.peers.sql_servers import MariaDB, PostgreSQL, need, running
from tests.test_worker_kill import KILLS, ROOT, play

SERVERS = {"postgresql": PostgreSQL, "mariadb": MariaDB}
KINDS = ("sqlite", *SERVERS)

BEGIN = """
import json, os, signal, sys
from datetime import UTC, datetime, timedelta
import sqlalchemy as sa
from sesguard.stores.sqlalchemy import SQLAlchemyStore
from sesguard.suppression import *

NOW = datetime.now(UTC)
engine = sa.create_engine(sys.argv[1])
store = SQLAlchemyStore(engine)

def soft(key="ann@example.org", limit=2):
    return CountSoftBounce(key=key, at=NOW, limit=limit, window=timedelta(days=7))

def hard(key):
    return Suppress(suppression=Suppression(key=key, reason=Reason.BOUNCE, at=NOW))
"""

pytestmark = pytest.mark.skipif(not hasattr(os, "fork"), reason="there is no fork here")


def start(script: str, *arguments: object) -> subprocess.Popen[str]:
    """A process of its own, which talks JSON."""
    return subprocess.Popen(
        [sys.executable, "-c", BEGIN + textwrap.dedent(script), *map(str, arguments)],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


def finish(process: subprocess.Popen[str]) -> object:
    out, err = process.communicate(timeout=120)
    assert process.returncode == 0, err
    return json.loads(out)


@contextmanager
def database(kind: str, folder: Path) -> Generator[str, None, None]:
    """The address of a database with a list's tables in it."""
    if kind == "sqlite":
        yield made(f"sqlite:///{folder / 'app.db'}?timeout=60")
        return
    with running(SERVERS[kind]) as server:
        yield made(server.url + server.new_database())


def made(url: str) -> str:
    engine = sa.create_engine(url)
    SQLAlchemyStore(engine).create_tables()
    engine.dispose()
    return url


@pytest.fixture(scope="module", params=KINDS)
def url(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """A database of each kind, for all tests of this module."""
    if request.param in SERVERS:
        need(SERVERS[request.param])
    with database(request.param, tmp_path_factory.mktemp("sql")) as url:
        yield url


@pytest.fixture(autouse=True)
def empty(url: str) -> None:
    """Nothing is on the list when a test begins."""
    engine = sa.create_engine(url)
    with engine.begin() as connection:
        for table in SQLAlchemyStore(engine).tables:
            connection.execute(table.delete())
    engine.dispose()


def test_a_killed_writer_leaves_all_of_a_batch_or_nothing(url: str) -> None:
    """
    Killed before any statement of a batch, the process leaves nothing of it, or all.

    Applied again, as a queue would bring it, the batch is there once.
    """
    script = """
    keys = ["ann@example.org", "ben@example.org", "cy@example.org"]
    batch = [
        ("one", [hard(keys[0]), soft(keys[2])]),
        ("two", [hard(keys[1]), soft(keys[2])]),
    ]
    outcomes = []
    for number in range(100):
        for table in store.tables:
            with engine.begin() as connection:
                connection.execute(table.delete())
        store.suppress("old@example.org")
        child = os.fork()
        if child == 0:
            seen = []
            def count(*told):
                seen.append(told)
                if len(seen) > number:
                    os.kill(os.getpid(), signal.SIGKILL)
            sa.event.listen(engine, "before_cursor_execute", count)
            sa.event.listen(engine, "commit", count)
            store.apply(batch)
            os._exit(0)
        _, status = os.waitpid(child, 0)
        killed = os.WIFSIGNALED(status)
        before = len(store.look_up(keys))
        again = list(store.apply(batch))
        outcomes.append([before, again, len(store.look_up(keys)), len(store.entries().items)])
        if not killed:
            break
    engine.dispose()
    print(json.dumps(outcomes))
    """
    outcomes = finish(start(script, url))
    assert isinstance(outcomes, list)
    *killed, whole = outcomes
    assert len(killed) >= 6
    assert all(one == [0, [True, True], 3, 4] for one in killed)
    assert whole == [3, [False, False], 3, 4]


def test_a_child_opens_its_own_connections(url: str) -> None:
    """What came through a fork is neither used nor closed by the child."""
    script = """
    store.suppress("ann@example.org")
    with engine.connect() as connection:
        parents = connection.connection.dbapi_connection
    child = os.fork()
    if child == 0:
        for number in range(3):
            assert store.look_up(["ann@example.org"])
            store.suppress(f"child{number}@example.org")
        with engine.connect() as connection:
            assert connection.connection.dbapi_connection is not parents
        pool = engine.pool
        SQLAlchemyStore(engine).look_up(["ann@example.org"])
        assert engine.pool is pool
        os._exit(0)
    _, status = os.waitpid(child, 0)
    store.suppress("parent@example.org")
    with engine.connect() as connection:
        same = connection.connection.dbapi_connection is parents
    print(json.dumps([status, len(store.entries().items), same]))
    engine.dispose()
    """
    assert finish(start(script, url)) == [0, 5, True]


def test_processes_write_side_by_side(url: str) -> None:
    """Of the same events brought by three processes, each is applied by one, and none is lost."""
    script = """
    events = [(f"event {number}", [soft(limit=60)]) for number in range(60)]
    order = events if sys.argv[2] == "0" else events[::-1]
    print(json.dumps(sum(sum(store.apply([event])) for event in order)))
    engine.dispose()
    """
    running = [start(script, url, number) for number in range(3)]
    counts = [finish(process) for process in running]
    assert sum(count for count in counts if isinstance(count, int)) == 60
    engine = sa.create_engine(url)
    (line,) = SQLAlchemyStore(engine).export("ann@example.org")
    engine.dispose()
    assert len(line["soft_bounces"]) == 60  # type: ignore[arg-type]  # a list
    assert [one["source"] for one in line["suppressions"]] == ["soft-bounces"]  # type: ignore[attr-defined]


# The worker, killed


class Owner(SQLAlchemyStore):
    """A list that disposes of its engine."""

    def close(self) -> None:
        self._database.engine.dispose()


def killed(kills: int, seed: int, kind: str, folder: Path) -> dict[str, object]:
    """Kill so many workers on a list in tables, then look at it."""
    with database(kind, folder) as url:
        return play(kills, seed, lambda: Owner(sa.create_engine(url)))


@pytest.mark.parametrize("kind", KINDS)
def test_a_killed_worker_loses_no_event_and_applies_none_twice(kind: str, tmp_path: Path) -> None:
    """Whenever it is killed, what it had not deleted comes again and counts once."""
    if kind in SERVERS:
        need(SERVERS[kind])
    program = "tests.stores.test_sqlalchemy_processes"
    done = subprocess.run(
        [sys.executable, "-m", program, str(KILLS), kind, str(tmp_path)],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    figures = json.loads(done.stdout)
    assert figures["kills"] >= KILLS
    assert (figures["events lost"], figures["events applied twice"]) == (0, 0)
    assert figures["distinct lines"] > KILLS // 5


def main(
    kills: str = str(KILLS), kind: str = "sqlite", folder: str | None = None, seed: str = "1"
) -> None:
    with tempfile.TemporaryDirectory(dir=folder) as temporary:
        figures = killed(int(kills), int(seed), kind, Path(temporary))
    sys.stdout.write(json.dumps(figures, indent=2) + "\n")


if __name__ == "__main__":
    main(*sys.argv[1:])
