"""What a suppression list in Redis held at one moment."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

from sesguard._core.drafts import Draft
from sesguard._core.line_texts import from_text, to_text
from sesguard._core.listing import Line
from sesguard._core.store_door import text
from sesguard.addresses import AddressKey
from sesguard.stores.redis_keys import RedisKeys

__all__ = ["Found"]


class Found:
    """
    Names and marks that were read together, and the events that are marked now.

    Args:
        texts: The text of each name that was asked for; None where nothing is known.

        marks: Whether there was a mark, by its key.

    Attributes:
        about: What the list said of itself.

        fresh: The keys of marks that are to be made.
    """

    def __init__(
        self,
        keys: RedisKeys,
        about: bytes,
        texts: Mapping[bytes, bytes | None],
        marks: Mapping[bytes, bool],
    ) -> None:
        self._keys = keys
        self.about: bytes = about
        self._texts = texts
        self._marks = marks
        self.fresh: dict[bytes, None] = {}

    def draft(self) -> Draft:
        """A sheet on what was read."""
        return Draft(self.lines, self._mark)

    def lines(self, name: AddressKey) -> Sequence[Line]:
        """
        All lines of one name.

        Raises:
            StoreError: Its text is none of ours.
        """
        held = self._texts[text(name).encode()]
        if held is None:
            return ()
        try:
            if not held.isascii():
                raise ValueError("it is nothing that this store wrote")
            return from_text(name, held.decode())
        except ValueError as error:
            raise self._keys.foreign_text(text(name).encode(), str(error)) from None

    def texts(self, draft: Draft) -> Iterator[tuple[bytes, bytes, bytes]]:
        """All names that were read, with their texts, and what these are to be; b"": nothing."""
        after = {
            text(name).encode(): to_text(lines).encode() if lines else b""
            for name, lines in draft.changed().items()
        }
        for name, held in self._texts.items():
            was = held or b""
            yield name, was, after.get(name, was)

    def _mark(self, event_key: str) -> bool:
        key = self._keys.of_event(event_key)
        if self._marks[key] or key in self.fresh:
            return False
        self.fresh[key] = None
        return True
