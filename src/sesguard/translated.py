"""Our errors out of your own smtplib or boto3 code."""

from __future__ import annotations

import functools
import inspect
from collections.abc import Awaitable, Callable
from types import TracebackType
from typing import Any, ParamSpec, TypeVar, cast, final

from sesguard import errors
from sesguard.replies import from_exception

__all__ = ["TranslatedErrors", "translated_errors"]

P = ParamSpec("P")
R = TypeVar("R")


def translated_errors() -> TranslatedErrors:
    """
    Turn what smtplib and boto3 raise about SES into the errors of `sesguard.errors`.

    It is a context manager, and a decorator of functions and coroutine functions:

    ```python
    with translated_errors():
        smtp.send_message(message)


    @translated_errors()
    def send(ses, request):
        return ses.send_email(**request)
    ```

    Translated are smtplib's exceptions, `OSError` out of smtplib's and ssl's code, and botocore's
    exceptions of calls to SES. All else passes untouched. The exception itself stays in the
    error's ``original``; it is not chained, since its text may hold addresses.

    What may have been sent is an `OutcomeUnknownError`: a lost connection of which smtplib's
    frames do not tell the command, a bad answer to QUIT, a read time-out. Put one mail in one
    block, or the error of the second says nothing about the first.
    """
    return TranslatedErrors()


@final
class TranslatedErrors:
    """What `translated_errors` gives. It holds nothing, so it can be used again and nested."""

    def __enter__(self) -> None:
        return None

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
        /,
    ) -> None:
        if error is None:
            return
        translated = from_exception(error)
        if translated is not None and translated is not error:
            raise translated from None

    def __call__(self, function: Callable[P, R], /) -> Callable[P, R]:
        """
        *function*, whose errors are translated.

        Raises:
            ConfigurationError: It is a generator function, whose errors come later than its call.
        """
        if inspect.isgeneratorfunction(function) or inspect.isasyncgenfunction(function):
            raise errors.ConfigurationError(
                "translated_errors() decorates functions and coroutine functions. In a generator, "
                "write `with translated_errors():` around the call."
            )
        if _gives_coroutine(function):
            return self._around_coroutine(function)

        @functools.wraps(function)
        def call(*args: P.args, **kwargs: P.kwargs) -> R:
            with self:
                return function(*args, **kwargs)

        return call

    def _around_coroutine(self, function: Callable[P, R]) -> Callable[P, R]:
        awaited = cast("Callable[P, Awaitable[Any]]", function)

        @functools.wraps(function)
        async def call(*args: P.args, **kwargs: P.kwargs) -> Any:
            with self:
                return await awaited(*args, **kwargs)

        return cast("Callable[P, R]", call)


def _gives_coroutine(function: Callable[..., object]) -> bool:
    return inspect.iscoroutinefunction(function) or inspect.iscoroutinefunction(
        getattr(type(function), "__call__", None)  # noqa: B004  an object with an async __call__
    )
