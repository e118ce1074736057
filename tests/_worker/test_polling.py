"""A poll on a thread of its own, after nobody waits for it any more."""

from __future__ import annotations

import threading
from collections.abc import Mapping, Sequence
from queue import SimpleQueue

import pytest

from sesguard._worker.polling import Poll
from sesguard.ports import Received
from sesguard.sources import MemorySource

LONG = 10.0
"""Seconds after which a test that waits has failed."""


class Late(MemorySource):
    """Its poll ends when it is let."""

    def __init__(self, *bodies: str) -> None:
        super().__init__(bodies)
        self.let = threading.Event()
        self.released = 0
        self.fails = False

    def receive(self, limit: int, wait: float, /) -> Sequence[Received]:
        assert self.let.wait(LONG)
        return super().receive(limit, wait)

    def release(self, receipts: Sequence[str], /) -> Mapping[str, str]:
        self.released += 1
        if self.fails:
            raise OSError("somebody@example.org")
        return super().release(receipts)


def abandoned(source: Late) -> SimpleQueue[Poll | None]:
    """Abandon a poll, let it end, and wait for that."""
    inbox: SimpleQueue[Poll | None] = SimpleQueue()
    poll = Poll(source, 10, 0.0, inbox)
    assert poll.abandon() == ()
    source.let.set()
    for thread in threading.enumerate():
        if thread.name == "sesguard-poll":
            thread.join(LONG)
    return inbox


def test_what_it_catches_late_is_handed_back() -> None:
    """It is visible to others at once, and nobody is told."""
    source = Late("a")
    assert abandoned(source).empty()
    assert source.released == 1
    assert len(source.receive(10, 0.0)) == 1


def test_it_may_catch_nothing() -> None:
    """Then there is nothing to hand back."""
    source = Late()
    assert abandoned(source).empty()
    assert source.released == 0


def test_what_cannot_be_handed_back_is_said(caplog: pytest.LogCaptureFixture) -> None:
    """Nobody waits for the thread; the messages come back at their time."""
    source = Late("a")
    source.fails = True
    abandoned(source)
    assert "not handed back: OSError" in caplog.text
    assert "example.org" not in caplog.text


def test_what_it_had_caught_before_is_the_answer() -> None:
    """It came between the last look and the giving up."""
    source = Late("a")
    source.let.set()
    inbox: SimpleQueue[Poll | None] = SimpleQueue()
    poll = Poll(source, 10, 0.0, inbox)
    assert inbox.get(timeout=LONG) is poll
    assert [message.body for message in poll.abandon()] == ["a"]
