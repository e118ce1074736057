"""The contract that every suppression store passes, ours and yours."""

from __future__ import annotations

import sys
import threading
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from itertools import count
from typing import TypeAlias, cast

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from sesguard.addresses import AddressKey
from sesguard.errors import ConfigurationError
from sesguard.ports import SuppressionStore
from sesguard.stores.memory import MemoryStore
from sesguard.suppression import (
    Change,
    CountSoftBounce,
    Reason,
    Release,
    Suppress,
    Suppression,
    stream_scope,
    tenant_scope,
)

__all__ = ["MakeStore", "StoreContract", "run_together"]

MakeStore: TypeAlias = Callable[[], SuppressionStore]
Event: TypeAlias = tuple[str, Sequence[Change]]

ANN, BEN = AddressKey("ann@example.org"), AddressKey("ben@example.org")
NEWS, SHOP = stream_scope("news"), tenant_scope("shop")
NOW = datetime.now(UTC)
DAY = timedelta(days=1)
WEEK = timedelta(days=7)

_PROPERTY = settings(max_examples=20, deadline=None, suppress_health_check=[HealthCheck.too_slow])


def entry(
    key: AddressKey = ANN,
    reason: Reason = Reason.BOUNCE,
    *,
    at: datetime = NOW,
    scope: str = "",
    expires_at: datetime | None = None,
) -> Suppression:
    """An entry as an event would make it."""
    return Suppression(
        key=key, reason=reason, at=at, scope=scope, source="event", expires_at=expires_at
    )


def soft_bounce(at: datetime, key: AddressKey = ANN, *, limit: int = 3) -> CountSoftBounce:
    """A soft bounce that is one of three too many in a week."""
    return CountSoftBounce(key=key, at=at, limit=limit, window=WEEK, detail="Transient/General")


_numbers = count()


def fresh(*changes: Change) -> Event:
    """An event that was never there before."""
    return f"Bounce:{next(_numbers)}", changes


def all_entries(store: SuppressionStore, *, limit: int = 1000) -> list[Suppression]:
    """The whole list, page by page."""
    page = store.entries(None, limit)
    found = list(page.items)
    while page.next is not None:
        page = store.entries(page.next, limit)
        found.extend(page.items)
    return found


def _changes() -> st.SearchStrategy[Change]:
    """Few keys, scopes and moments, so that they meet. Two bounces in two days are too many."""
    keys, scopes = st.sampled_from([ANN, BEN]), st.sampled_from(["", NEWS])
    times = st.integers(-5, 5).map(lambda days: NOW - WEEK + days * DAY)
    reasons = st.sampled_from([Reason.BOUNCE, Reason.BOUNCE, Reason.COMPLAINT])
    ends = st.none() | st.sampled_from([NOW - DAY, NOW + DAY])
    bounces = st.builds(
        CountSoftBounce,
        key=keys,
        at=times,
        limit=st.integers(1, 3),
        window=st.just(2 * DAY),
        scope=scopes,
    )
    return st.one_of(
        st.builds(
            Suppress,
            suppression=st.builds(entry, keys, reasons, at=times, scope=scopes, expires_at=ends),
        ),
        st.builds(Release, key=keys, reason=reasons, at=times, scope=scopes),
        bounces,
        bounces,
    )


def _events() -> st.SearchStrategy[list[Event]]:
    sets = st.lists(st.lists(_changes(), min_size=1, max_size=3), min_size=1, max_size=8)
    return sets.map(lambda found: [(f"event {i}", each) for i, each in enumerate(found)])


