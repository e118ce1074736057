"""
Makes the project's own environment, once, and runs one of its commands there:

    python3 dev.py demo     guarded sends, bounces coming back, the list, the rates
    python3 dev.py test     the whole test suite; what follows goes to pytest
    python3 dev.py bench    one table of ratios against peers
    python3 dev.py lint     ruff, mypy, pyright
    python3 dev.py oldest   the test suite on the oldest boto3 that is supported

It needs Python 3.11 and pip, or uv, and nothing else: no package is installed outside of .venv,
which is why a Python that is "externally managed" will do. Another Python gets another folder:
`make PYTHON=python3.13 test`.
"""

import sys

if sys.version_info < (3, 11):  # noqa: UP036  an old Python has to come this far to be told
    sys.exit(
        "sesguard needs Python 3.11 or newer, and this is {}.{}.\n"
        "Name a newer one: make PYTHON=python3.13 {}".format(
            sys.version_info[0], sys.version_info[1], " ".join(sys.argv[1:2]) or "test"
        )
    )

import hashlib
import importlib.util
import os
import shutil
import subprocess
import tomllib
from pathlib import Path
from typing import NamedTuple

ROOT = Path(__file__).resolve().parent
DEMO = "examples/demo.py"
VERSION = f"{sys.version_info.major}.{sys.version_info.minor}"


class Command(NamedTuple):
    """
    Something to run in the environment.

    Attributes:
        needs: Extras and dependency groups of pyproject.toml.

        runs: The arguments for Python, one process each.

        optional: Run it even where its needs cannot be had; it says what it misses.

        pins: Versions that this command wants, in an environment of its own.
    """

    needs: tuple[str, ...]
    runs: tuple[tuple[str, ...], ...]
    optional: bool = False
    pins: tuple[str, ...] = ()


COMMANDS = {
    "demo": Command(("demo",), ((DEMO,),)),
    "test": Command(("test",), (("-m", "pytest"),)),
    "oldest": Command(("test",), (("-m", "pytest"),), pins=("boto3==1.40.0", "botocore==1.40.0")),
    "bench": Command(("bench",), (("-m", "benchmarks"),), optional=True),
    "lint": Command(
        ("test", "lint"),
        (
            ("-m", "ruff", "check"),
            ("-m", "ruff", "format", "--check"),
            ("-m", "mypy"),
            ("-m", "pyright"),
            ("-m", "pyright", "--verifytypes", "sesguard", "--ignoreexternal"),
        ),
    ),
}


def python_of(home: Path) -> Path:
    """The interpreter of an environment."""
    return home / ("Scripts/python.exe" if os.name == "nt" else "bin/python")


def version_of(home: Path) -> str:
    """The Python that an environment was made with, such as ``3.13``; empty if none can be read."""
    try:
        lines = (home / "pyvenv.cfg").read_text(encoding="utf-8").splitlines()
    except OSError:
        return ""
    pairs = (line.partition("=") for line in lines)
    settings = {name.strip(): value.strip() for name, _, value in pairs}
    return ".".join(settings.get("version", settings.get("version_info", "")).split(".")[:2])


def home_for(version: str) -> Path:
    """``.venv``, or a folder beside it where that one is another Python's."""
    home = ROOT / ".venv"
    return home if version_of(home) in ("", version) else ROOT / f".venv-{version}"


def attempt(*argv: str | Path) -> subprocess.CompletedProcess[str]:
    """Run quietly, and keep what it says."""
    return subprocess.run(argv, cwd=ROOT, capture_output=True, text=True, check=False)


def make(home: Path) -> None:
    """Make an empty environment: by uv, by venv, or by venv where Debian left out ensurepip."""
    print(f"Making {home.name} with Python {sys.version.split()[0]}", flush=True)
    ways: list[tuple[str | Path, ...]] = [
        (sys.executable, "-m", "venv", "--clear", home),
        (sys.executable, "-m", "venv", "--clear", "--without-pip", home),
    ]
    uv = shutil.which("uv")
    if uv:
        ways.insert(0, (uv, "venv", "--quiet", "--clear", "--python", sys.executable, home))
    said = ""
    for way in ways:
        tried = attempt(*way)
        if tried.returncode == 0:
            return
        said = tried.stdout + tried.stderr
    sys.exit(f"{said}\nNo environment could be made. Install python3-venv or uv, and run it again.")


def installers(home: Path) -> list[tuple[str | Path, ...]]:
    """The ways to install into an environment, best first."""
    python = python_of(home)
    ways: list[tuple[str | Path, ...]] = []
    uv = shutil.which("uv")
    if uv:
        ways.append((uv, "pip", "install", "--quiet", "--python", python))
    if attempt(python, "-m", "pip", "--version").returncode == 0:
        ways.append((python, "-m", "pip", "install", "-qq", "--disable-pip-version-check"))
    elif importlib.util.find_spec("pip"):
        ours = (sys.executable, "-m", "pip", "--python", python)
        ways.append((*ours, "install", "-qq", "--disable-pip-version-check"))
    if not ways:
        sys.exit("Neither pip nor uv is here. Install python3-pip or uv, and run it again.")
    return ways


def requirements(needs: set[str]) -> list[str]:
    """The project itself with its extras, editable, and what the dependency groups list."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
    extras = sorted(needs & set(project["project"]["optional-dependencies"]))
    wanted = ["--editable", f".[{','.join(extras)}]" if extras else "."]
    for group in sorted(needs - set(extras)):
        wanted += project["dependency-groups"][group]
    return wanted


def install(home: Path, needs: set[str], pins: tuple[str, ...] = ()) -> bool:
    """Install what is not there yet. A stamp makes the second time instant."""
    recipe = (ROOT / "pyproject.toml").read_bytes() + f"{sys.version} {ROOT} {pins}".encode()
    key = hashlib.sha256(recipe).hexdigest()
    stamp = home / "sesguard-dev.stamp"
    there = stamp.read_text(encoding="utf-8").split() if stamp.exists() else []
    fresh, have = there[:1] == [key], set(there[1:])
    if fresh and needs <= have:
        return True
    print(f"Installing for {', '.join(sorted(needs)) or 'use'}: a minute, once", flush=True)
    wanted = [*requirements(needs), *pins]
    for way in installers(home):
        if subprocess.run([*way, *wanted], cwd=ROOT, check=False).returncode == 0:
            there = sorted(needs | have if fresh else needs)
            stamp.write_text(" ".join([key, *there]), encoding="utf-8")
            return True
    return False


def main(arguments: list[str]) -> int:
    """Run all parts of a command; answer the exit status of the first that fails."""
    name, *rest = arguments or [""]
    if name not in COMMANDS:
        print(f"Say one of: {', '.join(COMMANDS)}. For example: python3 dev.py test")
        return 2
    command = COMMANDS[name]
    home = ROOT / f".venv-{name}-{VERSION}" if command.pins else home_for(VERSION)
    if not python_of(home).exists():
        make(home)
    if not install(home, set(command.needs), command.pins):
        if not command.optional or not install(home, set()):
            sys.exit(f"Not everything could be installed (see above). Try again: make {name}")
        print("Some packages could not be installed: the rows that need them will say so.")
    python = python_of(home)
    path = f"{python.parent}{os.pathsep}{os.environ.get('PATH', '')}"
    failed = 0
    for run in command.runs:
        status = subprocess.call([python, *run, *rest], cwd=ROOT, env={**os.environ, "PATH": path})
        failed = failed or status
    return failed


if __name__ == "__main__":
    try:
        sys.exit(main(sys.argv[1:]))
    except KeyboardInterrupt:
        sys.exit(130)
