"""A suppression list in Redis, which hosts share."""

from __future__ import annotations

import secrets
from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import datetime, timedelta
from functools import partial
from typing import TypeVar

from sesguard._core import entering, listing, store_door
from sesguard._core.drafts import Draft
from sesguard._core.naming import HashedWith, names_of
from sesguard._core.store_door import text
from sesguard._redis_server import is_awaited, is_client
from sesguard.addresses import Address, AddressKey
from sesguard.clocks import SystemClock
from sesguard.errors import ConfigurationError
from sesguard.ports import Clock
from sesguard.stores._doors import Doors
from sesguard.stores.redis_asking import Client
from sesguard.stores.redis_list import MOST_TRIES, RedisList
from sesguard.suppression import Change, Page, Suppression

__all__ = ["RedisStore"]

T = TypeVar("T")


class RedisStore(Doors):
    """
    A suppression list in Redis. Threads, processes and hosts share it.

    A question is one round trip; a batch of events is written in one step. What survives a crash
    is the server's to say: with ``appendonly yes`` and ``appendfsync always`` all that was
    applied does, with ``everysec`` all but the last second, without an append-only file little.
    Its ``maxmemory-policy`` must be ``noeviction``, which is warned about once where the server
    lets itself be asked. A list that is gone under a running process, damaged, or not ours is a
    `StoreError`, never an empty list.

    Args:
        redis: A `redis.Redis`, or a cluster, for the primary: a replica may not know the latest.
            It stays the caller's, who closes it.

        prefix: What the names of keys in Redis begin with. In a cluster it needs a hash tag, as
            the usual one has, so that all of the list is in one slot.

        keep_marks: How long event keys are remembered, in seconds or as a timedelta, by the
            server's clock. SQS brings a message again for at most 14 days.

        hashed_with: A secret of at least 32 bytes, or several by ids: addresses are kept as
            digests. See `SQLiteStore`.

        clock: Tells what has expired. The system's, unless a test brings its own.

    Raises:
        ConfigurationError: An option that cannot be. Nothing is asked before the first use.
    """

    def __init__(
        self,
        redis: Client,
        *,
        prefix: str = "{sesguard}:list:",
        keep_marks: float | timedelta = timedelta(days=30),
        hashed_with: HashedWith | None = None,
        clock: Clock | None = None,
    ) -> None:
        if not is_client(redis) or is_awaited(redis):
            raise ConfigurationError(
                "redis= must be a redis.Redis that has been made. One of redis.asyncio will not "
                "do: AsyncClient runs the store on a thread, so give it a redis.Redis, too."
            )
        self._names = names_of(hashed_with)
        self._list = RedisList(redis, prefix, self._names)
        self._keep_marks = store_door.span("keep_marks", keep_marks)
        super().__init__(clock or SystemClock())

    def look_up(
        self, keys: Sequence[AddressKey], scopes: Sequence[str] = (), /
    ) -> Mapping[AddressKey, Suppression]:
        """
        The strongest entry for each of *keys* that has one, in ``""`` and *scopes*.

        Raises:
            StoreError: Redis cannot be asked, or holds what is no list.
        """
        parts = store_door.scopes(scopes)
        asked = self._names.asked(store_door.keys(keys))
        lines = self._list.read(asked).lines
        entries = (entry for name in asked for line in lines(name) for entry in line.suppressions)
        return entering.found(entries, asked, parts, self._names, now=self._clock.now())

    def apply(self, batch: Sequence[tuple[str, Sequence[Change]]], /) -> Sequence[bool]:
        """
        Apply events, each by its key, in one step.

        Raises:
            ConfigurationError: Something in the batch is no change. Nothing was applied.

            StoreError: Redis cannot be written: nothing was applied, or, where its answer was
                lost, all. Apply the batch again.
        """
        events = store_door.batch(batch)
        now = self._clock.now()
        over = self._list.over(now - self._keep_marks, 2 * len(events) + 100)

        def act(draft: Draft) -> list[bool]:
            applied = entering.apply(draft, events, self._names)
            for where, event_key in over.values():
                for line in draft.lines(where.key):
                    if line.place == where:
                        draft.save(line, listing.forgotten(line, event_key))
            return applied

        touched = entering.touched(events, self._names)
        names = (*touched, *(where.key for where, _ in over.values()))
        return self._change(names, act, now, events=[key for key, _ in events], over=over)

    def add(self, suppressions: Iterable[Suppression], /) -> None:
        """
        Put entries on the list, as an operator: they hold whatever was released before.

        They are written a thousand at a time, so that others get their turn. After an error, add
        all of them again.

        Raises:
            StoreError: Redis cannot be written.
        """
        entries = store_door.suppressions(suppressions)
        now = self._clock.now()
        for start in range(0, len(entries), 1_000):
            some = entries[start : start + 1_000]
            names = self._names.asked(one.key for one in some)
            self._change(names, partial(entering.add, entries=some, names=self._names), now)

    def remove(self, keys: Sequence[AddressKey], scope: str = "", /) -> int:
        """
        Take keys off the list in one scope, as an operator.

        What happened until now is over, soft bounces too: an event of before has no effect any
        more, even one that arrives later.

        Returns:
            How many of them were on it.

        Raises:
            StoreError: Redis cannot be written: nothing was removed, or, where its answer was
                lost, all. Remove them again.
        """
        part = store_door.scope(scope)
        asked = [AddressKey(text(key)) for key in store_door.keys(keys)]
        now = self._clock.now()
        return self._change(
            self._names.asked(asked),
            lambda draft: entering.remove(draft, asked, part, self._names, now=now),
            now,
        )

    def export(self, address: str | Address) -> list[dict[str, object]]:
        """
        All that the list knows of an address, as JSON takes it. See `SQLiteStore.export`.

        Raises:
            AddressError: It is no address.

            StoreError: Redis cannot be asked, or holds what is no list.
        """
        key = Address.parse(address).key
        draft = self._list.read(self._names.all(key)).draft()
        return entering.export(entering.known(draft, key, self._names))

    def erase(self, address: str | Address) -> int:
        """
        Forget an address. See `SQLiteStore.erase`.

        The server's append-only file holds what was until it is written anew, as BGREWRITEAOF
        has it do.

        Returns:
            How many entries and other notes there were.

        Raises:
            AddressError: It is no address.

            StoreError: Redis cannot be written: nothing was forgotten, or, where its answer was
                lost, all. Erase it again.
        """
        key = Address.parse(address).key
        names = self._names.all(key)
        return self._change(
            names, lambda draft: entering.erase(draft, key, self._names), self._clock.now()
        )

    def entries(self, after: str | None = None, limit: int = 1000) -> Page[Suppression]:
        """
        The entries that hold, page by page, ordered by key, scope and reason.

        Raises:
            StoreError: Redis cannot be asked, or holds what is no list.
        """
        start = store_door.place(after)
        size = store_door.limit(limit)
        now = self._clock.now()
        items: list[Suppression] = []
        for lines in self._list.pages(start.key if start else None, at_once=size + 1):
            for line in sorted(lines, key=lambda one: one.place):
                if start is None or line.place > start:
                    entry = listing.strongest(line.suppressions, now=now)
                    if entry is not None and len(items) == size:
                        return Page(items, store_door.cursor(items[-1]))
                    if entry is not None:
                        items.append(entry)
        return Page(items, None)

    def close(self) -> None:
        """
        Let go of the list: a later use takes the one that is there then.

        The connection is the caller's.
        """
        self._list.let_go()

    def _change(
        self,
        names: Iterable[AddressKey],
        act: Callable[[Draft], T],
        now: datetime,
        *,
        events: Iterable[str] = (),
        over: Iterable[bytes] = (),
    ) -> T:
        """
        Read, act, and write if nobody was faster; else all of it again.

        Args:
            names: All that *act* may read.

            events: All that it may mark.

            over: Members of the counting set to take out, whatever it does.
        """
        asked, marks, gone, token = list(names), list(events), list(over), secrets.token_hex(8)
        for _ in range(MOST_TRIES):
            found = self._list.read(asked, marks)
            draft = found.draft()
            answer = act(draft)
            if self._list.write(
                found, draft, now=now, keep_marks=self._keep_marks, over=gone, token=token
            ):
                return answer
        raise self._list.contended()
