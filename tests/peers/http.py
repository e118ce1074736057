"""
An HTTP server on loopback that answers as SES does, or misbehaves on request.

    with HTTPPeer(fault="reset_after_body") as peer:
        ...  # boto3 with endpoint_url=peer.url
        assert len(peer.requests) == 1

A request counts once it came in whole, whatever became of the answer.
"""

from __future__ import annotations

import json
import socket
import ssl
import struct
import threading
from collections import deque
from collections.abc import Callable, Generator, Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from functools import cache
from types import TracebackType
from typing import Any, BinaryIO, Literal, Self, TypeAlias, cast, get_args

import trustme

__all__ = [
    "FAULTS",
    "NEVER_READ",
    "Answer",
    "Fault",
    "HTTPPeer",
    "Request",
    "authority",
    "deaf_port",
    "full_port",
    "taken",
]

Fault: TypeAlias = Literal[
    "read_timeout",  # reads the request and says nothing, until the peer is closed
    "one_byte_a_second",  # a good answer, byte by byte, with `pace` seconds between
    "reset_before_body",  # an RST once the head was read: the request never came in whole
    "reset_after_body",  # an RST in place of the answer
    "close_after_body",  # an orderly end in place of the answer
    "half_answer",  # the status line and the start of a header, then the end
    "truncated_200",  # a quarter of a good answer's body, then the end
    "broken_200",  # a 200 whose body is no JSON and no XML
    "odd_200",  # a 200 whose body is JSON, and no object
    "nameless_200",  # a 200 without a message id
    "empty_200",  # a 200 without a body
    "garbage",  # bytes that are no HTTP
]
FAULTS: tuple[Fault, ...] = get_args(Fault)

NEVER_READ: frozenset[Fault] = frozenset({"reset_before_body"})
"""Faults at which no request came in whole."""


@dataclass(frozen=True)
class Request:
    """A request that came in whole. Header names are in lower case."""

    method: str
    path: str
    headers: dict[str, str] = field(repr=False)
    body: bytes = field(repr=False)

    def json(self) -> Any:
        return json.loads(self.body)


@dataclass(frozen=True)
class Answer:
    """What is answered. ``body`` is text, or something that becomes JSON."""

    status: int = 200
    body: object = ""
    headers: dict[str, str] = field(default_factory=dict[str, str])

    def content(self) -> bytes:
        return (self.body if isinstance(self.body, str) else json.dumps(self.body)).encode()

    def wire(self) -> bytes:
        headers = {
            "x-amzn-RequestId": "11111111-2222-3333-4444-555555555555",
            "Content-Type": "application/json",
            "Content-Length": str(len(self.content())),
            **self.headers,
        }
        lines = [f"HTTP/1.1 {self.status} -", *(f"{n}: {v}" for n, v in headers.items()), "", ""]
        return "\r\n".join(lines).encode() + self.content()


def taken(message_id: str = "0100017f-example-000000") -> Answer:
    """What API v2 answers where SES took the mail."""
    return Answer(body={"MessageId": message_id})


