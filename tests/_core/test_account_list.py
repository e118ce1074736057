"""What events mean for SES's own list."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

from hypothesis import given
from hypothesis import strategies as st

from sesguard._core import account_list
from sesguard._core.account_list import Step
from sesguard.suppression import Change, CountSoftBounce, Reason, Release, Suppress, Suppression
from sesguard.testing.store_contract import ANN, DAY, NEWS, NOW, entry

BOUNCE, COMPLAINT = Reason.BOUNCE, Reason.COMPLAINT


def listed(address: str, reason: Reason = BOUNCE, *, days: float = 0) -> Suppression:
    """An entry as SES tells it."""
    return replace(entry(ANN, reason, at=NOW + days * DAY), address=address)


def asked(changes: list[Change], *standing: Suppression) -> list[Step]:
    """The calls for one event, where that stands."""
    said = account_list.wanted((("event", tuple(changes)),))
    return account_list.steps(said.get(ANN, {}), standing)


def lifted(reason: Reason = BOUNCE, *, days: float = 0) -> Release:
    return Release(key=ANN, reason=reason, at=NOW + days * DAY)


def test_a_spelling_that_is_released_and_put_again_is_put() -> None:
    """What was released and happened again later stays, under its spelling; others go."""
    changes: list[Change] = [lifted(days=1), Suppress(entry(ANN, at=NOW + 2 * DAY))]
    assert asked(changes, listed("Ann@example.org")) == [
        Step(ANN, BOUNCE), Step("Ann@example.org", None),
    ]  # fmt: skip
    assert asked(changes, listed(ANN)) == [Step(ANN, BOUNCE)]


def test_a_release_leaves_what_is_later_or_of_another_reason() -> None:
    """Of several spellings it takes off those that SES dated at or before it."""
    standing = (
        listed("Ann@example.org"),
        listed("ANN@example.org", days=2),
        listed(ANN, COMPLAINT),
    )
    assert asked([lifted(days=1)], *standing) == [Step("Ann@example.org", None)]
    assert asked([lifted(), lifted(days=-1)], standing[0]) == [Step("Ann@example.org", None)]


def test_a_complaint_replaces_a_bounce() -> None:
    """Where it stands; and a bounce replaces nothing."""
    complaint: list[Change] = [Suppress(entry(ANN, COMPLAINT)), Suppress(entry(ANN))]
    assert asked(complaint, listed("Ann@example.org")) == [Step("Ann@example.org", COMPLAINT)]
    assert asked(complaint, listed(ANN, COMPLAINT)) == []
    assert asked(complaint) == [Step(ANN, COMPLAINT)]


def test_what_the_list_cannot_hold_asks_for_nothing() -> None:
    """Other reasons, parts of the mail, what passes, and soft bounces."""
    window = timedelta(days=7)
    for change in (
        Suppress(entry(ANN, Reason.MANUAL)),
        Suppress(entry(ANN, scope=NEWS)),
        Suppress(entry(ANN, expires_at=NOW + DAY)),
        Release(key=ANN, reason=BOUNCE, at=NOW, scope=NEWS),
        Release(key=ANN, reason=Reason.UNSUBSCRIBE, at=NOW),
        CountSoftBounce(key=ANN, at=NOW, limit=1, window=window),
    ):
        assert asked([change], listed(ANN)) == []


_changes: st.SearchStrategy[Change] = st.one_of(
    st.builds(
        lambda reason, days: Suppress(entry(ANN, reason, at=NOW + days * DAY)),
        st.sampled_from([BOUNCE, COMPLAINT]),
        st.integers(-3, 3),
    ),
    st.builds(
        lambda reason, days: lifted(reason, days=days),
        st.sampled_from([BOUNCE, COMPLAINT]),
        st.integers(-3, 3),
    ),
)


@given(st.lists(_changes, max_size=6), st.data())
def test_the_order_within_a_batch_does_not_matter(
    changes: list[Change], data: st.DataObject
) -> None:
    """Any order and any repetition of the same changes asks for the same calls."""
    repeated = data.draw(st.lists(st.sampled_from(changes), max_size=3)) if changes else []
    mixed = data.draw(st.permutations([*changes, *repeated]))
    for standing in ((), (listed("Ann@example.org"),), (listed(ANN, COMPLAINT, days=1),)):
        assert asked(mixed, *standing) == asked(changes, *standing)


@given(st.lists(_changes, max_size=6))
def test_a_batch_asks_for_nothing_twice(changes: list[Change]) -> None:
    """What was put stands with a later time of SES's, and nothing more is asked for."""
    first = asked(changes)
    standing = [listed(one.address, one.reason, days=9) for one in first if one.reason]
    assert asked(changes, *standing) == []
