"""The token bucket, as arithmetic."""

from __future__ import annotations

import heapq

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sesguard._core import rate as core
from sesguard._core.rate import Bucket

RATES = st.floats(0.1, 1000)
BURSTS = st.none() | st.floats(1, 50)
PAUSES = st.one_of(st.just(0.0), st.floats(0, 0.5), st.floats(0, 100))
UNITS = st.integers(1, 50)
DUST = 1e-6


def level(grants: list[tuple[float, int]], at: float, *, rate: float, size: float) -> float:
    """Tokens at a moment, counted anew from the first mail."""
    tokens, since = size, 0.0
    for start, units in grants:
        if start > at:
            break
        tokens = min(size, tokens + (start - since) * rate) - units
        since = start
    return min(size, tokens + (at - since) * rate)


def most_in_a_second(grants: list[tuple[float, int]]) -> float:
    return max(
        sum(units for at, units in grants if begin <= at < begin + 1 - DUST) for begin, _ in grants
    )


@given(rate=RATES, burst=BURSTS, mails=st.lists(st.tuples(UNITS, PAUSES), min_size=1, max_size=40))
def test_a_mail_starts_when_one_token_is_there(
    rate: float, burst: float | None, mails: list[tuple[int, float]]
) -> None:
    """Counted anew from the list of all mails: no mail starts before its token, nor later."""
    bucket = core.full(rate, burst, now=0.0)
    grants: list[tuple[float, int]] = []
    now = 0.0
    for units, pause in mails:
        now += pause
        bucket, wait = core.reserve(bucket, units, now=now)
        start = now + wait
        tokens = level(grants, start, rate=rate, size=bucket.size)
        assert tokens >= 1 - DUST
        assert wait == 0 or tokens <= 1 + DUST
        assert not grants or start >= grants[-1][0] - DUST
        grants.append((start, units))
    most = rate + bucket.size + max(units for units, _ in mails)
    assert most_in_a_second(grants) <= most + DUST


@given(
    rate=RATES,
    mails=st.lists(st.tuples(UNITS, PAUSES, st.booleans()), min_size=1, max_size=40),
)
def test_what_was_put_back_bounds_what_comes_early(
    rate: float, mails: list[tuple[int, float, bool]]
) -> None:
    """Mails that give up may let others start early, by no more than they put back."""
    bucket = core.full(rate, None, now=0.0)
    grants: list[tuple[float, int]] = []
    now = given_back = 0.0
    held: list[int] = []
    for units, pause, gives_up in mails:
        now += pause
        bucket, wait = core.reserve(bucket, units, now=now)
        if gives_up:
            held.append(units)
        else:
            grants.append((now + wait, units))
            for one in held:
                given_back += one
                bucket = core.refund(bucket, one, now=now)
            held.clear()
    if grants:
        most = rate + bucket.size + max(units for units, _, _ in mails) + given_back
        assert most_in_a_second(grants) <= most + DUST


@given(bucket_rate=RATES, taken=UNITS, units=UNITS, passed=PAUSES)
def test_the_last_to_take_leaves_no_trace(
    bucket_rate: float, taken: int, units: int, passed: float
) -> None:
    """Taking and putting back at once is as if nobody had come."""
    bucket, _ = core.reserve(core.full(bucket_rate, None, now=0.0), taken, now=0.0)
    _, expected = core.reserve(bucket, 1, now=passed)
    after, _ = core.reserve(bucket, units, now=passed)
    _, wait = core.reserve(core.refund(after, units, now=passed), 1, now=passed)
    assert wait == pytest.approx(expected)


@given(rate=RATES, pauses=st.lists(st.floats(0, 5), min_size=1, max_size=20))
def test_a_throttled_bucket_is_the_slower_one(rate: float, pauses: list[float]) -> None:
    """Until it has climbed back, it never lets a mail start before an untouched one would."""
    plain = core.full(rate, 1, now=0.0)
    slow = core.slowed(plain, 0.0, now=0.0)
    now = 0.0
    for pause in pauses:
        now += pause
        plain, early = core.reserve(plain, 1, now=now)
        slow, late = core.reserve(slow, 1, now=now)
        assert late >= early - DUST


def test_the_pace_halves_and_climbs_back() -> None:
    """Each throttle halves it, not below a sixteenth; within half a minute it is whole again."""
    bucket = core.full(16.0, 1, now=0.0)
    paces: list[float] = []
    for second in range(8):
        bucket = core.slowed(bucket, 0.0, now=float(second) + 10)
        paces.append(bucket.pace)
    assert paces[0] == 0.5
    assert paces == sorted(paces, reverse=True)
    assert min(paces) == core.SLOWEST
    for tenth in range(300):
        bucket, _ = core.reserve(bucket, 1, now=18 + tenth / 10)
    assert bucket.pace == pytest.approx(1.0, abs=0.1)
    bucket, _ = core.reserve(bucket, 1, now=50.0)
    assert bucket.pace == 1.0


def test_a_pause_is_no_debt_of_several_pauses() -> None:
    """Eight threads that are told to wait a second wait a second."""
    bucket = core.full(10.0, 1, now=0.0)
    for _ in range(8):
        bucket = core.slowed(bucket, 1.0, now=0.0)
    _, wait = core.reserve(bucket, 1, now=0.0)
    assert wait == pytest.approx(1.0)


def test_another_rate_holds_from_now_on() -> None:
    """What was gained until now was gained at the rate of before; the same rate changes nothing."""
    bucket, _ = core.reserve(core.full(10.0, None, now=0.0), 11, now=0.0)
    assert core.at_rate(bucket, 10.0, None, now=1.0) is bucket
    faster = core.at_rate(bucket, 100.0, None, now=0.5)
    assert faster == Bucket(tokens=-5.0, rate=100.0, size=10.0, as_of=0.5)
    assert core.at_rate(faster, 20.0, 3.0, now=60.0).tokens == 10.0
    assert core.reserve(core.at_rate(faster, 20.0, 3.0, now=60.0), 3, now=60.0)[0].tokens == 0.0


@pytest.mark.parametrize("workers", [1, 16])
@pytest.mark.parametrize("rate", [1.0, 14.0, 200.0])
def test_steady_demand_uses_the_rate(workers: int, rate: float) -> None:
    """Workers whose sends take a while, and who wake up a little late, use 98 % of the rate."""
    bucket = core.full(rate, None, now=0.0)
    takes = 0.5 * workers / rate  # half of what would make the workers too few
    grants: list[tuple[float, int]] = []
    awake = [(0.0, worker) for worker in range(workers)]
    until = 300 / rate
    while awake[0][0] < until:
        now, worker = heapq.heappop(awake)
        bucket, wait = core.reserve(bucket, 1, now=now)
        grants.append((now + wait, 1))
        heapq.heappush(awake, (now + wait + takes + 0.001 / rate, worker))
    started = sum(1 for at, _ in grants if at < until)
    assert started >= 0.98 * rate * until
    assert most_in_a_second(grants) <= rate + bucket.size + 1 + DUST
