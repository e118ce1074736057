"""
The path from SES to your queue: planned, set up, checked, taken down.

    pipe = infra.Pipe("ses-feedback", configuration_set="main", region_name="eu-west-1")
    plan = pipe.plan()
    print(plan)
    pipe.apply(plan)
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from sesguard._core.pipe_finding import Finding, Severity
    from sesguard._core.pipe_layout import Layout
    from sesguard._core.pipe_permissions import Role, iam_policy
    from sesguard._core.pipe_plan import Call, Part, Plan, Step, Verb
    from sesguard._core.pipe_policies import key_statements
    from sesguard.infra.pipe import Pipe

__all__ = [
    "Call",
    "Finding",
    "Layout",
    "Part",
    "Pipe",
    "Plan",
    "Role",
    "Severity",
    "Step",
    "Verb",
    "iam_policy",
    "key_statements",
]

_HOMES = {
    "Call": "sesguard._core.pipe_plan",
    "Finding": "sesguard._core.pipe_finding",
    "Layout": "sesguard._core.pipe_layout",
    "Part": "sesguard._core.pipe_plan",
    "Pipe": "sesguard.infra.pipe",
    "Plan": "sesguard._core.pipe_plan",
    "Role": "sesguard._core.pipe_permissions",
    "Severity": "sesguard._core.pipe_finding",
    "Step": "sesguard._core.pipe_plan",
    "Verb": "sesguard._core.pipe_plan",
    "iam_policy": "sesguard._core.pipe_permissions",
    "key_statements": "sesguard._core.pipe_policies",
}


def __getattr__(name: str) -> object:
    """Load a name when it is first asked for: boto3 is for those who ask AWS."""
    if name not in _HOMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    import importlib

    return getattr(importlib.import_module(_HOMES[name]), name)


def __dir__() -> list[str]:
    return sorted(__all__)