_WIRE: dict[Fault, bytes] = {
    "half_answer": taken().wire()[:40],
    "truncated_200": taken().wire()[: -len(taken().content()) * 3 // 4],
    "broken_200": Answer(body="<html>{{{").wire(),
    "odd_200": Answer(body=["taken"]).wire(),
    "nameless_200": Answer(body={}).wire(),
    "empty_200": Answer().wire(),
    "garbage": b"\x16\x03\x01 this is no HTTP at all\r\n\r\n",
}

_WHOLE: frozenset[Fault] = frozenset({"broken_200", "odd_200", "nameless_200", "empty_200"})
"""After these the connection stays, since the answer was whole as far as HTTP goes."""


@cache
def authority() -> trustme.CA:
    """The authority of this test run. Making a key takes long enough to do it once."""
    return trustme.CA()


class HTTPPeer:
    """
    A server that goes through a script, one step a request, over all connections.

    Args:
        script: An `Answer` or a `Fault` for each request. After the last, the server takes all.

        fault: What it does at every request, in place of a script.

        certificate: With one, it speaks TLS. ``authority().issue_cert("127.0.0.1")`` is good.

        pace: Seconds between two bytes of ``"one_byte_a_second"``.

    Attributes:
        url: Where it listens.

        requests: All that came in whole, in order.

        connections: How many were accepted.
    """

    def __init__(
        self,
        *script: Answer | Fault,
        fault: Fault | None = None,
        certificate: trustme.LeafCert | None = None,
        pace: float = 1.0,
    ) -> None:
        self.requests: list[Request] = []
        self.connections = 0
        self._script = deque(script)
        self._usual: Answer | Fault = fault or taken()
        self._pace = pace
        self._closed = threading.Event()
        self._came = threading.Condition()
        self._open: list[socket.socket] = []
        self._threads: list[threading.Thread] = []
        self._tls: ssl.SSLContext | None = None
        if certificate is not None:
            self._tls = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
            certificate.configure_cert(self._tls)
        self._listener = socket.create_server(("127.0.0.1", 0), backlog=128)
        scheme = "http" if certificate is None else "https"
        self.url = f"{scheme}://127.0.0.1:{self._listener.getsockname()[1]}"

    def __enter__(self) -> Self:
        self._start(self._accept)
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._closed.set()
        with suppress(OSError):
            self._listener.shutdown(socket.SHUT_RDWR)  # wakes the thread that waits on it
        self.hang_up()
        for thread in list(self._threads):
            thread.join(5)
            assert not thread.is_alive()
        for sock in [self._listener, *self._open]:
            sock.close()

    def hang_up(self) -> None:
        """Close every connection in an orderly way, as a server does when they are idle."""
        for sock in self._open:
            with suppress(OSError):
                sock.shutdown(socket.SHUT_RDWR)

    def wait_for_requests(self, count: int, seconds: float = 5.0) -> bool:
        """Wait until *count* requests came in whole."""
        with self._came:
            return self._came.wait_for(lambda: len(self.requests) >= count, seconds)

    def _start(self, run: Callable[..., None], *args: socket.socket) -> None:
        thread = threading.Thread(target=run, args=args, daemon=True)
        self._threads.append(thread)
        thread.start()

    def _accept(self) -> None:
        while not self._closed.is_set():
            try:
                sock, _ = self._listener.accept()
            except OSError:
                return  # closed
            self.connections += 1
            self._open.append(sock)
            self._start(self._serve, sock)

    def _serve(self, sock: socket.socket) -> None:
        with suppress(OSError):  # the client went away, or does not like the certificate
            if self._tls is not None:
                sock = self._tls.wrap_socket(sock, server_side=True)
                self._open.append(sock)
            stream = cast("BinaryIO", sock.makefile("rb"))
            while (head := list(_lines(stream))) and self._answer(sock, stream, head):
                pass
            sock.shutdown(socket.SHUT_RDWR)

    def _answer(self, sock: socket.socket, stream: BinaryIO, head: Sequence[str]) -> bool:
        """Read the rest of a request, do the next step, and say whether to read another."""
        step = self._script.popleft() if self._script else self._usual
        if step == "reset_before_body":
            return _reset(sock, stream)
        method, path, _ = head[0].split(" ", 2)
        pairs = (line.split(":", 1) for line in head[1:])
        headers = {name.lower(): value.strip() for name, value in pairs}
        body = stream.read(int(headers.get("content-length", "0")))
        with self._came:
            self.requests.append(Request(method, path, headers, body))
            self._came.notify_all()
        if isinstance(step, Answer):
            sock.sendall(step.wire())
            return True
        if step == "reset_after_body":
            return _reset(sock, stream)
        if step == "read_timeout":
            self._closed.wait()
        elif step == "one_byte_a_second":
            for byte in taken().wire():
                sock.sendall(bytes([byte]))
                if self._closed.wait(self._pace):
                    break
        else:
            sock.sendall(_WIRE.get(step, b""))
        return step in _WHOLE


def _lines(stream: BinaryIO) -> Iterator[str]:
    """The lines of a request's head; none at the end of the connection."""
    while line := stream.readline(65_536).decode("latin-1").rstrip("\r\n"):
        yield line


def _reset(sock: socket.socket, stream: BinaryIO) -> bool:
    sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    stream.close()  # the socket is closed when its last user is
    sock.close()
    return False


@contextmanager
def deaf_port() -> Generator[str, None, None]:
    """The URL of a port on which nobody listens."""
    with socket.socket() as sock:
        sock.bind(("127.0.0.1", 0))
        yield f"http://127.0.0.1:{sock.getsockname()[1]}"


@contextmanager
def full_port() -> Generator[str, None, None]:
    """The URL of a port whose accept queue is full: a connection is never made nor refused."""
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        listener.listen(0)
        waiting: list[socket.socket] = []
        try:
            for _ in range(16):  # Linux takes one more than it is told
                sock = socket.socket()
                waiting.append(sock)
                sock.settimeout(0.1)
                if sock.connect_ex(listener.getsockname()):
                    break
            yield f"http://127.0.0.1:{listener.getsockname()[1]}"
        finally:
            for sock in waiting:
                sock.close()