class StoreContract:
    """
    Inherit from this in a test module, and say how a store is made::

        class TestMyStore(StoreContract):
            @pytest.fixture
            def make_store(self, tmp_path):
                numbers = itertools.count()
                return lambda: MyStore(tmp_path / f"{next(numbers)}.db")

    Each call of ``make_store()`` gives a new and empty store.
    """

    @pytest.fixture
    def make_store(self) -> MakeStore:
        """How a new, empty store is made. Override it."""
        raise NotImplementedError("override the fixture make_store: it returns a callable")

    @pytest.fixture
    def store(self, make_store: MakeStore) -> Iterable[SuppressionStore]:
        """A new, empty store."""
        store = make_store()
        yield store
        store.close()

    # Looking up

    def test_nobody_is_on_a_new_list(self, store: SuppressionStore) -> None:
        """A new store finds nothing and lists nothing."""
        assert dict(store.look_up([ANN, BEN], [NEWS])) == {}
        assert store.entries() == store.entries(None, 1)
        assert not store.entries().items
        assert store.entries().next is None

    def test_nothing_is_found_for_no_keys(self, store: SuppressionStore) -> None:
        """No keys, no entries."""
        store.add([entry()])
        assert dict(store.look_up([])) == {}

    def test_a_listed_key_is_found_and_no_other(self, store: SuppressionStore) -> None:
        """A key is found by the string that it was put on with, and the others are left out."""
        store.add([entry(ANN)])
        assert dict(store.look_up([BEN, ANN, ANN])) == {ANN: entry(ANN)}

    def test_an_entry_comes_back_whole(self, store: SuppressionStore) -> None:
        """All fields come back, to the microsecond."""
        whole = Suppression(
            key=ANN,
            reason=Reason.COMPLAINT,
            at=datetime(2025, 12, 31, 23, 59, 59, 999_999, tzinfo=UTC),
            scope=NEWS,
            address="Ann@Example.org",
            source="event",
            event_key="Complaint:1",
            detail="abuse — Jürgen's mailbox",
            expires_at=NOW + DAY,
        )
        store.add([whole])
        assert store.look_up([ANN], [NEWS])[ANN] == whole
        assert all_entries(store) == [whole]

    def test_a_bare_string_is_one_key(self, store: SuppressionStore) -> None:
        """A key given alone is not taken for a sequence of letters, and found nowhere."""
        store.add([entry(ANN)])
        assert set(store.look_up(cast("Sequence[AddressKey]", ANN))) == {ANN}

    def test_five_thousand_keys_are_looked_up_at_once(self, store: SuppressionStore) -> None:
        """There is no limit on the keys of one question."""
        keys = [AddressKey(f"user{number}@example.org") for number in range(5_000)]
        store.add([entry(key) for key in keys[::2]])
        assert set(store.look_up(keys)) == set(keys[::2])

    @pytest.mark.parametrize(
        "key", ["o'neil@example.org", '"a;--"@example.org', "jürgen@example.org", "a%b_*@x.org"]
    )
    def test_a_key_is_data(self, store: SuppressionStore, key: str) -> None:
        """Quotes, wildcards and letters beyond ASCII mean nothing but themselves."""
        odd = AddressKey(key)
        store.add([entry(odd)])
        assert set(store.look_up([odd, ANN])) == {odd}
        assert all_entries(store) == [entry(odd)]
        assert store.remove([odd]) == 1
        assert dict(store.look_up([odd])) == {}

    # Scopes and reasons

    def test_all_mail_is_always_asked(self, store: SuppressionStore) -> None:
        """What holds for all mail holds for a part of it."""
        store.add([entry(ANN)])
        assert store.look_up([ANN], [NEWS]) == {ANN: entry(ANN)}

    def test_a_scope_holds_for_its_part_alone(self, store: SuppressionStore) -> None:
        """An entry of one scope is found where that scope is asked, and nowhere else."""
        store.add([entry(ANN, scope=NEWS)])
        assert dict(store.look_up([ANN])) == {}
        assert dict(store.look_up([ANN], [SHOP])) == {}
        assert set(store.look_up([ANN], [SHOP, NEWS])) == {ANN}

    def test_the_strongest_reason_speaks(self, store: SuppressionStore) -> None:
        """Of several reasons in any scope that was asked, the strongest is given."""
        store.add([entry(ANN, Reason.UNSUBSCRIBE), entry(ANN, Reason.BOUNCE, at=NOW - DAY)])
        assert store.look_up([ANN])[ANN].reason is Reason.BOUNCE
        store.add([entry(ANN, Reason.COMPLAINT, scope=NEWS, at=NOW - WEEK)])
        assert store.look_up([ANN])[ANN].reason is Reason.BOUNCE
        assert store.look_up([ANN], [NEWS])[ANN].reason is Reason.COMPLAINT
        store.add([entry(ANN, Reason.MANUAL)])
        assert store.look_up([ANN], [NEWS])[ANN].reason is Reason.MANUAL

    @pytest.mark.parametrize("scope", ["news", "tenant:", "stream", ":news", "Tenant:shop"])
    def test_a_scope_that_is_none_is_refused(self, store: SuppressionStore, scope: str) -> None:
        """A misspelt scope would never be found, so it is refused wherever it is given."""
        with pytest.raises(ConfigurationError):
            store.look_up([ANN], [scope])
        with pytest.raises(ConfigurationError):
            store.remove([ANN], scope)
        with pytest.raises(ConfigurationError):
            store.add([entry(scope=scope)])
        with pytest.raises(ConfigurationError):
            store.apply([fresh(Suppress(suppression=entry(scope=scope)))])

    def test_a_time_without_zone_is_refused(self, store: SuppressionStore) -> None:
        """Nobody knows which of two events was the later."""
        naive = NOW.replace(tzinfo=None)
        with pytest.raises(ConfigurationError):
            store.add([entry(at=naive)])
        with pytest.raises(ConfigurationError):
            store.apply([fresh(Release(key=ANN, reason=Reason.BOUNCE, at=naive))])

    # Expiry

    def test_an_expired_entry_does_not_hold(self, store: SuppressionStore) -> None:
        """It is neither found nor listed, nor counted by remove; the next reason speaks."""
        store.add([entry(ANN, Reason.MANUAL, expires_at=NOW - DAY), entry(ANN, Reason.BOUNCE)])
        store.add([entry(BEN, expires_at=NOW - DAY), entry(BEN, scope=NEWS, expires_at=NOW + DAY)])
        found = store.look_up([ANN, BEN])
        assert {key: one.reason for key, one in found.items()} == {ANN: Reason.BOUNCE}
        assert [(one.key, one.scope) for one in all_entries(store)] == [(ANN, ""), (BEN, NEWS)]
        assert store.remove([BEN]) == 0
        assert store.remove([BEN], NEWS) == 1

    # Events

    def test_an_event_is_applied_once(self, store: SuppressionStore) -> None:
        """A repeated event changes nothing, in the same batch or a later one."""
        key, changes = fresh(Suppress(suppression=entry(ANN)))
        other, _ = fresh()
        assert list(store.apply([(key, changes), (other, ()), (key, changes)])) == [
            True,
            True,
            False,
        ]
        store.remove([ANN])
        assert list(store.apply([(key, changes)])) == [False]
        assert dict(store.look_up([ANN])) == {}
        assert list(store.apply([])) == []

    def test_a_batch_is_one_transaction(self, store: SuppressionStore) -> None:
        """One change that cannot be, and nothing of the batch was applied."""
        good = fresh(Suppress(suppression=entry(ANN)))
        bad = fresh(Suppress(suppression=entry(BEN)), cast("Change", "no change"))
        with pytest.raises(ConfigurationError):
            store.apply([good, bad])
        assert dict(store.look_up([ANN, BEN])) == {}
        assert list(store.apply([good])) == [True]

    def test_the_later_word_stands(self, store: SuppressionStore) -> None:
        """Of two entries of one key, scope and reason, the later stands, whichever came first."""
        newer = replace(entry(ANN, at=NOW), detail="newer")
        older = replace(entry(ANN, at=NOW - DAY), detail="older")
        store.apply([fresh(Suppress(suppression=newer)), fresh(Suppress(suppression=older))])
        assert store.look_up([ANN]) == {ANN: newer}
        assert all_entries(store) == [newer]

    def test_what_passes_does_not_end_what_lasts(self, store: SuppressionStore) -> None:
        """
        A hard bounce outlives a later entry that expires, as SES's own list gives.

        Else an address that is known to be dead would be mailed again after two weeks.
        """
        for key, places in ((ANN, (0, 1)), (BEN, (1, 0))):
            lasting = entry(key, at=NOW - WEEK)
            passing = entry(key, at=NOW - DAY, expires_at=NOW - timedelta(hours=1))
            store.apply(
                [fresh(Suppress(suppression=(lasting, passing)[place])) for place in places]
            )
            assert store.look_up([key]) == {key: lasting}

    def test_a_release_takes_off_what_is_not_newer(self, store: SuppressionStore) -> None:
        """A release of one reason and scope leaves the others, and what came after it."""
        store.apply(
            [
                fresh(
                    Suppress(suppression=entry(ANN, Reason.COMPLAINT)),
                    Suppress(suppression=entry(ANN, Reason.BOUNCE)),
                    Suppress(suppression=entry(ANN, Reason.COMPLAINT, scope=NEWS)),
                    Suppress(suppression=entry(BEN, Reason.COMPLAINT, at=NOW + DAY)),
                ),
                fresh(
                    Release(key=ANN, reason=Reason.COMPLAINT, at=NOW),
                    Release(key=BEN, reason=Reason.COMPLAINT, at=NOW),
                ),
            ]
        )
        left = {(one.key, one.scope, one.reason) for one in all_entries(store)}
        assert left == {
            (ANN, "", Reason.BOUNCE),
            (ANN, NEWS, Reason.COMPLAINT),
            (BEN, "", Reason.COMPLAINT),
        }

    def test_an_older_event_does_not_undo_a_release(self, store: SuppressionStore) -> None:
        """What was released stays released when an event of before arrives late."""
        store.apply([fresh(Release(key=ANN, reason=Reason.COMPLAINT, at=NOW))])
        late = Suppress(suppression=entry(ANN, Reason.COMPLAINT, at=NOW))
        assert list(store.apply([fresh(late)])) == [True]
        assert dict(store.look_up([ANN])) == {}
        after = entry(ANN, Reason.COMPLAINT, at=NOW + timedelta(microseconds=1))
        store.apply([fresh(Suppress(suppression=after))])
        assert store.look_up([ANN]) == {ANN: after}

    def test_the_order_of_events_does_not_matter(self, make_store: MakeStore) -> None:
        """Any order, and any repetition, of the same events gives the same list."""

        @_PROPERTY
        @given(events=_events(), data=st.data())
        def holds(events: list[Event], data: st.DataObject) -> None:
            repeated = data.draw(st.lists(st.sampled_from(events), max_size=4))
            shuffled = data.draw(st.permutations([*events, *repeated]))
            straight, mixed = make_store(), make_store()
            straight.apply(events)
            for event in shuffled:
                mixed.apply([event])
            assert _seen(mixed) == _seen(straight)
            assert not any(mixed.apply(events))
            straight.close()
            mixed.close()

        holds()

    def test_it_answers_as_the_memory_store_does(self, make_store: MakeStore) -> None:
        """Events, additions and removals in any mixture leave what they leave in memory."""

        @_PROPERTY
        @given(steps=st.lists(st.one_of(_events(), _changes()), max_size=6))
        def holds(steps: list[list[Event] | Change]) -> None:
            stores: list[SuppressionStore] = [make_store(), MemoryStore()]
            for number, step in enumerate(steps):
                for store in stores:
                    if isinstance(step, list):
                        store.apply([(f"{number} {key}", changes) for key, changes in step])
                    elif isinstance(step, Suppress):
                        store.add([step.suppression])
                    else:
                        store.remove([step.key], step.scope)
            assert _seen(stores[0]) == _seen(stores[1])
            stores[0].close()

        holds()

    # Soft bounces

    def test_soft_bounces_reach_their_limit(self, store: SuppressionStore) -> None:
        """The bounce that makes the limit puts the address on the list, with its own time."""
        events = [fresh(soft_bounce(NOW - days * DAY)) for days in (2, 1, 0)]
        store.apply(events[:2])
        assert dict(store.look_up([ANN])) == {}
        store.apply(events[2:])
        found = store.look_up([ANN])[ANN]
        assert (found.reason, found.at) == (Reason.BOUNCE, NOW)
        assert (found.source, found.event_key) == ("soft-bounces", events[2][0])

    def test_a_soft_bounce_is_forgotten_after_its_window(self, store: SuppressionStore) -> None:
        """A bounce as old as the window counts no more; one a moment younger does."""
        moment = timedelta(microseconds=1)
        for key, age in ((ANN, WEEK), (BEN, WEEK - moment)):
            times = (NOW - age, NOW - DAY, NOW)
            store.apply([fresh(soft_bounce(at, key)) for at in times])
        assert set(store.look_up([ANN, BEN])) == {BEN}

    def test_soft_bounces_that_are_told_late_count_together(self, store: SuppressionStore) -> None:
        """What counts is when they happened, be it years ago, not when the queue brought them."""
        for days in (1, 2, 0):
            store.apply([fresh(soft_bounce(NOW - 1000 * DAY + days * DAY))])
        assert set(store.look_up([ANN])) == {ANN}

    def test_soft_bounces_may_be_dated_to_the_end_of_time(self, store: SuppressionStore) -> None:
        """An event may say so. It does no harm to what comes with it, and is counted."""
        last = datetime.max.replace(tzinfo=UTC)
        for _ in range(3):
            batch = [fresh(soft_bounce(last)), fresh(Suppress(suppression=entry(BEN)))]
            assert list(store.apply(batch)) == [True, True]
        assert set(store.look_up([ANN, BEN])) == {ANN, BEN}

    def test_two_events_of_one_second_are_two(self, store: SuppressionStore) -> None:
        """Counts are kept by event key, and one event that comes again is one."""
        first, second = fresh(soft_bounce(NOW, limit=2)), fresh(soft_bounce(NOW, limit=2))
        store.apply([first, first])
        store.apply([first])
        assert dict(store.look_up([ANN])) == {}
        store.apply([second])
        assert set(store.look_up([ANN])) == {ANN}

    def test_soft_bounces_count_for_their_key_and_scope(self, store: SuppressionStore) -> None:
        """Those of another address, or of one tenant, do not add to these."""
        one = soft_bounce(NOW, limit=2)
        store.apply([fresh(one), fresh(replace(one, scope=SHOP)), fresh(replace(one, key=BEN))])
        assert dict(store.look_up([ANN, BEN], [SHOP])) == {}

    def test_a_release_forgets_soft_bounces(self, store: SuppressionStore) -> None:
        """What counted before the release counts no more, though it arrives after it."""
        store.apply([fresh(soft_bounce(NOW - 2 * DAY))])
        store.apply([fresh(Release(key=ANN, reason=Reason.BOUNCE, at=NOW - DAY))])
        store.apply([fresh(soft_bounce(at)) for at in (NOW - DAY, NOW - DAY / 2, NOW)])
        assert dict(store.look_up([ANN])) == {}
        store.apply([fresh(soft_bounce(NOW))])
        assert set(store.look_up([ANN])) == {ANN}

    def test_a_release_among_soft_bounces_makes_them_too_few(self, store: SuppressionStore) -> None:
        """A release that arrives late takes off what its bounces had helped to put on."""
        store.apply([fresh(soft_bounce(NOW - days * DAY)) for days in (2, 1, 0)])
        store.apply([fresh(Release(key=ANN, reason=Reason.BOUNCE, at=NOW - DAY))])
        assert dict(store.look_up([ANN])) == {}

    # Operators

    def test_an_operators_word_outlives_events(self, store: SuppressionStore) -> None:
        """No event releases what an operator entered, nor weakens it."""
        manual = entry(ANN, Reason.MANUAL, at=NOW - DAY)
        store.add([manual])
        releases = [Release(key=ANN, reason=reason, at=NOW) for reason in Reason]
        store.apply([fresh(*releases, Suppress(suppression=entry(ANN)))])
        assert store.look_up([ANN]) == {ANN: manual}

    def test_an_operator_can_always_put_on(self, store: SuppressionStore) -> None:
        """An addition holds, even of a reason that was released since, or that had expired."""
        store.apply([fresh(Release(key=ANN, reason=Reason.BOUNCE, at=NOW))])
        store.add([entry(BEN, at=NOW, expires_at=NOW - DAY)])
        store.add([entry(ANN, at=NOW - DAY), entry(BEN, at=NOW - DAY)])
        assert set(store.look_up([ANN, BEN])) == {ANN, BEN}

    def test_an_operator_can_always_take_off(self, store: SuppressionStore) -> None:
        """A removal takes every reason, of that scope alone, and says how many were on it."""
        store.add([entry(ANN, reason) for reason in Reason])
        store.add([entry(ANN, scope=NEWS), entry(BEN, at=NOW + DAY)])
        assert store.remove([ANN, ANN, BEN, AddressKey("cy@example.org")]) == 2
        assert all_entries(store) == [entry(ANN, scope=NEWS)]
        assert store.remove([ANN]) == 0

    def test_what_was_before_a_removal_is_over(self, store: SuppressionStore) -> None:
        """An event from before a removal has no effect after it; a new one has."""
        store.apply([fresh(soft_bounce(NOW - DAY)), fresh(soft_bounce(NOW - DAY))])
        store.remove([ANN])
        store.apply([fresh(soft_bounce(NOW - DAY))])
        store.apply([fresh(Suppress(suppression=entry(ANN, reason))) for reason in Reason])
        assert dict(store.look_up([ANN])) == {}
        store.apply([fresh(Suppress(suppression=entry(ANN, at=NOW + DAY)))])
        assert set(store.look_up([ANN])) == {ANN}

    # Pages

    @pytest.mark.parametrize("limit", [1, 2, 3, 7, 8, 100])
    def test_pages_give_every_entry_once(self, store: SuppressionStore, limit: int) -> None:
        """Whatever the size of a page, the pages together are the list, in one order."""
        put = [
            entry(AddressKey(f"{name}@example.org"), reason, scope=scope)
            for name in "cab"
            for reason in (Reason.BOUNCE, Reason.MANUAL)
            for scope in ("", NEWS)
        ]
        store.add(put)
        store.apply([fresh(soft_bounce(NOW + DAY, put[0].key, limit=1))])
        assert len(store.entries(None, limit).items) == min(limit, len(put))
        listed = all_entries(store, limit=limit)
        places = [(one.key, one.scope, one.reason) for one in listed]
        assert set(places) == {(one.key, one.scope, one.reason) for one in put}
        assert len(places) == len(put)
        assert listed == all_entries(store)

    def test_a_page_follows_what_is_gone(self, store: SuppressionStore) -> None:
        """Between two pages entries may come and go: those that stay are listed once."""
        keys = [AddressKey(f"{name}@example.org") for name in "abcd"]
        store.add([entry(key) for key in keys])
        first = store.entries(None, 2)
        store.remove([first.items[-1].key])
        store.add([entry(AddressKey("ab@example.org"))])
        rest = store.entries(first.next, 10)
        assert not {one.key for one in first.items} & {one.key for one in rest.items}
        assert {one.key for one in rest.items} >= set(keys) - {one.key for one in first.items}
        assert rest.next is None

    def test_a_page_of_nothing_is_refused(self, store: SuppressionStore) -> None:
        """A limit below one, and a cursor that is none, are errors and not an empty list."""
        with pytest.raises(ConfigurationError):
            store.entries(None, 0)
        with pytest.raises(ConfigurationError):
            store.entries("nonsense", 10)

    # Threads

    def test_threads_apply_every_event_once(self, store: SuppressionStore) -> None:
        """Of threads that bring the same events, one applies each, and no count is lost."""
        events = [fresh(soft_bounce(NOW, limit=40)) for _ in range(40)]
        results: list[bool] = []

        def bring(order: Iterable[Event]) -> None:
            for event in order:
                results.extend(store.apply([event]))

        run_together([lambda: bring(events), lambda: bring(events[::-1]), lambda: bring(events)])
        assert (len(results), sum(results)) == (120, 40)
        assert store.look_up([ANN])[ANN].source == "soft-bounces"

    def test_readers_and_writers_share_a_store(self, store: SuppressionStore) -> None:
        """While events are applied, a question finds an entry or none, and fails for nobody."""
        keys = [AddressKey(f"user{number}@example.org") for number in range(30)]
        seen: list[Suppression] = []

        def write() -> None:
            for key in keys:
                store.apply([fresh(Suppress(suppression=entry(key)))])

        def read() -> None:
            for key in keys * 2:
                seen.extend(store.look_up([key, ANN]).values())

        run_together([write, read, read])
        assert all(one == entry(one.key) for one in seen)
        assert set(store.look_up(keys)) == set(keys)


