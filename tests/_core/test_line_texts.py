"""Lines as texts."""

from __future__ import annotations

import json
from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sesguard._core import listing
from sesguard._core.line_texts import from_text, to_text
from sesguard._core.listing import Line
from sesguard.addresses import AddressKey
from sesguard.suppression import Change, CountSoftBounce, Reason, Release, Suppress, Suppression
from sesguard.testing import ManualClock

ANN = AddressKey("ann@example.org")
NOW = ManualClock().now()
DAY = timedelta(days=1)

_times = st.integers(-5, 5).map(lambda days: NOW + days * DAY)
_changes: st.SearchStrategy[Change] = st.one_of(
    st.builds(
        lambda at, until, detail: Suppress(
            Suppression(
                key=ANN,
                reason=Reason.BOUNCE,
                at=at,
                expires_at=until,
                address="Ann@example.org",
                event_key="Bounce:1",
                detail=detail,
            )
        ),
        _times,
        st.none() | _times,
        st.none() | st.text(),
    ),
    st.builds(lambda at: Release(key=ANN, reason=Reason.BOUNCE, at=at), _times),
    st.builds(
        lambda at, limit: CountSoftBounce(key=ANN, at=at, limit=limit, window=7 * DAY),
        _times,
        st.integers(1, 3),
    ),
)


@given(st.lists(_changes, max_size=6))
def test_a_text_brings_back_its_lines(changes: list[Change]) -> None:
    """Whatever events have led to, it is read as it was written, and is plain ASCII."""
    line = Line(place=listing.place(Release(key=ANN, reason=Reason.BOUNCE, at=NOW)))
    for number, change in enumerate(changes):
        line = listing.changed(line, f"event {number}", change)
    text = to_text([line])
    assert text.isascii()
    assert from_text(ANN, text) == (line,)


FOREIGN = [
    "",
    "null",
    "[]",
    "{}",
    "7",
    '{"v":1}',
    '{"v":1,"lines":[1]}',
    '{"v":1,"lines":[{}]}',
    '{"v":1,"lines":[{"reason":"NONE"}]}',
    '{"v":1,"lines":[{"reason":"BOUNCE","entry":{}}]}',
    '{"v":1,"lines":[{"reason":"BOUNCE","released_at":1e400}]}',
    "[" * 100_000,
]


@pytest.mark.parametrize("text", FOREIGN, ids=range(len(FOREIGN)))
def test_what_is_no_text_of_ours_is_told(text: str) -> None:
    """Whatever else stands there is one error, that shows nothing of it."""
    with pytest.raises(ValueError, match=r"nothing that this store wrote$"):
        from_text(ANN, text)


def test_a_newer_version_is_told() -> None:
    """What a newer version wrote is not guessed at."""
    with pytest.raises(ValueError, match="newer version"):
        from_text(ANN, json.dumps({"v": 2, "lines": []}))
