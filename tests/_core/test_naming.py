"""The names of stores."""

from __future__ import annotations

import hmac
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sesguard._core.naming import is_digest, names_of
from sesguard.addresses import AddressKey
from sesguard.errors import StoreError
from sesguard.suppression import CountSoftBounce, Reason, Release, Suppress, Suppression

OLD, NEW = bytes(32), bytes(range(32))
ANN = AddressKey("ann@example.org")
NOW = datetime(2026, 1, 15, tzinfo=UTC)


@given(st.text())
def test_a_name_is_a_digest_with_its_id(key: str) -> None:
    """It is HMAC-SHA-256 of the key in UTF-8, in hexadecimal, after the id of the pepper."""
    text = key.encode("utf-8", "surrogatepass")
    expected = [
        f"{id}:{hmac.new(pepper, text, 'sha256').hexdigest()}"
        for id, pepper in (("b", NEW), ("a", OLD))
    ]
    names = names_of({"b": NEW, "a": OLD}).all(AddressKey(key))
    assert list(names) == expected
    assert [names_of({"b": NEW}).all(name) for name in names] == [(name,) for name in names]


def test_a_digest_is_told_from_a_key() -> None:
    """Whoever needs an address sees that there is none."""
    key = AddressKey("ann@example.org")
    assert all(map(is_digest, names_of({"2026": OLD, "2025": NEW}).all(key)))
    assert not is_digest(key)


def test_without_a_pepper_a_name_is_a_key() -> None:
    """Nothing is copied, and nothing hidden."""
    names = names_of(None)
    release = Release(key=ANN, reason=Reason.BOUNCE, at=NOW)
    assert names.all(ANN) == (ANN,)
    assert names.asked([ANN]) == {ANN: ANN}
    assert names.hidden_change(release, ANN) is release


def test_a_hidden_change_holds_no_address() -> None:
    """Entries and soft bounces lose their spelling, and all changes their key."""
    names = names_of(OLD)
    (name,) = names.all(ANN)
    entry = Suppression(key=ANN, reason=Reason.BOUNCE, at=NOW, address=ANN)
    for change in (
        Suppress(entry),
        Release(key=ANN, reason=Reason.BOUNCE, at=NOW),
        CountSoftBounce(key=ANN, at=NOW, limit=2, window=timedelta(1), address=ANN),
    ):
        hidden = names.hidden_change(change, name)
        inner = hidden.suppression if isinstance(hidden, Suppress) else hidden
        assert inner.key == name
        assert getattr(inner, "address", None) is None


def test_a_mark_tells_a_pepper_and_not_what_it_is() -> None:
    """Two peppers have two marks, and a new list has none yet."""
    names = names_of({"b": NEW, "a": OLD})
    assert names.unknown({}, where="It") == ()
    assert names.unknown(names.marks, where="It") == ()
    assert names_of({"b": NEW}).unknown(names.marks, where="It") == ("a",)
    assert OLD.hex()[:16] not in names.marks.values()
    with pytest.raises(StoreError, match="another pepper"):
        names_of({"b": OLD}).unknown(names.marks, where="It")
    with pytest.raises(StoreError, match="hashed_with="):
        names_of(None).unknown(names.marks, where="It")
    with pytest.raises(StoreError, match="in clear"):
        names.unknown(names_of(None).marks, where="It")
    assert names_of(None).unknown(names_of(None).marks, where="It") == ()
