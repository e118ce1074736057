"""A suppression list that is kept by functions of yours, such as an ``email_ok`` column."""

from __future__ import annotations

from collections.abc import Callable, Collection, Coroutine, Iterable, Mapping, Sequence
from dataclasses import replace
from typing import TypeVar, cast

from sesguard._core import listing, store_door
from sesguard._frozen import FrozenMapping
from sesguard.addresses import AddressKey
from sesguard.clocks import SystemClock
from sesguard.errors import ConfigurationError, SESGuardError, StoreError
from sesguard.ports import Clock, SuppressionHook, SuppressionStore
from sesguard.stores._doors import Doors
from sesguard.suppression import Change, Page, Reason, Suppress, Suppression, stream_scope

__all__ = ["FunctionStore"]

T = TypeVar("T")

# In the bookkeeping, what holds for all mail stands apart from what holds for a part of it, so
# that either can be asked for alone. No stream is called so: a tag has no asterisk.
_ALL_MAIL = stream_scope("*")
_NOTHING: Mapping[AddressKey, Suppression] = FrozenMapping()


class FunctionStore(Doors):
    """
    A suppression list whose entries for all mail are kept by functions of yours.

    *look_up* has the last word on them: an address for which it answers False may be mailed,
    whatever happened before. Entries for one tenant or stream are kept in the bookkeeping alone.

    Your functions run outside of the bookkeeping's transaction: first the changes are written
    down, then your functions are told, then the event is marked as done. So an event that is
    reported as applied has reached *suppress* **at least once**, and a repeated event may reach
    it again: both functions must be idempotent. A failure of either is a `StoreError`, after
    which the batch is applied again when the queue brings it again. A process that is killed
    in between may lose a release; the address then stays on the list.

    Args:
        look_up: ``(key) -> bool | Suppression | None``; True or a `Suppression` means *do not
            mail*. It is asked with a key: lower case, without display name.

        suppress: Told what to put on the list. Of several reasons, the strongest.

        release: Told a key that is to come off the list. Without it nothing comes off through
            this store, and `remove` is refused.

        bookkeeping: A store for event keys, soft-bounce counts and releases, used for nothing
            else. A `MemoryStore` unless given: it is gone when the process ends, so events that
            are repeated after a restart reach *suppress* again, and counts begin anew.

        clock: Tells what has expired. A plain True does not expire.
    """

    def __init__(
        self,
        *,
        look_up: SuppressionHook,
        suppress: Callable[[Suppression], object],
        release: Callable[[AddressKey], object] | None = None,
        bookkeeping: SuppressionStore | None = None,
        clock: Clock | None = None,
    ) -> None:
        super().__init__(clock or SystemClock())
        self._look_up = look_up
        self._suppress = suppress
        self._release = release
        self._books = _books_in_memory(self._clock) if bookkeeping is None else bookkeeping
        self._owed: set[AddressKey] = set()

    def look_up(
        self, keys: Sequence[AddressKey], scopes: Sequence[str] = (), /
    ) -> Mapping[AddressKey, Suppression]:
        """
        The strongest entry for each of *keys* that has one, in ``""`` and *scopes*.

        Raises:
            StoreError: Your function failed, or answered what is no answer.
        """
        asked = store_door.scopes(scopes)
        answers = {key: self._asked(key) for key in store_door.keys(keys)}
        listed = self._booked([key for key, answer in answers.items() if answer])
        partly = self._books.look_up(list(answers), asked[1:]) if asked[1:] else _NOTHING
        now = self._clock.now()
        found: dict[AddressKey, Suppression] = {}
        for key, answer in answers.items():
            known = [one for one in (listed.get(key), partly.get(key)) if one]
            if isinstance(answer, Suppression) and answer.scope in asked:
                known.append(answer)
            elif answer is True and key not in listed:
                known.append(Suppression(key=key, reason=Reason.MANUAL, at=now, source="hook"))
            if entry := listing.strongest(known, now=now):
                found[key] = entry
        return found

    def apply(self, batch: Sequence[tuple[str, Sequence[Change]]], /) -> Sequence[bool]:
        """
        Apply events, each by its key: write down, tell your functions, mark as done.

        Raises:
            ConfigurationError: Something in the batch is no change. Nothing was applied.

            StoreError: Your function failed, or the bookkeeping. Apply the batch again.
        """
        events = store_door.batch(batch)
        places = [listing.place(change) for _, changes in events for change in changes]
        touched = dict.fromkeys(where.key for where in places if not where.scope)
        before = self._booked(touched)
        fresh = self._books.apply(
            [(key, [_booking(one) for one in changes]) for key, changes in events]
        )
        self._tell(touched, before, again=_keys_of_repeated(events, fresh))
        return self._books.apply([(f"done {key}", ()) for key, _ in events])

    def add(self, suppressions: Iterable[Suppression], /) -> None:
        """
        Put entries on the list, as an operator.

        Raises:
            StoreError: Your function failed, or the bookkeeping. Add them again.
        """
        entries = store_door.suppressions(suppressions)
        self._books.add([one if one.scope else replace(one, scope=_ALL_MAIL) for one in entries])
        keys = dict.fromkeys(one.key for one in entries if not one.scope)
        self._tell(keys, {}, again=keys)

    def remove(self, keys: Sequence[AddressKey], scope: str = "", /) -> int:
        """
        Take keys off the list in one scope, as an operator.

        Returns:
            How many of them were on it.

        Raises:
            ConfigurationError: There is no *release* to tell.

            StoreError: Your function failed, or the bookkeeping. Remove them again.
        """
        store_door.scopes([scope])
        if scope:
            return self._books.remove(keys, scope)
        if self._release is None:
            raise ConfigurationError(
                "This FunctionStore cannot take anybody off the list: give it release=, a "
                "function that is told the key."
            )
        found = self.look_up(keys)
        self._books.remove(keys, _ALL_MAIL)
        for key in found:
            _told(self._release, key)
        return len(found)

    def entries(self, after: str | None = None, limit: int = 1000) -> Page[Suppression]:
        """What came through this store and holds, page by page. Your function is not asked."""
        page = self._books.entries(after, limit)
        return Page([_for_all_mail(one) for one in page.items], page.next)

    def close(self) -> None:
        """Close the bookkeeping."""
        self._books.close()

    def _asked(self, key: AddressKey) -> bool | Suppression:
        answer = _told(self._look_up, key)
        if answer is None or answer is False:
            return False
        if answer is True or (isinstance(answer, Suppression) and answer.key == key):
            return answer
        raise StoreError(
            f"look_up= answered with {type(answer).__name__}. It must answer True (do not mail), "
            "False, None, or a Suppression of the key that it was asked for."
        )

    def _booked(self, keys: Collection[AddressKey]) -> Mapping[AddressKey, Suppression]:
        """What the bookkeeping knows to hold for all mail."""
        if not keys:
            return _NOTHING
        found = self._books.look_up(list(keys), [_ALL_MAIL])
        return {key: _for_all_mail(entry) for key, entry in found.items()}

    def _tell(
        self,
        keys: Collection[AddressKey],
        before: Mapping[AddressKey, Suppression],
        *,
        again: Collection[AddressKey],
    ) -> None:
        """
        Tell your functions how it stands with *keys* now, where that is new.

        Those in *again* are told though nothing is new: the last time may have ended before that.
        Others are not, or one soft bounce would put back whom you have taken off by hand.

        A key comes off only where an entry that was written down here went: what the bookkeeping
        does not know may be on the list for another reason.
        """
        standing = self._booked(keys)
        self._owed |= before.keys() - standing.keys()
        for key in keys:
            if key in standing:
                if key in again or standing[key] != before.get(key):
                    _told(self._suppress, standing[key])
            elif key in self._owed and self._release is not None:
                _told(self._release, key)
            self._owed.discard(key)


