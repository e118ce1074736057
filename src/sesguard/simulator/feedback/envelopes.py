"""The envelopes that SES's JSON travels in, by what it was published to."""

from __future__ import annotations

import json
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any, NamedTuple, Protocol

from sesguard._frozen import FrozenMapping
from sesguard.simulator.identifiers import stamp

__all__ = [
    "ACCOUNT_ID",
    "DETAIL_TYPES",
    "EVENT_SUBJECT",
    "VALIDATED",
    "BusEvent",
    "Notification",
    "Publication",
    "SetupNotice",
    "Written",
    "compact",
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


class Written(Protocol):
    """What SES tells, written when it is read: most is not."""

    def text(self) -> str:
        """Its JSON, or the plain text of a setup notice."""
        ...


class SetupNotice(NamedTuple):
    """What SES tells a topic that was set up."""

    notice: str

    def text(self) -> str:
        """It is all there is."""
        return self.notice


class Publication:
    """
    One message on its way: a line, as a delivery stream has it. Its texts are written when they
    are read.

    Args:
        target: The ARN of the topic, event bus or delivery stream that SES published it to.

        record: What SES tells.

        lined: Whether a line break is behind it.

        subject: SNS's subject, where the message has one.

    Source:
        SES Developer Guide, "Contents of event data that Amazon SES publishes to Firehose".
    """

    __slots__ = ("_lined", "_record", "subject", "target")

    def __init__(
        self, target: str, record: Written, *, lined: bool = True, subject: str | None = None
    ) -> None:
        self.target: str = target
        self.subject: str | None = subject
        self._record = record
        self._lined = lined

    @property
    def message(self) -> str:
        """What SES published: its JSON, or the plain text of a setup notice."""
        return f"{self._record.text()}\n" if self._lined else self._record.text()

    @property
    def body(self) -> str:
        """
        What comes out at the other end, for instance in a queue: a topic's message in SNS's
        envelope; an event bus's event and a stream's line as they are.
        """
        return self.message

    @property
    def to_topic(self) -> bool:
        """Whether it was published to an SNS topic."""
        return ":sns:" in self.target


class Notification(Publication):
    """
    A message to a topic, and what an SQS queue behind it receives.

    The signature is none: a queue is trusted by its policy. `HTTPSubscriber` has it signed.

    Args:
        number: SNS's id of it.

        at: When SES published it.
    """

    __slots__ = ("_at", "_number")

    def __init__(
        self,
        target: str,
        record: Written,
        *,
        number: str,
        at: datetime,
        lined: bool = False,
        subject: str | None = None,
    ) -> None:
        super().__init__(target, record, lined=lined, subject=subject)
        self._number = number
        self._at = at

    @property
    def body(self) -> str:
        """The message in SNS's envelope."""
        host = f"https://sns.{self.target.split(':')[3]}.amazonaws.com/"
        unsubscribe = f"?Action=Unsubscribe&SubscriptionArn={self.target}:{_SUBSCRIPTION}"
        envelope: dict[str, str] = {
            "Type": "Notification",
            "MessageId": self._number,
            "TopicArn": self.target,
            **({} if self.subject is None else {"Subject": self.subject}),
            "Message": self.message,
            "Timestamp": stamp(self._at),
            "SignatureVersion": "1",
            "Signature": "c2ltdWxhdGVk",
            "SigningCertURL": f"{host}SimpleNotificationService-{0:032x}.pem",
            "UnsubscribeURL": f"{host}{unsubscribe}",
        }
        return compact(envelope)


class BusEvent(Publication):
    """
    An event of EventBridge.

    Args:
        number: EventBridge's id of it.

        at: When SES published it.

    Source:
        SES Developer Guide, "Monitoring Amazon SES events using Amazon EventBridge".
    """

    __slots__ = ("_at", "_number", "_region")

    def __init__(
        self, target: str, record: Written, *, number: str, at: datetime, region: str
    ) -> None:
        super().__init__(target, record)
        self._number = number
        self._at = at
        self._region = region

    @property
    def message(self) -> str:
        """The event, with SES's JSON as its detail."""
        detail: dict[str, Any] = json.loads(self._record.text())
        arn = detail["mail"].get("sourceArn")
        at = self._at.astimezone(UTC).isoformat(timespec="seconds").replace("+00:00", "Z")
        return compact(
            {
                "version": "0",
                "id": self._number,
                "detail-type": DETAIL_TYPES[detail["eventType"]],
                "source": "aws.ses",
                "account": ACCOUNT_ID,
                "time": at,
                "region": self._region,
                "resources": [] if arn is None else [arn],
                "detail": detail,
            }
        )


def topic_arn(region: str) -> str:
    """The topic that feedback is published to as long as nothing is set up."""
    return f"arn:aws:sns:{region}:{ACCOUNT_ID}:ses-feedback"


def compact(record: Mapping[str, Any]) -> str:
    """JSON as SES and SNS write it: without spaces."""
    return _COMPACT.encode(record)
