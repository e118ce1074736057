"""What SNS posts: applied once if it is genuine, and refused without a word if it is not."""

from __future__ import annotations

import asyncio
import json
import logging
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from typing import Any

import pytest

from sesguard import errors, events
from sesguard.addresses import AddressKey
from sesguard.stores import MemoryStore
from sesguard.suppression import Reason
from sesguard.testing import ManualClock, sample
from sesguard.testing.sns import Topic
from sesguard.webhook import AsyncWebhook, Webhook, WebhookResponse

ARN = "arn:aws:sns:eu-west-1:123456789012:feedback"
NOW = datetime(2026, 3, 1, 12, tzinfo=UTC)
BOUNCE = sample("Bounce", envelope="none")
COMPLAINT = sample("Complaint", envelope="none")


class Broken(MemoryStore):
    """A store that is away as often as a test says."""

    def __init__(self, times: int = 0) -> None:
        super().__init__()
        self.times = times

    def apply(self, batch: Any, /) -> Any:
        if self.times:
            self.times -= 1
            raise OSError("ann@example.org")
        return super().apply(batch)


class Played:
    """A topic, and a hook of one kind that listens to it."""

    def __init__(self, kind: str, **options: Any) -> None:
        self.topic = Topic(ARN, clock=ManualClock(NOW))
        self.visited: list[str] = []
        self.store = options.pop("store", None) or MemoryStore()
        given: dict[str, Any] = {
            "store": self.store, "fetch": self._fetch, "clock": lambda: NOW, **options
        }  # fmt: skip
        hook = Webhook([ARN], **given) if kind == "sync" else AsyncWebhook([ARN], **given)
        self.hook: Any = hook

    def _fetch(self, url: str) -> bytes | None:
        if "Action=" in url:
            self.visited.append(url)
            return b"<ConfirmSubscriptionResponse/>"
        return self.topic.authority.fetch(url)

    def post(self, body: str | bytes, headers: Mapping[str, str] | None = None) -> int:
        posted = body.encode() if isinstance(body, str) else body
        answer = self.hook.handle(posted, headers or {})
        if asyncio.iscoroutine(answer):
            answer = asyncio.run(answer)
        assert isinstance(answer, WebhookResponse)
        assert answer.body == b""
        return answer.status

    def listed(self) -> dict[AddressKey, Reason]:
        return {one.key: one.reason for one in self.store.entries().items}


Make = Callable[..., Played]


@pytest.fixture(params=["sync", "async"])
def make(request: pytest.FixtureRequest) -> Make:
    return lambda **options: Played(request.param, **options)


def test_a_genuine_bounce_is_on_the_list_when_it_is_answered(make: Make) -> None:
    """With 200, and handlers were told of it."""
    told: list[events.Event] = []
    played = make(handlers=[told.append])
    body = played.topic.notification(BOUNCE)
    assert played.post(body, played.topic.headers(body)) == 200
    assert set(played.listed().values()) == {Reason.BOUNCE}
    assert [type(event) for event in told] == [events.Bounce]
    assert told[0].topic_arn == ARN
    assert dict(played.hook.counts) == {"applied": 1}


def test_handlers_are_told_of_the_kinds_that_they_want(make: Make) -> None:
    """As with a worker."""
    played = make()
    seen: list[events.Event] = []
    played.hook.on(events.Complaint)(seen.append)
    played.post(played.topic.notification(BOUNCE))
    played.post(played.topic.notification(COMPLAINT))
    assert [type(event) for event in seen] == [events.Complaint]


def test_no_forgery_has_an_effect(make: Make) -> None:
    """Each is answered with 403 and nothing else, or with 503 where its certificate is away."""
    for body in (Topic(ARN, clock=ManualClock(NOW)).notification(BOUNCE),):
        played = make(trusted_roots=[Topic(ARN).authority.root_pem])
        for forgery in played.topic.forgeries(body):
            played.hook._verifier._fetch = forgery.fetch
            played.hook._verifier._begin()
            status = played.post(forgery.body, forgery.headers)
            assert status in ((403, 503) if forgery.group == "certificate" else (403, 200))
            assert status != 200 or forgery.group == "age"
    assert played.listed() == {}
    assert played.visited == []
    assert set(played.hook.counts) == {"refused", "failed", "replayed"}


def test_a_message_that_was_here_is_not_dealt_with_again(make: Make) -> None:
    """200, so that SNS does not post it a third time; handlers are told once."""
    told: list[events.Event] = []
    played = make(handlers=[told.append])
    body = played.topic.notification(BOUNCE)
    assert [played.post(body), played.post(body)] == [200, 200]
    assert len(told) == 1
    assert dict(played.hook.counts) == {"applied": 1, "replayed": 1}


def test_the_same_event_by_another_message_is_applied_once(make: Make) -> None:
    """As when both channels tell it, or a message comes to two endpoints."""
    played = make()
    for _ in range(2):
        assert played.post(played.topic.notification(BOUNCE)) == 200
    assert dict(played.hook.counts) == {"applied": 1, "repeated": 1}


def test_a_store_that_is_away_makes_sns_come_again(make: Make, caplog: Any) -> None:
    """503, and the retry, which has the same id, is applied."""
    played = make(store=Broken(1))
    body = played.topic.notification(BOUNCE)
    assert played.post(body) == 503
    assert played.listed() == {}
    assert played.post(body) == 200
    assert len(played.listed()) == 1
    assert "ann@example.org" not in caplog.text
    assert "OSError" in caplog.text


