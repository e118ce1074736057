"""The exact interval of a share."""

from __future__ import annotations

from fractions import Fraction
from math import comb

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sesguard._core.interval import clopper_pearson

SHARES = st.integers(1, 5_000_000).flatmap(
    lambda trials: st.tuples(st.integers(0, trials), st.just(trials))
)


def at_least(successes: int, trials: int, share: float) -> float:
    """The chance of so many successes or more, added up term by term."""
    p = Fraction(share)
    terms = (comb(trials, k) * p**k * (1 - p) ** (trials - k) for k in range(successes, trials + 1))
    return float(sum(terms))


@pytest.mark.parametrize("trials", [1, 2, 7, 30, 75])
def test_each_end_leaves_a_fortieth(trials: int) -> None:
    """At the lower end so many or more have a chance of 2.5 %, at the upper so many or fewer."""
    for successes in range(trials + 1):
        low, high = clopper_pearson(successes, trials)
        if successes:
            assert at_least(successes, trials, low) == pytest.approx(0.025, abs=1e-9)
        if successes < trials:
            assert 1 - at_least(successes + 1, trials, high) == pytest.approx(0.025, abs=1e-9)


@given(SHARES)
def test_the_share_lies_within_its_interval(share: tuple[int, int]) -> None:
    """Whatever the counts, 0 <= low <= share <= high <= 1."""
    successes, trials = share
    low, high = clopper_pearson(successes, trials)
    assert 0.0 <= low <= successes / trials <= high <= 1.0


@pytest.mark.parametrize("trials", [1, 50, 1_000_000, 2_000_000])
def test_nothing_and_all_reach_the_ends(trials: int) -> None:
    """No success leaves 0 within, and no failure leaves 1."""
    assert clopper_pearson(0, trials)[0] == 0.0
    assert clopper_pearson(trials, trials)[1] == 1.0


def test_without_trials_nothing_is_known() -> None:
    """The interval of nothing is everything."""
    assert clopper_pearson(0, 0) == (0.0, 1.0)


def test_one_of_one_is_not_a_fifth_at_least() -> None:
    """The smallest sample says little: 2.5 %, where Wilson's interval starts at 20.7 %."""
    assert clopper_pearson(1, 1) == pytest.approx((0.025, 1.0))


@pytest.mark.parametrize("successes", [1, 1_000, 50_000, 999_999])
def test_the_two_methods_meet_at_a_million(successes: int) -> None:
    """Where Wilson's interval takes over, it is the same to a hundredth of a per mille."""
    exact, quick = clopper_pearson(successes, 1_000_000), clopper_pearson(successes, 1_000_001)
    assert exact == pytest.approx(quick, abs=1e-5)
