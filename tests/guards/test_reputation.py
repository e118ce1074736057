"""Holds bulk mail before AWS has a reason to stop all mail."""

from __future__ import annotations

import logging
import os
import threading
from collections.abc import Callable, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from sesguard import errors, limiters, metrics
from sesguard.guards import ReputationGuard
from sesguard.metrics import SendDataPoint
from sesguard.simulator import Simulator
from sesguard.testing import ManualClock
from tests.guards.conftest import ask, bulk, mail, stopped

NOW = datetime(2026, 1, 15, 11, 45, tzinfo=UTC)  # a quarter of an hour before the clock begins
EVERY = 900


class Statistics:
    """Answers what a test says last; an exception is raised."""

    def __init__(self, answer: Any = ()) -> None:
        self.answer = answer
        self.asked = 0
        self.meanwhile: Callable[[], object] = lambda: None

    def __call__(self) -> Any:
        self.asked += 1
        self.meanwhile()
        if isinstance(self.answer, Exception):
            raise self.answer
        return self.answer

    def say(self, attempts: int, *, bounces: int = 0, complaints: int = 0) -> None:
        self.answer = [
            SendDataPoint(
                timestamp=NOW, delivery_attempts=attempts, bounces=bounces, complaints=complaints
            )
        ]


class CloudWatch:
    """Answers one value for each metric, newest first, as boto3's client does."""

    def __init__(self, **rates: Sequence[Any]) -> None:
        self.rates: dict[str, Sequence[Any]] = rates
        self.requests: list[dict[str, Any]] = []

    def get_metric_data(self, **request: Any) -> dict[str, Any]:
        self.requests.append(request)
        if "raises" in self.rates:
            raise self.rates["raises"][0]
        return {
            "MetricDataResults": [
                {"Id": query["Id"], "Values": list(self.rates.get(query["Id"], ()))}
                for query in request["MetricDataQueries"]
            ]
        }


@pytest.fixture
def clock() -> ManualClock:
    return ManualClock()


@pytest.fixture
def statistics() -> Statistics:
    return Statistics()


@pytest.fixture
def guard(statistics: Statistics, clock: ManualClock) -> ReputationGuard:
    return ReputationGuard(statistics, clock=clock)


@pytest.mark.parametrize(
    ("attempts", "bounces", "complaints", "held"),
    [
        (0, 0, 0, set()),
        (1000, 39, 0, set()),
        (1000, 40, 0, {"bounce"}),
        (999, 500, 9, set()),
        (10_000, 0, 7, set()),
        (10_000, 0, 8, {"complaint"}),
        (1000, 40, 2, {"bounce", "complaint"}),
        (1000, 0, 1, set()),
    ],
)
def test_bulk_mail_is_held_from_the_line_on(
    guard: ReputationGuard,
    statistics: Statistics,
    attempts: int,
    bounces: int,
    complaints: int,
    held: set[str],
) -> None:
    """And other mail never; nor anything where there is too little mail to tell."""
    statistics.say(attempts, bounces=bounces, complaints=complaints)
    found = stopped(guard, bulk())
    assert guard.held == held
    assert ask(guard, mail()) is None
    if not held:
        assert found is None
        assert guard.admit(bulk()) == bulk()
        return
    assert found is not None
    assert found.retry_after == EVERY
    assert all(f"{name} rate" in str(found) for name in sorted(held)[:1])
    assert "Your own line" in str(found)
    with pytest.raises(errors.CircuitOpenError):
        guard.admit(bulk())


def test_it_goes_on_below_a_lower_line(
    guard: ReputationGuard,
    statistics: Statistics,
    clock: ManualClock,
    caplog: pytest.LogCaptureFixture,
) -> None:
    """Between the two lines it stays as it was; the log has both moments."""
    seen: list[bool] = []
    for bounces in (39, 30, 40, 39, 30, 29, 39):
        statistics.say(1000, bounces=bounces)
        seen.append(stopped(guard, bulk()) is not None)
        clock.advance(EVERY)
    assert seen == [False, False, True, True, True, False, False]
    assert len(caplog.records) == 2


def test_lines_are_ones_own(statistics: Statistics, clock: ManualClock) -> None:
    """They may be stricter, and the minimum lower; what is bulk is said by a predicate."""
    guard = ReputationGuard(
        statistics,
        bounce=0.02,
        complaint=0.0005,
        resume_at=1,
        minimum=100,
        bulk=lambda email: email.stream == "news",
        clock=clock,
    )
    statistics.say(100, bounces=2)
    assert stopped(guard, mail(stream="news")) is not None
    assert stopped(guard, bulk()) is None


