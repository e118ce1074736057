"""Feedback out of an SQS queue."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from datetime import timedelta
from functools import partial
from typing import Any, Protocol, TypeAlias, cast

import boto3
from botocore.config import Config
from botocore.exceptions import (
    BotoCoreError,
    ClientError,
    ConnectionError,
    CredentialRetrievalError,
    HTTPClientError,
    MetadataRetrievalError,
    NoCredentialsError,
)
from botocore.parsers import ResponseParserError

from sesguard import errors
from sesguard._core.queues import QueueError, from_code, region_of_queue
from sesguard._one_per_process import OnePerProcess
from sesguard.ports import Received

__all__ = ["SQSSource"]

_MOST = 10
"""Messages in one call. Source: SQS API Reference, "ReceiveMessage", "DeleteMessageBatch"."""

_LONGEST_POLL = 20.0
"""Seconds. Source: SQS API Reference, "ReceiveMessage", WaitTimeSeconds."""

_LONGEST_HIDING = 43_200.0
"""Seconds. Source: SQS API Reference, "ReceiveMessage", VisibilityTimeout."""

_MARGIN = 10.0
"""Seconds that an answer may take on top of the poll itself."""

_Entries: TypeAlias = list[dict[str, str]]

_PASSING = (ConnectionError, CredentialRetrievalError, HTTPClientError, MetadataRetrievalError)


class _SQSClient(Protocol):
    """The methods of boto3's client that are called."""

    def receive_message(self, *args: Any, **kwargs: Any) -> Mapping[str, Any]: ...
    def delete_message_batch(self, *args: Any, **kwargs: Any) -> Mapping[str, Any]: ...
    def change_message_visibility_batch(self, *args: Any, **kwargs: Any) -> Mapping[str, Any]: ...
    def close(self) -> None: ...


