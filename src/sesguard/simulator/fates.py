"""What becomes of a mail for one recipient."""

from __future__ import annotations

from dataclasses import dataclass

__all__ = ["SUPPRESSED", "UNSUBSCRIBED", "BounceFate", "ComplaintFate", "Fate", "is_simulated"]

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


SUPPRESSED = Fate(
    delivered=False,
    bounce=BounceFate(
        bounce_sub_type="Suppressed",
        diagnostic_code="Amazon SES has suppressed sending to this address because it has "
        "a recent history of bouncing as an invalid address.",
        attempted=False,
    ),
)
"""SES's global list has the recipient."""

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


def is_simulated(address: str) -> bool:
    """Whether it is one of the mailbox simulator's: those count for the rate alone."""
    return address.lower().endswith(_DOMAIN)
