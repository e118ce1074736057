"""A list in DynamoDB that several change, in one transaction or in many."""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import timedelta
from typing import Any, cast

import pytest

from sesguard.addresses import AddressKey
from sesguard.errors import StoreError
from sesguard.stores.dynamodb import DynamoDBStore
from sesguard.suppression import Change, CountSoftBounce, Reason, Suppress, Suppression
from sesguard.testing import ManualClock
from tests.peers.dynamodb_server import Answer, DynamoDBPeer, Fault, refused
from tests.stores.dynamodb_kit import (
    ANN,
    BEN,
    DAY,
    NOW,
    between,
    cancelled,
    clock,
    deaf_port,
    hard,
    lost,
    many,
    server,
    soft,
    store,
    table,
)

__all__ = ["clock", "deaf_port", "server", "store", "table"]  # fixtures


def test_a_batch_is_one_transaction(server: DynamoDBPeer, store: DynamoDBStore) -> None:
    """Ten events are one read and one write: all marks and all effects, with one token."""
    store.apply([(f"e{each}", [hard(f"{each}@example.org")]) for each in range(10)])
    assert [action for action, _ in server.requests] == ["BatchGetItem", "TransactWriteItems"]
    ((written),) = server.asked("TransactWriteItems")
    assert len(written["TransactItems"]) == 20
    assert len(written["ClientRequestToken"]) <= 36
    assert all("ConditionExpression" in one["Put"] for one in written["TransactItems"])
    server.requests.clear()
    store.apply([(f"e{each}", [hard(f"{each}@example.org")]) for each in range(10)])
    assert [action for action, _ in server.requests] == ["BatchGetItem"]


def test_a_lost_answer_does_not_apply_twice(server: DynamoDBPeer, store: DynamoDBStore) -> None:
    """boto3 repeats the request, DynamoDB knows it by its token, and it was applied now."""
    server.fail("TransactWriteItems", lost)
    assert list(store.apply([("a", [soft()])])) == [True]
    first, second = server.asked("TransactWriteItems")
    assert first == second
    assert list(store.apply([("a", [soft()])])) == [False]
    assert not store.look_up([ANN])


def test_what_was_written_is_known_again_without_a_token(
    server: DynamoDBPeer, store: DynamoDBStore
) -> None:
    """Where the repeated request is refused for what the first has written, that is its own."""

    def forgotten(asked: Any, do: Callable[[], Answer]) -> Answer:
        asked.pop("ClientRequestToken")
        return cancelled("ConditionalCheckFailed", "ConditionalCheckFailed")(asked, do)

    server.fail("TransactWriteItems", lost, forgotten)
    assert list(store.apply([("a", [soft()])])) == [True]
    assert len(server.asked("TransactWriteItems")) == 2
    assert list(store.apply([("a", [soft()]), ("b", [soft()])])) == [False, True]
    assert set(store.look_up([ANN])) == {ANN}


def test_who_comes_second_begins_again(
    server: DynamoDBPeer, table: str, store: DynamoDBStore
) -> None:
    """What another has written in between is read, and both count."""
    other = DynamoDBStore(table, boto3_client=server.client, clock=ManualClock())
    server.fail("BatchGetItem", between(lambda: other.apply([("b", [soft()])])))
    assert list(store.apply([("a", [soft()])])) == [True]
    assert len(server.asked("TransactWriteItems")) == 3
    assert store.look_up([ANN])[ANN].source == "soft-bounces"


def test_one_event_that_two_bring_is_applied_by_one(
    server: DynamoDBPeer, table: str, store: DynamoDBStore
) -> None:
    """Whoever wrote its mark first; the other says that it was seen before."""
    other = DynamoDBStore(table, boto3_client=server.client, clock=ManualClock())
    server.fail("BatchGetItem", between(lambda: other.apply([("a", [soft(BEN)])])))
    assert list(store.apply([("a", [soft(BEN)]), ("b", [hard()])])) == [False, True]
    assert set(store.look_up([ANN, BEN])) == {ANN}
    server.fail("BatchGetItem", between(lambda: other.apply([("c", ())])))
    assert list(store.apply([("c", ())])) == [False]


