"""What is asked of a list in DynamoDB, and what DynamoDB answers instead."""

from __future__ import annotations

import os
from collections.abc import Callable

import pytest

from sesguard.addresses import AddressKey
from sesguard.errors import ConfigurationError, StoreError
from sesguard.stores.dynamodb import DynamoDBStore
from sesguard.testing import ManualClock
from tests.peers.dynamodb_server import REGION, Answer, DynamoDBPeer, Fault, answered, refused
from tests.stores.dynamodb_kit import (
    ANN,
    BEN,
    cancelled,
    clock,
    deaf_port,
    hard,
    leaving,
    server,
    soft,
    store,
    table,
)

__all__ = ["clock", "deaf_port", "server", "store", "table"]  # fixtures


def test_nothing_is_asked_before_the_first_use(server: DynamoDBPeer) -> None:
    """A store is made without a request, and without a client."""
    before = len(server.requests)
    store = DynamoDBStore("t", region_name=REGION, endpoint_url=server.endpoint_url)
    store.close()
    assert len(server.requests) == before


def test_one_look_up_is_one_consistent_request(
    server: DynamoDBPeer, table: str, store: DynamoDBStore
) -> None:
    """For 99 names and what the list says of itself; 100 names are two requests."""
    for number, requests in ((1, 1), (99, 1), (100, 2)):
        server.requests.clear()
        store.look_up([AddressKey(f"{each}@example.org") for each in range(number)])
        asked = [one["RequestItems"][table] for one in server.asked("BatchGetItem")]
        assert [len(one["Keys"]) <= 100 for one in asked] == [True] * requests
        assert all(one["ConsistentRead"] is True for one in asked)
        assert len(server.requests) == requests


def test_what_is_left_unanswered_is_asked_for_again(
    server: DynamoDBPeer, store: DynamoDBStore, clock: ManualClock
) -> None:
    """With a wait in between, and nobody is forgotten."""
    store.suppress(ANN)
    before = clock.monotonic()
    server.requests.clear()
    server.fail("BatchGetItem", leaving(f"k#{ANN}", "about"), leaving(f"k#{ANN}"))
    assert set(store.look_up([ANN, BEN])) == {ANN}
    assert len(server.requests) == 3
    assert clock.monotonic() > before


def test_what_stays_unanswered_is_an_error(
    server: DynamoDBPeer, store: DynamoDBStore, clock: ManualClock
) -> None:
    """After eight requests and a few seconds, and never "not suppressed"."""
    store.suppress(ANN)
    server.requests.clear()
    server.fail("BatchGetItem", *[leaving(f"k#{ANN}")] * 8)
    with pytest.raises(StoreError, match="unanswered"):
        store.look_up([ANN, BEN])
    assert len(server.requests) == 8
    assert 0 < clock.monotonic() < 10


@pytest.mark.parametrize(
    "body",
    [{}, {"Responses": {}}, {"UnprocessedKeys": {}}, {"Responses": None, "UnprocessedKeys": {}}],
    ids=["nothing", "no keys", "no items", "null"],
)
def test_an_answer_that_is_none_is_an_error(
    server: DynamoDBPeer, store: DynamoDBStore, body: object
) -> None:
    """A broken 200 is not taken for a list on which nobody is."""
    store.suppress(ANN)
    server.fail("BatchGetItem", answered(body))
    with pytest.raises(StoreError, match="no answer of DynamoDB's"):
        store.look_up([ANN])


def test_an_answer_of_another_list_is_an_error(
    server: DynamoDBPeer, table: str, store: DynamoDBStore
) -> None:
    """An answer without what the list says of itself is not one of this list."""
    store.suppress(ANN)
    server.fail("BatchGetItem", answered({"Responses": {table: []}, "UnprocessedKeys": {}}))
    with pytest.raises(StoreError, match="emptied or replaced"):
        store.look_up([ANN])
    assert set(store.look_up([ANN])) == {ANN}


def test_a_scan_that_is_none_is_an_error(server: DynamoDBPeer, store: DynamoDBStore) -> None:
    """A page without items that says so is the end; an answer without any is not."""
    server.fail("Scan", answered({}))
    with pytest.raises(StoreError, match="Scan"):
        store.entries()


def test_pages_go_on_where_marks_stand_between(server: DynamoDBPeer, store: DynamoDBStore) -> None:
    """However many marks, and whatever is not on the list any more, a page is full."""
    for number in range(7):
        store.suppress(f"{number}@example.org")
        names = [f"soft{number}.{each}@example.org" for each in range(20)]
        store.apply([(name, [soft(name)]) for name in names])
    found: list[str] = []
    after: str | None = None
    for _ in range(5):
        page = store.entries(after, 2)
        found += [one.key for one in page.items]
        after = page.next
        if after is None:
            break
        assert len(page.items) == 2
    assert len(found) == len(set(found)) == 7
    assert len(server.asked("Scan")) > 5