def _books_in_memory(clock: Clock) -> SuppressionStore:
    from sesguard.stores.memory import MemoryStore  # the usual books; a neighbour all the same

    return MemoryStore(clock=clock)


def _keys_of_repeated(
    events: Sequence[tuple[str, Sequence[Change]]], fresh: Sequence[bool]
) -> set[AddressKey]:
    """Whom the events speak of that were written down before."""
    return {
        listing.place(change).key
        for (_, changes), is_new in zip(events, fresh, strict=True)
        if not is_new
        for change in changes
    }


def _booking(change: Change) -> Change:
    """A change as the bookkeeping keeps it."""
    if isinstance(change, Suppress):
        entry = change.suppression
        return change if entry.scope else Suppress(suppression=replace(entry, scope=_ALL_MAIL))
    return change if change.scope else replace(change, scope=_ALL_MAIL)


def _for_all_mail(entry: Suppression) -> Suppression:
    return replace(entry, scope="") if entry.scope == _ALL_MAIL else entry


def _told(function: Callable[[T], object], argument: T) -> object:
    """Call a function of the user's, and have its failure in our words."""
    try:
        answer = function(argument)
    except SESGuardError:
        raise
    except Exception as error:
        # Whatever it raises may hold an address, and the list is not as it should be.
        raise StoreError(
            f"A function given to FunctionStore failed with {type(error).__name__}: see "
            "error.original.",
            original=error,
        ) from None
    if isinstance(answer, Coroutine):
        cast("Coroutine[object, object, object]", answer).close()
        raise ConfigurationError("FunctionStore takes plain functions, not asynchronous ones.")
    return answer
