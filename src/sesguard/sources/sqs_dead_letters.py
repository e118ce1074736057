"""A dead-letter queue in SQS: what is in it and why, and the way back."""

from __future__ import annotations

import contextlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

from botocore.exceptions import ClientError

from sesguard import errors
from sesguard.sources.sqs_letter import DeadLetter, Message, letter, messages
from sesguard.sources.sqs_queue import MOST, SQSQueue

__all__ = ["DeadLetter", "DeadLetters", "Redrive"]

_HIDDEN = 120
"""Seconds for which a letter is hidden while the others are read."""

_FASTEST = 500
"""Messages a second. Source: SQS API Reference, "StartMessageMoveTask"."""

_UNKNOWN_ACTION = frozenset(
    {"InvalidAction", "NotImplemented", "NotYetImplemented", "UnknownOperationException"}
)
"""What answers that have no StartMessageMoveTask are called, beside HTTP's 501."""


class _SQSClient(Protocol):
    """The methods of boto3's client that are called."""

    def receive_message(self, *args: Any, **kwargs: Any) -> Mapping[str, Any]: ...
    def send_message(self, *args: Any, **kwargs: Any) -> Mapping[str, Any]: ...
    def delete_message_batch(self, *args: Any, **kwargs: Any) -> Mapping[str, Any]: ...
    def change_message_visibility_batch(self, *args: Any, **kwargs: Any) -> Mapping[str, Any]: ...
    def get_queue_attributes(self, *args: Any, **kwargs: Any) -> Mapping[str, Any]: ...
    def list_dead_letter_source_queues(self, *args: Any, **kwargs: Any) -> Mapping[str, Any]: ...
    def start_message_move_task(self, *args: Any, **kwargs: Any) -> Mapping[str, Any]: ...
    def close(self) -> None: ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Redrive:
    """
    Messages on their way back.

    Attributes:
        task: SQS's handle of the task by which it moves them, from now on; None where they were
            moved one by one.

        moved: How many were moved one by one; None where SQS is at it.
    """

    task: str | None = None
    moved: int | None = None


