"""What a policy's statements mean for one request of an AWS service. Pure."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import cast

from sesguard._frozen import FrozenMapping

__all__ = ["Request", "applies", "is_allowed", "is_open", "refusals"]

_ABSENT = frozenset(
    (
        *("aws:principalorgid", "aws:principalorgpaths", "aws:principalarn"),
        *("aws:principalaccount", "aws:sourcevpc", "aws:sourcevpce"),
    )
)
"""
Keys that a request by a service does not have.

Source: IAM User Guide, "AWS global condition context keys".
"""

_NARROW = frozenset(
    (
        *("aws:sourcearn", "aws:sourceaccount", "aws:sourceowner", "aws:sourceorgid"),
        *("aws:sourceorgpaths", "aws:sourcevpc", "aws:sourcevpce", "aws:sourceip"),
        *("aws:principalorgid", "aws:principalorgpaths", "aws:principalarn"),
        *("aws:principalaccount", "kms:calleraccount", "kms:viaservice"),
    )
)
_WILD = re.compile(r"[*?]")
_OF_AN_ACCOUNT = re.compile(r":[0-9]{12}:")


@dataclass(frozen=True, slots=True, kw_only=True)
class Request:
    """
    What a service asks for.

    Attributes:
        service: The principal, such as ``sns.amazonaws.com``.

        actions: What it does, all of it.

        resource: The ARN that it does it to.

        facts: Condition keys of the request, in lower case, and what they hold.
    """

    service: str
    actions: tuple[str, ...]
    resource: str
    facts: FrozenMapping[str, str]


def is_allowed(statement: Mapping[str, object], request: Request, *, narrow: bool = True) -> bool:
    """
    Whether a statement lets the request through.

    Args:
        narrow: And keeps others out, by a condition.
    """
    return (
        statement.get("Effect") == "Allow"
        and applies(statement, request) is True
        and (_is_narrow(statement) or not narrow)
    )


def is_open(statement: Mapping[str, object], request: Request) -> bool:
    """Whether a statement lets anybody, or the service for anybody, do the same."""
    return (
        statement.get("Effect") == "Allow"
        and _names(statement, request.service)
        and all(_may_do(statement, action) for action in request.actions)
        and not _is_narrow(statement)
    )


def refusals(
    found: Iterable[Mapping[str, object]], request: Request
) -> tuple[list[Mapping[str, object]], list[Mapping[str, object]]]:
    """The statements that deny the request, and those that may, as far as can be told here."""
    denying = [one for one in found if one.get("Effect") == "Deny"]
    judged = [(one, applies(one, request, some_action=True)) for one in denying]
    return (
        [one for one, verdict in judged if verdict is True],
        [one for one, verdict in judged if verdict is None],
    )


def applies(
    statement: Mapping[str, object], request: Request, *, some_action: bool = False
) -> bool | None:
    """
    Whether a statement speaks of the request; None where that cannot be told here.

    Args:
        some_action: One of the actions is enough, as for a refusal.
    """
    if any(name in statement for name in ("NotPrincipal", "NotAction", "NotResource")):
        return None
    if not _names(statement, request.service):
        return False
    over = any if some_action else all
    if not over(_covers(statement.get("Action"), action) for action in request.actions):
        return False
    resource = statement.get("Resource", "*")
    if not any(_like(request.resource, pattern) for pattern in _texts(resource)):
        return False
    return _all(_conditions(statement, request.facts))


def _names(statement: Mapping[str, object], service: str) -> bool:
    principal = statement.get("Principal")
    if not isinstance(principal, Mapping):
        return principal == "*"
    named = cast("Mapping[str, object]", principal)
    services = _texts(named.get("Service"))
    return "*" in _texts(named.get("AWS")) or service in services or "*" in services


def _may_do(statement: Mapping[str, object], action: str) -> bool:
    if "NotAction" in statement:
        return not _covers(statement["NotAction"], action)
    return _covers(statement.get("Action"), action)


def _covers(patterns: object, action: str) -> bool:
    return any(_like(action.lower(), one.lower()) for one in _texts(patterns))


def _conditions(statement: Mapping[str, object], facts: Mapping[str, str]) -> Iterable[bool | None]:
    for operator, keys in _mapping(statement.get("Condition")).items():
        for key, values in _mapping(keys).items():
            yield _holds(operator, key.lower(), _texts(values), facts)


def _holds(operator: str, key: str, values: list[str], facts: Mapping[str, str]) -> bool | None:
    base = operator.rpartition(":")[2]
    plain = base.removesuffix("IfExists")
    negated = "Not" in plain
    matches = _OPERATORS.get(plain.replace("Not", ""))
    if matches is None:
        return None
    fact = facts.get(key)
    if fact is None:
        # A key that is not in the request: only what asks for a difference holds.
        return (negated or base != plain) if key in _ABSENT else None
    return any(matches(fact, value) for value in values) != negated


def _like(text: str, pattern: str) -> bool:
    """With the two wildcards that policies have."""
    written = re.escape(pattern).replace(r"\*", ".*").replace(r"\?", ".")
    return re.fullmatch(written, text, re.DOTALL) is not None


_OPERATORS: Mapping[str, Callable[[str, str], bool]] = FrozenMapping(
    {
        "ArnEquals": _like,
        "ArnLike": _like,
        "StringLike": _like,
        "StringEquals": str.__eq__,
        "StringEqualsIgnoreCase": lambda fact, value: fact.lower() == value.lower(),
        "Bool": lambda fact, value: fact == value.lower(),
    }
)
"""Source: IAM User Guide, "IAM JSON policy elements: Condition operators"."""


def _is_narrow(statement: Mapping[str, object]) -> bool:
    """Whether a condition keeps others out."""
    for operator, keys in _mapping(statement.get("Condition")).items():
        if operator.rpartition(":")[2] not in _OPERATORS or operator == "Bool":
            continue
        for key, values in _mapping(keys).items():
            if key.lower() in _NARROW and all(map(_is_fixed, _texts(values))):
                return True
    return False


def _is_fixed(value: str) -> bool:
    return _WILD.search(value) is None or _OF_AN_ACCOUNT.search(value) is not None


def _all(parts: Iterable[bool | None]) -> bool | None:
    """False where one is, else None where one is, else True."""
    found = list(parts)
    if False in found:
        return False
    return None if None in found else True


def _texts(value: object) -> list[str]:
    """A text, or several; a truth value counts as its text."""
    several = cast("list[object]", value) if isinstance(value, list) else [value]
    return [str(one).lower() if isinstance(one, bool) else str(one) for one in several if one]


def _mapping(value: object) -> Mapping[str, object]:
    return cast("Mapping[str, object]", value) if isinstance(value, Mapping) else {}
