"""Feedback in SES's shape."""

from __future__ import annotations

import json

__all__ = ["bounce", "in_sns"]


def bounce(recipients: int = 1, number: int = 0) -> dict[str, object]:
    """A hard bounce of so many recipients; *number* makes it another one."""
    addresses = [f"someone.{number}.{index}@example.org" for index in range(recipients)]
    headers = {
        "From": "Example Shop <shop@example.com>",
        "Reply-To": "Help <help@example.com>",
        "To": "undisclosed-recipients:;",
        "Subject": "Your order has left our house",
        "MIME-Version": "1.0",
        "Content-Type": "multipart/alternative; boundary=part",
        "List-Unsubscribe": "<https://example.com/unsubscribe?u=0123456789abcdef>",
        "X-Campaign": "orders-2026-03",
    }
    return {
        "eventType": "Bounce",
        "bounce": {
            "feedbackId": f"0100018f{number:08x}-0000",
            "bounceType": "Permanent",
            "bounceSubType": "General",
            "bouncedRecipients": [
                {
                    "emailAddress": address,
                    "action": "failed",
                    "status": "5.1.1",
                    "diagnosticCode": "smtp; 550 5.1.1 user unknown",
                }
                for address in addresses
            ],
            "timestamp": "2026-03-01T12:00:01.234Z",
            "reportingMTA": "dsn; a8-50.smtp-out.amazonses.com",
        },
        "mail": {
            "timestamp": "2026-03-01T12:00:00.000Z",
            "source": "Example Shop <shop@example.com>",
            "sourceArn": "arn:aws:ses:us-east-1:123456789012:identity/example.com",
            "sendingAccountId": "123456789012",
            "messageId": f"0100018f{number:08x}-1111",
            "destination": addresses,
            "headersTruncated": False,
            "headers": [{"name": name, "value": value} for name, value in headers.items()],
            "commonHeaders": {
                "from": ["Example Shop <shop@example.com>"],
                "replyTo": ["Help <help@example.com>"],
                "to": addresses,
                "subject": headers["Subject"],
            },
            "tags": {
                "ses:operation": ["SendEmail"],
                "ses:configuration-set": ["orders"],
                "ses:source-ip": ["192.0.2.1"],
                "ses:from-domain": ["example.com"],
                "ses:caller-identity": ["shop"],
                "campaign": ["orders-2026-03"],
            },
        },
    }


def in_sns(event: dict[str, object], number: int = 0) -> str:
    """The body of an SQS message that came through SNS."""
    return json.dumps(
        {
            "Type": "Notification",
            "MessageId": f"00000000-0000-4000-8000-{number:012d}",
            "TopicArn": "arn:aws:sns:us-east-1:123456789012:ses-feedback",
            "Subject": "Amazon SES Email Event Notification",
            "Message": json.dumps(event),
            "Timestamp": "2026-03-01T12:00:02.000Z",
            "SignatureVersion": "1",
            "Signature": "EXAMPLE" * 48,
            "SigningCertURL": "https://sns.us-east-1.amazonaws.com/SimpleNotificationService-0.pem",
            "UnsubscribeURL": "https://sns.us-east-1.amazonaws.com/?Action=Unsubscribe&Topic=0",
        }
    )
