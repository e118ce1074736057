"""SES's own list, asked, changed and brought together with one's own, for the canary run."""

from __future__ import annotations

from functools import partial
from pathlib import Path
from typing import Any

from botocore.exceptions import ClientError

from sesguard import Reason, stores, sync
from sesguard.simulator import Simulator
from tests.canary.lists import exercised
from tests.canary.material import (
    ADDRESS,
    API_ANSWERS,
    FOREIGN,
    SAID,
    Scenario,
    entry,
    once,
)
from tests.canary.watch import Watch
from tests.peers.http import HTTPPeer

__all__ = ["SCENARIOS"]

URL = "s3://lists/file.json"


class Bucket:
    """A bucket that SES reads, or that refuses in its own words."""

    def __init__(self, sim: Simulator, *, refuses: bool = False) -> None:
        self._sim = sim
        self._refuses = refuses

    def put_object(self, **asked: Any) -> dict[str, Any]:
        if self._refuses:
            raise ClientError({"Error": {"Code": ADDRESS, "Message": SAID}}, "PutObject")
        url = f"s3://{asked['Bucket']}/{asked['Key']}"
        self._sim.files[url] = asked["Body"].read().decode()
        return {}


def asked(watch: Watch, account: Any) -> None:
    """Call what only this store has."""
    exercised(watch, account)
    watch.ask(account.suppress, ADDRESS)
    watch.ask(account.suppress, ADDRESS, Reason.MANUAL)
    for wrong in (ADDRESS, FOREIGN, 7):
        watch.ask(account.export, wrong)
        watch.ask(account.erase, wrong)
        watch.ask(account.import_report, wrong)
        watch.ask(account.start_import, wrong)
    watch.ask(partial(account.entries, reasons=[Reason.BOUNCE]))


def together(watch: Watch, account: Any, store: Any, sim: Simulator) -> None:
    """Bring two lists together in every way."""
    for refuses in (False, True):
        bucket: Any = Bucket(sim, refuses=refuses)
        job = watch.ask(partial(sync.import_job, store, account, s3_client=bucket, bucket="lists"))
        if job is not None:
            watch.value(job)
            watch.ask(job.report)
            watch.ask(job.wait)
        for changed in ({"bucket": ADDRESS}, {"prefix": f"/{ADDRESS}"}, {"data_format": ADDRESS}):
            given = {"s3_client": bucket, "bucket": "lists", **changed}
            watch.ask(partial(sync.import_job, store, account, **given))
    pages: list[sync.Progress] = []
    watch.ask(partial(sync.pull, account, store, on_page=pages.append))
    watch.ask(partial(sync.pull, account, store, after=ADDRESS))
    options: Any
    for options in ({"dry_run": True}, {"remove": True}, {"after": ADDRESS}, {"reasons": FOREIGN}):
        watch.ask(partial(sync.push, store, account, on_page=pages.append, **options))
    watch.value(pages)
    for page in pages:
        watch.text(str(page), "progress")
    watch.ask(partial(sync.pull, store, account))


def on_ses(watch: Watch, folder: Path) -> None:
    """A list of SES's that is well."""
    sim = Simulator()
    account = stores.AccountStore(boto3_client=sim.boto3_client("sesv2"), clock=sim.clock)
    store = stores.MemoryStore([entry()], clock=sim.clock)
    together(watch, account, store, sim)
    asked(watch, account)
    sim.suppress(f"1{ADDRESS}")
    sim.clock.advance(60)
    store.remove([entry().key])
    sim.files[URL] = ADDRESS
    job = watch.ask(account.start_import, URL) or ""
    watch.ask(account.import_report, job)
    together(watch, account, store, sim)
    hashed = stores.MemoryStore(hashed_with=bytes(32), clock=sim.clock)
    together(watch, account, hashed, sim)
    with stores.SQLiteStore(folder / "list.db") as kept:
        together(watch, account, kept, sim)
        for one in (kept, store):
            for who in (ADDRESS, FOREIGN):
                watch.ask(one.export, who)
                watch.ask(one.erase, who)
    wrong: Any
    for wrong in (ADDRESS, FOREIGN, [ADDRESS]):
        for name in ("boto3_client", "pace"):
            watch.ask(partial(stores.AccountStore, **{name: wrong}))
    unknown = watch.ask(sync.ImportJob, account, "none")
    watch.value(unknown)
    watch.ask(partial(sync.ImportJob(account, "none").wait, timeout=1))


def on_what_is_not_ses(watch: Watch, folder: Path) -> None:
    """Refusals in SES's words, and answers that are none."""
    faults: list[Any] = [*API_ANSWERS, "reset_after_body", "broken_200", "odd_200", "garbage"]
    for fault in faults:
        with HTTPPeer(*[fault] * 400) as peer:
            sim = Simulator()
            client = once("sesv2", peer.url)
            account = stores.AccountStore(boto3_client=client, clock=sim.clock)
            asked(watch, account)
            together(watch, account, stores.MemoryStore([entry()]), sim)
            client.close()


SCENARIOS: list[Scenario] = [on_ses, on_what_is_not_ses]
