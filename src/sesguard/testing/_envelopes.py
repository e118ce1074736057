"""What SES's records travel in."""

from __future__ import annotations

import hashlib
import json
import uuid
from collections.abc import Callable, Mapping

from sesguard.simulator.feedback import envelopes
from sesguard.simulator.identifiers import stamp
from sesguard.testing._asked import ACCOUNT_ID, Asked, Json

__all__ = ["DETAIL_TYPES", "ENVELOPES", "confirmation", "notification"]

DETAIL_TYPES = {kind.replace(" ", ""): said for kind, said in envelopes.DETAIL_TYPES.items()}
"""Kinds that EventBridge tells, and what it calls them."""


def notification(asked: Asked, record: Json) -> Json:
    """
    SNS's message around a record. The signature is none: see `sesguard.testing.sns`.

    What a configuration set publishes has a subject, and a newline at its end. The test of a new
    topic of a configuration set is a sentence, and no JSON.

    Source:
        SNS Developer Guide, "Parsing Amazon SNS message formats".
    """
    if asked.kind == "SetupNotice" and asked.published:
        return _sns(asked, "Notification", envelopes.VALIDATED)
    text = json.dumps(record)
    if not asked.published or asked.kind == "SetupNotice":
        return _sns(asked, "Notification", text)
    return _sns(asked, "Notification", text + "\n", subject="Amazon SES Email Event Notification")


def confirmation(asked: Asked) -> Json:
    """SNS's own message, of either kind that has a token."""
    topic = asked.details.get("topic_arn", "")
    token = asked.details.get("token") or uuid.uuid4().hex * 8
    text = (
        f"You have chosen to subscribe to the topic {topic}. To confirm the subscription, visit "
        "the SubscribeURL included in this message."
    )
    if asked.kind == "UnsubscribeConfirmation":
        text = (
            f"You have chosen to deactivate subscription {_subscription(topic)}.\nTo cancel this "
            "operation and restore the subscription, visit the SubscribeURL included in this "
            "message."
        )
    url = f"https://sns.{asked.region}.amazonaws.com/?Action=ConfirmSubscription&TopicArn={topic}"
    more = {"Token": token, "SubscribeURL": f"{url}&Token={token}"}
    found = _sns(asked, asked.kind, text) | more
    del found["UnsubscribeURL"]
    return found


def _sns(asked: Asked, kind: str, text: str, *, subject: str | None = None) -> Json:
    topic = asked.details.get("topic_arn", "")
    host = f"https://sns.{asked.region}.amazonaws.com"
    found: Json = {
        "Type": kind,
        "MessageId": asked.details.get("sns_message_id") or str(uuid.uuid4()),
        "TopicArn": topic,
        "Message": text,
        "Timestamp": stamp(asked.at),
        "SignatureVersion": "1",
        "Signature": "bm90IHNpZ25lZA==",
        "SigningCertURL": f"{host}/SimpleNotificationService-0000000000000000.pem",
        "UnsubscribeURL": f"{host}/?Action=Unsubscribe&SubscriptionArn={_subscription(topic)}",
    }
    return found if subject is None else found | {"Subject": subject}


def _subscription(topic: str) -> str:
    return f"{topic}:00000000-0000-4000-8000-000000000000"


def _bare(asked: Asked, record: Json, message: Json) -> str:
    return message["Message"] if message["Message"] == envelopes.VALIDATED else json.dumps(record)


def _in_sns(asked: Asked, record: Json, message: Json) -> str:
    return json.dumps(message)


def _in_sqs(asked: Asked, record: Json, message: Json) -> str:
    return _received(asked, json.dumps(message))


def _raw_in_sqs(asked: Asked, record: Json, message: Json) -> str:
    return _received(asked, message["Message"])


def _received(asked: Asked, body: str) -> str:
    """
    What ReceiveMessage answers.

    Source:
        SQS API Reference, "ReceiveMessage".
    """
    message = {
        "MessageId": str(uuid.uuid4()),
        "ReceiptHandle": uuid.uuid4().hex,
        "MD5OfBody": hashlib.md5(body.encode(), usedforsecurity=False).hexdigest(),
        "Body": body,
        "Attributes": _attributes(asked),
    }
    return json.dumps({"Messages": [message]})


def _attributes(asked: Asked) -> dict[str, str]:
    at = str(round(asked.at.timestamp() * 1000))
    return {
        "SenderId": "AIDAEXAMPLEEXAMPLEEXA",
        "ApproximateFirstReceiveTimestamp": at,
        "ApproximateReceiveCount": "1",
        "SentTimestamp": at,
    }


def _sns_in_lambda(asked: Asked, record: Json, message: Json) -> str:
    """
    Lambda spells two names otherwise, and has null for what is absent.

    Source:
        Lambda Developer Guide, "Invoking Lambda functions with Amazon SNS notifications".
    """
    sns: Json = {"Subject": None, **message, "MessageAttributes": {}}
    for name in ("SigningCertURL", "UnsubscribeURL"):
        sns[name.replace("URL", "Url")] = sns.pop(name)
    wrapped: Json = {
        "EventVersion": "1.0",
        "EventSubscriptionArn": _subscription(message["TopicArn"]),
        "EventSource": "aws:sns",
        "Sns": sns,
    }
    return json.dumps({"Records": [wrapped]})


def _sqs_in_lambda(asked: Asked, record: Json, message: Json) -> str:
    """
    Source:
        Lambda Developer Guide, "Using Lambda with Amazon SQS".
    """
    body = json.dumps(message)
    wrapped = {
        "messageId": str(uuid.uuid4()),
        "receiptHandle": uuid.uuid4().hex,
        "body": body,
        "attributes": _attributes(asked),
        "messageAttributes": {},
        "md5OfBody": hashlib.md5(body.encode(), usedforsecurity=False).hexdigest(),
        "eventSource": "aws:sqs",
        "eventSourceARN": f"arn:aws:sqs:{asked.region}:{ACCOUNT_ID}:ses-feedback",
        "awsRegion": asked.region,
    }
    return json.dumps({"Records": [wrapped]})


def _in_eventbridge(asked: Asked, record: Json, message: Json) -> str:
    """
    Source:
        SES Developer Guide, "Monitoring SES events using EventBridge".
    """
    wrapped = {
        "version": "0",
        "id": str(uuid.uuid4()),
        "detail-type": DETAIL_TYPES[asked.kind],
        "source": "aws.ses",
        "account": ACCOUNT_ID,
        "time": asked.at.strftime("%Y-%m-%dT%H:%M:%SZ"),
        "region": asked.region,
        "resources": [f"arn:aws:ses:{asked.region}:{ACCOUNT_ID}:identity/{asked.domain}"],
        "detail": record,
    }
    return json.dumps(wrapped)


def _in_firehose(asked: Asked, record: Json, message: Json) -> str:
    """
    Source:
        SES Developer Guide, "Examples of event data in Firehose": a newline after each record.
    """
    return json.dumps(record) + "\n"


ENVELOPES: Mapping[str, Callable[[Asked, Json, Json], str]] = {
    "sns": _in_sns,
    "none": _bare,
    "sqs": _in_sqs,
    "sqs_raw": _raw_in_sqs,
    "lambda_sns": _sns_in_lambda,
    "lambda_sqs": _sqs_in_lambda,
    "eventbridge": _in_eventbridge,
    "firehose": _in_firehose,
}
"""What makes each envelope out of a record and SNS's message around it."""
