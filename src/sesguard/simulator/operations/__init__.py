"""The operations that the simulator has, by API and name."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, TypeAlias

from sesguard._frozen import FrozenMapping
from sesguard.simulator.operations import account, sending
from sesguard.simulator.state import Call

__all__ = ["OPERATIONS", "Operation"]

Operation: TypeAlias = Callable[[Call], dict[str, Any]]
"""Answers a call in the shapes of the service model, or raises a `Refusal`."""

OPERATIONS: Mapping[str, Operation] = FrozenMapping({**sending.OPERATIONS, **account.OPERATIONS})
"""Such as ``sesv2.SendEmail``."""
