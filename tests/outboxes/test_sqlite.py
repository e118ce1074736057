"""An outbox in an SQLite file."""

from __future__ import annotations

from pathlib import Path

import pytest

from sesguard.outboxes import SQLiteOutbox
from sesguard.testing.manual_clock import ManualClock
from sesguard.testing.outbox_contract import MakeOutboxStore, OutboxStoreContract


class TestContract(OutboxStoreContract):
    """An outbox in a file is an outbox like any other."""

    @pytest.fixture
    def make_store(self, tmp_path: Path, clock: ManualClock) -> MakeOutboxStore:
        return lambda name: SQLiteOutbox(tmp_path / f"{name}.db", clock=clock)
