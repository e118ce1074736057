"""Who must not be mailed, and the changes that events make to that list."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import KW_ONLY, dataclass, field
from datetime import datetime, timedelta
from enum import StrEnum
from typing import TYPE_CHECKING, Generic, TypeVar

if TYPE_CHECKING:
    from sesguard.addresses import AddressKey

__all__ = [
    "Change",
    "CountSoftBounce",
    "Ignore",
    "Page",
    "Reason",
    "Release",
    "Suppress",
    "Suppression",
    "stream_scope",
    "tenant_scope",
]

T = TypeVar("T")


class Reason(StrEnum):
    """Why an address is not mailed. The first two are SES's own, the others are ours."""

    BOUNCE = "BOUNCE"
    COMPLAINT = "COMPLAINT"
    UNSUBSCRIBE = "UNSUBSCRIBE"
    MANUAL = "MANUAL"

    @property
    def strength(self) -> int:
        """Which of two reasons speaks for an address: the greater one."""
        return _STRENGTH[self]


_STRENGTH = {Reason.UNSUBSCRIBE: 0, Reason.BOUNCE: 1, Reason.COMPLAINT: 2, Reason.MANUAL: 3}


def tenant_scope(name: str) -> str:
    """The scope of suppressions that hold for one SES tenant only."""
    return f"tenant:{name}"


def stream_scope(name: str) -> str:
    """The scope of suppressions that hold for one stream of mail only."""
    return f"stream:{name}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Suppression:
    """
    One entry of a suppression list. A key may stand once for each scope and reason.

    Attributes:
        key: The mailbox, as lists compare it.

        reason: Why it is not mailed.

        at: When what caused it happened, aware UTC: the bounce's own time, not ours.

        scope: ``""`` for all mail, ``tenant:NAME`` or ``stream:NAME`` for a part of it.

        address: The spelling that was seen; None in a store that keeps hashes only.

        source: What put it here: ``"event"``, ``"soft-bounces"``, ``"operator"``, ``"hook"``.

        event_key: The event that put it here.

        detail: A diagnostic, such as ``Permanent/General 5.1.1``. Without addresses.

        expires_at: When it stops to hold; None for never.
    """

    key: AddressKey = field(repr=False)
    reason: Reason
    at: datetime
    scope: str = ""
    address: str | None = field(default=None, repr=False)
    source: str = ""
    event_key: str | None = None
    detail: str | None = field(default=None, repr=False)
    expires_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class Suppress:
    """
    Put an entry on the list.

    It has no effect where the same scope and reason were released at or after
    ``suppression.at``: the later word stands, in whichever order the two arrive.
    """

    suppression: Suppression


@dataclass(frozen=True, slots=True, kw_only=True)
class Release:
    """
    Take entries of one reason off the list, where they are not newer than *at*.

    An operator's entry (``Reason.MANUAL``) is released by ``remove`` alone.
    """

    key: AddressKey = field(repr=False)
    reason: Reason
    at: datetime
    scope: str = ""


@dataclass(frozen=True, slots=True)
class CountSoftBounce:
    """
    Count one soft bounce; at the limit the address goes on the list, in the same transaction.

    Counts are kept by event key, so two events of one second are two, and one event that comes
    twice is one.

    Attributes:
        at: When the bounce happened, aware UTC.

        limit: Bounces that are one too many.

        window: How long a bounce counts.
    """

    key: AddressKey = field(repr=False)
    at: datetime
    limit: int
    window: timedelta
    _: KW_ONLY
    scope: str = ""
    address: str | None = field(default=None, repr=False)
    detail: str | None = field(default=None, repr=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class Ignore:
    """Do nothing, for a reason that is worth telling."""

    why: str


Change = Suppress | Release | CountSoftBounce
"""What a store can be asked to apply."""


@dataclass(frozen=True, slots=True)
class Page(Generic[T]):
    """
    A part of a long list.

    Attributes:
        items: The entries, in a stable order.

        next: What to pass as *after* for the rest; None at the end.
    """

    items: Sequence[T]
    next: str | None = field(repr=False)  # it holds the last key, if in base64
