"""Reads a mail that comes as MIME."""

from __future__ import annotations

import email.policy
from collections.abc import Mapping, Sequence
from email.message import EmailMessage
from email.parser import BytesParser
from typing import Any, Literal, cast

from sesguard.simulator.mails.offers import Offer
from sesguard.simulator.mails.spelling import bare
from sesguard.simulator.refusals import bad_request

__all__ = ["read_mime"]

_MOST_PARTS = 500


def read_mime(
    raw: bytes, size: int, sender: str | None, named: Sequence[str], common: Mapping[str, Any]
) -> Offer:
    """
    Args:
        raw: A message, without the headers that are meant for SES.

        size: In bytes, with them.

        sender: As the request names him; None: as the message does.

        named: Whom the request names; nobody: those of the message.

        common: Other members of the mail.

    Raises:
        Refusal: Nobody is said to have sent it, or it has too many parts.

    Source:
        SES Developer Guide, "Service quotas".
    """
    message = BytesParser(policy=email.policy.default).parsebytes(raw)
    if sum(1 for _ in message.walk()) > _MOST_PARTS:
        raise bad_request(f"Message has more than {_MOST_PARTS} MIME parts.")
    to, cc, bcc = (_addresses(message, name) for name in ("To", "Cc", "Bcc"))
    if named:
        shown = {bare(one) for one in (*to, *cc)}
        bcc = tuple(address for address in named if bare(address) not in shown)
    sender = sender or str(message.get("From", ""))
    if not sender:
        raise bad_request("Missing required header 'From'.")
    subject = message.get("Subject")
    return Offer(
        kind="Raw",
        sender=sender,
        to=to,
        cc=cc,
        bcc=bcc,
        recipients=tuple(map(bare, named or (*to, *cc, *bcc))),
        reply_to=_addresses(message, "Reply-To"),
        subject=None if subject is None else str(subject),
        text=_part(message, "plain"),
        html=_part(message, "html"),
        headers=tuple((n, str(v)) for n, v in message.items() if n.lower() != "bcc"),
        attachments=tuple(part.get_filename() or "" for part in message.iter_attachments()),
        raw=raw,
        size=size,
        **common,
    )


def _part(message: EmailMessage, subtype: Literal["plain", "html"]) -> str | None:
    part = message.get_body((subtype,))
    if part is None:
        return None
    payload = cast("bytes", part.get_payload(decode=True))
    try:
        return payload.decode(part.get_content_charset("utf-8"), "replace")
    except LookupError:  # a charset that nobody knows
        return payload.decode("latin-1")


def _addresses(message: EmailMessage, name: str) -> tuple[str, ...]:
    lines = cast("Sequence[Any]", message.get_all(name, []))
    return tuple(str(address) for line in lines for address in line.addresses)