def test_figures_are_read_no_more_often_than_said(
    guard: ReputationGuard, statistics: Statistics, clock: ManualClock
) -> None:
    """By bulk mail alone, and the error says when they are read again."""
    stopped(guard, mail())
    assert statistics.asked == 0
    statistics.say(1000, bounces=100)
    found = None
    for _ in range(10):
        found = stopped(guard, bulk())
        clock.advance(100)
    assert found is not None
    assert found.retry_after == EVERY  # the tenth came when they were read again
    assert statistics.asked == 2


BROKEN = [
    RuntimeError("ann@example.org"),
    errors.AccessDeniedError("x"),
    None,
    "points",
    [{"Timestamp": NOW}],
]


@pytest.mark.parametrize("broken", BROKEN, ids=repr)
def test_the_last_figures_stand(
    guard: ReputationGuard,
    statistics: Statistics,
    clock: ManualClock,
    caplog: pytest.LogCaptureFixture,
    broken: object,
) -> None:
    """A reading that fails is said once, holds nothing and frees nothing."""
    statistics.say(1000, bounces=50)
    stopped(guard, bulk())
    caplog.clear()
    statistics.answer = broken
    for _ in range(3):
        clock.advance(EVERY)
        assert stopped(guard, bulk()) is not None
    assert len(caplog.records) == 1
    assert "the last ones count" in caplog.text
    assert "ann@" not in caplog.text


@pytest.mark.parametrize("broken", BROKEN, ids=repr)
def test_without_any_figures_mail_goes(
    statistics: Statistics,
    guard: ReputationGuard,
    clock: ManualClock,
    caplog: pytest.LogCaptureFixture,
    broken: object,
) -> None:
    """One warning tells it."""
    statistics.answer = broken
    for _ in range(3):
        assert stopped(guard, bulk()) is None
        clock.advance(EVERY)
    assert len(caplog.records) == 1
    assert caplog.records[0].levelno == logging.WARNING


def test_an_asynchronous_answer_is_no_figure(clock: ManualClock) -> None:
    """A coroutine is closed, so that it does not warn."""

    async def points() -> list[SendDataPoint]:
        return []

    guard = ReputationGuard(lambda: points(), clock=clock)  # type: ignore[arg-type,return-value]
    assert stopped(guard, bulk()) is None


def test_seses_own_rates_count_where_asked_for(statistics: Statistics, clock: ManualClock) -> None:
    """The newest value, without a minimum: AWS acts on it."""
    cloudwatch = CloudWatch(bounce=[0.041, 0.01], complaint=[])
    guard = ReputationGuard(statistics, cloudwatch=cloudwatch, clock=clock)
    found = stopped(guard, bulk())
    assert found is not None
    assert "4.10 % (as SES computes it)" in str(found)
    (request,) = cloudwatch.requests
    assert request["EndTime"] == clock.now()
    names = [query["MetricStat"]["Metric"] for query in request["MetricDataQueries"]]
    assert names == [
        {"Namespace": "AWS/SES", "MetricName": "Reputation.BounceRate"},
        {"Namespace": "AWS/SES", "MetricName": "Reputation.ComplaintRate"},
    ]
    cloudwatch.rates = {"bounce": [0.001], "complaint": [0.0008]}
    clock.advance(EVERY)
    stopped(guard, bulk())
    assert guard.held == {"complaint"}


def test_the_higher_of_two_rates_counts(statistics: Statistics, clock: ManualClock) -> None:
    """Neither source can free what the other one holds."""
    statistics.say(1000, bounces=50)
    guard = ReputationGuard(statistics, cloudwatch=CloudWatch(bounce=[0.001]), clock=clock)
    found = stopped(guard, bulk())
    assert found is not None
    assert "50 of 1,000" in str(found)


@pytest.mark.parametrize(
    "rates",
    [{"raises": [OSError("x")]}, {"bounce": ["0.5"]}, {"bounce": [5]}, {"bounce": [float("nan")]}],
    ids=repr,
)
def test_one_source_that_fails_leaves_the_other(
    statistics: Statistics,
    clock: ManualClock,
    caplog: pytest.LogCaptureFixture,
    rates: dict[str, Any],
) -> None:
    """The points still hold mail, and the log names what could not be read."""
    statistics.say(1000, bounces=50)
    guard = ReputationGuard(statistics, cloudwatch=CloudWatch(**rates), clock=clock)
    assert stopped(guard, bulk()) is not None
    assert "from CloudWatch" in caplog.text


