"""How the names and marks of a suppression list stand as items of a DynamoDB table."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import Any, TypeAlias

from sesguard._core.line_texts import from_text, to_text
from sesguard._core.listing import Line, over
from sesguard._core.moments import microseconds
from sesguard._core.store_door import text
from sesguard.addresses import AddressKey

__all__ = [
    "ID",
    "NAMES",
    "TTL",
    "Held",
    "Item",
    "held",
    "kept",
    "mark_id",
    "mark_item",
    "marked_by",
    "name_id",
    "name_in",
    "name_item",
    "size",
]

Item: TypeAlias = Mapping[str, Mapping[str, Any]]
"""Attribute to its type and value, as DynamoDB's own calls have it."""

ID = "id"
NAMES = "k"
"""What the ids of all names begin with."""

TTL = "until"
"""The attribute by which DynamoDB deletes marks: seconds since 1970."""

_LONGEST_ID = 2_048
"""
Bytes of a partition key.

Source: DynamoDB Developer Guide, "Quotas and limits", partition key length.
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Held:
    """
    What the table has of one name.

    Attributes:
        version: Told by the writer, and another one each time; None where there is no item. It is
            no counter: one that began again after an item was deleted would be taken for the old.

        over: Until when each soft bounce is kept, by its event: microseconds since 1970.

        size: Bytes of the item.
    """

    lines: tuple[Line, ...] = ()
    version: str | None = None
    over: Mapping[str, int] = field(default_factory=dict[str, int])
    size: int = 0


def name_id(name: AddressKey) -> str:
    """Where the lines of a name stand."""
    return _id(NAMES, text(name))


def mark_id(event_key: str) -> str:
    """Where it stands that an event was applied."""
    return _id("m", text(event_key))


def _id(kind: str, name: str) -> str:
    whole = f"{kind}#{name}"
    if len(whole.encode()) <= _LONGEST_ID:
        return whole
    return f"{kind}-sha256#{hashlib.sha256(name.encode()).hexdigest()}"


def name_in(item: Item) -> AddressKey:
    """
    The name whose lines an item holds.

    Raises:
        ValueError: It is nothing that this store wrote.
    """
    id = _string(item, ID)
    return AddressKey(_string(item, "name") if "name" in item else id.removeprefix(f"{NAMES}#"))


def held(name: AddressKey, item: Item | None) -> Held:
    """
    What an item holds of a name; nothing where there is none.

    Raises:
        ValueError: It is nothing that this store wrote.
    """
    if item is None:
        return Held()
    try:
        overs: Mapping[str, int] = json.loads(_string(item, "over")) if "over" in item else {}
        return Held(
            lines=from_text(name, _string(item, "text")),
            version=_string(item, "version"),
            over={event_key: int(at) for event_key, at in overs.items()},
            size=size(item),
        )
    except (TypeError, AttributeError, RecursionError):
        raise ValueError("it is nothing that this store wrote") from None


def kept(
    before: Held, lines: Iterable[Line], *, now: datetime, keep: timedelta
) -> tuple[tuple[Line, ...], dict[str, int]]:
    """
    Lines without the soft bounces that nothing can be counted with any more.

    Returns:
        The lines, and until when each of their soft bounces is kept.
    """
    overs: dict[str, int] = {}
    forgotten = microseconds(now - keep)
    left: list[Line] = []
    for line in lines:
        counting = {
            one: before.over.get(one.event_key) or microseconds(over(one.at, one.window, told=now))
            for one in line.soft_bounces
        }
        still = {one: at for one, at in counting.items() if at > forgotten}
        overs |= {one.event_key: at for one, at in still.items()}
        left.append(replace(line, soft_bounces=tuple(still)))
    return tuple(line for line in left if not line.is_empty), overs


def name_item(
    name: AddressKey, lines: Iterable[Line], over: Mapping[str, int], *, version: str
) -> Item:
    """The item for the lines of a name."""
    item = {
        ID: {"S": name_id(name)},
        "text": {"S": to_text(lines)},
        "version": {"S": version},
    }
    if over:
        item["over"] = {"S": json.dumps(over, separators=(",", ":"))}
    if item[ID]["S"] != f"{NAMES}#{text(name)}":
        item["name"] = {"S": text(name)}
    return item


def mark_item(id: str, *, until: int, version: str) -> Item:
    """The item that says that an event was applied."""
    return {ID: {"S": id}, TTL: {"N": str(until)}, "version": {"S": version}}


def marked_by(item: Item | None, *, now: datetime) -> str | None:
    """
    The version that a writer gave to a mark; None where there is none, or it has run out.

    DynamoDB deletes what has run out within days, and gives it until then.

    Raises:
        ValueError: It is nothing that this store wrote.

    Source:
        DynamoDB Developer Guide, "Using time to live (TTL)", expired items.
    """
    if item is None:
        return None
    until = int(_value(item, TTL, "N"))
    return _value(item, "version", "S") if until > now.timestamp() else None


def size(item: Item) -> int:
    """
    Bytes that an item counts for.

    Source:
        DynamoDB Developer Guide, "DynamoDB item sizes and formats".
    """
    return sum(
        len(name.encode()) + sum(len(str(each).encode()) for each in value.values())
        for name, value in item.items()
    )


def _string(item: Item, name: str) -> str:
    return _value(item, name, "S")


def _value(item: Item, name: str, kind: str) -> str:
    value = item.get(name, {}).get(kind)
    if not isinstance(value, str):
        raise ValueError("it is nothing that this store wrote")  # noqa: TRY004  all are one here
    return value
