"""The queue in memory, against what SQS does."""

from __future__ import annotations

import threading
from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sesguard import errors
from sesguard.sources import MemorySource


class Hands:
    """A clock that stands still until it is told."""

    def __init__(self) -> None:
        self.at = 0.0

    def monotonic(self) -> float:
        return self.at


def test_a_received_message_is_hidden_and_comes_again() -> None:
    """What is not deleted comes again at its visibility time-out, under another receipt."""
    clock = Hands()
    source = MemorySource(["a"], visibility_timeout=timedelta(seconds=30), clock=clock)
    (first,) = source.receive(10, 0)
    clock.at = 29.9
    assert source.receive(10, 0) == []
    clock.at = 30.0
    (second,) = source.receive(10, 0)
    assert (first.body, first.receive_count) == ("a", 1)
    assert (second.body, second.receive_count) == ("a", 2)
    assert first.receipt != second.receipt


def test_only_the_latest_receipt_deletes() -> None:
    """An old receipt is told so, and so is one of a message that is gone."""
    source = MemorySource(["a"], visibility_timeout=0)
    (first,) = source.receive(1, 0)
    (second,) = source.receive(1, 0)
    assert list(source.delete([first.receipt])) == [first.receipt]
    assert source.delete([second.receipt]) == {}
    assert list(source.delete([second.receipt, "nonsense"])) == [second.receipt, "nonsense"]
    assert len(source) == 0


def test_messages_come_in_order_and_no_more_than_asked_for() -> None:
    """The queue is a queue."""
    source = MemorySource(["a", "b", "c"])
    assert [message.body for message in source.receive(2, 0)] == ["a", "b"]
    assert [message.body for message in source.receive(2, 0)] == ["c"]
    assert len(source) == 3


def test_visibility_can_be_extended_and_ended() -> None:
    """Extended from now on, not from the receipt; a release makes it visible at once."""
    clock = Hands()
    source = MemorySource(["a"], clock=clock)
    (held,) = source.receive(1, 0)
    clock.at = 20
    assert source.extend([held.receipt], 30) == {}
    clock.at = 49
    assert source.receive(1, 0) == []
    assert source.release([held.receipt]) == {}
    assert len(source.receive(1, 0)) == 1


def test_what_is_visible_again_cannot_be_extended() -> None:
    """Somebody else may have it by now, so it is told."""
    clock = Hands()
    source = MemorySource(["a"], clock=clock)
    (held,) = source.receive(1, 0)
    clock.at = 30
    assert list(source.extend([held.receipt], 30)) == [held.receipt]
    assert len(source.receive(1, 0)) == 1


def test_a_message_goes_to_the_dead_letters_after_its_last_time() -> None:
    """It is received exactly so many times, and not once more."""
    source = MemorySource(["bad"], visibility_timeout=0, max_receive_count=3)
    counts = [message.receive_count for _ in range(5) for message in source.receive(10, 0)]
    assert counts == [1, 2, 3]
    assert source.dead_letters == ("bad",)
    assert len(source) == 0


def test_a_put_ends_the_waiting() -> None:
    """A poll that waits is answered when something comes, not at its end."""
    source = MemorySource()
    answers: list[str] = []

    def poll() -> None:
        answers.extend(message.body for message in source.receive(10, 60))

    thread = threading.Thread(target=poll, daemon=True)
    thread.start()
    source.put("a")
    thread.join(10)
    assert answers == ["a"]


def test_waiting_ends() -> None:
    """An empty queue answers empty when the time is over."""
    source = MemorySource()
    assert source.receive(10, 0.01) == []
    source.close()


@pytest.mark.parametrize("options", [{"visibility_timeout": -1}, {"max_receive_count": 0}])
def test_options_that_cannot_work_are_refused(options: dict[str, int]) -> None:
    """The error names the option."""
    with pytest.raises(errors.ConfigurationError, match=next(iter(options))):
        MemorySource(**options)  # type: ignore[arg-type]  # a dict of one kind for the test


@given(st.lists(st.sampled_from(["put", "receive", "delete", "release", "later"]), max_size=40))
def test_nothing_is_lost_and_nothing_is_held_twice(steps: list[str]) -> None:
    """Whatever the order, a message is in the queue until deleted, and with one holder at most."""
    clock = Hands()
    source = MemorySource(clock=clock)
    put, deleted = 0, 0
    held: dict[str, tuple[str, float]] = {}
    for step in steps:
        if step == "put":
            put += 1
            source.put(str(put))
        elif step == "receive":
            for message in source.receive(2, 0):
                assert all(
                    until <= clock.at for body, until in held.values() if body == message.body
                )
                held[message.receipt] = (message.body, clock.at + 30)
        elif step == "later":
            clock.at += 20
        elif held:
            receipt, _ = held.popitem()
            failed = source.delete([receipt]) if step == "delete" else source.release([receipt])
            deleted += step == "delete" and not failed
    assert len(source) == put - deleted
