"""The calls that an outbox makes of SQS, and what goes wrong with them, in our words."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from functools import partial
from typing import Any, Protocol, TypeAlias, TypeVar, cast

import boto3
from botocore.config import Config
from botocore.exceptions import (
    BotoCoreError,
    ClientError,
    ConnectionError,
    CredentialRetrievalError,
    HTTPClientError,
    MetadataRetrievalError,
)
from botocore.parsers import ResponseParserError

from sesguard import errors
from sesguard._core.queues import from_code
from sesguard._one_per_process import OnePerProcess

__all__ = ["LARGEST", "LONGEST_DELAY", "MOST", "Calls", "Message", "SQSClient"]

MOST = 10
"""Messages in one call. Source: SQS API Reference, "ReceiveMessage", "DeleteMessageBatch"."""

LONGEST_DELAY = 900
"""Seconds. Source: SQS API Reference, "SendMessage", DelaySeconds."""

LARGEST = 1_048_576
"""
Bytes of a message; 262,144 until August 2025.

Source: SQS API Reference, "SendMessage", MessageBody.
"""

_MARGIN = 10.0
"""Seconds that an answer may take on top of the poll itself."""

_LOST = frozenset({"ReceiptHandleIsInvalid", "MessageNotInflight", "InvalidParameterValue"})
"""What SQS says of a receipt whose message somebody else has by now."""

_COUNTS = (
    "ApproximateNumberOfMessages",
    "ApproximateNumberOfMessagesDelayed",
    "ApproximateNumberOfMessagesNotVisible",
)

_PASSING = (
    *(ConnectionError, CredentialRetrievalError, HTTPClientError, MetadataRetrievalError),
    ResponseParserError,
)

_NO_ANSWER = (AttributeError, KeyError, TypeError, ValueError)
"""What botocore's parser raises at a list where an object belongs, and our reading at less."""

_Call: TypeAlias = "Callable[[SQSClient], Mapping[str, Any]]"

T = TypeVar("T")


class SQSClient(Protocol):
    """The methods of boto3's client that are called."""

    def send_message(self, *args: Any, **kwargs: Any) -> Mapping[str, Any]: ...
    def receive_message(self, *args: Any, **kwargs: Any) -> Mapping[str, Any]: ...
    def delete_message_batch(self, *args: Any, **kwargs: Any) -> Mapping[str, Any]: ...
    def change_message_visibility_batch(self, *args: Any, **kwargs: Any) -> Mapping[str, Any]: ...
    def get_queue_attributes(self, *args: Any, **kwargs: Any) -> Mapping[str, Any]: ...
    def close(self) -> None: ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Message:
    """
    A message as it was received.

    Attributes:
        id: SQS's own.

        handle: What deletes and hides it, since this receipt.

        text: Its body.

        count: How often it was received, this time included.

        first: When it was received for the first time; None where SQS does not say.

        put_at: When it came into the queue; None where SQS does not say.
    """

    id: str
    handle: str = field(repr=False)
    text: str = field(repr=False)
    count: int
    first: datetime | None
    put_at: datetime | None


