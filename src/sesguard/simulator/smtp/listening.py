"""Two ports on loopback, and a thread in which they are served."""

from __future__ import annotations

import asyncio
import socket
import ssl
import threading
from collections.abc import Callable, Generator
from contextlib import contextmanager, suppress
from typing import Any, TypeAlias
from weakref import WeakSet

from sesguard._core.endpoints import TLSMode

__all__ = ["HOST", "listening"]

HOST = "127.0.0.1"

_Talks: TypeAlias = Callable[[TLSMode, asyncio.AbstractEventLoop], asyncio.Protocol]


class _Door(socket.socket):
    """A listening socket that knows whom it let in, those who have not finished TLS too."""

    def __init__(self) -> None:
        # Named, since asyncio turns Nagle's algorithm off for what it knows to be TCP.
        super().__init__(socket.AF_INET, socket.SOCK_STREAM, socket.IPPROTO_TCP)
        self.let_in: WeakSet[socket.socket] = WeakSet()
        self.bind((HOST, 0))

    def accept(self) -> tuple[socket.socket, Any]:
        inside, address = super().accept()
        self.let_in.add(inside)
        return inside, address

    def clear(self) -> bool:
        """Break all connections. Returns whether none is left."""
        left = [one for one in self.let_in if one.fileno() != -1]
        for one in left:
            with suppress(OSError):  # it was broken before
                one.shutdown(socket.SHUT_RDWR)
        return not left


@contextmanager
def listening(talks: _Talks, context: ssl.SSLContext) -> Generator[dict[TLSMode, int], None, None]:
    """
    Serve a port for each of the two ways to TLS.

    Args:
        talks: Makes what speaks on a connection.

        context: The server's certificate.

    Returns:
        The port by way. When the block is left there is no thread, task or socket any more.
    """
    loop = asyncio.new_event_loop()
    doors: dict[TLSMode, _Door] = {"implicit": _Door(), "starttls": _Door()}
    ports: dict[TLSMode, int] = {tls: door.getsockname()[1] for tls, door in doors.items()}

    async def open_up() -> list[asyncio.Server]:
        return [
            await loop.create_server(
                lambda tls=tls: talks(tls, loop),
                sock=door,
                ssl=context if tls == "implicit" else None,
            )
            for tls, door in doors.items()
        ]

    thread = threading.Thread(target=loop.run_forever, name="simulated SMTP", daemon=True)
    thread.start()
    try:
        servers = asyncio.run_coroutine_threadsafe(open_up(), loop).result()
        try:
            yield ports
        finally:
            closing = _close(servers, list(doors.values()))
            asyncio.run_coroutine_threadsafe(closing, loop).result()
    finally:
        loop.call_soon_threadsafe(loop.stop)
        thread.join()
        loop.close()


async def _close(servers: list[asyncio.Server], doors: list[_Door]) -> None:
    for server in servers:
        server.close()
    while not all(door.clear() for door in doors):
        await asyncio.sleep(0)  # one turn of the loop, in which they are noticed to be broken
    talks = asyncio.all_tasks() - {asyncio.current_task()}
    await asyncio.gather(*talks, return_exceptions=True)
    await asyncio.get_running_loop().shutdown_default_executor()