@pytest.mark.parametrize(
    ("fault", "said"),
    [
        (refused("ResourceNotFoundException"), r"create_table\(\)"),
        (
            refused(
                "AccessDeniedException",
                "User: arn:aws:iam::1:user/x is not authorized to perform: dynamodb:Query on",
            ),
            "add dynamodb:Query",
        ),
        (refused("AccessDeniedException"), "add dynamodb:BatchGetItem"),
        (refused("ExpiredTokenException"), "credentials"),
        (refused("UnrecognizedClientException"), "credentials"),
        (refused("ThrottlingException"), "Try again later"),
        (refused("ProvisionedThroughputExceededException"), "Try again later"),
        (refused("InternalServerError", status=500), "Try again later"),
        (refused("ServiceUnavailable", status=503), "Try again later"),
        (refused("ValidationException", "ann@example.org is odd"), "ValidationException"),
        (refused("a b@example.org"), "400"),
        (lambda asked, do: Answer(200, b"no JSON"), "BatchGetItem"),
        (lambda asked, do: Answer(200, b"[]"), "BatchGetItem"),
    ],
    ids=[
        *("no table", "denied", "denied without words", "expired", "unknown key", "throttled"),
        *("too many", "broken", "away", "odd", "odd code", "no JSON", "a list"),
    ],
)
def test_a_refusal_says_the_next_step(
    server: DynamoDBPeer, store: DynamoDBStore, fault: Fault, said: str
) -> None:
    """Each is a StoreError that may be tried again later, and nobody is found not to be listed."""
    store.suppress(ANN)
    server.fail("BatchGetItem", fault, fault)
    with pytest.raises(StoreError, match=said) as caught:
        store.look_up([ANN])
    assert caught.value.retryable
    assert caught.value.retry_after
    assert caught.value.__cause__ is None
    assert "@" not in str(caught.value)
    server.forgive()
    assert set(store.look_up([ANN])) == {ANN}


@pytest.mark.parametrize(
    ("fault", "said"),
    [
        (refused("AccessDeniedException"), "dynamodb:PutItem and dynamodb:DeleteItem"),
        (cancelled("None", "ThrottlingError"), "Try again later"),
        (cancelled("ConditionalCheckFailed", "ValidationError"), "ValidationError"),
        (cancelled("None"), "TransactionCanceledException"),
        (refused("TransactionCanceledException"), "TransactionCanceledException"),
    ],
    ids=["denied", "throttled", "odd", "no reason", "no reasons"],
)
def test_a_transaction_that_is_refused_is_an_error(
    server: DynamoDBPeer, store: DynamoDBStore, fault: Fault, said: str
) -> None:
    """It is tried again only where another was faster, and nothing of it was written."""
    server.fail("TransactWriteItems", fault)
    with pytest.raises(StoreError, match=said):
        store.apply([("a", [hard()])])
    assert len(server.asked("TransactWriteItems")) == 1
    assert list(store.apply([("a", [hard()])])) == [True]


def test_an_endpoint_that_is_gone_is_an_error(deaf_port: int, clock: ManualClock) -> None:
    """With the next step, and never an empty list."""
    url = f"http://127.0.0.1:{deaf_port}"
    with DynamoDBStore("t", region_name=REGION, endpoint_url=url, clock=clock) as store:
        for act in (lambda: store.look_up([ANN]), lambda: store.apply([("a", ())]), store.entries):
            with pytest.raises(StoreError, match="Check the network"):
                act()


def test_missing_credentials_and_regions_are_told(
    server: DynamoDBPeer, monkeypatch: pytest.MonkeyPatch
) -> None:
    """They are an error of the configuration, which no later try mends."""
    monkeypatch.delenv("AWS_DEFAULT_REGION")
    with pytest.raises(ConfigurationError, match="region_name="):
        DynamoDBStore("t", endpoint_url=server.endpoint_url).look_up([ANN])
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
        monkeypatch.delenv(name)
    store = DynamoDBStore("t", region_name=REGION, endpoint_url=server.endpoint_url)
    with pytest.raises(ConfigurationError, match="credentials"):
        store.look_up([ANN])
    store.close()


def test_options_that_do_not_go_together_are_refused(server: DynamoDBPeer) -> None:
    """A client brings its own region; a table has a name; marks are kept for a while."""
    makes: list[Callable[[], object]] = [
        lambda: DynamoDBStore("t", boto3_client=server.client, region_name=REGION),
        lambda: DynamoDBStore(""),
        lambda: DynamoDBStore("t", keep_marks=0),
        lambda: DynamoDBStore("t", hashed_with=b"short"),
    ]
    for make in makes:
        with pytest.raises(ConfigurationError):
            make()


@pytest.mark.skipif(not hasattr(os, "fork"), reason="there is no fork here")
def test_a_client_that_came_through_a_fork_is_refused(
    server: DynamoDBPeer, table: str, store: DynamoDBStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    """On the parent's connection an answer may be the parent's. One of our own is made anew."""
    own = DynamoDBStore(table, region_name=REGION, endpoint_url=server.endpoint_url)
    own.suppress(ANN)
    first = own._table._own.made
    with monkeypatch.context() as child:
        child.setattr(os, "getpid", lambda: -1)
        with pytest.raises(ConfigurationError, match="boto3_session="):
            store.look_up([ANN])
        assert set(own.look_up([ANN])) == {ANN}
        assert own._table._own.made is not first
        own.close()
    assert set(store.look_up([ANN])) == {ANN}
    assert first is not None
    first.close()
