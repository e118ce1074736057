"""A transport to a server on loopback, and a mail to send by it."""

from __future__ import annotations

import ssl
from typing import Protocol

from sesguard.clocks import SystemClock
from sesguard.mail import Email
from sesguard.ports import Clock
from sesguard.smtp import TLSMode
from sesguard.transports.smtp import SMTPTransport
from tests.peers.smtp import PASSWORD, USERNAME, trusting

__all__ = ["Handovers", "letter", "transport_to"]


class _Peer(Protocol):
    @property
    def port(self) -> int: ...
    @property
    def tls(self) -> TLSMode: ...


def transport_to(
    peer: _Peer,
    *,
    password: str = PASSWORD,
    tls: TLSMode | None = None,
    ssl_context: ssl.SSLContext | None = None,
    timeout: float = 5.0,
    connect_timeout: float | None = None,
    max_connections: int = 8,
    max_messages: int = 100,
    max_age: float = 60.0,
    max_idle: float = 60.0,
    clock: Clock | None = None,
) -> SMTPTransport:
    """A transport that logs in to *peer*."""
    return SMTPTransport(
        "127.0.0.1",
        peer.port,
        username=USERNAME,
        password=password,
        region_name="eu-west-1",
        tls=tls or peer.tls,
        ssl_context=ssl_context or trusting(),
        connect_timeout=connect_timeout or timeout,
        timeout=timeout,
        max_connections=max_connections,
        max_messages=max_messages,
        max_age=max_age,
        max_idle=max_idle,
        clock=clock or SystemClock(),
    )


def letter(
    *to: str, text: str = "Hello", bcc: tuple[str, ...] = (), return_path: str | None = None
) -> Email:
    """An e-mail, to Ann where nobody is named."""
    return Email(
        sender="Shop <shop@example.org>",
        to=to or "ann@example.org",
        bcc=bcc,
        subject="Your order",
        text=text,
        return_path=return_path,
    )


class Handovers:
    """A handover that counts how often it is called."""

    def __init__(self) -> None:
        self.count = 0

    def __call__(self) -> None:
        self.count += 1
