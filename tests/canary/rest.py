"""Figures, the simulator, errors, and options that cannot work."""

from __future__ import annotations

import asyncio
import inspect
from datetime import datetime, timedelta
from functools import partial
from pathlib import Path
from typing import Any

from sesguard import (
    Client,
    RetryPolicy,
    SendResult,
    Worker,
    account,
    clocks,
    errors,
    limiters,
    metrics,
    outcomes,
    simulator,
    smtp,
    sources,
    stores,
    testing,
    transports,
)
from tests.canary.feedback import drained
from tests.canary.material import (
    ADDRESS,
    API_ANSWERS,
    DOMAIN,
    FOREIGN,
    NOW,
    SAID,
    SECRET,
    UNVERIFIED,
    WRONG_PASSWORD,
    Foreign,
    failing,
    letter,
    session,
    templated,
)
from tests.canary.watch import Watch
from tests.peers.http import Answer, HTTPPeer
from tests.peers.smtp import USERNAME

__all__ = ["SCENARIOS"]

ACCOUNT = {
    "SendQuota": {"Max24HourSend": 200.0, "MaxSendRate": 1.0, "SentLast24Hours": 0.0},
    "ProductionAccessEnabled": False,
    "EnforcementStatus": "PROBATION",
    "Details": {
        "AdditionalContactEmailAddresses": [ADDRESS],
        "UseCaseDescription": SAID,
        "WebsiteURL": f"https://{DOMAIN}.example",
        "ReviewDetails": {"Status": "PENDING", "CaseId": "1"},
    },
}


def accounts(watch: Watch, folder: Path) -> None:
    """The account's own figures, beside which SES tells addresses."""
    script: list[Any] = [Answer(200, ACCOUNT)] * 3
    wrong: list[Any] = [Answer(200, {"SendQuota": SAID}), Answer(200, {}), *API_ANSWERS]
    wrong += ["reset_after_body", "garbage", "broken_200"]
    with HTTPPeer(*script, *wrong) as peer:
        asked: Any = {"boto3_session": session(), "endpoint_url": peer.url}
        watch.ask(partial(account.check, **asked))
        watch.ask(partial(account.quota, **asked))
        rate = account.live_rate(**asked)
        watch.value(rate)
        assert rate() == 1.0
        reader = account.AccountReader(**asked)
        watch.value(reader)
        for _ in wrong:
            watch.ask(reader.report)
        watch.ask(reader.max_send_rate)
    no_client: Any = FOREIGN
    watch.ask(partial(account.check, boto3_client=no_client))
    watch.ask(partial(account.check, boto3_client=no_client, region_name=ADDRESS))
    watch.ask(account.LiveRate(failing))
    watch.ask(partial(account.LiveRate, failing, every=0))


def figures(watch: Watch, folder: Path) -> None:
    """Sums and rates, and points that are none."""
    sim = simulator.Simulator()
    sim.client().send(letter())
    points = watch.ask(partial(metrics.fetch, boto3_client=sim.boto3_client("ses"))) or ()
    watch.ask(account.AccountReader(boto3_client=sim.boto3_client("ses")).statistics)
    counts = {"DeliveryAttempts": ADDRESS, "Bounces": SAID, "Complaints": 0, "Rejects": 0}
    wrong: Any
    for wrong in (
        [{ADDRESS: FOREIGN}],
        [{"Timestamp": ADDRESS, **counts}],
        [{"Timestamp": NOW, **counts}],
        FOREIGN,
        [FOREIGN],
        {"SendDataPoints": SAID},
    ):
        for read in (metrics.read_points, metrics.latest, metrics.series, metrics.rolling):
            watch.ask(read, wrong)
        watch.ask(metrics.rates, wrong)
    rates = metrics.rates(points, window=timedelta(days=1))
    watch.text(metrics.table(rates), "the table")
    watch.text(metrics.chart(points), "the chart")
    watch.value(rates)
    watch.ask(metrics.latest, points)
    watch.ask(metrics.series, points)
    watch.ask(metrics.rolling, points)
    watch.ask(metrics.LINES["bounce"].judge, 5, 100)
    watch.value([*metrics.rolling(points), metrics.LINES, *metrics.Status, *account.Level])


