"""SES's own list as a store."""

from __future__ import annotations

import os
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any, cast

import pytest
from botocore.exceptions import ClientError, NoCredentialsError

from sesguard.addresses import AddressKey
from sesguard.errors import AddressError, ConfigurationError, StoreError
from sesguard.ports import SuppressionStore
from sesguard.simulator import Simulator
from sesguard.stores.account import AccountStore
from sesguard.suppression import (
    Change,
    CountSoftBounce,
    Reason,
    Release,
    Suppress,
    Suppression,
)
from sesguard.testing import StoreContract
from sesguard.testing.store_contract import (
    ANN,
    BEN,
    DAY,
    NEWS,
    NOW,
    MakeStore,
    all_entries,
    entry,
    fresh,
    run_together,
    soft_bounce,
)

SECOND = timedelta(seconds=1)


def opened(sim: Simulator, **options: Any) -> AccountStore:
    """A store over a simulated account that takes one call a second, and not one more."""
    return AccountStore(boto3_client=sim.boto3_client("sesv2"), clock=sim.clock, **options)


def account(**options: Any) -> Simulator:
    return Simulator(control_rate=1.0, **options)


def told(entries: list[Suppression]) -> list[tuple[str, Reason]]:
    return [(one.key, one.reason) for one in entries]


def keeps_nothing(store: SuppressionStore, change: Change) -> None:
    """Whatever is applied so leaves the list empty."""
    assert list(store.apply([fresh(change)])) == [True]
    assert not all_entries(store)


