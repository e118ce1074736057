"""Outboxes that are well, whose files, tables and queues are not, or hold other things."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from datetime import datetime, timedelta
from functools import partial
from pathlib import Path
from typing import Any

import moto
import sqlalchemy as sa

from sesguard import Client, Outbox, outboxes, parse_events, testing
from tests.canary.feedback import payloads
from tests.canary.material import (
    ADDRESS,
    FOREIGN,
    NOW,
    SAID,
    Scenario,
    letter,
    once,
    session,
    templated,
)
from tests.canary.remembering import ENDS, Failing, options, spoil
from tests.canary.watch import Watch
from tests.peers.http import Answer, HTTPPeer

__all__ = ["SCENARIOS"]


def kept(watch: Watch, store: Any, *, clock: testing.ManualClock | None = None) -> None:
    """Call each method of an outbox's store, and work it off by an `Outbox`."""
    time = clock or testing.ManualClock(NOW)
    body, due = json.dumps(letter().to_dict()), time.now()
    watch.value(store)
    for number in range(6):
        put = partial(store.put, due=due, priority=0)
        watch.ask(put, f"a-{number}", FOREIGN if number == 5 else body)
    watch.ask(partial(store.put, due=due, priority=0), "a-0", body)
    watch.ask(store.next_due)
    receipts = [one.receipt for one in watch.ask(store.take, 4, 60.0) or ()]
    for receipt, end in zip([*receipts, *[ADDRESS] * 4], [*_ends(store, due)] * 2, strict=False):
        watch.ask(store.begin, receipt)
        watch.ask(end, receipt)
    for page in (store.unknown, store.failed):
        watch.ask(page)
        watch.ask(partial(page, limit=1))
        watch.ask(page, ADDRESS)
    for id in ("a-2", "a-3", ADDRESS):
        watch.ask(partial(store.settle, again=False), id)
    worked_off(watch, store, time)
    with_more(watch, store, time)


def _ends(store: Any, due: datetime) -> Iterator[Callable[[str], object]]:
    """What may become of a mail that was taken."""
    yield store.sent
    yield partial(store.put_back, due=due, counts=True)
    yield lambda receipt: store.set_aside(receipt, "It is unknown.", unknown=True)
    yield lambda receipt: store.set_aside(receipt, "It failed.", unknown=False)


def worked_off(watch: Watch, store: Any, clock: testing.ManualClock) -> None:
    """Put mails in, and have them sent, by clients whose sends come to all ends."""
    for end in ENDS:
        given: dict[str, Any] = {**options(end), "clock": clock, "observers": [watch.value]}
        with Client(**given) as client:
            outbox = Outbox(store, client=client, clock=clock)
            watch.value(outbox)
            for mail in (letter(), templated(), letter(tags={"sesguard-outbox": "x"})):
                watch.ask(outbox.put, mail)
            watch.ask(partial(outbox.put, not_before=clock.now() + timedelta(days=9)), letter())
            for _ in range(2):
                watch.ask(partial(outbox.drain, concurrency=1))
                clock.advance(4000.0)
            for items in (outbox.unknown, outbox.failed):
                for one in watch.ask(partial(_read, items)) or ():
                    watch.ask(partial(outbox.settle, again=False), one.id)


def _read(items: Callable[[], Any]) -> list[Any]:
    return list(items())


def with_more(watch: Watch, store: Any, clock: testing.ManualClock) -> None:
    """Ask an outbox for what it cannot do, stop it, and tell it of events."""
    wrong: Any
    with Client(**options()) as client, Outbox(store, clock=clock, max_size=20_000) as outbox:
        watch.ask(outbox.put, letter(text=ADDRESS * 1000))
        watch.ask(partial(outbox.settle, again=True), ADDRESS)
        watch.ask(outbox.drain)
        watch.ask(outbox.stop)
        watch.ask(partial(outbox.run, client, handle_signals=False))
        settle = outbox.settling()
        for payload in payloads()[:5]:
            for event in parse_events(payload):
                watch.ask(settle, event)
        for wrong in (ADDRESS, FOREIGN, [ADDRESS], NOW.replace(tzinfo=None)):
            watch.ask(outbox.put, wrong)
            watch.ask(partial(outbox.put, not_before=_time(wrong)), letter())
            watch.ask(partial(outbox.put, priority=wrong), letter())
            watch.ask(outbox.drain, wrong)
            watch.ask(partial(outbox.drain, concurrency=wrong), client)
            watch.ask(Outbox, wrong)
            for name in ("client", "max_age", "max_size", "lease"):
                watch.ask(partial(Outbox, **{name: wrong}), store)
        watch.ask(outbox.close)


