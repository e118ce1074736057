"""A plan: what would be done to AWS, as data. Pure."""

from __future__ import annotations

import json
import re
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any, Self, cast

from sesguard._core.pipe_layout import Layout
from sesguard._core.pipe_template import template
from sesguard.errors import ConfigurationError

__all__ = ["Call", "Part", "Plan", "Step", "Verb"]

_METHOD = re.compile(r"[a-z]+(_[a-z]+)*")


class Verb(StrEnum):
    """What is done to a part."""

    CREATE = "create"
    CHANGE = "change"
    KEEP = "keep"
    DELETE = "delete"
    BY_HAND = "by hand"


class Part(StrEnum):
    """What a pipe is made of."""

    DEAD_LETTER_QUEUE = "dead-letter queue"
    TOPIC = "topic"
    QUEUE = "queue"
    SUBSCRIPTION = "subscription"
    KEY = "key policy"
    EVENT_DESTINATION = "event destination"
    IDENTITY_TOPIC = "identity topic"


@dataclass(frozen=True, slots=True, kw_only=True)
class Call:
    """
    A call of boto3.

    Attributes:
        service: ``sns``, ``sqs``, ``ses`` or ``sesv2``.

        method: The method of boto3's client.

        parameters_json: Its parameters, as canonical JSON.

    Raises:
        ConfigurationError: A pipe has no such call.
    """

    service: str
    method: str
    parameters_json: str = field(repr=False)

    def __post_init__(self) -> None:
        known = self.service in ("sns", "sqs", "ses", "sesv2")
        if not known or not _METHOD.fullmatch(str(self.method)):
            raise ConfigurationError(
                "A pipe has no such call: service must be sns, sqs, ses or sesv2, and method one "
                "of boto3's client for it."
            )

    @classmethod
    def of(cls, service: str, method: str, **parameters: object) -> Self:
        """A call with these parameters."""
        written = json.dumps(parameters, sort_keys=True)
        return cls(service=service, method=method, parameters_json=written)

    @property
    def parameters(self) -> dict[str, Any]:
        """A copy of the parameters."""
        return cast("dict[str, Any]", json.loads(self.parameters_json))


@dataclass(frozen=True, slots=True, kw_only=True)
class Step:
    """
    One part of the pipe, and what is done to it.

    Attributes:
        verb: See `Verb`.

        part: See `Part`.

        name: Which one; an identity that is an address is shown by its number.

        what: What there will be, or what is so.

        calls: What is called for it; none where nothing is done.

        before: What an identity's topic was; empty where it had none.
    """

    verb: Verb
    part: Part
    name: str
    what: str
    calls: tuple[Call, ...] = ()
    before: str = ""

    def __str__(self) -> str:
        return f"{self.verb:<8}{self.part:<19}{self.name:<32}{self.what}".rstrip()

    def to_dict(self) -> dict[str, object]:
        """Plain data, for JSON."""
        return {
            "verb": str(self.verb),
            "part": str(self.part),
            "name": self.name,
            "what": self.what,
            "calls": [
                {"service": one.service, "method": one.method, "parameters": one.parameters}
                for one in self.calls
            ],
            "before": self.before,
        }


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """
    What is to be done, or was done, for a pipe. ``print`` it.

    Attributes:
        layout: The pipe.

        steps: In the order in which they are done.
    """

    layout: Layout
    steps: tuple[Step, ...]

    @property
    def changes(self) -> bool:
        """Whether anything is written."""
        return any(step.calls for step in self.steps)

    def to_dict(self) -> dict[str, object]:
        """Plain data, for JSON. It holds identities as they are."""
        shape = Layout.__dataclass_fields__
        layout = {name: getattr(self.layout, name) for name in shape}
        layout |= {name: list(layout[name]) for name in ("identities", "events")}
        return {"layout": layout, "steps": [step.to_dict() for step in self.steps]}

    @classmethod
    def from_dict(cls, data: Mapping[str, Any], /) -> Self:
        """
        The plan that `to_dict` gave, such as one that was kept until its pipe is taken down.

        Raises:
            ConfigurationError: This is none.
        """
        try:
            layout: dict[str, Any] = {**data["layout"]}
            layout |= {name: tuple(layout[name]) for name in ("identities", "events")}
            steps = tuple(_step(told) for told in data["steps"])
            return cls(layout=Layout(**layout), steps=steps)
        except (KeyError, TypeError, ValueError, AttributeError) as error:
            raise ConfigurationError(
                f"This is no plan of a pipe ({type(error).__name__}). Give what plan.to_dict() "
                "gave.",
                original=error,
            ) from None

    def to_cloudformation(self) -> dict[str, object]:
        """
        The whole pipe as a template, for a stack of its own; ``json.dumps`` it.

        It names all that it makes, so a stack of it fails where one of the names is there. What
        CloudFormation has no resource for is said in its Metadata: the topics of identities, and
        the policy of a key.
        """
        return template(self.layout)

    def __str__(self) -> str:
        counts = Counter(step.verb for step in self.steps)
        told = ", ".join(f"{counts[verb]} to {verb}" for verb in Verb if counts[verb])
        where = f"{self.layout.region_name}, account {self.layout.account_id}"
        title = f"{self.layout.topic} in {where}: {told or 'nothing'}"
        return "\n".join([title, *map(str, self.steps)])


def _step(told: Mapping[str, Any]) -> Step:
    return Step(
        verb=Verb(told["verb"]),
        part=Part(told["part"]),
        name=str(told["name"]),
        what=str(told["what"]),
        before=str(told["before"]),
        calls=tuple(
            Call.of(str(one["service"]), str(one["method"]), **one["parameters"])
            for one in told["calls"]
        ),
    )