class TestContract(StoreContract):
    """
    What SES can keep, it keeps as any list does.

    A test that does not hold is replaced by what holds in its place, with the reason.
    """

    @pytest.fixture
    def make_store(self) -> MakeStore:
        return lambda: opened(account())

    def test_a_listed_key_is_found_and_no_other(self, store: SuppressionStore) -> None:
        """It is found; its time and source are SES's, since SES keeps no others."""
        store.add([entry(ANN)])
        found = store.look_up([BEN, ANN, ANN])
        assert {key: (one.key, one.reason, one.source) for key, one in found.items()} == {
            ANN: (ANN, Reason.BOUNCE, "account")
        }

    def test_an_entry_comes_back_whole(self, store: SuppressionStore) -> None:
        """Address, reason and SES's time come back: it has no place for the rest."""
        sim = account()
        with opened(sim) as own:
            own.add([replace(entry(ANN, Reason.COMPLAINT), address="Ann@Example.org")])
            whole = Suppression(
                key=ANN,
                reason=Reason.COMPLAINT,
                at=sim.clock.now(),
                address="Ann@Example.org",
                source="account",
            )
            assert own.look_up([ANN]) == {ANN: whole}
            assert all_entries(own) == [whole]

    @pytest.mark.parametrize("key", ["o'neil@example.org", '"a;--"@example.org', "a%b_*@x.org"])
    def test_a_key_is_data(self, store: SuppressionStore, key: str) -> None:
        """Quotes and wildcards mean nothing but themselves. SES takes ASCII alone."""
        odd = AddressKey(key)
        store.add([entry(odd)])
        assert set(store.look_up([odd, ANN])) == {odd}
        assert [one.key for one in all_entries(store)] == [odd]
        assert store.remove([odd]) == 1
        assert dict(store.look_up([odd])) == {}

    def test_all_mail_is_always_asked(self, store: SuppressionStore) -> None:
        """What holds for all mail holds for a part of it."""
        store.add([entry(ANN)])
        assert set(store.look_up([ANN], [NEWS])) == {ANN}

    def test_a_scope_holds_for_its_part_alone(self, store: SuppressionStore) -> None:
        """The list is for all mail: an operator's entry for a part is refused, an event's left."""
        with pytest.raises(ConfigurationError, match="for all mail"):
            store.add([entry(BEN), entry(ANN, scope=NEWS)])
        store.apply([fresh(Suppress(entry(ANN, scope=NEWS)))])
        assert dict(store.look_up([ANN, BEN], [NEWS])) == {}
        store.add([entry(ANN)])
        assert store.remove([ANN], NEWS) == 0

    def test_the_strongest_reason_speaks(self, store: SuppressionStore) -> None:
        """One spelling has one reason: a complaint replaces a bounce, and never the other way."""
        store.add([entry(ANN, Reason.COMPLAINT), entry(ANN, Reason.BOUNCE)])
        assert store.look_up([ANN])[ANN].reason is Reason.COMPLAINT
        store.apply([fresh(Suppress(entry(BEN)))])
        store.apply([fresh(Suppress(entry(BEN, Reason.COMPLAINT, at=NOW - DAY)))])
        store.apply([fresh(Suppress(entry(BEN, at=NOW + DAY)))])
        assert store.look_up([BEN])[BEN].reason is Reason.COMPLAINT

    def test_an_expired_entry_does_not_hold(self, store: SuppressionStore) -> None:
        """SES's entries have no end: one with an end is refused, and an event's left out."""
        with pytest.raises(ConfigurationError, match="without an end"):
            store.add([entry(ANN, expires_at=NOW + DAY)])
        store.apply([fresh(Suppress(entry(ANN, expires_at=NOW + DAY)))])
        assert not all_entries(store)

    def test_an_event_is_applied_once(self, store: SuppressionStore) -> None:
        """There is no place for event keys: a repeated event is True again, and changes nothing."""
        event = fresh(Suppress(entry(ANN)))
        assert list(store.apply([event, event])) == [True, True]
        before = all_entries(store)
        assert list(store.apply([event])) == [True]
        assert all_entries(store) == before
        assert list(store.apply([])) == []

    def test_the_later_word_stands(self, store: SuppressionStore) -> None:
        """SES dates an entry when it is put there, and a second event does not date it anew."""
        store.apply([fresh(Suppress(entry(ANN)))])
        before = all_entries(store)
        store.apply([fresh(Suppress(entry(ANN, at=NOW + DAY)))])
        assert all_entries(store) == before

    def test_what_passes_does_not_end_what_lasts(self, store: SuppressionStore) -> None:
        """What passes is left out, so what lasts stands."""
        passing = Suppress(entry(ANN, at=NOW, expires_at=NOW + DAY))
        store.apply([fresh(Suppress(entry(ANN))), fresh(passing)])
        assert set(store.look_up([ANN])) == {ANN}

    def test_a_release_takes_off_what_is_not_newer(self, store: SuppressionStore) -> None:
        """A release of one reason takes off what SES dated at or before it, and nothing else."""
        sim = account()
        with opened(sim) as own:
            own.add([entry(ANN, Reason.COMPLAINT), entry(BEN)])
            at = sim.clock.now()
            own.apply([fresh(Release(key=ANN, reason=Reason.COMPLAINT, at=at - 2 * SECOND))])
            own.apply([fresh(Release(key=BEN, reason=Reason.COMPLAINT, at=at))])
            assert set(own.look_up([ANN, BEN])) == {ANN, BEN}
            own.apply([fresh(Release(key=ANN, reason=Reason.COMPLAINT, at=at))])
            assert set(own.look_up([ANN, BEN])) == {BEN}

    def test_an_older_event_does_not_undo_a_release(self, store: SuppressionStore) -> None:
        """In one batch it does not; a later batch does not know of the release any more."""
        release = fresh(Release(key=ANN, reason=Reason.COMPLAINT, at=NOW))
        late = fresh(Suppress(entry(ANN, Reason.COMPLAINT, at=NOW)))
        for batch in ([release, late], [late, release]):
            store.apply(batch)
            assert dict(store.look_up([ANN])) == {}
        store.apply([late])
        assert set(store.look_up([ANN])) == {ANN}

    def test_the_order_of_events_does_not_matter(self, make_store: MakeStore) -> None:
        """
        Within a batch it does not. Over batches it may, and then the address stays on the list.

        SES's times are those of the calls, and what is gone leaves no trace.
        """
        bounce = fresh(Suppress(entry(ANN, at=NOW - 2 * DAY)))
        release = fresh(Release(key=ANN, reason=Reason.BOUNCE, at=NOW - DAY))
        for batches in ([[bounce, release]], [[release, bounce]]):
            sim = account()
            with opened(sim) as own:
                for batch in batches:
                    own.apply(batch)
                assert sim.suppressed == {}
        for batches in ([[bounce], [release]], [[release], [bounce]]):
            sim = account()
            with opened(sim) as own:
                for batch in batches:
                    own.apply(batch)
                assert sim.suppressed == {ANN: Reason.BOUNCE}

    def test_it_answers_as_the_memory_store_does(self, make_store: MakeStore) -> None:
        """It does not: scopes, ends, counts and releases are nothing that SES can keep."""

    def test_soft_bounces_reach_their_limit(self, store: SuppressionStore) -> None:
        """SES's list has no place for counts: soft bounces are left out, however many."""
        keeps_nothing(store, soft_bounce(NOW, limit=1))

    def test_a_soft_bounce_is_forgotten_after_its_window(self, store: SuppressionStore) -> None:
        """None is counted."""
        keeps_nothing(store, CountSoftBounce(key=ANN, at=NOW, limit=1, window=DAY))

    def test_soft_bounces_that_are_told_late_count_together(self, store: SuppressionStore) -> None:
        """None is counted."""
        keeps_nothing(store, soft_bounce(NOW - 1000 * DAY, limit=1))

    def test_soft_bounces_may_be_dated_to_the_end_of_time(self, store: SuppressionStore) -> None:
        """It does no harm, and is not counted."""
        keeps_nothing(store, soft_bounce(datetime.max.replace(tzinfo=UTC), limit=1))

    def test_two_events_of_one_second_are_two(self, store: SuppressionStore) -> None:
        """None is counted."""
        keeps_nothing(store, soft_bounce(NOW, BEN, limit=1))

    def test_a_release_forgets_soft_bounces(self, store: SuppressionStore) -> None:
        """There are none to forget."""
        keeps_nothing(store, Release(key=ANN, reason=Reason.BOUNCE, at=NOW))

    def test_an_operators_word_outlives_events(self, store: SuppressionStore) -> None:
        """SES has no reason for an operator's word: MANUAL and UNSUBSCRIBE are refused."""
        for reason in (Reason.MANUAL, Reason.UNSUBSCRIBE):
            with pytest.raises(ConfigurationError, match="BOUNCE and COMPLAINT"):
                store.add([entry(BEN), entry(ANN, reason)])
            store.apply([fresh(Suppress(entry(ANN, reason)))])
        assert not all_entries(store)

    def test_an_operator_can_always_put_on(self, store: SuppressionStore) -> None:
        """An addition holds, though the reason was released since."""
        store.apply([fresh(Release(key=ANN, reason=Reason.BOUNCE, at=NOW))])
        store.add([entry(ANN, at=NOW - DAY)])
        assert set(store.look_up([ANN])) == {ANN}

    def test_an_operator_can_always_take_off(self, store: SuppressionStore) -> None:
        """A removal takes either reason, and says how many were on the list."""
        store.add([entry(ANN), entry(BEN, Reason.COMPLAINT)])
        assert store.remove([ANN, ANN, BEN, AddressKey("cy@example.org")]) == 2
        assert store.remove([ANN]) == 0
        assert not all_entries(store)

    def test_what_was_before_a_removal_is_over(self, store: SuppressionStore) -> None:
        """A removal leaves no trace on SES's list: an event that comes later puts it on again."""
        store.remove([ANN])
        store.apply([fresh(Suppress(entry(ANN, at=NOW - DAY)))])
        assert set(store.look_up([ANN])) == {ANN}

    @pytest.mark.parametrize("limit", [1, 2, 3, 7, 8, 100])
    def test_pages_give_every_entry_once(self, store: SuppressionStore, limit: int) -> None:
        """Whatever the size of a page, the pages together are the list, in one order."""
        put = [entry(AddressKey(f"{name}@example.org")) for name in "gcabedf"]
        store.add(put)
        assert len(store.entries(None, limit).items) == min(limit, len(put))
        listed = all_entries(store, limit=limit)
        assert sorted(told(listed)) == sorted(told(put))
        assert listed == all_entries(store)

    def test_threads_apply_every_event_once(self, store: SuppressionStore) -> None:
        """Events that threads bring more than once leave what they leave when brought once."""
        keys = [AddressKey(f"user{number}@example.org") for number in range(8)]
        events = [fresh(Suppress(entry(key))) for key in keys]

        def bring() -> None:
            for event in events:
                store.apply([event])

        run_together([bring, bring, bring])
        assert set(store.look_up(keys)) == set(keys)
        assert len(all_entries(store)) == len(keys)

    def test_readers_and_writers_share_a_store(self, store: SuppressionStore) -> None:
        """While events are applied, a question finds an entry or none, and fails for nobody."""
        keys = [AddressKey(f"user{number}@example.org") for number in range(10)]

        def write() -> None:
            for key in keys:
                store.apply([fresh(Suppress(entry(key)))])

        def read() -> None:
            for key in keys * 2:
                assert set(store.look_up([key, ANN])) <= {key}

        run_together([write, read, read])
        assert set(store.look_up(keys)) == set(keys)


