"""What a client is wired of: ports lifted, defaults made, state that is shared."""

from __future__ import annotations

import logging
import os
import random
import threading
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, TypeAlias, cast

from sesguard import errors
from sesguard._client.hooks import AnySuppression, asking
from sesguard._client.many import Parcel
from sesguard._client.options import KEEP, Keep, Seconds, checked_rules, seconds_of
from sesguard._client.ports import (
    AnyClock,
    AnyGuard,
    AnyLedger,
    AnyLimiter,
    AnyTransport,
    checked_clock,
    checked_guards,
    checked_ledger,
    lifted_clock,
    lifted_guard,
    lifted_ledger,
    lifted_limiter,
)
from sesguard._core.retry import Budget, RetryPolicy
from sesguard._core.screening import Screened
from sesguard._flows.bulk import End, deliver_bulk
from sesguard._flows.send import deliver
from sesguard._flows.send_ports import OnLookupError, Rules, SendPorts
from sesguard._lift import Lift, is_async
from sesguard.mail import Email
from sesguard.outcomes import Notice, Outcome, SendResult, Sent, Settled, of_error
from sesguard.ports import Answer, Clock, Observer, Receipt

if TYPE_CHECKING:
    from sesguard._core.screening import OnSuppressed

__all__ = ["Wiring", "wire"]

logger = logging.getLogger("sesguard.client")


def telling(observers: Sequence[Observer]) -> Callable[[Notice], None]:
    """
    One function that tells all observers. One that raises is logged, and changes nothing.

    Raises:
        ConfigurationError: One of them cannot be called, or would have to be awaited.
    """
    try:
        told = tuple(observers)
    except TypeError:
        told = None
    if told is None or not all(map(_can_be_told, told)):
        raise errors.ConfigurationError(
            "observers= must be a list of functions (notice) -> None, none of them a coroutine "
            "function: they are told on the way and not awaited."
        )
    if not told:
        return _silence

    def tell(notice: Notice) -> None:
        for observer in told:
            try:
                observer(notice)
            except Exception as error:  # an observer must not change a send
                logger.warning(
                    "An observer failed with %s at %s; the send goes on.",
                    type(error).__name__,
                    type(notice).__name__,
                )

    return tell


def _can_be_told(observer: object) -> bool:
    return callable(observer) and not is_async(observer)


def _silence(notice: Notice) -> None:
    """Nobody listens."""


class Purse:
    """The retry budget of a client, and of all made of it by ``with_options``."""

    __slots__ = ("_budget", "_lock", "_pid", "_ratio")

    def __init__(self, ratio: float) -> None:
        self._ratio = ratio
        self._begin()

    def _begin(self) -> None:
        self._lock = threading.Lock()
        self._pid = os.getpid()
        self._budget = Budget.full(self._ratio)

    def sent(self) -> None:
        """Count one send."""
        if self._pid != os.getpid():  # a lock that another thread held at the fork stays shut
            self._begin()
        with self._lock:
            self._budget = self._budget.sent()

    def may_repeat(self) -> bool:
        """Take one retry, where there is one."""
        with self._lock:
            left = self._budget.spent()
            if left is not None:
                self._budget = left
            return left is not None


def default_transport(
    transport: AnyTransport | None,
    *,
    region_name: str | None,
    boto3_session: object,
    endpoint_url: str | None,
) -> AnyTransport:
    """
    The transport given, or the SES API in the region given.

    Raises:
        ConfigurationError: A transport came with options that are its own to have.
    """
    named = {
        "region_name": region_name,
        "boto3_session": boto3_session,
        "endpoint_url": endpoint_url,
    }
    given = [f"{name}=" for name, value in named.items() if value is not None]
    if transport is None:
        from sesguard.transports.ses import SESTransport  # boto3 is loaded by those who send

        return SESTransport(
            region_name=region_name,
            boto3_session=boto3_session,
            endpoint_url=endpoint_url,
        )
    if given:
        raise errors.ConfigurationError(
            f"{', '.join(given)} and transport= cannot be given together: the transport brings "
            "its own. Pass them to the transport."
        )
    if isinstance(transport, type) or not callable(getattr(transport, "submit", None)):
        raise errors.ConfigurationError(
            "transport= must be an object with submit, such as transports.SESTransport() or "
            "transports.SMTPTransport(...)."
        )
    return transport


def default_limiter(
    limiter: AnyLimiter | None, transport: AnyTransport, clock: AnyClock
) -> AnyLimiter:
    """The limiter given, or one at the account's live rate."""
    if limiter is not None:
        return limiter
    from sesguard.account.live import (
        LiveRate,
    )  # what a client with a limiter of its own never needs
    from sesguard.limiters.memory import MemoryLimiter

    read = getattr(transport, "max_send_rate", None)
    if not callable(read) or is_async(read):
        read = _no_rate
    rate = LiveRate(cast("Callable[[], float]", read), monotonic=clock.monotonic)
    # A limiter reads a clock and does not sleep, so either kind will do.
    return MemoryLimiter(rate, clock=cast("Clock", clock))


def _no_rate() -> float:
    raise errors.ConfigurationError("This transport does not tell the account's rate.")


