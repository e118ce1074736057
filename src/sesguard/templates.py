"""Templates that SES keeps."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, cast, final

from sesguard._mail import fields as _fields
from sesguard._mail.fields import NOTHING
from sesguard.errors import EmailError

__all__ = ["Template"]

_LONGEST = 262_144


@final
@dataclass(frozen=True, slots=True, init=False)
class Template:
    """
    A template that SES keeps and fills in.

    Args:
        name: Its name in SES.

        data: Its variables: anything that JSON can say. A copy is kept.

    Attributes:
        data_json: The variables as canonical JSON text, which is what SES is given.

    Raises:
        EmailError: A name that cannot be one, or variables that JSON cannot say.
    """

    name: str
    data_json: str = field(repr=False)

    def __init__(self, name: str, data: Mapping[str, object] = NOTHING) -> None:
        name = _fields.line("template", name)
        if not 1 <= len(name) <= 256 or not name.isascii():
            raise EmailError(
                "template: a name of 1 to 256 ASCII characters is needed.", field="template"
            )
        object.__setattr__(self, "name", name)
        object.__setattr__(self, "data_json", _canonical_json(data))

    @property
    def data(self) -> dict[str, Any]:
        """The variables, as a copy of their own."""
        return cast("dict[str, Any]", json.loads(self.data_json))


def _canonical_json(data: object) -> str:
    if not isinstance(data, Mapping):
        raise EmailError(
            f"template: data must be a mapping, not {type(data).__name__}.", field="template"
        )
    variables = dict(cast("Mapping[object, object]", data))
    try:
        written = json.dumps(
            variables, sort_keys=True, separators=(",", ":"), ensure_ascii=False, allow_nan=False
        )
        written.encode()
    except (TypeError, ValueError, RecursionError):
        raise EmailError(
            "template: data holds what JSON cannot say: give strings, numbers, lists and dicts.",
            field="template",
        ) from None
    if len(written) > _LONGEST:
        raise EmailError(f"template: data is longer than {_LONGEST} characters.", field="template")
    return written
