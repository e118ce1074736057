"""The figures of a worker, and the file that tells whether it is alive."""

from __future__ import annotations

import json
import logging
import os
import threading
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from sesguard import Worker, errors, events
from sesguard._worker.ledger import WorkerTally
from sesguard._worker.pulse import Pulse
from sesguard.stores import MemoryStore
from sesguard.worker import WorkerFigures
from tests.test_worker import LONG, InThread, Moody, Watched, bounced, stopping


def read(path: Path) -> Any:
    return json.loads(path.read_text(encoding="utf-8"))


def pulse(path: Path | None) -> Pulse:
    return Pulse(path, WorkerTally, lambda: (2, 1.5))


def test_the_file_tells_the_figures(tmp_path: Path) -> None:
    """As JSON, whole, with the time and the process; nothing else is left in the folder."""
    path = tmp_path / "health.json"
    before = datetime.now(UTC)
    one = pulse(path)
    one.beat("waiting", "The disk is full.")
    told = read(path)
    assert told["state"] == "waiting"
    assert told["trouble"] == "The disk is full."
    assert (told["in_hand"], told["oldest"], told["pid"]) == (2, 1.5, os.getpid())
    assert told["tally"]["received"] == 0
    assert before <= datetime.fromisoformat(told["at"]) <= datetime.now(UTC)
    assert [file.name for file in tmp_path.iterdir()] == ["health.json"]


def test_the_same_is_not_written_again_within_a_second(tmp_path: Path) -> None:
    """Another state is, at once."""
    path = tmp_path / "health.json"
    one = pulse(path)
    one.beat("working")
    first = read(path)
    one.beat("working")
    assert read(path) == first
    one.beat("receiving")
    assert read(path)["state"] == "receiving"


def test_a_file_that_cannot_be_written_is_refused_at_the_start(tmp_path: Path) -> None:
    """A name that is wrong would otherwise look like a worker that hangs."""
    source = Watched(bounced("a"))
    worker = Worker(source, store=MemoryStore(), health_file=tmp_path / "no" / "health.json")
    with pytest.raises(errors.ConfigurationError, match="health_file=") as caught:
        worker.drain()
    assert isinstance(caught.value.original, FileNotFoundError)
    assert source.asked == []
    assert worker.figures() == WorkerFigures()


def test_a_file_that_cannot_be_written_later_is_said_once(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    """The feedback is worth more; and what was written goes stale, which tells by itself."""
    folder = tmp_path / "folder"
    folder.mkdir()
    one = pulse(folder / "health.json")
    (folder / "health.json").unlink()
    folder.rmdir()
    caplog.set_level(logging.WARNING)
    one.beat("working")
    one.beat("receiving")
    assert caplog.messages == ["The health file cannot be written: FileNotFoundError"]
    folder.mkdir()
    one.beat("working")
    assert read(folder / "health.json")["state"] == "working"


def test_a_thread_does_not_wait_for_another_that_writes(tmp_path: Path) -> None:
    """It would write the same."""
    one = pulse(tmp_path / "health.json")
    first = read(tmp_path / "health.json")
    with one._writing:  # pyright: ignore[reportPrivateUsage]  another thread, at its slowest
        one.beat("working")
    assert read(tmp_path / "health.json") == first
    assert one.figures().state == "working"


def test_the_file_gets_stale_while_a_handler_hangs(tmp_path: Path) -> None:
    """Its time stands still, however long messages are kept hidden meanwhile."""
    path = tmp_path / "health.json"
    extended = threading.Semaphore(0)
    source = Watched(bounced("a"))
    source.before["extend"] = extended.release
    worker = Worker(source, store=MemoryStore(), visibility=0.03, health_file=path)
    seen: list[Any] = []

    @worker.on(events.Bounce)
    def hang(event: events.Bounce) -> None:
        for _ in range(3):
            assert extended.acquire(timeout=LONG)
            seen.append(read(path))

    worker.drain()
    assert len(seen) == 3
    assert seen[0] == seen[1] == seen[2]
    assert seen[0]["state"] == "working"
    assert read(path)["state"] == "stopped"
    assert read(path)["at"] > seen[0]["at"]
    assert read(path)["tally"]["deleted"] == 1


def test_figures_tell_what_a_worker_is_at() -> None:
    """Before, while a handler runs, in trouble, and after."""
    source, store = Watched(bounced("a")), Moody()
    worker = Worker(source, store=store)
    assert worker.figures() == WorkerFigures()
    seen: list[WorkerFigures] = []
    worker.on(events.Bounce)(lambda event: seen.append(worker.figures()))
    worker.on(events.Bounce)(stopping(worker))
    worker.run()
    (during,) = seen
    assert (during.state, during.in_hand, during.trouble) == ("working", 1, None)
    assert during.tally == WorkerTally(received=1, applied=1)
    after = worker.figures()
    assert (after.state, after.in_hand) == ("stopped", 0)
    assert after.tally == WorkerTally(received=1, applied=1, deleted=1)
    assert after.started_at is not None
    assert after.at is not None
    assert after.started_at <= after.at


def test_figures_tell_the_trouble() -> None:
    """In a sentence of ours, as long as it lasts."""
    source, store = Watched(bounced("a")), Moody(failures=1000, retry_after=3600)
    worker = Worker(source, store=store)
    running = InThread(worker)
    for _ in range(100_000):
        if worker.figures().state == "waiting":
            break
    figures = worker.figures()
    assert figures.trouble == "The disk is full. Make room."
    assert figures.in_hand == 1
    worker.stop()
    running.ended()
    assert worker.figures().trouble is None
