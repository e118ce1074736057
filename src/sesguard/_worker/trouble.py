"""What is wrong with a source, as one of our errors."""

from __future__ import annotations

from sesguard.errors import ServiceUnavailableError, SESGuardError

__all__ = ["source_error"]


def source_error(error: Exception, action: str) -> SESGuardError:
    """Ours as it is; another's as what may pass, since a queue elsewhere may come back."""
    if isinstance(error, SESGuardError):
        return error
    return ServiceUnavailableError(
        f"The source's {action} failed with {type(error).__name__}. "
        "error.original holds the cause.",
        original=error,
    )
