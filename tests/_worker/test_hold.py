"""What is in hand is kept hidden, and nothing else."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Generator, Mapping, Sequence
from contextlib import contextmanager

from sesguard._worker.hold import Hold
from sesguard._worker.ledger import Ledger
from sesguard.sources import MemorySource

LONG = 10.0
"""Seconds after which a test that waits has failed."""


class Asked(MemorySource):
    """Writes down what it is asked to extend, and answers what it is told to."""

    def __init__(self) -> None:
        super().__init__()
        self.extended: list[list[str]] = []
        self.failing: dict[str, str] = {}
        self.meanwhile: Callable[[], object] = list
        self._changed = threading.Condition()

    def extend(self, receipts: Sequence[str], seconds: float, /) -> Mapping[str, str]:
        self.meanwhile()
        with self._changed:
            self.extended.append(list(receipts))
            self._changed.notify_all()
        return self.failing

    def wait_for(self, times: int) -> None:
        """Until it was asked so many times."""
        with self._changed:
            assert self._changed.wait_for(lambda: len(self.extended) >= times, LONG)


@contextmanager
def holding(source: Asked, ledger: Ledger, seconds: float = 0.03) -> Generator[Hold]:
    hold = Hold(source, seconds, ledger.note)
    try:
        yield hold
    finally:
        hold.close()


def test_all_that_is_in_hand_is_extended_together() -> None:
    """One call for all of them, again and again, until they are let go."""
    source = Asked()
    with holding(source, Ledger()) as hold:
        hold.take(["a", "b"])
        source.wait_for(2)
        hold.let_go(["a"])
        source.wait_for(len(source.extended) + 2)
        hold.let_go(["b"])
    assert source.extended[:2] == [["a", "b"], ["a", "b"]]
    assert source.extended[-1] == ["b"]


def test_what_is_taken_later_does_not_put_off_what_was_taken_before() -> None:
    """Else a worker that is never idle would never extend anything."""
    source = Asked()
    with holding(source, Ledger(), 0.3) as hold:
        hold.take(["a"])

        def busy() -> bool:
            hold.take(["b"])
            hold.let_go(["b"])
            return bool(source.extended)

        until(busy)
    assert "a" in source.extended[0]


def test_a_message_that_could_not_be_extended_in_time_is_lost() -> None:
    """The queue is away for longer than they are hidden; extended once more they are ours again."""
    source, ledger = Asked(), Ledger()
    answers = iter([True])

    def away() -> None:
        if not next(answers, False):
            raise OSError("somebody@example.org")

    source.meanwhile = away
    with holding(source, ledger) as hold:
        hold.take(["a"])
        source.wait_for(1)
        assert not hold.is_lost("a")
        until(lambda: hold.is_lost("a"))
        assert not hold.is_lost("b")
        source.meanwhile = list
        source.wait_for(2)
        until(lambda: not hold.is_lost("a"))
    assert ledger.tally().extend_failures >= 1


def test_what_was_lost_is_known_until_it_is_let_go() -> None:
    """And it counts as in hand as long."""
    source = Asked()
    source.failing = {"a": "MessageNotInflight"}
    with holding(source, Ledger()) as hold:
        assert hold.in_hand() == (0, 0.0)
        hold.take(["a", "b"])
        source.wait_for(2)
        until(lambda: hold.is_lost("a"))
        assert not hold.is_lost("b")
        number, oldest = hold.in_hand()
        assert number == 2
        assert oldest > 0
        hold.let_go(["a"])
        assert not hold.is_lost("a")
        assert hold.in_hand()[0] == 1


def until(holds: Callable[[], bool]) -> None:
    """Wait for something that another thread brings about."""
    deadline = time.monotonic() + LONG
    while not holds():
        assert time.monotonic() < deadline
        time.sleep(0)


def test_what_was_deleted_in_the_meantime_is_no_failure() -> None:
    """SQS rightly cannot extend it, and there is nothing to be told."""
    source, ledger = Asked(), Ledger()
    source.failing = {"a": "ReceiptHandleIsInvalid"}
    with holding(source, ledger) as hold:
        source.meanwhile = lambda: hold.let_go(["a"])
        hold.take(["a", "b"])
        source.wait_for(2)
    assert ledger.tally().extend_failures == 0


def test_a_message_that_was_lost_is_told_once_and_not_asked_for_again() -> None:
    """It is somebody else's now."""
    source, ledger = Asked(), Ledger()
    source.failing = {"a": "MessageNotInflight"}
    with holding(source, ledger) as hold:
        hold.take(["a", "b"])
        source.wait_for(3)
    assert source.extended[0] == ["a", "b"]
    assert source.extended[1:3] == [["b"], ["b"]]
    assert ledger.tally().extend_failures == 1
