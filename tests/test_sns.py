"""Messages of SNS: every genuine one is taken, and no other."""

from __future__ import annotations

import json
import multiprocessing
import os
import random
import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from sesguard import errors, sns
from sesguard._core.sns_reading import LARGEST, SIGNED
from sesguard._core.sns_topics import topic_of
from sesguard.testing import ManualClock, sample
from sesguard.testing.sns import Authority, Topic
from tests.peers.corpus import message_of, signed

ARN = "arn:aws:sns:eu-west-1:123456789012:feedback"
NOW = datetime(2026, 3, 1, 12, tzinfo=UTC)
BOUNCE = sample("Bounce", envelope="none")
REFUSED = (errors.NotificationError, errors.StoreError)
MUTATIONS = 5_000


def topic(version: str = "1", **options: Any) -> Topic:
    return Topic(ARN, version=version, clock=ManualClock(NOW), **options)


def verifier(
    one: Topic, fetch: Callable[[str], bytes | None] | None = None, **options: Any
) -> sns.SNSVerifier:
    options = {"clock": lambda: NOW, "trusted_roots": [one.authority.root_pem], **options}
    return sns.SNSVerifier([one.arn], fetch=fetch or one.authority.fetch, **options)


def messages(one: Topic) -> dict[str, str]:
    return {
        "notification": one.notification(BOUNCE, attributes={"kind": "test"}),
        "with subject": one.notification("Grüße\nzwei Zeilen", subject="Amazon SES"),
        "subscription": one.subscription_confirmation(),
        "unsubscription": one.unsubscribe_confirmation(),
    }


KINDS = [(version, kind) for version in ("1", "2") for kind in messages(topic())]


@pytest.mark.parametrize(("version", "kind"), KINDS)
@pytest.mark.parametrize("form", ["text", "bytes", "lambda"])
def test_a_genuine_message_is_taken(version: str, kind: str, form: str) -> None:
    """As text, as bytes with its headers, and as Lambda spells it."""
    one = topic(version)
    body = messages(one)[kind]
    given: Any = body if form == "text" else body.encode()
    if form == "lambda":
        given = json.loads(one.lambda_event(body))["Records"][0]["Sns"]
    envelope = verifier(one).verify(given, one.headers(body) if form == "bytes" else None)
    fields = json.loads(body)
    assert (envelope.type, envelope.message) == (fields["Type"], fields["Message"])
    assert (envelope.message_id, envelope.topic_arn) == (fields["MessageId"], ARN)
    assert (envelope.subject, envelope.token) == (fields.get("Subject"), fields.get("Token"))
    assert envelope.timestamp == NOW


@pytest.mark.parametrize(("version", "kind"), KINDS)
def test_no_forgery_is_taken(version: str, kind: str) -> None:
    """About a hundred of each message; and nothing is asked of any URL but SNS's own."""
    one = topic(version)
    body = messages(one)[kind]
    forgeries = one.forgeries(body)
    assert len(forgeries) > 90
    own = topic_of(ARN)
    for forgery in forgeries:
        with pytest.raises(REFUSED):
            verifier(one, forgery.fetch).verify(forgery.body, forgery.headers)
        assert all(own.is_certificate_url(url) for url in forgery.asked), forgery.name
        if forgery.group in ("url", "topic", "json", "age", "headers"):
            assert forgery.asked == [], forgery.name


