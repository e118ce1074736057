"""Ledgers that are well, whose files and servers are not, or that hold what is none of theirs."""

from __future__ import annotations

import asyncio
import json
import sqlite3
from collections.abc import Callable, Sequence
from contextlib import closing
from functools import partial
from pathlib import Path
from typing import Any

import redis.exceptions
import sqlalchemy as sa

from sesguard import AsyncClient, Client, RetryPolicy, ledgers, limiters, replies, testing
from sesguard._core.idempotency import digest_of
from sesguard.errors import AccountSuspendedError
from sesguard.ports import Receipt
from tests.canary.material import (
    ADDRESS,
    FOREIGN,
    MAILBOX,
    NOW,
    SAID,
    UNVERIFIED,
    Foreign,
    Scenario,
    failing_later,
    letter,
    templated,
)
from tests.canary.sends import Answering
from tests.canary.watch import Watch

__all__ = ["ENDS", "SCENARIOS", "Failing", "options", "spoil"]

LOST = replies.from_api("InternalFailure", SAID, status=500)
REFUSED = Receipt(
    message_id="0100017f-a",
    refused={f"1{ADDRESS}": replies.from_smtp(450, SAID, phase="rcpt")},
)
ENDS: Sequence[object] = (
    None,
    FOREIGN,
    KeyError(ADDRESS),
    REFUSED,
    LOST,
    AccountSuspendedError("The account is suspended."),
    replies.from_smtp(454, f"Daily message quota exceeded for {ADDRESS}", phase="body"),
    replies.from_api("MessageRejected", UNVERIFIED, status=400),
)
"""What becomes of a send."""


def fails(*_: object, **__: object) -> Any:
    raise Foreign


class Failing:
    """A ledger and an outbox's store that only fail, in their own words."""

    put = take = begin = sent = put_back = set_aside = staticmethod(fails)
    unknown = failed = settle = next_due = finish = forget = staticmethod(fails)

    def close(self) -> None:
        """It goes well."""


class FailingLater:
    """A ledger for an event loop that only fails."""

    begin = finish = forget = staticmethod(failing_later)

    async def close(self) -> None:
        """It goes well."""


def options(answer: object = None) -> dict[str, Any]:
    """Of a client that is over in a moment."""
    return {
        "suppression": None,
        "transport": Answering(answer),
        "limiter": limiters.Unlimited(),
        "retry": RetryPolicy.none(),
        "clock": testing.ManualClock(NOW),
    }


def keyed(watch: Watch, ledger: Any, *, sync: bool = True) -> None:
    """Send with keys that hold addresses: for the first time, again, and for another mail."""
    mails = [letter(), letter(), templated()]

    async def send_later(end: object, key: str) -> None:
        async with AsyncClient(ledger=ledger, **options(end)) as client:
            for mail in mails:
                answer = asyncio.ensure_future(client.send(mail, idempotency_key=key))
                await asyncio.wait([answer])
                watch.ask(answer.result)

    for number, end in enumerate(ENDS):
        key = f"order of {MAILBOX}, {number}"
        if sync:
            with Client(ledger=ledger, **options(end)) as client:
                for mail in mails:
                    watch.ask(partial(client.send, idempotency_key=key), mail)
                watch.ask(partial(client.send, idempotency_key=ADDRESS * 100), letter())
        asyncio.run(send_later(end, f"{key} later"))


def asked(watch: Watch, ledger: Any) -> None:
    """Call each method of a ledger, and hand it to a client, and to events."""
    watch.value(ledger)
    with ledger:
        watch.ask(ledger.begin, "1" * 40, "0" * 64)
        watch.ask(ledger.begin, "1" * 40, "f" * 64)
        watch.ask(ledger.finish, "1" * 40, FOREIGN)
        watch.ask(ledger.begin, "1" * 40, "0" * 64)
        watch.ask(ledger.forget, "1" * 40)
    watch.ask(ledger.close)
    keyed(watch, ledger)


def spoilt_result(watch: Watch, ledger: Any) -> None:
    """Send with a key whose result is none that can be read."""
    for number, text in enumerate([FOREIGN, json.dumps({"message_id": [ADDRESS]}), f'"{ADDRESS}"']):
        key, mail = f"spoilt {number}", letter()
        ledger.finish(digest_of(key), text)
        with Client(ledger=ledger, **options()) as client:
            watch.ask(partial(client.send, idempotency_key=key), mail)


