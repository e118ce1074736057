"""
The time-out of a send, over a server that misbehaves, under retry settings that invite repeats.

What is counted is the requests that came in whole at the server.
"""

from __future__ import annotations

import os
import subprocess
import sys
import time
from collections.abc import Callable
from contextlib import AbstractContextManager
from typing import Any

import boto3
import pytest

from sesguard import RetryPolicy, errors
from sesguard.clocks import AsyncSystemClock, SystemClock
from sesguard.transports import SESTransport
from tests.client.conftest import Make, Played, mail
from tests.peers.http import Answer, Fault, HTTPPeer, authority, deaf_port, full_port

UNKNOWN = errors.OutcomeUnknownError
DOWN = errors.ServiceUnavailableError


def refusal(status: int, code: str, message: str) -> Answer:
    return Answer(status, {"message": message}, {"x-amzn-ErrorType": code})


TOO_FAST, SPENT = "Maximum sending rate exceeded.", "Daily message quota exceeded."
RATE = refusal(429, "TooManyRequestsException", TOO_FAST)
RATE_400 = refusal(400, "ThrottlingException", TOO_FAST)
QUOTA = refusal(400, "LimitExceededException", SPENT)
QUOTA_429 = refusal(429, "TooManyRequestsException", SPENT)

# what the server does, complete requests, class, and whether it lasts until the time-out
CASES: dict[str, tuple[Answer | Fault, int, type[errors.SendError], bool]] = {
    "500": (Answer(500, {"message": "x"}), 1, UNKNOWN, False),
    "502": (Answer(502, "<html>"), 1, UNKNOWN, False),
    "503": (Answer(503, {"message": "x"}), 1, UNKNOWN, False),
    "504": (Answer(504, ""), 1, UNKNOWN, False),
    "rate 429": (RATE, 1, errors.SendingRateExceededError, False),
    "rate 400": (RATE_400, 1, errors.SendingRateExceededError, False),
    "quota 400": (QUOTA, 1, errors.DailyQuotaExceededError, False),
    "quota 429": (QUOTA_429, 1, errors.DailyQuotaExceededError, False),
    "read time-out": ("read_timeout", 1, UNKNOWN, True),
    "one byte a second": ("one_byte_a_second", 1, UNKNOWN, True),
    "reset before the body": ("reset_before_body", 0, UNKNOWN, False),
    "reset after the body": ("reset_after_body", 1, UNKNOWN, False),
    "closed after the body": ("close_after_body", 1, UNKNOWN, False),
    "half an answer": ("half_answer", 1, UNKNOWN, False),
    "truncated 200": ("truncated_200", 1, UNKNOWN, False),
    "broken 200": ("broken_200", 1, UNKNOWN, False),
    "empty 200": ("empty_200", 1, UNKNOWN, False),
    "200 without an id": ("nameless_200", 1, UNKNOWN, False),
    "garbage": ("garbage", 1, UNKNOWN, False),
}


@pytest.fixture(autouse=True)
def retries_invited(monkeypatch: pytest.MonkeyPatch) -> None:
    """The environment asks boto3 to send the same mail seven times."""
    monkeypatch.setenv("AWS_MAX_ATTEMPTS", "7")
    monkeypatch.setenv("AWS_RETRY_MODE", "adaptive")


@pytest.fixture
def real(run: Make, request: pytest.FixtureRequest) -> Callable[[str], Played]:
    """A client over the real transport and the machine's clock, that repeats nothing itself."""
    asynchronous = "async" in request.node.name

    def make(url: str) -> Played:
        session = boto3.Session("AKIDEXAMPLE", "secret", region_name="us-east-1")
        return run(
            transport=SESTransport(boto3_session=session, endpoint_url=url),
            clock=AsyncSystemClock() if asynchronous else SystemClock(),
            retry=RetryPolicy.none(),
        )

    return make


def timed(client: Played) -> tuple[float, BaseException]:
    began = time.monotonic()
    with pytest.raises(errors.SendError) as caught:
        client.send(mail(), timeout=2.0)
    return time.monotonic() - began, caught.value


@pytest.mark.parametrize("case", CASES.values(), ids=CASES.keys())
def test_one_send_is_one_request_of_one_class_in_its_time(
    real: Callable[[str], Played], case: tuple[Answer | Fault, int, type[errors.SendError], bool]
) -> None:
    """Whatever the server does and the environment says; 2 seconds are kept within 0.3."""
    step, requests, kind, lasts = case
    script = {"fault": step} if isinstance(step, str) else {}
    answers = () if isinstance(step, str) else (step,) * 9
    with HTTPPeer(*answers, **script) as peer:  # type: ignore[arg-type]
        seconds, error = timed(real(peer.url))
        assert type(error) is kind
        assert len(peer.requests) == requests
    assert seconds < 2.3
    if lasts:
        assert seconds > 1.9


@pytest.mark.parametrize("place", ["nobody listening", "accept queue full", "wrong certificate"])
def test_where_nothing_can_be_read_nothing_was_sent_or_nobody_claims_it(
    real: Callable[[str], Played], place: str
) -> None:
    """No request, and the class that says so."""
    certificate = authority().issue_cert("elsewhere.example")
    places: dict[str, tuple[Callable[[], AbstractContextManager[Any]], type[Exception]]] = {
        "nobody listening": (deaf_port, DOWN),
        "accept queue full": (full_port, UNKNOWN),
        "wrong certificate": (
            lambda: HTTPPeer(certificate=certificate),
            errors.TransportSecurityError,
        ),
    }
    where, kind = places[place]
    with where() as peer:
        seconds, error = timed(real(getattr(peer, "url", peer)))
        assert type(error) is kind
        assert getattr(peer, "requests", []) == []
    assert seconds < 2.3


def test_a_good_answer_in_time_is_a_result(real: Callable[[str], Played]) -> None:
    """The thread of its own changes nothing about a send that goes well."""
    with HTTPPeer() as peer:
        result = real(peer.url).send(mail(), timeout=5.0)
        assert result.message_id == "0100017f-example-000000"
        assert len(peer.requests) == 1


def test_nothing_is_left_that_holds_the_interpreters_exit() -> None:
    """A process whose send was cut ends at once, though the socket is still waiting."""
    code = """
import sys, time
from sesguard import Client, Email, errors, limiters
client = Client(suppression=None, endpoint_url=sys.argv[1], region_name="us-east-1",
                limiter=limiters.Unlimited())
email = Email(sender="a@x.org", to="b@x.org", subject="", text="")
began = time.monotonic()
try:
    client.send(email, timeout=2.0)
except errors.OutcomeUnknownError:
    print(time.monotonic() - began, time.time())
"""
    with HTTPPeer(fault="read_timeout") as peer:
        ended = subprocess.run(
            [sys.executable, "-c", code, peer.url],
            capture_output=True,
            text=True,
            timeout=30,
            check=True,
            env=dict(os.environ),
        )
        after = time.time()
        assert len(peer.requests) == 1
    seconds, told = map(float, ended.stdout.split())
    assert 1.9 < seconds < 2.3
    assert after - told < 1.5
