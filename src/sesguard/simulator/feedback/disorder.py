"""What SNS and SQS may do to the messages that pass through them."""

from __future__ import annotations

import random
from collections.abc import Callable
from dataclasses import dataclass, fields
from datetime import datetime, timedelta

from sesguard.errors import ConfigurationError
from sesguard.simulator.feedback.envelopes import Publication
from sesguard.simulator.later import Later

__all__ = ["Crossing", "Disorder"]

_OVERTAKEN_WITHIN = 1.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Disorder:
    """
    How messages are disturbed on their way to subscribers. Each figure is a share from 0 to 1.

    SNS and SQS promise that a message comes at least once, and no order; drops are not theirs,
    but of a queue that was full, a subscription that was away.

    Attributes:
        duplicates: Come twice.

        reorders: Come after one that was published later; within a second, if there is none.

        delays: Come up to *longest_delay* seconds later, by the simulator's clock.

        drops: Never come.

    Raises:
        ConfigurationError: A share is none, or the delay is negative.

    Source:
        SNS Developer Guide, "Amazon SNS message delivery"; SQS Developer Guide, "Amazon SQS
        at-least-once delivery".
    """

    duplicates: float = 0.0
    reorders: float = 0.0
    delays: float = 0.0
    drops: float = 0.0
    longest_delay: float | timedelta = 300.0

    def __post_init__(self) -> None:
        for one in fields(self)[:4]:
            share: float = getattr(self, one.name)
            if not 0 <= share <= 1:
                raise ConfigurationError(f"{one.name}= is a share from 0 to 1; it is {share!r}.")
        if not self.longest_delay_seconds >= 0:
            raise ConfigurationError("longest_delay= is zero seconds or more.")

    @property
    def longest_delay_seconds(self) -> float:
        """The same in seconds."""
        longest = self.longest_delay
        return longest.total_seconds() if isinstance(longest, timedelta) else float(longest)


class Crossing:
    """
    The way between what is published and what arrives.

    Args:
        seed: Decides what happens to which.

        onward: Takes what arrives.
    """

    def __init__(
        self,
        disorder: Disorder,
        *,
        seed: int,
        later: Later,
        onward: Callable[[Publication], None],
    ) -> None:
        self._disorder = disorder
        self._random = random.Random(f"{seed} disorder")
        self._later = later
        self._onward = onward
        self._held: list[Publication] = []

    def take(self, publication: Publication) -> None:
        """Let one message go on its way."""
        if self._happens(self._disorder.drops):
            return
        copies = 2 if self._happens(self._disorder.duplicates) else 1
        at_once = [self._start(publication) for _ in range(copies)]
        if any(at_once):
            self._release()

    def _start(self, publication: Publication) -> bool:
        """Whether it arrived at once."""
        if self._happens(self._disorder.delays):
            wait = self._random.uniform(0, self._disorder.longest_delay_seconds)
            self._later.put(wait, lambda _: self._onward(publication))
            return False
        if self._happens(self._disorder.reorders):
            self._held.append(publication)
            self._later.put(_OVERTAKEN_WITHIN, self._release)
            return False
        self._onward(publication)
        return True

    def _release(self, _: datetime | None = None) -> None:
        held, self._held = self._held, []
        self._random.shuffle(held)
        for publication in held:
            self._onward(publication)

    def _happens(self, share: float) -> bool:
        return share > 0 and self._random.random() < share