def test_an_entry_is_found_in_any_case() -> None:
    """
    What SES put there as it was mailed is found, released and removed by its key.

    An entry that came since the last question too, and one that was put under a second spelling.
    """
    sim = account()
    sim.bounces("Ann@example.org")
    sim.suppress("BEN@Example.ORG", Reason.COMPLAINT)
    with opened(sim) as store:
        assert {key: one.address for key, one in store.look_up([ANN, BEN]).items()} == {
            BEN: "BEN@Example.ORG"
        }
        sim.suppress("ANN@example.org")
        sim.suppress("Ann@example.org", Reason.COMPLAINT)
        found = store.look_up([ANN])[ANN]
        assert (found.key, found.reason, found.address) == (
            ANN, Reason.COMPLAINT, "Ann@example.org",
        )  # fmt: skip
        assert set(store.look_up([AddressKey("aNN@Example.org")])) == {"aNN@Example.org"}
        store.apply([fresh(Release(key=BEN, reason=Reason.COMPLAINT, at=sim.clock.now()))])
        assert store.remove([ANN]) == 1
        assert sim.suppressed == {}
        assert not store.look_up([ANN, BEN])


def test_an_entry_is_spelled_as_it_was_seen() -> None:
    """An event's spelling goes on the list, or the key where SES would not take it."""
    sim = account()
    with opened(sim) as store:
        for key, address in (
            (ANN, "Ann@Example.org"),
            (BEN, "<somebody@else.example>"),
            (AddressKey("cy@xn--bcher-kva.example"), "Cy@bücher.example"),
            (AddressKey("di@example.org"), None),
        ):
            store.apply([fresh(Suppress(replace(entry(key), address=address)))])
        assert set(sim.suppressed) == {
            "Ann@Example.org", BEN, "cy@xn--bcher-kva.example", "di@example.org",
        }  # fmt: skip