def test_an_item_that_was_deleted_and_made_again_is_another(
    server: DynamoDBPeer, table: str, store: DynamoDBStore
) -> None:
    """What was read of the first is not written over the second."""
    other = DynamoDBStore(table, boto3_client=server.client, clock=ManualClock())
    store.apply([("a", [soft()])])

    def again() -> None:
        other.erase(ANN)
        other.apply([("b", [hard(detail="the second")])])

    server.fail("BatchGetItem", between(again))
    store.apply([("c", [soft()])])
    assert store.look_up([ANN])[ANN].detail == "the second"
    assert [len(one["soft_bounces"]) for one in store.export(ANN)] == [1]  # type: ignore[arg-type]


def test_who_is_always_too_late_gives_up(
    server: DynamoDBPeer, store: DynamoDBStore, clock: ManualClock
) -> None:
    """After twelve tries and some seconds, with an error that says so and nothing written."""
    server.fail("TransactWriteItems", *[cancelled("None", "TransactionConflict")] * 12)
    with pytest.raises(StoreError, match="too late"):
        store.apply([("a", [hard()])])
    assert len(server.asked("TransactWriteItems")) == 12
    assert 1 < clock.monotonic() < 10
    assert not store.look_up([ANN])


@pytest.mark.parametrize(("broken", "marked"), [(1, 0), (2, 0), (3, 0), (4, 100), (5, 112)])
def test_a_batch_beyond_one_transaction_is_marked_when_all_is_done(
    server: DynamoDBPeer, table: str, store: DynamoDBStore, broken: int, marked: int
) -> None:
    """Broken off anywhere, it has no mark before its last effect. Coming again it counts once."""
    batch: list[tuple[str, list[Change]]] = [("first", many(150)), ("second", many(40))]
    for number in range(110):
        batch.append((f"e{number}", [soft(limit=111)]))
    server.fail("TransactWriteItems", *[lambda asked, do: do()] * (broken - 1), refused("Halt"))
    if broken < 5:
        with pytest.raises(StoreError):
            store.apply(batch)
        ids = [one["id"]["S"][0] for one in server.items(table)]
        assert ids.count("m") == marked
        assert ids.count("k") == (0, 0, 100, 151, 151)[broken]
        assert list(store.apply(batch)).count(False) == marked
    else:
        assert all(store.apply(batch))
        server.forgive()
    sizes = [len(one["TransactItems"]) for one in server.asked("TransactWriteItems")]
    assert max(sizes) == 100
    assert not any(store.apply(batch))
    assert len(store.entries().items) == 150
    store.apply([("one more", [soft(limit=111)])])
    assert len(store.entries().items) == 151


def test_no_transaction_is_larger_than_dynamodb_takes(
    server: DynamoDBPeer, store: DynamoDBStore
) -> None:
    """Thirty items of 390 kB are three transactions, and then comes the mark."""
    store.apply([("a", [hard(f"{n}@example.org", detail="x" * 390_000) for n in range(30)])])
    written = [one["TransactItems"] for one in server.asked("TransactWriteItems")]
    assert [len(one) for one in written] == [10, 10, 10, 1]
    assert all(len(json.dumps(one)) < 4_194_304 for one in written)
    assert store.remove([AddressKey(f"{n}@example.org") for n in range(30)]) == 30


def test_more_about_one_mailbox_than_an_item_holds_is_an_error(
    server: DynamoDBPeer, store: DynamoDBStore
) -> None:
    """It says so, nothing of the batch is written, and the list goes on."""
    with pytest.raises(StoreError, match="400 kB") as caught:
        store.apply([("a", [hard(BEN), hard(detail="x" * 409_600)])])
    assert ANN not in str(caught.value)
    assert not server.asked("TransactWriteItems")
    assert list(store.apply([("a", [hard(BEN)])])) == [True]


