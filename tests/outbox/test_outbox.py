"""Mails that are put in: at the door, in the lists, and settled."""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any

import pytest

from sesguard import AsyncClient, Client, Email, errors, parse_events
from sesguard.outbox import Outbox, OutboxTally
from sesguard.outboxes import SQLiteOutbox
from sesguard.ports import OutboxEntry
from sesguard.testing import ManualClock
from tests.outbox.conftest import SES, mail
from tests.peers import feedback

UNKNOWN = errors.OutcomeUnknownError("No answer came.")
NO = errors.MessageRejectedError("SES refused it.")


def bodies(store: SQLiteOutbox) -> list[OutboxEntry]:
    return list(store.take(100, 60))


def test_what_is_put_in_is_what_is_sent(outbox: Outbox, store: SQLiteOutbox, ses: SES) -> None:
    """All that the mail says arrives, and the tag that names it."""
    email = mail(1, cc="Ben <ben@example.org>", tags={"a": "b"}, stream="news", html="<p>ü🙂")
    id = outbox.put(email)
    assert outbox.drain() == OutboxTally(sent=1)
    (sent,) = ses.emails
    assert sent.tags == {"a": "b", "sesguard-outbox": id}
    assert {**sent.to_dict(), "tags": {"a": "b"}} == email.to_dict()
    assert outbox.drain() == OutboxTally()
    assert not [*outbox.unknown(), *outbox.failed()]


def test_ids_are_different_and_tell_no_address(outbox: Outbox) -> None:
    """Mails that are the same are two mails."""
    ids = {outbox.put(mail()) for _ in range(50)}
    assert len(ids) == 50
    assert all(len(id) == 36 and "@" not in id for id in ids)


def test_a_mail_waits_for_its_time(outbox: Outbox, ses: SES, clock: ManualClock) -> None:
    """Not a second earlier; a time that is past is now."""
    outbox.put(mail(1), not_before=clock.now() + timedelta(hours=1))
    outbox.put(mail(2), not_before=clock.now() - timedelta(days=400))
    assert outbox.drain() == OutboxTally(sent=1)
    clock.advance(3599)
    assert outbox.drain() == OutboxTally()
    clock.advance(1)
    assert outbox.drain() == OutboxTally(sent=1)
    assert ses.taken == ["2", "1"]


def test_what_is_urgent_goes_first(outbox: Outbox, ses: SES, clock: ManualClock) -> None:
    """Then the older; and a past time does not overtake what was there before."""
    for number, priority in enumerate((-9, 0, 0, 9)):
        outbox.put(mail(number), priority=priority)
        clock.advance(1)
    outbox.put(mail(4), not_before=clock.now() - timedelta(days=1))
    outbox.drain(concurrency=1)
    assert ses.taken == ["3", "1", "2", "4", "0"]


def test_a_mail_is_judged_by_the_door(outbox: Outbox, store: SQLiteOutbox) -> None:
    """What is no mail, or another's tag, is not kept."""
    for nonsense in (None, "mail", mail):
        with pytest.raises(errors.EmailError):
            outbox.put(nonsense)  # type: ignore[arg-type]  # tested
    with pytest.raises(errors.TagError) as caught:
        outbox.put(mail(tags={"sesguard-outbox": "mine"}))
    assert caught.value.field == "tags"
    with pytest.raises(errors.TagError):  # no room for the outbox's own
        outbox.put(mail(tags={f"tag{number}": "x" for number in range(50)}))
    assert not bodies(store)


def test_a_mail_that_is_too_large_is_refused(store: SQLiteOutbox, clock: ManualClock) -> None:
    """Up to the limit it is kept; a byte more and it is an error at once."""
    size = len(json.dumps(mail(text="x" * 1000).to_dict(), separators=(",", ":")))
    outbox = Outbox(store, max_size=size, clock=clock)
    outbox.put(mail(text="x" * 1000))
    with pytest.raises(errors.MessageTooLargeError, match="max_size"):
        outbox.put(mail(text="x" * 1001))
    assert len(bodies(store)) == 1


@pytest.mark.parametrize(
    "options",
    [
        {"priority": 10},
        {"priority": -10},
        {"priority": True},
        {"priority": 1.5},
        {"not_before": datetime(2026, 1, 1)},
    ],
)
def test_when_and_how_urgent_are_judged_by_the_door(
    outbox: Outbox, store: SQLiteOutbox, options: dict[str, Any]
) -> None:
    """A time without a zone is nobody's time."""
    with pytest.raises(errors.ConfigurationError):
        outbox.put(mail(), **options)
    assert not bodies(store)


def make(*arguments: Any, **options: Any) -> Outbox:
    """An outbox as somebody without types would make it."""
    return Outbox(*arguments, **options)


def for_loops() -> Any:
    return AsyncClient(suppression=None, transport=SES())


