"""
What a test of yours can lean on: the contract that every store passes, and every limiter's.

They are pytest classes: inherit from one, say how yours is made, and run pytest. Needs pytest
and hypothesis, which the ``test`` extra brings.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from sesguard.testing.limiter_contract import LimiterContract
    from sesguard.testing.manual_clock import ManualClock
    from sesguard.testing.store_contract import StoreContract

__all__ = ["LimiterContract", "ManualClock", "StoreContract"]

_HOMES = {
    "LimiterContract": "sesguard.testing.limiter_contract",
    "ManualClock": "sesguard.testing.manual_clock",
    "StoreContract": "sesguard.testing.store_contract",
}


def __getattr__(name: str) -> object:
    """Load a contract when it is first asked for: pytest is for those who test."""
    if name not in _HOMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    import importlib

    return getattr(importlib.import_module(_HOMES[name]), name)


def __dir__() -> list[str]:
    return sorted(__all__)