def test_an_answer_without_results_is_none(
    statistics: Statistics, clock: ManualClock, caplog: pytest.LogCaptureFixture
) -> None:
    """It is not taken for rates of zero."""

    class Empty:
        def get_metric_data(self, **request: Any) -> dict[str, Any]:
            return {}

    guard = ReputationGuard(statistics, cloudwatch=Empty(), clock=clock)
    assert stopped(guard, bulk()) is None
    assert "ParseError" in caplog.text


@pytest.mark.parametrize("first", [True, False])
def test_the_first_figures_are_waited_for_and_later_ones_are_not(
    guard: ReputationGuard, statistics: Statistics, clock: ManualClock, first: bool
) -> None:
    """A thread that comes while they are read goes by the last ones, where there are any."""
    if not first:
        stopped(guard, bulk())
        clock.advance(EVERY)
    statistics.say(1000, bounces=50)
    found: list[object] = []
    other = threading.Thread(target=lambda: found.append(stopped(guard, bulk())))

    def meanwhile() -> None:
        other.start()
        other.join(0.2 if first else 10)

    statistics.meanwhile = meanwhile
    assert stopped(guard, bulk()) is not None
    other.join(30)
    assert (found == [None]) is not first


def test_a_child_is_not_held_up_by_a_lock_of_its_parent(
    guard: ReputationGuard, statistics: Statistics, clock: ManualClock
) -> None:
    """A fork while another thread was reading would else leave the child without figures."""
    statistics.say(1000, bounces=50)
    with guard._readings._lock:
        pid = os.fork()
        if pid == 0:
            found: list[object] = []
            child = threading.Thread(
                target=lambda: found.append(stopped(guard, bulk())), daemon=True
            )
            child.start()
            child.join(10)
            os._exit(0 if found and found[0] is not None else 1)
    assert os.waitpid(pid, 0)[1] == 0


def test_boto3s_own_clients_fit() -> None:
    """The statistics of one for ``ses``, and moto's CloudWatch, where there is nothing yet."""
    import boto3
    from moto import mock_aws

    sim = Simulator()
    with mock_aws():
        cloudwatch: Any = boto3.client("cloudwatch", region_name="us-east-1")
        cloudwatch.put_metric_data(
            Namespace="AWS/SES",
            MetricData=[
                {
                    "MetricName": "Reputation.BounceRate",
                    "Value": 0.06,
                    "Timestamp": sim.clock.now() - timedelta(hours=1),
                }
            ],
        )
        guard = ReputationGuard(
            sim.boto3_client("ses").get_send_statistics, cloudwatch=cloudwatch, clock=sim.clock
        )
        assert stopped(guard, bulk()) is not None
        assert guard.held == {"bounce"}
        cloudwatch.close()


def _campaign(*, guarded: bool) -> tuple[float, int, bool]:
    """Ten days with a list of which an eighth is dead; receipts go out all the time."""
    sim = Simulator(
        quota=-1, rate=10_000, suppressed_reasons=(), identities=["example.com"], reputation=2_000
    )
    fetch = sim.boto3_client("ses").get_send_statistics
    guards = [ReputationGuard(fetch, clock=sim.clock)] if guarded else []
    client = sim.client(guards=guards, limiter=limiters.Unlimited())
    peak, receipts = 0.0, 0
    for day in range(10):
        for quarter in range(4):
            news = [bulk(f"{day}-{quarter}-{n}@x.org") for n in range(50)]
            for dead in news[::8]:
                sim.bounces(dead.to[0].addr_spec)
            client.send_many(news)
            receipts += client.send_many([mail(f"r{n}@y.org") for n in range(50)]).sent
            sim.clock.advance(EVERY)
        points = metrics.read_points(fetch())
        rate = metrics.rates(points).bounce
        if rate.denominator >= 2_000:
            peak = max(peak, rate.value or 0.0)
        sim.clock.advance(86_400 - 4 * EVERY)
    return peak, receipts, sim.boto3_client("sesv2").get_account()["EnforcementStatus"] == "HEALTHY"


def test_a_bad_list_does_not_bring_the_account_under_review() -> None:
    """Above AWS's line without the guard, below it with it; and no receipt is lost."""
    peak, receipts, healthy = _campaign(guarded=True)
    assert peak < 0.05
    assert (receipts, healthy) == (10 * 4 * 50, True)
    peak, _, healthy = _campaign(guarded=False)
    assert peak > 0.05
    assert not healthy
