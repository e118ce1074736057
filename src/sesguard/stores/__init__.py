"""Suppression lists that events are applied to."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from sesguard.stores.account import AccountStore
    from sesguard.stores.dynamodb import DynamoDBStore
    from sesguard.stores.function import FunctionStore
    from sesguard.stores.layered import LayeredStore
    from sesguard.stores.memory import MemoryStore
    from sesguard.stores.redis import RedisStore
    from sesguard.stores.sqlalchemy import SQLAlchemyStore
    from sesguard.stores.sqlite import SQLiteStore

__all__ = [
    "AccountStore",
    "DynamoDBStore",
    "FunctionStore",
    "LayeredStore",
    "MemoryStore",
    "RedisStore",
    "SQLAlchemyStore",
    "SQLiteStore",
]

_HOMES = {
    "AccountStore": "sesguard.stores.account",
    "DynamoDBStore": "sesguard.stores.dynamodb",
    "FunctionStore": "sesguard.stores.function",
    "LayeredStore": "sesguard.stores.layered",
    "MemoryStore": "sesguard.stores.memory",
    "RedisStore": "sesguard.stores.redis",
    "SQLAlchemyStore": "sesguard.stores.sqlalchemy",
    "SQLiteStore": "sesguard.stores.sqlite",
}


def __getattr__(name: str) -> object:
    """Load a store when it is first asked for: sqlite3 is for those who use it."""
    if name not in _HOMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    import importlib

    return getattr(importlib.import_module(_HOMES[name]), name)


def __dir__() -> list[str]:
    return sorted(__all__)
