"""What is wrong with a DynamoDB table, in our words."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Any, cast

from botocore.exceptions import (
    ClientError,
    ConnectionError,
    CredentialRetrievalError,
    HTTPClientError,
    MetadataRetrievalError,
    NoCredentialsError,
    NoRegionError,
)

from sesguard.errors import ConfigurationError, StoreError

__all__ = ["cancelled_for", "code_of", "failed", "too_large"]

_THROTTLED = frozenset(
    {
        "LimitExceededException",
        "ProvisionedThroughputExceeded",
        "ProvisionedThroughputExceededException",
        "RequestLimitExceeded",
        "ThrottlingError",
        "ThrottlingException",
        "TransactionInProgressException",
    }
)
_NO_SUCH_KEY = frozenset(
    {
        "ExpiredTokenException",
        "IncompleteSignatureException",
        "InvalidClientTokenId",
        "InvalidSignatureException",
        "MissingAuthenticationTokenException",
        "UnrecognizedClientException",
    }
)
_AWAY = (ConnectionError, CredentialRetrievalError, HTTPClientError, MetadataRetrievalError)
_CONFLICTS = frozenset({"ConditionalCheckFailed", "TransactionConflict"})
_PLAIN_CODE = re.compile(r"[A-Za-z0-9_.]{1,80}")
_ACTION = re.compile(r"perform: ([a-z0-9-]+:[A-Za-z]+)")
_PERMISSIONS = {"TransactWriteItems": "dynamodb:PutItem and dynamodb:DeleteItem"}


def code_of(error: ClientError) -> str:
    """DynamoDB's code of an error."""
    answer = cast("Mapping[str, Any]", error.response)
    return str(answer.get("Error", {}).get("Code", ""))


def cancelled_for(error: ClientError) -> str | None:
    """
    Why a transaction was cancelled, in one code; None for an error that is no cancellation.

    Returns:
        Empty where others wrote the same items in the meantime, and nothing else is wrong.

    Source:
        DynamoDB API Reference, "TransactWriteItems", cancellation reasons.
    """
    if code_of(error) != "TransactionCanceledException":
        return None
    answer = cast("Mapping[str, Any]", error.response)
    reasons = cast("Sequence[Mapping[str, Any]]", answer.get("CancellationReasons") or ())
    codes = {str(reason.get("Code", "None")) for reason in reasons} - {"None"}
    others = sorted(codes - _CONFLICTS)
    if others:
        return others[0]
    return "" if codes else "TransactionCanceledException"


def too_large(where: str) -> StoreError:
    """The error for what DynamoDB cannot hold."""
    return StoreError(
        f"{where} would have to hold more than 400 kB about one mailbox, and DynamoDB takes no "
        "more in an item. Count fewer soft bounces, in a shorter window, or erase the address."
    )


def failed(error: Exception, action: str, where: str) -> StoreError | ConfigurationError:
    """
    The error that an exception of botocore stands for.

    Args:
        action: What was asked, as DynamoDB names it.

        where: The table, as the beginning of a message.
    """
    if isinstance(error, ClientError):
        return _refused(error, action, where)
    if isinstance(error, NoCredentialsError):
        return ConfigurationError(
            "There are no AWS credentials here. Set them in the environment, give the machine "
            "a role, or pass boto3_session=.",
            original=error,
        )
    if isinstance(error, NoRegionError):
        return ConfigurationError(
            f"{where} has no region: give region_name=, or set AWS_DEFAULT_REGION.",
            original=error,
        )
    if isinstance(error, _AWAY):
        return StoreError(
            f"{where} could not be asked {action} ({type(error).__name__}). Check the network, "
            "region_name= and endpoint_url=, and try again.",
            original=error,
        )
    return StoreError(
        f"boto3 could not ask {action}, or read the answer ({type(error).__name__}). {where} may "
        "be well: see error.original, and check endpoint_url= and the AWS configuration.",
        original=error,
    )


def _refused(error: ClientError, action: str, where: str) -> StoreError:
    code = cancelled_for(error) or code_of(error)
    return StoreError(_words(error, code, action, where), original=error)


def _words(error: ClientError, code: str, action: str, where: str) -> str:
    answer = cast("Mapping[str, Any]", error.response)
    said = str(answer.get("Error", {}).get("Message", ""))
    status = int(answer.get("ResponseMetadata", {}).get("HTTPStatusCode", 0))
    seen = code if _PLAIN_CODE.fullmatch(code) else str(status)
    if code == "ResourceNotFoundException":
        return (
            f"{where} is not there, or not to be used yet. Make it with store.create_table(), or "
            "check table_name=, the account and the region."
        )
    if "AccessDenied" in code:
        named = _ACTION.search(said)
        missing = named[1] if named else _PERMISSIONS.get(action, f"dynamodb:{action}")
        return f"{where} may not be used: add {missing} on it to the policy of these credentials."
    if code in _NO_SUCH_KEY:
        return f"DynamoDB does not accept the credentials ({seen}). Check the access key."
    if code in _THROTTLED:
        return f"{where} is asked for more than it may give ({seen}). Try again later."
    if status >= 500:
        return f"{where} cannot be asked {action} now: DynamoDB answers {seen}. Try again later."
    if code == "ValidationException" and "does not match the schema" in said:
        return (
            f"{where} has other keys than this store's: give the store a table that "
            "store.create_table() has made."
        )
    return f"{where}: DynamoDB refused {action} ({seen}). error.original holds what it said."
