"""One conversation over SMTP, in SES's words: what aiosmtpd says in others is replaced."""

from __future__ import annotations

import asyncio
import re
import ssl
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import AnyStr, NoReturn, cast

from sesguard._core.endpoints import TLSMode
from sesguard._core.replies import Phase
from sesguard.errors import MissingExtraError
from sesguard.simulator.smtp.replies import (
    DROP,
    Account,
    PhaseScript,
    wrong_recipient,
    wrong_sender,
)

try:
    from aiosmtpd.smtp import (
        SMTP,
        AuthResult,
        Envelope,
        Session,
        TLSSetupException,
    )
except ImportError:
    raise MissingExtraError("aiosmtpd", extra="demo") from None

__all__ = ["House", "Talk"]

_NAME = "email-smtp.amazonaws.com"
_GREETING = "ESMTP SimpleEmailService-simulated"
_PATH = re.compile(r"\w+:\s*<([^>]*)>")


@dataclass(frozen=True, slots=True)
class House:
    """
    What all conversations share.

    Attributes:
        wrong: Errors that are no answer of SES's, for whoever stops the server.
    """

    account: Account
    script: PhaseScript
    context: ssl.SSLContext
    login: tuple[bytes, bytes]
    wrong: list[Exception] = field(default_factory=list[Exception])


class Talk(SMTP):
    """
    A conversation.

    Args:
        house: What it is about.

        tls: Whether TLS is there already, or STARTTLS has to be said before all else.

    Source:
        SES Developer Guide, "Using the Amazon SES SMTP interface to send email", "Amazon SES
        SMTP issues"; RFC 5321, RFC 4954.
    """

    AuthLoginUsernameChallenge = "Username:"
    AuthLoginPasswordChallenge = "Password:"

    def __init__(self, house: House, tls: TLSMode, loop: asyncio.AbstractEventLoop) -> None:
        self._house = house
        starttls = tls == "starttls"
        super().__init__(
            _Hooks(),
            data_size_limit=None,  # that of SES, and its words, are the account's
            hostname=_NAME,
            ident=_GREETING,
            tls_context=house.context if starttls else None,
            require_starttls=starttls,
            auth_require_tls=False,  # aiosmtpd does not see the TLS that asyncio set up
            authenticator=self._judge,
            loop=loop,
        )

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        super().connection_made(transport)
        task = self._handler_coroutine
        assert task is not None
        # A client that goes away in the middle is nobody's fault.
        task.add_done_callback(lambda done: done.cancelled() or done.exception())

    async def handle_exception(self, error: Exception) -> str:
        """What is said where something went wrong that no answer of SES's tells."""
        if not isinstance(error, TLSSetupException):  # the client distrusts us, or hung up
            self._house.wrong.append(error)
        return "454 Temporary service failure"

    async def check_auth_needed(self, caller_method: str) -> bool:
        assert self.session is not None
        if self.session.authenticated:
            return False
        await self.push("530 Authentication required")
        return True

    async def push(self, status: AnyStr) -> None:
        await super().push(status)
        if status[:3] in ("421", b"421"):  # RFC 5321, 3.8: after that the server hangs up
            self._writer.close()

    async def _handle_client(self) -> None:
        if await self._spoiled("connect"):
            self._writer.close()
        else:
            await super()._handle_client()

    async def smtp_EHLO(self, hostname: str) -> None:
        if not await self._spoiled("ehlo"):
            await super().smtp_EHLO(hostname)

    async def smtp_STARTTLS(self, arg: str) -> None:
        if not await self._spoiled("starttls"):
            await super().smtp_STARTTLS(arg)

    async def smtp_AUTH(self, arg: str) -> None:
        if not await self._spoiled("auth"):
            await super().smtp_AUTH(arg)

    async def smtp_MAIL(self, arg: str | None) -> None:
        if not await self._spoiled("mail") and not await self._refused(arg, wrong_sender):
            await super().smtp_MAIL(arg)

    async def smtp_RCPT(self, arg: str | None) -> None:
        if not await self._spoiled("rcpt") and not await self._refused(arg, wrong_recipient):
            await super().smtp_RCPT(arg)

    async def smtp_DATA(self, arg: str) -> None:
        if not await self._spoiled("data"):
            await super().smtp_DATA(arg)

    async def take(self, envelope: Envelope) -> str:
        """Offer the mail to the account, and answer."""
        spoiled = self._house.script.next("body")
        if spoiled is not None and spoiled != DROP:
            return spoiled
        # In a thread, since whoever hears of the mail's fate may send another one at once.
        recipients = list(map(str, envelope.rcpt_tos))
        try:
            answer = await asyncio.to_thread(
                self._house.account.take,
                envelope.mail_from or "",
                recipients,
                envelope.original_content or b"",
            )
        except Exception as error:
            self._house.wrong.append(error)  # the mail may have been taken before
            answer = None
        if answer is None or spoiled == DROP:
            self._hang_up()
        return answer

    async def _spoiled(self, phase: Phase) -> bool:
        """Give the answer that was scripted, if there is one."""
        answer = self._house.script.next(phase)
        if answer == DROP:
            self._hang_up()
        if answer is not None:
            await self.push(answer)
        return answer is not None

    async def _refused(self, arg: str | None, judge: Callable[[str], str | None]) -> bool:
        """Refuse an address that SES cannot use. Syntax and order are judged elsewhere."""
        path = _PATH.match(arg or "")
        assert self.session is not None
        answer = judge(path[1]) if path and self.session.authenticated else None
        if answer is not None:
            await self.push(answer)
        return answer is not None

    def _hang_up(self) -> NoReturn:
        """In the middle of it all, without a word."""
        cast("asyncio.WriteTransport", self.transport).abort()
        raise asyncio.CancelledError  # as when the client does so

    def _create_session(self) -> Session:
        return _Session(self.loop)

    def _judge(
        self, server: SMTP, session: Session, envelope: Envelope, mechanism: str, data: object
    ) -> AuthResult:
        if data == self._house.login:
            return AuthResult(success=True, message="235 Authentication successful.")
        wrong = "535 Authentication Credentials Invalid"
        return AuthResult(success=False, handled=False, message=wrong)


