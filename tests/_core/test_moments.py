"""Times as numbers."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta, timezone

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sesguard._core.moments import microseconds, moment


@given(st.datetimes(timezones=st.just(UTC)))
def test_a_time_comes_back_as_it_was(at: datetime) -> None:
    """To the microsecond, before 1970 too."""
    assert moment(microseconds(at)) == at


def test_it_is_the_same_moment_in_any_zone() -> None:
    """And it comes back in UTC."""
    at = datetime(2026, 3, 1, 14, tzinfo=timezone(timedelta(hours=2)))
    assert microseconds(at) == microseconds(datetime(2026, 3, 1, 12, tzinfo=UTC))
    assert moment(microseconds(at)).utcoffset() == timedelta(0)


@pytest.mark.parametrize("number", [10**18, -(10**18), 10**30])
def test_a_number_beyond_all_times_is_an_overflow(number: int) -> None:
    """And nothing else."""
    with pytest.raises(OverflowError):
        moment(number)
