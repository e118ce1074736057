"""What every store asks of what it is given, and how a page of a list says where it ended."""

from __future__ import annotations

import base64
import json
from collections.abc import Iterable, Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from typing import TypeAlias, cast, overload

from sesguard._core.listing import Place
from sesguard.addresses import Address, AddressKey
from sesguard.errors import ConfigurationError
from sesguard.suppression import (
    Change,
    CountSoftBounce,
    Ignore,
    Reason,
    Release,
    Suppress,
    Suppression,
)

__all__ = [
    "batch",
    "cursor",
    "keys",
    "limit",
    "operators_entry",
    "place",
    "row",
    "scopes",
    "span",
    "suppressions",
    "text",
]

Events: TypeAlias = tuple[tuple[str, tuple[Change, ...]], ...]


def keys(given: Sequence[object]) -> Sequence[AddressKey]:
    """
    Keys that are asked for. A bare string is one key, not its letters.

    Raises:
        ConfigurationError: One of them is no string: nothing would be found for it.
    """
    if isinstance(given, str):
        return (AddressKey(given),)
    if not all(isinstance(one, str) for one in given):
        raise ConfigurationError("A list is asked with keys: Address.parse(text).key is one.")
    return cast("Sequence[AddressKey]", given)


def scopes(given: Sequence[str]) -> tuple[str, ...]:
    """
    The scopes that are asked for, ``""`` always among them.

    Raises:
        ConfigurationError: One of them is no scope.
    """
    if not given:
        return ("",)
    asked = (given,) if isinstance(given, str) else given
    return ("", *(one for one in map(scope, asked) if one))


def scope(given: str) -> str:
    """
    A scope.

    Raises:
        ConfigurationError: It is none.
    """
    kind, _, name = given.partition(":")
    if given and not (kind in ("tenant", "stream") and name):
        raise ConfigurationError(
            "A scope is '' for all mail, 'tenant:NAME' or 'stream:NAME' for a part of it: "
            "make one with suppression.tenant_scope(name) or suppression.stream_scope(name)."
        )
    return text(given)


@overload
def text(value: str) -> str: ...
@overload
def text(value: None) -> None: ...
def text(value: str | None) -> str | None:
    """A text as files and servers take it: an event may bring half of a surrogate pair."""
    if value is None or value.isascii():
        return value
    return value.encode("utf-16", "surrogatepass").decode("utf-16", "replace")


def suppressions(given: Iterable[Suppression]) -> tuple[Suppression, ...]:
    """
    Entries that are to go on the list.

    Raises:
        ConfigurationError: One of them is no `Suppression`, or holds a value that cannot be.
    """
    entries = tuple(given)
    for entry in entries:
        _check_entry(entry)
    return tuple(map(_readable_entry, entries))


def batch(given: Sequence[tuple[str, Sequence[Change | Ignore]]]) -> Events:
    """
    Events that are to be applied, each by its key. What is to be ignored is left out.

    Raises:
        ConfigurationError: A key is empty, or something is no change or holds a value that
            cannot be.
    """
    return tuple((_event_key(key), _effects(changes)) for key, changes in given)


def operators_entry(
    address: str | Address,
    reason: Reason,
    *,
    at: datetime,
    scope: str,
    detail: str | None,
    expires_at: datetime | None,
) -> Suppression:
    """
    The entry that an operator means by an address.

    Raises:
        AddressError: It is no address.

        ConfigurationError: Another argument cannot be.
    """
    parsed = Address.parse(address)
    return Suppression(
        key=parsed.key,
        reason=reason,
        at=at,
        scope=scope,
        address=parsed.addr_spec,
        source="operator",
        detail=detail,
        expires_at=expires_at,
    )


def span(option: str, given: float | timedelta) -> timedelta:
    """
    A length of time, out of seconds or a timedelta.

    Raises:
        ConfigurationError: It is not between nothing and a century.
    """
    seconds = given.total_seconds() if isinstance(given, timedelta) else given
    if type(seconds) not in (int, float) or not 0 < seconds <= 100 * 365.25 * 86_400:
        raise ConfigurationError(f"{option}= must be seconds above 0, or a timedelta.")
    return timedelta(seconds=seconds)


