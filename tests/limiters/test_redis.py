"""The rate of all processes of all hosts, in Redis."""

from __future__ import annotations

import logging
import subprocess
import sys
from collections.abc import Callable, Iterator
from itertools import count
from typing import Any

import pytest
import redis
import redis.asyncio
from hypothesis import given, settings
from hypothesis import strategies as st
from redis.exceptions import TimeoutError as RedisTimeoutError

from sesguard._core import rate_share
from sesguard._core.rate_share import Shared, shared
from sesguard.errors import ConfigurationError, StoreError
from sesguard.limiters import RedisLimiter
from sesguard.limiters.redis_script import SCRIPT
from sesguard.testing import LimiterContract, ManualClock
from sesguard.testing.limiter_contract import MakeLimiter
from tests.peers.redis_server import RedisServer, redis_server

KEY = "sesguard:rate"
_number = count()


@pytest.fixture(scope="module")
def server() -> Iterator[RedisServer]:
    with redis_server() as running:
        yield running


@pytest.fixture
def client(server: RedisServer) -> Iterator[redis.Redis]:
    """A client of a server that holds nothing."""
    with server.client() as client:
        client.flushall()
        yield client


class TestContract(LimiterContract):
    """A limiter in Redis keeps what every limiter keeps."""

    @pytest.fixture
    def make_limiter(self, client: redis.Redis) -> MakeLimiter:
        def make(rate: float | Callable[[], float], **options: Any) -> RedisLimiter:
            return RedisLimiter(client, rate, key=f"rate:{next(_number)}", **options)

        return make


DEEDS = st.sampled_from(["reserve", "reserve", "reserve", "give_back", "slow_down"])
RATES = st.floats(0.1, 1000)


@settings(max_examples=150)
@given(
    rates=st.lists(RATES, min_size=1, max_size=2),
    burst=st.none() | st.floats(1, 60),
    calls=st.lists(
        st.tuples(
            DEEDS,
            st.integers(1, 50),
            st.sampled_from([None, None, 0.8, 0.3]),
            st.one_of(st.just(0.0), st.floats(0, 1), st.floats(-100, 100)),
        ),
        min_size=1,
        max_size=30,
    ),
)
def test_the_script_computes_what_the_core_does(
    server: RedisServer,
    rates: list[float],
    burst: float | None,
    calls: list[tuple[str, int, float | None, float]],
) -> None:
    """The same calls at the same times leave the same bucket, and are told the same waits."""
    key, now = f"rate:{next(_number)}", 5000.0
    state: Shared | None = None
    with server.client() as client:
        for number, (deed, units, part, pause) in enumerate(calls):
            now += pause
            rate = rates[number % len(rates)]
            at = shared(state, rate, burst, now=now)
            wait = 0.0
            if deed == "reserve":
                state, wait = rate_share.reserve(at, units, part)
            elif deed == "give_back":
                state = rate_share.refund(at, units, part)
            else:
                state = rate_share.slowed(at, float(units))
            given = (rate, at.bucket.size, part or 0.0, now)
            answer: Any = client.eval(SCRIPT, 1, key, deed, units, *map(repr, given), "")
            assert float(answer[0]) == pytest.approx(wait)
            kept = [float(value) for value in client.hvals(key)]
            expected = [*state.bucket, *state.bulk]
            if expected[5] == float("-inf"):  # what Redis keeps is finite
                kept[5] = expected[5]
            assert kept == pytest.approx(expected, rel=1e-9, abs=1e-9)


def test_limiters_of_one_key_share_one_rate(client: redis.Redis) -> None:
    """Another limiter, as on another host, goes on where the first one is."""
    clock = ManualClock()
    one, other = (RedisLimiter(client, 10, burst=1, clock=clock) for _ in range(2))
    waits = [limiter.reserve(1) for limiter in (one, other, one, other)]
    assert waits == pytest.approx([0.0, 0.1, 0.2, 0.3])
    other.give_back(1)
    assert one.reserve(1) == pytest.approx(0.3)
    one.slow_down(2.0)
    assert other.reserve(1) == pytest.approx(2.0)
    assert RedisLimiter(client, 10, key="another", clock=clock).reserve(1) == 0


