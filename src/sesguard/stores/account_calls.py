"""The calls that are made of SES's own list: paced, waited for, and answered in our words."""

from __future__ import annotations

import re
import threading
from collections.abc import Callable, Collection, Mapping, Sequence
from datetime import UTC, datetime
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

from sesguard._core.account_list import named
from sesguard._frozen import FrozenMapping
from sesguard.errors import ConfigurationError, SESGuardError, StoreError
from sesguard.ports import Clock
from sesguard.suppression import Reason, Suppression

__all__ = ["LARGEST_PAGE", "Calls", "SuppressionListClient", "make"]

LARGEST_PAGE = 1000
"""Entries in one answer. Source: SES API v2 Reference, "ListSuppressedDestinations"."""

_WAITS = (1.0, 2.0, 4.0, 8.0, 16.0)
"""Seconds to wait after each answer that this was too fast. Then it is an error."""

_TOO_FAST = frozenset({"TooManyRequestsException", "ThrottlingException", "Throttling"})
_ABSENT = frozenset({"NotFoundException"})
_BAD = frozenset({"BadRequestException"})
_NO_TOKEN = frozenset({"InvalidNextTokenException"})
_A_CODE = re.compile(r"[A-Z][A-Za-z]{2,50}(?:Exception|Error|Failure|Denied|Unavailable|Token)")

_PASSING = (ConnectionError, CredentialRetrievalError, HTTPClientError, MetadataRetrievalError)

T = TypeVar("T")

_Answer: TypeAlias = Mapping[str, Any]
_NOTHING: _Answer = FrozenMapping()


class SuppressionListClient(Protocol):
    """The methods of boto3's client for ``sesv2`` that are called."""

    def get_suppressed_destination(self, *args: Any, **kwargs: Any) -> _Answer: ...
    def put_suppressed_destination(self, *args: Any, **kwargs: Any) -> _Answer: ...
    def delete_suppressed_destination(self, *args: Any, **kwargs: Any) -> _Answer: ...
    def list_suppressed_destinations(self, *args: Any, **kwargs: Any) -> _Answer: ...
    def create_import_job(self, *args: Any, **kwargs: Any) -> _Answer: ...
    def get_import_job(self, *args: Any, **kwargs: Any) -> _Answer: ...
    def close(self) -> None: ...


def make(*, session: object, region: str | None, endpoint: str | None) -> SuppressionListClient:
    """
    A client whose calls are one request each: who waits for SES is `Calls`, on its own clock.

    Raises:
        ConfigurationError: No region, no such profile, an endpoint that is none.
    """
    try:
        made = cast("Any", session or boto3.Session()).client(
            "sesv2",
            region_name=region,
            endpoint_url=endpoint,
            config=Config(
                connect_timeout=5,
                read_timeout=10,
                retries={"mode": "standard", "total_max_attempts": 1},
            ),
        )
    except (BotoCoreError, ValueError) as error:
        raise ConfigurationError(
            f"boto3 could not make a client for SES ({type(error).__name__}). Set region_name=, "
            "AWS_DEFAULT_REGION, or the region of your AWS profile.",
            original=error,
        ) from None
    return cast("SuppressionListClient", made)


