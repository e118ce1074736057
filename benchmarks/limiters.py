"""
Eight processes and one rate, in real time: what passes it, what is used of it, who is starved.

By default the steady rows take a minute each, and the others ten seconds: five minutes in all.
``SESGUARD_BENCH_SECONDS=12`` makes it a third of that; ``SESGUARD_BENCH_SHORT=60`` gives a minute
to every row, in which a process draws enough mails for their sizes to even out.
"""

from __future__ import annotations

import os
import shutil
import socket
import sqlite3
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Generator, Iterator
from contextlib import closing, contextmanager, suppress
from pathlib import Path
from typing import Any

from benchmarks.crowd import crowd
from benchmarks.harness import Bar, Figure
from benchmarks.limiters_load import LARGEST, PROCESSES, RATE, Grants, Load, send
from benchmarks.peers import peer

NOTES = [
    f"limiters: {PROCESSES} processes, mails of 1 to {LARGEST} recipients, {RATE} a second. A "
    "second's most is against the rate, a tenth of it, and one mail. The machine's own clock, so "
    "a process that is not let run adds up to a hundredth.",
    "limiters: pyrate-limiter keeps a log of a second and answers a mail larger than the rate "
    "never; its clock in Redis and SQLite is the wall's. limits answers no instead of a wait, and "
    "is asked again after 10 ms. aiolimiter knows one event loop: each process has an eighth. "
    "None of them slows down when SES throttles.",
]
SECONDS = float(os.environ.get("SESGUARD_BENCH_SECONDS", "60"))
SHORT = float(os.environ.get("SESGUARD_BENCH_SHORT", SECONDS / 6))
OURS = ("SQLiteLimiter", "RedisLimiter")
PEERS = {
    "pyrate-limiter, SQLite": ("pyrate_limiter", "filelock"),  # shares a file by a lock
    "pyrate-limiter, Redis": ("pyrate_limiter",),
    "limits, Redis": ("limits",),
    "aiolimiter, an eighth each": ("aiolimiter",),
}
LEAD = 3.0  # seconds for a process to make its limiter, and others to import theirs
AWAY = 2.0  # seconds for which a backend is stopped


def played(load: Load, meanwhile: Callable[[], object] = lambda: None) -> list[Grants]:
    """What each of the processes sent in the time, and not what it was promised for after it."""
    with crowd(PROCESSES, send) as pool:
        begin = time.monotonic() + LEAD
        loads = [load._replace(number=number, begin=begin) for number in range(PROCESSES)]
        told = pool.map_async(send, loads, chunksize=1)
        time.sleep(LEAD + load.seconds / 3)
        meanwhile()
        end = begin + load.seconds
        _watch(told, load)
        sent = told.get(timeout=load.seconds * 3 + 120)
        return [[grant for grant in grants if grant[0] < end] for grants in sent]


def _watch(told: Any, load: Load) -> None:
    """Say so where the machine let not even this process run: its senders lost that time too."""
    stood, at = 0.0, time.monotonic()
    while not told.ready():
        told.wait(0.02)
        passed, at = time.monotonic() - at, time.monotonic()
        stood += passed if passed > 0.2 else 0.0
    if stood:
        NOTES.append(f"limiters: the machine stood still for {stood:.1f} s with {load.limiter}.")


def busiest(grants: Grants) -> float:
    """The most recipients in any second; *grants* are sorted."""
    most = inside = first = 0
    for at, units in grants:
        inside += units
        while grants[first][0] <= at - 1.0:
            inside -= grants[first][1]
            first += 1
        most = max(most, inside)
    return most


