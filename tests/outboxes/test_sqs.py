"""An outbox in SQS, against moto's, with a clock in hand."""

from __future__ import annotations

import itertools
import json
import threading
from collections.abc import Callable, Iterator
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from typing import Any, cast

import boto3
import moto
import pytest
from botocore.config import Config
from botocore.exceptions import ClientError, EndpointConnectionError, NoCredentialsError
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from sesguard import Email
from sesguard.errors import (
    AccessDeniedError,
    ConfigurationError,
    MessageTooLargeError,
    StoreError,
)
from sesguard.outbox import Outbox
from sesguard.outboxes.sqs import SQSOutbox
from sesguard.outboxes.sqs_texts import Kept, read
from sesguard.ports import OutboxStore
from sesguard.testing import ManualClock
from sesguard.testing.outbox_contract import (
    LEASE,
    MakeOutboxStore,
    OutboxStoreContract,
    everything,
    ids,
)
from tests.peers.http import Answer, HTTPPeer

HOUR = 3600.0
BODY = '{"subject": "Hello"}'
REGION = "eu-west-1"
NAMES = ("queue_url", "unknown_queue_url", "failed_queue_url")
URLS: dict[str, Any] = {
    name: f"https://sqs.{REGION}.amazonaws.com/123456789012/{name}" for name in NAMES
}
ONCE = Config(retries={"mode": "standard", "total_max_attempts": 1})


class Queues:
    """
    moto's queues, asked one request at a time, and what is done right before or after one.

    Attributes:
        before: What is called before a request, by the action's name; it may raise.

        after: What is called when a request was carried out; it may raise.

        asked: The actions and the queues they went to.
    """

    def __init__(self) -> None:
        made: Any = boto3.client("sqs", region_name=REGION, config=ONCE)
        self.client = made
        self.meta: Any = made.meta
        self.before: Callable[[str, dict[str, Any]], None] = lambda action, arguments: None
        self.after: Callable[[str, dict[str, Any]], None] = lambda action, arguments: None
        self.asked: list[tuple[str, str]] = []
        self._one_at_a_time = threading.RLock()

    def urls(self, name: str) -> dict[str, Any]:
        return {
            option: str(self.client.create_queue(QueueName=f"{name}-{option}")["QueueUrl"])
            for option in NAMES
        }

    def messages(self, url: str) -> int:
        told = self.client.get_queue_attributes(QueueUrl=url, AttributeNames=["All"])
        return sum(int(told["Attributes"][name]) for name in told["Attributes"] if "Appr" in name)

    def __getattr__(self, action: str) -> Any:
        def ask(**arguments: Any) -> Any:
            with self._one_at_a_time:
                self.asked.append((action, arguments["QueueUrl"].rpartition("-")[2]))
                self.before(action, arguments)
                answer = getattr(self.client, action)(**arguments)
                self.after(action, arguments)
                return answer

        return ask


@pytest.fixture
def clock() -> ManualClock:
    return ManualClock()


@pytest.fixture
def queues(clock: ManualClock, monkeypatch: pytest.MonkeyPatch) -> Iterator[Queues]:
    """SQS, whose clock is ours, and a little later at each look."""
    looks = itertools.count()

    def milliseconds() -> float:
        return clock.now().timestamp() * 1000 + next(looks) / 1000

    with moto.mock_aws():
        monkeypatch.setattr("moto.sqs.models.unix_time_millis", milliseconds)
        monkeypatch.setattr("moto.sqs.models.unix_time", lambda: milliseconds() / 1000)
        yield Queues()


@pytest.fixture
def make_store(queues: Queues, clock: ManualClock) -> MakeOutboxStore:
    def make(name: str) -> SQSOutbox:
        client = cast("Any", queues)
        return SQSOutbox(**queues.urls(name), boto3_client=client, wait_seconds=0, clock=clock)

    return make


