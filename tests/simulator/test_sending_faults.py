"""Sends that go wrong as the test says."""

from __future__ import annotations

from typing import Any, cast

import boto3
import pytest
from botocore.config import Config
from botocore.exceptions import ReadTimeoutError
from botocore.parsers import ResponseParserError

from sesguard import Email, RetryPolicy, errors
from sesguard.simulator import Fault, Simulator
from tests.simulator.controls import refused
from tests.simulator.sending import ANN, BOB, client_of, kinds, send, send_v1

LETTER = Email(sender="us@example.com", to=ANN, subject="Hi", text="Hello")


def test_mails_fail_that_a_condition_holds_of() -> None:
    """Always, and no others; what it is asked about is the mail, parsed back."""
    sim = Simulator()
    sim.fail_when(lambda mail: ANN in mail.recipients and mail.subject == "Hi", "503")
    for _ in range(2):
        with refused("ServiceUnavailable", 503):
            send(sim, "Ann <ann@example.org>")
        with refused("ServiceUnavailable", 503):
            send_v1(sim)
        assert send(sim, BOB)
    assert [mail.recipients for mail in sim.outbox] == [(BOB,)] * 2


def test_a_condition_may_hold_so_many_times() -> None:
    """Then all is well; of two that hold the older one comes first."""
    sim = Simulator()
    sim.fail_when(lambda mail: True, "rate", times=2)
    sim.fail_when(lambda mail: True, "503", times=1)
    for code, status in (("TooManyRequestsException", 429),) * 2 + (("ServiceUnavailable", 503),):
        with refused(code, status):
            send(sim)
    assert send(sim)


def test_what_comes_next_comes_before_conditions() -> None:
    """And uses none of their times up."""
    sim = Simulator()
    sim.fail_when(lambda mail: True, "503", times=1)
    sim.fail_next(1, "rate")
    with refused("TooManyRequestsException", 429):
        send(sim)
    with refused("ServiceUnavailable", 503):
        send(sim)
    assert send(sim)


def test_a_call_with_several_mails_fails_as_a_whole() -> None:
    """If the condition holds of one of them."""
    sim = Simulator()
    sim.fail_when(lambda mail: BOB in mail.recipients, "quota")
    entries = [{"Destination": {"ToAddresses": [one]}} for one in (ANN, BOB)]
    content = {"Template": {"TemplateContent": {"Subject": "Hi", "Text": "Hello"}}}
    client = client_of(sim)
    with refused("LimitExceededException"):
        client.send_bulk_email(
            FromEmailAddress="us@example.com", DefaultContent=content, BulkEmailEntries=entries
        )
    assert sim.outbox == ()
    assert client.send_bulk_email(
        FromEmailAddress="us@example.com", DefaultContent=content, BulkEmailEntries=entries[:1]
    )["BulkEmailEntryResults"][0]["MessageId"]


def test_a_condition_that_is_none_is_refused() -> None:
    """A fault that is not there, or one that never comes."""
    sim = Simulator()
    with pytest.raises(errors.ConfigurationError, match="There is no fault 'fire'"):
        sim.fail_when(lambda mail: True, "fire")
    with pytest.raises(errors.ConfigurationError, match="times= is how many calls"):
        sim.fail_when(lambda mail: True, "503", times=0)


@pytest.mark.parametrize("fault", [Fault.EMPTY_ANSWER, Fault.HALF_ANSWER])
def test_an_answer_without_its_end_is_what_botocore_makes_of_it(fault: Fault) -> None:
    """The mail was taken: no id in API v2, and ResponseParserError in v1."""
    sim = Simulator()
    sim.fail_next(2, fault)
    with pytest.raises(KeyError, match="MessageId"):
        send(sim)
    with pytest.raises(ResponseParserError, match="Unable to parse response"):
        send_v1(sim)
    assert kinds(sim) == ["Send", "Delivery"] * 2
    sim.fail_next(1, fault)
    client = sim.client(retry=RetryPolicy.none())
    with pytest.raises(errors.OutcomeUnknownError):
        client.send(LETTER)
    assert len(sim.outbox) == 3


def test_a_slow_answer_moves_the_clock() -> None:
    """And is a good one; the mail was taken when it was offered."""
    sim = Simulator()
    start = sim.clock.now()
    sim.fail_next(1, "slow", seconds=20)
    message_id = send(sim)
    assert sim.clock.monotonic() == 20
    assert [(mail.message_id, mail.at) for mail in sim.outbox] == [(message_id, start)]
    send(sim)
    assert sim.clock.monotonic() == 20


def test_an_answer_that_nobody_waits_for_is_lost() -> None:
    """After the client's own read time-out, though the mail was taken."""
    with Simulator() as sim:
        patient = cast("Any", Config)(read_timeout=5)
        client = cast("Any", boto3).client("sesv2", config=patient)
    for seconds in (5, 5.5):
        sim.fail_when(lambda mail: True, Fault.SLOW, times=1, seconds=seconds)
    call = {
        "FromEmailAddress": "us@example.com",
        "Destination": {"ToAddresses": [ANN]},
        "Content": {"Simple": {"Subject": {"Data": "Hi"}, "Body": {"Text": {"Data": "Hello"}}}},
    }
    assert client.send_email(**call)
    with pytest.raises(ReadTimeoutError):
        client.send_email(**call)
    assert sim.clock.monotonic() == 10
    assert len(sim.outbox) == 2


def test_what_a_guarded_client_makes_of_a_slow_answer() -> None:
    """Its time-out goes by the wall clock while SES is asked: the answer is there, and is good."""
    sim = Simulator()
    sim.fail_next(1, "slow", seconds=20)
    result = sim.client().send(LETTER, timeout=10.0)
    assert result.message_id == sim.outbox[0].message_id
    sim.fail_next(1, "slow", seconds=10_000)
    with pytest.raises(errors.OutcomeUnknownError):
        sim.client(retry=RetryPolicy.none()).send(LETTER)
    assert len(sim.outbox) == 2


def test_slowness_says_how_slow() -> None:
    """And nothing else takes seconds."""
    sim = Simulator()
    for fault, seconds in (("slow", 0.0), ("slow", -1.0), ("503", 1.0)):
        with pytest.raises(errors.ConfigurationError, match="seconds= is how long 'slow' takes"):
            sim.fail_next(1, fault, seconds=seconds)


def test_a_slow_control_operation() -> None:
    """By its name."""
    sim = Simulator()
    sim.fail_next(1, "slow", operation="GetAccount", seconds=3)
    assert client_of(sim).get_account()
    assert sim.clock.monotonic() == 3
