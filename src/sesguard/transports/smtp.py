"""Sending through SES's SMTP interface."""

from __future__ import annotations

import os
import ssl
from datetime import timedelta
from types import TracebackType
from typing import Self

from sesguard._core.endpoints import TLSMode, tls_mode
from sesguard._core.smtp_envelope import envelope_of
from sesguard._core.smtp_password import password_from_secret
from sesguard._frozen import FrozenMapping
from sesguard.clocks import SystemClock
from sesguard.mail import Email
from sesguard.ports import Clock, Handover, Receipt
from sesguard.transports.smtp_connection import SMTPConnection
from sesguard.transports.smtp_options import (
    checked_context,
    checked_count,
    checked_host,
    checked_login,
    checked_region,
    checked_seconds,
)
from sesguard.transports.smtp_pool import SMTPLimits, SMTPPool
from sesguard.transports.smtp_server import SMTPServer

__all__ = ["SMTPTransport"]


class SMTPTransport:
    """
    A transport that hands mail to SES over SMTP, always in TLS with a verified certificate.

    Connections are opened when needed, kept, and shared by threads, one at a time. They are not
    used after a fork. Templates cannot be sent over SMTP.

    Args:
        host: The server; by default SES's in *region_name*.

        port: 465 or 2465 (TLS from the first byte), 587 or 2587 (STARTTLS, which is required).
            Any other needs *tls*, and 25 is refused.

        username: The SMTP user name: an IAM access key id that begins with ``AKIA``.

        password: The SMTP password. It is not the secret access key: see `from_iam_secret`.

        region_name: The region.

        tls: ``"implicit"`` or ``"starttls"``, for a port that SES does not use.

        ssl_context: What certificates are verified with, by default the system's authorities.
            One that does not verify is refused.

        max_connections: The most connections at once. More threads wait for their turn, for
            *timeout* at the most.

        max_messages: Mails on one connection before it is replaced.

        max_age: Seconds after which a connection is replaced. SES balances load by connection.

        max_idle: Seconds without use after which a connection is replaced. SES hangs up soon.

        connect_timeout: Seconds for the TCP connection, and again for the TLS handshake.

        timeout: Seconds for each wait for the server after that.

        clock: Measures the age of connections.

    Raises:
        ConfigurationError: An option that cannot work; the message says which.

    Source:
        SES Developer Guide, "Using the Amazon SES SMTP interface to send email".
    """

    def __init__(
        self,
        host: str | None = None,
        port: int = 465,
        *,
        username: str,
        password: str,
        region_name: str | None = None,
        tls: TLSMode | None = None,
        ssl_context: ssl.SSLContext | None = None,
        max_connections: int = 8,
        max_messages: int = 100,
        max_age: float | timedelta = 60.0,
        max_idle: float | timedelta = 5.0,
        connect_timeout: float | timedelta = 5.0,
        timeout: float | timedelta = 30.0,
        clock: Clock | None = None,
    ) -> None:
        host = checked_host(host, region_name)
        username, password = checked_login(host, username, password)
        self._server = SMTPServer(
            host=host,
            port=port,
            tls=tls_mode(port, tls),
            region=checked_region(host, region_name),
            username=username,
            password=password,
            connect_timeout=checked_seconds("connect_timeout", connect_timeout),
            timeout=checked_seconds("timeout", timeout),
        )
        self._context = None if ssl_context is None else checked_context(ssl_context)
        self._limits = SMTPLimits(
            max_connections=checked_count("max_connections", max_connections),
            max_messages=checked_count("max_messages", max_messages),
            max_age=checked_seconds("max_age", max_age),
            max_idle=checked_seconds("max_idle", max_idle),
            wait=self._server.timeout,
        )
        self._clock: Clock = SystemClock() if clock is None else clock
        self._pools: dict[int, SMTPPool] = {}  # by process id

    @classmethod
    def from_iam_secret(
        cls,
        access_key_id: str,
        secret_access_key: str,
        region_name: str,
        *,
        host: str | None = None,
        port: int = 465,
        tls: TLSMode | None = None,
        ssl_context: ssl.SSLContext | None = None,
        max_connections: int = 8,
        connect_timeout: float | timedelta = 5.0,
        timeout: float | timedelta = 30.0,
    ) -> Self:
        """
        Log in with the key of an IAM user, from which the SMTP password is derived.

        For the options that are not here, give `sesguard.smtp.password_from_secret` as *password*.

        Raises:
            ConfigurationError: Temporary credentials, or another option that cannot work.
        """
        return cls(
            host,
            port,
            username=access_key_id,
            password=password_from_secret(secret_access_key, region_name),
            region_name=region_name,
            tls=tls,
            ssl_context=ssl_context,
            max_connections=max_connections,
            connect_timeout=connect_timeout,
            timeout=timeout,
        )

    def submit(self, email: Email, handover: Handover, /) -> Receipt:
        """
        Hand over one e-mail.

        Raises:
            SendError: The leaf class that says how far it came. After the body was handed over
                and without an answer it is `OutcomeUnknownError`.

            EmailError: The e-mail cannot go over SMTP.
        """
        envelope = envelope_of(email)
        with self._pool().begun(envelope.sender) as connection:
            message_id, refused = connection.finish(envelope, handover)
        return Receipt(
            message_id=message_id,
            refused=FrozenMapping(
                {one.addr_spec: refused[one.key] for one in email.recipients if one.key in refused}
            ),
        )

    def close(self) -> None:
        """Close the connections, those in use when they are done. A later submit opens new ones."""
        pool = self._pools.pop(os.getpid(), None)
        if pool is not None:
            pool.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self.close()

    def __repr__(self) -> str:
        server = self._server
        return f"SMTPTransport(host={server.host!r}, port={server.port}, tls={server.tls!r})"

    def _pool(self) -> SMTPPool:
        """This process's pool. Another's can only be a parent's, which goes on using it."""
        mine = os.getpid()
        pool = self._pools.get(mine)
        if pool is None:
            for process in list(self._pools):
                if process != mine and (inherited := self._pools.pop(process, None)):
                    inherited.abandon()
            # setdefault, since two threads may come here at once, and a lock may not survive a fork
            pool = SMTPPool(self._server, self._connect, self._limits, self._clock)
            pool = self._pools.setdefault(mine, pool)
        return pool

    def _connect(self) -> SMTPConnection:
        if self._context is None:
            self._context = ssl.create_default_context()
        now = self._clock.monotonic()
        return SMTPConnection.opened(self._server, self._context, opened_at=now)
