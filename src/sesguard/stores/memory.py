"""A suppression list in this process's memory."""

from __future__ import annotations

from bisect import bisect_left
from collections import OrderedDict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import datetime, timedelta
from heapq import heappop, heappush
from threading import Lock
from types import TracebackType
from typing import Self

from sesguard._core import listing, store_door
from sesguard._core.listing import Line, Place
from sesguard.addresses import Address, AddressKey
from sesguard.clocks import SystemClock
from sesguard.ports import Clock
from sesguard.suppression import Change, CountSoftBounce, Page, Reason, Suppression

__all__ = ["MemoryStore"]


class MemoryStore:
    """
    A suppression list in memory: for tests, scripts, and a process that loads a list of its own.

    Threads may share it. It is gone when the process ends.

    Args:
        suppressions: Entries to begin with, as `add` takes them.

        keep_marks: How long event keys are remembered, in seconds or as a timedelta. SQS brings
            a message again for at most 14 days.

        clock: Tells what has expired. The system's, unless a test brings its own.
    """

    def __init__(
        self,
        suppressions: Iterable[Suppression] = (),
        *,
        keep_marks: float | timedelta = timedelta(days=30),
        clock: Clock | None = None,
    ) -> None:
        self._clock: Clock = clock or SystemClock()
        self._keep_marks = store_door.span("keep_marks", keep_marks)
        self._lock = Lock()
        self._lines: dict[AddressKey, tuple[Line, ...]] = {}
        self._sorted_keys: list[AddressKey] | None = None
        self._marks: OrderedDict[str, datetime] = OrderedDict()
        self._counting: list[tuple[datetime, Place, str]] = []
        self.add(suppressions)

    def look_up(
        self, keys: Sequence[AddressKey], scopes: Sequence[str] = (), /
    ) -> Mapping[AddressKey, Suppression]:
        """The strongest entry for each of *keys* that has one, in ``""`` and *scopes*."""
        asked = store_door.scopes(scopes)
        now = self._clock.now()
        found: dict[AddressKey, Suppression] = {}
        with self._lock:
            for key in store_door.keys(keys):
                lines = self._lines.get(key)
                if lines is not None and (entry := _speaking(lines, asked, now)) is not None:
                    found[key] = entry
        return found

    def apply(self, batch: Sequence[tuple[str, Sequence[Change]]], /) -> Sequence[bool]:
        """
        Apply events, each by its key: all of them, or none.

        Raises:
            ConfigurationError: Something in the batch is no change. Nothing was applied.
        """
        events = store_door.batch(batch)  # all that can fail does so here
        now = self._clock.now()
        applied: list[bool] = []
        with self._lock:
            for event_key, changes in events:
                is_new = event_key not in self._marks
                applied.append(is_new)
                if is_new:
                    self._marks[event_key] = now
                    for change in changes:
                        line = self._line(listing.place(change))
                        after = listing.changed(line, event_key, change)
                        self._keep(line, after)
                        if isinstance(change, CountSoftBounce) and after is not line:
                            over = listing.over(change.at, change.window, told=now)
                            heappush(self._counting, (over, line.place, event_key))
            self._forget(now - self._keep_marks, at_most=2 * len(events) + 100)
        return applied

    def add(self, suppressions: Iterable[Suppression], /) -> None:
        """Put entries on the list, as an operator: they hold whatever was released before."""
        entries = store_door.suppressions(suppressions)
        with self._lock:
            for entry in entries:
                line = self._line(Place(entry.key, entry.scope, entry.reason))
                self._keep(line, listing.added(line, entry))

    def suppress(
        self,
        address: str | Address,
        reason: Reason = Reason.MANUAL,
        *,
        scope: str = "",
        detail: str | None = None,
        expires_at: datetime | None = None,
    ) -> None:
        """
        Put one address on the list, as an operator.

        Raises:
            AddressError: It is no address.
        """
        entry = store_door.operators_entry(
            address,
            reason,
            at=self._clock.now(),
            scope=scope,
            detail=detail,
            expires_at=expires_at,
        )
        self.add([entry])

    def remove(self, keys: Sequence[AddressKey], scope: str = "", /) -> int:
        """
        Take keys off the list in one scope, as an operator.

        What happened until now is over, soft bounces too: an event of before has no effect any
        more, even one that arrives later.

        Returns:
            How many of them were on it.
        """
        store_door.scopes([scope])
        now = self._clock.now()
        count = 0
        with self._lock:
            for key in dict.fromkeys(store_door.keys(keys)):
                count += _speaking(self._lines.get(key, ()), (scope,), now) is not None
                for where in listing.places(key, scope):
                    line = self._line(where)
                    self._keep(line, listing.removed(line, now=now))
        return count

    def entries(self, after: str | None = None, limit: int = 1000) -> Page[Suppression]:
        """The entries that hold, page by page, ordered by key, scope and reason."""
        start = store_door.place(after)
        size = store_door.limit(limit)
        with self._lock:
            items: list[Suppression] = []
            for entry in self._standing(start, self._clock.now()):
                if len(items) == size:
                    return Page(items, store_door.cursor(items[-1]))
                items.append(entry)
        return Page(items, None)

    def close(self) -> None:
        """Nothing is held open. The list stays."""

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
        /,
    ) -> None:
        self.close()

    def _line(self, where: Place) -> Line:
        for line in self._lines.get(where.key, ()):
            if line.place == where:
                return line
        return Line(place=where)

    def _keep(self, before: Line, after: Line) -> None:
        if after is before:
            return
        where = after.place
        others = self._lines.get(where.key)
        if others is None:
            self._sorted_keys = None
        self._lines[where.key] = (*(one for one in others or () if one.place != where), after)

    def _forget(self, before: datetime, *, at_most: int) -> None:
        """Drop marks, and soft bounces that count for nothing, some at a time."""
        for _ in range(at_most):
            if not self._marks or next(iter(self._marks.values())) > before:
                break
            self._marks.popitem(last=False)
        for _ in range(at_most):
            if not self._counting or self._counting[0][0] > before:
                break
            _, where, event_key = heappop(self._counting)
            line = self._line(where)
            self._keep(line, listing.forgotten(line, event_key))

    def _standing(self, after: Place | None, now: datetime) -> Iterator[Suppression]:
        """What holds, from a place on."""
        if self._sorted_keys is None:
            self._sorted_keys = sorted(self._lines)
        keys = self._sorted_keys
        for index in range(bisect_left(keys, after.key) if after else 0, len(keys)):
            for line in sorted(self._lines[keys[index]], key=lambda one: one.place):
                if after is None or line.place > after:
                    entry = listing.strongest(line.suppressions, now=now)
                    if entry is not None:
                        yield entry


def _speaking(
    lines: tuple[Line, ...], scopes: tuple[str, ...], now: datetime
) -> Suppression | None:
    entries = [entry for line in lines if line.place.scope in scopes for entry in line.suppressions]
    return listing.strongest(entries, now=now)
