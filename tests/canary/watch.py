"""Words that must never be shown, and a watch that looks at all that is."""

from __future__ import annotations

import contextlib
import copy
import dataclasses
import inspect
import io
import logging
import pickle
import sys
import traceback
import warnings
from base64 import b64encode
from collections.abc import Callable, Generator, Iterator, Mapping
from enum import Enum
from types import CodeType, FrameType
from typing import ParamSpec, TypeVar, cast

from sesguard.errors import SESGuardError
from tests.peers.smtp import PASSWORD

__all__ = ["CANARIES", "Watch", "canaries_in"]

P = ParamSpec("P")
T = TypeVar("T")

CANARIES = {
    "local part": "cnrylocal7f3a9",
    "domain": "cnrydomain2b8d1",
    "display name": "Cnryname5e0c4",
    "subject": "cnrysubject91d7e",
    "text": "cnrytext3c6f0",
    "html": "cnryhtml8a2b5",
    "file name": "cnryfile4d9e1",
    "file content": "cnrycontent6b7c2",
    "header value": "cnryheader0f5a8",
    "template data": "cnrydata1e4d7",
    "detail": "cnrydetail9c3b6",
    "AWS secret": "cnrysecret2a8f5",
    "session token": "cnrysession7d1e0",
    "wrong SMTP password": "cnrypassword5b4c9",
    "SMTP password": PASSWORD,
    "SNS token": "cnrytoken8e6a3",
    "foreign words": "cnryforeign0d2f7",
}
"""What must not be shown, by a word of it that stands nowhere else."""


def _encoded(word: str) -> Iterator[str]:
    """What of a word shows in base64, wherever in the text it stands."""
    for before in range(3):
        text = b64encode(b"\0" * before + word.encode()).decode().rstrip("=")
        yield text[(0, 2, 3)[before] : -1]


_PLAIN = {word.lower(): what for what, word in CANARIES.items()}
_ENCODED = {text: what for what, word in CANARIES.items() for text in _encoded(word)}


def canaries_in(text: str) -> set[str]:
    """What of `CANARIES` a text gives away, in whichever case or in base64."""
    folded, base64 = text.lower(), text.translate({ord("-"): "+", ord("_"): "/"})
    found = {what for word, what in _PLAIN.items() if word in folded}
    return found | {what for word, what in _ENCODED.items() if word in base64}


_WATCHED = ("sesguard", "asyncio", "concurrent")
"""
Loggers, and those below them. botocore's and urllib3's show whole requests at DEBUG, which
`SESTransport` warns of.
"""


