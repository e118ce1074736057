"""Rates as plain text."""

from __future__ import annotations

from datetime import timedelta
from typing import Literal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sesguard import errors
from sesguard._core.chart import chart, table
from sesguard._core.rates import rates
from sesguard._core.statistics import SendDataPoint
from tests._core.test_statistics import POINTS, START


def hourly(*bounces: int, complaints: int = 0) -> list[SendDataPoint]:
    return [
        SendDataPoint(
            timestamp=START + timedelta(hours=n),
            delivery_attempts=1_000,
            bounces=count,
            complaints=complaints,
        )
        for n, count in enumerate(bounces)
    ]


def test_a_chart_shows_the_rate_between_amazons_lines() -> None:
    """Bars grow from the left to the right, each line is the lower edge of its row."""
    points = hourly(*range(0, 120, 4))
    assert chart(points, window=3_600, width=30).splitlines() == [
        "bounce rate, rolling 1 h. An estimate: SES computes its own rate otherwise.",
        "       │",
        "  10 % ┤╌╌╌╌╌╌╌╌╌╌╌╌╌╌╌╌╌╌╌╌╌╌╌╌╌▁▂▄▆█ pause",
        "       │                     ▁▃▅▇█████",
        "       │                 ▁▃▅▇█████████",
        "   5 % ┤╌╌╌╌╌╌╌╌╌╌╌╌╌▁▃▅▇█████████████ review",
        "       │         ▂▄▆██████████████████",
        "       │     ▂▄▆██████████████████████",
        "       │ ▂▄▆██████████████████████████",
        "     0 └──────────────────────────────",
        "        Jan 01 00:13  Jan 02 05:13 UTC",
    ]


@pytest.mark.parametrize("rate", ["bounce", "complaint"])
def test_a_rate_on_the_line_fills_a_part_of_its_row(rate: Literal["bounce", "complaint"]) -> None:
    """And one below it does not."""
    on, below = hourly(50, complaints=1), hourly(49)
    mark = "review"
    assert "▁" in next(row for row in chart(on, rate=rate).splitlines() if row.endswith(mark))
    assert "▁" not in next(row for row in chart(below, rate=rate).splitlines() if mark in row)


def test_a_peak_beyond_the_chart_is_marked() -> None:
    """Nothing is drawn lower than it is without saying so."""
    assert "▲" in chart(hourly(1, 900))
    assert "▲" not in chart(hourly(1, 90), window=60)


def test_no_points_give_no_picture() -> None:
    """But a sentence."""
    assert chart([]).endswith("(no points)")


def test_nothing_sent_is_drawn_as_nothing() -> None:
    """A window without attempts has no bar."""
    assert "█" not in chart([SendDataPoint(timestamp=START, bounces=3)])


@given(POINTS, st.integers(30, 90), st.integers(6, 20))
def test_every_row_has_the_same_width(points: list[SendDataPoint], width: int, height: int) -> None:
    """Whatever the points."""
    for rate in ("bounce", "complaint"):
        rows = chart(points, rate=rate, width=width, height=height).splitlines()[1:]
        if points:
            assert len(rows) == height + 2
            assert all(len(row) <= 8 + width + len(" review") for row in rows)


@pytest.mark.parametrize(("width", "height"), [(29, 8), (60, 5)])
def test_a_chart_that_is_too_small_is_refused(width: int, height: int) -> None:
    """It could not hold both lines."""
    with pytest.raises(errors.ConfigurationError, match="at least"):
        chart([], width=width, height=height)


def test_a_window_below_an_hour_is_shown_in_seconds() -> None:
    """As it was given."""
    assert "rolling 900 s" in chart([], window=900)


def test_a_table_shows_counts_interval_and_status() -> None:
    """One line for each rate, and the window below."""
    text = table(rates(hourly(42, 0), window=86_400))
    assert text.splitlines() == [
        f"{'':16}rate               count         95 % interval               lines  status",
        "bounce        2.10 %         42 of 2,000       1.52 % - 2.83 %           5 %, 10 %  ok",
        "complaint     0.00 %          0 of 2,000      0.00 % - 0.184 %        0.1 %, 0.5 %  ok",
        "reject        0.00 %          0 of 2,000      0.00 % - 0.184 %                   -  ok",
        "after 2025-12-31 01:28, up to 2026-01-01 01:28 UTC. "
        "An estimate: SES computes its own rate otherwise.",
    ]


def test_a_table_of_nothing_says_so() -> None:
    """No value, no time."""
    text = table(rates([]))
    assert text.splitlines()[1].split() == [
        "bounce", "-", "0", "of", "0", "0.00", "%", "-", "100.00", "%", "5", "%,", "10", "%",
        "too_few",
    ]  # fmt: skip
    assert text.splitlines()[-1].startswith("all points. An estimate")
