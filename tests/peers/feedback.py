"""What SES writes about mail, as text: records, and the envelope that SNS puts around them."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import TypeAlias

Record: TypeAlias = dict[str, object]

TOPIC = "arn:aws:sns:eu-west-1:123456789012:feedback"


def mail(message_id: str, destination: Sequence[str]) -> Record:
    return {
        "timestamp": "2025-11-24T07:28:00.000Z",
        "messageId": message_id,
        "source": "shop@example.com",
        "sourceArn": "arn:aws:ses:eu-west-1:123456789012:identity/example.com",
        "sourceIp": "192.0.2.10",
        "callerIdentity": "shop",
        "sendingAccountId": "123456789012",
        "destination": list(destination),
    }


def bounce(
    recipients: Sequence[str],
    *,
    feedback_id: str = "0100017f-bounce-000000",
    kind: str = "Permanent",
    sub_kind: str = "General",
    destination: Sequence[str] = (),
    message_id: str = "0100017f-mail-000000",
    at: str = "2025-11-24T07:28:01.000Z",
) -> Record:
    """A bounce of some of a mail's recipients, as an identity's topic gets it."""
    return {
        "notificationType": "Bounce",
        "bounce": {
            "feedbackId": feedback_id,
            "bounceType": kind,
            "bounceSubType": sub_kind,
            "bouncedRecipients": [
                {
                    "emailAddress": address,
                    "action": "failed",
                    "status": "5.1.1",
                    "diagnosticCode": "smtp; 550 5.1.1 user unknown",
                }
                for address in recipients
            ],
            "timestamp": at,
            "remoteMtaIp": "192.0.2.25",
            "reportingMTA": "dns; a8-61.smtp-out.amazonses.com",
        },
        "mail": mail(message_id, destination or recipients),
    }


def complaint(
    recipients: Sequence[str],
    *,
    feedback_id: str = "0100017f-complaint-000000",
    feedback_type: str = "abuse",
    message_id: str = "0100017f-mail-000000",
    at: str = "2025-11-24T08:28:01.000Z",
) -> Record:
    return {
        "notificationType": "Complaint",
        "complaint": {
            "feedbackId": feedback_id,
            "complaintSubType": None,
            "complainedRecipients": [{"emailAddress": address} for address in recipients],
            "timestamp": at,
            "userAgent": "Amazon SES Mailbox Simulator",
            "complaintFeedbackType": feedback_type,
            "arrivalDate": "2025-11-24T08:28:00.000Z",
        },
        "mail": mail(message_id, recipients),
    }


def delivery(recipients: Sequence[str], *, message_id: str = "0100017f-mail-000000") -> Record:
    return {
        "notificationType": "Delivery",
        "delivery": {
            "timestamp": "2025-11-24T07:28:02.000Z",
            "processingTimeMillis": 1200,
            "recipients": list(recipients),
            "smtpResponse": "250 2.6.0 Message received",
            "remoteMtaIp": "192.0.2.25",
            "reportingMTA": "a8-61.smtp-out.amazonses.com",
        },
        "mail": mail(message_id, recipients),
    }


def through_sns(
    record: Record | str, *, message_id: str = "sns-1", kind: str = "Notification"
) -> str:
    """The body of an SQS message that SNS delivered without raw delivery."""
    return json.dumps(
        {
            "Type": kind,
            "MessageId": message_id,
            "TopicArn": TOPIC,
            "Message": record if isinstance(record, str) else json.dumps(record),
            "Timestamp": "2025-11-24T07:28:03.000Z",
            "SignatureVersion": "1",
            "Signature": "c2lnbmF0dXJl",
            "SigningCertURL": "https://sns.eu-west-1.amazonaws.com/SimpleNotificationService-0.pem",
        }
    )


S3_TEST = json.dumps(
    {
        "Service": "Amazon S3",
        "Event": "s3:TestEvent",
        "Time": "2025-11-24T07:28:00.000Z",
        "Bucket": "attachments",
        "RequestId": "5582815E1AEA5ADF",
        "HostId": "8cLeGAmw098X5cv4Zkwcmo8vvZa3eH3eKxsPzbB9wrR",
    }
)
"""What S3 writes into a queue when it is told to notify it."""

VALIDATION = "Successfully validated SNS topic for Amazon SES event publishing."
