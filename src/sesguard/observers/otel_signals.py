"""Tells OpenTelemetry what becomes of sends: spans of requests, and metrics."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Final, TypeAlias

from sesguard import errors
from sesguard.errors import ConfigurationError, MissingExtraError
from sesguard.observers._said import kind_of, outcome_of, word
from sesguard.outcomes import Attempted, Held, LookUpFailed, Settled, Waited

try:
    from opentelemetry import metrics, trace
except ImportError:
    raise MissingExtraError("opentelemetry-api", extra="otel") from None

if TYPE_CHECKING:
    from opentelemetry.metrics import Meter, MeterProvider
    from opentelemetry.trace import Tracer, TracerProvider

    from sesguard.outcomes import Notice
    from sesguard.ports import Observer

__all__ = ["otel"]

_Attributes: TypeAlias = dict[str, str | int]

_SCOPE: Final = "sesguard"
_SCHEMA: Final = "https://opentelemetry.io/schemas/1.44.0"
_SEND: Final = {"messaging.system": "aws.ses", "messaging.operation.name": "send"}
_BUCKETS: Final = (0.005, 0.01, 0.025, 0.05, 0.075, 0.1, 0.25, 0.5, 0.75, 1.0, 2.5, 5.0, 7.5, 10.0)
_LONG: Final = (0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 15.0, 60.0, 300.0)


def otel(
    tracer_provider: TracerProvider | None = None, meter_provider: MeterProvider | None = None
) -> Observer:
    """
    An observer for OpenTelemetry: ``Client(observers=[observers.otel()])``.

    Each request is a span ``send`` of kind CLIENT, a child of the span that is current where the
    mail is sent. It has ``messaging.system`` (``aws.ses``), ``messaging.operation.name`` and
    ``.type`` (``send``), ``sesguard.attempt``, ``sesguard.recipients``, and where it failed
    ``error.type`` (a class of `sesguard.errors`) and ``aws.request_id``. Its status has no
    description.

    Metrics: ``messaging.client.operation.duration`` of requests, and of our own
    ``sesguard.sends`` (by ``sesguard.outcome`` and ``error.type``), ``sesguard.recipients``
    (attempted, retries too), ``sesguard.retries``, ``sesguard.held``,
    ``sesguard.look_up_failures``, and the histograms ``sesguard.send.duration`` and
    ``sesguard.wait.duration`` (by ``sesguard.reason``: ``rate`` or ``retry``), in seconds.

    Names are those of the semantic conventions for messaging, which hold for the API as well as
    for SMTP. The instrumentation of botocore may run beside it: that one speaks of ``rpc``.

    Args:
        tracer_provider: Default: the global one.

        meter_provider: Default: the global one.

    Raises:
        ConfigurationError: One of them is no provider.

        MissingExtraError: The extra ``otel`` is not installed.

    Source:
        OpenTelemetry semantic conventions 1.44.0: messaging spans and metrics (in development),
        ``error.type`` (stable), ``aws.request_id`` (in development). ``aws.ses`` is not among the
        systems listed there.
    """
    if tracer_provider is not None and not hasattr(tracer_provider, "get_tracer"):
        raise ConfigurationError("tracer_provider= must be a TracerProvider of OpenTelemetry.")
    if meter_provider is not None and not hasattr(meter_provider, "get_meter"):
        raise ConfigurationError("meter_provider= must be a MeterProvider of OpenTelemetry.")
    tracer = trace.get_tracer(_SCOPE, tracer_provider=tracer_provider, schema_url=_SCHEMA)
    instruments = _Instruments(
        metrics.get_meter(_SCOPE, meter_provider=meter_provider, schema_url=_SCHEMA)
    )

    def tell(notice: Notice) -> None:
        if isinstance(notice, Attempted):
            _span(tracer, notice)
        instruments.tell(notice)

    return tell


def _span(tracer: Tracer, notice: Attempted) -> None:
    """A span of what is over: it ends now and began when the request did."""
    end = time.time_ns()
    attributes: _Attributes = {
        **_SEND,
        "messaging.operation.type": "send",
        "sesguard.attempt": notice.attempt,
        "sesguard.recipients": notice.units,
        **_failed(notice.error),
    }
    request_id = None if notice.error is None else word(notice.error.request_id)
    if request_id is not None:
        attributes["aws.request_id"] = request_id
    span = tracer.start_span(
        "send",
        kind=trace.SpanKind.CLIENT,
        attributes=attributes,
        start_time=end - round(notice.seconds * 1e9),
    )
    if notice.error is not None:
        span.set_status(trace.StatusCode.ERROR)
    span.end(end_time=end)


class _Instruments:
    """What is measured, by one meter."""

    def __init__(self, meter: Meter) -> None:
        self._requests = meter.create_histogram(
            "messaging.client.operation.duration",
            unit="s",
            description="Duration of messaging operation initiated by a producer or consumer "
            "client.",
            explicit_bucket_boundaries_advisory=_BUCKETS,
        )
        self._sends = meter.create_counter("sesguard.sends", "{send}", "Sends that ended.")
        self._recipients = meter.create_counter(
            "sesguard.recipients", "{recipient}", "Recipients in requests, those of retries too."
        )
        self._retries = meter.create_counter(
            "sesguard.retries", "{request}", "Requests that repeated one before."
        )
        self._held = meter.create_counter("sesguard.held", "{send}", "Mails that a guard stopped.")
        self._look_up_failures = meter.create_counter(
            "sesguard.look_up_failures",
            "{send}",
            "Mails that went out although the list could not be asked.",
        )
        self._send_seconds = meter.create_histogram(
            "sesguard.send.duration",
            unit="s",
            description="Whole sends, waits included.",
            explicit_bucket_boundaries_advisory=_LONG,
        )
        self._wait_seconds = meter.create_histogram(
            "sesguard.wait.duration",
            unit="s",
            description="Waits of sends.",
            explicit_bucket_boundaries_advisory=_LONG,
        )

    def tell(self, notice: Notice) -> None:
        """Measure a notice; one of a later kind than this is left alone."""
        match notice:
            case Settled(seconds=seconds, error=error):
                attributes = {"sesguard.outcome": outcome_of(error), **_failed(error)}
                self._sends.add(1, attributes)
                self._send_seconds.record(seconds, attributes)
            case Attempted():
                self._requests.record(notice.seconds, {**_SEND, **_failed(notice.error)})
                self._recipients.add(notice.units)
                if notice.attempt > 1:
                    self._retries.add(1)
            case Waited(seconds=seconds, error=error):
                reason = "rate" if error is None else "retry"
                self._wait_seconds.record(seconds, {"sesguard.reason": reason})
            case Held(error=error):
                self._held.add(1, _failed(error))
            case LookUpFailed():
                self._look_up_failures.add(1)
            case _:
                pass


def _failed(error: errors.SESGuardError | None) -> dict[str, str]:
    return {} if error is None else {"error.type": kind_of(error)}
