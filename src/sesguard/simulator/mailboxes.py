"""What becomes of a mail, recipient by recipient."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Literal, TypeAlias

from sesguard._frozen import FrozenMapping
from sesguard.addresses import AddressKey
from sesguard.simulator.spelling import read_leniently
from sesguard.suppression import Reason

__all__ = [
    "UNSUBSCRIBED",
    "BounceFate",
    "ComplaintFate",
    "Fate",
    "Listed",
    "Mailboxes",
    "RecentBounces",
    "SuppressionList",
    "is_simulated",
]

_DOMAIN = "@simulator.amazonses.com"
_GLOBALLY = timedelta(days=14)


@dataclass(frozen=True, slots=True, kw_only=True)
class BounceFate:
    """A bounce, in SES's words."""

    bounce_type: str = "Permanent"
    bounce_sub_type: str = "General"
    status: str = "5.1.1"
    diagnostic_code: str = "smtp; 550 5.1.1 user unknown"
    attempted: bool = True


@dataclass(frozen=True, slots=True, kw_only=True)
class ComplaintFate:
    """A complaint, in SES's words."""

    feedback_type: str | None = "abuse"
    sub_type: str | None = None
    user_agent: str = "A mailbox provider's feedback loop"


@dataclass(frozen=True, slots=True, kw_only=True)
class Fate:
    """What comes back for one recipient."""

    delivered: bool = True
    bounce: BounceFate | None = None
    complaint: ComplaintFate | None = None


_DELIVERED = Fate()
_HARD = Fate(delivered=False, bounce=BounceFate())
_LISTED = (
    "Amazon SES did not send the message to this address because it is on the suppression list"
)

Owner: TypeAlias = Literal["account", "tenant"]
"""Whose a list is."""


def _on_list(owner: Owner) -> Mapping[Reason, Fate]:
    sub_type = f"On{owner.title()}SuppressionList"
    bounce = BounceFate(
        bounce_sub_type=sub_type, diagnostic_code=f"{_LISTED} for your {owner}.", attempted=False
    )
    complaint = ComplaintFate(feedback_type=None, sub_type=sub_type)
    return {
        Reason.BOUNCE: Fate(delivered=False, bounce=bounce),
        Reason.COMPLAINT: Fate(delivered=False, complaint=complaint),
    }


_ON_LIST: Mapping[Owner, Mapping[Reason, Fate]] = {
    "account": _on_list("account"),
    "tenant": _on_list("tenant"),
}

UNSUBSCRIBED = Fate(
    delivered=False,
    bounce=BounceFate(
        bounce_sub_type="UnsubscribedRecipient",
        status="",
        diagnostic_code="",
        attempted=False,
    ),
)
"""A contact who does not want mail of that topic, or of any."""

_LABELS: Mapping[str, Fate] = FrozenMapping(
    {
        "success": _DELIVERED,
        "bounce": _HARD,
        "ooto": Fate(bounce=BounceFate(bounce_type="Transient", status="", diagnostic_code="")),
        "complaint": Fate(complaint=ComplaintFate(user_agent="Amazon SES Mailbox Simulator")),
        "suppressionlist": Fate(
            delivered=False,
            bounce=BounceFate(
                bounce_sub_type="Suppressed",
                diagnostic_code="Amazon SES has suppressed sending to this address because it has "
                "a recent history of bouncing as an invalid address.",
                attempted=False,
            ),
        ),
    }
)


_SUPPRESSED = _LABELS["suppressionlist"]


def is_simulated(address: str) -> bool:
    """Whether it is one of the mailbox simulator's: those count for the rate alone."""
    return address.lower().endswith(_DOMAIN)


class Mailboxes:
    """
    Knows who bounces and who complains. They are the same people for all regions.

    Source:
        SES Developer Guide, "Using the mailbox simulator".
    """

    def __init__(self) -> None:
        self._scripted: dict[AddressKey, Fate] = {}
        self.recent_bounces: RecentBounces = RecentBounces()

    def script(self, address: str, fate: Fate) -> None:
        """From now on this is what becomes of mail to *address*."""
        self._scripted[read_leniently(address)[1]] = fate
        if fate.delivered:
            self.recent_bounces.forget(address)

    def fate(self, address: str) -> Fate:
        """What becomes of mail to *address*, if SES tries to deliver it."""
        key = read_leniently(address)[1]
        if is_simulated(key):
            label = key.removesuffix(_DOMAIN).partition("+")[0]
            return _LABELS.get(label, _HARD)
        return self._scripted.get(key, _DELIVERED)


