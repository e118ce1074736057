"""What is on SES's own list, kept in a file while a sync compares with it."""

from __future__ import annotations

import sqlite3
from collections.abc import Collection, Generator, Iterator
from contextlib import contextmanager
from types import TracebackType
from typing import Self

from sesguard._core.moments import microseconds, moment
from sesguard._core.store_door import text
from sesguard.addresses import AddressKey
from sesguard.errors import StoreError
from sesguard.stores.account import AccountStore
from sesguard.suppression import Reason, Suppression

__all__ = ["OnAccount"]

_TABLE = """
    CREATE TABLE listed (
        address TEXT PRIMARY KEY, key TEXT NOT NULL, reason TEXT NOT NULL, at INTEGER NOT NULL
    ) WITHOUT ROWID
"""
_ROW = "SELECT address, key, reason, at FROM listed"
_OF = f"{_ROW} WHERE key = ?"
_PAGE = f"{_ROW} WHERE address > ? ORDER BY address LIMIT 1000"


_Row = tuple[str, str, str, int]


class OnAccount:
    """
    SES's list as it was read just now, and as it was changed since.

    It lies in a temporary file that nobody else sees, and that is gone when it is closed: hundreds
    of thousands of entries take no memory.

    Args:
        account: SES's list, which is read here: a call for each thousand entries.

        reasons: Of these alone.

    Raises:
        StoreError: SES does not answer, or there is no room for the file.
    """

    def __init__(self, account: AccountStore, reasons: Collection[Reason]) -> None:
        self._file = sqlite3.connect("", isolation_level=None)
        try:
            with _told():
                self._file.execute("PRAGMA journal_mode = OFF")  # it is read anew if it is lost
                self._file.execute(_TABLE)
                self._file.execute("CREATE INDEX by_key ON listed (key)")
            page = account.entries(reasons=reasons)
            self.put(page.items)
            while page.next is not None:
                page = account.entries(page.next, reasons=reasons)
                self.put(page.items)
        except BaseException:
            self._file.close()
            raise

    def put(self, entries: Collection[Suppression]) -> None:
        """Note what is on the list."""
        rows = [
            (text(one.address or one.key), text(one.key), one.reason, microseconds(one.at))
            for one in entries
        ]
        with _told():
            self._file.execute("BEGIN")
            self._file.executemany("REPLACE INTO listed VALUES (?, ?, ?, ?)", rows)
            self._file.execute("COMMIT")

    def of(self, key: AddressKey) -> list[Suppression]:
        """What stands there of a mailbox, in each spelling."""
        with _told():
            return list(map(_entry, self._file.execute(_OF, (text(key),))))

    def pages(self) -> Iterator[list[Suppression]]:
        """All of it, by spelling."""
        last = ""
        while rows := self._page(last):
            yield list(map(_entry, rows))
            last = rows[-1][0]

    def _page(self, last: str) -> list[_Row]:
        with _told():
            return self._file.execute(_PAGE, (last,)).fetchall()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
        /,
    ) -> None:
        self._file.close()


@contextmanager
def _told() -> Generator[None, None, None]:
    try:
        yield
    except sqlite3.Error as error:
        raise StoreError(
            f"SES's list could not be kept in a temporary file ({type(error).__name__}). Make "
            "room where temporary files go.",
            original=error,
        ) from None


def _entry(row: _Row) -> Suppression:
    address, key, reason, at = row
    return Suppression(
        key=AddressKey(key),
        reason=Reason(reason),
        at=moment(at),
        address=address,
        source="account",
    )
