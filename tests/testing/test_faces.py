"""The faces of stores, limiters and testing, which load what is asked for and no more."""

from __future__ import annotations

import importlib
import subprocess
import sys

import pytest

FACES = ["sesguard.stores", "sesguard.limiters", "sesguard.testing"]


@pytest.mark.parametrize("face", FACES)
def test_a_face_names_what_it_has(face: str) -> None:
    """Each public name is listed and there, and another is an error that names the module."""
    module = importlib.import_module(face)
    assert dir(module) == sorted(module.__all__)
    for name in module.__all__:
        assert getattr(module, name).__name__ == name
    with pytest.raises(AttributeError, match=f"{face}.*'nothing'"):
        module.nothing  # noqa: B018  # the asking is what is tested


@pytest.mark.parametrize(
    ("statement", "heavy"),
    [
        ("import sesguard.stores, sesguard.limiters, sesguard.testing", "sqlite3 pytest logging"),
        ("from sesguard.stores import MemoryStore", "sqlite3 asyncio email_validator"),
        ("from sesguard.limiters import MemoryLimiter", "sqlite3 asyncio email_validator"),
        ("from sesguard.stores import SQLiteStore", "asyncio email_validator boto3 pytest"),
    ],
)
def test_nothing_is_loaded_for_nothing(statement: str, heavy: str) -> None:
    """A store in memory does not load SQLite, and no store loads pytest."""
    check = f"import sys; {statement}; print(*sorted({set(heavy.split())!r} & set(sys.modules)))"
    run = subprocess.run([sys.executable, "-c", check], capture_output=True, text=True, timeout=60)
    assert (run.stdout.strip(), run.stderr) == ("", "")
