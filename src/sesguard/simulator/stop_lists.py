"""SES's lists of whom not to mail."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Literal, TypeAlias

from sesguard.addresses import AddressKey
from sesguard.simulator.fates import SUPPRESSED, BounceFate, ComplaintFate, Fate, is_simulated
from sesguard.simulator.mails.spelling import read_leniently
from sesguard.suppression import Reason

__all__ = ["Listed", "RecentBounces", "SuppressionList"]

_GLOBALLY = timedelta(days=14)
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
        return None if until is None or until <= now else SUPPRESSED


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
