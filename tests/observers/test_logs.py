"""What becomes of sends, as records of a logger."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from typing import Any

import pytest

from sesguard import errors, observers
from sesguard.outcomes import Attempted, Settled
from tests.observers.notices import FROM_LATER, ONE_OF_EACH, SENT, Kept, mail, send_all_kinds


@pytest.fixture
def records() -> Iterator[list[logging.LogRecord]]:
    """What reaches the logger of the observers."""
    logger, kept = logging.getLogger("sesguard.observers"), Kept()
    level = logger.level
    logger.addHandler(kept)
    logger.setLevel(logging.DEBUG)
    yield kept.records
    logger.removeHandler(kept)
    logger.setLevel(level)


def fields(record: logging.LogRecord) -> dict[str, Any]:
    start = "sesguard_"
    return {n.removeprefix(start): v for n, v in vars(record).items() if n.startswith(start)}


def test_one_record_a_send_and_its_steps_at_debug(records: list[logging.LogRecord]) -> None:
    """The level says whether somebody should look."""
    observer = observers.log()
    for notice in ONE_OF_EACH:
        observer(notice)
    assert [(fields(one)["event"], one.levelname) for one in records] == [
        ("look_up_failed", "WARNING"),
        ("held", "DEBUG"),
        ("waited", "DEBUG"),
        ("requested", "DEBUG"),
        ("waited", "DEBUG"),
        ("requested", "DEBUG"),
        ("sent", "INFO"),
        ("suppressed", "INFO"),
        ("rejected", "WARNING"),
        ("not_sent", "WARNING"),
        ("unknown", "ERROR"),
    ]


def test_messages_are_constant(records: list[logging.LogRecord]) -> None:
    """A message is the same for the same event and has no arguments: what differs is in fields."""
    observer = observers.log()
    for notice in [*ONE_OF_EACH, *ONE_OF_EACH]:
        observer(notice)
    said = {(fields(one)["event"], one.getMessage()) for one in records}
    assert len(said) == len({event for event, _ in said}) == 9
    assert not any(record.args for record in records)


def test_the_fields_of_a_mail_that_was_sent(records: list[logging.LogRecord]) -> None:
    """Ids, counts and seconds; what there is not has no field."""
    observers.log()(Settled(result=SENT, seconds=1.8))
    assert fields(records[0]) == {
        "event": "sent",
        "message_id": "0100017f-a",
        "request_id": "request-1",
        "accepted": 2,
        "suppressed": 1,
        "refused": 1,
        "attempts": 2,
        "seconds": 1.8,
        "waited": 1.5,
    }


def test_the_fields_of_a_failed_request(records: list[logging.LogRecord]) -> None:
    """Which error, in whose words, and when to come again."""
    observers.log()(ONE_OF_EACH[3])
    assert fields(records[0]) == {
        "event": "requested",
        "error": "SendingRateExceededError",
        "code": "TooManyRequestsException",
        "retryable": True,
        "retry_after": 1.0,
        "attempts": 1,
        "recipients": 3,
        "seconds": 0.2,
    }


@pytest.mark.parametrize("code", ["<ann@example.org>", "no such user", "x" * 129])
def test_a_code_that_is_none_is_left_out(records: list[logging.LogRecord], code: str) -> None:
    """What others give for a code gets into a log only if it looks like one."""
    error = errors.ServiceUnavailableError("No.", code=code, request_id=code, region=code)
    observers.log()(Attempted(attempt=1, units=1, seconds=0.1, error=error))
    assert {"code", "request_id", "region"} & set(fields(records[0])) == set()


def test_an_error_of_a_users_own_goes_by_the_class_it_comes_from(
    records: list[logging.LogRecord],
) -> None:
    """A subclass is what it specialises, so that there is a known number of them."""

    class OurRelayError(errors.ServiceUnavailableError):
        pass

    observers.log()(Settled(error=OurRelayError("No.")))
    assert fields(records[0])["error"] == "ServiceUnavailableError"


def test_the_level_of_what_is_as_it_should_be_is_the_callers(
    records: list[logging.LogRecord],
) -> None:
    """Mails that were sent go to DEBUG where there are many; failures stay what they are."""
    observer = observers.log(level=logging.DEBUG)
    for notice in ONE_OF_EACH[-5:]:
        observer(notice)
    assert [one.levelname for one in records] == ["DEBUG", "DEBUG", "WARNING", "WARNING", "ERROR"]


def test_a_logger_of_ones_own_is_used() -> None:
    """Its level decides what is logged, as ever."""
    logger, kept = logging.Logger("shop.mail", logging.INFO), Kept()
    logger.addHandler(kept)
    observer = observers.log(logger)
    for notice in [*ONE_OF_EACH, FROM_LATER]:
        observer(notice)
    assert [one.name for one in kept.records] == ["shop.mail"] * 6


def test_every_send_has_one_record(records: list[logging.LogRecord]) -> None:
    """Nine sends are nine records above DEBUG, beside those of look-ups that failed."""
    send_all_kinds([observers.log()], mail())
    ours = [fields(one)["event"] for one in records]
    ends = ("sent", "not_sent", "rejected", "unknown", "suppressed")
    assert [ours.count(event) for event in ends] == [4, 2, 1, 1, 1]
    assert ours.count("requested") == 9
    assert ours.count("look_up_failed") == 2
    assert ours.count("held") == 1


@pytest.mark.parametrize(
    "options",
    [
        {"logger": logging.LoggerAdapter(logging.getLogger("a"), {})},
        {"logger": "sesguard"},
        {"level": "INFO"},
        {"level": True},
    ],
    ids=repr,
)
def test_what_cannot_log_is_refused(options: Any) -> None:
    """An adapter, which drops fields, a name, and a level in words are said at once."""
    with pytest.raises(errors.ConfigurationError):
        observers.log(**options)
