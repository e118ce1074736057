"""Looking up fifty addresses, in lists of a thousand and of a million."""

from __future__ import annotations

import gc
import tempfile
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

from benchmarks.harness import Bar, Candidate, Claim, Row, compare
from benchmarks.send import raw
from sesguard import Reason, Suppression
from sesguard.addresses import AddressKey
from sesguard.ports import LookUp, SuppressionStore
from sesguard.stores import MemoryStore, SQLiteStore

NOTES: list[str] = []
SMALL, LARGE = 1_000, 1_000_000
AT = datetime(2026, 3, 1, tzinfo=UTC)


def key(number: int) -> AddressKey:
    return AddressKey(f"someone.{number}@example.org")


def fill(store: SuppressionStore, size: int) -> None:
    """Put entries on a list, without looking for garbage among them, now or later."""
    gc.disable()
    store.add(
        Suppression(key=key(number), reason=Reason.BOUNCE, at=AT, source="benchmark")
        for number in range(size)
    )
    gc.freeze()
    gc.enable()


def asked(size: int) -> list[AddressKey]:
    """Fifty keys from all over a list; every second one is on it."""
    return [key(number * size // 50 + (number % 2) * size) for number in range(50)]


def together(name: str, store: LookUp, size: int) -> Candidate:
    keys = asked(size)
    return Candidate(
        name=f"50 in {name} of {size:,}",
        run=lambda: store.look_up(keys),
        right=lambda found: len(found) == 25,
    )


def rows() -> Iterator[Row]:
    """Against a raw send, against a small list, and against fifty look-ups of one."""
    with tempfile.TemporaryDirectory() as folder:
        stores: dict[tuple[str, int], SuppressionStore] = {}
        for size in (SMALL, LARGE):
            stores["memory", size] = MemoryStore()
            stores["SQLite", size] = SQLiteStore(Path(folder) / f"{size}.db")
        for (_, size), store in stores.items():
            fill(store, size)
        keys = asked(LARGE)
        sqlite = stores["SQLite", LARGE]
        singly = Candidate(
            name="the 50 one by one",
            run=lambda: [found for key in keys for found in sqlite.look_up([key])],
            right=lambda found: len(found) == 25,
        )
        base = raw(1)
        at_once = [together(name, store, size) for (name, size), store in stores.items()]
        memory, sqlite_small, memory_large, sqlite_large = (each.name for each in at_once)
        yield from compare(
            "look-up",
            [base, singly, *at_once],
            [
                Claim(sqlite_large, base.name, Bar(at_most=0.25)),
                Claim(sqlite_large, sqlite_small, Bar(at_most=3)),
                Claim(memory_large, memory, Bar(at_most=3)),
                Claim(singly.name, sqlite_large, Bar(at_least=2)),
            ],
        )
        for store in stores.values():
            store.close()
        gc.unfreeze()
