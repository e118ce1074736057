"""What of the daily quota is left for bulk mail."""

from __future__ import annotations

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sesguard._core.daily import DAY, Daily, Kept, gone, read, room, settled, taken
from sesguard.quota import Quota

KEEP = Kept(recipients=100)


def quota(limit: float, sent: float) -> Quota:
    return Quota(max_24_hour_send=limit, max_send_rate=14, sent_last_24_hours=sent)


def known(limit: float, sent: float, at: float = 0.0) -> Daily:
    return read(Daily(), quota(limit, sent), asked=Daily(), now=at)


@pytest.mark.parametrize(
    ("daily", "kept", "left"),
    [
        (Daily(), KEEP, math.inf),
        (known(-1, 10**9), KEEP, math.inf),
        (known(1000, 0), KEEP, 900),
        (known(1000, 950), KEEP, -50),
        (known(1000, 2000), KEEP, -100),
        (known(1000, 0), Kept(share=0.25), 750),
        (known(3, 0), Kept(share=0.1), 2),
        (taken(known(1000, 0), 50), KEEP, 850),
    ],
)
def test_what_is_left_for_bulk_mail(daily: Daily, kept: Kept, left: float) -> None:
    """The quota, less what was sent, what is under way, and what is kept."""
    assert room(daily, kept, now=1.0) == left


def test_a_figure_of_yesterday_says_nothing() -> None:
    """Who could read nothing for a day is not held for ever by what was sent since."""
    assert room(known(100, 100), KEEP, now=DAY - 1) == -100
    assert room(known(100, 100), KEEP, now=DAY) == math.inf


@given(st.lists(st.tuples(st.integers(1, 50), st.booleans()), max_size=60), st.data())
def test_no_recipient_is_forgotten_and_none_stays_counted_that_was_not_sent(
    mails: list[tuple[int, bool]], data: st.DataObject
) -> None:
    """
    With readings at any moment, what is counted is never less than what was sent; at rest a
    reading leaves SES's own figure alone.
    """
    daily, sent, under_way = known(10**6, 0), 0, list[tuple[int, bool]]()
    for units, taken_by_ses in mails:
        daily = taken(daily, units)
        under_way.append((units, taken_by_ses))
        for _ in range(data.draw(st.integers(0, len(under_way)))):
            settling, took = under_way.pop(0)
            sent += settling * took
            daily = settled(daily, settling, sent=took)
        if data.draw(st.booleans()):
            asked, told = daily, sent
            daily = taken(daily, 7)  # while the account is asked
            daily = read(daily, quota(10**6, told), asked=asked, now=0)
            daily = settled(daily, 7, sent=True)
            sent += 7
        assert 10**6 - room(daily, Kept(recipients=0), now=0) >= sent
    for units, took in under_way:
        sent += units * took
        daily = settled(daily, units, sent=took)
    daily = read(daily, quota(10**6, sent), asked=daily, now=0)
    assert (daily.flying, daily.on_top) == (0, 0)
    assert room(daily, Kept(recipients=0), now=0) == 10**6 - sent


def test_mails_that_are_never_heard_of_again_stay_counted_once() -> None:
    """However often the figures are read."""
    daily = taken(known(1000, 0), 10)
    for _ in range(3):
        daily = read(daily, quota(1000, 10), asked=daily, now=0)
        assert daily.on_top == 10


def test_seses_own_no_stands_until_its_latest_end() -> None:
    """A shorter one that comes later does not shorten it."""
    assert gone(gone(Daily(), 3600), 60).gone_until == 3600
