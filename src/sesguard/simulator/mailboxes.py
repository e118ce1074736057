"""Who bounces and who complains."""

from __future__ import annotations

from collections.abc import Mapping

from sesguard._frozen import FrozenMapping
from sesguard.addresses import AddressKey
from sesguard.simulator.fates import SUPPRESSED, BounceFate, ComplaintFate, Fate, is_simulated
from sesguard.simulator.mails.spelling import read_leniently
from sesguard.simulator.stop_lists import RecentBounces

__all__ = ["Mailboxes"]

_DELIVERED = Fate()
_HARD = Fate(delivered=False, bounce=BounceFate())
_LABELS: Mapping[str, Fate] = FrozenMapping(
    {
        "success": _DELIVERED,
        "bounce": _HARD,
        "ooto": Fate(bounce=BounceFate(bounce_type="Transient", status="", diagnostic_code="")),
        "complaint": Fate(complaint=ComplaintFate(user_agent="Amazon SES Mailbox Simulator")),
        "suppressionlist": SUPPRESSED,
    }
)


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
            label = key.partition("@")[0].partition("+")[0]
            return _LABELS.get(label, _HARD)
        return self._scripted.get(key, _DELIVERED)
