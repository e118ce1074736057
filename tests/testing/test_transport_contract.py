"""The contract of transports: ours pass it, and it catches those that break it."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from xml.etree import ElementTree

import pytest

from sesguard.ports import Transport
from sesguard.simulator import SentMail, Simulator
from sesguard.testing import TransportContract
from sesguard.testing.transport_contract import Arrival, Trouble
from sesguard.transports import SESTransport
from tests.peers.smtp import Fault, SMTPPeer, deaf_port
from tests.peers.smtp_client import transport_to

BROKEN = Path(__file__).with_name("broken_transports.py")


class OverSimulator:
    """SES's API, in this process."""

    def __init__(self) -> None:
        self.simulator = Simulator(rate=1000)

    def transport(self) -> Transport:
        return SESTransport(boto3_client=self.simulator.boto3_client("sesv2"))

    def unreachable(self) -> Transport:
        elsewhere = Simulator()
        elsewhere.fail_next(1, "connection refused")
        return SESTransport(boto3_client=elsewhere.boto3_client("sesv2"))

    def next(self, trouble: Trouble, /) -> None:
        self.simulator.fail_next(1, trouble)

    def arrivals(self) -> list[Arrival]:
        return [
            Arrival(message_id=one.message_id, recipients=one.recipients, raw=_as_read(one))
            for one in self.simulator.outbox
        ]

    def attempts(self) -> int:
        return self.simulator.calls["sesv2.SendEmail"]


def _as_read(mail: SentMail) -> bytes:
    """The mail as a recipient has it."""
    lines = [f"{name}: {value}" for name, value in mail.headers]
    return "\r\n".join([*lines, "", mail.text or ""]).encode()


class OverSMTP:
    """SES's SMTP interface, on loopback."""

    replies: dict[Trouble, str] = {  # noqa: RUF012  a table
        "rate": "454 Throttling failure: Maximum sending rate exceeded.",
        "quota": "454 Throttling failure: Daily message quota exceeded.",
        "rejected": "554 Message rejected: its content is not taken.",
    }

    def __init__(self, server: SMTPPeer, deaf: Transport) -> None:
        self._server = server
        self._deaf = deaf
        self._refusals = 0

    def transport(self) -> Transport:
        return transport_to(self._server, timeout=5)

    def unreachable(self) -> Transport:
        return self._deaf

    def next(self, trouble: Trouble, /) -> None:
        reply = self.replies.get(trouble)
        self._refusals += reply is not None
        self._server.script("body", Fault.DROP if reply is None else reply)

    def arrivals(self) -> list[Arrival]:
        return [
            Arrival(
                message_id=f"0100017f{number:08x}-00000000-0000-0000-0000-000000000000-000000",
                recipients=one.recipients,
                raw=one.content,
            )
            for number, one in enumerate(self._server.messages, 1)
        ]

    def attempts(self) -> int:
        waiting = [one for one in self._server._script.get("body", ()) if isinstance(one, str)]
        return len(self._server.messages) + self._refusals - len(waiting)


class TestSESOverSimulator(TransportContract):
    """The API, answered by the simulator."""

    @pytest.fixture
    def peer(self) -> OverSimulator:
        return OverSimulator()


class TestSMTP(TransportContract):
    """SMTP, over a socket and in TLS."""

    @pytest.fixture
    def peer(self) -> Iterator[OverSMTP]:
        with SMTPPeer() as server, deaf_port() as port:
            yield OverSMTP(server, transport_to(port))


CAUGHT = {
    "Honest": set[str](),
    "RepeatsWhatMayBeSent": {
        "test_a_lost_answer_is_unknown_and_not_repeated",
    },
    "SaysThatALostAnswerWasNotSent": {"test_a_lost_answer_is_unknown_and_not_repeated"},
    "TakesEveryRefusalForTheRate": {"test_a_refusal_is_the_error_that_it_means"},
    "WritesABccHeader": {"test_nobody_reads_who_got_a_blind_copy"},
    "ForgetsBlindCopies": {"test_all_recipients_are_in_the_envelope"},
    "TellsTheHandoverAfterwards": {
        "test_the_handover_is_told_once_before_the_mail_leaves",
        "test_what_is_called_off_is_not_sent",
    },
    "SwallowsACallOff": {"test_what_is_called_off_is_not_sent"},
    "NamesRecipients": {"test_an_error_tells_no_address"},
    "WritesToTheEmail": {"test_an_email_is_left_as_it_is"},
    "IsDeadOnceClosed": {"test_what_was_closed_opens_again"},
    "MixesUpThreads": {"test_threads_share_a_transport"},
    "IsStuckAfterAFailure": {"test_the_next_mail_is_sent"},
    "SaysThatNobodyKnowsWhereNothingWasSent": {"test_a_peer_out_of_reach_got_nothing"},
    "MakesUpAnId": {
        "test_one_submit_is_one_mail",
        "test_the_next_mail_is_sent",
        "test_threads_share_a_transport",
    },
}


@pytest.fixture(scope="module")
def failed(tmp_path_factory: pytest.TempPathFactory) -> dict[str, set[str]]:
    """The contract's tests that failed, by the name of the transport."""
    report = tmp_path_factory.mktemp("contract") / "report.xml"
    subprocess.run(
        [sys.executable, "-m", "pytest", "-p", "no:cacheprovider", f"--junitxml={report}", BROKEN],
        cwd=BROKEN.parents[2],
        capture_output=True,
        timeout=120,
        check=False,  # most of them fail
    )
    found: dict[str, set[str]] = {}
    for case in ElementTree.parse(report).iter("testcase"):
        test, _, parameters = case.attrib["name"].rstrip("]").partition("[")
        failures = found.setdefault(parameters.partition("-")[0], set())
        if len(case):
            failures.add(test)
    return found


@pytest.mark.parametrize("transport", CAUGHT)
def test_it_catches_what_breaks_it(failed: dict[str, set[str]], transport: str) -> None:
    """Each broken transport fails the tests that name what it breaks, and those alone."""
    assert failed[transport] == CAUGHT[transport]


def test_no_broken_transport_is_left_out(failed: dict[str, set[str]]) -> None:
    """All that are written down were tried."""
    assert set(failed) == set(CAUGHT)
