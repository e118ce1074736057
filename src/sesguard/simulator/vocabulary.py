"""The words that a service model allows, which botocore does not check before it sends them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, TypeAlias

from sesguard.simulator import refusals

__all__ = ["check_words"]

_Shape: TypeAlias = Any
"""A shape of botocore's, whose members are made at run time and have no types."""


def check_words(parameters: Mapping[str, Any], shape: _Shape) -> None:
    """
    Find what is none of the words that the model has for it.

    Raises:
        Refusal: There is such a parameter.
    """
    for path, words in _wrong(parameters, shape, "") if parameters else ():
        raise refusals.invalid(
            f"1 validation error detected: Value at '{path}' failed to satisfy constraint: "
            f"Member must satisfy enum value set: [{', '.join(words)}]",
            "ValidationError",
        )


def _wrong(value: Any, shape: _Shape, path: str) -> Iterator[tuple[str, Sequence[str]]]:
    kind: str = shape.type_name
    if kind == "structure":
        for name, member in value.items():
            deeper = f"{path}.{name[:1].lower()}{name[1:]}".lstrip(".")
            yield from _wrong(member, shape.members[name], deeper)
    elif kind == "list":
        for number, item in enumerate(value, 1):
            below = shape.member.type_name == "structure"
            yield from _wrong(item, shape.member, f"{path}.{number}.member" if below else path)
    elif kind == "map":
        for name, item in value.items():
            yield from _wrong(name, shape.key, path)
            yield from _wrong(item, shape.value, path)
    elif kind == "string":
        words: Sequence[str] = getattr(shape, "enum", ())
        if words and value not in words:
            yield path, words
