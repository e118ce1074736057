"""The frozen mapping behaves as a dict that nobody can change."""

from __future__ import annotations

import copy
import pickle

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sesguard._frozen import FrozenMapping

PAIRS = st.lists(st.tuples(st.text(max_size=3), st.integers(0, 3)), max_size=6)


@given(pairs=PAIRS)
def test_it_is_the_mapping_that_a_dict_of_the_same_pairs_is(pairs: list[tuple[str, int]]) -> None:
    """Same keys in the same order, same values, same length, and equal; the later pair stands."""
    frozen, usual = FrozenMapping(pairs), dict(pairs)
    assert list(frozen.items()) == list(usual.items())
    assert len(frozen) == len(usual)
    assert frozen == usual
    assert all(frozen[name] == value for name, value in usual.items())


@given(pairs=PAIRS)
def test_the_order_of_the_pairs_does_not_matter_to_equality(pairs: list[tuple[str, int]]) -> None:
    """Two that are equal have the same hash."""
    unique = list(dict(pairs).items())
    one, other = FrozenMapping(unique), FrozenMapping(reversed(unique))
    assert one == other
    assert hash(one) == hash(other)


@given(pairs=PAIRS)
def test_it_survives_pickling_and_copying(pairs: list[tuple[str, int]]) -> None:
    """What comes back is equal, and hashes to the same."""
    frozen = FrozenMapping(pairs)
    for again in (pickle.loads(pickle.dumps(frozen)), copy.copy(frozen), copy.deepcopy(frozen)):
        assert again == frozen
        assert hash(again) == hash(frozen)
        assert list(again) == list(frozen)


def test_a_missing_key_is_a_key_error() -> None:
    """And ``get`` answers its default."""
    frozen = FrozenMapping({"a": 1})
    with pytest.raises(KeyError):
        frozen["b"]
    assert frozen.get("b", 5) == 5
    assert "b" not in frozen


def test_it_cannot_be_changed() -> None:
    """No attribute can be set or deleted, and the source can change without effect."""
    source = {"a": 1}
    frozen = FrozenMapping(source)
    source["a"] = 2
    with pytest.raises(AttributeError, match="frozen"):
        frozen._pairs = ()
    with pytest.raises(AttributeError, match="frozen"):
        del frozen._pairs
    assert frozen["a"] == 1


def test_another_frozen_mapping_is_shared() -> None:
    """Nothing is copied where nothing can change."""
    frozen = FrozenMapping({"a": 1})
    assert FrozenMapping(frozen)._pairs is frozen._pairs


def test_its_repr_counts_and_does_not_tell() -> None:
    """It may hold addresses."""
    assert repr(FrozenMapping({"ann@example.org": 1})) == "FrozenMapping(<1 entries>)"
