"""An HTTP endpoint as a subscriber of a topic, served as SNS serves one."""

from __future__ import annotations

import hashlib
import json
import ssl
from collections.abc import Callable, Mapping
from http.client import HTTPConnection, HTTPException, HTTPSConnection
from typing import TypeAlias
from urllib.parse import parse_qs, urlsplit

from sesguard.clocks import SystemClock
from sesguard.errors import ConfigurationError
from sesguard.ports import Clock
from sesguard.simulator.feedback.envelopes import Publication
from sesguard.simulator.identifiers import Identifiers, stamp

__all__ = ["HTTPSubscriber", "Sign"]

Sign: TypeAlias = Callable[[Mapping[str, str]], Mapping[str, str]]
"""Takes a message of SNS, and returns it with a signature of its own."""

_ATTEMPTS = 4
_SECONDS = 15.0


class HTTPSubscriber:
    """
    Posts what SES publishes to one topic to an HTTP endpoint.

    The endpoint is asked to confirm first, by `subscribe`. It cannot reach AWS by the SubscribeURL
    that it is given: hand the URL, or the token, to `confirm`. Until then it gets nothing, as with
    SNS, which does not keep it either. It may be confirmed from another thread, while it answers.

    A delivery that fails is repeated at once, three times, and not after 20 seconds each; an answer
    of 400 to 499 but 429 is final.

    Args:
        url: Such as ``http://127.0.0.1:8000/ses``.

        topic_arn: The topic.

        sign: Signs each message: that of the ``Topic`` in `sesguard.testing.sns`. None: the
            signature is none.

        raw: Raw delivery: without SNS's envelope, and so without a signature.

        clock: Dates the confirmation: the simulator's, where it is compared.

        context: TLS of an ``https`` URL.

    Attributes:
        subscription_arn: As SNS names it.

        undelivered: What was given up.

    Source:
        SNS Developer Guide, "Using HTTP/HTTPS endpoints as subscribers", "Amazon SNS message
        delivery retries".
    """

    def __init__(
        self,
        url: str,
        topic_arn: str,
        *,
        sign: Sign | None = None,
        raw: bool = False,
        clock: Clock | None = None,
        context: ssl.SSLContext | None = None,
    ) -> None:
        self._url = urlsplit(url)
        if self._url.scheme not in ("http", "https") or not self._url.hostname:
            raise ConfigurationError("url= is an http or https URL with a host.")
        self._topic = topic_arn
        self._sign = sign
        self._raw = raw
        self._clock = SystemClock() if clock is None else clock
        self._context = context
        self._identifiers = Identifiers(0)
        self._token = hashlib.shake_256(f"{topic_arn} {url}".encode()).hexdigest(112)
        self._confirmed = False
        digest = hashlib.sha256(url.encode()).hexdigest()
        self.subscription_arn: str = f"{topic_arn}:{digest[:8]}-{digest[8:12]}-4000-8000-{0:012x}"
        self.undelivered: list[Publication] = []

    @property
    def confirmed(self) -> bool:
        """Whether the endpoint wants it."""
        return self._confirmed

    def subscribe(self) -> bool:
        """Ask the endpoint to confirm. Returns whether it took the question."""
        region = self._topic.split(":")[3]
        host = f"https://sns.{region}.amazonaws.com/"
        query = f"?Action=ConfirmSubscription&TopicArn={self._topic}&Token={self._token}"
        message = {
            "Type": "SubscriptionConfirmation",
            "MessageId": self._identifiers.envelope(),
            "Token": self._token,
            "TopicArn": self._topic,
            "Message": f"You have chosen to subscribe to the topic {self._topic}.\n"
            "To confirm the subscription, visit the SubscribeURL included in this message.",
            "SubscribeURL": f"{host}{query}",
            "Timestamp": stamp(self._clock.now()),
            "SignatureVersion": "1",
            "Signature": "c2ltdWxhdGVk",
            "SigningCertURL": f"{host}SimpleNotificationService-{0:032x}.pem",
        }
        return self._deliver(self._signed(message), self._headers(message))

    def confirm(self, url_or_token: str, /) -> None:
        """
        What a visit to the SubscribeURL does.

        Raises:
            ConfigurationError: It is not this subscription's.
        """
        query = parse_qs(urlsplit(url_or_token).query)
        token = query.get("Token", [url_or_token])[0]
        if token != self._token or query.get("TopicArn", [self._topic])[0] != self._topic:
            raise ConfigurationError("This is neither the SubscribeURL nor the token of it.")
        self._confirmed = True

    def __call__(self, publication: Publication, /) -> None:
        """Deliver it, if it is this topic's, and the endpoint has confirmed."""
        if not self._confirmed or publication.target != self._topic:
            return
        message: dict[str, str] = json.loads(publication.body)
        headers = self._headers(message)
        headers["x-amz-sns-subscription-arn"] = self.subscription_arn
        body = self._signed(message)
        if self._raw:
            headers["x-amz-sns-rawdelivery"] = "true"
            body = publication.message
        if not self._deliver(body, headers):
            self.undelivered.append(publication)

    def _signed(self, message: Mapping[str, str]) -> str:
        signed = message if self._sign is None else self._sign(message)
        return json.dumps(dict(signed), indent=2, separators=(",", " : "))

    def _headers(self, message: Mapping[str, str]) -> dict[str, str]:
        return {
            "x-amz-sns-message-type": message["Type"],
            "x-amz-sns-message-id": message["MessageId"],
            "x-amz-sns-topic-arn": self._topic,
            "Content-Type": "text/plain; charset=UTF-8",
            "User-Agent": "Amazon Simple Notification Service Agent",
        }

    def _deliver(self, body: str, headers: Mapping[str, str]) -> bool:
        for _ in range(_ATTEMPTS):
            status = self._post(body.encode(), headers)
            if status is not None and 200 <= status < 300:
                return True
            if status is not None and 400 <= status < 500 and status != 429:
                return False
        return False

    def _post(self, body: bytes, headers: Mapping[str, str]) -> int | None:
        """The status of the answer; None where there was none."""
        host, port = str(self._url.hostname), self._url.port
        connection = (
            HTTPConnection(host, port, timeout=_SECONDS)
            if self._url.scheme == "http"
            else HTTPSConnection(host, port, timeout=_SECONDS, context=self._context)
        )
        path = self._url.path or "/"
        try:
            query = f"?{self._url.query}" if self._url.query else ""
            connection.request("POST", f"{path}{query}", body, dict(headers))
            return connection.getresponse().status
        except (OSError, HTTPException):
            return None  # as SNS: whatever kept it from being taken, it is tried again
        finally:
            connection.close()