def figures(what: str, told: list[Grants], *, most: float, due: float) -> Iterator[Figure]:
    """
    A second's most, the use of the rate, and the least share.

    Args:
        most: Recipients that may start in a second.

        due: Recipients that could have been mailed in all.
    """
    grants = sorted(grant for one in told for grant in one)
    shares = [sum(units for _, units in one) for one in told]
    total = sum(shares)
    least = min(shares) * len(told) / max(total, 1)
    for name, against, figure, bar in (
        ("busiest second", "what is allowed", busiest(grants) / most, Bar(at_most=1.01)),
        ("use", "what the rate allows", total / due, Bar(at_least=0.98)),
        ("least-served", "mean share", least, Bar(at_least=0.5)),
    ):
        yield Figure(
            area="limiters", what=f"{what}: {name}", against=against, figure=figure, bar=bar
        )


def rows() -> Iterator[Figure]:
    """Ours under steady demand, with a clock that is set, with a backend that goes; then others."""
    server = Server() if peer("redis", NOTES) and shutil.which("redis-server") else None
    if server is None:
        NOTES.append("limiters: redis or redis-server is not installed: their rows are left out.")
    with tempfile.TemporaryDirectory() as folder:
        for number, load in enumerate(loads(SHORT)):
            file = str(Path(folder) / f"{number}.db")
            if server is None:
                if "Redis" not in load.limiter:
                    yield from scenario(load._replace(path=file), None)
                continue
            server.start()
            try:
                yield from scenario(load._replace(path=file, port=server.port), server)
            finally:
                server.stop()


def loads(short: float) -> Iterator[Load]:
    """What is played, one after the other."""
    for limiter in OURS:
        load = Load(0, limiter, "", 0, 0.0, short)
        yield load._replace(seconds=SECONDS)
        yield load._replace(step=3600.0)
        yield load._replace(step=-3600.0)
        yield load._replace(away="raise")
        yield load._replace(away="local")
    for name, modules in PEERS.items():
        if all(peer(module, NOTES) for module in modules):
            load = Load(0, name, "", 0, 0.0, short)
            yield load
            if name == "pyrate-limiter, Redis":
                yield load._replace(step=-3600.0)


def scenario(load: Load, server: Server | None) -> Iterator[Figure]:
    """One of them, and its figures."""

    def away() -> None:
        with stopped(load, server):
            time.sleep(AWAY)

    what = load.limiter
    most, due = 1.1 * RATE + LARGEST, RATE * load.seconds
    if load.step:
        what += f", wall clock {load.step / 3600:+.0f} h"
    if load.away:
        what += f", stopped, {load.away}"
    if load.away == "raise":
        due -= RATE * AWAY
    if load.away == "local":  # each process has a burst and a debt of its own
        most = 1.1 * RATE + LARGEST * PROCESSES
    print(f"measuring {what}", file=sys.stderr, flush=True)
    told = played(load, away if load.away else lambda: None)
    yield from figures(what, told, most=most, due=due)


@contextmanager
def stopped(load: Load, server: Server | None) -> Generator[None, None, None]:
    """As long as the block runs, the server is not there, or somebody else has the file."""
    if load.limiter == "SQLiteLimiter":
        with closing(sqlite3.connect(load.path, isolation_level=None, timeout=10)) as holder:
            holder.execute("BEGIN EXCLUSIVE")
            yield
    elif server is not None:
        server.stop()
        try:
            yield
        finally:
            server.start()


class Server:
    """A redis-server on loopback, which can be stopped and started again."""

    def __init__(self) -> None:
        with socket.socket() as listener:
            listener.bind(("127.0.0.1", 0))
            self.port: int = listener.getsockname()[1]
        self._process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        command = ["redis-server", "--port", str(self.port), "--bind", "127.0.0.1"]
        self._process = subprocess.Popen(
            [*command, "--save", "", "--appendonly", "no"], stdout=subprocess.DEVNULL
        )
        for _ in range(500):
            with suppress(OSError), socket.create_connection(("127.0.0.1", self.port), 1):
                return
            time.sleep(0.01)

    def stop(self) -> None:
        if self._process is not None:
            self._process.terminate()
            self._process.wait(30)
