"""What an installed and unused sesguard adds to a run of pytest."""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path
from statistics import median, quantiles

from benchmarks.harness import Bar, Row

NOTES = ["plugin: milliseconds of the processor that a run takes more, not a ratio."]
TIMES = 15
LOADED = ("-p", "sesguard.testing.plugin")


def seconds(folder: Path, *options: str) -> float:
    """The processor's time of one run, of a test that does nothing."""
    argv = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", *options]
    alone = {**os.environ, "PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1"}  # other plugins take longer
    done = subprocess.Popen(argv, cwd=folder, env=alone, stdout=subprocess.DEVNULL)
    _, status, used = os.wait4(done.pid, 0)
    done.returncode = os.waitstatus_to_exitcode(status)
    assert done.returncode == 0, "the empty test did not pass"
    return used.ru_utime + used.ru_stime


def rows() -> Iterator[Row]:
    """With the plugin and without, by turns."""
    more: list[float] = []
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        (folder / "test_empty.py").write_text("def test_nothing(): pass\n", encoding="utf-8")
        seconds(folder, *LOADED)  # the first of all reads what the others find in memory
        for turn in range(TIMES):
            ways = (LOADED, ()) if turn % 2 else ((), LOADED)
            taken = {way: seconds(folder, *way) for way in ways}
            more.append((taken[LOADED] - taken[()]) * 1e3)
    tenths = quantiles(more, n=10, method="inclusive")
    yield Row(
        area="plugin",
        what="pytest with the plugin, ms more",
        against="pytest alone",
        figure=max(0.0, median(more)),
        low=tenths[0],
        high=tenths[-1],
        bar=Bar(at_most=20),
    )
