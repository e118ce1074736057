"""A bar in the terminal for a long run of sends."""

from __future__ import annotations

import logging
import weakref
from collections.abc import Callable
from contextlib import suppress
from types import TracebackType
from typing import IO, TYPE_CHECKING, Final, Self

from sesguard.clocks import SystemClock
from sesguard.errors import ConfigurationError, MissingExtraError
from sesguard.outcomes import Sent, Suppressed, Unknown

try:
    from rich import progress as rich_progress
    from rich.console import Console
    from rich.errors import ConsoleError
    from rich.table import Column
    from rich.text import Text
except ImportError:
    raise MissingExtraError("rich", extra="rich") from None

if TYPE_CHECKING:
    from sesguard.outcomes import Outcome
    from sesguard.ports import Clock

__all__ = ["Progress", "progress"]

logger: logging.Logger = logging.getLogger("sesguard.observers")

_PAUSE: Final = 0.1
"""Seconds between two drawings."""

_GONE: Final = (OSError, ValueError, ConsoleError)
"""A terminal that hung up, a file that is closed, and a console that draws something else."""


class Progress:
    """
    Shows how far `send_many` is: done of total, sent, suppressed, failed, rate a second.

        with observers.progress(total=len(emails)) as progress:
            client.send_many(emails, on_outcome=progress)

    Without ``with`` it begins at the first outcome and ends at the last of *total*. It draws in
    the calling thread, ten times a second at most. It shows nothing where there is no terminal.
    If it cannot be drawn any more, the run goes on without it, and the log says so.

    Args:
        total: How many outcomes there will be; None where nobody knows.

        console: A `rich.console.Console` to draw on. Default: one on standard error. On a broken
            pipe rich's own ends the program, unless its ``on_broken_pipe`` is another.

        file: A text stream to draw on, in place of *console*.

        always: Without a terminal, write the last state once, at the end.

        clock: Where time comes from. A test brings its own.

    Raises:
        ConfigurationError: *total* is no number from 0, or both *console* and *file* are given.
    """

    def __init__(
        self,
        total: int | None = None,
        *,
        console: Console | None = None,
        file: IO[str] | None = None,
        always: bool = False,
        clock: Clock = SystemClock(),
    ) -> None:
        if total is not None and (type(total) is not int or total < 0):
            raise ConfigurationError("total= must be a number of e-mails from 0, or None.")
        if console is not None and file is not None:
            raise ConfigurationError("Give either console= or file=, not both.")
        if console is None:
            console = _Terminal(stderr=True) if file is None else _Terminal(file=file)
        self._total = total
        self._clock = clock
        self._done: int = 0
        self._sent: int = 0
        self._suppressed: int = 0
        self._unknown: int = 0
        self._within: bool = False
        self._drawn: float | None = None
        self._bar: rich_progress.Progress | None = None
        if always or console.is_terminal:
            self._bar = _bar(console, clock)
            self._task = self._bar.add_task("", total=total, said=self._said())
            # A cursor is hidden as long as a bar is drawn: it comes back whatever happens.
            self._restore = weakref.finalize(self, self._bar.stop)

    def __call__(self, outcome: Outcome, /) -> None:
        """Count one more outcome, and draw if it is time."""
        self._done += 1
        self._sent += isinstance(outcome, Sent)
        self._suppressed += isinstance(outcome, Suppressed)
        self._unknown += isinstance(outcome, Unknown)
        if self._bar is None:
            return
        self._begin(self._bar)
        self._draw(_PAUSE)
        if self._done == self._total and not self._within:
            self.close()

    def close(self) -> None:
        """Draw the last state, and leave the terminal as it was. A second time does nothing."""
        if self._drawn is not None:
            self._draw(0.0)
        if self._bar is not None:
            self._try(self._restore)
        self._bar = None

    def __enter__(self) -> Self:
        self._within = True
        if self._bar is not None:
            self._begin(self._bar)
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
        /,
    ) -> None:
        self.close()

    def _begin(self, bar: rich_progress.Progress) -> None:
        if self._drawn is None:
            self._drawn = self._clock.monotonic()
            self._try(bar.start)

    def _draw(self, pause: float) -> None:
        """Draw, unless that was less than *pause* seconds ago."""
        bar, now = self._bar, self._clock.monotonic()
        if bar is None or (self._drawn is not None and now - self._drawn < pause):
            return
        self._drawn = now
        bar.update(self._task, completed=self._done, said=self._said())
        self._try(bar.refresh)

    def _try(self, drawing: Callable[[], object]) -> None:
        """Draw, and where that cannot be any more, go on without: the run is what matters."""
        try:
            drawing()
        except _GONE as error:
            logger.warning(
                "The progress of a run cannot be shown any more (%s); the run goes on.",
                type(error).__name__,
            )
            self._bar = None
            with suppress(*_GONE):  # said already; this gives back what can be given back
                self._restore()

    def _said(self) -> str:
        failed = self._done - self._sent - self._suppressed - self._unknown
        said = f"sent {self._sent}, suppressed {self._suppressed}, failed {failed}"
        return f"{said}, unknown {self._unknown}" if self._unknown else said


def progress(
    total: int | None = None,
    *,
    console: Console | None = None,
    file: IO[str] | None = None,
    always: bool = False,
) -> Progress:
    """
    A `Progress`, which says what the arguments are: ``send_many(…, on_outcome=progress(100))``.

    Raises:
        ConfigurationError: *total* is no number from 0, or both *console* and *file* are given.

        MissingExtraError: The extra ``rich`` is not installed.
    """
    return Progress(total, console=console, file=file, always=always)


class _Terminal(Console):
    """A console that says that its pipe broke. rich's own ends the program, and with it a run."""

    def on_broken_pipe(self) -> None:
        raise BrokenPipeError


def _bar(console: Console, clock: Clock) -> rich_progress.Progress:
    return rich_progress.Progress(
        rich_progress.BarColumn(bar_width=20),  # gives way first where it is narrow
        rich_progress.MofNCompleteColumn(table_column=Column(no_wrap=True)),
        rich_progress.TextColumn("{task.fields[said]}", markup=False),
        _RateColumn(table_column=Column(no_wrap=True)),
        console=console,
        auto_refresh=False,  # no thread: all drawing is in the caller's
        get_time=clock.monotonic,
    )


class _RateColumn(rich_progress.ProgressColumn):
    """Outcomes a second, of the last half minute."""

    def render(self, task: rich_progress.Task) -> Text:
        rate = task.finished_speed or task.speed
        return Text("-/s" if rate is None else f"{rate:.0f}/s" if rate >= 10 else f"{rate:.1f}/s")
