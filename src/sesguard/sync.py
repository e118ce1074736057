"""
SES's own list and a list of yours, brought together.

    sync.pull(AccountStore(), store)     # what SES has, into yours: a thousand entries a second
    sync.push(store, AccountStore())     # what you have, onto SES's: one entry a second
    sync.import_job(store, AccountStore(), s3_client=s3, bucket="...")     # 100,000 in one go
"""

from __future__ import annotations

from sesguard._sync.importing import ImportJob, import_job
from sesguard._sync.progress import Progress
from sesguard._sync.pulling import pull
from sesguard._sync.pushing import push
from sesguard.stores.account_jobs import ImportReport

__all__ = ["ImportJob", "ImportReport", "Progress", "import_job", "pull", "push"]
