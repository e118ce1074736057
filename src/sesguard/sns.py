"""
Whether a message is from Amazon SNS, and from a topic of yours. Needs the ``sns`` extra.

```python
from sesguard import sns

verifier = sns.SNSVerifier(["arn:aws:sns:eu-west-1:123456789012:ses-feedback"])
envelope = verifier.verify(request.body, request.headers)  # or a NotificationError
```
"""

from __future__ import annotations

import os
import threading
from collections import OrderedDict
from collections.abc import Callable, Iterable, Mapping
from datetime import UTC, datetime
from typing import Literal

from sesguard._core.sns import OLDEST, SKEW, Envelope, judge
from sesguard._core.sns_topics import Topic, topic_of
from sesguard.errors import ConfigurationError, ReplayedError
from sesguard.sns_certificates import Certificates
from sesguard.sns_https import HTTPSFetcher

__all__ = ["Envelope", "SNSVerifier"]

_MOST_REMEMBERED = 100_000


def _now() -> datetime:
    return datetime.now(UTC)


class SNSVerifier:
    """
    Refuses every message that SNS did not sign for one of your topics.

    It may be shared by threads. One of them fetches a certificate, on the first message, and it
    is kept for a day.

    Args:
        topics: The ARNs that may speak to you, one at least. Anybody can have genuine signatures
            from a topic of their own.

        minimum_version: 2 refuses signatures with SHA-1. A topic signs so from the day on which
            its attribute ``SignatureVersion`` is 2.

        fetch: Gives what is at a URL of SNS, or None. Default: HTTPS, without redirects and
            proxies.

        clock: Gives the time, aware.

        trusted_roots: PEM certificates that have to vouch for SNS's. None: TLS to the host that
            is built from the topic's region does.

    Raises:
        ConfigurationError: An option that cannot work.

    Source:
        SNS Developer Guide, "Verifying the signatures of Amazon SNS messages".
    """

    def __init__(
        self,
        topics: Iterable[str],
        *,
        minimum_version: Literal[1, 2] = 1,
        fetch: Callable[[str], bytes | None] | None = None,
        clock: Callable[[], datetime] = _now,
        trusted_roots: Iterable[bytes] | None = None,
    ) -> None:
        if minimum_version not in (1, 2):
            raise ConfigurationError("minimum_version= is 1 or 2: SNS has no other signatures.")
        self._topics: dict[str, Topic] = {one.arn: one for one in map(topic_of, _listed(topics))}
        self._minimum: Literal[1, 2] = minimum_version
        self._clock = clock
        self._fetch = HTTPSFetcher() if fetch is None else fetch
        self._roots = None if trusted_roots is None else tuple(trusted_roots)
        self._seen: OrderedDict[tuple[str, str], datetime] = OrderedDict()
        self._begin()

    def _begin(self) -> None:
        """What belongs to one process: a lock that was held at a fork stays shut."""
        self._pid = os.getpid()
        self._lock = threading.Lock()
        self._certificates = Certificates(self._fetch, trusted_roots=self._roots)

    def verify(
        self, body: bytes | str | Mapping[str, object], headers: Mapping[str, str] | None = None
    ) -> Envelope:
        """
        Check one message.

        Args:
            body: As it came over HTTP, unchanged; or the ``Sns`` of a Lambda record.

            headers: Of the HTTP request. They are not signed: where they are given they have to
                agree with the body, and nothing else is made of them.

        Returns:
            What is in it. Its id is remembered; see `release`.

        Raises:
            ParseError: It is no message of SNS.

            UntrustedTopicError: It is of a topic that is not listed.

            SignatureError: SNS did not sign it.

            ReplayedError: It was here before, or is too old.

            StoreError: The certificate cannot be had at the moment. A later try may do.
        """
        if self._pid != os.getpid():
            self._begin()
        now = self._clock()
        unproven = judge(body, headers, self._topics, now=now, minimum_version=self._minimum)
        self._certificates.check(
            url=unproven.certificate_url,
            name=unproven.topic.certificate_name,
            version=unproven.version,
            signature=unproven.signature,
            text=unproven.text,
            now=now,
        )
        self._remember(unproven.envelope, now)
        return unproven.envelope

    def release(self, envelope: Envelope) -> None:
        """
        Forget that a message was here: it could not be dealt with, and SNS will post it again.

        SNS's own retry has the same id.
        """
        with self._lock:
            self._seen.pop((envelope.topic_arn, envelope.message_id), None)

    def _remember(self, envelope: Envelope, now: datetime) -> None:
        """
        Raises:
            ReplayedError: It is remembered already. What is forgotten is too old to be taken.
        """
        key = envelope.topic_arn, envelope.message_id
        with self._lock:
            while self._seen and next(iter(self._seen.values())) < now - OLDEST - 3 * SKEW:
                self._seen.popitem(last=False)
            if key in self._seen:
                raise ReplayedError(
                    "The message was here before, so it was not taken again. Answer with 200: a "
                    "retry of SNS's needs no other."
                )
            self._seen[key] = now
            if len(self._seen) > _MOST_REMEMBERED:
                self._seen.popitem(last=False)


def _listed(topics: Iterable[str]) -> list[str]:
    if isinstance(topics, str):
        return [topics]
    try:
        found = list(topics)
    except TypeError:
        found = []
    if not found:
        raise ConfigurationError(
            "topics= takes the ARNs of the topics that may speak to you, one at least: anybody "
            "can have genuine signatures from a topic of their own."
        )
    return found
