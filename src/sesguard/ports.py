"""
The shapes that meet in a send and in a received event.

Nothing here is inherited from: whatever has the methods fits. Arguments are positional, so that
names are yours. Each port has an asynchronous twin; `AsyncClient` takes either.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import TYPE_CHECKING, Protocol, TypeAlias

from sesguard._frozen import FrozenMapping
from sesguard.quota import Quota

if TYPE_CHECKING:
    from sesguard.addresses import AddressKey
    from sesguard.errors import SendError, SESGuardError
    from sesguard.mail import Email
    from sesguard.outcomes import Notice
    from sesguard.suppression import Change, Page, Suppression

__all__ = [
    "AccountPort",
    "Answer",
    "AsyncClock",
    "AsyncGuard",
    "AsyncLedger",
    "AsyncLimiter",
    "AsyncLookUp",
    "AsyncSuppressionHook",
    "AsyncSuppressionStore",
    "AsyncTransport",
    "BulkTransport",
    "Clock",
    "Guard",
    "Handover",
    "Ledger",
    "Limiter",
    "LookUp",
    "Observer",
    "OutboxEntry",
    "OutboxStore",
    "Quota",
    "Receipt",
    "Received",
    "Recorded",
    "SetAside",
    "Source",
    "SuppressionHook",
    "SuppressionStore",
    "Transport",
]


class Clock(Protocol):
    """Where time comes from."""

    def now(self) -> datetime:
        """The time of day, aware UTC."""
        ...

    def monotonic(self) -> float:
        """Seconds that never run back."""
        ...

    def sleep(self, seconds: float, /) -> None:
        """Wait."""
        ...


class AsyncClock(Protocol):
    """A clock that waits on the event loop."""

    def now(self) -> datetime: ...
    def monotonic(self) -> float: ...
    async def sleep(self, seconds: float, /) -> None: ...


class SuppressionHook(Protocol):
    """
    A suppression list as one function.

    ``True`` or a `Suppression` means *do not mail*. Only ``False`` and ``None`` let mail go;
    anything else, an exception too, stops the send. It is asked with a key: lower case, without
    display name.
    """

    def __call__(self, address: AddressKey, /) -> bool | Suppression | None: ...


class AsyncSuppressionHook(Protocol):
    """`SuppressionHook`, awaited."""

    async def __call__(self, address: AddressKey, /) -> bool | Suppression | None: ...


class LookUp(Protocol):
    """A suppression list that is asked for all recipients at once."""

    def look_up(
        self, keys: Sequence[AddressKey], scopes: Sequence[str] = (), /
    ) -> Mapping[AddressKey, Suppression]:
        """
        The entries that hold for *keys*; a key without one is left out.

        Scope ``""`` is always asked beside *scopes*. Of several entries, the one with the
        strongest reason is given.
        """
        ...


class AsyncLookUp(Protocol):
    """`LookUp`, awaited."""

    async def look_up(
        self, keys: Sequence[AddressKey], scopes: Sequence[str] = (), /
    ) -> Mapping[AddressKey, Suppression]: ...


class SuppressionStore(LookUp, Protocol):
    """A suppression list that events are applied to."""

    def apply(self, batch: Sequence[tuple[str, Sequence[Change]]], /) -> Sequence[bool]:
        """
        Apply events, each by its key, in one transaction: all marks and all effects, or nothing.

        Returns:
            One boolean an event: True where it was applied now, False where it was seen before.
        """
        ...

    def add(self, suppressions: Iterable[Suppression], /) -> None:
        """Put entries on the list, as an operator."""
        ...

    def remove(self, keys: Sequence[AddressKey], scope: str = "", /) -> int:
        """Take keys off the list, whatever the reason. Returns how many were on it."""
        ...

    def entries(self, after: str | None = None, limit: int = 1000) -> Page[Suppression]:
        """The list, page by page, in a stable order."""
        ...

    def close(self) -> None:
        """Let go of files and connections."""
        ...


class AsyncSuppressionStore(AsyncLookUp, Protocol):
    """`SuppressionStore`, awaited."""

    async def apply(self, batch: Sequence[tuple[str, Sequence[Change]]], /) -> Sequence[bool]: ...
    async def add(self, suppressions: Iterable[Suppression], /) -> None: ...
    async def remove(self, keys: Sequence[AddressKey], scope: str = "", /) -> int: ...
    async def entries(self, after: str | None = None, limit: int = 1000) -> Page[Suppression]: ...
    async def close(self) -> None: ...


Handover: TypeAlias = Callable[[], None]
"""
Called by a transport once a submit, right before it lets go of what SES may take as the mail.

