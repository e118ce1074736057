"""The two lists of a sync: whether they are those that are meant, and what yours has released."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import datetime
from typing import Any, cast

from sesguard._lift import is_async
from sesguard.errors import AddressError, ConfigurationError
from sesguard.ports import SuppressionStore
from sesguard.stores.account import AccountStore
from sesguard.suppression import Suppression

__all__ = ["check", "is_released", "tells_releases"]

_Export = Callable[[str], Sequence[dict[str, Any]]]


def check(account: object, store: object) -> None:
    """
    Raises:
        ConfigurationError: They are not SES's list and one of yours, in this order.
    """
    if not isinstance(account, AccountStore) or isinstance(store, AccountStore):
        raise ConfigurationError(
            "A sync is between SES's own list and one of yours: pull(AccountStore(), store), "
            "push(store, AccountStore())."
        )
    if is_async(getattr(store, "apply", None)):
        raise ConfigurationError("A sync takes a plain store, not an asynchronous one.")


def tells_releases(store: SuppressionStore) -> bool:
    """Whether a list can say what was released: those of this library that keep lines can."""
    return _export(store) is not None


def is_released(store: SuppressionStore, listed: Suppression) -> bool:
    """Whether your list has released what SES listed, at that time or after it."""
    export = _export(store)
    if export is None:
        return False
    try:
        known = export(listed.key)
    except AddressError:  # what SES lists need not be an address that one can mail
        return False
    return any(
        line["scope"] == listed.scope
        and line["reason"] == listed.reason.value
        and line["released_at"] is not None
        and datetime.fromisoformat(line["released_at"]) >= listed.at
        for line in known
    )


def _export(store: SuppressionStore) -> _Export | None:
    return cast("_Export | None", getattr(store, "export", None))
