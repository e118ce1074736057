"""How a change of a list becomes transactions of DynamoDB's."""

from __future__ import annotations

import math
import uuid
from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import datetime, timedelta
from typing import TypeAlias, TypeVar

from sesguard._core.drafts import Draft
from sesguard._core.listing import Line
from sesguard.addresses import AddressKey
from sesguard.errors import StoreError
from sesguard.stores import dynamodb_items as rows
from sesguard.stores.dynamodb_about import DynamoDBList
from sesguard.stores.dynamodb_faults import too_large
from sesguard.stores.dynamodb_items import Held, Item
from sesguard.stores.dynamodb_table import MOST, Action, DynamoDBTable, pause

__all__ = ["change", "foreign", "held"]

T = TypeVar("T")

_Sized: TypeAlias = tuple[int, Action]
"""Bytes, and what is written."""

_TRIES = 12
"""How often a change begins again because others were faster."""

_LARGEST_ITEM = 400 * 1024
_LARGEST = 4_000_000
"""
Bytes in an item, and in one transaction.

Source: DynamoDB Developer Guide, "Quotas and limits"; API Reference, "TransactWriteItems".
"""


def change(
    table: DynamoDBTable,
    items_of: DynamoDBList,
    act: Callable[[Draft], T],
    *,
    names: Sequence[AddressKey],
    event_keys: Sequence[str] = (),
    now: datetime,
    keep: timedelta,
) -> T:
    """
    Read names and marks, have them changed, and write what is different if nobody else has.

    One transaction, unless it would be larger than DynamoDB takes: then names first, and marks
    after all of them.

    Args:
        keep: How long marks are kept, and what was counted is kept beyond its time.

    Raises:
        StoreError: It cannot be written, or others were faster each time.
    """
    ids = dict.fromkeys([*map(rows.name_id, names), *map(rows.mark_id, event_keys)])
    versions: set[str] = set()
    for attempt in range(_TRIES):
        attempted = _Attempt(table.where, items_of.read(list(ids)), now, keep, versions)
        result = act(attempted.draft)
        if all(map(table.write, attempted.transactions())):
            return result
        table.clock.sleep(pause(attempt))
    raise StoreError(
        f"{table.where} is written by others so often that this change came too late {_TRIES} "
        "times over. Try again."
    )


def held(items: Mapping[str, Item], name: AddressKey, *, where: str) -> Held:
    """
    What was read of a name.

    Raises:
        StoreError: It is nothing that this store wrote, or that a newer version wrote.
    """
    id = rows.name_id(name)
    try:
        return rows.held(name, items.get(id))
    except ValueError as error:
        raise foreign(id, str(error), where=where) from None


def foreign(id: str, why: str, *, where: str) -> StoreError:
    """The error for an item that cannot be read. Its id may be an address, and is not shown."""
    return StoreError(
        f"{where} has an item that cannot be read: {why}. error.original tells its id: bring "
        "back a copy of it, or delete it.",
        original=KeyError(id),
    )


class _Attempt:
    """
    A change of what was read.

    Args:
        versions: Those that this change has written so far. Marks of these are its own, even
            where an answer was lost, or where one of several transactions came too late.
    """

    def __init__(
        self,
        where: str,
        items: Mapping[str, Item],
        now: datetime,
        keep: timedelta,
        versions: set[str],
    ) -> None:
        self._where = where
        self._items = items
        self._now = now
        self._keep = keep
        self._versions = versions
        self._version = uuid.uuid4().hex
        self._seen: set[str] = set()
        self._marks: list[str] = []
        self._held: dict[AddressKey, Held] = {}
        self.draft: Draft = Draft(self._load, self._mark)

    def transactions(self) -> list[list[Action]]:
        """
        What is to be written.

        Raises:
            StoreError: An item would be larger than DynamoDB takes.
        """
        changed = self.draft.changed()
        # In this order, what moves from one name to another is under both for a moment, and an
        # event is marked when all that it does is done.
        effects = [self._put(name, lines) for name, lines in changed.items() if lines]
        effects += [self._delete(name) for name, lines in changed.items() if not lines]
        marks = [self._put_mark(id) for id in self._marks]
        whole = _packed([*effects, *marks])
        self._versions.add(self._version)
        return whole if len(whole) < 2 else [*_packed(effects), *_packed(marks)]

    def _load(self, name: AddressKey) -> Sequence[Line]:
        self._held[name] = held(self._items, name, where=self._where)
        return self._held[name].lines

    def _mark(self, event_key: str) -> bool:
        id = rows.mark_id(event_key)
        try:
            version = rows.marked_by(self._items.get(id), now=self._now)
        except ValueError as error:
            raise foreign(id, str(error), where=self._where) from None
        if id in self._seen or (version is not None and version not in self._versions):
            return False
        self._seen.add(id)
        if version is None:
            self._marks.append(id)
        return True

    def _put(self, name: AddressKey, lines: tuple[Line, ...]) -> _Sized:
        before = self._held[name]
        left, over = rows.kept(before, lines, now=self._now, keep=self._keep)
        if not left:
            return self._delete(name)
        item = rows.name_item(name, left, over, version=self._version)
        size = rows.size(item)
        if size > _LARGEST_ITEM:
            raise too_large(self._where)
        return max(size, before.size), {"Put": {"Item": item, **_unchanged(before)}}

    def _delete(self, name: AddressKey) -> _Sized:
        before = self._held[name]
        key = {rows.ID: {"S": rows.name_id(name)}}
        return before.size, {"Delete": {"Key": key, **_unchanged(before)}}

    def _put_mark(self, id: str) -> _Sized:
        until = math.ceil((self._now + self._keep).timestamp())
        item = rows.mark_item(id, until=until, version=self._version)
        action = {
            "Item": item,
            "ConditionExpression": "attribute_not_exists(#id) OR #until <= :now",
            "ExpressionAttributeNames": {"#id": rows.ID, "#until": rows.TTL},
            "ExpressionAttributeValues": {":now": {"N": str(self._now.timestamp())}},
        }
        return rows.size(item), {"Put": action}


def _unchanged(before: Held) -> dict[str, object]:
    """The condition that an item stands as it was read."""
    if before.version is None:
        return {
            "ConditionExpression": "attribute_not_exists(#id)",
            "ExpressionAttributeNames": {"#id": rows.ID},
        }
    return {
        "ConditionExpression": "#version = :version",
        "ExpressionAttributeNames": {"#version": "version"},
        "ExpressionAttributeValues": {":version": {"S": before.version}},
    }


def _packed(sized: Iterable[_Sized]) -> list[list[Action]]:
    """Actions in as few transactions as take them, in order."""
    packed: list[list[Action]] = []
    room = 0
    for size, action in sized:
        if not packed or len(packed[-1]) == MOST or size > room:
            packed.append([])
            room = _LARGEST
        packed[-1].append(action)
        room -= size
    return packed
