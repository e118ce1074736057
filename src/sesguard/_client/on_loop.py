"""The guarded send for an event loop."""

from __future__ import annotations

from collections.abc import (
    AsyncIterable,
    AsyncIterator,
    Awaitable,
    Callable,
    Iterable,
    Mapping,
    Sequence,
)
from types import TracebackType
from typing import TYPE_CHECKING, Self, TypeVar

from sesguard import errors
from sesguard._client.hooks import AnySuppression
from sesguard._client.many import Batch, Count, Intake, Parcel, Room, ScreenedBatch, sorted_out
from sesguard._client.options import (
    KEEP,
    Keep,
    Seconds,
    checked_concurrency,
    checked_email,
    closed,
)
from sesguard._client.ports import (
    AnyClock,
    AnyGuard,
    AnyLedger,
    AnyLimiter,
    AnyTransport,
    bulk_of,
    check_bulk,
)
from sesguard._client.threads import DaemonPool, LastMoment, cut
from sesguard._client.wiring import Wiring, wire
from sesguard._core.retry import RetryPolicy
from sesguard._core.screening import Screened
from sesguard._flows.once import send_once
from sesguard._flows.screen import screen_all, screen_one
from sesguard._flows.send_ports import OnLookupError, SendPorts
from sesguard._frozen import FrozenMapping
from sesguard._lift import AsyncLift, RunSync
from sesguard.clocks import AsyncSystemClock
from sesguard.outcomes import Outcome, SendResult, Tally

if TYPE_CHECKING:
    import asyncio

    from sesguard._core.screening import OnSuppressed
    from sesguard.mail import Email
    from sesguard.ports import Handover, Observer

__all__ = ["AsyncClient"]

T = TypeVar("T")
R = TypeVar("R")


def _within(
    submit: Callable[[T, Handover], Awaitable[R]],
) -> Callable[[T, float | None], Awaitable[R]]:
    """A transport's method, cut after so many seconds, or with its caller."""

    async def submitted(what: T, seconds: float | None) -> R:
        import asyncio  # whoever awaits this has a loop

        moment = LastMoment()
        limit = asyncio.timeout(seconds)
        try:
            async with limit:
                return await submit(what, moment)
        except TimeoutError:
            if not limit.expired():
                raise
            raise cut(moment, seconds or 0.0) from None
        except asyncio.CancelledError:
            moment.call_off()
            raise

    return submitted


