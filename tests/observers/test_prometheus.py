"""What becomes of sends, as metrics in a registry of prometheus_client's own."""

from __future__ import annotations

import gc
import re
import weakref
from typing import Any

import pytest
from prometheus_client import REGISTRY, CollectorRegistry, Counter, generate_latest

from sesguard import errors, observers
from sesguard.outcomes import Settled
from tests.observers.notices import FROM_LATER, ONE_OF_EACH, mail, send_all_kinds


@pytest.fixture
def registry() -> CollectorRegistry:
    return CollectorRegistry()


def value(registry: CollectorRegistry, name: str, **labels: str) -> float | None:
    return registry.get_sample_value(name, labels)


def test_sends_are_counted_by_what_became_of_them(registry: CollectorRegistry) -> None:
    """Each of nine sends is counted once, and each of nine requests."""
    send_all_kinds([observers.prometheus(registry)], mail())
    ends = {
        (sample.labels["outcome"], sample.labels["error"]): sample.value
        for metric in registry.collect()
        for sample in metric.samples
        if sample.name == "sesguard_sends_total"
    }
    assert ends == {
        ("sent", ""): 4,
        ("not_sent", "DailyQuotaExceededError"): 1,
        ("not_sent", "FencedError"): 1,
        ("rejected", "MessageRejectedError"): 1,
        ("unknown", "OutcomeUnknownError"): 1,
        ("suppressed", "SuppressedError"): 1,
    }
    assert value(registry, "sesguard_send_seconds_count") == 9
    assert value(registry, "sesguard_request_seconds_count") == 9
    assert value(registry, "sesguard_requests_total", error="") == 4
    assert value(registry, "sesguard_recipients_attempted_total") == 9
    assert value(registry, "sesguard_retries_total") == 2
    assert value(registry, "sesguard_throttles_total", kind="rate") == 1
    assert value(registry, "sesguard_throttles_total", kind="quota") == 1
    assert value(registry, "sesguard_wait_seconds_count", reason="retry") == 2
    assert value(registry, "sesguard_held_total", error="FencedError") == 1
    assert value(registry, "sesguard_look_up_failures_total") == 2
    assert value(registry, "sesguard_limiter_away_sends_total") == 0


def test_recipients_are_counted_by_their_end(registry: CollectorRegistry) -> None:
    """Those left out by a list count where the others were mailed, and where nobody was."""
    observer = observers.prometheus(registry)
    for notice in [*ONE_OF_EACH, FROM_LATER]:
        observer(notice)
    assert value(registry, "sesguard_recipients_total", end="accepted") == 2
    assert value(registry, "sesguard_recipients_total", end="suppressed") == 2
    assert value(registry, "sesguard_recipients_total", end="refused") == 1
    assert value(registry, "sesguard_recipients_attempted_total") == 6
    assert value(registry, "sesguard_wait_seconds_sum", reason="rate") == 0.5
    assert value(registry, "sesguard_wait_seconds_sum", reason="retry") == 1.0
    assert value(registry, "sesguard_request_seconds_sum") == pytest.approx(0.3)


def test_names_keep_to_the_conventions(registry: CollectorRegistry) -> None:
    """Counters end in ``_total``, times are in seconds, and every metric says what it is."""
    observers.prometheus(registry)
    metrics = list(registry.collect())
    assert len(metrics) == 12
    for metric in metrics:
        assert metric.documentation.endswith(".")
        assert metric.name.startswith("sesguard_")
        if metric.type == "histogram":
            assert metric.name.endswith("_seconds")
        else:
            assert metric.type == "counter"
            assert not metric.name.endswith("_total")  # which the exposition puts behind it


def test_a_series_is_there_before_its_first_event(registry: CollectorRegistry) -> None:
    """A rate or an alert over what has not happened yet finds a 0."""
    observers.prometheus(registry)
    for kind in ("rate", "quota", "connections"):
        assert value(registry, "sesguard_throttles_total", kind=kind) == 0
    assert value(registry, "sesguard_sends_total", outcome="sent", error="") == 0


def test_labels_are_bounded(registry: CollectorRegistry) -> None:
    """An error of a user's own counts as the class of ours that it comes from."""
    observer = observers.prometheus(registry)
    for number in range(100):
        own = type(f"Own{number}Error", (errors.ServiceUnavailableError,), {})
        observer(Settled(error=own("No.")))
    text = generate_latest(registry).decode()
    assert set(re.findall(r'error="(\w*)"', text)) == {"", "ServiceUnavailableError"}


def test_two_observers_of_one_registry_count_together(registry: CollectorRegistry) -> None:
    """Two clients with an observer each are one sum."""
    for _ in range(2):
        send_all_kinds([observers.prometheus(registry)], mail())
    assert value(registry, "sesguard_sends_total", outcome="sent", error="") == 8


def test_prefixes_tell_clients_apart(registry: CollectorRegistry) -> None:
    """Two prefixes in one registry are two sets of metrics."""
    bulk = observers.prometheus(registry, prefix="bulk")
    observers.prometheus(registry, prefix="receipts")
    bulk(ONE_OF_EACH[6])
    assert value(registry, "bulk_sends_total", outcome="sent", error="") == 1
    assert value(registry, "receipts_sends_total", outcome="sent", error="") == 0


def test_a_registry_of_its_own_is_left_whole(registry: CollectorRegistry) -> None:
    """Names that are another's are refused, and nothing of ours is left in the registry."""
    Counter("sesguard_retries", "Somebody else's.", registry=registry)
    with pytest.raises(errors.ConfigurationError, match="sesguard_"):
        observers.prometheus(registry)
    assert [metric.name for metric in registry.collect()] == ["sesguard_retries"]


def test_metrics_that_were_taken_out_come_back(registry: CollectorRegistry) -> None:
    """A registry that was emptied between two tests takes them again, with what they counted."""
    observers.prometheus(registry)(ONE_OF_EACH[6])
    for collector in list(registry._collector_to_names):
        registry.unregister(collector)
    observers.prometheus(registry)
    assert value(registry, "sesguard_sends_total", outcome="sent", error="") == 1


def test_a_registry_that_is_gone_is_not_kept() -> None:
    """Nothing of ours holds a registry that its owner dropped."""
    registry = CollectorRegistry()
    observers.prometheus(registry)(ONE_OF_EACH[6])
    gone = weakref.ref(registry)
    del registry
    gc.collect()
    assert gone() is None


def test_the_usual_registry_is_that_of_prometheus_client() -> None:
    """Without a registry, it is the one that `start_http_server` shows."""
    before = set(REGISTRY._collector_to_names)
    observers.prometheus(prefix="usual")
    assert value(REGISTRY, "usual_retries_total") == 0
    for collector in set(REGISTRY._collector_to_names) - before:
        REGISTRY.unregister(collector)


@pytest.mark.parametrize(
    "options",
    [
        {"prefix": "my-shop"},
        {"prefix": ""},
        {"prefix": "1st"},
        {"prefix": 5},
        {"registry": object()},
    ],
    ids=lambda options: next(iter(options)),
)
def test_what_is_no_name_or_registry_is_refused(registry: CollectorRegistry, options: Any) -> None:
    """A prefix that no metric may have, and something that is no registry."""
    with pytest.raises(errors.ConfigurationError):
        observers.prometheus(**{"registry": registry} | options)