@pytest.mark.parametrize("decode", [True, False])
def test_the_time_is_the_servers(server: RedisServer, client: redis.Redis, decode: bool) -> None:
    """Without a clock of a test's own, tokens are gained as the server's time passes."""
    with server.client(decode_responses=decode) as own:
        limiter = RedisLimiter(own, 1000, burst=1, key=f"rate:{decode}")
        assert limiter.reserve(400) == 0
        waits = [limiter.reserve(1) for _ in range(5)]
        assert max(waits) <= 0.4 + 0.004
        seconds, _ = client.time()
        assert float(client.hget(f"rate:{decode}", "as_of")) == pytest.approx(seconds, abs=10)  # type: ignore[arg-type]  # it is there


def test_what_is_kept_goes_away_by_itself(client: redis.Redis) -> None:
    """A limiter that nobody uses any more leaves nothing behind; not before its debt is paid."""
    RedisLimiter(client, 10, clock=ManualClock()).reserve(5)
    assert 86_000 < client.ttl(KEY) <= 86_401
    RedisLimiter(client, 1e-4, key="slow", clock=ManualClock()).reserve(50)
    assert client.ttl("slow") > 500_000
    RedisLimiter(client, 1e-300, key="slowest", clock=ManualClock()).reserve(50)
    assert client.ttl("slowest") > 500_000


class Stepped:
    """The script, on a wall clock that can be set, as clients with clocks of their own call it."""

    def __init__(self, client: redis.Redis, rate: float) -> None:
        self.client, self.rate = client, rate
        self.key = f"rate:{next(_number)}"
        self.offset = 1_700_000_000.0
        self.seen: dict[int, tuple[float, float]] = {}

    def reserve(self, at: float, who: int) -> float:
        """The wait that one client is told at so many of its own seconds."""
        expected = ""
        if who in self.seen:
            theirs, ours = self.seen[who]
            expected = repr(theirs + at - ours)
        now = self.offset + at
        given = (self.rate, self.rate / 10, 0.0, now)
        answer: Any = self.client.eval(
            SCRIPT, 1, self.key, "reserve", 1, *map(repr, given), expected
        )
        self.seen[who] = now, at
        return float(answer[0])


@pytest.mark.parametrize("step", [3600.0, -3600.0, 0.0])
@pytest.mark.parametrize("clients", [1, 8, 100])
def test_a_server_clock_that_is_set_changes_nothing(
    client: redis.Redis, step: float, clients: int
) -> None:
    """By an hour back or forward under steady demand: no second has more than ever, nor less."""
    rate, server = 100.0, Stepped(client, 100.0)
    awake = [0.0] * clients
    starts: list[float] = []
    stepped = False
    while min(awake) < 4.0:
        now = min(awake)
        who = awake.index(now)
        if now > 2.0 and not stepped:
            server.offset, stepped = server.offset + step, True
        awake[who] += server.reserve(now, who)
        starts.append(awake[who])
    starts.sort()
    most = max(sum(begin <= at < begin + 1 - 1e-6 for at in starts) for begin in starts)
    assert most <= rate + rate / 10 + 1
    assert sum(at < 4.0 for at in starts) >= 0.98 * rate * 4.0


@pytest.mark.parametrize("step", [3600.0, -3600.0, 5.0, -5.0])
def test_a_wait_is_the_same_whatever_the_clock_was_set_to(client: redis.Redis, step: float) -> None:
    """The seconds between two calls are those of the client that makes them."""
    set_clock, untouched = Stepped(client, 100.0), Stepped(client, 100.0)
    for server in (set_clock, untouched):
        for who, at in ((0, 0.0), (1, 0.01), (0, 0.02)):
            server.reserve(at, who)
            server.reserve(at, who)
    set_clock.offset += step
    for who, at in ((0, 0.05), (1, 0.06), (0, 0.07), (2, 0.07)):
        expected = untouched.reserve(at, who)
        assert set_clock.reserve(at, who) == pytest.approx(expected, abs=1e-5)


def test_an_hour_without_mail_is_no_clock_that_was_set(client: redis.Redis) -> None:
    """A client that comes again after an hour finds the burst, and whatever others left of it."""
    server = Stepped(client, 100.0)
    for who in (0, 1):
        server.reserve(0.0, who)
    assert [server.reserve(3600.0, 0) for _ in range(10)] == [0.0] * 10
    assert server.reserve(3600.0, 1) == pytest.approx(0.01)
    assert server.reserve(3600.0, 2) == pytest.approx(0.02)


