"""What the fields of an e-mail may hold: each check answers the value to keep, or raises."""

from __future__ import annotations

import codecs
import re
from collections.abc import Iterable, Mapping
from typing import TypeVar, cast

from sesguard._frozen import FrozenMapping
from sesguard.addresses import Address
from sesguard.errors import AddressError, EmailError, HeaderError, TagError

__all__ = [
    "BREAKS",
    "MAX_BYTES",
    "MAX_PARTS",
    "MAX_RECIPIENTS",
    "NOTHING",
    "STREAM_TAG",
    "address",
    "addresses",
    "charset",
    "items",
    "line",
    "name",
    "one",
    "pairs",
    "plain",
    "stream",
    "tags",
    "text",
]

_T = TypeVar("_T")

STREAM_TAG = "sesguard-stream"
"""The message tag that carries ``Email.stream``, so that events bring it back."""

NOTHING: FrozenMapping[str, str] = FrozenMapping()

MAX_RECIPIENTS = 50
MAX_PARTS = 500
MAX_BYTES = 40 * 1024 * 1024
"""The largest message that SES takes over the API v2 and over SMTP, encoded."""

BREAKS = re.compile("[\x00-\x1f\x7f-\x9f\u2028\u2029\ud800-\udfff]")
_TAG = re.compile(r"[A-Za-z0-9_-]{1,256}")
_NAME = re.compile(r"[A-Za-z0-9_-]{1,64}")
_CHARSET = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.:+-]{0,39}")
_NO_CHARSETS = ("idna", "raw-unicode-escape")  # Python's own codecs, which mail knows not
_MAX_TAGS = 50
# Tags with a colon that are the sender's to set, for Gmail's Feedback-ID.
_SES_TAGS = ("ses:feedback-id-a", "ses:feedback-id-b")


def address(field: str, value: object) -> Address:
    """One address; the error names *field*."""
    if isinstance(value, Address):
        return value
    try:
        return Address.parse(value)  # type: ignore[arg-type]  # parse answers a wrong type itself
    except AddressError as exc:
        raise AddressError(
            f"{field}: {exc}",
            field=field.partition("[")[0],
            address=exc.address,
            quoted_form=exc.quoted_form,
            original=exc.original,
        ) from None


def addresses(field: str, value: object) -> tuple[Address, ...]:
    """A string or an `Address` is one; anything else is gone through."""
    if isinstance(value, (str, Address)):
        return (address(field, value),)
    if value == ():
        return ()
    found = items(field, value, object, "addresses")
    if len(found) == 1:
        return (address(field, found[0]),)
    try:
        return tuple([Address.parse(one) for one in found])  # type: ignore[arg-type]  # as above
    except AddressError:
        return tuple([address(f"{field}[{at}]", one) for at, one in enumerate(found)])  # says where


def each(field: str, value: object) -> Iterable[object]:
    """What `addresses` goes through, one at a time."""
    if isinstance(value, (str, Address)):
        return (value,)
    found = _iterable(value)
    if found is None:
        raise _no_list(field, "addresses", value)
    return found


def items(field: str, value: object, kind: type[_T], what: str) -> tuple[_T, ...]:
    """All of an iterable, each of them of *kind*."""
    found = _listed(value)
    if found is None:
        raise _no_list(field, what, value)
    for one in found:
        if not isinstance(one, kind):
            raise EmailError(
                f"{field}: a list of {what} is needed, and it holds {_kind(one)}.", field=field
            )
    return cast("tuple[_T, ...]", found)


def one(field: str, value: object, kind: type[_T]) -> _T | None:
    """One object of *kind*, or None."""
    if value is None or isinstance(value, kind):
        return value
    raise EmailError(f"{field}: a {kind.__name__} is needed, not {_kind(value)}.", field=field)


def text(field: str, value: object, charset: str) -> str | None:
    """A body: anything that *charset* can encode."""
    if value is None:
        return None
    if not isinstance(value, str):
        raise EmailError(f"{field}: a string is needed, not {_kind(value)}.", field=field)
    value = plain(value)
    try:
        value.encode(charset)
    except UnicodeError:
        raise EmailError(
            f"{field}: it holds a character that {charset} cannot encode. "
            "Leave charset= out for UTF-8, and clean lone surrogates.",
            field=field,
        ) from None
    return value


