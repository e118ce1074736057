"""The spellings on SES's list that are not their own keys: SES finds an entry by its exact case."""

from __future__ import annotations

import threading
from datetime import datetime, timedelta

from sesguard.addresses import AddressKey
from sesguard.stores.account_calls import Calls

__all__ = ["Spellings"]

_MARGIN = timedelta(minutes=5)
"""What may appear on the list with a time that is a little past."""


class Spellings:
    """
    Which mailboxes stand on the list in capitals.

    It reads the whole list once, and later what is new: times are SES's own. Only spellings that
    differ from their keys are kept, and kept when they are gone: to ask once more does no harm.
    """

    def __init__(self, calls: Calls) -> None:
        self._calls = calls
        self._reading = threading.Lock()
        self._lock = threading.Lock()
        self._odd: dict[AddressKey, tuple[str, ...]] = {}
        self._latest: datetime | None = None

    def catch_up(self) -> None:
        """Read what is new on the list: one call, and one for each thousand entries beyond."""
        with self._reading:
            since = None if self._latest is None else self._latest - _MARGIN
            token: str | None = None
            latest = self._latest
            while True:
                entries, token = self._calls.page(token, since=since)
                for one in entries:
                    self.learn(one.key, one.address)
                    latest = one.at if latest is None else max(latest, one.at)
                if token is None:
                    break
            self._latest = latest

    def learn(self, key: AddressKey, address: str | None) -> None:
        """Remember how an entry is spelled."""
        if address is not None and address != key:
            with self._lock:
                spellings = self._odd.get(key, ())
                if address not in spellings:
                    self._odd[key] = (*spellings, address)

    def of(self, key: AddressKey) -> tuple[str, ...]:
        """The odd spellings of a mailbox."""
        return self._odd.get(key, ())