def test_a_server_that_lost_its_data_lets_what_it_promised_go_first(client: redis.Redis) -> None:
    """Others hold times that it gave before: new ones begin a second later, without a burst."""
    clock = ManualClock()
    one, other = (RedisLimiter(client, 10, burst=5, clock=clock) for _ in range(2))
    for limiter in (one, other):
        limiter.reserve(20)
    client.flushall()
    assert other.reserve(1) == pytest.approx(1.6 + 1)
    assert one.reserve(1) == pytest.approx(1.6 + 1.1)
    assert RedisLimiter(client, 10, burst=5, clock=clock).reserve(1) == pytest.approx(1.6 + 1.2)


def test_nobody_waits_twice_for_what_a_server_promised() -> None:
    """The time for which the server was away counts, and an hour of bulk mail is not waited for."""
    clock = ManualClock()
    with redis_server() as server, server.client() as client:
        limiter = RedisLimiter(client, 10, burst=1, clock=clock)
        for away, then in ((0.5, 1.0), (4.0, 0.0)):
            limiter.reserve(6)
            limiter.reserve(1)
            server.stop()
            with pytest.raises(StoreError):
                limiter.reserve(1)
            clock.advance(away)
            with pytest.raises(StoreError):
                limiter.reserve(1)
            server.start()
            assert limiter.reserve(1) == pytest.approx(then, abs=0.11)
            clock.advance(60)
        bulk = limiter.share(0.5)
        bulk.reserve(500)
        assert bulk.reserve(1) > 90
        client.flushall()
        assert limiter.reserve(1) == pytest.approx(11.0)


NONSENSE: dict[str, str] = {"text": "ann@example.org", "none": "nan", "no end": "inf", "empty": ""}


@pytest.mark.parametrize("nonsense", NONSENSE.values(), ids=NONSENSE)
@pytest.mark.parametrize("name", ["tokens", "as_of", "pace", "slowed_at", "held"])
@pytest.mark.parametrize("when_away", ["raise", "local"])
def test_what_is_no_state_is_an_error(
    client: redis.Redis, name: str, nonsense: str, when_away: Any
) -> None:
    """A value that cannot be stops the send and names the key, and is never a free pass."""
    limiter = RedisLimiter(client, 10, when_away=when_away)
    limiter.reserve(1)
    client.hset(KEY, name, nonsense)
    for act in (limiter.reserve, limiter.give_back, limiter.slow_down):
        with pytest.raises(StoreError) as caught:
            act(1)
        assert KEY in str(caught.value)
        assert "ann@" not in str(caught.value)
    assert not limiter.away


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("rate", 0),
        ("size", 0.5),
        ("tokens", 99),
        ("pace", 0),
        ("pace", 2),
        ("share", 1),
        ("share", -0.1),
        ("held", -1),
        ("held", 1),
        ("ahead", -1),
        ("largest", -1),
        ("slowed_at", 1e12),
    ],
)
def test_values_out_of_range_are_an_error(client: redis.Redis, name: str, value: float) -> None:
    """No bucket has them, so somebody else wrote them."""
    limiter = RedisLimiter(client, 10)
    limiter.reserve(1)
    client.hset(KEY, name, str(value))
    with pytest.raises(StoreError, match=KEY):
        limiter.reserve(1)


def test_something_else_under_the_key_is_an_error(client: redis.Redis) -> None:
    """A key of another type, and a hash of somebody else's, are left as they are."""
    limiter = RedisLimiter(client, 10, when_away="local")
    client.set(KEY, "14")
    with pytest.raises(StoreError, match=KEY):
        limiter.reserve(1)
    assert client.get(KEY) == b"14"
    client.delete(KEY)
    client.hset(KEY, "theirs", "1")
    with pytest.raises(StoreError, match=KEY):
        limiter.reserve(1)
    assert client.hgetall(KEY) == {b"theirs": b"1"}
    assert not limiter.away


