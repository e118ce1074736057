"""
What remembers sends by their idempotency keys: ``Client(ledger=ledgers.SQLiteLedger(path))``.

A ledger keeps digests of keys and contents, and the results of sends, in which recipients'
addresses are.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from sesguard._core.idempotency import digest_of
    from sesguard.ledgers.events import settling
    from sesguard.ledgers.memory import MemoryLedger
    from sesguard.ledgers.redis import AsyncRedisLedger, RedisLedger
    from sesguard.ledgers.sqlalchemy import SQLAlchemyLedger
    from sesguard.ledgers.sqlite import SQLiteLedger

__all__ = [
    "AsyncRedisLedger",
    "MemoryLedger",
    "RedisLedger",
    "SQLAlchemyLedger",
    "SQLiteLedger",
    "digest_of",
    "settling",
]

_HOMES = {
    "AsyncRedisLedger": "sesguard.ledgers.redis",
    "MemoryLedger": "sesguard.ledgers.memory",
    "RedisLedger": "sesguard.ledgers.redis",
    "SQLAlchemyLedger": "sesguard.ledgers.sqlalchemy",
    "SQLiteLedger": "sesguard.ledgers.sqlite",
    "digest_of": "sesguard._core.idempotency",
    "settling": "sesguard.ledgers.events",
}


def __getattr__(name: str) -> object:
    """Load a ledger when it is first asked for, and its package with it."""
    if name not in _HOMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    import importlib

    return getattr(importlib.import_module(_HOMES[name]), name)


def __dir__() -> list[str]:
    return sorted(__all__)
