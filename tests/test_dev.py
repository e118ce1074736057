"""The commands of a fresh machine."""

from __future__ import annotations

import subprocess
import sys
import tomllib
from pathlib import Path

import pytest

import dev

PROJECT = tomllib.loads((dev.ROOT / "pyproject.toml").read_text(encoding="utf-8"))


def test_every_target_of_the_makefile_is_a_command() -> None:
    """``make X`` is ``python3 dev.py X``, in three lines."""
    phony, targets, recipe = (dev.ROOT / "Makefile").read_text(encoding="utf-8").splitlines()
    assert phony.removeprefix(".PHONY: ") == targets.removesuffix(":") == "demo test bench"
    assert "dev.py $@" in recipe
    assert set(targets.removesuffix(":").split()) <= set(dev.COMMANDS)


@pytest.mark.parametrize("name", dev.COMMANDS)
def test_what_a_command_needs_is_declared(name: str) -> None:
    """An extra or a dependency group of that name exists."""
    declared = {*PROJECT["project"]["optional-dependencies"], *PROJECT["dependency-groups"]}
    assert set(dev.COMMANDS[name].needs) <= declared


def test_groups_are_installed_beside_the_project() -> None:
    """The project comes editable, with its extras; a group is what it lists."""
    wanted = dev.requirements({"test", "lint"})
    assert wanted[:2] == ["--editable", ".[test]"]
    assert wanted[2:] == PROJECT["dependency-groups"]["lint"]
    assert dev.requirements(set()) == ["--editable", "."]


@pytest.mark.parametrize(
    "line", ["version = 3.13.1", "version_info = 3.13.1.final.0", "version=3.13"]
)
def test_the_python_of_an_environment_is_read(line: str, tmp_path: Path) -> None:
    """venv, virtualenv and uv each have a name for it."""
    (tmp_path / "pyvenv.cfg").write_text(f"home = /usr/bin\n{line}\n", encoding="utf-8")
    assert dev.version_of(tmp_path) == "3.13"


def test_another_python_has_another_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """What was installed for one is not torn down for the other."""
    monkeypatch.setattr(dev, "ROOT", tmp_path)
    assert dev.home_for("3.11") == tmp_path / ".venv"
    (tmp_path / ".venv").mkdir()
    (tmp_path / ".venv" / "pyvenv.cfg").write_text("version = 3.11.7\n", encoding="utf-8")
    assert dev.home_for("3.11") == tmp_path / ".venv"
    assert dev.home_for("3.13") == tmp_path / ".venv-3.13"


def test_an_old_python_is_told_what_to_do() -> None:
    """The message names the version that is needed and the command to use."""
    pretend = (
        "import runpy, sys; sys.version_info = (3, 9, 18, 'final', 0);"
        " sys.argv = ['dev.py', 'demo']; runpy.run_path('dev.py', run_name='__main__')"
    )
    done = subprocess.run(
        [sys.executable, "-c", pretend], cwd=dev.ROOT, capture_output=True, text=True, check=False
    )
    assert done.returncode == 1
    assert "needs Python 3.11 or newer, and this is 3.9" in done.stderr
    assert "make PYTHON=python3.13 demo" in done.stderr


def test_an_unknown_command_is_answered_with_those_there_are(
    capsys: pytest.CaptureFixture[str],
) -> None:
    """So is none at all."""
    assert dev.main(["nonsense"]) == dev.main([]) == 2
    assert "demo, test" in capsys.readouterr().out
