"""Sends remembered in a real redis-server, by both kinds of client."""

from __future__ import annotations

import asyncio
import logging
import threading
from collections.abc import Callable, Coroutine, Iterator
from itertools import count
from typing import Any, TypeVar

import pytest
import redis
import redis.asyncio
from redis.asyncio.retry import Retry
from redis.backoff import NoBackoff

from sesguard.errors import ConfigurationError, StoreError
from sesguard.ledgers import AsyncRedisLedger, RedisLedger
from sesguard.ports import AsyncLedger, Recorded
from sesguard.testing.ledger_contract import LedgerContract, MakeLedger
from tests.ledgers.racing import begin_and_be_killed, race
from tests.peers.redis_server import RedisServer, redis_server

T = TypeVar("T")

DAY_IN_MS = 86_400_000

MAKING = """
import sys, redis
from sesguard.ledgers import RedisLedger
ledger = RedisLedger(redis.Redis(port=int(sys.argv[1])))
"""


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


class Loop:
    """An event loop on a thread of its own, with an asynchronous client."""

    def __init__(self, server: RedisServer) -> None:
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, daemon=True)
        self._thread.start()
        self.client: redis.asyncio.Redis = redis.asyncio.Redis(
            port=server.port, socket_timeout=5, retry=Retry(NoBackoff(), 0)
        )

    def run(self, coroutine: Coroutine[Any, Any, T]) -> T:
        return asyncio.run_coroutine_threadsafe(coroutine, self._loop).result(60)

    def close(self) -> None:
        self.run(self.client.aclose())
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join(60)
        self._loop.close()


@pytest.fixture
def loop(server: RedisServer) -> Iterator[Loop]:
    """A loop, and a client on it."""
    loop = Loop(server)
    yield loop
    loop.close()


class OnLoop:
    """An asynchronous ledger, run to its end call by call."""

    def __init__(self, ledger: AsyncLedger, loop: Loop) -> None:
        self._ledger = ledger
        self._run: Callable[[Coroutine[Any, Any, Any]], Any] = loop.run

    def begin(self, key: str, content: str, /) -> Recorded | None:
        answer: Recorded | None = self._run(self._ledger.begin(key, content))
        return answer

    def finish(self, key: str, result: str, /) -> None:
        self._run(self._ledger.finish(key, result))

    def forget(self, key: str, /) -> None:
        self._run(self._ledger.forget(key))

    def close(self) -> None:
        self._run(self._ledger.close())


class TestRedisLedger(LedgerContract):
    """What every ledger keeps to."""

    @pytest.fixture
    def make_ledger(self, client: redis.Redis) -> MakeLedger:
        numbers = count()
        return lambda: RedisLedger(client, prefix=f"{next(numbers)}:")


class TestRedisLedgerOfTexts(LedgerContract):
    """It keeps to it over a client that decodes what it is answered, too."""

    @pytest.fixture
    def make_ledger(self, server: RedisServer) -> Iterator[MakeLedger]:
        numbers = count()
        with server.client(decode_responses=True) as client:
            yield lambda: RedisLedger(client, prefix=f"{next(numbers)}:")


class TestAsyncRedisLedger(LedgerContract):
    """What every ledger keeps to, awaited."""

    @pytest.fixture
    def make_ledger(self, loop: Loop) -> MakeLedger:
        numbers = count()
        return lambda: OnLoop(AsyncRedisLedger(loop.client, prefix=f"{next(numbers)}:"), loop)


Make = Callable[..., RedisLedger | OnLoop]


@pytest.fixture(params=["sync", "async"])
def make(request: pytest.FixtureRequest) -> Make:
    """How a ledger of either kind is made, with these options."""
    if request.param == "sync":
        client: redis.Redis = request.getfixturevalue("client")
        return lambda **options: RedisLedger(client, **options)
    loop: Loop = request.getfixturevalue("loop")
    return lambda **options: OnLoop(AsyncRedisLedger(loop.client, **options), loop)


def test_of_two_processes_one_sends(server: RedisServer) -> None:
    """Of two processes that begin 200 keys at once, exactly one is told to send each."""
    won = race(MAKING, str(server.port))
    assert sorted(won[0] + won[1]) == list(range(200))


