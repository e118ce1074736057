"""A bucket of which bulk mail has a share, as arithmetic."""

from __future__ import annotations

import heapq

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sesguard._core import rate as core
from sesguard._core import rate_share
from sesguard._core.rate_share import Bulk, Shared, shared

RATES = st.floats(0.1, 1000)
SHARES = st.floats(0.05, 0.95)
BURSTS = st.none() | st.floats(1, 60)
PAUSES = st.one_of(st.just(0.0), st.floats(0, 0.5), st.floats(0, 100))
UNITS = st.integers(1, 50)
DUST = 1e-6

Grants = list[tuple[float, int, bool]]
"""When a mail starts, its recipients, and whether it is bulk mail."""


def most(grants: Grants, seconds: float = 1.0) -> float:
    """The most recipients that start in any stretch of so many seconds."""
    return max(
        sum(units for at, units, _ in grants if begin <= at < begin + seconds - DUST)
        for begin, *_ in grants
    )


class Played:
    """A bucket on a clock that is moved by hand."""

    def __init__(self, rate: float, burst: float | None = None, share: float = 0.8) -> None:
        self.rate, self.burst, self.share = rate, burst, share
        self.now = 0.0
        self.state = shared(None, rate, burst, now=0.0)
        self.grants: Grants = []

    @property
    def size(self) -> float:
        return self.state.bucket.size

    def take(self, units: int, *, bulk: bool) -> float:
        at = shared(self.state, self.rate, self.burst, now=self.now)
        self.state, wait = rate_share.reserve(at, units, self.share if bulk else None)
        self.grants.append((self.now + wait, units, bulk))
        return wait

    def put_back(self, units: int, *, bulk: bool) -> None:
        at = shared(self.state, self.rate, self.burst, now=self.now)
        self.state = rate_share.refund(at, units, self.share if bulk else None)


MAILS = st.lists(st.tuples(UNITS, PAUSES, st.booleans()), min_size=1, max_size=60)


@settings(max_examples=400)
@given(rate=RATES, burst=BURSTS, share=SHARES, mails=MAILS)
def test_no_second_has_more_than_its_due(
    rate: float, burst: float | None, share: float, mails: list[tuple[int, float, bool]]
) -> None:
    """Over bulk and other mail together: at most the rate, the burst, and one mail in debt."""
    played = Played(rate, burst, share)
    for units, pause, bulk in mails:
        played.now += pause
        played.take(units, bulk=bulk)
    debt = max(units for units, *_ in mails)
    for seconds in (0.1, 1.0, 10.0):
        assert most(played.grants, seconds) <= rate * seconds + played.size + debt + DUST


@given(rate=RATES, burst=BURSTS, share=SHARES, mails=MAILS)
def test_bulk_mail_never_has_more_than_its_share(
    rate: float, burst: float | None, share: float, mails: list[tuple[int, float, bool]]
) -> None:
    """In any second bulk mail has its share of the rate, and the one mail that is in debt."""
    played = Played(rate, burst, share)
    for units, pause, bulk in mails:
        played.now += pause
        played.take(units, bulk=bulk)
    of_bulk = [grant for grant in played.grants if grant[2]]
    if of_bulk:
        debt = max(units for _, units, _ in of_bulk)
        assert most(of_bulk) <= share * rate + debt + DUST


@given(rate=RATES, burst=BURSTS, mails=st.lists(st.tuples(UNITS, PAUSES), min_size=1, max_size=40))
def test_without_bulk_mail_it_is_the_plain_bucket(
    rate: float, burst: float | None, mails: list[tuple[int, float]]
) -> None:
    """A bucket that nobody has a share of answers what a plain one answers."""
    played = Played(rate, burst)
    plain = core.full(rate, burst, now=0.0)
    for units, pause in mails:
        played.now += pause
        plain, wait = core.reserve(plain, units, now=played.now)
        assert played.take(units, bulk=False) == pytest.approx(wait)
    assert played.state.at_rest
    assert played.state.bucket == pytest.approx(plain)


@pytest.mark.parametrize("rate", [1.0, 14.0, 200.0])
@pytest.mark.parametrize("units", [1, 50])
def test_a_receipt_does_not_wait_behind_bulk_mail(rate: float, units: int) -> None:
    """While a hundred bulk mails hold times far ahead, receipts in the rest of the rate go out."""
    played = Played(rate)
    for _ in range(100):
        played.take(units, bulk=True)
    waits: list[float] = []
    for _ in range(100):
        waits.append(played.take(1, bulk=False))
        played.now += 1.01 / (0.2 * rate)
    assert max(waits) == 0.0
    assert most(played.grants) <= rate + played.size + units + DUST


