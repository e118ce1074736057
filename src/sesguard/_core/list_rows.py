"""Entries of a suppression list as rows of texts, to files and back."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime

from sesguard._core.naming import is_digest
from sesguard.addresses import Address, AddressKey, read_leniently
from sesguard.errors import AddressError, ConfigurationError
from sesguard.suppression import Reason, Suppression

__all__ = ["COLUMNS", "Columns", "checked", "entry", "guarded", "row", "unguarded"]

COLUMNS = (
    "address", "key", "scope", "reason", "at", "source", "event_key", "detail", "expires_at",
)  # fmt: skip
"""What a row of ours holds."""

_BEGINS_A_FORMULA = ("=", "+", "-", "@", "\t", "\r", "\n", "'")


@dataclass(frozen=True, slots=True, kw_only=True)
class Columns:
    """
    How the columns of a file are called, and what stands in them.

    Attributes:
        address: The column of addresses.

        reason: The column of reasons.

        at: The column of times.

        reasons: What the words in the column of reasons mean.

        default: The reason of a row that has none.
    """

    address: str = "address"
    reason: str = "reason"
    at: str = "at"
    reasons: Mapping[str, Reason] = field(default_factory=dict[str, Reason])
    default: Reason | None = None


def row(one: Suppression) -> dict[str, str]:
    """An entry as a row. What it has not is an empty text; times are ISO 8601, UTC."""
    return {
        "address": one.address or "",
        "key": one.key,
        "scope": one.scope,
        "reason": one.reason.value,
        "at": one.at.astimezone(UTC).isoformat(),
        "source": one.source,
        "event_key": one.event_key or "",
        "detail": one.detail or "",
        "expires_at": "" if one.expires_at is None else one.expires_at.astimezone(UTC).isoformat(),
    }


def entry(cells: Mapping[str, str], columns: Columns, *, now: datetime) -> Suppression:
    """
    The entry that a row means.

    Args:
        cells: Column to text. A cell that is missing is as an empty one.

        now: The time of a row that has none.

    Raises:
        ValueError: It means none. The message says why, and shows nothing of the row.
    """
    spelling = cells.get(columns.address, "").strip()
    key, address = _mailbox(spelling, cells.get("key", "").strip())
    expires_at = cells.get("expires_at", "").strip()
    return Suppression(
        key=key,
        reason=_reason(cells.get(columns.reason, "").strip(), columns),
        at=_time(cells.get(columns.at, "").strip()) or now,
        scope=cells.get("scope", "").strip(),
        address=address,
        source=cells.get("source", "").strip() or "import",
        event_key=cells.get("event_key", "").strip() or None,
        detail=cells.get("detail", "") or None,
        expires_at=_time(expires_at),
    )


def guarded(cell: str) -> str:
    """
    A cell that a spreadsheet takes for a text, whatever it begins with.

    Source:
        OWASP, "CSV Injection": https://owasp.org/www-community/attacks/CSV_Injection
    """
    return f"'{cell}" if cell.startswith(_BEGINS_A_FORMULA) else cell


def unguarded(cell: str) -> str:
    """A cell as it was before it was guarded."""
    return cell[1:] if cell.startswith("'") and cell[1:].startswith(_BEGINS_A_FORMULA) else cell


def _mailbox(spelling: str, key: str) -> tuple[AddressKey, str | None]:
    if not spelling:
        return _key(key), None
    try:
        parsed = Address.parse(spelling)
    except AddressError:
        # What came in an event is listed, however it is spelled; and by its key alone.
        if key and read_leniently(spelling)[1] == key:
            return AddressKey(key), spelling
        raise ValueError("its address is none") from None
    return parsed.key, parsed.addr_spec


def _key(key: str) -> AddressKey:
    if not key:
        raise ValueError("it has no address")
    if is_digest(key) or ("@" in key and read_leniently(key)[1] == key):
        return AddressKey(key)
    raise ValueError("it has no address, and its key is none of ours")


def _reason(word: str, columns: Columns) -> Reason:
    known = {name.casefold(): reason for name, reason in columns.reasons.items()}
    known = {reason.value.casefold(): reason for reason in Reason} | known
    reason = known.get(word.casefold()) if word else columns.default
    if reason is None:
        raise ValueError("its reason is none that reasons= tells" if word else "it has no reason")
    return reason


def _time(text: str) -> datetime | None:
    """A time in ISO 8601, or in seconds since 1970."""
    if not text:
        return None
    try:
        if text.isascii() and text.replace(".", "", 1).isdigit():
            return datetime.fromtimestamp(float(text), UTC)
        at = datetime.fromisoformat(text)
    except (ValueError, OverflowError, OSError):
        raise ValueError("its time is neither ISO 8601 nor seconds since 1970") from None
    return at.replace(tzinfo=UTC) if at.utcoffset() is None else at.astimezone(UTC)


def checked(columns: Columns) -> Columns:
    """
    See that columns can be.

    Raises:
        ConfigurationError: One of them cannot.
    """
    meant: list[object] = [*columns.reasons.values(), columns.default or Reason.MANUAL]
    if not all(isinstance(reason, Reason) for reason in meant):
        raise ConfigurationError(
            "A reason is a suppression.Reason: reasons={'Hard bounce': Reason.BOUNCE} tells what "
            "a word in the file means, default_reason=Reason.MANUAL what stands for none."
        )
    return columns
