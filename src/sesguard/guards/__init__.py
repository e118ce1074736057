"""
What stops mail before SES is asked: ``Client(guards=[...])``.

    guards = [CircuitBreaker(), QuotaGuard(account, keep=5_000), ReputationGuard(metrics.fetch)]

Give one guard to all clients of an account and region, so that they know of each other's sends.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from sesguard._core.guard_options import is_bulk

if TYPE_CHECKING:
    from sesguard.guards.breaker import CircuitBreaker
    from sesguard.guards.fence import Fence
    from sesguard.guards.quota import QuotaGuard
    from sesguard.guards.reputation import ReputationGuard

__all__ = ["CircuitBreaker", "Fence", "QuotaGuard", "ReputationGuard", "is_bulk"]

_HOMES = {
    "CircuitBreaker": "sesguard.guards.breaker",
    "Fence": "sesguard.guards.fence",
    "QuotaGuard": "sesguard.guards.quota",
    "ReputationGuard": "sesguard.guards.reputation",
}


def __getattr__(name: str) -> object:
    """Load a guard when it is first asked for."""
    if name not in _HOMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    import importlib

    return getattr(importlib.import_module(_HOMES[name]), name)


def __dir__() -> list[str]:
    return sorted(__all__)
