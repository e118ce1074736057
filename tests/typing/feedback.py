"""What type checkers see of feedback. Nothing here runs: mypy and pyright read it."""

from __future__ import annotations

import smtplib
from collections.abc import Sequence
from datetime import datetime
from typing import assert_type

from sesguard import (
    FeedbackPolicy,
    Worker,
    errors,
    events,
    metrics,
    parse_event,
    parse_events,
    replies,
    sources,
    stores,
    translated_errors,
)
from sesguard.suppression import CountSoftBounce, Ignore, Release, Suppress
from sesguard.worker import BatchWorker, WorkerFigures, WorkerTally


def a_payload_is_text_bytes_or_a_mapping(payload: dict[str, object]) -> None:
    assert_type(parse_event("{}"), events.Event)
    parse_event(b"{}")
    parse_event(payload)
    assert_type(parse_events(payload), tuple[events.Event, ...])
    parse_event(5)  # type: ignore[arg-type]  # no payload


def an_event_is_told_by_its_class(event: events.Event) -> None:
    assert_type(event.key, str)
    assert_type(event.recipients, tuple[events.Recipient, ...])
    assert_type(event.timestamp, datetime | None)
    if isinstance(event, events.Bounce):
        assert_type(event.bounced_recipients, tuple[events.Recipient, ...])


def a_policy_answers_changes(event: events.Event) -> None:
    consequences = FeedbackPolicy().consequences(event)
    assert_type(consequences, tuple[Suppress | Release | CountSoftBounce | Ignore, ...])


def a_handler_takes_what_it_is_registered_for(url: str) -> None:
    worker = Worker(sources.SQSSource(url), store=stores.MemoryStore())

    @worker.on(events.Bounce)
    def bounced(event: events.Bounce) -> None: ...

    @worker.on(events.Complaint, events.Delivery)
    async def told(event: events.Event) -> None: ...

    @worker.on(events.Bounce)  # type: ignore[arg-type]  # another event than it is told
    def wrong(event: events.Complaint) -> None: ...

    bounced(parse_bounce())
    worker.drain()


def a_worker_tells_how_it_does(url: str, event: dict[str, object]) -> None:
    store = stores.MemoryStore()
    worker = Worker(sources.SQSSource(url), store=store, threads=4, foreign="skip")
    assert_type(worker.figures(), WorkerFigures)
    assert_type(worker.drain(), WorkerTally)
    Worker(sources.SQSSource(url), store=store, foreign="delete")  # type: ignore[arg-type]  # neither
    batches = BatchWorker(store=store)
    assert_type(batches.handle(event)["batchItemFailures"][0]["itemIdentifier"], str)
    letters = sources.DeadLetters(url)
    assert_type(letters.entries(), tuple[sources.DeadLetter, ...])
    assert_type(letters.redrive().task, str | None)
    worker.stop()


def parse_bounce() -> events.Bounce:
    event = parse_event("{}")
    assert isinstance(event, events.Bounce)
    return event


def replies_become_errors() -> None:
    assert_type(replies.from_smtp(454, "Throttling failure", phase="body"), errors.SendError)
    assert_type(replies.from_api("Throttling", "Rate exceeded", status=400), errors.SendError)
    assert_type(replies.from_exception(OSError()), errors.SendError | None)
    replies.from_smtp(454, "Throttling failure", phase="later")  # type: ignore[arg-type]  # no phase


@translated_errors()
def mail_a_line(server: smtplib.SMTP, line: str) -> int:
    return len(line)


@translated_errors()
async def mail_a_line_later(line: str) -> int:
    return len(line)


async def a_decorated_function_keeps_its_type(server: smtplib.SMTP) -> None:
    assert_type(mail_a_line(server, "a"), int)
    assert_type(await mail_a_line_later("a"), int)
    mail_a_line(server)  # type: ignore[call-arg]  # the line is missing
    with translated_errors():
        pass


def rates_are_values(points: Sequence[metrics.SendDataPoint]) -> None:
    rates = metrics.rates(points)
    assert_type(rates.bounce, metrics.Rate)
    assert_type(rates.bounce.status, metrics.Status)
    assert_type(rates.worst, metrics.Status)
    assert_type(metrics.latest(points), metrics.SendDataPoint | None)
