"""The guarded send, with lists, transports and limiters that fail in their own words."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from datetime import timedelta
from functools import partial
from pathlib import Path
from typing import Any, TypeVar

from sesguard import AsyncClient, Client, Email, allow_if, limiters, replies, stores, testing
from sesguard.addresses import AddressKey
from sesguard.errors import SESGuardError
from sesguard.ports import Handover, Receipt
from tests.canary.material import (
    ADDRESS,
    FOREIGN,
    KEY,
    SAID,
    UNVERIFIED,
    Foreign,
    entry,
    failing,
    failing_later,
    letter,
    templated,
)
from tests.canary.watch import Watch

__all__ = ["SCENARIOS", "guarded"]

T = TypeVar("T")


class Answering:
    """
    A transport that answers with what it is given, or raises it.

    Args:
        hands_over: Whether it comes to its last moment before it waits.

        waits: For what it waits.
    """

    def __init__(
        self,
        answer: object = None,
        *,
        hands_over: bool = True,
        waits: threading.Event | None = None,
    ) -> None:
        self._answer: Any = answer or Receipt(message_id="0100017f-a", request_id="request")
        self._hands_over = hands_over
        self._waits = waits

    def submit(self, email: Email, handover: Handover, /) -> Receipt:
        if self._hands_over:
            handover()
        if self._waits is not None:
            assert self._waits.wait(10)
            handover()
        if isinstance(self._answer, BaseException):
            raise self._answer
        answer: Receipt = self._answer
        return answer

    def close(self) -> None:
        pass


class Later:
    """A transport for an event loop alone."""

    async def submit(self, email: Email, handover: Handover, /) -> Receipt:
        await asyncio.sleep(0)
        raise Foreign

    async def close(self) -> None:
        pass


def guarded(
    watch: Watch,
    mails: Sequence[Email] = (),
    *,
    timeout: float | None = None,
    sync: bool = True,
    **options: Any,
) -> None:
    """Send by both kinds of client, one by one and many, and look at all that comes."""
    mails = mails or [letter(), templated()]
    given: dict[str, Any] = {
        "suppression": None,
        "transport": Answering(),
        "limiter": limiters.Unlimited(),
        "clock": testing.ManualClock(),
        "observers": [watch.value, failing],
        **options,
    }

    def send() -> None:
        with Client(**given) as client:
            watch.value(client)
            for one in mails:
                watch.ask(partial(client.send, timeout=timeout), one)
            watch.ask(partial(client.send_many, on_outcome=watch.value), mails)
            watch.ask(lambda: list(client.iter_send(mails)))

    async def send_later() -> None:
        async with AsyncClient(**given) as client:
            watch.value(client)
            for one in mails:
                await _answered(watch, client.send(one, timeout=timeout))
            await _answered(watch, client.send_many(mails, on_outcome=watch.value))
            await _answered(watch, _all(client.iter_send(mails)))

    if sync:
        watch.ask(send)
    watch.ask(lambda: asyncio.run(send_later()))


async def _answered(watch: Watch, awaitable: Awaitable[object]) -> None:
    try:
        watch.value(await awaitable)
    except SESGuardError as error:
        watch.value(error)


async def _all(iterator: AsyncIterator[T]) -> list[T]:
    return [one async for one in iterator]


class Looking:
    """A list that is asked for all at once."""

    def __init__(self, answer: Callable[[Sequence[AddressKey]], object]) -> None:
        self._answer = answer

    def look_up(self, keys: Sequence[AddressKey], scopes: Sequence[str] = (), /) -> object:
        return self._answer(keys)


def hooks(watch: Watch, folder: Path) -> None:
    """Lists that stop mail, fail, or answer nonsense."""
    any_allow_if: Any = allow_if
    for one in (
        lambda key: True,
        lambda key: key == KEY,
        lambda key: entry() if key == KEY else None,
        lambda key: key,
        failing,
        failing_later,
        allow_if(lambda key: key != KEY),
        any_allow_if(lambda key: key),
        any_allow_if(failing),
        any_allow_if(failing_later),
        stores.MemoryStore([entry()]),
        Looking(lambda keys: dict.fromkeys(keys, True)),
        Looking(lambda keys: {f"{KEY}.": entry()}),
        Looking(lambda keys: keys),
        Looking(failing),
    ):
        guarded(watch, [letter()], suppression=one)
        guarded(watch, [letter()], suppression=one, on_suppressed="drop", on_lookup_error="send")


def others(watch: Watch, folder: Path) -> None:
    """Transports and limiters that fail, refuse some, or answer nonsense."""
    for answer in (
        None,
        FOREIGN,
        Foreign(),
        KeyError(ADDRESS),
        OSError(5, FOREIGN, ADDRESS),
        Receipt(
            message_id="0100017f-a",
            refused={f"1{ADDRESS}": replies.from_smtp(550, SAID, phase="rcpt")},
        ),
        replies.from_smtp(454, f"Throttling failure: {SAID}", phase="body"),
        replies.from_api("MessageRejected", UNVERIFIED, status=400),
    ):
        guarded(watch, transport=Answering(answer))
    guarded(watch, transport=Later(), sync=False)
    rates: list[Any] = [failing, lambda: FOREIGN, iter([14.0, FOREIGN, 7.0]).__next__]
    for limiter in (*map(limiters.MemoryLimiter, rates), Failing()):
        guarded(watch, [letter()], limiter=limiter)
        watch.value(limiter)
    slow = limiters.MemoryLimiter(0.01)
    for _ in range(2):
        guarded(watch, [letter()], limiter=slow, timeout=0.5)
    for limiter in (slow, limiters.Unlimited()):
        watch.value(limiter)
        watch.ask(limiter.reserve, 1)
        watch.ask(limiter.give_back, 1)
        watch.ask(limiter.slow_down)


class Failing:
    """A limiter that only fails."""

    reserve = give_back = slow_down = staticmethod(failing)


def cut_short(watch: Watch, folder: Path) -> None:
    """Sends that a time-out cuts, before and after the handover; clients that are closed."""
    for hands_over in (True, False):
        held = threading.Event()
        transport = Answering(Foreign(), hands_over=hands_over, waits=held)
        options: Any = {"suppression": None, "transport": transport, "timeout": 0.03}
        with Client(limiter=limiters.Unlimited(), **options) as client:
            watch.ask(client.send, letter())
        watch.ask(partial(asyncio.run, _cut(watch, options)))
        held.set()
    with Client(suppression=lambda key: True, transport=Answering()) as client:
        other = client.with_options(tags={"kind": "order"}, timeout=timedelta(seconds=5))
        watch.value(other)
        watch.ask(other.send, letter())
        wrong: Any
        for wrong in ({"tags": {"kind": ADDRESS}}, {"suppression": ADDRESS}, {"timeout": ADDRESS}):
            watch.ask(partial(client.with_options, **wrong))
    no_mail: Any = FOREIGN
    for one in (letter(), no_mail):
        watch.ask(client.send, one)
        watch.ask(client.iter_send, [one])


async def _cut(watch: Watch, options: Any) -> None:
    async with AsyncClient(limiter=limiters.Unlimited(), **options) as client:
        await _answered(watch, client.send(letter()))
        watch.value(client.with_options(on_suppressed="drop"))


SCENARIOS = [hooks, others, cut_short]
