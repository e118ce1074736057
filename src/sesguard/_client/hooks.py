"""One question for all recipients, out of a hook, a store, or None."""

from __future__ import annotations

import inspect
from collections.abc import Awaitable, Callable, Sequence
from typing import TypeAlias, cast, overload

from sesguard import errors
from sesguard._core.screening import unavailable
from sesguard._lift import Lift, is_async, refuse
from sesguard.addresses import AddressKey
from sesguard.ports import AsyncLookUp, AsyncSuppressionHook, LookUp, SuppressionHook

__all__ = ["AnySuppression", "allow_if", "asking"]

AnySuppression: TypeAlias = SuppressionHook | AsyncSuppressionHook | LookUp | AsyncLookUp | None


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
            return {key: await _settled(one(key)) for key in keys}

        return await_each

    def call_each(keys: Sequence[AddressKey]) -> list[object]:
        return [_answer(hook, key) for key in keys]

    each = lift(call_each, port)

    async def ask(keys: Sequence[AddressKey], scopes: Sequence[str]) -> object:
        answers = await each(keys)
        try:
            return {
                key: await _settled(lift.settle(answer, port))
                for key, answer in zip(keys, answers, strict=True)
            }
        finally:
            for answer in answers:
                if inspect.iscoroutine(answer):
                    answer.close()  # nobody is left to await it

    return ask


def _answer(hook: Callable[[AddressKey], object], key: AddressKey) -> object:
    """What the hook says of one key. Its failure is that key's alone: others are told apart."""
    try:
        return hook(key)
    except errors.ConfigurationError:
        raise
    except Exception as error:
        return unavailable(error)


async def _settled(answer: Awaitable[object]) -> object:
    """`_answer`, awaited."""
    try:
        return await answer
    except errors.ConfigurationError:
        raise
    except Exception as error:
        return unavailable(error)


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

    Raises:
        ConfigurationError: It is no function.
    """
    if isinstance(allowed, type) or not callable(allowed):  # a class would say yes to everybody
        raise errors.ConfigurationError(
            "allow_if takes a function (address) -> bool, which tells who may be mailed."
        )
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
