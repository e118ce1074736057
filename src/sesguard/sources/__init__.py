"""Where feedback comes from: a queue in SQS, or one in this process; and its dead letters."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from sesguard.sources.memory import MemorySource
    from sesguard.sources.sqs import SQSSource
    from sesguard.sources.sqs_dead_letters import DeadLetters, Redrive
    from sesguard.sources.sqs_letter import DeadLetter

__all__ = ["DeadLetter", "DeadLetters", "MemorySource", "Redrive", "SQSSource"]

_HOMES = {
    "DeadLetter": "sesguard.sources.sqs_letter",
    "DeadLetters": "sesguard.sources.sqs_dead_letters",
    "MemorySource": "sesguard.sources.memory",
    "Redrive": "sesguard.sources.sqs_dead_letters",
    "SQSSource": "sesguard.sources.sqs",
}


def __getattr__(name: str) -> object:
    """Load a source when it is first asked for: boto3 is for those who have a queue in SQS."""
    if name not in _HOMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    import importlib

    return getattr(importlib.import_module(_HOMES[name]), name)


def __dir__() -> list[str]:
    return sorted(__all__)
