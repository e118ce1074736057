"""A list of yours onto SES's own."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator
from dataclasses import replace

from sesguard._core.account_list import KEPT, keeps, speaking
from sesguard._core.naming import is_digest
from sesguard._sync.on_account import OnAccount
from sesguard._sync.parties import check, is_released, tells_releases
from sesguard._sync.progress import OnPage, Progress, Tally, chosen
from sesguard.errors import ConfigurationError
from sesguard.ports import SuppressionStore
from sesguard.stores.account import AccountStore
from sesguard.suppression import Reason, Suppression

__all__ = ["missing", "push"]

_PAGE = 100  # a minute or two of calls between two chances to keep progress.next
_REFUSED_IN_A_ROW = 10


def push(
    store: SuppressionStore,
    account: AccountStore,
    /,
    *,
    reasons: Collection[Reason] = KEPT,
    after: str | None = None,
    dry_run: bool = False,
    remove: bool = False,
    on_page: OnPage | None = None,
) -> Progress:
    """
    Put what is on a list of yours on SES's own, where it is not there: one entry a second.

    SES's list is read first, a thousand entries a second, so that an entry that is there keeps
    its time. A stronger reason replaces a weaker one, never the other way. 100,000 entries that
    are not there take 28 hours: `import_job` puts them there by a file.

    Args:
        store: Your list. One with ``hashed_with=`` keeps no addresses that could be put.

        account: SES's list.

        reasons: Of these alone.

        after: ``progress.next`` of a push that did not come to its end.

        dry_run: Write nothing, and count what would be done.

        remove: Also take off SES's list what your list has released at or after the time at which
            SES listed it, such as what an operator removed. What your list knows nothing of
            stays. Without this, nothing is taken off.

        on_page: Is told after each hundred of your entries, and each thousand of SES's.

    Returns:
        What was done since *after*.

    Raises:
        ConfigurationError: These are not the two lists, your list cannot tell what *remove* asks
            for or keeps digests; or SES refused ten addresses in a row and took none.

        StoreError: A list cannot be asked. Go on from the last ``progress.next``.
    """
    check(account, store)
    wanted = chosen(reasons)
    if remove and not tells_releases(store):
        raise ConfigurationError(
            "remove=True takes off what your list has released, and this store has no export() "
            "that tells. Remove them with AccountStore().remove(keys)."
        )
    tally = Tally(dry_run=dry_run)
    with OnAccount(account, wanted) as listed:
        in_a_row = 0
        while True:
            page = store.entries(after, _PAGE)
            for entry in missing(page.items, listed, wanted, tally):
                in_a_row = 0 if _put(entry, account, listed, tally) else in_a_row + 1
                if in_a_row == _REFUSED_IN_A_ROW:
                    raise ConfigurationError(
                        "SES has refused ten addresses in a row: either none of them is one, or "
                        "the account is in the sandbox, where nobody can be put on its list."
                    )
            if page.next is None:
                break
            after = page.next
            _tell(on_page, tally, after)
        if remove:
            for listed_page in listed.pages():
                _remove(listed_page, store, account, tally)
                _tell(on_page, tally, after)
    return _tell(on_page, tally, None)


def missing(
    entries: Iterable[Suppression], listed: OnAccount, reasons: Collection[Reason], tally: Tally
) -> Iterator[Suppression]:
    """
    The entries to put on SES's list, each as it is to be spelled there.

    Raises:
        ConfigurationError: They are digests.
    """
    for entry in entries:
        if is_digest(entry.key):
            raise ConfigurationError(
                "This list keeps digests of addresses (hashed_with=), and SES's list takes "
                "addresses: there is nothing that could be put on it."
            )
        if not keeps(entry) or entry.reason not in reasons:
            tally.skipped[entry.reason] += 1
            continue
        standing = speaking(listed.of(entry.key))
        if standing is not None and standing.reason.strength >= entry.reason.strength:
            tally.known[entry.reason] += 1
        else:
            yield entry if standing is None else replace(entry, address=standing.address)


def _put(entry: Suppression, account: AccountStore, listed: OnAccount, tally: Tally) -> bool:
    if not tally.dry_run:
        try:
            account.add([entry])
        except ConfigurationError:  # one that is no address to SES must not stop the others
            tally.refused[entry.reason] += 1
            return False
    listed.put([entry])
    tally.added[entry.reason] += 1
    return True


def _remove(
    entries: list[Suppression], store: SuppressionStore, account: AccountStore, tally: Tally
) -> None:
    on_yours = store.look_up([one.key for one in entries])
    gone = [one for one in entries if one.key not in on_yours and is_released(store, one)]
    if gone and not tally.dry_run:
        account.remove(list(dict.fromkeys(one.key for one in gone)))
    for one in gone:
        tally.removed[one.reason] += 1


def _tell(on_page: OnPage | None, tally: Tally, after: str | None) -> Progress:
    progress = tally.progress(after)
    if on_page is not None:
        on_page(progress)
    return progress
