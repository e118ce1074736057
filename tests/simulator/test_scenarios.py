"""Fortnights with the guard off and on: what each of them has to show."""

from __future__ import annotations

from dataclasses import replace

import pytest

from sesguard.metrics import LINES, Status
from sesguard.simulator import scenarios
from sesguard.simulator.scenarios import Played
from sesguard.simulator.scenarios.fortnight import DAYS

PEOPLE = 66


def test_the_same_seed_gives_the_same_figures() -> None:
    """To the last point; chance comes out of the seed alone."""
    assert scenarios.outage(seed=3, people=20) == scenarios.outage(seed=3, people=20)
    assert scenarios.outage(seed=3, people=20) != scenarios.outage(seed=4, people=20)


def test_of_a_bad_list_each_dead_address_bounces_once() -> None:
    """Without the guard it bounces every day, and the account goes over the line of 10 %."""
    played = scenarios.bad_list(people=PEOPLE)
    dead_a_day = PEOPLE // 33
    assert played.on.bounces == DAYS * dead_a_day
    assert played.off.bounces == sum(dead_a_day * day for day in range(1, DAYS + 1))
    assert played.on.not_mailed == played.off.bounces - played.on.bounces
    assert played.on.sent + played.on.not_mailed == played.off.sent
    assert played.on.peak_bounce_rate < 0.05
    assert played.off.peak_bounce_rate > 0.10


def test_who_complains_is_not_mailed_again() -> None:
    """Without the guard the account goes over the line of 0.1 %."""
    played = scenarios.spam_wave()
    assert (played.on.complaints, played.off.complaints) == (3, 18)
    assert played.on.not_mailed == played.off.complaints - played.on.complaints
    assert LINES["complaint"].judge(played.on.complaints, played.on.sent) < Status.REVIEW
    assert 0 < played.on.peak_complaint_rate < 0.001 < played.off.peak_complaint_rate


def test_the_guard_keeps_the_rate_and_loses_nothing() -> None:
    """A loop that tries three times loses mail, and hears of it hundreds of times."""
    played = scenarios.throttle(people=PEOPLE)
    assert (played.on.throttles, played.on.lost) == (0, 0)
    assert played.on.sent == PEOPLE * DAYS
    assert played.off.throttles > played.off.lost > 0
    assert played.off.sent + played.off.lost == PEOPLE * DAYS


def test_a_spent_quota_is_waited_out() -> None:
    """The guard asks once an hour; the loop asks at once, and loses what is over the quota."""
    played = scenarios.quota_gone(people=PEOPLE)
    assert played.on.lost == 0
    assert played.on.sent == PEOPLE * (DAYS + 2)
    assert 0 < played.on.throttles <= 2 * 26
    assert played.off.lost == PEOPLE
    assert played.off.throttles == PEOPLE * 3


def test_a_lost_answer_is_not_asked_for_twice() -> None:
    """The loop mails some people twice; with the guard each gets one mail."""
    played = scenarios.outage(people=PEOPLE)
    assert played.off.sent_twice > 0
    assert played.on.sent_twice == played.on.lost == 0
    assert played.on.sent == PEOPLE * DAYS


def test_when_nothing_is_wrong_the_guard_changes_nothing() -> None:
    played = scenarios.calm(people=10)
    assert 0 < played.on.duplicates_ignored < played.on.sent
    assert replace(played.on, duplicates_ignored=0) == played.off
    assert played.on.sent == 10 * DAYS
    assert sum(point.delivery_attempts for point in played.on.points) == 10 * DAYS


@pytest.mark.parametrize("line", ["peak bounce rate", "sent twice", "lost"])
def test_as_text_it_is_a_table(line: str) -> None:
    played = scenarios.calm(people=2)
    assert isinstance(played, Played)
    text = str(played)
    assert text.splitlines()[0] == "calm: nothing goes wrong"
    assert line in text
    assert f"{'sent':<22}{28:>12}{28:>12}" in text
