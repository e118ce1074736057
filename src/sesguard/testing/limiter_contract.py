"""The contract that every limiter passes, ours and yours."""

from __future__ import annotations

import sys
import threading
from collections.abc import Callable
from typing import Protocol

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from sesguard.clocks import SystemClock
from sesguard.errors import ConfigurationError
from sesguard.ports import Clock, Limiter
from sesguard.testing.manual_clock import ManualClock

__all__ = ["LimiterContract", "MakeLimiter"]

_PROPERTY = settings(max_examples=50, deadline=None, suppress_health_check=[HealthCheck.too_slow])
_DUST = 1e-6  # what floating point may add up to


class MakeLimiter(Protocol):
    """How a limiter is made: new, and with nothing taken from it."""

    def __call__(
        self, rate: float | Callable[[], float], *, burst: float | None = None, clock: Clock
    ) -> Limiter: ...


Grants = list[tuple[float, int]]
"""When a mail could start, and its recipients."""


def most_in_a_second(grants: Grants) -> float:
    """The most recipients that start in any second, found by trying every second."""
    return max(
        sum(units for at, units in grants if begin <= at < begin + 1.0 - _DUST)
        for begin, _ in grants
    )


class LimiterContract:
    """
    Inherit from this in a test module, and say how a limiter is made::

        class TestMyLimiter(LimiterContract):
            @pytest.fixture
            def make_limiter(self):
                return MyLimiter

    One whose limiter has no ``share`` skips what is said of shares.
    """

    @pytest.fixture
    def make_limiter(self) -> MakeLimiter:
        """How a new limiter is made. Override it."""
        raise NotImplementedError("override the fixture make_limiter: it returns a callable")

    def test_a_mail_after_a_rest_does_not_wait(self, make_limiter: MakeLimiter) -> None:
        """The first mail starts at once, whatever its size."""
        for units in (1, 50):
            assert make_limiter(1, clock=ManualClock()).reserve(units) == 0

    def test_mails_are_a_rates_distance_apart(self, make_limiter: MakeLimiter) -> None:
        """At ten a second, mails of one recipient that come at once start tenths apart."""
        limiter = make_limiter(10, clock=ManualClock())
        waits = [limiter.reserve(1) for _ in range(5)]
        assert waits == pytest.approx([0.0, 0.1, 0.2, 0.3, 0.4])

    def test_recipients_are_counted_and_not_mails(self, make_limiter: MakeLimiter) -> None:
        """A mail of 50 starts when one token is there, and the next waits for its debt."""
        limiter = make_limiter(10, burst=1, clock=ManualClock())
        assert limiter.reserve(50) == 0
        assert limiter.reserve(50) == pytest.approx(5.0)
        assert limiter.reserve(1) == pytest.approx(10.0)

    def test_a_burst_may_start_at_once(self, make_limiter: MakeLimiter) -> None:
        """After a rest, as many as the burst start at once; by default a tenth of a second's."""
        for burst, at_once in ((5, 5), (None, 3)):
            limiter = make_limiter(30, burst=burst, clock=ManualClock())
            waits = [limiter.reserve(1) for _ in range(8)]
            assert sum(wait == 0 for wait in waits) == at_once

    def test_a_rest_gains_no_more_than_a_burst(self, make_limiter: MakeLimiter) -> None:
        """An idle hour does not let an hour's mail go at once."""
        clock = ManualClock()
        limiter = make_limiter(10, burst=2, clock=clock)
        limiter.reserve(1)
        clock.advance(3600)
        waits = [limiter.reserve(1) for _ in range(4)]
        assert waits == pytest.approx([0.0, 0.0, 0.1, 0.2])

    def test_no_second_has_more_than_its_due(self, make_limiter: MakeLimiter) -> None:
        """In any second: at most the rate, the burst, and what one mail is in debt."""

        @_PROPERTY
        @given(
            rate=st.floats(0.5, 5) | st.floats(5, 500),
            burst=st.none() | st.integers(1, 30),
            mails=st.lists(st.tuples(st.integers(1, 50), _pauses()), min_size=1, max_size=60),
        )
        def holds(rate: float, burst: int | None, mails: list[tuple[int, float]]) -> None:
            clock = ManualClock()
            limiter = make_limiter(rate, burst=burst, clock=clock)
            grants: Grants = []
            for units, pause in mails:
                clock.advance(pause)
                grants.append((clock.monotonic() + limiter.reserve(units), units))
            size = max(1.0, rate / 10) if burst is None else burst
            debt = max(units for units, _ in mails)
            assert most_in_a_second(grants) <= rate + size + debt + _DUST

        holds()

    @pytest.mark.parametrize("rate", [0.5, 1, 14, 90.5, 1000])
    @pytest.mark.parametrize("units", [1, 7])
    def test_steady_demand_uses_the_rate(
        self, make_limiter: MakeLimiter, rate: float, units: int
    ) -> None:
        """Whoever sends again as soon as it may is given the whole rate."""
        clock = ManualClock()
        limiter = make_limiter(rate, clock=clock)
        sent = 0
        until = 400 * units / rate
        while clock.monotonic() < until:
            clock.sleep(limiter.reserve(units))
            sent += units
        assert sent >= 0.98 * rate * clock.monotonic()

    def test_what_is_given_back_leaves_no_trace(self, make_limiter: MakeLimiter) -> None:
        """A mail that would wait too long gives back, and nobody waits for it."""
        limiter = make_limiter(10, burst=2, clock=ManualClock())
        limiter.reserve(2)
        for units in (1, 50, 7):
            assert limiter.reserve(units) == pytest.approx(0.1)
            limiter.give_back(units)
        assert limiter.reserve(1) == pytest.approx(0.1)

    def test_giving_back_fills_no_more_than_a_burst(self, make_limiter: MakeLimiter) -> None:
        """Tokens put back after a rest are lost where there is no room for them."""
        clock = ManualClock()
        limiter = make_limiter(10, burst=2, clock=clock)
        limiter.reserve(50)
        clock.advance(60)
        limiter.give_back(50)
        waits = [limiter.reserve(1) for _ in range(3)]
        assert waits == pytest.approx([0.0, 0.0, 0.1])

    def test_a_throttle_slows_down_for_a_while(self, make_limiter: MakeLimiter) -> None:
        """After a throttle fewer start, and within minutes as many as before."""
        clock = ManualClock()
        limiter = make_limiter(10, burst=1, clock=clock)
        limiter.reserve(1)
        limiter.slow_down()
        slow = _started(limiter, clock, seconds=2)
        clock.advance(300)
        assert 0 < slow <= 14
        assert _started(limiter, clock, seconds=2) >= 20

    def test_a_throttle_says_how_long_nothing_starts(self, make_limiter: MakeLimiter) -> None:
        """SES's own word on when to come again is kept; nonsense is no such word."""
        limiter = make_limiter(10, clock=ManualClock())
        for nonsense in (float("nan"), -5.0, float("inf"), 0.0):
            limiter.slow_down(nonsense)
        assert limiter.reserve(1) < 1
        limiter.slow_down(3.0)
        assert limiter.reserve(1) == pytest.approx(3.0)

    def test_a_rate_can_be_asked_for(self, make_limiter: MakeLimiter) -> None:
        """A callable is asked again and again, and the new rate holds from then on."""
        rates = iter([10.0, 10.0, 2.0])
        limiter = make_limiter(lambda: next(rates), burst=1, clock=ManualClock())
        assert limiter.reserve(1) == 0
        assert limiter.reserve(1) == pytest.approx(0.1)
        assert limiter.reserve(1) == pytest.approx(1.0)

    @pytest.mark.parametrize("rate", [0, -1, float("nan"), float("inf"), True, "14", None])
    def test_a_rate_that_is_none_is_refused(self, make_limiter: MakeLimiter, rate: float) -> None:
        """It is an error when the limiter is made, and not a free pass."""
        with pytest.raises(ConfigurationError):
            make_limiter(rate, clock=ManualClock())

    @pytest.mark.parametrize("burst", [0, 0.5, -1, float("nan"), float("inf"), True])
    def test_a_burst_that_is_none_is_refused(self, make_limiter: MakeLimiter, burst: float) -> None:
        """Below one token no mail could ever start."""
        with pytest.raises(ConfigurationError):
            make_limiter(14, burst=burst, clock=ManualClock())

    @pytest.mark.parametrize("units", [0, -1])
    def test_a_mail_has_recipients(self, make_limiter: MakeLimiter, units: int) -> None:
        """Nobody takes nothing, and nobody takes tokens by giving them."""
        limiter = make_limiter(14, clock=ManualClock())
        with pytest.raises(ConfigurationError):
            limiter.reserve(units)
        with pytest.raises(ConfigurationError):
            limiter.give_back(units)

    def test_the_systems_clock_is_as_good(self, make_limiter: MakeLimiter) -> None:
        """By the time of the machine, mails start as far apart as by that of a test."""
        clock = SystemClock()
        limiter = make_limiter(1000, burst=1, clock=clock)
        begin = clock.monotonic()
        starts = [limiter.reserve(1) + clock.monotonic() for _ in range(100)]
        end = clock.monotonic()
        assert begin + 0.099 <= starts[-1] <= end + 0.099 + _DUST

    def test_a_receipt_does_not_wait_for_bulk_mail(self, make_limiter: MakeLimiter) -> None:
        """A hundred bulk mails that hold times to come leave the rest of the rate to others."""
        clock = ManualClock()
        limiter = make_limiter(10, burst=1, clock=clock)
        bulk = _share(limiter, 0.8)
        waits = [bulk.reserve(1) for _ in range(100)]
        assert waits == pytest.approx([number / 8 for number in range(100)])
        grants = [(wait, 1) for wait in waits]
        for _ in range(20):
            grants.append((clock.monotonic() + limiter.reserve(1), 1))
            assert grants[-1][0] == pytest.approx(clock.monotonic())
            clock.advance(0.51)
        assert most_in_a_second(grants) <= 10 + 1 + 1

    def test_bulk_mail_has_its_share_and_no_more(self, make_limiter: MakeLimiter) -> None:
        """With nobody else sending, it goes at that part of the rate; others then at all of it."""
        clock = ManualClock()
        limiter = make_limiter(10, burst=1, clock=clock)
        assert _started(_share(limiter, 0.5), clock, seconds=20) == pytest.approx(100, abs=1)
        clock.advance(10)
        assert _started(limiter, clock, seconds=20) == pytest.approx(200, abs=2)

    def test_a_share_and_the_whole_keep_to_one_rate(self, make_limiter: MakeLimiter) -> None:
        """Both together: at most the rate, the burst, and what one mail is in debt."""

        @_PROPERTY
        @given(
            rate=st.floats(0.5, 5) | st.floats(5, 500),
            burst=st.none() | st.integers(1, 30),
            mails=st.lists(
                st.tuples(st.integers(1, 50), _pauses(), st.booleans()), min_size=1, max_size=60
            ),
        )
        def holds(rate: float, burst: int | None, mails: list[tuple[int, float, bool]]) -> None:
            clock = ManualClock()
            limiter = make_limiter(rate, burst=burst, clock=clock)
            bulk = _share(limiter, 0.8)
            grants: Grants = []
            for units, pause, is_bulk in mails:
                clock.advance(pause)
                wait = (bulk if is_bulk else limiter).reserve(units)
                grants.append((clock.monotonic() + wait, units))
            size = max(1.0, rate / 10) if burst is None else burst
            debt = max(units for units, *_ in mails)
            assert most_in_a_second(grants) <= rate + size + debt + _DUST

        holds()

    def test_bulk_mail_that_gives_back_leaves_no_trace(self, make_limiter: MakeLimiter) -> None:
        """What a share took and put back is there for bulk mail and for others."""
        limiter = make_limiter(10, burst=1, clock=ManualClock())
        bulk = _share(limiter, 0.8)
        assert bulk.reserve(8) == 0
        for _ in range(3):
            assert bulk.reserve(5) == pytest.approx(1.0)
            bulk.give_back(5)
        assert bulk.reserve(1) == pytest.approx(1.0)
        assert limiter.reserve(1) == 0

    def test_a_throttle_of_bulk_mail_slows_all(self, make_limiter: MakeLimiter) -> None:
        """SES throttles the account, and not one kind of mail."""
        limiter = make_limiter(10, clock=ManualClock())
        _share(limiter, 0.8).slow_down(3.0)
        assert limiter.reserve(1) == pytest.approx(3.0)

    @pytest.mark.parametrize("part", [0, 1, -0.5, 1.5, float("nan"), True, "0.8", None])
    def test_a_share_that_is_none_is_refused(self, make_limiter: MakeLimiter, part: float) -> None:
        """A share of nothing or of all leaves nothing for one of the two."""
        limiter = make_limiter(14, clock=ManualClock())
        _share(limiter, 0.8)
        with pytest.raises(ConfigurationError):
            _share(limiter, part)

    @pytest.mark.parametrize("units", [0, -1])
    def test_a_bulk_mail_has_recipients(self, make_limiter: MakeLimiter, units: int) -> None:
        """A share, too, gives nothing to nobody."""
        bulk = _share(make_limiter(14, clock=ManualClock()), 0.8)
        with pytest.raises(ConfigurationError):
            bulk.reserve(units)
        with pytest.raises(ConfigurationError):
            bulk.give_back(units)

    def test_threads_share_one_rate(self, make_limiter: MakeLimiter) -> None:
        """Sixteen threads that ask at once get sixteen different times, a rate's distance apart."""
        limiter = make_limiter(100, burst=1, clock=ManualClock())
        gate = threading.Barrier(16)
        waits: list[float] = []

        def ask() -> None:
            gate.wait(timeout=30)
            waits.extend(limiter.reserve(1) for _ in range(20))

        threads = [threading.Thread(target=ask, daemon=True) for _ in range(16)]
        interval = sys.getswitchinterval()
        sys.setswitchinterval(1e-6)  # switched between at any moment
        try:
            for thread in threads:
                thread.start()
            for thread in threads:
                thread.join(timeout=60)
        finally:
            sys.setswitchinterval(interval)
        assert sorted(waits) == pytest.approx([number / 100 for number in range(320)])


def _share(limiter: object, part: float) -> Limiter:
    """What the limiter gives to bulk mail."""
    share: Callable[[float], Limiter] | None = getattr(limiter, "share", None)
    if share is None:
        pytest.skip("this limiter gives no shares")
    return share(part)


def _pauses() -> st.SearchStrategy[float]:
    return st.one_of(st.just(0.0), st.floats(0, 0.2), st.floats(0, 20))


def _started(limiter: Limiter, clock: ManualClock, *, seconds: float) -> int:
    """How many mails of one recipient a steady sender starts in so many seconds."""
    until = clock.monotonic() + seconds
    started = 0
    while clock.monotonic() + (wait := limiter.reserve(1)) < until:
        clock.sleep(wait)
        started += 1
    limiter.give_back(1)
    return started