def test_a_stronger_reason_is_put_on_the_spelling_that_stands() -> None:
    """A mailbox does not come on the list a second time."""
    sim = account()
    sim.suppress("Ann@example.org")
    with opened(sim) as store:
        store.apply([fresh(Suppress(entry(ANN, Reason.COMPLAINT)))])
    assert sim.suppressed == {"Ann@example.org": Reason.COMPLAINT}


def test_fifty_addresses_are_fifty_one_calls_at_one_a_second() -> None:
    """One for each, and one for the spellings. Nothing was refused for being too fast."""
    sim = account()
    keys = [AddressKey(f"user{number}@example.org") for number in range(50)]
    with opened(sim) as store:
        store.add([entry(keys[0])])
        before, since = dict(sim.calls), sim.clock.monotonic()
        assert set(store.look_up(keys)) == {keys[0]}
        took = sim.clock.monotonic() - since
    made = {name: count - before.get(name, 0) for name, count in sim.calls.items()}
    assert made["sesv2.GetSuppressedDestination"] == 50
    assert made["sesv2.ListSuppressedDestinations"] == 1
    assert took == 51.0


def test_a_list_of_capitals_is_read_once() -> None:
    """The first look-up reads the whole list, a call for each thousand; the next, what is new."""
    sim = Simulator()
    for number in range(2_500):
        sim.suppress(f"User{number}@example.org")
    with opened(sim) as store:
        sim.clock.advance(3600)
        sim.suppress("ANN@example.org")
        assert set(store.look_up([ANN])) == {ANN}
        assert sim.calls["sesv2.ListSuppressedDestinations"] == 3
        sim.suppress("BEN@example.org")
        assert set(store.look_up([BEN])) == {BEN}
        assert sim.calls["sesv2.ListSuppressedDestinations"] == 4
        assert set(store.look_up([AddressKey("user7@example.org")])) == {"user7@example.org"}