class SQSSource:
    """
    A queue in SQS, standard or FIFO.

    The boto3 client is made when it is first needed, and again in a process that was forked.
    The credentials must be allowed sqs:ReceiveMessage, sqs:DeleteMessage and
    sqs:ChangeMessageVisibility on the queue.

    Args:
        queue_url: The queue's URL, as SQS gives it.

        boto3_client: A client for ``sqs`` to use instead of one of our own. Its read time-out
            must be longer than *wait_seconds*. It is not closed.

        boto3_session: The credentials for our own client.

        region_name: The queue's region; None to read it in the URL.

        endpoint_url: Where SQS listens, if not at Amazon.

        wait_seconds: The longest one poll waits for a message, up to 20. With 0, SQS asks only
            some of its servers and may answer empty while messages are there.

        visibility_timeout: Seconds, or a timedelta, for which a received message is hidden;
            None for what the queue itself is set to.

    Attributes:
        queue_url: As given.

        visibility_timeout: Seconds, or None.

    Raises:
        ConfigurationError: Options that cannot work, or do not go together.
    """

    def __init__(
        self,
        queue_url: str,
        *,
        boto3_client: _SQSClient | None = None,
        boto3_session: object = None,
        region_name: str | None = None,
        endpoint_url: str | None = None,
        wait_seconds: float | timedelta = _LONGEST_POLL,
        visibility_timeout: float | timedelta | None = None,
    ) -> None:
        if not str(queue_url).startswith(("https://", "http://")):
            raise errors.ConfigurationError(
                "queue_url must be the queue's URL, as `aws sqs get-queue-url` shows it: "
                "https://sqs.REGION.amazonaws.com/ACCOUNT/NAME. An ARN or a name is not enough."
            )
        self.queue_url = queue_url
        self._wait = _seconds(wait_seconds, "wait_seconds", _LONGEST_POLL)
        self.visibility_timeout: float | None = (
            None
            if visibility_timeout is None
            else _seconds(visibility_timeout, "visibility_timeout", _LONGEST_HIDING)
        )
        self._session = boto3_session
        self._endpoint = endpoint_url
        self._region = _region(queue_url, region_name, endpoint_url)
        self._given = boto3_client
        if boto3_client is not None:
            self._check(boto3_client, boto3_session, region_name, endpoint_url)
        self._own = OnePerProcess(self._make)

    def receive(self, limit: int, wait: float, /) -> Sequence[Received]:
        """
        Up to *limit* messages, 10 at most.

        Waits up to *wait* seconds, or *wait_seconds* if that is less, for the first; but a
        second at least, since a shorter poll may miss what is there.

        Raises:
            ConfigurationError: No such queue, region or credentials.

            AccessDeniedError: The permission is missing.

            AuthenticationError: AWS does not know the credentials.

            ServiceUnavailableError: SQS could not be reached, or is busy.
        """
        hiding = self.visibility_timeout
        answer = self._ask(
            "ReceiveMessage",
            lambda sqs: sqs.receive_message(
                QueueUrl=self.queue_url,
                MaxNumberOfMessages=min(limit, _MOST),
                WaitTimeSeconds=math.ceil(min(max(wait, 1.0), self._wait)),
                MessageSystemAttributeNames=["ApproximateReceiveCount"],
                **({} if hiding is None else {"VisibilityTimeout": math.ceil(hiding)}),
            ),
        )
        messages = cast("Sequence[Mapping[str, Any]]", answer.get("Messages") or ())
        return [
            Received(
                body=message["Body"],
                receipt=message["ReceiptHandle"],
                receive_count=int(message.get("Attributes", {}).get("ApproximateReceiveCount", 1)),
            )
            for message in messages
        ]

    def delete(self, receipts: Sequence[str], /) -> Mapping[str, str]:
        """Delete messages, 10 a call. Returns receipt to SQS's code for those it did not take."""

        def delete(entries: _Entries, sqs: _SQSClient) -> Mapping[str, Any]:
            return sqs.delete_message_batch(QueueUrl=self.queue_url, Entries=entries)

        return self._in_tens("DeleteMessage", delete, receipts)

    def extend(self, receipts: Sequence[str], seconds: float, /) -> Mapping[str, str]:
        """Keep messages hidden for *seconds* from now. Returns those that could not be."""
        hiding = math.ceil(min(seconds, _LONGEST_HIDING))

        def hide(entries: _Entries, sqs: _SQSClient) -> Mapping[str, Any]:
            return sqs.change_message_visibility_batch(
                QueueUrl=self.queue_url,
                Entries=[{**entry, "VisibilityTimeout": hiding} for entry in entries],
            )

        return self._in_tens("ChangeMessageVisibility", hide, receipts)

    def release(self, receipts: Sequence[str], /) -> Mapping[str, str]:
        """Hand messages back at once. Returns those that could not be."""
        return self.extend(receipts, 0.0)

    def close(self) -> None:
        """Close our own client. A later call makes another one."""
        self._own.close()

    def __repr__(self) -> str:
        return f"SQSSource({self.queue_url!r})"

    def _in_tens(
        self,
        action: str,
        call: Callable[[_Entries, _SQSClient], Mapping[str, Any]],
        receipts: Sequence[str],
    ) -> Mapping[str, str]:
        failed: dict[str, str] = {}
        distinct = list(dict.fromkeys(receipts))
        for start in range(0, len(distinct), _MOST):
            ten = {str(at): receipt for at, receipt in enumerate(distinct[start : start + _MOST])}
            entries = [{"Id": at, "ReceiptHandle": receipt} for at, receipt in ten.items()]
            answer = self._ask(action, partial(call, entries))
            for failure in answer.get("Failed") or ():
                failed[ten[failure["Id"]]] = str(failure.get("Code", "unknown"))
        return failed

    def _ask(
        self, action: str, call: Callable[[_SQSClient], Mapping[str, Any]]
    ) -> Mapping[str, Any]:
        try:
            return call(self._client())
        except ClientError as error:
            raise self._refused(error, action) from None
        except (BotoCoreError, ResponseParserError) as error:
            raise self._failed(error, action) from None

    def _client(self) -> _SQSClient:
        return self._own.get() if self._given is None else self._given

    def _make(self) -> _SQSClient:
        session = cast("Any", self._session or boto3.Session())
        made = session.client(
            "sqs",
            region_name=self._region,
            endpoint_url=self._endpoint,
            config=Config(
                connect_timeout=5.0,
                read_timeout=self._wait + _MARGIN,
                retries={"mode": "standard", "total_max_attempts": 3},
            ),
        )
        return cast(_SQSClient, made)

    def _check(
        self,
        client: _SQSClient,
        boto3_session: object,
        region_name: str | None,
        endpoint_url: str | None,
    ) -> None:
        named = {
            "boto3_session": boto3_session,
            "region_name": region_name,
            "endpoint_url": endpoint_url,
        }
        beside = [f"{name}=" for name, value in named.items() if value is not None]
        if beside:
            raise errors.ConfigurationError(
                f"{', '.join(beside)} and boto3_client= cannot be given together: "
                "the client brings its own."
            )
        config = getattr(getattr(client, "meta", None), "config", None)
        patience = getattr(config, "read_timeout", None)
        if isinstance(patience, (int, float)) and patience <= self._wait:
            raise errors.ConfigurationError(
                f"The boto3 client gives up reading after {patience:g} seconds, and a poll waits "
                f"{self._wait:g}. Give it Config(read_timeout={self._wait + _MARGIN:g}), or a "
                "shorter wait_seconds=."
            )

    def _refused(self, error: ClientError, action: str) -> QueueError:
        answer = cast("Mapping[str, Any]", error.response)
        about: Mapping[str, Any] = answer.get("ResponseMetadata", {})
        return from_code(
            str(answer.get("Error", {}).get("Code", "")),
            int(about.get("HTTPStatusCode", 500)),
            action=action,
            queue_url=self.queue_url,
            region=self._where(),
            request_id=about.get("RequestId"),
            original=error,
        )

    def _failed(self, error: Exception, action: str) -> QueueError:
        if isinstance(error, (*_PASSING, ResponseParserError)):
            return errors.ServiceUnavailableError(
                f"SQS did not answer {action} at {self.queue_url} ({type(error).__name__}). "
                "Check the network, and ask again.",
                region=self._where(),
                transport="sqs",
                original=error,
            )
        if isinstance(error, NoCredentialsError):
            return errors.ConfigurationError(
                "There are no AWS credentials here. Set them in the environment, give the machine "
                "a role, or pass boto3_session=.",
                original=error,
            )
        return errors.ConfigurationError(
            f"boto3 could not ask {action} of {self.queue_url} ({type(error).__name__}). "
            "Check the URL, region_name= and the AWS configuration.",
            original=error,
        )

    def _where(self) -> str | None:
        client: object = self._given or self._own.made
        return self._region or getattr(getattr(client, "meta", None), "region_name", None)


def _seconds(value: float | timedelta, option: str, most: float) -> float:
    seconds = value.total_seconds() if isinstance(value, timedelta) else value
    if isinstance(seconds, bool) or not isinstance(seconds, (int, float)):  # pyright: ignore[reportUnnecessaryIsInstance]  a caller without types
        raise errors.ConfigurationError(f"{option}= must be a timedelta or a number of seconds.")
    if not 0 <= seconds <= most:
        raise errors.ConfigurationError(f"{option}= must be from 0 to {most:g} seconds.")
    return float(seconds)


def _region(queue_url: str, region_name: str | None, endpoint_url: str | None) -> str | None:
    """The region to sign for. Raises where the URL says another one than the caller."""
    in_url = region_of_queue(queue_url)
    if region_name and in_url and region_name != in_url and endpoint_url is None:
        raise errors.ConfigurationError(
            f"The queue is in {in_url} by its URL, and region_name={region_name!r} was given. "
            "Leave region_name= out."
        )
    return region_name or in_url