def simulated(watch: Watch, folder: Path) -> None:
    """SES in this process: what it takes, refuses and tells."""
    sim = simulator.Simulator(quota=200, rate=1000, feedback="notifications")
    watch.value([sim, sim.clock])
    for drive in (sim.bounces, sim.complains, sim.delivers, sim.suppress, sim.release):
        watch.ask(drive, ADDRESS)
        watch.ask(sim.client(observers=[watch.value]).send, letter())
    watch.ask(sim.boto3_client, "sesv2")
    for fault in simulator.Fault:
        watch.ask(sim.fail_next, 1, fault)
        watch.ask(sim.client(retry=RetryPolicy.none()).send, letter())
    for change in (sim.pause_sending, sim.resume_sending, partial(sim.enforce, "SHUTDOWN")):
        watch.ask(change)
        watch.ask(sim.client().send, letter())
    store = stores.MemoryStore()
    watch.ask(sim.source)
    drained(watch, sim.source(), store=store)
    poor = simulator.Simulator(sandbox=True)
    for mail in (letter(), templated()):
        watch.ask(poor.client().send, mail)
    watch.ask(poor.leave_sandbox)
    with poor, Client(suppression=store) as client:
        watch.ask(client.send, letter())
    watch.value([sim.outbox, sim.calls, sim.suppressed, *simulator.Fault])
    watch.ask(sim.clock.advance, 1.0)
    watch.ask(sim.clock.sleep, 1.0)
    watch.ask(simulator.SimulatedClock, datetime(2026, 1, 1))


def every_error(watch: Watch, folder: Path) -> None:
    """Each class of errors, with canaries in all of its attributes."""
    known: dict[str, Any] = {
        "field": "to",
        "address": ADDRESS,
        "quoted_form": ADDRESS,
        "reasons": {ADDRESS: "BOUNCE"},
        "identities": (ADDRESS, DOMAIN),
        "reply": UNVERIFIED,
        "code": ADDRESS,
        "original": Foreign(),
    }
    for name in errors.__all__:
        kind: Any = getattr(errors, name)
        if isinstance(kind, type) and kind is not errors.MissingExtraError:
            takes = inspect.signature(kind).parameters
            error: Any = kind("It failed.", **{one: known[one] for one in takes if one in known})
            watch.value(error)
            watch.ask(error.delay, 0)
            watch.ask(outcomes.of_error, 0, letter(), error)
    watch.value(errors.MissingExtraError("redis", extra="redis"))
    watch.ask(partial(SendResult, message_id="", accepted=(ADDRESS,)))


def options(watch: Watch, folder: Path) -> None:
    """Arguments of the wrong kind, in the wrong place, or swapped."""
    iam = transports.SMTPTransport.from_iam_secret
    smtp_options = {"host": "smtp.example", "username": USERNAME, "password": WRONG_PASSWORD}
    places: dict[Any, tuple[dict[str, Any], str]] = {
        Client: (
            {"suppression": None},
            "suppression transport limiter on_suppressed on_lookup_error retry timeout "
            "configuration_set tags observers",
        ),
        transports.SMTPTransport: (
            smtp_options,
            "port username region_name tls ssl_context timeout max_connections",
        ),
        transports.SESTransport: ({}, "connect_timeout read_timeout max_pool_connections"),
        partial(sources.SQSSource, "https://sqs.example/1/a"): (
            {},
            "wait_seconds visibility_timeout boto3_client region_name",
        ),
        partial(Worker, sources.MemorySource()): (
            {"store": stores.MemoryStore()},
            "store policy handlers batch visibility",
        ),
        RetryPolicy: ({}, "attempts base cap budget"),
        limiters.MemoryLimiter: ({"rate": 1}, "rate burst"),
        partial(limiters.SQLiteLimiter, folder / "rate.db"): (
            {"rate": 1},
            "rate burst when_away local_share busy_timeout",
        ),
    }
    wrong: Any
    for wrong in (ADDRESS, FOREIGN, SECRET, WRONG_PASSWORD, [ADDRESS], {ADDRESS: SECRET}):
        for make, (given, names) in places.items():
            for name in names.split():
                watch.ask(partial(make, **{**given, name: wrong}))
        watch.ask(iam, USERNAME, wrong, "eu-west-1")
        watch.ask(iam, USERNAME, "eu-west-1", wrong)
        watch.ask(iam, wrong, USERNAME, "eu-west-1")
        watch.ask(smtp.password_from_secret, wrong, "eu-west-1")
        watch.ask(smtp.password_from_secret, "eu-west-1", wrong)
        watch.ask(smtp.smtp_host, wrong)
        watch.ask(sources.SQSSource, wrong)
    watch.ask(iam, USERNAME, SECRET, "eu-west-1")
    watch.value(RetryPolicy())


def time(watch: Watch, folder: Path) -> None:
    """Clocks hold nothing."""
    manual = testing.ManualClock(NOW)
    for clock in (clocks.SystemClock(), manual):
        watch.value([clock, clock.now(), clock.monotonic()])
        watch.ask(clock.sleep, 0.0)
    watch.ask(manual.advance, 1.0)
    on_loop = clocks.AsyncSystemClock()
    watch.value(on_loop)
    asyncio.run(on_loop.sleep(0))


SCENARIOS = [accounts, figures, simulated, every_error, options, time]