def remembered(watch: Watch, folder: Path) -> None:
    """Ledgers in memory, in files and in tables, of which some are damaged or not ours."""
    clock = testing.ManualClock(NOW)
    for path in (folder / "broken.db", folder / "other.db"):
        spoil(path)
    makes: list[Callable[[], Any]] = [
        partial(ledgers.MemoryLedger, clock=clock),
        partial(ledgers.SQLiteLedger, folder / "sends.db", clock=clock),
        partial(ledgers.SQLiteLedger, folder / "broken.db"),
        partial(ledgers.SQLiteLedger, folder / "other.db"),
        partial(ledgers.SQLiteLedger, folder / "none" / "sends.db"),
    ]
    for make in makes:
        asked(watch, make())
    for ledger in (makes[0](), makes[1]()):
        spoilt_result(watch, ledger)
        ledger.close()
    keyed(watch, Failing())
    keyed(watch, FailingLater(), sync=False)
    wrong: Any
    for wrong in (ADDRESS, FOREIGN, [ADDRESS], -1):
        watch.ask(ledgers.settling, wrong)
        watch.ask(ledgers.digest_of, wrong)
        watch.ask(partial(ledgers.MemoryLedger, keep=wrong))
        watch.ask(partial(ledgers.SQLiteLedger, folder / "a.db", busy_timeout=wrong))
        watch.ask(partial(Client, ledger=wrong, suppression=None))
    with Client(**options()) as client:
        watch.ask(partial(client.send, idempotency_key=ADDRESS), letter())


def spoil(path: Path) -> None:
    """Make a file that is no database, or by its name somebody else's."""
    if path.stem == "broken":
        path.write_text(SAID * 1000)
        return
    with closing(sqlite3.connect(path)) as connection:
        connection.execute("CREATE TABLE users (email TEXT)")


def in_tables(watch: Watch, folder: Path) -> None:
    """A ledger in a table that is there, and in one that is not."""
    engine = sa.create_engine(f"sqlite:///{folder / 'table.db'}")
    ledger = ledgers.SQLAlchemyLedger(engine, clock=testing.ManualClock(NOW))
    asked(watch, ledger)
    watch.ask(ledger.create_table)
    asked(watch, ledger)
    spoilt_result(watch, ledger)
    wrong: Any
    for wrong in (ADDRESS, FOREIGN, sa.create_engine("sqlite://")):
        watch.ask(ledgers.SQLAlchemyLedger, wrong)
    away = sa.create_engine(f"sqlite:///{folder / 'none' / 'table.db'}")
    lost = ledgers.SQLAlchemyLedger(away)
    asked(watch, lost)
    watch.ask(lost.create_table)
    for one in (engine, away):
        one.dispose()


class Redis:
    """
    A client of redis-py's that gives one answer to all scripts.

    Args:
        answer: Raised, where it is an exception.
    """

    def __init__(self, answer: object) -> None:
        self._answer = answer

    def eval(self, *_: object) -> Any:
        if isinstance(self._answer, Exception):
            raise self._answer
        return self._answer

    evalsha = eval

    def execute_command(self, *_: object) -> Any:
        """What tells the two kinds of client apart."""

    def info(self, section: str, /) -> Any:
        return {"maxmemory_policy": "allkeys-lru"}


class RedisLater(Redis):
    """The same, awaited."""

    async def eval(self, *_: object) -> Any:
        return super().eval()

    async def evalsha(self, *_: object) -> Any:
        return super().eval()

    async def execute_command(self, *_: object) -> Any:
        """See `Redis`."""

    async def info(self, section: str, /) -> Any:
        return super().info(section)


def in_redis(watch: Watch, folder: Path) -> None:
    """Ledgers in Redis that answer, answer nonsense, and fail, with addresses in their words."""
    for answer in (
        None,
        1,
        [b"0" * 64, FOREIGN.encode()],
        [None, None],
        ADDRESS,
        [b"\xff", None],
        redis.exceptions.ConnectionError(FOREIGN),
        redis.exceptions.ResponseError(f"WRONGTYPE {FOREIGN}"),
        redis.exceptions.ResponseError(FOREIGN),
    ):
        asked(watch, ledgers.RedisLedger(Redis(answer)))
        later = ledgers.AsyncRedisLedger(RedisLater(answer))
        watch.value(later)
        keyed(watch, later, sync=False)
        asyncio.run(_asked_later(watch, later))
    wrong: Any
    for wrong in (ADDRESS, FOREIGN, Foreign()):
        watch.ask(ledgers.RedisLedger, wrong)
        watch.ask(ledgers.AsyncRedisLedger, wrong)


async def _asked_later(watch: Watch, ledger: ledgers.AsyncRedisLedger) -> None:
    async with ledger:
        for call in (
            ledger.begin("1" * 40, "0" * 64),
            ledger.finish("1" * 40, FOREIGN),
            ledger.forget("1" * 40),
        ):
            one = asyncio.ensure_future(call)
            await asyncio.wait([one])
            watch.ask(one.result)
    await ledger.close()


SCENARIOS: list[Scenario] = [remembered, in_tables, in_redis]
