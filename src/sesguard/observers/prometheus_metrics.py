"""Counts for Prometheus what becomes of sends."""

from __future__ import annotations

import re
import threading
from collections.abc import Iterable, Iterator, Sequence
from typing import TYPE_CHECKING, Final, TypeVar
from weakref import WeakKeyDictionary

from sesguard import errors
from sesguard.errors import ConfigurationError, MissingExtraError
from sesguard.observers._said import kind_of, outcome_of
from sesguard.outcomes import Attempted, Held, LookUpFailed, Settled, Waited

try:
    from prometheus_client import REGISTRY, CollectorRegistry, Counter, Histogram
    from prometheus_client.metrics import MetricWrapperBase
    from prometheus_client.registry import Collector
except ImportError:
    raise MissingExtraError("prometheus-client", extra="prometheus") from None

if TYPE_CHECKING:
    from prometheus_client import Metric

    from sesguard.outcomes import Notice
    from sesguard.ports import Observer

__all__ = ["prometheus"]

_M = TypeVar("_M", bound=MetricWrapperBase)

_NAME = re.compile(r"[a-zA-Z_][a-zA-Z0-9_]*")
_REQUEST: Final = (0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0)
_WAIT: Final = (0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 15.0, 60.0, 300.0)
_THROTTLES: Final = {
    errors.SendingRateExceededError: "rate",
    errors.DailyQuotaExceededError: "quota",
    errors.TooManyConnectionsError: "connections",
}


class _Metrics(Collector):
    """All metrics of one prefix. One collector, so that a registry takes all of them or none."""

    def __init__(self, prefix: str) -> None:
        self._all: list[MetricWrapperBase] = []
        self._prefix = prefix
        self.sends = self._counter("sends", "Sends that ended.", ["outcome", "error"])
        self.requests = self._counter("requests", "Requests made to SES.", ["error"])
        self.retries = self._counter("retries", "Requests that repeated one before.")
        self.throttles = self._counter("throttles", "Requests that SES throttled.", ["kind"])
        self.attempted = self._counter(
            "recipients_attempted", "Recipients in requests, those of retries too."
        )
        self.recipients = self._counter("recipients", "Recipients by their end.", ["end"])
        self.held = self._counter("held", "Mails that a guard stopped.", ["error"])
        self.look_up_failures = self._counter(
            "look_up_failures", "Mails that went out although the list could not be asked."
        )
        self.limiter_away = self._counter(
            "limiter_away_sends", "Mails sent while the limiter's backend was away."
        )
        self.request_seconds = self._histogram(
            "request_seconds", "How long SES took to answer.", _REQUEST
        )
        self.wait_seconds = self._histogram("wait_seconds", "Waits of sends.", _WAIT, ["reason"])
        self.send_seconds = self._histogram("send_seconds", "Whole sends, waits included.", _WAIT)
        self._show_from_the_start()

    def _counter(self, name: str, said: str, labels: Sequence[str] = ()) -> Counter:
        return self._kept(Counter(f"{self._prefix}_{name}", said, labels, registry=None))

    def _histogram(
        self, name: str, said: str, buckets: Sequence[float], labels: Sequence[str] = ()
    ) -> Histogram:
        whole = f"{self._prefix}_{name}"
        return self._kept(Histogram(whole, said, labels, buckets=buckets, registry=None))

    def _kept(self, metric: _M) -> _M:
        self._all.append(metric)
        return metric

    def _show_from_the_start(self) -> None:
        """A rate over a series needs its 0."""
        self.sends.labels(outcome="sent", error="")
        self.requests.labels(error="")
        for kind in _THROTTLES.values():
            self.throttles.labels(kind=kind)
        for end in ("accepted", "suppressed", "refused"):
            self.recipients.labels(end=end)
        for reason in ("rate", "retry"):
            self.wait_seconds.labels(reason=reason)

    def describe(self) -> Iterable[Metric]:
        return [family for metric in self._all for family in metric.describe()]

    def collect(self) -> Iterator[Metric]:
        for metric in self._all:
            yield from metric.collect()

    def tell(self, notice: Notice) -> None:
        """Count a notice; one of a later kind than this is left alone."""
        match notice:
            case Settled():
                self._settled(notice)
            case Attempted():
                self._attempted(notice)
            case Waited(seconds=seconds, error=error):
                reason = "rate" if error is None else "retry"
                self.wait_seconds.labels(reason=reason).observe(seconds)
            case Held(error=error):
                self.held.labels(error=_kind(error)).inc()
            case LookUpFailed():
                self.look_up_failures.inc()
            case _:
                pass

    def _settled(self, notice: Settled) -> None:
        result, error = notice.result, notice.error
        self.sends.labels(outcome=outcome_of(error), error=_kind(error)).inc()
        self.send_seconds.observe(notice.seconds)
        if result is not None:
            self.recipients.labels(end="accepted").inc(len(result.accepted))
            self.recipients.labels(end="suppressed").inc(len(result.suppressed))
            self.recipients.labels(end="refused").inc(len(result.refused))
            self.limiter_away.inc(result.limiter_away)
        elif isinstance(error, errors.SuppressedError):
            self.recipients.labels(end="suppressed").inc(len(error.reasons))

    def _attempted(self, notice: Attempted) -> None:
        self.requests.labels(error=_kind(notice.error)).inc()
        self.request_seconds.observe(notice.seconds)
        self.attempted.inc(notice.units)
        self.retries.inc(notice.attempt > 1)
        for kind, name in _THROTTLES.items():
            if isinstance(notice.error, kind):
                self.throttles.labels(kind=name).inc()