class AsyncClient:
    """
    `sesguard.Client` for an event loop: the same names, awaited.

    Ports may be synchronous or asynchronous; blocking ones run through *run_sync*. A client is
    not bound to one loop.

    Args:
        run_sync: Runs a blocking port elsewhere: ``await run_sync(function, *args)``. Default:
            a bounded pool of daemon threads, with the context copied.

        others: See `sesguard.Client`.
    """

    def __init__(
        self,
        *,
        suppression: AnySuppression,
        transport: AnyTransport | None = None,
        limiter: AnyLimiter | None = None,
        guards: Sequence[AnyGuard] = (),
        ledger: AnyLedger | None = None,
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
        clock: AnyClock = AsyncSystemClock(),
        run_sync: RunSync | None = None,
    ) -> None:
        wiring = wire(
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
        )
        self._begin(wiring, DaemonPool(32), run_sync, shares=False)

    def _begin(
        self, wiring: Wiring, pool: DaemonPool, run_sync: RunSync | None, *, shares: bool
    ) -> None:
        self._wiring = wiring
        self._pool = pool
        self._run_sync = run_sync
        self._shares = shares
        self._closed = False
        self._lift = AsyncLift(run_sync or pool.run)
        bulk = bulk_of(wiring.transport)
        self._ports = wiring.ports(
            self._lift,
            _within(self._lift(wiring.transport.submit, "The transport's submit")),
            None if bulk is None else _within(self._lift(bulk, "The transport's submit_bulk")),
        )

    async def send(
        self,
        email: Email,
        *,
        idempotency_key: str | None = None,
        timeout: Seconds | None = None,
    ) -> SendResult:
        """Send one e-mail. See `sesguard.Client.send`."""
        self._check_open()
        began = self._wiring.clock.monotonic()
        deadline = self._wiring.deadline(timeout)

        async def send(email: Email, ports: SendPorts) -> SendResult:
            screened = await self._screen_in_time(email, ports, deadline)
            return await self._wiring.deliver(screened, ports, deadline)

        try:
            checked = checked_email(email)
            if idempotency_key is None:
                result = await send(checked, self._ports)
            else:
                result = await send_once(checked, idempotency_key, self._ports, send)
        except errors.SESGuardError as error:
            self._wiring.settled(began, error=error)
            raise
        self._wiring.settled(began, result=result)
        return result

    async def _screen_in_time(
        self, email: Email, ports: SendPorts, deadline: float | None
    ) -> Screened:
        import asyncio  # whoever awaits this has a loop

        left = None if deadline is None else deadline - self._wiring.clock.monotonic()
        limit = asyncio.timeout(left)
        try:
            async with limit:
                return await screen_one(email, ports, self._wiring.rules)
        except TimeoutError:
            if not limit.expired():
                raise
            raise errors.SuppressionUnavailableError(
                "The guards and the suppression look-up did not end within this send's time-out, "
                "so nothing was sent. Send again, or allow a longer timeout=."
            ) from None

    async def send_many(
        self,
        emails: Iterable[Email] | AsyncIterable[Email],
        *,
        concurrency: int = 8,
        bulk: bool = False,
        on_outcome: Callable[[Outcome], object] | None = None,
    ) -> Tally:
        """Send all, and count what became of them. See `sesguard.Client.send_many`."""
        count = Count()
        async for outcome in self.iter_send(emails, concurrency=concurrency, bulk=bulk):
            count.add(outcome)
            if on_outcome is not None:
                on_outcome(outcome)
        return count.tally()

    def iter_send(
        self,
        emails: Iterable[Email] | AsyncIterable[Email],
        *,
        concurrency: int = 8,
        bulk: bool = False,
    ) -> AsyncIterator[Outcome]:
        """
        Send lazily, and give each outcome as it comes. See `sesguard.Client.iter_send`.

        An iterator that is closed early cancels what is under way; some of it may have been sent.
        """
        self._check_open()
        if bulk:
            check_bulk(self._ports)
        return self._iterate(Intake(emails), checked_concurrency(concurrency), bulk=bulk)

    async def _iterate(
        self, intake: Intake, concurrency: int, *, bulk: bool
    ) -> AsyncIterator[Outcome]:
        import asyncio  # whoever awaits this has a loop

        ended: asyncio.Queue[asyncio.Task[list[Outcome]]] = asyncio.Queue()
        places = asyncio.Semaphore(concurrency)
        room = Room(concurrency, bulk=bulk)
        under_way: set[asyncio.Task[list[Outcome]]] = set()
        try:
            while intake.open or under_way:
                if len(under_way) <= concurrency:
                    began = self._wiring.clock.monotonic()
                    batch = await intake.take(room.left(len(under_way)))
                    stopped, going = sorted_out(await self._screened(batch))
                    for parcel in room.parcels(going):
                        task = asyncio.ensure_future(self._one_of_many(parcel, places))
                        under_way.add(task)
                        task.add_done_callback(ended.put_nowait)
                    for outcome in stopped:
                        self._wiring.settled(began, error=outcome.error)
                        yield outcome
                if under_way:
                    task = await ended.get()
                    under_way.discard(task)
                    for one in task.result():
                        yield one
            if intake.failure is not None:
                raise intake.failure
        finally:
            for task in under_way:
                task.cancel()

    async def _screened(self, batch: Batch) -> ScreenedBatch:
        emails = [email for _, email in batch]
        answers = await screen_all(emails, self._ports, self._wiring.rules)
        return [(index, email, one) for (index, email), one in zip(batch, answers, strict=True)]

    async def _one_of_many(self, parcel: Parcel, places: asyncio.Semaphore) -> list[Outcome]:
        async with places:
            return await self._wiring.send_parcel(parcel, self._ports)

    def with_options(
        self,
        *,
        on_suppressed: OnSuppressed | Keep = KEEP,
        configuration_set: str | Keep | None = KEEP,
        tags: Mapping[str, str] | Keep = KEEP,
        timeout: Seconds | Keep | None = KEEP,
        suppression: AnySuppression | Keep = KEEP,
    ) -> AsyncClient:
        """Another client under other options. See `sesguard.Client.with_options`."""
        other = object.__new__(type(self))
        wiring = self._wiring.changed(
            on_suppressed=on_suppressed,
            configuration_set=configuration_set,
            tags=tags,
            timeout=timeout,
            suppression=suppression,
        )
        other._begin(wiring, self._pool, self._run_sync, shares=True)
        return other

    @property
    def has_ledger(self) -> bool:
        """Whether `send` may be given an ``idempotency_key``."""
        return self._wiring.ledger is not None

    def _check_open(self) -> None:
        if self._closed:
            raise closed()

    async def aclose(self) -> None:
        """Close the transport and the threads. Stores are their owner's to close."""
        already, self._closed = self._closed, True
        if already or self._shares:
            return
        close = getattr(self._wiring.transport, "close", None)
        if close is not None:
            await self._lift(close, "The transport's close")()
        self._pool.close()

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
        /,
    ) -> None:
        await self.aclose()
