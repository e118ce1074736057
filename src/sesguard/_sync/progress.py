"""How far a sync has come, counted by reason."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass, field
from typing import TypeAlias

from sesguard._core.account_list import KEPT
from sesguard._frozen import FrozenMapping
from sesguard.errors import ConfigurationError
from sesguard.suppression import Reason

__all__ = ["OnPage", "Progress", "Tally", "chosen"]

_Counts: TypeAlias = Mapping[Reason, int]
_NONE: _Counts = FrozenMapping()


@dataclass(frozen=True, slots=True, kw_only=True)
class Progress:
    """
    What a sync has done since it began, or since *after*. ``str`` says it in a line.

    Attributes:
        added: Put on the other list; in a dry run, what would be. By reason, as all figures.

        known: The address was on it before, for this or another reason.

        released: Not put back on your list, since it was released there after SES listed it. It
            stays on SES's list until ``push(..., remove=True)``.

        removed: Taken off SES's list, by ``push(..., remove=True)``.

        refused: SES does not take them for addresses.

        skipped: What SES's list cannot hold: other reasons, parts of the mail, an end.

        dry_run: Whether nothing was written.

        next: What to pass as *after* to go on from here; None at the beginning and the end.
    """

    added: Mapping[Reason, int] = _NONE
    known: Mapping[Reason, int] = _NONE
    released: Mapping[Reason, int] = _NONE
    removed: Mapping[Reason, int] = _NONE
    refused: Mapping[Reason, int] = _NONE
    skipped: Mapping[Reason, int] = _NONE
    dry_run: bool = False
    next: str | None = field(default=None, repr=False)  # it may hold the last key, if in base64

    def __str__(self) -> str:
        said: list[str] = []
        for name in ("added", "known", "released", "removed", "refused", "skipped"):
            counts: Mapping[Reason, int] = getattr(self, name)
            if counts:
                told = ", ".join(f"{count} {reason}" for reason, count in sorted(counts.items()))
                said.append(f"{name}: {told}")
        return ("dry run; " if self.dry_run else "") + ("; ".join(said) or "nothing")


OnPage: TypeAlias = Callable[[Progress], object]
"""Is told after each page: keep ``progress.next`` to go on from there."""


class Tally:
    """
    Counts as a sync goes on.

    Args:
        dry_run: Whether nothing is written.
    """

    def __init__(self, *, dry_run: bool) -> None:
        self.dry_run: bool = dry_run
        self.added: Counter[Reason] = Counter()
        self.known: Counter[Reason] = Counter()
        self.released: Counter[Reason] = Counter()
        self.removed: Counter[Reason] = Counter()
        self.refused: Counter[Reason] = Counter()
        self.skipped: Counter[Reason] = Counter()

    def progress(self, next: str | None) -> Progress:
        """All of it until now."""
        return Progress(
            added=FrozenMapping(self.added),
            known=FrozenMapping(self.known),
            released=FrozenMapping(self.released),
            removed=FrozenMapping(self.removed),
            refused=FrozenMapping(self.refused),
            skipped=FrozenMapping(self.skipped),
            dry_run=self.dry_run,
            next=next,
        )


def chosen(reasons: Collection[Reason]) -> tuple[Reason, ...]:
    """
    The reasons to go by, of those that SES has.

    Raises:
        ConfigurationError: There is none, or one that SES does not have.
    """
    given = (reasons,) if isinstance(reasons, str) else tuple(reasons)
    if not given or not set(given) <= set(KEPT):
        raise ConfigurationError("reasons= are of SES's own: Reason.BOUNCE and Reason.COMPLAINT.")
    return tuple(map(Reason, given))
