"""The time-out of a send over SMTP: silence and slowness in every phase, cut in time."""

from __future__ import annotations

import time
from collections.abc import Callable

import pytest

from sesguard import RetryPolicy, errors
from sesguard.clocks import AsyncSystemClock, SystemClock
from tests.client.conftest import Make, Played, mail
from tests.peers.smtp import Answer, Drip, Fault, SMTPPeer, Stage
from tests.peers.smtp_client import transport_to

BEFORE: list[Stage] = ["accept", "connect", "ehlo", "auth", "mail", "rcpt", "data"]
SECONDS = 0.5


@pytest.fixture
def over(run: Make, request: pytest.FixtureRequest) -> Callable[[SMTPPeer], Played]:
    """A client whose transport alone would wait for half a minute."""
    asynchronous = "async" in request.node.name

    def make(peer: SMTPPeer) -> Played:
        return run(
            transport=transport_to(peer, timeout=30.0),
            clock=AsyncSystemClock() if asynchronous else SystemClock(),
            retry=RetryPolicy.none(),
        )

    return make


def timed(client: Played, kind: type[errors.SendError], seconds: float) -> None:
    began = time.monotonic()
    with pytest.raises(errors.SendError) as caught:
        client.send(mail(), timeout=seconds)
    took = time.monotonic() - began
    assert type(caught.value) is kind
    assert seconds - 0.1 < took < seconds + 0.3


@pytest.mark.parametrize("answer", [Fault.SILENCE, Drip("250 Ok", 0.2)], ids=["silence", "drip"])
@pytest.mark.parametrize("stage", BEFORE)
def test_a_send_cut_before_its_body_is_not_sent(
    over: Callable[[SMTPPeer], Played], stage: Stage, answer: Answer
) -> None:
    """Whatever the phase, and though each byte comes before the socket's own time-out."""
    if stage == "accept" and isinstance(answer, Drip):
        answer = Fault.SILENCE  # before TLS nothing can be answered
    with SMTPPeer({stage: [answer]}) as peer:
        timed(over(peer), errors.ServiceUnavailableError, SECONDS)
        assert peer.messages == []


@pytest.mark.parametrize(
    "answer", [Fault.SILENCE, Drip("250 Ok 0100", 0.2)], ids=["silence", "drip"]
)
def test_a_send_cut_after_its_body_is_unknown(
    over: Callable[[SMTPPeer], Played], answer: Answer
) -> None:
    """The server has the mail, once, and nobody was told so."""
    with SMTPPeer({"body": [answer]}) as peer:
        timed(over(peer), errors.OutcomeUnknownError, 2.0)
    assert len(peer.messages) <= 1


@pytest.mark.parametrize("fault", [Fault.DROP, Fault.RESET])
def test_a_lost_connection_is_told_at_once(
    over: Callable[[SMTPPeer], Played], fault: Fault
) -> None:
    """Nothing is waited for, and the class is the one of the phase."""
    stages: list[Stage] = [*BEFORE, "body"]
    for stage in stages:
        with SMTPPeer({stage: [fault]}) as peer:
            kind = errors.OutcomeUnknownError if stage == "body" else errors.ServiceUnavailableError
            began = time.monotonic()
            with pytest.raises(kind):
                over(peer).send(mail(), timeout=2.0)
            assert time.monotonic() - began < 1.0
