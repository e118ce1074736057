"""Feedback: read, judged, worked off."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from functools import cache, partial
from pathlib import Path
from typing import Any, NoReturn

from sesguard import FeedbackPolicy, Worker, events, parse_event, parse_events, sources, stores
from sesguard.ports import Received
from sesguard.worker import BatchWorker
from tests.canary.lists import Told
from tests.canary.material import (
    ADDRESS,
    FOREIGN,
    MAILBOX,
    SAID,
    Foreign,
    failing,
    failing_later,
    once,
)
from tests.canary.watch import CANARIES, Watch
from tests.peers import feedback
from tests.peers.http import Answer, HTTPPeer, deaf_port

__all__ = ["SCENARIOS", "drained"]

SAMPLES = sorted((Path(__file__).parents[1] / "samples").rglob("*.*"))


def spoilt(value: Any, by: str) -> Iterator[Any]:
    """Copies of a payload with one of its texts replaced, those in JSON in a text among them."""
    if isinstance(value, dict):
        for name, part in value.items():
            for one in spoilt(part, by):
                yield {**value, name: one}
    elif isinstance(value, list):
        for at, part in enumerate(value):
            for one in spoilt(part, by):
                yield [*value[:at], one, *value[at + 1 :]]
    elif isinstance(value, str):
        yield by
        if value.startswith("{"):
            yield from (json.dumps(one) for one in spoilt(json.loads(value), by))


@cache
def payloads() -> Sequence[str]:
    """What may stand in a queue: the samples, whole and with an address in each place."""
    found: list[str] = []
    for path in SAMPLES:
        text = path.read_text()
        found.append(text)
        if path.suffix == ".json":
            by = f"smtp; 550 5.1.1 {SAID}" if len(found) % 2 else ADDRESS
            found += [json.dumps(one) for one in spoilt(json.loads(text), by)]
    bounce = json.dumps(feedback.bounce([MAILBOX, f"1{ADDRESS}"], destination=[MAILBOX]))
    token = {"Type": "SubscriptionConfirmation", "TopicArn": "arn:aws:sns:eu-west-1:1:a"}
    token |= {"Token": CANARIES["SNS token"], "SubscribeURL": f"https://{CANARIES['SNS token']}"}
    found += [bounce, bounce[:-40], json.dumps(token), json.dumps([token, token])]
    return [*found, ADDRESS, FOREIGN, f'{{"a": "{ADDRESS}', f"[{SAID!r}]"]


def read(watch: Watch, folder: Path) -> None:
    """Every kind of event in every envelope, with addresses where they belong and elsewhere."""
    policy = FeedbackPolicy(soft_bounce_limit=1, complaint_recipients="single")
    watch.value(policy)
    for payload in payloads():
        for event in watch.ask(parse_events, payload) or ():
            watch.text(event.key, "the key")
            watch.ask(policy.consequences, event)
            if event.mail is not None:
                watch.ask(event.mail.header, "subject")
                watch.ask(event.mail.tag, "kind")
    wrong: Any
    for wrong in (ADDRESS.encode() + b"\xff", {ADDRESS: ADDRESS}, [FOREIGN], "[" * 100_000, 7):
        watch.ask(parse_event, wrong)


class Moody(sources.MemorySource):
    """
    A queue that fails at one thing, in its own words.

    Attributes:
        then: Called before it fails.
    """

    def __init__(self, fails: str, bodies: Iterable[str] = ()) -> None:
        super().__init__(bodies)
        self._fails = fails
        self.then: Callable[[], None] = lambda: None

    def _do(self, what: str) -> None:
        if what == self._fails:
            self.then()
            raise Foreign

    def receive(self, limit: int, wait: float, /) -> Sequence[Received]:
        self._do("receive")
        return super().receive(limit, wait)

    def delete(self, receipts: Sequence[str], /) -> Mapping[str, str]:
        self._do("delete")
        return super().delete(receipts)

    def release(self, receipts: Sequence[str], /) -> Mapping[str, str]:
        self._do("release")
        return super().release(receipts)


class Broken:
    """A store that fails."""

    def apply(self, batch: object, /) -> NoReturn:
        raise Foreign


class Short:
    """A store that answers for nothing."""

    def apply(self, batch: object, /) -> Sequence[bool]:
        return []


class Unsure:
    """A policy that fails."""

    consequences = staticmethod(failing)


def drained(watch: Watch, source: Any, **options: Any) -> None:
    """Have a worker empty a queue."""
    options.setdefault("store", stores.MemoryStore())
    with Worker(source, **options) as worker:
        watch.value([worker, source])
        watch.ask(worker.drain)


def worked_off(watch: Watch, folder: Path) -> None:
    """A worker with handlers, stores, policies and queues that fail in their own words."""
    drained(watch, sources.MemorySource(payloads()), batch=1000)
    few = [*payloads()[:: len(payloads()) // 30], *payloads()[-8:]]
    for options in (
        {"handlers": [failing]},
        {"handlers": [failing_later]},
        {"handlers": [watch.value, failing]},
        {"store": Told(fails="suppress").store()},
        {"store": Broken()},
        {"store": Short()},
        {"policy": Unsure()},
    ):
        drained(watch, sources.MemorySource(few), **options)
    for fails in ("receive", "delete", "release"):
        drained(watch, Moody(fails, few))
    drained(watch, Moody("release", few), store=Broken())
    source = Moody("receive")
    with Worker(source, store=stores.MemoryStore()) as worker:
        source.then = worker.stop
        worker.on(events.Bounce)(failing)
        watch.ask(partial(worker.run, handle_signals=False))
        watch.ask(worker.stop)
        any_on: Any = worker.on
        watch.ask(any_on, ADDRESS)
        any_decorator: Any = worker.on(events.Bounce)
        watch.ask(any_decorator, ADDRESS)
        watch.ask(worker.figures)
    worked_aside(watch, folder, few)


def worked_aside(watch: Watch, folder: Path, few: Sequence[str]) -> None:
    """On several threads, with a health file; and as Lambda has it."""
    health = folder / "health.json"
    for options in ({"handlers": [failing, failing_later]}, {"store": Broken()}):
        source = sources.MemorySource(few)
        drained(watch, source, threads=3, health_file=health, foreign="skip", **options)
        watch.text(health.read_text(), "the health file")
    drained(watch, Moody("delete", few), threads=3)
    drained(watch, sources.MemorySource(few), health_file=folder / "no" / "health.json")
    records = [{"messageId": str(at), "body": body} for at, body in enumerate(few)]
    for stores_in in (stores.MemoryStore(), Broken()):
        with BatchWorker(store=stores_in, handlers=[failing]) as batches:
            batches.on(events.Bounce)(failing_later)
            watch.value(batches)
            watch.ask(batches.handle, {"Records": records})
            watch.ask(batches.handle, {"Records": [{"messageId": ADDRESS}]})
            watch.ask(batches.tally)
    any_on: Any = batches.on
    watch.ask(any_on, ADDRESS)


def queued(watch: Watch, folder: Path) -> None:
    """A queue in memory, by itself."""
    queue = sources.MemorySource([SAID], max_receive_count=1)
    watch.value(queue)
    watch.ask(queue.put, FOREIGN)
    receipts = [one.receipt for one in watch.ask(queue.receive, 10, 0.0) or ()]
    watch.ask(queue.extend, [*receipts, ADDRESS], 1.0)
    watch.ask(queue.release, [*receipts, ADDRESS])
    watch.ask(queue.receive, 10, 0.0)
    watch.ask(queue.delete, [*receipts, ADDRESS])
    watch.ask(queue.close)


def out_of_sqs(watch: Watch, folder: Path) -> None:
    """A queue that gives, refuses and fails, with addresses in its messages and its words."""
    body = json.dumps(feedback.bounce([MAILBOX]))
    given = {"Messages": [{"MessageId": "1", "ReceiptHandle": SAID, "Body": body}]}
    failed = {"Failed": [{"Id": "0", "Code": "Gone", "Message": SAID, "SenderFault": True}]}
    refusals: list[Any] = [
        Answer(status, {"__type": f"com.amazonaws.sqs#{code}", "message": SAID})
        for status, code in (
            (400, "QueueDoesNotExist"),
            (403, "AccessDeniedException"),
            (403, "InvalidClientTokenId"),
            (403, "RequestThrottled"),
            (400, "InvalidParameterValue"),
            (400, ADDRESS),
            (500, ADDRESS),
        )
    ]
    refusals += ["reset_after_body", "broken_200"]
    with HTTPPeer(Answer(200, given), *[Answer(200, failed)] * 3, *refusals) as peer:
        client = once("sqs", peer.url)
        source = sources.SQSSource(f"{peer.url}/1/a", boto3_client=client, wait_seconds=1)
        watch.value(source)
        watch.ask(source.receive, 10, 1.0)
        watch.ask(source.delete, [SAID])
        watch.ask(source.extend, [SAID], 30.0)
        watch.ask(source.release, [SAID])
        for _ in refusals:
            watch.ask(source.receive, 10, 1.0)
        drained(watch, source)
        client.close()
    dead_in_sqs(watch)
    with deaf_port() as url:
        client = once("sqs", url)
        source = sources.SQSSource(f"{url}/1/a", boto3_client=client, wait_seconds=1)
        watch.ask(source.receive, 1, 1.0)
        watch.ask(source.delete, [SAID])
        watch.ask(source.close)
        client.close()


def dead_in_sqs(watch: Watch) -> None:
    """Dead letters with addresses in them, listed and moved, and an SQS that refuses."""
    bodies = (json.dumps(feedback.bounce([MAILBOX])), FOREIGN, SAID, json.dumps({"a": ADDRESS}))
    given = {
        "Messages": [
            {"MessageId": str(at), "ReceiptHandle": SAID, "Body": body}
            for at, body in enumerate(bodies)
        ]
    }
    known = {"Attributes": {"QueueArn": "arn:aws:sqs:eu-west-1:1:a"}}
    refused = Answer(400, {"__type": "com.amazonaws.sqs#UnsupportedOperation", "message": SAID})
    answers = [given, {}, {}, known, {"TaskHandle": "task"}, known]
    with HTTPPeer(*(Answer(200, answer) for answer in answers), refused) as peer:
        client = once("sqs", peer.url)
        letters = sources.DeadLetters(f"{peer.url}/1/a", boto3_client=client)
        watch.value(letters)
        watch.ask(letters.entries)
        watch.ask(letters.redrive)
        watch.ask(letters.redrive)
        watch.ask(partial(letters.entries, limit=0))
        watch.ask(letters.close)
        client.close()


SCENARIOS = [read, worked_off, queued, out_of_sqs]
