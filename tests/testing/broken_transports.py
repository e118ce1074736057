"""
Transports over a peer in memory: one that keeps the contract, and some that break it.

tests/testing/test_transport_contract.py runs this file and looks at what fails.
"""

from __future__ import annotations

import threading
from dataclasses import dataclass, field

import pytest

from sesguard import errors
from sesguard.mail import Email
from sesguard.ports import Handover, Receipt, Transport
from sesguard.testing.transport_contract import Arrival, TransportContract, Trouble


class RefusedError(Exception):
    """The service's own error."""


class LostError(Exception):
    """The service took the mail, and its answer did not come."""


class Service:
    """A service that takes mail, or does not."""

    def __init__(self) -> None:
        self.taken: list[Arrival] = []
        self.attempts = 0
        self.trouble: Trouble | None = None
        self.lock = threading.Lock()

    def post(self, recipients: list[str], raw: bytes) -> str:
        with self.lock:
            self.attempts += 1
            trouble, self.trouble = self.trouble, None
            if trouble is not None and trouble != "answer lost":
                raise RefusedError(trouble)
            message_id = f"id-{len(self.taken)}"
            self.taken.append(Arrival(message_id=message_id, recipients=recipients, raw=raw))
            if trouble is not None:
                raise LostError
        return message_id


class Honest:
    """A transport that keeps the contract. Those below break a piece of it."""

    def __init__(self, service: Service | None) -> None:
        self.service = service
        self.closed = False

    def submit(self, email: Email, handover: Handover, /) -> Receipt:
        if self.service is None:
            raise errors.ServiceUnavailableError("Nobody listens. Try again later.")
        raw, recipients = self.raw(email), [one.addr_spec for one in email.recipients]
        handover()
        try:
            return Receipt(message_id=self.post(recipients, raw))
        except RefusedError as error:
            raise self.refusal(str(error), email) from None
        except LostError:
            raise self.lost() from None

    def raw(self, email: Email) -> bytes:
        return email.as_bytes()

    def post(self, recipients: list[str], raw: bytes) -> str:
        assert self.service is not None
        return self.service.post(recipients, raw)

    def refusal(self, trouble: str, email: Email) -> Exception:
        if trouble == "rate":
            return errors.SendingRateExceededError("Too fast. Go more slowly.")
        if trouble == "quota":
            return errors.DailyQuotaExceededError("No more today. Send tomorrow.")
        return errors.MessageRejectedError("It was rejected. Look at its content.")

    def lost(self) -> Exception:
        return errors.OutcomeUnknownError("No answer came. Wait for events.")

    def close(self) -> None:
        self.closed = True


class RepeatsWhatMayBeSent(Honest):
    def post(self, recipients: list[str], raw: bytes) -> str:
        try:
            return super().post(recipients, raw)
        except LostError:
            super().post(recipients, raw)
            raise


class SaysThatALostAnswerWasNotSent(Honest):
    def lost(self) -> Exception:
        return errors.ServiceUnavailableError("No answer came. Send again.")


class TakesEveryRefusalForTheRate(Honest):
    def refusal(self, trouble: str, email: Email) -> Exception:
        return errors.SendingRateExceededError("Refused. Send again.")


class WritesABccHeader(Honest):
    def raw(self, email: Email) -> bytes:
        return b"Bcc: " + email.bcc[0].addr_spec.encode() + b"\r\n" + super().raw(email)


class ForgetsBlindCopies(Honest):
    def post(self, recipients: list[str], raw: bytes) -> str:
        return super().post(recipients[:-1], raw)


class TellsTheHandoverAfterwards(Honest):
    def submit(self, email: Email, handover: Handover, /) -> Receipt:
        receipt = super().submit(email, lambda: None)
        handover()
        return receipt


class SwallowsACallOff(Honest):
    def submit(self, email: Email, handover: Handover, /) -> Receipt:
        def quiet() -> None:
            try:
                handover()
            except Exception as error:
                raise errors.ServiceUnavailableError("Called off.", original=error) from None

        return super().submit(email, quiet)


class NamesRecipients(Honest):
    def refusal(self, trouble: str, email: Email) -> Exception:
        error = super().refusal(trouble, email)
        return type(error)(f"{error} It was for {email.to[0].addr_spec}.")


class WritesToTheEmail(Honest):
    def submit(self, email: Email, handover: Handover, /) -> Receipt:
        receipt = super().submit(email, handover)
        object.__setattr__(email, "bcc", ())
        return receipt


class IsDeadOnceClosed(Honest):
    def submit(self, email: Email, handover: Handover, /) -> Receipt:
        if self.closed:
            raise errors.ServiceUnavailableError("It is closed. Make another.")
        return super().submit(email, handover)


class MixesUpThreads(Honest):
    """It keeps what it last got in one place for all threads."""

    last = ""

    def __init__(self, service: Service | None) -> None:
        super().__init__(service)
        self.together = threading.Barrier(8)
        self.came: set[int] = set()

    def post(self, recipients: list[str], raw: bytes) -> str:
        self.last = super().post(recipients, raw)
        thread = threading.current_thread()
        if thread is not threading.main_thread() and thread.native_id not in self.came:
            self.came.add(thread.native_id or 0)
            self.together.wait(30)
        return self.last


class IsStuckAfterAFailure(Honest):
    stuck = False

    def post(self, recipients: list[str], raw: bytes) -> str:
        if self.stuck:
            raise RefusedError("rate")
        try:
            return super().post(recipients, raw)
        except (RefusedError, LostError):
            self.stuck = True
            raise


class SaysThatNobodyKnowsWhereNothingWasSent(Honest):
    def submit(self, email: Email, handover: Handover, /) -> Receipt:
        if self.service is None:
            raise errors.OutcomeUnknownError("Nobody listens. Wait for events.")
        return super().submit(email, handover)


class MakesUpAnId(Honest):
    def post(self, recipients: list[str], raw: bytes) -> str:
        super().post(recipients, raw)
        return f"made-up-{recipients[0]}"


@dataclass
class MemoryPeer:
    """A service and the transports that speak to it."""

    kind: type[Honest]
    service: Service = field(default_factory=Service)

    def transport(self) -> Transport:
        return self.kind(self.service)

    def unreachable(self) -> Transport:
        return self.kind(None)

    def next(self, trouble: Trouble, /) -> None:
        self.service.trouble = trouble

    def arrivals(self) -> list[Arrival]:
        return self.service.taken

    def attempts(self) -> int:
        return self.service.attempts


KINDS = [Honest, *Honest.__subclasses__()]


class TestEach(TransportContract):
    """The contract, played against each of them."""

    @pytest.fixture(params=KINDS, ids=lambda kind: kind.__name__)
    def peer(self, request: pytest.FixtureRequest) -> MemoryPeer:
        return MemoryPeer(request.param)
