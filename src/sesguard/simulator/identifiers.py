"""Identifiers in SES's shapes, the same for the same seed."""

from __future__ import annotations

import hashlib
import random
from datetime import UTC, datetime, timedelta

__all__ = ["Identifiers", "stamp"]

_VARIABLE = ~((0xF << 76) | (0x3 << 62))
_VERSION_4 = (4 << 76) | (0x2 << 62)  # RFC 9562
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MILLISECOND = timedelta(milliseconds=1)


class Identifiers:
    """
    Gives out identifiers, each kind out of a stream of its own.

    So the tenth send has the same ids, however often the quota was read in between.

    Args:
        seed: Where the streams begin.
    """

    def __init__(self, seed: int) -> None:
        self._seed = seed
        self._streams: dict[str, random.Random] = {}

    def message(self, at: datetime) -> str:
        """A message id: milliseconds in hexadecimal, a UUID, six zeros."""
        return self._ses_id("message", at)

    def feedback(self, at: datetime) -> str:
        """A feedback id, in the same shape."""
        return self._ses_id("feedback", at)

    def request(self, operation: str) -> str:
        """An id of a request to the API."""
        return self._uuid(operation)

    def envelope(self) -> str:
        """An id of a message of SNS."""
        return self._uuid("envelope")

    def bus_event(self) -> str:
        """An id of an event of EventBridge."""
        return self._uuid("bus event")

    def job(self) -> str:
        """An id of an import job."""
        return self._uuid("job").replace("-", "")

    def seal(self, *what: str) -> str:
        """32 letters and digits that are the same for the same things, whenever they are asked."""
        text = "\0".join((str(self._seed), *what))
        return hashlib.blake2b(text.encode(), digest_size=16).hexdigest()

    def _ses_id(self, kind: str, at: datetime) -> str:
        milliseconds = (at - _EPOCH) // _MILLISECOND
        return f"0100{milliseconds:012x}-{self._uuid(kind)}-000000"

    def _uuid(self, kind: str) -> str:
        stream = self._streams.get(kind)
        if stream is None:  # one of two threads wins
            stream = self._streams.setdefault(kind, random.Random(f"{self._seed} {kind}"))
        bits = stream.getrandbits(128) & _VARIABLE | _VERSION_4
        digits = f"{bits:032x}"
        return f"{digits[:8]}-{digits[8:12]}-{digits[12:16]}-{digits[16:20]}-{digits[20:]}"


def stamp(at: datetime) -> str:
    """A time as SES and SNS write it: to the millisecond, in UTC."""
    return at.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
