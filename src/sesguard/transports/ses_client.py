"""The boto3 client for SES: one a process, that makes one request a call."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Protocol, cast

import boto3
from boto3.session import Session
from botocore.config import Config
from botocore.exceptions import BotoCoreError, NoRegionError

from sesguard import errors
from sesguard._core.boto_faults import from_boto_exception

__all__ = ["SESClient", "check", "fetch_credentials", "make"]

# Said once: to put a full one together, botocore takes a fifth of each call. It adds itself.
_USER_AGENT = f"Boto3/{boto3.__version__} lib/sesguard"


class SESClient(Protocol):
    """The methods of boto3's client for ``sesv2`` that are called."""

    def send_email(self, *args: Any, **kwargs: Any) -> Mapping[str, Any]: ...
    def get_account(self, *args: Any, **kwargs: Any) -> Mapping[str, Any]: ...
    def close(self) -> None: ...


def make(
    *,
    boto3_session: object,
    region_name: str | None,
    endpoint_url: str | None,
    connect_timeout: float,
    read_timeout: float,
    max_pool_connections: int,
) -> SESClient:
    """
    A client whose calls are one request each, whatever the environment says of retries.

    Raises:
        ConfigurationError: No region, no such profile, an endpoint that is none.

        AuthenticationError: Credentials that are there in part only, or could not be fetched.
    """
    try:
        session = cast("Any", boto3_session or Session())
        made = session.client(
            "sesv2",
            region_name=region_name,
            endpoint_url=endpoint_url,
            config=Config(
                connect_timeout=connect_timeout,
                read_timeout=read_timeout,
                max_pool_connections=max_pool_connections,
                retries={"mode": "standard", "total_max_attempts": 1},
                user_agent=_USER_AGENT,
            ),
        )
    except NoRegionError as error:
        raise errors.ConfigurationError(
            "No AWS region is set, and SES is asked by region. Set region_name=, "
            "AWS_DEFAULT_REGION, or the region of your AWS profile.",
            original=error,
        ) from None
    except (BotoCoreError, ValueError) as error:
        raise from_boto_exception(error) or errors.ConfigurationError(
            f"boto3 could not make a client for SES ({type(error).__name__}). Check the AWS "
            "profile, region_name=, endpoint_url= and the AWS configuration files.",
            original=error,
        ) from None
    return cast("SESClient", made)


def check(client: object, *, allow_retries: bool) -> None:
    """
    Look at a client that is handed in: is it one for ``sesv2``, and would it repeat a send?

    Raises:
        ConfigurationError: It is not, or it would.
    """
    meta = cast("Any", getattr(client, "meta", None))
    service = getattr(getattr(meta, "service_model", None), "service_name", None)
    if service != "sesv2":
        raise errors.ConfigurationError(
            "boto3_client= must be a client for 'sesv2', and this is "
            f"{'one for ' + repr(service) if service else type(client).__name__}. "
            "Make it with boto3.client('sesv2', ...)."
        )
    retries = cast("Mapping[str, object]", meta.config.retries or {})
    attempts = retries.get("total_max_attempts")
    if attempts != 1 and not allow_retries:
        raise errors.ConfigurationError(
            "This boto3 client repeats a send whose answer is lost, and the second one is a "
            "second mail. Make it with config=botocore.config.Config(retries={'mode': "
            "'standard', 'total_max_attempts': 1}), or leave boto3_client= out. "
            "allow_client_retries=True takes it as it is."
        )


def fetch_credentials(client: object) -> None:
    """
    Fetch credentials anew where they are about to expire, so that a send need not wait for them.

    botocore would do so itself when it signs. Its accessor is private and may go: then this does
    nothing, and only the moment is another.
    """
    accessor = getattr(client, "_get_credentials", None)
    credentials = cast("Any", accessor() if callable(accessor) else None)
    if credentials is not None:
        credentials.get_frozen_credentials()
