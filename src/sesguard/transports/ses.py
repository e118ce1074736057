"""Mail through the SES API, version 2."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from datetime import timedelta
from types import TracebackType
from typing import Any, Self, TypeVar, cast

from botocore.exceptions import BotoCoreError

from sesguard import errors
from sesguard._core import boto_faults
from sesguard._one_per_process import OnePerProcess
from sesguard.mail import Email
from sesguard.ports import Answer, Handover, Quota, Receipt
from sesguard.transports import ses_client
from sesguard.transports.ses_bulk import answers_of, send_bulk_request
from sesguard.transports.ses_client import SESClient
from sesguard.transports.ses_request import send_email_request

__all__ = ["SESTransport"]

T = TypeVar("T")

_CONNECT, _READ = 5.0, 30.0
_POOL = 64


class SESTransport:
    """
    SES API v2 through boto3, one request a submit.

    The client is made when it is first needed, once a process, and again after a fork. It never
    repeats a request, whatever ``AWS_MAX_ATTEMPTS`` and ``AWS_RETRY_MODE`` say. All threads
    share it. The credentials must be allowed ``ses:SendEmail`` (and ``ses:GetAccount``, to read
    the account's rate).

    botocore logs recipients, bodies and session tokens at DEBUG: keep the loggers ``botocore``
    and ``urllib3`` above it where such things must not be in a log.

    Args:
        boto3_client: A client for ``sesv2`` in place of one of our own. It must not repeat
            requests: ``Config(retries={"mode": "standard", "total_max_attempts": 1})``. It is
            not closed.

        boto3_session: The credentials and the region of our own client.

        region_name: The region to ask, if not the session's or the environment's.

        endpoint_url: Where SES listens, if not at Amazon.

        connect_timeout: Seconds, or a timedelta, for one connection.

        read_timeout: Seconds, or a timedelta, for each read. What is not answered by then may
            have been sent: keep it well above the time that SES needs.

        max_pool_connections: How many connections are kept. At least as many as threads send.

        allow_client_retries: Take a client that repeats requests: a lost answer is then a
            second mail.

    Raises:
        ConfigurationError: Options that cannot work, or do not go together.
    """

    def __init__(
        self,
        *,
        boto3_client: SESClient | None = None,
        boto3_session: object = None,
        region_name: str | None = None,
        endpoint_url: str | None = None,
        connect_timeout: float | timedelta = _CONNECT,
        read_timeout: float | timedelta = _READ,
        max_pool_connections: int = _POOL,
        allow_client_retries: bool = False,
    ) -> None:
        connect, read = _seconds("connect", connect_timeout), _seconds("read", read_timeout)
        if boto3_client is not None:
            _refuse_beside_client(
                boto3_session=boto3_session is not None,
                region_name=region_name is not None,
                endpoint_url=endpoint_url is not None,
                connect_timeout=connect != _CONNECT,
                read_timeout=read != _READ,
                max_pool_connections=max_pool_connections != _POOL,
            )
            ses_client.check(boto3_client, allow_retries=allow_client_retries)
        elif allow_client_retries:
            raise errors.ConfigurationError(
                "allow_client_retries= is about boto3_client=: a client of our own never retries."
            )
        self._given = boto3_client
        self._own = OnePerProcess(
            lambda: ses_client.make(
                boto3_session=boto3_session,
                region_name=region_name,
                endpoint_url=endpoint_url,
                connect_timeout=connect,
                read_timeout=read,
                max_pool_connections=max_pool_connections,
            )
        )

    def submit(self, email: Email, handover: Handover, /) -> Receipt:
        """
        Hand over one e-mail, by one request.

        Args:
            email: What to send.

            handover: Called once, when the request is written and credentials are at hand,
                right before botocore is let go. What it raises passes through.

        Raises:
            SendError: The leaf class that says what SES answered.

            ConfigurationError: No region, or boto3 could not build the request: not sent.
        """
        request = send_email_request(email)
        return self._asked("send_email", request, handover, _receipt)

    def submit_bulk(self, emails: Sequence[Email], handover: Handover, /) -> Sequence[Answer]:
        """
        Hand over e-mails of one template, by one request. It needs ``ses:SendBulkEmail``.

        Args:
            emails: Alike but for their recipients, template data, headers and tags; with up to
                50 recipients in all.

            handover: As for `submit`.

        Returns:
            For each, in order, a `Receipt` or the `SendError` that says why it was not taken.

        Raises:
            SendError: The whole request came to that.

            EmailError: They do not go together. Nothing was sent.
        """
        request, mails = send_bulk_request(emails), len(emails)
        return self._asked(
            "send_bulk_email", request, handover, lambda a, region: answers_of(a, mails, region)
        )

    def _asked(
        self,
        method: str,
        request: Mapping[str, Any],
        handover: Handover,
        read: Callable[[Mapping[str, Any], str | None], T],
    ) -> T:
        client = self._client()
        call = cast("Callable[..., Mapping[str, Any]]", getattr(client, method))
        self._fetch_credentials(client)
        handover()
        try:
            answer = call(**request)
        except errors.SESGuardError:
            raise
        except Exception as error:  # whatever it is, it is judged: the mail may be out
            raise self._judged(error, client) from None
        return read(answer, _region(client))

    def quota(self) -> Quota:
        """
        The account's quota in this region, by one GetAccount.

        Raises:
            SendError: The leaf class that says why it could not be read. None of them is
                about a mail.
        """
        client = self._client()
        try:
            answer = client.get_account()
            sending = cast("Mapping[str, float]", answer["SendQuota"])
            return Quota(
                max_24_hour_send=float(sending["Max24HourSend"]),
                max_send_rate=float(sending["MaxSendRate"]),
                sent_last_24_hours=float(sending["SentLast24Hours"]),
            )
        except errors.SESGuardError:
            raise
        except Exception as error:  # an answer without the figures is no answer either
            raise boto_faults.from_boto_exception(error) or errors.ServiceUnavailableError(
                f"SES did not tell the account's quota ({type(error).__name__}). "
                "Ask again in some seconds.",
                transport="ses",
                region=_region(client),
                original=error,
            ) from None

    def max_send_rate(self) -> float:
        """
        Recipients a second that the account may mail, by one GetAccount.

        Raises:
            SendError: As `quota`.
        """
        return self.quota().max_send_rate

    def close(self) -> None:
        """Close our own client. A later submit makes another one."""
        self._own.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
        /,
    ) -> None:
        self.close()

    def _client(self) -> SESClient:
        return self._own.get() if self._given is None else self._given

    def _fetch_credentials(self, client: SESClient) -> None:
        try:
            ses_client.fetch_credentials(client)
        except Exception as error:  # any provider's: files, HTTP, other services, users' own
            raise boto_faults.from_credentials_exception(error, _region(client)) from None

    def _judged(self, error: Exception, client: SESClient) -> errors.SESGuardError:
        found = boto_faults.from_boto_exception(error)
        if found is not None:
            found.region = found.region or _region(client)
            return found
        if isinstance(error, BotoCoreError) and not boto_faults.reached_http(error):
            return errors.ConfigurationError(
                f"boto3 could not build the request to SES ({type(error).__name__}), so nothing "
                "was sent. Check region_name=, endpoint_url= and the AWS configuration.",
                original=error,
            )
        return errors.OutcomeUnknownError(
            f"boto3 gave up in the middle of the send ({type(error).__name__}): the mail may "
            "have been sent. Wait for its Send or Delivery event before you mail again.",
            transport="ses",
            region=_region(client),
            original=error,
        )


def _receipt(answer: Mapping[str, Any], region: str | None) -> Receipt:
    """What SES answered, which is nothing without a message id: botocore reads any 200 so."""
    meta = cast("Mapping[str, Any]", answer.get("ResponseMetadata") or {})
    message_id, request_id = answer.get("MessageId"), meta.get("RequestId")
    if isinstance(message_id, str) and message_id:
        return Receipt(message_id=message_id, request_id=request_id)
    raise errors.OutcomeUnknownError(
        "The answer holds no message id: it is empty, cut short, or not SES's. The mail may have "
        "been sent. Wait for its Send or Delivery event before you mail again.",
        request_id=request_id,
        transport="ses",
        region=region,
    )


def _region(client: object) -> str | None:
    name: str | None = getattr(getattr(client, "meta", None), "region_name", None)
    return name


def _refuse_beside_client(**given: bool) -> None:
    beside = [f"{name}=" for name, is_given in given.items() if is_given]
    if beside:
        raise errors.ConfigurationError(
            f"{', '.join(beside)} and boto3_client= cannot be given together: the client brings "
            "its own."
        )


def _seconds(which: str, value: float | timedelta) -> float:
    seconds = value.total_seconds() if isinstance(value, timedelta) else value
    if type(seconds) not in (int, float) or not seconds > 0:
        raise errors.ConfigurationError(
            f"{which}_timeout= must be a timedelta or a number of seconds above zero."
        )
    return float(seconds)
