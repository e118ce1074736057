"""A suppression list in a Redis that fails, loses answers, or holds what is none of ours."""

from __future__ import annotations

import socket
import threading
from collections.abc import Callable, Iterator
from contextlib import closing
from datetime import timedelta
from pathlib import Path
from typing import Any, ClassVar

import pytest
import redis
from redis.backoff import NoBackoff
from redis.retry import Retry

from sesguard.addresses import AddressKey
from sesguard.errors import StoreError
from sesguard.stores.redis import RedisStore
from sesguard.stores.redis_list import MOST_TRIES
from sesguard.suppression import Change, CountSoftBounce, Reason, Suppress, Suppression
from sesguard.testing import ManualClock
from tests.peers.redis_server import RedisServer, redis_server
from tests.stores.kept import NEW, OLD

ANN, BEN = AddressKey("ann@example.org"), AddressKey("ben@example.org")
NOW = ManualClock().now()
DAY = timedelta(days=1)
LIST = "{sesguard}:list:"


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


def bounced(key: AddressKey = ANN) -> Suppress:
    """What a hard bounce does."""
    return Suppress(Suppression(key=key, reason=Reason.BOUNCE, at=NOW, source="event"))


def soft(key: AddressKey = ANN) -> CountSoftBounce:
    """What a soft bounce does."""
    return CountSoftBounce(key=key, at=NOW, limit=2, window=DAY)


def acts_on(store: RedisStore) -> dict[str, Callable[[], object]]:
    """Each way to use a store."""
    return {
        "look_up": lambda: store.look_up([ANN]),
        "entries": store.entries,
        "export": lambda: store.export(ANN),
        "apply": lambda: store.apply([("new", [bounced()])]),
        "add": lambda: store.suppress(ANN),
        "remove": lambda: store.remove([ANN]),
        "erase": lambda: store.erase(ANN),
    }


READS, WRITES = ("look_up", "entries", "export"), ("apply", "add", "remove", "erase")


def held(client: redis.Redis) -> dict[object, object]:
    """All that the server holds."""
    return {key: client.dump(str(key, "utf-8")) for key in client.scan_iter()}


# Answers that are lost


class Losing(redis.Connection):
    """A connection that breaks when the answer to a script comes in, as often as is said."""

    lost: ClassVar[int] = 0
    between: ClassVar[list[Callable[[], object]]] = []

    def send_command(self, *args: Any, **options: Any) -> None:
        send: Callable[..., None] = super().send_command
        send(*args, **options)  # which may connect, and greet by commands of its own
        self.script = str(args[1]) if args[0] == "EVAL" else ""

    def read_response(self, *args: Any, **options: Any) -> Any:
        answer = super().read_response(*args, **options)
        if Losing.lost and "PX" in getattr(self, "script", ""):
            Losing.lost -= 1
            for act in Losing.between:
                act()
            disconnect: Callable[[], None] = self.disconnect
            disconnect()
            raise redis.ConnectionError("Connection reset by peer")
        return answer


@pytest.fixture
def losing(server: RedisServer, monkeypatch: pytest.MonkeyPatch) -> Iterator[redis.Redis]:
    """A client that loses the next answer to a write, and asks once more, as redis-py does."""
    monkeypatch.setattr(Losing, "lost", 0)
    pool = redis.ConnectionPool(
        connection_class=Losing,
        host="127.0.0.1",
        port=server.port,
        socket_timeout=5,
        retry=Retry(NoBackoff(), 2),
    )
    with redis.Redis(connection_pool=pool) as client:
        yield client
    pool.disconnect()


def test_a_write_that_is_repeated_is_made_once(losing: redis.Redis) -> None:
    """Where redis-py asks again, since the answer was lost, the store tells what it did."""
    store = RedisStore(losing, clock=ManualClock())
    store.look_up([ANN])
    Losing.lost = 2
    assert list(store.apply([("one", [soft()]), ("two", [bounced(BEN)])])) == [True, True]
    assert Losing.lost == 0
    assert list(store.apply([("one", [soft()]), ("two", [bounced(BEN)])])) == [False, False]
    store.suppress(ANN)
    Losing.lost = 1
    assert store.remove([ANN, BEN]) == 2
    store.suppress(ANN)
    Losing.lost = 1
    assert store.erase(ANN) > 0
    assert Losing.lost == 0
    assert not store.look_up([ANN, BEN])


