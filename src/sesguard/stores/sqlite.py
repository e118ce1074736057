"""A suppression list in an SQLite file, which processes of one machine share."""

from __future__ import annotations

import json
import os
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime, timedelta
from functools import partial
from itertools import groupby
from sqlite3 import Connection

from sesguard._core import entering, listing, store_door
from sesguard._core.drafts import Draft
from sesguard._core.moments import microseconds
from sesguard._core.naming import HashedWith, names_of
from sesguard._core.store_door import text
from sesguard._sqlite_file import SQLiteFile
from sesguard.addresses import Address, AddressKey
from sesguard.clocks import SystemClock
from sesguard.ports import Clock
from sesguard.stores import sqlite_rows as rows
from sesguard.stores._doors import Doors
from sesguard.suppression import Change, Page, Suppression

__all__ = ["SQLiteStore"]

_LOOK_UP = f"""
    SELECT {rows.ENTRY} FROM json_each(?) AS asked CROSS JOIN entries ON entries.key = asked.value
"""
_PAGE = f"""
    SELECT {rows.ENTRY} FROM entries
    WHERE (key, scope, reason) > (?, ?, ?) AND (expires_at IS NULL OR expires_at > ?)
    ORDER BY key, scope, reason LIMIT ?
"""
_MARK = "INSERT INTO marks (event_key, at) VALUES (?, ?) ON CONFLICT DO NOTHING"
_FORGET_MARKS = """
    DELETE FROM marks WHERE at <= ? AND id IN (SELECT id FROM marks ORDER BY id LIMIT ?)
"""
_FORGET_SOFT_BOUNCES = """
    DELETE FROM soft_bounces WHERE (key, scope, event_key) IN (
        SELECT key, scope, event_key FROM soft_bounces
        WHERE over_at <= ? ORDER BY over_at LIMIT ?
    )
"""


