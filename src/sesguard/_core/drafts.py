"""What a transaction on a suppression list has read, and what is to be written at its end."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from sesguard._core.listing import Line, Place
from sesguard.addresses import AddressKey

__all__ = ["Draft"]


class Draft:
    """
    A sheet that writes nothing: it tells what is different.

    Args:
        load: All lines of one name, as they stand. It is asked once a name.

        mark: Remembers an event; False where it was remembered before.
    """

    def __init__(
        self, load: Callable[[AddressKey], Sequence[Line]], mark: Callable[[str], bool]
    ) -> None:
        self._load = load
        self._mark = mark
        self._before: dict[AddressKey, dict[Place, Line]] = {}
        self._after: dict[AddressKey, dict[Place, Line]] = {}

    def mark(self, event_key: str, /) -> bool:
        """Remember an event; False where it was remembered before."""
        return self._mark(event_key)

    def lines(self, name: AddressKey, /) -> Sequence[Line]:
        """All lines of one name, as they would be written now."""
        return tuple(self._name(name).values())

    def save(self, before: Line, after: Line, /) -> None:
        """Note what a line becomes."""
        self._name(after.place.key)[after.place] = after

    def changes(self) -> list[tuple[Line, Line]]:
        """Each line that is different, before and after."""
        return [
            (before, after)
            for name, lines in self._after.items()
            for place, after in lines.items()
            if (before := self._before[name].get(place, Line(place=place))) != after
        ]

    def changed(self) -> dict[AddressKey, tuple[Line, ...]]:
        """All lines of each name under which one is different, without the empty ones."""
        names = dict.fromkeys(after.place.key for _, after in self.changes())
        return {
            name: tuple(line for line in self._after[name].values() if not line.is_empty)
            for name in names
        }

    def _name(self, name: AddressKey) -> dict[Place, Line]:
        if name not in self._after:
            self._before[name] = {line.place: line for line in self._load(name)}
            self._after[name] = dict(self._before[name])
        return self._after[name]
