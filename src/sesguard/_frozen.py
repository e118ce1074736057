"""A mapping that cannot change."""

from __future__ import annotations

from collections.abc import ItemsView, Iterable, Iterator, Mapping
from typing import TypeVar, cast

__all__ = ["FrozenMapping"]

K = TypeVar("K")
V = TypeVar("V")


class FrozenMapping(Mapping[K, V]):
    """
    A mapping over a tuple of pairs: ordered, hashable, picklable, and shared without copying.

    It is meant for a handful of entries, so a look-up walks the pairs. Its ``repr`` shows how
    many there are and not what they hold.

    Args:
        source: Another mapping, or pairs. A later pair replaces an earlier one of the same key.
    """

    __slots__ = ("_pairs",)
    _pairs: tuple[tuple[K, V], ...]

    def __init__(self, source: Mapping[K, V] | Iterable[tuple[K, V]] = ()) -> None:
        if isinstance(source, FrozenMapping):
            pairs = cast("FrozenMapping[K, V]", source)._pairs
        else:
            pairs = tuple(dict(source).items())
        object.__setattr__(self, "_pairs", pairs)

    def __setattr__(self, name: str, value: object) -> None:
        raise AttributeError(f"cannot set {name!r}: this mapping is frozen")

    def __delattr__(self, name: str) -> None:
        raise AttributeError(f"cannot delete {name!r}: this mapping is frozen")

    def __getitem__(self, key: K, /) -> V:
        for name, value in self._pairs:
            if name == key:
                return value
        raise KeyError("no such key")  # which may be an address, and a traceback shows it

    def __iter__(self) -> Iterator[K]:
        return (name for name, _ in self._pairs)

    def __len__(self) -> int:
        return len(self._pairs)

    def items(self) -> ItemsView[K, V]:
        """All pairs, in one pass: the inherited view would look each key up again."""
        return dict(self._pairs).items()

    def __hash__(self) -> int:
        return hash(frozenset(self._pairs))

    def __reduce__(self) -> tuple[type[FrozenMapping[K, V]], tuple[tuple[tuple[K, V], ...]]]:
        return FrozenMapping, (self._pairs,)

    def __repr__(self) -> str:
        return f"FrozenMapping(<{len(self._pairs)} entries>)"