def test_too_many_requests_are_waited_out() -> None:
    """Somebody else asks as well: it waits, longer each time, on its own clock."""
    sim = account()
    sim.suppress(ANN)
    for operation in ("ListSuppressedDestinations", "GetSuppressedDestination"):
        sim.fail_next(5, throttled(), operation=operation)
    with opened(sim) as store:
        assert set(store.look_up([ANN])) == {ANN}
    assert sim.clock.monotonic() > 60


def test_too_many_requests_without_end_are_an_error() -> None:
    """After half a minute it says so, and that nobody knows about the address."""
    sim = account()
    sim.fail_next(6, throttled(), operation="ListSuppressedDestinations")
    with opened(sim) as store:
        with pytest.raises(StoreError, match="comes too fast") as caught:
            store.look_up([ANN])
        assert caught.value.retry_after == 31.0
        assert not store.look_up([ANN])


def throttled() -> ClientError:
    return refusal("TooManyRequestsException", 429)


def refusal(code: str, status: int = 400) -> ClientError:
    answer = {
        "Error": {"Code": code, "Message": "no: ann@example.org"},
        "ResponseMetadata": {"HTTPStatusCode": status},
    }
    return ClientError(cast("Any", answer), "GetSuppressedDestination")


FILE = "s3://bucket/file"
CALLS: dict[str, Callable[[AccountStore], object]] = {
    "GetSuppressedDestination": lambda store: store.look_up([ANN]),
    "ListSuppressedDestinations": lambda store: store.look_up([ANN]),
    "PutSuppressedDestination": lambda store: store.apply([fresh(Suppress(entry(BEN)))]),
    "DeleteSuppressedDestination": lambda store: store.remove([ANN]),
    "CreateImportJob": lambda store: store.start_import(FILE),
    "GetImportJob": lambda store: store.import_report(store.start_import(FILE)),
}
FAULTS: dict[str, tuple[str | Exception, str]] = {
    "503": ("503", r"SES refused {} \(\w+Unavailable"),
    "no answer": ("answer lost", "SES did not answer {}"),
    "refused connection": ("connection refused", "SES did not answer {}"),
    "cut answer": (refusal("AccessDeniedException", 403), "must be allowed ses:{}"),
    "another shape": (AttributeError("'list' object has no attribute 'get'"), "did not answer {}"),
    "strange": (refusal("ann@example.org", 418), "SES refused {} .HTTP status 418"),
}


@pytest.mark.parametrize("operation", CALLS)
@pytest.mark.parametrize("fault", FAULTS)
def test_what_ses_does_not_answer_is_an_error(operation: str, fault: str) -> None:
    """It is a StoreError that names the call, and never an address that is not on the list."""
    sim = account()
    sim.files[FILE] = ""
    sim.suppress(ANN)
    error, said = FAULTS[fault]
    sim.fail_next(1, error, operation=operation)
    with opened(sim) as store, pytest.raises(StoreError, match=said.format(operation)) as caught:
        CALLS[operation](store)
    assert "ann@" not in str(caught.value)
    assert caught.value.original is not None
    assert caught.value.__cause__ is None


class Answers:
    """A client that gives one answer to everything."""

    def __init__(self, answer: object) -> None:
        self._answer = answer
        self.closed = 0

    def __getattr__(self, name: str) -> Callable[..., object]:
        if "_" not in name or name.startswith("__"):
            raise AttributeError(name)
        return lambda **asked: self._answer

    def close(self) -> None:
        self.closed += 1


