"""Reads the account's own figures from SES."""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping
from typing import Any, Protocol, TypeVar, cast

from sesguard import errors
from sesguard._core.boto_faults import from_boto_exception
from sesguard._core.standing import Report, judge, quota_numbers
from sesguard._core.statistics import SendDataPoint, read_points
from sesguard.ports import Quota

__all__ = ["AccountReader", "SESClient", "SESv2Client", "fetch"]

T = TypeVar("T")


class SESClient(Protocol):
    """The methods of boto3's ``ses`` client that are called."""

    def get_send_quota(self) -> Mapping[str, Any]: ...
    def get_send_statistics(self) -> Mapping[str, Any]: ...


class SESv2Client(Protocol):
    """The methods of boto3's ``sesv2`` client that are called."""

    def get_account(self) -> Mapping[str, Any]: ...


class AccountReader:
    """
    One account in one region.

    Clients are made on first use, again in a process that was forked, and make one attempt with
    time-outs of 5 seconds to connect and 10 to read. SES takes one call of each kind a second.

    Args:
        boto3_client: A client for ``sesv2`` or ``ses`` to use instead of our own. Statistics need
            one for ``ses``, the report one for ``sesv2``.

        boto3_session: The credentials for our own clients.

        region_name: The region for our own clients.

        endpoint_url: Where SES listens, if not at Amazon.

    Raises:
        ConfigurationError: A client came with options for another.
    """

    def __init__(
        self,
        *,
        boto3_client: SESClient | SESv2Client | None = None,
        boto3_session: object = None,
        region_name: str | None = None,
        endpoint_url: str | None = None,
    ) -> None:
        if boto3_client is not None and any((boto3_session, region_name, endpoint_url)):
            raise errors.ConfigurationError(
                "boto3_client= brings its own session, region and endpoint. Give it alone."
            )
        self._given = boto3_client
        self._session = boto3_session
        self._region_name = region_name
        self._endpoint_url = endpoint_url
        self._own: dict[tuple[str, int], object] = {}

    def quota(self) -> Quota:
        """
        What may be sent, and was: GetAccount, or GetSendQuota of a client for ``ses``.

        Raises:
            SendError: SES did not answer, or refused: the leaf class says which.

            ParseError: The answer does not hold it.
        """
        if self._given is not None and not hasattr(self._given, "get_account"):
            answer = self._ask("ses", "get_send_quota")
        else:
            answer = self._ask("sesv2", "get_account")
        limit, rate, sent = quota_numbers(answer)
        return Quota(max_24_hour_send=limit, max_send_rate=rate, sent_last_24_hours=sent)

    def max_send_rate(self) -> float:
        """Recipients a second. Raises as `quota` does."""
        return self.quota().max_send_rate

    def report(self) -> Report:
        """Findings about the account. Raises as `quota` does."""
        answer = self._ask("sesv2", "get_account")
        return judge(answer, _region_of(self._client("sesv2")))

    def statistics(self) -> tuple[SendDataPoint, ...]:
        """The points of the last two weeks, in order of time. Raises as `quota` does."""
        return read_points(self._ask("ses", "get_send_statistics"))

    def _ask(self, service: str, method: str) -> Mapping[str, object]:
        call = getattr(self._client(service), method, None)
        if call is None:
            raise errors.ConfigurationError(
                f"boto3_client= has no {method}: give a client made by boto3.client({service!r})."
            )
        return _translated(cast("Callable[[], Mapping[str, object]]", call))

    def _client(self, service: str) -> object:
        if self._given is not None:
            return self._given
        key = service, os.getpid()
        if key not in self._own:
            self._own[key] = _translated(lambda: self._new_client(service))
        return self._own[key]

    def _new_client(self, service: str) -> object:
        import boto3  # loaded by those who ask SES
        from botocore.config import Config

        session = cast("Any", boto3.Session() if self._session is None else self._session)
        make: Callable[..., object] = session.client
        return make(
            service,
            region_name=self._region_name,
            endpoint_url=self._endpoint_url,
            config=Config(
                connect_timeout=5,
                read_timeout=10,
                retries={"mode": "standard", "total_max_attempts": 1},
            ),
        )


def fetch(
    *,
    boto3_client: SESClient | None = None,
    boto3_session: object = None,
    region_name: str | None = None,
    endpoint_url: str | None = None,
) -> tuple[SendDataPoint, ...]:
    """
    The points of the last two weeks, in order of time; SES's own list is in none.

    Periods without mail are not among them. Only API v1 has this, so a client must be one for
    ``ses``.

    Args:
        boto3_client: A client for ``ses``, in place of the other three.

        boto3_session: The credentials to use.

        region_name: The region to ask: statistics are of one region.

        endpoint_url: Where SES listens, if not at Amazon.

    Raises:
        SendError: SES did not answer, or refused: the leaf class says which.

        ConfigurationError: No region, or options that do not go together.

    Source:
        SES API Reference, GetSendStatistics: once a second at most.
    """
    return AccountReader(
        boto3_client=boto3_client,
        boto3_session=boto3_session,
        region_name=region_name,
        endpoint_url=endpoint_url,
    ).statistics()


def _translated(call: Callable[[], T]) -> T:
    """
    What *call* gives, with botocore's exceptions turned into ours.

    Raises:
        SendError: The leaf class of what SES answered, or of why it could not be asked.

        ConfigurationError: botocore could not make the client or the request.
    """
    from botocore.exceptions import BotoCoreError, ClientError

    try:
        return call()
    except (BotoCoreError, ClientError) as error:
        raise from_boto_exception(error) or errors.ConfigurationError(
            f"boto3 could not ask SES ({type(error).__name__}). Give region_name= or a "
            "boto3_session=, or set AWS_DEFAULT_REGION.",
            original=error,
        ) from None
    except Exception as error:  # whatever botocore's parsers make of an answer that is none
        raise from_boto_exception(error) or errors.ServiceUnavailableError(
            f"SES's answer could not be read ({type(error).__name__}). Ask again in some seconds.",
            original=error,
        ) from None


def _region_of(client: object) -> str | None:
    region: object = getattr(getattr(client, "meta", None), "region_name", None)
    return region if isinstance(region, str) else None
