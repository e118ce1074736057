"""Several suppression lists as one: those that answer fast before those that answer slowly."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Iterable, Mapping, Sequence
from contextlib import ExitStack
from datetime import timedelta
from threading import Lock
from typing import NamedTuple, Protocol, cast

from sesguard._core import listing, store_door
from sesguard.addresses import Address, AddressKey
from sesguard.clocks import SystemClock
from sesguard.errors import ConfigurationError
from sesguard.ports import Clock, SuppressionStore
from sesguard.stores._doors import Doors
from sesguard.suppression import Change, Page, Suppression

__all__ = ["LayeredStore"]

_METHODS = ("look_up", "apply", "add", "remove", "entries", "close")


class _Keeping(Protocol):
    def export(self, address: str | Address, /) -> list[dict[str, object]]: ...
    def erase(self, address: str | Address, /) -> int: ...


class _Known(NamedTuple):
    """What was answered about a key, None that it is on no list, and until when it is believed."""

    entry: Suppression | None
    until: float


class LayeredStore(Doors):
    """
    Several lists as one, with their answers kept in memory for a time that you state.

    An address is on the list where it is on any of them. They are asked in their order, and each
    only about those that no list before it has: put the slow one last, as
    ``LayeredStore(SQLiteStore(path), AccountStore())``.

    Events and an operator's additions go to the first list. A removal goes to all of them, since
    the address would stay on the list otherwise. What this object writes it sees at once; what
    another process writes it sees when its answer is no longer fresh.

    A list that cannot be asked is an error, though an answer is kept: nothing is kept longer
    than stated. Threads may share it.

    Args:
        stores: The lists, the first one to be written to.

        fresh_for: How long it is believed that an address is on a list, in seconds or as a
            timedelta. One that was just taken off elsewhere is not mailed for so long.

        absent_for: How long it is believed that an address is on no list, in seconds or as a
            timedelta. One that bounced just now, told to another process, may be mailed for so
            long. 0: it is not believed at all.

        most: How many answers are kept, 1 or more. The oldest goes first.

        clock: Tells how old an answer is, and what has expired.

    Raises:
        ConfigurationError: There is no list, or an option that cannot be.
    """

    def __init__(
        self,
        *stores: SuppressionStore,
        fresh_for: float | timedelta = 300.0,
        absent_for: float | timedelta = 10.0,
        most: int = 100_000,
        clock: Clock | None = None,
    ) -> None:
        for one in stores:
            if isinstance(one, type) or not all(hasattr(one, name) for name in _METHODS):
                raise ConfigurationError(
                    "LayeredStore takes stores that have been made, the fastest first: "
                    "LayeredStore(stores.SQLiteStore(path), stores.AccountStore())."
                )
        if not stores:
            raise ConfigurationError("LayeredStore takes one store or more, the fastest first.")
        if type(most) is not int or most < 1:
            raise ConfigurationError("most= is how many answers are kept: 1 or more.")
        self._stores = stores
        self._fresh_for = store_door.span("fresh_for", fresh_for).total_seconds()
        self._absent_for = (
            0.0
            if absent_for in (0, timedelta(0))
            else store_door.span("absent_for", absent_for).total_seconds()
        )
        self._most = most
        super().__init__(clock or SystemClock())
        self._lock = Lock()
        self._known: OrderedDict[AddressKey, dict[tuple[str, ...], _Known]] = OrderedDict()
        self._written = 0

    def look_up(
        self, keys: Sequence[AddressKey], scopes: Sequence[str] = (), /
    ) -> Mapping[AddressKey, Suppression]:
        """
        The strongest entry for each of *keys* that has one, in ``""`` and *scopes*.

        Raises:
            StoreError: A list that had to be asked cannot be.
        """
        parts = store_door.scopes(scopes)
        asked = dict.fromkeys(store_door.keys(keys))
        with self._lock:
            written = self._written
            known = {key: kept for key in asked if (kept := self._kept(key, parts))}
        answers = {key: kept.entry for key, kept in known.items()}
        missing = [key for key in asked if key not in known]
        if missing:
            told = self._ask(missing, parts)
            self._keep(told, parts, written)
            answers |= told
        return {key: entry for key in asked if (entry := answers[key]) is not None}

    def apply(self, batch: Sequence[tuple[str, Sequence[Change]]], /) -> Sequence[bool]:
        """
        Apply events, each by its key, to the first list.

        Raises:
            ConfigurationError: Something in the batch is no change. Nothing was applied.

            StoreError: That list cannot be written. Nothing was applied.
        """
        changed = [
            listing.place(one).key for _, changes in store_door.batch(batch) for one in changes
        ]
        try:
            return self._stores[0].apply(batch)
        finally:
            self._forget(changed)

    def add(self, suppressions: Iterable[Suppression], /) -> None:
        """
        Put entries on the first list, as an operator.

        Raises:
            StoreError: It cannot be written.
        """
        entries = store_door.suppressions(suppressions)
        try:
            self._stores[0].add(entries)
        finally:
            self._forget([one.key for one in entries])

    def remove(self, keys: Sequence[AddressKey], scope: str = "", /) -> int:
        """
        Take keys off all lists in one scope, as an operator.

        Returns:
            How many of them were on one.

        Raises:
            StoreError: One of the lists cannot be written. Those before it were.
        """
        part = store_door.scope(scope)
        asked = tuple(dict.fromkeys(store_door.keys(keys)))
        try:
            return sum(max([one.remove([key], part) for one in self._stores]) for key in asked)
        finally:
            self._forget(asked)

    def export(self, address: str | Address) -> list[dict[str, object]]:
        """
        All that the lists know of an address, one after another. See `SQLiteStore.export`.

        Raises:
            AddressError: It is no address.

            ConfigurationError: One of the lists cannot tell.

            StoreError: One of them cannot be read.
        """
        lists = [_able(one, "export") for one in self._stores]
        return [known for one in lists for known in one.export(address)]

    def erase(self, address: str | Address) -> int:
        """
        Forget an address, in all lists. See `SQLiteStore.erase`.

        Returns:
            How many entries and other notes there were.

        Raises:
            AddressError: It is no address.

            ConfigurationError: One of the lists cannot forget. None has.

            StoreError: One of them cannot be written. Those before it have forgotten.
        """
        lists = [_able(one, "erase") for one in self._stores]
        key = Address.parse(address).key
        try:
            return sum(one.erase(address) for one in lists)
        finally:
            self._forget([key])

    def entries(self, after: str | None = None, limit: int = 1000) -> Page[Suppression]:
        """
        The lists one after another, page by page. What is on two of them comes twice.

        Raises:
            StoreError: A list cannot be read.
        """
        size = store_door.limit(limit)
        number, place = self._place(after)
        items: list[Suppression] = []
        while number < len(self._stores):
            page = self._stores[number].entries(place, size - len(items))
            items.extend(page.items)
            if page.next is None:
                number, place = number + 1, None
            else:
                place = page.next
            if len(items) == size:
                break
        return Page(items, f"{number} {place or ''}" if number < len(self._stores) else None)

    def close(self) -> None:
        """Close all lists, and forget what they answered."""
        with ExitStack() as stack:
            for one in self._stores:
                stack.callback(one.close)
        with self._lock:
            self._known.clear()
            self._written += 1

    def _ask(
        self, keys: Sequence[AddressKey], scopes: Sequence[str]
    ) -> dict[AddressKey, Suppression | None]:
        """What the lists say, the next one about those that are not on the one before."""
        answers: dict[AddressKey, Suppression | None] = dict.fromkeys(keys)
        left = list(keys)
        for one in self._stores:
            answers.update(one.look_up(left, scopes))
            left = [key for key in left if answers[key] is None]
            if not left:
                break
        return answers

    def _kept(self, key: AddressKey, scopes: tuple[str, ...]) -> _Known | None:
        """An answer that is still believed."""
        kept = self._known.get(key, {}).get(scopes)
        if kept is None or kept.until <= self._clock.monotonic():
            return None
        ends = kept.entry.expires_at if kept.entry else None
        return None if ends is not None and ends <= self._clock.now() else kept

    def _keep(
        self,
        answers: Mapping[AddressKey, Suppression | None],
        scopes: tuple[str, ...],
        written: int,
    ) -> None:
        """Keep answers, unless something was written since they were asked for."""
        now = self._clock.monotonic()
        with self._lock:
            for key, entry in answers.items() if written == self._written else ():
                believed = self._fresh_for if entry else self._absent_for
                self._known.setdefault(key, {})[scopes] = _Known(entry, now + believed)
                self._known.move_to_end(key)
            while len(self._known) > self._most:
                self._known.popitem(last=False)

    def _forget(self, keys: Iterable[AddressKey]) -> None:
        with self._lock:
            self._written += 1
            for key in keys:
                self._known.pop(key, None)

    def _place(self, after: str | None) -> tuple[int, str | None]:
        """Which list a page begins in, and where."""
        number, _, place = ("0" if after is None else after).partition(" ")
        if not (number.isascii() and number.isdigit() and int(number) < len(self._stores)):
            raise ConfigurationError(
                "after= is not a cursor: pass page.next of the page before, or None to begin."
            )
        return int(number), place or None


def _able(store: SuppressionStore, name: str) -> _Keeping:
    if not hasattr(store, name):
        raise ConfigurationError(
            f"{type(store).__name__} has no {name}(): ask that list in its own way, and the "
            "others by theirs."
        )
    return cast("_Keeping", store)
