"""What a client is made of: options checked at the door, ports lifted, state that is shared."""

from __future__ import annotations

import inspect
import logging
import os
import random
import threading
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import timedelta
from enum import Enum
from typing import TYPE_CHECKING, TypeAlias, cast, overload

from sesguard import _fields, errors
from sesguard._core.retry import Budget, RetryPolicy
from sesguard._flows.send import OnLookupError, Rules, SendPorts
from sesguard._lift import Lift, LiftedClock, LiftedLimiter, is_async, refuse
from sesguard.addresses import AddressKey
from sesguard.mail import Email
from sesguard.outcomes import Notice
from sesguard.ports import (
    AsyncClock,
    AsyncLimiter,
    AsyncLookUp,
    AsyncTransport,
    Clock,
    Limiter,
    LookUp,
    Observer,
    Receipt,
    SuppressionHook,
    Transport,
)
from sesguard.suppression import Suppression

if TYPE_CHECKING:
    from sesguard._core.screening import OnSuppressed

__all__ = [
    "KEEP",
    "AnyClock",
    "AnyLimiter",
    "AnySuppression",
    "AnyTransport",
    "AsyncSuppressionHook",
    "Keep",
    "Seconds",
    "Wiring",
    "allow_if",
    "checked_email",
    "wire",
]

logger = logging.getLogger("sesguard.client")

AsyncSuppressionHook: TypeAlias = "Callable[[AddressKey], Awaitable[bool | Suppression | None]]"
Seconds: TypeAlias = float | timedelta
AnySuppression: TypeAlias = "SuppressionHook | AsyncSuppressionHook | LookUp | AsyncLookUp | None"
AnyTransport: TypeAlias = Transport | AsyncTransport
AnyLimiter: TypeAlias = Limiter | AsyncLimiter
AnyClock: TypeAlias = Clock | AsyncClock


def seconds_of(value: Seconds | None, option: str) -> float | None:
    """
    A duration at the door, in seconds.

    Raises:
        ConfigurationError: It is no duration above zero.
    """
    if value is None:
        return None
    seconds = value.total_seconds() if isinstance(value, timedelta) else value
    if type(seconds) not in (int, float) or not seconds > 0:
        raise errors.ConfigurationError(
            f"{option}= must be a timedelta or a number of seconds above zero."
        )
    return float(seconds)


def checked_email(email: object) -> Email:
    """The e-mail itself, or an error that says what was given instead."""
    if isinstance(email, Email):
        return email
    raise errors.EmailError(
        f"An Email is sent, and {type(email).__name__} was given. "
        "Build one with sesguard.Email(...), or read a message with Email.from_message()."
    )


def checked_rules(
    *,
    on_suppressed: OnSuppressed,
    on_lookup_error: OnLookupError,
    retry: RetryPolicy,
    configuration_set: str | None,
    tags: Mapping[str, str],
) -> Rules:
    """
    The options of all sends, checked before the first of them.

    Raises:
        ConfigurationError: A word that is not among the choices, or a wrong type.

        EmailError: A configuration set or tag that SES does not take.
    """
    if on_suppressed not in ("raise", "drop"):
        raise errors.ConfigurationError("on_suppressed= must be 'raise' or 'drop'.")
    if on_lookup_error not in ("raise", "send"):
        raise errors.ConfigurationError("on_lookup_error= must be 'raise' or 'send'.")
    if not isinstance(retry, RetryPolicy):  # pyright: ignore[reportUnnecessaryIsInstance]  a caller without types
        raise errors.ConfigurationError("retry= must be a RetryPolicy, or RetryPolicy.none().")
    _fields.name("configuration_set", configuration_set)
    return Rules(
        on_suppressed=on_suppressed,
        on_lookup_error=on_lookup_error,
        retry=retry,
        configuration_set=configuration_set,
        tags=_fields.tags(tags),
    )


def asking(
    suppression: object, lift: Lift
) -> Callable[[Sequence[AddressKey], Sequence[str]], Awaitable[object]]:
    """
    One question for all recipients, out of a hook, a store, or None.

    A callable is called, whatever else it has; only what cannot be called is asked for
    ``look_up``.

    Raises:
        ConfigurationError: It is neither, or it is a class.
    """
    if suppression is None:
        return _nobody
    if isinstance(suppression, type):
        raise errors.ConfigurationError(
            f"suppression= was given the class {suppression.__name__}. Give it an instance: "
            f"{suppression.__name__}(...)."
        )
    if callable(suppression):
        return _one_by_one(suppression, lift)
    look_up = getattr(suppression, "look_up", None)
    if callable(look_up):
        return lift(look_up, "The suppression store's look_up")
    raise errors.ConfigurationError(
        f"suppression= was given {type(suppression).__name__}, which is neither a function "
        "(address) -> bool nor a store with look_up. Pass None to say that there is no list."
    )


async def _nobody(keys: Sequence[AddressKey], scopes: Sequence[str]) -> object:
    return {}


