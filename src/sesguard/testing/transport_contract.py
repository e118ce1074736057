"""The contract that every transport passes, ours and yours."""

from __future__ import annotations

import pickle
import traceback
from collections.abc import Sequence
from dataclasses import dataclass, field
from email import message_from_bytes
from functools import partial
from typing import Literal, Protocol, TypeAlias, get_args

import pytest

from sesguard import errors
from sesguard.mail import Email
from sesguard.ports import Receipt, Transport
from sesguard.testing.store_contract import run_together

__all__ = ["Arrival", "TransportContract", "TransportPeer", "Trouble"]

Trouble: TypeAlias = Literal["rate", "quota", "rejected", "answer lost"]
"""
What the peer does with the next mail: refuses it since the rate or the day's quota is used up, or
since it does not like it; or takes it, and its answer never comes.
"""

_MEANS: dict[Trouble, type[errors.SendError]] = {
    "rate": errors.SendingRateExceededError,
    "quota": errors.DailyQuotaExceededError,
    "rejected": errors.MessageRejectedError,
    "answer lost": errors.OutcomeUnknownError,
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Arrival:
    """
    A mail that the peer took, whether its answer came back or not.

    Attributes:
        message_id: What the peer answers, or would have.

        recipients: Bare addresses, of the envelope.

        raw: The mail as recipients get it; None where the service makes it of the parts it got.
    """

    message_id: str
    recipients: Sequence[str] = field(repr=False)
    raw: bytes | None = field(default=None, repr=False)


class TransportPeer(Protocol):
    """What stands in the place of SES, and does as it is told."""

    def transport(self) -> Transport:
        """A new transport to this peer, with short time-outs. The test closes it."""
        ...

    def unreachable(self) -> Transport:
        """A new transport to where nobody listens."""
        ...

    def next(self, trouble: Trouble, /) -> None:
        """Do this with the next mail that comes, and take those after it."""
        ...

    def arrivals(self) -> Sequence[Arrival]:
        """All mails that were taken, in their order."""
        ...

    def attempts(self) -> int:
        """How many mails came in whole, taken or not."""
        ...


class _CalledOffError(Exception):
    """What a handover raises in these tests."""


class _Handover:
    """
    Notes what the peer has at the handover.

    Args:
        call_off: Whether to raise.
    """

    def __init__(self, peer: TransportPeer, *, call_off: bool = False) -> None:
        self.attempts_before: list[int] = []
        self._peer = peer
        self._call_off = call_off

    def __call__(self) -> None:
        self.attempts_before.append(self._peer.attempts())
        if self._call_off:
            raise _CalledOffError


def _nothing() -> None:
    """A handover of which the moment does not matter."""


def _letter(number: int = 0) -> Email:
    return Email(
        sender="Shop <shop@example.org>",
        to=[f"Ann <ann{number}@example.org>", "ben@example.org"],
        cc="cy@example.org",
        bcc="dee@example.org",
        subject=f"Order {number} of Käthe",
        text="Thank you for your order.",
        headers={"X-Order": str(number)},
    )


_EVERYBODY = ["ann0@example.org", "ben@example.org", "cy@example.org", "dee@example.org"]


class TransportContract:
    """
    Inherit from this in a test module, and say what your transport talks to::

        class TestMyTransport(TransportContract):
            @pytest.fixture
            def peer(self):
                with MyServer() as server:
                    yield MyPeer(server)

    A peer is a `TransportPeer`: it makes transports, and can be told what to answer.
    """

    @pytest.fixture
    def peer(self) -> TransportPeer:
        """A new peer that took nothing yet. Override it."""
        raise NotImplementedError("override the fixture peer: it gives a TransportPeer")

    # A mail that is taken

    def test_one_submit_is_one_mail(self, peer: TransportPeer) -> None:
        """A submit is one request, and answers with the id that the peer gave."""
        transport = peer.transport()
        receipt = transport.submit(_letter(), _nothing)
        transport.close()
        assert isinstance(receipt, Receipt)
        assert peer.attempts() == 1
        assert [one.message_id for one in peer.arrivals()] == [receipt.message_id]
        assert receipt.message_id
        assert not receipt.refused

    def test_all_recipients_are_in_the_envelope(self, peer: TransportPeer) -> None:
        """To, Cc and Bcc, each once and bare, and nobody else."""
        transport = peer.transport()
        transport.submit(_letter(), _nothing)
        transport.close()
        (arrival,) = peer.arrivals()
        assert sorted(arrival.recipients) == _EVERYBODY

    def test_nobody_reads_who_got_a_blind_copy(self, peer: TransportPeer) -> None:
        """No Bcc header, nor the address anywhere, is in what recipients get."""
        transport = peer.transport()
        transport.submit(_letter(), _nothing)
        transport.close()
        (arrival,) = peer.arrivals()
        if arrival.raw is None:
            pytest.skip("this peer does not show the mail as recipients get it")
        assert message_from_bytes(arrival.raw)["Bcc"] is None
        assert b"dee@example.org" not in arrival.raw

    def test_an_email_is_left_as_it_is(self, peer: TransportPeer) -> None:
        """The caller's e-mail is not written to, so that it can be sent again."""
        transport = peer.transport()
        email = _letter()
        transport.submit(email, _nothing)
        transport.close()
        assert email.to_dict() == _letter().to_dict()

    # The handover

    def test_the_handover_is_told_once_before_the_mail_leaves(self, peer: TransportPeer) -> None:
        """It is called once a submit, when the peer has not yet got the mail."""
        transport = peer.transport()
        handover = _Handover(peer)
        transport.submit(_letter(), handover)
        transport.submit(_letter(), handover)
        transport.close()
        assert handover.attempts_before == [0, 1]

    def test_what_is_called_off_is_not_sent(self, peer: TransportPeer) -> None:
        """What the handover raises passes through, no mail leaves, and the next one does."""
        transport = peer.transport()
        with pytest.raises(_CalledOffError):
            transport.submit(_letter(), _Handover(peer, call_off=True))
        assert peer.attempts() == 0
        transport.submit(_letter(), _nothing)
        transport.close()
        assert len(peer.arrivals()) == 1

    # A mail that is not taken

    @pytest.mark.parametrize("trouble", ["rate", "quota", "rejected"])
    def test_a_refusal_is_the_error_that_it_means(
        self, peer: TransportPeer, trouble: Trouble
    ) -> None:
        """One request, one error of ours, of the class that says whether to try again."""
        transport = peer.transport()
        error = _failure(transport, peer, trouble)
        transport.close()
        assert isinstance(error, _MEANS[trouble])
        assert error.outcome == _MEANS[trouble].outcome
        assert (peer.attempts(), len(peer.arrivals())) == (1, 0)

    def test_a_lost_answer_is_unknown_and_not_repeated(self, peer: TransportPeer) -> None:
        """When the mail was taken and no answer came, there is one mail, and nobody knows."""
        transport = peer.transport()
        error = _failure(transport, peer, "answer lost")
        transport.close()
        assert isinstance(error, errors.OutcomeUnknownError)
        assert peer.attempts() == 1

    def test_a_peer_out_of_reach_got_nothing(self, peer: TransportPeer) -> None:
        """Where no connection was made the mail is certainly not sent, and may be tried again."""
        transport = peer.unreachable()
        with pytest.raises(errors.SendError) as caught:
            transport.submit(_letter(), _nothing)
        transport.close()
        assert caught.value.outcome == "not_sent"
        assert caught.value.retryable
        assert peer.attempts() == 0

    @pytest.mark.parametrize("trouble", get_args(Trouble))
    def test_an_error_tells_no_address(self, peer: TransportPeer, trouble: Trouble) -> None:
        """What is printed names neither recipients nor the subject, and pickles."""
        transport = peer.transport()
        error = _failure(transport, peer, trouble)
        transport.close()
        printed = "".join(traceback.format_exception(error)) + repr(error)
        assert "example.org" not in printed
        assert "Käthe" not in printed
        assert type(pickle.loads(pickle.dumps(error))) is type(error)

    @pytest.mark.parametrize("trouble", get_args(Trouble))
    def test_the_next_mail_is_sent(self, peer: TransportPeer, trouble: Trouble) -> None:
        """A failure leaves the transport able to send."""
        transport = peer.transport()
        _failure(transport, peer, trouble)
        before = len(peer.arrivals())
        receipt = transport.submit(_letter(1), _nothing)
        transport.close()
        assert [one.message_id for one in peer.arrivals()[before:]] == [receipt.message_id]

    # Closing, and threads

    def test_what_was_closed_opens_again(self, peer: TransportPeer) -> None:
        """It may be closed before it is used, and twice; a later submit opens what it needs."""
        transport = peer.transport()
        transport.close()
        transport.submit(_letter(), _nothing)
        transport.close()
        transport.close()
        transport.submit(_letter(1), _nothing)
        transport.close()
        assert len(peer.arrivals()) == 2

    def test_threads_share_a_transport(self, peer: TransportPeer) -> None:
        """Each mail of eight threads is sent once, and each caller gets the id of its own."""
        transport = peer.transport()
        answered: dict[str, str] = {}

        def send(first: int) -> None:
            for number in range(first, first + 4):
                receipt = transport.submit(_letter(number), _nothing)
                answered[receipt.message_id] = f"ann{number}@example.org"

        run_together([partial(send, first) for first in range(0, 32, 4)])
        transport.close()
        arrived = {one.message_id: sorted(one.recipients)[0] for one in peer.arrivals()}
        assert len(peer.arrivals()) == 32
        assert answered == arrived


def _failure(transport: Transport, peer: TransportPeer, trouble: Trouble) -> errors.SendError:
    """What a submit raises while the peer is in this trouble."""
    peer.next(trouble)
    with pytest.raises(errors.SendError) as caught:
        transport.submit(_letter(), _nothing)
    return caught.value
