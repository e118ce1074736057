"""One thing that is wrong with a pipe. Pure."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

__all__ = ["APPLY", "Finding", "Severity"]

APPLY = "pipe.apply(pipe.plan())"
"""The next step where a pipe can mend itself."""


class Severity(StrEnum):
    """How bad it is: to be known; a danger though feedback arrives; feedback does not arrive."""

    NOTE = "note"
    RISK = "risk"
    BROKEN = "broken"


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """
    One thing that is wrong, or to be known.

    Attributes:
        code: A word for it that stays the same.

        severity: See `Severity`.

        what: What is so, and what comes of it.

        resource: What it is about; an identity that is an address is shown by its number.

        command: The next step: of Python, or of the AWS CLI. What stands in it in capitals is to
            be filled in.
    """

    code: str
    severity: Severity
    what: str
    resource: str
    command: str

    def __str__(self) -> str:
        said = f"{self.severity:<8}{self.code:<26}{self.resource}: {self.what}"
        return f"{said}\n{'':8}-> {self.command}"
