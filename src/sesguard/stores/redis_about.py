"""What a suppression list in Redis says of itself: its format, which one it is, and its names."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import cast

from sesguard._frozen import FrozenMapping

__all__ = ["About"]

_FORMAT = 1


@dataclass(frozen=True, slots=True)
class About:
    """
    A list, as it describes itself.

    Attributes:
        id: Its own. Another list at the same place has another one.

        marks: How its names are made, as `Names.marks` has it. Empty where it is new.
    """

    id: str
    marks: Mapping[str, str] = field(default=FrozenMapping(), repr=False)

    def to_text(self) -> bytes:
        """As it stands in Redis."""
        record = {"format": _FORMAT, "id": self.id, "marks": dict(self.marks)}
        return json.dumps(record, sort_keys=True).encode()

    @classmethod
    def from_text(cls, text: bytes) -> About:
        """
        As it stood in Redis.

        Raises:
            ValueError: It is none of ours, or of a version that this one does not know. The
                message tells which, and nothing of the text.
        """
        try:
            record = json.loads(text.decode("ascii", "replace"))
            version, id, marks = record["format"], record["id"], record["marks"]
            is_ours = isinstance(id, str) and all(isinstance(one, str) for one in marks.values())
        except (ValueError, TypeError, KeyError, AttributeError, RecursionError):
            raise ValueError("it is nothing that this store wrote") from None
        if version != _FORMAT:
            raise ValueError("a newer version of sesguard wrote it: update sesguard here")
        if not is_ours or not marks:
            raise ValueError("it is nothing that this store wrote")
        return cls(id, cast("Mapping[str, str]", marks))
