"""Looking up one address and fifty in Redis, in lists of a thousand and of a million."""

from __future__ import annotations

import shutil
import socket
import subprocess
import time
from collections.abc import Callable, Generator, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

from benchmarks.harness import Bar, Candidate, Claim, Row, compare
from benchmarks.lookup import LARGE, SMALL, asked, fill
from benchmarks.peers import peer

if TYPE_CHECKING:
    import redis

NOTES: list[str] = []
RUNS = 50  # in one stretch
PATIENCE = 20.0  # seconds that the server may take to start


@contextmanager
def started() -> Generator[redis.Redis, None, None]:
    """A client of a redis-server on loopback that keeps nothing."""
    import redis

    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        port: int = listener.getsockname()[1]
    command = ["redis-server", "--port", str(port), "--bind", "127.0.0.1", "--save", ""]
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL)
    until = time.monotonic() + PATIENCE
    try:
        with redis.Redis(port=port, socket_timeout=30) as client:
            while not answers(client):
                if process.poll() is not None or time.monotonic() > until:
                    raise RuntimeError("redis-server did not start")
                time.sleep(0.01)
            yield client
    finally:
        process.terminate()
        process.wait()


def answers(client: redis.Redis) -> bool:
    from redis.exceptions import ConnectionError

    try:
        return bool(client.ping())
    except ConnectionError:
        return False


def by_the_clock(name: str, look_up: Callable[[], int], found: int) -> Candidate:
    """Timed by the wall's clock, since the server's work counts too."""

    def run() -> float:
        began = time.perf_counter()
        for _ in range(RUNS):
            look_up()
        return (time.perf_counter() - began) / RUNS

    assert look_up() == found, f"{name} gives a wrong answer"
    return Candidate(name=name, run=run, right=lambda seconds: seconds > 0, clocked=True)


def rows() -> Iterator[Row]:
    """Against a small list, against fifty look-ups of one, and against what redis-py does bare."""
    if not peer("redis", NOTES) or not shutil.which("redis-server"):
        NOTES.append("look-up in Redis: redis-server is not installed, so its rows are left out.")
        return
    from sesguard.stores.redis import RedisStore

    with started() as client:
        candidates: dict[tuple[int, int], Candidate] = {}
        for size in (SMALL, LARGE):
            store = RedisStore(client, prefix=f"{{{size}}}:")
            fill(store, size)
            fifty = asked(size)
            for keys in (fifty[:1], fifty):
                candidates[len(keys), size] = by_the_clock(
                    f"{len(keys)} in Redis of {size:,}",
                    lambda store=store, keys=keys: len(store.look_up(keys)),  # type: ignore[misc]
                    (len(keys) + 1) // 2,
                )
        fifty, large = asked(LARGE), RedisStore(client, prefix=f"{{{LARGE}}}:")
        texts = [f"{{{LARGE}}}:name:{key}" for key in fifty]
        singly = by_the_clock(
            "the 50 one by one", lambda: sum(len(large.look_up([key])) for key in fifty), 25
        )
        bare = by_the_clock(
            "MGET of the 50", lambda: sum(one is not None for one in client.mget(texts)), 25
        )
        ping = by_the_clock("PING", lambda: int(bool(client.ping())), 1)
        names = {key: one.name for key, one in candidates.items()}
        yield from compare(
            "look-up",
            [singly, bare, ping, *candidates.values()],
            [
                Claim(names[1, LARGE], names[1, SMALL], Bar(at_most=3)),
                Claim(names[50, LARGE], names[50, SMALL], Bar(at_most=3)),
                Claim(singly.name, names[50, LARGE], Bar(at_least=2)),
                Claim(names[50, LARGE], bare.name),
                Claim(names[1, LARGE], ping.name),
            ],
        )
