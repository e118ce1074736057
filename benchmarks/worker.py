"""How often a worker asks SQS for a thousand events."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from typing import Any

from benchmarks.harness import Bar, Figure
from benchmarks.peers import answering_client
from benchmarks.samples import bounce, in_sns
from sesguard import Worker
from sesguard.sources import SQSSource
from sesguard.stores import MemoryStore

NOTES: list[str] = []
EVENTS = 1000
FLOOR = EVENTS / 10 * 2  # ten at a time, received and deleted


def rows() -> Iterator[Figure]:
    """Against the fewest calls that SQS allows."""
    calls: Counter[str] = Counter()
    bodies = [in_sns(bounce(number=number), number) for number in range(EVENTS)]
    waiting = list(enumerate(bodies))

    def receive() -> dict[str, Any]:
        calls["receive"] += 1
        batch, waiting[:10] = waiting[:10], []
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

    def delete() -> dict[str, Any]:
        calls["delete"] += 1
        return {"Successful": [{"Id": str(number)} for number in range(10)], "Failed": []}

    client = answering_client("sqs", {"ReceiveMessage": receive, "DeleteMessageBatch": delete})
    source = SQSSource(
        "https://sqs.us-east-1.amazonaws.com/123456789012/feedback", boto3_client=client
    )
    store = MemoryStore()
    Worker(source, store=store).drain()
    listed = len(store.entries().items)
    assert listed == EVENTS, f"{listed} addresses are on the list"
    yield Figure(
        area="worker",
        what="API calls for 1,000 events",
        against=f"{FLOOR:g} calls",
        figure=calls.total() / FLOOR,
        bar=Bar(at_most=205 / 200),
    )
