"""An SMTP server: how it is reached over TCP and TLS, and the errors where it is not."""

from __future__ import annotations

import socket
import ssl
from dataclasses import dataclass, field

from sesguard._core.endpoints import TLSMode
from sesguard._core.replies import Phase, from_smtp
from sesguard.errors import (
    OutcomeUnknownError,
    SendError,
    ServiceUnavailableError,
    TransportSecurityError,
)

__all__ = ["SMTPServer"]

_ENDED = (ssl.SSLEOFError, ssl.SSLZeroReturnError)
"""What OpenSSL calls a connection that the other side closed; which one depends on the Python."""


@dataclass(frozen=True, slots=True, kw_only=True)
class SMTPServer:
    """
    Where to connect, and as whom.

    Attributes:
        region: For errors to name; None where the host is not SES's.

        connect_timeout: Seconds for the TCP connection, and again for the TLS handshake.

        timeout: Seconds for each wait on the socket after that.
    """

    host: str
    port: int
    tls: TLSMode
    region: str | None
    username: str = field(repr=False)
    password: str = field(repr=False)
    connect_timeout: float
    timeout: float

    def dial(self) -> socket.socket:
        """
        Open the TCP connection.

        Raises:
            ServiceUnavailableError: No such host, nobody there, or no answer in time.
        """
        try:
            sock = socket.create_connection((self.host, self.port), self.connect_timeout)
        except OSError as exc:
            raise self.error(
                ServiceUnavailableError,
                f"{self.host} port {self.port} could not be reached ({type(exc).__name__}). "
                "Nothing was sent; it is safe to try again. Should it stay so, check the host "
                "name, and whether the network lets this port through.",
                original=exc,
            ) from None
        # The end of a long body must not wait until the part before it is acknowledged.
        sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        return sock

    def secure(
        self, sock: socket.socket, context: ssl.SSLContext, *, phase: Phase
    ) -> ssl.SSLSocket:
        """
        Set up TLS. The socket is closed where that fails.

        Raises:
            TransportSecurityError: The certificate is not the server's, or no TLS is spoken.

            ServiceUnavailableError: The connection was lost meanwhile.
        """
        sock.settimeout(self.connect_timeout)
        try:
            secured = context.wrap_socket(sock, server_hostname=self.host)
        except ssl.SSLCertVerificationError as exc:
            raise self.error(
                TransportSecurityError,
                f"The certificate of {self.host} is not good: {exc.verify_message}. Nothing was "
                "sent. Check the host name and this machine's certificate authorities.",
                original=exc,
            ) from None
        except OSError as exc:
            if isinstance(exc, ssl.SSLError) and not isinstance(exc, _ENDED):
                raise self.error(
                    TransportSecurityError,
                    f"TLS with {self.host} could not be set up ({exc.reason}). Nothing was sent. "
                    f"Check that port {self.port} speaks tls={self.tls!r}: 465 and 2465 do so "
                    "from the first byte, 587 and 2587 after STARTTLS.",
                    original=exc,
                ) from None
            raise self.lost(phase, exc) from None
        secured.settimeout(self.timeout)
        return secured

    def refusal(self, phase: Phase, code: int, reply: bytes) -> SendError:
        """The error for an answer that is not the one hoped for."""
        error = from_smtp(code, reply, phase=phase)
        error.region = error.region or self.region
        return error

    def lost(self, phase: Phase, exc: Exception) -> SendError:
        """The error for a connection that ended, or fell silent, before an answer was complete."""
        silent = isinstance(exc, TimeoutError) or isinstance(exc.__context__, TimeoutError)
        what = f"{self.host} did not answer in time" if silent else f"{self.host} hung up"
        if phase == "body":
            return self.error(
                OutcomeUnknownError,
                f"{what} after the mail was handed over, so it may have been sent. It is not "
                "repeated for you: wait for its Send or Delivery event before you mail again.",
                original=exc,
            )
        return self.error(
            ServiceUnavailableError,
            f"{what} ({phase}) before the mail was handed over. It was not sent; it is safe to "
            "try again.",
            original=exc,
        )

    def error(
        self,
        kind: type[SendError],
        message: str,
        *,
        code: int | None = None,
        reply: str | None = None,
        original: Exception | None = None,
    ) -> SendError:
        """An error that says where it happened."""
        return kind(
            message,
            code=code,
            reply=reply,
            region=self.region,
            transport="smtp",
            original=original,
        )
