"""Keys that events settle."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import cast, overload

from sesguard._core.idempotency import settled_by
from sesguard._lift import is_async
from sesguard.errors import ConfigurationError
from sesguard.events import Event
from sesguard.ports import AsyncLedger, Ledger

__all__ = ["settling"]


@overload
def settling(ledger: Ledger) -> Callable[[Event], None]: ...
@overload
def settling(ledger: AsyncLedger) -> Callable[[Event], Awaitable[None]]: ...
def settling(
    ledger: Ledger | AsyncLedger,
) -> Callable[[Event], None] | Callable[[Event], Awaitable[None]]:
    """
    A handler that settles the keys of sends whose answer was lost::

        Worker(source, store=store, handlers=[ledgers.settling(ledger)])

    The configuration set must publish Send or Delivery events for that. What a key's send came
    to is recorded once: an event changes nothing about a send that was answered.

    Args:
        ledger: The ledger of the client that sends, or another one over the same file, server
            or table. An asynchronous one is used on the worker's own event loop, so give it a
            connection of its own.

    Returns:
        A handler: a coroutine function where the ledger is asynchronous. It raises StoreError
        where the ledger is away, and the event comes again.

    Raises:
        ConfigurationError: It is no ledger.
    """
    if isinstance(ledger, type) or not callable(getattr(ledger, "finish", None)):
        raise ConfigurationError(
            "ledger= must be a ledger that has been made, such as ledgers.SQLiteLedger(path)."
        )
    if is_async(ledger.finish):
        return _settling_async(cast("AsyncLedger", ledger))
    return _settling(cast("Ledger", ledger))


def _settling(ledger: Ledger) -> Callable[[Event], None]:
    def settle(event: Event) -> None:
        settled = settled_by(event)
        if settled is not None:
            ledger.finish(*settled)

    return settle


def _settling_async(ledger: AsyncLedger) -> Callable[[Event], Awaitable[None]]:
    async def settle(event: Event) -> None:
        settled = settled_by(event)
        if settled is not None:
            await ledger.finish(*settled)

    return settle
