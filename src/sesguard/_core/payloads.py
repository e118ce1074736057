"""Feedback in whichever envelopes it travels, opened down to SES's own records."""

from __future__ import annotations

import base64
import json
import re
from collections.abc import Callable, Mapping
from typing import TypeAlias, cast

from sesguard import events
from sesguard._core.records import NOWHERE, Origin, event_of
from sesguard._readings import Json, Record, object_of, text_at, time_of
from sesguard.errors import ParseError

__all__ = ["parse_event", "parse_events"]

_Found: TypeAlias = list[events.Event]

_DEEPEST = 16
"""Envelopes in envelopes. A Lambda event of an SQS message of an SNS message has six steps."""

_VALIDATION = "Successfully validated SNS topic for Amazon SES event publishing"

_DETAIL_TYPES = {
    "Email Sent": "Send",
    "Email Delivered": "Delivery",
    "Email Bounced": "Bounce",
    "Email Complaint Received": "Complaint",
    "Email Rejected": "Reject",
    "Email Opened": "Open",
    "Email Clicked": "Click",
    "Email Rendering Failed": "RenderingFailure",
    "Email Delivery Delayed": "DeliveryDelay",
    "Email Subscribed": "Subscription",
}

_CONFIRMATIONS: dict[
    str, type[events.SubscriptionConfirmation] | type[events.UnsubscribeConfirmation]
] = {
    "SubscriptionConfirmation": events.SubscriptionConfirmation,
    "UnsubscribeConfirmation": events.UnsubscribeConfirmation,
}

_SNS_TYPES = ("Notification", *_CONFIRMATIONS)

_read_json: Callable[[str, int], tuple[Json, int]] = json.JSONDecoder().raw_decode
_ESCAPED_SURROGATE = re.compile(r"\\u[dD]").search
_READABLE = (str, dict, list)  # three times as fast as a union is
_SURROGATE = re.compile("[\ud800-\udfff]")


def parse_event(payload: str | bytes | Mapping[str, object]) -> events.Event:
    """
    Read a payload that holds exactly one event.

    Args:
        payload: SES's record, bare or in any envelopes: an SNS message, an SQS message or its
            body, a Lambda event, an EventBridge event. It is not changed.

    Raises:
        ParseError: It cannot be read at all, or holds no event, or several. Nothing else is
            raised. What is readable and of no known kind is an `events.UnknownEvent`.
    """
    found = parse_events(payload)
    if len(found) != 1:
        raise ParseError(
            f"The payload holds {len(found) or 'no'} events, and parse_event takes exactly one. "
            "Use parse_events, which answers with a tuple."
        )
    return found[0]


def parse_events(payload: str | bytes | Mapping[str, object]) -> tuple[events.Event, ...]:
    """
    Read a payload that may hold several events, in their order.

    Args:
        payload: Whatever `parse_event` takes, or a Lambda event of many records, an SQS receive
            response, or what Firehose wrote: one record a line. It is not changed.

    Raises:
        ParseError: It, or one of several, cannot be read at all. Nothing else is raised.
    """
    found: _Found = []
    try:
        if isinstance(payload, str):
            _open_text(payload, NOWHERE, 0, found)
        elif isinstance(payload, bytes | bytearray):
            _open_text(_decoded(payload), NOWHERE, 0, found)
        else:
            _open(_plain(payload), NOWHERE, 0, found)
    except RecursionError:
        raise ParseError("The payload is nested too deeply to be read.") from None
    return tuple(found)


def _open_text(text: str, origin: Origin, depth: int, found: _Found) -> None:
    """
    JSON, perhaps several records in a row, or SES's one plain sentence.

    Source:
        SES Developer Guide, "Examples of event data in Firehose": a newline after each record.
    """
    text = text.strip("\ufeff \t\r\n")
    if text.startswith(_VALIDATION):
        found.append(_validation(text, origin))
        return
    at = number = 0
    while at < len(text) or number == 0:
        start, number = at, number + 1
        try:
            value, at = _read_json(text, start)
        except ValueError as exc:  # also of an integer with thousands of digits
            raise _unreadable(text, number, exc) from None
        while at < len(text) and text[at].isspace():
            at += 1
        # Half of a surrogate pair could be neither encoded nor stored. What an SNS message holds
        # comes by here itself.
        if "TopicArn" not in object_of(value) and (
            not text.isascii() or _ESCAPED_SURROGATE(text, start, at)
        ):
            value = _plain(value)
        _open(value, origin, depth, found)


def _unreadable(text: str, number: int, problem: ValueError) -> ParseError:
    if number == 1 and not text.startswith(("{", "[")):
        return ParseError(
            "The payload is neither JSON nor the sentence with which SES validates a topic. "
            "Pass what came out of SNS, SQS, EventBridge or Lambda as it came.",
            original=problem,
        )
    return ParseError(
        f"Record {number} of the payload is not whole JSON: it is damaged or cut off.",
        original=problem,
    )


