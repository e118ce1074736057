"""Eight processes at once, by the machine's own clock."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from time import monotonic

import pytest

from tests.peers.redis_server import redis_server

RATE, PROCESSES, SECONDS = 2000.0, 8, 1.5

# Sends as fast as it is let, mails of 1 to 50 recipients, and says when each one started.
SENDER = f"""
import json, random, sys, time
limiter = None
{{make}}
random.seed(int(sys.argv[1]))
print("ready", flush=True)
until = float(sys.stdin.readline()) + {SECONDS}
grants = []
while (now := time.monotonic()) < until:
    units = random.randint(1, 50)
    wait = limiter.reserve(units)
    at = time.monotonic()
    grants.append((at + wait, units))
    time.sleep(wait)
print(json.dumps(grants))
"""


@pytest.fixture(params=["sqlite", "redis"])
def make(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[str]:
    """What makes the limiter, in each process."""
    if request.param == "sqlite":
        yield (
            "from sesguard.limiters import SQLiteLimiter\n"
            f"limiter = SQLiteLimiter({str(tmp_path / 'rate.db')!r}, {RATE})"
        )
    else:
        with redis_server() as server:
            yield (
                "import redis\nfrom sesguard.limiters import RedisLimiter\n"
                f"limiter = RedisLimiter(redis.Redis(port={server.port}), {RATE})"
            )


def test_eight_processes_keep_to_one_rate(make: str) -> None:
    """In no second more than the rate, the burst and one mail; the rate is used; all take part."""
    command = [sys.executable, "-W", "ignore", "-c", SENDER.format(make=make)]
    senders = [
        subprocess.Popen(
            [*command, str(number)], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
        )
        for number in range(PROCESSES)
    ]
    try:
        for sender in senders:
            assert sender.stdout is not None
            assert sender.stdout.readline() == "ready\n"
        begin = monotonic() + 0.2
        for sender in senders:
            assert sender.stdin is not None
            sender.stdin.write(f"{begin!r}\n")
            sender.stdin.flush()
        told = [sender.communicate(timeout=60)[0] for sender in senders]
    finally:
        for sender in senders:
            sender.kill()
            sender.communicate()
    by_sender: list[list[tuple[float, int]]] = [
        [(at, units) for at, units in json.loads(text)] for text in told
    ]
    grants = sorted(grant for grants in by_sender for grant in grants)
    begin, end = grants[0][0], grants[-1][0]
    busiest = max(
        sum(units for at, units in grants if start <= at < start + 1) for start, _ in grants
    )
    # A start is told a little late by a process that was not let run: hence a hundredth more.
    assert busiest <= 1.01 * RATE + RATE / 10 + 50
    assert sum(units for _, units in grants) >= 0.98 * RATE * (end - begin)
    shares = [sum(units for _, units in grants) for grants in by_sender]
    assert min(shares) >= 0.5 * sum(shares) / PROCESSES
