"""The operations that the simulator has, by API and name."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import Any, TypeAlias

from sesguard.simulator.operations import (
    account,
    configuration_sets,
    contact_lists,
    contacts,
    event_destinations,
    identities,
    identities_v1,
    import_jobs,
    metrics,
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
    import_jobs,
    identities,
    identities_v1,
    configuration_sets,
    event_destinations,
    templates,
    contact_lists,
    contacts,
    metrics,
)

OPERATIONS: Mapping[str, Operation] = MappingProxyType(
    {name: operation for family in _FAMILIES for name, operation in family.OPERATIONS.items()}
)
"""Such as ``sesv2.SendEmail``."""
