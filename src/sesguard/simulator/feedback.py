"""SES's own JSON about a mail, and SNS's envelope around it."""

from __future__ import annotations

import json
from collections.abc import Sequence
from datetime import datetime
from typing import Any, Literal, TypeAlias

from sesguard.addresses import read_leniently
from sesguard.simulator.identifiers import Identifiers, stamp
from sesguard.simulator.mailboxes import BounceFate, ComplaintFate, Fate, is_simulated
from sesguard.simulator.offers import SentMail

__all__ = ["ACCOUNT_ID", "Channel", "envelope", "record", "records", "topic_arn"]

Channel: TypeAlias = Literal["events", "notifications"]
"""Event publishing of a configuration set, or the notifications of an identity."""

Json: TypeAlias = dict[str, Any]
Fates: TypeAlias = Sequence[tuple[str, Fate]]

ACCOUNT_ID = "123456789012"
_MEMBERS = {"Rendering Failure": "failure", "DeliveryDelay": "deliveryDelay"}
_SOURCE_IP = "192.0.2.1"
_CALLER = "simulator"


def topic_arn(region: str) -> str:
    """The topic that all feedback is published to."""
    return f"arn:aws:sns:{region}:{ACCOUNT_ID}:ses-feedback"


def records(
    mail: SentMail, fates: Fates, ids: Identifiers, *, channel: Channel, region: str
) -> list[Json]:
    """
    All that SES publishes about one mail, in the order in which it happens.

    Several bounces of one kind come as one record. A complaint names every recipient at the
    complaining domain, since most providers do not tell which one it was.

    Source:
        SES Developer Guide, "Contents of event data that Amazon SES publishes to Amazon SNS",
        "Amazon SNS notification contents for Amazon SES".
    """
    at = stamp(mail.at)
    found: list[Json] = []
    if channel == "events":
        found.append(record("Send", {}, mail, channel, region))
    delivered = [address for address, fate in fates if fate.delivered]
    if delivered:
        found.append(record("Delivery", _delivery(delivered, at, channel), mail, channel, region))
    for bounce in _distinct(fate.bounce for _, fate in fates):
        bounced = [address for address, fate in fates if fate.bounce == bounce]
        detail = _bounce(bounce, bounced, at, ids.feedback(mail.at), channel)
        found.append(record("Bounce", detail, mail, channel, region))
    for complaint, accused in _complaints(fates):
        detail = _complaint(complaint, accused, at, ids.feedback(mail.at))
        found.append(record("Complaint", detail, mail, channel, region))
    return found


def envelope(record: Json, ids: Identifiers, *, at: datetime, channel: Channel, region: str) -> str:
    """
    What an SQS queue receives: SNS's notification with the record as its text.

    The signature is none: a queue is trusted by its policy. What verifies signatures is tested
    with messages that are signed.
    """
    topic = topic_arn(region)
    events = channel == "events"
    message: Json = {
        "Type": "Notification",
        "MessageId": ids.envelope(),
        "TopicArn": topic,
        "Subject": "Amazon SES Email Event Notification" if events else None,
        "Message": json.dumps(record) + ("\n" if events else ""),
        "Timestamp": stamp(at),
        "SignatureVersion": "1",
        "Signature": "c2ltdWxhdGVk",
        "SigningCertURL": f"https://sns.{region}.amazonaws.com/SimpleNotificationService-0.pem",
        "UnsubscribeURL": f"https://sns.{region}.amazonaws.com/?Action=Unsubscribe"
        f"&SubscriptionArn={topic}:00000000-0000-4000-8000-000000000000",
    }
    return json.dumps({name: value for name, value in message.items() if value is not None})


def record(kind: str, detail: Json, mail: SentMail, channel: Channel, region: str) -> Json:
    """One thing that SES tells; *kind* is the wire's word, as in ``Rendering Failure``."""
    discriminator = "eventType" if channel == "events" else "notificationType"
    return {
        discriminator: kind,
        "mail": _mail(mail, channel, region),
        _MEMBERS.get(kind, kind.lower()): detail,
    }