def _seen(store: SuppressionStore) -> tuple[Mapping[object, Suppression], list[Suppression]]:
    """All that can be asked of a store about the keys of a property."""
    found: dict[object, Suppression] = {}
    for scopes in ((), (NEWS,)):
        answer = store.look_up([ANN, BEN], scopes)
        found.update({(scopes, key): one for key, one in answer.items()})
    order = sorted(all_entries(store), key=lambda one: (one.key, one.scope, one.reason))
    return found, order


def run_together(acts: Sequence[Callable[[], None]]) -> None:
    """Run each on a thread of its own, all begun at once, and switched between at any moment."""
    # Switched fast from the gate on: a thread that starts under a tracer must not be interrupted.
    gate = threading.Barrier(len(acts), action=lambda: sys.setswitchinterval(1e-6))
    failures: list[BaseException] = []

    def run(act: Callable[[], None]) -> None:
        try:
            gate.wait(timeout=30)
            act()
        except BaseException as error:  # a thread's failure is this test's
            failures.append(error)

    threads = [threading.Thread(target=run, args=[act], daemon=True) for act in acts]
    interval = sys.getswitchinterval()
    try:
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join(timeout=60)
    finally:
        sys.setswitchinterval(interval)
    assert not any(thread.is_alive() for thread in threads), "a thread did not come to its end"
    if failures:
        raise failures[0]
