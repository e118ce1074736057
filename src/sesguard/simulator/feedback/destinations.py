"""Where a test may have feedback handed on to."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, Protocol, TypeAlias

from sesguard.simulator.feedback.envelopes import Publication

__all__ = ["Destination", "SNSTopic", "SQSQueue", "forward"]

Destination: TypeAlias = Callable[[Publication], object]
"""Takes each message that SES published. What it raises comes out of the call that caused it."""


class _SNSClient(Protocol):
    @property
    def publish(self) -> Callable[..., Any]: ...


class _SQSClient(Protocol):
    @property
    def send_message(self) -> Callable[..., Any]: ...


class SNSTopic:
    """
    Publishes what SES publishes to topics, through a real boto3 client of SNS.

    Args:
        boto3_client: For ``sns``, at moto or another endpoint.

        topic_arn: The topic there. None: the one that SES published to, which has to exist there.
    """

    def __init__(self, boto3_client: _SNSClient, topic_arn: str | None = None) -> None:
        self._client = boto3_client
        self._topic_arn = topic_arn

    def __call__(self, publication: Publication, /) -> None:
        """Publish it, unless it went to an event bus or a delivery stream."""
        if publication.to_topic:
            subject = {} if publication.subject is None else {"Subject": publication.subject}
            topic = self._topic_arn or publication.target
            self._client.publish(TopicArn=topic, Message=publication.message, **subject)


class SQSQueue:
    """
    Sends everything to a queue, through a real boto3 client of SQS.

    Args:
        queue_url: The queue.

        boto3_client: For ``sqs``, at moto or another endpoint.

        raw: As with SNS's raw delivery: what SES published, without SNS's envelope.
    """

    def __init__(self, queue_url: str, *, boto3_client: _SQSClient, raw: bool = False) -> None:
        self._queue_url = queue_url
        self._client = boto3_client
        self._raw = raw

    def __call__(self, publication: Publication, /) -> None:
        """Send it."""
        body = publication.message if self._raw else publication.body
        self._client.send_message(QueueUrl=self._queue_url, MessageBody=body)


def forward(arrived: Sequence[Publication], destinations: Sequence[Destination]) -> None:
    """
    Hand each message on to each destination, whatever others make of it.

    Raises:
        Exception: What a destination raised; an `ExceptionGroup` if several did.
    """
    raised: list[Exception] = []
    for publication in arrived:
        for destination in destinations:
            try:
                destination(publication)
            except Exception as error:
                raised.append(error)
    if len(raised) > 1:
        raise ExceptionGroup("destinations of the simulator raised", raised)
    if raised:
        raise raised[0]
