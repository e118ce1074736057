"""What becomes of sends, as spans and metrics of OpenTelemetry's own SDK, exported to memory."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

import pytest
from opentelemetry.sdk.metrics import MeterProvider
from opentelemetry.sdk.metrics.export import InMemoryMetricReader
from opentelemetry.sdk.trace import ReadableSpan, TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter
from opentelemetry.trace import SpanKind, StatusCode

from sesguard import AsyncClient, errors, limiters, observers, transports
from sesguard.outcomes import Attempted
from sesguard.ports import Observer
from sesguard.simulator import Simulator
from tests.observers.notices import FROM_LATER, ONE_OF_EACH, mail, send_all_kinds


@dataclass
class Telemetry:
    tracers: TracerProvider
    meters: MeterProvider
    exporter: InMemorySpanExporter
    reader: InMemoryMetricReader

    def observer(self) -> Observer:
        return observers.otel(self.tracers, self.meters)

    @property
    def spans(self) -> list[ReadableSpan]:
        return list(self.exporter.get_finished_spans())

    def points(self) -> dict[str, list[Any]]:
        """Name of a metric to its points."""
        data: Any = self.reader.get_metrics_data()
        scopes = [scope for one in data.resource_metrics for scope in one.scope_metrics]
        assert {scope.scope.name for scope in scopes} == {"sesguard"}
        return {metric.name: list(metric.data.data_points) for metric in scopes[0].metrics}


@pytest.fixture
def telemetry() -> Iterator[Telemetry]:
    exporter, reader = InMemorySpanExporter(), InMemoryMetricReader()
    tracers, meters = TracerProvider(), MeterProvider([reader])
    tracers.add_span_processor(SimpleSpanProcessor(exporter))
    yield Telemetry(tracers, meters, exporter, reader)
    tracers.shutdown()
    meters.shutdown()


def test_a_request_is_a_span(telemetry: Telemetry) -> None:
    """It ends now, began when the request did, and says what it was by the conventions."""
    before = time.time_ns()
    telemetry.observer()(Attempted(attempt=1, units=3, seconds=0.25))
    (span,) = telemetry.spans
    assert span.name == "send"
    assert span.kind is SpanKind.CLIENT
    assert dict(span.attributes or {}) == {
        "messaging.system": "aws.ses",
        "messaging.operation.name": "send",
        "messaging.operation.type": "send",
        "sesguard.attempt": 1,
        "sesguard.recipients": 3,
    }
    assert span.status.status_code is StatusCode.UNSET
    assert span.start_time is not None
    assert span.end_time is not None
    assert span.end_time - span.start_time == 250_000_000
    assert before <= span.end_time <= time.time_ns()
    assert span.instrumentation_scope is not None
    assert span.instrumentation_scope.schema_url == "https://opentelemetry.io/schemas/1.44.0"


def test_a_failed_request_is_a_span_that_says_so(telemetry: Telemetry) -> None:
    """The class of the error and SES's request id, without its words."""
    error = errors.NotVerifiedError("Not verified: see the console.", request_id="request-7")
    telemetry.observer()(Attempted(attempt=2, units=1, seconds=0.1, error=error))
    (span,) = telemetry.spans
    attributes = dict(span.attributes or {})
    assert attributes["error.type"] == "NotVerifiedError"
    assert attributes["aws.request_id"] == "request-7"
    assert attributes["sesguard.attempt"] == 2
    assert span.status.status_code is StatusCode.ERROR
    assert span.status.description is None
    assert span.events == ()


def test_a_request_id_that_is_none_is_left_out(telemetry: Telemetry) -> None:
    """What others give for an id gets into a span only if it looks like one."""
    error = errors.ServiceUnavailableError("No.", request_id="<ann@example.org>")
    telemetry.observer()(Attempted(attempt=1, units=1, seconds=0.1, error=error))
    assert "aws.request_id" not in (telemetry.spans[0].attributes or {})


