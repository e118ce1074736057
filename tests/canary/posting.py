"""Feedback as SNS posts it, genuine and forged, and e-mails that go out by few requests."""

from __future__ import annotations

import asyncio
import contextlib
import json
import ssl
from collections.abc import Iterator, Sequence
from functools import partial
from pathlib import Path
from typing import Any

from sesguard import (
    AsyncClient,
    AsyncWebhook,
    Client,
    Email,
    Webhook,
    events,
    limiters,
    sns,
    sns_certificates,
    sns_https,
    stores,
    testing,
    transports,
)
from sesguard.ports import Handover
from sesguard.testing.sns import Topic
from tests.canary.feedback import spoilt
from tests.canary.lists import Told
from tests.canary.material import (
    ADDRESS,
    API_ANSWERS,
    FOREIGN,
    MAILBOX,
    NOW,
    SAID,
    Foreign,
    Scenario,
    failing,
    failing_later,
    letter,
    session,
    templated,
)
from tests.canary.sends import Answering
from tests.canary.watch import CANARIES, Watch
from tests.peers import feedback
from tests.peers.http import Answer, HTTPPeer, authority, deaf_port

__all__ = ["SCENARIOS"]

ARN = "arn:aws:sns:eu-west-1:123456789012:feedback"
TOKEN = f"{CANARIES['SNS token']}{'0' * 32}"


def _topic(version: str = "1") -> Topic:
    return Topic(ARN, version=version, clock=testing.ManualClock(NOW))


def _posts(topic: Topic) -> Iterator[str]:
    """What SNS signed, with canaries in all that they may stand in."""
    bounce = json.dumps(feedback.bounce([MAILBOX], destination=[MAILBOX]))
    for message in (bounce, FOREIGN, f"[{bounce[:-40]}"):
        yield topic.notification(message, subject=FOREIGN, attributes={"to": ADDRESS})
    for post in (topic.subscription_confirmation(), topic.unsubscribe_confirmation()):
        yield _resigned(topic, {**json.loads(post), "Token": TOKEN})
        yield _resigned(topic, {**json.loads(post), "Message": FOREIGN, "Token": ADDRESS})


def _resigned(topic: Topic, fields: dict[str, Any]) -> str:
    return json.dumps(topic.sign(fields))


def _strange(topic: Topic, post: str) -> Iterator[str]:
    """The same with canaries in each place, signed and not; and what is no message at all."""
    for by in (ADDRESS, FOREIGN):
        for one in spoilt(json.loads(post), by):
            yield json.dumps(one)
            with contextlib.suppress(KeyError):  # it is of no kind that is signed
                yield _resigned(topic, one)
    yield from (ADDRESS, FOREIGN, post[:-40], json.dumps([post]), json.dumps({ADDRESS: FOREIGN}))


def verified(watch: Watch, folder: Path) -> None:
    """Messages that are genuine, changed, forged, old, here before, and no messages."""
    topic = _topic()
    given: Any = {"clock": lambda: NOW, "fetch": topic.authority.fetch}
    verifier = sns.SNSVerifier([ARN], **given)
    watch.value(verifier)
    for post in _posts(topic):
        envelope = watch.ask(verifier.verify, post, topic.headers(post))
        watch.ask(verifier.verify, post, topic.headers(post))
        if envelope is not None:
            watch.ask(verifier.release, envelope)
        watch.ask(verifier.verify, post, {"x-amz-sns-topic-arn": ADDRESS})
        for strange in _strange(topic, post):
            watch.ask(verifier.verify, strange)
    for post in list(_posts(topic))[:1]:
        for forgery in topic.forgeries(post):
            other = sns.SNSVerifier([ARN], fetch=forgery.fetch, clock=lambda: NOW)
            watch.ask(other.verify, forgery.body, forgery.headers)
    wrong: Any
    for wrong in (ADDRESS, FOREIGN, [ADDRESS], [], 7):
        watch.ask(sns.SNSVerifier, wrong)
        watch.ask(partial(sns.SNSVerifier, [ARN], minimum_version=wrong))
        watch.ask(partial(sns.SNSVerifier, [ARN], trusted_roots=[str(wrong).encode()]))


