"""The envelopes that SES's JSON travels in, by what it was published to."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

from sesguard._frozen import FrozenMapping
from sesguard.simulator.identifiers import Identifiers, stamp

__all__ = [
    "ACCOUNT_ID",
    "EVENT_SUBJECT",
    "Publication",
    "bus_event",
    "compact",
    "notification",
    "stream_line",
    "topic_arn",
]

ACCOUNT_ID = "123456789012"
EVENT_SUBJECT = "Amazon SES Email Event Notification"
_COMPACT = json.JSONEncoder(separators=(",", ":"))
_SUBSCRIPTION = "00000000-0000-4000-8000-000000000000"

_DETAIL_TYPES: Mapping[str, str] = FrozenMapping(
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


@dataclass(frozen=True, slots=True, kw_only=True)
class Publication:
    """
    One message on its way.

    Attributes:
        target: The ARN of the topic, event bus or delivery stream that SES published it to.

        message: What SES published: its JSON, or the plain text of a setup notice.

        subject: SNS's subject, where the message has one.

        body: What comes out at the other end, for instance in a queue: a topic's message in SNS's
            envelope; an event bus's event and a stream's line as they are.
    """

    target: str
    message: str = field(repr=False)
    subject: str | None = None
    body: str = field(repr=False)

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
    message: str, topic: str, ids: Identifiers, *, at: datetime, subject: str | None = None
) -> Publication:
    """
    A message to a topic, and what an SQS queue behind it receives.

    The signature is none: a queue is trusted by its policy. `HTTPSubscriber` has it signed.
    """
    region = topic.split(":")[3]
    host = f"https://sns.{region}.amazonaws.com/"
    envelope: dict[str, str] = {
        "Type": "Notification",
        "MessageId": ids.envelope(),
        "TopicArn": topic,
        **({} if subject is None else {"Subject": subject}),
        "Message": message,
        "Timestamp": stamp(at),
        "SignatureVersion": "1",
        "Signature": "c2ltdWxhdGVk",
        "SigningCertURL": f"{host}SimpleNotificationService-{0:032x}.pem",
        "UnsubscribeURL": f"{host}?Action=Unsubscribe&SubscriptionArn={topic}:{_SUBSCRIPTION}",
    }
    return Publication(target=topic, message=message, subject=subject, body=compact(envelope))


def bus_event(
    record: Mapping[str, Any], bus: str, ids: Identifiers, *, at: datetime, region: str
) -> Publication:
    """
    An event of EventBridge.

    Source:
        SES Developer Guide, "Monitoring Amazon SES events using Amazon EventBridge".
    """
    event = {
        "version": "0",
        "id": ids.bus_event(),
        "detail-type": _DETAIL_TYPES[record["eventType"]],
        "source": "aws.ses",
        "account": ACCOUNT_ID,
        "time": at.astimezone(UTC).isoformat(timespec="seconds").replace("+00:00", "Z"),
        "region": region,
        "resources": [record["mail"]["sourceArn"]] if "sourceArn" in record["mail"] else [],
        "detail": record,
    }
    text = compact(event)
    return Publication(target=bus, message=text, body=text)


def stream_line(record: str, stream: str) -> Publication:
    """
    A record of Firehose: one line.

    Source:
        SES Developer Guide, "Contents of event data that Amazon SES publishes to Firehose".
    """
    return Publication(target=stream, message=f"{record}\n", body=f"{record}\n")
