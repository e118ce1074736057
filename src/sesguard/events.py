"""
What SES tells about mail that was sent, as values.

`Event` is a closed union: a new kind of SES's is an `UnknownEvent`. Names are SES's in
snake_case, and so are the values: an enumeration of SES's is a plain string here, since it grows
without notice. What a record does not hold is None, or empty.

``repr`` shows counts and identifiers, never addresses, subjects, links or diagnostics.
"""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import ClassVar, TypeAlias, cast

from sesguard._frozen import FrozenMapping
from sesguard._readings import (
    Json,
    flag_of,
    object_of,
    objects_of,
    pairs_of,
    text_at,
    texts_of,
)
from sesguard.addresses import AddressKey

__all__ = [
    "Bounce",
    "Click",
    "CommonHeaders",
    "Complaint",
    "Delivery",
    "DeliveryDelay",
    "Event",
    "Mail",
    "Open",
    "Recipient",
    "Reject",
    "RenderingFailure",
    "Send",
    "SetupNotice",
    "Subscription",
    "SubscriptionConfirmation",
    "TopicPreferences",
    "UnknownEvent",
    "UnsubscribeConfirmation",
]

# What may be shown and stored in clear. SES's ids and words look so; an address does not.
_WORD = re.compile(r"[A-Za-z0-9][A-Za-z0-9 ._:-]{0,199}")

_NO_TAGS: FrozenMapping[str, tuple[str, ...]] = FrozenMapping()
_NO_TOPICS: FrozenMapping[str, str] = FrozenMapping()


