"""Ways to hand a mail to SES: its API, and its SMTP interface."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from sesguard.transports.ses import SESTransport
    from sesguard.transports.smtp import SMTPTransport

__all__ = ["SESTransport", "SMTPTransport"]

_HOMES = {
    "SESTransport": "sesguard.transports.ses",
    "SMTPTransport": "sesguard.transports.smtp",
}


def __getattr__(name: str) -> object:
    """Load a transport when it is first asked for: boto3 is for those who use the API."""
    if name not in _HOMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    import importlib

    return getattr(importlib.import_module(_HOMES[name]), name)


def __dir__() -> list[str]:
    return sorted(__all__)
