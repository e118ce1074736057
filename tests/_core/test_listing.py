"""What a suppression list knows of one mailbox, apart from any store."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from itertools import permutations

from hypothesis import given
from hypothesis import strategies as st

from sesguard._core import listing
from sesguard._core.listing import Line, Place
from sesguard.addresses import AddressKey
from sesguard.suppression import (
    Change,
    CountSoftBounce,
    Reason,
    Release,
    Suppress,
    Suppression,
)

ANN = AddressKey("ann@example.org")
NOW = datetime(2026, 1, 15, 12, tzinfo=UTC)
DAY = timedelta(days=1)
BOUNCES = Place(ANN, "", Reason.BOUNCE)


def entry(reason: Reason = Reason.BOUNCE, *, at: datetime = NOW, **more: object) -> Suppression:
    return replace(Suppression(key=ANN, reason=reason, at=at), **more)  # type: ignore[arg-type]


def bounce(at: datetime, *, limit: int = 2, window: timedelta = 2 * DAY) -> CountSoftBounce:
    return CountSoftBounce(key=ANN, at=at, limit=limit, window=window)


def after(*changes: Change, line: Line | None = None) -> Line:
    line = line or Line(place=BOUNCES)
    for number, change in enumerate(changes):
        line = listing.changed(line, f"event {number}", change)
    return line


def test_a_change_falls_on_its_line() -> None:
    """A soft bounce falls where a hard one does, and a key has a line for every reason."""
    assert listing.place(Suppress(suppression=entry(scope="stream:a"))) == BOUNCES._replace(
        scope="stream:a"
    )
    assert listing.place(bounce(NOW)) == BOUNCES
    release = Release(key=ANN, reason=Reason.COMPLAINT, at=NOW)
    assert listing.place(release) == BOUNCES._replace(reason=Reason.COMPLAINT)
    assert [where.reason for where in listing.places(ANN, "")] == list(Reason)


def test_nothing_new_is_the_same_line() -> None:
    """A store saves what is another object, so a change without effect gives the line itself."""
    line = after(Suppress(suppression=entry()), bounce(NOW + DAY))
    assert after(Suppress(suppression=entry(at=NOW - DAY)), line=line) is line
    assert listing.changed(line, "event 1", bounce(NOW + DAY)) is line
    released = after(Release(key=ANN, reason=Reason.BOUNCE, at=NOW), line=line)
    assert after(Release(key=ANN, reason=Reason.BOUNCE, at=NOW - DAY), line=released) is released
    assert after(bounce(NOW), line=released) is released


def test_of_one_moment_always_the_same_one_stands() -> None:
    """Two entries of the same time do not depend on who came first: the longer one stands."""
    ones = [
        entry(expires_at=NOW + DAY),
        entry(detail="b", event_key="1"),
        entry(detail="a", event_key="2"),
        entry(address="Ann@example.org"),
    ]
    for order in permutations(ones):
        line = after(*(Suppress(suppression=one) for one in order))
        assert line.entry is ones[2]


def test_an_operators_reason_is_released_by_operators_alone() -> None:
    """A release of ``MANUAL`` out of an event does nothing."""
    line = Line(place=BOUNCES._replace(reason=Reason.MANUAL), entry=entry(Reason.MANUAL))
    assert after(Release(key=ANN, reason=Reason.MANUAL, at=NOW + DAY), line=line) is line


def test_each_soft_bounce_has_its_own_limit() -> None:
    """What puts the address on the list is the latest bounce that makes its own limit."""
    line = after(bounce(NOW, limit=9), bounce(NOW + DAY, limit=2), bounce(NOW + 2 * DAY, limit=4))
    assert line.counted is not None
    assert line.counted.at == NOW + DAY
    assert line.counted.detail == "2 soft bounces within 2 days, 0:00:00"


def test_the_detail_of_the_last_soft_bounce_is_told() -> None:
    """An operator sees what the mailbox last answered."""
    line = after(replace(bounce(NOW, limit=1), detail="Transient/MailboxFull 4.2.2"))
    assert line.counted is not None
    assert line.counted.detail == (
        "1 soft bounces within 2 days, 0:00:00, the last: Transient/MailboxFull 4.2.2"
    )


def test_a_release_between_soft_bounces_takes_off_what_they_made() -> None:
    """Without the bounces of before the release, the later one is one too few."""
    line = after(bounce(NOW), bounce(NOW + DAY))
    assert line.counted is not None
    released = after(Release(key=ANN, reason=Reason.BOUNCE, at=NOW), line=line)
    assert released.counted is None
    assert len(released.soft_bounces) == 1
    late = after(Release(key=ANN, reason=Reason.BOUNCE, at=NOW - DAY), line=line)
    assert late.counted is line.counted


def test_what_was_counted_stands_when_the_bounces_are_forgotten() -> None:
    """Bounces that can matter no more are dropped; the entry that they made stays, or goes."""
    line = after(bounce(NOW), bounce(NOW + DAY))
    first, second = (one.event_key for one in line.soft_bounces)
    assert listing.forgotten(line, "another") is line
    half = listing.forgotten(line, first)
    assert [one.event_key for one in half.soft_bounces] == [second]
    none = listing.forgotten(half, second)
    assert (none.counted, none.soft_bounces) == (line.counted, ())
    again = listing.changed(none, "another", bounce(NOW + 9 * DAY))
    assert again.counted is line.counted
    for days, stands in ((0, True), (1, False)):
        release = Release(key=ANN, reason=Reason.BOUNCE, at=NOW + days * DAY)
        assert (after(release, line=none).counted is not None) is stands


def test_a_soft_bounce_is_kept_for_its_window_from_when_it_happened_or_was_told() -> None:
    """Whichever is later; and to the end of time where that is beyond it."""
    assert listing.over(NOW, 2 * DAY, told=NOW + DAY) == NOW + 3 * DAY
    assert listing.over(NOW + DAY, 2 * DAY, told=NOW) == NOW + 3 * DAY
    assert listing.over(NOW, timedelta.max, told=NOW) == datetime.max.replace(tzinfo=UTC)


def test_an_addition_gives_way_to_what_is_later_and_lasts_as_long() -> None:
    """An operator's entry stands, unless a later one would hold at least as long anyway."""
    old, new = entry(at=NOW), entry(at=NOW + DAY)
    assert listing.added(Line(place=BOUNCES, entry=new), old).entry is new
    assert listing.added(Line(place=BOUNCES, entry=old), new).entry is new
    brief = replace(new, expires_at=NOW + 2 * DAY)
    assert listing.added(Line(place=BOUNCES, entry=brief), old).entry is old
    assert listing.added(Line(place=BOUNCES, entry=old), brief).entry is brief


