"""An SMTP server on this machine that answers in SES's words, for the examples."""

from __future__ import annotations

import asyncio
import logging
import ssl
import threading
from collections.abc import Generator
from contextlib import contextmanager
from dataclasses import dataclass, field

import trustme
from aiosmtpd.smtp import SMTP, AuthResult, Envelope, LoginPassword, Session

from sesguard.smtp import password_from_secret
from sesguard.transports import SMTPTransport

__all__ = ["LoopbackSES", "serving"]

USERNAME = "AKIAIOSFODNN7EXAMPLE"
SECRET = "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY"
REGION = "eu-west-1"

RATE = "454 Throttling failure: Maximum sending rate exceeded."
QUOTA = "454 Throttling failure: Daily message quota exceeded."


@dataclass
class LoopbackSES:
    """
    Takes mail, or refuses it after the data, as SES does.

    Attributes:
        refusals: The next answers. Empty: mail is taken.

        taken: How many mails it took.
    """

    refusals: list[str] = field(default_factory=list[str])
    taken: int = 0

    async def handle_DATA(self, server: SMTP, session: Session, envelope: Envelope) -> str:
        if not session.authenticated:
            return "530 Authentication required"
        if self.refusals:
            return self.refusals.pop(0)
        self.taken += 1
        return f"250 Ok 0102019b00000000-example-{self.taken:06}"


def _log_in(
    server: SMTP, session: Session, envelope: Envelope, mechanism: str, data: object
) -> AuthResult:
    expected = password_from_secret(SECRET, REGION).encode()
    known = isinstance(data, LoginPassword) and data == LoginPassword(USERNAME.encode(), expected)
    return AuthResult(success=known)


@contextmanager
def serving() -> Generator[tuple[LoopbackSES, SMTPTransport]]:
    """The server, and a transport that is logged in to it over verified TLS."""
    authority = trustme.CA()
    server_side = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    authority.issue_cert("127.0.0.1").configure_cert(server_side)
    client_side = ssl.create_default_context()
    authority.configure_trust(client_side)
    ses = LoopbackSES()
    with _listening(ses, server_side) as port:
        transport = SMTPTransport.from_iam_secret(
            USERNAME,
            SECRET,
            REGION,
            host="127.0.0.1",
            port=port,
            tls="implicit",
            ssl_context=client_side,
        )
        with transport:
            yield ses, transport


@contextmanager
def _listening(ses: LoopbackSES, context: ssl.SSLContext) -> Generator[int]:
    """TLS from the first byte, as on port 465, on an event loop of its own."""
    loop = asyncio.new_event_loop()
    thread = threading.Thread(target=loop.run_forever, daemon=True)
    thread.start()

    sessions: list[SMTP] = []
    logging.getLogger("mail.log").setLevel(logging.ERROR)  # aiosmtpd warns of its own attributes

    def session() -> SMTP:
        # aiosmtpd does not see the TLS that asyncio set up, so it must not ask for its own.
        sessions.append(SMTP(ses, auth_require_tls=False, authenticator=_log_in, loop=loop))
        return sessions[-1]

    async def listen() -> asyncio.Server:
        return await loop.create_server(session, "127.0.0.1", 0, ssl=context)

    async def leave() -> None:
        server.close()
        for one in sessions:
            if one.transport is not None:
                one.transport.close()
        others = asyncio.all_tasks() - {asyncio.current_task()}
        for task in others:
            task.cancel()
        await asyncio.gather(*others, return_exceptions=True)

    server = asyncio.run_coroutine_threadsafe(listen(), loop).result(10)
    try:
        yield server.sockets[0].getsockname()[1]
    finally:
        asyncio.run_coroutine_threadsafe(leave(), loop).result(10)
        loop.call_soon_threadsafe(loop.stop)
        thread.join(10)
        loop.close()
