"""
moto's DynamoDB on loopback, which keeps to one request at a time and can be told to misbehave.

moto's own server answers requests side by side and undoes a cancelled transaction by putting back
a copy of the table, so that what another has written meanwhile is lost; and it does not know a
transaction again by its token. DynamoDB does neither, so both are made good here. The copy is a
shallow one, since moto's takes seconds for some thousands of items.

As a program it tells where it listens, and serves until its standard input ends.
"""

from __future__ import annotations

import copy
import io
import json
import sys
import threading
from collections import deque
from collections.abc import Callable, Generator, Iterable
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cached_property
from itertools import count
from types import SimpleNamespace
from typing import Any, TypeAlias

import boto3.session
from botocore.config import Config
from moto.dynamodb import models
from moto.dynamodb.models.table import Table
from moto.moto_server.werkzeug_app import DomainDispatcherApplication, create_backend_app
from werkzeug.serving import WSGIRequestHandler, make_server

__all__ = ["REGION", "Answer", "DynamoDBPeer", "Fault", "answered", "dynamodb_peer", "refused"]

REGION = "eu-west-1"

_numbers = count()


@dataclass(frozen=True)
class Answer:
    """What is answered."""

    status: int
    body: bytes


Fault: TypeAlias = Callable[[Any, Callable[[], Answer]], Answer]
"""Gets what was asked, and what has moto do it; gives what is answered instead."""


def answered(body: object, status: int = 200) -> Fault:
    """Answer so, and do nothing."""
    return lambda asked, do: Answer(status, json.dumps(body).encode())


def refused(code: str, message: str = "no", status: int = 400, **more: object) -> Fault:
    """Refuse as DynamoDB does, and do nothing."""
    kind = f"com.amazonaws.dynamodb.v20120810#{code}"
    return answered({"__type": kind, "message": message, **more}, status)


class DynamoDBPeer:
    """
    A DynamoDB of a test's own.

    Attributes:
        endpoint_url: Where it listens.

        requests: Each action that was asked for, and with what.
    """

    def __init__(self) -> None:
        self.requests: list[tuple[str, Any]] = []
        self._faults: dict[str, deque[Fault]] = {}
        self._done: set[str] = set()
        self._lock = threading.Lock()
        self._moto = DomainDispatcherApplication(create_backend_app)
        self._server = make_server(
            "127.0.0.1", 0, self._serve, threaded=True, request_handler=_Quiet
        )
        self.endpoint_url: str = f"http://127.0.0.1:{self._server.server_port}"
        self._thread = threading.Thread(target=self._server.serve_forever, daemon=True)
        self._thread.start()

    def table(self) -> str:
        """A name that no table has."""
        return f"suppressed-{next(_numbers)}"

    @cached_property
    def client(self) -> Any:
        """A client, for stores and to look in with from outside."""
        session: Any = boto3.session.Session(region_name=REGION)
        twice = Config(retries={"mode": "standard", "total_max_attempts": 2})
        return session.client("dynamodb", endpoint_url=self.endpoint_url, config=twice)

    def fail(self, action: str, *faults: Fault) -> None:
        """The next requests of an action go wrong so, one after the other."""
        self._faults.setdefault(action, deque()).extend(faults)

    def forgive(self) -> None:
        """Nothing goes wrong any more."""
        self._faults.clear()

    def asked(self, action: str) -> list[Any]:
        """What an action was asked with, so far."""
        return [asked for name, asked in self.requests if name == action]

    def items(self, table: str) -> list[Any]:
        """All that a table holds."""
        found: list[Any] = self.client.scan(TableName=table)["Items"]
        return found

    def stop(self) -> None:
        self._server.shutdown()
        self._thread.join(timeout=30)
        self._server.server_close()

    def _serve(self, environ: dict[str, Any], start_response: Any) -> Iterable[bytes]:
        action = str(environ.get("HTTP_X_AMZ_TARGET", "")).rpartition(".")[2]
        body = environ["wsgi.input"].read(int(environ["CONTENT_LENGTH"]))
        asked = json.loads(body)
        self.requests.append((action, asked))
        answer = self._answer(action, asked, lambda: self._do(environ, body))
        headers = [("Content-Type", "application/x-amz-json-1.0")]
        start_response(
            f"{answer.status} Said", [*headers, ("Content-Length", str(len(answer.body)))]
        )
        return [answer.body]

    def _answer(self, action: str, asked: Any, do: Callable[[], Answer]) -> Answer:
        def done() -> Answer:
            token = str(asked.get("ClientRequestToken", ""))
            with self._lock:
                if token in self._done:
                    return Answer(200, b"{}")
                answer = do()
                if token and answer.status == 200:
                    self._done.add(token)
                return answer

        faults = self._faults.get(action)
        return faults.popleft()(asked, done) if faults else done()

    def _do(self, environ: dict[str, Any], body: bytes) -> Answer:
        said: list[str] = []
        asked = {**environ, "wsgi.input": io.BytesIO(body)}
        content = b"".join(self._moto(asked, lambda status, *_: said.append(status)))
        return Answer(int(said[0].partition(" ")[0]), content)


def _copied(thing: Any) -> Any:
    """A table whose items can be put and deleted without those of the other."""
    if not isinstance(thing, Table):
        return copy.deepcopy(thing)
    other = copy.copy(thing)
    other.items = thing.items.copy()
    return other


setattr(models, "copy", SimpleNamespace(deepcopy=_copied))  # noqa: B010  its transactions use it


class _Quiet(WSGIRequestHandler):
    def log(self, type: str, message: str, *args: Any) -> None:
        """Nothing: a test looks at `DynamoDBPeer.requests`."""


@contextmanager
def dynamodb_peer() -> Generator[DynamoDBPeer, None, None]:
    """A server for as long as the block runs."""
    peer = DynamoDBPeer()
    try:
        yield peer
    finally:
        peer.stop()


def main() -> None:
    with dynamodb_peer() as peer:
        sys.stdout.write(peer.endpoint_url + "\n")
        sys.stdout.flush()
        sys.stdin.read()


if __name__ == "__main__":
    main()
