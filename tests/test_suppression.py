"""The values of a suppression list."""

from __future__ import annotations

import dataclasses
import pickle
from datetime import UTC, datetime, timedelta

import pytest

from sesguard.addresses import AddressKey
from sesguard.ports import Received
from sesguard.suppression import (
    CountSoftBounce,
    Ignore,
    Page,
    Reason,
    Release,
    Suppress,
    Suppression,
    stream_scope,
    tenant_scope,
)

KEY = AddressKey("ann.secret@example.org")
AT = datetime(2026, 3, 1, 12, 0, tzinfo=UTC)
ENTRY = Suppression(key=KEY, reason=Reason.BOUNCE, at=AT, address="Ann.Secret@example.org")
VALUES = [
    ENTRY,
    Suppress(suppression=ENTRY),
    Release(key=KEY, reason=Reason.COMPLAINT, at=AT),
    CountSoftBounce(key=KEY, at=AT, limit=3, window=timedelta(days=7), address=KEY),
    Ignore(why="An out-of-office reply is no bounce."),
]


def test_reasons_are_spelled_as_amazon_spells_them() -> None:
    """SES's list knows BOUNCE and COMPLAINT; a reason is its own string."""
    assert [str(reason) for reason in Reason] == ["BOUNCE", "COMPLAINT", "UNSUBSCRIBE", "MANUAL"]


def test_an_operators_word_is_the_strongest() -> None:
    """Of several reasons for one address, the one that most forbids mail speaks."""
    by_strength = sorted(Reason, key=lambda reason: reason.strength)
    assert by_strength == [Reason.UNSUBSCRIBE, Reason.BOUNCE, Reason.COMPLAINT, Reason.MANUAL]
    assert len({reason.strength for reason in Reason}) == len(Reason)


def test_what_a_store_is_built_on_may_be_given_by_position() -> None:
    """A soft bounce is ``CountSoftBounce(key, at, limit, window)``, as the port is written down."""
    week = timedelta(days=7)
    by_name = CountSoftBounce(key=KEY, at=AT, limit=3, window=week)
    assert CountSoftBounce(KEY, AT, 3, week) == by_name
    assert Suppress(ENTRY) == Suppress(suppression=ENTRY)
    assert Received("body", "receipt", 2) == Received(
        body="body", receipt="receipt", receive_count=2
    )


def test_scopes_are_spelled_as_stores_keep_them() -> None:
    """A tenant and a stream of the same name are two scopes."""
    assert tenant_scope("acme") == "tenant:acme"
    assert stream_scope("acme") == "stream:acme"


@pytest.mark.parametrize("value", VALUES)
def test_values_stand_still(value: object) -> None:
    """They cannot be changed, they hash, and they come back from a task queue as they were."""
    field = dataclasses.fields(value)[0].name  # type: ignore[arg-type]
    with pytest.raises(dataclasses.FrozenInstanceError):
        setattr(value, field, None)
    assert not hasattr(value, "__dict__")
    assert pickle.loads(pickle.dumps(value)) == value
    assert isinstance(hash(value), int)


@pytest.mark.parametrize("value", VALUES)
def test_no_repr_tells_an_address(value: object) -> None:
    """Neither the key nor the spelling that was seen."""
    assert "secret" not in repr(value).lower()


def test_a_page_knows_its_rest() -> None:
    """``next`` is what to ask for, and None at the end."""
    page = Page([ENTRY], None)
    assert (list(page.items), page.next) == ([ENTRY], None)
