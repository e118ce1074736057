"""What a mail tells SES in headers of its own, where it comes without parameters beside it."""

from __future__ import annotations

import re
from typing import Any

from sesguard.simulator.refusals import bad_request

__all__ = ["read_control_headers"]

_FOR_SES = frozenset(
    {
        b"x-ses-configuration-set",
        b"x-ses-from-arn",
        b"x-ses-list-management-options",
        b"x-ses-message-tags",
        b"x-ses-return-path-arn",
        b"x-ses-source-arn",
        b"x-ses-tenant",
    }
)
_HEAD = re.compile(rb"(?:[^\r\n]+(?:\r\n|\n|\Z))*")
# A header with its folded lines.
_HEADER = re.compile(rb"([^\r\n:]*):?[^\r\n]*(?:\r?\n|\Z)(?:[ \t][^\r\n]*(?:\r?\n|\Z))*")


def read_control_headers(raw: bytes) -> tuple[bytes, dict[str, Any]]:
    """
    Take the headers off a mail that are meant for SES.

    Args:
        raw: MIME.

    Returns:
        The mail as its recipient may see it, otherwise byte for byte the same; and what the
        headers said, as parameters of API v2's SendEmail. Of a header that is there twice the
        first counts.

    Raises:
        Refusal: The message tags are no pairs.

    Source:
        SES Developer Guide, "Specifying a configuration set when you send email", "Send email
        using Amazon SES event publishing", "Using subscription management", "Using tenants",
        "Amazon SES header fields".
    """
    head = _HEAD.match(raw)
    assert head is not None  # it may be empty
    kept: list[bytes] = []
    said: dict[bytes, str] = {}
    for header in _HEADER.finditer(raw, 0, head.end()):
        name = header[1].strip().lower()
        if name in _FOR_SES:
            said.setdefault(name.removeprefix(b"x-ses-"), _value(header[0]))
        else:
            kept.append(header[0])
    return b"".join([*kept, raw[head.end() :]]), dict(_parameters(said))


def _value(header: bytes) -> str:
    """Its text on one line."""
    return " ".join(header.partition(b":")[2].decode("latin-1").split())


def _parameters(said: dict[bytes, str]) -> list[tuple[str, Any]]:
    found: list[tuple[str, Any]] = []
    if name := said.get(b"configuration-set"):
        found.append(("ConfigurationSetName", name))
    if tenant := said.get(b"tenant"):
        found.append(("TenantName", tenant))
    if tags := said.get(b"message-tags"):
        found.append(("EmailTags", [_tag(pair) for pair in tags.split(",")]))
    if options := said.get(b"list-management-options"):
        found.append(("ListManagementOptions", _managed(options)))
    return found


def _tag(pair: str) -> dict[str, str]:
    name, equals, value = (part.strip() for part in pair.partition("="))
    if not (name and equals and value):
        raise bad_request("The message tags are not pairs of a name and a value.")
    return {"Name": name, "Value": value}


def _managed(options: str) -> dict[str, str]:
    """``contactListName; topic=topicName``."""
    name, _, topic = (part.strip() for part in options.partition(";"))
    _, _, topic = topic.partition("=")
    return {"ContactListName": name} | ({"TopicName": topic.strip()} if topic else {})
