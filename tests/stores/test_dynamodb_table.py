"""The table of a list in DynamoDB: made, looked at, another one, damaged."""

from __future__ import annotations

from collections.abc import Callable, Mapping

import pytest

from sesguard.errors import StoreError
from sesguard.stores.dynamodb import DynamoDBStore
from sesguard.testing import ManualClock
from tests.peers.dynamodb_server import DynamoDBPeer, answered, refused
from tests.stores.dynamodb_kit import (
    ANN,
    BEN,
    between,
    cancelled,
    clock,
    deaf_port,
    hard,
    put,
    server,
    store,
    table,
)

__all__ = ["clock", "deaf_port", "server", "store", "table"]  # fixtures


def test_a_table_is_made_once_and_looked_at(server: DynamoDBPeer, clock: ManualClock) -> None:
    """Paid by request, with time to live; made again it is the same table."""
    name = server.table()
    store = DynamoDBStore(name, boto3_client=server.client, clock=clock)
    for act in (store.verify, lambda: store.look_up([ANN]), lambda: store.apply([("a", ())])):
        with pytest.raises(StoreError, match=r"store\.create_table\(\)"):
            act()
    store.create_table()
    store.suppress(ANN)
    store.create_table()
    store.verify()
    assert set(store.look_up([ANN])) == {ANN}
    made = server.client.describe_table(TableName=name)["Table"]
    assert made["BillingModeSummary"]["BillingMode"] == "PAY_PER_REQUEST"
    ttl = server.client.describe_time_to_live(TableName=name)["TimeToLiveDescription"]
    assert ttl == {"TimeToLiveStatus": "ENABLED", "AttributeName": "until"}


def test_a_table_is_waited_for(
    server: DynamoDBPeer, clock: ManualClock, table: str, store: DynamoDBStore
) -> None:
    """As long as DynamoDB makes it, but not for ever."""
    making = answered({"Table": {"TableStatus": "CREATING"}})
    server.fail("DescribeTable", making, refused("ResourceNotFoundException"), making)
    store.create_table()
    assert clock.monotonic() >= 3
    server.fail("DescribeTable", *[making] * 200)
    with pytest.raises(StoreError, match="CREATING"):
        store.create_table()
    server.forgive()
    assert clock.monotonic() < 150


@pytest.mark.parametrize(
    "keys",
    [[("key", "HASH")], [("id", "HASH"), ("at", "RANGE")]],
    ids=["another key", "a sort key"],
)
def test_a_table_with_other_keys_is_refused(
    server: DynamoDBPeer, clock: ManualClock, keys: list[tuple[str, str]]
) -> None:
    """Whatever is asked, the error says which table it has to be."""
    name = server.table()
    server.client.create_table(
        TableName=name,
        AttributeDefinitions=[{"AttributeName": key, "AttributeType": "S"} for key, _ in keys],
        KeySchema=[{"AttributeName": key, "KeyType": kind} for key, kind in keys],
        BillingMode="PAY_PER_REQUEST",
    )
    store = DynamoDBStore(name, boto3_client=server.client, clock=clock)
    for act in (store.create_table, store.verify):
        with pytest.raises(StoreError, match="other keys"):
            act()
    with pytest.raises(StoreError):
        store.look_up([ANN])
    schema = "The provided key element does not match the schema"
    server.fail("BatchGetItem", refused("ValidationException", schema))
    with pytest.raises(StoreError, match="other keys"):
        store.look_up([ANN])


def test_a_table_that_never_forgets_is_told(
    server: DynamoDBPeer, table: str, store: DynamoDBStore
) -> None:
    """Without time to live, or with another one, verify says what to do."""
    off = {"TimeToLiveStatus": "DISABLED"}
    server.fail("DescribeTimeToLive", answered({"TimeToLiveDescription": off}))
    with pytest.raises(StoreError, match="time to live"):
        store.verify()
    other = {"TimeToLiveStatus": "ENABLED", "AttributeName": "expires"}
    server.fail("DescribeTimeToLive", answered({"TimeToLiveDescription": other}))
    with pytest.raises(StoreError, match="another attribute"):
        store.verify()
    server.fail("DescribeTimeToLive", answered({}))
    with pytest.raises(StoreError, match="no answer"):
        store.verify()


def test_a_table_of_somebody_elses_is_refused(server: DynamoDBPeer, clock: ManualClock) -> None:
    """With items, and without what this store says of itself, it is no new list."""
    name = server.table()
    store = DynamoDBStore(name, boto3_client=server.client, clock=clock)
    store.create_table()
    server.client.delete_item(TableName=name, Key={"id": {"S": "about"}})
    put(server, name, id="user#1", email="ann@example.org")
    with pytest.raises(StoreError, match="emptied or replaced"):
        store.look_up([ANN])
    store = DynamoDBStore(name, boto3_client=server.client, clock=clock)
    for act in (lambda: store.look_up([ANN]), store.entries, lambda: store.suppress(ANN)):
        with pytest.raises(StoreError, match="a table of its own"):
            act()


