"""What becomes of a mail, recipient by recipient."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass

from sesguard._frozen import FrozenMapping
from sesguard.addresses import AddressKey, read_leniently
from sesguard.suppression import Reason

__all__ = ["BounceFate", "ComplaintFate", "Fate", "Mailboxes", "is_simulated"]

_DOMAIN = "@simulator.amazonses.com"


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


_HARD = Fate(delivered=False, bounce=BounceFate())
_LISTED = (
    "Amazon SES did not send the message to this address because it is on the suppression list"
)

_ON_ACCOUNT_LIST: Mapping[Reason, Fate] = {
    Reason.BOUNCE: Fate(
        delivered=False,
        bounce=BounceFate(
            bounce_sub_type="OnAccountSuppressionList",
            diagnostic_code=f"{_LISTED} for your account.",
            attempted=False,
        ),
    ),
    Reason.COMPLAINT: Fate(
        delivered=False,
        complaint=ComplaintFate(feedback_type=None, sub_type="OnAccountSuppressionList"),
    ),
}

_LABELS: Mapping[str, Fate] = FrozenMapping(
    {
        "success": Fate(),
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


def is_simulated(address: str) -> bool:
    """Whether it is one of the mailbox simulator's: those count for the rate alone."""
    return address.lower().endswith(_DOMAIN)


class Mailboxes:
    """
    Knows who bounces, who complains, and who is on the account's own suppression list.

    Args:
        suppressed_reasons: For which reasons the account's list is on.

    Source:
        SES Developer Guide, "Using the mailbox simulator", "Using the account-level suppression
        list".
    """

    def __init__(self, suppressed_reasons: Collection[Reason]) -> None:
        self.suppressed_reasons: tuple[Reason, ...] = tuple(suppressed_reasons)
        self._scripted: dict[AddressKey, Fate] = {}
        self._listed: dict[AddressKey, tuple[str, Reason]] = {}

    def script(self, address: str, fate: Fate) -> None:
        """From now on this is what becomes of mail to *address*."""
        self._scripted[read_leniently(address)[1]] = fate

    def suppress(self, address: str, reason: Reason) -> None:
        """Put an address on the account's list. It does no harm while its reason is off."""
        spelled, key = read_leniently(address)
        self._listed[key] = spelled, reason

    def release(self, address: str) -> None:
        """Take an address off the account's list."""
        self._listed.pop(read_leniently(address)[1], None)

    def suppressed(self) -> dict[str, Reason]:
        """The account's list, as it was spelled."""
        return dict(list(self._listed.values()))

    def fate(self, address: str) -> Fate:
        """What becomes of mail to *address*."""
        key = read_leniently(address)[1]
        if is_simulated(key):
            label = key.removesuffix(_DOMAIN).partition("+")[0]
            return _LABELS.get(label, _HARD)
        listed = self._listed.get(key)
        if listed is not None and listed[1] in self.suppressed_reasons:
            return _ON_ACCOUNT_LIST[listed[1]]
        return self._scripted.get(key, Fate())

    def learn(self, address: str, fate: Fate) -> None:
        """SES puts a hard bounce or a complaint on the account's list by itself."""
        if fate.complaint is not None:
            reason = Reason.COMPLAINT
        elif fate.bounce is not None and fate.bounce.bounce_type == "Permanent":
            reason = Reason.BOUNCE
        else:
            return
        if reason in self.suppressed_reasons and not is_simulated(address):
            self._listed.setdefault(read_leniently(address)[1], (address, reason))
