"""A mail in hand: begun right before its request, or called off, and never both."""

from __future__ import annotations

import threading

from sesguard.errors import SESGuardError
from sesguard.mail import Email
from sesguard.ports import OutboxEntry, OutboxStore

__all__ = ["Hold"]


class _NotBegunError(SESGuardError):
    """The mail is not this one's to send any more. Nothing was sent."""


class Hold:
    """
    The guard of one mail. It has the store told right before each request, and not sooner: a
    process that dies while the mail waits for the rate leaves no doubt behind.

    Attributes:
        entry: The mail.

        lost: The store says that the lease is gone, so that nothing was sent.
    """

    def __init__(self, store: OutboxStore, entry: OutboxEntry) -> None:
        self.entry: OutboxEntry = entry
        self.lost: bool = False
        self._store = store
        self._lock = threading.Lock()
        self._begun = False
        self._called_off = False
        self._ended = False

    @property
    def begun(self) -> bool:
        """Whether SES was asked, and did not say that it has not taken it."""
        return self._begun

    def call_off(self) -> bool:
        """
        Have no request made any more.

        Returns:
            True: what becomes of the mail is the caller's to record. False: a request is under
            way, or it has come to its end.
        """
        with self._lock:
            self._called_off = not (self._begun or self._ended)
            return self._called_off

    def end(self) -> bool:
        """It came to its end. False: it was called off before, and is the other one's to record."""
        with self._lock:
            self._ended = not self._called_off
            return self._ended

    def admit(self, email: Email, /) -> Email:
        """Whether it may be sent is for others to say."""
        return email

    def permit(self, email: Email, /) -> None:
        """
        Begin.

        Raises:
            SESGuardError: It was called off, its lease is lost, or the store failed.
        """
        with self._lock:
            if self._called_off:
                raise _NotBegunError("The outbox was stopped before SES was asked.")
            self._begun = True
        begun = False
        try:
            begun = self._store.begin(self.entry.receipt)
            self.lost = not begun
        finally:
            if not begun:
                self._let_go()
        if not begun:
            raise _NotBegunError(
                "The lease of this mail lapsed before SES was asked, and another process may have "
                "it now. Nothing was sent."
            )

    def learn(self, email: Email, error: SESGuardError | None, /) -> None:
        """What was certainly not taken may be called off again."""
        if error is not None and error.outcome != "unknown":
            self._let_go()

    def _let_go(self) -> None:
        with self._lock:
            self._begun = False
