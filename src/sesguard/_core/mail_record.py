"""The mail and the recipients of a record of SES's, read so that nothing can fail."""

from __future__ import annotations

import re
from typing import cast

from sesguard import events
from sesguard._frozen import FrozenMapping
from sesguard._readings import Record, flag_of, object_of, text_at, texts_of, time_of
from sesguard.addresses import AddressKey, read_leniently

__all__ = ["mail_of", "recipients_of", "tags_of"]

# An address that reads as itself, which nine in ten do; `read_leniently` would cost as much as
# all else about a recipient.
_PLAIN_ADDRESS = re.compile(
    r"[a-z0-9_+-]+(?:\.[a-z0-9_+-]+)*@[a-z0-9-]+(?:\.[a-z0-9-]+)+"
).fullmatch
_NO_TAGS: FrozenMapping[str, tuple[str, ...]] = FrozenMapping()


def mail_of(value: object) -> events.Mail | None:
    """The mail that an event is about, if it says so."""
    if type(value) is not dict:
        return None
    mail = cast(Record, value)
    return events.Mail(
        message_id=text_at(mail, "messageId"),
        timestamp=time_of(mail.get("timestamp")),
        source=text_at(mail, "source"),
        source_arn=text_at(mail, "sourceArn"),
        source_ip=text_at(mail, "sourceIp"),
        caller_identity=text_at(mail, "callerIdentity"),
        sending_account_id=text_at(mail, "sendingAccountId"),
        destination=texts_of(mail.get("destination")),
        headers_truncated=flag_of(mail.get("headersTruncated")),
        tags=tags_of(mail.get("tags")),
        raw=mail,
    )


def recipients_of(value: object, mail: events.Mail | None) -> tuple[events.Recipient, ...]:
    """The recipients of a list of objects, or of plain strings (a delivery's)."""
    if type(value) is not list:
        return ()
    found: list[events.Recipient] = []
    destination = mail.destination if mail is not None else ()
    spelled = destination if len(destination) < 8 else frozenset(destination)
    keys: frozenset[AddressKey] | None = None
    for item in cast("list[object]", value):
        fields = object_of(item)
        written = fields.get("emailAddress") if fields else item
        if type(written) is not str:
            continue
        address, key = written, cast("AddressKey", written)
        if not _PLAIN_ADDRESS(written):
            address, key = read_leniently(written)
            if not key:
                continue
        in_destination = written in spelled if destination else None
        if in_destination is False:
            if keys is None:
                keys = frozenset([read_leniently(text)[1] for text in destination])
            in_destination = key in keys
        found.append(
            events.Recipient(
                email_address=address,
                key=key,
                in_destination=in_destination,
                action=text_at(fields, "action"),
                status=text_at(fields, "status"),
                diagnostic_code=text_at(fields, "diagnosticCode"),
            )
        )
    return tuple(found)


def tags_of(value: object) -> FrozenMapping[str, tuple[str, ...]]:
    """Names and their values, as message tags and link tags have them."""
    if type(value) is not dict:
        return _NO_TAGS
    return FrozenMapping({name: texts_of(texts) for name, texts in cast(Record, value).items()})
