"""Import jobs: whole files of addresses for the suppression list."""

from __future__ import annotations

import csv
import json
import re
from collections.abc import Callable, Iterator
from typing import Any

from sesguard.errors import ConfigurationError
from sesguard.simulator import refusals
from sesguard.simulator.operations.paging import Paging
from sesguard.simulator.operations.suppression import check_address, check_production
from sesguard.simulator.state import Call
from sesguard.simulator.stop_lists import Listed
from sesguard.suppression import Reason

__all__ = ["OPERATIONS"]

_PAGING = Paging(kind="import jobs")
_URL = re.compile(r"s3://[^/]+/.+")
_MOST = 100_000
_DESTINATIONS = {
    "SUPPRESSION_LIST": "SuppressionListDestination",
    "CONTACT_LIST": "ContactListDestination",
}


def _create(call: Call) -> dict[str, Any]:
    """Reads addresses from ``sim.files`` into the suppression list, or out of it, at once."""
    check_production(call)
    source, destination = call.parameters["ImportDataSource"], call.parameters["ImportDestination"]
    if "SuppressionListDestination" not in destination:
        raise ConfigurationError(
            "The simulator imports into the suppression list, and into nothing else."
        )
    if not _URL.fullmatch(source["S3Url"]):
        raise refusals.invalid("The S3 URL has to be of the form s3://bucket/object.")
    job: dict[str, Any] = {
        "JobId": call.world.identifiers.job(),
        "ImportDestination": destination,
        "ImportDataSource": source,
        "CreatedTimestamp": call.now,
        **_run(call, source, destination["SuppressionListDestination"]),
        "CompletedTimestamp": call.now,
    }
    call.region.jobs[job["JobId"]] = job
    return {"JobId": job["JobId"]}


def _get(call: Call) -> dict[str, Any]:
    """What an import job did, and how many lines it could not read."""
    job_id: str = call.parameters["JobId"]
    if job_id not in call.region.jobs:
        raise refusals.absent(f"Import job {job_id} does not exist.")
    return call.region.jobs[job_id]


def _list(call: Call) -> dict[str, Any]:
    """All import jobs in pages, by id; of one kind of destination alone."""
    kind = call.parameters.get("ImportDestinationType")
    jobs = (
        job
        for job in call.region.jobs.values()
        if kind is None or _DESTINATIONS.get(kind) in job["ImportDestination"]
    )
    found, more = _PAGING.page(call, jobs, lambda job: job["JobId"], kind)
    apart = ("ImportDataSource", "FailureInfo", "CompletedTimestamp")
    shown = [{name: it for name, it in job.items() if name not in apart} for job in found]
    return {"ImportJobs": shown, **more}


OPERATIONS: dict[str, Callable[[Call], dict[str, Any]]] = {
    "sesv2.CreateImportJob": _create,
    "sesv2.GetImportJob": _get,
    "sesv2.ListImportJobs": _list,
}


def _run(call: Call, source: dict[str, str], destination: dict[str, str]) -> dict[str, Any]:
    """
    Source:
        SES Developer Guide, "Using the Amazon SES account-level suppression list": one address and
        its reason a line. "Service quotas": how many a file may have.
    """
    text = call.world.files.get(source["S3Url"])
    if text is None:
        raise ConfigurationError(
            "The simulator has no S3: put the text of the file under its URL into the mapping "
            "`files` of the simulator before the job is created."
        )
    records = list(_records(text, source["DataFormat"]))
    if len(records) > _MOST:
        message = f"The file has more than {_MOST} addresses."
        return {"JobStatus": "FAILED", "FailureInfo": {"ErrorMessage": message}}
    take = _put if destination["SuppressionListImportAction"] == "PUT" else _remove
    done = sum(take(call, *record) for record in records)
    return {
        "JobStatus": "COMPLETED",
        "ProcessedRecordsCount": len(records),
        "FailedRecordsCount": len(records) - done,
    }


def _records(text: str, form: str) -> Iterator[tuple[str, str]]:
    """Address and reason, line by line; both are empty where a line cannot be read."""
    lines = [line for line in text.splitlines() if line.strip()]
    if form == "CSV":
        for row in csv.reader(lines):
            yield row[0].strip(), row[1].strip() if len(row) > 1 else ""
        return
    for line in lines:
        try:
            record = json.loads(line)
            yield record["emailAddress"], record.get("reason", "")
        except (ValueError, TypeError, KeyError, AttributeError):
            yield "", ""


def _put(call: Call, address: str, reason: str) -> bool:
    try:
        check_address(address)
    except refusals.Refusal:
        return False
    if reason not in ("BOUNCE", "COMPLAINT"):
        return False
    call.region.suppressed.put(Listed(address, Reason(reason), call.now))
    return True


def _remove(call: Call, address: str, reason: str) -> bool:
    return call.region.suppressed.delete(address)
