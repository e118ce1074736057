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

RATE, PROCESSES, MAILS = 2000.0, 8, 100

# Reserves mails of 1 to 50 recipients, and says between which moments each of them may start: when
# it was asked for and when that was answered, and the wait. It does not wait for them itself.
SENDER = f"""
import json, random, sys, time
limiter = None
{{make}}
sizes = random.Random(int(sys.argv[1]))
print("ready", flush=True)
sys.stdin.readline()
grants = []
for _ in range({MAILS}):
    units = sizes.randint(1, 50)
    asked = time.monotonic()
    wait = limiter.reserve(units)
    grants.append((asked + wait, time.monotonic() + wait, units))
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


def told(make: str) -> list[tuple[float, float, int]]:
    """All mails of all processes, which reserve at once: the span of each start, and its size."""
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
        for sender in senders:
            assert sender.stdin is not None
            sender.stdin.write("go\n")
            sender.stdin.flush()
        texts = [sender.communicate(timeout=60)[0] for sender in senders]
    finally:
        for sender in senders:
            sender.kill()
            sender.communicate()
    return [(early, late, units) for text in texts for early, late, units in json.loads(text)]


def test_eight_processes_keep_to_one_rate(make: str) -> None:
    """In no second more than the rate, the burst and one mail, and none of the rate is lost."""
    begin = monotonic()
    grants = told(make)
    end = monotonic()
    busiest = max(
        sum(units for early, late, units in grants if begins <= early and late < begins + 1)
        for begins, *_ in grants
    )
    assert busiest <= RATE + RATE / 10 + 50
    total = sum(units for *_, units in grants)
    assert max(late for _, late, _ in grants) >= begin + (total - 50 - RATE / 10) / RATE
    assert max(early for early, *_ in grants) <= end + total / RATE
