"""Which failed sends are tried again, and when."""

from __future__ import annotations

from random import Random
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sesguard import errors
from sesguard._core.retry import Budget, RetryPolicy

TRANSIENT = [
    errors.SendingRateExceededError("rate"),
    errors.TooManyConnectionsError("connections"),
    errors.ServiceUnavailableError("service"),
]


@given(
    error=st.sampled_from(TRANSIENT),
    attempt=st.integers(1, 9),
    jitter=st.floats(0, 1),
    base=st.floats(0, 5),
)
def test_a_wait_is_between_what_is_asked_and_the_cap(
    error: errors.SendError, attempt: int, jitter: float, base: float
) -> None:
    """At least the error's own retry_after, at most the cap, a share of the back-off between."""
    policy = RetryPolicy(attempts=10, base=base, cap=20.0)
    wait = policy.wait(error, attempt, jitter=jitter)
    assert wait is not None
    assert error.retry_after is not None
    backoff = min(20.0, base * 2 ** (attempt - 1))
    assert wait == min(20.0, error.retry_after + jitter * backoff)


def _farthest(delays: list[float], low: float, high: float) -> float:
    """How far they are from the uniform law, in Kolmogorov's and Smirnov's measure."""
    shares = sorted((one - low) / (high - low) for one in delays)
    count = len(shares)
    return max(max((n + 1) / count - one, one - n / count) for n, one in enumerate(shares))


@pytest.mark.parametrize("kind", ["a retry's wait", "a task queue's delay"])
def test_delays_follow_the_uniform_law(kind: str) -> None:
    """10,000 of them, by a Kolmogorov-Smirnov test at p > 0.01: full jitter, none of them alike."""
    jitter, error = Random(20261124).random, errors.ServiceUnavailableError("down")
    if kind == "a retry's wait":
        policy = RetryPolicy(base=4.0, cap=60.0)
        waits = [policy.wait(error, 1, jitter=jitter()) for _ in range(10_000)]
        delays, low, high = [one for one in waits if one is not None], 5.0, 9.0
    else:
        delays = [error.delay(2, jitter=jitter) for _ in range(10_000)]
        low, high = 10.0, 20.0
    assert len(delays) == 10_000
    assert _farthest(delays, low, high) * 100 < 1.628  # the critical value for p = 0.01


def test_the_last_attempt_is_the_last() -> None:
    """Three attempts are two waits."""
    error = TRANSIENT[0]
    waits = [RetryPolicy(attempts=3).wait(error, n, jitter=0.0) for n in (1, 2, 3)]
    assert waits == [1.0, 1.0, None]
    assert RetryPolicy.none().wait(error, 1, jitter=0.0) is None


@pytest.mark.parametrize(
    "error",
    [
        errors.DailyQuotaExceededError("quota", retry_after=0.1),
        errors.OutcomeUnknownError("unknown", retry_after=0.1),
        errors.CircuitOpenError("open", retry_after=0.1),
        errors.MessageRejectedError("no"),
        errors.ServiceUnavailableError("an hour", retry_after=3600.0),
    ],
)
def test_what_does_not_pass_within_seconds_is_not_waited_for(error: errors.SendError) -> None:
    """A spent quota, an unknown outcome, and whatever asks for more than the cap."""
    assert RetryPolicy().wait(error, 1, jitter=0.5) is None


def test_what_gives_no_figure_waits_the_back_off_alone() -> None:
    """A class that states no retry_after of its own is still jittered."""
    error = errors.ServiceUnavailableError("soon")
    error.retry_after = None
    assert RetryPolicy(base=2.0).wait(error, 2, jitter=0.5) == 2.0


@pytest.mark.parametrize(
    "wrong",
    [
        {"attempts": 0},
        {"attempts": 1.5},
        {"attempts": True},
        {"base": -1},
        {"cap": float("nan")},
        {"cap": float("inf")},
        {"budget": "0.1"},
    ],
)
def test_a_figure_out_of_range_is_refused_when_built(wrong: dict[str, Any]) -> None:
    """The message names it."""
    with pytest.raises(errors.ConfigurationError, match=next(iter(wrong))):
        RetryPolicy(**wrong)


def test_a_budget_follows_the_sends() -> None:
    """Ten in hand, which the first sends pay for; then one retry for each eight sends."""
    budget: Budget | None = Budget.full(0.125)
    retries = 0
    for _ in range(800):
        assert budget is not None
        budget = budget.sent()
        left = budget.spent()
        if left is not None:
            retries += 1
            budget = left
    assert retries == 100
    assert Budget.full(0.0).sent().spent() is None
