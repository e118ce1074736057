"""
Suppression lists in files: out of a store, into one, and from other providers.

A CSV file is safe to be opened in a spreadsheet: no cell is taken for a formula. A JSON Lines
file has one object a line. Both hold addresses in clear, as far as the store does.
"""

from __future__ import annotations

import csv
import json
import os
from collections.abc import Callable, Generator, Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from itertools import islice
from pathlib import Path
from typing import IO, Protocol, cast

from sesguard._core import list_rows, store_door
from sesguard._core.list_rows import Columns
from sesguard.clocks import SystemClock
from sesguard.errors import ConfigurationError
from sesguard.ports import Clock
from sesguard.suppression import Page, Reason, Suppression

__all__ = [
    "Imported",
    "Refused",
    "read_csv",
    "read_json_lines",
    "write_csv",
    "write_json_lines",
]

_BATCH = 5_000


class _Listing(Protocol):
    def entries(self, after: str | None = None, limit: int = 1000) -> Page[Suppression]: ...


class _Taking(Protocol):
    def add(self, suppressions: Iterable[Suppression], /) -> None: ...


@dataclass(frozen=True, slots=True)
class Refused:
    """
    A row that was not taken.

    Attributes:
        line: Where it ends in the file, from 1.

        why: What is wrong with it, without anything that stands in it.
    """

    line: int
    why: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Imported:
    """
    What became of a file.

    Attributes:
        added: Entries that are on the list now.

        refused: Rows that are not, in their order: look at them before you mail anybody.
    """

    added: int
    refused: tuple[Refused, ...] = field(default=())


def write_csv(store: _Listing, path: str | os.PathLike[str]) -> int:
    """
    Write a whole list as CSV, in UTF-8, with the names of its columns in the first line.

    The file takes its place when it is whole: one of that name is replaced.

    Returns:
        How many entries it has.

    Raises:
        StoreError: The list cannot be read. The file is as it was.

        OSError: The file cannot be written.
    """
    with _replacing(path) as file:
        writer = csv.writer(file)
        writer.writerow(list_rows.COLUMNS)
        count = 0
        for one in _all(store):
            cells = list_rows.row(one)
            writer.writerow([list_rows.guarded(cells[name]) for name in list_rows.COLUMNS])
            count += 1
        return count


def write_json_lines(store: _Listing, path: str | os.PathLike[str]) -> int:
    """
    Write a whole list as JSON Lines, an object for each entry. See `write_csv`.

    Raises:
        StoreError: The list cannot be read. The file is as it was.

        OSError: The file cannot be written.
    """
    with _replacing(path) as file:
        count = 0
        for one in _all(store):
            file.write(json.dumps(list_rows.row(one)) + "\n")
            count += 1
        return count


def read_csv(
    path: str | os.PathLike[str],
    store: _Taking,
    *,
    address: str = "address",
    reason: str = "reason",
    at: str = "at",
    reasons: Mapping[str, Reason] | None = None,
    default_reason: Reason | None = None,
    delimiter: str = ",",
    clock: Clock | None = None,
) -> Imported:
    """
    Add the rows of a CSV file to a list, as an operator does. Its first line names the columns.

    A row that cannot be taken stops nothing: it is told in the result. Rows are added some
    thousands at a time; after an error, read the whole file again.

    Args:
        path: The file, in UTF-8.

        store: Where they go.

        address: How the column of addresses is called.

        reason: How the column of reasons is called.

        at: How the column of times is called: ISO 8601, or seconds since 1970. A time without
            a zone is taken for UTC, an empty one for now.

        reasons: What the words in the column of reasons mean, beside our own, in any case.

        default_reason: The reason of rows that have none. Without it they are refused.

        delimiter: What stands between two cells.

        clock: Tells the time of rows that have none.

    Raises:
        ConfigurationError: The file has no such column, is not in UTF-8, or an option cannot be.

        StoreError: The store cannot take them.

        OSError: The file cannot be read.
    """
    if len(delimiter) != 1:
        raise ConfigurationError("delimiter= is one character, such as ',' or ';'.")
    columns = _columns(address, reason, at, reasons, default_reason)

    def rows(file: IO[str]) -> Iterator[tuple[int, Mapping[str, str] | None]]:
        reader = csv.DictReader(file, delimiter=delimiter, restval="")
        if not {columns.address, "key"} & set(reader.fieldnames or ()):
            raise ConfigurationError(
                f"{os.fspath(path)} has no column that is called as address= says: look at its "
                "first line. Another sign than a comma between cells is told by delimiter=."
            )
        for cells in reader:
            # More cells than there are columns come as a list under None.
            texts = {name: cell for name, cell in cells.items() if isinstance(cell, str)}
            whole = len(texts) == len(cells)
            yield reader.line_num, _unguarded(texts) if whole else None

    return _read(path, store, rows, columns, clock)


