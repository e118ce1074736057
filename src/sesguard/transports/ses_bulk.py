"""E-mails of one template as the arguments of SendBulkEmail, API v2, and what it answers."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, cast

from sesguard import errors
from sesguard._core.parcels import same_request
from sesguard._core.replies import from_api
from sesguard.mail import Email
from sesguard.ports import Answer, Receipt
from sesguard.transports.ses_request import common_request, destination, extras, pairs

__all__ = ["answers_of", "send_bulk_request"]


def send_bulk_request(emails: Sequence[Email]) -> dict[str, Any]:
    """
    The arguments for ``client.send_bulk_email``.

    Args:
        emails: With one template, and alike but for recipients, data, headers and tags.

    Raises:
        EmailError: They are not. Nothing was sent.

        HeaderError: One has more headers than SES takes beside a template.

    Source:
        SES API v2, "SendBulkEmail".
    """
    first = emails[0]
    if first.template is None or {same_request(one) for one in emails} != {same_request(first)}:
        raise errors.EmailError(
            "template: one request sends one template, to mails that are alike but for their "
            "recipients, data, headers and tags. Send the others by themselves.",
            field="template",
        )
    default = {"TemplateName": first.template.name, "TemplateData": "{}"}
    return common_request(first) | {
        "DefaultContent": {"Template": default | extras(first, {})},
        "BulkEmailEntries": [_entry(one) for one in emails],
    }


def _entry(email: Email) -> dict[str, Any]:
    template, headers, tags = email.template, extras(email, email.all_headers), email.all_tags
    data = "{}" if template is None else template.data_json
    entry: dict[str, Any] = {
        "Destination": destination(email),
        "ReplacementEmailContent": {"ReplacementTemplate": {"ReplacementTemplateData": data}},
    }
    if "Headers" in headers:
        entry["ReplacementHeaders"] = headers["Headers"]
    if tags:
        entry["ReplacementTags"] = pairs(tags)
    return entry


def answers_of(answer: Mapping[str, Any], mails: int, region: str | None) -> list[Answer]:
    """
    What SES says of each mail.

    Raises:
        OutcomeUnknownError: It does not say so of each.
    """
    meta = cast("Mapping[str, Any]", answer.get("ResponseMetadata") or {})
    request_id = cast("str | None", meta.get("RequestId"))
    results: object = answer.get("BulkEmailEntryResults")
    if not isinstance(results, list) or len(cast("list[object]", results)) != mails:
        raise errors.OutcomeUnknownError(
            f"The answer does not tell of each of the {mails} mails what became of it: it is "
            "empty, cut short, or not SES's. Each may have been sent. Wait for the Send or "
            "Delivery events before you mail again.",
            request_id=request_id,
            transport="ses",
            region=region,
        )
    entries = cast("list[Mapping[str, Any]]", results)
    return [_answer(one, request_id, region) for one in entries]


def _answer(entry: Mapping[str, Any], request_id: str | None, region: str | None) -> Answer:
    message_id, status = entry.get("MessageId"), entry.get("Status")
    if status == "SUCCESS" and isinstance(message_id, str) and message_id:
        return Receipt(message_id=message_id, request_id=request_id)
    error = from_api(status, entry.get("Error"), request_id=request_id)
    error.region = region
    return error
