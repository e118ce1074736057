"""Ways to keep to a sending rate, counted in recipients a second."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from sesguard.limiters.memory import MemoryLimiter
    from sesguard.limiters.redis import RedisLimiter
    from sesguard.limiters.redis_async import AsyncRedisLimiter
    from sesguard.limiters.sqlite import SQLiteLimiter
    from sesguard.limiters.unlimited import Unlimited

__all__ = [
    "AsyncRedisLimiter",
    "MemoryLimiter",
    "RedisLimiter",
    "SQLiteLimiter",
    "Unlimited",
]

_HOMES = {
    "AsyncRedisLimiter": "sesguard.limiters.redis_async",
    "MemoryLimiter": "sesguard.limiters.memory",
    "RedisLimiter": "sesguard.limiters.redis",
    "SQLiteLimiter": "sesguard.limiters.sqlite",
    "Unlimited": "sesguard.limiters.unlimited",
}


def __getattr__(name: str) -> object:
    """Load a limiter when it is first asked for."""
    if name not in _HOMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    import importlib

    return getattr(importlib.import_module(_HOMES[name]), name)


def __dir__() -> list[str]:
    return sorted(__all__)
