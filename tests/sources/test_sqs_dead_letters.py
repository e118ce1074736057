"""Dead letters: what they are, and how they come back."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any

import boto3.session
import moto
import pytest
from botocore.exceptions import EndpointConnectionError

from sesguard import Worker, errors
from sesguard.sources import DeadLetters, Redrive, SQSSource
from sesguard.stores import MemoryStore
from tests.peers import feedback
from tests.sources.test_sqs import Queue

REGION = "eu-west-1"
URL = "https://sqs.eu-west-1.amazonaws.com/123456789012/dead"
ARN = "arn:aws:sqs:eu-west-1:123456789012:dead"
SECRET = "somebody@example.org"

BOUNCE = json.dumps(feedback.bounce([SECRET]))


class Peer:
    """A feedback queue and its dead letters, in moto."""

    def __init__(self) -> None:
        session: Any = boto3.session.Session(region_name=REGION)
        self.sqs: Any = session.client("sqs")
        self.dead = self.queue("dead")
        policy = {"deadLetterTargetArn": self.arn(self.dead), "maxReceiveCount": "2"}
        self.alive = self.queue("alive", RedrivePolicy=json.dumps(policy), VisibilityTimeout="0")

    def queue(self, name: str, **attributes: str) -> str:
        return str(self.sqs.create_queue(QueueName=name, Attributes=attributes)["QueueUrl"])

    def arn(self, url: str) -> str:
        found = self.sqs.get_queue_attributes(QueueUrl=url, AttributeNames=["QueueArn"])
        return str(found["Attributes"]["QueueArn"])

    def kill(self, *bodies: str) -> None:
        """Have messages received so often that they become dead letters."""
        for body in bodies:
            attributes = {"from": {"DataType": "String", "StringValue": "SNS"}}
            self.sqs.send_message(
                QueueUrl=self.alive, MessageBody=body, MessageAttributes=attributes
            )
        for _ in range(3):
            while self.sqs.receive_message(QueueUrl=self.alive, MaxNumberOfMessages=10).get(
                "Messages"
            ):
                pass

    def number(self, url: str) -> int:
        told = self.sqs.get_queue_attributes(QueueUrl=url, AttributeNames=["All"])["Attributes"]
        return sum(int(told[name]) for name in told if name.startswith("ApproximateNumber"))


@pytest.fixture
def peer() -> Iterator[Peer]:
    with moto.mock_aws():
        yield Peer()


def test_letters_tell_what_they_are(peer: Peer) -> None:
    """An event, somebody else's, or unreadable and why; none of it is deleted or stays hidden."""
    before = datetime.now(UTC).replace(microsecond=0)
    peer.kill(BOUNCE, feedback.S3_TEST, f"poison of {SECRET}", f"{BOUNCE}\n{BOUNCE}")
    letters = DeadLetters(peer.dead, boto3_client=peer.sqs)
    found = {letter.body: letter for letter in letters.entries()}
    assert len(found) == 4
    event = found[BOUNCE]
    assert (event.what, event.kinds, event.why) == ("event", ("Bounce",), "")
    assert event.events[0].recipients[0].key == SECRET
    assert event.receive_count >= 2
    assert event.sent_at is not None
    assert before <= event.sent_at <= datetime.now(UTC)
    assert found[f"{BOUNCE}\n{BOUNCE}"].kinds == ("Bounce", "Bounce")
    foreign, poison = found[feedback.S3_TEST], found[f"poison of {SECRET}"]
    assert (foreign.what, foreign.kinds) == ("foreign", ())
    assert (poison.what, poison.kinds, poison.events) == ("unreadable", (), ())
    assert "JSON" in poison.why
    assert SECRET not in repr(found.values())
    again = letters.entries()
    assert {letter.message_id for letter in again} == {one.message_id for one in found.values()}
    assert len(letters.entries(limit=3)) == 3
    assert peer.number(peer.dead) == 4


def test_more_letters_than_one_receive_brings_are_listed(peer: Peer) -> None:
    """Each once, ten a call, to the limit."""
    peer.kill(*(json.dumps(feedback.bounce([SECRET], feedback_id=f"{n}")) for n in range(25)))
    letters = DeadLetters(peer.dead, boto3_client=peer.sqs)
    assert len({letter.message_id for letter in letters.entries()}) == 25
    assert len(letters.entries(limit=12)) == 12


