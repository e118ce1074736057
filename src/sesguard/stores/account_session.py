"""One process's view of SES's own list: its calls, and the spellings that it has met."""

from __future__ import annotations

from collections.abc import Callable, Iterable

from sesguard._core.account_list import Step, named
from sesguard.addresses import AddressKey
from sesguard.stores.account_calls import Calls
from sesguard.stores.account_spellings import Spellings
from sesguard.suppression import Suppression

__all__ = ["Session"]


class Session:
    """
    What is made anew in a process that was forked.

    Args:
        calls: The list.

        close: Lets go of the client.
    """

    def __init__(self, calls: Calls, *, close: Callable[[], None]) -> None:
        self.calls: Calls = calls
        self.spellings: Spellings = Spellings(calls)
        self._close = close

    def standing(self, key: AddressKey) -> list[Suppression]:
        """What is on the list of a mailbox, in each spelling that is known. Catch up before."""
        asked = map(self.calls.get, self._spelled(key))
        return [entry for entry in asked if entry is not None]

    def take(self, key: AddressKey, step: Step) -> None:
        """Put a spelling of a mailbox on the list, or take it off."""
        if step.reason is None:
            self.calls.delete(step.address)
        else:
            self.calls.put(step.address, step.reason)
            self.spellings.learn(named(key), step.address)

    def delete(self, key: AddressKey) -> int:
        """Take each spelling of a mailbox off the list. How many there were."""
        return sum(map(self.calls.delete, self._spelled(key)))

    def close(self) -> None:
        """Close the client, if it is ours."""
        self._close()

    def _spelled(self, key: AddressKey) -> Iterable[str]:
        folded = named(key)
        return dict.fromkeys((key, folded, *self.spellings.of(folded)))
