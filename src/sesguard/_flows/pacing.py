"""Waits for the account's rate, and knows what passes a deadline."""

from __future__ import annotations

from collections.abc import Awaitable
from math import isfinite
from typing import TypeVar, cast

from sesguard import errors
from sesguard._flows.send_ports import SendPorts
from sesguard.outcomes import Waited

__all__ = ["by_limiter", "passes", "wait_for_rate"]

T = TypeVar("T")


async def wait_for_rate(units: int, ports: SendPorts, deadline: float | None) -> float:
    """
    Wait until *units* recipients may be mailed.

    Returns:
        The seconds that it took.

    Raises:
        SendingRateExceededError, ServiceUnavailableError: There is no room before the deadline.

        StoreError: The limiter failed.
    """
    answer = cast("object", await by_limiter(ports.limiter.reserve(units)))
    if not isinstance(answer, (int, float)) or not isfinite(answer):
        raise errors.StoreError(
            f"The limiter answered {type(answer).__name__} instead of the seconds to wait, so "
            "nothing was sent. Its reserve must answer a number, 0 for at once."
        )
    wait = max(answer, 0.0)
    if passes(deadline, wait, ports):
        await by_limiter(ports.limiter.give_back(units))
        raise _out_of_time(wait)
    if wait > 0:
        ports.observe(Waited(seconds=wait))
        try:
            await ports.clock.sleep(wait)
        except BaseException:
            await by_limiter(ports.limiter.give_back(units))  # called off before it was tried
            raise
    return wait


async def by_limiter(answer: Awaitable[T]) -> T:
    """
    What a limiter answers.

    Raises:
        StoreError: It failed.
    """
    try:
        return await answer
    except errors.SESGuardError:
        raise
    except Exception as error:
        # A limiter of the caller's: whatever it raises, the mail was not sent.
        raise errors.StoreError(
            f"The limiter failed with {type(error).__name__}, so nothing was sent. "
            "Mend it (error.original holds the cause) and send again.",
            original=error,
        ) from None


def _out_of_time(wait: float) -> errors.SendError:
    if wait > 0:
        return errors.SendingRateExceededError(
            f"The account's rate leaves room in {wait:.1f} seconds, after this send's time-out, "
            "so nothing was sent. Send later, or allow a longer timeout=.",
            retry_after=wait,
            attempts=0,
        )
    return errors.ServiceUnavailableError(
        "The time-out of this send ended before SES was asked, so nothing was sent. "
        "Send again, or allow a longer timeout=.",
        attempts=0,
    )


def passes(deadline: float | None, seconds: float, ports: SendPorts) -> bool:
    """Whether a deadline is over in so many seconds."""
    return deadline is not None and ports.clock.monotonic() + seconds >= deadline
