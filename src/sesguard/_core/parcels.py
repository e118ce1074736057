"""Which e-mails one SendBulkEmail can send."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TypeVar

from sesguard.mail import Email

__all__ = ["MOST_RECIPIENTS", "parcels", "same_request"]

MOST_RECIPIENTS = 50

T = TypeVar("T")


def same_request(email: Email) -> object | None:
    """
    What e-mails of one request have in common; None for one that is sent by itself.

    Source:
        SES API v2, "SendBulkEmail": a template for all, with data, headers and tags of each.
    """
    if email.template is None or email.list_management is not None:
        return None
    return (
        email.template.name,
        email.sender,
        email.reply_to,
        email.return_path,
        email.configuration_set,
        email.tenant,
        email.attachments,
    )


def parcels(mails: Iterable[tuple[T, Email]]) -> list[list[T]]:
    """
    Put together what one request can send: up to 50 recipients, so that no rate is outrun.

    Args:
        mails: Anything, and the e-mail that it stands for.
    """
    made: list[list[T]] = []
    filling: dict[object, tuple[list[T], int]] = {}
    for one, email in mails:
        kind, units = same_request(email), len(email.recipients)
        if kind in filling and filling[kind][1] + units <= MOST_RECIPIENTS:
            parcel, inside = filling[kind]
        else:
            parcel, inside = list[T](), 0
            made.append(parcel)
        parcel.append(one)
        if kind is not None:
            filling[kind] = parcel, inside + units
    return made