class RecentBounces:
    """
    The global list: mail to who has bounced lately is not tried, whoever it comes from.

    It counts for accounts that keep no list of their own for bounces. How long an address stays
    on it is not published, but that 14 days are the most: here it is always so long.

    Source:
        SES Developer Guide, "Using the Amazon SES global suppression list".
    """

    def __init__(self) -> None:
        self._until: dict[AddressKey, datetime] = {}

    def learn(self, address: str, fate: Fate, at: datetime) -> None:
        """An address of which a mail server said that there is nobody."""
        bounce = fate.bounce
        if bounce is None or not bounce.attempted or bounce.bounce_type != "Permanent":
            return
        if not is_simulated(address):
            self._until[read_leniently(address)[1]] = at + _GLOBALLY

    def forget(self, address: str) -> None:
        """There is somebody after all."""
        self._until.pop(read_leniently(address)[1], None)

    def fate(self, address: str, now: datetime) -> Fate | None:
        """What becomes of mail that is stopped; None where it is not."""
        until = self._until.get(read_leniently(address)[1])
        return None if until is None or until <= now else _SUPPRESSED


@dataclass(frozen=True, slots=True)
class Listed:
    """
    An entry of SES's own list.

    Attributes:
        message_id, feedback_id: Of the mail and the event that brought it there.
    """

    address: str
    reason: Reason
    at: datetime
    message_id: str | None = None
    feedback_id: str | None = None


class SuppressionList:
    """
    SES's own list, of one region.

    It keeps the case of what it was given, and stops mail to any spelling.

    Args:
        reasons: For which reasons it is on.

        owner: Whose it is: the account's, or a tenant's.

    Source:
        SES Developer Guide, "Using the account-level suppression list".
    """

    def __init__(self, reasons: Collection[Reason], owner: Owner = "account") -> None:
        self._fates = _ON_LIST[owner]
        self.reasons: tuple[Reason, ...] = tuple(reasons)
        self._spelled: dict[str, Listed] = {}
        self._by_key: dict[AddressKey, dict[str, Listed]] = {}

    def put(self, entry: Listed) -> None:
        """Put an address on the list. It does no harm while its reason is off."""
        self._spelled[entry.address] = entry
        spellings = self._by_key.setdefault(read_leniently(entry.address)[1], {})
        spellings[entry.address] = entry

    def get(self, address: str) -> Listed | None:
        """The entry of exactly this spelling."""
        return self._spelled.get(address)

    def delete(self, address: str) -> bool:
        """Take exactly this spelling off the list; whether it was there."""
        if self._spelled.pop(address, None) is None:
            return False
        key = read_leniently(address)[1]
        del self._by_key[key][address]
        if not self._by_key[key]:
            del self._by_key[key]
        return True

    def release(self, address: str) -> None:
        """Take a mailbox off the list, however it is spelled there."""
        for spelled in tuple(self._by_key.get(read_leniently(address)[1], ())):
            self.delete(spelled)

    def entries(self) -> tuple[Listed, ...]:
        """All of it, in the order in which they came."""
        return tuple(self._spelled.values())

    def fate(self, address: str, reasons: Collection[Reason] | None = None) -> Fate | None:
        """
        What becomes of mail to *address* that is stopped; None where it is not.

        Args:
            reasons: Of a configuration set that decides by itself; None: the account's.
        """
        if is_simulated(address):
            return None
        in_force = self.reasons if reasons is None else reasons
        for listed in self._by_key.get(read_leniently(address)[1], {}).values():
            if listed.reason in in_force:
                return self._fates[listed.reason]
        return None

    def learn(self, address: str, fate: Fate, *, at: datetime, message_id: str) -> None:
        """SES puts a hard bounce or a complaint on the list by itself."""
        bounce = fate.bounce
        if fate.complaint is not None and fate.complaint.sub_type is None:
            reason = Reason.COMPLAINT
        elif bounce is not None and bounce.attempted and bounce.bounce_type == "Permanent":
            reason = Reason.BOUNCE
        else:
            return
        if reason not in self.reasons or is_simulated(address):
            return
        if read_leniently(address)[1] not in self._by_key:
            self.put(Listed(address, reason, at, message_id))
