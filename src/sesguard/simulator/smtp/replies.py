"""SES's answers over SMTP, and what makes it give them."""

from __future__ import annotations

import threading
from collections import deque
from dataclasses import dataclass
from email.errors import MessageError
from email.headerregistry import Address
from typing import Any

from botocore.exceptions import BotoCoreError
from botocore.parsers import ResponseParserError

from sesguard._core.replies import Phase
from sesguard._mail.fields import MAX_BYTES
from sesguard.errors import ConfigurationError
from sesguard.simulator.refusals import Refusal
from sesguard.simulator.service import Service

__all__ = ["DROP", "Account", "PhaseScript", "wrong_recipient", "wrong_sender"]

DROP = "drop"

_PHASES: tuple[Phase, ...] = (
    "connect",
    "ehlo",
    "starttls",
    "auth",
    "mail",
    "rcpt",
    "data",
    "body",
)

_TEMPORARY = "454 Temporary service failure"
_BY_CODE = {
    "InternalFailure": _TEMPORARY,
    "ServiceUnavailable": _TEMPORARY,
    "Throttling": "454 Throttling failure: {}",
    "InvalidParameterValue": "554 Transaction failed: {}",
}
"""By the code of API v1, whose words and permissions SMTP shares."""


def _reply(refusal: Refusal) -> str:
    """
    Source:
        SES Developer Guide, "Amazon SES SMTP issues", response codes.
    """
    shape = _BY_CODE.get(refusal.code("ses"), "554 Message rejected: {}")
    words = shape.format(" ".join(refusal.message("ses").split()))
    return words.encode("ascii", "backslashreplace").decode("ascii")


def wrong_sender(path: str) -> str | None:
    """SES's answer to a MAIL FROM that it cannot use; None for one that it can."""
    if "@" not in path:
        return "501 Invalid MAIL FROM address provided"
    return None if _is_address(path) else f"553 <{path}> Invalid email address"


def wrong_recipient(path: str) -> str | None:
    """
    SES's answer to a RCPT TO that it cannot use; None for one that it can.

    One without a domain it takes here, and refuses the mail after the data.
    """
    if _is_address(path if "@" in path else f"{path}@x"):
        return None
    return f"553 <{path}> address unknown"


def _is_address(path: str) -> bool:
    try:
        Address(addr_spec=path)
    except (ValueError, IndexError, MessageError):  # what the standard library has for it
        return False
    return True


class PhaseScript:
    """What is to go wrong, step by step of a conversation."""

    def __init__(self) -> None:
        self._coming: dict[Phase, deque[str]] = {phase: deque() for phase in _PHASES}
        self._lock = threading.Lock()

    def add(self, times: int, answer: str, phase: Phase) -> None:
        """
        Let the next *times* answers at *phase* be another one.

        Raises:
            ConfigurationError: It is no answer, there is no such step, or nothing is to happen.
        """
        if phase not in self._coming:
            raise ConfigurationError(f"phase= is one of {', '.join(_PHASES)}.")
        if type(times) is not int or times < 1:
            raise ConfigurationError("times= is how often it happens: a whole number from 1.")
        if answer != DROP and not _is_refusal(answer):
            raise ConfigurationError(
                f'answer= is "{DROP}", or a line that refuses, such as '
                '"421 Too many concurrent SMTP connections": 4 or 5, two digits, and words.'
            )
        with self._lock:
            self._coming[phase].extend([answer] * times)

    def next(self, phase: Phase) -> str | None:
        """What happens now; None for what SES does."""
        with self._lock:
            return self._coming[phase].popleft() if self._coming[phase] else None


def _is_refusal(line: str) -> bool:
    code, _, words = line.partition(" ")
    return (
        len(code) == 3
        and code.isdecimal()
        and code[0] in "45"
        and bool(words)
        and line.isascii()
        and line.isprintable()
    )


@dataclass(frozen=True, slots=True)
class Account:
    """The region of the account that mail goes into."""

    service: Service
    region_name: str

    def take(self, sender: str, recipients: list[str], raw: bytes) -> str | None:
        """
        Offer a mail that came in whole.

        Args:
            sender: The path of MAIL FROM.

            recipients: Those of RCPT TO.

        Returns:
            The answer after the final dot. None: it is not given, for the connection breaks.
        """
        if len(raw) > MAX_BYTES:
            return "552 Message is too long."
        try:
            answer = self.service.call(
                "sesv2",
                "SendEmail",
                _parameters(sender, recipients, raw),
                self.region_name,
                counted_as="smtp",
            )
        except Refusal as refusal:
            return _reply(refusal)
        except (BotoCoreError, ResponseParserError, OSError):  # a broken way, by script
            return None
        return f"250 Ok {answer.get('MessageId', '')}".rstrip()


def _parameters(sender: str, recipients: list[str], raw: bytes) -> dict[str, Any]:
    """
    A mail as API v2 takes it, which has SMTP's limits. The From header tells the sender; the path
    of MAIL FROM is where feedback goes.
    """
    return {
        "Content": {"Raw": {"Data": raw}},
        "Destination": {"ToAddresses": recipients},
        "FeedbackForwardingEmailAddress": sender,
    }
