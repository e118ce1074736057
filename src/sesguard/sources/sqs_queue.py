"""One queue in SQS: whose client asks it, and what goes wrong with it, in our words."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
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
    NoCredentialsError,
)
from botocore.parsers import ResponseParserError

from sesguard import errors
from sesguard._core.queues import QueueError, from_code, region_of_queue
from sesguard._one_per_process import OnePerProcess

__all__ = ["MOST", "Entries", "SQSClient", "SQSQueue"]

MOST = 10
"""Messages in one call. Source: SQS API Reference, "ReceiveMessage", "DeleteMessageBatch"."""

_MARGIN = 10.0
"""Seconds that an answer may take on top of the poll itself."""

_PASSING = (ConnectionError, CredentialRetrievalError, HTTPClientError, MetadataRetrievalError)

_NO_ANSWER = (AttributeError, KeyError, TypeError, ValueError)
"""What botocore's parser raises at a list where an object belongs, and our reading at less."""

Entries: TypeAlias = list[dict[str, str]]
T = TypeVar("T")


class SQSClient(Protocol):
    """The methods of boto3's client that every queue needs."""

    def receive_message(self, *args: Any, **kwargs: Any) -> Mapping[str, Any]: ...
    def delete_message_batch(self, *args: Any, **kwargs: Any) -> Mapping[str, Any]: ...
    def change_message_visibility_batch(self, *args: Any, **kwargs: Any) -> Mapping[str, Any]: ...
    def close(self) -> None: ...


class SQSQueue:
    """
    What a source and dead letters have in common.

    Attributes:
        queue_url: As given.
    """

    def __init__(
        self,
        queue_url: str,
        *,
        boto3_client: object,
        boto3_session: object,
        region_name: str | None,
        endpoint_url: str | None,
        wait: float,
    ) -> None:
        if not str(queue_url).startswith(("https://", "http://")):
            raise errors.ConfigurationError(
                "queue_url must be the queue's URL, as `aws sqs get-queue-url` shows it: "
                "https://sqs.REGION.amazonaws.com/ACCOUNT/NAME. An ARN or a name is not enough."
            )
        self.queue_url: str = queue_url
        self._wait = wait
        self._session = boto3_session
        self._endpoint = endpoint_url
        self._region = _region(queue_url, region_name, endpoint_url)
        self._given: Any = boto3_client
        if boto3_client is not None:
            self._check(boto3_client, boto3_session, region_name, endpoint_url)
        self._own = OnePerProcess(self._make)

    def close(self) -> None:
        """Close our own client. A later call makes another one."""
        self._own.close()

    def __repr__(self) -> str:
        return f"{type(self).__name__}({self.queue_url!r})"

    def _in_tens(
        self,
        action: str,
        call: Callable[[Entries, Any], Mapping[str, Any]],
        receipts: Sequence[str],
    ) -> Mapping[str, str]:
        failed: dict[str, str] = {}
        distinct = list(dict.fromkeys(receipts))
        for start in range(0, len(distinct), MOST):
            ten = {str(at): receipt for at, receipt in enumerate(distinct[start : start + MOST])}
            entries = [{"Id": at, "ReceiptHandle": receipt} for at, receipt in ten.items()]
            failed.update(self._ask(action, partial(call, entries), partial(_failures, ten)))
        return failed

    def _ask(
        self,
        action: str,
        call: Callable[[Any], Mapping[str, Any]],
        read: Callable[[Mapping[str, Any]], T],
        queue_url: str | None = None,
    ) -> T:
        """
        One request, and what *read* makes of its answer.

        Args:
            queue_url: The queue that it is about, if that is another one.

        Raises:
            ConfigurationError: No such queue, region or credentials.

            AccessDeniedError: The permission is missing.

            AuthenticationError: AWS does not know the credentials.

            ServiceUnavailableError: SQS could not be reached, is busy, or answered nonsense.
        """
        try:
            return read(call(self._client()))
        except ClientError as error:
            raise self._refused(error, action, queue_url or self.queue_url) from None
        except (BotoCoreError, ResponseParserError, *_NO_ANSWER) as error:
            raise self._failed(error, action, queue_url or self.queue_url) from None

    def _client(self) -> Any:
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
                retries={"mode": "standard", "total_max_attempts": 3},
            ),
        )
        return cast(SQSClient, made)

    def _check(
        self,
        client: object,
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
        if not callable(getattr(client, "receive_message", None)):
            raise errors.ConfigurationError(
                "boto3_client= must be a boto3 client for sqs: boto3.client('sqs')."
            )
        config = getattr(getattr(client, "meta", None), "config", None)
        patience = getattr(config, "read_timeout", None)
        if isinstance(patience, (int, float)) and patience <= self._wait:
            raise errors.ConfigurationError(
                f"The boto3 client gives up reading after {patience:g} seconds, and a poll waits "
                f"{self._wait:g}. Give it Config(read_timeout={self._wait + _MARGIN:g}), or a "
                "shorter wait_seconds=."
            )

    def _refused(self, error: ClientError, action: str, queue_url: str) -> QueueError:
        answer = cast("Mapping[str, Any]", error.response)
        about: Mapping[str, Any] = answer.get("ResponseMetadata", {})
        return from_code(
            str(answer.get("Error", {}).get("Code", "")),
            int(about.get("HTTPStatusCode", 500)),
            action=action,
            queue_url=queue_url,
            region=self._where(),
            request_id=about.get("RequestId"),
            original=error,
        )

    def _failed(self, error: Exception, action: str, queue_url: str) -> QueueError:
        if isinstance(error, (*_PASSING, ResponseParserError)):
            return self._away(f"SQS did not answer {action} at {queue_url}", error)
        if isinstance(error, NoCredentialsError):
            return errors.ConfigurationError(
                "There are no AWS credentials here. Set them in the environment, give the machine "
                "a role, or pass boto3_session=.",
                original=error,
            )
        if not isinstance(error, BotoCoreError):
            return self._away(f"What answered {action} at {queue_url} is not SQS", error)
        return errors.ConfigurationError(
            f"boto3 could not ask {action} of {queue_url} ({type(error).__name__}). "
            "Check the URL, region_name= and the AWS configuration.",
            original=error,
        )

    def _away(self, what: str, error: Exception) -> errors.ServiceUnavailableError:
        return errors.ServiceUnavailableError(
            f"{what} ({type(error).__name__}). Check the network, and ask again.",
            region=self._where(),
            transport="sqs",
            original=error,
        )

    def _where(self) -> str | None:
        client: object = self._given or self._own.made
        return self._region or getattr(getattr(client, "meta", None), "region_name", None)


def _failures(ten: Mapping[str, str], answer: Mapping[str, Any]) -> Mapping[str, str]:
    return {ten[one["Id"]]: str(one.get("Code", "unknown")) for one in answer.get("Failed") or ()}


def _region(queue_url: str, region_name: str | None, endpoint_url: str | None) -> str | None:
    """The region to sign for. Raises where the URL says another one than the caller."""
    in_url = region_of_queue(queue_url)
    if region_name and in_url and region_name != in_url and endpoint_url is None:
        raise errors.ConfigurationError(
            f"The queue is in {in_url} by its URL, and region_name={region_name!r} was given. "
            "Leave region_name= out."
        )
    return region_name or in_url
