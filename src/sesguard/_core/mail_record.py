"""The mail and the recipients of a record of SES's, read so that nothing can fail."""

from __future__ import annotations

import re
from typing import cast

from sesguard._readings import Json, Record, text_at, texts_of, time_of
from sesguard.addresses import AddressKey, read_leniently
from sesguard.events import Mail, Recipient

__all__ = ["mail_of", "recipients_of"]

# An address that reads as itself, as most do: `read_leniently` would cost as much as all
# else about a recipient.
_PLAIN_ADDRESS = re.compile(
    r"[a-z0-9_+-]+(?:\.[a-z0-9_+-]+)*@[a-z0-9-]+(?:\.[a-z0-9-]+)+"
).fullmatch
_NOTHING: Record = {}


def mail_of(value: Json) -> Mail | None:
    """The mail that an event is about, if it says so."""
    if type(value) is not dict:
        return None
    return Mail(
        message_id=text_at(value, "messageId"),
        timestamp=time_of(value.get("timestamp")),
        source=text_at(value, "source"),
        source_arn=text_at(value, "sourceArn"),
        source_ip=text_at(value, "sourceIp"),
        caller_identity=text_at(value, "callerIdentity"),
        sending_account_id=text_at(value, "sendingAccountId"),
        destination=texts_of(value.get("destination")),
        raw=value,
    )


def recipients_of(value: Json, mail: Mail | None) -> tuple[Recipient, ...]:
    """The recipients of a list of objects, or of plain strings (a delivery's)."""
    if type(value) is not list:
        return ()
    found: list[Recipient] = []
    destination = mail.destination if mail is not None else ()
    spelled = destination if len(destination) < 8 else frozenset(destination)
    keys: frozenset[AddressKey] | None = None
    for item in value:
        fields = item if type(item) is dict else _NOTHING
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
        action, status = fields.get("action"), fields.get("status")
        diagnostic_code = fields.get("diagnosticCode")
        found.append(
            Recipient(
                email_address=address,
                key=key,
                in_destination=in_destination,
                # `text_at`, written out: a mail may have many recipients.
                action=action if type(action) is str else None,
                status=status if type(status) is str else None,
                diagnostic_code=diagnostic_code if type(diagnostic_code) is str else None,
            )
        )
    return tuple(found)
