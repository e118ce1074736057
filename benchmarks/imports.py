"""What ``import sesguard`` costs, in a fresh interpreter."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable, Iterator

from benchmarks.harness import Bar, Candidate, Claim, Row, compare

NOTES: list[str] = []
CLOCK = "import time; began = time.process_time(); {}; print(time.process_time() - began)"


def taken(statement: str) -> Callable[[], float]:
    """The seconds of a statement, by the clock of an interpreter that does nothing else."""
    argv = [sys.executable, "-c", CLOCK.format(statement)]

    def run() -> float:
        return float(subprocess.run(argv, capture_output=True, text=True, check=True).stdout)

    return run


def rows() -> Iterator[Row]:
    """Against ``import boto3``, which a program that sends has to pay in any case."""
    statements = {
        "import boto3": "import boto3",
        "import sesguard": "import sesguard",
        "Client, Email, errors": "from sesguard import Client, Email, errors",
    }
    candidates = [
        Candidate(name=name, run=taken(statement), right=lambda s: 0 < s < 60, clocked=True)
        for name, statement in statements.items()
    ]
    yield from compare(
        "import",
        candidates,
        [
            Claim("import sesguard", "import boto3", Bar(at_most=0.40)),
            Claim("Client, Email, errors", "import boto3"),
        ],
    )
