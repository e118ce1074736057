"""A list of yours onto SES's own, by a file in S3 and a job of SES's."""

from __future__ import annotations

from collections.abc import Collection
from datetime import timedelta
from uuid import uuid4

from sesguard._core import store_door
from sesguard._core.account_list import KEPT
from sesguard._sync.files import MOST, AddressFile, S3Client
from sesguard._sync.on_account import OnAccount
from sesguard._sync.parties import check
from sesguard._sync.progress import Tally, chosen
from sesguard._sync.pushing import missing
from sesguard.errors import ConfigurationError, StoreError
from sesguard.ports import SuppressionStore
from sesguard.stores.account import AccountStore
from sesguard.stores.account_jobs import ImportReport
from sesguard.suppression import Reason

__all__ = ["ImportJob", "import_job"]

_PAGE = 1000


class ImportJob:
    """
    A job that SES is working on.

    Another process can look at it too: ``ImportJob(AccountStore(), job_id).wait()``.

    Args:
        account: SES's list.

        job_id: SES's id of the job.

        s3_url: Where the file is.

        count: How many addresses are in it.

        next: Where the rest of the list begins.

    Attributes:
        job_id, s3_url, count: As given.

        next: What to pass to `import_job` as *after*; None: this was the rest of the list.
    """

    def __init__(
        self,
        account: AccountStore,
        job_id: str,
        *,
        s3_url: str | None = None,
        count: int | None = None,
        next: str | None = None,
    ) -> None:
        self._account = account
        self.job_id: str = job_id
        self.s3_url: str | None = s3_url
        self.count: int | None = count
        self.next: str | None = next

    def report(self) -> ImportReport:
        """
        How far it has come: one call.

        Raises:
            StoreError: SES has no such job, or does not answer.
        """
        return self._account.import_report(self.job_id)

    def wait(
        self, *, timeout: float | timedelta = 3600.0, every: float | timedelta = 5.0
    ) -> ImportReport:
        """
        Wait until SES is through with it. Some records may have failed all the same.

        Args:
            timeout: Seconds, or a timedelta, that this waits at most.

            every: Seconds, or a timedelta, between two questions.

        Raises:
            StoreError: The job failed or was cancelled, which `report` tells more of; or it has
                not ended in time: wait again.
        """
        clock = self._account.clock
        pause = store_door.span("every", every).total_seconds()
        until = clock.monotonic() + store_door.span("timeout", timeout).total_seconds()
        report = self.report()
        while not report.ended:
            left = until - clock.monotonic()
            if left <= 0:
                raise StoreError(f"The import job {self.job_id} has not ended yet: wait again.")
            clock.sleep(min(pause, left))
            report = self.report()
        if report.status != "COMPLETED":
            raise StoreError(
                f"The import job {self.job_id} ended as {report.status}: job.report().message has "
                "SES's words. SES must be allowed to read the file in the bucket."
            )
        return report

    def __repr__(self) -> str:
        return f"ImportJob({self.job_id!r}, count={self.count})"


def import_job(
    store: SuppressionStore,
    account: AccountStore,
    /,
    *,
    s3_client: S3Client,
    bucket: str,
    prefix: str = "sesguard/",
    reasons: Collection[Reason] = KEPT,
    after: str | None = None,
    data_format: str = "JSON",
) -> ImportJob | None:
    """
    Put what is on a list of yours on SES's own by a job of SES's: up to 100,000 addresses.

    As with `push`, what is on SES's list is read first and left as it is. The rest is written
    to the bucket under a name of its own, which SES must be allowed to read (a bucket policy for
    ``ses.amazonaws.com`` with ``s3:GetObject``), and the job is started. To start one twice does
    no harm. The file holds addresses and stays there: let a lifecycle rule delete it.

    Args:
        store: Your list. One with ``hashed_with=`` keeps no addresses that could be put.

        account: SES's list. The credentials must be allowed ses:CreateImportJob and
            ses:GetImportJob; in the sandbox there are no jobs.

        s3_client: A boto3 client for ``s3``.

        bucket: Its name.

        prefix: What the file's name begins with.

        reasons: Of these alone.

        after: ``job.next`` of the job before.

        data_format: ``JSON`` or ``CSV``.

    Returns:
        The job; None where everything is on SES's list.

    Raises:
        ConfigurationError: An option that cannot be, or your list keeps digests.

        StoreError: A list, S3 or SES cannot be asked, or refused.
    """
    check(account, store)
    wanted = chosen(reasons)
    if not bucket or "/" in bucket or prefix.startswith("/"):
        raise ConfigurationError("bucket= is the name of a bucket, and prefix= a path in it.")
    tally = Tally(dry_run=False)
    with AddressFile(data_format) as file:
        with OnAccount(account, wanted) as listed:
            while True:
                page = store.entries(after, _PAGE)
                after = page.next
                for entry in missing(page.items, listed, wanted, tally):
                    listed.put([entry])
                    file.write(entry)
                if after is None or file.count > MOST - _PAGE:
                    break
        if not file.count:
            return None
        key = f"{prefix}{uuid4().hex}.{data_format.lower()}"
        file.send(s3_client, bucket, key)
        url = f"s3://{bucket}/{key}"
        job_id = account.start_import(url, data_format)
        return ImportJob(account, job_id, s3_url=url, count=file.count, next=after)