def _one_by_one(
    hook: Callable[[AddressKey], object], lift: Lift
) -> Callable[[Sequence[AddressKey], Sequence[str]], Awaitable[object]]:
    port = "The suppression hook"
    if is_async(hook):
        one = lift(hook, port)

        async def await_each(keys: Sequence[AddressKey], scopes: Sequence[str]) -> object:
            return {key: await one(key) for key in keys}

        return await_each

    def call_each(keys: Sequence[AddressKey]) -> list[object]:
        return [hook(key) for key in keys]

    each = lift(call_each, port)

    async def ask(keys: Sequence[AddressKey], scopes: Sequence[str]) -> object:
        answers = await each(keys)
        return {
            key: await lift.settle(answer, port) for key, answer in zip(keys, answers, strict=True)
        }

    return ask


@overload
def allow_if(allowed: Callable[[AddressKey], bool], /) -> SuppressionHook: ...
@overload
def allow_if(allowed: Callable[[AddressKey], Awaitable[bool]], /) -> AsyncSuppressionHook: ...
def allow_if(allowed: Callable[[AddressKey], object], /) -> Callable[[AddressKey], object]:
    """
    A suppression hook out of a function that tells who *may* be mailed.

    ``Client(suppression=allow_if(lambda address: address in customers))``

    Args:
        allowed: ``(address) -> bool``, or the same as a coroutine function. Anything but a
            boolean out of it stops the send.
    """
    if is_async(allowed):

        async def awaited(address: AddressKey, /) -> bool:
            return _turned(await cast("Awaitable[object]", allowed(address)))

        return awaited

    def called(address: AddressKey, /) -> bool:
        answer = allowed(address)
        if inspect.isawaitable(answer):
            refuse(answer, "The function given to allow_if")
        return _turned(answer)

    return called


def _turned(allowed: object) -> bool:
    if isinstance(allowed, bool):
        return not allowed
    raise errors.SuppressionUnavailableError(
        f"The function given to allow_if answered with {type(allowed).__name__}, so nothing was "
        "sent. It must answer True (may be mailed) or False."
    )


def telling(observers: Sequence[Observer]) -> Callable[[Notice], None]:
    """One function that tells all observers. One that raises is logged, and changes nothing."""
    if not observers:
        return _silence

    def tell(notice: Notice) -> None:
        for observer in observers:
            try:
                observer(notice)
            except Exception as error:  # an observer must not change a send
                logger.warning(
                    "An observer failed with %s at %s; the send goes on.",
                    type(error).__name__,
                    type(notice).__name__,
                )

    return tell


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


def lifted_limiter(limiter: AnyLimiter, lift: Lift) -> LiftedLimiter:
    """
    Raises:
        ConfigurationError: It is no limiter.
    """
    parts = [getattr(limiter, name, None) for name in ("reserve", "give_back", "slow_down")]
    if isinstance(limiter, type) or not all(callable(part) for part in parts):
        raise errors.ConfigurationError(
            "limiter= must be an object with reserve, give_back and slow_down, such as "
            "limiters.MemoryLimiter(14) or limiters.Unlimited()."
        )
    return LiftedLimiter(
        lift(limiter.reserve, "The limiter's reserve"),
        lift(limiter.give_back, "The limiter's give_back"),
        lift(limiter.slow_down, "The limiter's slow_down"),
    )


def lifted_clock(clock: AnyClock, lift: Lift) -> LiftedClock:
    """The same time; waits are lifted."""
    return LiftedClock(clock.now, clock.monotonic, lift(clock.sleep, "The clock's sleep"))


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
    return MemoryLimiter(LiveRate(read, monotonic=clock.monotonic), clock=clock)


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
    clock: AnyClock
    tell: Callable[[Notice], None]
    purse: Purse
    rules: Rules
    timeout: float | None

    def ports(self, lift: Lift, submit: Submit) -> SendPorts:
        """The ports of the flow, for one kind of client."""
        return SendPorts(
            look_up=asking(self.suppression, lift),
            limiter=lifted_limiter(self.limiter, lift),
            submit=submit,
            clock=lifted_clock(self.clock, lift),
            observe=self.tell,
            jitter=random.random,
            may_repeat=self.purse.may_repeat,
        )

    def deadline(self, timeout: Seconds | None) -> float | None:
        """When a send that begins now must have ended, in the clock's monotonic seconds."""
        seconds = seconds_of(timeout, "timeout") or self.timeout
        return None if seconds is None else self.clock.monotonic() + seconds

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


class Keep(Enum):
    """The default of an option that is left as it is."""

    KEEP = "as it is"

    def __repr__(self) -> str:
        return self.value


KEEP = Keep.KEEP


def wire(
    *,
    suppression: AnySuppression,
    transport: AnyTransport | None,
    limiter: AnyLimiter | None,
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
        limiter=default_limiter(limiter, chosen, clock),
        clock=clock,
        tell=telling(tuple(observers)),
        purse=Purse(retry.budget),
        rules=rules,
        timeout=seconds_of(timeout, "timeout"),
    )
