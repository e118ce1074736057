"""What SES tells of a job that puts a file of addresses on its list."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

__all__ = ["ImportReport", "read_report"]

_ENDED = ("COMPLETED", "FAILED", "CANCELLED")


@dataclass(frozen=True, slots=True, kw_only=True)
class ImportReport:
    """
    How far an import job has come.

    Attributes:
        job_id: SES's id of the job.

        status: In SES's word: ``CREATED``, ``PROCESSING``, ``COMPLETED``, ``FAILED``,
            ``CANCELLED``.

        processed: Records that SES has read.

        failed: Those of them that it did not put on the list.

        failed_records_url: Where SES lists these; None where it does not say. Whoever has the
            URL can read the addresses.

        message: Why the job failed, in SES's words, which may hold addresses.
    """

    job_id: str
    status: str
    processed: int = 0
    failed: int = 0
    failed_records_url: str | None = field(default=None, repr=False)
    message: str | None = field(default=None, repr=False)

    @property
    def ended(self) -> bool:
        """Whether nothing more will happen."""
        return self.status in _ENDED


def read_report(job_id: str, answer: Mapping[str, Any]) -> ImportReport:
    """The report in an answer of GetImportJob."""
    failure: Mapping[str, Any] = answer.get("FailureInfo") or {}
    return ImportReport(
        job_id=job_id,
        status=str(answer["JobStatus"]),
        processed=int(answer.get("ProcessedRecordsCount") or 0),
        failed=int(answer.get("FailedRecordsCount") or 0),
        failed_records_url=failure.get("FailedRecordsS3Url"),
        message=failure.get("ErrorMessage"),
    )
