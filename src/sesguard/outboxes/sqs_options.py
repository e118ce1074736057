"""What the options of an outbox in SQS may be."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any, cast

from sesguard._core.queues import region_of_queue
from sesguard.errors import ConfigurationError

__all__ = ["check_client", "check_due", "check_queues", "region", "seconds"]


def check_queues(named: Mapping[str, str]) -> None:
    """
    Three different standard queues, by URL.

    Raises:
        ConfigurationError: They are not.
    """
    for option, url in named.items():
        if not str(url).startswith(("https://", "http://")):
            raise ConfigurationError(
                f"{option}= must be the queue's URL, as `aws sqs get-queue-url` shows it: "
                "https://sqs.REGION.amazonaws.com/ACCOUNT/NAME. An ARN or a name is not enough."
            )
        if url.endswith(".fifo"):
            raise ConfigurationError(
                f"{option}= is a FIFO queue, in which no message of its own can be delayed: use "
                "a standard queue."
            )
    if len(set(named.values())) < len(named):
        raise ConfigurationError(
            f"{', '.join(f'{option}=' for option in named)} must be different queues: what is "
            "set aside would be sent."
        )


def region(urls: Sequence[str], given: str | None, endpoint_url: str | None) -> str | None:
    """
    The region to sign for.

    Raises:
        ConfigurationError: The queues are in several, or not in the one that is *given*.
    """
    named = {found for url in urls if (found := region_of_queue(url))}
    if given and endpoint_url is None:
        named.add(given)
    if len(named) > 1:
        raise ConfigurationError(
            f"The queues of an outbox are in one region, and these are in {sorted(named)} by "
            "their URLs and region_name=."
        )
    return given or next(iter(named), None)


def check_client(client: object, beside: Mapping[str, object], *, wait: float) -> None:
    """
    A client that is handed in: made for this, and not one to repeat what it sends.

    Raises:
        ConfigurationError: It is not, or options for one of our own are given *beside*.
    """
    extra = [f"{name}=" for name, value in beside.items() if value is not None]
    if extra:
        raise ConfigurationError(
            f"{', '.join(extra)} and boto3_client= cannot be given together: the client brings "
            "its own."
        )
    config = cast("Any", getattr(getattr(client, "meta", None), "config", None))
    retries = cast("Mapping[str, object]", getattr(config, "retries", None) or {})
    if retries.get("total_max_attempts") != 1:
        raise ConfigurationError(
            "This boto3 client repeats a SendMessage whose answer is lost, and the second one is "
            "a second mail. Make it with config=botocore.config.Config(retries={'mode': "
            "'standard', 'total_max_attempts': 1}), or leave boto3_client= out."
        )
    patience = getattr(config, "read_timeout", None)
    if isinstance(patience, int | float) and patience <= wait:
        raise ConfigurationError(
            f"The boto3 client gives up reading after {patience:g} seconds, and a poll waits "
            f"{wait:g}: give it a longer read_timeout, or a shorter wait_seconds=."
        )


def check_due(due: datetime) -> None:
    """
    A time with a zone.

    Raises:
        ConfigurationError: It has none.
    """
    if due.utcoffset() is None:
        raise ConfigurationError("due= must be an aware datetime, such as datetime.now(UTC).")


def seconds(option: str, value: float | timedelta, least: float, most: float) -> float:
    """
    A length of time within bounds.

    Raises:
        ConfigurationError: It is not.
    """
    given: object = value.total_seconds() if isinstance(value, timedelta) else value
    if type(given) not in (int, float) or not least <= cast("float", given) <= most:
        raise ConfigurationError(
            f"{option}= must be a timedelta, or a number of seconds, from {least:g} to {most:g}."
        )
    return float(cast("float", given))
