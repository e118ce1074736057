"""Where mails are kept until they are sent."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from sesguard.outboxes.sqlalchemy import SQLAlchemyOutbox
    from sesguard.outboxes.sqlite import SQLiteOutbox
    from sesguard.outboxes.sqs import SQSOutbox

__all__ = ["SQLAlchemyOutbox", "SQLiteOutbox", "SQSOutbox"]

_HOMES = {
    "SQLAlchemyOutbox": "sesguard.outboxes.sqlalchemy",
    "SQLiteOutbox": "sesguard.outboxes.sqlite",
    "SQSOutbox": "sesguard.outboxes.sqs",
}


def __getattr__(name: str) -> object:
    """Load a store when it is first asked for: its package is for those who use it."""
    if name not in _HOMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    import importlib

    return getattr(importlib.import_module(_HOMES[name]), name)


def __dir__() -> list[str]:
    return sorted(__all__)