class DeadLetters(SQSQueue):
    """
    The dead-letter queue of a feedback queue.

    The credentials must be allowed sqs:ReceiveMessage and sqs:ChangeMessageVisibility on it to
    list, and sqs:GetQueueAttributes, sqs:StartMessageMoveTask, sqs:ReceiveMessage,
    sqs:DeleteMessage there and sqs:SendMessage on the other queue to redrive.

    Args:
        queue_url: The dead-letter queue's URL, as SQS gives it.

        boto3_client: A client for ``sqs`` to use instead of one of our own. It is not closed.

        boto3_session: The credentials for our own client.

        region_name: The queue's region; None to read it in the URL.

        endpoint_url: Where SQS listens, if not at Amazon.

    Attributes:
        queue_url: As given.

    Raises:
        ConfigurationError: Options that cannot work, or do not go together.
    """

    def __init__(
        self,
        queue_url: str,
        *,
        boto3_client: _SQSClient | None = None,
        boto3_session: object = None,
        region_name: str | None = None,
        endpoint_url: str | None = None,
    ) -> None:
        super().__init__(
            queue_url,
            boto3_client=boto3_client,
            boto3_session=boto3_session,
            region_name=region_name,
            endpoint_url=endpoint_url,
            wait=1.0,
        )

    def entries(self, limit: int = 100) -> tuple[DeadLetter, ...]:
        """
        What is in the queue. Nothing is deleted.

        SQS has no other way to look than to receive, so that each look is one more receipt of a
        letter, and the letters are hidden from others for the moment.

        Args:
            limit: The most to list, up to 1,000.

        Raises:
            ConfigurationError: No such queue, region or credentials, or another *limit*.

            AccessDeniedError, AuthenticationError, ServiceUnavailableError: SQS did not answer.
        """
        if type(limit) is not int or not 1 <= limit <= 1000:
            raise errors.ConfigurationError("limit= must be a whole number from 1 to 1000.")
        found: dict[str, Message] = {}
        receipts: list[str] = []
        try:
            while len(found) < limit:
                batch = self._receive(min(MOST, limit - len(found)))
                receipts += [one["ReceiptHandle"] for one in batch]
                fresh = {one["MessageId"]: one for one in batch if one["MessageId"] not in found}
                if not fresh:
                    break
                found.update(fresh)
        finally:
            # Where SQS is away they come back at their time.
            with contextlib.suppress(errors.SESGuardError):
                self._show(receipts)
        return tuple(map(letter, found.values()))

    def redrive(
        self, *, to: str | None = None, max_per_second: int | None = None, one_by_one: bool = False
    ) -> Redrive:
        """
        Have all letters moved back into the queue they came from.

        Do so once what they failed on is mended: what cannot be read comes here again.

        SQS moves them itself where it can, and is at it when this returns. Where its
        StartMessageMoveTask is not there they are moved from here, one by one: sent, and deleted
        then, so that one may be there twice after a failure. Events do not count twice.

        Args:
            to: The URL of the queue to move them to. Default: the one they came from.

            max_per_second: Messages a second, up to 500; None for what SQS thinks good.

            one_by_one: Move them from here in any case. SQS itself moves no letters that came
                from SNS or Lambda.

        Raises:
            ConfigurationError: No such queue, region or credentials; it is not the dead-letter
                queue of exactly one other queue, and *to* is not given.

            AccessDeniedError, AuthenticationError, ServiceUnavailableError: SQS did not answer.
        """
        if max_per_second is not None and not (
            type(max_per_second) is int and 1 <= max_per_second <= _FASTEST
        ):
            raise errors.ConfigurationError("max_per_second= must be a whole number from 1 to 500.")
        if to == self.queue_url:
            raise errors.ConfigurationError("to= is the dead-letter queue itself.")
        arn, letters = self._about(self.queue_url)
        if not one_by_one:
            options: dict[str, Any] = {"SourceArn": arn}
            if to is not None:
                options["DestinationArn"] = self._about(to)[0]
            if max_per_second is not None:
                options["MaxNumberOfMessagesPerSecond"] = max_per_second
            try:
                return self._start(options)
            except errors.SESGuardError as error:
                if not _is_unknown_action(error):
                    raise
        return Redrive(moved=self._move(letters, self._origin() if to is None else to))

    def _start(self, options: Mapping[str, Any]) -> Redrive:
        return self._ask(
            "StartMessageMoveTask",
            lambda sqs: sqs.start_message_move_task(**options),
            lambda answer: Redrive(task=str(answer["TaskHandle"])),
        )

    def _move(self, letters: int, to: str) -> int:
        """Move no more than there were, as what is moved may soon be back."""
        moved = 0
        while moved < letters:
            batch = self._receive(min(MOST, letters - moved))
            if not batch:
                break
            for message in batch:
                self._send(message, to)
                moved += 1
                self._delete([message["ReceiptHandle"]])
        return moved

    def _receive(self, limit: int) -> Sequence[Message]:
        return self._ask(
            "ReceiveMessage",
            lambda sqs: sqs.receive_message(
                QueueUrl=self.queue_url,
                MaxNumberOfMessages=limit,
                WaitTimeSeconds=1,  # with 0 only some of SQS's servers are asked
                VisibilityTimeout=_HIDDEN,
                MessageSystemAttributeNames=["All"],
                MessageAttributeNames=["All"],
            ),
            messages,
        )

    def _send(self, message: Message, to: str) -> None:
        told: Mapping[str, str] = message.get("Attributes") or {}
        options: dict[str, Any] = {}
        if group := told.get("MessageGroupId"):
            options["MessageGroupId"] = group
            if to.endswith(".fifo"):  # its own was seen there already, perhaps minutes ago
                options["MessageDeduplicationId"] = message["MessageId"]
        if attributes := message.get("MessageAttributes"):
            options["MessageAttributes"] = attributes
        self._ask(
            "SendMessage",
            lambda sqs: sqs.send_message(QueueUrl=to, MessageBody=message["Body"], **options),
            lambda answer: str(answer["MessageId"]),
            to,
        )

    def _delete(self, receipts: Sequence[str]) -> None:
        failed = self._in_tens(
            "DeleteMessage",
            lambda entries, sqs: sqs.delete_message_batch(QueueUrl=self.queue_url, Entries=entries),
            receipts,
        )
        for why in failed.values():
            raise errors.ServiceUnavailableError(
                f"A letter was moved and not deleted from {self.queue_url} ({why}). It is in both "
                "queues, and its events do not count twice. Redrive again.",
                transport="sqs",
            )

    def _show(self, receipts: Sequence[str]) -> None:
        self._in_tens(
            "ChangeMessageVisibility",
            lambda entries, sqs: sqs.change_message_visibility_batch(
                QueueUrl=self.queue_url,
                Entries=[{**entry, "VisibilityTimeout": 0} for entry in entries],
            ),
            receipts,
        )

    def _about(self, queue_url: str) -> tuple[str, int]:
        """A queue's ARN, and about how many messages are in it."""
        counts = ("ApproximateNumberOfMessages", "ApproximateNumberOfMessagesNotVisible")
        return self._ask(
            "GetQueueAttributes",
            lambda sqs: sqs.get_queue_attributes(
                QueueUrl=queue_url, AttributeNames=["QueueArn", *counts]
            ),
            lambda answer: (
                str(answer["Attributes"]["QueueArn"]),
                sum(int(answer["Attributes"].get(name, 0)) for name in counts),
            ),
            queue_url,
        )

    def _origin(self) -> str:
        """The one queue whose dead letters come here."""
        found = self._ask(
            "ListDeadLetterSourceQueues",
            lambda sqs: sqs.list_dead_letter_source_queues(QueueUrl=self.queue_url),
            lambda answer: [str(url) for url in answer.get("queueUrls") or ()],
        )
        if len(found) != 1:
            raise errors.ConfigurationError(
                f"{self.queue_url} is the dead-letter queue of {len(found)} queues. Say which one "
                "the letters go to: redrive(to=queue_url)."
            )
        return found[0]


def _is_unknown_action(error: errors.SESGuardError) -> bool:
    if not isinstance(error.original, ClientError):
        return False
    original: Any = error.original
    answer: Mapping[str, Any] = original.response
    status = answer.get("ResponseMetadata", {}).get("HTTPStatusCode")
    code = str(answer.get("Error", {}).get("Code", "")).removeprefix("AWS.SimpleQueueService.")
    return status == 501 or code in _UNKNOWN_ACTION