def one(sim: Simulator, observer: Observer) -> None:
    sim.client(observers=[observer]).send(mail())


def within_a_timeout(sim: Simulator, observer: Observer) -> None:
    sim.client(observers=[observer], timeout=30).send(mail())


def many(sim: Simulator, observer: Observer) -> None:
    tally = sim.client(observers=[observer]).send_many([mail()] * 5, concurrency=3)
    assert tally.sent == 5


def on_a_loop(sim: Simulator, observer: Observer) -> None:
    async def send() -> None:
        transport = transports.SESTransport(boto3_client=sim.boto3_client("sesv2"))
        limiter = limiters.Unlimited()
        async with AsyncClient(
            suppression=None, transport=transport, limiter=limiter, observers=[observer]
        ) as client:
            await client.send(mail())
            await client.send_many([mail()] * 5, concurrency=3)

    asyncio.run(send())


@pytest.mark.parametrize("send", [one, within_a_timeout, many, on_a_loop])
def test_a_request_is_a_child_of_the_current_span(
    telemetry: Telemetry, send: Callable[[Simulator, Observer], None]
) -> None:
    """On whichever thread the request is made, it belongs to the span that it was sent in."""
    tracer = telemetry.tracers.get_tracer("test")
    with tracer.start_as_current_span("checkout") as parent:
        send(Simulator(), telemetry.observer())
    requests = [span for span in telemetry.spans if span.name == "send"]
    assert requests
    for span in requests:
        assert span.parent is not None
        assert span.parent.span_id == parent.get_span_context().span_id


def test_sends_are_measured(telemetry: Telemetry) -> None:
    """Each of nine sends and of nine requests is in the metrics, by what became of it."""
    send_all_kinds([telemetry.observer()], mail())
    points = telemetry.points()
    sends = {
        (point.attributes["sesguard.outcome"], point.attributes.get("error.type")): point.value
        for point in points["sesguard.sends"]
    }
    assert sends == {
        ("sent", None): 4,
        ("not_sent", "DailyQuotaExceededError"): 1,
        ("not_sent", "FencedError"): 1,
        ("rejected", "MessageRejectedError"): 1,
        ("unknown", "OutcomeUnknownError"): 1,
        ("suppressed", "SuppressedError"): 1,
    }
    requests = points["messaging.client.operation.duration"]
    assert sum(point.count for point in requests) == 9 == len(telemetry.spans)
    assert all(point.attributes["messaging.system"] == "aws.ses" for point in requests)
    assert requests[0].explicit_bounds[:2] == (0.005, 0.01)
    assert [point.value for point in points["sesguard.recipients"]] == [9]
    assert [point.value for point in points["sesguard.retries"]] == [2]
    assert [point.value for point in points["sesguard.look_up_failures"]] == [2]
    assert [dict(point.attributes) for point in points["sesguard.held"]] == [
        {"error.type": "FencedError"}
    ]
    assert sum(point.count for point in points["sesguard.send.duration"]) == 9


def test_waits_are_measured_by_their_reason(telemetry: Telemetry) -> None:
    """Waiting for the rate is told from waiting before a retry."""
    observer = telemetry.observer()
    for notice in [*ONE_OF_EACH, FROM_LATER]:
        observer(notice)
    waits = telemetry.points()["sesguard.wait.duration"]
    assert {point.attributes["sesguard.reason"]: point.sum for point in waits} == {
        "rate": 0.5,
        "retry": 1.0,
    }


def test_without_providers_the_global_ones_are_asked() -> None:
    """Where no SDK is set up, OpenTelemetry's own silence takes it all."""
    observer = observers.otel()
    for notice in ONE_OF_EACH:
        observer(notice)


@pytest.mark.parametrize("option", ["tracer_provider", "meter_provider"])
def test_what_is_no_provider_is_refused(option: str) -> None:
    """It is said when the observer is made."""
    options: Any = {option: object()}
    with pytest.raises(errors.ConfigurationError, match=option):
        observers.otel(**options)
