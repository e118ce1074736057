"""Where an exception came from: its classes and its frames, read without importing a library."""

from __future__ import annotations

from collections.abc import Iterator
from types import FrameType

__all__ = ["class_names", "frames", "module_of"]


def class_names(error: BaseException) -> frozenset[str]:
    """
    The dotted names of an exception's class and of the classes above it.

    Compared by name, so that neither botocore nor smtplib nor ssl is loaded to say what an
    exception is not.
    """
    return frozenset(f"{kind.__module__}.{kind.__qualname__}" for kind in type(error).__mro__)


def frames(error: BaseException) -> Iterator[FrameType]:
    """The frames that an exception passed, from where it was caught down to where it was raised."""
    trace = error.__traceback__
    while trace is not None:
        yield trace.tb_frame
        trace = trace.tb_next


def module_of(frame: FrameType) -> str:
    """The module whose code a frame runs."""
    return str(frame.f_globals.get("__name__", ""))
