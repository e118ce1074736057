"""Runs every area, or those that are named, and prints one table: ``make bench ARGS=events``."""

from __future__ import annotations

import sys
from importlib import import_module

from benchmarks.harness import Figure, Row, show

AREAS = [
    "imports",
    "events",
    "send",
    "lookup",
    "dynamodb",
    "lookup_redis",
    "lookup_sqlalchemy",
    "limiter",
    "limiters",
    "throttle",
    "worker",
    "verification",
    "metrics",
    "simulator",
    "many",
    "plugin",
]


def main(wanted: list[str]) -> int:
    """Print the table. A bar that is missed is shown, and is not an error."""
    rows: list[Row | Figure] = []
    notes: list[str] = []
    for name in wanted or AREAS:
        print(f"measuring {name}", file=sys.stderr, flush=True)
        area = import_module(f"benchmarks.{name}")
        rows += area.rows()
        notes += area.NOTES
    print(show(rows))
    for note in notes:
        print(note)
    print("Ratios are medians within one run; microseconds are for scale only.")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
