"""A suppression list in memory."""

from __future__ import annotations

import threading
from collections.abc import Callable
from datetime import timedelta

import pytest

from sesguard.addresses import AddressKey
from sesguard.errors import AddressError, ConfigurationError
from sesguard.stores import MemoryStore
from sesguard.suppression import CountSoftBounce, Reason, Suppress, Suppression
from sesguard.testing import ManualClock, StoreContract
from sesguard.testing.store_contract import MakeStore

ANN = AddressKey("ann@example.org")
DAY = timedelta(days=1)


class TestContract(StoreContract):
    """A list in memory is a list like any other."""

    @pytest.fixture
    def make_store(self) -> MakeStore:
        return MemoryStore


def test_it_begins_with_what_it_is_given() -> None:
    """Entries can be given when it is made, and closing keeps them."""
    entry = Suppression(key=ANN, reason=Reason.MANUAL, at=ManualClock().now())
    with MemoryStore([entry]) as store:
        assert store.look_up([ANN]) == {ANN: entry}
    assert store.look_up([ANN]) == {ANN: entry}


def test_an_operator_suppresses_an_address() -> None:
    """Any spelling puts its mailbox on the list, at once and as said."""
    clock = ManualClock()
    store = MemoryStore(clock=clock)
    store.suppress("Ann <Ann@Example.org>")
    store.suppress("ann@example.org", Reason.UNSUBSCRIBE, scope="stream:news", detail="asked")
    found = store.look_up([ANN])[ANN]
    assert (found.reason, found.at, found.address) == (
        Reason.MANUAL,
        clock.now(),
        "Ann@example.org",
    )
    assert [one.detail for one in store.entries().items] == [None, "asked"]


@pytest.mark.parametrize("garbage", ["", "ann", "ann@", "a b@example.org", "a@x.org, b@x.org"])
def test_garbage_is_not_suppressed(garbage: str) -> None:
    """An operator's slip is an error, not an entry that nobody ever finds."""
    store = MemoryStore()
    with pytest.raises(AddressError):
        store.suppress(garbage)
    with pytest.raises(ConfigurationError):
        store.suppress("ann@example.org", scope="news")
    assert not store.entries().items


def test_an_entry_expires_by_the_stores_clock() -> None:
    """It holds until the moment that it names."""
    clock = ManualClock()
    store = MemoryStore(clock=clock)
    store.suppress("ann@example.org", expires_at=clock.now() + DAY)
    clock.advance(DAY - timedelta(microseconds=1))
    assert set(store.look_up([ANN])) == {ANN}
    clock.advance(timedelta(microseconds=1))
    assert not store.look_up([ANN])
    assert not store.entries().items


def test_event_keys_are_forgotten_in_time() -> None:
    """They go when no queue can bring the event again, so that memory does not grow for ever."""
    clock = ManualClock()
    store = MemoryStore(keep_marks=14 * DAY, clock=clock)
    assert list(store.apply([("event", ())])) == [True]
    clock.advance(14 * DAY - timedelta(seconds=1))
    assert list(store.apply([("event", ())])) == [False]
    clock.advance(timedelta(seconds=1))
    assert list(store.apply([("other", ())])) == [True]
    assert list(store.apply([("event", ())])) == [True]


def test_soft_bounces_are_forgotten_in_time() -> None:
    """They go when they can count no more; one that is repeated after that counts anew."""
    clock = ManualClock()
    store = MemoryStore(keep_marks=DAY, clock=clock)
    bounce = CountSoftBounce(key=ANN, at=clock.now(), limit=2, window=7 * DAY)
    store.apply([("first", [bounce])])
    clock.advance(8 * DAY - timedelta(seconds=1))
    store.apply([("first", [bounce]), ("nothing", ())])
    assert not store.look_up([ANN])
    clock.advance(timedelta(seconds=1))
    store.apply([("nothing else", ())])
    store.apply([("second", [bounce])])
    assert not store.look_up([ANN])


def test_much_that_is_over_goes_bit_by_bit() -> None:
    """One batch after a long rest does not clear up for everybody."""
    clock = ManualClock()
    store = MemoryStore(keep_marks=DAY, clock=clock)
    bounces = [
        CountSoftBounce(key=AddressKey(f"{n}@x.org"), at=clock.now(), limit=9, window=DAY)
        for n in range(300)
    ]
    store.apply([(f"event {n}", [bounce]) for n, bounce in enumerate(bounces)])
    clock.advance(3 * DAY)
    store.apply([("a", ())])
    assert list(store.apply([("event 0", ()), ("event 299", ())])) == [True, False]
    for number in range(3):
        store.apply([(f"b{number}", ())])
    assert list(store.apply([("event 299", ())])) == [True]


def test_a_change_reaches_pages_at_once() -> None:
    """The order of keys is kept between pages, and made anew when a key comes."""
    clock = ManualClock()
    store = MemoryStore(clock=clock)
    for name in ("c", "a", "b"):
        store.suppress(f"{name}@example.org")
        assert store.entries().items[-1].key == "c@example.org"
    entry = Suppression(key=AddressKey("0@example.org"), reason=Reason.BOUNCE, at=clock.now())
    store.apply([("event", [Suppress(suppression=entry)])])
    assert [one.key[0] for one in store.entries().items] == ["0", "a", "b", "c"]


class Meeting(str):
    """A key at which, when it is hashed the so-manieth time, another thread comes by."""

    __slots__ = ("act", "left", "thread")

    def meet(self, act: Callable[[], object], *, after: int) -> None:
        self.left = after
        self.thread = threading.Thread(target=act)

    def __hash__(self) -> int:
        self.left -= 1
        if self.left == 0:
            self.thread.start()
            self.thread.join(timeout=0.2)  # it cannot be done yet
        return super().__hash__()


def test_an_event_is_applied_by_one_thread() -> None:
    """A thread that brings the event while another is at it is told that it was seen."""
    store = MemoryStore()
    applied: list[bool] = []
    event = Meeting("event")
    event.meet(lambda: applied.extend(store.apply([("event", ())])), after=2)
    applied.extend(store.apply([(event, ())]))
    event.thread.join(timeout=30)
    assert sorted(applied) == [False, True]


def test_a_question_sees_whole_batches() -> None:
    """A batch that arrives between two keys of one question is not half an answer."""
    store = MemoryStore()
    at = ManualClock().now()
    ben = Meeting("ben@example.org")
    both = [
        Suppress(suppression=Suppression(key=AddressKey(key), reason=Reason.BOUNCE, at=at))
        for key in (ANN, "ben@example.org")
    ]
    ben.meet(lambda: store.apply([("event", both)]), after=2)
    assert not store.look_up([ANN, AddressKey(ben)])
    ben.thread.join(timeout=30)
    assert len(store.look_up([ANN, AddressKey("ben@example.org")])) == 2


def test_a_list_in_memory_can_keep_digests() -> None:
    """With a pepper no address is kept, and all is found, told and forgotten by address."""
    at = ManualClock().now()
    entry = Suppression(key=ANN, reason=Reason.BOUNCE, at=at, address=ANN)
    store = MemoryStore([entry], hashed_with=bytes(32))
    (kept,) = store.entries().items
    assert ANN not in repr((kept.key, kept.address))
    assert store.look_up([ANN])[ANN].reason is Reason.BOUNCE
    assert len(store.export(ANN)) == 1
    assert (store.erase(ANN), store.erase(ANN)) == (1, 0)
    assert not store.look_up([ANN])
    assert not store.entries().items