class Calls:
    """
    SQS, one request a call: a SendMessage that is repeated is a second mail.

    Args:
        region: Where the queues are.

        wait: The seconds that a poll may take.

        given: A client to use instead of one of our own, which is closed by its owner.
    """

    def __init__(
        self,
        *,
        given: SQSClient | None,
        session: object,
        region: str | None,
        endpoint: str | None,
        wait: float,
    ) -> None:
        self._given = given
        self._session = session
        self._region = region
        self._endpoint = endpoint
        self._wait = wait
        self._own = OnePerProcess(self._make)

    def send(self, queue_url: str, text: str, *, delay: float = 0.0) -> None:
        """Put a message. After an error it may be there all the same."""
        seconds = min(max(0, math.ceil(delay)), LONGEST_DELAY)
        self._ask(
            queue_url,
            "SendMessage",
            lambda sqs: sqs.send_message(
                QueueUrl=queue_url, MessageBody=text, DelaySeconds=seconds
            ),
            dict,
        )

    def receive(self, queue_url: str, limit: int, *, wait: float, hidden: float) -> list[Message]:
        """Up to *limit* messages, which nobody else receives for *hidden* seconds."""
        return self._ask(
            queue_url,
            "ReceiveMessage",
            lambda sqs: sqs.receive_message(
                QueueUrl=queue_url,
                MaxNumberOfMessages=min(limit, MOST),
                WaitTimeSeconds=math.ceil(wait),
                VisibilityTimeout=math.ceil(hidden),
                MessageSystemAttributeNames=[
                    "ApproximateReceiveCount",
                    "ApproximateFirstReceiveTimestamp",
                    "SentTimestamp",
                ],
            ),
            lambda answer: [_message(one) for one in answer.get("Messages") or ()],
        )

    def delete(self, queue_url: str, handles: Iterable[str]) -> set[str]:
        """Delete messages. Returns the handles of those that somebody else has by now."""
        return self._in_tens(
            queue_url,
            "DeleteMessage",
            [{"ReceiptHandle": handle} for handle in handles],
            lambda entries, sqs: sqs.delete_message_batch(QueueUrl=queue_url, Entries=entries),
        )

    def hide(self, queue_url: str, handles: Iterable[str], seconds: float) -> set[str]:
        """Hide messages for *seconds* from now. Returns those that somebody else has by now."""
        return self._in_tens(
            queue_url,
            "ChangeMessageVisibility",
            [
                {"ReceiptHandle": handle, "VisibilityTimeout": math.ceil(seconds)}
                for handle in handles
            ],
            lambda entries, sqs: sqs.change_message_visibility_batch(
                QueueUrl=queue_url, Entries=entries
            ),
        )

    def counts(self, queue_url: str) -> tuple[int, int]:
        """About how many messages can be received, and how many cannot yet."""
        return self._ask(
            queue_url,
            "GetQueueAttributes",
            lambda sqs: sqs.get_queue_attributes(QueueUrl=queue_url, AttributeNames=list(_COUNTS)),
            _counts,
        )

    def close(self) -> None:
        """Close our own client. A later call makes another one."""
        self._own.close()

    def _in_tens(
        self,
        queue_url: str,
        action: str,
        entries: Sequence[dict[str, Any]],
        call: Callable[[list[dict[str, Any]], SQSClient], Mapping[str, Any]],
    ) -> set[str]:
        lost: set[str] = set()
        for start in range(0, len(entries), MOST):
            ten = [{"Id": str(at), **one} for at, one in enumerate(entries[start : start + MOST])]
            handles = {str(at): str(one["ReceiptHandle"]) for at, one in enumerate(ten)}
            failed = self._ask(queue_url, action, partial(call, ten), partial(_failed, handles))
            for handle, code in failed.items():
                if code.removeprefix("AWS.SimpleQueueService.") not in _LOST:
                    raise self._refusal(code, 500, queue_url, action)
                lost.add(handle)
        return lost

    def _ask(
        self, queue_url: str, action: str, call: _Call, read: Callable[[Mapping[str, Any]], T]
    ) -> T:
        try:
            return read(call(self._client()))
        except ClientError as error:
            answer = cast("Mapping[str, Any]", error.response)
            raise self._refusal(
                str(answer.get("Error", {}).get("Code", "")),
                int(answer.get("ResponseMetadata", {}).get("HTTPStatusCode", 500)),
                queue_url,
                action,
                error,
            ) from None
        except _PASSING as error:
            raise errors.StoreError(
                f"SQS did not answer {action} at {queue_url} ({type(error).__name__}). Check the "
                "network, and ask again.",
                original=error,
            ) from None
        except BotoCoreError as error:
            raise errors.ConfigurationError(
                f"boto3 could not ask {action} of {queue_url} ({type(error).__name__}). Check the "
                "URL, region_name=, the AWS configuration and the credentials.",
                original=error,
            ) from None

        except _NO_ANSWER as error:
            raise errors.StoreError(
                f"What answered {action} at {queue_url} is not SQS ({type(error).__name__}). Check "
                "the network and the URL, and ask again.",
                original=error,
            ) from None

    def _refusal(
        self,
        code: str,
        status: int,
        queue_url: str,
        action: str,
        original: BaseException | None = None,
    ) -> errors.SESGuardError:
        refused = from_code(
            code,
            status,
            action=action,
            queue_url=queue_url,
            region=self._region,
            original=original,
        )
        if refused.retryable:
            return errors.StoreError(str(refused), original=original)
        return refused

    def _client(self) -> SQSClient:
        return self._own.get() if self._given is None else self._given

    def _make(self) -> SQSClient:
        session = cast("Any", self._session or boto3.Session())
        made = session.client(
            "sqs",
            region_name=self._region,
            endpoint_url=self._endpoint,
            config=Config(
                connect_timeout=5.0,
                read_timeout=self._wait + _MARGIN,
                retries={"mode": "standard", "total_max_attempts": 1},
            ),
        )
        return cast("SQSClient", made)


def _failed(handles: Mapping[str, str], answer: Mapping[str, Any]) -> Mapping[str, str]:
    failed = answer.get("Failed") or ()
    return {handles[one["Id"]]: str(one.get("Code", "unknown")) for one in failed}


def _counts(answer: Mapping[str, Any]) -> tuple[int, int]:
    told: Mapping[str, str] = answer.get("Attributes") or {}
    visible, delayed, hidden = (int(told.get(name, 0)) for name in _COUNTS)
    return visible, delayed + hidden


def _message(told: Mapping[str, Any]) -> Message:
    attributes: Mapping[str, str] = told.get("Attributes") or {}
    return Message(
        id=str(told.get("MessageId", "")),
        handle=told["ReceiptHandle"],
        text=told["Body"],
        count=int(attributes.get("ApproximateReceiveCount", 2)),  # the careful guess
        first=_time(attributes.get("ApproximateFirstReceiveTimestamp")),
        put_at=_time(attributes.get("SentTimestamp")),
    )


def _time(milliseconds: str | None) -> datetime | None:
    if milliseconds is None:
        return None
    return datetime.fromtimestamp(int(milliseconds) / 1000, UTC)
