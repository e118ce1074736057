"""What the stores that keep a list themselves hold to beside the contract of all stores."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Protocol, cast

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from sesguard.addresses import Address, AddressKey
from sesguard.errors import AddressError, ConfigurationError, StoreError
from sesguard.ports import SuppressionStore
from sesguard.stores import MemoryStore
from sesguard.suppression import Change, CountSoftBounce, Reason, Release, Suppress, Suppression
from sesguard.testing import ManualClock

__all__ = ["NEW", "OLD", "KeptContract", "OpenStore", "addresses_in"]

OLD = bytes(range(32))
NEW = bytes(range(32, 64))

ANN, BEN = AddressKey("ann@example.org"), AddressKey("ben@example.org")
NOW = ManualClock().now()
DAY = timedelta(days=1)

Peppers = bytes | Mapping[str, bytes] | None


class KeptStore(SuppressionStore, Protocol):
    """A store that also tells and forgets."""

    def suppress(self, address: str, reason: Reason = ..., *, scope: str = ...) -> None: ...
    def export(self, address: str | Address) -> list[dict[str, object]]: ...
    def erase(self, address: str | Address) -> int: ...


OpenStore = Callable[[Peppers], KeptStore]


def addresses_in(content: bytes) -> list[bytes]:
    """Which of the addresses that a test has used can be read in what a store wrote."""
    return [part for part in (b"ann@", b"ben@", b"example.org", b"Ann") if part in content]


def bounced(key: AddressKey = ANN, *, at: datetime = NOW, scope: str = "") -> Suppress:
    """What a hard bounce does."""
    entry = Suppression(
        key=key, reason=Reason.BOUNCE, at=at, scope=scope, address=f"<{key}>", source="event"
    )
    return Suppress(entry)


def soft(key: AddressKey = ANN, *, at: datetime = NOW, limit: int = 2) -> CountSoftBounce:
    """What a soft bounce does, two of which are too many."""
    return CountSoftBounce(key=key, at=at, limit=limit, window=7 * DAY, address=str(key))


_moves = st.builds(
    lambda make, key, days: make(key, at=NOW + days * DAY),
    st.sampled_from(
        [
            bounced,
            soft,
            lambda key, at: Release(key=key, reason=Reason.BOUNCE, at=at),
        ]
    ),
    st.sampled_from([ANN, BEN]),
    st.integers(-3, 3),
)


class KeptContract:
    """
    Inherit from this beside `StoreContract`, with a fixture that opens one and the same list.

    ``open_store(hashed_with)`` opens the list of this test, however often it is called.
    """

    @pytest.fixture
    def open_store(self) -> OpenStore:
        raise NotImplementedError("override the fixture open_store")

    @pytest.fixture
    def written(self) -> Callable[[], bytes]:
        """All bytes that the store has written, as its files or its server have them."""
        raise NotImplementedError("override the fixture written")

    def test_all_that_is_known_of_an_address_is_told(self, open_store: OpenStore) -> None:
        """An export holds entries, what has expired, releases and soft bounces, as JSON."""
        store = open_store(None)
        store.apply([("a", [soft()]), ("b", [bounced(scope="stream:news")])])
        store.apply([("c", [Release(key=ANN, reason=Reason.COMPLAINT, at=NOW)])])
        told = json.loads(json.dumps(store.export("Ann <ANN@example.org>")))
        assert [(one["scope"], one["reason"]) for one in told] == [
            ("", "BOUNCE"),
            ("", "COMPLAINT"),
            ("stream:news", "BOUNCE"),
        ]
        assert told[0]["soft_bounces"][0]["at"] == NOW.isoformat()
        assert told[1]["released_at"] == NOW.isoformat()
        assert told[2]["suppressions"][0]["source"] == "event"
        assert store.export("ben@example.org") == []
        with pytest.raises(AddressError):
            store.export("nobody")
        store.close()

    @pytest.mark.parametrize("peppers", [None, OLD], ids=["clear", "hashed"])
    def test_an_address_is_forgotten(self, open_store: OpenStore, peppers: Peppers) -> None:
        """After an erasure nothing is known of it, not even a release, and others stay."""
        store = open_store(peppers)
        store.apply([("a", [soft(), bounced(), bounced(BEN), bounced(scope="tenant:shop")])])
        store.suppress(ANN, scope="stream:news")
        store.remove([ANN])
        assert store.erase("ann@EXAMPLE.org") > 2
        assert store.export(ANN) == []
        assert store.erase(ANN) == 0
        assert set(store.look_up([ANN, BEN], ["tenant:shop", "stream:news"])) == {BEN}
        store.apply([("late", [bounced(at=NOW - DAY)])])
        assert set(store.look_up([ANN])) == {ANN}
        with pytest.raises(AddressError):
            store.erase("nobody")
        store.close()

    def test_a_hashed_list_works_as_any_other(self, open_store: OpenStore) -> None:
        """It finds, counts, releases and removes by addresses that it does not keep."""
        store = open_store(OLD)
        store.apply([("a", [bounced(BEN)]), ("b", [soft()])])
        assert set(store.look_up([ANN, BEN])) == {BEN}
        store.apply([("c", [soft()])])
        found = store.look_up([ANN, BEN])
        assert {key: (one.key, one.address) for key, one in found.items()} == {
            ANN: (ANN, None),
            BEN: (BEN, None),
        }
        assert store.remove([ANN]) == 1
        store.apply([("d", [Release(key=BEN, reason=Reason.BOUNCE, at=NOW)])])
        assert not store.look_up([ANN, BEN])
        store.close()

    def test_a_name_of_a_hashed_list_can_be_removed(self, open_store: OpenStore) -> None:
        """What entries tell as a key is one to ask, to add and to remove by."""
        store = open_store(OLD)
        store.suppress("Ann <Ann@example.org>")
        (entry,) = store.entries().items
        assert entry.address is None
        assert "@" not in entry.key
        assert set(store.look_up([entry.key])) == {entry.key}
        store.add([entry])
        assert store.remove([entry.key]) == 1
        assert not store.look_up([ANN])
        store.close()

    def test_no_address_can_be_read_in_a_hashed_list(
        self, open_store: OpenStore, written: Callable[[], bytes]
    ) -> None:
        """Nothing that is written holds an address, whatever is done; in a plain list it does."""
        store = open_store(OLD)
        for number in range(20):
            key = AddressKey(f"ann@{number}.example.org")
            store.apply([(f"{number}", [soft(key), bounced(key), bounced(BEN)])])
            store.suppress(key, Reason.MANUAL)
            store.look_up([key, BEN])
        store.remove([BEN])
        assert addresses_in(written()) == []
        store.close()
        assert addresses_in(written()) == []

    def test_a_plain_list_is_read_where_it_is_written(
        self, open_store: OpenStore, written: Callable[[], bytes]
    ) -> None:
        """The look for addresses in what is written finds those of a list that keeps them."""
        store = open_store(None)
        store.apply([("a", [bounced()])])
        assert addresses_in(written())
        store.close()

    def test_two_peppers_at_once(self, open_store: OpenStore) -> None:
        """After a rotation what stands under the old pepper is found, counted and released."""
        old = open_store({"2025": OLD})
        old.apply([("a", [soft(), bounced(BEN)])])
        old.close()
        both = open_store({"2026": NEW, "2025": OLD})
        assert set(both.look_up([ANN, BEN])) == {BEN}
        both.apply([("b", [soft()])])
        assert set(both.look_up([ANN, BEN])) == {ANN, BEN}
        assert {one.key.partition(":")[0] for one in both.entries().items} == {"2025", "2026"}
        both.apply([("c", [Release(key=BEN, reason=Reason.BOUNCE, at=NOW)])])
        assert set(both.look_up([ANN, BEN])) == {ANN}
        both.apply([("d", [bounced(BEN)])])
        assert set(both.look_up([BEN])) == set()
        assert both.erase(BEN) == 1
        both.close()
        new = open_store({"2026": NEW})
        assert set(new.look_up([ANN])) == {ANN}
        new.close()

    def test_a_pepper_that_is_needed_must_be_given(self, open_store: OpenStore) -> None:
        """A list with entries under a pepper that is not given is an error, never empty."""
        old = open_store({"2025": OLD})
        old.apply([("a", [bounced()])])
        old.close()
        for peppers, said in (
            ({"2026": NEW}, "2025"),
            ({"2025": NEW}, "another pepper"),
            (None, "hashed_with="),
        ):
            store = open_store(cast("Peppers", peppers))
            with pytest.raises(StoreError, match=said) as caught:
                store.look_up([ANN])
            assert not addresses_in(str(caught.value).encode())
            with pytest.raises(StoreError):
                store.apply([("b", [bounced(BEN)])])
            store.close()
        again = open_store({"2026": NEW, "2025": OLD})
        assert set(again.look_up([ANN, BEN])) == {ANN}
        again.close()

    def test_a_plain_list_is_not_taken_for_a_hashed_one(self, open_store: OpenStore) -> None:
        """Nobody would be found by a digest in a list of addresses."""
        plain = open_store(None)
        plain.suppress(ANN)
        plain.close()
        store = open_store(OLD)
        with pytest.raises(StoreError, match="in clear"):
            store.look_up([ANN])
        store.close()

    @pytest.mark.parametrize(
        "peppers",
        [b"short", {}, {"": OLD}, {"a:b": OLD}, {"a": "text" * 8}, "text" * 8, {"a": b""}],
        ids=["short", "none", "no id", "colon", "text", "a text", "empty"],
    )
    def test_a_pepper_that_protects_nothing_is_refused(
        self, open_store: OpenStore, peppers: object
    ) -> None:
        """Too short, none, or not bytes: an error when the store is made, without the secret."""
        with pytest.raises(ConfigurationError) as caught:
            open_store(cast("Peppers", peppers))
        assert "texttext" not in str(caught.value)

    def test_a_rotation_loses_nothing(self, open_store: OpenStore) -> None:
        """Whatever came before and after a rotation leaves what it leaves without one."""
        numbers = iter(range(1_000_000))

        @settings(max_examples=20, deadline=None, suppress_health_check=[HealthCheck.too_slow])
        @given(before=st.lists(_moves, max_size=5), after=st.lists(_moves, max_size=5))
        def holds(before: Sequence[Change], after: Sequence[Change]) -> None:
            plain = MemoryStore()
            for peppers, changes in (({"old": OLD}, before), ({"new": NEW, "old": OLD}, after)):
                store = open_store(peppers)
                for change in changes:
                    batch = [(f"{next(numbers)}", [change])]
                    store.apply(batch)
                    plain.apply(batch)
                store.close()
            both = open_store({"new": NEW, "old": OLD})
            want, found = plain.look_up([ANN, BEN]), both.look_up([ANN, BEN])
            assert {key: one.at for key, one in found.items()} == {
                key: one.at for key, one in want.items()
            }
            for key in (ANN, BEN):
                both.erase(key)
            both.close()

        holds()
