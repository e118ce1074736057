"""What a sample of SES's feedback is asked to be."""

from __future__ import annotations

import uuid
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any, Literal, TypeAlias, TypedDict

from sesguard.addresses import read_leniently

__all__ = ["ACCOUNT_ID", "Asked", "Channel", "Details", "Json", "ses_id"]

Channel: TypeAlias = Literal["events", "notifications"]
"""What a configuration set publishes, or what an identity is notified of."""

Json: TypeAlias = dict[str, Any]

ACCOUNT_ID = "123456789012"
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


class Details(TypedDict, total=False):
    """What a sample may say otherwise than it does, in the names that events have."""

    # Of any kind.
    timestamp: datetime
    topic_arn: str
    sns_message_id: str
    # Of the mail.
    message_id: str
    sender: str
    subject: str
    destination: Sequence[str]
    headers: Mapping[str, str]
    original_headers: bool
    tags: Mapping[str, str]
    configuration_set: str
    # Of one kind or some.
    bounce_type: str
    bounce_sub_type: str
    status: str
    diagnostic_code: str
    feedback_id: str
    complaint_feedback_type: str | None
    complaint_sub_type: str | None
    user_agent: str
    smtp_response: str
    processing_time_millis: int
    reason: str
    ip_address: str
    is_bot_event: str
    link: str
    link_tags: Mapping[str, Sequence[str]] | None
    template_name: str
    error_message: str
    delay_type: str
    expiration_time: datetime
    contact_list: str
    source: str
    topic_name: str
    unsubscribe_all: bool
    token: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """
    What a sample is to be.

    Attributes:
        recipients: Those that the event names.

        at: When it happened, aware UTC. The mail was sent a second before.
    """

    kind: str
    channel: Channel
    recipients: tuple[str, ...]
    region: str
    at: datetime
    details: Details

    @property
    def published(self) -> bool:
        """Whether a configuration set tells it, and not an identity."""
        return self.channel == "events"

    @property
    def sender(self) -> str:
        """The From address, perhaps with a name."""
        return self.details.get("sender", "shop@example.com")

    @property
    def domain(self) -> str:
        """The sender's domain."""
        return read_leniently(self.sender)[0].rpartition("@")[2]


def ses_id(at: datetime) -> str:
    """An id in SES's shape, another one each time."""
    milliseconds = (at - _EPOCH) // timedelta(milliseconds=1)
    return f"0100{milliseconds:012x}-{uuid.uuid4()}-000000"