@dataclass(frozen=True, slots=True, kw_only=True)
class Wiring:
    """
    A client's options, checked, and what it shares with the clients made of it.

    Attributes:
        timeout: Seconds for one send; None for no more than the transport's own time-outs.
    """

    suppression: AnySuppression
    transport: AnyTransport
    limiter: AnyLimiter
    guards: tuple[AnyGuard, ...]
    ledger: AnyLedger | None
    clock: AnyClock
    tell: Callable[[Notice], None]
    purse: Purse
    rules: Rules
    timeout: float | None

    def ports(self, lift: Lift, submit: Submit, submit_bulk: SubmitBulk | None) -> SendPorts:
        """The ports of the flow, for one kind of client."""
        return SendPorts(
            look_up=asking(self.suppression, lift),
            guards=tuple(lifted_guard(guard, lift) for guard in self.guards),
            limiter=lifted_limiter(self.limiter, lift),
            ledger=None if self.ledger is None else lifted_ledger(self.ledger, lift),
            submit=submit,
            submit_bulk=submit_bulk,
            clock=lifted_clock(self.clock, lift),
            observe=self.tell,
            jitter=random.random,
            may_repeat=self.purse.may_repeat,
        )

    def deadline(self, timeout: Seconds | None) -> float | None:
        """When a send that begins now must have ended, in the clock's monotonic seconds."""
        seconds = seconds_of(timeout, "timeout") or self.timeout
        return None if seconds is None else self.clock.monotonic() + seconds

    async def deliver(
        self, screened: Screened, ports: SendPorts, deadline: float | None
    ) -> SendResult:
        """Send one that was screened, which earns a share of a retry."""
        self.purse.sent()
        return await deliver(screened, ports, self.rules, deadline=deadline)

    async def send_parcel(self, parcel: Parcel, ports: SendPorts) -> list[Outcome]:
        """Send what was screened of many, by one request, and tell the observers of each end."""
        began = self.clock.monotonic()
        if len(parcel) == 1:
            ends = [await self._end_of(parcel[0][2], ports)]
        else:
            self.purse.sent()  # one request earns what one request costs
            deadline = self.deadline(None)
            screened = [one for _, _, one in parcel]
            ends = await deliver_bulk(screened, ports, self.rules, deadline=deadline)
        outcomes: list[Outcome] = []
        for (index, email, _), end in zip(parcel, ends, strict=True):
            if isinstance(end, SendResult):
                self.settled(began, result=end)
                outcomes.append(Sent(index=index, email=email, result=end))
            else:
                self.settled(began, error=end)
                outcomes.append(of_error(index, email, end))
        return outcomes

    async def _end_of(self, screened: Screened, ports: SendPorts) -> End:
        try:
            return await self.deliver(screened, ports, self.deadline(None))
        except errors.SESGuardError as error:
            return error

    def settled(
        self,
        began: float,
        *,
        result: SendResult | None = None,
        error: errors.SESGuardError | None = None,
    ) -> None:
        """Tell the observers that a send, begun at *began* monotonic seconds, came to its end."""
        seconds = self.clock.monotonic() - began
        self.tell(Settled(result=result, error=error, seconds=seconds))

    def changed(
        self,
        *,
        on_suppressed: OnSuppressed | Keep,
        configuration_set: str | Keep | None,
        tags: Mapping[str, str] | Keep,
        timeout: Seconds | Keep | None,
        suppression: AnySuppression | Keep,
    ) -> Wiring:
        """The same wiring under other options."""
        old = self.rules
        rules = checked_rules(
            on_suppressed=old.on_suppressed if on_suppressed is KEEP else on_suppressed,
            on_lookup_error=old.on_lookup_error,
            retry=old.retry,
            configuration_set=(
                old.configuration_set if configuration_set is KEEP else configuration_set
            ),
            tags=old.tags if tags is KEEP else tags,
        )
        return replace(
            self,
            rules=rules,
            timeout=self.timeout if timeout is KEEP else seconds_of(timeout, "timeout"),
            suppression=self.suppression if suppression is KEEP else suppression,
        )


Submit: TypeAlias = Callable[[Email, float | None], Awaitable[Receipt]]
SubmitBulk: TypeAlias = Callable[[Sequence[Email], float | None], Awaitable[Sequence[Answer]]]


def wire(
    *,
    suppression: AnySuppression,
    transport: AnyTransport | None,
    limiter: AnyLimiter | None,
    guards: Sequence[AnyGuard],
    ledger: AnyLedger | None,
    on_suppressed: OnSuppressed,
    on_lookup_error: OnLookupError,
    retry: RetryPolicy,
    timeout: Seconds | None,
    observers: Sequence[Observer],
    configuration_set: str | None,
    tags: Mapping[str, str],
    region_name: str | None,
    boto3_session: object,
    endpoint_url: str | None,
    clock: AnyClock,
) -> Wiring:
    """
    Check all options of a client, before anything is sent.

    Raises:
        ConfigurationError, EmailError: One of them cannot work; the message names it.
    """
    rules = checked_rules(
        on_suppressed=on_suppressed,
        on_lookup_error=on_lookup_error,
        retry=retry,
        configuration_set=configuration_set,
        tags=tags,
    )
    chosen = default_transport(
        transport, region_name=region_name, boto3_session=boto3_session, endpoint_url=endpoint_url
    )
    return Wiring(
        suppression=suppression,
        transport=chosen,
        limiter=default_limiter(limiter, chosen, checked_clock(clock)),
        guards=checked_guards(guards),
        ledger=checked_ledger(ledger),
        clock=clock,
        tell=telling(observers),
        purse=Purse(retry.budget),
        rules=rules,
        timeout=seconds_of(timeout, "timeout"),
    )
