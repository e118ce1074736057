"""A suppression list in a real redis-server."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from itertools import count
from pathlib import Path

import pytest
import redis

from sesguard.stores.redis import RedisStore
from sesguard.testing import ManualClock, StoreContract
from sesguard.testing.store_contract import MakeStore
from tests.peers.redis_server import RedisServer, redis_server
from tests.stores.kept import KeptContract, OpenStore


@pytest.fixture(scope="module")
def running() -> Iterator[RedisServer]:
    """One server for all tests of this module."""
    with redis_server() as server:
        yield server


@pytest.fixture
def server(running: RedisServer) -> RedisServer:
    """The server, with nothing in it."""
    running.start()
    with running.client() as client:
        client.flushall()
    return running


@pytest.fixture
def client(server: RedisServer) -> Iterator[redis.Redis]:
    """A client of it."""
    with server.client() as client:
        yield client


class TestContract(StoreContract):
    """A list in Redis is a list like any other."""

    @pytest.fixture
    def make_store(self, client: redis.Redis) -> MakeStore:
        numbers = count()
        return lambda: RedisStore(client, prefix=f"{next(numbers)}:")


class TestContractOfTexts(StoreContract):
    """It is one over a client that decodes what it is answered, too."""

    @pytest.fixture
    def make_store(self, server: RedisServer) -> Iterator[MakeStore]:
        numbers = count()
        with server.client(decode_responses=True, encoding="latin-1") as client:
            yield lambda: RedisStore(client, prefix=f"{next(numbers)}:")


class TestKept(KeptContract):
    """A list in Redis can be asked what it knows, made to forget, and kept as digests."""

    @pytest.fixture
    def client(self, tmp_path: Path) -> Iterator[redis.Redis]:
        """A client of a server that has never had another list."""
        with redis_server(tmp_path) as server, server.client() as client:
            yield client

    @pytest.fixture
    def open_store(self, client: redis.Redis) -> OpenStore:
        return lambda peppers: RedisStore(client, hashed_with=peppers, clock=ManualClock())

    @pytest.fixture
    def written(self, client: redis.Redis, tmp_path: Path) -> Callable[[], bytes]:
        """The dump and the append-only file."""

        def read() -> bytes:
            client.save()
            files = [one for one in tmp_path.rglob("*") if one.is_file()]
            assert {"dump.rdb"} < {one.name for one in files}
            return b"".join(one.read_bytes() for one in files)

        return read