def certified(watch: Watch, folder: Path) -> None:
    """Certificates that are none, are not there, and whose fetching fails in its own words."""
    topic = _topic("2")
    post = next(_posts(topic))
    for answer in (None, SAID.encode(), SAID.encode() * 2000, Foreign(), FOREIGN):
        fetch: Any = partial(_fetched, answer)
        watch.ask(sns.SNSVerifier([ARN], fetch=fetch, clock=lambda: NOW).verify, post)
        certificates = sns_certificates.Certificates(fetch)
        watch.value(certificates)
        place: Any = {"url": f"https://{ADDRESS}", "name": ADDRESS, "version": 1}
        signed: Any = {"signature": FOREIGN.encode(), "text": FOREIGN.encode(), "now": NOW}
        watch.ask(partial(certificates.check, **place, **signed))
    watch.ask(partial(sns_certificates.Certificates, failing, trusted_roots=[SAID.encode()]))


def _fetched(answer: object, url: str) -> Any:
    if isinstance(answer, Exception):
        raise answer
    return answer


def fetched(watch: Watch, folder: Path) -> None:
    """A certificate over HTTPS, from a server that answers, hangs up, and is not there."""
    trusted = ssl.create_default_context()
    authority().configure_trust(trusted)
    leaf = authority().issue_cert("127.0.0.1")
    script: list[Any] = [Answer(200, SAID), Answer(404, SAID), Answer(302, "", {"Location": SAID})]
    script += ["garbage", "close_after_body", "half_answer"]
    post = next(_posts(_topic()))
    with HTTPPeer(*script, certificate=leaf) as peer, deaf_port() as deaf:
        port, nobody = (int(url.rpartition(":")[2]) for url in (peer.url, deaf))
        fetch = sns_https.HTTPSFetcher(ssl_context=trusted, port=port)
        stranger = sns_https.HTTPSFetcher(port=port)
        away = sns_https.HTTPSFetcher(ssl_context=trusted, port=nobody)
        watch.value([fetch, stranger, away])
        for one in (*[fetch] * len(script), stranger, away):
            bring = partial(_from_loopback, one)
            watch.ask(sns.SNSVerifier([ARN], fetch=bring, clock=lambda: NOW).verify, post)


def _from_loopback(fetch: sns_https.HTTPSFetcher, url: str) -> bytes | None:
    return fetch(f"https://127.0.0.1/{CANARIES['local part']}")


class Unsure:
    """A policy that fails."""

    consequences = staticmethod(failing)


class Confirming:
    """A client of SNS's that fails to confirm."""

    confirm_subscription = staticmethod(failing)


def hooked(watch: Watch, folder: Path) -> None:
    """Webhooks with stores, handlers, policies and SNS that fail in their own words."""
    topic = _topic()
    posts = [one for post in _posts(topic) for one in [post, *list(_strange(topic, post))[::5]]]
    posts += [ADDRESS, FOREIGN, *_posts(topic)]
    for options in (
        {},
        {"handlers": [failing]},
        {"handlers": [watch.value]},
        {"store": Told(fails="suppress").store()},
        {"policy": Unsure()},
        {"boto3_client": Confirming()},
        {"fetch": failing},
        {"fetch": lambda url: topic.authority.fetch(url) if "Action" not in url else None},
    ):
        given: dict[str, Any] = {
            "store": stores.MemoryStore(),
            "fetch": topic.authority.fetch,
            "clock": lambda: NOW,
            **options,
        }
        hook, later = Webhook([ARN], **given), AsyncWebhook([ARN], **given)
        hook.on(events.Bounce)(failing)
        later.on(events.Bounce)(failing_later)
        for post in posts:
            watch.ask(hook.handle, post.encode(), {"x-amz-sns-message-type": ADDRESS})
            watch.ask(hook.handle, post.encode(), {})
        watch.ask(partial(asyncio.run, _handled(watch, later, posts)))
        watch.value([hook, later, hook.counts, later.counts])
    any_on: Any = Webhook([ARN], store=stores.MemoryStore()).on
    watch.ask(any_on, ADDRESS)
    watch.ask(any_on(events.Bounce), ADDRESS)
    watch.ask(any_on(events.Bounce), failing_later)
    wrong: Any
    for wrong in (ADDRESS, FOREIGN, [ADDRESS]):
        watch.ask(partial(Webhook, [ARN], store=wrong))
        watch.ask(partial(AsyncWebhook, wrong, store=stores.MemoryStore()))
        watch.ask(partial(Webhook, [ARN], store=stores.MemoryStore(), handlers=wrong))


