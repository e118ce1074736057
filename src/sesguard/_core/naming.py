"""The names that a store keeps mailboxes under: their keys, or digests that nobody reads."""

from __future__ import annotations

import hmac
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from typing import TypeAlias, cast

from sesguard.addresses import AddressKey
from sesguard.errors import ConfigurationError, StoreError
from sesguard.suppression import Change, CountSoftBounce, Suppress, Suppression

__all__ = ["HashedWith", "Names", "is_digest", "names_of", "not_given"]

HashedWith: TypeAlias = bytes | Mapping[str, bytes]
"""A pepper, or peppers by their ids; the first one is written with."""

_ID = re.compile(r"[A-Za-z0-9_.-]{1,32}")
_NAME = re.compile(r"([A-Za-z0-9_.-]{1,32}):[0-9a-f]{64}")
_SHORTEST = 32

_CLEAR = {"": ""}
"""What a list whose names are keys says of itself."""


@dataclass(frozen=True, slots=True)
class Names:
    """
    How keys become the names of a store.

    Attributes:
        peppers: Id and secret, the one that is written with first. None: names are keys.
    """

    peppers: tuple[tuple[str, bytes], ...] = field(default=(), repr=False)

    def all(self, key: AddressKey) -> tuple[AddressKey, ...]:
        """
        All names that a mailbox may stand under, the one that is written to first.

        What is a name already, as `entries` of a hashed store gives them, stands for itself.
        """
        if not self.peppers or is_digest(key):
            return (key,)
        text = key.encode("utf-8", "surrogatepass")
        return tuple(_name(id, pepper, text) for id, pepper in self.peppers)

    def asked(self, keys: Iterable[AddressKey]) -> dict[AddressKey, AddressKey]:
        """Name to key, for all names that keys may stand under."""
        if not self.peppers:
            return {key: key for key in keys}
        return {name: key for key in keys for name in self.all(key)}

    def hidden(self, entry: Suppression, name: AddressKey) -> Suppression:
        """An entry as it is written under a name."""
        return replace(entry, key=name, address=None) if self.peppers else entry

    def hidden_change(self, change: Change, name: AddressKey) -> Change:
        """A change as it is made under a name."""
        if not self.peppers:
            return change
        if isinstance(change, Suppress):
            return Suppress(self.hidden(change.suppression, name))
        if isinstance(change, CountSoftBounce):
            return replace(change, key=name, address=None)
        return replace(change, key=name)

    @property
    def marks(self) -> dict[str, str]:
        """What a list says of how its names are made: id to a digest that tells the pepper."""
        if not self.peppers:
            return _CLEAR
        return {id: hmac.digest(pepper, b"", "sha256").hex()[:16] for id, pepper in self.peppers}

    def unknown(self, marks: Mapping[str, str], *, where: str) -> tuple[str, ...]:
        """
        The ids that a list was written with, and that are not given.

        Args:
            marks: What the list says of itself; empty where it is new.

            where: The list, as the beginning of a message.

        Raises:
            StoreError: The list's names are made in another way: nobody would be found.
        """
        if not marks:
            return ()
        if not self.peppers and marks != _CLEAR:
            raise StoreError(
                f"{where} keeps digests of addresses: open it with hashed_with= and the peppers "
                f"of the ids {', '.join(sorted(marks))}."
            )
        ours = self.marks
        if self.peppers and "" in marks:
            raise StoreError(
                f"{where} keeps addresses in clear: begin a new list with hashed_with=, and add "
                "what entries() of this one gives."
            )
        wrong = sorted(id for id, mark in marks.items() if ours.get(id, mark) != mark)
        if wrong:
            raise StoreError(
                f"{where} was written with another pepper of the id {wrong[0]}: give that one, or "
                "the new pepper a new id before it in hashed_with=."
            )
        return tuple(sorted(set(marks) - set(ours)))


def is_digest(key: str) -> bool:
    """Whether a key is one that a hashed list gave."""
    return _NAME.fullmatch(key) is not None


def names_of(hashed_with: HashedWith | None) -> Names:
    """
    How names are made, out of an option.

    Raises:
        ConfigurationError: There is no pepper, one is too short, or an id cannot be.

    Source:
        RFC 2104, section 3: keys shorter than the digest weaken it.
    """
    if hashed_with is None:
        return Names()
    given = {"1": hashed_with} if isinstance(hashed_with, bytes) else hashed_with
    peppers = _mapping(given)
    if not peppers:
        raise ConfigurationError("hashed_with= needs a pepper: secrets.token_bytes(32) makes one.")
    for id, pepper in peppers.items():
        if not isinstance(id, str) or not _ID.fullmatch(id):
            raise ConfigurationError(
                "An id in hashed_with= is 1 to 32 of A-Z a-z 0-9 _ . - and names its pepper."
            )
        if not isinstance(pepper, bytes) or len(pepper) < _SHORTEST:
            raise ConfigurationError(
                f"The pepper {id} in hashed_with= must be {_SHORTEST} bytes or more: "
                "secrets.token_bytes(32) makes one. Keep it apart from the list."
            )
    return Names(tuple(cast("Mapping[str, bytes]", peppers).items()))


def _mapping(given: object) -> Mapping[object, object]:
    if not isinstance(given, Mapping):
        raise ConfigurationError("hashed_with= is a pepper in bytes, or peppers by their ids.")
    return cast("Mapping[object, object]", given)


def not_given(id: str, *, where: str) -> StoreError:
    """The error for what stands under an id whose pepper is not given."""
    return StoreError(
        f"{where} has entries under the pepper {id}, which hashed_with= does not "
        "give: they would not be found. Give that pepper after the new one."
    )


def _name(id: str, pepper: bytes, text: bytes) -> AddressKey:
    return AddressKey(f"{id}:{hmac.digest(pepper, text, 'sha256').hex()}")