def _open(value: Json, origin: Origin, depth: int, found: _Found) -> None:
    """Take off one envelope, or read what is none."""
    if depth > _DEEPEST:
        raise ParseError("The payload has more envelopes in envelopes than anything sends.")
    if type(value) is str:
        _open_text(value, origin, depth + 1, found)
    elif type(value) is list:
        for item in value:
            _open(item, origin, depth + 1, found)
    elif type(value) is dict:
        _open_object(value, origin, depth, found)
    else:
        raise ParseError(
            f"The payload holds a value of type {type(value).__name__} where an event belongs. "
            "Pass SES's record or an envelope around it."
        )


def _open_object(value: Record, origin: Origin, depth: int, found: _Found) -> None:
    if "notificationType" in value or "eventType" in value:
        found.append(event_of(value, origin))
    elif "TopicArn" in value or value.get("Type") in _SNS_TYPES:
        _open_sns(value, depth, found)
    elif (content := _content(value)) is not None:
        _open(content, origin, depth + 1, found)
    elif "detail-type" in value:
        _open_eventbridge(value, origin, found)
    elif type(inbound := value.get("ses")) is dict:  # Lambda, of inbound mail
        found.append(event_of(inbound, origin._replace(named="Received")))
    elif "ResponseMetadata" not in value:  # all that an empty SQS receive answers
        found.append(event_of(value, origin))


def _open_sns(message: Record, depth: int, found: _Found) -> None:
    """
    An SNS message, as SNS posts it or as Lambda spells it.

    Source:
        SNS Developer Guide, "Parsing Amazon SNS message formats".
    """
    origin = Origin(
        topic_arn=_id_at(message, "TopicArn"),
        sns_message_id=_id_at(message, "MessageId"),
        time=text_at(message, "Timestamp"),
    )
    content = message.get("Message")
    confirmation = _CONFIRMATIONS.get(text_at(message, "Type") or "")
    if confirmation is not None:
        record = object_of(_plain(message))
        found.append(
            confirmation(
                token=text_at(record, "Token"),
                subscribe_url=text_at(record, "SubscribeURL") or text_at(record, "SubscribeUrl"),
                message=text_at(record, "Message"),
                timestamp=time_of(origin.time),
                topic_arn=origin.topic_arn,
                sns_message_id=origin.sns_message_id,
                raw=record,
            )
        )
    elif isinstance(content, _READABLE):
        _open(content, origin, depth + 1, found)
    else:
        found.append(event_of(object_of(_plain(message)), origin))


def _open_eventbridge(envelope: Record, origin: Origin, found: _Found) -> None:
    """
    An EventBridge event: around a record, or one of those that have none.

    Source:
        SES Developer Guide, "Monitoring SES events using EventBridge".
    """
    detail_type = text_at(envelope, "detail-type")
    origin = origin._replace(time=text_at(envelope, "time"), named=detail_type)
    detail = envelope.get("detail")
    if type(detail) is dict:
        named = _DETAIL_TYPES.get(detail_type or "")
        if "eventType" in detail or "notificationType" in detail:
            found.append(event_of(detail, origin))
            return
        if named is not None and envelope.get("source") == "aws.ses":
            found.append(event_of(detail, origin._replace(named=named, channel="event")))
            return
    found.append(event_of(envelope, origin))


def _content(value: Record) -> list[Json] | Record | str | None:
    """What an envelope of SQS, Lambda or Firehose holds; None if it is no such envelope."""
    for name in ("Records", "Messages", "records"):
        if type(several := value.get(name)) is list:
            return several
    if type(sns := value.get("Sns")) is dict:
        return sns
    body = value.get("Body")
    if "receiptHandle" in value or value.get("eventSource") == "aws:sqs":
        body = value.get("body")
    elif type(data := value.get("data")) is str and "recordId" in value:
        body = _decoded(_from_base64(data))
    return body if type(body) is str or type(body) is dict else None


def _id_at(message: Record, name: str) -> str | None:
    """An ARN or an id, which is ASCII."""
    value = text_at(message, name)
    return value if value is not None and value.isascii() else None


def _validation(sentence: str, origin: Origin) -> events.Event:
    return events.SetupNotice(
        message=sentence,
        timestamp=time_of(origin.time),
        channel="event",
        topic_arn=origin.topic_arn,
        sns_message_id=origin.sns_message_id,
        raw={"Message": sentence},
    )


def _decoded(payload: bytes | bytearray) -> str:
    try:
        return payload.decode()
    except UnicodeDecodeError as exc:
        raise ParseError("The payload is not UTF-8.", original=exc) from None


def _from_base64(data: str) -> bytes:
    try:
        return base64.b64decode(data, validate=True)
    except ValueError as exc:
        raise ParseError("The data of a Firehose record is not base64.", original=exc) from None


def _plain(value: object) -> Json:
    """
    A copy in plain dicts, lists and strings, without halves of surrogate pairs.

    Whatever mapping came in, it stays as it is, and nobody changes ours.
    """
    if isinstance(value, str):
        return _mended(value)
    if isinstance(value, Mapping):
        pairs = cast("Mapping[object, object]", value).items()
        return {_mended(name): _plain(item) for name, item in pairs if isinstance(name, str)}
    if isinstance(value, list | tuple):
        return [_plain(item) for item in cast("list[object]", value)]
    return cast("Json", value)  # whatever else it may be counts as absent


def _mended(text: str) -> str:
    return _SURROGATE.sub("\ufffd", text)
