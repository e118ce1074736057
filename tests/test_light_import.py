"""To import the library costs little, and starts nothing."""

from __future__ import annotations

import subprocess
import sys

import pytest

HEAVY = ["asyncio", "boto3", "botocore", "email_validator", "smtplib", "sqlite3", "ssl"]
EXTRAS = [
    *("cryptography", "django", "flask", "opentelemetry", "prometheus_client", "redis", "rich"),
    *("sqlalchemy", "starlette"),
]

# Says which of the heavy packages are loaded, which threads run, and what was opened.
TELL = """
import sys
said = []
def hook(event, arguments):
    if event.startswith(("socket.", "subprocess.", "os.fork", "sqlite3.")):
        said.append(event)
sys.addaudithook(hook)
{statement}
import threading
loaded = [name for name in {names} if name in sys.modules]
print(*loaded, *said, *(thread.name for thread in threading.enumerate()))
"""


def told_by(statement: str) -> list[str]:
    """What a fresh interpreter has loaded and started after a statement, its main thread apart."""
    code = TELL.format(statement=statement, names=HEAVY + EXTRAS)
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    return [word for word in done.stdout.split() if word != "MainThread"]


@pytest.mark.parametrize(
    "statement",
    [
        "import sesguard",
        "import sesguard; dir(sesguard)",
        "from sesguard import errors, outcomes",
        "from sesguard import Email, Attachment, Template",
        "from sesguard import Client, SendResult, RetryPolicy, allow_if",
        "from sesguard import Suppression, Reason, SuppressionHook",
        "from sesguard import events, parse_event, parse_events, FeedbackPolicy",
        "from sesguard import metrics, replies",
        "from sesguard import mailcheck, mailed",
        "from sesguard import stores, limiters, transports, sources",
        "from sesguard import guards, infra, ledgers, observers, outboxes",
        "from sesguard import Outbox",
    ],
)
def test_an_import_loads_no_package_and_starts_nothing(statement: str) -> None:
    """Neither boto3 nor an extra is loaded; no thread runs, and no socket was made."""
    assert told_by(statement) == []


def test_a_memory_store_needs_no_database() -> None:
    """A name of a folder loads its own module, and not those beside it."""
    assert told_by("from sesguard.stores import MemoryStore; MemoryStore()") == []


def test_the_check_sees_what_it_looks_for() -> None:
    """The same question about heavier imports has another answer."""
    assert told_by("import sqlite3, ssl") == ["sqlite3", "ssl"]


def test_every_public_name_is_there() -> None:
    """``__all__`` and what can be loaded are the same, and an unknown name is an AttributeError."""
    import sesguard

    for name in sesguard.__all__:
        assert getattr(sesguard, name) is not None
    assert set(sesguard.__all__) <= set(dir(sesguard))
    unknown = "nothing_of_this_name"
    with pytest.raises(AttributeError, match=unknown):
        getattr(sesguard, unknown)
