"""Fixtures by which tests see the connections to SQLite files."""

from __future__ import annotations

import sqlite3
import sys
from collections.abc import Callable, Iterator

import pytest

_watchers: list[Callable[[sqlite3.Connection], None]] = []
_doormen: list[Callable[[], object]] = []


def _on_audit(event: str, arguments: tuple[object, ...]) -> None:
    if event == "sqlite3.connect":
        for doorman in _doormen:
            doorman()
    elif event == "sqlite3.connect/handle":
        (connection,) = arguments
        assert isinstance(connection, sqlite3.Connection)
        for watcher in _watchers:
            watcher(connection)


sys.addaudithook(_on_audit)


@pytest.fixture
def connections() -> Iterator[list[sqlite3.Connection]]:
    """The connections that were opened since, in order."""
    seen: list[sqlite3.Connection] = []
    _watchers.append(seen.append)
    yield seen
    _watchers.remove(seen.append)


@pytest.fixture
def traced(connections: list[sqlite3.Connection]) -> Callable[[], list[str]]:
    """Gives the statements that run from now on, on the connections that are open now."""

    def trace() -> list[str]:
        seen: list[str] = []
        for connection in connections:
            connection.set_trace_callback(seen.append)
        return seen

    return trace


@pytest.fixture
def before_opening() -> Iterator[list[Callable[[], object]]]:
    """What is to be done right before a file is opened. The test fills the list."""
    _doormen.clear()
    yield _doormen
    _doormen.clear()
