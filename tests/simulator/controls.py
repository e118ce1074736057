"""Clients of either API, and what they are refused, for tests of the control operations."""

from __future__ import annotations

from collections.abc import Generator
from contextlib import contextmanager
from typing import Any, cast

import pytest
from botocore.exceptions import ClientError

from sesguard.simulator import Simulator

TOPIC = "arn:aws:sns:us-east-1:123456789012:events"


def both(sim: Simulator, region_name: str | None = None) -> tuple[Any, Any]:
    """A client of API v2 and one of API v1."""
    v2 = sim.boto3_client("sesv2", region_name=region_name)
    return v2, sim.boto3_client("ses", region_name=region_name)


@contextmanager
def refused(code: str, status: int = 400, says: str = "") -> Generator[None, None, None]:
    """What is called inside is answered by this error."""
    with pytest.raises(ClientError) as caught:
        yield
    answer = cast("Any", caught.value.response)
    assert (answer["Error"]["Code"], answer["ResponseMetadata"]["HTTPStatusCode"]) == (code, status)
    assert says in answer["Error"]["Message"]


def pages(call: Any, member: str, token: str = "NextToken", **options: Any) -> list[list[Any]]:
    """All pages of a list."""
    found: list[list[Any]] = []
    while True:
        answer = call(**options)
        found.append(answer[member])
        if token not in answer:
            return found
        options[token] = answer[token]
