"""A mail in hand: begun right before its request, or called off, and never both."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any, cast

import pytest

from sesguard import errors
from sesguard._outbox.hold import Hold
from sesguard.ports import OutboxEntry, OutboxStore
from tests.outbox.conftest import mail

MAIL = mail()
DOWN = errors.ServiceUnavailableError("away")
UNKNOWN = errors.OutcomeUnknownError("no answer")


class Beginning:
    """A store that answers as it is told."""

    def __init__(self, *answers: bool | Exception) -> None:
        self._answers = list(answers)
        self.begun: list[str] = []

    def begin(self, receipt: str, /) -> bool:
        self.begun.append(receipt)
        answer = self._answers.pop(0)
        if isinstance(answer, Exception):
            raise answer
        return answer


def held(*answers: bool | Exception) -> tuple[Hold, Beginning]:
    store = Beginning(*answers)
    entry = OutboxEntry(id="a", receipt="mine", body="", put_at=datetime(2026, 1, 1, tzinfo=UTC))
    return Hold(cast("OutboxStore", cast("Any", store)), entry), store


def test_nothing_is_begun_before_the_request() -> None:
    """A mail that is admitted waits for its rate, and is as it was."""
    hold, store = held()
    assert hold.admit(MAIL) is MAIL
    assert not store.begun
    assert not hold.begun


def test_it_is_begun_by_its_receipt_once_a_request() -> None:
    """And stays so when SES took it, or may have."""
    for error in (None, UNKNOWN):
        hold, store = held(True)
        hold.permit(MAIL)
        hold.learn(MAIL, error)
        assert store.begun == ["mine"]
        assert hold.begun
        assert not hold.call_off()
        assert hold.end()


def test_what_is_called_off_is_not_begun() -> None:
    """Neither is its end recorded by who was at it."""
    hold, store = held(True)
    assert hold.call_off()
    with pytest.raises(errors.SESGuardError):
        hold.permit(MAIL)
    assert not store.begun
    assert not hold.lost
    assert not hold.end()


def test_what_has_ended_is_not_called_off() -> None:
    """Its end is recorded once, without a request too."""
    hold, _ = held()
    assert hold.end()
    assert not hold.call_off()


def test_what_was_certainly_not_taken_may_be_called_off() -> None:
    """Between two requests of one send; then there is no second one."""
    hold, store = held(True, True)
    hold.permit(MAIL)
    hold.learn(MAIL, DOWN)
    assert not hold.begun
    assert hold.call_off()
    with pytest.raises(errors.SESGuardError):
        hold.permit(MAIL)
    assert len(store.begun) == 1


def test_a_lease_that_is_lost_stops_the_send() -> None:
    """It says so, and is not begun."""
    hold, _ = held(False)
    with pytest.raises(errors.SESGuardError, match="lease"):
        hold.permit(MAIL)
    assert hold.lost
    assert not hold.begun


def test_a_store_that_fails_stops_the_send() -> None:
    """The error is its own, and the lease is not lost by it."""
    hold, _ = held(errors.StoreError("locked"))
    with pytest.raises(errors.StoreError):
        hold.permit(MAIL)
    assert not hold.lost
    assert not hold.begun
