"""The operations that the simulator has, by API and name."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, TypeAlias

from sesguard._frozen import FrozenMapping
from sesguard.simulator.operations import (
    account,
    configuration_sets,
    sending,
    suppression,
    templates,
)
from sesguard.simulator.state import Call

__all__ = ["OPERATIONS", "Operation"]

Operation: TypeAlias = Callable[[Call], dict[str, Any]]
"""Answers a call in the shapes of the service model, or raises a `Refusal`."""

_FAMILIES = (
    sending,
    account,
    suppression,
    configuration_sets,
    templates,
)

OPERATIONS: Mapping[str, Operation] = FrozenMapping(
    {name: operation for family in _FAMILIES for name, operation in family.OPERATIONS.items()}
)
"""Such as ``sesv2.SendEmail``."""