def test_letters_moved_one_by_one_are_worked_off(peer: Peer) -> None:
    """Back in the queue they came from, with their attributes, and gone from where they were."""
    peer.kill(BOUNCE, json.dumps(feedback.bounce([SECRET], feedback_id="2")))
    letters = DeadLetters(peer.dead, boto3_client=peer.sqs)
    assert letters.redrive(one_by_one=True) == Redrive(moved=2)
    assert (peer.number(peer.dead), peer.number(peer.alive)) == (0, 2)
    (first, *_) = peer.sqs.receive_message(QueueUrl=peer.alive, MessageAttributeNames=["All"])[
        "Messages"
    ]
    assert first["MessageAttributes"]["from"]["StringValue"] == "SNS"
    with Worker(
        SQSSource(peer.alive, boto3_client=peer.sqs, wait_seconds=0), store=MemoryStore()
    ) as worker:
        assert worker.drain().deleted == 2


def test_letters_may_go_to_another_queue(peer: Peer) -> None:
    """Such as one for a look by hand."""
    other = peer.queue("other")
    peer.kill(BOUNCE)
    letters = DeadLetters(peer.dead, boto3_client=peer.sqs)
    assert letters.redrive(to=other, one_by_one=True) == Redrive(moved=1)
    assert (peer.number(peer.dead), peer.number(other)) == (0, 1)
    assert letters.redrive(to=other, one_by_one=True) == Redrive(moved=0)


def test_it_must_be_known_where_they_came_from(peer: Peer) -> None:
    """A queue that is nobody's dead-letter queue, or that of several, needs to be told."""
    plain = peer.queue("plain")
    with pytest.raises(errors.ConfigurationError, match="redrive\\(to="):
        DeadLetters(plain, boto3_client=peer.sqs).redrive(one_by_one=True)


ATTRIBUTES: dict[str, Any] = {
    "Attributes": {"QueueArn": ARN, "ApproximateNumberOfMessages": "2"},
}
OTHER: dict[str, Any] = {"Attributes": {"QueueArn": ARN.replace("dead", "other")}}
LETTER: dict[str, Any] = {
    "MessageId": "id-1",
    "ReceiptHandle": "receipt-1",
    "Body": "a",
    "Attributes": {"MessageGroupId": "group", "MessageDeduplicationId": "old"},
}


def test_sqs_moves_them_itself_where_it_can() -> None:
    """The task is SQS's; its handle tells which one."""
    queue = Queue(ATTRIBUTES, {"TaskHandle": "task"}, ATTRIBUTES, OTHER, {"TaskHandle": "other"})
    letters = DeadLetters(URL, boto3_client=queue.client())
    assert letters.redrive() == Redrive(task="task")
    assert queue.last() == {"SourceArn": ARN}
    assert letters.redrive(to=f"{URL}-other", max_per_second=50) == Redrive(task="other")
    assert queue.last() == {
        "SourceArn": ARN,
        "DestinationArn": ARN.replace("dead", "other"),
        "MaxNumberOfMessagesPerSecond": 50,
    }


class Refusing(Queue):
    """Answers StartMessageMoveTask with an error, and all else as it is told."""

    def __init__(self, code: str, status: int, *answers: dict[str, Any]) -> None:
        super().__init__(*answers)
        self._refusal = (code, status)

    def _answer(self, request: Any, **_: object) -> object:
        if not request.headers["X-Amz-Target"].endswith(b"StartMessageMoveTask"):
            return super()._answer(request)
        code, self.status = self._refusal
        self.answers.insert(0, {"__type": f"com.amazonaws.sqs#{code}", "message": SECRET})
        try:
            return super()._answer(request)
        finally:
            self.status = 200


