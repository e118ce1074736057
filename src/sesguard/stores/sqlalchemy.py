"""A suppression list in tables of your database."""

from __future__ import annotations

import copy
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from contextlib import AbstractContextManager
from datetime import datetime, timedelta
from functools import partial
from itertools import groupby
from typing import Self, TypeVar

from sesguard._core import entering, listing, store_door
from sesguard._core.drafts import Draft
from sesguard._core.listing import Place
from sesguard._core.moments import microseconds
from sesguard._core.naming import HashedWith, names_of
from sesguard._sqlalchemy_engine import failing
from sesguard.addresses import Address, AddressKey
from sesguard.clocks import SystemClock
from sesguard.errors import MissingExtraError
from sesguard.ports import Clock
from sesguard.stores import sqlalchemy_asking as asking
from sesguard.stores import sqlalchemy_holding as holding
from sesguard.stores import sqlalchemy_rows as rows
from sesguard.stores._doors import Doors
from sesguard.stores.sqlalchemy_about import Agreement
from sesguard.stores.sqlalchemy_tables import tables
from sesguard.stores.sqlalchemy_transactions import Callers, Transactions
from sesguard.suppression import Change, Page, Suppression

try:
    import sqlalchemy as sa
    from sqlalchemy.exc import DBAPIError
except ImportError:
    raise MissingExtraError("sqlalchemy", extra="sqlalchemy") from None

__all__ = ["SQLAlchemyStore"]

_SWEEP_EVERY = 20
"""Events from one look for what is over to the next, at least."""

_TRIES = 5
"""How often others may make a table at the same moment."""

T = TypeVar("T")


