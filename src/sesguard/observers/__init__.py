"""Observers: what happens on the way of a send, told to a log, to Prometheus, to OpenTelemetry."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from sesguard.observers.logs import log
    from sesguard.observers.otel_signals import otel
    from sesguard.observers.progress_bar import Progress, progress
    from sesguard.observers.prometheus_metrics import prometheus

__all__ = ["Progress", "log", "otel", "progress", "prometheus"]

# No module is called like a name of here: loaded by itself, it would stand in the name's place.
_HOMES = {
    "Progress": "sesguard.observers.progress_bar",
    "log": "sesguard.observers.logs",
    "otel": "sesguard.observers.otel_signals",
    "progress": "sesguard.observers.progress_bar",
    "prometheus": "sesguard.observers.prometheus_metrics",
}


def __getattr__(name: str) -> object:
    """Load an observer when it is first asked for."""
    if name not in _HOMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    import importlib

    return getattr(importlib.import_module(_HOMES[name]), name)


def __dir__() -> list[str]:
    return sorted(__all__)