@pytest.mark.parametrize(
    ("code", "status"), [("InvalidAction", 400), ("AWS.SimpleQueueService.NotImplemented", 501)]
)
def test_they_are_moved_from_here_where_sqs_cannot(code: str, status: int) -> None:
    """Sent first and deleted then; no more than there were, since some may soon be back."""
    sources = {"queueUrls": [f"{URL}-alive.fifo"]}
    sent, deleted = {"MessageId": "new"}, {"Successful": [{"Id": "0"}]}
    queue = Refusing(
        *(code, status, ATTRIBUTES, sources),
        *({"Messages": [LETTER, {**LETTER, "ReceiptHandle": "receipt-2"}]}, sent, deleted),
        *(sent, deleted),
    )
    letters = DeadLetters(URL, boto3_client=queue.client())
    assert letters.redrive() == Redrive(moved=2)
    assert [action for action, _ in queue.asked] == [
        *("GetQueueAttributes", "StartMessageMoveTask", "ListDeadLetterSourceQueues"),
        *("ReceiveMessage", "SendMessage", "DeleteMessageBatch"),
        *("SendMessage", "DeleteMessageBatch"),
    ]
    assert queue.asked[4][1] == {
        "QueueUrl": f"{URL}-alive.fifo",
        "MessageBody": "a",
        "MessageGroupId": "group",
        "MessageDeduplicationId": "id-1",
    }


def test_another_refusal_moves_nothing() -> None:
    """A task that is running already, say, would move each letter as well."""
    queue = Refusing("UnsupportedOperation", 400, ATTRIBUTES)
    with pytest.raises(errors.ConfigurationError, match="StartMessageMoveTask") as caught:
        DeadLetters(URL, boto3_client=queue.client()).redrive()
    assert SECRET not in str(caught.value)
    assert len(queue.asked) == 2


def test_trouble_before_a_task_is_no_refusal_of_it() -> None:
    """Without an answer there is nothing that says that it could not be started."""
    queue = Queue(ATTRIBUTES, EndpointConnectionError(endpoint_url=URL))
    with pytest.raises(errors.ServiceUnavailableError):
        DeadLetters(URL, boto3_client=queue.client()).redrive()
    assert len(queue.asked) == 2


def test_a_letter_that_is_moved_and_not_deleted_is_told() -> None:
    """It is in both queues; the next redrive moves it again, and it counts once."""
    failed = {"Failed": [{"Id": "0", "Code": "InternalError"}]}
    queue = Queue(ATTRIBUTES, {"Messages": [LETTER]}, {"MessageId": "new"}, failed)
    letters = DeadLetters(URL, boto3_client=queue.client())
    with pytest.raises(errors.ServiceUnavailableError, match="both queues"):
        letters.redrive(to=f"{URL}-alive", one_by_one=True)


def test_an_error_names_the_queue_that_it_is_about(peer: Peer) -> None:
    """The other one, where it was that one which is not there. The letter stays."""
    peer.kill(BOUNCE)
    missing = f"{peer.dead}-missing"
    letters = DeadLetters(peer.dead, boto3_client=peer.sqs)
    with pytest.raises(errors.ConfigurationError, match=f"no queue {missing} "):
        letters.redrive(to=missing, one_by_one=True)
    assert peer.number(peer.dead) == 1


def test_what_was_received_is_shown_again_after_trouble() -> None:
    """And where even that fails it comes back at its time."""
    queue = Queue({"Messages": [LETTER]}, OSError(SECRET))
    queue.answers[1] = {"Messages": [{}]}
    letters = DeadLetters(URL, boto3_client=queue.client())
    with pytest.raises(errors.ServiceUnavailableError):
        letters.entries()
    assert queue.asked[-1][0] == "ChangeMessageVisibilityBatch"
    queue.answers += [{"Messages": [LETTER]}, {}, {"Failed": 3}]
    assert len(letters.entries()) == 1


def test_a_letter_may_lack_what_is_only_told() -> None:
    """Its time and its count."""
    queue = Queue({"Messages": [{**LETTER, "Attributes": {}}]})
    (letter,) = DeadLetters(URL, boto3_client=queue.client()).entries(limit=1)
    assert (letter.sent_at, letter.receive_count) == (None, 1)


def test_options_that_cannot_work_are_refused() -> None:
    """At the door, by name."""
    letters = DeadLetters(URL, boto3_client=Queue().client())
    wrong: Any
    for wrong in (0, 1001, True, "10"):
        with pytest.raises(errors.ConfigurationError, match="limit="):
            letters.entries(limit=wrong)
    for wrong in (0, 501, 1.5):
        with pytest.raises(errors.ConfigurationError, match="max_per_second="):
            letters.redrive(max_per_second=wrong)
    with pytest.raises(errors.ConfigurationError, match="itself"):
        letters.redrive(to=URL)
    with pytest.raises(errors.ConfigurationError, match="ARN"):
        DeadLetters(ARN)
    assert repr(letters) == f"DeadLetters({URL!r})"
    letters.close()