def test_more_receipts_than_the_rest_of_the_rate_wait_for_each_other() -> None:
    """Beyond what bulk mail leaves, receipts are a distance of that rest apart."""
    played = Played(10.0, burst=1)
    for _ in range(100):
        played.take(1, bulk=True)
    assert [played.take(1, bulk=False) for _ in range(3)] == pytest.approx([0.0, 0.5, 1.0])


def test_receipts_have_the_whole_rate_after_the_last_bulk_mail() -> None:
    """Where the queue of bulk mail ends, the rest of the receipts go at the full rate."""
    played = Played(10.0, burst=1)
    for _ in range(4):  # taken off within half a second
        played.take(1, bulk=True)
    waits = [played.take(1, bulk=False) for _ in range(4)]
    assert waits == pytest.approx([0.0, 0.5, 0.6, 0.7])


def test_mail_of_several_recipients_keeps_out_of_the_debt_of_another() -> None:
    """Beside large bulk mails it is paid out of the burst, or else queues with them."""
    small = Played(10.0, burst=5)
    large = Played(10.0, burst=5)
    for played in (small, large):
        for _ in range(3):  # sixteen recipients take two seconds of eight tenths of the rate
            played.take(16, bulk=True)
    assert [small.take(3, bulk=False) for _ in range(2)] == pytest.approx([0.0, 0.5])
    assert large.take(6, bulk=False) == pytest.approx(6.0)
    assert large.take(1, bulk=False) == 0.0
    single = Played(10.0, burst=1)
    for _ in range(3):
        single.take(1, bulk=True)
    assert single.take(50, bulk=False) == 0.0


def saturated(rate: float, *, receipts: int, bulk: int, units: int) -> Played:
    """So many workers of each kind that send again as soon as they may; bulk mails are larger."""
    played = Played(rate)
    awake = [(0.0, worker) for worker in range(receipts + bulk)]
    while awake[0][0] < 400 * units / rate:
        played.now, worker = heapq.heappop(awake)
        bulk_mail = worker >= receipts
        wait = played.take(units if bulk_mail else 1, bulk=bulk_mail)
        heapq.heappush(awake, (played.now + wait, worker))
    played.grants = [grant for grant in played.grants if grant[0] < played.now]
    return played


@pytest.mark.parametrize("units", [1, 7])
@pytest.mark.parametrize("rate", [1.0, 14.0, 200.0])
@pytest.mark.parametrize(("receipts", "bulk"), [(1, 1), (1, 16), (16, 1), (16, 16)])
def test_steady_demand_of_both_uses_the_rate(
    rate: float, receipts: int, bulk: int, units: int
) -> None:
    """Both together are given at least 98 % of the rate, and neither is starved."""
    played = saturated(rate, receipts=receipts, bulk=bulk, units=units)
    total = sum(units for _, units, _ in played.grants)
    of_bulk = sum(units for _, units, bulk in played.grants if bulk)
    assert total >= 0.98 * rate * played.now
    assert of_bulk <= 0.8 * rate * played.now + 2 * units
    assert total - of_bulk >= 0.19 * rate * played.now
    assert of_bulk >= 0.04 * rate * played.now
    assert most(played.grants) <= rate + played.size + units + DUST


def test_bulk_mail_alone_uses_its_share() -> None:
    """With nobody else sending, bulk mail has its share to the full, and receipts all, alone."""
    played = saturated(100.0, receipts=0, bulk=8, units=1)
    assert len(played.grants) == pytest.approx(0.8 * 100 * played.now, rel=0.02)
    played = saturated(100.0, receipts=8, bulk=0, units=1)
    assert len(played.grants) == pytest.approx(100 * played.now + played.size, rel=0.02)


def test_bulk_mail_starts_behind_receipts_that_wait() -> None:
    """Times that receipts hold already stand: bulk mail comes after, and takes its turn."""
    played = Played(10.0, burst=1)
    assert [played.take(1, bulk=False) for _ in range(4)] == pytest.approx([0, 0.1, 0.2, 0.3])
    assert played.take(8, bulk=True) == pytest.approx(0.4)
    assert played.take(8, bulk=True) == pytest.approx(1.4)
    assert played.take(1, bulk=False) == pytest.approx(0.4)
    assert played.take(1, bulk=False) == pytest.approx(0.9)


@given(rate=RATES, taken=st.lists(st.tuples(UNITS, st.booleans()), max_size=5), units=UNITS)
def test_the_last_bulk_mail_leaves_no_trace(
    rate: float, taken: list[tuple[int, bool]], units: int
) -> None:
    """A bulk mail that gives back is as if it had not come, for bulk mail and for others."""
    for bulk in (True, False):
        played, untouched = Played(rate), Played(rate)
        for one, kind in taken:
            played.take(one, bulk=kind)
            untouched.take(one, bulk=kind)
        played.take(units, bulk=True)
        played.put_back(units, bulk=True)
        expected = untouched.take(1, bulk=bulk)
        assert played.take(1, bulk=bulk) == pytest.approx(expected)