async def _handled(watch: Watch, hook: AsyncWebhook, posts: Sequence[str]) -> None:
    for post in posts:
        watch.value(await hook.handle(post.encode(), {}))


# By few requests.


class Together(Answering):
    """A transport whose bulk requests come to one answer, which may be nonsense."""

    def submit_bulk(self, emails: Sequence[Email], handover: Handover, /) -> Any:
        handover()
        if isinstance(self._answer, BaseException):
            raise self._answer
        return [self._answer] if isinstance(self._answer, str) else [self._answer] * len(emails)


def together(watch: Watch, folder: Path) -> None:
    """E-mails of one template, to each alone, over transports that fail in their own words."""
    mails = list(templated().one_each())
    watch.value(mails)
    wrong: Any
    for wrong in (ADDRESS, FOREIGN, [ADDRESS, FOREIGN]):
        watch.ask(list, letter().one_each(wrong))
    for answer in (None, FOREIGN, Foreign(), KeyError(ADDRESS)):
        _bulk(watch, Together(answer), mails)
    _bulk(watch, Answering(), mails)


def _bulk(watch: Watch, transport: Any, mails: Sequence[Email]) -> None:
    given: dict[str, Any] = {
        "suppression": None,
        "transport": transport,
        "limiter": limiters.Unlimited(),
        "clock": testing.ManualClock(),
        "observers": [watch.value],
    }
    mixed = [*mails, letter(), templated()]
    with Client(**given) as client:
        watch.ask(partial(client.send_many, bulk=True, on_outcome=watch.value), mixed)
        watch.ask(lambda: list(client.iter_send(mixed, bulk=True)))

    async def send_later() -> object:
        async with AsyncClient(**given) as client:
            return await client.send_many(mixed, bulk=True, on_outcome=watch.value)

    watch.ask(lambda: asyncio.run(send_later()))


def over_ses(watch: Watch, folder: Path) -> None:
    """SendBulkEmail that SES answers for each mail apart, for all at once, or not at all."""
    mails = list(templated().one_each())
    told = [
        {"Status": "SUCCESS", "MessageId": "0100017f-a"},
        {"Status": "MESSAGE_REJECTED", "Error": SAID},
        {"Status": "TRANSIENT_FAILURE", "Error": FOREIGN},
        {"Status": ADDRESS, "Error": ADDRESS},
        {"Status": "SUCCESS", "MessageId": ""},
    ]
    script: list[Any] = [Answer(200, {"BulkEmailEntryResults": told[: len(mails)]})]
    script += [Answer(200, {"BulkEmailEntryResults": SAID}), Answer(200, SAID), *API_ANSWERS]
    script += ["reset_after_body", "garbage", "empty_200"]
    with HTTPPeer(*script) as peer:
        url: Any = {"boto3_session": session(), "endpoint_url": peer.url}
        with transports.SESTransport(**url) as transport:
            for _ in script:
                watch.ask(transport.submit_bulk, mails, lambda: None)
            watch.ask(transport.submit_bulk, [*mails, letter()], lambda: None)
            watch.ask(transport.submit_bulk, [letter()], lambda: None)
    for entry in told:
        answers = [Answer(200, {"BulkEmailEntryResults": [entry] * len(mails)})] * 8
        with HTTPPeer(*answers) as peer:
            url = {"boto3_session": session(), "endpoint_url": peer.url}
            with transports.SESTransport(**url) as transport:
                _bulk(watch, transport, mails)


SCENARIOS: list[Scenario] = [verified, certified, fetched, hooked, together, over_ses]
