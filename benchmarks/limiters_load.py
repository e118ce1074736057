"""One of several processes that send mails of 1 to 50 recipients as fast as a limiter lets them."""

from __future__ import annotations

import asyncio
import random
import time
from collections.abc import Callable
from typing import Any, Literal, NamedTuple

from sesguard.errors import StoreError
from sesguard.limiters import RedisLimiter, SQLiteLimiter
from sesguard.limiters.redis_script import SCRIPT
from sesguard.ports import Limiter

__all__ = ["LARGEST", "PROCESSES", "RATE", "Grants", "Load", "send"]

RATE = 200
PROCESSES = 8
LARGEST = 50

Grants = list[tuple[float, int]]
"""When a mail started, by the machine's monotonic clock, and its recipients."""


class Load(NamedTuple):
    """
    What a process is told.

    Attributes:
        number: Which one of them it is.

        limiter: A key of `ACQUIRE`.

        path: The file of those that have one.

        port: Where the redis-server of those that have one listens.

        begin: Monotonic seconds of the first mail.

        seconds: For how long it sends.

        step: Seconds by which the wall clock is set at the half of that.

        away: What ours do while their backend is stopped: ``when_away``, or empty where it is not.
    """

    number: int
    limiter: str
    path: str
    port: int
    begin: float
    seconds: float
    step: float = 0.0
    away: Literal["", "raise", "local"] = ""

    @property
    def stepped(self) -> float:
        """The wall clock's error, now."""
        return self.step if time.monotonic() > self.begin + self.seconds / 2 else 0.0


def send(load: Load) -> Grants:
    """What one process sent."""
    units = random.Random(load.number)
    acquire = ACQUIRE[load.limiter](load)
    grants: Grants = []
    time.sleep(max(0.0, load.begin - time.monotonic()))
    while time.monotonic() < load.begin + load.seconds:
        wanted = units.randint(1, LARGEST)
        if acquire(wanted):
            grants.append((time.monotonic(), wanted))
    return grants


Acquire = Callable[[int], bool]
"""Waits until so many recipients may be mailed; False: it failed, and nothing is sent."""


def _waiting(limiter: Limiter) -> Acquire:
    def acquire(units: int) -> bool:
        try:
            wait = limiter.reserve(units)
        except StoreError:
            time.sleep(0.05)
            return False
        time.sleep(wait)
        return True

    return acquire


def _client(load: Load) -> Any:
    import redis
    from redis.backoff import NoBackoff
    from redis.retry import Retry

    once = Retry(NoBackoff(), 0)
    return redis.Redis(port=load.port, socket_timeout=1, socket_connect_timeout=1, retry=once)


_TIME = "redis.call('TIME')"


class _SetClock:
    """A client of a server whose clock is set: the script adds to TIME what is under a key."""

    def __init__(self, load: Load) -> None:
        self._client, self._load = _client(load), load
        assert SCRIPT.count(_TIME) == 1
        self._script = SCRIPT.replace(
            _TIME, f"{_TIME}\n  time[1] = time[1] + (redis.call('GET', 'step') or 0)"
        )

    def evalsha(self, sha: str, numkeys: int, /, *rest: Any) -> Any:
        if step := self._load.stepped:
            self._client.set("step", step)
        return self._client.eval(self._script, numkeys, *rest)

    eval = evalsha


def _sqlite(load: Load) -> Acquire:
    # It does not look at the wall clock: a step is nothing that could be told to it.
    return _waiting(
        SQLiteLimiter(
            load.path,
            RATE,
            when_away=load.away or "raise",
            local_share=1 / PROCESSES,
            busy_timeout=0.05 if load.away else 5.0,
        )
    )


def _redis(load: Load) -> Acquire:
    client: Any = _SetClock(load) if load.step else _client(load)
    when_away = load.away or "raise"
    return _waiting(RedisLimiter(client, RATE, when_away=when_away, local_share=1 / PROCESSES))


def _pyrate_sqlite(load: Load) -> Acquire:
    from pyrate_limiter import Duration, Limiter, Rate
    from pyrate_limiter.limiter_factory import create_sqlite_bucket

    rates = [Rate(RATE, Duration.SECOND)]
    limiter: Any = Limiter(create_sqlite_bucket(rates, load.path, use_file_lock=True))
    return lambda units: bool(limiter.try_acquire("ses", units))


def _pyrate_redis(load: Load) -> Acquire:
    from pyrate_limiter import Duration, Limiter, Rate, RedisBucket, clocks

    setattr(clocks, "time_ns", lambda: int((time.time() + load.stepped) * 1e9))  # noqa: B010  typed
    bucket: Any = RedisBucket.init([Rate(RATE, Duration.SECOND)], _client(load), "ses")
    limiter: Any = Limiter(bucket)
    return lambda units: bool(limiter.try_acquire("ses", units, timeout=load.seconds))


def _limits_redis(load: Load) -> Acquire:
    from limits import RateLimitItemPerSecond
    from limits.storage import storage_from_string
    from limits.strategies import MovingWindowRateLimiter

    limiter = MovingWindowRateLimiter(storage_from_string(f"redis://127.0.0.1:{load.port}"))
    item = RateLimitItemPerSecond(RATE)

    def acquire(units: int) -> bool:
        if limiter.hit(item, "ses", cost=units):
            return True
        time.sleep(0.01)  # it answers no, and not for how long
        return bool(limiter.hit(item, "ses", cost=units))

    return acquire


def _aiolimiter(load: Load) -> Acquire:
    from aiolimiter import AsyncLimiter

    # Of two seconds, since it takes no mail that is larger than what it holds.
    limiter = AsyncLimiter(2 * RATE / PROCESSES, 2)
    loop = asyncio.new_event_loop()

    def acquire(units: int) -> bool:
        loop.run_until_complete(limiter.acquire(units))
        return True

    return acquire


ACQUIRE: dict[str, Callable[[Load], Acquire]] = {
    "SQLiteLimiter": _sqlite,
    "RedisLimiter": _redis,
    "pyrate-limiter, SQLite": _pyrate_sqlite,
    "pyrate-limiter, Redis": _pyrate_redis,
    "limits, Redis": _limits_redis,
    "aiolimiter, an eighth each": _aiolimiter,
}