class _Session(Session):
    """aiosmtpd warns in its log of an attribute that it sets itself: here nobody reads it."""

    @property
    def login_data(self) -> None:
        return None

    @login_data.setter
    def login_data(self, value: object) -> None:
        pass


class _Hooks:
    """What aiosmtpd asks for the answers that SES words otherwise."""

    async def handle_EHLO(
        self, server: Talk, session: Session, envelope: Envelope, name: str, usual: list[str]
    ) -> list[str]:
        """No SIZE, no PIPELINING, no SMTPUTF8: SES offers none of them."""
        session.host_name = name
        starttls = ["250-STARTTLS"] if "250-STARTTLS" in usual else []
        return [f"250-{_NAME}", "250-8BITMIME", *starttls, "250-AUTH PLAIN LOGIN", "250 Ok"]

    async def handle_HELO(
        self, server: Talk, session: Session, envelope: Envelope, name: str
    ) -> str:
        session.host_name = name
        return f"250 {_NAME}"

    async def handle_MAIL(
        self, server: Talk, session: Session, envelope: Envelope, path: str, options: list[str]
    ) -> str:
        envelope.mail_from = path
        return "250 Ok"

    async def handle_RCPT(
        self, server: Talk, session: Session, envelope: Envelope, path: str, options: list[str]
    ) -> str:
        envelope.rcpt_tos.append(path)
        return "250 Ok"

    async def handle_RSET(self, server: Talk, session: Session, envelope: Envelope) -> str:
        return "250 Ok"

    async def handle_NOOP(
        self, server: Talk, session: Session, envelope: Envelope, arg: str
    ) -> str:
        return "250 Ok"

    async def handle_DATA(self, server: Talk, session: Session, envelope: Envelope) -> str:
        return await server.take(envelope)
