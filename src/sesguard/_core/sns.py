"""
Whether a message is one that SNS signed for a topic of ours, and a fresh one.

All that can be told without the certificate comes before it: a URL is not visited before it is
proven to be SNS's own.
"""

from __future__ import annotations

import base64
import binascii
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Literal, cast

from sesguard._core.sns_reading import SIGNED, Fields, read
from sesguard._core.sns_topics import Topic
from sesguard.errors import ReplayedError, SignatureError, UntrustedTopicError

__all__ = ["OLDEST", "SKEW", "Envelope", "Kind", "Unproven", "judge"]

Kind = Literal["Notification", "SubscriptionConfirmation", "UnsubscribeConfirmation"]

OLDEST = timedelta(hours=1)
SKEW = timedelta(minutes=5)
"""By which clocks may differ, into the past and into the future."""

_ID = re.compile(r"[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}")
_TIME = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(?:\.\d{1,6})?Z", re.ASCII)
_TOKEN = re.compile(r"[0-9A-Za-z]{32,1024}")
_HEADERS = {
    "x-amz-sns-message-type": "Type",
    "x-amz-sns-message-id": "MessageId",
    "x-amz-sns-topic-arn": "TopicArn",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Envelope:
    """
    A message of SNS.

    Attributes:
        type: ``Notification``, ``SubscriptionConfirmation`` or ``UnsubscribeConfirmation``.

        message: What was published: for SES, the JSON of a record.

        timestamp: When it was, aware UTC.

        token: Of a confirmation.
    """

    type: Kind
    message_id: str
    topic_arn: str
    message: str = field(repr=False)
    timestamp: datetime
    subject: str | None = field(default=None, repr=False)
    token: str | None = field(default=None, repr=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class Unproven:
    """
    A message of which the signature is all that is left to check.

    Attributes:
        certificate_url: Where the certificate is: SNS's own for the topic.

        text: What SNS signed, if it did.
    """

    envelope: Envelope
    topic: Topic
    certificate_url: str
    version: Literal[1, 2]
    signature: bytes = field(repr=False)
    text: bytes = field(repr=False)


def judge(
    body: bytes | str | Mapping[str, object],
    headers: Mapping[str, str] | None,
    topics: Mapping[str, Topic],
    *,
    now: datetime,
    minimum_version: Literal[1, 2],
) -> Unproven:
    """
    Check all but the signature, each step before the next.

    Args:
        body: As for `sesguard._core.sns_reading.read`.

        headers: Of the HTTP request. They are not signed; where SNS's are given, they have to
            agree.

        topics: Those that may speak to us, by ARN.

        now: Aware.

        minimum_version: The least signature version that is taken.

    Raises:
        ParseError: It is no message of SNS.

        UntrustedTopicError: It is of another topic.

        ReplayedError: It is too old, or of the future.

        SignatureError: It cannot have a genuine signature.

    Source:
        SNS Developer Guide, "Verifying the signatures of Amazon SNS messages".
    """
    fields = read(body)
    topic = topics.get(fields["TopicArn"])
    if topic is None:
        raise UntrustedTopicError(
            "The message is of a topic that is not among those that may speak to us, so it was "
            "refused. Anybody can have a topic of their own. Add its ARN to topics= if it is yours."
        )
    _check_headers(fields, headers or {})
    token = fields.get("Token")
    if not _ID.fullmatch(fields["MessageId"]) or not (token is None or _TOKEN.fullmatch(token)):
        raise _forged("its id or its token is in no form that SNS writes")
    at = _time(fields["Timestamp"])
    if not -SKEW <= now - at <= OLDEST + SKEW:
        raise ReplayedError(
            "The message was published more than an hour ago, or in the future, so it was refused. "
            "If it is genuine, check this machine's clock."
        )
    version = _version(fields["SignatureVersion"], minimum_version)
    if not topic.is_certificate_url(fields["SigningCertURL"]):
        raise _forged("its certificate is said to be where SNS has none for this topic")
    return Unproven(
        envelope=Envelope(
            type=cast("Kind", fields["Type"]),  # read() knows no other
            message_id=fields["MessageId"],
            topic_arn=topic.arn,
            message=fields["Message"],
            timestamp=at,
            subject=fields.get("Subject"),
            token=token,
        ),
        topic=topic,
        certificate_url=fields["SigningCertURL"],
        version=version,
        signature=_signature(fields["Signature"]),
        text=_signed_text(fields),
    )


def _check_headers(fields: Fields, headers: Mapping[str, str]) -> None:
    given = {name.lower(): value for name, value in headers.items()}
    for header, name in _HEADERS.items():
        if header in given and given[header] != fields[name]:
            raise _forged(f"its {name} is not that of the HTTP header")


def _time(text: str) -> datetime:
    try:
        if _TIME.fullmatch(text):
            return datetime.fromisoformat(text).astimezone(UTC)
    except ValueError:
        """The thirtieth of February looks like a date."""
    raise _forged("its Timestamp is no time as SNS writes it")


def _version(text: str, minimum: Literal[1, 2]) -> Literal[1, 2]:
    if text == "2":
        return 2
    if text != "1":
        raise _forged("its signature is of a version that SNS does not have")
    if minimum > 1:
        raise SignatureError(
            "The message is signed in version 1, with SHA-1, and minimum_version=2 was asked for, "
            "so it was refused. Set the topic's attribute SignatureVersion to 2."
        )
    return 1


def _signature(text: str) -> bytes:
    try:
        found = base64.b64decode(text, validate=True)
    except (binascii.Error, ValueError):
        found = b""
    if not found or base64.b64encode(found).decode() != text:
        raise _forged("its signature is no strict base64")
    return found


def _signed_text(fields: Fields) -> bytes:
    """Each name and value on a line of its own; behind the last one there is a line break too."""
    names = SIGNED[fields["Type"]]
    return "".join(f"{name}\n{fields[name]}\n" for name in names if name in fields).encode()


def _forged(why: str) -> SignatureError:
    return SignatureError(
        f"The message is not as SNS signs them: {why}. It was refused. Answer with 403, and look "
        "at who posts to this address."
    )