It raises where the send was called off in the meantime; let that pass through. Until the call
the mail is certainly not sent, after it nobody knows.
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Receipt:
    """
    What a transport brings back from SES.

    Attributes:
        message_id: SES's id of the mail. Never empty.

        request_id: The API's request id.

        refused: Bare address to error, for recipients refused while others were taken.
    """

    message_id: str
    request_id: str | None = None
    refused: Mapping[str, SendError] = field(default=FrozenMapping(), repr=False)


class Transport(Protocol):
    """One way to hand a mail to SES. One submit is one request: it never repeats a send."""

    def submit(self, email: Email, handover: Handover, /) -> Receipt:
        """
        Hand over one e-mail.

        Raises:
            SendError: The leaf class that says what SES answered.
        """
        ...

    def close(self) -> None:
        """Close connections. A later submit opens new ones."""
        ...


Answer: TypeAlias = "Receipt | SendError"
"""What became of one mail of several."""


class BulkTransport(Transport, Protocol):
    """A transport that can also hand over several e-mails by one request."""

    def submit_bulk(self, emails: Sequence[Email], handover: Handover, /) -> Sequence[Answer]:
        """
        Hand over e-mails that differ in recipients, template data, headers and tags alone.

        Returns:
            For each, in order, what SES brings back or why it was not taken.

        Raises:
            SendError: The whole request came to that.
        """
        ...


class AsyncTransport(Protocol):
    """`Transport`, awaited. Cancelled at the deadline."""

    async def submit(self, email: Email, handover: Handover, /) -> Receipt: ...
    async def close(self) -> None: ...


class Limiter(Protocol):
    """Keeps to a rate, counted in recipients."""

    def reserve(self, units: int, /) -> float:
        """Take *units* now; answers the seconds to wait before sending."""
        ...

    def give_back(self, units: int, /) -> None:
        """Return what was reserved for a mail that was not tried."""
        ...

    def slow_down(self, retry_after: float | None = None, /) -> None:
        """SES throttled: go more slowly for a while."""
        ...


class AsyncLimiter(Protocol):
    """`Limiter`, awaited."""

    async def reserve(self, units: int, /) -> float: ...
    async def give_back(self, units: int, /) -> None: ...
    async def slow_down(self, retry_after: float | None = None, /) -> None: ...


class Guard(Protocol):
    """
    Stops mail before SES is asked.

    All three methods may be called by several threads at once.
    """

    def admit(self, email: Email, /) -> Email:
        """
        Judge an e-mail, before the suppression list is asked about it.

        Returns:
            What to go on with: the e-mail itself, or another one in its place.

        Raises:
            CircuitOpenError, FencedError: It is not sent.
        """
        ...

    def permit(self, email: Email, /) -> None:
        """
        Judge it again right before each request, when it has waited for the rate.

        `learn` is called once after each permit that lets it go.

        Raises:
            CircuitOpenError, FencedError: It is not sent.
        """
        ...

    def learn(self, email: Email, error: SESGuardError | None, /) -> None:
        """What a permitted request came to; None: SES took the mail."""
        ...


class AsyncGuard(Protocol):
    """`Guard`, awaited."""

    async def admit(self, email: Email, /) -> Email: ...
    async def permit(self, email: Email, /) -> None: ...
    async def learn(self, email: Email, error: SESGuardError | None, /) -> None: ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Recorded:
    """
    What a ledger has of a key.

    Attributes:
        content: The digest of what was to be sent. Empty where only its result is known.

        result: What `Ledger.finish` was given, as JSON text; None as long as it is unfinished.
    """

    content: str
    result: str | None = field(default=None, repr=False)


class Ledger(Protocol):
    """
    Remembers sends by key, so that none is made twice.

    Keys and contents are digests in hexadecimal: nothing of a mail is in them.
    """

    def begin(self, key: str, content: str, /) -> Recorded | None:
        """
        Record, durably and before the request, that a send begins.

        Returns:
            None: it is recorded now, and this caller's to make. Else what is there, unchanged.
        """
        ...

    def finish(self, key: str, result: str, /) -> None:
        """Record what came of it, whether begun here or not, if nothing is recorded yet."""
        ...

    def forget(self, key: str, /) -> None:
        """It was certainly not sent: free the key, unless it is finished."""
        ...

    def close(self) -> None:
        """Let go of files and connections."""
        ...


