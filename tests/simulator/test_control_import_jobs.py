"""Files of addresses for SES's own list."""

from __future__ import annotations

import json
from typing import Any

import pytest

from sesguard import errors
from sesguard.simulator import Simulator
from sesguard.suppression import Reason
from tests.simulator.controls import both, pages, refused

URL = "s3://bucket/folder/list"


def job(v2: Any, *, action: str = "PUT", form: str = "CSV", url: str = URL) -> str:
    answer = v2.create_import_job(
        ImportDestination={"SuppressionListDestination": {"SuppressionListImportAction": action}},
        ImportDataSource={"S3Url": url, "DataFormat": form},
    )
    return str(answer["JobId"])


def test_a_csv_file_fills_the_list() -> None:
    """One address and its reason a line; lines that cannot be read are counted as failed."""
    sim = Simulator()
    v2, _ = both(sim)
    sim.files[URL] = (
        "ann@example.org,BOUNCE\r\nbob@example.org, COMPLAINT\n\nno address,BOUNCE\n"
        "eve@example.org\nmax@example.org,WHIM\n"
    )
    found = v2.get_import_job(JobId=job(v2))
    assert (found["JobStatus"], found["ProcessedRecordsCount"], found["FailedRecordsCount"]) == (
        "COMPLETED", 5, 3,
    )  # fmt: skip
    assert found["CreatedTimestamp"] == found["CompletedTimestamp"] == sim.clock.now()
    assert sim.suppressed == {
        "ann@example.org": Reason.BOUNCE, "bob@example.org": Reason.COMPLAINT,
    }  # fmt: skip


def test_a_json_file_is_an_object_a_line() -> None:
    """emailAddress and reason, as the Developer Guide shows it."""
    sim = Simulator()
    v2, _ = both(sim)
    good = {"emailAddress": "ann@example.org", "reason": "BOUNCE"}
    sim.files[URL] = "\n".join([json.dumps(good), "{", "[]", "1", '{"reason": "BOUNCE"}'])
    found = v2.get_import_job(JobId=job(v2, form="JSON"))
    assert (found["ProcessedRecordsCount"], found["FailedRecordsCount"]) == (5, 4)
    assert sim.suppressed == {"ann@example.org": Reason.BOUNCE}


def test_a_job_takes_addresses_off_as_well() -> None:
    """DELETE wants no reason; an address that is not there has failed."""
    sim = Simulator()
    v2, _ = both(sim)
    sim.suppress("ann@example.org")
    sim.files[URL] = "ann@example.org\nbob@example.org"
    found = v2.get_import_job(JobId=job(v2, action="DELETE"))
    assert (found["ProcessedRecordsCount"], found["FailedRecordsCount"]) == (2, 1)
    assert sim.suppressed == {}


def test_more_than_100_000_addresses_fail_the_job() -> None:
    """Service quotas: none of them is imported, and the job says why."""
    sim = Simulator()
    v2, _ = both(sim)
    sim.files[URL] = "ann@example.org,BOUNCE\n" * 100_001
    found = v2.get_import_job(JobId=job(v2))
    assert found["JobStatus"] == "FAILED"
    assert "100000" in found["FailureInfo"]["ErrorMessage"]
    assert sim.suppressed == {}


def test_a_file_that_was_not_handed_over_is_told() -> None:
    """There is no S3 here: the test learns of it, and no job is made."""
    v2, _ = both(Simulator())
    with pytest.raises(errors.ConfigurationError, match="`files` of the simulator"):
        job(v2)
    assert v2.list_import_jobs()["ImportJobs"] == []


def test_another_destination_is_told() -> None:
    """The simulator does not import contacts, and does not pretend to."""
    v2, _ = both(Simulator())
    with pytest.raises(errors.ConfigurationError, match="suppression list, and into nothing else"):
        v2.create_import_job(
            ImportDestination={
                "ContactListDestination": {
                    "ContactListName": "news", "ContactListImportAction": "PUT",
                }
            },
            ImportDataSource={"S3Url": URL, "DataFormat": "CSV"},
        )  # fmt: skip


def test_bad_jobs_are_refused() -> None:
    """A URL that is none of S3's, a format that there is not, a job that nobody made."""
    v2, _ = both(Simulator())
    with refused("BadRequestException", says="s3://bucket/object"):
        job(v2, url="https://bucket/object")
    with refused("BadRequestException", says="'importDataSource.dataFormat'"):
        job(v2, form="XML")
    with refused("NotFoundException", 404):
        v2.get_import_job(JobId="nobody's")


def test_jobs_are_listed_in_pages() -> None:
    """ListImportJobs, of one kind of destination or of all."""
    sim = Simulator()
    v2, _ = both(sim)
    sim.files[URL] = "ann@example.org,BOUNCE"
    made = {job(v2) for _ in range(3)}
    listed = pages(v2.list_import_jobs, "ImportJobs", PageSize=2)
    assert [len(page) for page in listed] == [2, 1]
    assert {one["JobId"] for page in listed for one in page} == made
    kind = "SUPPRESSION_LIST"
    assert len(v2.list_import_jobs(ImportDestinationType=kind)["ImportJobs"]) == 3
    assert v2.list_import_jobs(ImportDestinationType="CONTACT_LIST")["ImportJobs"] == []
    with refused("BadRequestException"):
        v2.list_import_jobs(NextToken="made up")