@pytest.mark.parametrize(
    ("about", "said"),
    [
        ({"format": 2, "names": "[]"}, "newer version"),
        ({"format": 1, "names": "nothing"}, "somebody else's"),
        ({"format": 1, "names": "[]"}, "somebody else's"),
        ({"format": 1, "names": "{}"}, "somebody else's"),
        ({"format": 1}, "somebody else's"),
        ({"names": "{}"}, "somebody else's"),
        ({"format": "x", "names": "{}"}, "somebody else's"),
    ],
    ids=["newer", "no JSON", "a list", "empty", "no names", "no format", "a text"],
)
def test_a_list_that_says_something_else_of_itself_is_refused(
    server: DynamoDBPeer, table: str, store: DynamoDBStore, about: dict[str, object], said: str
) -> None:
    """A newer format, and an item that is damaged: an error each time."""
    store.suppress(ANN)
    put(server, table, id="about", **about)
    for act in (lambda: store.look_up([ANN]), lambda: store.apply([("a", ())]), store.entries):
        with pytest.raises(StoreError, match=said):
            act()


@pytest.mark.parametrize(
    "item",
    [
        {"text": "[]", "version": "1"},
        {"text": '{"v":2,"lines":[]}', "version": "1"},
        {"text": '{"v":1,"lines":[]}'},
        {"text": 7, "version": "1"},
        {"version": "1"},
        {"text": '{"v":1,"lines":[]}', "version": "1", "over": "[]"},
        {"text": '{"v":1,"lines":[]}', "version": "1", "over": "{"},
    ],
    ids=["a list", "newer", "no version", "a number", "no text", "odd times", "no times"],
)
def test_an_item_that_is_none_of_ours_is_an_error(
    server: DynamoDBPeer, table: str, store: DynamoDBStore, item: dict[str, object]
) -> None:
    """It names the table, and not the address; the id is in the original."""
    put(server, table, id=f"k#{ANN}", **item)
    acts: list[Callable[[], object]] = [
        lambda: store.look_up([ANN]),
        lambda: store.suppress(ANN),
        lambda: store.remove([ANN]),
        lambda: store.export(ANN),
        lambda: store.erase(ANN),
        store.entries,
    ]
    for act in acts:
        with pytest.raises(StoreError, match=table) as caught:
            act()
        assert ANN not in str(caught.value)
        assert ANN in str(caught.value.original)
    assert not store.look_up([BEN])


@pytest.mark.parametrize(
    "mark", [{"until": "text", "version": "1"}, {"version": "1"}, {"until": 2**33}]
)
def test_a_mark_that_is_none_of_ours_is_an_error(
    server: DynamoDBPeer, table: str, store: DynamoDBStore, mark: Mapping[str, object]
) -> None:
    """It is neither taken for an applied event nor written over."""
    put(server, table, id="m#a", **mark)
    with pytest.raises(StoreError, match="cannot be read"):
        store.apply([("a", [hard()])])
    assert not store.look_up([ANN])


def test_many_may_come_first(server: DynamoDBPeer, table: str, clock: ManualClock) -> None:
    """Of stores that use a new table at once, one writes how it is kept, and none fails."""
    server.client.delete_item(TableName=table, Key={"id": {"S": "about"}})
    first, second = (
        DynamoDBStore(table, boto3_client=server.client, clock=clock) for _ in range(2)
    )
    server.fail("Scan", between(lambda: second.suppress(BEN)))
    assert set(first.look_up([ANN, BEN])) == {BEN}
    server.client.delete_item(TableName=table, Key={"id": {"S": "about"}})
    server.client.delete_item(TableName=table, Key={"id": {"S": f"k#{BEN}"}})
    third, fourth = (
        DynamoDBStore(table, boto3_client=server.client, clock=clock) for _ in range(2)
    )
    server.fail("BatchGetItem", between(lambda: fourth.suppress(BEN)))
    assert set(third.look_up([ANN, BEN])) == {BEN}


def test_a_pepper_that_another_process_begins_to_use_is_told(
    server: DynamoDBPeer, table: str, clock: ManualClock
) -> None:
    """A process that runs with the old one alone stops at once, without reading the whole table."""
    server.client.delete_item(TableName=table, Key={"id": {"S": "about"}})
    old, new = bytes(range(32)), bytes(range(32, 64))

    def opened(**peppers: bytes) -> DynamoDBStore:
        return DynamoDBStore(
            table, boto3_client=server.client, clock=clock, hashed_with=dict(peppers)
        )

    before, after = opened(a=old), opened(b=new, a=old)
    before.suppress(ANN)
    assert set(after.look_up([ANN])) == {ANN}
    server.requests.clear()
    with pytest.raises(StoreError, match="pepper b"):
        before.look_up([ANN])
    assert not server.asked("Scan")


def test_processes_that_cannot_agree_are_told(
    server: DynamoDBPeer, table: str, clock: ManualClock
) -> None:
    """One list, and others that write down again and again how else it is kept."""
    peppers = {"b": bytes(range(32)), "a": bytes(range(32, 64))}
    server.client.delete_item(TableName=table, Key={"id": {"S": "about"}})
    DynamoDBStore(
        table, boto3_client=server.client, clock=clock, hashed_with={"a": peppers["a"]}
    ).look_up([ANN])
    server.fail("TransactWriteItems", *[cancelled("ConditionalCheckFailed")] * 5)
    store = DynamoDBStore(table, boto3_client=server.client, clock=clock, hashed_with=peppers)
    with pytest.raises(StoreError, match="same hashed_with="):
        store.look_up([ANN])
