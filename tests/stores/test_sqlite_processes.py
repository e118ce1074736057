"""The SQLite store among processes: killed, forked, side by side, and without permission."""

from __future__ import annotations

import json
import os
import sqlite3
import subprocess
import sys
import textwrap
from pathlib import Path

import pytest

BEGIN = """
import json, os, signal, sqlite3, sys
from datetime import UTC, datetime, timedelta
from sesguard.stores.sqlite import SQLiteStore
from sesguard.suppression import *

NOW = datetime.now(UTC)
path = sys.argv[1]
connections = []
sys.addaudithook(
    lambda event, args: connections.append(args[0]) if event == "sqlite3.connect/handle" else None
)

def soft(key="ann@example.org", limit=2):
    return CountSoftBounce(key=key, at=NOW, limit=limit, window=timedelta(days=7))

def hard(key):
    return Suppress(suppression=Suppression(key=key, reason=Reason.BOUNCE, at=NOW))
"""


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


needs_fork = pytest.mark.skipif(not hasattr(os, "fork"), reason="there is no fork here")


@needs_fork
def test_a_killed_writer_leaves_all_of_a_batch_or_nothing(tmp_path: Path) -> None:
    """
    Killed before any statement of a batch, the process leaves nothing of it, or all.

    Applied again, as a queue would bring it, the batch is there once.
    """
    script = """
    batch = [
        ("one", [hard("ann@example.org"), soft("cy@example.org")]),
        ("two", [hard("ben@example.org"), soft("cy@example.org")]),
    ]
    keys = ["ann@example.org", "ben@example.org", "cy@example.org"]
    outcomes = []
    for number in range(100):
        file = f"{path}.{number}"
        with SQLiteStore(file) as store:
            store.suppress("old@example.org")
        child = os.fork()
        if child == 0:
            store = SQLiteStore(file)
            store.look_up(keys)
            seen = []
            def count(statement):
                seen.append(statement)
                if len(seen) > number:
                    os.kill(os.getpid(), signal.SIGKILL)
            connections[-1].set_trace_callback(count)
            store.apply(batch)
            os._exit(0)
        _, status = os.waitpid(child, 0)
        killed = os.WIFSIGNALED(status)
        with SQLiteStore(file) as store:
            before = len(store.look_up(keys))
            again = list(store.apply(batch))
            outcomes.append([before, again, len(store.look_up(keys)), len(store.entries().items)])
        if not killed:
            break
    print(json.dumps(outcomes))
    """
    outcomes = finish(start(script, tmp_path / "list.db"))
    assert isinstance(outcomes, list)
    *killed, whole = outcomes
    assert len(killed) >= 20
    assert all(one == [0, [True, True], 3, 4] for one in killed)
    assert whole == [3, [False, False], 3, 4]


@needs_fork
def test_a_child_opens_its_own_connections(tmp_path: Path) -> None:
    """What came through a fork is neither used nor closed by the child."""
    script = """
    import gc
    store = SQLiteStore(path)
    store.suppress("ann@example.org")
    used = []
    connections.pop().set_trace_callback(used.append)
    def alive():
        return sum(isinstance(one, sqlite3.Connection) for one in gc.get_objects())
    child = os.fork()
    if child == 0:
        for number in range(3):
            assert store.look_up(["ann@example.org"])
            store.suppress(f"child{number}@example.org")
        assert not used and len(connections) == 1 and alive() == 2
        store.close()
        connections.clear()
        gc.collect()
        assert alive() == 1
        os._exit(0)
    _, status = os.waitpid(child, 0)
    store.suppress("parent@example.org")
    check = sqlite3.connect(path).execute("PRAGMA integrity_check").fetchone()[0]
    print(json.dumps([status, len(store.entries().items), check, bool(used)]))
    """
    assert finish(start(script, tmp_path / "list.db")) == [0, 5, "ok", True]


def test_processes_write_side_by_side(tmp_path: Path) -> None:
    """Of the same events brought by three processes, each is applied by one, and none is lost."""
    script = """
    store = SQLiteStore(path, busy_timeout=60)
    events = [(f"event {number}", [soft(limit=60)]) for number in range(60)]
    order = events if sys.argv[2] == "0" else events[::-1]
    print(json.dumps(sum(sum(store.apply([event])) for event in order)))
    """
    path = tmp_path / "list.db"
    running = [start(script, path, number) for number in range(3)]
    counts = [finish(process) for process in running]
    assert sum(count for count in counts if isinstance(count, int)) == 60
    connection = sqlite3.connect(path)
    assert connection.execute("SELECT count(*) FROM soft_bounces").fetchone() == (60,)
    assert connection.execute("SELECT source FROM entries").fetchall() == [("soft-bounces",)]
    connection.close()


def test_a_file_that_may_not_grow_is_an_error(tmp_path: Path) -> None:
    """At the limit of the operating system nothing is written, and the list still answers."""
    pytest.importorskip("resource", reason="there are no limits on file sizes here")
    script = """
    import resource
    from sesguard.errors import StoreError
    store = SQLiteStore(path)
    store.suppress("ann@example.org")
    signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    size = os.path.getsize(path + "-wal")
    resource.setrlimit(resource.RLIMIT_FSIZE, (size + 4096, resource.RLIM_INFINITY))
    many = [hard(f"{number}@example.org") for number in range(2000)]
    try:
        store.apply([("event", many)])
        result = "written"
    except StoreError as error:
        result = "error"
    listed = [entry.key for entry in store.entries().items]
    resource.setrlimit(resource.RLIMIT_FSIZE, (resource.RLIM_INFINITY,) * 2)
    print(json.dumps([result, listed, list(store.apply([("event", many)]))]))
    """
    assert finish(start(script, tmp_path / "list.db")) == ["error", ["ann@example.org"], [True]]


@pytest.mark.skipif(not hasattr(os, "setuid"), reason="there are no users here")
@pytest.mark.parametrize("mode", [0o000, 0o444])
def test_a_file_without_permission_is_an_error(tmp_path: Path, mode: int) -> None:
    """A file that this user may not read or write is not an empty one."""
    script = """
    from sesguard.errors import StoreError
    with SQLiteStore(path) as store:
        store.suppress("ann@example.org")
    os.chmod(path, int(sys.argv[2]))
    os.chdir(os.path.dirname(path))
    os.chmod(".", 0o555)
    if os.getuid() == 0:
        os.setuid(65534)
    results = []
    for act in (lambda s: s.look_up(["ann@example.org"]), lambda s: s.suppress("ben@example.org")):
        store = SQLiteStore(os.path.basename(path))
        try:
            results.append(sorted(act(store) or ()))
        except StoreError as error:
            results.append("error")
    print(json.dumps(results))
    """
    folder = tmp_path / "folder"
    folder.mkdir()
    read, written = cast_pair(finish(start(script, folder / "list.db", mode)))
    assert written == "error"
    assert read in (("error",) if mode == 0 else ("error", ["ann@example.org"]))


def cast_pair(value: object) -> tuple[object, object]:
    assert isinstance(value, list)
    first, second = value
    return first, second


def test_a_backup_is_copied_by_sqlite(tmp_path: Path) -> None:
    """What is still in the log is in a backup that SQLite itself makes."""
    script = """
    store = SQLiteStore(path)
    store.suppress("ann@example.org")
    source, target = sqlite3.connect(path), sqlite3.connect(path + ".backup")
    source.backup(target)
    source.close(); target.close()
    with SQLiteStore(path + ".backup") as copy:
        print(json.dumps([entry.key for entry in copy.entries().items]))
    """
    assert finish(start(script, tmp_path / "list.db")) == ["ann@example.org"]