class Calls:
    """
    SES's own list, one call after the other.

    Args:
        pace: Seconds between the beginnings of two calls, whatever they ask.

        clock: What the calls wait by.
    """

    def __init__(self, client: SuppressionListClient, *, pace: float, clock: Clock) -> None:
        self._client = client
        self._pace = pace
        self._clock = clock
        self._lock = threading.Lock()
        self._next = 0.0

    def get(self, address: str) -> Suppression | None:
        """The entry of exactly this spelling."""
        action = "GetSuppressedDestination"
        get = self._client.get_suppressed_destination
        answer = self._ask(action, lambda: get(EmailAddress=address), told=_ABSENT)
        if answer is None:
            return None
        return _read(action, lambda: _entry(answer["SuppressedDestination"]))

    def put(self, address: str, reason: Reason) -> None:
        """
        Put a spelling on the list, or date it anew.

        Raises:
            ConfigurationError: SES does not take it.
        """
        put = self._client.put_suppressed_destination
        answer = self._ask(
            "PutSuppressedDestination",
            lambda: put(EmailAddress=address, Reason=reason.value),
            told=_BAD,
        )
        if answer is None:
            raise ConfigurationError(
                "SES does not put this on its list: it is no address to SES, or the account is "
                "in the sandbox, where nobody can be put on it. print(account.check()) tells."
            )

    def delete(self, address: str) -> bool:
        """Take exactly this spelling off the list; whether it was there."""
        delete = self._client.delete_suppressed_destination
        call = "DeleteSuppressedDestination"
        return self._ask(call, lambda: delete(EmailAddress=address), told=_ABSENT) is not None

    def page(
        self,
        token: str | None,
        *,
        size: int = LARGEST_PAGE,
        reasons: Collection[Reason] = (),
        since: datetime | None = None,
    ) -> tuple[Sequence[Suppression], str | None]:
        """
        Some of the list, and the token for what follows; None at the end.

        Raises:
            ConfigurationError: SES does not know the token.
        """
        asked: dict[str, Any] = {"PageSize": size}
        if token is not None:
            asked["NextToken"] = token
        if reasons:
            asked["Reasons"] = [reason.value for reason in reasons]
        if since is not None:
            asked["StartDate"] = since
        action = "ListSuppressedDestinations"
        listed = self._client.list_suppressed_destinations
        told = _NO_TOKEN if token is None else _NO_TOKEN | _BAD
        answer = self._ask(action, lambda: listed(**asked), told=told)
        if answer is None:
            raise ConfigurationError(
                "after= is not a cursor of this list, or SES does not know it any more: pass "
                "page.next of the page before, or None to begin."
            )
        name = "SuppressedDestinationSummaries"
        entries = _read(action, lambda: [_entry(row) for row in answer[name]])
        after: str | None = answer.get("NextToken") or None
        if after is not None and after == token:
            raise StoreError("SES gives the same page of its list again and again. Begin anew.")
        return entries, after

    def start_job(self, url: str, form: str) -> str:
        """Have SES put a file of addresses on the list. The id of the job."""
        action = "CreateImportJob"
        create = self._client.create_import_job
        destination = {"SuppressionListDestination": {"SuppressionListImportAction": "PUT"}}
        source = {"S3Url": url, "DataFormat": form}
        answer = self._ask(
            action, lambda: create(ImportDestination=destination, ImportDataSource=source)
        )
        told = answer or _NOTHING
        return str(_read(action, lambda: told["JobId"]))

    def job(self, job_id: str) -> _Answer:
        """What became of a job."""
        action = "GetImportJob"
        get = self._client.get_import_job
        answer = self._ask(action, lambda: get(JobId=job_id)) or _NOTHING
        _read(action, lambda: answer["JobStatus"])
        return answer

    def _ask(self, action: str, call: Callable[[], _Answer], *, told: Collection[str] = ()) -> Any:
        """
        What SES answers; None where its error is one of *told*.

        Raises:
            StoreError: Another error, or none that can be read.
        """
        for wait in (*_WAITS, None):
            self._take_turn()
            try:
                return call()
            except ClientError as error:
                code = str(cast("Any", error).response.get("Error", {}).get("Code", ""))
                if code in told:
                    return None
                if code not in _TOO_FAST or wait is None:
                    raise _refused(action, code, error) from None
                self._clock.sleep(wait)
            except SESGuardError:
                raise
            except Exception as error:  # botocore falls over JSON of another shape, and providers
                raise _failed(action, error) from None  # of credentials raise what they like
        raise AssertionError("the last wait is None")

    def _take_turn(self) -> None:
        with self._lock:
            now = self._clock.monotonic()
            at = max(now, self._next)
            self._next = at + self._pace
        if at > now:
            self._clock.sleep(at - now)


def _entry(row: _Answer) -> Suppression:
    address: str = row["EmailAddress"]
    at: datetime = row["LastUpdateTime"]
    return Suppression(
        key=named(address),
        reason=Reason(row["Reason"]),
        at=at.astimezone(UTC),
        address=address,
        source="account",
    )


def _read(action: str, read: Callable[[], T]) -> T:
    try:
        return read()
    except (KeyError, TypeError, ValueError, AttributeError):
        raise StoreError(
            f"SES's answer to {action} is none that can be read. Ask again; if it stays so, "
            "update sesguard."
        ) from None


def _refused(action: str, code: str, error: ClientError) -> StoreError:
    status = cast("Any", error).response.get("ResponseMetadata", {}).get("HTTPStatusCode", "?")
    said = code if _A_CODE.fullmatch(code) else f"HTTP status {status}"
    if code in _TOO_FAST:
        return StoreError(
            f"SES goes on to say that {action} comes too fast ({said}). Somebody else asks it "
            "too: wait, or give a slower pace=.",
            retry_after=sum(_WAITS),
            original=error,
        )
    return StoreError(
        f"SES refused {action} ({said}): see error.original. The credentials must be allowed "
        f"ses:{action}.",
        original=error,
    )


def _failed(action: str, error: Exception) -> StoreError | ConfigurationError:
    if isinstance(error, BotoCoreError) and not isinstance(error, _PASSING):
        return ConfigurationError(
            f"boto3 could not ask {action} ({type(error).__name__}). Check the credentials, "
            "region_name=, endpoint_url= and what was asked for.",
            original=error,
        )
    return StoreError(
        f"SES did not answer {action} ({type(error).__name__}). Check the network, and ask again.",
        original=error,
    )
