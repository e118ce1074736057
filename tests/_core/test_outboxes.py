"""What an error means for a mail in an outbox, its id, and its age."""

from __future__ import annotations

import contextlib
import json
import uuid
from datetime import UTC, datetime, timedelta
from typing import cast

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sesguard import Email, errors
from sesguard._core.outboxes import (
    Again,
    Aside,
    body_of,
    email_of,
    first_due,
    id_of,
    judge,
    too_old,
)
from sesguard.ports import OutboxEntry
from sesguard.testing.strategies import emails

KINDS = [
    kind
    for name in errors.__all__
    if isinstance(kind := getattr(errors, name), type)
    and issubclass(kind, errors.SESGuardError)
    and kind not in (errors.SESGuardError, errors.MissingExtraError, errors.SuppressedError)
]
FOR_ALL = (
    errors.DailyQuotaExceededError,
    errors.SendingPausedError,
    errors.AccountSuspendedError,
    errors.AuthenticationError,
    errors.TransportSecurityError,
    errors.ConfigurationError,
)
NOW = datetime(2026, 1, 15, 12, tzinfo=UTC)


def judged(error: Exception, *, attempts: int = 0, jitter: float = 0.0) -> Again | Aside:
    return judge(error, attempts=attempts, begun=True, jitter=jitter)


@pytest.mark.parametrize("kind", KINDS, ids=lambda kind: cast("type", kind).__name__)
def test_every_error_has_its_fate(kind: type[errors.SESGuardError]) -> None:
    """What is unknown is kept apart, what passes or is no mail's fault waits, the rest is over."""
    fate = judged(kind("Said."))
    if kind is errors.OutcomeUnknownError:
        assert fate == Aside(reason="OutcomeUnknownError: Said.", unknown=True)
    elif issubclass(kind, FOR_ALL) or kind.retryable:
        assert isinstance(fate, Again)
        assert bool(fate.pause) == issubclass(kind, FOR_ALL)
    else:
        assert fate == Aside(reason=f"{kind.__name__}: Said.", unknown=False)


def test_a_strangers_error_tells_its_class_alone() -> None:
    """It may have been sent where SES was asked, and its text may hold anything."""
    for begun in (True, False):
        fate = judge(ValueError("ann@example.org"), attempts=0, begun=begun, jitter=0.0)
        assert fate == Aside(reason="The send failed with ValueError.", unknown=begun)


@given(
    kind=st.sampled_from([kind for kind in KINDS if kind.retryable]),
    retry_after=st.none() | st.floats(0.01, 100_000),
    attempts=st.integers(0, 10_000),
    jitter=st.floats(0, 1),
)
def test_no_wait_is_shorter_than_what_was_said(
    kind: type[errors.SESGuardError], retry_after: float | None, attempts: int, jitter: float
) -> None:
    """And none much longer than a quarter of an hour, unless that was said."""
    fate = judged(kind("x", retry_after=retry_after), attempts=attempts, jitter=jitter)
    assert isinstance(fate, Again)
    least = retry_after or kind.retry_after or 0.0
    assert least <= fate.seconds <= 1.5 * max(900.0, least)
    assert 0 <= fate.pause <= fate.seconds


def test_waits_double_where_an_attempt_counts() -> None:
    """A guard's no, and SES's no to all, do not make the next wait longer."""
    down = errors.ServiceUnavailableError("down", retry_after=10.0)
    fates = [judged(down, attempts=attempts) for attempts in (0, 1, 2, 9)]
    assert [(one.seconds, one.counts) for one in fates if isinstance(one, Again)] == [
        (10, True),
        (20, True),
        (40, True),
        (900, True),
    ]
    for error in (errors.CircuitOpenError("held"), errors.SendingPausedError("paused")):
        fate = judged(error, attempts=5)
        assert fate == judged(error)
        assert isinstance(fate, Again)
        assert (fate.seconds, fate.counts) == (60, False)


@given(emails())
def test_a_mail_is_what_it_was(email: Email) -> None:
    """Kept and read again it is the same, and as text it is plain ASCII."""
    assert email_of(body_of(email)) == email
    assert body_of(email).isascii()


_FIELDS = list(Email.__slots__)
_JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: st.lists(inner) | st.dictionaries(st.sampled_from(_FIELDS), inner),
    max_leaves=8,
)
_NEARLY = st.fixed_dictionaries(
    {"sender": st.just("a@example.com")},
    optional={name: _JSON for name in _FIELDS if name != "sender"},
)


@given(st.text() | _JSON.map(json.dumps) | _NEARLY.map(json.dumps))
def test_what_cannot_be_read_is_one_error(body: str) -> None:
    """Whatever stands in an outbox, it is a mail or an EmailError."""
    with contextlib.suppress(errors.EmailError):
        email_of(body)


@given(due=st.datetimes(datetime(1970, 1, 1), timezones=st.just(UTC)), chance=st.integers(0, 2**74))
def test_an_id_is_a_uuid_that_tells_when(due: datetime, chance: int) -> None:
    """Of version 7, to the millisecond."""
    id = id_of(due, chance)
    read = uuid.UUID(id)
    assert (str(read), read.version, read.variant) == (id, 7, uuid.RFC_4122)
    told = first_due(id)
    assert told is not None
    assert timedelta(0) <= due - told < timedelta(milliseconds=1)


@given(due=st.datetimes(timezones=st.just(UTC)), chances=st.sets(st.integers(0, 2**74 - 1)))
def test_ids_are_as_many_as_their_chances(due: datetime, chances: set[int]) -> None:
    """No bit is lost, and a time before 1970 is one."""
    assert len({id_of(due, chance) for chance in chances}) == len(chances)


@given(st.text() | st.text("0123456789abcdef-7", min_size=30, max_size=40))
def test_an_id_of_another_tells_nothing_or_a_time(id: str) -> None:
    """It is not an error."""
    assert first_due(id) is None or first_due(id)


@pytest.mark.parametrize(
    "id",
    ["x", "5340137e-bb5c-484e-b13c-712513bbb6ab", "f" * 12 + "7" + "f" * 19, "g" * 12 + "7" * 20],
)
def test_an_age_counts_from_when_it_was_put_in_where_the_id_is_anothers(id: str) -> None:
    """As it does where it was put in again, later than it was first due."""
    day = timedelta(days=1)
    entry = OutboxEntry(id=id, receipt="", body="", put_at=NOW)
    assert too_old(entry.id, entry.put_at, day, now=NOW + day) is None
    assert too_old(entry.id, entry.put_at, day, now=NOW + day + timedelta(seconds=1)) is not None
    later = OutboxEntry(id=id_of(NOW + 3 * day, 0), receipt="", body="", put_at=NOW)
    assert too_old(later.id, later.put_at, day, now=NOW + 4 * day) is None
    assert too_old(later.id, later.put_at, day, now=NOW + 5 * day) is not None
    again = OutboxEntry(id=id_of(NOW - 3 * day, 0), receipt="", body="", put_at=NOW)
    assert too_old(again.id, again.put_at, day, now=NOW + day) is None
