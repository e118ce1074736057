"""What guards say of a mail, and what they are told."""

from __future__ import annotations

from collections.abc import Sequence

from sesguard import errors
from sesguard._flows.send_ports import SendPorts
from sesguard._lift import LiftedGuard
from sesguard.mail import Email
from sesguard.outcomes import Held

__all__ = ["admit", "learn", "not_asked", "permit"]


async def admit(email: Email, ports: SendPorts) -> Email | errors.SESGuardError:
    """The mail to go on with, or why none is sent."""
    try:
        for guard in ports.guards:
            email = _checked(await guard.admit(email))
    except Exception as failure:
        # Whatever a guard raises, it did not let the mail go.
        return _stopped(failure, ports)
    return email


async def permit(email: Email, ports: SendPorts) -> None:
    """
    Ask all guards right before a request. Those that let go are told where nothing came of it.

    Raises:
        CircuitOpenError, FencedError: It is not sent.

        StoreError: A guard failed.
    """
    passed: list[LiftedGuard] = []
    for guard in ports.guards:
        try:
            await guard.permit(email)
        except Exception as failure:
            error = _stopped(failure, ports)
            await _tell(passed, email, error)
            raise error from None
        except BaseException:
            await _tell(passed, email, not_asked())
            raise
        passed.append(guard)


async def learn(email: Email, error: errors.SESGuardError | None, ports: SendPorts) -> None:
    """Tell all guards what a request came to. None of them raises."""
    await _tell(ports.guards, email, error)


async def _tell(
    guards: Sequence[LiftedGuard], email: Email, error: errors.SESGuardError | None
) -> None:
    for guard in guards:
        await guard.learn(email, error)


def not_asked() -> errors.SendError:
    """What guards learn of a mail whose caller went away before SES was asked."""
    return errors.ServiceUnavailableError(
        "The send was called off before SES was asked, so nothing was sent."
    )


def _checked(answer: object) -> Email:
    if isinstance(answer, Email):
        return answer
    raise errors.ConfigurationError(
        f"A guard's admit answered with {type(answer).__name__}, so nothing was sent. It must "
        "answer the e-mail to go on with, or raise."
    )


def _stopped(failure: Exception, ports: SendPorts) -> errors.SESGuardError:
    if isinstance(failure, (errors.CircuitOpenError, errors.FencedError)):
        ports.observe(Held(error=failure))
    if isinstance(failure, errors.SESGuardError):
        return failure
    return errors.StoreError(
        f"A guard failed with {type(failure).__name__}, so nothing was sent. "
        "Mend it (error.original holds the cause) and send again.",
        original=failure,
    )
