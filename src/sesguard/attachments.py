"""Files that go with an e-mail."""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import lru_cache
from typing import TYPE_CHECKING, final

from sesguard._mail import fields as _fields
from sesguard.errors import EmailError, HeaderError

if TYPE_CHECKING:
    from mimetypes import MimeTypes

__all__ = ["Attachment"]

_TOKEN = r"[A-Za-z0-9!#$%&'*+.^_`{|}~-]+"
_CONTENT_TYPE = re.compile(
    rf'{_TOKEN}/{_TOKEN}(?: ?; ?{_TOKEN}=(?:{_TOKEN}|"[ !#-\[\]-~]*"))*', re.ASCII
)
_CONTENT_ID = re.compile(r"[A-Za-z0-9!#$%&'*+/=?^_`{|}~.@-]{1,78}")


@final
@dataclass(frozen=True, slots=True, init=False, repr=False)
class Attachment:
    """
    A file, or with a *content_id* an image that the HTML shows by ``cid:``.

    Args:
        filename: Its name, without a directory.

        content: Its bytes; a string is encoded as UTF-8.

        content_type: ``type/subtype``, parameters allowed; by default guessed from the name.

        content_id: What the HTML refers to, with or without angle brackets.

    Raises:
        EmailError: ``field`` says which argument is wrong.
    """

    filename: str
    content: bytes
    content_type: str
    content_id: str | None

    def __init__(
        self,
        filename: str,
        content: bytes | bytearray | memoryview | str,
        content_type: str | None = None,
        *,
        content_id: str | None = None,
    ) -> None:
        filename = _fields.line("filename", filename)
        if not filename.strip() or len(filename) > 255:
            raise HeaderError(
                "filename: 1 to 255 characters that show are needed.", field="filename"
            )
        if isinstance(content, str):
            data = (_fields.text("content", content, "utf-8") or "").encode()
        elif isinstance(content, (bytes, bytearray, memoryview)):  # pyright: ignore[reportUnnecessaryIsInstance]
            data = bytes(content)
        else:
            raise EmailError(
                f"content: bytes are needed, not {type(content).__name__}.", field="content"
            )
        put = object.__setattr__
        put(self, "filename", filename)
        put(self, "content", data)
        put(self, "content_type", _checked_type(filename, data, content_type))
        put(self, "content_id", None if content_id is None else _checked_id(content_id))

    @property
    def inline(self) -> bool:
        """Whether the HTML shows it, rather than the list of files."""
        return self.content_id is not None

    def __repr__(self) -> str:
        kind = self.content_type.partition(";")[0]  # behind it may stand the name again
        return f"Attachment(content_type={kind!r}, <{len(self.content)} bytes>)"


def _checked_type(filename: str, data: bytes, content_type: object) -> str:
    if content_type is None:
        guess = _guess(filename)
        return guess if _fits(guess, data) else "application/octet-stream"
    if (
        not isinstance(content_type, str)
        or len(content_type) > 78
        or not _CONTENT_TYPE.fullmatch(content_type)
    ):
        raise HeaderError(
            "content_type: type/subtype is needed, at most 78 characters.", field="content_type"
        )
    if not _fits(content_type, data):
        raise EmailError(
            "content_type: a message or multipart can only be attached where it is ASCII in "
            "short CRLF lines. Attach it as application/octet-stream.",
            field="content_type",
        )
    return _fields.plain(content_type)


def _checked_id(content_id: object) -> str:
    bare = content_id
    if isinstance(bare, str) and bare.startswith("<") and bare.endswith(">"):
        bare = bare[1:-1]
    if not isinstance(bare, str) or not _CONTENT_ID.fullmatch(bare):
        raise HeaderError(
            "content_id: 1 to 78 letters, digits and marks such as . _ - @ are needed.",
            field="content_id",
        )
    return _fields.plain(bare)


def _fits(content_type: str, data: bytes) -> bool:
    """Whether *data* may travel under this type. RFC 2046, section 5: no base64 for these."""
    kind = content_type.lower()
    if kind.startswith("multipart/"):
        return False
    return not kind.startswith("message/") or is_seven_bit(data)


def is_seven_bit(data: bytes) -> bool:
    """Whether *data* can travel as it is: ASCII, CRLF only, no line over 998, no NUL."""
    breaks = data.count(b"\r\n")
    return (
        data.isascii()
        and b"\0" not in data
        and data.count(b"\n") == breaks == data.count(b"\r")
        and max(map(len, data.split(b"\r\n"))) <= 998
    )


@lru_cache(maxsize=256)
def _guess(filename: str) -> str:
    kind, encoding = _types().guess_type(filename.replace("/", "_").replace(":", "_"))
    if encoding is not None:
        return "application/gzip" if encoding == "gzip" else "application/octet-stream"
    return kind or "application/octet-stream"


@lru_cache(maxsize=1)
def _types() -> MimeTypes:
    from mimetypes import MimeTypes  # reads the machine's files when first used

    return MimeTypes(filenames=())  # Python's own table, whatever this machine's says
