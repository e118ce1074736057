"""The contract that every outbox store passes, ours and yours."""

from __future__ import annotations

import sys
import threading
from collections.abc import Callable, Iterable
from datetime import datetime, timedelta
from typing import TypeAlias

import pytest

from sesguard.errors import ConfigurationError
from sesguard.ports import OutboxEntry, OutboxStore, SetAside
from sesguard.suppression import Page
from sesguard.testing.manual_clock import ManualClock

__all__ = ["MakeOutboxStore", "OutboxStoreContract"]

MakeOutboxStore: TypeAlias = Callable[[str], OutboxStore]
"""How the store of a name is made. The same name is the same file, table or queue."""

LEASE = 60.0
SECOND = timedelta(seconds=1)


def everything(
    page_of: Callable[[str | None, int], Page[SetAside]], *, limit: int = 1000
) -> list[SetAside]:
    """A whole list, page by page."""
    page = page_of(None, limit)
    found = list(page.items)
    while page.next is not None:
        page = page_of(page.next, limit)
        assert len(page.items) <= limit
        found.extend(page.items)
    return found


def ids(items: Iterable[OutboxEntry | SetAside]) -> list[str]:
    """Which ones, in their order."""
    return [one.id for one in items]


class OutboxStoreContract:
    """
    Inherit from this in a test module, and say how a store is made::

        class TestMyOutbox(OutboxStoreContract):
            @pytest.fixture
            def make_store(self, tmp_path, clock):
                return lambda name: MyOutbox(tmp_path / f"{name}.db", clock=clock)

    Stores of one name share what they hold; a new name is a new and empty one. Time is moved by
    ``clock.advance``: override the fixture *clock* where a server's time has to be moved too.
    """

    @pytest.fixture
    def clock(self) -> ManualClock:
        """The time that stores go by."""
        return ManualClock()

    @pytest.fixture
    def make_store(self, clock: ManualClock) -> MakeOutboxStore:
        """How a store is made. Override it."""
        raise NotImplementedError("override the fixture make_store: it returns a callable")

    @pytest.fixture
    def store(self, make_store: MakeOutboxStore) -> Iterable[OutboxStore]:
        """A new, empty store."""
        store = make_store("outbox")
        yield store
        store.close()

    @pytest.fixture
    def put(self, store: OutboxStore, clock: ManualClock) -> Callable[..., None]:
        """Puts mails of these ids, due now, or so many seconds later."""

        def put(*names: str, after: float = 0.0, priority: int = 0) -> None:
            for name in names:
                due = clock.now() + timedelta(seconds=after)
                store.put(name, f'{{"mail": "{name}"}}', due=due, priority=priority)

        return put

    # Putting and taking

    def test_nothing_is_in_a_new_one(self, store: OutboxStore) -> None:
        """Nothing is taken, listed or due."""
        assert not store.take(10, LEASE)
        assert not store.unknown().items
        assert not store.failed().items
        assert store.next_due() is None

    def test_what_was_put_is_taken(
        self, store: OutboxStore, put: Callable[..., None], clock: ManualClock
    ) -> None:
        """With its id, its body to the letter, and since when it is there."""
        body = '{"text": "Grüße \\ud83d 🙂\\u0000", "x": "' + "y" * 100_000 + '"}'
        store.put("a", body, due=clock.now(), priority=0)
        (entry,) = store.take(10, LEASE)
        assert (entry.id, entry.body, entry.attempts) == ("a", body, 0)
        assert abs(entry.put_at - clock.now()) < SECOND
        assert entry.put_at.utcoffset() == timedelta(0)
        assert entry.receipt

    def test_one_mail_goes_to_one(self, store: OutboxStore, put: Callable[..., None]) -> None:
        """What was taken is not taken again while its lease lasts."""
        put("a", "b")
        first = store.take(1, LEASE)
        second = store.take(10, LEASE)
        assert sorted(ids([*first, *second])) == ["a", "b"]
        assert not store.take(10, LEASE)

    def test_no_more_than_asked_for_are_taken(
        self, store: OutboxStore, put: Callable[..., None]
    ) -> None:
        """The limit holds, and what is beyond it is there for the next."""
        put(*"abcde")
        assert len(store.take(3, LEASE)) <= 3
        rest = [entry for _ in range(5) for entry in store.take(3, LEASE)]
        assert len(rest) >= 2

    def test_nothing_is_taken_before_it_is_due(
        self, store: OutboxStore, put: Callable[..., None], clock: ManualClock
    ) -> None:
        """Neither a mail of tomorrow nor one of the next minute."""
        put("tomorrow", after=86_400)
        put("soon", after=60)
        assert not store.take(10, LEASE)
        clock.advance(59)
        assert not store.take(10, LEASE)
        clock.advance(2)
        assert ids(store.take(10, LEASE)) == ["soon"]
        clock.advance(86_400)
        assert ids(store.take(10, LEASE))[-1] == "tomorrow"

    def test_the_oldest_goes_first(
        self, store: OutboxStore, put: Callable[..., None], clock: ManualClock
    ) -> None:
        """By when they are due; of two that are due together, in the order in which they came."""
        put("third", "fourth", after=2)
        put("second", after=1)
        put("first")
        clock.advance(10)
        taken = [entry.id for _ in range(4) for entry in store.take(1, LEASE)]
        assert taken == ["first", "second", "third", "fourth"]

    def test_a_higher_priority_goes_first(
        self, store: OutboxStore, put: Callable[..., None], clock: ManualClock
    ) -> None:
        """A receipt overtakes a campaign, whatever its age; but not before it is due."""
        put("bulk", priority=-1)
        put("usual")
        clock.advance(5)
        put("urgent", priority=5)
        put("later", priority=9, after=3600)
        assert ids(store.take(10, LEASE)) == ["urgent", "usual", "bulk"]

    def test_another_process_sees_it(
        self, make_store: MakeOutboxStore, store: OutboxStore, put: Callable[..., None]
    ) -> None:
        """What one store keeps another one of the same place takes, and only one of the two."""
        put("a", "b")
        other = make_store("outbox")
        try:
            (mine,) = store.take(1, LEASE)
            assert sorted([mine.id, *ids(other.take(10, LEASE))]) == ["a", "b"]
            assert other.begin(mine.receipt)
        finally:
            other.close()

    def test_it_is_there_after_closing(
        self, make_store: MakeOutboxStore, store: OutboxStore, put: Callable[..., None]
    ) -> None:
        """A store that is closed and opened again has what was put."""
        put("a")
        store.close()
        again = make_store("outbox")
        assert ids(again.take(10, LEASE)) == ["a"]
        again.close()

    # Sending

    def test_what_was_sent_is_forgotten(
        self, store: OutboxStore, put: Callable[..., None], clock: ManualClock
    ) -> None:
        """It is never taken again, and in no list."""
        put("a")
        (entry,) = store.take(10, LEASE)
        assert store.begin(entry.receipt)
        assert store.sent(entry.receipt)
        clock.advance(10 * LEASE)
        assert not store.take(10, LEASE)
        assert not [*everything(store.unknown), *everything(store.failed)]
        assert store.next_due() is None
        assert not store.settle("a", again=True)

    def test_a_lease_that_lapsed_before_the_request_makes_it_due_again(
        self, store: OutboxStore, put: Callable[..., None], clock: ManualClock
    ) -> None:
        """Whoever took it died before SES was asked, so another one may send it."""
        put("a")
        (first,) = store.take(10, LEASE)
        clock.advance(LEASE - 2)
        assert not store.take(10, LEASE)
        clock.advance(4)
        assert not everything(store.unknown)
        (second,) = store.take(10, LEASE)
        assert (second.id, second.put_at, second.attempts) == ("a", first.put_at, first.attempts)
        assert second.receipt != first.receipt

    def test_a_lease_that_lapsed_after_the_request_makes_it_unknown(
        self, store: OutboxStore, put: Callable[..., None], clock: ManualClock
    ) -> None:
        """Whoever began it died, so it may have been sent: it is listed, and not sent again."""
        put("a")
        (entry,) = store.take(10, LEASE)
        assert store.begin(entry.receipt)
        assert not everything(store.unknown)
        clock.advance(LEASE + 2)
        assert not store.take(10, LEASE)
        (lapsed,) = everything(store.unknown)
        assert (lapsed.id, lapsed.body) == ("a", entry.body)
        assert lapsed.reason
        assert abs(lapsed.at - clock.now()) < timedelta(seconds=LEASE + 4)
        assert not everything(store.failed)
        clock.advance(timedelta(days=1))
        assert not store.take(10, LEASE)
        assert ids(everything(store.unknown)) == ["a"]

    def test_beginning_renews_the_lease(
        self, store: OutboxStore, put: Callable[..., None], clock: ManualClock
    ) -> None:
        """A mail that waited for the rate has its whole lease for the request."""
        put("a")
        (entry,) = store.take(10, LEASE)
        clock.advance(LEASE - 5)
        assert store.begin(entry.receipt)
        clock.advance(LEASE - 5)
        assert not everything(store.unknown)
        assert store.sent(entry.receipt)

    def test_a_request_may_be_made_again(
        self, store: OutboxStore, put: Callable[..., None], clock: ManualClock
    ) -> None:
        """A send that is repeated in place begins once for each request."""
        put("a")
        (entry,) = store.take(10, LEASE)
        for _ in range(3):
            assert store.begin(entry.receipt)
            clock.advance(LEASE / 2)
        assert store.sent(entry.receipt)

    def test_who_lost_the_lease_changes_nothing(
        self, store: OutboxStore, put: Callable[..., None], clock: ManualClock
    ) -> None:
        """A receipt of before answers False, and the mail stays with whoever has it now."""
        put("a")
        (first,) = store.take(10, LEASE)
        clock.advance(LEASE + 2)
        (second,) = store.take(10, LEASE)
        assert not store.begin(first.receipt)
        assert not store.sent(first.receipt)
        assert not store.put_back(first.receipt, due=clock.now(), counts=True)
        assert not store.set_aside(first.receipt, "not mine", unknown=True)
        assert not store.take(10, LEASE)
        assert store.begin(second.receipt)
        assert store.sent(second.receipt)
        assert not store.sent(second.receipt)

    def test_a_receipt_that_never_was_is_none(
        self, store: OutboxStore, put: Callable[..., None], clock: ManualClock
    ) -> None:
        """Neither an empty one nor the id."""
        put("a")
        store.take(10, LEASE)
        for receipt in ("", "a", "x" * 40):
            assert not store.begin(receipt)
            assert not store.sent(receipt)
            assert not store.put_back(receipt, due=clock.now(), counts=False)
            assert not store.set_aside(receipt, "", unknown=False)

    def test_a_late_answer_still_tells(
        self, store: OutboxStore, put: Callable[..., None], clock: ManualClock
    ) -> None:
        """Nobody else takes a mail that was begun, so who began it may say late what became."""
        put("sent", "not", "gone")
        taken = {entry.id: entry.receipt for entry in store.take(10, LEASE)}
        assert all(map(store.begin, taken.values()))
        clock.advance(LEASE + 2)
        assert len(everything(store.unknown)) == 3
        assert store.sent(taken["sent"])
        assert store.put_back(taken["not"], due=clock.now(), counts=False)
        assert store.set_aside(taken["gone"], "refused", unknown=False)
        assert not everything(store.unknown)
        assert ids(store.take(10, LEASE)) == ["not"]
        assert ids(everything(store.failed)) == ["gone"]

    # Putting back and setting aside

    def test_what_is_put_back_is_due_again(
        self, store: OutboxStore, put: Callable[..., None], clock: ManualClock
    ) -> None:
        """Not before its time, with its age, and with one more attempt where that counts."""
        put("a")
        (entry,) = store.take(10, LEASE)
        since = entry.put_at
        for begun, counts, attempts in ((False, True, 1), (True, True, 2), (True, False, 2)):
            assert not begun or store.begin(entry.receipt)
            due = clock.now() + timedelta(seconds=30)
            assert store.put_back(entry.receipt, due=due, counts=counts)
            assert not store.take(10, LEASE)
            assert not store.begin(entry.receipt)
            clock.advance(32)
            (entry,) = store.take(10, LEASE)
            assert (entry.id, entry.attempts) == ("a", attempts)
            assert abs(entry.put_at - since) < SECOND
        assert not everything(store.unknown)

    def test_what_is_put_back_forgets_that_it_was_begun(
        self, store: OutboxStore, put: Callable[..., None], clock: ManualClock
    ) -> None:
        """It was certainly not sent, so a later lapse before the request is no unknown."""
        put("a")
        (entry,) = store.take(10, LEASE)
        assert store.begin(entry.receipt)
        assert store.put_back(entry.receipt, due=clock.now(), counts=True)
        clock.advance(1)
        assert store.take(10, LEASE)
        clock.advance(LEASE + 2)
        assert not everything(store.unknown)
        assert ids(store.take(10, LEASE)) == ["a"]

    @pytest.mark.parametrize("unknown", [True, False])
    def test_what_is_set_aside_is_listed_and_not_taken(
        self,
        store: OutboxStore,
        put: Callable[..., None],
        clock: ManualClock,
        unknown: bool,
    ) -> None:
        """With its body, why, and since when, in its own list alone."""
        put("a")
        (entry,) = store.take(10, LEASE)
        assert store.set_aside(entry.receipt, "MessageRejectedError: no", unknown=unknown)
        clock.advance(10 * LEASE)
        assert not store.take(10, LEASE)
        assert store.next_due() is None
        here, there = (store.unknown, store.failed) if unknown else (store.failed, store.unknown)
        (aside,) = everything(here)
        assert (aside.id, aside.body, aside.reason) == ("a", entry.body, "MessageRejectedError: no")
        assert abs(aside.at + timedelta(seconds=10 * LEASE) - clock.now()) < 2 * SECOND
        assert aside.at.utcoffset() == timedelta(0)
        assert not everything(there)
        assert not store.sent(entry.receipt)

    @pytest.mark.parametrize("unknown", [True, False])
    def test_lists_are_read_in_pages(
        self,
        store: OutboxStore,
        put: Callable[..., None],
        unknown: bool,
    ) -> None:
        """Each one once, also where those of a page are settled before the next is read."""
        put(*"abcdefg")
        for entry in store.take(10, LEASE):
            store.set_aside(entry.receipt, "no", unknown=unknown)
        read = store.unknown if unknown else store.failed
        whole = ids(everything(read))
        assert sorted(whole) == list("abcdefg")
        assert ids(everything(read, limit=2)) == whole
        page = read(None, 3)
        found = ids(page.items)
        while page.next is not None:
            assert all(store.settle(one.id, again=False) for one in page.items)
            page = read(page.next, 3)
            found += ids(page.items)
        assert found == whole

    def test_a_page_that_cannot_be_is_refused(self, store: OutboxStore) -> None:
        """An end that was never given, and a page of nothing."""
        for read in (store.unknown, store.failed):
            with pytest.raises(ConfigurationError):
                read("no cursor of ours!")
            with pytest.raises(ConfigurationError):
                read(None, 0)

    # Settling

    @pytest.mark.parametrize("how", ["unknown", "failed", "lapsed"])
    def test_one_that_was_set_aside_is_sent_again_if_somebody_says_so(
        self, store: OutboxStore, put: Callable[..., None], clock: ManualClock, how: str
    ) -> None:
        """It begins anew: due now, with a new age, and without the attempts of before."""
        put("a")
        (entry,) = store.take(10, LEASE)
        store.put_back(entry.receipt, due=clock.now(), counts=True)
        clock.advance(1)
        self._aside(store, clock, how)
        clock.advance(3600)
        assert store.settle("a", again=True)
        assert not [*everything(store.unknown), *everything(store.failed)]
        clock.advance(1)
        (again,) = store.take(10, LEASE)
        assert (again.id, again.body, again.attempts) == ("a", entry.body, 0)
        assert abs(again.put_at - clock.now()) < 3 * SECOND
        assert not store.settle("a", again=True)
        clock.advance(LEASE + 2)
        assert ids(store.take(10, LEASE)) == ["a"]

    @pytest.mark.parametrize("how", ["unknown", "failed", "lapsed"])
    def test_one_that_was_set_aside_is_forgotten_if_somebody_says_so(
        self, store: OutboxStore, put: Callable[..., None], clock: ManualClock, how: str
    ) -> None:
        """It was sent after all, or never will be; and it can be settled once."""
        put("a")
        self._aside(store, clock, how)
        assert store.settle("a", again=False)
        assert not [*everything(store.unknown), *everything(store.failed)]
        assert not store.settle("a", again=False)
        clock.advance(10 * LEASE)
        assert not store.take(10, LEASE)

    def _aside(self, store: OutboxStore, clock: ManualClock, how: str) -> None:
        (entry,) = store.take(10, LEASE)
        if how == "lapsed":
            assert store.begin(entry.receipt)
            clock.advance(LEASE + 2)
        else:
            assert store.set_aside(entry.receipt, "no", unknown=how == "unknown")

    def test_only_what_is_set_aside_is_settled(
        self, store: OutboxStore, put: Callable[..., None]
    ) -> None:
        """What waits, what is taken and what never was stay as they are."""
        put("taken")
        (entry,) = store.take(10, LEASE)
        put("waits", after=3600)
        for name in ("taken", "waits", "nobody", ""):
            assert not store.settle(name, again=True)
            assert not store.settle(name, again=False)
        assert store.begin(entry.receipt)
        assert not store.settle("taken", again=True)
        assert store.sent(entry.receipt)

    def test_an_event_may_be_faster_than_the_answer(
        self, store: OutboxStore, put: Callable[..., None], clock: ManualClock
    ) -> None:
        """
        What was begun can be forgotten, as sent, before its lease lapses.

        Else the event that tells of a killed sender's mail would come too early to tell.
        """
        put("a")
        (entry,) = store.take(10, LEASE)
        assert store.begin(entry.receipt)
        assert store.settle("a", again=False)
        assert not store.sent(entry.receipt)
        assert not store.put_back(entry.receipt, due=clock.now(), counts=True)
        clock.advance(LEASE + 2)
        assert not store.take(10, LEASE)
        assert not everything(store.unknown)

    # What is next

    def test_it_says_when_the_next_one_is_due(
        self, store: OutboxStore, put: Callable[..., None], clock: ManualClock
    ) -> None:
        """The earliest of what waits, or of the leases that lapse."""
        put("late", after=900)
        assert self._seconds_left(store, clock) == pytest.approx(900, abs=2)
        put("early", after=300)
        assert self._seconds_left(store, clock) == pytest.approx(300, abs=2)
        clock.advance(310)
        assert self._seconds_left(store, clock) <= 0
        store.take(10, LEASE)
        assert self._seconds_left(store, clock) == pytest.approx(LEASE, abs=2)

    def _seconds_left(self, store: OutboxStore, clock: ManualClock) -> float:
        due = store.next_due()
        assert isinstance(due, datetime)
        assert due.utcoffset() == timedelta(0)
        return (due - clock.now()).total_seconds()

    # Many at once

    def test_threads_take_each_mail_once(
        self, store: OutboxStore, put: Callable[..., None], clock: ManualClock
    ) -> None:
        """Of eight threads that take and end at once, each mail goes to one."""
        names = [f"mail-{number}" for number in range(40)]
        put(*names)
        clock.advance(1)
        taken: list[str] = []
        troubles: list[BaseException] = []
        gate = threading.Barrier(8)

        def work() -> None:
            try:
                gate.wait(timeout=30)
                while entries := store.take(3, LEASE):
                    for entry in entries:
                        assert store.begin(entry.receipt)
                        assert store.sent(entry.receipt)
                        taken.append(entry.id)
            except BaseException as error:
                troubles.append(error)

        _together(work, 8)
        assert not troubles
        rest = store.take(10, LEASE)
        assert not rest
        assert sorted(taken) == sorted(names)


def _together(work: Callable[[], None], number: int) -> None:
    threads = [threading.Thread(target=work, daemon=True) for _ in range(number)]
    interval = sys.getswitchinterval()
    sys.setswitchinterval(1e-6)  # switched between at any moment
    try:
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join(timeout=120)
    finally:
        sys.setswitchinterval(interval)
