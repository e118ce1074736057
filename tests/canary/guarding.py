"""What stops or slows mail: guards and limiters, well, failing, and shared."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from datetime import timedelta
from functools import partial
from pathlib import Path
from typing import Any

import redis.exceptions

from sesguard import guards, limiters, metrics, replies, testing
from sesguard.errors import CircuitOpenError, SESGuardError
from sesguard.ports import Quota
from tests.canary.material import (
    ADDRESS,
    DOMAIN,
    FOREIGN,
    MAILBOX,
    NOW,
    SAID,
    UNVERIFIED,
    Foreign,
    Scenario,
    failing,
    failing_later,
    letter,
    templated,
)
from tests.canary.remembering import Redis, RedisLater
from tests.canary.sends import Answering, guarded
from tests.canary.watch import Watch

__all__ = ["SCENARIOS"]

ENDS: Sequence[SESGuardError | None] = (
    None,
    CircuitOpenError("It was stopped.", retry_after=1.0),
    replies.from_api("SendingPausedException", SAID),
    replies.from_api("SendingPausedException", f"Configuration set <{ADDRESS}> is paused"),
    replies.from_api("AccountSuspendedException", SAID),
    replies.from_api("MessageRejected", UNVERIFIED, status=400),
    replies.from_api("InternalFailure", SAID, status=500),
    replies.from_smtp(454, f"Daily message quota exceeded. {SAID}", phase="body"),
)
"""What a guard is told."""


def stood(watch: Watch, guard: Any) -> None:
    """Call each method of a guard, and send past it."""
    watch.value(guard)
    for mail in (letter(), letter(list_unsubscribe=None), templated(configuration_set="news")):
        for end in ENDS:
            watch.ask(guard.admit, mail)
            watch.ask(guard.permit, mail)
            watch.ask(guard.learn, mail, end)
        watch.ask(guards.is_bulk, mail)
    for end in (None, *ENDS[2:5]):
        guarded(watch, guards=[guard], transport=Answering(end))
    watch.value(guard)


def circuits(watch: Watch, folder: Path) -> None:
    """A breaker that opens, tries again, and closes; and guards of others, which fail."""
    clock = testing.ManualClock(NOW)
    stood(watch, guards.CircuitBreaker(clock=clock))
    breaker = guards.CircuitBreaker(probe_every=timedelta(seconds=1), clock=clock)
    for end in (ENDS[2], ENDS[4], None):
        watch.ask(breaker.learn, letter(), end)
        watch.ask(breaker.admit, letter())
        clock.advance(2.0)
        watch.ask(breaker.permit, letter())
        watch.ask(breaker.permit, letter())
    wrong: Any
    for wrong in (ADDRESS, FOREIGN, [ADDRESS], 0):
        watch.ask(partial(guards.CircuitBreaker, probe_every=wrong))
        guarded(watch, [letter()], sync=False)
    for one in (failing, failing_later, lambda *_: FOREIGN):
        strange: Any = type("Strange", (), dict.fromkeys(("admit", "permit", "learn"), one))
        guarded(watch, [letter()], guards=[strange()])


def fences(watch: Watch, folder: Path) -> None:
    """Fences that refuse, drop and redirect, and allow-lists that are none."""
    for allow in (f"{DOMAIN}.example", [MAILBOX, f"*.{DOMAIN}.example"], "example.com"):
        stood(watch, guards.Fence(allow))
        stood(watch, guards.Fence(allow, otherwise="drop"))
        stood(watch, guards.Fence(allow, otherwise="redirect", to=MAILBOX))
    named: Any = {"fenced": ["staging"], "unfenced": ["production"], "allow": [ADDRESS]}
    for name in ("staging", "production", ADDRESS, FOREIGN):
        fence = watch.ask(partial(guards.Fence.for_environment, **named), name)
        if fence is not None:
            stood(watch, fence)
    wrong: Any
    for wrong in (ADDRESS, FOREIGN, f"{ADDRESS}@{ADDRESS}", f"*{ADDRESS}", [FOREIGN], [7]):
        watch.ask(guards.Fence, wrong)
        watch.ask(partial(guards.Fence, otherwise=wrong), ADDRESS)
        watch.ask(partial(guards.Fence, otherwise="redirect", to=wrong), ADDRESS)
        watch.ask(partial(guards.Fence, to=wrong), ADDRESS)
        for option in named:
            given: Any = {**named, option: wrong}
            watch.ask(partial(guards.Fence.for_environment, **given), "staging")
            watch.ask(partial(guards.Fence.for_environment, **given), wrong)


class Account:
    """
    An account whose figures are what a test says.

    Args:
        answer: Raised, where it is an exception.
    """

    def __init__(self, answer: object) -> None:
        self._answer: Any = answer

    def quota(self) -> Any:
        return self()

    def max_send_rate(self) -> Any:
        return self().max_send_rate

    def __call__(self, **_: object) -> Any:
        """As a function that answers SendDataPoints, and as CloudWatch."""
        if isinstance(self._answer, Exception):
            raise self._answer
        return self._answer

    get_metric_data = __call__


def quotas(watch: Watch, folder: Path) -> None:
    """Figures that leave room, that leave none, and that cannot be read."""
    full = Quota(max_24_hour_send=200.0, max_send_rate=1.0, sent_last_24_hours=199.0)
    free = Quota(max_24_hour_send=-1.0, max_send_rate=1.0, sent_last_24_hours=0.0)
    for answer in (full, free, Foreign(), FOREIGN, KeyError(ADDRESS), None):
        clock = testing.ManualClock(NOW)
        account = Account(answer)
        stood(watch, guards.QuotaGuard(account, keep=10, clock=clock))
        stood(watch, guards.QuotaGuard(account, keep_share=0.5, bulk=lambda mail: True))
    wrong: Any
    for wrong in (ADDRESS, FOREIGN, [ADDRESS], failing_later, -1):
        watch.ask(partial(guards.QuotaGuard, wrong, keep=1))
        for option in ("keep", "keep_share", "bulk", "every"):
            given: Any = {"keep": 1, option: wrong}
            watch.ask(partial(guards.QuotaGuard, Account(full), **given))
    for one in (failing, lambda mail: FOREIGN):
        strange: Any = one
        guard = guards.QuotaGuard(Account(full), keep=1, bulk=strange)
        guarded(watch, [letter()], guards=[guard])


def reputations(watch: Watch, folder: Path) -> None:
    """Rates that are high, and figures that cannot be read, of SES and of CloudWatch."""
    bad = metrics.SendDataPoint(
        timestamp=NOW - timedelta(hours=1), delivery_attempts=10_000, bounces=900, complaints=90
    )
    high = {"MetricDataResults": [{"Id": "bounce", "Values": [0.9]}]}
    odd = {"MetricDataResults": [{"Id": "bounce", "Values": [ADDRESS]}]}
    answers: Any = ([bad], [], Foreign(), FOREIGN, [{ADDRESS: FOREIGN}], KeyError(ADDRESS))
    for answer in answers:
        for cloud in (None, high, odd, Foreign(), {ADDRESS: SAID}):
            guard = guards.ReputationGuard(
                Account(answer),
                cloudwatch=None if cloud is None else Account(cloud),
                clock=testing.ManualClock(NOW),
            )
            stood(watch, guard)
            watch.value(guard.held)
    wrong: Any
    for wrong in (ADDRESS, FOREIGN, [ADDRESS], failing_later, -1):
        watch.ask(guards.ReputationGuard, wrong)
        for option in (
            *("cloudwatch", "bounce", "complaint", "resume_at", "minimum", "window"),
            *("bulk", "every"),
        ):
            given: Any = {option: wrong}
            watch.ask(partial(guards.ReputationGuard, Account([bad]), **given))


# Limiters.


def slowed(watch: Watch, limiter: Any) -> None:
    """Call each method of a limiter and of a share of it, and send by both."""
    wrong: Any
    watch.value(limiter)
    for one in (limiter, watch.ask(limiter.share, 0.5)):
        if one is not None:
            watch.ask(one.reserve, 1)
            watch.ask(one.give_back, 1)
            watch.ask(one.slow_down)
            watch.ask(one.slow_down, 2.0)
            watch.ask(one.reserve, 0)
            watch.value([one, getattr(one, "away", None)])
            guarded(watch, [letter()], limiter=one)
    for wrong in (ADDRESS, FOREIGN, [ADDRESS], 2.0):
        watch.ask(limiter.share, wrong)


def rates(watch: Watch, folder: Path) -> None:
    """Limiters in memory and in files, of which some are damaged, or not ours, or not there."""
    for limiter in (limiters.MemoryLimiter(1000), limiters.MemoryLimiter(failing)):
        slowed(watch, limiter)
    theirs = folder / "theirs.db"
    theirs.write_text(FOREIGN * 100)
    for path in (folder / "rate.db", theirs, folder / "nowhere" / "rate.db"):
        for when_away in ("raise", "local"):
            options: Any = {"when_away": when_away, "busy_timeout": 0.01}
            with limiters.SQLiteLimiter(path, 1000, **options) as in_file:
                slowed(watch, in_file)


def rates_in_redis(watch: Watch, folder: Path) -> None:
    """Limiters in Redis that answer, answer nonsense, and fail, with addresses in their words."""
    for answer in (
        [b"0", b"1"],
        [FOREIGN.encode(), ADDRESS],
        None,
        ADDRESS,
        redis.exceptions.NoScriptError(FOREIGN),
        redis.exceptions.ConnectionError(FOREIGN),
        redis.exceptions.ResponseError(f"WRONGTYPE {FOREIGN}"),
        redis.exceptions.ResponseError(FOREIGN),
    ):
        for when_away in ("raise", "local"):
            option: Any = {"when_away": when_away}
            slowed(watch, limiters.RedisLimiter(Redis(answer), 1000, **option))
            later = limiters.AsyncRedisLimiter(RedisLater(answer), 1000, **option)
            watch.value([later, later.away])
            asyncio.run(_slowed_later(watch, later))
    wrong: Any
    for wrong in (ADDRESS, FOREIGN, Foreign()):
        watch.ask(limiters.RedisLimiter, wrong, 1)
        watch.ask(limiters.AsyncRedisLimiter, wrong, 1)
        watch.ask(later.share, wrong)


async def _slowed_later(watch: Watch, limiter: limiters.AsyncRedisLimiter) -> None:
    for one in (limiter, limiter.share(0.5)):
        watch.value([one, one.away])
        for call in (one.reserve(1), one.give_back(1), one.slow_down(), one.reserve(0)):
            done = asyncio.ensure_future(call)
            await asyncio.wait([done])
            watch.ask(done.result)


SCENARIOS: list[Scenario] = [circuits, fences, quotas, reputations, rates, rates_in_redis]
