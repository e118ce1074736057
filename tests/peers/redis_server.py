"""A redis-server of a test's own, on a free port of loopback, with nothing on disk unless asked."""

from __future__ import annotations

import shutil
import signal
import socket
import subprocess
import time
from collections.abc import Generator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
import redis
from redis.backoff import NoBackoff
from redis.exceptions import RedisError
from redis.retry import Retry

__all__ = ["RedisServer", "free_port", "redis_server"]

_IN_MEMORY = ("--appendonly", "no")
_ON_DISK = ("--appendonly", "yes", "--appendfsync", "always", "--rdbcompression", "no")
_PATIENCE = 20.0  # seconds that a busy machine may take to start or stop one


class RedisServer:
    """
    A server that can be stopped and started again on the same port.

    Args:
        folder: Where it keeps what it holds, readable, at every write. Without one it is empty
            again each time that it is started.

        options: More of its own options.

    Attributes:
        port: Where it listens on 127.0.0.1.
    """

    def __init__(self, folder: Path | None = None, *options: str) -> None:
        self.port: int = free_port()
        self._options = [*_IN_MEMORY, *options]
        if folder is not None:
            self._options = [*_ON_DISK, "--dir", str(folder), *options]
        self._process: subprocess.Popen[bytes] | None = None

    @property
    def url(self) -> str:
        """For clients that take one."""
        return f"redis://127.0.0.1:{self.port}/0"

    def client(self, **options: Any) -> redis.Redis:
        """A new client that makes one attempt a call, and waits for it for five seconds."""
        once: dict[str, Any] = {
            "socket_timeout": 5,
            "socket_connect_timeout": 5,
            "retry": Retry(NoBackoff(), 0),
        }
        return redis.Redis(host="127.0.0.1", port=self.port, **{**once, **options})

    def start(self) -> None:
        """Start it and wait until it answers; does nothing while it runs."""
        if self._process is not None:
            return
        command = ["redis-server", "--port", str(self.port), "--bind", "127.0.0.1"]
        self._process = subprocess.Popen(
            [*command, "--save", "", *self._options],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
        until = time.monotonic() + _PATIENCE
        with self.client() as client:
            while not _answers(client):
                if self._process.poll() is not None or time.monotonic() > until:
                    self.stop()
                    raise RuntimeError(f"redis-server did not start on port {self.port}")
                time.sleep(0.01)

    def stop(self) -> None:
        """Stop it, by its own pid; does nothing where it is stopped."""
        self._end(signal.SIGTERM)

    def kill(self) -> None:
        """End it at once, in the middle of what it does."""
        self._end(signal.SIGKILL)

    @contextmanager
    def frozen(self) -> Generator[None, None, None]:
        """It answers nobody as long as the block runs, and does then what it was asked."""
        assert self._process is not None
        self._process.send_signal(signal.SIGSTOP)
        try:
            yield
        finally:
            self._process.send_signal(signal.SIGCONT)

    def _end(self, by: signal.Signals) -> None:
        process, self._process = self._process, None
        if process is None:
            return
        process.send_signal(by)
        try:
            process.wait(_PATIENCE)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


@contextmanager
def redis_server(folder: Path | None = None, *options: str) -> Generator[RedisServer, None, None]:
    """A server for as long as the block runs. Skips the test where none is installed."""
    if shutil.which("redis-server") is None:
        pytest.skip("redis-server is not on PATH: Debian has it in the package redis-server")
    server = RedisServer(folder, *options)
    server.start()
    try:
        yield server
    finally:
        server.stop()


def _answers(client: redis.Redis) -> bool:
    try:
        return bool(client.ping())
    except RedisError:  # not listening yet, or loading
        return False


def free_port() -> int:
    """A port of loopback that nobody listens on."""
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        port: int = listener.getsockname()[1]
    return port