def line(field: str, value: object) -> str:
    """Text of one line: any Unicode without control characters and line separators."""
    if not isinstance(value, str):
        raise HeaderError(f"{field}: a string is needed, not {_kind(value)}.", field=field)
    if BREAKS.search(value):
        raise HeaderError(
            f"{field}: control characters, line breaks and lone surrogates cannot stand in it. "
            "Replace them by spaces.",
            field=field,
        )
    return plain(value)


def name(field: str, value: object) -> str | None:
    """The name of something in SES: 1 to 64 of ``A-Z a-z 0-9 _ -``."""
    if value is None:
        return None
    if isinstance(value, str) and _NAME.fullmatch(value):
        return plain(value)
    raise EmailError(f"{field}: 1 to 64 of A-Z, a-z, 0-9, _ and - are needed.", field=field)


def stream(value: object) -> str | None:
    """The value of a tag."""
    if value is None:
        return None
    if isinstance(value, str) and _TAG.fullmatch(value):
        return plain(value)
    raise TagError("stream: 1 to 256 of A-Z, a-z, 0-9, _ and - are needed.", field="stream")


def tags(value: object, *, with_stream: bool = False) -> FrozenMapping[str, str]:
    """
    Message tags.

    Source:
        SES API v2, MessageTag.
    """
    found = pairs("tags", value, TagError)
    if not found:
        return NOTHING
    for key, content in found.items():
        if not (_TAG.fullmatch(key) or key in _SES_TAGS) or not _TAG.fullmatch(content):
            raise TagError(
                "tags: names and values are 1 to 256 of A-Z, a-z, 0-9, _ and -.", field="tags"
            )
    if STREAM_TAG in found:
        raise TagError(f"tags: {STREAM_TAG} is set by stream=.", field="tags")
    if len(found) + with_stream > _MAX_TAGS:
        also = " with that of stream=" if with_stream else ""
        raise TagError(f"tags: {len(found)}{also} are more than {_MAX_TAGS}.", field="tags")
    return FrozenMapping(found)


def charset(value: object) -> str:
    """A character set that text can be sent in: known, and ASCII where ASCII will do."""
    if value == "utf-8":
        return "utf-8"
    if isinstance(value, str) and _CHARSET.fullmatch(value):
        try:
            known = codecs.lookup(value).name not in _NO_CHARSETS
            if known and "\r\n =?".encode(value) == b"\r\n =?":
                return value.lower()
        except (LookupError, ValueError):
            pass
    raise EmailError(
        "charset: the name of a character set that extends ASCII is needed, such as utf-8.",
        field="charset",
    )


def pairs(field: str, value: object, error: type[EmailError]) -> dict[str, str]:
    """A mapping of strings to strings, copied."""
    if not isinstance(value, Mapping):
        raise EmailError(f"{field}: a mapping is needed, not {_kind(value)}.", field=field)
    found: dict[str, str] = {}
    for key, content in cast("Mapping[object, object]", value).items():
        if not isinstance(key, str) or not isinstance(content, str):
            raise error(f"{field}: names and values must be strings.", field=field)
        found[plain(key)] = plain(content)
    return found


def plain(value: str) -> str:
    """
    The text of a string's subclass, as a string of no class of its own.

    A member of a ``(str, Enum)`` holds ``"news"`` and formats as ``Stream.NEWS``: kept as it is, a
    list would be asked about one scope and SES told of another.
    """
    return str.__str__(value)


def _no_list(field: str, what: str, value: object) -> EmailError:
    return EmailError(f"{field}: a list of {what} is needed, not {_kind(value)}.", field=field)


def _iterable(value: object) -> Iterable[object] | None:
    if isinstance(value, Iterable) and not isinstance(value, (bytes, bytearray, Mapping)):
        return cast("Iterable[object]", value)
    return None


def _listed(value: object) -> tuple[object, ...] | None:
    found = None if isinstance(value, str) else _iterable(value)
    return None if found is None else tuple(found)


def _kind(value: object) -> str:
    return type(value).__name__
