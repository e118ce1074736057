"""How the account's own things may be named."""

from __future__ import annotations

import re

from sesguard.simulator import refusals

__all__ = ["check_name"]

_NAME = re.compile(r"[A-Za-z0-9_-]{1,64}")


def check_name(name: str, what: str, v1: str = "InvalidParameterValue") -> None:
    """
    Raises:
        Refusal: It is not 1 to 64 letters, digits, underscores and hyphens. *v1* is the code for
            that in API v1.

    Source:
        SES Developer Guide, "Service quotas".
    """
    if not _NAME.fullmatch(name):
        raise refusals.invalid(
            f"{what} can contain up to 64 characters. Only alphanumeric characters, "
            "underscores(_) and hyphens(-) are allowed.",
            v1,
        )
