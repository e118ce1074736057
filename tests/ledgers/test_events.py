"""Keys that events settle, through a worker too."""

from __future__ import annotations

import asyncio
import inspect

import pytest

from sesguard import Worker, parse_event
from sesguard._core.idempotency import KEY_TAG, digest_of, from_text
from sesguard.errors import ConfigurationError, StoreError
from sesguard.ledgers import MemoryLedger, settling
from sesguard.ports import Recorded
from sesguard.sources import MemorySource
from sesguard.stores import MemoryStore
from sesguard.testing import sample
from sesguard.testing.events import Kind

KEY = digest_of("order 17")


def told(kind: Kind = "Send", *, key: str = KEY, message_id: str = "0100-one") -> str:
    """What SES tells of a mail that was sent with a key."""
    return sample(kind, tags={KEY_TAG: key}, message_id=message_id)


class AwaitedLedger:
    """A ledger in memory, awaited."""

    def __init__(self) -> None:
        self.ledger = MemoryLedger()

    async def begin(self, key: str, content: str, /) -> Recorded | None:
        return self.ledger.begin(key, content)

    async def finish(self, key: str, result: str, /) -> None:
        await asyncio.sleep(0)
        self.ledger.finish(key, result)

    async def forget(self, key: str, /) -> None:
        self.ledger.forget(key)

    async def close(self) -> None:
        self.ledger.close()


def test_an_event_settles_a_key_whose_answer_was_lost() -> None:
    """After it, the key's result is a result with the message id that SES gave the mail."""
    ledger = MemoryLedger()
    ledger.begin(KEY, "content")
    settling(ledger)(parse_event(told()))
    recorded = ledger.begin(KEY, "content")
    assert recorded is not None
    assert recorded.content == "content"
    assert recorded.result is not None
    assert from_text(recorded.result).message_id == "0100-one"


def test_a_key_is_settled_once() -> None:
    """Neither the answer nor the first event is replaced by what comes later."""
    ledger = MemoryLedger()
    settle = settling(ledger)
    ledger.finish(KEY, "the answer")
    settle(parse_event(told()))
    assert ledger.begin(KEY, "content") == Recorded(content="", result="the answer")
    other = digest_of("order 18")
    settle(parse_event(told(key=other, message_id="first")))
    settle(parse_event(told("Delivery", key=other, message_id="second")))
    recorded = ledger.begin(other, "content")
    assert recorded is not None
    assert recorded.result is not None
    assert from_text(recorded.result).message_id == "first"


def test_other_events_settle_nothing() -> None:
    """Mail that was sent without a key, and what is about no mail, is passed over."""
    ledger = MemoryLedger()
    settle = settling(ledger)
    for text in (sample("Send"), sample("SetupNotice"), sample("Bounce", channel="notifications")):
        settle(parse_event(text))
    assert not ledger._records


def test_a_worker_settles_keys() -> None:
    """Given as a handler, it is told of all events, and their messages are deleted."""
    one, two = MemoryLedger(), AwaitedLedger()
    for books, handler in ((one, settling(one)), (two.ledger, settling(two))):
        books.begin(KEY, "content")
        source = MemorySource([told("Delivery"), sample("Bounce")])
        with Worker(source, store=MemoryStore(), handlers=[handler]) as worker:
            tally = worker.drain()
        assert tally.deleted == 2
        recorded = books.begin(KEY, "content")
        assert recorded is not None
        assert recorded.result is not None


def test_the_handler_of_an_async_ledger_is_async() -> None:
    """It is a coroutine function, and one of a synchronous ledger is none."""
    ledger = AwaitedLedger()
    settle = settling(ledger)
    assert inspect.iscoroutinefunction(settle)
    assert not inspect.iscoroutinefunction(settling(MemoryLedger()))
    asyncio.run(settle(parse_event(told())))
    asyncio.run(settle(parse_event(sample("Send"))))
    assert list(ledger.ledger._records) == [KEY]


class AwayLedger(MemoryLedger):
    """A ledger whose backend is away."""

    def finish(self, key: str, result: str, /) -> None:
        raise StoreError("away")


def test_a_ledger_that_is_away_is_told() -> None:
    """The handler fails, and so the worker keeps the message for another time."""
    with pytest.raises(StoreError):
        settling(AwayLedger())(parse_event(told()))


@pytest.mark.parametrize("nothing", [None, MemoryLedger, "ledger", MemoryStore()])
def test_what_is_no_ledger_is_refused(nothing: MemoryLedger) -> None:
    """When the handler is made, and not with the first event."""
    with pytest.raises(ConfigurationError, match="ledger="):
        settling(nothing)
