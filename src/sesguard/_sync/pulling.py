"""SES's own list into one of yours."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from datetime import datetime
from uuid import uuid4

from sesguard._core.account_list import KEPT
from sesguard._sync.parties import check, is_released
from sesguard._sync.progress import OnPage, Progress, Tally, chosen
from sesguard.addresses import AddressKey
from sesguard.ports import SuppressionStore
from sesguard.stores.account import AccountStore
from sesguard.suppression import Reason, Suppress, Suppression

__all__ = ["pull"]

_AT_ONCE = 50  # as many as one event may bring, which every store takes in one transaction


def pull(
    account: AccountStore,
    store: SuppressionStore,
    /,
    *,
    reasons: Collection[Reason] = KEPT,
    since: datetime | None = None,
    after: str | None = None,
    dry_run: bool = False,
    on_page: OnPage | None = None,
) -> Progress:
    """
    Bring what is on SES's own list into a list of yours: a thousand entries a second.

    Entries come as events do, with SES's time, so your word stands: an address that was released
    on your list at or after that time is not put back (``released``), and an entry of yours is
    not weakened. Nothing is taken off either list. To pull twice does no harm.

    Args:
        account: SES's list.

        store: Yours.

        reasons: Of these alone.

        since: Only what SES has listed at or after this time, aware.

        after: ``progress.next`` of a pull that did not come to its end. SES decides how long it
            is good.

        dry_run: Write nothing, and count what would be done. A store without ``export`` cannot
            say beforehand what was released: that counts as ``added`` then.

        on_page: Is told after each thousand.

    Returns:
        What was done since *after*.

    Raises:
        ConfigurationError: These are not the two lists, or *after* is no good any more.

        StoreError: A list cannot be asked. Go on from the last ``progress.next``.
    """
    check(account, store)
    wanted = chosen(reasons)
    tally = Tally(dry_run=dry_run)
    while True:
        page = account.entries(after, reasons=wanted, since=since)
        _take(page.items, store, tally)
        progress = tally.progress(page.next)
        if on_page is not None:
            on_page(progress)
        if page.next is None:
            return progress
        after = page.next


def _take(entries: Sequence[Suppression], store: SuppressionStore, tally: Tally) -> None:
    keys = [one.key for one in entries]
    met = set(store.look_up(keys)) if keys else set[AddressKey]()
    new = [one for one in entries if one.key not in met]
    if not tally.dry_run:
        for start in range(0, len(entries), _AT_ONCE):
            changes = [Suppress(one) for one in entries[start : start + _AT_ONCE]]
            store.apply([(f"account-list:{uuid4().hex}", changes)])
        standing = set(store.look_up([one.key for one in new])) if new else met
    else:
        standing = {one.key for one in new if not is_released(store, one)}
    for one in entries:
        if one.key in met:
            tally.known[one.reason] += 1
        elif one.key in standing:
            tally.added[one.reason] += 1
            met.add(one.key)
        else:
            tally.released[one.reason] += 1
