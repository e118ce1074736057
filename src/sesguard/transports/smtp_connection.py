"""One authenticated SMTP connection, which knows how far it got when it fails."""

from __future__ import annotations

import re
import smtplib
import socket
import ssl
from base64 import b64encode
from contextlib import suppress
from typing import Self

from sesguard._core.replies import Phase
from sesguard._core.smtp_envelope import SMTPEnvelope
from sesguard.addresses import AddressKey
from sesguard.errors import (
    AuthenticationError,
    OutcomeUnknownError,
    SendError,
    TransportSecurityError,
)
from sesguard.ports import Handover
from sesguard.transports.smtp_server import SMTPServer

__all__ = ["SMTPConnection"]

# An address literal: smtplib would ask the DNS for this machine's name, which can take seconds.
_US = "[127.0.0.1]"
# One write has one time-out, however long it is: 40 MB in one would need 1.3 MB a second.
_PIECE = 65_536
# "Ok 0100017f…-000000", also in the words of a relay.
_TAKEN = re.compile(r"(?:\d\.\d{1,3}\.\d{1,3} +)?ok:?[ \t]+(?:queued as +)?([!-~]+)", re.I)
_LEFT_TOO_LONG = re.compile(r"4\.4\.2|timeout waiting for data", re.I)


class SMTPConnection:
    """
    A connection that one thread uses at a time.

    Attributes:
        usable: The server owes no answer, and its last one did not end the connection.

        stale: `begin` found that a connection that had served before was dropped meanwhile.
            Nothing was taken, so another connection may be tried.

        sends: How often `begin` was called.

        opened_at: Monotonic seconds, for its owner.
    """

    def __init__(self, server: SMTPServer, sock: socket.socket, *, opened_at: float) -> None:
        self._server = server
        self._smtp = smtplib.SMTP(local_hostname=_US)
        self._talk_over(sock)
        self._reset_is_due = False
        self.usable: bool = False
        self.stale: bool = False
        self.sends: int = 0
        self.opened_at = opened_at

    @classmethod
    def opened(cls, server: SMTPServer, context: ssl.SSLContext, *, opened_at: float) -> Self:
        """
        Connect, set up TLS, and log in.

        Raises:
            SendError: It did not come to that. The connection is closed; nothing was sent.
        """
        sock = server.dial()
        if server.tls == "implicit":
            sock = server.secure(sock, context, phase="connect")
        connection = cls(server, sock, opened_at=opened_at)
        try:
            connection._log_in(context)
        except BaseException:
            connection.abandon()
            raise
        return connection

    def begin(self, sender: str) -> None:
        """
        Say MAIL FROM, after a RSET where the mail before did not come to its end.

        The RSET goes out here and not at once, so that it holds up no verdict.
        """
        served, self.sends = self.sends > 0, self.sends + 1
        try:
            if self._reset_is_due:
                self._ask("mail", "RSET", 250)
                self._reset_is_due = False
            self._ask("mail", f"MAIL FROM:<{sender}>", 250)
        except SendError:
            self.usable = self.usable and not self._reset_is_due  # it refuses to be reset
            self.stale = served and not self.usable
            raise
        finally:
            self._reset_is_due = True

    def finish(
        self, envelope: SMTPEnvelope, handover: Handover
    ) -> tuple[str, dict[AddressKey, SendError]]:
        """
        Name the recipients and hand over the body.

        Returns:
            SES's message id, and the error of each recipient that was refused while others
            were taken.
        """
        refused = self._name(envelope.recipients)
        self._ask("data", "DATA", 354)
        self.usable = False
        handover()
        answer = self._hand_over(envelope.body)
        self._reset_is_due = False
        taken = _TAKEN.match(answer)
        if taken is None:
            raise self._server.error(
                OutcomeUnknownError,
                f"{self._server.host} took the mail and gave no message id, so nothing tells what "
                "became of it. Wait for its Send or Delivery event before you mail again.",
                code=250,
                reply=answer,
            )
        return taken[1], refused

    def close(self) -> None:
        """Say QUIT, a courtesy whose answer is not waited for, and close."""
        if self.usable:
            with suppress(smtplib.SMTPException, OSError):  # it may be gone already
                self._smtp.putcmd("QUIT")
        self.abandon()

    def abandon(self) -> None:
        """Close without a word: another process may own the connection, or it is mid-sentence."""
        self.usable = False
        self._smtp.close()

    def _talk_over(self, sock: socket.socket) -> None:
        self._sock, self._lines = sock, _Lines(sock)
        self._smtp.sock, self._smtp.file = self._sock, self._lines

    def _log_in(self, context: ssl.SSLContext) -> None:
        self._ask("connect", None, 220)
        capabilities = self._ask("ehlo", f"EHLO {_US}", 250)
        if self._server.tls == "starttls":
            self._start_tls(context, capabilities)
            self._ask("ehlo", f"EHLO {_US}", 250)
        identity = f"\0{self._server.username}\0{self._server.password}"
        self._ask("auth", f"AUTH PLAIN {b64encode(identity.encode()).decode()}", 235)

    def _start_tls(self, context: ssl.SSLContext, capabilities: str) -> None:
        if "STARTTLS" not in (line.strip().upper() for line in capabilities.splitlines()[1:]):
            raise self._server.error(
                TransportSecurityError,
                f"{self._server.host} offers no STARTTLS, and without it the password would go "
                "out in clear. Nothing was sent. Somebody in between may have taken the offer "
                "away: port 465 speaks TLS from the first byte.",
            )
        self._ask("starttls", "STARTTLS", 220)
        self._sock.setblocking(False)
        if self._lines.peek():
            raise self._server.error(
                TransportSecurityError,
                f"Behind the answer of {self._server.host} to STARTTLS came more in clear, which "
                "only somebody in between would put there. Nothing was sent.",
            )
        self._talk_over(self._server.secure(self._sock, context, phase="starttls"))

    def _name(self, recipients: tuple[tuple[AddressKey, str], ...]) -> dict[AddressKey, SendError]:
        refused: dict[AddressKey, SendError] = {}
        for key, path in recipients:
            try:
                self._ask("rcpt", f"RCPT TO:<{path}>", 250, 251)
            except SendError as error:
                if not self.usable:
                    raise
                refused[key] = error
        if len(refused) == len(recipients):
            raise _for_all(list(refused.values()))
        return refused

    def _hand_over(self, body: bytes) -> str:
        whole = True
        try:
            try:
                for start in range(0, len(body), _PIECE):
                    self._sock.sendall(body[start : start + _PIECE])
            except (ConnectionError, ssl.SSLError):
                whole = False  # the server may have said why before it hung up
            code, reply = self._smtp.getreply()
        except (smtplib.SMTPException, OSError) as exc:
            raise self._failure("body", exc) from None
        if code != 250 or not whole:
            raise self._refusal("body", code, reply)
        self.usable = True
        return _text_of(reply)

    def _ask(self, phase: Phase, command: str | None, *hoped_for: int) -> str:
        """Say *command*, if there is one, and read the answer. Any other code is raised."""
        self.usable = False
        try:
            code, reply = self._smtp.docmd(command) if command else self._smtp.getreply()
        except (smtplib.SMTPException, OSError) as exc:
            raise self._failure(phase, exc) from None
        if code not in hoped_for:
            raise self._refusal(phase, code, reply)
        self.usable = True
        return _text_of(reply)

    def _refusal(self, phase: Phase, code: int, reply: bytes) -> SendError:
        error = self._server.refusal(phase, code, reply)
        dropped = code == 451 and _LEFT_TOO_LONG.search(_text_of(reply)) is not None
        self.usable = (
            400 <= code <= 599
            and code not in (421, 503)  # it hangs up, or it and we are out of step
            and not dropped
            and not isinstance(error, AuthenticationError)
        )
        return error

    def _failure(self, phase: Phase, exc: Exception) -> SendError:
        if isinstance(exc, smtplib.SMTPResponseException):  # a line too long to be read
            reply = exc.smtp_error
            return self._server.refusal(
                phase, exc.smtp_code, reply if isinstance(reply, bytes) else reply.encode()
            )
        return self._server.lost(phase, exc)


class _Lines:
    """
    What a server says, line by line.

    smtplib takes the start of a line before a hang-up for a line, and would find half a message
    id in it. Here it is a hang-up.
    """

    def __init__(self, sock: socket.socket) -> None:
        self._file = sock.makefile("rb")

    def readline(self, limit: int) -> bytes:
        line = self._file.readline(limit)
        return line if line.endswith(b"\n") or len(line) == limit else b""

    def peek(self) -> bytes:
        """What has come in and was not read; of a socket that does not block, now."""
        return self._file.peek()

    def close(self) -> None:
        self._file.close()


def _text_of(reply: bytes) -> str:
    return reply.decode("utf-8", "replace")


def _for_all(refusals: list[SendError]) -> SendError:
    """
    The one error for a mail that no recipient was taken for.

    If any of them may be taken later then so may the mail, at the time of the slowest.
    """
    later = [error for error in refusals if error.retryable]
    return max(later, key=lambda error: error.retry_after or 0.0, default=refusals[0])
