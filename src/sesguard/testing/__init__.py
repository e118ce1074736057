"""
What a test of yours can lean on.

Samples of feedback (`sample`), a clock that a test moves, strategies for hypothesis, and the
contracts that every store, limiter, transport, ledger and outbox passes: pytest classes to
inherit from, which are told how yours is made. Contracts need pytest and hypothesis, which the
``test`` extra brings; where sesguard is installed, pytest has the fixtures of
`sesguard.testing.plugin`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from sesguard.testing.events import sample
    from sesguard.testing.ledger_contract import LedgerContract
    from sesguard.testing.limiter_contract import LimiterContract
    from sesguard.testing.manual_clock import ManualClock
    from sesguard.testing.outbox_contract import OutboxStoreContract
    from sesguard.testing.store_contract import StoreContract
    from sesguard.testing.transport_contract import TransportContract

__all__ = [
    "LedgerContract",
    "LimiterContract",
    "ManualClock",
    "OutboxStoreContract",
    "StoreContract",
    "TransportContract",
    "sample",
]

_HOMES = {
    "LedgerContract": "sesguard.testing.ledger_contract",
    "LimiterContract": "sesguard.testing.limiter_contract",
    "ManualClock": "sesguard.testing.manual_clock",
    "OutboxStoreContract": "sesguard.testing.outbox_contract",
    "StoreContract": "sesguard.testing.store_contract",
    "TransportContract": "sesguard.testing.transport_contract",
    "sample": "sesguard.testing.events",
}


def __getattr__(name: str) -> object:
    """Load a contract when it is first asked for: pytest is for those who test."""
    if name not in _HOMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    import importlib

    return getattr(importlib.import_module(_HOMES[name]), name)


def __dir__() -> list[str]:
    return sorted(__all__)
