"""A certificate is fetched from one host, by one request, of bounded size and time."""

from __future__ import annotations

import socket
import ssl
import threading
from collections.abc import Callable, Generator
from contextlib import contextmanager

import pytest
import trustme

from sesguard.sns_https import HTTPSFetcher

AUTHORITY = trustme.CA()
PATH = "/SimpleNotificationService-0.pem"


class Server:
    """Answers each connection as a test says, over TLS on loopback."""

    def __init__(self, answer: Callable[[ssl.SSLSocket], None], *names: str) -> None:
        self._answer = answer
        self.requests: list[bytes] = []
        self._context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        AUTHORITY.issue_cert(*(names or ("localhost",))).configure_cert(self._context)
        self._socket = socket.create_server(("127.0.0.1", 0))
        self.port: int = self._socket.getsockname()[1]
        self._thread = threading.Thread(target=self._serve, daemon=True)
        self._thread.start()

    def _serve(self) -> None:
        while True:
            try:
                raw, _ = self._socket.accept()
            except OSError:
                return  # closed
            with raw:
                try:
                    with self._context.wrap_socket(raw, server_side=True) as connection:
                        self.requests.append(connection.recv(65_536))
                        self._answer(connection)
                except OSError:
                    continue  # the other side had enough

    def close(self) -> None:
        self._socket.shutdown(socket.SHUT_RDWR)
        self._socket.close()
        self._thread.join(10)


@contextmanager
def serving(answer: Callable[[ssl.SSLSocket], None], *names: str) -> Generator[Server, None, None]:
    server = Server(answer, *names)
    try:
        yield server
    finally:
        server.close()


def fetcher(server: Server, within: float = 10.0) -> HTTPSFetcher:
    context = ssl.create_default_context()
    AUTHORITY.configure_trust(context)
    return HTTPSFetcher(ssl_context=context, port=server.port, within=within)


def saying(head: str, body: bytes = b"") -> Callable[[ssl.SSLSocket], None]:
    return lambda connection: connection.sendall(f"HTTP/1.1 {head}\r\n\r\n".encode() + body)


def test_a_file_is_fetched_by_one_request() -> None:
    """As it is there."""
    with serving(saying("200 OK\r\nContent-Length: 3", b"pem")) as server:
        assert fetcher(server)(f"https://localhost{PATH}") == b"pem"
        (request,) = server.requests
    assert request.startswith(f"GET {PATH} HTTP/1.1\r\n".encode())


@pytest.mark.parametrize("status", ["301 Moved", "302 Found", "307 Temporary Redirect"])
def test_no_redirect_is_followed(status: str) -> None:
    """Where it leads nobody vouches for."""
    with serving(lambda connection: None) as other:
        where = f"https://localhost:{other.port}{PATH}"
        with serving(saying(f"{status}\r\nLocation: {where}\r\nContent-Length: 0")) as server:
            assert fetcher(server)(f"https://localhost{PATH}") is None
            assert len(server.requests) == 1
        assert other.requests == []


@pytest.mark.parametrize("status", ["404 Not Found", "403 Forbidden", "500 Broken", "204 Nothing"])
def test_what_is_not_there_is_none(status: str) -> None:
    """Whatever page comes with it."""
    with serving(saying(f"{status}\r\nContent-Length: 3", b"pem")) as server:
        assert fetcher(server)(f"https://localhost{PATH}") is None


def test_no_more_is_read_than_a_certificate_has() -> None:
    """Ten megabytes are not."""
    sent: list[int] = []

    def answer(connection: ssl.SSLSocket) -> None:
        connection.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 10000000\r\n\r\n")
        for _ in range(10_000_000 // 10_000):
            connection.sendall(b"x" * 10_000)
            sent.append(10_000)

    with serving(answer) as server:
        assert fetcher(server)(f"https://localhost{PATH}") is None
    assert sum(sent) < 10_000_000  # what the sockets hold, and not the file


def test_an_answer_that_stalls_is_cut() -> None:
    """Before the first byte, and between two of them."""
    leave = threading.Event()

    def nothing(connection: ssl.SSLSocket) -> None:
        leave.wait(10)

    def drop_by_drop(connection: ssl.SSLSocket) -> None:
        connection.sendall(b"HTTP/1.1 200 OK\r\n\r\n")
        for _ in range(500):
            if leave.wait(0.02):
                return
            connection.sendall(b"x")

    for answer in (nothing, drop_by_drop):
        leave.clear()
        with serving(answer) as server:
            with pytest.raises(TimeoutError):
                fetcher(server, within=0.2)(f"https://localhost{PATH}")
            leave.set()


def test_a_host_that_is_another_is_not_believed() -> None:
    """Its name is not in the certificate, or its authority is not trusted."""
    with serving(saying("200 OK\r\nContent-Length: 3", b"pem"), "other.example") as server:
        with pytest.raises(ssl.SSLCertVerificationError):
            fetcher(server)(f"https://localhost{PATH}")
        with pytest.raises(ssl.SSLCertVerificationError):
            HTTPSFetcher(port=server.port, within=10.0)(f"https://localhost{PATH}")
        assert server.requests == []


@pytest.mark.parametrize("name", ["HTTPS_PROXY", "https_proxy", "ALL_PROXY", "all_proxy"])
def test_no_proxy_of_the_environment_is_used(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """A proxy that must stay silent is."""
    with serving(lambda connection: None) as proxy:
        monkeypatch.setenv(name, f"http://127.0.0.1:{proxy.port}")
        with serving(saying("200 OK\r\nContent-Length: 3", b"pem")) as server:
            assert fetcher(server)(f"https://localhost{PATH}") == b"pem"
        assert proxy.requests == []


def test_a_host_that_is_not_there_is_an_os_error() -> None:
    """At once."""
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    with pytest.raises(OSError, match="refused"):
        HTTPSFetcher(port=port)(f"https://localhost{PATH}")