@dataclass(frozen=True, slots=True, kw_only=True)
class Recipient:
    """
    A recipient that an event names.

    Attributes:
        email_address: The bare address as SES spelled it, trimmed, without a display name.

        key: What suppression lists compare it by.

        in_destination: Whether the mail was sent to it. False where it was never in
            ``mail.destination``: an alias or a forwarding that bounced. None where the event
            does not say to whom the mail was sent.

        action: Of a bounce, the report's own word: ``"failed"``, ``"delayed"``.

        status: Of a bounce or a delay, such as ``"5.1.1"``.

        diagnostic_code: What the receiving server said, perhaps over several lines.
    """

    email_address: str = field(repr=False)
    key: AddressKey = field(repr=False)
    in_destination: bool | None = None
    action: str | None = field(default=None, repr=False)
    status: str | None = field(default=None, repr=False)
    diagnostic_code: str | None = field(default=None, repr=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class CommonHeaders:
    """
    The headers that SES picks out of a mail. An element may hold several addresses.

    Attributes:
        message_id: SES's id of the mail in events; the sender's own Message-ID, or None, in
            feedback notifications.
    """

    from_: tuple[str, ...] = field(default=(), repr=False)
    to: tuple[str, ...] = field(default=(), repr=False)
    cc: tuple[str, ...] = field(default=(), repr=False)
    reply_to: tuple[str, ...] = field(default=(), repr=False)
    return_path: str | None = field(default=None, repr=False)
    date: str | None = field(default=None, repr=False)
    subject: str | None = field(default=None, repr=False)
    message_id: str | None = field(default=None, repr=False)


@dataclass(frozen=True, slots=True, kw_only=True, repr=False)
class Mail:
    """
    The mail that an event is about.

    What most events are handled without is read out of *raw* when somebody asks for it, and two
    mails are compared without it.

    Attributes:
        message_id: SES's id, as the send returned it.

        timestamp: When it was sent, aware UTC.

        destination: Its envelope recipients as written, perhaps with names.

        raw: SES's own record of it.
    """

    message_id: str | None = None
    timestamp: datetime | None = None
    source: str | None = None
    source_arn: str | None = None
    source_ip: str | None = None
    caller_identity: str | None = None
    sending_account_id: str | None = None
    destination: tuple[str, ...] = ()
    raw: Mapping[str, object] = field(default=FrozenMapping(), compare=False)

    @property
    def tags(self) -> FrozenMapping[str, tuple[str, ...]]:
        """Message tags, SES's own too. Events have them, feedback notifications never."""
        return pairs_of(self._at("tags"))

    @property
    def headers(self) -> tuple[tuple[str, str], ...]:
        """(name, value) pairs in their order; empty where SES was not told to add them."""
        return tuple(
            [
                (name, text)
                for header in objects_of(self._at("headers"))
                if (name := text_at(header, "name")) is not None
                and (text := text_at(header, "value")) is not None
            ]
        )

    @property
    def headers_truncated(self) -> bool | None:
        """Whether SES left out headers, since they were longer than 10 KB."""
        return flag_of(self._at("headersTruncated"))

    @property
    def common_headers(self) -> CommonHeaders | None:
        """Those headers that SES reads for you; None where it was not told to."""
        if type(self.raw.get("commonHeaders")) is not dict:
            return None
        headers = object_of(self._at("commonHeaders"))
        return CommonHeaders(
            from_=texts_of(headers.get("from")),
            to=texts_of(headers.get("to")),
            cc=texts_of(headers.get("cc")),
            reply_to=texts_of(headers.get("replyTo")),
            return_path=text_at(headers, "returnPath"),
            date=text_at(headers, "date"),
            subject=text_at(headers, "subject"),
            message_id=text_at(headers, "messageId"),
        )

    def header(self, name: str) -> str | None:
        """The first header of this name, in whichever case it is written."""
        wanted = name.lower()
        return next((value for key, value in self.headers if key.lower() == wanted), None)

    def tag(self, name: str) -> str | None:
        """The first value of a message tag."""
        values = self.tags.get(name, ())
        return values[0] if values else None

    def _at(self, name: str) -> Json:
        return cast("Json", self.raw.get(name))

    def __repr__(self) -> str:
        return f"Mail(message_id={_shown(self.message_id)}, <{len(self.destination)} recipients>)"


@dataclass(frozen=True, slots=True, kw_only=True)
class TopicPreferences:
    """
    What a contact wants to get of a contact list.

    Attributes:
        topic_subscription_status: Topic to ``"OptIn"`` or ``"OptOut"``.

        topic_default_subscription_status: The same for topics that the contact left alone.
    """

    unsubscribe_all: bool | None = None
    topic_subscription_status: FrozenMapping[str, str] = _NO_TOPICS
    topic_default_subscription_status: FrozenMapping[str, str] = _NO_TOPICS


@dataclass(frozen=True, slots=True, kw_only=True, repr=False)
class _Event:
    """
    What all events have.

    Attributes:
        kind: SES's own name of this kind of event, without spaces.

        mail: The mail it is about, if any.

        timestamp: When it happened, aware UTC; the mail's own time where the event has none;
            None where no time could be read.

        recipients: The recipients that the event itself names. Open, Click, Send, Reject and
            some others name none: there is ``mail.destination``.

        channel: ``"notification"`` for feedback set on an identity, ``"event"`` for what a
            configuration set publishes (through EventBridge too), ``"mail"`` for feedback that
            was forwarded as mail, None for none of them.

        topic_arn: The SNS topic it came through, as far as the envelope tells.

        sns_message_id: SNS's id of the message. The same bounce may come under several.

        raw: SES's own record, with what is not read here.
    """

    kind: str = field(default="", init=False)
    mail: Mail | None = None
    timestamp: datetime | None = None
    recipients: tuple[Recipient, ...] = ()
    channel: str | None = None
    topic_arn: str | None = None
    sns_message_id: str | None = None
    raw: Mapping[str, object] = field(default=FrozenMapping(), compare=False)

    _told: ClassVar[tuple[str, ...]] = ()

    @property
    def key(self) -> str:
        """
        What two tellings of one event have in common, through whichever channels they came.

        It holds no address in clear.
        """
        return self._hashed()

    def _hashed(self, **more: str | None) -> str:
        parts = {
            "message_id": self.mail and self.mail.message_id,
            "recipients": sorted(recipient.key for recipient in self.recipients),
            "time": self.timestamp and self.timestamp.isoformat(),
            **more,
        }
        canonical = json.dumps(parts, sort_keys=True, separators=(",", ":"))
        return f"{self.kind}:{hashlib.sha256(canonical.encode()).hexdigest()}"

    def _by_feedback_id(self, feedback_id: str | None) -> str:
        if feedback_id and _WORD.fullmatch(feedback_id):
            return f"{self.kind}:{feedback_id}"
        return self._hashed(feedback_id=feedback_id)

    def __repr__(self) -> str:
        parts = [f"{name}={_shown(getattr(self, name))}" for name in self._told]
        if self.mail is not None:
            parts.append(f"message_id={_shown(self.mail.message_id)}")
        if self.timestamp is not None:
            parts.append(f"timestamp={self.timestamp.isoformat()}")
        parts.append(f"<{len(self.recipients)} recipients>")
        return f"{type(self).__name__}({', '.join(parts)})"


@dataclass(frozen=True, slots=True, kw_only=True, repr=False)
class Bounce(_Event):
    """
    Mail that came back, or that SES did not try to deliver.

    Attributes:
        bounce_type: ``"Permanent"``, ``"Transient"`` or ``"Undetermined"``.

        bounce_sub_type: ``"General"``, ``"MailboxFull"``, ``"OnAccountSuppressionList"`` …

        feedback_id: SES's id of this bounce; the same through all channels.
    """

    kind: str = field(default="Bounce", init=False)
    bounce_type: str | None = None
    bounce_sub_type: str | None = None
    feedback_id: str | None = None
    reporting_mta: str | None = None
    remote_mta_ip: str | None = None

    _told: ClassVar[tuple[str, ...]] = ("bounce_type", "bounce_sub_type", "feedback_id")

    @property
    def bounced_recipients(self) -> tuple[Recipient, ...]:
        """SES's name for `recipients`."""
        return self.recipients

    @property
    def key(self) -> str:
        """The feedback id, which all channels share."""
        return self._by_feedback_id(self.feedback_id)


@dataclass(frozen=True, slots=True, kw_only=True, repr=False)
class Complaint(_Event):
    """
    Somebody called the mail spam, or took that back (``"not-spam"``).

    The recipients are SES's guess: all that the mail had at the complaining provider.

    Attributes:
        complaint_feedback_type: ``"abuse"``, ``"not-spam"`` … or the provider's own text.

        complaint_sub_type: None, ``"OnAccountSuppressionList"`` or
            ``"OnTenantSuppressionList"``: SES did not try, and nobody complained anew.

        arrival_date: When the provider got the mail, aware UTC.
    """

    kind: str = field(default="Complaint", init=False)
    complaint_feedback_type: str | None = None
    complaint_sub_type: str | None = None
    feedback_id: str | None = None
    user_agent: str | None = None
    arrival_date: datetime | None = None

    _told: ClassVar[tuple[str, ...]] = (
        "complaint_feedback_type",
        "complaint_sub_type",
        "feedback_id",
    )

    @property
    def complained_recipients(self) -> tuple[Recipient, ...]:
        """SES's name for `recipients`."""
        return self.recipients

    @property
    def key(self) -> str:
        """The feedback id, which all channels share."""
        return self._by_feedback_id(self.feedback_id)


@dataclass(frozen=True, slots=True, kw_only=True, repr=False)
class Delivery(_Event):
    """The receiving server took the mail. It may still come back."""

    kind: str = field(default="Delivery", init=False)
    processing_time_millis: int | None = None
    smtp_response: str | None = None
    reporting_mta: str | None = None
    remote_mta_ip: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True, repr=False)
