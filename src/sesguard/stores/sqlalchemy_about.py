"""What a suppression list in a database says of itself, and that a store agrees with it."""

from __future__ import annotations

from sesguard._core.naming import Names, not_given
from sesguard.errors import MissingExtraError, StoreError
from sesguard.ports import Clock
from sesguard.stores.sqlalchemy_holding import lock
from sesguard.stores.sqlalchemy_tables import Tables

try:
    import sqlalchemy as sa
except ImportError:
    raise MissingExtraError("sqlalchemy", extra="sqlalchemy") from None

__all__ = ["Agreement"]

_VERSION = "1"
_LOOK_AGAIN = 60.0
"""Seconds until a list is asked again: others may begin to write it in another way."""


class Agreement:
    """Sees that the names of a list are made as ours are, and notes down how on a new one."""

    def __init__(self, tables: Tables, names: Names, clock: Clock) -> None:
        self._tables = tables
        self._names = names
        self._clock = clock
        self._asked_at: float | None = None

    def check(self, connection: sa.Connection, *, writes: bool) -> None:
        """
        See that they agree. *writes*: note down how names are made, where it is not.

        Raises:
            StoreError: They do not: nobody would be found.
        """
        now = self._clock.monotonic()
        if self._asked_at is not None and now < self._asked_at + _LOOK_AGAIN:
            return
        if self._said(connection) == self._names.marks:
            self._asked_at = now
        elif writes:
            lock(connection, self._tables.about, [{"what": "version", "said": _VERSION}])
            self._note(connection, self._forgettable(connection))
        else:
            self._forgettable(connection)

    def _said(self, connection: sa.Connection) -> dict[str, str]:
        """How the list's names are made; nothing of a new one."""
        marks = self._marks(connection)
        lines = self._tables.lines
        if marks or connection.execute(sa.select(lines.c.part).limit(1)).first() is None:
            return marks
        marks = self._marks(connection)  # it was new a moment ago, and has been begun since
        if not marks:
            raise StoreError(
                f"The list in {lines.fullname} does not say how its names are made: bring the "
                f"rows of {self._tables.about.fullname} back from a backup."
            )
        return marks

    def _marks(self, connection: sa.Connection) -> dict[str, str]:
        about = self._tables.about.c
        rows = connection.execute(sa.select(about.what, about.said)).all()
        said = {str(what): str(value) for what, value in rows}
        if said.pop("version", _VERSION) != _VERSION:
            raise StoreError(
                f"The list in {self._tables.lines.fullname} is one of a newer version of "
                "sesguard's: update sesguard here."
            )
        return {what.removeprefix("pepper:"): mark for what, mark in said.items()}

    def _forgettable(self, connection: sa.Connection) -> tuple[str, ...]:
        """The ids of peppers that were used, are not given, and are not needed."""
        where = f"The list in {self._tables.lines.fullname}"
        ids = self._names.unknown(self._said(connection), where=where)
        key = self._tables.lines.c.key
        for id in ids:
            # ";" is the character after ":".
            asked = sa.select(key).where(key > f"{id}:", key < f"{id};").limit(1)
            if connection.execute(asked).first():
                raise not_given(id, where=where)
        return ids

    def _note(self, connection: sa.Connection, forgotten: tuple[str, ...]) -> None:
        about = self._tables.about
        ours = {f"pepper:{id}": mark for id, mark in self._names.marks.items()}
        gone = [*ours, *(f"pepper:{id}" for id in forgotten)]
        connection.execute(about.delete().where(about.c.what.in_(gone)))
        connection.execute(about.insert(), [{"what": what, "said": ours[what]} for what in ours])
