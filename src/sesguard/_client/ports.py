"""The ports that a client was given: checked at the door, and lifted for the flow."""

from __future__ import annotations

import logging
from collections.abc import Callable, Coroutine, Sequence
from typing import TYPE_CHECKING, Any, ParamSpec, TypeAlias

from sesguard import errors
from sesguard._flows.send_ports import SendPorts
from sesguard._lift import Lift, LiftedClock, LiftedGuard, LiftedLedger, LiftedLimiter
from sesguard.ports import (
    AsyncClock,
    AsyncGuard,
    AsyncLedger,
    AsyncLimiter,
    AsyncTransport,
    Clock,
    Guard,
    Handover,
    Ledger,
    Limiter,
    Transport,
)

if TYPE_CHECKING:
    from sesguard.mail import Email

__all__ = [
    "AnyClock",
    "AnyGuard",
    "AnyLedger",
    "AnyLimiter",
    "AnyTransport",
    "bulk_of",
    "check_bulk",
    "checked_clock",
    "checked_guards",
    "checked_ledger",
    "lifted_clock",
    "lifted_guard",
    "lifted_ledger",
    "lifted_limiter",
]

logger = logging.getLogger("sesguard.client")

AnyTransport: TypeAlias = Transport | AsyncTransport
AnyLimiter: TypeAlias = Limiter | AsyncLimiter
AnyGuard: TypeAlias = Guard | AsyncGuard
AnyLedger: TypeAlias = Ledger | AsyncLedger
AnyClock: TypeAlias = Clock | AsyncClock

P = ParamSpec("P")


def _is_one(port: object, *names: str) -> bool:
    """Whether it has all methods of a port, and is no class."""
    return not isinstance(port, type) and all(callable(getattr(port, name, None)) for name in names)


def bulk_of(transport: object) -> Callable[[Sequence[Email], Handover], Any] | None:
    """A transport's ``submit_bulk``, where it has one."""
    found = getattr(transport, "submit_bulk", None)
    return found if callable(found) else None


def check_bulk(ports: SendPorts) -> None:
    """
    Raises:
        ConfigurationError: The transport has no bulk sends.
    """
    if ports.submit_bulk is None:
        raise errors.ConfigurationError(
            "bulk=True needs a transport with submit_bulk, such as transports.SESTransport(). "
            "Over this one, send without it."
        )


def checked_guards(guards: Sequence[AnyGuard]) -> tuple[AnyGuard, ...]:
    """
    The guards given.

    Raises:
        ConfigurationError: They are no list of guards.
    """
    try:
        found = tuple(guards)
    except TypeError:
        found = None
    if found is None or not all(_is_one(one, "admit", "permit", "learn") for one in found):
        raise errors.ConfigurationError(
            "guards= must be a list of objects with admit, permit and learn, such as "
            "guards.CircuitBreaker()."
        )
    return found


def lifted_guard(guard: AnyGuard, lift: Lift) -> LiftedGuard:
    """The same guard, as the flow sees it."""
    learn = lift(guard.learn, "A guard's learn")
    return LiftedGuard(
        lift(guard.admit, "A guard's admit"),
        lift(guard.permit, "A guard's permit"),
        _never_raising(learn, "A guard's learn", "The send is not changed by it."),
    )


def checked_ledger(ledger: AnyLedger | None) -> AnyLedger | None:
    """
    The ledger given.

    Raises:
        ConfigurationError: It is none.
    """
    if ledger is None or _is_one(ledger, "begin", "finish", "forget"):
        return ledger
    raise errors.ConfigurationError(
        "ledger= must be an object with begin, finish and forget, such as "
        "ledgers.SQLiteLedger(path)."
    )


def lifted_ledger(ledger: AnyLedger, lift: Lift) -> LiftedLedger:
    """The same ledger, as the flow sees it."""
    finish = lift(ledger.finish, "The ledger's finish")
    forget = lift(ledger.forget, "The ledger's forget")
    left = "The send is not changed by it; its key stays unfinished until an event settles it."
    return LiftedLedger(
        lift(ledger.begin, "The ledger's begin"),
        _never_raising(finish, "The ledger's finish", left),
        _never_raising(forget, "The ledger's forget", left),
    )


def _never_raising(
    function: Callable[P, Coroutine[Any, Any, None]], what: str, left: str
) -> Callable[P, Coroutine[Any, Any, None]]:
    """What is told after the send: a failure there is said in the log, and changes nothing."""

    async def told(*args: P.args, **kwargs: P.kwargs) -> None:
        try:
            await function(*args, **kwargs)
        except Exception as error:  # whatever it raises: what became of the mail is known
            logger.warning("%s failed with %s. %s", what, type(error).__name__, left)

    return told


def lifted_limiter(limiter: AnyLimiter, lift: Lift) -> LiftedLimiter:
    """
    The same rate, as the flow sees it.

    Raises:
        ConfigurationError: It is no limiter.
    """
    if not _is_one(limiter, "reserve", "give_back", "slow_down"):
        raise errors.ConfigurationError(
            "limiter= must be an object with reserve, give_back and slow_down, such as "
            "limiters.MemoryLimiter(14) or limiters.Unlimited()."
        )
    return LiftedLimiter(
        lift(limiter.reserve, "The limiter's reserve"),
        lift(limiter.give_back, "The limiter's give_back"),
        lift(limiter.slow_down, "The limiter's slow_down"),
        lambda: getattr(limiter, "away", False) is True,
    )


def lifted_clock(clock: AnyClock, lift: Lift) -> LiftedClock:
    """The same time; waits are lifted."""
    return LiftedClock(clock.now, clock.monotonic, lift(clock.sleep, "The clock's sleep"))


def checked_clock(clock: AnyClock) -> AnyClock:
    """
    The clock given.

    Raises:
        ConfigurationError: It is no clock.
    """
    if not _is_one(clock, "now", "monotonic", "sleep"):
        raise errors.ConfigurationError("clock= must be an object with now, monotonic and sleep.")
    return clock