def _mail(mail: SentMail, channel: Channel, region: str) -> Json:
    sender = read_leniently(mail.sender)[0]
    domain = sender.rpartition("@")[2]
    events = channel == "events"
    found: Json = {
        "timestamp": stamp(mail.at),
        "source": mail.sender if events else sender,
        "sourceArn": f"arn:aws:ses:{region}:{ACCOUNT_ID}:identity/{domain}",
        "sendingAccountId": ACCOUNT_ID,
        "messageId": mail.message_id,
        "destination": list(mail.recipients),
        "headersTruncated": False,
        "headers": [{"name": name, "value": value} for name, value in mail.headers],
        "commonHeaders": _common_headers(mail, events=events),
    }
    if events:
        tags = {
            "ses:operation": "SendRawEmail" if mail.kind == "Raw" else "SendEmail",
            "ses:configuration-set": mail.configuration_set,
            "ses:source-ip": _SOURCE_IP,
            "ses:from-domain": domain,
            "ses:caller-identity": _CALLER,
            "ses:tenant-name": mail.tenant,
            **mail.tags,
        }
        found["tags"] = {name: [value] for name, value in tags.items() if value is not None}
    else:
        found |= {"sourceIp": _SOURCE_IP, "callerIdentity": _CALLER}
    return found


def _common_headers(mail: SentMail, *, events: bool) -> Json:
    own = {name.lower(): value for name, value in mail.headers}
    message_id = mail.message_id if events else own.get("message-id")
    found: Json = {
        "from": [mail.sender],
        "to": [", ".join(mail.to)] if mail.to else None,
        "cc": [", ".join(mail.cc)] if mail.cc else None,
        "replyTo": list(mail.reply_to) or None,
        "messageId": message_id,
        "subject": mail.subject,
    }
    return {name: value for name, value in found.items() if value is not None}


def _delivery(recipients: list[str], at: str, channel: Channel) -> Json:
    found: Json = {
        "timestamp": at,
        "processingTimeMillis": 546,
        "recipients": recipients,
        "smtpResponse": "250 2.0.0 OK",
        "reportingMTA": "a8-1.smtp-out.amazonses.com",
    }
    if channel == "notifications":
        found["remoteMtaIp"] = "198.51.100.1"
    return found


def _bounce(
    bounce: BounceFate, recipients: list[str], at: str, feedback_id: str, channel: Channel
) -> Json:
    person: Json = {
        "action": "failed",
        "status": bounce.status,
        "diagnosticCode": bounce.diagnostic_code,
    }
    known = {name: value for name, value in person.items() if value}
    mta = "dns; a8-1.smtp-out.amazonses.com" if bounce.attempted else "dns; amazonses.com"
    found: Json = {
        "bounceType": bounce.bounce_type,
        "bounceSubType": bounce.bounce_sub_type,
        "bouncedRecipients": [{"emailAddress": address, **known} for address in recipients],
        "timestamp": at,
        "feedbackId": feedback_id,
        "reportingMTA": mta,
    }
    if channel == "notifications" and bounce.attempted:
        found["remoteMtaIp"] = "198.51.100.1"
    return found


def _complaint(complaint: ComplaintFate, recipients: list[str], at: str, feedback_id: str) -> Json:
    found: Json = {
        "complainedRecipients": [{"emailAddress": address} for address in recipients],
        "timestamp": at,
        "feedbackId": feedback_id,
        "complaintSubType": complaint.sub_type,
    }
    if complaint.feedback_type is not None:
        found |= {
            "userAgent": complaint.user_agent,
            "complaintFeedbackType": complaint.feedback_type,
            "arrivalDate": at,
        }
    return found


def _complaints(fates: Fates) -> list[tuple[ComplaintFate, list[str]]]:
    """Each complaint with whom it accuses; one for several of a kind at one domain."""
    found: dict[tuple[ComplaintFate, str], list[str]] = {}
    for address, fate in fates:
        if fate.complaint is None:
            continue
        domain = address.rpartition("@")[2].lower()
        exact = is_simulated(address) or fate.complaint.sub_type is not None
        found[fate.complaint, domain] = [
            other
            for other, its in fates
            if other.rpartition("@")[2].lower() == domain
            and (its.complaint == fate.complaint if exact else its.delivered)
        ]
    return [(complaint, accused) for (complaint, _), accused in found.items()]


def _distinct(bounces: Any) -> list[BounceFate]:
    return [bounce for bounce in dict.fromkeys(bounces) if bounce is not None]