class Send(_Event):
    """SES took the mail and will try to deliver it."""

    kind: str = field(default="Send", init=False)


@dataclass(frozen=True, slots=True, kw_only=True, repr=False)
class Reject(_Event):
    """SES took the mail, found a virus in it, and will not deliver it."""

    kind: str = field(default="Reject", init=False)
    reason: str | None = None

    _told: ClassVar[tuple[str, ...]] = ("reason",)


@dataclass(frozen=True, slots=True, kw_only=True, repr=False)
class Open(_Event):
    """
    The mail was shown, or its picture was fetched by a machine.

    Attributes:
        is_bot_event: ``"Likely"`` or ``"Unlikely"``.
    """

    kind: str = field(default="Open", init=False)
    ip_address: str | None = None
    user_agent: str | None = None
    is_bot_event: str | None = None

    @property
    def key(self) -> str:
        """One for each opening: it has no id of its own."""
        return self._hashed(ip_address=self.ip_address)


@dataclass(frozen=True, slots=True, kw_only=True, repr=False)
class Click(_Event):
    """A link in the mail was followed, perhaps by a machine (see *is_bot_event*)."""

    kind: str = field(default="Click", init=False)
    ip_address: str | None = None
    user_agent: str | None = None
    is_bot_event: str | None = None
    link: str | None = None
    link_tags: FrozenMapping[str, tuple[str, ...]] = _NO_TAGS

    @property
    def key(self) -> str:
        """One for each click: it has no id of its own."""
        return self._hashed(ip_address=self.ip_address, link=self.link)


@dataclass(frozen=True, slots=True, kw_only=True, repr=False)
class RenderingFailure(_Event):
    """The template did not fit its data. The send had been answered with a message id."""

    kind: str = field(default="RenderingFailure", init=False)
    template_name: str | None = None
    error_message: str | None = None

    _told: ClassVar[tuple[str, ...]] = ("template_name",)


