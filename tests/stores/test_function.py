"""A suppression list that is kept by functions of the user's."""

from __future__ import annotations

from datetime import timedelta
from typing import cast

import pytest

from sesguard.addresses import AddressKey
from sesguard.errors import AddressError, ConfigurationError, StoreError
from sesguard.stores import FunctionStore, MemoryStore
from sesguard.suppression import (
    Change,
    CountSoftBounce,
    Reason,
    Release,
    Suppress,
    Suppression,
)
from sesguard.testing import ManualClock, StoreContract
from sesguard.testing.store_contract import MakeStore

ANN, BEN = AddressKey("ann@example.org"), AddressKey("ben@example.org")
DAY = timedelta(days=1)
CLOCK = ManualClock()
NOW = CLOCK.now()


class TestContract(StoreContract):
    """Functions that keep whole entries make a list like any other."""

    @pytest.fixture
    def make_store(self) -> MakeStore:
        def make() -> FunctionStore:
            column: dict[AddressKey, Suppression] = {}

            def suppress(entry: Suppression) -> None:
                column[entry.key] = entry

            return FunctionStore(look_up=column.get, suppress=suppress, release=column.pop)

        return make


class Users:
    """A table of users with a column ``email_ok``, whose database can be down."""

    def __init__(self) -> None:
        self.email_ok = {ANN: True, BEN: True}
        self.calls: list[tuple[str, AddressKey]] = []
        self.is_down = False

    def look_up(self, key: AddressKey) -> bool:
        self._check()
        return not self.email_ok.get(key, True)

    def suppress(self, entry: Suppression) -> None:
        self._check()
        self.calls.append(("suppress", entry.key))
        self.email_ok[entry.key] = False

    def release(self, key: AddressKey) -> None:
        self._check()
        self.calls.append(("release", key))
        self.email_ok[key] = True

    def _check(self) -> None:
        if self.is_down:
            raise ConnectionError("no database for ann@example.org")

    def store(self, bookkeeping: MemoryStore | None = None) -> FunctionStore:
        return FunctionStore(
            look_up=self.look_up,
            suppress=self.suppress,
            release=self.release,
            bookkeeping=bookkeeping,
            clock=CLOCK,
        )


def hard(key: AddressKey = ANN, reason: Reason = Reason.BOUNCE, *, scope: str = "") -> Change:
    return Suppress(suppression=Suppression(key=key, reason=reason, at=NOW, scope=scope))


def lifted(key: AddressKey = ANN, reason: Reason = Reason.COMPLAINT) -> Change:
    return Release(key=key, reason=reason, at=NOW)


def test_a_bounce_reaches_the_column() -> None:
    """A hard bounce turns the column off, and is told with all that is known of it."""
    users = Users()
    store = users.store()
    assert list(store.apply([("bounce", [hard()])])) == [True]
    assert users.email_ok == {ANN: False, BEN: True}
    assert store.look_up([ANN, BEN]) == {ANN: Suppression(key=ANN, reason=Reason.BOUNCE, at=NOW)}
    assert list(store.apply([("bounce", [hard()])])) == [False]


def test_a_column_that_was_off_before_is_a_manual_entry() -> None:
    """The column does not say why, so the entry says where it is from."""
    users = Users()
    users.email_ok[ANN] = False
    store = users.store()
    assert store.look_up([ANN]) == {
        ANN: Suppression(key=ANN, reason=Reason.MANUAL, at=NOW, source="hook")
    }
    assert not store.entries().items


def test_the_column_has_the_last_word() -> None:
    """Somebody who was put right by hand is mailed, whatever the bookkeeping remembers."""
    users = Users()
    store = users.store()
    store.apply([("bounce", [hard(), hard(reason=Reason.UNSUBSCRIBE, scope="stream:news")])])
    users.email_ok[ANN] = True
    assert not store.look_up([ANN])
    assert store.look_up([ANN], ["stream:news"])[ANN].reason is Reason.UNSUBSCRIBE


