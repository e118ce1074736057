"""What is installed is typed, has one version, and holds what it should."""

from __future__ import annotations

import os
import re
import subprocess
import sys
import tomllib
from importlib import metadata, resources
from pathlib import Path
from zipfile import ZipFile

import pytest

import sesguard

ROOT = Path(__file__).parents[1]
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The wheel, built without a network."""
    folder = tmp_path_factory.mktemp("dist")
    subprocess.run(
        [sys.executable, "-m", "hatchling", "build", "-t", "wheel", "-d", str(folder)],
        cwd=ROOT,
        check=True,
        capture_output=True,
    )
    (built,) = folder.glob("*.whl")
    return built


def test_there_is_one_version() -> None:
    """The project, what is installed, and the module agree."""
    assert sesguard.__version__ == PROJECT["version"] == metadata.version("sesguard")


def test_it_says_that_it_is_typed() -> None:
    """Type checkers look for py.typed in what is installed (PEP 561)."""
    assert resources.files("sesguard").joinpath("py.typed").is_file()


def test_the_wheel_holds_the_library_and_nothing_else(wheel: Path) -> None:
    """All of src/sesguard is in it, with the marker and the licence, and no test."""
    source = ROOT / "src"
    ours = {
        path.relative_to(source).as_posix()
        for path in source.rglob("*")
        if path.is_file() and "__pycache__" not in path.parts
    }
    names = {name for name in ZipFile(wheel).namelist() if ".dist-info/" not in name}
    assert names == ours
    assert any(name.endswith("licenses/LICENSE") for name in ZipFile(wheel).namelist())


def test_the_wheel_works_where_it_is_unpacked(wheel: Path, tmp_path: Path) -> None:
    """What users install imports, and is what was built."""
    ZipFile(wheel).extractall(tmp_path)
    code = "import sesguard; from sesguard import Email, errors; print(sesguard.__file__)"
    done = subprocess.run(
        [sys.executable, "-c", code],
        cwd=tmp_path,
        env={**os.environ, "PYTHONPATH": str(tmp_path)},
        check=True,
        capture_output=True,
        text=True,
    )
    assert done.stdout.strip() == str(tmp_path / "sesguard" / "__init__.py")


def test_the_dependencies_are_few() -> None:
    """boto3, botocore, typing-extensions and email-validator; all else is an extra."""
    names = {re.split(r"[<>=~ \[]", line)[0] for line in PROJECT["dependencies"]}
    assert names == {"boto3", "botocore", "email-validator", "typing-extensions"}


def test_every_extra_that_an_error_names_is_offered() -> None:
    """The pip command of a MissingExtraError would work."""
    named = {
        extra
        for path in (ROOT / "src").rglob("*.py")
        for extra in re.findall(
            r'MissingExtraError\([^)]*extra="(\w+)"', path.read_text(encoding="utf-8")
        )
    }
    assert named <= set(PROJECT["optional-dependencies"])
