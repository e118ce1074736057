"""
SMTP servers on loopback, with certificates of our own: one that misbehaves on request, and
aiosmtpd as an independent reader.

    with SMTPPeer({"body": [Fault.DROP]}) as peer:
        ...
        assert len(peer.messages) == 1
"""

from __future__ import annotations

import asyncio
import socket
import ssl
import struct
import threading
from base64 import b64decode
from collections import deque
from collections.abc import Callable, Generator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from enum import Enum, auto
from functools import cache, partial
from types import TracebackType
from typing import Literal, Self

import trustme
from aiosmtpd.smtp import SMTP, AuthResult, Envelope, LoginPassword, Session

__all__ = [
    "PASSWORD",
    "USERNAME",
    "AioSMTPPeer",
    "Answer",
    "Cut",
    "Drip",
    "Fault",
    "Message",
    "Port",
    "SMTPPeer",
    "authority",
    "deaf_port",
    "silent_port",
    "trusting",
]

USERNAME, PASSWORD = "AKIAIOSFODNN7EXAMPLE", "BLBM/9hSUELfq8Gw+rU1YcBjkOxGbhT2XG763xVLGWL9"

Stage = Literal[
    "accept", "connect", "ehlo", "starttls", "auth", "mail", "rcpt", "data", "early", "body", "rset"
]
"""``accept`` is before TLS; ``early`` is said in place of reading the body, before a hang-up."""


class Fault(Enum):
    """What a server can do in place of an answer."""

    DROP = auto()  # close
    RESET = auto()  # close with an RST
    SILENCE = auto()  # say nothing, until the other side hangs up


@dataclass(frozen=True)
class Drip:
    """An answer that comes a byte at a time, each in a packet of its own."""

    line: str
    pause: float


@dataclass(frozen=True)
class Cut:
    """The start of an answer, and a hang-up."""

    start: bytes


Answer = str | bytes | Fault | Drip | Cut | None
"""A ``str`` is a line, ``bytes`` go out as they are, ``None`` is the usual answer."""


@dataclass(frozen=True)
class Message:
    """A mail that came in whole, and that the server did not refuse."""

    sender: str
    recipients: tuple[str, ...]
    content: bytes = field(repr=False)


@cache
def authority() -> trustme.CA:
    """The authority of this test run. Making a key takes long enough to do it once."""
    return trustme.CA()


@cache
def _certificate(host: str) -> trustme.LeafCert:
    return authority().issue_cert(host)


def trusting(ca: trustme.CA | None = None) -> ssl.SSLContext:
    """A client's context that trusts one authority alone."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    (ca or authority()).configure_trust(context)
    return context


def _serving(certificate: trustme.LeafCert | None) -> ssl.SSLContext:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    (certificate or _certificate("127.0.0.1")).configure_cert(context)
    return context


class SMTPPeer:
    """
    A server that speaks as SES does, apart from what its script says.

    Args:
        script: For each stage, the answers to give, one each time the stage is reached, over all
            connections. After the last the server behaves.

        tls: How it sets up TLS.

        certificate: By default one for 127.0.0.1 from `authority`.

        capabilities: What it offers after EHLO; with ``starttls`` that too, before TLS.

    Attributes:
        messages: Mails that came in whole and were not refused. An answer that never left, or
            that nobody can read, counts as none: the mail may be on its way.

        commands: Every line that came in, with the number of its connection, from 1.

        bare: Lines in which a CR or LF stood alone.
    """

    def __init__(
        self,
        script: Mapping[Stage, Sequence[Answer]] | None = None,
        *,
        tls: Literal["implicit", "starttls"] = "implicit",
        certificate: trustme.LeafCert | None = None,
        capabilities: Sequence[str] = ("8BITMIME", "AUTH PLAIN LOGIN"),
    ) -> None:
        self.messages: list[Message] = []
        self.commands: list[tuple[int, str]] = []
        self.bare: list[bytes] = []
        self.connections = 0
        self.open_now = 0
        self.most_at_once = 0
        self.tls: Literal["implicit", "starttls"] = tls
        self._script = {stage: deque(answers) for stage, answers in (script or {}).items()}
        self._context = _serving(certificate)
        self._capabilities = tuple(capabilities)
        self._lock = threading.Lock()
        self._ended = threading.Condition(self._lock)
        self._talks: set[_Talk] = set()
        self._threads: list[threading.Thread] = []
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.port: int = self._listener.getsockname()[1]

    def script(self, stage: Stage, *answers: Answer) -> None:
        """Have these given next."""
        with self._lock:
            self._script.setdefault(stage, deque()).extend(answers)

    def verbs(self, connection: int | None = None) -> list[str]:
        """The first word of every command, on one connection or on all."""
        return [
            line.partition(" ")[0].upper()
            for number, line in list(self.commands)
            if connection in (None, number)
        ]

    def wait_for_open(self, connections: int) -> bool:
        """Wait until so many connections are open; False where it does not come to that."""
        with self._ended:
            return self._ended.wait_for(lambda: self.open_now == connections, 5)

    def __enter__(self) -> Self:
        self._start(self._accept)
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        with suppress(OSError):
            self._listener.shutdown(socket.SHUT_RDWR)  # wakes the thread that accepts
        self._listener.close()
        with self._lock:
            for talk in self._talks:
                with suppress(OSError):  # the plain way, which leaves what came in to be read
                    socket.socket.shutdown(talk.sock, socket.SHUT_RDWR)
        for thread in self._threads:
            thread.join(5)
            assert not thread.is_alive()

    def _start(self, target: Callable[[], None]) -> None:
        thread = threading.Thread(target=target, daemon=True)
        self._threads.append(thread)
        thread.start()

    def _accept(self) -> None:
        while True:
            try:
                sock, _ = self._listener.accept()
            except OSError:
                return
            self._start(partial(self._serve, sock))

    def _serve(self, sock: socket.socket) -> None:
        sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)  # or a last word may be lost
        with self._lock:
            self.connections += 1
            talk = _Talk(self, sock, self.connections)
            self.open_now += 1
            self.most_at_once = max(self.most_at_once, self.open_now)
            self._talks.add(talk)
        try:
            talk.run()
        except (OSError, EOFError):
            pass  # the client hung up, or the script did
        finally:
            with self._lock:
                self.open_now -= 1
                self._talks.discard(talk)
                self._ended.notify_all()
            talk.close()

    def next_answer(self, stage: Stage) -> Answer:
        """The script's answer for a stage that was reached."""
        with self._lock:
            answers = self._script.get(stage)
            return answers.popleft() if answers else None

    def capabilities(self, *, secured: bool) -> str:
        """The answer to EHLO."""
        offered = list(self._capabilities)
        if not secured:
            offered.append("STARTTLS")
        lines = ["email-smtp.amazonaws.com", *offered]
        return "\r\n".join([f"250-{line}" for line in lines[:-1]] + [f"250 {lines[-1]}"])

    def secure(self, sock: socket.socket) -> ssl.SSLSocket:
        """TLS, from the server's side."""
        return self._context.wrap_socket(sock, server_side=True)

    def keep(self, message: Message) -> str:
        """Take a mail. Returns its id."""
        with self._lock:
            self.messages.append(message)
            return f"0100017f{len(self.messages):08x}-00000000-0000-0000-0000-000000000000-000000"


