"""What every store of ours has beside the port: an operator's door, and ``with``."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterable
from datetime import datetime
from types import TracebackType
from typing import Self

from sesguard._core import store_door
from sesguard.addresses import Address
from sesguard.ports import Clock
from sesguard.suppression import Reason, Suppression

__all__ = ["Doors"]


class Doors(ABC):
    """
    A list that an operator puts single addresses on, and that is closed at the end of a block.

    Args:
        clock: Tells when an operator said so.
    """

    def __init__(self, clock: Clock) -> None:
        self._clock: Clock = clock

    @abstractmethod
    def add(self, suppressions: Iterable[Suppression], /) -> None:
        """Put entries on the list, as an operator."""

    @abstractmethod
    def close(self) -> None:
        """Let go of files and connections."""

    def suppress(
        self,
        address: str | Address,
        reason: Reason = Reason.MANUAL,
        *,
        scope: str = "",
        detail: str | None = None,
        expires_at: datetime | None = None,
    ) -> None:
        """
        Put one address on the list, as an operator.

        Args:
            address: Any spelling of it, with a display name or without.

            reason: Why it is not mailed.

            scope: ``""`` for all mail, ``tenant:NAME`` or ``stream:NAME`` for a part of it.

            detail: A note, without addresses.

            expires_at: When it stops to hold, aware; None for never.

        Raises:
            AddressError: It is no address.

            ConfigurationError: Another argument cannot be.

            StoreError: The list cannot be written.
        """
        entry = store_door.operators_entry(
            address,
            reason,
            at=self._clock.now(),
            scope=scope,
            detail=detail,
            expires_at=expires_at,
        )
        self.add([entry])

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
        /,
    ) -> None:
        self.close()
