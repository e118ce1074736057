"""One send for one key: recorded before the request, and never made twice."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import replace

from sesguard import errors
from sesguard._core.idempotency import KEY_TAG, content_of, digest_of, from_text, to_text
from sesguard._flows.send_ports import SendPorts
from sesguard._lift import LiftedLedger
from sesguard.mail import Email
from sesguard.outcomes import SendResult
from sesguard.ports import Receipt, Recorded

__all__ = ["send_once"]


async def send_once(
    email: Email,
    key: str,
    ports: SendPorts,
    send: Callable[[Email, SendPorts], Awaitable[SendResult]],
) -> SendResult:
    """
    Send, unless this key was sent before: then the first result is the answer.

    A key is free again after what was certainly not sent. What ends without an answer stays
    unfinished, until an event settles it.

    Args:
        key: The caller's own name of this mail.

        send: Makes the send, by the ports that it is given.

    Raises:
        ConfigurationError: The key is none, or there is no ledger.

        IdempotencyConflictError: The key was used for another mail.

        OutcomeUnknownError: A send with this key began and is not known to have ended.

        StoreError: The ledger cannot be used. Nothing was sent.
    """
    ledger = ports.ledger
    digest, content = digest_of(key), content_of(email)
    if ledger is None:
        raise errors.ConfigurationError(
            "idempotency_key= needs a ledger that remembers it: Client(ledger=SQLiteLedger(path))."
        )
    recorded = await _begin(ledger, digest, content)
    if recorded is not None:
        return _earlier(recorded, content)
    tried = _Tried(ports)
    try:
        result = await send(
            email.with_defaults(tags={KEY_TAG: digest}), replace(ports, submit=tried.submit)
        )
    except errors.SESGuardError as error:
        if error.outcome != "unknown":
            await ledger.forget(digest)
        raise
    except BaseException:
        if not tried.any:
            await ledger.forget(digest)
        raise
    await ledger.finish(digest, to_text(result))
    return result


class _Tried:
    """Submits, and knows whether it ever did."""

    def __init__(self, ports: SendPorts) -> None:
        self._submit = ports.submit
        self.any = False

    def submit(self, email: Email, seconds: float | None) -> Awaitable[Receipt]:
        self.any = True
        return self._submit(email, seconds)


async def _begin(ledger: LiftedLedger, digest: str, content: str) -> Recorded | None:
    try:
        recorded = await ledger.begin(digest, content)
    except errors.SESGuardError:
        raise
    except Exception as error:
        # A ledger of the caller's: whatever it raises, nothing is recorded, and so nothing sent.
        raise errors.StoreError(
            f"The ledger failed with {type(error).__name__}, so nothing was sent. "
            "Mend it (error.original holds the cause) and send again.",
            original=error,
        ) from None
    if recorded is None or isinstance(recorded, Recorded):  # pyright: ignore[reportUnnecessaryIsInstance]  a port of the caller's
        return recorded
    raise errors.StoreError(
        f"The ledger's begin answered with {type(recorded).__name__}, so nothing was sent. It "
        "must answer None for a key that is recorded now, or a Recorded."
    )


def _earlier(recorded: Recorded, content: str) -> SendResult:
    if recorded.content not in ("", content):
        raise errors.IdempotencyConflictError(
            "This idempotency key was used for a mail with other content, so nothing was sent. "
            "Take a new key for a new mail."
        )
    if recorded.result is None:
        raise errors.OutcomeUnknownError(
            "A send with this idempotency key began and is not known to have ended: it is under "
            "way, or may have been sent. Wait for its Send or Delivery event, which settles the "
            "key by ledgers.settling()."
        )
    return from_text(recorded.result)