@pytest.mark.parametrize(
    ("operation", "answer"),
    [
        ("GetSuppressedDestination", {"SuppressedDestinationSummaries": []}),
        ("ListSuppressedDestinations", {}),
        ("CreateImportJob", {}),
        ("GetImportJob", {"JobId": "1"}),
    ],
)
def test_half_an_answer_is_an_error(operation: str, answer: object) -> None:
    """An answer without what was asked for does not mean that there is nothing."""
    store = AccountStore(boto3_client=cast("Any", Answers(answer)), pace=0)
    with pytest.raises(StoreError, match=f"SES's answer to {operation} is none"):
        CALLS[operation](store)


@pytest.mark.parametrize(
    "row",
    [
        {"EmailAddress": "ann@example.org", "Reason": "WHIM", "LastUpdateTime": NOW},
        {"EmailAddress": "ann@example.org", "Reason": "BOUNCE", "LastUpdateTime": "now"},
        {"EmailAddress": None, "Reason": "BOUNCE", "LastUpdateTime": NOW},
        {"Reason": "BOUNCE", "LastUpdateTime": NOW},
        "ann@example.org",
        None,
    ],
    ids=["reason", "time", "nobody", "no address", "text", "nothing"],
)
def test_an_entry_that_cannot_be_read_is_an_error(row: object) -> None:
    """A reason that SES has had since is none to pass over: somebody is on the list."""
    client = cast("Any", Answers({"SuppressedDestinationSummaries": [row]}))
    store = AccountStore(boto3_client=client, pace=0)
    with pytest.raises(StoreError, match="update sesguard"):
        store.look_up([ANN])


def test_the_same_page_for_ever_is_an_error() -> None:
    """A server that gives one page again and again does not keep it busy for ever."""
    client = cast("Any", Answers({"SuppressedDestinationSummaries": [], "NextToken": "again"}))
    store = AccountStore(boto3_client=client, pace=0)
    with pytest.raises(StoreError, match="the same page"):
        store.entries()
    with pytest.raises(StoreError, match="the same page"):
        store.look_up([ANN])


def test_what_ses_does_not_take_is_refused() -> None:
    """An address that is none to SES, and everybody in the sandbox: no retry would help."""
    with opened(account()) as store, pytest.raises(ConfigurationError, match="no address to SES"):
        store.add([entry(AddressKey("nobody"))])
    with opened(account(sandbox=True)) as store:
        with pytest.raises(ConfigurationError, match="sandbox"):
            store.suppress("ann@example.org")
        assert not store.look_up([ANN])


def test_an_operator_suppresses_an_address() -> None:
    """As spelled, for BOUNCE unless said otherwise; export tells and erase forgets it."""
    sim = account()
    with opened(sim) as store:
        store.suppress("Ann <Ann@Example.org>")
        store.suppress("ben@example.org", Reason.COMPLAINT)
        assert sim.suppressed == {"Ann@example.org": Reason.BOUNCE, BEN: Reason.COMPLAINT}
        (told,) = store.export("ANN@example.org")
        assert (told["reason"], told["scope"], told["released_at"]) == ("BOUNCE", "", None)
        (kept,) = cast("list[dict[str, str]]", told["suppressions"])
        assert (kept["address"], kept["source"]) == ("Ann@example.org", "account")
        assert store.erase("ann@example.org") == 1
        assert store.erase("ann@example.org") == 0
        assert store.export("ann@example.org") == []
        with pytest.raises(ConfigurationError, match="BOUNCE and COMPLAINT"):
            store.suppress("ann@example.org", Reason.MANUAL)
        with pytest.raises(ConfigurationError, match="without an end"):
            store.suppress("ann@example.org", expires_at=sim.clock.now())
        with pytest.raises(AddressError):
            store.suppress("nobody")


def test_a_page_is_of_some_reasons_and_times() -> None:
    """SES does the choosing: BOUNCE or COMPLAINT, and what it put there since."""
    sim = account()
    sim.suppress("ann@example.org")
    sim.clock.advance(3600)
    later = sim.clock.now()
    sim.suppress("ben@example.org", Reason.COMPLAINT)
    with opened(sim) as store:
        assert [one.key for one in store.entries(reasons=[Reason.BOUNCE]).items] == [ANN]
        assert [one.key for one in store.entries(since=later).items] == [BEN]
        with pytest.raises(ConfigurationError, match="time zone"):
            store.entries(since=later.replace(tzinfo=None))


