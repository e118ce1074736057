"""Reads a message of SNS as strictly as a stranger's: nothing of it is believed yet."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from typing import NoReturn, cast

from sesguard.errors import ParseError

__all__ = ["LARGEST", "SIGNED", "Fields", "read"]

LARGEST = 2 * 1024 * 1024
"""Bytes: 256 KiB of text, each character of it escaped, and what is around it."""

_DEEPEST = 8

Fields = Mapping[str, str]

_COMMON = frozenset(
    (
        *("Type", "MessageId", "TopicArn", "Message", "Timestamp"),
        *("SignatureVersion", "Signature", "SigningCertURL"),
    )
)
_CONFIRMING = _COMMON | {"Token", "SubscribeURL"}
_FIELDS = {
    "Notification": _COMMON,
    "SubscriptionConfirmation": _CONFIRMING,
    "UnsubscribeConfirmation": _CONFIRMING,
}
_OPTIONAL = {"Notification": frozenset(("Subject", "UnsubscribeURL", "SequenceNumber"))}
_UNREAD = "MessageAttributes"

SIGNED: Mapping[str, tuple[str, ...]] = {
    "Notification": ("Message", "MessageId", "Subject", "Timestamp", "TopicArn", "Type"),
    "SubscriptionConfirmation": (
        *("Message", "MessageId", "SubscribeURL", "Timestamp", "Token", "TopicArn", "Type"),
    ),
    "UnsubscribeConfirmation": (
        *("Message", "MessageId", "SubscribeURL", "Timestamp", "Token", "TopicArn", "Type"),
    ),
}
"""What SNS signs, in its order."""

_LAMBDAS = {"SigningCertUrl": "SigningCertURL", "UnsubscribeUrl": "UnsubscribeURL"}
_CONTROL = re.compile("[\x00-\x1f\x7f\x80-\x9f\u2028\u2029]")
_SURROGATE = re.compile("[\ud800-\udfff]")


def read(body: bytes | str | Mapping[str, object]) -> Fields:
    """
    The fields of a message, each a text, under SNS's own names.

    Args:
        body: As it came over HTTP; or the ``Sns`` of a Lambda record, which is a mapping, spells
            two names otherwise and has null for no subject.

    Raises:
        ParseError: It is too large, no strict JSON, or has other fields than SNS's messages.

    Source:
        SNS Developer Guide, "Parsing Amazon SNS message formats"; RFC 8259.
    """
    found = _object(body) if isinstance(body, (bytes, str)) else dict(body)
    named: dict[str, object] = {}
    for name, value in found.items():
        plain = _LAMBDAS.get(name, name)
        if plain in named:
            _refuse("it has one field in two spellings")
        named[plain] = value
    kind = named.get("Type")
    if not isinstance(kind, str) or kind not in _FIELDS:
        _refuse("its Type is none of SNS's")
    if not isinstance(named.pop(_UNREAD, {}), Mapping):
        _refuse("its MessageAttributes are no object")
    if named.get("Subject", ...) is None:
        del named["Subject"]
    wanted, allowed = _FIELDS[kind], _FIELDS[kind] | _OPTIONAL.get(kind, frozenset())
    if not wanted <= named.keys() <= allowed:
        _refuse(f"its fields are not those of a {kind}")
    for name, value in named.items():
        if not isinstance(value, str):
            _refuse(f"its {name} is no text")
        if _SURROGATE.search(value) or (name != "Message" and _CONTROL.search(value)):
            _refuse(f"its {name} holds characters that SNS does not write there")
    return cast("Fields", named)


def _object(body: bytes | str) -> dict[str, object]:
    if len(body) > LARGEST:
        _refuse(f"it has more than {LARGEST:,} bytes")
    try:
        text = body if isinstance(body, str) else body.decode("utf-8", "strict")
        found: object = json.loads(text, object_pairs_hook=_pairs, parse_constant=_constant)
    except (ValueError, RecursionError):
        _refuse("it is no strict JSON in UTF-8")
    if not isinstance(found, dict):
        _refuse("it is no JSON object")
    fields = cast("dict[str, object]", found)
    if _depth(fields) > _DEEPEST:
        _refuse("it is nested more deeply than SNS's messages")
    return fields


def _pairs(pairs: list[tuple[str, object]]) -> dict[str, object]:
    found = dict(pairs)
    if len(found) < len(pairs):
        raise ValueError("a key is there twice")
    return found


def _constant(name: str) -> NoReturn:
    raise ValueError(f"{name} is no JSON")


def _depth(value: object) -> int:
    """How many containers are in each other; no more are looked at than are too many."""
    level, inside = 0, [value]
    while inside and level <= _DEEPEST + 1:
        level += 1
        below: list[object] = []
        for one in inside:
            if isinstance(one, dict):
                below += cast("dict[str, object]", one).values()
            elif isinstance(one, list):
                below += cast("list[object]", one)
        inside = below
    return level - 1


def _refuse(why: str) -> NoReturn:
    raise ParseError(
        f"This is no message of SNS: {why}. It was refused. Answer with 403, and look at who "
        "posts to this address."
    ) from None
