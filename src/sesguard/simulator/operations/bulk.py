"""The operation that sends one template to many, each with an answer of its own."""

from __future__ import annotations

from typing import Any

from sesguard.simulator import refusals
from sesguard.simulator.mails.offers import Offer
from sesguard.simulator.mails.reading import READERS
from sesguard.simulator.operations.accepting import accept
from sesguard.simulator.refusals import Refusal
from sesguard.simulator.state import Call

__all__ = ["send_bulk"]

_MOST_ENTRIES = 50
_STATUSES = {
    "AccountSendingPausedException": "ACCOUNT_SENDING_PAUSED",
    "ConfigurationSetDoesNotExist": "CONFIGURATION_SET_NOT_FOUND",
    "ConfigurationSetSendingPausedException": "CONFIGURATION_SET_SENDING_PAUSED",
    "InvalidParameterValue": "INVALID_PARAMETER",
    "MailFromDomainNotVerifiedException": "MAIL_FROM_DOMAIN_NOT_VERIFIED",
    "TemplateDoesNotExist": "TEMPLATE_NOT_FOUND",
}
"""By the code of API v1, which tells more apart than that of v2; those that v2 tells apart:"""
_STATUSES_V2 = {
    "AccountSuspendedException": "ACCOUNT_SUSPENDED",
    "LimitExceededException": "ACCOUNT_DAILY_QUOTA_EXCEEDED",
    "MessageRejected": "MESSAGE_REJECTED",
    "TooManyRequestsException": "ACCOUNT_THROTTLED",
}


def send_bulk(call: Call) -> dict[str, Any]:
    """
    Sends a template to up to 50 destinations; each has a status, and an id where it was taken.

    Whatever SES has against a mail is the status of its entry.

    Source:
        API v2 Reference, SendBulkEmail and BulkEmailEntryResult; SES Developer Guide, "Service
        quotas".
    """
    entries = len(call.parameters["BulkEmailEntries"])
    if not 1 <= entries <= _MOST_ENTRIES:
        raise refusals.bad_request(f"From 1 to {_MOST_ENTRIES} BulkEmailEntries are allowed.")
    offers = READERS[f"{call.api}.{call.operation}"](call.parameters)
    return {"BulkEmailEntryResults": [_result(offer, call) for offer in offers]}


def _result(offer: Offer, call: Call) -> dict[str, str]:
    try:
        mail = accept(offer, call)
    except Refusal as refusal:
        return {"Status": _status(refusal, offer), "Error": refusal.message(call.api)}
    if mail.stopped_by == "Reject":
        return {"Status": "MESSAGE_REJECTED", "Error": "Bad content"}
    return {"Status": "SUCCESS", "MessageId": mail.message_id}


def _status(refusal: Refusal, offer: Offer) -> str:
    status = _STATUSES.get(refusal.code("ses")) or _STATUSES_V2[refusal.code("sesv2")]
    if status == "MESSAGE_REJECTED" and f": {offer.sender}" in refusal.message("sesv2"):
        return "MAIL_FROM_DOMAIN_NOT_VERIFIED"  # for a sender who is not verified, the model says
    return status