def test_a_removal_reaches_into_the_future() -> None:
    """What is dated ahead by a wrong clock goes too, and its repetition has no effect."""
    ahead = entry(at=NOW + 5 * DAY)
    line = after(Suppress(suppression=ahead), bounce(NOW), bounce(NOW + 9 * DAY))
    removed = listing.removed(line, now=NOW)
    assert removed.suppressions == ()
    assert removed.released_at == NOW + 5 * DAY
    assert [one.at for one in removed.soft_bounces] == [NOW + 9 * DAY]
    assert after(Suppress(suppression=ahead), line=removed) is removed
    assert listing.removed(removed, now=NOW).released_at == NOW + 5 * DAY


def test_an_expired_entry_does_not_speak() -> None:
    """It holds until the moment it names, and not at it."""
    one = entry(Reason.MANUAL, expires_at=NOW)
    assert listing.strongest([one], now=NOW - DAY) is one
    assert listing.strongest([one], now=NOW) is None
    weak = entry(Reason.UNSUBSCRIBE)
    assert listing.strongest([weak, one, entry(Reason.BOUNCE)], now=NOW) == entry(Reason.BOUNCE)
    assert listing.strongest([entry(), entry(at=NOW + DAY), entry()], now=NOW) == entry(
        at=NOW + DAY
    )


_TIMES = st.integers(-5, 5).map(lambda days: NOW + days * DAY)
_CHANGES = st.one_of(
    st.builds(
        lambda at, end: Suppress(suppression=entry(at=at, expires_at=end)),
        _TIMES,
        st.none() | _TIMES,
    ),
    st.builds(lambda at: Release(key=ANN, reason=Reason.BOUNCE, at=at), _TIMES),
    st.builds(
        lambda at, limit, days: bounce(at, limit=limit, window=days * DAY),
        _TIMES,
        st.integers(1, 4),
        st.integers(1, 4),
    ),
)


@given(changes=st.lists(_CHANGES, max_size=8), data=st.data())
def test_the_order_of_changes_does_not_matter(changes: list[Change], data: st.DataObject) -> None:
    """The same changes in any order, and any of them twice, give the same line."""
    events = [(f"event {number}", change) for number, change in enumerate(changes)]
    again = data.draw(st.lists(st.sampled_from(events), max_size=3)) if events else []
    line = other = Line(place=BOUNCES)
    for key, change in events:
        line = listing.changed(line, key, change)
    for key, change in data.draw(st.permutations([*events, *again])):
        other = listing.changed(other, key, change)
    assert other == line
