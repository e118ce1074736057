"""Fetches one small file from SNS over HTTPS, and from nobody else."""

from __future__ import annotations

import contextvars
import ssl
import threading
from http.client import HTTPSConnection
from time import monotonic
from urllib.parse import urlsplit

__all__ = ["HTTPSFetcher"]

_LARGEST = 20_000


class HTTPSFetcher:
    """
    Gives what is at a URL, by one request.

    It follows no redirect and uses no proxy, whatever the environment says: a connection to the
    host that the URL names is all that vouches for the file. It reads 20 kB at most, and ends in
    time, however slowly the answer comes.

    Args:
        ssl_context: Whom to trust; by default the system's authorities, as for any HTTPS.

        port: Of the host; a test has another.

        within: Seconds for all of it.
    """

    def __init__(
        self,
        *,
        ssl_context: ssl.SSLContext | None = None,
        port: int = 443,
        within: float = 5.0,
    ) -> None:
        self._context = ssl_context or ssl.create_default_context()
        self._port = port
        self._within = within

    def __call__(self, url: str, /) -> bytes | None:
        """
        The file, or None where there is none, or it is too large.

        Raises:
            TimeoutError: It took too long.

            OSError: The host cannot be reached, or is another.
        """
        found: list[bytes | Exception | None] = []

        def run() -> None:
            try:
                found.append(self._read(url, monotonic() + self._within))
            except Exception as error:  # it belongs to the thread that waits
                found.append(error)

        context = contextvars.copy_context()
        # A daemon: an answer that comes byte by byte outlives any time-out of a socket.
        thread = threading.Thread(
            target=context.run, args=(run,), name="sesguard-sns-certificate", daemon=True
        )
        thread.start()
        thread.join(self._within)
        if not found:
            raise TimeoutError("SNS took too long to answer.")
        if isinstance(found[0], Exception):
            raise found[0]
        return found[0]

    def _read(self, url: str, deadline: float) -> bytes | None:
        parts = urlsplit(url)
        connection = HTTPSConnection(
            parts.hostname or "", self._port, timeout=self._within, context=self._context
        )
        try:
            target = f"{parts.path}?{parts.query}" if parts.query else parts.path
            connection.request("GET", target, headers={"Accept": "*/*"})
            answer = connection.getresponse()
            if answer.status != 200:
                return None
            whole = b""
            while monotonic() < deadline and len(whole) <= _LARGEST:
                piece = answer.read1(_LARGEST + 1 - len(whole))
                if not piece:
                    return whole
                whole += piece
            return None
        finally:
            connection.close()
