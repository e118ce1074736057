"""The envelopes that SES's JSON travels in, by what it was published to."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from functools import partial
from typing import Any

from sesguard._frozen import FrozenMapping
from sesguard.simulator.identifiers import Identifiers, stamp

__all__ = [
    "ACCOUNT_ID",
    "DETAIL_TYPES",
    "EVENT_SUBJECT",
    "VALIDATED",
    "Publication",
    "bus_event",
    "compact",
    "lines",
    "notification",
    "stream_line",
    "topic_arn",
]

ACCOUNT_ID = "123456789012"
EVENT_SUBJECT = "Amazon SES Email Event Notification"
VALIDATED = "Successfully validated SNS topic for Amazon SES event publishing."
_COMPACT = json.JSONEncoder(separators=(",", ":"))
_SUBSCRIPTION = "00000000-0000-4000-8000-000000000000"

DETAIL_TYPES: Mapping[str, str] = FrozenMapping(
    {
        "Send": "Email Sent",
        "Delivery": "Email Delivered",
        "Bounce": "Email Bounced",
        "Complaint": "Email Complaint Received",
        "Reject": "Email Rejected",
        "Open": "Email Opened",
        "Click": "Email Clicked",
        "Rendering Failure": "Email Rendering Failed",
        "DeliveryDelay": "Email Delivery Delayed",
        "Subscription": "Email Subscribed",
    }
)


class Publication:
    """
    One message on its way. Its texts are written when they are read.

    Args:
        target: The ARN of the topic, event bus or delivery stream that SES published it to.

        message: Writes what SES published.

        wrap: Makes of it what comes out at the other end; None for no change.

        subject: SNS's subject, where the message has one.
    """

    __slots__ = ("_message", "_wrap", "subject", "target")

    def __init__(
        self,
        target: str,
        message: Callable[[], str],
        *,
        wrap: Callable[[str], str] | None = None,
        subject: str | None = None,
    ) -> None:
        self.target: str = target
        self.subject: str | None = subject
        self._message = message
        self._wrap = wrap

    @property
    def message(self) -> str:
        """What SES published: its JSON, or the plain text of a setup notice."""
        return self._message()

    @property
    def body(self) -> str:
        """
        What comes out at the other end, for instance in a queue: a topic's message in SNS's
        envelope; an event bus's event and a stream's line as they are.
        """
        return self.message if self._wrap is None else self._wrap(self.message)

    @property
    def to_topic(self) -> bool:
        """Whether it was published to an SNS topic."""
        return ":sns:" in self.target


def topic_arn(region: str) -> str:
    """The topic that feedback is published to as long as nothing is set up."""
    return f"arn:aws:sns:{region}:{ACCOUNT_ID}:ses-feedback"


def compact(record: Mapping[str, Any]) -> str:
    """JSON as SES and SNS write it: without spaces."""
    return _COMPACT.encode(record)


def notification(
    message: Callable[[], str],
    topic: str,
    ids: Identifiers,
    *,
    at: datetime,
    subject: str | None = None,
) -> Publication:
    """
    A message to a topic, and what an SQS queue behind it receives.

    The signature is none: a queue is trusted by its policy. `HTTPSubscriber` has it signed.
    """
    wrap = partial(_enveloped, topic, ids.envelope(), at, subject)
    return Publication(topic, message, wrap=wrap, subject=subject)


def _enveloped(topic: str, number: str, at: datetime, subject: str | None, message: str) -> str:
    host = f"https://sns.{topic.split(':')[3]}.amazonaws.com/"
    envelope: dict[str, str] = {
        "Type": "Notification",
        "MessageId": number,
        "TopicArn": topic,
        **({} if subject is None else {"Subject": subject}),
        "Message": message,
        "Timestamp": stamp(at),
        "SignatureVersion": "1",
        "Signature": "c2ltdWxhdGVk",
        "SigningCertURL": f"{host}SimpleNotificationService-{0:032x}.pem",
        "UnsubscribeURL": f"{host}?Action=Unsubscribe&SubscriptionArn={topic}:{_SUBSCRIPTION}",
    }
    return compact(envelope)


def bus_event(
    record: Callable[[], Mapping[str, Any]],
    bus: str,
    ids: Identifiers,
    *,
    at: datetime,
    region: str,
) -> Publication:
    """
    An event of EventBridge.

    Source:
        SES Developer Guide, "Monitoring Amazon SES events using Amazon EventBridge".
    """
    number = ids.bus_event()

    def event() -> str:
        detail = record()
        arn = detail["mail"].get("sourceArn")
        return compact(
            {
                "version": "0",
                "id": number,
                "detail-type": DETAIL_TYPES[detail["eventType"]],
                "source": "aws.ses",
                "account": ACCOUNT_ID,
                "time": at.astimezone(UTC).isoformat(timespec="seconds").replace("+00:00", "Z"),
                "region": region,
                "resources": [] if arn is None else [arn],
                "detail": detail,
            }
        )

    return Publication(bus, event)


def lines(record: Callable[[], str]) -> Callable[[], str]:
    """The same with a line break behind it."""
    return lambda: f"{record()}\n"


def stream_line(record: Callable[[], str], stream: str) -> Publication:
    """
    A record of Firehose: one line.

    Source:
        SES Developer Guide, "Contents of event data that Amazon SES publishes to Firehose".
    """
    return Publication(stream, lines(record))
