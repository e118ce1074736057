"""What a worker costs: its time beside a bare loop's, and how often it asks SQS."""

from __future__ import annotations

import json
import tempfile
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from benchmarks.harness import Bar, Candidate, Claim, Figure, Row, compare
from benchmarks.peers import answering_client
from benchmarks.samples import bounce, in_sns
from sesguard import Worker
from sesguard.sources import SQSSource
from sesguard.stores import MemoryStore, SQLiteStore

NOTES: list[str] = []
EVENTS = 1000
FLOOR = EVENTS / 10 * 2  # ten at a time, received and deleted
URL = "https://sqs.us-east-1.amazonaws.com/123456789012/feedback"
BODIES = [in_sns(bounce(number=number), number) for number in range(EVENTS)]


class Queue:
    """A thousand events in SQS's answers, and a client that gets them."""

    def __init__(self) -> None:
        self.calls: Counter[str] = Counter()
        self._waiting: list[tuple[int, str]] = []
        self.client = answering_client(
            "sqs", {"ReceiveMessage": self._receive, "DeleteMessageBatch": self._delete}
        )

    def fill(self) -> None:
        self._waiting = list(enumerate(BODIES))

    def _receive(self) -> dict[str, Any]:
        self.calls["receive"] += 1
        batch, self._waiting[:10] = self._waiting[:10], []
        return {
            "Messages": [
                {
                    "MessageId": str(number),
                    "ReceiptHandle": f"receipt-{number}",
                    "Body": body,
                    "Attributes": {"ApproximateReceiveCount": "1"},
                }
                for number, body in batch
            ]
        }

    def _delete(self) -> dict[str, Any]:
        self.calls["delete"] += 1
        return {"Successful": [{"Id": str(number)} for number in range(10)], "Failed": []}


def bare(queue: Queue) -> int:
    """What the shortest loop does: receive, read the JSON in the JSON, delete."""
    queue.fill()
    read = 0
    while messages := queue.client.receive_message(QueueUrl=URL, MaxNumberOfMessages=10)[
        "Messages"
    ]:
        entries: list[dict[str, str]] = []
        for message in messages:
            record = json.loads(json.loads(message["Body"])["Message"])
            read += len(record["bounce"]["bouncedRecipients"])
            entries.append({"Id": str(len(entries)), "ReceiptHandle": message["ReceiptHandle"]})
        queue.client.delete_message_batch(QueueUrl=URL, Entries=entries)
    return read


def worked_off(queue: Queue, path: Path, threads: int) -> int:
    """The worker's thousand, on a list that is new each time."""
    queue.fill()
    for file in path.parent.glob(f"{path.name}*"):
        file.unlink()
    source = SQSSource(URL, boto3_client=queue.client)
    with SQLiteStore(path) as store, Worker(source, store=store, threads=threads) as worker:
        return worker.drain().applied


def rows() -> Iterator[Row | Figure]:
    """Against a bare loop, and against the fewest calls that SQS allows."""
    queue = Queue()
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "list.db"
        runs = {
            "bare receive, parse, delete": lambda: bare(queue),
            "Worker on SQLite": lambda: worked_off(queue, path, 1),
            "Worker on SQLite, 4 threads": lambda: worked_off(queue, path, 4),
        }
        yield from compare(
            "worker",
            [
                Candidate(name=name, run=run, right=lambda done: done == EVENTS, units=EVENTS)
                for name, run in runs.items()
            ],
            [
                Claim("Worker on SQLite", "bare receive, parse, delete", Bar(at_most=3.0)),
                Claim("Worker on SQLite, 4 threads", "bare receive, parse, delete"),
            ],
            repeats=11,
        )
    queue = Queue()
    queue.fill()
    store = MemoryStore()
    Worker(SQSSource(URL, boto3_client=queue.client), store=store).drain()
    listed = len(store.entries().items)
    assert listed == EVENTS, f"{listed} addresses are on the list"
    yield Figure(
        area="worker",
        what="API calls for 1,000 events",
        against=f"{FLOOR:g} calls",
        figure=queue.calls.total() / FLOOR,
        bar=Bar(at_most=205 / 200),
    )