def limit(given: int) -> int:
    """
    How many entries a page may hold.

    Raises:
        ConfigurationError: Less than one.
    """
    if given < 1:
        raise ConfigurationError("limit= is how many entries a page may hold: 1 or more.")
    return given


def cursor(last: Suppression) -> str:
    """Where a page ended."""
    text = json.dumps([last.key, last.scope, last.reason])
    return base64.urlsafe_b64encode(text.encode()).decode()


def row(after: str | None) -> int:
    """
    The number of the row behind which a page begins.

    Raises:
        ConfigurationError: It is no cursor.
    """
    if after is None:
        return 0
    if not after.isascii() or not after.isdigit() or len(after) > 18:
        raise ConfigurationError(
            "after= is not a cursor: pass page.next of the page before, or None to begin."
        )
    return int(after)


def place(given: str | None) -> Place | None:
    """
    Where the page before ended; None to begin.

    Raises:
        ConfigurationError: It is no cursor of ours.
    """
    if given is None:
        return None
    try:
        key, part, reason = json.loads(base64.urlsafe_b64decode(given.encode()))
        return Place(AddressKey(str(key)), str(part), Reason(reason))
    except (ValueError, TypeError):
        raise ConfigurationError(
            "after= is not a cursor: pass page.next of the page before, or None to begin."
        ) from None


def _event_key(given: object) -> str:
    if not isinstance(given, str) or not given:
        raise ConfigurationError("An event is applied by its key, a string that is not empty.")
    return given


def _effects(given: Sequence[Change | Ignore]) -> tuple[Change, ...]:
    effects = tuple(one for one in given if not isinstance(one, Ignore))
    for effect in effects:
        _check_effect(effect)
    return tuple(map(_readable, effects))


def _readable(effect: Change) -> Change:
    """A change without halves of surrogate pairs where they would make two places of one."""
    if isinstance(effect, Suppress):
        entry = _readable_entry(effect.suppression)
        return effect if entry is effect.suppression else Suppress(entry)
    if effect.key.isascii() and effect.scope.isascii():
        return effect
    return replace(effect, key=AddressKey(text(effect.key)), scope=text(effect.scope))


def _readable_entry(entry: Suppression) -> Suppression:
    if entry.key.isascii() and entry.scope.isascii():
        return entry
    return replace(entry, key=AddressKey(text(entry.key)), scope=text(entry.scope))


def _check_effect(effect: object) -> None:
    if isinstance(effect, Suppress):
        _check_entry(effect.suppression)
    elif isinstance(effect, Release):
        _check_place(effect.key, effect.scope, effect.reason)
        _check_time(effect.at, "at")
    elif isinstance(effect, CountSoftBounce):
        _check_place(effect.key, effect.scope, Reason.BOUNCE)
        _check_time(effect.at, "at")
        if effect.limit < 1 or effect.window <= timedelta(0):
            raise ConfigurationError(
                "A soft bounce is counted against a limit of 1 or more, in a window above 0."
            )
    else:
        raise ConfigurationError(
            f"A store applies Suppress, Release and CountSoftBounce, not {type(effect).__name__}."
        )


def _check_entry(entry: object) -> None:
    if not isinstance(entry, Suppression):
        raise ConfigurationError(
            f"A suppression list takes Suppression objects, not {type(entry).__name__}: "
            "store.suppress(address) makes one from an address."
        )
    _check_place(entry.key, entry.scope, entry.reason)
    _check_time(entry.at, "at")
    if entry.expires_at is not None:
        _check_time(entry.expires_at, "expires_at")


def _check_place(key: object, part: str, reason: object) -> None:
    if not isinstance(key, str) or not key:
        raise ConfigurationError("An entry needs a key: Address.parse(text).key is one.")
    scope(part)
    if not isinstance(reason, Reason):
        raise ConfigurationError(f"A reason is a suppression.Reason: {', '.join(Reason)}.")


def _check_time(at: object, option: str) -> None:
    if not isinstance(at, datetime) or at.utcoffset() is None:
        raise ConfigurationError(
            f"{option}= must be an aware datetime, such as datetime.now(UTC): without a time "
            "zone nobody knows which of two events was the later."
        )