@pytest.mark.parametrize(("version", "kind"), KINDS)
def test_one_other_character_is_another_message(version: str, kind: str) -> None:
    """Of each signed field, any one character; the list of topics is of no help to it."""
    one = topic(version)
    fields = json.loads(messages(one)[kind])
    judge = verifier(one)
    for name in SIGNED[fields["Type"]]:
        value = fields.get(name, "")
        for at in {0, len(value) // 2, len(value) - 1} if value else ():
            other = "0" if value[at] != "0" else "1"
            changed = {**fields, name: f"{value[:at]}{other}{value[at + 1 :]}"}
            with pytest.raises(errors.NotificationError):
                judge.verify(json.dumps(changed))
    judge.verify(json.dumps(fields))


def mutated(text: bytes, chance: random.Random) -> bytes:
    """One to three bytes changed, put in, or taken out."""
    found = bytearray(text)
    for _ in range(chance.randint(1, 3)):
        at = chance.randrange(len(found))
        match chance.randrange(4):
            case 0:
                found[at] = chance.randrange(256)
            case 1:
                found.insert(at, chance.choice(b'"\\{}:,\n 0a'))
            case 2:
                del found[at]
            case _:
                end = min(len(found), at + chance.randint(1, 40))
                found[at:at] = found[at:end]
    return bytes(found)


def test_a_damaged_message_is_taken_only_if_it_says_the_same() -> None:
    """Thousands of random changes: what is taken is equal in every signed value."""
    chance, taken = random.Random(6), 0
    one = topic()
    judge = verifier(one)
    for body in messages(one).values():
        fields = json.loads(body)
        names = SIGNED[fields["Type"]]
        for _ in range(MUTATIONS // 4):
            damaged = mutated(body.encode(), chance)
            try:
                envelope = judge.verify(damaged)
            except REFUSED:  # another number in the URL is a certificate that may yet come
                continue
            judge.release(envelope)
            taken += 1
            read = json.loads(damaged)
            assert [read.get(name) for name in names] == [fields.get(name) for name in names]
    assert 0 < taken < MUTATIONS / 10  # what is not signed, and spaces between fields


@pytest.mark.parametrize("one", signed())
def test_amazons_own_are_taken_and_edited_ones_are_not(one: dict[str, Any]) -> None:
    """By the certificate that was at its URL, at the time of the message."""
    message, certificate = message_of(one)
    at = datetime.fromisoformat(message["Timestamp"])

    def verify(fields: dict[str, Any]) -> sns.Envelope:
        judge = sns.SNSVerifier(
            [message["TopicArn"]], fetch=lambda _: certificate, clock=lambda: at
        )
        return judge.verify(fields)

    if not one["signature"]["trusted"]:
        with pytest.raises(errors.NotificationError):
            verify(message)
        return
    assert verify(message).message == message["Message"]
    text = message["Message"]
    with pytest.raises(errors.SignatureError):
        verify({**message, "Message": text[:-1] + ("x" if text[-1] != "x" else "y")})


def test_a_message_is_taken_once() -> None:
    """Until whoever could not deal with it says so: SNS's own retry has the same id."""
    one = topic()
    judge, body = verifier(one), one.notification(BOUNCE)
    envelope = judge.verify(body)
    with pytest.raises(errors.ReplayedError):
        judge.verify(body)
    judge.release(envelope)
    assert judge.verify(body) == envelope


def test_what_is_forgotten_is_too_old_to_be_taken() -> None:
    """Ids are kept for longer than a message may be old, and no longer."""
    one, now = topic(), [NOW]
    judge = verifier(one, clock=lambda: now[0])
    body = one.notification(BOUNCE)
    judge.verify(body)
    for minutes in (30, 64, 66, 90, 200):
        now[0] = NOW + timedelta(minutes=minutes)
        later = Topic(ARN, clock=ManualClock(now[0]), authority=one.authority, seed=minutes)
        judge.verify(later.notification("later"))
        with pytest.raises(errors.ReplayedError):
            judge.verify(body)
    assert len(judge._seen) == 1


@pytest.mark.parametrize("minutes", [-65, 6])
def test_old_and_future_messages_are_refused(minutes: int) -> None:
    """An hour and five minutes into the past, five minutes into the future; not a second more."""
    late = Topic(ARN, clock=ManualClock(NOW + timedelta(minutes=minutes, seconds=-1)))
    with pytest.raises(errors.ReplayedError):
        verifier(late).verify(late.notification(BOUNCE))
    in_time = timedelta(minutes=minutes - (1 if minutes > 0 else 0))
    fresh = Topic(ARN, clock=ManualClock(NOW + in_time))
    verifier(fresh).verify(fresh.notification(BOUNCE))


def test_version_1_is_refused_where_2_is_asked_for() -> None:
    """SHA-1 is what a topic signs with at first."""
    for version, taken in (("1", False), ("2", True)):
        one = topic(version)
        judge = verifier(one, minimum_version=2)
        if taken:
            judge.verify(one.notification(BOUNCE))
        else:
            with pytest.raises(errors.SignatureError, match="SignatureVersion"):
                judge.verify(one.notification(BOUNCE))


def test_a_topic_of_somebody_elses_is_refused() -> None:
    """Its signatures are genuine; equality of the ARN is what tells."""
    stranger = Topic("arn:aws:sns:eu-west-1:999999999999:feedback", clock=ManualClock(NOW))
    judge = sns.SNSVerifier([ARN], fetch=stranger.authority.fetch, clock=lambda: NOW)
    with pytest.raises(errors.UntrustedTopicError):
        judge.verify(stranger.notification(BOUNCE))
    assert stranger.authority.asked == []


def test_a_message_that_is_too_large_is_not_read() -> None:
    """The largest that SNS can send is."""
    one = topic()
    largest = one.notification("\x01" * 256 * 1024)
    assert len(largest) < LARGEST
    verifier(one).verify(largest)
    with pytest.raises(errors.ParseError):
        verifier(one).verify(b"[" * (LARGEST + 1))


@pytest.mark.parametrize(
    "body",
    [
        b"", b"null", b"[]", b"{}", b'"Type"', b"\xff{}", b"\xef\xbb\xbf{}", b"[" * 100_000,
        b'{"Type":' * 50_000, b"{" + b'"a":1,' * 10_000 + b'"b":NaN}', b"1" * 5_000, "\ud800",
        b'{"a":' * 20 + b"1" + b"}" * 20,
    ],
)  # fmt: skip
def test_what_is_no_message_is_a_parse_error(body: bytes | str) -> None:
    """And nothing else is raised, whatever is posted."""
    with pytest.raises(errors.ParseError):
        verifier(topic()).verify(body)


@pytest.mark.parametrize(
    "changes",
    [
        {"Timestamp": "2026-02-30T12:00:00.000Z"},
        {"Timestamp": "2026-03-01 12:00:00"},
        {"SigningCertUrl": "https://example.org"},
        {"MessageAttributes": "none"},
        {"SequenceNumber": 7},
    ],
)
def test_a_field_that_is_not_as_sns_writes_it_is_refused(changes: dict[str, Any]) -> None:
    """Whatever the signature says."""
    one = topic()
    fields = {**json.loads(one.notification(BOUNCE)), **changes}
    with pytest.raises(errors.NotificationError):
        verifier(one).verify(json.dumps(one.sign(fields)))
    assert one.authority.asked == []


def test_two_hundred_messages_at_once_fetch_one_certificate() -> None:
    """All of them wait for the one that fetches, and all are taken."""
    one, gate = topic(), threading.Barrier(20)
    bodies = [one.notification(f"{BOUNCE} {n}") for n in range(200)]
    began = threading.Event()

    def slow(url: str) -> bytes | None:
        began.set()
        return one.authority.fetch(url)

    judge = verifier(one, slow)

    def verify(part: int) -> int:
        gate.wait(10)
        return len([judge.verify(body) for body in bodies[part::20]])

    with ThreadPoolExecutor(20) as pool:
        assert sum(pool.map(verify, range(20))) == 200
    assert len(one.authority.asked) == 1


def test_bad_urls_are_not_visited_and_not_kept() -> None:
    """A thousand of them."""
    one = topic()
    judge, fields = verifier(one), json.loads(one.notification(BOUNCE))
    for number in range(1000):
        url = f"https://sns.eu-west-1.amazonaws.com.evil{number}.example/SimpleNotificationService-"
        with pytest.raises(errors.SignatureError):
            judge.verify(json.dumps({**fields, "SigningCertURL": f"{url}{number:032x}.pem"}))
    assert one.authority.asked == []
    assert judge._certificates._known == judge._certificates._fetching == {}


@pytest.mark.parametrize("failure", [None, OSError("away"), b"<html>", b"x" * 20_001])
def test_after_a_failed_fetch_the_next_message_is_taken(failure: Any) -> None:
    """A failure is not kept; what cannot be told now may be told later."""
    one = topic()
    answers: list[Any] = [failure]

    def fetch(url: str) -> bytes | None:
        if not answers:
            return one.authority.fetch(url)
        answer = answers.pop()
        if isinstance(answer, Exception):
            raise answer
        return answer  # type: ignore[no-any-return]

    judge, body = verifier(one, fetch), one.notification(BOUNCE)
    later = errors.StoreError if failure is None or isinstance(failure, OSError) else None
    with pytest.raises(later or errors.SignatureError):
        judge.verify(body)
    judge.verify(body)


def test_of_unknown_certificates_few_are_fetched_at_once() -> None:
    """Whoever posts thousands of numbers gets four fetches at a time; others are told to wait."""
    one, inside, leave = topic(), threading.Semaphore(0), threading.Event()
    asked: list[str] = []

    def fetch(url: str) -> bytes | None:
        asked.append(url)
        inside.release()
        leave.wait(10)
        return None

    judge, fields = verifier(one, fetch), json.loads(one.notification(BOUNCE))
    start = fields["SigningCertURL"].rpartition("-")[0]

    def verify(number: int) -> bool:
        url = f"{start}-{number:032x}.pem"
        with pytest.raises(errors.StoreError):
            judge.verify(json.dumps({**fields, "SigningCertURL": url}))
        return True

    with ThreadPoolExecutor(4) as pool:
        waiting = [pool.submit(verify, number) for number in range(4)]
        assert all(inside.acquire(timeout=10) for _ in range(4))
        assert all(verify(number) for number in range(4, 100))
        leave.set()
        assert all(one.result(10) for one in waiting)
    assert len(asked) == 4


def test_a_certificate_is_kept_for_a_day_and_no_longer_than_it_holds() -> None:
    """Then it is fetched again."""
    authority, now = Authority(), [NOW]
    judge = sns.SNSVerifier([ARN], fetch=authority.fetch, clock=lambda: now[0])
    for hours, fetches in ((0, 1), (23, 1), (25, 2)):
        now[0] = NOW + timedelta(hours=hours)
        one = Topic(ARN, clock=ManualClock(now[0]), authority=authority, seed=hours)
        judge.verify(one.notification(BOUNCE))
        assert len(authority.asked) == fetches


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({"topics": []}, "topics="),
        ({"topics": None}, "topics="),
        ({"topics": ["feedback"]}, "topics="),
        ({"topics": ["arn:aws:sns:eu-west-1:123456789012:feedback\n"]}, "topics="),
        ({"topics": ["arn:aws-cn:sns:eu-west-1:123456789012:feedback"]}, "topics="),
        ({"topics": ["arn:aws:sns:cn-north-1:123456789012:feedback"]}, "topics="),
        ({"topics": ["arn:aws:sqs:eu-west-1:123456789012:feedback"]}, "topics="),
        ({"minimum_version": 3}, "minimum_version="),
        ({"trusted_roots": [b"nothing"]}, "trusted_roots="),
        ({"trusted_roots": []}, "trusted_roots="),
    ],
)
def test_an_option_that_cannot_work_is_refused(options: dict[str, Any], words: str) -> None:
    """Before the first message comes."""
    topics = options.pop("topics", [ARN])
    with pytest.raises(errors.ConfigurationError, match=words):
        sns.SNSVerifier(topics, **options)


