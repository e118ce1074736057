"""Batches that Lambda receives and deletes: which of their messages come again."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable, Mapping
from typing import Any

import pytest

from sesguard import FeedbackPolicy, errors, events
from sesguard.stores import MemoryStore
from sesguard.worker import BatchWorker, WorkerTally
from tests.peers import feedback
from tests.test_worker import Moody, bounced, is_listed


def batch(*bodies: str) -> dict[str, object]:
    """As Lambda hands on what it received; the messages are called m0, m1 and so on."""
    return {
        "Records": [
            {
                "messageId": f"m{number}",
                "receiptHandle": f"receipt-{number}",
                "body": body,
                "attributes": {"ApproximateReceiveCount": "2"},
                "eventSource": "aws:sqs",
                "eventSourceARN": "arn:aws:sqs:eu-west-1:123456789012:feedback",
                "awsRegion": "eu-west-1",
            }
            for number, body in enumerate(bodies)
        ]
    }


def again(worker: BatchWorker, *bodies: str) -> list[str]:
    """The ids of the messages that come again."""
    answer = worker.handle(batch(*bodies))
    assert list(answer) == ["batchItemFailures"]
    return [one["itemIdentifier"] for one in answer["batchItemFailures"]]


def test_a_batch_that_is_done_with_has_no_failures() -> None:
    """In whichever envelope; the list first, in one commit, then the handlers."""
    store = Moody()
    seen: list[bool] = []
    worker = BatchWorker(store=store, handlers=[lambda event: seen.append(is_listed(store, "b"))])
    body = feedback.through_sns(feedback.bounce(["b@example.org"], feedback_id="b"))
    answer = worker.handle(batch(bounced("a"), body))
    assert answer == {"batchItemFailures": []}
    assert json.loads(json.dumps(answer)) == answer
    assert seen == [True, True]
    assert store.commits == 1
    assert worker.tally() == WorkerTally(received=2, applied=2, deleted=2)


def test_only_what_failed_comes_again() -> None:
    """Poison, what is not SES's, and what a handler did not take; never what was dealt with."""

    def picky(event: events.Event) -> None:
        if event.key == "Bounce:c":
            raise ValueError

    worker = BatchWorker(store=MemoryStore(), handlers=[picky])
    bodies = [bounced("a"), "not JSON", feedback.S3_TEST, bounced("c"), bounced("d")]
    assert again(worker, *bodies) == ["m1", "m2", "m3"]
    tally = worker.tally()
    assert (tally.poison, tally.foreign, tally.handler_failures, tally.applied) == (1, 1, 1, 3)
    assert again(worker, bounced("a")) == []
    assert worker.tally().repeated == 1


def test_foreign_messages_may_be_skipped() -> None:
    """Then they count as done."""
    worker = BatchWorker(store=MemoryStore(), foreign="skip")
    assert again(worker, feedback.S3_TEST, "not JSON") == ["m1"]
    assert worker.tally().skipped == 1


def test_all_comes_again_where_the_store_fails() -> None:
    """Nothing is told, and nothing raised: Lambda brings the batch again."""
    told: list[str] = []
    store = Moody(failures=3)
    worker = BatchWorker(store=store, handlers=[lambda event: told.append(event.key)])
    assert again(worker, bounced("a"), bounced("b")) == ["m0", "m1"]
    assert told == []
    assert worker.tally().store_failures == 2
    assert again(worker, bounced("a"), bounced("b")) == []
    assert told == ["Bounce:a", "Bounce:b"]


def test_what_is_not_begun_comes_again() -> None:
    """The function's time is nearly over: the rest is for its next invocation."""
    told: list[str] = []
    worker = BatchWorker(store=MemoryStore(), handlers=[lambda event: told.append(event.key)])
    answer = worker.handle(batch(bounced("a"), bounced("b")), stopping=lambda: len(told) == 1)
    assert answer == {"batchItemFailures": [{"itemIdentifier": "m1"}]}
    assert worker.tally().released == 1


def test_handlers_may_be_asynchronous() -> None:
    """They are awaited on one loop, unless one runs in the thread: then nothing is begun."""
    told: list[str] = []
    store = MemoryStore()
    with BatchWorker(store=store) as worker:

        @worker.on(events.Bounce)
        async def later(event: events.Bounce) -> None:
            await asyncio.sleep(0)
            told.append(event.key)

        assert again(worker, bounced("a")) == []

        async def main() -> None:
            worker.handle(batch(bounced("b")))

        with pytest.raises(errors.ConfigurationError, match="loop"):
            asyncio.run(main())
    assert told == ["Bounce:a"]
    assert not is_listed(store, "b")


WITHOUT: list[Callable[[dict[str, Any]], object]] = [
    lambda record: record.pop("messageId"),
    lambda record: record.update(messageId=""),
    lambda record: record.pop("body"),
    lambda record: record.update(body=["a"]),
]


@pytest.mark.parametrize("number", range(len(WITHOUT)))
def test_what_is_no_message_is_refused_with_all_of_its_batch(number: int) -> None:
    """Without an id it could not be told which one comes again. Nothing is done."""
    store = MemoryStore()
    event: Any = batch(bounced("a"), bounced("b"))
    WITHOUT[number](event["Records"][1])
    with pytest.raises(errors.ParseError, match="no SQS message"):
        BatchWorker(store=store).handle(event)
    assert not is_listed(store, "a")


@pytest.mark.parametrize(
    "event", [None, [], {}, {"Records": None}, {"Records": "abc"}, {"Records": [None]}]
)
def test_what_is_no_batch_is_refused(event: Any) -> None:
    """Another trigger's event, by mistake."""
    with pytest.raises(errors.ParseError, match="SQS"):
        BatchWorker(store=MemoryStore()).handle(event)


def test_a_count_that_is_none_does_not_matter() -> None:
    """It is only told."""
    event: Any = batch(bounced("a"), bounced("b"))
    event["Records"][0]["attributes"] = {"ApproximateReceiveCount": "often"}
    event["Records"][1].pop("attributes")
    assert BatchWorker(store=MemoryStore()).handle(event) == {"batchItemFailures": []}


def test_an_empty_batch_is_done() -> None:
    """Lambda sends none; a test of the function may."""
    assert BatchWorker(store=MemoryStore()).handle({"Records": []}) == {"batchItemFailures": []}


@pytest.mark.parametrize(
    ("options", "says"),
    [
        ({"store": MemoryStore}, "the class MemoryStore"),
        ({"policy": object()}, "no consequences"),
        ({"handlers": [3]}, "function"),
        ({"foreign": "delete"}, "foreign="),
    ],
)
def test_what_cannot_work_is_refused(options: Mapping[str, Any], says: str) -> None:
    """At the door, by name."""
    refused: Any = BatchWorker
    with pytest.raises(errors.ConfigurationError, match=says):
        refused(**{"store": MemoryStore(), **options})


def test_a_decorator_takes_classes() -> None:
    """And the mistake is told with this class's name."""
    worker: Any = BatchWorker(store=MemoryStore(), policy=FeedbackPolicy())
    with pytest.raises(errors.ConfigurationError, match="BatchWorker"):
        worker.on()
