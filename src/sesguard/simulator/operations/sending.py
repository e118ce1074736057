"""The operations that send."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from sesguard.simulator.operations.accepting import accept
from sesguard.simulator.operations.bulk import send_bulk
from sesguard.simulator.reading import READERS
from sesguard.simulator.state import Call

__all__ = ["OPERATIONS"]


def _send(call: Call) -> dict[str, Any]:
    """Sends a mail: written by SES, raw MIME, or a template with its data."""
    (offer,) = READERS[f"{call.api}.{call.operation}"](call.parameters)
    return {"MessageId": accept(offer, call).message_id}


OPERATIONS: dict[str, Callable[[Call], dict[str, Any]]] = {
    **dict.fromkeys(READERS, _send),
    "sesv2.SendBulkEmail": send_bulk,
}
