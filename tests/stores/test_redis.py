"""A suppression list in a real redis-server."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from datetime import datetime, timedelta
from functools import partial
from itertools import count
from pathlib import Path

import pytest
import redis
import redis.asyncio

from sesguard.addresses import AddressKey
from sesguard.errors import ConfigurationError, StoreError
from sesguard.stores.redis import RedisStore
from sesguard.suppression import Change, CountSoftBounce, Reason, Release, Suppress, Suppression
from sesguard.testing import ManualClock, StoreContract
from sesguard.testing.store_contract import MakeStore, run_together
from tests.peers.redis_server import RedisServer, free_port, redis_server
from tests.stores.kept import NEW, OLD, KeptContract, OpenStore

ANN, BEN = AddressKey("ann@example.org"), AddressKey("ben@example.org")
NOW = ManualClock().now()
DAY = timedelta(days=1)


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


def bounced(key: AddressKey = ANN, *, at: datetime = NOW) -> Suppress:
    """What a hard bounce does."""
    return Suppress(Suppression(key=key, reason=Reason.BOUNCE, at=at, source="event"))


def soft(key: AddressKey = ANN, *, limit: int = 2, window: timedelta = DAY) -> CountSoftBounce:
    """What a soft bounce does."""
    return CountSoftBounce(key=key, at=NOW, limit=limit, window=window)


def keys_of(client: redis.Redis, pattern: str) -> set[str]:
    """The names of keys that stand under the usual prefix."""
    prefix = b"{sesguard}:list:"
    found = client.scan_iter(match=prefix + pattern.encode())
    return {key.removeprefix(prefix).decode() for key in found if isinstance(key, bytes)}


def commands(client: redis.Redis) -> int:
    """How many commands the server was asked for, those of scripts and of this question apart."""
    told = client.info("commandstats")
    assert isinstance(told, dict)
    asked = ("eval", "mget", "get", "zrangebylex", "zrangebyscore")
    scripted = {"mget", "get"} if "cmdstat_eval" in told else set[str]()
    return sum(
        told.get(f"cmdstat_{name}", {"calls": 0})["calls"] for name in asked if name not in scripted
    )


def test_nothing_is_asked_before_the_first_use(server: RedisServer) -> None:
    """A store is made while the server is away; the first question begins the list."""
    with server.client() as client:
        server.stop()
        store = RedisStore(client)
        server.start()
        assert not client.keys("*")
        assert not store.look_up([ANN])
        assert keys_of(client, "*") == {"about"}


def test_many_may_come_first(client: redis.Redis) -> None:
    """Of threads and stores that use a new list at the same moment, one begins it, none fails."""
    for attempt in range(50):
        stores = [RedisStore(client, prefix=f"{attempt}:") for _ in range(2)]
        run_together([partial(store.suppress, ANN) for store in stores * 3])
        assert set(stores[1].look_up([ANN])) == {ANN}


def test_the_list_is_the_servers(client: redis.Redis) -> None:
    """Entries, releases, soft bounces and event keys outlive the store that wrote them."""
    with RedisStore(client) as store:
        release = Release(key=ANN, reason=Reason.COMPLAINT, at=NOW)
        store.apply([("one", [soft()]), ("two", [release])])
        store.suppress("Ben <Ben@example.org>")
    other = RedisStore(client)
    complaint = Suppression(key=ANN, reason=Reason.COMPLAINT, at=NOW)
    batch: list[tuple[str, list[Change]]] = [("one", [soft()]), ("three", [Suppress(complaint)])]
    assert list(other.apply(batch)) == [False, True]
    assert [one.address for one in other.entries().items] == ["Ben@example.org"]
    other.apply([("four", [soft()])])
    assert other.look_up([ANN])[ANN].source == "soft-bounces"


def test_a_question_is_one_round_trip(client: redis.Redis) -> None:
    """However many are asked about; a batch of events is three."""
    store = RedisStore(client)
    store.suppress(ANN)
    before = commands(client)
    store.look_up([AddressKey(f"{number}@example.org") for number in range(50)], ["stream:news"])
    assert commands(client) == before + 1
    before = commands(client)
    store.apply([(f"event {number}", [bounced()]) for number in range(10)])
    assert commands(client) == before + 3
    store.apply([(f"event {number}", [bounced()]) for number in range(10)])
    assert commands(client) == before + 5  # with nothing to be written


def test_an_event_is_remembered_for_its_time(client: redis.Redis) -> None:
    """Redis drops its key after *keep_marks*, by its own clock, and not before."""
    store = RedisStore(client, keep_marks=14 * DAY)
    store.apply([("event", ())])
    left = client.pttl("{sesguard}:list:event:event")
    assert isinstance(left, int)
    assert 14 * 86_400_000 - 60_000 < left <= 14 * 86_400_000
    client.delete("{sesguard}:list:event:event")
    assert list(store.apply([("event", ())])) == [True]


def test_what_is_over_is_cleared_bit_by_bit(client: redis.Redis) -> None:
    """Soft bounces go when nothing can bring them back, and leave nothing; entries stay."""
    clock = ManualClock(NOW)
    store = RedisStore(client, keep_marks=14 * DAY, clock=clock)
    people = [AddressKey(f"{number}@example.org") for number in range(300)]
    store.apply([(f"event {key}", [soft(key)]) for key in people])
    store.apply([("event 0", [bounced(people[0])]), ("full", [soft(ANN, limit=1)])])
    clock.advance(15 * DAY - timedelta(seconds=1))
    store.apply([("early", ())])
    assert client.zcard("{sesguard}:list:counting") == 301
    clock.advance(timedelta(seconds=1))
    for number in range(3):
        assert client.zcard("{sesguard}:list:counting") == max(0, 301 - 102 * number)
        store.apply([(f"late {number}", ())])
    assert keys_of(client, "name:*") == {f"name:{people[0]}", f"name:{ANN}"}
    assert client.zcard("{sesguard}:list:names") == 2
    assert keys_of(client, "counting") == set()
    assert [one.key for one in store.entries().items] == [people[0], ANN]
    store.erase(ANN)
    store.erase(people[0])
    assert keys_of(client, "name*") == set()


def test_an_erasure_leaves_no_address(client: redis.Redis) -> None:
    """Nor does it in the set of soft bounces that are counted."""
    store = RedisStore(client)
    store.apply([("event", [soft(), bounced(BEN)])])
    assert store.erase(ANN) == 1
    for key in client.scan_iter():
        held = client.dump(key)
        assert isinstance(held, bytes)
        assert b"ann@" not in held
    assert not any("ann@" in key for key in keys_of(client, "*"))


def test_pages_go_on_where_names_hold_no_entry(client: redis.Redis) -> None:
    """A page is as full as it can be, whatever is known of those who are not on the list."""
    store = RedisStore(client, clock=ManualClock(NOW))
    people = [AddressKey(f"{number:04}@example.org") for number in range(500)]
    store.add([bounced(key).suppression for key in people])
    store.remove(people[2:498])
    first = store.entries(None, 3)
    assert [one.key for one in first.items] == [*people[:2], people[498]]
    rest = store.entries(first.next, 3)
    assert ([one.key for one in rest.items], rest.next) == ([people[499]], None)


def test_a_question_sees_whole_batches(client: redis.Redis) -> None:
    """Of the addresses of one event all are found, or none, while it is applied and released."""
    store = RedisStore(client)
    people = [AddressKey(f"{number}@example.org") for number in range(20)]
    seen: set[int] = set()

    def write() -> None:
        for number in range(30):
            at = NOW + number * DAY
            store.apply([(f"on {number}", [bounced(key, at=at) for key in people])])
            off = [Release(key=key, reason=Reason.BOUNCE, at=at) for key in people]
            store.apply([(f"off {number}", off)])

    def read() -> None:
        seen.update(len(store.look_up(people)) for _ in range(60))

    run_together([write, read, read])
    assert seen <= {0, 20}


def test_more_names_than_a_script_may_unpack(client: redis.Redis) -> None:
    """A question and a page hold as many as are asked for."""
    store = RedisStore(client)
    people = [AddressKey(f"{number:05}@example.org") for number in range(12_000)]
    store.add([bounced(key).suppression for key in people])
    assert len(store.look_up(people)) == 12_000
    page = store.entries(None, 11_999)
    assert (len(page.items), page.next is None) == (11_999, False)
    assert store.remove(people) == 12_000


def test_a_pepper_that_others_begin_to_use_is_noticed(client: redis.Redis) -> None:
    """A store that is open meanwhile finds what it can, and is an error when it cannot."""
    old = RedisStore(client, hashed_with={"2025": OLD})
    both = RedisStore(client, hashed_with={"2026": NEW, "2025": OLD})
    old.suppress(BEN)
    for _ in range(3):  # each writes down its own way again, as long as nobody is lost by it
        assert set(both.look_up([ANN, BEN])) == {BEN}
        assert set(old.look_up([ANN, BEN])) == {BEN}
    both.suppress(ANN)
    for act in (lambda: old.look_up([ANN]), old.entries, lambda: old.suppress(ANN)):
        with pytest.raises(StoreError, match="under the pepper 2026"):
            act()
    both.erase(ANN)
    assert set(old.look_up([BEN])) == {BEN}


def test_it_works_in_a_cluster(tmp_path: Path) -> None:
    """All of a list is in one slot; a prefix that scatters it is an error that says so."""
    options = ("--cluster-enabled", "yes", "--cluster-port", str(free_port()))
    with redis_server(tmp_path, *options) as server:
        with server.client() as node:
            node.execute_command("CLUSTER ADDSLOTSRANGE", 0, 16383)
            until = time.monotonic() + 20
            while "'ok'" not in str(node.execute_command("CLUSTER INFO")):
                assert time.monotonic() < until
        with redis.RedisCluster(host="127.0.0.1", port=server.port) as cluster:
            store = RedisStore(cluster)
            assert list(store.apply([("event", [bounced()]), ("event", ())])) == [True, False]
            assert set(store.look_up([ANN, BEN])) == {ANN}
            assert len(store.entries().items) == store.remove([ANN]) == 1
            with pytest.raises(StoreError, match="hash tag"):
                RedisStore(cluster, prefix="list:").look_up([ANN])


def test_a_client_of_the_other_kind_is_refused(client: redis.Redis) -> None:
    """The message says what AsyncClient does with the right one."""
    for nothing in (redis.asyncio.Redis(), redis.Redis, "redis://127.0.0.1", None):
        with pytest.raises(ConfigurationError, match="redis= must be"):
            RedisStore(nothing)  # type: ignore[arg-type]  # on purpose
    for prefix in ("", "a\n", None, b"list:"):
        with pytest.raises(ConfigurationError, match="prefix="):
            RedisStore(client, prefix=prefix)  # type: ignore[arg-type]  # on purpose
    with pytest.raises(ConfigurationError, match="keep_marks="):
        RedisStore(client, keep_marks=0)