def test_a_sender_that_was_killed_leaves_its_key_unfinished(
    server: RedisServer, make: Make
) -> None:
    """Killed between begin and finish, nobody knows whether it sent: the key stays taken."""
    begin_and_be_killed(MAKING, str(server.port))
    assert make().begin("key", "content") == Recorded(content="content")


def test_a_key_is_remembered_for_its_time(client: redis.Redis, make: Make) -> None:
    """Redis drops it *keep* after its begin or its result, and not before."""
    ledger = make(keep=30 * 86_400)

    def left(key: str) -> int:
        answer = client.pttl(f"sesguard:ledger:{key}")
        assert isinstance(answer, int)
        return answer

    whole = range(30 * DAY_IN_MS - 60_000, 30 * DAY_IN_MS + 1)
    ledger.begin("key", "content")
    assert left("key") in whole
    client.pexpire("sesguard:ledger:key", DAY_IN_MS)
    ledger.begin("key", "content")
    assert 0 < left("key") <= DAY_IN_MS
    ledger.finish("key", "result")
    assert left("key") in whole
    client.pexpire("sesguard:ledger:key", DAY_IN_MS)
    ledger.finish("key", "later")
    assert 0 < left("key") <= DAY_IN_MS
    ledger.finish("other", "result")
    assert left("other") in whole


@pytest.mark.parametrize("foreign", ["string", "list", "hash", "bytes"])
def test_what_is_no_record_is_an_error(client: redis.Redis, make: Make, foreign: str) -> None:
    """The key is named, nothing is sent, and what somebody else wrote is left alone."""
    key = "sesguard:ledger:0123"
    if foreign == "string":
        client.set(key, '{"content": "content"}')
    elif foreign == "list":
        client.rpush(key, "content")
    elif foreign == "hash":
        client.hset(key, "result", "result")
    else:
        client.hset(key, "content", b"\xff")
    before = client.dump(key)
    ledger = make()
    acts: list[Callable[[], object]] = [lambda: ledger.begin("0123", "content")]
    if foreign != "bytes":
        acts += [lambda: ledger.finish("0123", "result"), lambda: ledger.forget("0123")]
    for act in acts:
        with pytest.raises(StoreError, match="The key sesguard:ledger:0123 in Redis"):
            act()
    assert client.dump(key) == before


def test_a_server_that_is_away_is_an_error(server: RedisServer, make: Make) -> None:
    """Nothing is recorded then, and nothing may be sent."""
    ledger = make()
    ledger.begin("key", "content")
    server.stop()
    acts: list[Callable[[], object]] = [
        lambda: ledger.begin("new", "content"),
        lambda: ledger.finish("key", "result"),
        lambda: ledger.forget("key"),
    ]
    for act in acts:
        with pytest.raises(StoreError, match="Redis failed with ConnectionError") as caught:
            act()
        assert isinstance(caught.value.original, redis.ConnectionError)
    server.start()
    assert ledger.begin("new", "content") is None


def test_a_server_that_may_not_write_is_an_error(client: redis.Redis, make: Make) -> None:
    """A full server that keeps what it has refuses, and so no mail goes out unrecorded."""
    client.config_set("maxmemory", "1")
    try:
        with pytest.raises(StoreError, match="written to"):
            make().begin("key", "content")
    finally:
        client.config_set("maxmemory", "0")


class LosesAnswers:
    """A client whose next answer is lost after Redis did what it was asked."""

    def __init__(self, client: redis.Redis) -> None:
        self._client = client
        self.losing = False

    def eval(self, script: str, numkeys: int, /, *keys_and_args: Any) -> Any:
        answer = self._client.eval(script, numkeys, *keys_and_args)
        if self.losing:
            self.losing = False
            raise redis.TimeoutError("Timeout reading from socket")
        return answer

    def execute_command(self, *args: Any) -> Any:
        execute: Callable[..., Any] = self._client.execute_command
        return execute(*args)

    def info(self, section: str, /) -> Any:
        return self._client.info(section)


