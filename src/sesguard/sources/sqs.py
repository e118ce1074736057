"""Feedback out of an SQS queue."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from datetime import timedelta
from typing import Any

from sesguard import errors
from sesguard.ports import Received
from sesguard.sources.sqs_queue import MOST, Entries, SQSClient, SQSQueue

__all__ = ["SQSSource"]

_LONGEST_POLL = 20.0
"""Seconds. Source: SQS API Reference, "ReceiveMessage", WaitTimeSeconds."""

_LONGEST_HIDING = 43_200.0
"""Seconds. Source: SQS API Reference, "ReceiveMessage", VisibilityTimeout."""


class SQSSource(SQSQueue):
    """
    A queue in SQS, standard or FIFO.

    The boto3 client is made when it is first needed, and again in a process that was forked.
    The credentials must be allowed sqs:ReceiveMessage, sqs:DeleteMessage and
    sqs:ChangeMessageVisibility on the queue.

    Args:
        queue_url: The queue's URL, as SQS gives it.

        boto3_client: A client for ``sqs`` to use instead of one of our own. Its read time-out
            must be longer than *wait_seconds*. It is not closed.

        boto3_session: The credentials for our own client.

        region_name: The queue's region; None to read it in the URL.

        endpoint_url: Where SQS listens, if not at Amazon.

        wait_seconds: The longest one poll waits for a message, up to 20. With 0, SQS asks only
            some of its servers and may answer empty while messages are there.

        visibility_timeout: Seconds, or a timedelta, for which a received message is hidden;
            None for what the queue itself is set to.

    Attributes:
        queue_url: As given.

        visibility_timeout: Seconds, or None.

    Raises:
        ConfigurationError: Options that cannot work, or do not go together.
    """

    def __init__(
        self,
        queue_url: str,
        *,
        boto3_client: SQSClient | None = None,
        boto3_session: object = None,
        region_name: str | None = None,
        endpoint_url: str | None = None,
        wait_seconds: float | timedelta = _LONGEST_POLL,
        visibility_timeout: float | timedelta | None = None,
    ) -> None:
        super().__init__(
            queue_url,
            boto3_client=boto3_client,
            boto3_session=boto3_session,
            region_name=region_name,
            endpoint_url=endpoint_url,
            wait=_seconds(wait_seconds, "wait_seconds", _LONGEST_POLL),
        )
        self.visibility_timeout: float | None = (
            None
            if visibility_timeout is None
            else _seconds(visibility_timeout, "visibility_timeout", _LONGEST_HIDING)
        )

    def receive(self, limit: int, wait: float, /) -> Sequence[Received]:
        """
        Up to *limit* messages, 10 at most.

        Waits up to *wait* seconds, or *wait_seconds* if that is less, for the first; but a
        second at least, since a shorter poll may miss what is there.

        Raises:
            ConfigurationError: No such queue, region or credentials.

            AccessDeniedError: The permission is missing.

            AuthenticationError: AWS does not know the credentials.

            ServiceUnavailableError: SQS could not be reached, or is busy.
        """
        hiding = self.visibility_timeout
        return self._ask(
            "ReceiveMessage",
            lambda sqs: sqs.receive_message(
                QueueUrl=self.queue_url,
                MaxNumberOfMessages=min(limit, MOST),
                WaitTimeSeconds=math.ceil(min(max(wait, 1.0), self._wait)),
                MessageSystemAttributeNames=["ApproximateReceiveCount"],
                **({} if hiding is None else {"VisibilityTimeout": math.ceil(hiding)}),
            ),
            _received,
        )

    def delete(self, receipts: Sequence[str], /) -> Mapping[str, str]:
        """Delete messages, 10 a call. Returns receipt to SQS's code for those it did not take."""

        def delete(entries: Entries, sqs: SQSClient) -> Mapping[str, Any]:
            return sqs.delete_message_batch(QueueUrl=self.queue_url, Entries=entries)

        return self._in_tens("DeleteMessage", delete, receipts)

    def extend(self, receipts: Sequence[str], seconds: float, /) -> Mapping[str, str]:
        """Keep messages hidden for *seconds* from now. Returns those that could not be."""
        hiding = math.ceil(min(seconds, _LONGEST_HIDING))

        def hide(entries: Entries, sqs: SQSClient) -> Mapping[str, Any]:
            return sqs.change_message_visibility_batch(
                QueueUrl=self.queue_url,
                Entries=[{**entry, "VisibilityTimeout": hiding} for entry in entries],
            )

        return self._in_tens("ChangeMessageVisibility", hide, receipts)

    def release(self, receipts: Sequence[str], /) -> Mapping[str, str]:
        """Hand messages back at once. Returns those that could not be."""
        return self.extend(receipts, 0.0)


def _received(answer: Mapping[str, Any]) -> list[Received]:
    return [
        Received(
            body=message["Body"],
            receipt=message["ReceiptHandle"],
            receive_count=int(message.get("Attributes", {}).get("ApproximateReceiveCount", 1)),
        )
        for message in answer.get("Messages") or ()
    ]


def _seconds(value: float | timedelta, option: str, most: float) -> float:
    seconds = value.total_seconds() if isinstance(value, timedelta) else value
    if isinstance(seconds, bool) or not isinstance(seconds, (int, float)):  # pyright: ignore[reportUnnecessaryIsInstance]  a caller without types
        raise errors.ConfigurationError(f"{option}= must be a timedelta or a number of seconds.")
    if not 0 <= seconds <= most:
        raise errors.ConfigurationError(f"{option}= must be from 0 to {most:g} seconds.")
    return float(seconds)
