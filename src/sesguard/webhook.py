"""SES's feedback as SNS posts it over HTTP: `Webhook` for threads, `AsyncWebhook` for a loop."""

from __future__ import annotations

import inspect
import logging
import threading
from collections import Counter
from collections.abc import Awaitable, Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Literal, Protocol, TypeVar

from sesguard import errors
from sesguard._client.threads import DaemonPool
from sesguard._core.policy import Consequence, FeedbackPolicy
from sesguard._core.sns_topics import topic_of
from sesguard._flows.webhook import Ending, WebhookPorts, answer
from sesguard._frozen import FrozenMapping
from sesguard._lift import AsyncLift, Lift, RunSync, SyncLift, drive, is_async
from sesguard.events import Event
from sesguard.sns import SNSVerifier
from sesguard.sns_https import HTTPSFetcher
from sesguard.suppression import Change

__all__ = ["AsyncWebhook", "Webhook", "WebhookResponse"]

logger: logging.Logger = logging.getLogger(__name__)

E = TypeVar("E", bound=Event)
R = TypeVar("R")

_STATUS: Mapping[Ending, int] = {
    "applied": 200,
    "repeated": 200,
    "confirmed": 200,
    "unsubscribed": 200,
    "replayed": 200,
    "refused": 403,
    "unreadable": 422,
    "foreign": 422,
    "handler_failures": 500,
    "failed": 503,
}
"""After 500 and 503 SNS posts the message again; after 403 and 422 it gives it up at once."""


@dataclass(frozen=True, slots=True)
class WebhookResponse:
    """
    What to answer the request with.

    Attributes:
        status: Of HTTP.

        body: Nothing: who posts a forgery is told no reason.
    """

    status: int
    body: bytes = b""


class _Store(Protocol):
    def apply(self, batch: Sequence[tuple[str, Sequence[Change]]], /) -> Any: ...


class _Policy(Protocol):
    def consequences(self, event: Event, /) -> Sequence[Consequence]: ...


class _SNSClient(Protocol):
    """The method of boto3's client for ``sns`` that is called."""

    def confirm_subscription(self, *args: Any, **kwargs: Any) -> Any: ...


def _now() -> datetime:
    return datetime.now(UTC)


class _Hook:
    """What both kinds have in common."""

    _awaits = False

    def __init__(
        self,
        topics: Iterable[str],
        *,
        store: _Store,
        policy: _Policy | None = None,
        handlers: Iterable[Callable[[Any], object]] = (),
        minimum_version: Literal[1, 2] = 1,
        boto3_client: _SNSClient | None = None,
        fetch: Callable[[str], bytes | None] | None = None,
        clock: Callable[[], datetime] = _now,
        trusted_roots: Iterable[bytes] | None = None,
    ) -> None:
        if isinstance(store, type) or not callable(getattr(store, "apply", None)):
            raise errors.ConfigurationError(
                "store= must be an object with apply, such as stores.SQLiteStore(path)."
            )
        self._fetch = HTTPSFetcher() if fetch is None else fetch
        self._sns = boto3_client
        self._verifier = SNSVerifier(
            topics,
            minimum_version=minimum_version,
            fetch=self._fetch,
            clock=clock,
            trusted_roots=trusted_roots,
        )
        self._store = store
        self._policy = FeedbackPolicy() if policy is None else policy
        self._handlers: list[tuple[tuple[type, ...], Callable[[Any], object]]] = []
        for handler in handlers:
            self._add(handler, (object,))
        self._counts: Counter[str] = Counter()
        self._lock = threading.Lock()

    def on(self, *kinds: type[E]) -> Callable[[Callable[[E], R]], Callable[[E], R]]:
        """Have a function told the events of these classes, as ``@webhook.on(events.Bounce)``."""
        if not kinds or not all(map(inspect.isclass, kinds)):
            raise errors.ConfigurationError(
                "webhook.on takes classes of events: @webhook.on(events.Bounce). "
                "Functions that are told all events go to Webhook(…, handlers=[…])."
            )

        def decorate(handler: Callable[[E], R]) -> Callable[[E], R]:
            self._add(handler, kinds)
            return handler

        return decorate

    @property
    def counts(self) -> Mapping[str, int]:
        """
        How many messages came to which end, since the start of the process.

        ``applied``, ``repeated``, ``confirmed``, ``unsubscribed``, ``replayed``, ``refused``,
        ``unreadable``, ``foreign``, ``handler_failures``, ``failed``.
        """
        with self._lock:
            return FrozenMapping(self._counts)

    def _add(self, handler: object, kinds: tuple[type, ...]) -> None:
        if isinstance(handler, type) or not callable(handler):
            raise errors.ConfigurationError(
                f"A handler is a function (event) -> None, and {type(handler).__name__} was given."
            )
        if is_async(handler) and not self._awaits:
            raise errors.ConfigurationError(
                "A Webhook cannot await its handlers. Give it plain functions, or use AsyncWebhook."
            )
        self._handlers.append((kinds, handler))

    def _ports(self, lift: Lift) -> WebhookPorts:
        return WebhookPorts(
            verify=lift(self._verifier.verify, "The verifier"),
            release=self._verifier.release,
            confirm=lift(self._confirm, "The confirmation"),
            consequences=self._policy.consequences,
            apply=lift(self._store.apply, "The store's apply"),
            handlers=[_telling(kinds, handler, lift) for kinds, handler in self._handlers],
            told=self._told,
        )

    def _confirm(self, topic_arn: str, token: str) -> None:
        if self._sns is not None:
            self._sns.confirm_subscription(
                TopicArn=topic_arn, Token=token, AuthenticateOnUnsubscribe="true"
            )
        elif self._fetch(topic_of(topic_arn).confirmation_url(token)) is None:
            raise errors.StoreError("SNS did not confirm the subscription. It asks again.")

    def _told(self, ending: Ending, error: BaseException | None) -> None:
        with self._lock:
            self._counts[ending] += 1
        if ending == "unsubscribed":
            logger.warning(
                "SNS says that this endpoint was unsubscribed: no more feedback comes here. "
                "Subscribe it again if that was not you."
            )
        elif error is not None:
            ours = isinstance(error, errors.SESGuardError)  # else its text may hold an address
            said = str(error) if ours else f"It failed with {type(error).__name__}."
            level = logging.INFO if ending == "replayed" else logging.WARNING
            logger.log(level, "A message of SNS came to %r: %s", ending, said)