def test_names_longer_than_a_key_are_kept(store: DynamoDBStore) -> None:
    """What cannot be read in an event may be long: it is found, listed and marked like others."""
    long = "x" * 3_000
    keys = [AddressKey(f"{long}{end}@example.org") for end in "ab"]
    assert list(store.apply([(long + "1", [hard(keys[0])]), (long + "2", [hard(keys[1])])])) == [
        True,
        True,
    ]
    assert list(store.apply([(long + "1", ()), (long + "3", ())])) == [False, True]
    assert set(store.look_up([*keys, ANN])) == set(keys)
    assert {one.key for one in store.entries().items} == set(keys)
    assert {one.key for one in store.entries(store.entries(None, 1).next).items} < set(keys)


def test_what_dynamodb_cannot_hold_is_held_all_the_same(store: DynamoDBStore) -> None:
    """Half a surrogate pair out of an event, and numbers beyond 64 bits, do no harm."""
    odd = AddressKey("a\ud800@example.org")
    entry = Suppression(
        key=odd, reason=Reason.BOUNCE, at=NOW, address="A\ud800@x", detail="\x00\udfff"
    )
    big = soft(limit=2**70, window=timedelta.max)
    assert list(store.apply([("x\ud800", [Suppress(entry), big])])) == [True]
    assert list(store.apply([("x\ud800", ())])) == [False]
    assert set(store.look_up([odd, ANN])) == {odd}
    assert len(store.entries().items) == 1
    assert store.remove([odd]) == 1


def test_marks_of_which_one_came_too_late_are_known_again(
    server: DynamoDBPeer, table: str, store: DynamoDBStore
) -> None:
    """Of marks in two transactions, those of the first are this batch's own when it begins anew."""
    batch = [(f"e{n}", [soft(limit=150)]) for n in range(150)]
    go_on: Fault = lambda asked, do: do()  # noqa: E731
    server.fail("TransactWriteItems", go_on, go_on, cancelled("TransactionConflict"))
    assert all(store.apply(batch))
    assert len(server.asked("TransactWriteItems")) == 4
    assert set(store.look_up([ANN])) == {ANN}


def test_a_mark_that_is_over_counts_as_none(
    server: DynamoDBPeer, table: str, clock: ManualClock
) -> None:
    """Though DynamoDB has not deleted it yet: the event is applied, and marked again."""
    store = DynamoDBStore(table, boto3_client=server.client, keep_marks=DAY, clock=clock)
    assert list(store.apply([("a", ())])) == [True]
    clock.advance(DAY - timedelta(seconds=1))
    assert list(store.apply([("a", ())])) == [False]
    clock.advance(1)
    assert list(store.apply([("a", [hard()]), ("a", ())])) == [True, False]
    assert list(store.apply([("a", ())])) == [False]
    (mark,) = [one for one in server.items(table) if one["id"]["S"] == "m#a"]
    assert int(mark["until"]["N"]) == clock.now().timestamp() + 86_400


def test_soft_bounces_do_not_heap_up(server: DynamoDBPeer, table: str, clock: ManualClock) -> None:
    """
    Those that nothing can count with any more go with the next one.

    What they have led to stays, and those that were told late are kept as long as others.
    """
    store = DynamoDBStore(table, boto3_client=server.client, keep_marks=DAY, clock=clock)

    def bounces() -> int:
        return sum(len(cast("list[object]", one["soft_bounces"])) for one in store.export(ANN))

    long_ago = CountSoftBounce(key=ANN, at=NOW - 1000 * DAY, limit=3, window=DAY)
    store.apply([("a", [long_ago]), ("b", [long_ago])])
    clock.advance(DAY - timedelta(seconds=1))
    store.apply([("c", [long_ago])])
    assert bounces() == 3
    assert set(store.look_up([ANN])) == {ANN}
    clock.advance(DAY + timedelta(seconds=1))
    store.apply([("d", [long_ago])])
    assert bounces() == 2
    clock.advance(2 * DAY)
    store.apply([("e", [long_ago])])
    assert bounces() == 1
    assert set(store.look_up([ANN])) == {ANN}