@pytest.fixture
def store(make_store: MakeOutboxStore) -> OutboxStore:
    return make_store("outbox")


@pytest.fixture
def put(store: OutboxStore, clock: ManualClock) -> Callable[..., None]:
    def put(*names: str, after: float = 0.0) -> None:
        for name in names:
            due = clock.now() + timedelta(seconds=after)
            store.put(name, BODY, due=due, priority=0)

    return put


class TestContract(OutboxStoreContract):
    """An outbox in SQS is one like any other, but for what is said here."""

    @pytest.fixture
    def clock(self) -> ManualClock:
        return ManualClock()

    @pytest.fixture
    def make_store(self, queues: Queues, clock: ManualClock) -> MakeOutboxStore:
        def make(name: str) -> SQSOutbox:
            client = cast("Any", queues)
            return SQSOutbox(**queues.urls(name), boto3_client=client, wait_seconds=0, clock=clock)

        return make

    def _aside(self, store: OutboxStore, clock: ManualClock, how: str) -> None:
        """What lapsed is set aside by the next that takes, an hour later."""
        super()._aside(store, clock, how)
        if how == "lapsed":
            clock.advance(HOUR)
            assert not store.take(10, LEASE)

    def test_the_oldest_goes_first(
        self, store: OutboxStore, put: Callable[..., None], clock: ManualClock
    ) -> None:
        """SQS promises no order: all of them come."""
        put("second", after=1)
        put("first")
        clock.advance(10)
        assert sorted(ids(store.take(10, LEASE))) == ["first", "second"]

    def test_a_higher_priority_goes_first(
        self, store: OutboxStore, put: Callable[..., None], clock: ManualClock
    ) -> None:
        """There is none, so it is refused."""
        for priority in (-1, 1):
            with pytest.raises(ConfigurationError, match="priority"):
                put("a", priority=priority)
        assert store.next_due() is None

    def test_another_process_sees_it(
        self, make_store: MakeOutboxStore, store: OutboxStore, put: Callable[..., None]
    ) -> None:
        """One of the two takes it; its receipt is no other store's."""
        put("a", "b")
        other = make_store("outbox")
        (mine,) = store.take(1, LEASE)
        (its,) = other.take(10, LEASE)
        assert sorted([mine.id, its.id]) == ["a", "b"]
        assert not other.begin(mine.receipt)
        assert store.begin(mine.receipt)

    def test_a_lease_that_lapsed_after_the_request_makes_it_unknown(
        self, store: OutboxStore, put: Callable[..., None], clock: ManualClock
    ) -> None:
        """It is listed by the first that takes when *unknown_after* is over."""
        put("a")
        (entry,) = store.take(10, LEASE)
        assert store.begin(entry.receipt)
        clock.advance(HOUR - 2)
        assert not store.take(10, LEASE)
        assert not everything(store.unknown)
        clock.advance(4)
        assert not store.take(10, LEASE)
        (lapsed,) = everything(store.unknown)
        assert (lapsed.id, lapsed.body, lapsed.at) == ("a", entry.body, clock.now())
        assert "may have been sent" in lapsed.reason
        assert not store.sent(entry.receipt)
        clock.advance(8 * HOUR)  # moto hides nothing that is older than twelve
        assert not store.take(10, LEASE)
        assert ids(everything(store.unknown)) == ["a"]

    def test_a_late_answer_still_tells(
        self, store: OutboxStore, put: Callable[..., None], clock: ManualClock
    ) -> None:
        """As long as nobody else can have it, so within *unknown_after*."""
        put("sent", "not", "gone")
        taken = {entry.id: entry.receipt for entry in store.take(10, LEASE)}
        assert all(map(store.begin, taken.values()))
        clock.advance(HOUR - 2)
        assert store.sent(taken["sent"])
        assert store.put_back(taken["not"], due=clock.now(), counts=False)
        assert store.set_aside(taken["gone"], "refused", unknown=False)
        assert ids(store.take(10, LEASE)) == ["not"]
        assert ids(everything(store.failed)) == ["gone"]
        assert not everything(store.unknown)

    def test_it_says_when_the_next_one_is_due(
        self, store: OutboxStore, put: Callable[..., None], clock: ManualClock
    ) -> None:
        """Now, or soon: SQS does not say when."""
        put("late", after=900)
        assert self._seconds_left(store, clock) == 10
        put("now")
        assert self._seconds_left(store, clock) == 0
        store.take(10, LEASE)
        assert self._seconds_left(store, clock) == 10


