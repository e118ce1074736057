"""What every store asks of what it is given."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any, cast

import pytest

from sesguard._core import store_door
from sesguard._core.listing import Place
from sesguard.addresses import Address, AddressKey
from sesguard.errors import AddressError, ConfigurationError
from sesguard.suppression import (
    Change,
    CountSoftBounce,
    Ignore,
    Reason,
    Release,
    Suppress,
    Suppression,
)

ANN = AddressKey("ann@example.org")
NOW = datetime(2026, 1, 15, 12, tzinfo=UTC)
ENTRY = Suppression(key=ANN, reason=Reason.BOUNCE, at=NOW)
BOUNCE = CountSoftBounce(key=ANN, at=NOW, limit=3, window=timedelta(days=7))
RELEASE = Release(key=ANN, reason=Reason.BOUNCE, at=NOW)


def test_keys_are_strings_and_one_string_is_one_key() -> None:
    """An `Address` would be found nowhere, so it is refused."""
    assert store_door.keys(ANN) == (ANN,)
    assert store_door.keys([ANN]) == [ANN]
    with pytest.raises(ConfigurationError):
        store_door.keys([ANN, Address.parse(ANN)])


def test_all_mail_is_always_among_the_scopes() -> None:
    """It comes first, and once."""
    assert store_door.scopes(()) == ("",)
    assert store_door.scopes(["tenant:a", "", "stream:b:c"]) == ("", "tenant:a", "stream:b:c")
    assert store_door.scopes("tenant:a") == ("", "tenant:a")


@pytest.mark.parametrize("scope", ["a", "tenant:", "stream", ":x", "TENANT:a", "topic:a"])
def test_a_scope_that_is_none_is_refused(scope: str) -> None:
    """The error says how scopes are made."""
    with pytest.raises(ConfigurationError, match="tenant_scope"):
        store_door.scopes([scope])


WRONG: list[Callable[[], object]] = [
    lambda: store_door.suppressions([cast("Suppression", ANN)]),
    lambda: store_door.suppressions([replace(ENTRY, key=AddressKey(""))]),
    lambda: store_door.suppressions([replace(ENTRY, key=cast("AddressKey", None))]),
    lambda: store_door.suppressions([replace(ENTRY, reason=cast("Reason", "BOUNCE"))]),
    lambda: store_door.suppressions([replace(ENTRY, at=NOW.replace(tzinfo=None))]),
    lambda: store_door.suppressions([replace(ENTRY, at=cast("datetime", 5))]),
    lambda: store_door.suppressions([replace(ENTRY, expires_at=NOW.replace(tzinfo=None))]),
    lambda: store_door.suppressions([replace(ENTRY, scope="news")]),
    lambda: store_door.batch([("", ())]),
    lambda: store_door.batch([(cast("str", 5), ())]),
    lambda: store_door.batch([("a", (cast("Change", ENTRY),))]),
    lambda: store_door.batch([("a", (replace(BOUNCE, limit=0),))]),
    lambda: store_door.batch([("a", (replace(BOUNCE, window=timedelta(0)),))]),
    lambda: store_door.batch([("a", (replace(BOUNCE, at=NOW.replace(tzinfo=None)),))]),
    lambda: store_door.batch([("a", (replace(RELEASE, scope="news"),))]),
    lambda: store_door.limit(0),
    lambda: store_door.place("nonsense"),
    lambda: store_door.place("WzFd"),
    lambda: store_door.place("ÿ"),
    lambda: store_door.span("keep_marks", 0),
    lambda: store_door.span("keep_marks", timedelta.max),
    lambda: store_door.span("keep_marks", float("nan")),
    lambda: store_door.span("keep_marks", True),
    lambda: store_door.span("keep_marks", cast("float", "5")),
]


@pytest.mark.parametrize("act", WRONG)
def test_what_cannot_be_is_refused_without_addresses(act: Callable[[], Any]) -> None:
    """One kind of error, which names no address."""
    with pytest.raises(ConfigurationError) as caught:
        act()
    assert "ann@" not in str(caught.value)


def test_what_is_to_be_ignored_is_left_out() -> None:
    """A policy's whole answer can be applied as it is."""
    changes: tuple[Change | Ignore, ...] = (
        Suppress(suppression=replace(ENTRY, expires_at=NOW)),
        Ignore(why="not a bounce"),
        BOUNCE,
        RELEASE,
    )
    assert store_door.batch([("a", changes), ("b", ())]) == (
        ("a", (changes[0], BOUNCE, RELEASE)),
        ("b", ()),
    )


def test_an_operator_names_an_address() -> None:
    """The key is made from it, and its spelling is kept; garbage is an error."""
    made = store_door.operators_entry(
        "Ann <Ann@Example.ORG>", Reason.MANUAL, at=NOW, scope="", detail="asked", expires_at=None
    )
    assert (made.key, made.address, made.source) == (ANN, "Ann@example.org", "operator")
    with pytest.raises(AddressError):
        store_door.operators_entry(
            "nobody", Reason.MANUAL, at=NOW, scope="", detail=None, expires_at=None
        )


def test_a_cursor_comes_back_as_the_place() -> None:
    """A page goes on where the one before ended."""
    odd = replace(ENTRY, key=AddressKey("jürgen@example.org"), scope="stream:a")
    assert store_door.place(store_door.cursor(odd)) == Place(odd.key, "stream:a", Reason.BOUNCE)
    assert store_door.place(None) is None


def test_a_length_of_time_is_seconds_or_a_timedelta() -> None:
    """Both mean the same."""
    assert store_door.span("x", 90) == store_door.span("x", timedelta(seconds=90))


def test_what_can_be_passes_as_it_is() -> None:
    """Good entries, limits and scopes come out as they went in."""
    assert store_door.suppressions(iter([ENTRY, replace(ENTRY, scope="tenant:a")])) == (
        ENTRY,
        replace(ENTRY, scope="tenant:a"),
    )
    assert store_door.limit(1) == 1
    assert store_door.scope("stream:a") == "stream:a"


@pytest.mark.parametrize(
    ("after", "number"), [(None, 0), ("0", 0), ("17", 17), ("9" * 18, 10**18 - 1)]
)
def test_a_page_begins_behind_a_row(after: str | None, number: int) -> None:
    """By its number."""
    assert store_door.row(after) == number


@pytest.mark.parametrize("after", ["", "-1", "x", "1.5", "\u0661", "9" * 19])
def test_what_is_no_row_is_no_cursor(after: str) -> None:
    """It is refused, whatever a database would make of it."""
    with pytest.raises(ConfigurationError, match="cursor"):
        store_door.row(after)


def test_half_of_a_surrogate_pair_makes_no_place_of_its_own() -> None:
    """What a file or a server cannot hold is replaced at the door, the same in every change."""
    odd, plain = AddressKey("a\ud83d@example.org"), AddressKey("a\ufffd@example.org")
    scope, kept = "tenant:\ud83d", "tenant:\ufffd"
    changes = (
        replace(RELEASE, key=odd, scope=scope),
        replace(BOUNCE, key=odd, scope=scope),
        Suppress(replace(ENTRY, key=odd, scope=scope)),
    )
    ((_, effects),) = store_door.batch([("event", changes)])
    assert effects == (
        replace(RELEASE, key=plain, scope=kept),
        replace(BOUNCE, key=plain, scope=kept),
        Suppress(replace(ENTRY, key=plain, scope=kept)),
    )
    assert store_door.scopes([scope]) == ("", kept)
