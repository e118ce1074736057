"""
One send, told once: wait for the rate, ask the guards, hand over, judge the answer.

Nothing here knows an event loop, a socket, a thread or a clock. See `sesguard._lift`.
"""

from __future__ import annotations

from collections.abc import Awaitable, Iterable
from math import isfinite
from typing import TypeVar, cast

from sesguard import errors
from sesguard._core.screening import Screened
from sesguard._flows.guarding import learn, permit
from sesguard._flows.send_ports import Rules, SendPorts
from sesguard.mail import Email
from sesguard.outcomes import Attempted, SendResult, Waited
from sesguard.ports import Receipt

__all__ = ["deliver"]

T = TypeVar("T")


async def deliver(
    screened: Screened, ports: SendPorts, rules: Rules, *, deadline: float | None
) -> SendResult:
    """
    Send what the list lets go, at the account's rate, and again where that is safe.

    Args:
        deadline: Monotonic seconds after which nothing is begun; None for no limit.

    Raises:
        SendError: The leaf class that says what became of it.
    """
    email = screened.email
    waited = 0.0
    attempt = 0
    away = False
    while True:
        waited += await _wait_for_rate(len(email.recipients), ports, deadline)
        away = away or ports.limiter.away()
        if ports.guards:
            await _permitted(email, ports)
        attempt += 1
        try:
            receipt = await _attempt(email, attempt, ports, deadline)
        except errors.SendError as error:
            error.attempts = attempt
            if isinstance(error, errors.SendingRateExceededError):
                await _by_limiter(ports.limiter.slow_down(error.retry_after))
            pause = rules.retry.wait(error, attempt, jitter=ports.jitter())
            if pause is None or _passes(deadline, pause, ports) or not ports.may_repeat():
                raise
            ports.observe(Waited(seconds=pause, error=error))
            await ports.clock.sleep(pause)
            waited += pause
            continue
        return _result(screened, receipt, attempt, waited, limiter_away=away)


async def _permitted(email: Email, ports: SendPorts) -> None:
    try:
        await permit(email, ports)
    except BaseException:
        await _by_limiter(ports.limiter.give_back(len(email.recipients)))
        raise


async def _wait_for_rate(units: int, ports: SendPorts, deadline: float | None) -> float:
    answer = cast("object", await _by_limiter(ports.limiter.reserve(units)))
    if not isinstance(answer, (int, float)) or not isfinite(answer):
        raise errors.StoreError(
            f"The limiter answered {type(answer).__name__} instead of the seconds to wait, so "
            "nothing was sent. Its reserve must answer a number, 0 for at once."
        )
    wait = max(answer, 0.0)
    if _passes(deadline, wait, ports):
        await _by_limiter(ports.limiter.give_back(units))
        raise _out_of_time(wait)
    if wait > 0:
        ports.observe(Waited(seconds=wait))
        try:
            await ports.clock.sleep(wait)
        except BaseException:
            await _by_limiter(ports.limiter.give_back(units))  # called off before it was tried
            raise
    return wait


async def _by_limiter(answer: Awaitable[T]) -> T:
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


def _passes(deadline: float | None, seconds: float, ports: SendPorts) -> bool:
    return deadline is not None and ports.clock.monotonic() + seconds >= deadline


async def _attempt(email: Email, attempt: int, ports: SendPorts, deadline: float | None) -> Receipt:
    """One request, of which the guards learn however it ends."""
    if not ports.guards:
        return await _request(email, attempt, ports, deadline)
    try:
        receipt = await _request(email, attempt, ports, deadline)
    except errors.SESGuardError as error:
        await learn(email, error, ports)
        raise
    except BaseException:
        await learn(email, _called_off(), ports)
        raise
    await learn(email, None, ports)
    return receipt


def _called_off() -> errors.SendError:
    return errors.OutcomeUnknownError(
        "The send was called off while SES was asked, so the mail may have been sent or not. "
        "Wait for its Send or Delivery event before you mail again."
    )


async def _request(email: Email, attempt: int, ports: SendPorts, deadline: float | None) -> Receipt:
    began = ports.clock.monotonic()

    def told(error: errors.SendError | None) -> None:
        seconds = ports.clock.monotonic() - began
        units = len(email.recipients)
        ports.observe(Attempted(attempt=attempt, units=units, seconds=seconds, error=error))

    try:
        receipt = await ports.submit(email, None if deadline is None else deadline - began)
        if not isinstance(receipt, Receipt):  # pyright: ignore[reportUnnecessaryIsInstance]  a port of the caller's
            raise errors.OutcomeUnknownError(
                f"The transport answered with {type(receipt).__name__} instead of a Receipt, so "
                "the mail may have been sent or not. Mend the transport before you send again."
            )
    except errors.SendError as error:
        told(error)
        raise
    except errors.SESGuardError:
        raise  # found before SES was asked: no request was made
    except Exception as failure:
        # A transport that raises what it should not leaves open whether the mail was taken.
        unknown = errors.OutcomeUnknownError(
            f"The transport failed with {type(failure).__name__}, so the mail may have been sent "
            "or not. See error.original, and wait for its Send or Delivery event.",
            original=failure,
        )
        told(unknown)
        raise unknown from None
    told(None)
    return receipt


def _result(
    screened: Screened, receipt: Receipt, attempts: int, waited: float, *, limiter_away: bool
) -> SendResult:
    accepted: Iterable[str] = dict.fromkeys([one.addr_spec for one in screened.email.recipients])
    if receipt.refused:
        accepted = [one for one in accepted if one not in receipt.refused]
    return SendResult(
        message_id=receipt.message_id,
        request_id=receipt.request_id,
        accepted=tuple(accepted),
        suppressed=screened.suppressed,
        refused=receipt.refused,
        attempts=attempts,
        waited=waited,
        limiter_away=limiter_away,
    )
