"""
Sync and async from one text.

A flow is a coroutine over asynchronous ports. `AsyncClient` awaits it. `Client` has synchronous
ports: `SyncLift` wraps each in an ``async def`` that never suspends, so the whole coroutine runs
to its end in a single ``send(None)``, on the caller's stack and thread, with no event loop
anywhere; `drive` does that step. `AsyncLift` takes ports of both kinds: what is a coroutine
function is awaited on the loop, the rest goes through ``run_sync`` to a thread. So there is no
second text that could drift apart from the first.
"""

from __future__ import annotations

import inspect
from collections.abc import Awaitable, Callable, Coroutine
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Any, ParamSpec, Protocol, TypeVar, cast

from sesguard.errors import ConfigurationError, SESGuardError

if TYPE_CHECKING:
    from sesguard.mail import Email
    from sesguard.ports import Recorded

__all__ = [
    "AsyncLift",
    "Lift",
    "LiftedClock",
    "LiftedGuard",
    "LiftedLedger",
    "LiftedLimiter",
    "RunSync",
    "SyncLift",
    "drive",
    "is_async",
    "lift",
    "refuse",
]

P = ParamSpec("P")
T = TypeVar("T")


class RunSync(Protocol):
    """Runs a blocking function elsewhere and gives its answer to the event loop."""

    def __call__(
        self, function: Callable[P, T], /, *args: P.args, **kwargs: P.kwargs
    ) -> Awaitable[T]: ...


class Lift(Protocol):
    """Makes a port's method asynchronous, whichever kind it is."""

    def __call__(
        self, function: Callable[P, T | Awaitable[T]], port: str, /
    ) -> Callable[P, Coroutine[Any, Any, T]]: ...

    async def settle(self, answer: T | Awaitable[T], port: str, /) -> T:
        """The answer itself, where a port gave something that is to be awaited."""
        ...


def drive(coroutine: Coroutine[Any, Any, T]) -> T:
    """
    Run a coroutine that never suspends to its end.

    Raises:
        ConfigurationError: It did suspend: an asynchronous object where a synchronous one belongs.
    """
    try:
        coroutine.send(None)
    except StopIteration as end:
        return cast(T, end.value)
    coroutine.close()
    raise ConfigurationError(
        "A port waits on an event loop, and this client has none. Use the AsyncClient."
    )


def lift(function: Callable[P, T], port: str = "") -> Callable[P, Coroutine[Any, Any, T]]:
    """
    A synchronous function as an asynchronous one that never suspends.

    An awaitable that comes out of it is closed and refused: awaiting it is nobody's work here.
    """

    async def lifted(*args: P.args, **kwargs: P.kwargs) -> T:
        answer = function(*args, **kwargs)
        if inspect.isawaitable(answer):
            refuse(answer, port or getattr(function, "__qualname__", "A port"))
        return answer

    return lifted


def refuse(answer: object, port: str) -> None:
    """Close an awaitable that nobody will await, and say where it came from."""
    close = getattr(answer, "close", None) or getattr(answer, "cancel", None)
    if close is not None:
        close()
    raise ConfigurationError(
        f"{port} answered with an awaitable, and a synchronous client cannot await. "
        "Give it a synchronous function, or use the AsyncClient."
    )


class SyncLift:
    """Lifts synchronous ports, and refuses what is to be awaited."""

    __slots__ = ()

    def __call__(
        self, function: Callable[P, T | Awaitable[T]], port: str, /
    ) -> Callable[P, Coroutine[Any, Any, T]]:
        return cast("Callable[P, Coroutine[Any, Any, T]]", lift(function, port))

    async def settle(self, answer: T | Awaitable[T], port: str, /) -> T:
        if inspect.isawaitable(answer):
            refuse(answer, port)
        return cast(T, answer)


class AsyncLift:
    """
    Lifts ports of either kind.

    Args:
        run_sync: Runs the blocking ones.
    """

    __slots__ = ("_run_sync",)

    def __init__(self, run_sync: RunSync) -> None:
        self._run_sync = run_sync

    def __call__(
        self, function: Callable[P, T | Awaitable[T]], port: str, /
    ) -> Callable[P, Coroutine[Any, Any, T]]:
        if is_async(function):
            return cast("Callable[P, Coroutine[Any, Any, T]]", function)

        async def lifted(*args: P.args, **kwargs: P.kwargs) -> T:
            answer = await self._run_sync(function, *args, **kwargs)
            return await self.settle(answer, port)

        return lifted

    async def settle(self, answer: T | Awaitable[T], port: str, /) -> T:
        if inspect.isawaitable(answer):
            return await answer
        return answer


def is_async(function: object) -> bool:
    """Whether calling *function* gives a coroutine: its own kind, or that of its ``__call__``."""
    return inspect.iscoroutinefunction(function) or inspect.iscoroutinefunction(
        getattr(function, "__call__", None)  # noqa: B004  the method is what is looked at
    )


@dataclass(frozen=True, slots=True)
class LiftedLimiter:
    """A limiter as the flow sees it."""

    reserve: Callable[[int], Coroutine[Any, Any, float]]
    give_back: Callable[[int], Coroutine[Any, Any, None]]
    slow_down: Callable[[float | None], Coroutine[Any, Any, None]]
    away: Callable[[], bool]


@dataclass(frozen=True, slots=True)
class LiftedGuard:
    """A guard as the flow sees it. Its *learn* never raises."""

    admit: Callable[[Email], Coroutine[Any, Any, Email]]
    permit: Callable[[Email], Coroutine[Any, Any, None]]
    learn: Callable[[Email, SESGuardError | None], Coroutine[Any, Any, None]]


@dataclass(frozen=True, slots=True)
class LiftedLedger:
    """A ledger as the flow sees it. Its *finish* and *forget* never raise."""

    begin: Callable[[str, str], Coroutine[Any, Any, Recorded | None]]
    finish: Callable[[str, str], Coroutine[Any, Any, None]]
    forget: Callable[[str], Coroutine[Any, Any, None]]


@dataclass(frozen=True, slots=True)
class LiftedClock:
    """A clock as the flow sees it."""

    now: Callable[[], datetime]
    monotonic: Callable[[], float]
    sleep: Callable[[float], Coroutine[Any, Any, None]]