def _telling(
    kinds: tuple[type, ...], handler: Callable[[Any], object], lift: Lift
) -> Callable[[Event], Awaitable[None]]:
    lifted = lift(handler, "A handler")

    async def tell(event: Event) -> None:
        if isinstance(event, kinds):
            await lifted(event)

    return tell


class Webhook(_Hook):
    """
    Takes what SNS posts: proves it, applies it to the suppression store, and tells handlers.

    It confirms subscriptions of the topics that are listed, and of no other. It may be shared by
    threads. Give it each request's body as it came, and answer with what it says.

    Args:
        topics: The ARNs of the topics that may speak to you, one at least.

        store: The suppression store. It is not closed.

        policy: What events do to the list. Default: `FeedbackPolicy()`.

        handlers: Functions ``(event) -> None`` that are told all events; see `on`.

        minimum_version: 2 refuses signatures with SHA-1.

        boto3_client: A client for ``sns``, by which subscriptions are confirmed so that only
            your account can end them. None: by the URL that is built from topic and token.

        fetch: Gives what is at a URL of SNS, or None. Default: HTTPS, without redirects and
            proxies.

        clock: Gives the time, aware.

        trusted_roots: PEM certificates that have to vouch for SNS's.

    Raises:
        ConfigurationError: What was given cannot work.
    """

    def handle(self, body: bytes, headers: Mapping[str, str]) -> WebhookResponse:
        """
        Deal with one request.

        Args:
            body: As it came, unchanged; at most 2 MB of it are read.

            headers: The request's.

        Returns:
            200 for what is dealt with, and for what was here before. 403 for what SNS did not
            sign. 422 for what it did sign, and is none of SES's messages: a dead-letter queue of
            the subscription gets it. 500 and 503 where a handler or the store failed: SNS posts
            it again.
        """
        ending = drive(answer(bytes(body), headers, self._ports(SyncLift())))
        return WebhookResponse(_STATUS[ending])


class AsyncWebhook(_Hook):
    """
    `Webhook` for an event loop: the same names, awaited.

    Stores and handlers may be synchronous or asynchronous; blocking ones run on threads.

    Args:
        run_sync: Runs a blocking function elsewhere: ``await run_sync(function, *args)``.
            Default: a bounded pool of daemon threads, with the context copied.

        others: See `Webhook`.
    """

    _awaits = True

    def __init__(
        self,
        topics: Iterable[str],
        *,
        store: _Store,
        policy: _Policy | None = None,
        handlers: Iterable[Callable[[Any], object]] = (),
        minimum_version: Literal[1, 2] = 1,
        boto3_client: _SNSClient | None = None,
        fetch: Callable[[str], bytes | None] | None = None,
        clock: Callable[[], datetime] = _now,
        trusted_roots: Iterable[bytes] | None = None,
        run_sync: RunSync | None = None,
    ) -> None:
        super().__init__(
            topics,
            store=store,
            policy=policy,
            handlers=handlers,
            minimum_version=minimum_version,
            boto3_client=boto3_client,
            fetch=fetch,
            clock=clock,
            trusted_roots=trusted_roots,
        )
        self._lift = AsyncLift(run_sync or DaemonPool(8).run)

    async def handle(self, body: bytes, headers: Mapping[str, str]) -> WebhookResponse:
        """Deal with one request. See `Webhook.handle`."""
        ending = await answer(bytes(body), headers, self._ports(self._lift))
        return WebhookResponse(_STATUS[ending])
