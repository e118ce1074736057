"""What the stores keep that have transactions of their own."""

from __future__ import annotations

from pathlib import Path

import pytest

from sesguard.addresses import AddressKey
from sesguard.ports import SuppressionStore
from sesguard.stores import MemoryStore, SQLiteStore
from sesguard.suppression import Reason, Suppress, Suppression
from sesguard.testing import ManualClock
from sesguard.testing.store_contract import run_together


@pytest.mark.parametrize("kind", ["memory", "sqlite"])
def test_a_reader_sees_whole_batches(kind: str, tmp_path: Path) -> None:
    """While batches are applied, a question sees all of one or nothing of it."""
    at = ManualClock().now()
    store: SuppressionStore = MemoryStore() if kind == "memory" else SQLiteStore(tmp_path / "x.db")
    pairs = [
        (AddressKey(f"a{number}@example.org"), AddressKey(f"b{number}@example.org"))
        for number in range(40)
    ]
    seen: set[int] = set()

    def write() -> None:
        for number, pair in enumerate(pairs):
            entries = (Suppression(key=key, reason=Reason.BOUNCE, at=at) for key in pair)
            changes = [Suppress(suppression=entry) for entry in entries]
            store.apply([(f"{number}, one half", changes[:1]), (f"{number}", changes[1:])])

    def read() -> None:
        for pair in pairs * 3:
            seen.add(len(store.look_up(pair)))

    run_together([write, read, read])
    assert seen <= {0, 2}
    assert len(store.entries().items) == 2 * len(pairs)
    store.close()
