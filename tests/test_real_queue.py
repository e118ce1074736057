"""The worker over queues of moto's: real boto3, real requests, SNS in front, over loopback."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import boto3.session
import pytest
from moto.server import ThreadedMotoServer

from sesguard import Worker, events
from sesguard.addresses import AddressKey
from sesguard.ports import Received
from sesguard.sources import SQSSource
from sesguard.stores import MemoryStore
from sesguard.suppression import Reason
from sesguard.worker import WorkerTally
from tests.peers import feedback

REGION = "eu-west-1"


class Peer:
    """SNS and SQS on a port of their own."""

    def __init__(self, endpoint_url: str) -> None:
        self.endpoint_url = endpoint_url
        session: Any = boto3.session.Session(region_name=REGION)
        self.sqs: Any = session.client("sqs", endpoint_url=endpoint_url)
        self.sns: Any = session.client("sns", endpoint_url=endpoint_url)
        self._queues = 0

    def queue(self, **attributes: str) -> str:
        self._queues += 1
        made = self.sqs.create_queue(QueueName=f"feedback-{self._queues}", Attributes=attributes)
        return str(made["QueueUrl"])

    def arn(self, queue_url: str) -> str:
        found = self.sqs.get_queue_attributes(QueueUrl=queue_url, AttributeNames=["QueueArn"])
        return str(found["Attributes"]["QueueArn"])

    def topic(self, queue_url: str, *, raw: bool) -> str:
        topic = str(self.sns.create_topic(Name=f"feedback-{self._queues}")["TopicArn"])
        attributes = {"RawMessageDelivery": "true"} if raw else {}
        self.sns.subscribe(
            TopicArn=topic, Protocol="sqs", Endpoint=self.arn(queue_url), Attributes=attributes
        )
        return topic

    def source(self, queue_url: str) -> SQSSource:
        """Without a wait: moto knows at once that a queue is empty."""
        return SQSSource(
            queue_url, region_name=REGION, endpoint_url=self.endpoint_url, wait_seconds=0
        )

    def bodies(self, queue_url: str) -> list[str]:
        answer = self.sqs.receive_message(QueueUrl=queue_url, MaxNumberOfMessages=10)
        return [message["Body"] for message in answer.get("Messages", ())]


@pytest.fixture(scope="module")
def peer() -> Iterator[Peer]:
    server = ThreadedMotoServer("127.0.0.1", port=0, verbose=False)
    server.start()
    host, port = server.get_host_and_port()
    try:
        yield Peer(f"http://{host}:{port}")
    finally:
        server.stop()


TO, CC, BCC = "ann@example.org", "Bob <bob@example.org>", "cid@example.org"


@pytest.mark.parametrize("raw", [False, True])
def test_a_bounce_on_its_way_from_ses_suppresses_whom_it_names(peer: Peer, raw: bool) -> None:
    """Of a mail with To, Cc and Bcc: who bounced, who complained, and nobody who got it."""
    queue_url = peer.queue()
    topic = peer.topic(queue_url, raw=raw)
    everybody = [TO, CC, BCC]
    for record in (
        feedback.delivery([TO]),
        feedback.bounce([CC], destination=everybody),
        feedback.complaint([BCC]),
        feedback.bounce([CC], destination=everybody),  # at least once, says SNS
    ):
        peer.sns.publish(TopicArn=topic, Message=json.dumps(record))
    peer.sns.publish(TopicArn=topic, Message=feedback.VALIDATION)
    store = MemoryStore()
    told: list[events.Event] = []
    with Worker(peer.source(queue_url), store=store, handlers=[told.append]) as worker:
        tally = worker.drain()
    assert tally == WorkerTally(received=5, applied=4, repeated=1, deleted=5)
    keys = [AddressKey(f"{name}@example.org") for name in ("ann", "bob", "cid")]
    found = store.look_up(keys)
    assert {key: entry.reason for key, entry in found.items()} == {
        keys[1]: Reason.BOUNCE,
        keys[2]: Reason.COMPLAINT,
    }
    assert {event.topic_arn for event in told} == {None if raw else topic}
    assert sorted(event.kind for event in told) == [
        "Bounce",
        "Bounce",
        "Complaint",
        "Delivery",
        "SetupNotice",
    ]


def test_poison_reaches_the_dead_letter_queue_after_its_last_receipt(peer: Peer) -> None:
    """After exactly maxReceiveCount receipts, while what is good beside it is deleted."""
    dead_letters = peer.queue()
    policy = {"deadLetterTargetArn": peer.arn(dead_letters), "maxReceiveCount": "3"}
    queue_url = peer.queue(RedrivePolicy=json.dumps(policy), VisibilityTimeout="0")
    peer.sqs.send_message(QueueUrl=queue_url, MessageBody="not JSON")
    peer.sqs.send_message(QueueUrl=queue_url, MessageBody=json.dumps(feedback.bounce([TO])))
    with Worker(peer.source(queue_url), store=MemoryStore(), visibility=60) as worker:
        tally = worker.drain()
    assert (tally.poison, tally.deleted) == (3, 1)
    assert peer.bodies(dead_letters) == ["not JSON"]
    assert peer.bodies(queue_url) == []


class Deleted(SQSSource):
    """Writes down what it is asked to delete."""

    def __init__(self, peer: Peer, queue_url: str) -> None:
        super().__init__(
            queue_url, region_name=REGION, endpoint_url=peer.endpoint_url, wait_seconds=0
        )
        self.bodies: dict[str, str] = {}
        self.counts: dict[str, list[int]] = {}
        self.deleted: list[str] = []

    def receive(self, limit: int, wait: float, /) -> Sequence[Received]:
        found = super().receive(limit, wait)
        for one in found:
            self.bodies[one.receipt] = one.body
            self.counts.setdefault(one.body, []).append(one.receive_count)
        return found

    def delete(self, receipts: Sequence[str], /) -> Mapping[str, str]:
        self.deleted += [self.bodies[receipt] for receipt in receipts]
        return super().delete(receipts)


def test_one_in_ten_is_poison_and_the_nine_are_applied_once(peer: Peer) -> None:
    """The bad ones are received maxReceiveCount times and dead then, and we never delete them."""
    dead_letters = peer.queue()
    policy = {"deadLetterTargetArn": peer.arn(dead_letters), "maxReceiveCount": "4"}
    queue_url = peer.queue(RedrivePolicy=json.dumps(policy), VisibilityTimeout="0")
    good, bad = [], []
    for number in range(30):
        if number % 10 == 3:
            bad.append('{"eventType": "Bounce", "bounce": ' + "[" * number)
        else:
            record = feedback.bounce([f"{number}@example.org"], feedback_id=f"{number}")
            good.append(json.dumps(record))
    for body in (*good, *bad):
        peer.sqs.send_message(QueueUrl=queue_url, MessageBody=body)
    store, source = MemoryStore(), Deleted(peer, queue_url)
    with Worker(source, store=store, visibility=60) as worker:
        tally = worker.drain()
    assert (tally.poison, tally.applied) == (12, 27)
    assert len(store.entries().items) == 27
    assert sorted(peer.bodies(dead_letters)) == sorted(bad)
    assert peer.bodies(queue_url) == []
    assert set(source.deleted) == set(good)
    assert [source.counts[body] for body in bad] == [[1, 2, 3, 4]] * 3


def test_an_old_receipt_is_one_failure_of_a_batch_that_succeeds(peer: Peer) -> None:
    """The call is answered with 200, and says which entries it did not take."""
    queue_url = peer.queue()
    for body in ("a", "b"):
        peer.sqs.send_message(QueueUrl=queue_url, MessageBody=body)
    source = peer.source(queue_url)
    receipts = [message.receipt for message in source.receive(10, 1.0)]
    assert source.extend(receipts, 30) == {}
    assert source.delete([*receipts, "gone"]) == {"gone": "ReceiptHandleIsInvalid"}
    source.close()


def test_what_is_released_is_there_at_once(peer: Peer) -> None:
    """With its count of receipts."""
    queue_url = peer.queue()
    peer.sqs.send_message(QueueUrl=queue_url, MessageBody="a")
    source = peer.source(queue_url)
    (first,) = source.receive(10, 1.0)
    assert source.receive(10, 0.0) == []
    assert source.release([first.receipt]) == {}
    (second,) = source.receive(10, 1.0)
    assert (first.receive_count, second.receive_count) == (1, 2)
    source.close()


def test_fifty_events_cost_ten_calls(peer: Peer) -> None:
    """Ten are received in one call and deleted in one; the last call finds the queue empty."""
    queue_url = peer.queue()
    for ten in range(5):
        entries = [
            {
                "Id": f"{one}",
                "MessageBody": json.dumps(feedback.bounce([TO], feedback_id=f"{ten}-{one}")),
            }
            for one in range(10)
        ]
        peer.sqs.send_message_batch(QueueUrl=queue_url, Entries=entries)
    session: Any = boto3.session.Session(region_name=REGION)
    client: Any = session.client("sqs", endpoint_url=peer.endpoint_url)
    calls: list[bytes] = []

    def count(request: Any, **_: object) -> None:
        calls.append(request.headers["X-Amz-Target"])

    client.meta.events.register("before-send.sqs", count)
    source = SQSSource(queue_url, boto3_client=client, wait_seconds=0)
    with Worker(source, store=MemoryStore()) as worker:
        tally = worker.drain()
    client.close()
    assert (tally.applied, tally.deleted) == (50, 50)
    assert len(calls) == 11


IDLE = """
import sys, time
from sesguard import Worker
from sesguard.ports import Received
from sesguard.sources import SQSSource
from sesguard.stores import MemoryStore

class Told(SQSSource):
    def receive(self, limit, wait, /):
        print("polling", flush=True)
        return super().receive(limit, wait)

with Worker(Told(sys.argv[1], region_name="eu-west-1", endpoint_url=sys.argv[2]),
            store=MemoryStore()) as worker:
    print(worker.run())
    print(time.monotonic())
"""


def test_a_process_on_an_idle_poll_ends_within_two_seconds(peer: Peer) -> None:
    """A poll of twenty seconds does not hold the interpreter's exit."""
    process = subprocess.Popen(
        [sys.executable, "-c", IDLE, peer.queue(), peer.endpoint_url],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        env=dict(os.environ),
    )
    assert process.stdout is not None
    assert process.stdout.readline() == "polling\n"
    asked = time.monotonic()
    process.send_signal(signal.SIGTERM)
    said, trouble = process.communicate(timeout=15)
    gone = time.monotonic()
    tally, left = said.splitlines()
    assert tally.startswith("WorkerTally(")
    assert float(left) - asked < 2
    assert gone - asked < 4  # a busy machine needs its time to take an interpreter down
    assert process.returncode == 0
    assert trouble == ""
