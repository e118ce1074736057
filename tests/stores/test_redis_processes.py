"""
The Redis store among processes: killed, forked, side by side, and without its package.

As a program it makes more kills and tells its figures:
``python -m tests.stores.test_redis_processes 1000``.
"""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import tempfile
import textwrap
from collections.abc import Iterator
from pathlib import Path

import pytest
import redis

from sesguard.stores.redis import RedisStore
from tests.peers.redis_server import RedisServer, redis_server
from tests.test_worker_kill import KILLS, ROOT, play

BEGIN = """
import json, os, signal, sys
from datetime import UTC, datetime, timedelta
import redis
from sesguard.stores.redis import RedisStore
from sesguard.suppression import *

NOW = datetime(2026, 1, 15, tzinfo=UTC)
client = redis.Redis(port=int(sys.argv[1]), socket_timeout=60)
store = RedisStore(client)

def soft(key="ann@example.org", limit=2):
    return CountSoftBounce(key=key, at=NOW, limit=limit, window=timedelta(days=7))

def hard(key):
    return Suppress(Suppression(key=key, reason=Reason.BOUNCE, at=NOW))
"""


@pytest.fixture
def server() -> Iterator[RedisServer]:
    """A server of the test's own."""
    with redis_server() as server:
        yield server


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
def test_a_child_and_its_parent_share_a_store(server: RedisServer) -> None:
    """A store that was used before a fork is used by both after it."""
    script = """
    store.suppress("before@example.org")
    child = os.fork()
    name = "parent" if child else "child"
    for number in range(50):
        assert store.look_up(["before@example.org"])
        store.suppress(f"{name}{number}@example.org")
    if not child:
        os._exit(0)
    _, status = os.waitpid(child, 0)
    print(json.dumps([status, len(store.entries().items)]))
    """
    assert finish(start(script, server.port)) == [0, 101]


def test_processes_write_side_by_side(server: RedisServer) -> None:
    """Of the same events brought by three processes, each is applied by one, and none is lost."""
    script = """
    events = [(f"event {number}", [soft(limit=60)]) for number in range(60)]
    order = events if sys.argv[2] == "0" else events[::-1]
    print(json.dumps(sum(sum(store.apply([event])) for event in order)))
    """
    running = [start(script, server.port, number) for number in range(3)]
    counts = [finish(process) for process in running]
    assert sum(count for count in counts if isinstance(count, int)) == 60
    with server.client() as client:
        (told,) = RedisStore(client).export("ann@example.org")
        assert len(told["soft_bounces"]) == 60  # type: ignore[arg-type]  # a list
        assert RedisStore(client).entries().items[0].source == "soft-bounces"


def test_a_writer_that_was_killed_leaves_a_whole_list(server: RedisServer) -> None:
    """Killed in the middle of what it sends, it has applied whole batches, and others go on."""
    script = """
    for number in range(1_000_000):
        store.apply([(f"{number}", [hard(f"{number}.{part}@example.org") for part in range(40)])])
        if number == 20:
            print("going", flush=True)
    """
    for _ in range(5):
        process = start(script, server.port)
        assert process.stdout is not None
        assert process.stdout.readline() == "going\n"
        process.send_signal(signal.SIGKILL)
        process.communicate(timeout=60)
        with server.client() as client, RedisStore(client) as store:
            marks = sum(1 for _ in client.scan_iter("*:event:*", count=1000))
            keys = [one.key for one in store.entries(None, 1_000_000).items]
            assert len(keys) == 40 * marks
            assert len(store.look_up(keys)) == len(keys)
            client.flushall()


def test_without_the_package_the_error_says_what_to_install() -> None:
    """A missing redis is named with the line for pip, and the other stores work without it."""
    script = (
        "import sys; sys.modules['redis'] = None\n"
        "from sesguard import errors\n"
        "from sesguard.stores.memory import MemoryStore\n"
        "try: from sesguard.stores.redis import RedisStore\n"
        "except errors.MissingExtraError as error: print(error)"
    )
    done = subprocess.run(
        [sys.executable, "-c", script], capture_output=True, text=True, check=True
    )
    assert "pip install 'sesguard[redis]'" in done.stdout


def killed(kills: int, seed: int, folder: Path) -> dict[str, object]:
    """Kill so many workers on a list in Redis, then look at it."""
    with redis_server(folder) as server:

        def open_store() -> RedisStore:
            return RedisStore(redis.Redis(port=server.port, socket_timeout=30))

        return play(kills, seed, open_store)


@needs_fork
def test_a_killed_worker_loses_no_event_and_applies_none_twice(tmp_path: Path) -> None:
    """Whenever it is killed, what it had not deleted comes again and counts once."""
    done = subprocess.run(
        [sys.executable, "-m", "tests.stores.test_redis_processes", str(KILLS), str(tmp_path)],
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


def main(kills: str = str(KILLS), folder: str | None = None, seed: str = "1") -> None:
    with tempfile.TemporaryDirectory(dir=folder) as made:
        figures = killed(int(kills), int(seed), Path(made))
    sys.stdout.write(json.dumps(figures, indent=2) + "\n")


if __name__ == "__main__":
    main(*sys.argv[1:])