def test_the_column_is_for_all_mail() -> None:
    """What holds for one stream or tenant is kept apart, and does not turn the column off."""
    users = Users()
    store = users.store()
    news = hard(reason=Reason.UNSUBSCRIBE, scope="stream:news")
    store.apply([("unsubscribe", [news]), ("other", [hard(BEN)])])
    assert users.email_ok == {ANN: True, BEN: False}
    assert not store.look_up([ANN], ["stream:receipts"])
    assert set(store.look_up([ANN, BEN], ["stream:news"])) == {ANN, BEN}
    assert [(one.key, one.scope) for one in store.entries().items] == [
        (ANN, "stream:news"),
        (BEN, ""),
    ]
    assert store.remove([ANN], "stream:news") == 1
    assert users.calls == [("suppress", BEN)]


def test_soft_bounces_reach_the_column_at_their_limit() -> None:
    """They are counted in the bookkeeping; the column hears of the last."""
    users = Users()
    store = users.store()
    for number in range(3):
        assert users.email_ok[ANN]
        count = CountSoftBounce(key=ANN, at=NOW, limit=3, window=DAY)
        store.apply([(f"soft {number}", [count])])
    assert not users.email_ok[ANN]
    assert store.look_up([ANN])[ANN].event_key == "soft 2"


def test_a_failure_is_applied_again() -> None:
    """When the column cannot be written, the event is not done, and is so when it comes again."""
    users = Users()
    store = users.store()
    users.is_down = True
    for _ in range(2):
        with pytest.raises(StoreError, match="ConnectionError") as caught:
            store.apply([("bounce", [hard()]), ("other", [hard(BEN)])])
        assert "example.org" not in str(caught.value)
        assert caught.value.retryable
        assert caught.value.original_type == "ConnectionError"
    users.is_down = False
    again = [("bounce", [hard()]), ("other", [hard(BEN)])]
    assert list(store.apply(again)) == [True, True]
    assert users.email_ok == {ANN: False, BEN: False}
    assert list(store.apply(again)) == [False, False]


def test_a_release_that_failed_is_told_again() -> None:
    """It is owed until the column has heard of it."""
    users = Users()
    store = users.store()
    store.apply([("complaint", [hard(reason=Reason.COMPLAINT)])])
    users.is_down = True
    with pytest.raises(StoreError):
        store.apply([("not spam", [lifted()])])
    users.is_down = False
    assert list(store.apply([("not spam", [lifted()])])) == [True]
    assert users.email_ok[ANN]
    store.apply([("not spam again", [lifted()])])
    assert [what for what, _ in users.calls] == ["suppress", "release"]


def test_a_release_takes_off_only_what_is_known_to_be_released() -> None:
    """A column that is off for a reason that nobody remembers stays off."""
    users = Users()
    users.email_ok[ANN] = False
    store = users.store()
    store.apply([("not spam", [lifted()])])
    assert not users.email_ok[ANN]
    store.apply([("bounce", [hard(BEN)]), ("complaint", [hard(BEN, Reason.COMPLAINT)])])
    later = Release(key=BEN, reason=Reason.COMPLAINT, at=NOW)
    store.apply([("not spam either", [later])])
    assert not users.email_ok[BEN]
    assert store.look_up([BEN])[BEN].reason is Reason.BOUNCE


def test_without_release_nothing_comes_off() -> None:
    """An event that releases changes nothing, and a removal is refused."""
    users = Users()
    store = FunctionStore(look_up=users.look_up, suppress=users.suppress)
    store.apply([("complaint", [hard(reason=Reason.COMPLAINT)])])
    assert list(store.apply([("not spam", [lifted()])])) == [True]
    with pytest.raises(ConfigurationError, match="release="):
        store.remove([ANN])
    assert set(store.look_up([ANN])) == {ANN}


