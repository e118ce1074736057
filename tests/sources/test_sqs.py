"""A queue in SQS: what is asked of it, and what its answers become."""

from __future__ import annotations

import hashlib
import json
import os
import threading
import traceback
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import boto3.session
import botocore.awsrequest
import botocore.loaders
import botocore.session
import pytest
from botocore.config import Config
from botocore.exceptions import (
    CredentialRetrievalError,
    EndpointConnectionError,
    NoCredentialsError,
    ReadTimeoutError,
)
from botocore.parsers import ResponseParserError

from sesguard import Worker, errors
from sesguard.sources import SQSSource
from sesguard.stores import MemoryStore
from tests.peers import feedback

URL = "https://sqs.eu-west-1.amazonaws.com/123456789012/feedback"

SECRET = "somebody@example.org"

LOADER = botocore.loaders.create_loader()
"""Shared, as reading the service's model takes longer than most tests here."""


class Queue:
    """Answers every request of a client before it is sent, and keeps what was asked."""

    def __init__(self, *answers: Any, status: int = 200) -> None:
        self.answers = list(answers)
        self.status = status
        self.asked: list[tuple[str, dict[str, Any]]] = []
        self.hosts: list[str] = []
        core: Any = botocore.session.Session()
        core.register_component("data_loader", LOADER)
        self.session: Any = boto3.session.Session(
            "key", "secret", region_name="us-east-1", botocore_session=core
        )
        events: Any = self.session.events
        events.register("before-send.sqs", self._answer)

    def _answer(self, request: Any, **_: object) -> object:
        action = request.headers["X-Amz-Target"].decode().partition(".")[2]
        self.asked.append((action, json.loads(request.body)))
        self.hosts.append(request.url)
        answer = self.answers.pop(0) if self.answers else {}
        if isinstance(answer, Exception):
            raise answer
        raw = json.dumps(answer).encode()
        response: Any = botocore.awsrequest.AWSResponse
        return response(request.url, self.status, {"x-amzn-requestid": "id"}, _Raw(raw))

    def client(self, **config: Any) -> Any:
        once = Config(retries={"total_max_attempts": 1}, **config)
        return self.session.client("sqs", region_name="eu-west-1", config=once)

    def last(self) -> dict[str, Any]:
        return self.asked[-1][1]


class _Raw:
    def __init__(self, content: bytes) -> None:
        self._content = content

    def stream(self, *_: object, **__: object) -> list[bytes]:
        return [self._content]


MESSAGE = {
    "MessageId": "id",
    "ReceiptHandle": "receipt",
    "MD5OfBody": "0cc175b9c0f1b6a831c399e269772661",
    "Body": "a",
    "Attributes": {"ApproximateReceiveCount": "3"},
}


def test_messages_come_with_their_count() -> None:
    """SQS says how often a message was received, if it is asked to; as text."""
    bare = {key: value for key, value in MESSAGE.items() if key != "Attributes"}
    queue = Queue({"Messages": [MESSAGE, bare]})
    source = SQSSource(URL, boto3_session=queue.session)
    first, second = source.receive(10, 20.0)
    assert (first.body, first.receipt, first.receive_count) == ("a", "receipt", 3)
    assert second.receive_count == 1
    assert queue.asked == [
        (
            "ReceiveMessage",
            {
                "QueueUrl": URL,
                "MaxNumberOfMessages": 10,
                "WaitTimeSeconds": 20,
                "MessageSystemAttributeNames": ["ApproximateReceiveCount"],
            },
        )
    ]


def test_an_empty_answer_is_no_message() -> None:
    """SQS leaves the list out then."""
    assert SQSSource(URL, boto3_session=Queue().session).receive(10, 20.0) == []


