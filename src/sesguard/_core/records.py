"""
One record of SES's, read into an event.

Reading never fails: a value of the wrong type counts as absent, and what is not read stays in
``event.raw``. Records come in as plain dicts, lists and strings: `sesguard._core.payloads` sees
to that.
"""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Callable
from datetime import datetime
from typing import NamedTuple, TypedDict

from sesguard import events
from sesguard._core.mail_record import mail_of, recipients_of
from sesguard._frozen import FrozenMapping
from sesguard._readings import (
    Json,
    Record,
    flag_of,
    object_of,
    objects_of,
    pairs_of,
    text_at,
    time_of,
    whole_number_of,
)

__all__ = ["NOWHERE", "Origin", "event_of"]

_NAME = re.compile(r"[A-Za-z][A-Za-z0-9_-]{0,63}")


class Origin(NamedTuple):
    """
    What the envelopes around a record tell about it.

    Attributes:
        topic_arn: The SNS topic.

        sns_message_id: SNS's id of the message.

        time: When the envelope was written, as text: the time of a record without its own.

        named: What the envelope calls a record that does not say.

        channel: The channel that goes with *named*.
    """

    topic_arn: str | None = None
    sns_message_id: str | None = None
    time: str | None = None
    named: str | None = None
    channel: str | None = None


NOWHERE = Origin()


class _Common(TypedDict):
    """The fields that all events have."""

    mail: events.Mail | None
    timestamp: datetime | None
    recipients: tuple[events.Recipient, ...]
    channel: str | None
    topic_arn: str | None
    sns_message_id: str | None
    raw: Record


class _Shape(NamedTuple):
    """How SES writes one kind: under which key, with whom in it, and what reads it."""

    body: str
    recipients: str
    read: Callable[[Record, _Common], events.Event]


def event_of(record: Record, origin: Origin = NOWHERE) -> events.Event:
    """
    Read one record, out of its envelopes.

    Source:
        SES Developer Guide, "Contents of event data" and "Notification contents". The API
        spells kinds otherwise than the wire (RENDERING_FAILURE, Rendering Failure).
    """
    name = record.get("eventType")
    channel: str | None = "event"
    if name is None:
        name, channel = record.get("notificationType"), "notification"
        if name is None:
            name, channel = origin.named, origin.channel
    spelled = name if type(name) is str else ""
    shape = _SHAPES.get(spelled)
    if shape is None:
        spelled = "".join(spelled.split())
        shape = _SHAPES.get(_SPELLINGS.get(spelled.replace("_", "").lower(), ""))
        if shape is None:
            return _other(record, spelled, channel, origin)
    body = object_of(record.get(shape.body))
    mail = mail_of(record.get("mail"))
    timestamp = time_of(body.get("timestamp"))
    if timestamp is None and mail is not None:
        timestamp = mail.timestamp
    return shape.read(
        body,
        {
            "mail": mail,
            "timestamp": timestamp,
            "recipients": recipients_of(body.get(shape.recipients), mail),
            "channel": channel,
            "topic_arn": origin.topic_arn,
            "sns_message_id": origin.sns_message_id,
            "raw": record,
        },
    )


def _bounce(body: Record, common: _Common) -> events.Event:
    return events.Bounce(
        bounce_type=text_at(body, "bounceType"),
        bounce_sub_type=text_at(body, "bounceSubType"),
        feedback_id=text_at(body, "feedbackId"),
        reporting_mta=text_at(body, "reportingMTA"),
        remote_mta_ip=text_at(body, "remoteMtaIp"),
        **common,
    )


def _complaint(body: Record, common: _Common) -> events.Event:
    return events.Complaint(
        complaint_feedback_type=text_at(body, "complaintFeedbackType"),
        complaint_sub_type=text_at(body, "complaintSubType"),
        feedback_id=text_at(body, "feedbackId"),
        user_agent=text_at(body, "userAgent"),
        arrival_date=time_of(body.get("arrivalDate")),
        **common,
    )


def _delivery(body: Record, common: _Common) -> events.Event:
    return events.Delivery(
        processing_time_millis=whole_number_of(body.get("processingTimeMillis")),
        smtp_response=text_at(body, "smtpResponse"),
        reporting_mta=text_at(body, "reportingMTA"),
        remote_mta_ip=text_at(body, "remoteMtaIp"),
        **common,
    )


def _send(_: Record, common: _Common) -> events.Event:
    return events.Send(**common)


def _reject(body: Record, common: _Common) -> events.Event:
    return events.Reject(reason=text_at(body, "reason"), **common)


