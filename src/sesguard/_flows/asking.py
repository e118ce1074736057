"""One request to SES, and what its answer comes to."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Iterable
from typing import TypeVar

from sesguard import errors
from sesguard._core.screening import Screened
from sesguard._flows.send_ports import SendPorts
from sesguard.outcomes import Attempted, SendResult
from sesguard.ports import Receipt

__all__ = ["called_off", "request", "result_of"]

T = TypeVar("T")


async def request(
    submit: Callable[[float | None], Awaitable[T]],
    kind: type[T],
    *,
    attempt: int,
    units: int,
    ports: SendPorts,
    deadline: float | None,
) -> T:
    """
    Make one request, and tell the observers of it.

    Args:
        submit: Makes it, within so many seconds.

        kind: What it has to answer.

        attempt: The how manieth request for its mails it is, from 1.

        units: Recipients.

    Raises:
        SendError: What became of it.
    """
    began = ports.clock.monotonic()

    def told(error: errors.SendError | None) -> None:
        seconds = ports.clock.monotonic() - began
        ports.observe(Attempted(attempt=attempt, units=units, seconds=seconds, error=error))

    try:
        answer = await submit(None if deadline is None else deadline - began)
        if not isinstance(answer, kind):
            raise errors.OutcomeUnknownError(
                f"The transport answered with {type(answer).__name__} instead of a "
                f"{kind.__name__}, so the mail may have been sent or not. Mend the transport "
                "before you send again."
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
    return answer


def called_off() -> errors.SendError:
    """What guards learn of a request whose caller went away."""
    return errors.OutcomeUnknownError(
        "The send was called off while SES was asked, so the mail may have been sent or not. "
        "Wait for its Send or Delivery event before you mail again."
    )


def result_of(
    screened: Screened, receipt: Receipt, attempts: int, waited: float, *, limiter_away: bool
) -> SendResult:
    """What a send came to that SES took."""
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
