"""The calls that a pipe makes of AWS, and what goes wrong with them, in our words."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, cast

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
from sesguard._core.pipe_faults import error_of

__all__ = ["Calls"]

_ATTEMPTS = 5  # all that a pipe calls may be repeated, and SES takes a call of a kind a second
_PASSING = (
    *(ConnectionError, CredentialRetrievalError, HTTPClientError, MetadataRetrievalError),
    ResponseParserError,
)


class Calls:
    """
    Clients of one session and region, each made when it is first needed.

    Args:
        session: boto3's, or None for the usual one.

        region: None for the session's own.

        endpoint: Where AWS listens, if not at Amazon.
    """

    def __init__(self, *, session: object, region: str | None, endpoint: str | None) -> None:
        self._session = session
        self._region = region
        self._endpoint = endpoint
        self._made: dict[str, Any] = {}

    @property
    def region(self) -> str:
        """
        The region that is asked.

        Raises:
            ConfigurationError: None is set.
        """
        return str(self._client("sns").meta.region_name)  # that of STS may be a global one

    def ask(self, service: str, method: str, **parameters: object) -> Mapping[str, Any]:
        """
        Call a service.

        Raises:
            ConfigurationError: No region or credentials, or what AWS refuses as it stands.

            NotFoundError: What was asked for is not there.

            AccessDeniedError: A permission is missing; the message names it.

            AuthenticationError: AWS does not know the credentials.

            ServiceUnavailableError: AWS could not be reached, or is busy.
        """
        client = self._client(service)
        operation = client.meta.method_to_api_mapping[method]
        try:
            return cast("Mapping[str, Any]", getattr(client, method)(**parameters))
        except ClientError as error:
            raise _refused(error, service, operation, client.meta.region_name) from None
        except (BotoCoreError, ResponseParserError) as error:
            raise _failed(error, service, operation) from None

    def find(self, service: str, method: str, **parameters: object) -> Mapping[str, Any] | None:
        """The same; None for what is not there."""
        try:
            return self.ask(service, method, **parameters)
        except errors.NotFoundError:
            return None

    def close(self) -> None:
        """Close the clients. A later call makes other ones."""
        made, self._made = self._made, {}
        for client in made.values():
            client.close()

    def _client(self, service: str) -> Any:
        if service not in self._made:
            try:
                self._made[service] = self._make(service)
            except BotoCoreError as error:
                raise _failed(error, service, "a client") from None
        return self._made[service]

    def _make(self, service: str) -> Any:
        session = cast("Any", boto3.Session() if self._session is None else self._session)
        return session.client(
            service,
            region_name=self._region,
            endpoint_url=self._endpoint,
            config=Config(
                connect_timeout=5,
                read_timeout=15,
                retries={"mode": "standard", "total_max_attempts": _ATTEMPTS},
            ),
        )


def _refused(
    error: ClientError, service: str, operation: str, region: str | None
) -> errors.SESGuardError:
    answer = cast("Mapping[str, Any]", error.response)
    said: Mapping[str, Any] = answer.get("Error", {})
    about: Mapping[str, Any] = answer.get("ResponseMetadata", {})
    return error_of(
        str(said.get("Code", "")),
        str(said.get("Message", "")),
        int(about.get("HTTPStatusCode", 500)),
        service=service,
        operation=operation,
        region=region,
        request_id=about.get("RequestId"),
        original=error,
    )


def _failed(error: Exception, service: str, operation: str) -> errors.SESGuardError:
    called = {"ses": "SES", "sesv2": "SES"}.get(service, service.upper())
    if isinstance(error, _PASSING):
        return errors.ServiceUnavailableError(
            f"{called} did not answer {operation} ({type(error).__name__}). Check the network, "
            "and do the same again: what is done already is not done twice.",
            transport=service,
            original=error,
        )
    if isinstance(error, NoCredentialsError):
        return errors.ConfigurationError(
            "There are no AWS credentials here. Set them in the environment, give the machine a "
            "role, or pass boto3_session=.",
            original=error,
        )
    return errors.ConfigurationError(
        f"boto3 could not ask {called} for {operation} ({type(error).__name__}). Give "
        "region_name= or a boto3_session=, or set AWS_DEFAULT_REGION.",
        original=error,
    )
