"""
What the account may send, and how it stands with AWS.

    print(account.check(region_name="eu-west-1"))
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from typing import TYPE_CHECKING

from sesguard._core.standing import Finding, Level, Report
from sesguard.ports import Quota

if TYPE_CHECKING:
    from sesguard.account.live import LiveRate
    from sesguard.account.reader import AccountReader, SESClient, SESv2Client

__all__ = [
    "AccountReader",
    "Finding",
    "Level",
    "LiveRate",
    "Quota",
    "Report",
    "check",
    "live_rate",
    "quota",
]

_HOMES = {"AccountReader": "reader", "LiveRate": "live"}


def quota(
    *,
    boto3_client: SESClient | SESv2Client | None = None,
    boto3_session: object = None,
    region_name: str | None = None,
    endpoint_url: str | None = None,
) -> Quota:
    """
    What the account may send, and has sent, in recipients.

    Args:
        boto3_client: A client for ``sesv2`` or ``ses``, in place of the other three.

        boto3_session: The credentials to use.

        region_name: The region to ask.

        endpoint_url: Where SES listens, if not at Amazon.

    Raises:
        SendError: SES did not answer, or refused: the leaf class says which.

        ConfigurationError: No region, or options that do not go together.
    """
    from sesguard.account.reader import AccountReader

    return AccountReader(
        boto3_client=boto3_client,
        boto3_session=boto3_session,
        region_name=region_name,
        endpoint_url=endpoint_url,
    ).quota()


def check(
    *,
    boto3_client: SESv2Client | None = None,
    boto3_session: object = None,
    region_name: str | None = None,
    endpoint_url: str | None = None,
) -> Report:
    """
    How the account stands: sandbox, reviews, pauses, quota, suppression. ``print`` the report.

    Takes and raises what `quota` does; a client must be one for ``sesv2``.
    """
    from sesguard.account.reader import AccountReader

    return AccountReader(
        boto3_client=boto3_client,
        boto3_session=boto3_session,
        region_name=region_name,
        endpoint_url=endpoint_url,
    ).report()


def live_rate(
    *,
    boto3_client: SESClient | SESv2Client | None = None,
    boto3_session: object = None,
    region_name: str | None = None,
    endpoint_url: str | None = None,
    every: float | timedelta = 300.0,
    within: float | timedelta = 1.0,
    fallback: float = 14.0,
) -> Callable[[], float]:
    """
    A function that gives the account's rate, for ``MemoryLimiter(account.live_rate())``.

    Args:
        boto3_client: As for `quota`, and so are the next three.

        boto3_session: The credentials to use.

        region_name: The region to ask.

        endpoint_url: Where SES listens, if not at Amazon.

        every: Seconds, or a timedelta, between two readings. They happen beside the sends.

        within: Seconds, or a timedelta, that a call waits for the very first one.

        fallback: Recipients a second while nothing could be read yet.

    Raises:
        ConfigurationError: Options that cannot work, or do not go together.
    """
    from sesguard.account.live import LiveRate
    from sesguard.account.reader import AccountReader

    reader = AccountReader(
        boto3_client=boto3_client,
        boto3_session=boto3_session,
        region_name=region_name,
        endpoint_url=endpoint_url,
    )
    return LiveRate(
        reader.max_send_rate, every=_seconds(every), within=_seconds(within), fallback=fallback
    )


def _seconds(value: float | timedelta) -> float:
    return value.total_seconds() if isinstance(value, timedelta) else value


def __getattr__(name: str) -> object:
    if name not in _HOMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    from importlib import import_module

    return getattr(import_module(f"{__name__}.{_HOMES[name]}"), name)


def __dir__() -> list[str]:
    return sorted(__all__)