class Watch(logging.Handler):
    """
    Looks at what a run of the library shows, and keeps what it should not have shown.

    Plain strings, numbers and bytes that are answered are the data that was asked for, and so are
    the keys of plain dicts. Whatever else is answered is looked at, and so is what it holds.

    Attributes:
        findings: Where, how, and what of `CANARIES`.

        calls: How often something public was called.

        texts: What was looked at.

        kinds: The classes of all values and errors.

        reached: The code that ran.
    """

    def __init__(self, where: str) -> None:
        super().__init__(logging.DEBUG)
        self.where = where
        self.findings: list[str] = []
        self.calls = 0
        self.texts: set[str] = set()
        self.kinds: set[type] = set()
        self.reached: set[CodeType] = set()
        self._seen: dict[int, object] = {}
        self._names: dict[type, list[str]] = {}

    def text(self, text: str, how: str) -> None:
        """Look at a text that is shown."""
        if text in self.texts:
            return
        self.texts.add(text)
        for what in sorted(canaries_in(text)):
            self.findings.append(f"{self.where}: {how} shows {what}: {text[-300:]!r}")

    def value(self, value: object) -> None:
        """Look at a value, and at all that it holds."""
        if value is None or isinstance(value, str | bytes | int | float):
            self.kinds.add(type(value))
            return
        if id(value) in self._seen:
            return
        self._seen[id(value)] = value  # kept, so that no other comes by its number
        self.kinds.add(type(value))
        if isinstance(value, BaseException):
            self.error(value)
        elif type(value) in (tuple, list, set, frozenset):
            for one in cast("list[object]", value):
                self.value(one)
        elif type(value) is dict:
            for one in cast("dict[object, object]", value).values():
                self.value(one)
        else:
            self._shown(value)
            self._held(value)

    def error(self, error: BaseException) -> None:
        """Look at an error: alone, out of a task queue, and in a traceback, under others."""
        self.kinds.add(type(error))
        self._shown(error)
        if isinstance(error, SESGuardError):
            self._shown(pickle.loads(pickle.dumps(error)))
            self._shown(copy.copy(error))
        under = LookupError("while it was handled")
        under.__context__ = error
        group = ExceptionGroup("several", [under])
        self.text("".join(traceback.format_exception(group)), f"a traceback of {_name(error)}")
        held = {name: value for name, value in vars(error).items() if name != "original"}
        self.value(held)

    def ask(self, function: Callable[P, T], /, *args: P.args, **kwargs: P.kwargs) -> T | None:
        """
        Call something public, and look at what it answers, or raises.

        It may raise errors of ours alone: those of others show what they please.
        """
        self.calls += 1
        try:
            answer = function(*args, **kwargs)
        except SESGuardError as error:
            self.value(error)
            return None
        except Exception as error:
            self.findings.append(f"{self.where}: it raised {error!r}")
            return None
        self.value(answer)
        return answer

    def emit(self, record: logging.LogRecord) -> None:
        """Look at what is logged."""
        how = f"the log {record.name}"
        self.text(self.format(record), how)
        self.text(repr(record.args), how)
        for argument in record.args if isinstance(record.args, tuple) else ():
            self.value(argument)

    @contextlib.contextmanager
    def watching(self) -> Generator[None]:
        """Look at logs, warnings and what is printed, and note which code runs."""

        def profile(frame: FrameType, event: str, argument: object) -> None:
            if event == "call":
                self.reached.add(frame.f_code)

        loggers = {logger: logger.level for logger in map(logging.getLogger, _WATCHED)}
        printed = io.StringIO()
        with (
            warnings.catch_warnings(record=True) as warned,
            contextlib.redirect_stdout(printed),
            contextlib.redirect_stderr(printed),
        ):
            warnings.simplefilter("always")
            for logger in loggers:
                logger.addHandler(self)
                logger.setLevel(logging.DEBUG)
            previous = sys.getprofile()
            sys.setprofile(profile)
            try:
                yield
            finally:
                sys.setprofile(previous)
                for logger, level in loggers.items():
                    logger.removeHandler(self)
                    logger.setLevel(level)
        for warning in warned:
            self.text(str(warning), "a warning")
        self.text(printed.getvalue(), "what is printed")

    def _shown(self, value: object) -> None:
        name = _name(value)
        self.text(repr(value), f"the repr of {name}")
        self.text(str(value), f"the str of {name}")
        self.text(f"{value}", f"the format of {name}")
        self.text(repr([value, {"it": value}]), f"the repr of a list that holds {name}")

    def _held(self, value: object) -> None:
        if isinstance(value, Mapping):
            for one in cast("Mapping[object, object]", value).values():
                self.value(one)
        kind = type(value)
        names = self._names.get(kind) or self._names.setdefault(kind, _attributes(kind))
        for name in names:
            self.value(getattr(value, name))


def _attributes(kind: type) -> list[str]:
    """The public attributes of values of a class."""
    names = [one.name for one in dataclasses.fields(kind)] if dataclasses.is_dataclass(kind) else []
    if kind.__module__.startswith("sesguard") and not issubclass(kind, Enum):
        names += [name for name, _ in inspect.getmembers(kind, inspect.isdatadescriptor)]
    return [name for name in dict.fromkeys(names) if not name.startswith("_")]


def _name(value: object) -> str:
    return type(value).__qualname__
