"""
Messages of Amazon SNS with genuine signatures, by an authority of the test's own; and forgeries.

    topic = Topic("arn:aws:sns:eu-west-1:123456789012:feedback")
    body = topic.notification(sample("Bounce"))
    for forgery in topic.forgeries(body): ...

`Authority.fetch` and `Forgery.fetch` give the certificates to whoever verifies. Needs the ``sns``
extra.
"""

from __future__ import annotations

import base64
import json
import random
import uuid
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

from sesguard.clocks import SystemClock
from sesguard.errors import ConfigurationError
from sesguard.ports import Clock
from sesguard.testing._sns_authority import Authority, host
from sesguard.testing._sns_forgeries import Forgery, forgeries_of
from sesguard.testing._sns_signing import to_sign

__all__ = ["Authority", "Forgery", "Topic"]


class Topic:
    """
    Signs as SNS does for one topic.

    Args:
        arn: Of the topic; its region decides the certificate.

        version: ``"1"``, as topics have it at first, or ``"2"``.

        authority: Whose keys sign. One of its own, unless given.

        clock: Dates the messages. The system's, unless a test brings its own.

        seed: Decides ids and tokens.

    Raises:
        ConfigurationError: The ARN is no topic's, or there is no such version.

    Source:
        SNS Developer Guide, "Parsing Amazon SNS message formats", "Verifying the signatures of
        Amazon SNS messages".
    """

    def __init__(
        self,
        arn: str = "arn:aws:sns:us-east-1:123456789012:ses-feedback",
        *,
        version: str = "1",
        authority: Authority | None = None,
        clock: Clock | None = None,
        seed: int = 0,
    ) -> None:
        parts = arn.split(":")
        if len(parts) != 6 or parts[2] != "sns" or not all(parts):
            raise ConfigurationError(
                "arn= is arn:PARTITION:sns:REGION:ACCOUNT:NAME: the default is one."
            )
        if version not in ("1", "2"):
            raise ConfigurationError("version= is '1' or '2': SNS has no other signatures.")
        self.arn: str = arn
        self.region: str = parts[3]
        self.version: str = version
        self.authority: Authority = Authority() if authority is None else authority
        self._clock: Clock = SystemClock() if clock is None else clock
        self._chance = random.Random(f"{seed} {arn}")
        self._subscription = f"{arn}:{self._uuid()}"

    def notification(
        self,
        message: str,
        *,
        subject: str | None = None,
        attributes: Mapping[str, str] | None = None,
    ) -> str:
        """
        A Notification.

        Args:
            message: What was published: for SES, the text of a record.

            subject: Absent from identity feedback; event publishing has one.

            attributes: Message attributes that are strings. They are not signed.
        """
        fields: dict[str, Any] = {
            "Type": "Notification",
            "MessageId": self._uuid(),
            "TopicArn": self.arn,
            **({} if subject is None else {"Subject": subject}),
            "Message": message,
            "Timestamp": self._now(),
        }
        signed: dict[str, Any] = dict(self.sign(fields))
        url = f"https://{host(self.region)}/?Action=Unsubscribe"
        signed["UnsubscribeURL"] = f"{url}&SubscriptionArn={self._subscription}"
        if attributes:
            signed["MessageAttributes"] = {
                name: {"Type": "String", "Value": value} for name, value in attributes.items()
            }
        return _written(signed)

    def subscription_confirmation(self) -> str:
        """What SNS asks a new endpoint."""
        return self._confirmation(
            "SubscriptionConfirmation",
            f"You have chosen to subscribe to the topic {self.arn}.\n"
            "To confirm the subscription, visit the SubscribeURL included in this message.",
        )

    def unsubscribe_confirmation(self) -> str:
        """What SNS tells an endpoint that was unsubscribed."""
        return self._confirmation(
            "UnsubscribeConfirmation",
            f"You have chosen to deactivate subscription {self._subscription}.\n"
            "To cancel this operation and restore the subscription, visit the SubscribeURL "
            "included in this message.",
        )

    def sign(self, message: Mapping[str, Any], /) -> dict[str, Any]:
        """
        The message with this topic's signature and certificate.

        It is what `sesguard.simulator.HTTPSubscriber` takes as ``sign=``.
        """
        fields = {**message, "SignatureVersion": self.version}
        signature = self.authority.sign(to_sign(fields), self.region, self.version)
        fields["Signature"] = base64.b64encode(signature).decode()
        fields["SigningCertURL"] = self.authority.certificate_url(self.region)
        return fields

    def headers(self, body: str) -> dict[str, str]:
        """The HTTP headers with which SNS posts *body*. They are not signed."""
        fields: dict[str, str] = json.loads(body)
        found = {
            "Content-Type": "text/plain; charset=UTF-8",
            "User-Agent": "Amazon Simple Notification Service Agent",
            "x-amz-sns-message-type": fields["Type"],
            "x-amz-sns-message-id": fields["MessageId"],
            "x-amz-sns-topic-arn": fields["TopicArn"],
        }
        if fields["Type"] != "SubscriptionConfirmation":
            found["x-amz-sns-subscription-arn"] = self._subscription
        return found

    def lambda_event(self, *bodies: str) -> str:
        """The event of a Lambda function, which spells two keys otherwise and has nulls."""
        return json.dumps({"Records": [self._lambda_record(json.loads(one)) for one in bodies]})

    def forgeries(self, body: str) -> tuple[Forgery, ...]:
        """
        What is not genuine, and looks so: *body*, a notification or confirmation, changed.

        Every one of them is to be refused by who lists this topic alone. Give your check the
        forgery's own `Forgery.fetch`, which finds the forger's certificates where they would be.
        What SNS does not sign, MessageAttributes and UnsubscribeURL, nobody can tell.
        """
        headers = self.headers(body)
        return forgeries_of(body, headers, self.authority, self.region, self.version)

    def _confirmation(self, kind: str, message: str) -> str:
        token = f"{self._chance.getrandbits(1024):0256x}"
        fields = {
            "Type": kind,
            "MessageId": self._uuid(),
            "Token": token,
            "TopicArn": self.arn,
            "Message": message,
            "SubscribeURL": f"https://{host(self.region)}/?Action=ConfirmSubscription"
            f"&TopicArn={self.arn}&Token={token}",
            "Timestamp": self._now(),
        }
        return _written(self.sign(fields))

    def _lambda_record(self, fields: dict[str, Any]) -> dict[str, Any]:
        spelled = {"SigningCertURL": "SigningCertUrl", "UnsubscribeURL": "UnsubscribeUrl"}
        message = {spelled.get(name, name): value for name, value in fields.items()}
        return {
            "EventSource": "aws:sns",
            "EventVersion": "1.0",
            "EventSubscriptionArn": self._subscription,
            "Sns": {"Subject": None, "MessageAttributes": {}, **message},
        }

    def _uuid(self) -> str:
        return str(uuid.UUID(int=self._chance.getrandbits(128), version=4))

    def _now(self) -> str:
        at: datetime = self._clock.now().astimezone(UTC)
        return at.isoformat(timespec="milliseconds").replace("+00:00", "Z")


def _written(fields: Mapping[str, Any]) -> str:
    """As SNS writes it: a line for each field."""
    return json.dumps(fields, indent=2, separators=(",", " : "), ensure_ascii=False)