@given(
    rate=RATES,
    burst=BURSTS,
    mails=st.lists(st.tuples(UNITS, PAUSES, st.booleans(), st.booleans()), min_size=1, max_size=40),
)
def test_what_was_put_back_bounds_what_comes_early(
    rate: float, burst: float | None, mails: list[tuple[int, float, bool, bool]]
) -> None:
    """Mails that give up may let others start early, by no more than they put back."""
    played = Played(rate, burst)
    given_back = 0.0
    for units, pause, bulk, gives_up in mails:
        played.now += pause
        played.take(units, bulk=bulk)
        if gives_up:
            played.grants.pop()
            played.put_back(units, bulk=bulk)
            given_back += units
    if played.grants:
        debt = max(units for units, *_ in mails)
        assert most(played.grants) <= rate + played.size + debt + given_back + DUST


def test_a_bulk_mail_that_began_gives_back_to_all() -> None:
    """What was taken off the bucket already goes back to the bucket, up to a burst."""
    played = Played(10.0, burst=2)
    played.take(8, bulk=True)
    played.now = 0.5  # four of the eight
    played.take(2, bulk=False)
    played.put_back(8, bulk=True)
    assert [played.take(1, bulk=False) for _ in range(3)] == pytest.approx([0.0, 0.0, 0.1])


def test_another_share_holds_once_the_queue_is_empty() -> None:
    """Times that were given stand; the next bulk mail of a rested bucket brings its own share."""
    played = Played(10.0, burst=1)
    played.take(1, bulk=True)
    played.share = 0.1
    assert played.take(1, bulk=True) == pytest.approx(1 / 8)
    played.now = 10.0
    assert [played.take(1, bulk=True) for _ in range(2)] == pytest.approx([0.0, 1.0])


def test_a_throttle_slows_bulk_mail_and_others() -> None:
    """The pace halves for both, and nothing starts in the pause that SES asks for."""
    played = Played(10.0, burst=1)
    played.take(1, bulk=True)
    played.state = rate_share.slowed(played.state, 0.0)
    assert played.state.bucket.pace == 0.5
    assert played.take(1, bulk=True) == pytest.approx(1 / 4)
    for _ in range(8):  # told to eight threads, it is one pause
        played.state = rate_share.slowed(played.state, 3.0)
    assert played.state.bucket.pace == 0.5
    assert played.take(1, bulk=False) == pytest.approx(3.0)
    assert played.take(1, bulk=True) >= 3.0
    played.now = 2.0
    assert played.take(1, bulk=False) >= 1.0
    later = shared(played.state, 10.0, 1, now=2.0)
    assert rate_share.slowed(later, 0.5).bulk.ahead == later.bulk.ahead >= 1.0


@given(rate=RATES, mails=MAILS, back=st.floats(0, 10_000), later=st.floats(0, 1))
def test_a_clock_that_was_set_back_neither_gives_nor_holds_up(
    rate: float, mails: list[tuple[int, float, bool]], back: float, later: float
) -> None:
    """What was to wait for is as long as before, and from then on the rate is gained again."""
    played = Played(rate)
    for units, pause, bulk in mails:
        played.now += pause
        played.take(units, bulk=bulk)
    still = Played(rate)
    still.state, still.now = played.state, played.now
    played.now -= back
    played.state = shared(played.state, rate, None, now=played.now)
    played.now += later
    still.now += later
    assert played.take(1, bulk=False) == pytest.approx(still.take(1, bulk=False), abs=1e-6)


def test_a_throttle_before_the_clock_was_set_back_is_no_throttle_of_now() -> None:
    """The next throttle slows down, though the last one is in the future."""
    state = rate_share.slowed(shared(None, 10.0, 1, now=5000.0), 0.0)
    state = shared(state, 10.0, 1, now=100.0)
    assert rate_share.slowed(state, 0.0).bucket.pace == 0.25


def test_another_rate_and_another_burst_hold_from_now_on() -> None:
    """What was gained until now was gained at the rate of before."""
    played = Played(10.0, burst=5)
    played.take(10, bulk=False)
    after = shared(played.state, 100.0, 2, now=0.5)
    assert (after.bucket.tokens, after.bucket.rate, after.bucket.size) == (0.0, 100.0, 2)
    assert shared(Played(10.0, burst=5).state, 10.0, 2, now=0.0).bucket.tokens == 2


def test_a_bucket_with_nothing_queued_is_at_rest() -> None:
    """Then it is the plain bucket, and the state of the queue need not be kept."""
    played = Played(10.0)
    assert played.state == Shared(core.full(10.0, None, now=0.0), Bulk())
    assert played.state.at_rest
    played.take(8, bulk=True)
    assert not played.state.at_rest
    assert shared(played.state, 10.0, None, now=1.0).at_rest
