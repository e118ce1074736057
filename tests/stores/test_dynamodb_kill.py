"""
The worker killed with SIGKILL at any line, over a queue with all of SQS's faults and DynamoDB.

It is `tests.test_worker_kill`, with the list on a server of moto's that outlives all workers.
In a test it makes a few kills. As a program it makes more and tells its figures:
``python -m tests.stores.test_dynamodb_kill 200``.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Generator
from contextlib import contextmanager

import boto3.session

from sesguard.stores.dynamodb import DynamoDBStore
from tests import test_worker_kill as kill
from tests.peers.dynamodb_server import REGION

KILLS = int(os.environ.get("SESGUARD_DYNAMODB_KILLS", "20"))
"""In CI. Each takes about half a second, most of it to make a client."""


@contextmanager
def server() -> Generator[str, None, None]:
    """Where a server of moto's listens, in a process of its own."""
    with subprocess.Popen(
        [sys.executable, "-m", "tests.peers.dynamodb_server"],
        cwd=kill.ROOT,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    ) as process:
        assert process.stdout is not None
        yield process.stdout.readline().strip()
        process.terminate()


def play(kills: int, seed: int) -> dict[str, object]:
    """Kill so many workers, then look at the list."""
    with server() as url:
        session = boto3.session.Session("testing", "testing", region_name=REGION)

        def opened() -> DynamoDBStore:
            return DynamoDBStore("suppressed", boto3_session=session, endpoint_url=url)

        opened().create_table()
        return kill.play(kills, seed, opened)


def test_a_killed_worker_loses_no_event_and_applies_none_twice() -> None:
    """Whenever it is killed, what it had not deleted comes again and counts once."""
    done = subprocess.run(
        [sys.executable, "-m", "tests.stores.test_dynamodb_kill", str(KILLS)],
        cwd=kill.ROOT,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    figures = json.loads(done.stdout)
    assert figures["kills"] >= KILLS
    assert (figures["events lost"], figures["events applied twice"]) == (0, 0)


def main(kills: str = str(KILLS), seed: str = "1") -> None:
    sys.stdout.write(json.dumps(play(int(kills), int(seed)), indent=2) + "\n")


if __name__ == "__main__":
    main(*sys.argv[1:])
