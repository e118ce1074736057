"""
Several sends by one request, told once: the same steps as one send, and an end for each.

See `sesguard._flows.send`.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TypeAlias, cast

from sesguard import errors
from sesguard._core.screening import Screened
from sesguard._flows.asking import called_off, request, result_of
from sesguard._flows.guarding import learn, not_asked, permit
from sesguard._flows.pacing import by_limiter, passes, wait_for_rate
from sesguard._flows.send_ports import Rules, SendPorts
from sesguard.outcomes import SendResult, Waited
from sesguard.ports import Answer, Receipt

__all__ = ["End", "deliver_bulk"]

End: TypeAlias = SendResult | errors.SESGuardError
"""What became of one of them."""

_Left: TypeAlias = Mapping[int, Screened]


async def deliver_bulk(
    parcel: Sequence[Screened], ports: SendPorts, rules: Rules, *, deadline: float | None
) -> list[End]:
    """
    Send e-mails by one request, and again those alone that may be repeated.

    Args:
        parcel: What one request can send; see `sesguard._core.parcels`.

        deadline: Monotonic seconds after which nothing is begun; None for no limit.

    Returns:
        The end of each, in order. Nothing is raised for one of them.
    """
    ends: dict[int, End] = {}
    left: _Left = dict(enumerate(parcel))
    attempt, waited, away = 0, 0.0, False
    while True:
        try:
            waited += await wait_for_rate(_units(left), ports, deadline)
        except errors.SESGuardError as error:
            ends |= dict.fromkeys(left, error)
            break
        away = away or ports.limiter.away()
        left = await _permitted(left, ends, ports)
        if not left:
            break
        attempt += 1
        again: dict[int, errors.SendError] = {}
        for number, answer in (await _answers(left, attempt, ports, deadline)).items():
            if isinstance(answer, Receipt):
                ends[number] = result_of(left[number], answer, attempt, waited, limiter_away=away)
                continue
            ends[number] = answer
            if isinstance(answer, errors.SendError):
                answer.attempts = attempt
                again[number] = answer
        pause = await _pause(again, attempt, ports, rules, deadline)
        if pause is None:
            break
        ports.observe(Waited(seconds=pause, error=next(iter(again.values()))))
        await ports.clock.sleep(pause)
        waited += pause
        left = {number: left[number] for number in again}
    return [ends[number] for number in range(len(parcel))]


def _units(left: _Left) -> int:
    return sum(len(one.email.recipients) for one in left.values())


async def _permitted(left: _Left, ends: dict[int, End], ports: SendPorts) -> _Left:
    """Those that no guard stops; the tokens of the others go back."""
    if not ports.guards:
        return left
    going: dict[int, Screened] = {}
    for number, one in left.items():
        try:
            await permit(one.email, ports)
        except errors.SESGuardError as error:
            ends[number] = error
            await by_limiter(ports.limiter.give_back(len(one.email.recipients)))
        except BaseException:
            for other in going.values():
                await learn(other.email, not_asked(), ports)
            rest = {n: it for n, it in left.items() if n not in ends}
            await by_limiter(ports.limiter.give_back(_units(rest)))
            raise
        else:
            going[number] = one
    return going


async def _answers(
    left: _Left, attempt: int, ports: SendPorts, deadline: float | None
) -> dict[int, Answer | errors.SESGuardError]:
    """What one request came to for each; the guards learn of each."""
    assert ports.submit_bulk is not None, "bulk sends are refused where the transport has none"
    submit, emails = ports.submit_bulk, [one.email for one in left.values()]

    async def ask(seconds: float | None) -> list[Answer]:
        return list(await submit(emails, seconds))

    answers: Sequence[Answer | errors.SESGuardError]
    try:
        answers = await request(
            ask,
            list,
            attempt=attempt,
            units=_units(left),
            ports=ports,
            deadline=deadline,
        )
        if len(answers) != len(emails) or not all(map(_is_answer, answers)):
            answers = [_unclear()] * len(emails)
    except errors.SESGuardError as error:
        answers = [error] * len(emails)
    except BaseException:
        for email in emails:
            await learn(email, called_off(), ports)
        raise
    for email, answer in zip(emails, answers, strict=True):
        await learn(email, None if isinstance(answer, Receipt) else answer, ports)
    return dict(zip(left, answers, strict=True))


def _is_answer(answer: object) -> bool:
    return isinstance(answer, (Receipt, errors.SendError))


def _unclear() -> errors.SendError:
    return errors.OutcomeUnknownError(
        "The transport did not tell of each mail what became of it, so each may have been sent "
        "or not. Wait for the Send or Delivery events before you mail again."
    )


async def _pause(
    again: dict[int, errors.SendError],
    attempt: int,
    ports: SendPorts,
    rules: Rules,
    deadline: float | None,
) -> float | None:
    """
    Seconds to wait before those that may be repeated are, which alone are left in *again*.

    None: none of them is.
    """
    throttles = [e for e in again.values() if isinstance(e, errors.SendingRateExceededError)]
    if throttles:
        longest = max(one.retry_after or 0.0 for one in throttles)
        await by_limiter(ports.limiter.slow_down(longest))
    jitter = ports.jitter()
    waits = {number: rules.retry.wait(e, attempt, jitter=jitter) for number, e in again.items()}
    for number, wait in waits.items():
        if wait is None or passes(deadline, wait, ports):
            del again[number]
    if not again or not ports.may_repeat():
        return None
    return max(cast("float", waits[number]) for number in again)
