"""The operations that send."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from sesguard.simulator.mails.reading import READERS
from sesguard.simulator.operations.accepting import accept
from sesguard.simulator.operations.bulk import send_bulk
from sesguard.simulator.state import Call

__all__ = ["OPERATIONS"]


def _send(call: Call) -> dict[str, Any]:
    """Sends a mail: subject and bodies, MIME, or a template and its data; to a list, if asked."""
    (offer,) = READERS[f"{call.api}.{call.operation}"](call.parameters)
    return {"MessageId": accept(offer, call).message_id}


def _send_v1(call: Call) -> dict[str, Any]:
    """Sends a mail of which SES makes the MIME."""
    return _send(call)


def _send_raw_v1(call: Call) -> dict[str, Any]:
    """Sends MIME, by what its headers say to SES and to whom, where the request does not."""
    return _send(call)


def _send_templated_v1(call: Call) -> dict[str, Any]:
    """Sends a stored template with its data; what is missing a Rendering Failure tells later."""
    return _send(call)


OPERATIONS: dict[str, Callable[[Call], dict[str, Any]]] = {
    "sesv2.SendEmail": _send,
    "sesv2.SendBulkEmail": send_bulk,
    "ses.SendEmail": _send_v1,
    "ses.SendRawEmail": _send_raw_v1,
    "ses.SendTemplatedEmail": _send_templated_v1,
}
