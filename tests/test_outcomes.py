"""What became of a send, as values."""

from __future__ import annotations

import pickle
from datetime import UTC, datetime

import pytest

from sesguard import errors, outcomes
from sesguard._frozen import FrozenMapping
from sesguard.addresses import AddressKey
from sesguard.mail import Email
from sesguard.outcomes import SendResult, Tally
from sesguard.suppression import Reason, Suppression

WORDS = "SES could not take the message. Try again later."
EMAIL = Email(sender="us@example.com", to="ann.secret@example.org", subject="Hello", text="Hi")
ENTRY = Suppression(
    key=AddressKey("bob.secret@example.org"),
    reason=Reason.BOUNCE,
    at=datetime(2026, 3, 1, tzinfo=UTC),
)
RESULT = SendResult(
    message_id="0100",
    accepted=("ann.secret@example.org",),
    suppressed=FrozenMapping({"bob.secret@example.org": ENTRY}),
    refused=FrozenMapping({"eve.secret@example.org": errors.ServiceUnavailableError(WORDS)}),
)


def test_a_result_without_a_message_id_cannot_be() -> None:
    """SES's events name a mail by its id; without one nobody knows whether it was sent."""
    with pytest.raises(errors.OutcomeUnknownError, match="message id"):
        SendResult(message_id="")


def test_a_result_tells_no_address_in_its_repr() -> None:
    """Who was mailed, left out or refused is in attributes."""
    assert "secret" not in repr(RESULT)
    assert "0100" in repr(RESULT)


def test_a_result_comes_back_from_a_task_queue() -> None:
    """It pickles, its mappings and the errors in them too."""
    again = pickle.loads(pickle.dumps(RESULT))
    assert (again.message_id, again.accepted) == (RESULT.message_id, RESULT.accepted)
    assert again.suppressed == RESULT.suppressed
    assert isinstance(again.refused["eve.secret@example.org"], errors.ServiceUnavailableError)


@pytest.mark.parametrize(
    ("error", "kind"),
    [
        (errors.SuppressedError(WORDS, reasons={}), outcomes.Suppressed),
        (errors.MessageRejectedError(WORDS), outcomes.Rejected),
        (errors.MailFromNotVerifiedError(WORDS), outcomes.Rejected),
        (errors.OutcomeUnknownError(WORDS), outcomes.Unknown),
        (errors.SendingRateExceededError(WORDS), outcomes.NotSent),
        (errors.SuppressionUnavailableError(WORDS), outcomes.NotSent),
        (errors.EmailError(WORDS), outcomes.NotSent),
    ],
)
def test_every_error_stands_for_one_outcome(error: errors.SESGuardError, kind: type) -> None:
    """The outcome keeps the place, the e-mail and the error."""
    outcome = outcomes.of_error(4, EMAIL, error)
    assert type(outcome) is kind
    assert not isinstance(outcome, outcomes.Sent)
    assert (outcome.index, outcome.email, outcome.error) == (4, EMAIL, error)


def test_a_tally_counts_every_end() -> None:
    """The total is the sum of all five."""
    tally = Tally(sent=1, suppressed=2, rejected=4, not_sent=8, unknown=16)
    assert tally.total == 31
    assert Tally().total == 0


def test_notices_hold_errors_and_no_addresses() -> None:
    """An observer that logs what it is told logs no address."""
    failed = errors.SuppressionUnavailableError(WORDS)
    throttled = errors.SendingRateExceededError(WORDS, reply="454 for ann.secret@example.org")
    notices: list[outcomes.Notice] = [
        outcomes.LookUpFailed(error=failed),
        outcomes.Waited(seconds=1.5, error=throttled),
        outcomes.Attempted(attempt=1, units=1, seconds=0.2, error=throttled),
        outcomes.Settled(result=RESULT),
    ]
    assert "secret" not in repr(notices)
