"""Feedback handed on: to a handler, to moto's SNS and SQS, to an HTTP endpoint."""

from __future__ import annotations

import json
import ssl
import threading
from collections.abc import Callable, Generator, Iterator, Mapping
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import boto3.session
import pytest
import trustme
from moto.server import ThreadedMotoServer

from sesguard import Worker, errors, parse_event
from sesguard.simulator import (
    Disorder,
    HTTPSubscriber,
    Publication,
    Simulator,
    SNSTopic,
    SQSQueue,
)
from sesguard.sources import SQSSource
from sesguard.stores import MemoryStore
from sesguard.suppression import Reason
from sesguard.testing.sns import Topic
from tests.simulator.setting_up import destination, emptied
from tests.simulator.test_events_routing import BUS, STREAM, TOPIC, send
from tests.testing.sns_reader import verified

REGION = "us-east-1"


@pytest.fixture(scope="module")
def endpoint() -> Iterator[str]:
    """SNS and SQS on a port of their own."""
    server = ThreadedMotoServer("127.0.0.1", port=0, verbose=False)
    server.start()
    host, port = server.get_host_and_port()
    try:
        yield f"http://{host}:{port}"
    finally:
        server.stop()


def client(service: str, endpoint: str) -> Any:
    session: Any = boto3.session.Session(
        aws_access_key_id="test", aws_secret_access_key="test", region_name=REGION
    )
    return session.client(service, endpoint_url=endpoint)


def queue_of(endpoint: str, name: str, topic: str | None = None) -> str:
    """A new queue; behind *topic* if there is one."""
    sqs = client("sqs", endpoint)
    url = str(sqs.create_queue(QueueName=name)["QueueUrl"])
    if topic is not None:
        asked = sqs.get_queue_attributes(QueueUrl=url, AttributeNames=["QueueArn"])
        arn = asked["Attributes"]["QueueArn"]
        client("sns", endpoint).subscribe(TopicArn=topic, Protocol="sqs", Endpoint=arn)
    return url


def received(endpoint: str, url: str) -> list[str]:
    answer = client("sqs", endpoint).receive_message(QueueUrl=url, MaxNumberOfMessages=10)
    return [message["Body"] for message in answer.get("Messages", ())]


def test_a_handler_gets_each_body_at_once() -> None:
    """What the queue gets, before the send returns."""
    sim, heard = Simulator(), list[str]()
    send(sim)
    sim.on_feedback(heard.append)
    emptied(sim)
    send(sim)
    assert heard == emptied(sim)
    assert [parse_event(body).kind for body in heard] == ["Send", "Bounce"]


def test_a_handler_may_use_the_simulator_from_any_thread() -> None:
    """While it is told of a mail, it sends another; the simulator waits for nobody."""
    sim, threads = Simulator(), list[threading.Thread]()

    def answer(body: str) -> None:
        if parse_event(body).kind == "Bounce":
            thread = threading.Thread(
                target=send, args=(sim, "success@simulator.amazonses.com"), daemon=True
            )
            thread.start()
            thread.join(30)
            threads.append(thread)

    sim.on_feedback(answer)
    send(sim)
    assert [thread.is_alive() for thread in threads] == [False]
    assert len(sim.outbox) == 2


def test_nothing_is_handed_on_while_the_account_is_held() -> None:
    """What becomes due in the middle of a call waits for its end: who is told may call back."""
    sim, heard = Simulator(), list[str]()
    sim.on_feedback(heard.append)
    sim.delays("slow@example.org", seconds=60)
    send(sim, "slow@example.org")
    heard.clear()
    with sim._service.turn():
        sim.clock.sleep(60)
        assert heard == []
    assert [parse_event(body).kind for body in heard] == ["Delivery"]


def test_what_handlers_raise_comes_out_and_stops_nobody_else() -> None:
    """Out of the send that caused it, the mail being taken; of several, all of it."""
    sim, heard = Simulator(), list[str]()

    def fail(body: str) -> None:
        if parse_event(body).kind == "Bounce":
            raise ZeroDivisionError

    sim.on_feedback(fail)
    sim.on_feedback(heard.append)
    with pytest.raises(ZeroDivisionError):
        send(sim)
    assert len(sim.outbox) == 1
    assert len(heard) == 2
    sim.on_feedback(fail)
    with pytest.raises(ExceptionGroup) as caught:
        send(sim)
    assert [type(error) for error in caught.value.exceptions] == [ZeroDivisionError] * 2


