"""Records in SES's own JSON, one of each kind, about a mail that never was."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import timedelta
from typing import Literal

from sesguard.simulator.identifiers import stamp
from sesguard.testing._asked import Asked, Json, ses_id
from sesguard.testing._mails import mail

__all__ = ["record"]

_REMOTE_IP, _READER_IP = "198.51.100.1", "203.0.113.9"
_READER = "Mozilla/5.0 (X11; Linux x86_64; rv:128.0) Gecko/20100101 Firefox/128.0"
_MTA = "a8-1.smtp-out.amazonses.com"
_LISTED = "Amazon SES did not send the message to this address because it is on the suppression"


def record(asked: Asked) -> Json:
    """
    One record.

    Source:
        SES Developer Guide, "Contents of event data that Amazon SES publishes to Amazon SNS",
        "Amazon SNS notification contents for Amazon SES"; their examples.
    """
    discriminator = "eventType" if asked.published else "notificationType"
    if asked.kind == "SetupNotice":
        return {discriminator: "AmazonSnsSubscriptionSucceeded", "message": _setup(asked)}
    if asked.kind == "UnknownEvent":
        return {discriminator: "Archive", "mail": mail(asked), "archive": {"mailbox": "a-1"}}
    member, body = _BODIES[asked.kind]
    said = "Rendering Failure" if asked.kind == "RenderingFailure" else asked.kind
    return {discriminator: said, "mail": mail(asked), member: body(asked)}


def _setup(asked: Asked) -> str:
    topic = asked.details.get("topic_arn", "")
    return (
        f"You have successfully subscribed your Amazon SNS topic '{topic}' to receive 'Bounce' "
        f"notifications from Amazon SES for identity '{asked.domain}'."
    )


def _bounce(asked: Asked) -> Json:
    details = asked.details
    bounce_type = details.get("bounce_type", "Permanent")
    usual = "Undetermined" if bounce_type == "Undetermined" else "General"
    sub_type = details.get("bounce_sub_type", usual)
    tried = sub_type not in _NOT_TRIED
    report = {"action": "failed", **(_REPORTS[bounce_type] if tried else _NOT_TRIED[sub_type])}
    if bounce_type == "Undetermined":  # SES could not read it
        report = {}
    for wire, name in _REPORTED:
        if (said := details.get(name)) is not None:
            report[wire] = said
    found: Json = {
        "bounceType": bounce_type,
        "bounceSubType": sub_type,
        "bouncedRecipients": [{"emailAddress": one, **report} for one in asked.recipients],
        "timestamp": stamp(asked.at),
        "feedbackId": details.get("feedback_id") or ses_id(asked.at),
        "reportingMTA": f"dns; {_MTA}" if tried else "dns; amazonses.com",
    }
    if not asked.published and tried:
        found["remoteMtaIp"] = _REMOTE_IP
    return found


def _complaint(asked: Asked) -> Json:
    details = asked.details
    found: Json = {
        "complainedRecipients": [{"emailAddress": address} for address in asked.recipients],
        "timestamp": stamp(asked.at),
        "feedbackId": details.get("feedback_id") or ses_id(asked.at),
        "complaintSubType": details.get("complaint_sub_type"),
    }
    said = details.get("complaint_feedback_type", "abuse")
    if said is not None and found["complaintSubType"] is None:
        found |= {
            "userAgent": details.get("user_agent", "Amazon SES Mailbox Simulator"),
            "complaintFeedbackType": said,
            "arrivalDate": stamp(asked.at),
        }
    return found


def _delivery(asked: Asked) -> Json:
    found: Json = {
        "timestamp": stamp(asked.at),
        "processingTimeMillis": asked.details.get("processing_time_millis", 1000),
        "recipients": list(asked.recipients),
        "smtpResponse": asked.details.get("smtp_response", "250 2.0.0 OK"),
        "reportingMTA": _MTA,
    }
    return found if asked.published else found | {"remoteMtaIp": _REMOTE_IP}


def _open(asked: Asked) -> Json:
    return {
        "timestamp": stamp(asked.at),
        "ipAddress": asked.details.get("ip_address", _READER_IP),
        "userAgent": asked.details.get("user_agent", _READER),
        "isBotEvent": asked.details.get("is_bot_event", "Unlikely"),
    }


def _click(asked: Asked) -> Json:
    tags = asked.details.get("link_tags")
    return _open(asked) | {
        "link": asked.details.get("link", "https://example.com/order"),
        "linkTags": None if tags is None else {name: list(tags[name]) for name in tags},
    }


def _failure(asked: Asked) -> Json:
    told = "Attribute 'name' is not present in the rendering data."
    return {
        "errorMessage": asked.details.get("error_message", told),
        "templateName": asked.details.get("template_name", "receipt"),
    }


def _delay(asked: Asked) -> Json:
    details = asked.details
    told = {
        "status": details.get("status", "4.4.1"),
        "diagnosticCode": details.get("diagnostic_code", "smtp; 421 4.4.1 Unable to connect"),
    }
    return {
        "timestamp": stamp(asked.at),
        "delayType": details.get("delay_type", "TransientCommunicationFailure"),
        "expirationTime": stamp(details.get("expiration_time", asked.at + timedelta(hours=14))),
        "delayedRecipients": [{"emailAddress": address, **told} for address in asked.recipients],
    }


def _subscription(asked: Asked) -> Json:
    details = asked.details
    topic = details.get("topic_name", "news")

    def preferences(status: str, everything: bool) -> Json:
        topics = [{"topicName": topic, "subscriptionStatus": status}]
        return {"unsubscribeAll": everything, "topicSubscriptionStatus": topics}

    return {
        "contactList": details.get("contact_list", "customers"),
        "timestamp": stamp(asked.at),
        "source": details.get("source", "UnsubscribeHeader"),
        "newTopicPreferences": preferences("OptOut", details.get("unsubscribe_all", False)),
        "oldTopicPreferences": preferences("OptIn", False),
    }


def _nothing(asked: Asked) -> Json:
    return {}


def _reject(asked: Asked) -> Json:
    return {"reason": asked.details.get("reason", "Bad content")}


_BODIES: Mapping[str, tuple[str, Callable[[Asked], Json]]] = {
    "Bounce": ("bounce", _bounce),
    "Complaint": ("complaint", _complaint),
    "Delivery": ("delivery", _delivery),
    "Send": ("send", _nothing),
    "Reject": ("reject", _reject),
    "Open": ("open", _open),
    "Click": ("click", _click),
    "RenderingFailure": ("failure", _failure),
    "DeliveryDelay": ("deliveryDelay", _delay),
    "Subscription": ("subscription", _subscription),
}

_REPORTED: tuple[tuple[str, Literal["status", "diagnostic_code"]], ...] = (
    ("status", "status"),
    ("diagnosticCode", "diagnostic_code"),
)
_REPORTS: Mapping[str, Mapping[str, str]] = {
    "Permanent": {"status": "5.1.1", "diagnosticCode": "smtp; 550 5.1.1 user unknown"},
    "Transient": {"status": "4.2.2", "diagnosticCode": "smtp; 452 4.2.2 try again later"},
    "Undetermined": {},
}


def _listed(text: str) -> Mapping[str, str]:
    return {"status": "5.1.1", "diagnosticCode": text}


# What SES bounces by itself.
_NOT_TRIED: Mapping[str, Mapping[str, str]] = {
    "Suppressed": _listed(
        "Amazon SES has suppressed sending to this address because it has a recent history of "
        "bouncing as an invalid address."
    ),
    "OnAccountSuppressionList": _listed(f"{_LISTED} list for your account."),
    "OnTenantSuppressionList": _listed(f"{_LISTED} list for your tenant."),
    "EmailValidationSuppressed": {},
    "UnsubscribedRecipient": {},
}
