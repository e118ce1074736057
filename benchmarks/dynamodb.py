"""Looking up addresses in tables of moto's DynamoDB, of a thousand and of a million entries."""

from __future__ import annotations

import gc
from collections.abc import Iterator
from typing import Any

import boto3.session

from benchmarks.harness import Bar, Candidate, Claim, Row, compare
from benchmarks.lookup import LARGE, SMALL, asked, key
from benchmarks.send import raw
from sesguard import Reason, Suppression
from sesguard._core.listing import Line, Place
from sesguard.stores import DynamoDBStore
from sesguard.stores.dynamodb_items import name_item

NOTES = ["dynamodb: in one process, and what moto does for an answer is in the figures."]


def filled(size: int) -> DynamoDBStore:
    """A store over so many entries, which are put right into moto's table."""
    from moto.core.models import DEFAULT_ACCOUNT_ID
    from moto.dynamodb.models import dynamodb_backends

    from benchmarks.lookup import AT

    client: Any = boto3.session.Session(region_name="us-east-1").client("dynamodb")
    store = DynamoDBStore(f"of-{size}", boto3_client=client)
    store.create_table()
    table: Any = dynamodb_backends[DEFAULT_ACCOUNT_ID]["us-east-1"].get_table(f"of-{size}")
    for number in range(size):
        name = key(number)
        entry = Suppression(key=name, reason=Reason.BOUNCE, at=AT, source="benchmark")
        line = Line(place=Place(name, "", Reason.BOUNCE), entry=entry)
        table.put_item(dict(name_item(name, [line], {}, version="0")))
    return store


def together(store: DynamoDBStore, size: int, number: int) -> Candidate:
    keys = asked(size)[:number]
    return Candidate(
        name=f"{number} in DynamoDB of {size:,}",
        run=lambda: store.look_up(keys),
        right=lambda found: len(found) == (number + 1) // 2,
    )


def rows() -> Iterator[Row]:
    """Against a raw send, and against a small list."""
    try:
        from moto import mock_aws
    except ImportError:
        NOTES.append("dynamodb: moto is not installed, so DynamoDB was not measured.")
        return
    with mock_aws():
        gc.disable()
        made = {size: filled(size) for size in (SMALL, LARGE)}
        gc.freeze()  # nobody looks for garbage among a million items, now or later
        gc.enable()
        base = raw(1)
        looks = {
            (number, size): together(store, size, number)
            for number in (1, 50)
            for size, store in made.items()
        }
        yield from compare(
            "dynamodb",
            [base, *looks.values()],
            [
                Claim(looks[1, SMALL].name, base.name),
                Claim(looks[50, SMALL].name, base.name),
                Claim(looks[1, LARGE].name, looks[1, SMALL].name, Bar(at_most=3)),
                Claim(looks[50, LARGE].name, looks[50, SMALL].name, Bar(at_most=3)),
            ],
        )
        gc.unfreeze()