def test_a_begin_whose_answer_was_lost_may_be_made_again(client: redis.Redis) -> None:
    """
    It was told as not sent, and so the same ledger may begin once more; others may not.
    """
    losing = LosesAnswers(client)
    ledger, other = RedisLedger(losing), RedisLedger(client)
    losing.losing = True
    with pytest.raises(StoreError, match="TimeoutError"):
        ledger.begin("key", "content")
    assert other.begin("key", "content") == Recorded(content="content")
    assert ledger.begin("key", "content") is None
    assert ledger.begin("key", "content") == Recorded(content="content")


def test_a_begin_that_an_event_settled_is_not_made_again(client: redis.Redis) -> None:
    """Whatever was lost, a key with a result is never anybody's to send."""
    losing = LosesAnswers(client)
    ledger = RedisLedger(losing)
    losing.losing = True
    with pytest.raises(StoreError):
        ledger.begin("key", "content")
    ledger.finish("key", "result")
    assert ledger.begin("key", "content") == Recorded(content="content", result="result")


@pytest.mark.parametrize("policy", ["allkeys-lru", "volatile-ttl"])
def test_a_server_that_drops_keys_is_warned_of_once(
    client: redis.Redis, make: Make, caplog: pytest.LogCaptureFixture, policy: str
) -> None:
    """A record that is evicted is a mail sent twice."""
    client.config_set("maxmemory-policy", policy)
    try:
        ledger = make()
        for number in range(3):
            ledger.begin(f"{number}", "content")
    finally:
        client.config_set("maxmemory-policy", "noeviction")
    (record,) = caplog.records
    assert policy in record.getMessage()
    make().begin("key", "content")
    assert len(caplog.records) == 1


def test_a_server_that_does_not_tell_is_not_warned_of(
    client: redis.Redis, server: RedisServer, caplog: pytest.LogCaptureFixture
) -> None:
    """A user who may not ask for the policy may use the ledger all the same."""
    client.acl_setuser("app", enabled=True, nopass=True, keys="*", commands=["+@all", "-info"])
    with server.client(username="app", password="any") as limited, caplog.at_level(logging.INFO):
        assert RedisLedger(limited).begin("key", "content") is None
    assert not caplog.records


def test_a_call_is_one_round_trip(client: redis.Redis) -> None:
    """After the first begin, which asks for the policy once."""
    ledger = RedisLedger(client)
    ledger.begin("first", "content")

    def calls() -> int:
        told = client.info("commandstats")
        assert isinstance(told, dict)
        return sum(
            counts["calls"]
            for name, counts in told.items()
            if name in ("cmdstat_eval", "cmdstat_info|memory", "cmdstat_evalsha")
        )

    before = calls()
    ledger.begin("key", "content")
    ledger.finish("key", "result")
    ledger.forget("key")
    assert calls() == before + 3


def test_a_client_of_the_other_kind_is_refused(client: redis.Redis, loop: Loop) -> None:
    """The message names the ledger that it belongs to."""
    with pytest.raises(ConfigurationError, match="AsyncRedisLedger"):
        RedisLedger(loop.client)
    with pytest.raises(ConfigurationError, match=r"ledgers\.RedisLedger"):
        AsyncRedisLedger(client)
    for kind in (RedisLedger, AsyncRedisLedger):
        for nothing in (redis.Redis, redis.asyncio.Redis, "redis://127.0.0.1", None):
            with pytest.raises(ConfigurationError, match="redis="):
                kind(nothing)  # type: ignore[arg-type]  # on purpose


@pytest.mark.parametrize("keep", [0, -1, float("nan"), "1"])
def test_a_time_that_is_none_is_refused(make: Make, keep: float) -> None:
    """A ledger that forgets at once is none."""
    with pytest.raises(ConfigurationError, match="keep="):
        make(keep=keep)


def test_an_async_ledger_is_a_context(loop: Loop) -> None:
    """It closes nothing of the caller's."""

    async def use() -> Recorded | None:
        async with AsyncRedisLedger(loop.client) as ledger:
            await ledger.begin("key", "content")
        return await ledger.begin("key", "content")

    assert loop.run(use()) == Recorded(content="content")
