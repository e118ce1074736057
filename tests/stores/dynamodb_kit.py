"""A list in DynamoDB on a server of the test's own, and what makes that server misbehave."""

from __future__ import annotations

import json
import socket
from collections.abc import Callable, Iterator
from datetime import timedelta
from typing import Any

import pytest

from sesguard.addresses import AddressKey
from sesguard.stores.dynamodb import DynamoDBStore
from sesguard.suppression import Change, CountSoftBounce, Reason, Suppress, Suppression
from sesguard.testing import ManualClock
from tests.peers.dynamodb_server import (
    Answer,
    DynamoDBPeer,
    Fault,
    dynamodb_peer,
    refused,
)

__all__ = [
    "ANN",
    "BEN",
    "DAY",
    "NOW",
    "between",
    "cancelled",
    "clock",
    "deaf_port",
    "hard",
    "leaving",
    "lost",
    "many",
    "put",
    "server",
    "soft",
    "store",
    "table",
]

ANN, BEN = AddressKey("ann@example.org"), AddressKey("ben@example.org")
NOW = ManualClock().now()
DAY = timedelta(days=1)


@pytest.fixture(scope="module")
def server() -> Iterator[DynamoDBPeer]:
    with dynamodb_peer() as server:
        yield server


@pytest.fixture
def clock() -> ManualClock:
    return ManualClock()


@pytest.fixture
def table(server: DynamoDBPeer, clock: ManualClock) -> str:
    """A table that is made, and holds nobody."""
    name = server.table()
    DynamoDBStore(name, boto3_client=server.client, clock=clock).create_table()
    server.requests.clear()
    return name


@pytest.fixture
def store(server: DynamoDBPeer, table: str, clock: ManualClock) -> DynamoDBStore:
    return DynamoDBStore(table, boto3_client=server.client, clock=clock)


def hard(key: str = ANN, *, detail: str | None = None) -> Suppress:
    entry = Suppression(
        key=AddressKey(key), reason=Reason.BOUNCE, at=NOW, source="event", detail=detail
    )
    return Suppress(entry)


def soft(key: str = ANN, *, limit: int = 2, window: timedelta = DAY) -> CountSoftBounce:
    return CountSoftBounce(key=AddressKey(key), at=NOW, limit=limit, window=window)


def many(number: int) -> list[Change]:
    return [hard(f"{each}@example.org") for each in range(number)]


def put(server: DynamoDBPeer, table: str, **attributes: object) -> None:
    """Write an item from outside."""
    item = {
        name: {"N": str(value)} if isinstance(value, int) else {"S": value}
        for name, value in attributes.items()
    }
    server.client.put_item(TableName=table, Item=item)


def leaving(*ids: str) -> Fault:
    """Answer, and leave these keys for later."""

    def answer(asked: Any, do: Callable[[], Answer]) -> Answer:
        ((table, _),) = asked["RequestItems"].items()
        said = json.loads(do().body)
        said["Responses"][table] = [
            one for one in said["Responses"][table] if one["id"]["S"] not in ids
        ]
        said["UnprocessedKeys"] = {table: {"Keys": [{"id": {"S": id}} for id in ids]}}
        return Answer(200, json.dumps(said).encode())

    return answer


def lost(asked: Any, do: Callable[[], Answer]) -> Answer:
    """Do it, and lose the answer."""
    assert do().status == 200
    return Answer(500, b"{}")


def cancelled(*codes: str) -> Fault:
    reasons = [{"Code": code} for code in codes]
    return refused("TransactionCanceledException", CancellationReasons=reasons)


def between(act: Callable[[], object]) -> Fault:
    """Another does this between a read and the write after it."""

    def answer(asked: Any, do: Callable[[], Answer]) -> Answer:
        said = do()
        act()
        return said

    return answer


@pytest.fixture
def deaf_port() -> Iterator[int]:
    """A port on which nobody listens."""
    with socket.socket() as bound:
        bound.bind(("127.0.0.1", 0))
        yield bound.getsockname()[1]
