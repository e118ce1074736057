"""What an account may send in a day and in a second."""

from __future__ import annotations

from dataclasses import dataclass

__all__ = ["Quota"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Quota:
    """
    What the account may send, and has sent, in recipients.

    Attributes:
        max_24_hour_send: Recipients in any 24 hours; -1 is unlimited.

        max_send_rate: Recipients a second.

        sent_last_24_hours: Recipients mailed in the last 24 hours.
    """

    max_24_hour_send: float
    max_send_rate: float
    sent_last_24_hours: float

    @property
    def unlimited(self) -> bool:
        """Whether there is no daily quota at all."""
        return self.max_24_hour_send == -1

    @property
    def left(self) -> float:
        """Recipients that may still be mailed now; infinite where there is no quota."""
        if self.unlimited:
            return float("inf")
        return max(0.0, self.max_24_hour_send - self.sent_last_24_hours)