def read_json_lines(
    path: str | os.PathLike[str],
    store: _Taking,
    *,
    address: str = "address",
    reason: str = "reason",
    at: str = "at",
    reasons: Mapping[str, Reason] | None = None,
    default_reason: Reason | None = None,
    clock: Clock | None = None,
) -> Imported:
    """
    Add the objects of a JSON Lines file to a list, as an operator does. See `read_csv`.

    Raises:
        ConfigurationError: The file is not in UTF-8, or an option cannot be.

        StoreError: The store cannot take them.

        OSError: The file cannot be read.
    """
    columns = _columns(address, reason, at, reasons, default_reason)

    def rows(file: IO[str]) -> Iterator[tuple[int, Mapping[str, str] | None]]:
        for number, line in enumerate(file, 1):
            if line.strip():
                yield number, _object(line)

    return _read(path, store, rows, columns, clock)


def _read(
    path: str | os.PathLike[str],
    store: _Taking,
    rows: Callable[[IO[str]], Iterator[tuple[int, Mapping[str, str] | None]]],
    columns: Columns,
    clock: Clock | None,
) -> Imported:
    now = (clock or SystemClock()).now()
    refused: list[Refused] = []

    def taken(file: IO[str]) -> Iterator[Suppression]:
        for line, cells in rows(file):
            try:
                if cells is None:
                    raise ValueError("it cannot be read as a row of this file")
                (one,) = store_door.suppressions([list_rows.entry(cells, columns, now=now)])
                yield one
            except ConfigurationError:  # of the store's door, which is about this one row
                refused.append(Refused(line, "its scope is none"))
            except ValueError as error:
                refused.append(Refused(line, str(error)))

    count = 0
    try:
        with Path(path).open(encoding="utf-8-sig", newline="") as file:
            entries = taken(file)
            while batch := list(islice(entries, _BATCH)):
                store.add(batch)
                count += len(batch)
    except UnicodeDecodeError:
        raise ConfigurationError(
            f"{os.fspath(path)} is not in UTF-8: convert it, for example by iconv -t utf-8. "
            f"{count} rows before that were added."
        ) from None
    except csv.Error:
        raise ConfigurationError(
            f"{os.fspath(path)} is no CSV file, or has a cell of over {csv.field_size_limit()} "
            f"characters. {count} rows before that were added."
        ) from None
    return Imported(added=count, refused=tuple(refused))


def _columns(
    address: str,
    reason: str,
    at: str,
    reasons: Mapping[str, Reason] | None,
    default: Reason | None,
) -> Columns:
    return list_rows.checked(
        Columns(address=address, reason=reason, at=at, reasons=reasons or {}, default=default)
    )


def _all(store: _Listing) -> Iterator[Suppression]:
    after: str | None = None
    while True:
        page = store.entries(after, 1000)
        yield from page.items
        after = page.next
        if after is None:
            return


@contextmanager
def _replacing(path: str | os.PathLike[str]) -> Generator[IO[str]]:
    """A new file beside that one, which takes its place at the end."""
    home = Path(path)
    beside = home.with_name(f".{home.name}.{os.getpid()}")
    try:
        with beside.open("x", encoding="utf-8", newline="") as file:
            yield file
        beside.replace(home)
    finally:
        beside.unlink(missing_ok=True)


def _object(line: str) -> Mapping[str, str] | None:
    try:
        found: object = json.loads(line)
    except (ValueError, RecursionError):
        return None
    if not isinstance(found, dict):
        return None
    cells = cast("dict[str, object]", found)
    return {
        name: cell if isinstance(cell, str) else "" if cell is None else json.dumps(cell)
        for name, cell in cells.items()
    }


def _unguarded(cells: Mapping[str, str]) -> dict[str, str]:
    return {name: list_rows.unguarded(cell) for name, cell in cells.items()}
