"""Packages that a comparison can do without, and SES as an HTTP answer that is always ready."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping
from importlib import import_module
from typing import Any

import boto3
from botocore.awsrequest import AWSResponse
from botocore.config import Config

__all__ = ["answering_client", "answering_session", "peer"]


def peer(name: str, notes: list[str]) -> Any:
    """A peer's module, or None and a line that says so under the table."""
    try:
        return import_module(name)
    except ImportError:
        notes.append(f"{name} is not installed: its rows are left out.")
        return None


class _Body:
    """What botocore reads an answer from."""

    def __init__(self, body: bytes) -> None:
        self._body = body

    def stream(self) -> Iterator[bytes]:
        yield self._body


def answering_session(service: str, answers: Mapping[str, Callable[[], object]]) -> Any:
    """
    A boto3 session whose clients' requests are answered where they would be put on the wire.

    Parameters are validated, serialised and signed, and the answer is parsed, as ever.

    Args:
        service: Such as ``sesv2``.

        answers: Operation to what gives the JSON of its answer.
    """
    session: Any = boto3.Session("testing", "testing", region_name="us-east-1")
    for operation, answer in answers.items():

        def reply(request: Any, answer: Callable[[], object] = answer, **_: object) -> AWSResponse:
            body = _Body(json.dumps(answer()).encode())
            return AWSResponse(request.url, 200, {"content-type": "application/json"}, body)

        session.events.register(f"before-send.{service}.{operation}", reply)
    return session


def answering_client(service: str, answers: Mapping[str, Callable[[], object]]) -> Any:
    """A client of such a session, as boto3 makes it but for its retries: it makes one attempt."""
    once = Config(retries={"mode": "standard", "total_max_attempts": 1})
    return answering_session(service, answers).client(service, config=once)