@pytest.mark.parametrize(
    ("most", "wait", "sent"),
    [(20, 20.0, 20), (5, 20.0, 5), (20, 0.0, 1), (20, 2.5, 3), (0, 20.0, 0), (0.5, 9.0, 1)],
)
def test_a_poll_is_as_long_as_both_allow(most: float, wait: float, sent: int) -> None:
    """In whole seconds, never beyond the source's own, and a second at least."""
    queue = Queue()
    SQSSource(URL, boto3_session=queue.session, wait_seconds=most).receive(10, wait)
    assert queue.last()["WaitTimeSeconds"] == sent


def test_no_more_than_ten_are_asked_for() -> None:
    """SQS refuses a larger number."""
    queue = Queue()
    SQSSource(URL, boto3_session=queue.session).receive(50, 20.0)
    assert queue.last()["MaxNumberOfMessages"] == 10


def test_a_visibility_of_its_own_is_asked_for() -> None:
    """In whole seconds; without one the queue's own holds."""
    queue = Queue()
    source = SQSSource(URL, boto3_session=queue.session, visibility_timeout=timedelta(seconds=89.5))
    source.receive(10, 20.0)
    assert queue.last()["VisibilityTimeout"] == 90
    assert source.visibility_timeout == 89.5


def test_deletes_go_by_tens_and_failures_come_back() -> None:
    """Ids are distinct, no receipt goes twice, and each failure is its own receipt's."""
    failed = [{"Id": "2", "SenderFault": True, "Code": "ReceiptHandleIsInvalid"}]
    queue = Queue(
        {"Successful": []}, {"Successful": [], "Failed": failed}, {"Failed": [{"Id": "0"}]}
    )
    receipts = [f"r{number}" for number in range(23)]
    answer = SQSSource(URL, boto3_session=queue.session).delete([*receipts, "r0"])
    assert answer == {"r12": "ReceiptHandleIsInvalid", "r20": "unknown"}
    sent = [asked["Entries"] for _, asked in queue.asked]
    assert [len(entries) for entries in sent] == [10, 10, 3]
    assert [entry["ReceiptHandle"] for entries in sent for entry in entries] == receipts
    assert all(len({entry["Id"] for entry in entries}) == len(entries) for entries in sent)


def test_nothing_is_asked_for_no_receipts() -> None:
    """SQS refuses an empty batch."""
    queue = Queue()
    assert SQSSource(URL, boto3_session=queue.session).delete([]) == {}
    assert queue.asked == []


def test_extend_and_release_change_the_visibility() -> None:
    """A release is an extension by nothing; twelve hours are the most."""
    queue = Queue({}, {"Failed": [{"Id": "0", "Code": "MessageNotInflight"}]}, {})
    source = SQSSource(URL, boto3_session=queue.session)
    assert source.extend(["a", "b"], 29.5) == {}
    assert source.release(["a"]) == {"a": "MessageNotInflight"}
    source.extend(["a"], 90_000)
    assert [
        [entry["VisibilityTimeout"] for entry in asked["Entries"]] for _, asked in queue.asked
    ] == [[30, 30], [0], [43_200]]
    assert {action for action, _ in queue.asked} == {"ChangeMessageVisibilityBatch"}


def test_a_thousand_events_cost_two_hundred_calls() -> None:
    """Ten are received in one call and deleted in one, and the last call finds it empty."""
    answers: list[dict[str, Any]] = []
    for ten in range(100):
        bodies = [
            json.dumps(feedback.bounce([f"{ten}-{one}@example.org"], feedback_id=f"{ten}-{one}"))
            for one in range(10)
        ]
        messages = [
            {"Body": body, "ReceiptHandle": f"{ten}-{one}", "MD5OfBody": md5(body)}
            for one, body in enumerate(bodies)
        ]
        answers += [{"Messages": messages}, {"Successful": []}]
    queue = Queue(*answers)
    with Worker(SQSSource(URL, boto3_session=queue.session), store=MemoryStore()) as worker:
        tally = worker.drain()
    assert (tally.applied, tally.deleted) == (1000, 1000)
    assert len(queue.asked) == 201


def md5(body: str) -> str:
    return hashlib.md5(body.encode(), usedforsecurity=False).hexdigest()