# Waiting


def test_a_long_wait_is_a_chain_of_short_ones(
    queues: Queues, store: OutboxStore, put: Callable[..., None], clock: ManualClock
) -> None:
    """A mail of in an hour is put anew each quarter, and is handed out once, in time."""
    put("a", after=HOUR)
    for _ in range(3):
        clock.advance(901)
        assert not store.take(10, LEASE)
    assert [action for action, _ in queues.asked].count("send_message") == 4
    clock.advance(HOUR - 3 * 901 - 1)
    assert not store.take(10, LEASE)
    clock.advance(1)
    (entry,) = store.take(10, LEASE)
    assert (entry.id, entry.attempts, entry.put_at) == ("a", 0, clock.now() - timedelta(hours=1))
    assert not store.unknown().items


def test_mails_that_wait_do_not_hide_those_behind(
    store: OutboxStore, put: Callable[..., None], clock: ManualClock
) -> None:
    """A poll that brings ten early ones is followed by another."""
    put(*(f"early-{number}" for number in range(10)), after=2 * HOUR)
    clock.advance(900)
    put("due")
    assert ids(store.take(10, LEASE)) == ["due"]


def taken_later(store: OutboxStore, clock: ManualClock, *, hours: float) -> list[str]:
    """What is handed out, and sent, one by one, by somebody who looks every ten minutes."""
    found: list[str] = []
    for _ in range(round(hours * 6)):
        clock.advance(600)
        while entries := store.take(1, LEASE):
            assert store.begin(entries[0].receipt)
            assert store.sent(entries[0].receipt)
            found.append(entries[0].id)
    return found


def test_one_that_was_killed_while_it_had_a_mail_wait_on_does_not_double_it(
    queues: Queues,
    make_store: MakeOutboxStore,
    put: Callable[..., None],
    clock: ManualClock,
) -> None:
    """The new message is handed out, and the one before it is listed, but not handed out."""
    put("a", after=HOUR)
    clock.advance(901)

    def kill(action: str, arguments: dict[str, Any]) -> None:
        if action == "send_message":
            raise Killed

    queues.after = kill
    with pytest.raises(Killed):
        make_store("outbox").take(10, LEASE)
    queues.after = lambda action, arguments: None
    clock.advance(LEASE + 2)
    other = make_store("outbox")
    assert not other.take(10, LEASE)
    assert taken_later(other, clock, hours=4) == ["a"]
    assert ids(everything(other.unknown)) == ["a"]


def test_what_was_not_put_anew_is_handed_back(
    queues: Queues, store: OutboxStore, put: Callable[..., None], clock: ManualClock
) -> None:
    """Where SQS did not answer for one, the others that wait on do so with the next take."""
    put("a", "b", "c", after=HOUR)
    clock.advance(901)
    answers = iter([True, False])

    def lose(action: str, arguments: dict[str, Any]) -> None:
        if action == "send_message" and not next(answers, True):
            refuse(EndpointConnectionError(endpoint_url="x"))

    queues.after = lose
    with pytest.raises(StoreError):
        store.take(10, LEASE)
    assert not store.take(10, LEASE)
    assert sorted(taken_later(store, clock, hours=4)) == ["a", "b", "c"]
    (unclear,) = everything(store.unknown)
    assert unclear.id == "b"


