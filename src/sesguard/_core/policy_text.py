"""
A policy that is somebody's: read, and given one statement more or less.

It is changed as text, so that every other statement keeps each of its bytes.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from typing import NamedTuple, cast

from sesguard.errors import StoreError

__all__ = ["statements", "with_statement", "without_statement"]

_DECODER = json.JSONDecoder()
_SPACE = re.compile(r"[ \t\r\n]*")


class _Span(NamedTuple):
    """A value in a text, and where it stands."""

    value: object
    start: int
    end: int


def statements(text: str, *, of: str) -> tuple[Mapping[str, object], ...]:
    """
    The statements of a policy; none for an empty text.

    Args:
        of: What the policy belongs to, for an error.

    Raises:
        StoreError: This is no policy that can be read.
    """
    if not text:
        return ()
    _, spans = _read(text, of)
    return tuple(cast("Mapping[str, object]", span.value) for span in spans)


def with_statement(text: str, statement: Mapping[str, object], *, of: str) -> str:
    """
    The policy with a statement: in the place of the one of its Sid, or as the last.

    Raises:
        StoreError: This is no policy that can be read.
    """
    written = json.dumps(statement)
    if not text:
        return f'{{"Version": "2012-10-17", "Statement": [{written}]}}'
    whole, spans = _read(text, of)
    for span in spans:
        if cast("Mapping[str, object]", span.value).get("Sid") == statement["Sid"]:
            return text[: span.start] + written + text[span.end :]
    if not spans:
        return f"{text[: whole.start]}[{written}]{text[whole.end :]}"
    last = spans[-1]
    if isinstance(whole.value, dict):
        return f"{text[: last.start]}[{text[last.start : last.end]}, {written}]{text[last.end :]}"
    return f"{text[: last.end]}, {written}{text[last.end :]}"


def without_statement(text: str, sid: str, *, of: str) -> str:
    """
    The policy without the statement of that Sid; an empty text where no other is left.

    Raises:
        StoreError: This is no policy that can be read.
    """
    if not text:
        return text
    whole, spans = _read(text, of)
    kept = [span for span in spans if cast("Mapping[str, object]", span.value).get("Sid") != sid]
    if len(kept) == len(spans):
        return text
    if not kept:
        return ""
    inside = ", ".join(text[span.start : span.end] for span in kept)
    return f"{text[: whole.start]}[{inside}]{text[whole.end :]}"


def _read(text: str, of: str) -> tuple[_Span, list[_Span]]:
    """The whole value of Statement, and each statement in it."""
    try:
        json.loads(text, object_pairs_hook=_no_name_twice)
        members = _members(text)
        spans = _elements(text, members["Statement"])
    except (ValueError, KeyError, RecursionError) as error:
        raise StoreError(
            f"The policy of {of} cannot be read ({type(error).__name__}). It is not changed. Look "
            "at it in the console, and repair it there.",
            original=error,
        ) from None
    if not all(isinstance(span.value, dict) for span in spans):
        raise StoreError(
            f"The policy of {of} holds a statement that is none. It is not changed. Look at it in "
            "the console, and repair it there."
        )
    return members["Statement"], spans


def _no_name_twice(pairs: list[tuple[str, object]]) -> dict[str, object]:
    if len(dict(pairs)) < len(pairs):
        raise ValueError("a name twice")
    return dict(pairs)


def _members(text: str) -> dict[str, _Span]:
    """The members of the object that a valid text is."""
    found: dict[str, _Span] = {}
    at = _skip(text, 0)
    if text[at] != "{":
        raise ValueError("no object")
    at = _skip(text, at + 1)
    while text[at] != "}":
        name, at = _DECODER.raw_decode(text, at)
        start = _skip(text, _skip(text, at) + 1)  # the colon
        value, at = _DECODER.raw_decode(text, start)
        found[name] = _Span(value, start, at)
        at = _past_comma(text, at)
    return found


def _elements(text: str, whole: _Span) -> list[_Span]:
    """The elements of a list; a value that is none is the one element."""
    if not isinstance(whole.value, list):
        return [whole]
    found: list[_Span] = []
    at = _skip(text, whole.start + 1)
    while text[at] != "]":
        value, end = _DECODER.raw_decode(text, at)
        found.append(_Span(value, at, end))
        at = _past_comma(text, end)
    return found


def _past_comma(text: str, at: int) -> int:
    at = _skip(text, at)
    return _skip(text, at + 1) if text[at] == "," else at


def _skip(text: str, at: int) -> int:
    found = _SPACE.match(text, at)
    return at if found is None else found.end()