def test_a_real_client_of_sns_publishes_it(endpoint: str) -> None:
    """To the very topic that SES published to, or to one that is named; a worker reads it."""
    sns = client("sns", endpoint)
    sim = Simulator()
    destination(sim, "main", TOPIC, ["BOUNCE"])
    destination(sim, "main", BUS, ["BOUNCE"])
    assert sns.create_topic(Name="events")["TopicArn"] == TOPIC
    other = sns.create_topic(Name="other")["TopicArn"]
    first, second = queue_of(endpoint, "first", TOPIC), queue_of(endpoint, "second", other)
    sim.forward_to(SNSTopic(sns))
    sim.forward_to(SNSTopic(sns, other))
    sim.bounces("gone@example.org")
    send(sim, "gone@example.org")
    (body,) = received(endpoint, second)
    assert json.loads(body)["Subject"] == "Amazon SES Email Event Notification"
    assert json.loads(body)["Message"] == sim.feedback[0] + "\n"
    store = MemoryStore()
    source = SQSSource(first, region_name=REGION, endpoint_url=endpoint, wait_seconds=0)
    with Worker(source, store=store) as worker:
        assert worker.drain().applied == 1
    assert [one.reason for one in store.entries().items] == [Reason.BOUNCE]


@pytest.mark.parametrize("raw", [False, True])
def test_a_real_client_of_sqs_sends_it(endpoint: str, raw: bool) -> None:
    """In SNS's envelope, or raw as SNS delivers on demand; of a bus and a stream, too."""
    sim = Simulator()
    for target in (TOPIC, BUS, STREAM):
        destination(sim, "main", target, ["BOUNCE"])
    url = queue_of(endpoint, f"queue-{raw}")
    sim.forward_to(SQSQueue(url, boto3_client=client("sqs", endpoint), raw=raw))
    send(sim)
    found, usual = received(endpoint, url), emptied(sim)
    assert [parse_event(body).kind for body in found] == ["Bounce"] * 3
    assert (sorted(found) == sorted(usual)) is not raw
    assert found.count(sim.feedback[0] + "\n") == 1 + raw, "the stream's line has no envelope"


class Receiver:
    """An HTTP endpoint that does with each message what *take* says: a status comes of it."""

    def __init__(self) -> None:
        self.got: list[tuple[Mapping[str, str], str]] = []
        self.take: Callable[[str], int] = lambda _: 200
        self.url = ""


@contextmanager
def receiving(context: ssl.SSLContext | None = None) -> Generator[Receiver]:
    receiver = Receiver()

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"])).decode()
            receiver.got.append(({k.lower(): v for k, v in self.headers.items()}, body))
            self.send_response(receiver.take(body))
            self.send_header("Content-Length", "0")
            self.end_headers()

        def log_message(self, format: str, *args: Any) -> None:
            """Nothing."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    if context is not None:
        server.socket = context.wrap_socket(server.socket, server_side=True)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    receiver.url = f"http://127.0.0.1:{server.server_port}/ses?key=1"
    try:
        yield receiver
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


def test_an_http_endpoint_confirms_and_then_is_notified() -> None:
    """What was published before is not kept for it; headers and bodies are as SNS sends them."""
    with receiving() as receiver:
        sim = Simulator()
        subscriber = HTTPSubscriber(receiver.url, sim.topic_arn, clock=sim.clock)
        sim.forward_to(subscriber)
        assert subscriber.subscribe()
        send(sim)
        ((headers, body),) = receiver.got
        assert headers["x-amz-sns-message-type"] == "SubscriptionConfirmation"
        assert headers["content-type"] == "text/plain; charset=UTF-8"
        assert "x-amz-sns-subscription-arn" not in headers
        question = json.loads(body)
        assert [*question] == [
            "Type", "MessageId", "Token", "TopicArn", "Message", "SubscribeURL", "Timestamp",
            "SignatureVersion", "Signature", "SigningCertURL",
        ]  # fmt: skip
        assert f"Token={question['Token']}" in question["SubscribeURL"]
        assert parse_event(body).kind == "SubscriptionConfirmation"
        assert not subscriber.confirmed
        subscriber.confirm(question["SubscribeURL"])
        emptied(sim)
        send(sim)
        (_, (headers, first), (_, second)) = receiver.got
        assert headers["x-amz-sns-message-type"] == "Notification"
        assert headers["x-amz-sns-message-id"] == json.loads(first)["MessageId"]
        assert headers["x-amz-sns-topic-arn"] == sim.topic_arn
        assert headers["x-amz-sns-subscription-arn"] == subscriber.subscription_arn
        assert first.startswith('{\n  "Type" : "Notification",\n')
        assert [json.loads(one) for one in (first, second)] == [*map(json.loads, emptied(sim))]
        assert subscriber.undelivered == []


def test_an_endpoint_may_confirm_while_it_answers() -> None:
    """By the token alone, too; another's is refused."""
    with receiving() as receiver:
        sim = Simulator()
        subscriber = HTTPSubscriber(receiver.url, sim.topic_arn)

        def confirm(body: str) -> int:
            subscriber.confirm(json.loads(body)["Token"])
            return 200

        receiver.take = confirm
        assert subscriber.subscribe()
        assert subscriber.confirmed
        other = HTTPSubscriber(receiver.url, TOPIC)
        for wrong in ("", "token", json.loads(receiver.got[0][1])["SubscribeURL"]):
            with pytest.raises(errors.ConfigurationError, match="neither the SubscribeURL"):
                other.confirm(wrong)
        assert not other.confirmed


