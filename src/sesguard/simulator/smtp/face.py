"""The simulated account over SMTP, on loopback."""

from __future__ import annotations

import ssl
from collections.abc import Generator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any

from sesguard._core.endpoints import TLSMode, smtp_host
from sesguard._core.replies import Phase
from sesguard._core.smtp_password import password_from_secret
from sesguard.errors import MissingExtraError
from sesguard.ports import Clock
from sesguard.simulator.service import Service
from sesguard.simulator.smtp.listening import HOST, listening
from sesguard.simulator.smtp.replies import DROP, Account, PhaseScript
from sesguard.transports.smtp import SMTPTransport

__all__ = ["SMTPFace", "serving"]

_ACCESS_KEY_ID = "AKIAIOSFODNN7EXAMPLE"
_SECRET = "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY"  # both are Amazon's own examples


@dataclass(frozen=True, slots=True, kw_only=True)
class SMTPFace:
    """
    Where the simulated account takes mail over SMTP, and as whom.

    Attributes:
        host: A loopback address.

        implicit_port: TLS from the first byte, as on SES's ports 465 and 2465.

        starttls_port: STARTTLS, which is required, as on 587 and 2587.

        username, password: What SES would take. The password is derived from *secret*.

        secret: The secret access key that belongs to the user name.

        region_name: The region whose account it is.

        ssl_context: A client's, which trusts the server's certificate and no other.

        ca_pem: The authority of that certificate, for programs that read a file of them: many
            take one by the environment variable ``SSL_CERT_FILE``.
    """

    host: str
    implicit_port: int
    starttls_port: int
    username: str
    password: str = field(repr=False)
    secret: str = field(repr=False)
    region_name: str
    ssl_context: ssl.SSLContext = field(repr=False)
    ca_pem: bytes = field(repr=False)
    _script: PhaseScript = field(repr=False)
    _clock: Clock = field(repr=False)

    def transport(
        self,
        *,
        tls: TLSMode = "implicit",
        max_connections: int = 8,
        max_messages: int = 100,
        timeout: float | timedelta = 30.0,
    ) -> SMTPTransport:
        """
        A transport to it, which has to be closed. Its connections age by the simulator's clock.

        Args:
            tls: Which of the two ports.

            max_connections, max_messages, timeout: As for `SMTPTransport`.
        """
        return SMTPTransport(
            self.host,
            self.implicit_port if tls == "implicit" else self.starttls_port,
            username=self.username,
            password=self.password,
            region_name=self.region_name,
            tls=tls,
            ssl_context=self.ssl_context,
            max_connections=max_connections,
            max_messages=max_messages,
            timeout=timeout,
            clock=self._clock,
        )

    def fail_next(self, times: int = 1, answer: str = DROP, *, phase: Phase) -> None:
        """
        Let the next answers at one step of the conversation be another one.

        What SES has against a mail it says after the final dot, and `Simulator.fail_next` is
        enough for that: ``"rate"``, ``"quota"``, ``"503"``, ``"answer lost"`` and the others hold
        for SMTP as well. What breaks the way to SES breaks the connection at that point.

        Args:
            times: How often.

            answer: A line such as ``"421 Too many concurrent SMTP connections"``, after which
                SES has not taken the mail; or ``"drop"``: the connection is closed.

            phase: The step: ``"connect"``, ``"ehlo"``, ``"starttls"``, ``"auth"``, ``"mail"``,
                ``"rcpt"``, ``"data"`` (the command), or ``"body"`` (after the final dot, where a
                drop leaves the mail taken and its answer lost).

        Raises:
            ConfigurationError: It is no answer, there is no such step, or nothing is to happen.
        """
        self._script.add(times, answer, phase)


@contextmanager
def serving(service: Service, region_name: str) -> Generator[SMTPFace, None, None]:
    """
    Serve a region of the simulated account.

    An exception that is no answer of SES's, from a test's own handler of feedback for one, breaks
    the connection, and is raised where the block is left.

    Raises:
        MissingExtraError: aiosmtpd or trustme is not installed.

        ConfigurationError: SES has no SMTP in that region.
    """
    try:
        from trustme import CA
    except ImportError:
        raise MissingExtraError("trustme", extra="demo") from None
    from sesguard.simulator.smtp.session import House, Talk

    smtp_host(region_name)
    password = password_from_secret(_SECRET, region_name)
    authority: Any = CA()  # not typed to the end
    here, there = (
        ssl.SSLContext(side) for side in (ssl.PROTOCOL_TLS_SERVER, ssl.PROTOCOL_TLS_CLIENT)
    )
    authority.issue_cert(HOST, "localhost").configure_cert(here)
    authority.configure_trust(there)
    house = House(
        account=Account(service, region_name),
        script=PhaseScript(),
        context=here,
        login=(_ACCESS_KEY_ID.encode(), password.encode()),
    )
    with listening(lambda tls, loop: Talk(house, tls, loop), here) as ports:
        yield SMTPFace(
            host=HOST,
            implicit_port=ports["implicit"],
            starttls_port=ports["starttls"],
            username=_ACCESS_KEY_ID,
            password=password,
            secret=_SECRET,
            region_name=region_name,
            ssl_context=there,
            ca_pem=authority.cert_pem.bytes(),
            _script=house.script,
            _clock=service.world.clock,
        )
    if house.wrong:
        raise house.wrong[0]
