"""SES's own list: the account-level suppression list of one region."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from functools import partial

from sesguard._core import account_list, entering, store_door
from sesguard._core.listing import Line, Place
from sesguard._one_per_process import OnePerProcess
from sesguard.addresses import Address, AddressKey
from sesguard.clocks import SystemClock
from sesguard.errors import ConfigurationError
from sesguard.ports import Clock
from sesguard.stores._doors import Doors
from sesguard.stores.account_calls import LARGEST_PAGE, Calls, SuppressionListClient, make
from sesguard.stores.account_jobs import ImportReport, read_report
from sesguard.stores.account_session import Session
from sesguard.suppression import Change, Page, Reason, Suppression

__all__ = ["AccountStore"]


class AccountStore(Doors):
    """
    SES's own list, over its API v2, at one call a second.

    It is slow: **a look-up of 50 addresses makes 51 calls and takes 51 seconds**. For sends, put
    it behind a fast list in a `LayeredStore`, or bring it into one with `sesguard.sync.pull`. SES
    looks at this list itself in any case: it takes the mail, and the event tells.

    SES keeps an address as it was spelled, and finds it in that spelling alone. So a look-up asks
    for the key and, once, which addresses stand on the list in capitals: one call a thousand
    entries the first time, later mostly one. An entry is found in any case.

    What the list cannot hold is refused by `add`, and left out by `apply`: reasons beside
    ``BOUNCE`` and ``COMPLAINT``, scopes, entries that expire, and soft bounces, which are not
    counted.

    It has no place for the keys of events either, so `apply` answers True for all. To apply an
    event twice does no harm. SES dates an entry when it comes on the list, and a release takes
    off what is dated at or before it; what was taken off leaves no trace, so an older event that
    comes later puts it on again. Where the times do not tell, the address stays on the list. A
    batch is not one transaction: after an error, apply it again.

    Threads may share it. The credentials must be allowed ses:GetSuppressedDestination,
    ses:PutSuppressedDestination, ses:DeleteSuppressedDestination and
    ses:ListSuppressedDestinations; in the sandbox nobody can be put on the list.

    Args:
        boto3_client: A client for ``sesv2`` to use instead of our own. It is not closed.

        boto3_session: The credentials for our own client.

        region_name: The region, each of which has a list of its own.

        endpoint_url: Where SES listens, if not at Amazon.

        pace: Seconds between two calls, or a timedelta. SES refuses what comes faster than one a
            second; a refusal is waited out, up to half a minute, before it is an error.

        clock: What the calls wait by, and the time of an operator's entry.

    Attributes:
        clock: What was given, or the system's.

    Raises:
        ConfigurationError: Options that cannot work, or do not go together.

    Source:
        SES Developer Guide, "Using the Amazon SES account-level suppression list" and "Service
        quotas".
    """

    def __init__(
        self,
        *,
        boto3_client: SuppressionListClient | None = None,
        boto3_session: object = None,
        region_name: str | None = None,
        endpoint_url: str | None = None,
        pace: float | timedelta = 1.0,
        clock: Clock | None = None,
    ) -> None:
        if boto3_client is not None and any((boto3_session, region_name, endpoint_url)):
            raise ConfigurationError(
                "boto3_client= brings its own session, region and endpoint. Give it alone."
            )
        if boto3_client is not None and not hasattr(boto3_client, "get_suppressed_destination"):
            raise ConfigurationError(
                "boto3_client= must be a client for 'sesv2': boto3.client('sesv2', ...)."
            )
        self.clock: Clock = clock or SystemClock()
        super().__init__(self.clock)
        self._pace = _pace(pace)
        self._given = boto3_client
        self._make = partial(make, session=boto3_session, region=region_name, endpoint=endpoint_url)
        self._own = OnePerProcess(self._open)

    def look_up(
        self, keys: Sequence[AddressKey], scopes: Sequence[str] = (), /
    ) -> Mapping[AddressKey, Suppression]:
        """
        The entry for each of *keys* that has one: a second for each, and one for all of them.

        Raises:
            StoreError: SES does not answer, or not that the address is not on the list.
        """
        store_door.scopes(scopes)
        asked = tuple(dict.fromkeys(store_door.keys(keys)))
        if not asked:
            return {}
        session = self._own.get()
        session.spellings.catch_up()
        entries = {key: account_list.speaking(session.standing(key)) for key in asked}
        return {key: replace(one, key=key) for key, one in entries.items() if one is not None}

    def apply(self, batch: Sequence[tuple[str, Sequence[Change]]], /) -> Sequence[bool]:
        """
        Put on the list, and take off it, what events ask for, as far as SES can keep it.

        Returns:
            True for each event: whether it was seen before is not known.

        Raises:
            ConfigurationError: Something in the batch is no change, and nothing was applied; or
                SES does not take an address.

            StoreError: SES does not answer. Apply the batch again.
        """
        events = store_door.batch(batch)
        said = account_list.wanted(events)
        if said:
            session = self._own.get()
            session.spellings.catch_up()
            for key, by_reason in said.items():
                for step in account_list.steps(by_reason, session.standing(key)):
                    session.take(key, step)
        return [True] * len(events)

    def add(self, suppressions: Iterable[Suppression], /) -> None:
        """
        Put entries on the list, as an operator: one call each. SES gives them its own time.

        Raises:
            ConfigurationError: SES's list cannot keep one of them, and nothing was added; or SES
                does not take an address.

            StoreError: SES does not answer. Add all of them again.
        """
        entries = store_door.suppressions(suppressions)
        if not all(map(account_list.keeps, entries)):
            raise ConfigurationError(
                "SES's list takes the reasons BOUNCE and COMPLAINT, for all mail and without an "
                "end. Keep other entries in a list of your own."
            )
        strongest: dict[AddressKey, Suppression] = {}
        for one in entries:
            known = strongest.get(one.key)
            strongest[one.key] = account_list.speaking([known, one] if known else [one]) or one
        for key, one in strongest.items():
            step = account_list.Step(account_list.spelling(one), one.reason)
            self._own.get().take(key, step)

    def suppress(
        self,
        address: str | Address,
        reason: Reason = Reason.BOUNCE,
        *,
        scope: str = "",
        detail: str | None = None,
        expires_at: datetime | None = None,
    ) -> None:
        """
        Put one address on the list, as an operator. SES has no place for *detail*.

        Raises:
            AddressError: It is no address.

            ConfigurationError: SES has no such reason, and no scopes and ends.

            StoreError: SES does not answer.
        """
        super().suppress(address, reason, scope=scope, detail=detail, expires_at=expires_at)

    def remove(self, keys: Sequence[AddressKey], scope: str = "", /) -> int:
        """
        Take keys off the list, in whichever case they stand there.

        Returns:
            How many of them were on it. For another scope than ``""``: none.

        Raises:
            StoreError: SES does not answer. Remove them again.
        """
        part = store_door.scope(scope)
        asked = tuple(dict.fromkeys(store_door.keys(keys)))
        if part or not asked:
            return 0
        session = self._own.get()
        session.spellings.catch_up()
        return sum(session.delete(key) > 0 for key in asked)

    def export(self, address: str | Address) -> list[dict[str, object]]:
        """
        All that the list knows of an address, as JSON takes it. See `SQLiteStore.export`.

        Raises:
            AddressError: It is no address.

            StoreError: SES does not answer.
        """
        key = Address.parse(address).key
        session = self._own.get()
        session.spellings.catch_up()
        return entering.export(
            Line(place=Place(key, "", one.reason), entry=one) for one in session.standing(key)
        )

    def erase(self, address: str | Address) -> int:
        """
        Forget an address: take it off the list in each case in which it stands there.

        Returns:
            How many entries there were.

        Raises:
            AddressError: It is no address.

            StoreError: SES does not answer. Erase it again.
        """
        key = Address.parse(address).key
        session = self._own.get()
        session.spellings.catch_up()
        return session.delete(key)

    def entries(
        self,
        after: str | None = None,
        limit: int = 1000,
        *,
        reasons: Collection[Reason] = (),
        since: datetime | None = None,
    ) -> Page[Suppression]:
        """
        The list, page by page, in SES's order. The cursors are SES's, and good for a while.

        Args:
            reasons: Of these alone.

            since: What SES has put there at or after this time, aware.

        Raises:
            ConfigurationError: SES does not know the cursor any more: begin anew.

            StoreError: SES does not answer.
        """
        size = store_door.limit(limit)
        if since is not None and since.utcoffset() is None:
            raise ConfigurationError("since= has no time zone: datetime.now(UTC) has one.")
        session = self._own.get()
        items: list[Suppression] = []
        while True:
            wanted = min(size - len(items), LARGEST_PAGE)
            found, token = session.calls.page(after, size=wanted, reasons=reasons, since=since)
            items.extend(found)
            for one in found:
                session.spellings.learn(one.key, one.address)
            if token is None or len(items) >= size:
                return Page(items, token)
            after = token

    def start_import(self, s3_url: str, data_format: str = "JSON") -> str:
        """
        Have SES put a file of addresses on the list. `sesguard.sync.import_job` writes the file.

        Args:
            s3_url: ``s3://bucket/key``. SES must be allowed to read it.

            data_format: ``JSON``, an object a line, or ``CSV``.

        Returns:
            The id of the job.

        Raises:
            StoreError: SES refused, or does not answer.

        Source:
            SES API v2 Reference, "CreateImportJob": 100,000 addresses a file.
        """
        return self._own.get().calls.start_job(s3_url, data_format)

    def import_report(self, job_id: str) -> ImportReport:
        """
        How far a job has come.

        Raises:
            StoreError: There is no such job, or SES does not answer.
        """
        return read_report(job_id, self._own.get().calls.job(job_id))

    def close(self) -> None:
        """Close our own client. A later call makes another one."""
        self._own.close()

    def _open(self) -> Session:
        if self._given is not None:
            calls = Calls(self._given, pace=self._pace, clock=self.clock)
            return Session(calls, close=lambda: None)
        client = self._make()
        return Session(Calls(client, pace=self._pace, clock=self.clock), close=client.close)


def _pace(given: float | timedelta) -> float:
    seconds = given.total_seconds() if isinstance(given, timedelta) else given
    if type(seconds) not in (int, float) or not 0 <= seconds <= 3600:
        raise ConfigurationError("pace= is seconds between two calls, from 0 to 3600.")
    return float(seconds)