def test_one_topic_may_be_a_string() -> None:
    """As everywhere where several are taken."""
    one = topic()
    judge = sns.SNSVerifier(one.arn, fetch=one.authority.fetch, clock=lambda: NOW)
    assert judge.verify(one.notification(BOUNCE)).topic_arn == ARN


def _in_a_child(judge: sns.SNSVerifier, body: str, answer: Any) -> None:
    answer.put(judge.verify(body).message)


@pytest.mark.skipif(not hasattr(os, "fork"), reason="this system has no fork")
@pytest.mark.filterwarnings("ignore::DeprecationWarning")
def test_a_lock_that_is_held_at_a_fork_holds_nobody() -> None:
    """The child begins with its own."""
    one = topic()
    judge, context = verifier(one), multiprocessing.get_context("fork")
    answer = context.SimpleQueue()
    with judge._lock, judge._certificates._lock:
        child = context.Process(target=_in_a_child, args=(judge, one.notification("hi"), answer))
        child.start()
    child.join(20)
    assert child.exitcode == 0
    assert answer.get() == "hi"


def test_nothing_of_a_message_is_shown() -> None:
    """Neither in an envelope's repr nor in the words of a refusal."""
    one = topic()
    envelope = verifier(one).verify(one.notification("ann@example.org", subject="ann@example.org"))
    assert "ann@example.org" not in repr(envelope)
    with pytest.raises(errors.NotificationError) as caught:
        verifier(one).verify(one.notification("ann@example.org").replace("Message", "Massage"))
    assert "ann@example.org" not in str(caught.value)
