"""A suppression list in Redis: read at one moment, and written if nobody was faster."""

from __future__ import annotations

import secrets
from collections.abc import Iterable, Iterator, Sequence
from datetime import datetime, timedelta

from sesguard._core.drafts import Draft
from sesguard._core.listing import Line, Place
from sesguard._core.naming import Names, not_given
from sesguard._core.store_door import text
from sesguard.addresses import AddressKey
from sesguard.errors import StoreError
from sesguard.stores import redis_counting
from sesguard.stores.redis_about import About
from sesguard.stores.redis_asking import Client, RedisAsking
from sesguard.stores.redis_found import Found
from sesguard.stores.redis_keys import RedisKeys
from sesguard.stores.redis_scripts import BEGIN, CHANGED, DONE, FOREIGN, READ, WRITE

__all__ = ["MOST_TRIES", "RedisList"]

MOST_TRIES = 100
"""How often others may be faster, until it is an error."""

_MILLISECOND = timedelta(milliseconds=1)
_REPEATED_WITHIN = timedelta(minutes=10)  # after which redis-py asks for nothing again


class RedisList:
    """
    The list under one prefix.

    Once used, it must stay the same one: a list that is gone, or another one at its place, is an
    error, never an empty list.
    """

    def __init__(self, redis: Client, prefix: str, names: Names) -> None:
        self._keys = RedisKeys(prefix)
        self._asking = RedisAsking(redis, self._keys)
        self._names = names
        self._agreed: tuple[bytes, str] | None = None  # what it says of itself, and its id

    def let_go(self) -> None:
        """Take whatever list is there at the next use for the one that is meant."""
        self._agreed = None

    def read(self, names: Iterable[AddressKey], events: Iterable[str] = ()) -> Found:
        """
        What stands under names, and which events are marked, all at one moment.

        Raises:
            StoreError: It cannot be read, or nobody would be found in it.
        """
        asked = list(dict.fromkeys(text(name).encode() for name in names))
        marks = list(dict.fromkeys(map(self._keys.of_event, events)))
        keys = (self._keys.about, self._keys.names, *map(self._keys.of_name, asked), *marks)
        number = 1 + len(asked) + len(marks)
        known = self._agreed  # before it is asked: another thread may begin the list meanwhile
        about, *held = self._asking.texts(READ, keys, asked, number=number)
        agreed = self._agree(about, known)
        texts = dict(zip(asked, held[: len(asked)], strict=True))
        for name, found in texts.items():
            if found == b"":
                raise self._keys.foreign_text(name, "nothing is left of it")
        marked = (one is not None for one in held[len(asked) :])
        return Found(self._keys, agreed, texts, dict(zip(marks, marked, strict=True)))

    def write(
        self,
        found: Found,
        draft: Draft,
        *,
        now: datetime,
        keep_marks: timedelta,
        over: Iterable[bytes],
        token: str,
    ) -> bool:
        """
        Write what is different, if all that was read is still so.

        Args:
            over: Members of the counting set to take out beside those that the draft tells.

            token: This write's own. One that is asked for again with it is made once.

        Returns:
            False: somebody else was faster, and nothing was written.
        """
        counting = [*redis_counting.moves(draft.changes(), now=now), *((one, "") for one in over)]
        if not (found.fresh or counting or draft.changes()):
            return True
        marks, stay = tuple(found.fresh), keep_marks
        if not marks:
            marks, stay = (self._keys.of_write(token),), _REPEATED_WITHIN
        texts = list(found.texts(draft))
        keys = (
            *(self._keys.about, self._keys.names, self._keys.counting, *marks),
            *(self._keys.of_name(name) for name, _, _ in texts),
        )
        stays = [max(1, stay // _MILLISECOND)] * len(marks)
        arguments = (
            *(token, found.about, len(marks), *stays, len(texts)),
            *(part for one in texts for part in one),
            *(part for one in counting for part in one),
        )
        answer = self._asking.run(WRITE, keys, arguments)
        if answer not in (DONE, CHANGED):
            raise self._asking.no_answer()
        return answer == DONE

    def pages(self, first: AddressKey | None, *, at_once: int) -> Iterator[Sequence[Line]]:
        """All lines of each name, in the order of names, from one on."""
        bound = b"-" if first is None else b"[" + text(first).encode()
        size = min(max(at_once, 100), 5_000)
        while True:
            members = self._asking.members(
                *("ZRANGEBYLEX", self._keys.names, bound, b"+", "LIMIT", 0, size)
            )
            names = list(map(self._name, members))
            found = self.read(names)
            yield from map(found.lines, names)
            if len(names) < size:
                return
            bound = b"(" + members[-1]

    def over(self, before: datetime, limit: int) -> dict[bytes, tuple[Place, str]]:
        """Soft bounces that count for nothing since a time, by their members of that set."""
        until = redis_counting.milliseconds(before)
        members = self._asking.members(
            *("ZRANGEBYSCORE", self._keys.counting, "-inf", until, "LIMIT", 0, limit)
        )
        try:
            return {one: redis_counting.bounce_of(one) for one in members}
        except ValueError as error:
            raise self._keys.foreign(self._keys.counting, str(error)) from None

    def contended(self) -> StoreError:
        """The error for a write that was never the first."""
        return StoreError(
            f"{self._keys.where} was changed by others {MOST_TRIES} times, each time before this "
            "change could be written, so nothing was: try again."
        )

    def _name(self, member: bytes) -> AddressKey:
        try:
            return AddressKey(member.decode())
        except UnicodeDecodeError:
            why = "it holds what this store did not write"
        raise self._keys.foreign(self._keys.names, why)

    def _agree(self, held: bytes | None, known: tuple[bytes, str] | None) -> bytes:
        """
        See that the list is the one that was used before, and that its names are made as ours.

        Where it is a new one, or nothing stands under peppers that are not given, write down how.
        """
        for _ in range(MOST_TRIES):
            if held is not None and known is not None and held == known[0]:
                return held
            about = self._about(held, known)
            if held is not None and about.marks == self._names.marks:
                self._agreed = (held, about.id)
                return held
            others = self._names.unknown(about.marks, where=self._keys.where)
            ours = About(about.id, self._names.marks).to_text()
            keys = (self._keys.about, self._keys.names)
            answer = self._asking.run(BEGIN, keys, (held or b"", ours, *others))
            if answer == FOREIGN:
                raise self._keys.foreign(self._keys.about, "it is gone, and the list is not")
            if isinstance(answer, bytes):
                raise not_given(answer.decode(), where=self._keys.where)
            if answer not in (DONE, CHANGED):
                raise self._asking.no_answer()
            (held,) = self._asking.texts(READ, keys, (), number=1)
        raise self.contended()

    def _about(self, held: bytes | None, known: tuple[bytes, str] | None) -> About:
        """What the list says of itself, or a new one would. It must be the one of before."""
        try:
            about = About(secrets.token_hex(8)) if held is None else About.from_text(held)
        except ValueError as error:
            raise self._keys.foreign(self._keys.about, str(error)) from None
        if known is not None and about.id != known[1]:
            raise StoreError(
                f"{self._keys.where} was deleted or replaced while this process used it, or the "
                "server lost its data: bring the list back, or close the store to begin anew."
            )
        return about
