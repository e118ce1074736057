"""
What stands in a JSON object of somebody else's, read so that nothing can fail.

A value of the wrong type counts as absent. The objects are plain dicts, lists and strings, as
``json`` makes them, so ``type(x) is dict`` is the whole check, and a cheap one.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import TypeAlias, cast

__all__ = [
    "Record",
    "flag_of",
    "object_of",
    "objects_of",
    "text_at",
    "texts_of",
    "time_of",
    "whole_number_of",
]

Record: TypeAlias = dict[str, object]

_NOTHING: Record = {}
_FLAGS = {"true": True, "false": False}


def text_at(record: Mapping[str, object], name: str) -> str | None:
    """The string under *name*, if it is one."""
    value = record.get(name)
    return value if type(value) is str else None


def object_of(value: object) -> Record:
    """*value* if it is an object, else an empty one."""
    return cast(Record, value) if type(value) is dict else _NOTHING


def objects_of(value: object) -> list[Record]:
    """Those items of a list that are objects."""
    if type(value) is not list:
        return []
    return [cast(Record, item) for item in cast(list[object], value) if type(item) is dict]


def texts_of(value: object) -> tuple[str, ...]:
    """Those items of a list that are strings; a string alone counts as a list of one."""
    if type(value) is list:
        items = cast(list[object], value)
        if len(items) == 1 and type(items[0]) is str:  # by far the most
            return (items[0],)
        return tuple([text for text in items if type(text) is str])
    return (value,) if type(value) is str else ()


def flag_of(value: object) -> bool | None:
    """A boolean, or one that is written as text."""
    if type(value) is bool:
        return value
    return _FLAGS.get(value.lower()) if type(value) is str else None


def whole_number_of(value: object) -> int | None:
    """A number, or one that is written as text, if it fits in 64 bits."""
    if type(value) is str and value.isascii() and value.isdecimal() and len(value) < 19:
        return int(value)
    if (type(value) is int or type(value) is float) and abs(value) < 1 << 63:
        return int(value)
    return None


def time_of(value: object) -> datetime | None:
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