def test_our_client_reads_longer_than_a_poll_and_signs_for_the_queues_region() -> None:
    """The region comes out of the URL, whatever the session's is."""
    queue = Queue()
    source = SQSSource(URL, boto3_session=queue.session, wait_seconds=20)
    source.receive(10, 20.0)
    client: Any = source._client()  # pyright: ignore[reportPrivateUsage]  its configuration is the promise
    assert client.meta.config.read_timeout > 20
    assert queue.hosts == ["https://sqs.eu-west-1.amazonaws.com/"]


def test_our_client_is_made_once_and_again_after_close() -> None:
    """By threads at once too; closing lets go of it, and closing twice is nothing."""
    source = SQSSource(URL, boto3_session=Queue().session)
    made: list[object] = []

    def use() -> None:
        made.append(source._client())  # pyright: ignore[reportPrivateUsage]  which client it is

    threads = [threading.Thread(target=use) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(10)
    assert len({id(client) for client in made}) == 1
    source.close()
    source.close()
    use()
    assert made[-1] is not made[0]


def test_a_forked_process_makes_its_own_client() -> None:
    """Two processes on one connection would read each other's answers."""
    source = SQSSource(URL, boto3_session=Queue().session)
    mine = source._client()  # pyright: ignore[reportPrivateUsage]  which client it is
    reader, writer = os.pipe()
    child = os.fork()
    if child == 0:
        for lock in source._own._locks.values():  # pyright: ignore[reportPrivateUsage]  as a thread of the parent may have held it
            lock.acquire()
        other = source._client() is not mine  # pyright: ignore[reportPrivateUsage]
        os.write(writer, b"other" if other else b"same")
        os._exit(0)
    os.waitpid(child, 0)
    assert os.read(reader, 10) == b"other"
    os.close(reader)
    os.close(writer)


def test_a_client_belongs_to_the_process_that_made_it(monkeypatch: pytest.MonkeyPatch) -> None:
    """The same in one process, which believes to be another."""
    source = SQSSource(URL, boto3_session=Queue().session)
    mine = source._client()  # pyright: ignore[reportPrivateUsage]  which client it is
    monkeypatch.setattr(os, "getpid", lambda: -1)
    assert source._client() is not mine  # pyright: ignore[reportPrivateUsage]


def test_a_client_that_is_given_is_used_and_not_closed() -> None:
    """It belongs to the caller."""
    queue = Queue({"Messages": [MESSAGE]}, {"Messages": [MESSAGE]})
    source = SQSSource(URL, boto3_client=queue.client())
    assert len(source.receive(10, 20.0)) == 1
    source.close()
    assert len(source.receive(10, 20.0)) == 1


def failing(answer: dict[str, Any] | Exception, status: int = 200) -> Callable[[], object]:
    source = SQSSource(URL, boto3_client=Queue(answer, status=status).client())
    return lambda: source.receive(10, 20.0)


@pytest.mark.parametrize(
    ("code", "status", "kind"),
    [
        ("com.amazonaws.sqs#QueueDoesNotExist", 400, errors.ConfigurationError),
        ("AccessDeniedException", 400, errors.AccessDeniedError),
        ("InternalError", 500, errors.ServiceUnavailableError),
    ],
)
def test_a_refusal_of_sqs_is_one_of_our_errors(
    code: str, status: int, kind: type[errors.SESGuardError]
) -> None:
    """By its code; the request can be named to Amazon, and boto3's own error is not printed."""
    with pytest.raises(kind) as caught:
        failing({"__type": code, "message": SECRET}, status)()
    assert URL in str(caught.value)
    assert type(caught.value.original).__module__.startswith("botocore")
    assert SECRET not in "".join(traceback.format_exception(caught.value))
    if isinstance(caught.value, errors.SendError):
        assert caught.value.request_id == "id"
        assert caught.value.region == "eu-west-1"


@pytest.mark.parametrize(
    ("cause", "kind"),
    [
        (EndpointConnectionError(endpoint_url=URL), errors.ServiceUnavailableError),
        (ReadTimeoutError(endpoint_url=URL), errors.ServiceUnavailableError),
        (ResponseParserError("half an answer"), errors.ServiceUnavailableError),
        (
            CredentialRetrievalError(provider="iam-role", error_msg="slow"),
            errors.ServiceUnavailableError,
        ),
        (NoCredentialsError(), errors.ConfigurationError),
    ],
)
def test_what_keeps_boto3_from_asking_is_one_of_our_errors(
    cause: Exception, kind: type[errors.SESGuardError]
) -> None:
    """What may pass is retryable; missing credentials are not."""
    with pytest.raises(kind) as caught:
        failing(cause)()
    assert caught.value.__cause__ is None
    assert caught.value.retryable is (kind is errors.ServiceUnavailableError)


NONSENSE: list[Any] = [
    *([], 3, None, [[]], {"Messages": 3}, {"Messages": [3]}, {"Messages": [{}]}, {"Failed": 3}),
    {"Messages": [{**MESSAGE, "Attributes": {"ApproximateReceiveCount": "often"}}]},
    *({"Failed": [{}]}, {"Failed": [{"Id": "77"}]}),
]


@pytest.mark.parametrize("number", range(len(NONSENSE)))
def test_an_answer_that_is_none_of_sqs_is_one_of_our_errors(number: int) -> None:
    """A proxy may say 200 to JSON of its own: botocore raises what it likes at that."""
    queue = Queue(*[NONSENSE[number]] * 2)
    source = SQSSource(URL, boto3_client=queue.client())

    def ask() -> None:
        source.receive(10, 20.0)
        source.delete(["a"])

    with pytest.raises(errors.ServiceUnavailableError, match="is not SQS") as caught:
        ask()
    assert caught.value.retryable
    assert caught.value.__cause__ is None


def test_a_region_that_nothing_tells_is_said(monkeypatch: pytest.MonkeyPatch) -> None:
    """A host that is not SQS's has no region, and neither has the environment."""
    monkeypatch.delenv("AWS_DEFAULT_REGION")
    source = SQSSource("http://127.0.0.1:1/1/feedback", boto3_session=boto3.session.Session())
    with pytest.raises(errors.ConfigurationError, match="region_name="):
        source.receive(10, 20.0)


@pytest.mark.parametrize(
    ("options", "says"),
    [
        ({"queue_url": "arn:aws:sqs:eu-west-1:123456789012:feedback"}, "ARN"),
        ({"queue_url": "feedback"}, "URL"),
        ({"wait_seconds": 21}, "wait_seconds"),
        ({"wait_seconds": "20"}, "wait_seconds"),
        ({"wait_seconds": True}, "wait_seconds"),
        ({"visibility_timeout": timedelta(hours=13)}, "visibility_timeout"),
        ({"region_name": "us-east-1"}, "eu-west-1 by its URL"),
        ({"boto3_client": Queue().client(), "region_name": "eu-west-1"}, "region_name="),
        ({"boto3_client": Queue().client(), "boto3_session": object()}, "boto3_session="),
        ({"boto3_client": Queue().client(read_timeout=20)}, "read_timeout=30"),
        ({"boto3_client": object()}, "boto3 client for sqs"),
    ],
)
def test_options_that_cannot_work_are_refused(options: dict[str, Any], says: str) -> None:
    """At the door, by name."""
    refused: Any = SQSSource
    with pytest.raises(errors.ConfigurationError, match=says):
        refused(**{"queue_url": URL, **options})


def test_options_that_do_work() -> None:
    """A shorter poll suits a client's time-out; an endpoint may stand in another region."""
    SQSSource(URL, boto3_client=Queue().client(read_timeout=20), wait_seconds=10)
    SQSSource(URL, region_name="us-east-1", endpoint_url="http://127.0.0.1:1")
    source = SQSSource(URL, region_name="eu-west-1")
    assert repr(source) == f"SQSSource({URL!r})"