class SQLiteStore(Doors):
    """
    A suppression list in a file. Threads and processes of one machine share it.

    What was applied survives a power cut. A file that is missing its folder, damaged, deleted
    under a running process, or not ours is a `StoreError`, never an empty list.

    Args:
        path: The file, on a local disk. It is made on first use; its folder is not.

        busy_timeout: How long to wait for another writer, in seconds or as a timedelta.

        keep_marks: How long event keys are remembered, in seconds or as a timedelta. SQS brings
            a message again for at most 14 days.

        hashed_with: A secret of at least 32 bytes: addresses are kept as digests made with it,
            and nobody can read them out of the file. Of several, by ids of yours, the first is
            written with, and entries move to it as they change; keep the others as long as the
            list needs them: it says so. A list is hashed, or not, from its first use on.

        clock: Tells what has expired. The system's, unless a test brings its own.

    Raises:
        ConfigurationError: An option that cannot be. Nothing is opened before the first use.
    """

    def __init__(
        self,
        path: str | os.PathLike[str],
        *,
        busy_timeout: float | timedelta = 5.0,
        keep_marks: float | timedelta = timedelta(days=30),
        hashed_with: HashedWith | None = None,
        clock: Clock | None = None,
    ) -> None:
        self._names = names_of(hashed_with)
        self._file = SQLiteFile(
            path,
            application_id=0x53455373,
            steps=rows.STEPS,
            busy_timeout=store_door.span("busy_timeout", busy_timeout).total_seconds(),
            opened=partial(rows.agree, names=self._names, where=os.fspath(path)),
        )
        self._keep_marks = store_door.span("keep_marks", keep_marks)
        super().__init__(clock or SystemClock())

    def look_up(
        self, keys: Sequence[AddressKey], scopes: Sequence[str] = (), /
    ) -> Mapping[AddressKey, Suppression]:
        """
        The strongest entry for each of *keys* that has one, in ``""`` and *scopes*.

        Raises:
            StoreError: The file cannot be read.
        """
        parts = store_door.scopes(scopes)
        asked = self._names.asked(store_door.keys(keys))
        with self._file.reading() as connection:
            matches = connection.execute(_LOOK_UP, (json.dumps(list(asked)),)).fetchall()
        if not matches:
            return {}
        entries = map(rows.entry_of, matches)
        return entering.found(entries, asked, parts, self._names, now=self._clock.now())

    def apply(self, batch: Sequence[tuple[str, Sequence[Change]]], /) -> Sequence[bool]:
        """
        Apply events, each by its key, in one transaction.

        Raises:
            ConfigurationError: Something in the batch is no change. Nothing was applied.

            StoreError: The file cannot be written. Nothing was applied.
        """
        events = store_door.batch(batch)
        now = self._clock.now()
        with self._file.writing() as connection:
            draft = _draft(connection, now)
            applied = entering.apply(draft, events, self._names)
            _save(connection, draft, now)
            over = (microseconds(now - self._keep_marks), 2 * len(events) + 100)
            connection.execute(_FORGET_MARKS, over)
            connection.execute(_FORGET_SOFT_BOUNCES, over)
        return applied

    def add(self, suppressions: Iterable[Suppression], /) -> None:
        """
        Put entries on the list, as an operator: they hold whatever was released before.

        They are written a few thousand at a time, so that others get their turn. After an error,
        add all of them again.

        Raises:
            StoreError: The file cannot be written.
        """
        entries = store_door.suppressions(suppressions)
        now = self._clock.now()
        for start in range(0, len(entries), 5_000):
            with self._file.writing() as connection:
                draft = _draft(connection, now)
                entering.add(draft, entries[start : start + 5_000], self._names)
                _save(connection, draft, now)

    def remove(self, keys: Sequence[AddressKey], scope: str = "", /) -> int:
        """
        Take keys off the list in one scope, as an operator.

        What happened until now is over, soft bounces too: an event of before has no effect any
        more, even one that arrives later.

        Returns:
            How many of them were on it.

        Raises:
            StoreError: The file cannot be written. Nothing was removed.
        """
        part = store_door.scope(scope)
        asked = store_door.keys(keys)
        now = self._clock.now()
        with self._file.writing() as connection:
            draft = _draft(connection, now)
            count = entering.remove(draft, asked, part, self._names, now=now)
            _save(connection, draft, now)
        return count

    def export(self, address: str | Address) -> list[dict[str, object]]:
        """
        All that the list knows of an address, as JSON takes it: for who asks what you keep.

        What has expired is in it. Times are ISO 8601, UTC.

        Raises:
            AddressError: It is no address.

            StoreError: The file cannot be read.
        """
        key = Address.parse(address).key
        with self._file.reading() as connection:
            draft = _draft(connection, self._clock.now())
            return entering.export(entering.known(draft, key, self._names))

    def erase(self, address: str | Address) -> int:
        """
        Forget an address: entries, soft bounces, and that an operator took it off.

        It may be mailed again after that, and an event of before that comes late puts it on the
        list again. A list with ``hashed_with=`` can go on to keep mail from it.

        Returns:
            How many entries and other notes there were.

        Raises:
            AddressError: It is no address.

            StoreError: The file cannot be written. Nothing was forgotten.
        """
        key = Address.parse(address).key
        now = self._clock.now()
        with self._file.writing() as connection:
            draft = _draft(connection, now)
            count = entering.erase(draft, key, self._names)
            _save(connection, draft, now)
        return count

    def entries(self, after: str | None = None, limit: int = 1000) -> Page[Suppression]:
        """
        The entries that hold, page by page, ordered by key, scope and reason.

        Raises:
            StoreError: The file cannot be read.
        """
        start = store_door.place(after) or ("", "", "")
        size = store_door.limit(limit)
        now = self._clock.now()
        most = 2 * size + 1  # a line has at most two rows: what counting put there has its own
        with self._file.reading() as connection:
            matches = connection.execute(_PAGE, (*start, microseconds(now), most)).fetchall()
        lines = groupby(
            map(rows.entry_of, matches), key=lambda one: (one.key, one.scope, one.reason)
        )
        standing = [listing.strongest(entries, now=now) for _, entries in lines]
        items = [entry for entry in standing if entry is not None]
        return Page(items[:size], store_door.cursor(items[size - 1]) if items[size:] else None)

    def close(self) -> None:
        """Close connections. A later use opens new ones."""
        self._file.close()


def _draft(connection: Connection, now: datetime) -> Draft:
    """A draft on what the file holds."""

    def mark(event_key: str) -> bool:
        return connection.execute(_MARK, (text(event_key), microseconds(now))).rowcount == 1

    return Draft(lambda name: rows.lines(connection, name), mark)


def _save(connection: Connection, draft: Draft, now: datetime) -> None:
    for before, after in draft.changes():
        rows.save(connection, before, after, now=now)