class SQLAlchemyStore(Doors):
    """
    A suppression list in tables. All that use the database share it.

    With `within`, entries are on the list if, and only if, a transaction of yours is committed::

        with Session(engine) as session, session.begin():
            session.add(customer_who_left)
            store.within(session).suppress("ann@example.org", Reason.UNSUBSCRIBE)

    All else is done in transactions of its own, on connections of the engine's.

    Args:
        engine: Of SQLite in a file, PostgreSQL from 9.5, MySQL from 8.0 or MariaDB from 10.6. It
            stays the caller's, who disposes of it.

        table_prefix: What the names of the tables begin with. `create_tables` makes them; for a
            migration, give *metadata*.

        metadata: What Alembic compares the database with: the tables are added to it, unless they
            are there. ``store.tables`` are the tables.

        keep_marks: How long event keys are remembered, in seconds or as a timedelta. SQS brings
            a message again for at most 14 days.

        hashed_with: A secret of at least 32 bytes, or several by ids: addresses are kept as
            digests. See `SQLiteStore`.

        clock: Tells what has expired. The system's, unless a test brings its own.

    Raises:
        ConfigurationError: An option that cannot be. Nothing is asked before the first use.
    """

    def __init__(
        self,
        engine: sa.Engine,
        *,
        table_prefix: str = "sesguard_list_",
        metadata: sa.MetaData | None = None,
        keep_marks: float | timedelta = timedelta(days=30),
        hashed_with: HashedWith | None = None,
        clock: Clock | None = None,
    ) -> None:
        super().__init__(clock or SystemClock())
        self._database = Transactions(engine, self._clock)
        self._names = names_of(hashed_with)
        self._keep_marks = store_door.span("keep_marks", keep_marks)
        self._tables = tables(table_prefix, sa.MetaData() if metadata is None else metadata)
        self.tables: tuple[sa.Table, ...] = self._tables.all
        self._agreement = Agreement(self._tables, self._names, self._clock)
        self._since_sweep = _SWEEP_EVERY

    def create_tables(self) -> None:
        """
        Make the tables and their indexes, where there are none.

        Raises:
            StoreError: The database cannot be used.
        """
        with self._failing():
            for left in reversed(range(_TRIES)):
                try:
                    self._tables.lines.metadata.create_all(
                        self._database.engine, tables=self.tables
                    )
                    break
                except DBAPIError as error:
                    if not left or error.statement is None:  # there is no connection
                        raise

    def within(self, transaction: sa.Connection | Callers, /) -> Self:
        """
        The same list, but read and written within a transaction of the caller's.

        Args:
            transaction: A `Connection` or a `Session`, of the same database. It is for the caller
                to commit, and soon: who changes the same addresses waits for that. Of an
                AsyncSession, give what its ``run_sync`` brings.

        Raises:
            ConfigurationError: It is neither.
        """
        inside = copy.copy(self)
        inside._database = self._database.within(transaction)
        # What it finds may be undone with the transaction, and is not for others to rely on.
        inside._agreement = Agreement(self._tables, self._names, self._clock)
        return inside

    def look_up(
        self, keys: Sequence[AddressKey], scopes: Sequence[str] = (), /
    ) -> Mapping[AddressKey, Suppression]:
        """
        The strongest entry for each of *keys* that has one, in ``""`` and *scopes*.

        Raises:
            StoreError: The database cannot be used.
        """
        parts = store_door.scopes(scopes)
        asked = self._names.asked(store_door.keys(keys))
        with self._failing(), self._database.reading() as connection:
            self._agreement.check(connection, writes=False)
            entries = asking.entries_of(connection, self._tables.lines, asked)
        if not entries:
            return {}
        return entering.found(entries, asked, parts, self._names, now=self._clock.now())

    def apply(self, batch: Sequence[tuple[str, Sequence[Change]]], /) -> Sequence[bool]:
        """
        Apply events, each by its key, in one transaction.

        Raises:
            ConfigurationError: Something in the batch is no change. Nothing was applied.

            StoreError: The database cannot be used. Nothing was applied. A transaction of the
                caller's has to be rolled back.
        """
        events = store_door.batch(batch)
        now = self._clock.now()
        self._since_sweep += len(events)
        over = self._since_sweep if self._since_sweep >= _SWEEP_EVERY else 0

        def act(connection: sa.Connection) -> list[bool]:
            keys = [key for key, _ in events]
            fresh = holding.mark(connection, self._tables.marks, keys, microseconds(now))
            new = tuple(one for one in events if one[0] in fresh)
            names = entering.touched(new, self._names)
            draft = self._draft(connection, names, fresh)
            applied = entering.apply(draft, events, self._names)
            self._save(connection, draft, names, now)
            if over:
                at_most = 2 * over + 100
                holding.sweep(connection, self._tables, now, self._keep_marks, at_most=at_most)
            return applied

        applied = self._write(act)
        if over:
            self._since_sweep = 0
        return applied

    def add(self, suppressions: Iterable[Suppression], /) -> None:
        """
        Put entries on the list, as an operator: they hold whatever was released before.

        They are written a few thousand at a time, so that others get their turn. After an error,
        add all of them again.

        Raises:
            StoreError: The database cannot be used.
        """
        entries = store_door.suppressions(suppressions)
        for some in rows.chunks(entries, 5_000):
            names = self._names.asked(dict.fromkeys(one.key for one in some))
            self._enter(names, partial(entering.add, entries=some, names=self._names))

    def remove(self, keys: Sequence[AddressKey], scope: str = "", /) -> int:
        """
        Take keys off the list in one scope, as an operator.

        What happened until now is over, soft bounces too: an event of before has no effect any
        more, even one that arrives later.

        Returns:
            How many of them were on it.

        Raises:
            StoreError: The database cannot be used. Nothing was removed.
        """
        part = store_door.scope(scope)
        asked = store_door.keys(keys)
        now = self._clock.now()
        return self._enter(
            self._names.asked(asked),
            lambda draft: entering.remove(draft, asked, part, self._names, now=now),
        )

    def export(self, address: str | Address) -> list[dict[str, object]]:
        """
        All that the list knows of an address, as JSON takes it: for who asks what you keep.

        What has expired is in it. Times are ISO 8601, UTC.

        Raises:
            AddressError: It is no address.

            StoreError: The database cannot be used.
        """
        key = Address.parse(address).key
        with self._failing(), self._database.reading() as connection:
            self._agreement.check(connection, writes=False)
            names = self._names.all(key)
            loaded = rows.load(connection, self._tables.lines, names, locked=False)
        draft = Draft(loaded.__getitem__, lambda event_key: False)
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

            StoreError: The database cannot be used. Nothing was forgotten.
        """
        key = Address.parse(address).key
        names = self._names.all(key)
        return self._enter(names, lambda draft: entering.erase(draft, key, self._names))

    def entries(self, after: str | None = None, limit: int = 1000) -> Page[Suppression]:
        """
        The entries that hold, page by page, ordered by key, scope and reason.

        Raises:
            StoreError: The database cannot be used.
        """
        start = store_door.place(after)
        size = store_door.limit(limit)
        now = self._clock.now()
        with self._failing(), self._database.reading() as connection:
            self._agreement.check(connection, writes=False)
            found = asking.page(connection, self._tables.lines, start, size, now)
        items = [
            entry
            for place, entries in groupby(
                found, key=lambda one: Place(one.key, one.scope, one.reason)
            )
            if (start is None or place > start)
            and (entry := listing.strongest(entries, now=now)) is not None
        ]
        return Page(items[:size], store_door.cursor(items[size - 1]) if items[size:] else None)

    def close(self) -> None:
        """Nothing is held open: the engine is the caller's."""

    def _enter(self, names: Collection[AddressKey], act: Callable[[Draft], T]) -> T:
        """Change what is known under names, as a whole transaction."""
        now = self._clock.now()

        def write(connection: sa.Connection) -> T:
            draft = self._draft(connection, names, set())
            result = act(draft)
            self._save(connection, draft, names, now)
            return result

        return self._write(write)

    def _write(self, act: Callable[[sa.Connection], T]) -> T:
        def agreed(connection: sa.Connection) -> T:
            self._agreement.check(connection, writes=True)
            return act(connection)

        with self._failing():
            return self._database.write(agreed)

    def _draft(
        self, connection: sa.Connection, names: Collection[AddressKey], fresh: set[str]
    ) -> Draft:
        """A draft on what the tables hold, which nobody else changes until it is saved."""
        holding.hold(connection, self._tables, names)
        loaded = rows.load(connection, self._tables.lines, names, locked=True)
        left = set(fresh)

        def mark(event_key: str) -> bool:
            is_new = event_key in left
            left.discard(event_key)
            return is_new

        return Draft(loaded.__getitem__, mark)

    def _save(
        self, connection: sa.Connection, draft: Draft, names: Iterable[AddressKey], now: datetime
    ) -> None:
        rows.save(connection, self._tables.lines, draft.changes(), now=now)
        empty = [name for name in names if all(line.is_empty for line in draft.lines(name))]
        holding.let_go(connection, self._tables, empty)

    def _failing(self) -> AbstractContextManager[None]:
        return failing(f"The list in {self._tables.lines.fullname}", "store.create_tables()")
