"""A suppression list in this process's memory."""

from __future__ import annotations

from bisect import bisect_left
from collections import OrderedDict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import datetime, timedelta
from heapq import heappop, heappush
from threading import Lock

from sesguard._core import entering, listing, store_door
from sesguard._core.drafts import Draft
from sesguard._core.listing import Line, Place
from sesguard._core.naming import HashedWith, names_of
from sesguard.addresses import Address, AddressKey
from sesguard.clocks import SystemClock
from sesguard.ports import Clock
from sesguard.stores._doors import Doors
from sesguard.suppression import Change, Page, Suppression

__all__ = ["MemoryStore"]


class MemoryStore(Doors):
    """
    A suppression list in memory: for tests, scripts, and a process that loads a list of its own.

    Threads may share it. It is gone when the process ends.

    Args:
        suppressions: Entries to begin with, as `add` takes them.

        keep_marks: How long event keys are remembered, in seconds or as a timedelta. SQS brings
            a message again for at most 14 days.

        hashed_with: A secret of at least 32 bytes, or several by ids: addresses are kept as
            digests. See `SQLiteStore`.

        clock: Tells what has expired. The system's, unless a test brings its own.
    """

    def __init__(
        self,
        suppressions: Iterable[Suppression] = (),
        *,
        keep_marks: float | timedelta = timedelta(days=30),
        hashed_with: HashedWith | None = None,
        clock: Clock | None = None,
    ) -> None:
        super().__init__(clock or SystemClock())
        self._keep_marks = store_door.span("keep_marks", keep_marks)
        self._names = names_of(hashed_with)
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
        parts = store_door.scopes(scopes)
        asked = self._names.asked(store_door.keys(keys))
        with self._lock:
            lines = [line for name in asked for line in self._lines.get(name, ())]
        if not lines:
            return {}
        entries = (entry for line in lines for entry in line.suppressions)
        return entering.found(entries, asked, parts, self._names, now=self._clock.now())

    def apply(self, batch: Sequence[tuple[str, Sequence[Change]]], /) -> Sequence[bool]:
        """
        Apply events, each by its key: all of them, or none.

        Raises:
            ConfigurationError: Something in the batch is no change. Nothing was applied.
        """
        events = store_door.batch(batch)  # all that can fail does so here
        now = self._clock.now()
        with self._lock:
            draft = self._draft(now)
            applied = entering.apply(draft, events, self._names)
            self._keep(draft, now)
            self._forget(now - self._keep_marks, at_most=2 * len(events) + 100)
        return applied

    def add(self, suppressions: Iterable[Suppression], /) -> None:
        """Put entries on the list, as an operator: they hold whatever was released before."""
        entries = store_door.suppressions(suppressions)
        now = self._clock.now()
        with self._lock:
            draft = self._draft(now)
            entering.add(draft, entries, self._names)
            self._keep(draft, now)

    def remove(self, keys: Sequence[AddressKey], scope: str = "", /) -> int:
        """
        Take keys off the list in one scope, as an operator.

        What happened until now is over, soft bounces too: an event of before has no effect any
        more, even one that arrives later.

        Returns:
            How many of them were on it.
        """
        part = store_door.scope(scope)
        asked = store_door.keys(keys)
        now = self._clock.now()
        with self._lock:
            draft = self._draft(now)
            count = entering.remove(draft, asked, part, self._names, now=now)
            self._keep(draft, now)
        return count

    def export(self, address: str | Address) -> list[dict[str, object]]:
        """
        All that the list knows of an address, as JSON takes it. See `SQLiteStore.export`.

        Raises:
            AddressError: It is no address.
        """
        key = Address.parse(address).key
        with self._lock:
            known = entering.known(self._draft(self._clock.now()), key, self._names)
        return entering.export(known)

    def erase(self, address: str | Address) -> int:
        """
        Forget an address. See `SQLiteStore.erase`.

        Returns:
            How many entries and other notes there were.

        Raises:
            AddressError: It is no address.
        """
        key = Address.parse(address).key
        now = self._clock.now()
        with self._lock:
            draft = self._draft(now)
            count = entering.erase(draft, key, self._names)
            self._keep(draft, now)
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

    def _draft(self, now: datetime) -> Draft:
        def mark(event_key: str) -> bool:
            is_new = event_key not in self._marks
            self._marks.setdefault(event_key, now)
            return is_new

        return Draft(lambda name: self._lines.get(name, ()), mark)

    def _keep(self, draft: Draft, now: datetime) -> None:
        for before, after in draft.changes():
            for bounce in after.soft_bounces:
                if bounce not in before.soft_bounces:
                    over = listing.over(bounce.at, bounce.window, told=now)
                    heappush(self._counting, (over, after.place, bounce.event_key))
        for name, lines in draft.changed().items():
            self._keep_name(name, lines)

    def _keep_name(self, name: AddressKey, lines: tuple[Line, ...]) -> None:
        if (name in self._lines) != bool(lines):
            self._sorted_keys = None
        if lines:
            self._lines[name] = lines
        else:
            self._lines.pop(name, None)

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
            lines = [listing.forgotten(one, event_key) for one in self._lines.get(where.key, ())]
            self._keep_name(where.key, tuple(one for one in lines if not one.is_empty))

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