class _Talk:
    """One connection."""

    def __init__(self, peer: SMTPPeer, sock: socket.socket, number: int) -> None:
        self.peer = peer
        self.sock = sock
        self._number = number
        self._file = sock.makefile("rb")
        self._sender = ""
        self._recipients: list[str] = []

    def run(self) -> None:
        self._answer("accept", None)
        secured = self.peer.tls == "implicit"
        if secured:
            self._secure()
        self._answer("connect", "220 email-smtp.amazonaws.com ESMTP SimpleEmailService-d")
        while True:
            line = self._line()
            self.peer.commands.append((self._number, line))
            verb = line.partition(" ")[0].upper()
            if verb == "EHLO":
                self._answer("ehlo", self.peer.capabilities(secured=secured))
            elif verb == "STARTTLS" and not secured:
                self._answer("starttls", "220 Ready to start TLS")
                self._secure()
                secured = True
            elif verb == "QUIT":
                self._say(b"221 Bye\r\n")
                return
            else:
                self._mail(verb, line)

    def close(self) -> None:
        """Let go of the socket."""
        self._file.close()
        self.sock.close()

    def _secure(self) -> None:
        self._file.close()
        self.sock = self.peer.secure(self.sock)
        self._file = self.sock.makefile("rb")

    def _mail(self, verb: str, line: str) -> None:
        if verb == "AUTH":
            said = b64decode(line.split()[2]).decode().split("\0")[1:]
            good = said == [USERNAME, PASSWORD]
            usual = "235 Authentication successful." if good else _WRONG_PASSWORD
            self._answer("auth", usual)
        elif verb == "RSET":
            self._sender, self._recipients = "", []
            self._answer("rset", "250 Ok")
        elif verb == "MAIL":
            usual = "503 Error: nested MAIL command" if self._sender else "250 Ok"
            if self._answer("mail", usual).startswith("250"):
                self._sender = _path(line)
        elif verb == "RCPT":
            if self._answer("rcpt", "250 Ok").startswith("250"):
                self._recipients.append(_path(line))
        elif verb == "DATA":
            usual = "354 End data with <CR><LF>.<CR><LF>" if self._recipients else "503 No RCPT"
            if self._answer("data", usual).startswith("354"):
                self._body()
        else:
            self._say(b"500 Error: command not implemented\r\n")

    def _body(self) -> None:
        early = self.peer.next_answer("early")
        if early is not None:
            self._give(early)
            raise EOFError
        lines: list[bytes] = []
        while (line := self._raw_line()) != b".":
            lines.append(line.removeprefix(b"."))
        message = Message(self._sender, tuple(self._recipients), b"\r\n".join([*lines, b""]))
        self._sender, self._recipients = "", []
        answer = self.peer.next_answer("body")
        if isinstance(answer, str) and answer[:1] in "45" and answer[1:3].isdigit():
            self._give(answer)
        else:
            self._give(answer, f"250 Ok {self.peer.keep(message)}")

    def _answer(self, stage: Stage, usual: str | None) -> str:
        """Answer as the script has it, or as usual. Returns what was said, for a plain line."""
        answer = self.peer.next_answer(stage)
        self._give(answer, usual)
        said = usual if answer is None else answer
        return said if isinstance(said, str) else said.line if isinstance(said, Drip) else ""

    def _give(self, answer: Answer, usual: str | None = None) -> None:
        if answer is None:
            answer = usual
        if isinstance(answer, str):
            self._say(answer.encode() + b"\r\n")
        elif isinstance(answer, bytes):
            self._say(answer)
        elif isinstance(answer, Drip):
            for byte in answer.line.encode() + b"\r\n":
                self._say(bytes([byte]))
                threading.Event().wait(answer.pause)
        elif isinstance(answer, Cut):
            self._say(answer.start)
            self._fail(Fault.DROP)
        elif answer is not None:
            self._fail(answer)

    def _fail(self, fault: Fault) -> None:
        if fault is Fault.SILENCE:
            while self.sock.recv(65536):
                pass
        if fault is Fault.RESET:
            self.sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        raise EOFError

    def _say(self, data: bytes) -> None:
        self.sock.sendall(data)

    def _line(self) -> str:
        return self._raw_line().decode("ascii")

    def _raw_line(self) -> bytes:
        line = b""
        while not line.endswith(b"\r\n"):
            more = self._file.readline()
            if not more:
                raise EOFError
            line += more
        line = line[:-2]
        if b"\r" in line or b"\n" in line:
            self.peer.bare.append(line)
        return line