def test_a_handler_that_fails_makes_sns_come_again(make: Make) -> None:
    """The others are told all the same, and the store counts the event once."""
    told: list[events.Event] = []
    failures = [KeyError("ann@example.org")]

    def failing(event: events.Event) -> None:
        if failures:
            raise failures.pop()

    played = make(handlers=[failing, told.append])
    body = played.topic.notification(BOUNCE)
    assert [played.post(body), played.post(body)] == [500, 200]
    assert len(told) == 2
    assert dict(played.hook.counts) == {"handler_failures": 1, "repeated": 1}


def test_a_subscription_is_confirmed_by_a_url_of_our_own_making(make: Make) -> None:
    """Out of the listed topic and the token; the URL of the message is not visited."""
    played = make()
    body = played.topic.subscription_confirmation()
    token = json.loads(body)["Token"]
    assert played.post(body, played.topic.headers(body)) == 200
    (url,) = played.visited
    assert url == (
        "https://sns.eu-west-1.amazonaws.com/?Action=ConfirmSubscription"
        f"&TopicArn={ARN}&Token={token}"
    )
    assert dict(played.hook.counts) == {"confirmed": 1}


def test_a_subscription_is_confirmed_through_boto3_where_asked(make: Make) -> None:
    """So that only the own account can end it."""
    calls: list[dict[str, str]] = []

    class SNS:
        def confirm_subscription(self, **given: str) -> None:
            calls.append(given)

    played = make(boto3_client=SNS())
    body = played.topic.subscription_confirmation()
    assert played.post(body) == 200
    assert played.visited == []
    assert calls == [
        {
            "TopicArn": ARN,
            "Token": json.loads(body)["Token"],
            "AuthenticateOnUnsubscribe": "true",
        }
    ]


def test_a_confirmation_that_fails_is_asked_for_again(make: Make) -> None:
    """SNS posts it again, with the same id."""
    played = make()
    body = played.topic.subscription_confirmation()
    played.hook._fetch = lambda url: None
    assert played.post(body) == 503
    played.hook._fetch = played._fetch
    assert played.post(body) == 200
    assert len(played.visited) == 1


def test_an_unsubscription_is_told_and_not_undone(make: Make, caplog: Any) -> None:
    """The URL in it would subscribe again."""
    played = make()
    assert played.post(played.topic.unsubscribe_confirmation()) == 200
    assert played.visited == []
    assert "unsubscribed" in caplog.text


@pytest.mark.parametrize(
    ("message", "ending"),
    [("no JSON", "unreadable"), ('{"AlarmName": "disk"}', "foreign"), ("[]", "foreign")],
)
def test_what_is_signed_and_not_sess_goes_to_the_dead_letter_queue(
    make: Make, message: str, ending: str
) -> None:
    """422: SNS posts it no more, and gives it to the subscription's own queue."""
    told: list[events.Event] = []
    played = make(handlers=[told.append])
    assert played.post(played.topic.notification(message)) == 422
    assert told == []
    assert dict(played.hook.counts) == {ending: 1}


def test_what_is_posted_by_anybody_is_a_403(make: Make, caplog: Any) -> None:
    """Whatever it is; nothing of it is in the log."""
    played = make()
    with caplog.at_level(logging.DEBUG):
        for body in (b"", b"{}", b"ann@example.org", b"\xff", b"[" * 100_000):
            assert played.post(body) == 403
    assert "ann@example.org" not in caplog.text
    assert dict(played.hook.counts) == {"refused": 5}


@pytest.mark.parametrize(
    "options",
    [{"store": None}, {"store": MemoryStore}, {"handlers": [3]}, {"handlers": [MemoryStore]}],
)
def test_an_option_that_cannot_work_is_refused(options: dict[str, Any]) -> None:
    """Before the first message comes."""
    given: dict[str, Any] = {"store": MemoryStore(), **options}
    with pytest.raises(errors.ConfigurationError, match=next(iter(options)).removesuffix("s")):
        Webhook([ARN], **given)


def test_topics_are_needed(make: Make) -> None:
    """Anybody has genuine signatures of a topic of their own."""
    with pytest.raises(errors.ConfigurationError, match="topics="):
        Webhook([], store=MemoryStore())


def test_on_takes_classes_of_events(make: Make) -> None:
    """And says so."""
    with pytest.raises(errors.ConfigurationError, match="events"):
        make().hook.on()


def test_each_kind_takes_the_handlers_that_it_can_call() -> None:
    """A Webhook cannot await; an AsyncWebhook takes both."""
    told: list[events.Event] = []

    async def handler(event: events.Event) -> None:
        told.append(event)

    with pytest.raises(errors.ConfigurationError, match="await"):
        Webhook([ARN], store=MemoryStore(), handlers=[handler])
    played = Played("async", handlers=[handler, told.append])
    assert played.post(played.topic.notification(BOUNCE)) == 200
    assert len(told) == 2


def test_an_interrupted_message_may_come_again() -> None:
    """What ended halfway is not taken for dealt with."""

    def handler(event: events.Event) -> None:
        if stops:
            raise stops.pop()

    stops: list[BaseException] = [KeyboardInterrupt()]
    played = Played("sync", handlers=[handler])
    body = played.topic.notification(BOUNCE)
    with pytest.raises(KeyboardInterrupt):
        played.post(body)
    assert played.post(body) == 200