@pytest.mark.parametrize(
    "act",
    [
        lambda store: make(object()),
        lambda store: make(SQLiteOutbox),
        lambda store: make(store, max_age=0),
        lambda store: make(store, max_age=float("nan")),
        lambda store: make(store, lease=-1),
        lambda store: make(store, max_size=0),
        lambda store: make(store, max_size=True),
        lambda store: make(store, client=object()),
        lambda store: make(store, client=for_loops()),
        lambda store: make(store).run(),
        lambda store: make(store).drain(),
        lambda store: make(store).run(for_loops()),
        lambda store: make(store).drain(Client(suppression=None, transport=SES()), concurrency=0),
    ],
)
def test_what_cannot_work_is_refused(
    store: SQLiteOutbox, act: Callable[[SQLiteOutbox], object]
) -> None:
    """An option, a store or a client that is none, and a run without a client."""
    with pytest.raises(errors.ConfigurationError):
        act(store)


def test_a_store_that_is_asynchronous_is_refused() -> None:
    """It would answer with coroutines."""

    class Later(SQLiteOutbox):
        async def put(self, *args: Any, **kwargs: Any) -> None: ...  # type: ignore[override]  # tested

    with pytest.raises(errors.ConfigurationError, match="asynchronous"):
        make(Later("never.db"))


def test_lists_are_given_page_after_page(outbox: Outbox, ses: SES, store: SQLiteOutbox) -> None:
    """However many there are, each once; and settled on the way they are gone."""
    ids = [outbox.put(mail(number)) for number in range(250)]
    ses.always = UNKNOWN
    assert outbox.drain(concurrency=1) == OutboxTally(unknown=250)
    found = []
    for one in outbox.unknown():
        found.append(one.id)
        assert outbox.settle(one.id, again=False)
    assert found == ids
    assert not list(outbox.unknown())


def test_one_that_was_given_up_is_sent_again_when_told(
    outbox: Outbox, ses: SES, clock: ManualClock
) -> None:
    """With a new age, or it would be too old again."""
    id = outbox.put(mail(1))
    ses.answers = [NO]
    outbox.drain()
    clock.advance(timedelta(days=30))
    assert outbox.settle(id, again=True)
    assert outbox.drain() == OutboxTally(sent=1)
    assert not outbox.settle(id, again=True)
    assert ses.taken == ["1"]


def test_a_mail_is_read_out_of_a_list(outbox: Outbox, ses: SES) -> None:
    """What was put in can be had back, to be changed and put in as another one."""
    outbox.put(mail(1))
    ses.answers = [NO]
    outbox.drain()
    (one,) = outbox.failed()
    assert Email.from_dict(json.loads(one.body)) == mail(1)
    outbox.put(Email.from_dict(json.loads(one.body)))


# By events


def told(id: str, kind: str = "Send") -> list[Any]:
    """An event of a mail that carries this tag."""
    record: dict[str, Any] = dict(feedback.bounce(["ann@example.org"]))
    record.pop("notificationType", None)
    record["eventType"] = kind
    record["mail"]["tags"] = {"sesguard-outbox": [id]}
    if kind == "Send":
        record.pop("bounce")
        record["send"] = {}
    return list(parse_events(json.dumps(record)))


def test_an_event_settles_what_may_have_been_sent(outbox: Outbox, ses: SES) -> None:
    """Whatever SES tells of a mail, it took it: the mail is gone, and others are not."""
    first, second = outbox.put(mail(1)), outbox.put(mail(2))
    ses.always = UNKNOWN
    outbox.drain(concurrency=1)
    settle = outbox.settling()
    for event in [*told("another"), *told(first), *told(first, "Bounce")]:
        settle(event)
    assert [one.id for one in outbox.unknown()] == [second]


def test_events_of_other_mails_settle_nothing(outbox: Outbox, ses: SES) -> None:
    """A mail without the tag, an event without a mail, and one that waits."""
    waits = outbox.put(mail(1))
    settle = outbox.settling()
    record = feedback.bounce(["ann@example.org"])
    for event in [*parse_events(json.dumps(record)), *told(waits)]:
        settle(event)
    (notice,) = parse_events("Successfully validated SNS topic for Amazon SES event publishing.")
    settle(notice)
    assert outbox.drain() == OutboxTally(sent=1)


def test_an_event_may_come_before_the_answer(outbox: Outbox, ses: SES) -> None:
    """Then the mail is gone already, and the send does no harm."""
    id = outbox.put(mail(1))
    settle = outbox.settling()
    ses.during = lambda email: [settle(event) for event in told(id)]
    assert outbox.drain() == OutboxTally(lost=1)
    assert ses.taken == ["1"]
    assert not [*outbox.unknown(), *outbox.failed()]


def test_it_closes_its_store(outbox: Outbox, store: SQLiteOutbox) -> None:
    """As every client and store does, and by `with`."""
    with outbox:
        outbox.put(mail())
    assert [one.name for one in store._file.path.parent.iterdir()] == ["outbox.db"]


def test_nothing_of_a_mail_is_in_a_repr(outbox: Outbox, ses: SES, store: SQLiteOutbox) -> None:
    """Neither of what was taken nor of what was set aside."""
    outbox.put(mail())
    ses.answers = [NO]
    outbox.put(mail())
    outbox.drain(concurrency=1)
    outbox.put(mail())
    shown = f"{list(outbox.failed())} {store.take(1, 60)}"
    assert "example" not in shown
    assert "Hello" not in shown