def _time(wrong: Any) -> Any:
    """No datetime that is aware; what is no datetime at all, a type checker sees."""
    return wrong if isinstance(wrong, datetime) else NOW.replace(tzinfo=None)


def in_files(watch: Watch, folder: Path) -> None:
    """Outboxes in files, of which some are damaged, somebody else's, or gone."""
    clock = testing.ManualClock(NOW)
    kept(watch, outboxes.SQLiteOutbox(folder / "mails.db", clock=clock), clock=clock)
    for path in (folder / "broken.db", folder / "other.db"):
        spoil(path)
    for path in (folder / "broken.db", folder / "other.db", folder / "none" / "mails.db"):
        kept(watch, outboxes.SQLiteOutbox(path))
    wrong: Any = FOREIGN
    watch.ask(partial(outboxes.SQLiteOutbox, folder / "a.db", busy_timeout=wrong))
    with outboxes.SQLiteOutbox(folder / "own.db") as store, Outbox(Failing()) as broken:
        watch.value([store, broken])
        for mail in (letter(), templated()):
            watch.ask(broken.put, mail)
        watch.ask(partial(_read, broken.unknown))
        watch.ask(partial(_read, broken.failed))
        watch.ask(partial(broken.settle, again=True), ADDRESS)
        with Client(**options()) as client:
            watch.ask(broken.drain, client)


def in_a_database(watch: Watch, folder: Path) -> None:
    """An outbox in a table that is there, in one that is not, and within a transaction."""
    clock = testing.ManualClock(NOW)
    engine = sa.create_engine(f"sqlite:///{folder / 'table.db'}")
    store = outboxes.SQLAlchemyOutbox(engine, clock=clock)
    kept(watch, store)
    watch.ask(store.create_all)
    kept(watch, store, clock=clock)
    wrong: Any
    with engine.begin() as connection:
        inside = watch.ask(store.within, connection)
        watch.ask(Outbox(inside or store, clock=clock).put, letter())
    for wrong in (ADDRESS, FOREIGN, sa.create_engine("sqlite://")):
        watch.ask(store.within, wrong)
        watch.ask(outboxes.SQLAlchemyOutbox, wrong)
    away = sa.create_engine(f"sqlite:///{folder / 'none' / 'table.db'}")
    kept(watch, outboxes.SQLAlchemyOutbox(away))
    with store:
        watch.value(store)
    for one in (engine, away):
        one.dispose()


NAMES = ("queue_url", "unknown_queue_url", "failed_queue_url")


def in_queues(watch: Watch, folder: Path) -> None:
    """Outboxes in SQS, which takes and gives, refuses, hangs up, and holds other things."""
    clock = testing.ManualClock(NOW)
    with moto.mock_aws():
        client = session().client("sqs")
        urls: Any = {
            name: client.create_queue(QueueName=name.replace("_", "-"))["QueueUrl"]
            for name in NAMES
        }
        for url in urls.values():
            client.send_message(QueueUrl=url, MessageBody=FOREIGN)
        given = {"boto3_client": once("sqs", "https://sqs.eu-west-1.amazonaws.com")}
        with outboxes.SQSOutbox(**urls, **given, wait_seconds=0, clock=clock) as store:
            kept(watch, store, clock=clock)
    refusals: list[Any] = [
        Answer(status, {"__type": f"com.amazonaws.sqs#{code}", "message": SAID})
        for status, code in (
            (400, "QueueDoesNotExist"),
            (403, "AccessDeniedException"),
            (403, "RequestThrottled"),
            (400, ADDRESS),
            (500, ADDRESS),
        )
    ]
    refusals += ["reset_after_body", "broken_200", "garbage"]
    for refusal in refusals:
        with HTTPPeer(*[refusal] * 400) as peer:
            away: Any = {name: f"{peer.url}/1/{name}" for name in NAMES}
            client = once("sqs", peer.url)
            kept(watch, outboxes.SQSOutbox(**away, boto3_client=client, wait_seconds=0))
            client.close()
    wrong: Any
    for wrong in (ADDRESS, FOREIGN, [ADDRESS]):
        for name in NAMES:
            watch.ask(partial(outboxes.SQSOutbox, **{**urls, name: wrong}))
        for name in ("boto3_client", "wait_seconds", "unknown_after", "max_bytes"):
            watch.ask(partial(outboxes.SQSOutbox, **urls, **{name: wrong}))


SCENARIOS: list[Scenario] = [in_files, in_a_database, in_queues]