@dataclass(frozen=True, slots=True, kw_only=True, repr=False)
class DeliveryDelay(_Event):
    """
    The mail is not delivered yet. SES goes on trying.

    Attributes:
        delay_type: ``"MailboxFull"``, ``"SpamDetected"``, ``"IPFailure"`` …

        expiration_time: When SES will give up, aware UTC.
    """

    kind: str = field(default="DeliveryDelay", init=False)
    delay_type: str | None = None
    expiration_time: datetime | None = None
    reporting_mta: str | None = None

    _told: ClassVar[tuple[str, ...]] = ("delay_type",)

    @property
    def delayed_recipients(self) -> tuple[Recipient, ...]:
        """SES's name for `recipients`."""
        return self.recipients


@dataclass(frozen=True, slots=True, kw_only=True, repr=False)
class Subscription(_Event):
    """
    A contact changed what it wants to get.

    Attributes:
        source: How: ``"UnsubscribeHeader"`` for instance.
    """

    kind: str = field(default="Subscription", init=False)
    contact_list: str | None = None
    source: str | None = None
    new_topic_preferences: TopicPreferences | None = None
    old_topic_preferences: TopicPreferences | None = None

    _told: ClassVar[tuple[str, ...]] = ("contact_list", "source")


@dataclass(frozen=True, slots=True, kw_only=True, repr=False)
class SubscriptionConfirmation(_Event):
    """
    SNS asks whether this endpoint wants the topic.

    Attributes:
        token: What ConfirmSubscription takes. It is a secret.

        subscribe_url: A URL that confirms. Never visit it before the signature is verified.
    """

    kind: str = field(default="SubscriptionConfirmation", init=False)
    token: str | None = None
    subscribe_url: str | None = None
    message: str | None = None

    _told: ClassVar[tuple[str, ...]] = ("topic_arn", "sns_message_id")

    @property
    def key(self) -> str:
        """One for each token."""
        return self._hashed(token=self.token)


@dataclass(frozen=True, slots=True, kw_only=True, repr=False)
class UnsubscribeConfirmation(_Event):
    """
    SNS tells that this endpoint no longer gets the topic.

    Attributes:
        token: What subscribes it again. It is a secret.

        subscribe_url: A URL that does so.
    """

    kind: str = field(default="UnsubscribeConfirmation", init=False)
    token: str | None = None
    subscribe_url: str | None = None
    message: str | None = None

    _told: ClassVar[tuple[str, ...]] = ("topic_arn", "sns_message_id")

    @property
    def key(self) -> str:
        """One for each token."""
        return self._hashed(token=self.token)


@dataclass(frozen=True, slots=True, kw_only=True, repr=False)
class SetupNotice(_Event):
    """
    SES tried a topic that was set up for its events, and could reach it.

    Attributes:
        kind: ``"AmazonSnsSubscriptionSucceeded"`` for a topic of an identity; our own
            ``"SetupNotice"`` for one of a configuration set, which gets a sentence only.

        message: SES's sentence.
    """

    kind: str = "SetupNotice"
    message: str | None = None

    @property
    def key(self) -> str:
        """One for each sentence and time."""
        return self._hashed(message=self.message)


@dataclass(frozen=True, slots=True, kw_only=True, repr=False)
class UnknownEvent(_Event):
    """
    A record of no kind that is known here: new ones, inbound mail, or somebody else's.

    Attributes:
        kind: What it calls itself, without spaces; ``"Unknown"`` where it does not.

        digest: A hash of the record, where it speaks of no mail to know it by: of one second
            there may be several.
    """

    kind: str = "Unknown"
    digest: str | None = None

    _told: ClassVar[tuple[str, ...]] = ("kind",)

    @property
    def key(self) -> str:
        """By what all events are known by, or else by the whole record."""
        return self._hashed(digest=self.digest)


Event: TypeAlias = (
    Bounce
    | Complaint
    | Delivery
    | Send
    | Reject
    | Open
    | Click
    | RenderingFailure
    | DeliveryDelay
    | Subscription
    | SubscriptionConfirmation
    | UnsubscribeConfirmation
    | SetupNotice
    | UnknownEvent
)
"""Everything that a payload can hold."""


def _shown(text: str | None) -> str:
    if text is None or _WORD.fullmatch(text):
        return repr(text)
    return "<hidden>"
