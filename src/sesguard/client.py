"""The guarded send: `Client` for threads, and `AsyncClient` beside it, over the same flow."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from queue import SimpleQueue
from types import TracebackType
from typing import TYPE_CHECKING, Self, TypeVar, cast

from sesguard import errors
from sesguard._client.hooks import allow_if
from sesguard._client.many import Batch, Count, Intake, Parcel, Room, ScreenedBatch, sorted_out
from sesguard._client.on_loop import AsyncClient
from sesguard._client.options import (
    KEEP,
    Keep,
    Seconds,
    checked_concurrency,
    checked_email,
    closed,
)
from sesguard._client.ports import bulk_of, check_bulk
from sesguard._client.threads import DaemonPool, submit_within
from sesguard._client.wiring import Wiring, wire
from sesguard._core.retry import RetryPolicy
from sesguard._flows.once import send_once
from sesguard._flows.screen import screen_all, screen_one
from sesguard._flows.send_ports import OnLookupError, SendPorts
from sesguard._frozen import FrozenMapping
from sesguard._lift import SyncLift, drive
from sesguard.clocks import SystemClock
from sesguard.outcomes import Outcome, SendResult, Tally

if TYPE_CHECKING:
    from sesguard._core.screening import OnSuppressed
    from sesguard.mail import Email
    from sesguard.ports import (
        Clock,
        Guard,
        Handover,
        Ledger,
        Limiter,
        LookUp,
        Observer,
        SuppressionHook,
        Transport,
    )

__all__ = ["AsyncClient", "Client", "allow_if"]

T = TypeVar("T")
R = TypeVar("R")


def _whenever() -> None:
    """The last moment of a send that nobody cuts."""


def _within(submit: Callable[[T, Handover], R]) -> Callable[[T, float | None], R]:
    """A transport's method, cut after so many seconds where it is given them."""

    def submitted(what: T, seconds: float | None) -> R:
        if seconds is None:
            return submit(what, _whenever)
        return submit_within(seconds, lambda moment: submit(what, moment))

    return submitted


