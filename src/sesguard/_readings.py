"""
What stands in a JSON object of somebody else's, read so that nothing can fail.

A value of the wrong type counts as absent. The objects are plain dicts, lists and strings, as
``json`` makes them, so ``type(x) is dict`` is the whole check, and a cheap one.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import TypeAlias

from sesguard._frozen import FrozenMapping

__all__ = [
    "Json",
    "Record",
    "flag_of",
    "object_of",
    "objects_of",
    "pairs_of",
    "text_at",
    "texts_of",
    "time_of",
    "whole_number_of",
]

Json: TypeAlias = "dict[str, Json] | list[Json] | str | int | float | bool | None"
Record: TypeAlias = dict[str, Json]

_NOTHING: Record = {}
_NO_PAIRS: FrozenMapping[str, tuple[str, ...]] = FrozenMapping()
_FLAGS = {"true": True, "false": False}


def text_at(record: Mapping[str, object], name: str) -> str | None:
    """The string under *name*, if it is one."""
    value = record.get(name)
    return value if type(value) is str else None


def object_of(value: Json) -> Record:
    """*value* if it is an object, else an empty one."""
    return value if type(value) is dict else _NOTHING


def objects_of(value: Json) -> list[Record]:
    """Those items of a list that are objects."""
    if type(value) is not list:
        return []
    return [item for item in value if type(item) is dict]


def texts_of(value: Json) -> tuple[str, ...]:
    """Those items of a list that are strings; a string alone counts as a list of one."""
    if type(value) is list:
        if len(value) == 1 and type(only := value[0]) is str:  # by far the most
            return (only,)
        return tuple([text for text in value if type(text) is str])
    return (value,) if type(value) is str else ()


def pairs_of(value: Json) -> FrozenMapping[str, tuple[str, ...]]:
    """Names and their values, as message tags and link tags have them."""
    if type(value) is not dict:
        return _NO_PAIRS
    return FrozenMapping({name: texts_of(texts) for name, texts in value.items()})


def flag_of(value: Json) -> bool | None:
    """A boolean, or one that is written as text."""
    if type(value) is bool:
        return value
    return _FLAGS.get(value.lower()) if type(value) is str else None


def whole_number_of(value: Json) -> int | None:
    """A number, or one that is written as text, if it fits in 64 bits."""
    if type(value) is str and value.isascii() and value.isdecimal() and len(value) < 19:
        return int(value)
    if (type(value) is int or type(value) is float) and abs(value) < 1 << 63:
        return int(value)
    return None


def time_of(value: Json) -> datetime | None:
    """
    A time in UTC, in any form that SES and its examples use; None where it cannot be read.

    Source:
        Documented is ``YYYY-MM-DDThh:mm:ss.sZ``. Seen also: no fraction, numeric offsets, and
        ``2018-10-08T14:05:45 +0000``.
    """
    if type(value) is not str:
        return None
    try:
        moment = datetime.fromisoformat(value)
    except ValueError:
        day_and_time, _, offset = value.strip().rpartition(" ")
        try:
            moment = datetime.fromisoformat(day_and_time + offset)
        except ValueError:
            return None
    if moment.tzinfo is UTC:
        return moment
    if moment.tzinfo is None:
        return moment.replace(tzinfo=UTC)
    try:
        return moment.astimezone(UTC)
    except OverflowError:  # the first or the last day that there is
        return None