def test_a_server_that_is_away_is_stood_in_for(caplog: pytest.LogCaptureFixture) -> None:
    """While it is stopped a part of the rate goes on, which is said once; and when it is back."""
    clock = ManualClock()
    with redis_server() as server, server.client() as client:
        limiter = RedisLimiter(client, 100, clock=clock, when_away="local", local_share=0.05)
        bulk = limiter.share(0.8)
        assert limiter.reserve(1) == 0
        with caplog.at_level(logging.WARNING):
            server.stop()
            assert [limiter.reserve(1) for _ in range(3)] == pytest.approx([1.0, 1.2, 1.4])
            assert limiter.away
            assert bulk.away
            limiter.give_back(1)
            assert bulk.reserve(1) == pytest.approx(1.4)
            bulk.give_back(1)
            limiter.slow_down(5.0)
            assert limiter.reserve(1) == pytest.approx(5.0)
            server.start()
            assert limiter.reserve(1) > 5.0  # it is not tried at each send
            clock.advance(3.1)
            assert limiter.reserve(1) > 2  # others may still be alone, so this part binds as well
            assert not limiter.away
            clock.advance(20)
            assert limiter.reserve(1) == 0
    assert ["away" in message for message in caplog.messages] == [True, False]
    assert "back" in caplog.messages[1]
    assert all(KEY in message for message in caplog.messages)


def test_nothing_stands_in_unless_asked(caplog: pytest.LogCaptureFixture) -> None:
    """By default a server that is away stops the send, and nothing is logged."""
    with redis_server() as server, server.client() as client:
        limiter = RedisLimiter(client, 100)
        limiter.reserve(1)
        server.stop()
        for act in (limiter.reserve, limiter.give_back, limiter.slow_down):
            with pytest.raises(StoreError, match="ConnectionError") as caught:
                act(1)
            assert caught.value.original is not None
        assert not limiter.away
        server.start()
        assert limiter.reserve(1) <= 1.0  # for those who were given times before it stopped
    assert not caplog.records


class Losing:
    """A client that loses answers: the server did what it was asked."""

    def __init__(self, client: redis.Redis) -> None:
        self.client, self.loses = client, True

    def evalsha(self, sha: str, numkeys: int, /, *rest: Any) -> Any:
        answer = self.client.eval(SCRIPT, numkeys, *rest)
        if self.loses:
            raise RedisTimeoutError("Timeout reading from socket")
        return answer

    eval = evalsha


def test_a_lost_answer_costs_its_tokens(client: redis.Redis) -> None:
    """What the server took stays taken, so that asking again never passes the rate."""
    losing = Losing(client)
    limiter = RedisLimiter(losing, 10, burst=1, clock=ManualClock())
    with pytest.raises(StoreError):
        limiter.reserve(5)
    losing.loses = False
    assert limiter.reserve(5) == pytest.approx(0.5)


@pytest.mark.parametrize("answer", [None, b"", [b"1"], [b"ann@example.org", b"1"], 0.5], ids=repr)
def test_what_is_no_answer_is_an_error(answer: Any) -> None:
    """A client that is none of redis-py's does not become a free pass."""

    class Odd:
        def evalsha(self, sha: str, numkeys: int, /, *rest: Any) -> Any:
            return answer

        eval = evalsha

    with pytest.raises(StoreError, match=KEY) as caught:
        RedisLimiter(Odd(), 10, when_away="local").reserve(1)
    assert "ann@" not in str(caught.value)


@pytest.mark.parametrize(
    "nothing",
    [None, object(), redis.Redis, "redis://127.0.0.1"],
    ids=["nothing", "an object", "a class", "a URL"],
)
def test_what_is_no_client_is_refused(nothing: Any) -> None:
    """The error says what to give."""
    with pytest.raises(ConfigurationError, match=r"redis\.Redis"):
        RedisLimiter(nothing, 10)


@pytest.mark.parametrize(
    "options", [{"key": ""}, {"when_away": "send"}, {"local_share": 0}, {"burst": 0}], ids=repr
)
def test_options_that_cannot_be_are_refused(client: redis.Redis, options: dict[str, Any]) -> None:
    """They are an error when the limiter is made."""
    with pytest.raises(ConfigurationError):
        RedisLimiter(client, 10, **options)


def test_an_asynchronous_client_is_refused() -> None:
    """It goes to the limiter that awaits it."""
    with pytest.raises(ConfigurationError, match="AsyncRedisLimiter"):
        RedisLimiter(redis.asyncio.Redis(), 10)


def test_a_missing_package_is_said_with_what_to_install() -> None:
    """Without redis the limiter's name answers how to get it."""
    code = (
        "import sys; sys.modules['redis'] = None\n"
        "from sesguard import errors, limiters\n"
        "try: limiters.RedisLimiter\n"
        "except errors.MissingExtraError as error: print(error)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert "sesguard[redis]" in done.stdout