def test_what_came_too_late_to_wait_on_is_not_put_anew(
    queues: Queues, store: OutboxStore, put: Callable[..., None], clock: ManualClock
) -> None:
    """Somebody else may have done so, and then there would be two."""
    put("a", after=HOUR)
    clock.advance(901)
    queues.before = lambda action, arguments: clock.advance(
        LEASE + 1 if action == "change_message_visibility_batch" else 0
    )
    assert not store.take(10, LEASE)
    assert [action for action, _ in queues.asked].count("send_message") == 1


# Killed


class Killed(BaseException):
    """The process is gone: nothing that it had in memory is left."""


def killed_at(request: int, queues: Queues, *, after: bool) -> None:
    """Be killed at the n-th request from now on, right before or after it is carried out."""
    left = request

    def count(action: str, arguments: dict[str, Any]) -> None:
        nonlocal left
        left -= 1
        if left < 0:
            raise Killed

    queues.before, queues.after = lambda *_: None, lambda *_: None
    if after:
        queues.after = count
    else:
        queues.before = count


def work(store: OutboxStore, clock: ManualClock, sent: list[str]) -> None:
    """A turn of a sender, which takes, sends one, puts one back and gives up one."""
    for entry in store.take(10, LEASE):
        if entry.id == "stays" and not entry.attempts:
            store.put_back(entry.receipt, due=clock.now() + timedelta(hours=1), counts=True)
        elif store.begin(entry.receipt):
            if entry.id == "throttled" and not entry.attempts:
                store.put_back(entry.receipt, due=clock.now(), counts=True)
            elif entry.id == "refused":
                store.set_aside(entry.receipt, "refused", unknown=False)
            else:
                sent.append(entry.id)
                store.sent(entry.receipt)


@settings(max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    kills=st.lists(st.tuples(st.integers(0, 25), st.booleans(), st.integers(1, 1800)), max_size=4)
)
def test_a_killed_sender_loses_and_repeats_nothing(
    queues: Queues,
    make_store: MakeOutboxStore,
    clock: ManualClock,
    kills: list[tuple[int, bool, int]],
) -> None:
    """Wherever senders are killed, each mail is sent once, listed, or both; none is sent twice."""
    names = ["a", "b", "stays", "throttled", "refused", "late"]
    label = f"killed-{len(queues.asked)}"
    store = make_store(label)
    for name in names:
        due = clock.now() + timedelta(hours=name == "late")
        store.put(name, BODY, due=due, priority=0)
    sent: list[str] = []
    for request, after, rest in kills:
        killed_at(request, queues, after=after)
        with suppress(Killed):
            work(make_store(label), clock, sent)
        clock.advance(rest)
    killed_at(10**9, queues, after=True)
    last = make_store(label)
    for _ in range(30):
        clock.advance(600)
        work(last, clock, sent)
    assert len(sent) == len(set(sent))
    listed = ids([*everything(last.unknown), *everything(last.failed)])
    assert {*sent, *listed} == set(names)
    assert last.next_due() is None
    if not kills:
        assert sorted(sent) == ["a", "b", "late", "stays", "throttled"]
        assert listed == ["refused"]


def test_a_begin_that_came_too_late_is_none(
    queues: Queues, store: OutboxStore, put: Callable[..., None], clock: ManualClock
) -> None:
    """If SQS took so long to hide it that the lease was over, somebody else may have it."""
    put("a")
    (entry,) = store.take(10, LEASE)
    queues.before = lambda action, arguments: clock.advance(LEASE + 1)
    assert not store.begin(entry.receipt)
    assert not store.sent(entry.receipt)


def test_taken_again_and_again_for_too_long_is_unknown(
    make_store: MakeOutboxStore, put: Callable[..., None], clock: ManualClock
) -> None:
    """After three quarters of *unknown_after*, time does not tell any more."""
    put("a")
    for _ in range(5):
        assert ids(make_store("outbox").take(10, 500.0)) == ["a"]
        clock.advance(501)
    clock.advance(300)
    store = make_store("outbox")
    assert not store.take(10, 500.0)
    assert ids(everything(store.unknown)) == ["a"]


