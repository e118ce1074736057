"""
The item in which a list in DynamoDB says how it is kept, and that it is asked about each time.

It is read beside whatever else is read: names that are made in another way would be found by
nobody, and an answer without it comes from no list of ours. So it costs one read unit a request.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import cast

from sesguard._core.naming import Names, not_given
from sesguard.errors import StoreError
from sesguard.stores.dynamodb_items import ID, NAMES, Item
from sesguard.stores.dynamodb_table import MOST, DynamoDBTable

__all__ = ["DynamoDBList"]

_ABOUT = "about"
_FORMAT = 1
_TRIES = 5


class DynamoDBList:
    """
    The items of a list that is kept as this store keeps it.

    Args:
        table: Where they are.

        names: How its names are to be made.
    """

    def __init__(self, table: DynamoDBTable, names: Names) -> None:
        self._table = table
        self._names = names
        self._agreed = False

    def read(self, ids: Sequence[str]) -> dict[str, Item]:
        """
        The items of different ids as they stand now; an id without one is left out.

        On a new table it is written down first how the list is kept.

        Raises:
            StoreError: They cannot be read, or the list is kept in another way.
        """
        found: dict[str, Item] = {}
        for start in range(0, max(len(ids), 1), MOST - 1):
            found |= self._read(ids[start : start + MOST - 1])
        return found

    def _read(self, ids: Sequence[str]) -> dict[str, Item]:
        for _ in range(_TRIES):
            found = self._table.read([_ABOUT, *ids])
            about = found.pop(_ABOUT, None)
            if about is not None and self._marks(about) == self._names.marks:
                self._agreed = True
                return found
            self._agree(about)
        raise StoreError(
            f"{self._table.where} is changed by others as to how names are made, again and again: "
            "give all processes the same hashed_with=."
        )

    def _agree(self, about: Item | None) -> None:
        """Write down how names are made here, unless nobody would be found by them."""
        where = self._table.where
        if about is None:
            self._see_that_it_is_new()
            self._write(None)
            return
        for id in self._names.unknown(self._marks(about), where=where):
            # Once agreed, another process has begun to write with it. To look costs a whole scan.
            if self._agreed or self._has_names(f"{NAMES}#{id}:"):
                raise not_given(id, where=where)
        self._write(about)

    def _see_that_it_is_new(self) -> None:
        if self._agreed:
            raise StoreError(
                f"{self._table.where} was emptied or replaced while this process used it. Bring "
                "its items back, or restart the process to begin with the table that is there now."
            )
        items, _ = self._table.scan(None, limit=1)
        # Another process may have begun the list since it was read.
        if any(item[ID].get("S") != _ABOUT for item in items) and not self._table.read([_ABOUT]):
            raise StoreError(
                f"{self._table.where} holds items, and not the one in which this store says how "
                "it keeps them: give the store a table of its own, or bring back a copy."
            )

    def _has_names(self, prefix: str) -> bool:
        after: str | None = None
        while True:
            items, after = self._table.scan(after, limit=10_000, prefix=prefix)
            if items or after is None:
                return bool(items)

    def _write(self, before: Item | None) -> None:
        """Write it down, unless it has changed since. Whoever comes next reads it again."""
        put: dict[str, object] = {
            "Item": {
                ID: {"S": _ABOUT},
                "format": {"N": str(_FORMAT)},
                "names": {"S": json.dumps(self._names.marks)},
            },
            "ConditionExpression": "attribute_not_exists(#it)" if before is None else "#it = :it",
            "ExpressionAttributeNames": {"#it": ID if before is None else "names"},
        }
        if before is not None:
            put["ExpressionAttributeValues"] = {":it": before["names"]}
        self._table.write([{"Put": put}])

    def _marks(self, about: Item) -> dict[str, str]:
        try:
            version = int(about["format"]["N"])
            text = about["names"]["S"] if version == _FORMAT else "{}"
            marks = cast("Mapping[object, object]", json.loads(text))
            found = {str(id): str(mark) for id, mark in marks.items()}
        except (KeyError, TypeError, ValueError, AttributeError, RecursionError):
            version, found = 0, {}
        if version > _FORMAT:
            raise StoreError(
                f"{self._table.where} was written by a newer version of sesguard (format "
                f"{version}, this one knows {_FORMAT}): update sesguard here."
            )
        if not found:
            raise StoreError(
                f"{self._table.where} is not a table of this store: its item {_ABOUT!r} is "
                "somebody else's, or damaged. Give the store a table of its own."
            )
        return found