_WRONG_PASSWORD = "535 Authentication Credentials Invalid"


def _path(line: str) -> str:
    return line.partition(":<")[2].rpartition(">")[0]


@dataclass(frozen=True)
class Port:
    """A port with nothing behind it that speaks."""

    port: int
    tls: Literal["implicit", "starttls"] = "implicit"


@contextmanager
def silent_port() -> Generator[Port, None, None]:
    """A port on which connections are taken by the system, and nobody speaks."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        yield Port(listener.getsockname()[1])


@contextmanager
def deaf_port() -> Generator[Port, None, None]:
    """A port on which nobody listens."""
    with socket.socket() as sock:
        sock.bind(("127.0.0.1", 0))
        yield Port(sock.getsockname()[1])


class AioSMTPPeer:
    """aiosmtpd with TLS and a login: a reader that is not ours. The interface is `SMTPPeer`'s."""

    def __init__(self, *, tls: Literal["implicit", "starttls"] = "implicit") -> None:
        self.messages: list[Message] = []
        self.tls: Literal["implicit", "starttls"] = tls
        self.port = 0
        self._context = _serving(None)
        self._loop = asyncio.new_event_loop()
        self._stop = asyncio.Event()
        self._ready = threading.Event()
        self._protocols: list[SMTP] = []
        self._thread = threading.Thread(target=self._run, daemon=True)

    def __enter__(self) -> Self:
        self._thread.start()
        assert self._ready.wait(5)
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self._loop.call_soon_threadsafe(self._stop.set)
        self._thread.join(5)
        assert not self._thread.is_alive()

    def _run(self) -> None:
        with asyncio.Runner(loop_factory=lambda: self._loop) as runner:
            runner.run(self._serve())

    async def _serve(self) -> None:
        context = self._context if self.tls == "implicit" else None
        server = await self._loop.create_server(self._protocol, "127.0.0.1", 0, ssl=context)
        self.port = server.sockets[0].getsockname()[1]
        self._ready.set()
        await self._stop.wait()
        server.close()
        for protocol in self._protocols:
            if protocol.transport is not None:
                protocol.transport.close()
        await asyncio.sleep(0)

    def _protocol(self) -> SMTP:
        starttls = self.tls == "starttls"
        protocol = SMTP(
            self,
            hostname="localhost",
            tls_context=self._context if starttls else None,
            require_starttls=starttls,
            auth_require_tls=starttls,  # aiosmtpd does not see the TLS that asyncio set up
            authenticator=self._authenticate,
            loop=self._loop,
        )
        self._protocols.append(protocol)
        return protocol

    def _authenticate(
        self, server: SMTP, session: Session, envelope: Envelope, mechanism: str, data: object
    ) -> AuthResult:
        wanted = LoginPassword(USERNAME.encode(), PASSWORD.encode())
        return AuthResult(success=data == wanted)

    async def handle_DATA(self, server: SMTP, session: Session, envelope: Envelope) -> str:
        """aiosmtpd's hook for a mail that came in whole."""
        if not session.authenticated:
            return "530 Authentication required"
        content = envelope.original_content or b""
        self.messages.append(
            Message(envelope.mail_from or "", tuple(map(str, envelope.rcpt_tos)), content)
        )
        return f"250 Ok 0100017f{len(self.messages):08x}-aiosmtpd-000000"
