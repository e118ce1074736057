"""Sends remembered in memory."""

from __future__ import annotations

from datetime import timedelta

import pytest

from sesguard.errors import ConfigurationError
from sesguard.ledgers import MemoryLedger
from sesguard.ports import Recorded
from sesguard.testing import ManualClock
from sesguard.testing.ledger_contract import LedgerContract, MakeLedger

DAY = 86_400


class TestMemoryLedger(LedgerContract):
    """What every ledger keeps to."""

    @pytest.fixture
    def make_ledger(self) -> MakeLedger:
        return MemoryLedger


def test_a_key_is_remembered_for_its_time() -> None:
    """Until *keep* is over it is taken, from its begin or from its result; then it is free."""
    clock = ManualClock()
    with MemoryLedger(keep=timedelta(days=2), clock=clock) as ledger:
        ledger.begin("begun", "one")
        ledger.begin("settled", "one")
        clock.advance(DAY)
        ledger.finish("settled", "result")
        clock.advance(DAY - 1)
        assert ledger.begin("begun", "other") == Recorded(content="one")
        clock.advance(1)
        assert ledger.begin("begun", "other") is None
        assert ledger.begin("settled", "other") == Recorded(content="one", result="result")
        clock.advance(DAY)
        ledger.forget("settled")
        ledger.finish("settled", "later")
        assert ledger.begin("settled", "other") == Recorded(content="", result="later")


def test_old_keys_are_forgotten_a_few_at_a_time() -> None:
    """Of a thousand keys every begin drops ten, so memory stays flat and no begin is slow."""
    clock = ManualClock()
    ledger = MemoryLedger(keep=DAY, clock=clock)
    for number in range(1_000):
        ledger.begin(f"old {number}", "one")
    clock.advance(DAY)
    left = []
    for number in range(102):
        ledger.begin(f"new {number}", "one")
        left.append(len(ledger._records))
    assert left[:2] == [991, 982]
    assert left[-1] == 102


def test_a_settled_key_does_not_keep_older_ones_in_memory() -> None:
    """A result renews its own key, and those that were begun after it are forgotten in time."""
    clock = ManualClock()
    ledger = MemoryLedger(keep=DAY, clock=clock)
    for key in ("settled", "old"):
        ledger.begin(key, "one")
    clock.advance(DAY / 2)
    ledger.finish("settled", "result")
    clock.advance(DAY / 2)
    ledger.begin("new", "one")
    assert sorted(ledger._records) == ["new", "settled"]


@pytest.mark.parametrize("keep", [0, -1, float("nan"), "1", True])
def test_a_time_that_is_none_is_refused(keep: float) -> None:
    """A ledger that forgets at once is none."""
    with pytest.raises(ConfigurationError, match="keep="):
        MemoryLedger(keep=keep)
