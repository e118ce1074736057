"""Times, in all the forms that boto3 takes."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any, cast

from botocore import utils

__all__ = ["moment"]


def moment(given: datetime | float | str) -> datetime:
    """Aware UTC, as botocore would send it: one without a time zone is in the machine's."""
    aware: datetime = cast("Any", utils).parse_to_aware_datetime(given)
    return aware.astimezone(UTC)
