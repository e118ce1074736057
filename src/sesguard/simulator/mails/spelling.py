"""Reads the addresses of mails. A few hundred people are mailed again and again."""

from __future__ import annotations

from collections.abc import Callable
from functools import lru_cache

from sesguard import addresses
from sesguard.addresses import AddressKey

__all__ = ["bare", "read_leniently"]

read_leniently: Callable[[str], tuple[str, AddressKey]] = lru_cache(maxsize=16_384)(
    addresses.read_leniently
)
"""As `addresses.read_leniently` does."""


def bare(address: str) -> str:
    """Without a display name, as it is spelled."""
    return read_leniently(address)[0]
