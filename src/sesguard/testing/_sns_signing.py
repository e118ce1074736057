"""What SNS signs."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

__all__ = ["SIGNED", "to_sign"]

_NOTIFICATION = ("Message", "MessageId", "Subject", "Timestamp", "TopicArn", "Type")
_CONFIRMATION = ("Message", "MessageId", "SubscribeURL", "Timestamp", "Token", "TopicArn", "Type")

SIGNED: Mapping[str, tuple[str, ...]] = {
    "Notification": _NOTIFICATION,
    "SubscriptionConfirmation": _CONFIRMATION,
    "UnsubscribeConfirmation": _CONFIRMATION,
}
"""The fields that a signature covers, by Type, in order."""


def to_sign(fields: Mapping[str, Any]) -> bytes:
    """
    Name and value, each with a newline behind it, for every signed field that is there.

    Source:
        SNS Developer Guide, "Verifying the signatures of Amazon SNS messages". A newline follows
        the last value too, as in all genuine messages seen.
    """
    names = SIGNED[fields["Type"]]
    return "".join(f"{name}\n{fields[name]}\n" for name in names if name in fields).encode()
