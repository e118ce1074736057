"""Lists, a page at a time."""

from __future__ import annotations

import base64
import binascii
import heapq
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import TypeVar

from sesguard.simulator import refusals
from sesguard.simulator.refusals import Refusal
from sesguard.simulator.state import Call

__all__ = ["Paging"]

T = TypeVar("T")


@dataclass(frozen=True, slots=True, kw_only=True)
class Paging:
    """
    How one kind of list is cut into pages.

    Attributes:
        kind: What is listed. A token of one kind of list is refused by every other.

        usual: How many are on a page if nothing else is asked for.

        most: The largest page.

        size_name: The parameter for it.

        lenient: Whether a size out of range gives a page of *usual*, and is not refused.

        refuse: What is answered to a token that was not given out for this.
    """

    kind: str
    usual: int = 100
    most: int = 1000
    size_name: str = "PageSize"
    lenient: bool = False
    refuse: Callable[[str], Refusal] = refusals.invalid

    def page(
        self, call: Call, items: Iterable[T], key: Callable[[T], str], *scope: object
    ) -> tuple[list[T], dict[str, str]]:
        """
        The page that was asked for, in the order of its keys.

        It goes on after the last key, so that nothing is missed if some are deleted in between.

        Args:
            call: Names the page by its size and token.

            items: All there are.

            key: Tells them apart.

            scope: What else was asked for: a token is good for the same question only.

        Returns:
            What is on it, and ``NextToken`` if that is not all.

        Raises:
            Refusal: The size is out of range, or the token was not given out for this list.
        """
        size = self._size(call)
        token = call.parameters.get("NextToken")
        if token is not None:
            after = self._read(token, call, scope)
            items = (item for item in items if key(item) > after)
        found = heapq.nsmallest(size + 1, items, key=key)
        if len(found) <= size:
            return found, {}
        return found[:size], {"NextToken": self._token(key(found[size - 1]), call, scope)}

    def _size(self, call: Call) -> int:
        size: int | None = call.parameters.get(self.size_name)
        if size is not None and 1 <= size <= self.most:
            return size
        if size is None or self.lenient:
            return self.usual
        raise refusals.invalid(
            f"Value {size} for parameter {self.size_name} is invalid. "
            f"{self.size_name} must be between 1 and {self.most}."
        )

    def _token(self, after: str, call: Call, scope: tuple[object, ...]) -> str:
        place = (self.kind, call.region.name, repr(scope), after)
        seal = call.world.identifiers.seal("page", *place)
        return base64.urlsafe_b64encode(f"{seal}{after}".encode()).decode()

    def _read(self, token: str, call: Call, scope: tuple[object, ...]) -> str:
        try:
            after = base64.urlsafe_b64decode(token.encode()).decode()[32:]
        except (binascii.Error, UnicodeError):
            raise self.refuse(f"Invalid NextToken <{token}>.") from None
        if token != self._token(after, call, scope):
            raise self.refuse(f"Invalid NextToken <{token}>.")
        return after
