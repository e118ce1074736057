"""What holds of every observer: no mail shows in it, and it never changes a send."""

from __future__ import annotations

import logging
import subprocess
import sys
from collections.abc import Callable
from contextlib import suppress
from typing import Any

import pytest
from opentelemetry.sdk.metrics import MeterProvider
from opentelemetry.sdk.metrics.export import InMemoryMetricReader
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter
from prometheus_client import CollectorRegistry, generate_latest

from sesguard import Client, RetryPolicy, errors, limiters, observers, transports
from sesguard.outcomes import Notice, Settled
from sesguard.ports import Observer
from sesguard.simulator import Simulator
from tests.canary.material import ADDRESS, API_ANSWERS, letter, session
from tests.canary.watch import canaries_in
from tests.observers.notices import FROM_LATER, Kept, mail, send_all_kinds
from tests.peers.http import HTTPPeer


def logged() -> tuple[Observer, Callable[[], str]]:
    logger, kept = logging.Logger("by itself", logging.DEBUG), Kept()
    logger.addHandler(kept)
    return observers.log(logger), lambda: repr([vars(record) for record in kept.records])


def counted() -> tuple[Observer, Callable[[], str]]:
    registry = CollectorRegistry()
    return observers.prometheus(registry), lambda: generate_latest(registry).decode()


def traced() -> tuple[Observer, Callable[[], str]]:
    spans, reader = InMemorySpanExporter(), InMemoryMetricReader()
    tracers, meters = TracerProvider(), MeterProvider([reader])
    tracers.add_span_processor(SimpleSpanProcessor(spans))

    def shown() -> str:
        data = reader.get_metrics_data()
        finished = "".join(span.to_json() for span in spans.get_finished_spans())
        tracers.shutdown()
        meters.shutdown()
        return finished + ("" if data is None else data.to_json())

    return observers.otel(tracers, meters), shown


EVERY = [logged, counted, traced]


@pytest.mark.parametrize("make", EVERY)
def test_nothing_of_a_mail_is_in_what_is_told(
    make: Callable[[], tuple[Observer, Callable[[], str]]],
) -> None:
    """
    No address, subject, text, header, or word of SES's answers, whatever became of the mail.
    """
    observer, shown = make()
    send_all_kinds([observer], letter())
    with HTTPPeer(*API_ANSWERS) as peer:
        transport = transports.SESTransport(boto3_session=session(), endpoint_url=peer.url)
        with Client(
            suppression=None,
            transport=transport,
            limiter=limiters.Unlimited(),
            retry=RetryPolicy.none(),
            observers=[observer],
        ) as client:
            for _ in API_ANSWERS:
                with suppress(errors.SESGuardError):
                    client.send(letter())
        assert len(peer.requests) == len(API_ANSWERS)
    told = shown()
    assert "NotVerifiedError" in told
    assert "OutcomeUnknownError" in told
    assert canaries_in(told) == set()


def test_the_canary_run_would_see_an_address() -> None:
    """What is looked for is found where it is."""
    observer, shown = logged()
    seen: list[Notice] = []
    Simulator().client(observers=[observer, seen.append]).send(letter())
    assert canaries_in(shown()) == set()
    results = [one.result for one in seen if isinstance(one, Settled)]
    assert [ADDRESS in result.accepted for result in results if result is not None] == [True]


@pytest.mark.parametrize("make", EVERY)
def test_a_notice_of_a_later_kind_is_ignored(
    make: Callable[[], tuple[Observer, Callable[[], str]]],
) -> None:
    """An observer leaves alone what it does not know."""
    observer, shown = make()
    observer(FROM_LATER)
    assert "OfALaterKind" not in shown()


def test_observers_that_fail_change_no_send() -> None:
    """
    With a log, metrics and spans that all raise, the same mails go out and the same errors come.
    """

    class Raising(logging.Handler):
        def emit(self, record: logging.LogRecord) -> None:
            raise RuntimeError(record)

    logger = logging.Logger("broken", logging.DEBUG)
    logger.addHandler(Raising())

    class Broken:
        def get_tracer(self, *_: object, **__: object) -> Broken:
            return self

        def get_meter(self, *_: object, **__: object) -> Broken:
            return self

        def __getattr__(self, name: str) -> Any:
            if name.startswith("create_"):
                return lambda *_, **__: self
            raise RuntimeError(name)

    broken: Any = Broken()
    failing = [observers.log(logger), observers.otel(broken, broken)]
    told: list[Notice] = []
    sims = [send_all_kinds([*failing, told.append], mail()), send_all_kinds([], mail())]
    assert len(sims[0].outbox) == len(sims[1].outbox) > 0
    assert sims[0].calls == sims[1].calls
    assert len(told) > 20


@pytest.mark.parametrize(
    "by_the_name_first",
    ["observers.log", "import sesguard.observers.logs; observers.log"],
)
def test_a_name_of_the_folder_is_never_its_module(by_the_name_first: str) -> None:
    """``observers.log`` is the function, whatever was imported before and how often it is asked."""
    code = (
        f"from sesguard import observers; import sys; {by_the_name_first}\n"
        "assert callable(observers.log) and observers.log is observers.log\n"
        "print(*(name for name in ('rich', 'prometheus_client', 'opentelemetry')"
        " if name in sys.modules))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.split() == []


@pytest.mark.parametrize(
    ("package", "name", "extra"),
    [
        ("prometheus_client", "prometheus", "prometheus"),
        ("opentelemetry", "otel", "otel"),
        ("rich", "progress", "rich"),
        ("rich", "Progress", "rich"),
    ],
)
def test_a_missing_package_is_named_with_its_command(package: str, name: str, extra: str) -> None:
    """Without its package, an observer says what to install; the log needs none."""
    code = (
        f"import sys; sys.modules[{package!r}] = None\n"
        "from sesguard import errors, observers\n"
        "observers.log()\n"
        f"try: observers.{name}\n"
        "except errors.MissingExtraError as error: print(error)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert f"sesguard[{extra}]" in done.stdout


def test_an_unknown_name_is_no_attribute() -> None:
    """What is not there is an AttributeError, and what is there is listed."""
    unknown = "statsd"
    with pytest.raises(AttributeError, match=unknown):
        getattr(observers, unknown)
    assert dir(observers) == sorted(observers.__all__)
