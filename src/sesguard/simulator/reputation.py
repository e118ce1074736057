"""What AWS thinks of the account, by what came back of its mail."""

from __future__ import annotations

from collections import deque
from collections.abc import Collection, Sequence
from typing import TYPE_CHECKING

from sesguard.simulator.fates import Fate, is_simulated

if TYPE_CHECKING:
    from sesguard.simulator.state import Standing

__all__ = ["Reputation"]

_PAUSE = (0.10, 0.005)
_REVIEW = (0.05, 0.001)


class Reputation:
    """
    Judges an account over its last so many recipients.

    At 5 % of hard bounces or 0.1 % of complaints it is put under review, at 10 % or 0.5 % its
    sending ends. The review is over when the rates are back; the end is not.

    How large AWS's representative volume is for an account is not published, nor when a review
    begins or ends: that it is one number, and nothing is judged before so many were mailed, is
    assumed here.

    Args:
        volume: Recipients.

    Source:
        SES Developer Guide, "Amazon SES sending review process FAQs", "Using the account-level
        suppression list" (what is on it counts for nothing).
    """

    def __init__(self, volume: int) -> None:
        self._volume = volume
        self._mailed: deque[tuple[bool, bool]] = deque()
        self._bounces = self._complaints = 0
        self._under_review = False

    @property
    def bounce_rate(self) -> float:
        """Hard bounces by recipient, as a fraction."""
        return self._bounces / max(1, len(self._mailed))

    @property
    def complaint_rate(self) -> float:
        """Complaints by recipient, as a fraction."""
        return self._complaints / max(1, len(self._mailed))

    def count(
        self, fates: Sequence[tuple[str, Fate]], verified: Collection[str], standing: Standing
    ) -> None:
        """
        Count what became of mail to some recipients, and judge.

        Args:
            verified: The account's own domains, to which a bounce does not count.

            standing: What it comes to.
        """
        for address, fate in fates:
            if _counts(address, fate):
                own = address.rpartition("@")[2].lower() in verified
                bounce = fate.bounce
                hard = bounce is not None and bounce.bounce_type == "Permanent" and not own
                self._add(hard, fate.complaint is not None)
        if len(self._mailed) >= self._volume:
            self._judge(standing)

    def _add(self, bounced: bool, complained: bool) -> None:
        self._mailed.append((bounced, complained))
        self._bounces += bounced
        self._complaints += complained
        if len(self._mailed) > self._volume:
            bounced, complained = self._mailed.popleft()
            self._bounces -= bounced
            self._complaints -= complained

    def _judge(self, standing: Standing) -> None:
        rates = (self.bounce_rate, self.complaint_rate)
        if _reach(rates, _PAUSE):
            standing.enforcement_status = "SHUTDOWN"
        elif _reach(rates, _REVIEW):
            if standing.enforcement_status == "HEALTHY":
                standing.enforcement_status, self._under_review = "PROBATION", True
        elif self._under_review and standing.enforcement_status == "PROBATION":
            standing.enforcement_status, self._under_review = "HEALTHY", False


def _reach(rates: tuple[float, float], lines: tuple[float, float]) -> bool:
    return any(rate >= line for rate, line in zip(rates, lines, strict=True))


def _counts(address: str, fate: Fate) -> bool:
    """Whether a recipient does: not the mailbox simulator, nor who was stopped by a list."""
    if is_simulated(address):
        return False
    if fate.bounce is not None:
        return fate.bounce.attempted or fate.bounce.bounce_sub_type == "Suppressed"
    return fate.complaint is None or fate.complaint.sub_type is None