class AsyncLedger(Protocol):
    """`Ledger`, awaited."""

    async def begin(self, key: str, content: str, /) -> Recorded | None: ...
    async def finish(self, key: str, result: str, /) -> None: ...
    async def forget(self, key: str, /) -> None: ...
    async def close(self) -> None: ...


@dataclass(frozen=True, slots=True, kw_only=True)
class OutboxEntry:
    """
    A mail that was taken out of an outbox, to be sent.

    Attributes:
        id: Its own, for ever.

        receipt: Proves who has it. Another one each time it is taken.

        body: `Email.to_dict` as JSON text.

        put_at: Since when it is in the outbox, aware UTC.

        attempts: How often it was put back, so far.
    """

    id: str
    receipt: str = field(repr=False)
    body: str = field(repr=False)
    put_at: datetime
    attempts: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class SetAside:
    """
    A mail of an outbox that is not sent any more by itself.

    Attributes:
        reason: Why, in words without addresses.

        at: Since when, aware UTC.
    """

    id: str
    reason: str
    at: datetime
    body: str = field(repr=False)


class OutboxStore(Protocol):
    """
    Keeps mails until they are sent. Several processes may take at once; each mail goes to one.

    A receipt stands for a lease. All that is given one answers False, and changes nothing, where
    the lease was lost in the meantime.
    """

    def put(self, id: str, body: str, /, *, due: datetime, priority: int) -> None:
        """Keep one, durably: by *due*, those of a higher priority first."""
        ...

    def take(self, limit: int, lease: float, /) -> Sequence[OutboxEntry]:
        """
        Up to *limit* that are due, each for *lease* seconds.

        A lease that lapsed before `begin` makes the mail due again; after it, unknown.
        """
        ...

    def begin(self, receipt: str, /) -> bool:
        """Record, durably and before the request, that it is sent now, and renew the lease."""
        ...

    def sent(self, receipt: str, /) -> bool:
        """It was sent: forget it."""
        ...

    def put_back(self, receipt: str, /, *, due: datetime, counts: bool) -> bool:
        """It was certainly not sent: try again from *due*. *counts*: as one more attempt."""
        ...

    def set_aside(self, receipt: str, reason: str, /, *, unknown: bool) -> bool:
        """Stop: it may have been sent (*unknown*), or it never will be."""
        ...

    def unknown(self, after: str | None = None, limit: int = 1000) -> Page[SetAside]:
        """Those that may have been sent, page by page, lapsed ones too."""
        ...

    def failed(self, after: str | None = None, limit: int = 1000) -> Page[SetAside]:
        """Those that were given up, page by page."""
        ...

    def settle(self, id: str, /, *, again: bool) -> bool:
        """
        Decide one that was set aside: it is due *again*, or gone. False: it is not there.

        One that is begun may be forgotten (not *again*), since an event may tell first.
        """
        ...

    def next_due(self) -> datetime | None:
        """When the next one is due, which may be past, or its lease lapses; None: nothing."""
        ...

    def close(self) -> None:
        """Let go of files and connections."""
        ...


@dataclass(frozen=True, slots=True)
class Received:
    """
    A message as it came out of a queue.

    Attributes:
        body: The text, in whichever envelope.

        receipt: What deletes it. Another one each time it is received.

        receive_count: How often it was received, this time included.
    """

    body: str = field(repr=False)
    receipt: str = field(repr=False)
    receive_count: int = 1


class Source(Protocol):
    """A queue of feedback. Receipts are those of the latest receive."""

    def receive(self, limit: int, wait: float, /) -> Sequence[Received]:
        """Up to *limit* messages; waits up to *wait* seconds for the first."""
        ...

    def delete(self, receipts: Sequence[str], /) -> Mapping[str, str]:
        """Delete messages. Returns receipt to reason for those that could not be."""
        ...

    def extend(self, receipts: Sequence[str], seconds: float, /) -> Mapping[str, str]:
        """Keep messages hidden for *seconds* from now. Returns those that could not be."""
        ...

    def release(self, receipts: Sequence[str], /) -> Mapping[str, str]:
        """Hand messages back at once. Returns those that could not be."""
        ...

    def close(self) -> None:
        """Let go of connections."""
        ...


class Observer(Protocol):
    """Is told what happens. One that raises changes nothing."""

    def __call__(self, notice: Notice, /) -> None: ...


class AccountPort(Protocol):
    """Reads the account's own figures."""

    def quota(self) -> Quota: ...
    def max_send_rate(self) -> float: ...
