"""Every example runs, without AWS and without a network."""

from __future__ import annotations

import runpy
from pathlib import Path

import pytest

# A module that says what is public is there for the others.
EXAMPLES = [
    path
    for path in sorted((Path(__file__).parents[1] / "examples").glob("**/*.py"))
    if "__all__" not in path.read_text(encoding="utf-8")
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