def test_one_id_is_not_sent_twice_at_once(
    store: OutboxStore, put: Callable[..., None], clock: ManualClock
) -> None:
    """Of two messages of one mail, the second is set aside as long as the first is held."""
    put("a", "a")
    assert ids(store.take(10, LEASE)) == ["a"]
    (second,) = everything(store.unknown)
    assert second.id == "a"
    assert "same id" in second.reason


def test_one_in_both_lists_is_sent_again_once(
    store: OutboxStore, put: Callable[..., None], clock: ManualClock
) -> None:
    """It is taken out of both."""
    put("a", "a")
    (entry,) = store.take(10, LEASE)
    assert store.set_aside(entry.receipt, "refused", unknown=False)
    assert ids(everything(store.unknown)) == ids(everything(store.failed)) == ["a"]
    assert store.settle("a", again=True)
    clock.advance(1)
    assert ids(store.take(10, LEASE)) == ["a"]
    assert not [*everything(store.unknown), *everything(store.failed)]


# What is no mail


@pytest.mark.parametrize(
    "text",
    [
        "hello",
        "{}",
        "[1]",
        '{"sesguard_outbox": 2, "id": "a"}',
        '{"sesguard_outbox": 1, "id": "a"}',
        Kept(id="a", body="b", due=datetime.now(UTC), put_at=datetime.now(UTC))
        .text()
        .replace("+00:00", ""),
        "[" * 100_000,
    ],
)
def test_what_is_no_mail_is_set_aside_as_it_is(
    queues: Queues,
    store: OutboxStore,
    put: Callable[..., None],
    clock: ManualClock,
    text: str,
) -> None:
    """A stranger's message, or a newer version's, neither blocks nor is lost."""
    url = queues.urls("outbox")["queue_url"]
    queues.client.send_message(QueueUrl=url, MessageBody=text)
    put("a")
    assert ids(store.take(10, LEASE)) == ["a"]
    (foreign,) = everything(store.failed)
    assert foreign.body == text
    assert "no mail of this outbox" in foreign.reason
    assert store.settle(foreign.id, again=True)
    assert not store.take(10, LEASE)
    (back,) = everything(store.failed)
    assert store.settle(back.id, again=False)
    assert not everything(store.failed)


@given(st.text(st.characters(codec=None)), st.text(st.characters(codec=None)))
def test_a_mail_comes_out_of_its_message_as_it_went_in(id: str, body: str) -> None:
    """Whatever its characters, the message is ASCII that SQS does not touch."""
    at = datetime(2026, 1, 2, 3, 4, 5, 678_901, UTC)
    kept = Kept(id=id, body=body, due=at, put_at=at, attempts=3, reason="no", aside_at=at)
    assert kept.text().isascii()
    assert kept.text().isprintable()
    assert read(kept.text()) == kept


# Sizes and options


def test_what_does_not_fit_is_refused_at_the_door(store: OutboxStore, clock: ManualClock) -> None:
    """SQS takes a mebibyte; the largest that is taken can still be set aside with a reason."""
    with pytest.raises(MessageTooLargeError, match="1048576"):
        store.put("a", "x" * 1_048_576, due=clock.now(), priority=0)
    store.put("a", "x" * 1_044_200, due=clock.now(), priority=0)
    (entry,) = store.take(10, LEASE)
    assert store.set_aside(entry.receipt, "🙂" * 1000, unknown=True)
    (aside,) = everything(store.unknown)
    assert aside.reason == "🙂" * 250


