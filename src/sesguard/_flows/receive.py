"""
A received batch, told once: read, store, tell the handlers, delete.

The store comes first, in one commit for the whole batch, so that a message is deleted only when
all that it says is kept. Whatever happens on the way, a message that is not deleted comes again,
and the store knows its events by their keys. Handlers are told each time, until it is deleted.

Nothing here knows a thread, a socket or a clock. See `sesguard._lift`.

Which messages are left alone, so that the queue's redrive policy takes them to its dead-letter
queue: what cannot be read, always; and what is readable and not SES's (see `is_foreign`), such as
S3's test message or another service's alarm, unless it was said that those are skipped: then they
are deleted, without an effect. Deleting them unasked would be deleting somebody else's.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Literal, Protocol, TypeAlias

from sesguard._core.payloads import parse_events
from sesguard._core.policy import Consequence
from sesguard.errors import ConfigurationError, SESGuardError, StoreError
from sesguard.events import Event, UnknownEvent
from sesguard.ports import Received
from sesguard.suppression import Change, Ignore

__all__ = [
    "Message",
    "Note",
    "ReceivePorts",
    "What",
    "delete",
    "hand_back",
    "is_foreign",
    "probe",
    "read",
    "settle",
    "store",
    "tell",
    "tell_all",
]

Marked: TypeAlias = tuple[str, Sequence[Change]]

What: TypeAlias = Literal[
    "received",
    "applied",
    "repeated",
    "ignored",
    "poison",
    "foreign",
    "skipped",
    "store_failures",
    "handler_failures",
    "deleted",
    "delete_failures",
    "extend_failures",
    "lost",
    "released",
]
"""What is counted, and told where it is worth telling."""


class Note(Protocol):
    """Counts, and tells. Never raises."""

    def __call__(
        self,
        what: What,
        count: int = 1,
        /,
        *,
        event: Event | None = None,
        error: BaseException | None = None,
        why: str = "",
    ) -> None: ...


@dataclass(frozen=True, slots=True, kw_only=True)
class ReceivePorts:
    """
    What a received batch needs of the world.

    Attributes:
        consequences: What the policy makes of an event. Pure.

        apply: The store's.

        handlers: Told in order. One that raises keeps its message in the queue.

        delete, release: The source's: receipt to reason for those that could not be.

        leave: Told the receipts that are in hand no more and come again at their time.

        is_lost: Whether a message went back to the queue while it was in hand. It is somebody
            else's by now, or comes again.

        stopping: Whether to begin nothing new.

        skips_foreign: Whether what is not SES's is deleted instead of left.
    """

    consequences: Callable[[Event], Sequence[Consequence]]
    apply: Callable[[Sequence[Marked]], Awaitable[Sequence[bool]]]
    handlers: Sequence[Callable[[Event], Awaitable[None]]]
    delete: Callable[[Sequence[str]], Awaitable[Mapping[str, str]]]
    release: Callable[[Sequence[str]], Awaitable[Mapping[str, str]]]
    leave: Callable[[Sequence[str]], None]
    is_lost: Callable[[str], bool]
    stopping: Callable[[], bool]
    note: Note
    skips_foreign: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Message:
    """
    A message that was read.

    Attributes:
        marked: For each event its key and the changes it brings, none included.
    """

    receipt: str
    events: tuple[Event, ...]
    marked: tuple[Marked, ...]


def is_foreign(found: Sequence[Event]) -> bool:
    """
    Whether nothing of a message is SES's.

    SES's are all kinds that are known, a kind that is not but came in one of SES's channels or
    speaks of a mail, and what EventBridge says comes from SES.
    """
    return all(
        isinstance(event, UnknownEvent)
        and event.channel is None
        and event.mail is None
        and event.raw.get("source") != "aws.ses"
        for event in found
    )


def read(batch: Sequence[Received], ports: ReceivePorts) -> list[Message]:
    """Read each message. Those that are left alone are counted, told, and not in the answer."""
    ports.note("received", len(batch))
    messages = [_read(received, ports) for received in batch]
    return [message for message in messages if message is not None]


def _read(received: Received, ports: ReceivePorts) -> Message | None:
    times = f"received {received.receive_count} times"
    try:
        found = parse_events(received.body)
        judged = [ports.consequences(event) for event in found]
    except Exception as error:
        # A ParseError, or a policy of the user's that fails: it must not hold up the others.
        ports.note("poison", error=error, why=times)
        return None
    if is_foreign(found):
        if not ports.skips_foreign:
            ports.note("foreign", why=times)
            return None
        ports.note("skipped", why=times)
        return Message(receipt=received.receipt, events=(), marked=())
    marked: list[Marked] = []
    for event, consequences in zip(found, judged, strict=True):
        changes: list[Change] = []
        for consequence in consequences:
            if isinstance(consequence, Ignore):
                ports.note("ignored", event=event, why=consequence.why)
            else:
                changes.append(consequence)
        marked.append((event.key, tuple(changes)))
    return Message(receipt=received.receipt, events=found, marked=tuple(marked))


async def settle(messages: Sequence[Message], ports: ReceivePorts) -> None:
    """
    Store what the messages say, tell the handlers, delete.

    Raises:
        StoreError: Nothing was stored, so nothing was told or deleted. All are still in hand,
            and this may be called again.

        ConfigurationError: The store does not answer as a store must.
    """
    await tell_all(await store(messages, ports), ports)


async def tell_all(messages: Sequence[Message], ports: ReceivePorts) -> None:
    """
    Tell the handlers what is stored, one message after the other, and delete.

    Raises:
        SESGuardError: The queue failed at the delete.
    """
    done: list[str] = []
    unbegun: list[str] = []
    for message in messages:
        if ports.stopping():
            unbegun.append(message.receipt)
        elif await tell(message, ports):
            done.append(message.receipt)
    try:
        await delete(done, ports)
    finally:
        if unbegun:
            await hand_back(unbegun, ports)


async def tell(message: Message, ports: ReceivePorts) -> bool:
    """Have the handlers told. Whether the message is to be deleted; else it is left here."""
    if ports.is_lost(message.receipt):
        _lose(message.receipt, ports)
        return False
    good = await _told(message, ports)
    if not good:
        ports.leave((message.receipt,))
    return good


def _lose(receipt: str, ports: ReceivePorts) -> None:
    ports.note("lost")
    ports.leave((receipt,))


async def delete(receipts: Sequence[str], ports: ReceivePorts) -> None:
    """
    Delete messages that are done with. What was lost meanwhile is somebody else's, and stays.

    Raises:
        SESGuardError: The queue failed.
    """
    ours: list[str] = []
    for receipt in receipts:
        if ports.is_lost(receipt):
            _lose(receipt, ports)
        else:
            ours.append(receipt)
    if not ours:
        return
    try:
        failed = await ports.delete(ours)
    except Exception:
        ports.note("delete_failures", len(ours), why="the whole call failed")
        raise
    ports.note("deleted", len(ours) - len(failed))
    for why in failed.values():
        ports.note("delete_failures", why=why)


async def hand_back(receipts: Sequence[str], ports: ReceivePorts) -> None:
    """Let others have messages that were not begun, at once."""
    failed = await ports.release(receipts)
    ports.note("released", len(receipts) - len(failed))


async def store(messages: Sequence[Message], ports: ReceivePorts) -> Sequence[Message]:
    """
    Apply all in one commit; if that fails, each alone, so that one does not hold up the others.

    Returns:
        The messages whose events are stored.

    Raises:
        StoreError: Nothing was stored. This may be called again.

        ConfigurationError: The store does not answer as a store must.
    """
    telling = [message for message in messages if message.marked]
    failure = await _apply(telling, ports) if telling else None
    if failure is None:
        return messages
    failed: dict[str, Exception] = {}
    for message in telling if len(telling) > 1 else ():
        problem = await _apply((message,), ports)
        if problem is not None:
            failed[message.receipt] = problem
    if len(telling) in (1, len(failed)):  # the store it is, and no event
        raise _store_error(failure) from None
    for receipt, problem in failed.items():
        ports.note("store_failures", error=problem)
        ports.leave((receipt,))
    return [message for message in messages if message.receipt not in failed]


async def probe(ports: ReceivePorts) -> None:
    """
    Ask the store for an empty commit, which tells whether it works.

    Raises:
        StoreError: It does not.
    """
    try:
        await ports.apply(())
    except Exception as error:
        # Whatever a store raises, it does not work.
        raise _store_error(error) from None


async def _apply(messages: Sequence[Message], ports: ReceivePorts) -> Exception | None:
    """
    Apply these in one commit.

    Returns:
        What the store raised; None where all is applied.

    Raises:
        ConfigurationError: The store does not answer as a store must.
    """
    batch = [marked for message in messages for marked in message.marked]
    try:
        answer = await ports.apply(batch)
    except Exception as error:
        # Whatever a store raises, nothing of this may be told or deleted.
        return error
    fresh = list(answer or ())
    if len(fresh) != len(batch):
        raise ConfigurationError(
            f"The store's apply answered for {len(fresh)} of {len(batch)} events. It must answer "
            "one boolean an event: True where it was applied now."
        )
    applied = sum(map(bool, fresh))
    ports.note("applied", applied)
    ports.note("repeated", len(fresh) - applied)
    return None


def _store_error(failure: Exception) -> StoreError:
    if isinstance(failure, StoreError):
        return failure
    ours = isinstance(failure, SESGuardError)  # else its text may hold an address
    return StoreError(
        f"The store failed with {type(failure).__name__}, so nothing was deleted and the messages "
        f"come again. {failure if ours else 'error.original holds the cause.'}",
        original=failure,
    )


async def _told(message: Message, ports: ReceivePorts) -> bool:
    """Whether all handlers took all events. One that fails stops neither others nor the batch."""
    good = True
    for event in message.events:
        for handler in ports.handlers:
            try:
                await handler(event)
            except Exception as error:
                # It is the user's code. The message stays and comes again, and this is told.
                ports.note("handler_failures", event=event, error=error)
                good = False
    return good