# By registry, since a second collector of the same names is refused there. A registry that is
# gone takes its metrics along.
_MADE: WeakKeyDictionary[CollectorRegistry, dict[str, _Metrics]] = WeakKeyDictionary()
_MAKING = threading.Lock()


def prometheus(registry: CollectorRegistry | None = None, prefix: str = "sesguard") -> Observer:
    """
    An observer that counts for Prometheus: ``Client(observers=[observers.prometheus()])``.

    ``sesguard_sends_total`` by ``outcome`` (``sent``, ``suppressed``, ``rejected``, ``not_sent``,
    ``unknown``) and ``error`` (a class of `sesguard.errors`, or empty);
    ``sesguard_requests_total`` by ``error``, ``sesguard_retries_total``;
    ``sesguard_throttles_total`` by ``kind`` (``rate``, ``quota``, ``connections``);
    ``sesguard_recipients_attempted_total``, and ``sesguard_recipients_total`` by ``end``
    (``accepted``, ``suppressed``, ``refused``); ``sesguard_held_total`` by ``error``,
    ``sesguard_look_up_failures_total``, ``sesguard_limiter_away_sends_total``; the histograms
    ``sesguard_request_seconds``, ``sesguard_wait_seconds`` by ``reason`` (``rate``, ``retry``)
    and ``sesguard_send_seconds``. No label has a value that a mail decides.

    Two observers with the same registry and prefix count into the same metrics, as those of two
    clients should. One client with both counts twice. To tell clients apart, give prefixes.

    Args:
        registry: Default: prometheus_client's own, which `start_http_server` shows.

        prefix: What the names begin with.

    Raises:
        ConfigurationError: *prefix* is no name, *registry* is none, or has metrics of another's
            under these names.

        MissingExtraError: The extra ``prometheus`` is not installed.

    Source:
        Prometheus documentation, "Metric and label naming".
    """
    where = REGISTRY if registry is None else registry
    if not isinstance(where, CollectorRegistry):  # pyright: ignore[reportUnnecessaryIsInstance]  what a caller may give
        raise ConfigurationError("registry= must be a prometheus_client.CollectorRegistry.")
    if not _is_name(prefix):
        raise ConfigurationError(
            "prefix= must be letters, digits and underscores, such as 'shop_sesguard'."
        )
    with _MAKING:
        made = _MADE.setdefault(where, {})
        metrics = made[prefix] if prefix in made else _Metrics(prefix)
        try:
            where.register(metrics)
        except ValueError:
            if prefix not in made:
                raise ConfigurationError(
                    f"The registry has metrics of another's that begin with {prefix}_. Give "
                    "another prefix=."
                ) from None
        made[prefix] = metrics
    return metrics.tell


def _is_name(prefix: object) -> bool:
    return isinstance(prefix, str) and _NAME.fullmatch(prefix) is not None


def _kind(error: errors.SESGuardError | None) -> str:
    return "" if error is None else kind_of(error)
