"""A suppression list in a DynamoDB table, which machines share."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import timedelta
from functools import partial
from typing import TypeVar

from sesguard._core import entering, store_door
from sesguard._core.drafts import Draft
from sesguard._core.listing import Line
from sesguard._core.naming import HashedWith, names_of
from sesguard.addresses import Address, AddressKey
from sesguard.clocks import SystemClock
from sesguard.ports import Clock
from sesguard.stores import dynamodb_items as rows
from sesguard.stores import dynamodb_setup as setup
from sesguard.stores._doors import Doors
from sesguard.stores.dynamodb_about import DynamoDBList
from sesguard.stores.dynamodb_changes import change, held
from sesguard.stores.dynamodb_items import Item
from sesguard.stores.dynamodb_pages import standing
from sesguard.stores.dynamodb_table import MOST, DynamoDBClient, DynamoDBTable
from sesguard.suppression import Change, Page, Suppression

__all__ = ["DynamoDBStore"]

T = TypeVar("T")

_FULL = 10
"""Names of which one transaction takes all, however much is known of each: 400 kB."""


class DynamoDBStore(Doors):
    """
    A suppression list in a DynamoDB table of its own. Threads, processes and machines share it.

    `create_table` makes the table. Whatever is read is read consistently; what cannot be read
    for certain is a `StoreError`, and never "not suppressed".

    `apply` is one transaction as long as DynamoDB takes it as one: 100 items and 4 MB, where each
    event is one and each address that changes is one. **A larger batch is written in several**:
    first all its effects and then, when they are there, the marks that say that its events were
    applied. So a reader may see a part of it for a moment, and a process that is killed in
    between leaves a part without marks. The batch then comes again, and applying it again changes
    nothing twice: every change is a maximum over times, and soft bounces are counted by event.

    The boto3 client is made when it is first needed, and again in a process that was forked. The
    credentials need dynamodb:BatchGetItem to look up, dynamodb:PutItem and dynamodb:DeleteItem to
    change, and dynamodb:Scan for `entries`, for the first use of a new table, and where a pepper
    is no more given.

    Args:
        table_name: The table.

        boto3_client: A client for ``dynamodb`` to use instead of one of our own. It is not
            closed, and refused in a process that was forked since.

        boto3_session: The credentials for our own client.

        region_name: The table's region, for our own client.

        endpoint_url: Where DynamoDB listens, if not at Amazon.

        keep_marks: How long event keys are remembered, in seconds or as a timedelta. SQS brings
            a message again for at most 14 days.

        hashed_with: A secret of at least 32 bytes, or several by ids: addresses are kept as
            digests. See `SQLiteStore`. To rotate, give all processes both peppers with the old
            one first, and then with the new one first.

        clock: Tells what has expired, and waits before something is tried again.

    Raises:
        ConfigurationError: An option that cannot be. Nothing is asked before the first use.
    """

    def __init__(
        self,
        table_name: str,
        *,
        boto3_client: DynamoDBClient | None = None,
        boto3_session: object = None,
        region_name: str | None = None,
        endpoint_url: str | None = None,
        keep_marks: float | timedelta = timedelta(days=30),
        hashed_with: HashedWith | None = None,
        clock: Clock | None = None,
    ) -> None:
        super().__init__(clock or SystemClock())
        self._keep_marks = store_door.span("keep_marks", keep_marks)
        self._names = names_of(hashed_with)
        self._table = DynamoDBTable(
            table_name,
            boto3_client=boto3_client,
            boto3_session=boto3_session,
            region_name=region_name,
            endpoint_url=endpoint_url,
            clock=self._clock,
        )
        self._list = DynamoDBList(self._table, self._names)

    def create_table(self) -> None:
        """
        Make the table unless it is there, with requests paid one by one, and wait for it.

        Time to live is turned on, by which DynamoDB deletes marks. It may be called again, and
        says what is wrong with a table that is there.

        Raises:
            StoreError: It cannot be made, or what is there cannot be used.
        """
        setup.make(self._table)
        self._list.read(())

    def verify(self) -> None:
        """
        See that the table is there, with the right keys and time to live, and holds such a list.

        Raises:
            StoreError: What is wrong, and the next step.
        """
        setup.check(self._table)
        self._list.read(())

    def look_up(
        self, keys: Sequence[AddressKey], scopes: Sequence[str] = (), /
    ) -> Mapping[AddressKey, Suppression]:
        """
        The strongest entry for each of *keys* that has one, in ``""`` and *scopes*.

        One request asks for 99 names.

        Raises:
            StoreError: The table cannot be read.

            ConfigurationError: There are no credentials, or no region. So it is of all methods.
        """
        parts = store_door.scopes(scopes)
        asked = self._names.asked(store_door.keys(keys))
        if not asked:
            return {}
        items = self._list.read(list(dict.fromkeys(map(rows.name_id, asked))))
        lines = (line for name in asked for line in self._lines(items, name))
        entries = (entry for line in lines for entry in line.suppressions)
        return entering.found(entries, asked, parts, self._names, now=self._clock.now())

    def apply(self, batch: Sequence[tuple[str, Sequence[Change]]], /) -> Sequence[bool]:
        """
        Apply events, each by its key, in one transaction, or in several if it takes more.

        Raises:
            ConfigurationError: Something in the batch is no change. Nothing was applied.

            StoreError: The table cannot be written. Apply the batch again.
        """
        events = store_door.batch(batch)
        return change(
            self._table,
            self._list,
            lambda draft: entering.apply(draft, events, self._names),
            names=entering.touched(events, self._names),
            event_keys=[event_key for event_key, _ in events],
            now=self._clock.now(),
            keep=self._keep_marks,
        )

    def add(self, suppressions: Iterable[Suppression], /) -> None:
        """
        Put entries on the list, as an operator: they hold whatever was released before.

        They are written a hundred at a time. After an error, add all of them again.

        Raises:
            StoreError: The table cannot be written.
        """
        entries = store_door.suppressions(suppressions)
        most = self._keys_of(MOST)
        for start in range(0, len(entries), most):
            some = entries[start : start + most]
            act = partial(entering.add, entries=some, names=self._names)
            self._change([one.key for one in some], act)

    def remove(self, keys: Sequence[AddressKey], scope: str = "", /) -> int:
        """
        Take keys off the list in one scope, as an operator.

        What happened until now is over, soft bounces too: an event of before has no effect any
        more, even one that arrives later. They are taken off a few at a time.

        Returns:
            How many of them were on it.

        Raises:
            StoreError: The table cannot be written. Remove them again.
        """
        part = store_door.scope(scope)
        asked = [AddressKey(store_door.text(key)) for key in store_door.keys(keys)]
        asked = list(dict.fromkeys(asked))
        now = self._clock.now()
        most = self._keys_of(_FULL)
        count = 0
        for start in range(0, len(asked), most):
            some = asked[start : start + most]
            act = partial(entering.remove, keys=some, scope=part, names=self._names, now=now)
            count += self._change(some, act)
        return count

    def export(self, address: str | Address) -> list[dict[str, object]]:
        """
        All that the list knows of an address, as JSON takes it. See `SQLiteStore.export`.

        Raises:
            AddressError: It is no address.

            StoreError: The table cannot be read.
        """
        key = Address.parse(address).key
        items = self._list.read([rows.name_id(name) for name in self._names.all(key)])
        lines = [line for name in self._names.all(key) for line in self._lines(items, name)]
        return entering.export(sorted(lines, key=lambda line: line.place))

    def erase(self, address: str | Address) -> int:
        """
        Forget an address. See `SQLiteStore.erase`.

        Returns:
            How many entries and other notes there were.

        Raises:
            AddressError: It is no address.

            StoreError: The table cannot be written. Nothing was forgotten.
        """
        key = Address.parse(address).key
        return self._change([key], lambda draft: entering.erase(draft, key, self._names))

    def entries(self, after: str | None = None, limit: int = 1000) -> Page[Suppression]:
        """
        The entries that hold, page by page, those of one key ordered by scope and reason.

        The keys are in DynamoDB's own order. It reads the whole table, marks too: it is for
        copies and reports.

        Raises:
            StoreError: The table cannot be read.
        """
        start = store_door.place(after)
        size = store_door.limit(limit)
        items: list[Suppression] = []
        for entry in standing(self._table, self._list, start, now=self._clock.now(), size=size):
            if len(items) == size:
                return Page(items, store_door.cursor(items[-1]))
            items.append(entry)
        return Page(items, None)

    def close(self) -> None:
        """Close our own client. A later use makes another one."""
        self._table.close()

    def _keys_of(self, most: int) -> int:
        """How many keys stand under so many names, or fewer."""
        return max(1, most // max(1, len(self._names.peppers)))

    def _change(self, keys: Iterable[AddressKey], act: Callable[[Draft], T]) -> T:
        return change(
            self._table,
            self._list,
            act,
            names=list(self._names.asked(keys)),
            now=self._clock.now(),
            keep=self._keep_marks,
        )

    def _lines(self, items: Mapping[str, Item], name: AddressKey) -> Sequence[Line]:
        return held(items, name, where=self._table.where).lines
