"""A bar for a long run, drawn on rich's console."""

from __future__ import annotations

import gc
import io
import logging
import sys
import threading
from contextlib import suppress
from typing import Any

import pytest
from rich.console import Console

from sesguard import errors, observers
from sesguard.outcomes import NotSent, Outcome, Rejected, SendResult, Sent, Suppressed, Unknown
from sesguard.simulator import Simulator
from sesguard.testing import ManualClock
from tests.observers.notices import mail

SENT = Sent(index=0, email=mail(), result=SendResult(message_id="0100017f-a"))
OTHERS: list[Outcome] = [
    Suppressed(index=1, email=mail(), error=errors.SuppressedError("Listed.", reasons={})),
    Rejected(index=2, email=mail(), error=errors.MessageRejectedError("No.")),
    NotSent(index=3, email=mail(), error=errors.ServiceUnavailableError("Down.")),
    Unknown(index=4, email=mail(), error=errors.OutcomeUnknownError("Lost.")),
]
SHOW, HIDE = "\x1b[?25h", "\x1b[?25l"


def terminal() -> tuple[Console, io.StringIO]:
    file = io.StringIO()
    return Console(file=file, force_terminal=True, width=120, color_system=None), file


def last(file: io.StringIO) -> str:
    """The bar as it was drawn last."""
    return file.getvalue().rpartition("\x1b[2K")[2].partition("\n")[0]


def test_it_says_how_far_a_run_is() -> None:
    """Done of total, sent, suppressed, failed, unknown, and the rate."""
    console, file = terminal()
    clock = ManualClock()
    with observers.Progress(total=1000, console=console, clock=clock) as progress:
        for _ in range(95):
            clock.advance(0.05)
            progress(SENT)
        for outcome in OTHERS:
            progress(outcome)
        clock.advance(0.25)
        progress(SENT)
    assert "100/1000 sent 96, suppressed 1, failed 2, unknown 1 20/s" in last(file)


def test_a_million_fits_eighty_columns() -> None:
    """Where it is narrow, the bar gives way and not the figures."""
    file = io.StringIO()
    console, clock = Console(file=file, width=80), ManualClock()
    with observers.Progress(1_000_000, console=console, always=True, clock=clock) as progress:
        for _ in range(11_111):
            progress(SENT)
            progress(OTHERS[3])
            clock.advance(0.001)
    said = "22222/1000000 sent 11111, suppressed 0, failed 0, unknown 11111 "
    assert said in file.getvalue()


def test_a_total_that_nobody_knows() -> None:
    """It counts without an end, and says neither failed nor unknown ones that are not there."""
    console, file = terminal()
    with observers.Progress(console=console) as progress:
        progress(SENT)
    assert "1/? sent 1, suppressed 0, failed 0" in last(file)
    assert "unknown" not in file.getvalue()


def test_a_run_of_send_many() -> None:
    """It takes outcomes as `send_many` gives them, and without a ``with`` ends at the last one."""
    console, file = terminal()
    emails = [mail(to=f"a{number}@example.org") for number in range(10)]
    client = Simulator(rate=1000).client(suppression=lambda address: address == "a3@example.org")
    tally = client.send_many(emails, on_outcome=observers.progress(total=10, console=console))
    assert tally.total == 10
    assert "10/10 sent 9, suppressed 1, failed 0" in last(file)
    assert file.getvalue().count(HIDE) == file.getvalue().count(SHOW) == 1


def test_it_draws_ten_times_a_second_at_most() -> None:
    """A million outcomes are not a million drawings."""
    console, file = terminal()
    clock = ManualClock()
    with observers.Progress(total=5000, console=console, clock=clock) as progress:
        for _ in range(5000):
            progress(SENT)
            clock.advance(0.001)
    assert 45 <= file.getvalue().count("/5000") <= 55


def test_no_thread_draws() -> None:
    """It draws where it is called, and nowhere else."""
    before = threading.active_count()
    with observers.Progress(total=2, console=terminal()[0]) as progress:
        progress(SENT)
        assert threading.active_count() == before


def test_without_a_terminal_it_is_quiet() -> None:
    """A file or a pipe gets nothing, unless it is asked for: then the last state, once."""
    quiet, asked = io.StringIO(), io.StringIO()
    with observers.Progress(total=2, file=quiet) as progress:
        progress(SENT)
    with observers.progress(total=2, file=asked, always=True) as progress:
        progress(SENT)
        progress(SENT)
        assert asked.getvalue() == ""
    assert quiet.getvalue() == ""
    assert "2/2" in asked.getvalue()
    assert asked.getvalue().count("sent ") == 1
    assert "\x1b" not in asked.getvalue()


def test_a_terminal_is_left_as_it_was() -> None:
    """The cursor and standard output come back after an error, and when nobody ended it."""
    output = sys.stdout, sys.stderr
    console, file = terminal()
    with suppress(LookupError), observers.Progress(console=console) as progress:
        progress(SENT)
        raise LookupError
    assert file.getvalue().endswith(SHOW)
    console, file = terminal()
    progress = observers.Progress(console=console)
    progress(SENT)
    assert sys.stdout is not output[0], "what is printed stands above the bar"
    del progress
    gc.collect()
    assert file.getvalue().endswith(SHOW)
    assert (sys.stdout, sys.stderr) == output


class HungUp(io.StringIO):
    """A terminal that is there until it is not."""

    def __init__(self, error: Exception) -> None:
        super().__init__()
        self.error: Exception | None = None
        self._to_come = error

    def isatty(self) -> bool:
        return True

    def hang_up(self) -> None:
        self.error = self._to_come

    def write(self, text: str, /) -> int:
        if self.error is not None:
            raise self.error
        return super().write(text)


@pytest.mark.parametrize("error", [BrokenPipeError(), OSError(5, "EIO"), ValueError("closed")])
def test_a_terminal_that_hangs_up_does_not_end_the_run(
    error: Exception, caplog: pytest.LogCaptureFixture
) -> None:
    """The run goes on without a bar, and the log says so, once."""
    file = HungUp(error)
    output = sys.stdout
    clock = ManualClock()
    with observers.Progress(total=10, file=file, clock=clock) as progress:
        progress(SENT)
        file.hang_up()
        for _ in range(9):
            clock.advance(1)
            progress(SENT)
    assert sys.stdout is output
    assert [one.name for one in caplog.records] == ["sesguard.observers"]
    assert type(error).__name__ in caplog.messages[0]
    assert caplog.records[0].levelno == logging.WARNING


def test_closing_twice_does_no_harm() -> None:
    """What was drawn stays, and an outcome after the end is not drawn."""
    console, file = terminal()
    progress = observers.Progress(total=1, console=console)
    progress(SENT)
    shown = file.getvalue()
    progress.close()
    progress(SENT)
    progress.close()
    assert file.getvalue() == shown


def test_a_run_that_never_began_draws_nothing() -> None:
    """Closed before its first outcome, there is no trace of it."""
    console, file = terminal()
    observers.Progress(total=1, console=console).close()
    assert file.getvalue() == ""


@pytest.mark.parametrize(
    "options",
    [
        {"total": -1},
        {"total": 1.5},
        {"total": True},
        {"total": "10"},
        {"console": Console(file=io.StringIO()), "file": io.StringIO()},
    ],
    ids=lambda options: ", ".join(options),
)
def test_what_cannot_be_is_refused(options: Any) -> None:
    """A total that is no count, and two places to draw on."""
    with pytest.raises(errors.ConfigurationError):
        observers.progress(**options)
