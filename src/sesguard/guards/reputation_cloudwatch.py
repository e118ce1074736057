"""What CloudWatch has of SES's own judgement: the rates that AWS acts on."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any, Protocol, cast

from sesguard._core.holding import Measured
from sesguard.errors import ParseError

__all__ = ["CloudWatchClient", "reputation"]

_SINCE = timedelta(days=14)  # as long as SES keeps its own points
_PERIOD = 3600  # seconds
_METRICS = {"bounce": "Reputation.BounceRate", "complaint": "Reputation.ComplaintRate"}


class CloudWatchClient(Protocol):
    """The method of boto3's ``cloudwatch`` client that is called."""

    def get_metric_data(
        self,
        *,
        MetricDataQueries: Sequence[Any],
        StartTime: Any,
        EndTime: Any,
        ScanBy: Any,
    ) -> Mapping[str, Any]: ...


def reputation(client: CloudWatchClient, now: datetime) -> tuple[Measured, ...]:
    """
    The newest bounce and complaint rates of the last two weeks, as fractions.

    A rate that is not there is left out.

    Args:
        client: Asked once.

        now: Aware.

    Raises:
        ParseError: The answer does not hold them.

    Source:
        SES Developer Guide, "Creating reputation monitoring alarms using CloudWatch".
    """
    answer = client.get_metric_data(
        MetricDataQueries=[_query(name, metric) for name, metric in _METRICS.items()],
        StartTime=now - _SINCE,
        EndTime=now,
        ScanBy="TimestampDescending",
    )
    results = answer.get("MetricDataResults")
    if not isinstance(results, list):
        raise ParseError("This is not CloudWatch's answer to GetMetricData.")
    found: list[Measured] = []
    for result in cast("list[Mapping[str, object]]", results):
        name, values = result.get("Id"), result.get("Values")
        if name in _METRICS and isinstance(values, list) and values:
            value = cast("list[object]", values)[0]
            if not isinstance(value, int | float) or not 0 <= value <= 1:
                raise ParseError(f"CloudWatch's {_METRICS[str(name)]} is no fraction.")
            found.append(Measured(str(name), float(value), "as SES computes it"))
    return tuple(found)


def _query(name: str, metric: str) -> Mapping[str, object]:
    return {
        "Id": name,
        "MetricStat": {
            "Metric": {"Namespace": "AWS/SES", "MetricName": metric},
            "Period": _PERIOD,
            "Stat": "Average",
        },
    }
