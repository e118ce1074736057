"""
One send, told once: wait for the rate, ask the guards, hand over, judge the answer.

Nothing here knows an event loop, a socket, a thread or a clock. See `sesguard._lift`.
"""

from __future__ import annotations

from sesguard import errors
from sesguard._core.screening import Screened
from sesguard._flows.asking import called_off, request, result_of
from sesguard._flows.guarding import learn, permit
from sesguard._flows.pacing import by_limiter, passes, wait_for_rate
from sesguard._flows.send_ports import Rules, SendPorts
from sesguard.mail import Email
from sesguard.outcomes import SendResult, Waited
from sesguard.ports import Receipt

__all__ = ["deliver"]


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
        waited += await wait_for_rate(len(email.recipients), ports, deadline)
        away = away or ports.limiter.away()
        if ports.guards:
            await _permitted(email, ports)
        attempt += 1
        try:
            receipt = await _attempt(email, attempt, ports, deadline)
        except errors.SendError as error:
            error.attempts = attempt
            if isinstance(error, errors.SendingRateExceededError):
                await by_limiter(ports.limiter.slow_down(error.retry_after))
            pause = rules.retry.wait(error, attempt, jitter=ports.jitter())
            if pause is None or passes(deadline, pause, ports) or not ports.may_repeat():
                raise
            ports.observe(Waited(seconds=pause, error=error))
            await ports.clock.sleep(pause)
            waited += pause
            continue
        return result_of(screened, receipt, attempt, waited, limiter_away=away)


async def _permitted(email: Email, ports: SendPorts) -> None:
    try:
        await permit(email, ports)
    except BaseException:
        await by_limiter(ports.limiter.give_back(len(email.recipients)))
        raise


async def _attempt(email: Email, attempt: int, ports: SendPorts, deadline: float | None) -> Receipt:
    """One request, of which the guards learn however it ends."""
    try:
        receipt = await request(
            lambda seconds: ports.submit(email, seconds),
            Receipt,
            attempt=attempt,
            units=len(email.recipients),
            ports=ports,
            deadline=deadline,
        )
    except errors.SESGuardError as error:
        await learn(email, error, ports)
        raise
    except BaseException:
        await learn(email, called_off(), ports)
        raise
    await learn(email, None, ports)
    return receipt
