"""Sync and async from one text."""

from __future__ import annotations

import asyncio
import functools
from collections.abc import Awaitable
from typing import Any

import pytest

from sesguard._lift import AsyncLift, SyncLift, drive, is_async, lift
from sesguard.errors import ConfigurationError


async def doubled(number: int) -> int:
    return 2 * number


class AsyncCallable:
    async def __call__(self, number: int) -> int:
        return 2 * number


def test_a_coroutine_over_lifted_ports_ends_in_one_step() -> None:
    """No event loop is anywhere."""

    def twice(number: int) -> int:
        return 2 * number

    port = lift(twice, "port")

    async def flow() -> int:
        return await port(3) + await port(4)

    assert drive(flow()) == 14


def test_an_exception_passes_through() -> None:
    """It is the port's own, with its traceback."""

    def port() -> int:
        raise LookupError("x")

    with pytest.raises(LookupError):
        drive(lift(port)())


def test_what_suspends_is_closed_and_refused() -> None:
    """A flow that waits on a loop has none here."""
    closed: list[bool] = []

    async def flow() -> None:
        try:
            await asyncio.sleep(0)
        finally:
            closed.append(True)

    with pytest.raises(ConfigurationError, match="AsyncClient"):
        drive(flow())
    assert closed == [True]


class Future:
    """An awaitable that can be cancelled and not closed."""

    cancelled = False

    def __await__(self) -> Any:
        yield None

    def cancel(self) -> None:
        self.cancelled = True


class Awaits:
    """An awaitable that can be neither."""

    def __await__(self) -> Any:
        yield None


def test_an_awaitable_out_of_a_port_is_closed_and_refused() -> None:
    """A coroutine is closed, a future cancelled, and the message names the port."""
    future = Future()
    for answer in (doubled(1), future, Awaits()):
        lifted: Any = SyncLift()
        with pytest.raises(ConfigurationError, match="The hook answered with an awaitable"):
            drive(lifted(lambda one=answer: one, "The hook")())
        with pytest.raises(ConfigurationError):
            drive(SyncLift().settle(Awaits(), "The hook"))
    assert future.cancelled
    assert drive(SyncLift().settle(3, "port")) == 3


def test_a_port_without_a_name_is_named_by_itself() -> None:
    """The function's own name tells where to look."""
    with pytest.raises(ConfigurationError, match="doubled"):
        _: object = drive(lift(doubled)(1))
    with pytest.raises(ConfigurationError, match="A port"):
        _ = drive(lift(functools.partial(doubled, 1))())


def test_either_kind_is_lifted_for_a_loop() -> None:
    """Coroutine functions are awaited, the rest goes through run_sync."""
    through: list[object] = []

    async def run_sync(function: Any, /, *args: Any, **kwargs: Any) -> Any:
        through.append(function)
        return function(*args, **kwargs)

    async def play() -> list[int]:
        made: Any = AsyncLift(run_sync)
        return [
            await made(doubled, "port")(1),
            await made(AsyncCallable(), "port")(2),
            await made(lambda number: 2 * number, "port")(3),
            await made(lambda number: doubled(number), "port")(4),
            await made.settle(doubled(5), "port"),
            await made.settle(12, "port"),
        ]

    assert asyncio.run(play()) == [2, 4, 6, 8, 10, 12]
    assert len(through) == 2


def test_what_is_asynchronous_is_seen_before_the_call() -> None:
    """Functions and objects by their kind."""
    assert is_async(doubled)
    assert is_async(AsyncCallable())
    assert not is_async(lambda: doubled(1))
    assert not is_async(3)
    assert issubclass(Awaits, Awaitable)
