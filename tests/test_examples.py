"""Every example runs, without AWS and without a network."""

from __future__ import annotations

import re
import runpy
import subprocess
import sys
from pathlib import Path

import pytest

FOLDER = Path(__file__).parents[1] / "examples"
SUITES = sorted({path.parent.name for path in FOLDER.glob("*/test_*.py")})

# A module that says what is public is there for the others.
EXAMPLES = [
    path
    for path in sorted(FOLDER.glob("**/*.py"))
    if "__all__" not in path.read_text(encoding="utf-8") and not path.stem.startswith("test_")
]


@pytest.mark.parametrize("example", EXAMPLES, ids=lambda path: path.stem)
def test_it_runs_and_says_something(
    example: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    """An example ends by itself, well, and prints what it did."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.syspath_prepend(example.parent)
    monkeypatch.setattr("sys.argv", [str(example)])
    status: object = None
    try:
        runpy.run_path(str(example), run_name="__main__")
    except SystemExit as end:
        status = end.code
    assert not status
    assert capsys.readouterr().out.strip()


@pytest.mark.parametrize("suite", SUITES)
def test_a_suite_passes(suite: str) -> None:
    """The tests of an example run as its first lines say, and all of them pass."""
    done = subprocess.run(
        [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", suite],
        cwd=FOLDER,
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    assert re.search(r"^[1-9]\d* passed in", done.stdout, re.MULTILINE)


def test_there_is_a_suite() -> None:
    """Somebody who looks for one finds it."""
    assert SUITES == ["shop"]
