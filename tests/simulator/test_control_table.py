"""
All operations: that each answers, that the documentation lists each, and what it says of them.

    python -m tests.simulator.test_control_table

writes the table in the documentation anew, out of the code.
"""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest
from botocore import xform_name

from sesguard.simulator import Simulator
from sesguard.simulator.operations import OPERATIONS
from tests.simulator.controls import both
from tests.simulator.tour import FILE, calls

PAGE = Path(__file__).parents[2] / "docs" / "reference" / "simulator.md"
BEGIN, END = "<!-- operations -->\n", "<!-- end of operations -->\n"
APIS = {"sesv2": "API v2, `sesv2`", "ses": "API v1, `ses`"}


def line_of(name: str) -> str:
    """What an operation does here: the docstring of what answers it."""
    said = (OPERATIONS[name].__doc__ or "").strip()
    assert said, f"{name} has no docstring, and so no line in the documentation"
    return said.splitlines()[0].replace("``", "`")


def table() -> str:
    """The operations of each API, by name, each with its line."""
    parts: list[str] = []
    for api, title in APIS.items():
        names = sorted(name for name in OPERATIONS if name.startswith(f"{api}."))
        rows = "".join(f"| `{name.partition('.')[2]}` | {line_of(name)} |\n" for name in names)
        parts.append(f"### {title}: {len(names)}\n\n| operation | here |\n| --- | --- |\n{rows}")
    return "\n".join(parts)


def written() -> tuple[str, str, str]:
    """The page: what is before the table, the table, and what is after it."""
    text = PAGE.read_text(encoding="utf-8")
    before, _, rest = text.partition(BEGIN)
    inside, _, after = rest.partition(END)
    return before, inside, after


def test_the_documentation_lists_every_operation() -> None:
    """The table in docs/reference/simulator.md is what the code gives."""
    assert written()[1] == table(), "run: python -m tests.simulator.test_control_table"


def test_the_table_says_something_of_each() -> None:
    """One sentence in one line."""
    for name in OPERATIONS:
        assert re.fullmatch(r"[^|\n]{10,}\.", line_of(name)), name


def called(sim: Simulator) -> dict[str, int]:
    """Call every operation that the installed botocore has, and say how often each answered."""
    clients: dict[str, Any] = dict(zip(("sesv2", "ses"), both(sim), strict=True))
    sim.files[FILE] = "bob@example.org,BOUNCE"
    answered: dict[str, int] = {}
    job_id = ""
    for name, parameters in calls("a job"):
        api, _, operation = name.partition(".")
        if (
            name not in OPERATIONS
            or operation not in clients[api].meta.method_to_api_mapping.values()
        ):
            continue
        if operation == "GetImportJob":
            parameters = {"JobId": job_id}
        answer = getattr(clients[api], xform_name(operation))(**parameters)
        job_id = answer.get("JobId", job_id)
        answered[name] = answered.get(name, 0) + 1
    return answered


def test_every_operation_answers(capsys: pytest.CaptureFixture[str]) -> None:
    """
    Each is called with success, and each answer is one that botocore's service model knows.

    That the model knows it is checked behind the client, which would raise otherwise.
    """
    sim = Simulator()
    answered = called(sim)
    models = {api: sim.boto3_client(api).meta.service_model for api in ("ses", "sesv2")}
    there = {
        name
        for name in OPERATIONS
        if name.partition(".")[2] in models[name.partition(".")[0]].operation_names
    }
    newer = len(OPERATIONS) - len(there)
    assert answered.keys() == there
    assert {name: sim.calls[name] for name in answered} == answered
    with capsys.disabled():
        print(  # noqa: T201  so that a run tells how much it has seen
            f"\n{len(there)} operations answered, 0 invalid; {newer} unknown to this botocore"
        )


if __name__ == "__main__":
    before, _, after = written()
    PAGE.write_text(f"{before}{BEGIN}{table()}{END}{after}", encoding="utf-8")
