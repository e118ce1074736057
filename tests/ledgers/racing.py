"""Processes that begin sends by one ledger: side by side, and killed on the way."""

from __future__ import annotations

import json
import signal
import subprocess
import sys

__all__ = ["begin_and_be_killed", "race"]

_RACE = """
import json, sys
print("ready", flush=True)
sys.stdin.readline()
print(json.dumps([number for number in range(200) if ledger.begin(f"{number:040x}", "0") is None]))
"""
_KILLED = """
import os, signal
assert ledger.begin("key", "content") is None
os.kill(os.getpid(), signal.SIGKILL)
"""


def _started(script: str, argument: str) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [sys.executable, "-c", script, argument],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


def race(making: str, argument: str) -> list[list[int]]:
    """
    Let two processes begin 200 keys at once.

    Args:
        making: Python that makes a ``ledger`` of ``sys.argv[1]``.

        argument: That argument.

    Returns:
        The keys that each of them was told to send.
    """
    racing = [_started(making + _RACE, argument) for _ in range(2)]
    for process in racing:
        assert process.stdout is not None
        assert process.stdout.readline() == "ready\n"
    for process in racing:  # both wait for this
        assert process.stdin is not None
        process.stdin.write("go\n")
        process.stdin.flush()
    won: list[list[int]] = []
    for process in racing:
        out, err = process.communicate(timeout=120)
        assert process.returncode == 0, err
        won.append(json.loads(out))
    return won


def begin_and_be_killed(making: str, argument: str) -> None:
    """Let a process begin ``key`` with ``content``, and kill it then; arguments as of `race`."""
    process = _started(making + _KILLED, argument)
    process.communicate(timeout=60)
    assert process.returncode == -signal.SIGKILL