class Client:
    """
    Sends through Amazon SES what the suppression list lets go, at the account's rate.

    Make one and keep it: it holds connections, and it may be shared by threads. The hook, the
    stores and the limiter run in the calling thread; so does the transport, unless there is a
    time-out.

    Args:
        suppression: Who must not be mailed. A store; or any callable
            ``(address) -> bool | Suppression | None``, where ``True`` means *do not mail*; or
            ``None``, which says that there is no list. It is asked before each send, once, for
            all of To, Cc and Bcc. If it fails or answers nonsense, nothing is sent.

        transport: How SES is reached: `transports.SESTransport` (the default) or
            `transports.SMTPTransport`.

        limiter: Keeps to a rate in recipients a second. Default: the account's own rate, read
            from SES at most every five minutes. ``limiters.Unlimited()`` is none.

        guards: Stop mail before SES is asked, in their order: `guards.CircuitBreaker`,
            `guards.QuotaGuard`, `guards.ReputationGuard`, `guards.Fence`, or your own.

        ledger: Remembers sends by their ``idempotency_key``, so that none is made twice.

        on_suppressed: ``"raise"``: one suppressed recipient stops the e-mail. ``"drop"``: the
            others are mailed, and the result tells who was not.

        on_lookup_error: ``"send"`` mails although the list could not be asked. By choice only.

        retry: Which failed sends are repeated within the call. Never one that SES may have taken.

        timeout: Seconds for each send, or a timedelta. The send then runs on a thread of its
            own and is cut at the deadline.

        observers: Are told what happens. One that raises changes nothing.

        configuration_set: For each e-mail that names none itself.

        tags: Message tags for each e-mail; its own win.

        region_name: SES's region, for the default transport.

        boto3_session: The credentials, for the default transport.

        endpoint_url: Another endpoint, for the default transport.

        clock: Where time comes from. A test brings its own.

    Raises:
        ConfigurationError, EmailError: An option that cannot work, named in the message.
    """

    def __init__(
        self,
        *,
        suppression: SuppressionHook | LookUp | None,
        transport: Transport | None = None,
        limiter: Limiter | None = None,
        guards: Sequence[Guard] = (),
        ledger: Ledger | None = None,
        on_suppressed: OnSuppressed = "raise",
        on_lookup_error: OnLookupError = "raise",
        retry: RetryPolicy = RetryPolicy(),
        timeout: Seconds | None = None,
        observers: Sequence[Observer] = (),
        configuration_set: str | None = None,
        tags: Mapping[str, str] = FrozenMapping(),
        region_name: str | None = None,
        boto3_session: object = None,
        endpoint_url: str | None = None,
        clock: Clock = SystemClock(),
    ) -> None:
        self._begin(
            wire(
                suppression=suppression,
                transport=transport,
                limiter=limiter,
                guards=guards,
                ledger=ledger,
                on_suppressed=on_suppressed,
                on_lookup_error=on_lookup_error,
                retry=retry,
                timeout=timeout,
                observers=observers,
                configuration_set=configuration_set,
                tags=tags,
                region_name=region_name,
                boto3_session=boto3_session,
                endpoint_url=endpoint_url,
                clock=clock,
            ),
            shares=False,
        )

    def _begin(self, wiring: Wiring, *, shares: bool) -> None:
        lift = SyncLift()
        self._wiring = wiring
        self._shares = shares
        self._closed = False
        transport = cast("Transport", wiring.transport)
        bulk = bulk_of(transport)
        self._ports = wiring.ports(
            lift,
            lift(_within(transport.submit), "The transport's submit"),
            None if bulk is None else lift(_within(bulk), "The transport's submit_bulk"),
        )

    def send(
        self,
        email: Email,
        *,
        idempotency_key: str | None = None,
        timeout: Seconds | None = None,
    ) -> SendResult:
        """
        Send one e-mail.

        Args:
            idempotency_key: Your own name of this mail. The ledger has it before SES is asked,
                and what was sent under it once is not sent again: the first result comes back.

            timeout: Seconds for this send, in place of the client's.

        Returns:
            What SES answered, and who was left out.

        Raises:
            CircuitOpenError, FencedError: A guard stopped it.

            SuppressedError: A recipient is on the list.

            SuppressionUnavailableError: The list could not be asked; nothing was sent.

            ThrottlingError: By its leaf: a second (`SendingRateExceededError`), an hour
                (`DailyQuotaExceededError`).

            OutcomeUnknownError: It may have been sent.

            IdempotencyConflictError: The key was used for another mail.

            SendError: By its leaf, anything else that SES or the way to it had against it.
        """
        self._check_open()
        began = self._wiring.clock.monotonic()
        deadline = self._wiring.deadline(timeout)

        async def send(email: Email, ports: SendPorts) -> SendResult:
            screened = await screen_one(email, ports, self._wiring.rules)
            return await self._wiring.deliver(screened, ports, deadline)

        try:
            checked = checked_email(email)
            if idempotency_key is None:
                result = drive(send(checked, self._ports))
            else:
                result = drive(send_once(checked, idempotency_key, self._ports, send))
        except errors.SESGuardError as error:
            self._wiring.settled(began, error=error)
            raise
        self._wiring.settled(began, result=result)
        return result

    def send_many(
        self,
        emails: Iterable[Email],
        *,
        concurrency: int = 8,
        bulk: bool = False,
        on_outcome: Callable[[Outcome], object] | None = None,
    ) -> Tally:
        """
        Send all, and count what became of them. Does not raise for one e-mail.

        Args:
            concurrency: Requests under way at once.

            bulk: As for `iter_send`.

            on_outcome: Is given each outcome as it comes, in the calling thread.
        """
        count = Count()
        for outcome in self.iter_send(emails, concurrency=concurrency, bulk=bulk):
            count.add(outcome)
            if on_outcome is not None:
                on_outcome(outcome)
        return count.tally()

    def iter_send(
        self, emails: Iterable[Email], *, concurrency: int = 8, bulk: bool = False
    ) -> Iterator[Outcome]:
        """
        Send lazily, and give each outcome as it comes. Does not raise for one e-mail.

        E-mails are read as there is room, at most twice *concurrency* requests ahead of the
        outcomes taken, and screened in the calling thread, a batch in one look-up. Outcomes come
        in the order of their ends; ``outcome.index`` is the place in *emails*. An iterator that
        is closed early begins nothing more; what is under way ends untold.

        Args:
            concurrency: Requests under way at once.

            bulk: Send e-mails of one template by one SendBulkEmail, up to 50 recipients at a
                time. Each has an outcome of its own, and only those are repeated that may be.
                But where an answer is lost, all of its request are unknown.

        Raises:
            ConfigurationError: *concurrency* is no whole number from 1, or the transport has no
                bulk sends.

            EmailError: Something among *emails* is no `Email`. What came before it is sent and
                told first.
        """
        self._check_open()
        if bulk:
            check_bulk(self._ports)
        return self._iterate(Intake(emails), checked_concurrency(concurrency), bulk=bulk)

    def _iterate(self, intake: Intake, concurrency: int, *, bulk: bool) -> Iterator[Outcome]:
        pool = DaemonPool(concurrency)
        ended: SimpleQueue[list[Outcome] | BaseException] = SimpleQueue()
        room = Room(concurrency, bulk=bulk)
        under_way = 0
        try:
            while intake.open or under_way:
                if under_way <= concurrency:
                    began = self._wiring.clock.monotonic()
                    batch = drive(intake.take(room.left(under_way)))
                    stopped, going = sorted_out(self._screened(batch))
                    for parcel in room.parcels(going):
                        pool.submit(self._one_of_many, parcel, ended)
                        under_way += 1
                    for outcome in stopped:
                        self._wiring.settled(began, error=outcome.error)
                        yield outcome
                if under_way:
                    outcomes = ended.get()
                    under_way -= 1
                    if isinstance(outcomes, BaseException):
                        raise outcomes
                    yield from outcomes
            if intake.failure is not None:
                raise intake.failure
        finally:
            pool.close()

    def _screened(self, batch: Batch) -> ScreenedBatch:
        emails = [email for _, email in batch]
        answers = drive(screen_all(emails, self._ports, self._wiring.rules))
        return [(index, email, one) for (index, email), one in zip(batch, answers, strict=True)]

    def _one_of_many(
        self, parcel: Parcel, ended: SimpleQueue[list[Outcome] | BaseException]
    ) -> None:
        try:
            ended.put(drive(self._wiring.send_parcel(parcel, self._ports)))
        except BaseException as error:
            ended.put(error)  # a defect, for the thread that waits; never a hang

    def with_options(
        self,
        *,
        on_suppressed: OnSuppressed | Keep = KEEP,
        configuration_set: str | Keep | None = KEEP,
        tags: Mapping[str, str] | Keep = KEEP,
        timeout: Seconds | Keep | None = KEEP,
        suppression: SuppressionHook | LookUp | Keep | None = KEEP,
    ) -> Client:
        """
        Another client under other options, over the same transport, limiter and retry budget.

        What is not named stays; *tags* replace the client's. Closing it closes nothing shared.
        """
        return self._sharing(
            self._wiring.changed(
                on_suppressed=on_suppressed,
                configuration_set=configuration_set,
                tags=tags,
                timeout=timeout,
                suppression=suppression,
            )
        )

    def _guarded_by(self, *guards: Guard) -> Client:
        """Another client with further guards, asked after its own, over all that it has."""
        self._check_open()
        return self._sharing(replace(self._wiring, guards=(*self._wiring.guards, *guards)))

    def _sharing(self, wiring: Wiring) -> Client:
        other = object.__new__(type(self))
        other._begin(wiring, shares=True)
        return other

    @property
    def has_ledger(self) -> bool:
        """Whether `send` may be given an ``idempotency_key``."""
        return self._wiring.ledger is not None

    def _check_open(self) -> None:
        if self._closed:
            raise closed()

    def close(self) -> None:
        """Close the transport. Stores are their owner's to close."""
        already, self._closed = self._closed, True
        close = getattr(self._wiring.transport, "close", None)
        if close is not None and not already and not self._shares:
            drive(SyncLift()(close, "The transport's close")())

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
        /,
    ) -> None:
        self.close()