def test_a_smaller_queue_has_a_smaller_door(queues: Queues, clock: ManualClock) -> None:
    """A queue may be set to less than SQS takes."""
    client = cast("Any", queues)
    store = SQSOutbox(**queues.urls("s"), boto3_client=client, max_bytes=262_144, clock=clock)
    with pytest.raises(MessageTooLargeError, match="262144"):
        store.put("a", "x" * 262_144, due=clock.now(), priority=0)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"queue_url": "arn:aws:sqs:eu-west-1:123456789012:q"}, "URL"),
        ({"queue_url": URLS["queue_url"] + ".fifo"}, "FIFO"),
        ({"failed_queue_url": URLS["queue_url"]}, "different"),
        ({"region_name": "us-east-1"}, "one region"),
        ({"wait_seconds": 21}, "wait_seconds"),
        ({"wait_seconds": True}, "wait_seconds"),
        ({"unknown_after": 3599}, "unknown_after"),
        ({"unknown_after": timedelta(hours=12)}, "unknown_after"),
        ({"max_bytes": 1_048_577}, "max_bytes"),
        ({"max_bytes": 100}, "max_bytes"),
        ({"boto3_client": object()}, "total_max_attempts"),
    ],
)
def test_options_that_cannot_work_are_refused(options: dict[str, Any], message: str) -> None:
    """When it is made, not when a mail is lost."""
    with pytest.raises(ConfigurationError, match=message):
        SQSOutbox(**{**URLS, **options})


def test_a_client_that_repeats_is_refused() -> None:
    """Its second SendMessage would be a second mail."""
    usual: Any = boto3.client("sqs", region_name=REGION)
    hasty: Any = boto3.client("sqs", region_name=REGION, config=ONCE.merge(Config(read_timeout=1)))
    good: Any = boto3.client("sqs", region_name=REGION, config=ONCE)
    with pytest.raises(ConfigurationError, match="second mail"):
        SQSOutbox(**URLS, boto3_client=usual)
    with pytest.raises(ConfigurationError, match="read_timeout"):
        SQSOutbox(**URLS, boto3_client=hasty)
    with pytest.raises(ConfigurationError, match="region_name= and boto3_client="):
        SQSOutbox(**URLS, boto3_client=good, region_name=REGION)
    assert "queue_url" in repr(SQSOutbox(**URLS, boto3_client=good))
    for client in (usual, hasty, good):
        client.close()


def test_arguments_that_cannot_be_are_refused(store: OutboxStore, clock: ManualClock) -> None:
    """A time without a zone, and a lease that leaves time nothing to tell."""
    with pytest.raises(ConfigurationError, match="aware"):
        store.put("a", BODY, due=clock.now().replace(tzinfo=None), priority=0)
    with pytest.raises(ConfigurationError, match="unknown_after"):
        store.take(10, 1801.0)
    assert not store.take(10, 1800.0)


# Trouble


def test_a_put_without_an_answer_is_an_error(
    queues: Queues, store: OutboxStore, put: Callable[..., None]
) -> None:
    """Nothing is repeated: the message may be there, and a second one is a second mail."""
    queues.after = lambda action, arguments: refuse(EndpointConnectionError(endpoint_url="x"))
    with pytest.raises(StoreError, match="SendMessage"):
        put("a")
    queues.after = lambda action, arguments: None
    assert ids(store.take(10, LEASE)) == ["a"]
    assert [action for action, _ in queues.asked].count("send_message") == 1