def test_an_operator_adds_and_removes() -> None:
    """The column hears of both; a removal counts those whom the column had off."""
    users = Users()
    store = users.store()
    store.suppress("Ann <Ann@example.org>")
    users.email_ok[BEN] = False
    assert store.remove([ANN, BEN, AddressKey("cy@example.org")]) == 2
    assert users.email_ok == {ANN: True, BEN: True}
    assert not store.entries().items
    with pytest.raises(AddressError):
        store.suppress("nobody")


@pytest.mark.parametrize(
    "nonsense",
    [0, 1, "", "yes", [], object(), Suppression(key=BEN, reason=Reason.MANUAL, at=NOW)],
    ids=lambda one: type(one).__name__,
)
def test_nonsense_is_an_error(nonsense: object) -> None:
    """Only True, a Suppression of that key, False and None are answers."""
    store = FunctionStore(look_up=lambda key: cast("bool", nonsense), suppress=lambda entry: None)
    with pytest.raises(StoreError, match=type(nonsense).__name__) as caught:
        store.look_up([ANN])
    assert "example.org" not in str(caught.value)


def test_an_asynchronous_function_is_refused() -> None:
    """It would never run: that is an error, and not an address that may be mailed."""

    async def look_up(key: AddressKey) -> bool:
        return False

    async def suppress(entry: Suppression) -> None:
        pass

    store = FunctionStore(look_up=cast("type[bool]", look_up), suppress=suppress)
    with pytest.raises(ConfigurationError, match="asynchronous"):
        store.look_up([ANN])
    with pytest.raises(ConfigurationError, match="asynchronous"):
        store.apply([("bounce", [hard()])])


def test_an_error_of_ours_passes() -> None:
    """A function that is built on another store raises what that store raises."""

    def look_up(key: AddressKey) -> bool:
        raise StoreError("it is down", retry_after=60)

    store = FunctionStore(look_up=look_up, suppress=lambda entry: None)
    with pytest.raises(StoreError, match="it is down"):
        store.look_up([ANN])


def test_an_answer_may_be_an_entry() -> None:
    """It says why, for which part of the mail, and until when."""
    clock = ManualClock()
    brief = Suppression(
        key=ANN, reason=Reason.COMPLAINT, at=clock.now(), expires_at=clock.now() + DAY
    )
    part = Suppression(key=BEN, reason=Reason.MANUAL, at=clock.now(), scope="stream:news")
    column = {ANN: brief, BEN: part}
    store = FunctionStore(look_up=column.get, suppress=lambda entry: None, clock=clock)
    assert store.look_up([ANN, BEN]) == {ANN: brief}
    assert store.look_up([ANN, BEN], ["stream:news"]) == {ANN: brief, BEN: part}
    store.apply([("bounce", [hard()])])
    clock.advance(DAY)
    assert store.look_up([ANN])[ANN].reason is Reason.BOUNCE


def test_the_bookkeeping_is_closed_with_the_store() -> None:
    """It is used for nothing else."""

    class Books(MemoryStore):
        closed = 0

        def close(self) -> None:
            self.closed += 1

    books = Books()
    with Users().store(books):
        pass
    assert books.closed == 1


def test_whom_the_user_took_off_by_hand_stays_off_for_one_soft_bounce() -> None:
    """Only what is new is told; what the bookkeeping holds from before is not told again."""
    users = Users()
    store = users.store()
    bounce = Suppression(key=ANN, reason=Reason.BOUNCE, at=NOW - DAY)
    assert list(store.apply([("Bounce:1", [Suppress(suppression=bounce)])])) == [True]
    users.email_ok[ANN] = True
    soft = CountSoftBounce(key=ANN, at=NOW, limit=3, window=7 * DAY)
    assert list(store.apply([("Bounce:2", [soft])])) == [True]
    assert users.email_ok[ANN]
    assert dict(store.look_up([ANN])) == {}