def test_a_repeated_write_does_not_undo_what_came_between(
    losing: redis.Redis, client: redis.Redis, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What somebody else did after a write whose answer was lost stands."""
    store, other = RedisStore(losing), RedisStore(client)
    store.look_up([ANN])
    monkeypatch.setattr(Losing, "between", [lambda: other.remove([ANN])])
    Losing.lost = 1
    store.suppress(ANN)
    assert Losing.lost == 0
    assert not store.look_up([ANN])


def test_a_batch_whose_answer_was_lost_for_good_counts_once(losing: redis.Redis) -> None:
    """It is an error that says so; brought again, it was seen before."""
    store = RedisStore(losing, clock=ManualClock())
    store.look_up([ANN])
    Losing.lost = 3
    with pytest.raises(StoreError, match="ConnectionError"):
        store.apply([("one", [soft()])])
    assert list(store.apply([("one", [soft()])])) == [False]
    assert not store.look_up([ANN])
    store.apply([("two", [soft()])])
    assert set(store.look_up([ANN])) == {ANN}


# Others who are faster


class Meeting:
    """A client during whose next scripts that write somebody else comes by first."""

    def __init__(self, client: redis.Redis, act: Callable[[], object], times: int) -> None:
        self._client = client
        self._act = act
        self.left = times

    def execute_command(self, *args: Any, **options: Any) -> Any:
        if args[0] == "EVAL" and "PX" in args[1] and self.left:
            self.left -= 1
            self._act()
        run: Callable[..., Any] = self._client.execute_command
        return run(*args, **options)

    def eval(self) -> None:
        """What a client has."""

    def info(self, section: str, /) -> Any:
        return self._client.info(section)


def test_who_is_slower_reads_again(client: redis.Redis) -> None:
    """Whatever others write between reading and writing is neither lost nor overwritten."""
    numbers = iter(range(1000))
    other = RedisStore(client)
    for act in (
        lambda: other.apply([(f"{next(numbers)}", [soft(BEN)])]),
        lambda: other.apply([("mine", [soft()])]),
        lambda: other.suppress(BEN),
        lambda: other.erase(BEN),
    ):
        client.flushall()
        other.close()
        meeting = Meeting(client, act, 1)
        store = RedisStore(meeting, clock=ManualClock())
        batch = [("mine", [soft(), soft(BEN)]), ("theirs", [soft(BEN)])]
        applied = list(store.apply(batch))
        assert meeting.left == 0
        assert sum(applied) + sum(other.apply([("mine", ())])) == 1 + applied[0]
        assert not any(store.apply(batch))


def test_an_event_is_applied_by_who_is_first(client: redis.Redis) -> None:
    """Though nothing else that the slower one has read is different since."""
    other = RedisStore(client)
    store = RedisStore(Meeting(client, lambda: other.apply([("event", ())]), 1))
    assert list(store.apply([("event", [bounced()])])) == [False]
    assert not store.look_up([ANN])


def test_nothing_is_written_under_a_pepper_that_was_left_meanwhile(client: redis.Redis) -> None:
    """A writer that does not know the new pepper is told so at the last moment, too."""
    both = RedisStore(client, hashed_with={"2026": NEW, "2025": OLD})
    meeting = Meeting(client, lambda: both.suppress(BEN), 1)
    old = RedisStore(meeting, hashed_with={"2025": OLD})
    with pytest.raises(StoreError, match="under the pepper 2026"):
        old.apply([("event", [bounced()])])
    assert meeting.left == 0
    assert set(both.look_up([ANN, BEN])) == {BEN}
    assert list(both.apply([("event", [bounced()])])) == [True]


def test_who_is_always_slower_is_told(client: redis.Redis) -> None:
    """After a bounded number of tries it is an error, and nothing was written."""
    numbers = iter(range(1000))
    other = RedisStore(client)
    meeting = Meeting(client, lambda: other.apply([(f"{next(numbers)}", [soft()])]), 1000)
    store = RedisStore(meeting)
    with pytest.raises(StoreError, match=f"changed by others {MOST_TRIES} times"):
        store.apply([("mine", [bounced(), bounced(BEN)])])
    assert meeting.left == 1000 - MOST_TRIES
    assert not other.look_up([BEN])
    assert list(other.apply([("mine", ())])) == [True]


# A server that is away, or lost what it held


def test_a_server_that_is_away_is_an_error(server: RedisServer, client: redis.Redis) -> None:
    """It is never an empty list; nor is a server that comes back with nothing."""
    store = RedisStore(client)
    store.suppress(ANN)
    server.stop()
    for act in acts_on(store).values():
        with pytest.raises(StoreError, match="Redis failed with ConnectionError: see") as caught:
            act()
        assert isinstance(caught.value.original, redis.ConnectionError)
    server.start()
    for act in acts_on(store).values():
        with pytest.raises(StoreError, match="the server lost its data"):
            act()
    RedisStore(client).suppress(BEN)  # another one, at the same place
    for act in acts_on(store).values():
        with pytest.raises(StoreError, match="deleted or replaced"):
            act()
    store.close()
    assert set(store.look_up([ANN, BEN])) == {BEN}


@pytest.mark.parametrize("how", ["stopped", "killed"])
def test_a_server_that_writes_to_its_disk_may_come_back(tmp_path: Path, how: str) -> None:
    """Stopped or killed in its work, it has all that was applied, and the store goes on."""
    with redis_server(tmp_path) as server, server.client() as client:
        store = RedisStore(client)
        people = [AddressKey(f"{number}@example.org") for number in range(50)]
        for key in people:
            store.apply([(f"event {key}", [bounced(key)])])
        server.stop() if how == "stopped" else server.kill()
        server.start()
        assert set(store.look_up(people)) == set(people)
        assert not any(store.apply([(f"event {key}", [bounced(key)]) for key in people]))


@pytest.mark.parametrize("act", [*READS, *WRITES])
def test_a_server_that_is_loading_is_an_error(act: str) -> None:
    """It says so, and the message says to wait."""
    with socket.create_server(("127.0.0.1", 0)) as listener:

        def answer() -> None:
            with closing(listener.accept()[0]) as link:
                while link.recv(65_536):
                    link.sendall(b"-LOADING Redis is loading the dataset in memory\r\n" * 3)

        thread = threading.Thread(target=answer, daemon=True)
        thread.start()
        port = listener.getsockname()[1]
        once = Retry(NoBackoff(), 0)
        client = redis.Redis(port=port, socket_timeout=5, retry=once)
        with client, pytest.raises(StoreError, match="try again in a while"):
            acts_on(RedisStore(client))[act]()
        thread.join(20)


@pytest.mark.parametrize("act", [*READS, *WRITES])
def test_a_server_that_does_not_answer_is_an_error(server: RedisServer, act: str) -> None:
    """After the client's own time-out; what was asked may be done all the same."""
    with server.client(socket_timeout=0.1) as hasty:
        store = RedisStore(hasty)
        store.look_up([ANN])
        with server.frozen(), pytest.raises(StoreError, match="did not answer in time"):
            acts_on(store)[act]()


# A server that may not be written to


def test_a_full_server_is_an_error(client: redis.Redis) -> None:
    """Nothing of a batch is there, and the list still answers. An erasure makes room."""
    store = RedisStore(client)
    store.suppress(ANN)
    before = held(client)
    client.config_set("maxmemory", "1")
    try:
        for act in ("apply", "add", "remove"):
            with pytest.raises(StoreError, match="memory is full"):
                acts_on(store)[act]()
        assert held(client) == before
        assert set(store.look_up([ANN, BEN])) == {ANN}
        assert store.erase(ANN) == 1
    finally:
        client.config_set("maxmemory", "0")
    assert list(store.apply([("new", [bounced()])])) == [True]


def test_a_replica_is_read_and_not_written_to(client: redis.Redis) -> None:
    """The message says which server to give."""
    store = RedisStore(client)
    store.suppress(BEN)
    before = held(client)
    client.replicaof("127.0.0.1", "1")
    try:
        assert set(store.look_up([ANN, BEN])) == {BEN}
        for act in ("apply", "add", "remove"):
            with pytest.raises(StoreError, match="give the client the primary"):
                acts_on(store)[act]()
    finally:
        client.replicaof("NO", "ONE")
    assert held(client) == before


@pytest.mark.parametrize("denied", ["set", "zadd", "get", "mget", "zscore", "zrangebyscore"])
def test_a_user_who_may_not_do_all_of_it_loses_nothing(
    client: redis.Redis, server: RedisServer, denied: str
) -> None:
    """What the server refuses in the middle of a write is applied by who may do it."""
    store = RedisStore(client, clock=ManualClock())
    store.apply([("before", [soft(BEN)])])
    with limited(client, server, denied) as user:
        batch: list[tuple[str, list[Change]]] = [("event", [bounced(), soft(BEN)])]
        with pytest.raises(StoreError, match="Redis failed with"):
            RedisStore(user, clock=ManualClock()).apply(batch)
        assert list(store.apply(batch)) == [True]
    assert set(store.look_up([ANN, BEN])) == {ANN, BEN}
    assert [one.key for one in store.entries().items] == [ANN, BEN]


@pytest.mark.parametrize("denied", ["del", "zrem"])
def test_who_may_not_take_off_takes_nobody_off(
    client: redis.Redis, server: RedisServer, denied: str
) -> None:
    """An erasure that the server refuses in its middle leaves the address on the list."""
    store = RedisStore(client)
    store.suppress(ANN)
    with (
        limited(client, server, denied) as user,
        pytest.raises(StoreError, match="Redis failed with"),
    ):
        RedisStore(user).erase(ANN)
    assert set(store.look_up([ANN])) == {ANN}
    assert store.erase(ANN) == 1
    assert not store.look_up([ANN])


def limited(client: redis.Redis, server: RedisServer, denied: str) -> redis.Redis:
    """A client of a user who may do all but one thing."""
    commands = ["+@all", f"-{denied}"]
    client.acl_setuser("app", enabled=True, nopass=True, keys="*", reset=True, commands=commands)
    return server.client(username="app", password="any")


@pytest.mark.parametrize("policy", ["allkeys-lru", "volatile-ttl"])
def test_a_server_that_drops_keys_is_warned_of_once(
    client: redis.Redis, caplog: pytest.LogCaptureFixture, policy: str
) -> None:
    """An entry that is dropped is a mail to who must not be mailed."""
    client.config_set("maxmemory-policy", policy)
    try:
        store = RedisStore(client)
        for _ in range(3):
            store.look_up([ANN])
    finally:
        client.config_set("maxmemory-policy", "noeviction")
    (record,) = caplog.records
    assert policy in record.getMessage()
    assert "suppression list" in record.getMessage()


def test_a_server_that_does_not_tell_is_not_warned_of(
    client: redis.Redis, server: RedisServer, caplog: pytest.LogCaptureFixture
) -> None:
    """A user who may not ask for the policy may use the list all the same."""
    with limited(client, server, "info") as user:
        RedisStore(user).suppress(ANN)
    assert not caplog.records


# What is none of ours


@pytest.mark.parametrize("key", ["about", "names", "counting", f"name:{ANN}", "event:new"])
@pytest.mark.parametrize("act", [*READS, *WRITES])
def test_a_key_of_another_type_is_an_error(client: redis.Redis, key: str, act: str) -> None:
    """Wherever it stands in the way; it is left alone, and no address is told."""
    store = RedisStore(client)
    store.suppress(ANN)
    client.delete(LIST + key)
    if key in ("names", "counting"):
        client.set(LIST + key, "of somebody else")
    else:
        client.rpush(LIST + key, "of somebody else")
    before = held(client)
    concerned = {
        "about": (*READS, *WRITES),
        "names": ("entries", *WRITES),
        "counting": WRITES,
        f"name:{ANN}": (*READS, *WRITES),
        "event:new": ("apply",),
    }
    if act not in concerned[key]:
        acts_on(store)[act]()
        return
    with pytest.raises(StoreError, match=r"{sesguard}:list:") as caught:
        acts_on(store)[act]()
    assert "ann@" not in str(caught.value)
    assert held(client) == before


NEWER = b'{"v": 99, "lines": []}'


@pytest.mark.parametrize(
    ("text", "said"),
    [
        (None, "nothing is left of it"),
        (b"", "nothing is left of it"),
        (NEWER, "a newer version"),
        (b'{"v": 1, "lines": [{}]}', "nothing that this store wrote"),
        (b"ann@example.org", "nothing that this store wrote"),
        ("{“v”: 1}".encode(), "nothing that this store wrote"),
        (b"\xff", "nothing that this store wrote"),
        (b"[" * 100_000, "nothing that this store wrote"),
    ],
    ids=["gone", "empty", "newer", "a part", "foreign", "not ASCII", "not UTF-8", "deep"],
)
def test_a_text_that_cannot_be_read_is_an_error(
    client: redis.Redis, text: bytes | None, said: str
) -> None:
    """The address is neither found as one that may be mailed, nor told."""
    store = RedisStore(client)
    store.add([bounced().suppression, bounced(BEN).suppression])
    client.delete(f"{LIST}name:{ANN}")
    if text is not None:
        client.set(f"{LIST}name:{ANN}", text)
    before = held(client)
    for act in acts_on(store).values():
        with pytest.raises(StoreError, match=said) as caught:
            act()
        assert "ann@" not in str(caught.value)
        assert f"{LIST}name:{ANN}" in str(caught.value.original)
    assert held(client) == before
    assert set(store.look_up([BEN])) == {BEN}


@pytest.mark.parametrize(
    ("text", "said"),
    [
        (None, "it is gone, and the list is not"),
        (b"", "nothing that this store wrote"),
        (b"{}", "nothing that this store wrote"),
        (b'{"format": 1, "id": 1, "marks": {"": ""}}', "nothing that this store wrote"),
        (b'{"format": 1, "id": "1", "marks": {}}', "nothing that this store wrote"),
        (b'{"format": 1, "id": "1", "marks": {"": 1}}', "nothing that this store wrote"),
        (b'{"format": 1, "id": "1", "marks": [""]}', "nothing that this store wrote"),
        (b'{"format": 2, "id": "1", "marks": {"": ""}}', "a newer version"),
        (b"\xff", "nothing that this store wrote"),
    ],
    ids=["gone", "empty", "nothing", "id", "no marks", "mark", "a list", "newer", "not UTF-8"],
)
def test_a_list_that_does_not_say_what_it_is_is_an_error(
    client: redis.Redis, text: bytes | None, said: str
) -> None:
    """Nobody knows under which names to look."""
    RedisStore(client).suppress(ANN)
    client.delete(f"{LIST}about")
    if text is not None:
        client.set(f"{LIST}about", text)
    before = held(client)
    for name in (*READS, *WRITES):
        with pytest.raises(StoreError, match=rf"The key {{sesguard}}:list:about .*{said}"):
            acts_on(RedisStore(client))[name]()
    assert held(client) == before


def test_members_that_cannot_be_read_are_an_error(client: redis.Redis) -> None:
    """Of either sorted set; the message names it."""
    store = RedisStore(client)
    for member in (b"\xff", b"{}", b"[1]", b"[" * 100_000):
        client.zadd(f"{LIST}counting", {member: 0})
        with pytest.raises(StoreError, match=r"The key {sesguard}:list:counting in Redis"):
            store.apply([("event", ())])
        client.delete(f"{LIST}counting")
    client.zadd(f"{LIST}names", {b"\xff": 0})
    with pytest.raises(StoreError, match=r"The key {sesguard}:list:names in Redis"):
        store.entries()


class StandIn:
    """A client that answers the same to everything."""

    def __init__(self, *answers: object) -> None:
        self._answers = list(answers)

    def execute_command(self, *args: Any, **options: Any) -> Any:
        return self._answers[0] if len(self._answers) == 1 else self._answers.pop(0)

    def eval(self) -> None:
        """What a client has."""

    def info(self, section: str, /) -> Any:
        return {}


ABOUT = b'{"format": 1, "id": "1", "marks": {"": ""}}'


@pytest.mark.parametrize(
    "answers",
    [
        (None,),
        ("OK",),
        ([],),
        ([1, 2],),
        ([ABOUT],),
        ([ABOUT, None, None],),
        ([None, None], "OK"),
        ([], [ABOUT, None, None], 7),
        ([None],),
    ],
    ids=repr,
)
def test_what_is_no_answer_of_redis_is_an_error(answers: tuple[object, ...]) -> None:
    """A pipeline, or a stand-in of a test, is not an empty list."""
    for name in ("apply",) if len(answers) == 3 else ("look_up", "export", "add"):
        with pytest.raises(StoreError, match="no answer of Redis"):
            acts_on(RedisStore(StandIn(*answers)))[name]()
