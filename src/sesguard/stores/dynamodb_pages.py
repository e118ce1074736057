"""What holds in a list in DynamoDB, from one end to the other."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from datetime import datetime

from sesguard._core import listing
from sesguard._core.listing import Line, Place
from sesguard.stores import dynamodb_items as rows
from sesguard.stores.dynamodb_about import DynamoDBList
from sesguard.stores.dynamodb_changes import foreign, held
from sesguard.stores.dynamodb_items import Item
from sesguard.stores.dynamodb_table import MOST, DynamoDBTable
from sesguard.suppression import Suppression

__all__ = ["standing"]


def standing(
    table: DynamoDBTable, items_of: DynamoDBList, after: Place | None, *, now: datetime, size: int
) -> Iterator[Suppression]:
    """
    What holds, from a place on: in DynamoDB's order, and within a name in that of places.

    Args:
        size: How many will be taken, or so.

    Raises:
        StoreError: The table cannot be read, or an item of it.
    """
    last = None if after is None else rows.name_id(after.key)
    items = items_of.read([] if last is None else [last])
    if after is not None:
        lines = held(items, after.key, where=table.where).lines
        yield from _holding([line for line in lines if line.place > after], now)
    while True:
        found, last = table.scan(last, limit=max(size + 1, MOST), prefix=rows.NAMES)
        for item in found:
            yield from _holding(_lines(item, table.where), now)
        if last is None:
            return


def _lines(item: Item, where: str) -> Iterable[Line]:
    try:
        return rows.held(rows.name_in(item), item).lines
    except ValueError as error:
        raise foreign(str(item[rows.ID].get("S", "")), str(error), where=where) from None


def _holding(lines: Iterable[Line], now: datetime) -> Iterator[Suppression]:
    for line in sorted(lines, key=lambda one: one.place):
        entry = listing.strongest(line.suppressions, now=now)
        if entry is not None:
            yield entry
