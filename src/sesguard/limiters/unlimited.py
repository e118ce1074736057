"""No limit."""

from __future__ import annotations

__all__ = ["Unlimited"]


class Unlimited:
    """
    Never waits: for a test, or where something else keeps to the rate.

    SES then throttles whoever is faster than the account may be.
    """

    __slots__ = ()

    def reserve(self, units: int, /) -> float:
        """No seconds to wait."""
        return 0.0

    def give_back(self, units: int, /) -> None:
        """Nothing was taken."""

    def slow_down(self, retry_after: float | None = None, /) -> None:
        """There is no rate to lower."""
