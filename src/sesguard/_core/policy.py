"""What feedback does to the suppression list."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Literal, TypeAlias, cast

from sesguard._core import store_door
from sesguard.addresses import read_leniently
from sesguard.errors import ConfigurationError
from sesguard.events import Bounce, Complaint, Event, Mail, Recipient
from sesguard.mail import STREAM_TAG
from sesguard.suppression import (
    CountSoftBounce,
    Ignore,
    Reason,
    Release,
    Suppress,
    Suppression,
    stream_scope,
    tenant_scope,
)

__all__ = ["Consequence", "FeedbackPolicy"]

Consequence: TypeAlias = Suppress | Release | CountSoftBounce | Ignore

# Of an event whose time cannot be read: whatever else is known of the address is later.
_UNDATED = datetime(1970, 1, 1, tzinfo=UTC)

_TENANT_TAG = "ses:tenant-name"
_NAME = re.compile(r"[A-Za-z0-9_-]{1,256}")
_STATUS = re.compile(r"[245]\.\d{1,3}\.\d{1,3}", re.ASCII)
_WORD = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,63}")

# A report's words for a recipient that did not bounce.
_NOT_BOUNCED = {"delayed", "delivered", "relayed", "expanded"}

_LISTS = ("OnAccountSuppressionList", "OnTenantSuppressionList")

_THIS_MAIL_ONLY = {
    "MessageTooLarge": "the mail was refused for its size: do not send it again as it is",
    "ContentRejected": "the mail was refused for its content: do not send it again as it is",
    "AttachmentRejected": "the mail was refused for an attachment: do not send it again as it is",
    "CustomTimeoutExceeded": "the mail's own MaxDeliverySeconds ran out: it may be sent again",
}

_NOBODY = Ignore(why="it names no recipient to act on")
_UNSUBSCRIBED = (
    "the contact has opted out of the mail's topic, and the mail carries no stream to put it under"
)
_NO_EMAIL = "SES could not read who bounced, and names an address that the mail was not sent to"
_NOT_VALID = "Auto Validation held the mail back: nothing has bounced"


@dataclass(frozen=True, slots=True, kw_only=True)
class FeedbackPolicy:
    """
    What each event does to the suppression list.

    A permanent bounce suppresses those recipients that bounced. A soft one is counted, since an
    out-of-office reply looks the same. What says nothing about an address is ignored aloud.

    Args:
        soft_bounce_limit: How many soft bounces within the window put an address on the list.
            SES tells of a soft bounce only after it has tried for hours itself.

        soft_bounce_window: How long a soft bounce counts, in seconds or as a timedelta.

        complaint_recipients: Whom a complaint suppresses. Most providers hide who complained, so
            SES names all recipients that the mail had there. ``"all"`` suppresses them all: it
            never mails the one who complained again, which is what AWS pauses accounts for, at
            the price of leaving out the innocent ones. ``"single"`` acts only where one recipient
            is named, which is exact; ``"none"`` never. Mail to one recipient each needs no choice.

        global_list_expiry: How long an address on SES's own global list is held, in seconds or
            as a timedelta. SES lets it go after up to 14 days.

    Raises:
        ConfigurationError: An option that cannot work.

    Source:
        SES Developer Guide, "Notification contents", bounce types; "Suppression lists"; "Service
        enforcement FAQ".
    """

    soft_bounce_limit: int = 5
    soft_bounce_window: float | timedelta = timedelta(days=30)
    complaint_recipients: Literal["all", "single", "none"] = "all"
    global_list_expiry: float | timedelta = timedelta(days=14)

    def __post_init__(self) -> None:
        if type(self.soft_bounce_limit) is not int or self.soft_bounce_limit < 1:
            raise ConfigurationError("soft_bounce_limit= is a number of bounces: 1 or more.")
        if self.complaint_recipients not in ("all", "single", "none"):
            raise ConfigurationError("complaint_recipients= is 'all', 'single' or 'none'.")
        for name in ("soft_bounce_window", "global_list_expiry"):
            object.__setattr__(self, name, store_door.span(name, getattr(self, name)))

    def consequences(self, event: Event) -> tuple[Consequence, ...]:
        """
        What an event brings about.

        Returns:
            Changes to the list, and an `Ignore` for each decision not to make one. Empty for an
            event that has nothing to do with the list, such as a delivery.
        """
        if isinstance(event, Bounce):
            return self._of_bounce(event)
        if isinstance(event, Complaint):
            return self._of_complaint(event)
        return ()

    def _of_bounce(self, bounce: Bounce) -> tuple[Consequence, ...]:
        kind, sub_type = bounce.bounce_type, bounce.bounce_sub_type or ""
        if kind == "Permanent":
            return self._of_permanent(bounce, sub_type)
        if kind not in ("Transient", "Undetermined"):
            return (Ignore(why=f"a bounce of an unknown type, {_told(kind)}"),)
        if kind == "Transient" and sub_type in _THIS_MAIL_ONLY:
            return (Ignore(why=_THIS_MAIL_ONLY[sub_type]),)
        if bounce.timestamp is None:
            return (Ignore(why="a soft bounce without a time cannot be counted"),)
        return tuple(
            CountSoftBounce(
                key=recipient.key,
                at=bounce.timestamp,
                limit=self.soft_bounce_limit,
                window=cast(timedelta, self.soft_bounce_window),  # since __post_init__
                address=recipient.email_address,
                detail=_detail(bounce, recipient),
            )
            for recipient in _distinct(bounce.recipients)
        ) or (_NOBODY,)

    def _of_permanent(self, bounce: Bounce, sub_type: str) -> tuple[Consequence, ...]:
        bounced = [r for r in bounce.recipients if (r.action or "").lower() not in _NOT_BOUNCED]
        match sub_type:
            case "General" | "":
                return _suppressing(bounce, bounced, Reason.BOUNCE)
            case "NoEmail":
                meant = [recipient for recipient in bounced if _is_meant(recipient, bounce)]
                if bounced and not meant:
                    return (Ignore(why=_NO_EMAIL),)
                return _suppressing(bounce, meant, Reason.BOUNCE)
            case "Suppressed":
                return _suppressing(
                    bounce, bounced, Reason.BOUNCE, expires_at=self._off_the_global_list(bounce)
                )
            case "OnAccountSuppressionList" | "OnTenantSuppressionList":
                return _mirroring(bounce, bounced, Reason.BOUNCE, sub_type)
            case "UnsubscribedRecipient":
                stream = _name_at(bounce, STREAM_TAG)
                if stream is None:
                    return (Ignore(why=_UNSUBSCRIBED),)
                return _suppressing(bounce, bounced, Reason.UNSUBSCRIBE, scope=stream_scope(stream))
            case "EmailValidationSuppressed":
                return (Ignore(why=_NOT_VALID),)
            case _:
                return (
                    Ignore(
                        why=f"a permanent bounce of an unknown kind, {_told(sub_type)}: "
                        "see whether to suppress its recipients"
                    ),
                )

    def _off_the_global_list(self, bounce: Bounce) -> datetime | None:
        if bounce.timestamp is None:
            return None
        try:
            return bounce.timestamp + cast(timedelta, self.global_list_expiry)
        except OverflowError:  # in the year 9999
            return None

    def _of_complaint(self, complaint: Complaint) -> tuple[Consequence, ...]:
        named = _distinct(complaint.recipients or _only_destination(complaint.mail))
        sub_type = complaint.complaint_sub_type or ""
        not_spam = (complaint.complaint_feedback_type or "").lower() == "not-spam"
        if sub_type in _LISTS and not not_spam:
            return _mirroring(complaint, named, Reason.COMPLAINT, sub_type)
        if not named:
            return (_NOBODY,)
        if self.complaint_recipients == "none":
            return (Ignore(why="a complaint, and complaint_recipients is 'none'"),)
        if self.complaint_recipients == "single" and len(named) > 1:
            return (Ignore(why=f"a complaint of one of {len(named)} recipients"),)
        if not_spam:
            return _releasing(complaint, named)
        return _suppressing(complaint, named, Reason.COMPLAINT)


def _suppressing(
    event: Bounce | Complaint,
    recipients: Iterable[Recipient],
    reason: Reason,
    *,
    scope: str = "",
    source: str = "event",
    expires_at: datetime | None = None,
) -> tuple[Consequence, ...]:
    event_key = event.key
    return tuple(
        Suppress(
            suppression=Suppression(
                key=recipient.key,
                reason=reason,
                at=event.timestamp or _UNDATED,
                scope=scope,
                address=recipient.email_address,
                source=source,
                event_key=event_key,
                detail=_detail(event, recipient),
                expires_at=expires_at,
            )
        )
        for recipient in _distinct(recipients)
    ) or (_NOBODY,)


def _mirroring(
    event: Bounce | Complaint, recipients: Iterable[Recipient], reason: Reason, sub_type: str
) -> tuple[Consequence, ...]:
    """SES did not try, since its own list has them: no new evidence, and nothing to guess."""
    if sub_type == "OnAccountSuppressionList":
        return _suppressing(event, recipients, reason, source="account-list")
    tenant = _name_at(event, _TENANT_TAG)
    if tenant is None:
        return (
            Ignore(why=f"on the list of a tenant that the event does not name ({_TENANT_TAG})"),
        )
    return _suppressing(event, recipients, reason, scope=tenant_scope(tenant), source="tenant-list")


def _releasing(complaint: Complaint, recipients: Iterable[Recipient]) -> tuple[Consequence, ...]:
    """
    Take back an earlier complaint, of the tenant's list too.

    Source:
        SES Developer Guide, "Tenant-level suppression list": SES does so itself on not-spam.
    """
    if complaint.timestamp is None:
        return (Ignore(why="a not-spam report without a time cannot take back what was before it"),)
    tenant = _name_at(complaint, _TENANT_TAG)
    scopes = ("",) if tenant is None else ("", tenant_scope(tenant))
    return tuple(
        Release(key=recipient.key, reason=Reason.COMPLAINT, at=complaint.timestamp, scope=scope)
        for recipient in recipients
        for scope in scopes
    )


def _distinct(recipients: Iterable[Recipient]) -> tuple[Recipient, ...]:
    """Each mailbox once, and none that has nothing to be known by."""
    return tuple({one.key: one for one in recipients if one.key}.values())


def _is_meant(recipient: Recipient, bounce: Bounce) -> bool:
    """
    Whether a bounce that SES could not read an address from speaks of this one.

    Source:
        SES Developer Guide, "Notification contents": with NoEmail "it was not possible to retrieve
        the recipient email address from the bounce message".
    """
    destination = bounce.mail.destination if bounce.mail is not None else ()
    return recipient.in_destination is True or len(destination) == 1


def _only_destination(mail: Mail | None) -> tuple[Recipient, ...]:
    """Who must have complained, where nobody is named and the mail went to one."""
    if mail is None or len(mail.destination) != 1:
        return ()
    address, key = read_leniently(mail.destination[0])
    return (Recipient(email_address=address, key=key, in_destination=True),)


def _name_at(event: Bounce | Complaint, tag: str) -> str | None:
    """The tenant or stream that a message tag names; None for what could not be sent as one."""
    name = event.mail.tag(tag) if event.mail is not None else None
    return name if name is not None and _NAME.fullmatch(name) else None


def _detail(event: Bounce | Complaint, recipient: Recipient) -> str:
    """Such as ``Permanent/General 5.1.1``: words and numbers, never an address."""
    if isinstance(event, Bounce):
        words = (event.bounce_type, event.bounce_sub_type)
    else:
        words = (event.kind, event.complaint_sub_type or event.complaint_feedback_type)
    told = "/".join(_told(word) for word in words if word)
    status = recipient.status or ""
    return f"{told} {status}" if _STATUS.fullmatch(status) else told


def _told(word: str | None) -> str:
    return word if word and _WORD.fullmatch(word) else "(unreadable)"
