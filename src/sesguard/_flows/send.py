"""
One send, told once: look up, screen, wait for the rate, hand over, judge the answer.

Nothing here knows an event loop, a socket, a thread or a clock. See `sesguard._lift`.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from math import isfinite
from typing import Literal, TypeVar, cast

from sesguard import errors
from sesguard._core.retry import RetryPolicy
from sesguard._core.screening import (
    Found,
    OnSuppressed,
    Screened,
    checked,
    keys_of,
    screen,
    unavailable,
)
from sesguard._lift import LiftedClock, LiftedLimiter
from sesguard.addresses import AddressKey
from sesguard.mail import Email
from sesguard.outcomes import Attempted, LookUpFailed, Notice, SendResult, Waited
from sesguard.ports import Receipt

__all__ = ["Rules", "SendPorts", "deliver", "screen_all", "screen_one"]

OnLookupError = Literal["raise", "send"]

T = TypeVar("T")


@dataclass(frozen=True, slots=True, kw_only=True)
class Rules:
    """What the caller decided, for all sends of a client."""

    on_suppressed: OnSuppressed
    on_lookup_error: OnLookupError
    retry: RetryPolicy
    configuration_set: str | None
    tags: Mapping[str, str]


@dataclass(frozen=True, slots=True, kw_only=True)
class SendPorts:
    """
    What a send needs of the world, asynchronous all.

    Attributes:
        look_up: Keys and scopes to whatever the hook answers. Judged here.

        submit: One request, within the seconds given (None: without a limit of its own).

        observe: Tells the observers. Never raises.

        jitter: Numbers from 0 to 1.

        may_repeat: Takes one retry out of the client's budget; False where it is empty.
    """

    look_up: Callable[[Sequence[AddressKey], Sequence[str]], Awaitable[object]]
    limiter: LiftedLimiter
    submit: Callable[[Email, float | None], Awaitable[Receipt]]
    clock: LiftedClock
    observe: Callable[[Notice], None]
    jitter: Callable[[], float]
    may_repeat: Callable[[], bool]


async def screen_one(email: Email, ports: SendPorts, rules: Rules) -> Screened:
    """
    Ask the list about one e-mail.

    Raises:
        SuppressedError, SuppressionUnavailableError: It may not be sent.
    """
    (answer,) = await screen_all((email,), ports, rules)
    if isinstance(answer, errors.SESGuardError):
        raise answer
    return answer


async def screen_all(
    emails: Sequence[Email], ports: SendPorts, rules: Rules
) -> list[Screened | errors.SESGuardError]:
    """
    Ask the list about several e-mails, with one look-up for all that share their scopes.

    Returns:
        For each e-mail, in order, what may be sent or why it may not.
    """
    by_scopes: dict[tuple[str, ...], list[Email]] = {}
    for email in emails:
        by_scopes.setdefault(email.scopes, []).append(email)
    found: dict[tuple[str, ...], Found] = {}
    for scopes, group in by_scopes.items():
        found[scopes] = await _look_up(keys_of(group), scopes, ports, rules)
    return [_screened(email, found[email.scopes], rules) for email in emails]


def _screened(email: Email, found: Found, rules: Rules) -> Screened | errors.SESGuardError:
    try:
        screened = screen(email, found, on_suppressed=rules.on_suppressed)
    except (errors.SuppressedError, errors.SuppressionUnavailableError) as error:
        return error
    email = screened.email.with_defaults(configuration_set=rules.configuration_set, tags=rules.tags)
    return Screened(email=email, suppressed=screened.suppressed)


async def _look_up(
    keys: Sequence[AddressKey], scopes: Sequence[str], ports: SendPorts, rules: Rules
) -> Found:
    try:
        found = checked(await ports.look_up(keys, scopes), keys, now=ports.clock.now())
    except errors.ConfigurationError:
        raise
    except Exception as error:
        # Whatever a hook raises, the list was not asked: the mail must not go out unseen.
        found = dict.fromkeys(keys, unavailable(error))
    if rules.on_lookup_error == "raise":
        return found
    failed = [one for one in found.values() if isinstance(one, errors.SuppressionUnavailableError)]
    for failure in dict.fromkeys(failed):
        ports.observe(LookUpFailed(error=failure))
    return {key: one for key, one in found.items() if one not in failed}


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
    while True:
        waited += await _wait_for_rate(len(email.recipients), ports, deadline)
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
        return _result(screened, receipt, attempt, waited)


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


def _result(screened: Screened, receipt: Receipt, attempts: int, waited: float) -> SendResult:
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
    )