@pytest.mark.parametrize(
    ("trouble", "kind"),
    [
        (EndpointConnectionError(endpoint_url="https://sqs"), StoreError),
        (NoCredentialsError(), ConfigurationError),
        (AttributeError("'list' object has no attribute 'get'"), StoreError),
        (("OverLimit", 403), StoreError),
        (("InternalError", 500), StoreError),
        (("AccessDenied", 403), AccessDeniedError),
        (("QueueDoesNotExist", 400), ConfigurationError),
    ],
)
def test_what_sqs_refuses_is_an_error_of_ours(
    queues: Queues,
    store: OutboxStore,
    put: Callable[..., None],
    clock: ManualClock,
    trouble: Exception | tuple[str, int],
    kind: type[Exception],
) -> None:
    """Every call names the queue, and none answers as if the outbox were empty."""
    put("a")
    (entry,) = store.take(10, LEASE)
    queues.before = lambda action, arguments: refuse(trouble, action)
    for call in (
        lambda: put("b"),
        lambda: store.take(10, LEASE),
        lambda: store.begin(entry.receipt),
        lambda: store.sent(entry.receipt),
        lambda: store.set_aside(entry.receipt, "no", unknown=True),
        lambda: store.settle("a", again=True),
        store.unknown,
        store.failed,
        store.next_due,
    ):
        with pytest.raises(kind, match="outbox-") as caught:
            call()
        assert caught.value.__suppress_context__
        assert cast("Any", caught.value).original is not None
    queues.before = lambda action, arguments: None
    assert store.begin(entry.receipt)
    assert store.sent(entry.receipt)


@pytest.mark.parametrize("body", ["[]", "null", '{"Failed": 3, "Messages": [3]}'])
def test_an_answer_that_is_none_of_sqs_is_an_error_of_ours(body: str) -> None:
    """Botocore's own parser stumbles over it, with an error that is no boto3 error."""
    with HTTPPeer(Answer(200, body)) as peer:
        client: Any = boto3.client("sqs", region_name=REGION, endpoint_url=peer.url, config=ONCE)
        urls: Any = {name: f"{peer.url}/1/{name}" for name in NAMES}
        store = SQSOutbox(**urls, boto3_client=client, wait_seconds=0)
        with pytest.raises(StoreError, match="is not SQS") as caught:
            store.take(10, LEASE)
        client.close()
    assert caught.value.__cause__ is None


def refuse(trouble: Exception | tuple[str, int], action: str = "") -> None:
    if isinstance(trouble, Exception):
        raise trouble
    code, status = trouble
    answer = {"Error": {"Code": code}, "ResponseMetadata": {"HTTPStatusCode": status}}
    raise ClientError(cast("Any", answer), action)


# As a whole


def test_a_kept_mail_is_the_mail(
    queues: Queues, clock: ManualClock, make_store: MakeOutboxStore
) -> None:
    """`Outbox` puts an e-mail, and what is taken reads as that e-mail."""
    email = Email(sender="a@example.org", to="b@example.org", subject="Grüße", text="🙂")
    store = make_store("outbox")
    id = Outbox(store, clock=clock).put(email)
    (entry,) = store.take(10, LEASE)
    assert entry.id == id
    assert Email.from_dict(json.loads(entry.body)) == email


def test_ten_mails_cost_thirteen_requests(
    queues: Queues, store: OutboxStore, put: Callable[..., None]
) -> None:
    """Ten to put, one to take all, and one each to begin and end: what SQS is paid for."""
    put(*(f"mail-{number}" for number in range(10)))
    (first, *_) = store.take(10, LEASE)
    assert store.begin(first.receipt)
    assert store.sent(first.receipt)
    assert len(queues.asked) == 13


def test_it_makes_a_client_of_its_own(clock: ManualClock) -> None:
    """Which asks once, in the region of the queues, and again after it was closed."""
    with moto.mock_aws():
        other: Any = boto3.client("sqs", region_name=REGION)
        urls: dict[str, Any] = {
            name: str(other.create_queue(QueueName=name)["QueueUrl"]) for name in NAMES
        }
        with SQSOutbox(**urls, wait_seconds=0) as store:
            store.put("a", BODY, due=datetime.now(UTC), priority=0)
            made: Any = store._calls._client()
            assert made.meta.region_name == REGION
            assert made.meta.config.retries["total_max_attempts"] == 1
            store.close()
            assert ids(store.take(10, LEASE)) == ["a"]
        other.close()