def confirmed(receiver: Receiver, sim: Simulator, **options: Any) -> HTTPSubscriber:
    subscriber = HTTPSubscriber(receiver.url, sim.topic_arn, **options)
    assert subscriber.subscribe()
    subscriber.confirm(json.loads(receiver.got[-1][1])["Token"])
    receiver.got.clear()
    sim.forward_to(subscriber)
    return subscriber


def test_a_delivery_that_fails_is_repeated_as_it_is() -> None:
    """Three times, with the same id; a 4xx is final, but that there was too much."""
    with receiving() as receiver:
        sim = Simulator(feedback="notifications")
        subscriber = confirmed(receiver, sim)
        answers = iter([500, 429, 503, 200])
        receiver.take = lambda _: next(answers)
        send(sim)
        assert len(receiver.got) == 4
        assert len({body for _, body in receiver.got}) == 1
        assert subscriber.undelivered == []
        receiver.take = lambda _: 500
        send(sim)
        assert len(receiver.got) == 8
        receiver.take = lambda _: 403
        send(sim)
        assert len(receiver.got) == 9
        assert [isinstance(one, Publication) for one in subscriber.undelivered] == [True] * 2


def test_an_endpoint_that_is_not_there_is_given_up() -> None:
    """And the send does not fail of it."""
    with receiving() as receiver:
        sim = Simulator(feedback="notifications")
        subscriber = confirmed(receiver, sim)
    send(sim)
    assert len(subscriber.undelivered) == 1
    assert not HTTPSubscriber(receiver.url, sim.topic_arn).subscribe()


def test_raw_delivery_has_no_envelope() -> None:
    """What SES published is the body, and a header says so."""
    with receiving() as receiver:
        sim = Simulator(feedback="notifications")
        confirmed(receiver, sim, raw=True)
        send(sim)
        ((headers, body),) = receiver.got
        assert body == sim.feedback[0]
        assert headers["x-amz-sns-rawdelivery"] == "true"


def test_an_endpoint_gets_its_own_topic_alone() -> None:
    """And no event of a bus or a stream."""
    with receiving() as receiver:
        sim = Simulator()
        confirmed(receiver, sim)
        for target in (TOPIC, BUS, STREAM):
            destination(sim, "main", target)
        send(sim)
        assert receiver.got == []
        send(sim, configuration_set="other")
        assert len(receiver.got) == 2


def test_each_message_is_signed_by_whom_it_is_told() -> None:
    """A duplicate keeps its id, and so its signature."""
    with receiving() as receiver:
        sim = Simulator(feedback="notifications", disorder=Disorder(duplicates=1))
        signed: list[Mapping[str, str]] = []

        def sign(message: Mapping[str, str]) -> Mapping[str, str]:
            signed.append(message)
            return {**message, "Signature": message["MessageId"]}

        confirmed(receiver, sim, sign=sign)
        send(sim)
        first, second = (json.loads(body) for _, body in receiver.got)
        assert first == second
        assert first["Signature"] == first["MessageId"]
        assert [one["Type"] for one in signed] == [
            "SubscriptionConfirmation",
            *["Notification"] * 2,
        ]


def test_a_topic_of_the_tests_signs_all_of_it() -> None:
    """The question whether the endpoint wants it, and each message; the id is SNS's own."""
    with receiving() as receiver:
        sim = Simulator(feedback="notifications")
        topic = Topic(sim.topic_arn, version="2")
        subscriber = HTTPSubscriber(receiver.url, sim.topic_arn, sign=topic.sign)
        assert subscriber.subscribe()
        subscriber.confirm(json.loads(receiver.got[-1][1])["SubscribeURL"])
        sim.forward_to(subscriber)
        send(sim)
        assert [json.loads(body)["Type"] for _, body in receiver.got] == [
            "SubscriptionConfirmation",
            "Notification",
        ]
        for _, body in receiver.got:
            certificate = topic.authority.fetch(json.loads(body)["SigningCertURL"])
            assert certificate is not None
            assert verified(body, certificate)


def test_an_endpoint_may_have_tls() -> None:
    """Its certificate is checked, with the context that is given."""
    authority, server = trustme.CA(), ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    authority.issue_cert("127.0.0.1").configure_cert(server)
    trusting = ssl.create_default_context()
    authority.configure_trust(trusting)
    with receiving(server) as receiver:
        url = receiver.url.replace("http:", "https:")
        assert HTTPSubscriber(url, TOPIC, context=trusting).subscribe()
        assert not HTTPSubscriber(url, TOPIC).subscribe()
        assert len(receiver.got) == 1


def test_a_url_is_one() -> None:
    """Of HTTP."""
    for wrong in ("127.0.0.1:80", "ftp://127.0.0.1/", "http:///path"):
        with pytest.raises(errors.ConfigurationError, match="url= is"):
            HTTPSubscriber(wrong, TOPIC)
