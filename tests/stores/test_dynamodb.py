"""A suppression list in a DynamoDB table."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator

import pytest

from sesguard.addresses import AddressKey
from sesguard.stores.dynamodb import DynamoDBStore
from sesguard.testing import ManualClock, StoreContract
from sesguard.testing.store_contract import MakeStore
from tests.peers.dynamodb_server import DynamoDBPeer, dynamodb_peer
from tests.stores.kept import KeptContract, OpenStore

ANN = AddressKey("ann@example.org")


@pytest.fixture(scope="module")
def server() -> Iterator[DynamoDBPeer]:
    with dynamodb_peer() as server:
        yield server


class TestContract(StoreContract):
    """A list in DynamoDB is a list like any other."""

    @pytest.fixture
    def make_store(self, server: DynamoDBPeer) -> MakeStore:
        client = server.client

        def make() -> DynamoDBStore:
            store = DynamoDBStore(server.table(), boto3_client=client)
            store.create_table()
            return store

        return make


class TestKept(KeptContract):
    """A list in DynamoDB can be asked what it knows, made to forget, and kept as digests."""

    @pytest.fixture
    def table(self, server: DynamoDBPeer) -> str:
        name = server.table()
        client = server.client
        client.create_table(
            TableName=name,
            AttributeDefinitions=[{"AttributeName": "id", "AttributeType": "S"}],
            KeySchema=[{"AttributeName": "id", "KeyType": "HASH"}],
            BillingMode="PAY_PER_REQUEST",
        )
        return name

    @pytest.fixture
    def open_store(self, server: DynamoDBPeer, table: str) -> OpenStore:
        client = server.client
        return lambda peppers: DynamoDBStore(
            table, boto3_client=client, hashed_with=peppers, clock=ManualClock()
        )

    @pytest.fixture
    def written(self, server: DynamoDBPeer, table: str) -> Callable[[], bytes]:
        return lambda: json.dumps(server.items(table)).encode()
