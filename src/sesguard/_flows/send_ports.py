"""What a send needs of the world, and what the caller decided of it."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

from sesguard._core.retry import RetryPolicy
from sesguard._core.screening import OnSuppressed
from sesguard._lift import LiftedClock, LiftedGuard, LiftedLedger, LiftedLimiter
from sesguard.addresses import AddressKey
from sesguard.mail import Email
from sesguard.outcomes import Notice
from sesguard.ports import Answer, Receipt

__all__ = ["OnLookupError", "Rules", "SendPorts"]

OnLookupError = Literal["raise", "send"]


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

        guards: Judge a mail before the list is asked, and right before each request.

        ledger: Remembers sends by key; None where there is none.

        submit: One request, within the seconds given (None: without a limit of its own).

        submit_bulk: One request for several mails, in the same way; None where the transport has
            none.

        observe: Tells the observers. Never raises.

        jitter: Numbers from 0 to 1.

        may_repeat: Takes one retry out of the client's budget; False where it is empty.
    """

    look_up: Callable[[Sequence[AddressKey], Sequence[str]], Awaitable[object]]
    guards: tuple[LiftedGuard, ...]
    limiter: LiftedLimiter
    ledger: LiftedLedger | None
    submit: Callable[[Email, float | None], Awaitable[Receipt]]
    submit_bulk: Callable[[Sequence[Email], float | None], Awaitable[Sequence[Answer]]] | None
    clock: LiftedClock
    observe: Callable[[Notice], None]
    jitter: Callable[[], float]
    may_repeat: Callable[[], bool]
