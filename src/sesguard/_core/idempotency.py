"""What a ledger is given of a send: a key, a content and a result, as texts."""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Mapping
from dataclasses import MISSING, Field, fields
from datetime import datetime
from typing import Any, cast

from sesguard import errors
from sesguard._frozen import FrozenMapping
from sesguard.addresses import AddressKey
from sesguard.events import Event
from sesguard.mail import Email
from sesguard.outcomes import SendResult
from sesguard.suppression import Reason, Suppression

__all__ = ["KEY_TAG", "content_of", "digest_of", "from_text", "settled_by", "to_text"]

KEY_TAG = "sesguard-key"
"""The message tag that carries a key's digest, so that events bring it back."""

_LONGEST_KEY = 1_024
_DIGEST = re.compile(r"[0-9a-f]{40}")

_ERRORS: dict[str, type[errors.SendError]] = {
    name: kind
    for name in errors.__all__
    if isinstance(kind := getattr(errors, name), type) and issubclass(kind, errors.SendError)
}


def digest_of(key: str) -> str:
    """
    A caller's key as 40 hexadecimal digits, which a message tag can carry.

    Args:
        key: 1 to 1,024 characters.

    Raises:
        ConfigurationError: It is no such text.
    """
    if not _is_key(key):
        raise errors.ConfigurationError(
            f"idempotency_key= is a text of 1 to {_LONGEST_KEY:,} characters: the order's number, "
            "for instance."
        )
    return hashlib.sha256(key.encode("utf-8", "surrogatepass")).hexdigest()[:40]


def _is_key(given: object) -> bool:
    return isinstance(given, str) and 0 < len(given) <= _LONGEST_KEY


def content_of(email: Email) -> str:
    """A digest of all that an e-mail says, 64 hexadecimal digits. Equal mails have equal ones."""
    canonical = json.dumps(email.to_dict(), sort_keys=True, separators=(",", ":"))
    return hashlib.sha256(canonical.encode("ascii")).hexdigest()


def settled_by(event: Event) -> tuple[str, str] | None:
    """
    What an event settles: the digest of a key, and the result as `to_text` writes it.

    SES publishes nothing about a mail that it did not take, so every kind of event tells that it
    was taken: Reject and RenderingFailure too, of mails that got their message id first.

    Returns:
        None where the mail was not sent with a key.
    """
    mail = event.mail
    if mail is None or not mail.message_id:
        return None
    digest = mail.tag(KEY_TAG)
    if digest is None or _DIGEST.fullmatch(digest) is None:
        return None
    return digest, to_text(SendResult(message_id=mail.message_id))


def to_text(result: SendResult) -> str:
    """A result as JSON text. It holds the addresses that the result holds."""
    written: dict[str, object] = {one.name: getattr(result, one.name) for one in fields(result)}
    written["suppressed"] = {
        address: _entry_written(entry) for address, entry in result.suppressed.items()
    }
    written["refused"] = {
        address: _error_written(error) for address, error in result.refused.items()
    }
    return json.dumps(written, sort_keys=True, separators=(",", ":"))


def from_text(text: str) -> SendResult:
    """
    Read what `to_text` wrote, of this version or another: what is not known here is left out.

    Raises:
        StoreError: It is no such text.
    """
    try:
        read = _object(json.loads(text))
        known: dict[str, Any] = {
            one.name: _value(one, read[one.name]) for one in fields(SendResult) if one.name in read
        }
        return SendResult(**known)
    except (TypeError, ValueError, RecursionError, errors.OutcomeUnknownError):
        # Without the cause: it may quote the text, which holds addresses.
        raise errors.StoreError(
            "What the ledger has recorded for this idempotency key is not the result of a send, "
            "so nothing was sent. Look for what else writes there."
        ) from None


def _value(one: Field[Any], value: object) -> object:
    """A value of a result's field, if it can be one."""
    if one.name == "accepted":
        return tuple(_text(address) for address in _list(value))
    if one.name == "suppressed":
        return FrozenMapping({name: _entry(entry) for name, entry in _object(value).items()})
    if one.name == "refused":
        return FrozenMapping({name: _error(error) for name, error in _object(value).items()})
    if one.default is MISSING or one.default is None:
        return value if value is None and one.default is None else _text(value)
    if isinstance(one.default, float) and type(value) is int:
        return value
    if type(value) is not type(one.default):
        raise TypeError(one.name)
    return value


def _entry_written(entry: Suppression) -> dict[str, object]:
    written = {one.name: getattr(entry, one.name) for one in fields(entry)}
    times = {name: at.isoformat() for name, at in written.items() if isinstance(at, datetime)}
    return {**written, **times}


def _entry(value: object) -> Suppression:
    read = _object(value)
    texts = {
        name: None if read.get(name) is None else _text(read[name])
        for name in ("address", "event_key", "detail")
    }
    expires_at = read.get("expires_at")
    return Suppression(
        key=AddressKey(_text(read.get("key"))),
        reason=Reason(_text(read.get("reason"))),
        at=datetime.fromisoformat(_text(read.get("at"))),
        scope=_text(read.get("scope", "")),
        source=_text(read.get("source", "")),
        expires_at=None if expires_at is None else datetime.fromisoformat(_text(expires_at)),
        **texts,
    )


def _error_written(error: errors.SendError) -> dict[str, object]:
    """Its class by name, the nearest one of ours; its message; what it carries that JSON can."""
    kind = next(kind.__name__ for kind in type(error).__mro__ if kind in _ERRORS.values())
    carried = {
        name: value
        for name, value in vars(error).items()
        if not name.startswith("_") and _is_carried(value)
    }
    return {
        "kind": kind,
        "message": str(error),
        "outcome": error.outcome,
        "retryable": error.retryable,
        "attributes": carried,
    }


def _error(value: object) -> errors.SendError:
    read = _object(value)
    kind = _ERRORS.get(_text(read.get("kind"))) or _nearest(read)
    error = kind(_text(read.get("message")))
    for name, one in _object(read.get("attributes", {})).items():
        carried = tuple(cast("list[object]", one)) if isinstance(one, list) else one
        if _is_carried(carried) and not callable(getattr(kind, name, None)):
            setattr(error, name, carried)
    return error


def _nearest(read: Mapping[str, object]) -> type[errors.SendError]:
    """For a class that is not known here, the one that promises no more than it did."""
    if read.get("outcome") == "not_sent" and read.get("retryable") is True:
        return errors.ServiceUnavailableError
    if read.get("outcome") in ("not_sent", "rejected"):
        return errors.MessageRejectedError
    return errors.OutcomeUnknownError


def _is_carried(value: object) -> bool:
    if isinstance(value, tuple):
        return all(isinstance(one, str) for one in cast("tuple[object, ...]", value))
    return value is None or isinstance(value, str | int | float)


def _object(value: object) -> dict[str, object]:
    if not isinstance(value, dict):
        raise TypeError("an object")
    return cast("dict[str, object]", value)


def _list(value: object) -> list[object]:
    if not isinstance(value, list):
        raise TypeError("a list")
    return cast("list[object]", value)


def _text(value: object) -> str:
    if not isinstance(value, str):
        raise TypeError("a text")
    return value