def _opened(body: Record, common: _Common) -> events.Event:
    return events.Open(
        ip_address=text_at(body, "ipAddress"),
        user_agent=text_at(body, "userAgent"),
        is_bot_event=text_at(body, "isBotEvent"),
        **common,
    )


def _clicked(body: Record, common: _Common) -> events.Event:
    return events.Click(
        ip_address=text_at(body, "ipAddress"),
        user_agent=text_at(body, "userAgent"),
        is_bot_event=text_at(body, "isBotEvent"),
        link=text_at(body, "link"),
        link_tags=pairs_of(body.get("linkTags")),
        **common,
    )


def _rendering_failure(body: Record, common: _Common) -> events.Event:
    return events.RenderingFailure(
        template_name=text_at(body, "templateName"),
        error_message=text_at(body, "errorMessage"),
        **common,
    )


def _delivery_delay(body: Record, common: _Common) -> events.Event:
    return events.DeliveryDelay(
        delay_type=text_at(body, "delayType"),
        expiration_time=time_of(body.get("expirationTime")),
        reporting_mta=text_at(body, "reportingMTA"),
        **common,
    )


def _subscription(body: Record, common: _Common) -> events.Event:
    return events.Subscription(
        contact_list=text_at(body, "contactList"),
        source=text_at(body, "source"),
        new_topic_preferences=_preferences(body.get("newTopicPreferences")),
        old_topic_preferences=_preferences(body.get("oldTopicPreferences")),
        **common,
    )


_SHAPES = {
    "Bounce": _Shape("bounce", "bouncedRecipients", _bounce),
    "Complaint": _Shape("complaint", "complainedRecipients", _complaint),
    "Delivery": _Shape("delivery", "recipients", _delivery),
    "Send": _Shape("send", "", _send),
    "Reject": _Shape("reject", "", _reject),
    "Open": _Shape("open", "", _opened),
    "Click": _Shape("click", "", _clicked),
    "RenderingFailure": _Shape("failure", "", _rendering_failure),
    "DeliveryDelay": _Shape("deliveryDelay", "delayedRecipients", _delivery_delay),
    "Subscription": _Shape("subscription", "", _subscription),
}
_SPELLINGS = {kind.lower(): kind for kind in _SHAPES}

# Where SES names recipients, for a record that does not say of which kind it is.
_NAMING = [(shape.body, shape.recipients) for shape in _SHAPES.values() if shape.recipients]
_NAMING.append(("receipt", "recipients"))  # inbound mail


def _other(record: Record, spelled: str, channel: str | None, origin: Origin) -> events.Event:
    """A record of none of these kinds."""
    if spelled == "AmazonSnsSubscriptionSucceeded":
        return events.SetupNotice(
            kind=spelled,
            message=text_at(record, "message"),
            timestamp=time_of(origin.time),
            channel=channel,
            topic_arn=origin.topic_arn,
            sns_message_id=origin.sns_message_id,
            raw=record,
        )
    mail = mail_of(record.get("mail"))
    timestamp = mail.timestamp if mail is not None else time_of(origin.time)
    recipients: tuple[events.Recipient, ...] = ()
    for body, naming in _NAMING:
        recipients = recipients or recipients_of(object_of(record.get(body)).get(naming), mail)
    known = mail is not None and mail.message_id is not None
    return events.UnknownEvent(
        kind=spelled if _NAME.fullmatch(spelled) else "Unknown",
        digest=None if known else _digest(record),
        mail=mail,
        timestamp=timestamp,
        recipients=recipients,
        channel=channel,
        topic_arn=origin.topic_arn,
        sns_message_id=origin.sns_message_id,
        raw=record,
    )


def _preferences(value: Json) -> events.TopicPreferences | None:
    if type(value) is not dict:
        return None
    return events.TopicPreferences(
        unsubscribe_all=flag_of(value.get("unsubscribeAll")),
        topic_subscription_status=_statuses(value.get("topicSubscriptionStatus")),
        topic_default_subscription_status=_statuses(value.get("topicDefaultSubscriptionStatus")),
    )


def _statuses(value: Json) -> FrozenMapping[str, str]:
    return FrozenMapping(
        [
            (name, status)
            for topic in objects_of(value)
            if type(name := topic.get("topicName")) is str
            and type(status := topic.get("subscriptionStatus")) is str
        ]
    )


def _digest(record: Record) -> str | None:
    try:
        canonical = json.dumps(record, sort_keys=True, separators=(",", ":"))
    except (TypeError, ValueError, RecursionError):  # nothing that came as JSON text
        return None
    return hashlib.sha256(canonical.encode()).hexdigest()
