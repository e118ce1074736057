"""An e-mail as a JSON object, and back."""

from __future__ import annotations

import base64
import binascii
from collections.abc import Mapping
from typing import Any, cast

from sesguard.attachments import Attachment
from sesguard.errors import EmailError
from sesguard.mail import Email, ListManagement, Template

__all__ = ["from_dict", "to_dict"]

_PLAIN = ("subject", "text", "html", "configuration_set", "tenant", "stream", "charset")
_LISTS = ("to", "cc", "bcc", "reply_to")
_FIELDS = frozenset(Email.__slots__)


def to_dict(email: Email) -> dict[str, Any]:
    """Fields that say something; see `Email.to_dict`."""
    written: dict[str, Any] = {"sender": email.sender.mailbox}
    for name in _LISTS:
        written[name] = [one.mailbox for one in getattr(email, name)]
    for name in _PLAIN:
        written[name] = getattr(email, name)
    written["headers"] = dict(email.headers)
    written["tags"] = dict(email.tags)
    written["list_unsubscribe"] = list(email.list_unsubscribe)
    written["attachments"] = [
        {
            "filename": one.filename,
            "content": base64.b64encode(one.content).decode("ascii"),
            "content_type": one.content_type,
            "content_id": one.content_id,
        }
        for one in email.attachments
    ]
    if email.return_path is not None:
        written["return_path"] = email.return_path.mailbox
    if email.template is not None:
        written["template"] = {"name": email.template.name, "data": email.template.data}
    if email.list_management is not None:
        written["list_management"] = {
            "contact_list_name": email.list_management.contact_list_name,
            "topic_name": email.list_management.topic_name,
        }
    return {name: value for name, value in written.items() if value not in (None, [], {})}


def from_dict(data: Mapping[str, Any]) -> Email:
    """See `Email.from_dict`."""
    fields = _record("data", data, _FIELDS)
    if "sender" not in fields:
        raise EmailError("sender: it is needed.", field="sender")
    if "attachments" in fields:
        listed = fields["attachments"]
        if not isinstance(listed, list):
            raise EmailError("attachments: a list is needed.", field="attachments")
        fields["attachments"] = [_attachment(one) for one in cast("list[object]", listed)]
    if fields.get("template") is not None:
        fields["template"] = Template(
            **_record("template", fields["template"], {"name", "data"}, needed={"name"})
        )
    if fields.get("list_management") is not None:
        fields["list_management"] = ListManagement(
            **_record(
                "list_management",
                fields["list_management"],
                {"contact_list_name", "topic_name"},
                needed={"contact_list_name"},
            )
        )
    return Email(**fields)


def _attachment(data: object) -> Attachment:
    names = {"filename", "content", "content_type", "content_id"}
    record = _record("attachments", data, names, needed={"filename", "content"})
    try:
        content = base64.b64decode(record["content"], validate=True)
    except (TypeError, ValueError, binascii.Error):
        raise EmailError("attachments: content must be base64.", field="attachments") from None
    return Attachment(
        record["filename"],
        content,
        record.get("content_type"),
        content_id=record.get("content_id"),
    )


def _record(
    field: str,
    data: object,
    known: frozenset[str] | set[str],
    needed: frozenset[str] | set[str] = frozenset(),
) -> dict[str, Any]:
    if not isinstance(data, Mapping):
        raise EmailError(f"{field}: a mapping is needed, not {type(data).__name__}.", field=field)
    record = dict(cast("Mapping[str, Any]", data))
    for name in record:
        if name not in known:
            shown = name if str(name).isidentifier() else "a name"  # that may be an address
            raise EmailError(f"{shown}: no such field in {field}.", field=str(name))
    for name in sorted(needed):
        if name not in record:
            raise EmailError(f"{field}: {name} is needed.", field=field)
    return record