def test_a_page_of_more_than_a_thousand_is_put_together() -> None:
    """SES gives a thousand a call at most."""
    sim = account()
    for number in range(2_500):
        sim.suppress(f"user{number}@example.org")
    with opened(sim) as store:
        page = store.entries(None, 2_200)
        assert len(page.items) == 2_200
        assert len(store.entries(page.next, 2_200).items) == 300
    assert sim.calls["sesv2.ListSuppressedDestinations"] == 4


def test_a_client_of_yours_is_not_closed() -> None:
    """Whoever made it closes it."""
    client = Answers({"SuppressedDestinationSummaries": []})
    with AccountStore(boto3_client=cast("Any", client), pace=0) as store:
        store.entries()
    assert client.closed == 0


def test_a_client_of_its_own_is_made_when_it_is_needed() -> None:
    """With the given session, region and endpoint, one attempt a call; closed, and made anew."""
    made: list[tuple[str, Any]] = []
    client = Answers({"SuppressedDestinationSummaries": []})

    class Session:
        def client(self, service: str, **options: Any) -> Answers:
            made.append((service, options))
            return client

    store = AccountStore(
        boto3_session=Session(), region_name="eu-west-1", endpoint_url="http://ses", pace=0
    )
    assert made == []
    for _ in range(2):
        store.entries()
        store.entries()
        store.close()
    assert client.closed == len(made) == 2
    service, options = made[0]
    assert (service, options["region_name"], options["endpoint_url"]) == (
        "sesv2", "eu-west-1", "http://ses",
    )  # fmt: skip
    assert options["config"].retries["total_max_attempts"] == 1


def test_no_region_is_told() -> None:
    """The message names what to set."""

    class Session:
        def client(self, service: str, **options: Any) -> object:
            from botocore.exceptions import NoRegionError

            raise NoRegionError

    with pytest.raises(ConfigurationError, match="region_name="):
        AccountStore(boto3_session=Session()).look_up([ANN])


def test_no_credentials_are_told() -> None:
    """It is nothing that passes: the machine is set up wrongly."""
    sim = account()
    sim.fail_next(1, NoCredentialsError(), operation="ListSuppressedDestinations")
    with opened(sim) as store, pytest.raises(ConfigurationError, match="Check the credentials"):
        store.look_up([ANN])


@pytest.mark.parametrize("pace", [-1, float("nan"), "1", True, 4000, timedelta(hours=2)])
def test_a_pace_that_is_none_is_refused(pace: Any) -> None:
    """Seconds, from 0 to an hour."""
    with pytest.raises(ConfigurationError, match="pace="):
        AccountStore(pace=pace)


def test_options_that_do_not_go_together_are_refused() -> None:
    """A client brings its own region; and it must be one for API v2."""
    sim = Simulator()
    with pytest.raises(ConfigurationError, match="Give it alone"):
        AccountStore(boto3_client=sim.boto3_client("sesv2"), region_name="eu-west-1")
    with pytest.raises(ConfigurationError, match="'sesv2'"):
        AccountStore(boto3_client=sim.boto3_client("ses"))


def test_a_slower_pace_is_kept() -> None:
    """Two seconds between any two calls, as a timedelta too."""
    sim = account()
    with opened(sim, pace=timedelta(seconds=2)) as store:
        store.look_up([ANN, BEN])
    assert sim.clock.monotonic() == 4.0


@pytest.mark.skipif(not hasattr(os, "fork"), reason="there is no fork")
@pytest.mark.filterwarnings("ignore:This process:DeprecationWarning")
def test_it_works_after_a_fork() -> None:
    """A child has spellings, pace and locks of its own, whatever the parent held."""
    sim = Simulator()
    sim.suppress("ANN@example.org")
    store = opened(sim, pace=0)
    store.look_up([ANN])
    session = store._own.get()
    with session.spellings._reading, session.spellings._lock, session.calls._lock:
        pid = os.fork()
        if not pid:
            os._exit(0 if set(store.look_up([ANN])) == {ANN} else 1)
    assert os.waitpid(pid, 0)[1] == 0
