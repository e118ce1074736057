"""Who is told of which events."""

from __future__ import annotations

import inspect
import logging
from collections.abc import Awaitable, Callable, Iterable
from typing import Any, TypeVar

from sesguard._lift import is_async
from sesguard.errors import ConfigurationError
from sesguard.events import Event, SubscriptionConfirmation

__all__ = ["Handlers"]

logger = logging.getLogger("sesguard.worker")

E = TypeVar("E", bound=Event)
R = TypeVar("R")


class Handlers:
    """
    Functions that are told events, in the order in which they came.

    Args:
        given: Those that are told all.

        owner: The class they were given to, for what is said of a mistake.
    """

    def __init__(self, given: Iterable[Callable[[Event], object]], owner: str) -> None:
        self._owner = owner
        self._all: list[tuple[tuple[type, ...], Callable[[Any], object]]] = []
        for handler in given:
            self._add(handler, (object,))

    def on(self, kinds: tuple[type[E], ...]) -> Callable[[Callable[[E], R]], Callable[[E], R]]:
        """A decorator for those that are told the events of these classes."""
        if not kinds or not all(map(inspect.isclass, kinds)):
            raise ConfigurationError(
                "worker.on takes classes of events: @worker.on(events.Bounce). "
                f"Functions that are told all events go to {self._owner}(…, handlers=[…])."
            )

        def decorate(handler: Callable[[E], R]) -> Callable[[E], R]:
            self._add(handler, kinds)
            return handler

        return decorate

    def _add(self, handler: object, kinds: tuple[type, ...]) -> None:
        if isinstance(handler, type) or not callable(handler):
            raise ConfigurationError(
                f"A handler is a function (event) -> None, and {_described(handler)} was given."
            )
        self._all.append((kinds, handler))

    def are_async(self) -> bool:
        """Whether one of them is, as far as can be seen."""
        return any(is_async(handler) for _, handler in self._all)

    def ports(
        self, run: Callable[[Awaitable[object]], None]
    ) -> list[Callable[[Event], Awaitable[None]]]:
        """
        Each as the flow sees it, after one of our own that warns.

        Args:
            run: Awaits what an asynchronous one leaves, to its end.
        """
        return [_warn_of_confirmation, *(_told(kinds, one, run) for kinds, one in self._all)]


def _told(
    kinds: tuple[type, ...],
    handler: Callable[[Any], object],
    run: Callable[[Awaitable[object]], None],
) -> Callable[[Event], Awaitable[None]]:
    async def tell(event: Event) -> None:
        if isinstance(event, kinds):
            answer = handler(event)
            if inspect.isawaitable(answer):
                run(answer)

    return tell


def _described(given: object) -> str:
    return f"the class {given.__name__}" if isinstance(given, type) else type(given).__name__


async def _warn_of_confirmation(event: Event) -> None:
    if isinstance(event, SubscriptionConfirmation):
        logger.warning(
            "SNS asks whether the queue wants a topic, and sends nothing before it is told so: %r. "
            "Confirm the subscription by its token (@worker.on(events.SubscriptionConfirmation)), "
            "or subscribe the queue from its own account, where nothing is to be confirmed.",
            event,
        )
