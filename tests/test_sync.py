"""SES's own list and a list of one's own, brought together."""

from __future__ import annotations

import csv
import io
import json
import sqlite3
import tracemalloc
from collections.abc import Iterator, Sequence
from dataclasses import replace
from datetime import timedelta
from functools import partial
from typing import Any, cast

import boto3
import moto
import pytest

from sesguard import sync
from sesguard._sync.on_account import OnAccount
from sesguard.addresses import AddressKey
from sesguard.errors import ConfigurationError, StoreError
from sesguard.simulator import Simulator
from sesguard.stores import FunctionStore, MemoryStore
from sesguard.stores.account import AccountStore
from sesguard.suppression import Page, Reason, Release, Suppression
from sesguard.testing.store_contract import ANN, BEN, entry, fresh

BOUNCE, COMPLAINT = Reason.BOUNCE, Reason.COMPLAINT
CY = AddressKey("cy@example.org")
DAY = timedelta(days=1)


class Both:
    """An account that takes one call a second, and a list, by one clock."""

    def __init__(self, **options: Any) -> None:
        self.sim = Simulator(control_rate=1.0, **options)
        self.account = AccountStore(
            boto3_client=self.sim.boto3_client("sesv2"), clock=self.sim.clock
        )
        self.store = MemoryStore(clock=self.sim.clock)

    @property
    def calls(self) -> dict[str, int]:
        """How often SES was asked, by the first word of the operation."""
        named = {name.removeprefix("sesv2."): count for name, count in self.sim.calls.items()}
        return {
            word: count
            for name, count in named.items()
            for word in ("Put", "Get", "Delete", "List", "Create")
            if name.startswith(word) and count
        }

    def here(self, key: AddressKey, reason: Reason = BOUNCE, **more: Any) -> Suppression:
        """An entry on the own list, of now."""
        one = replace(entry(key, reason, at=self.sim.clock.now()), **more)
        self.store.add([one])
        return one

    def put(self, count: int, name: str = "user") -> None:
        """Entries on SES's list."""
        for number in range(count):
            self.sim.suppress(f"{name}{number:05}@example.org")


@pytest.fixture
def both() -> Both:
    return Both()


# From SES's list


def test_what_ses_has_comes_onto_the_own_list(both: Both) -> None:
    """With spelling, reason and SES's time; a second pull changes nothing."""
    both.sim.suppress("Ann@Example.org", COMPLAINT)
    both.sim.suppress("ben@example.org")
    at = both.sim.clock.now()
    done = sync.pull(both.account, both.store)
    assert (done.added, done.known, done.next) == ({COMPLAINT: 1, BOUNCE: 1}, {}, None)
    assert both.store.look_up([ANN])[ANN] == Suppression(
        key=ANN, reason=COMPLAINT, at=at, address="Ann@Example.org", source="account"
    )
    before = both.store.entries()
    again = sync.pull(both.account, both.store)
    assert (again.added, again.known) == ({}, {COMPLAINT: 1, BOUNCE: 1})
    assert both.store.entries() == before
    assert str(done) == "added: 1 BOUNCE, 1 COMPLAINT"
    assert str(sync.pull(both.account, MemoryStore(), reasons=[COMPLAINT])) == "added: 1 COMPLAINT"


def test_two_spellings_are_one_address(both: Both) -> None:
    """The second counts as known."""
    both.sim.suppress("Ann@example.org")
    both.sim.suppress("ann@example.org", COMPLAINT)
    done = sync.pull(both.account, both.store)
    assert (sum(done.added.values()), sum(done.known.values())) == (1, 1)
    assert both.store.look_up([ANN])[ANN].reason is COMPLAINT


@pytest.mark.parametrize("dry_run", [True, False])
def test_an_operators_word_stands(both: Both, dry_run: bool) -> None:
    """
    Who was taken off the own list since SES listed him is not put back, and is counted.

    Who was taken off before that is: SES has a reason of its own since.
    """
    both.sim.suppress("ann@example.org")
    both.store.remove([BEN])
    both.sim.clock.advance(60)
    both.store.remove([ANN])
    both.sim.suppress("ben@example.org")
    done = sync.pull(both.account, both.store, dry_run=dry_run)
    assert (done.added, done.released, done.dry_run) == ({BOUNCE: 1}, {BOUNCE: 1}, dry_run)
    assert set(both.store.look_up([ANN, BEN])) == (set() if dry_run else {BEN})
    assert set(both.sim.suppressed) == {ANN, BEN}


def test_an_operators_entry_is_not_weakened(both: Both) -> None:
    """A manual entry goes on to speak for the address."""
    both.sim.suppress("ann@example.org")
    manual = both.here(ANN, Reason.MANUAL)
    assert sync.pull(both.account, both.store).known == {BOUNCE: 1}
    assert both.store.look_up([ANN]) == {ANN: manual}


def test_a_dry_pull_writes_nothing(both: Both) -> None:
    """It counts what would be done."""
    both.put(3)
    both.sim.suppress("nobody")
    done = sync.pull(both.account, both.store, dry_run=True)
    assert (done.added, str(done)) == ({BOUNCE: 4}, "dry run; added: 4 BOUNCE")
    assert not both.store.entries().items
    assert str(sync.pull(both.account, both.store, reasons=[COMPLAINT], dry_run=True)) == (
        "dry run; nothing"
    )


def test_a_dry_pull_into_a_list_that_does_not_tell_releases(both: Both) -> None:
    """A list over functions cannot say beforehand whom it has released: that counts as added."""
    both.sim.suppress("ann@example.org")
    store = FunctionStore(look_up=lambda key: False, suppress=lambda one: None)
    assert sync.pull(both.account, store, dry_run=True).added == {BOUNCE: 1}


def test_a_pull_goes_on_where_it_was_interrupted(both: Both) -> None:
    """on_page is told after each thousand; its cursor is where the next pull begins."""
    both.put(2_500)
    told: list[sync.Progress] = []
    both.sim.fail_next(1, "503", operation="ListSuppressedDestinations")
    with pytest.raises(StoreError):
        sync.pull(both.account, both.store, on_page=told.append)
    assert told == []

    def stop(progress: sync.Progress) -> None:
        told.append(progress)
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        sync.pull(both.account, both.store, on_page=stop)
    assert told[0].added == {BOUNCE: 1000}
    rest = sync.pull(both.account, both.store, after=told[0].next, on_page=told.append)
    assert (rest.added, rest.next, len(told)) == ({BOUNCE: 1500}, None, 3)
    assert "user" not in repr(told)
    with pytest.raises(ConfigurationError, match="cursor"):
        sync.pull(both.account, both.store, after="nonsense")


def test_a_pull_takes_what_is_new(both: Both) -> None:
    """since= has SES choose by its own time."""
    both.put(3)
    both.sim.clock.advance(3600)
    since = both.sim.clock.now()
    both.sim.suppress("ann@example.org")
    assert sync.pull(both.account, both.store, since=since).added == {BOUNCE: 1}
    assert set(both.store.look_up([ANN])) == {ANN}


def test_a_pull_takes_a_call_a_thousand_and_flat_memory() -> None:
    """At one call a second; what is kept does not grow with the list."""
    clock = Simulator().clock
    account = AccountStore(boto3_client=cast("Any", Endless(30_000, clock.now())), clock=clock)
    peaks: list[int] = []

    def look(progress: sync.Progress) -> None:
        peaks.append(tracemalloc.get_traced_memory()[1])
        tracemalloc.reset_peak()

    tracemalloc.start()
    try:
        done = sync.pull(account, cast("Any", Sink()), on_page=look)
    finally:
        tracemalloc.stop()
    assert sum(done.released.values()) == 30_000
    assert clock.monotonic() == 29.0
    assert max(peaks[20:]) < 1.2 * max(peaks[1:10])


class Sink:
    """A list that takes everything and keeps nothing."""

    def look_up(self, keys: object, scopes: object = ()) -> dict[AddressKey, Suppression]:
        return {}

    def apply(self, batch: Sequence[object]) -> list[bool]:
        return [True] * len(batch)


class Endless:
    """SES's list of so many entries, which takes no room."""

    def __init__(self, count: int, at: Any) -> None:
        self._count = count
        self._at = at

    def get_suppressed_destination(self, **asked: Any) -> Any:
        raise AssertionError("nobody asks for one")

    def list_suppressed_destinations(self, **asked: Any) -> dict[str, Any]:
        first = int(asked.get("NextToken", 0))
        last = min(first + asked["PageSize"], self._count)
        rows = [
            {"EmailAddress": f"user{n}@example.org", "Reason": "BOUNCE", "LastUpdateTime": self._at}
            for n in range(first, last)
        ]
        more = {"NextToken": str(last)} if last < self._count else {}
        return {"SuppressedDestinationSummaries": rows, **more}


# Onto SES's list


def test_what_is_missing_is_put_on_seess_list(both: Both) -> None:
    """One call for what is missing, none for what is there; that keeps its time."""
    both.sim.suppress("Ann@example.org")
    listed_at = both.sim.clock.now()
    both.sim.clock.advance(60)
    both.here(ANN)
    both.here(BEN, COMPLAINT, address="Ben@Example.org")
    done = sync.push(both.store, both.account)
    assert (done.added, done.known, done.next) == ({COMPLAINT: 1}, {BOUNCE: 1}, None)
    assert both.sim.suppressed == {"Ann@example.org": BOUNCE, "Ben@Example.org": COMPLAINT}
    assert both.account.look_up([ANN])[ANN].at == listed_at
    assert both.calls["Put"] == 1
    assert sync.push(both.store, both.account).added == {}


def test_a_stronger_reason_replaces_a_weaker_one(both: Both) -> None:
    """Under the spelling that stands there; the weaker one of two replaces nothing."""
    both.sim.suppress("Ann@example.org")
    both.sim.suppress("ben@example.org", COMPLAINT)
    both.here(ANN, COMPLAINT)
    both.here(BEN)
    both.here(CY)
    both.here(CY, COMPLAINT)
    sync.push(both.store, both.account)
    assert both.sim.suppressed == {"Ann@example.org": COMPLAINT, BEN: COMPLAINT, CY: COMPLAINT}


def test_what_ses_cannot_hold_is_skipped(both: Both) -> None:
    """Other reasons, parts of the mail, entries that end, and reasons that were not asked for."""
    both.here(ANN, Reason.MANUAL)
    both.here(BEN, scope="stream:news")
    both.here(CY, expires_at=both.sim.clock.now() + DAY)
    both.here(CY, COMPLAINT)
    done = sync.push(both.store, both.account, reasons=[BOUNCE])
    assert done.skipped == {Reason.MANUAL: 1, BOUNCE: 2, COMPLAINT: 1}
    assert both.sim.suppressed == {}
    with pytest.raises(ConfigurationError, match="SES's own"):
        sync.push(both.store, both.account, reasons=[Reason.MANUAL])
    with pytest.raises(ConfigurationError, match="SES's own"):
        sync.pull(both.account, both.store, reasons=[])


def test_nothing_is_taken_off_unless_asked(both: Both) -> None:
    """
    With remove=True, what the own list has released since SES listed it, in any case.

    What it knows nothing of stays, and so does what SES has listed again since.
    """
    for name in ("ANN@example.org", "ben@example.org", "Cy@example.org", "unknown@example.org"):
        both.sim.suppress(name)
    both.sim.clock.advance(60)
    both.store.remove([ANN, BEN])
    both.store.apply([fresh(Release(key=CY, reason=COMPLAINT, at=both.sim.clock.now()))])
    both.sim.clock.advance(60)
    both.sim.suppress("ben@example.org")
    assert sync.push(both.store, both.account).removed == {}
    assert len(both.sim.suppressed) == 4
    dry = sync.push(both.store, both.account, remove=True, dry_run=True)
    assert (dry.removed, len(both.sim.suppressed)) == ({BOUNCE: 1}, 4)
    done = sync.push(both.store, both.account, remove=True)
    assert done.removed == {BOUNCE: 1}
    assert set(both.sim.suppressed) == {"ben@example.org", "Cy@example.org", "unknown@example.org"}


def test_an_empty_list_removes_nothing(both: Both) -> None:
    """A list that was lost does not empty SES's."""
    both.put(1_200)
    assert sync.push(both.store, both.account, remove=True).removed == {}
    assert len(both.sim.suppressed) == 1_200
    store = FunctionStore(look_up=lambda key: False, suppress=lambda one: None)
    with pytest.raises(ConfigurationError, match=r"no export\(\)"):
        sync.push(store, both.account, remove=True)


def test_a_dry_push_writes_nothing(both: Both) -> None:
    """It counts what would be done, one address once."""
    both.here(ANN)
    both.here(ANN, COMPLAINT)
    done = sync.push(both.store, both.account, dry_run=True)
    assert (done.added, both.sim.suppressed) == ({BOUNCE: 1, COMPLAINT: 1}, {})
    assert both.calls == {"List": 1}


def test_a_push_goes_on_where_it_was_interrupted(both: Both) -> None:
    """Whatever was put is not put again; the cursor is that of the own list."""
    for number in range(250):
        both.here(AddressKey(f"user{number:03}@example.org"))
    both.sim.fail_next(1, "503", operation="GetSuppressedDestination")
    told: list[sync.Progress] = []

    def stop(progress: sync.Progress) -> None:
        told.append(progress)
        both.sim.fail_next(1, "503", operation="PutSuppressedDestination")

    with pytest.raises(StoreError):
        sync.push(both.store, both.account, on_page=stop)
    assert [one.added for one in told] == [{BOUNCE: 100}]
    rest = sync.push(both.store, both.account, after=told[0].next)
    assert rest.added == {BOUNCE: 150}
    assert both.calls["Put"] == 251
    assert len(both.sim.suppressed) == 250


def test_an_address_that_ses_refuses_does_not_stop_the_others(both: Both) -> None:
    """It is counted; ten in a row end it, since then the account is in the sandbox."""
    both.here(AddressKey("nobody"))
    both.here(ANN)
    done = sync.push(both.store, both.account)
    assert (done.added, done.refused) == ({BOUNCE: 1}, {BOUNCE: 1})
    sandbox = Both(sandbox=True)
    for number in range(12):
        sandbox.here(AddressKey(f"user{number}@example.org"))
    with pytest.raises(ConfigurationError, match="sandbox"):
        sync.push(sandbox.store, sandbox.account)
    assert sandbox.calls["Put"] == 10


def test_a_list_of_digests_cannot_be_pushed(both: Both) -> None:
    """But SES's list can be pulled into it."""
    store = MemoryStore(hashed_with=bytes(32), clock=both.sim.clock)
    both.sim.suppress("Ann@example.org")
    assert sync.pull(both.account, store).added == {BOUNCE: 1}
    assert set(store.look_up([ANN])) == {ANN}
    with pytest.raises(ConfigurationError, match="digests"):
        sync.push(store, both.account)


@pytest.mark.parametrize("turn", ["pull", "push", "import_job"])
def test_lists_in_the_wrong_order_are_refused(both: Both, turn: str) -> None:
    """Nothing is written into the wrong one, and asynchronous stores are told."""

    class Later:
        async def apply(self) -> None: ...

    bucket = {"s3_client": None, "bucket": "lists"} if turn == "import_job" else {}
    call = getattr(sync, turn)
    right = [both.account, both.store] if turn == "pull" else [both.store, both.account]
    for pair in (right[::-1], [both.account] * 2, [both.store] * 2):
        with pytest.raises(ConfigurationError, match="between SES's own list and one of yours"):
            call(*pair, **bucket)
    with pytest.raises(ConfigurationError, match="plain store"):
        call(*(Later() if one is both.store else one for one in right), **bucket)
    assert both.calls == {}


def test_no_room_for_the_comparison_is_told(both: Both, monkeypatch: pytest.MonkeyPatch) -> None:
    """A full disk is a StoreError that says where room is needed."""
    listed = OnAccount(both.account, [BOUNCE])
    listed._file.execute("PRAGMA query_only = 1")
    with listed, pytest.raises(StoreError, match="temporary file"):
        listed.put([entry(ANN)])

    def full(*arguments: object, **options: object) -> sqlite3.Connection:
        class Full(sqlite3.Connection):
            def execute(self, *said: Any) -> Any:
                raise sqlite3.OperationalError("database or disk is full")

        return Full(":memory:")

    monkeypatch.setattr(sqlite3, "connect", full)
    with pytest.raises(StoreError, match="temporary file"):
        OnAccount(both.account, [BOUNCE])


# By a job of SES's


class S3:
    """moto's S3, of which SES reads what is put there."""

    def __init__(self, sim: Simulator) -> None:
        self.client: Any = boto3.client("s3", region_name="us-east-1")
        self.client.create_bucket(Bucket="lists")
        self._sim = sim

    def put_object(self, **asked: Any) -> Any:
        answer = self.client.put_object(**asked)
        self._sim.files[f"s3://{asked['Bucket']}/{asked['Key']}"] = self.text(asked["Key"])
        return answer

    def text(self, key: str) -> str:
        """What is in the bucket under a name."""
        body: bytes = self.client.get_object(Bucket="lists", Key=key)["Body"].read()
        return body.decode()


@pytest.fixture
def s3(both: Both) -> Iterator[S3]:
    with moto.mock_aws():
        found = S3(both.sim)
        yield found
        found.client.close()


def test_a_job_puts_on_seess_list_what_is_missing(both: Both, s3: S3) -> None:
    """A file of what is missing, in SES's form, under a name of its own; then there is nothing."""
    both.sim.suppress("Ann@example.org")
    both.here(ANN)
    both.here(BEN, COMPLAINT, address="Ben@Example.org")
    both.here(CY, Reason.MANUAL)
    job = sync.import_job(both.store, both.account, s3_client=s3, bucket="lists", prefix="a/b-")
    assert job is not None
    assert (job.count, job.next) == (1, None)
    key = str(job.s3_url).removeprefix("s3://lists/")
    assert key.startswith("a/b-")
    assert key.endswith(".json")
    assert json.loads(s3.text(key)) == {"emailAddress": "Ben@Example.org", "reason": "COMPLAINT"}
    report = job.wait()
    assert (report.status, report.processed, report.failed) == ("COMPLETED", 1, 0)
    assert both.sim.suppressed == {"Ann@example.org": BOUNCE, "Ben@Example.org": COMPLAINT}
    assert sync.import_job(both.store, both.account, s3_client=s3, bucket="lists") is None
    assert sync.ImportJob(both.account, job.job_id).report() == report
    assert "Ben" not in repr(job)


def test_a_job_reads_csv_as_well(both: Both, s3: S3) -> None:
    """One address and its reason a line; a comma in quotes stays one address."""
    both.here(AddressKey('"a,b"@example.org'))
    both.here(AddressKey("=1+1@example.org"))
    job = sync.import_job(both.store, both.account, s3_client=s3, bucket="lists", data_format="CSV")
    assert job is not None
    text = s3.text(str(job.s3_url).removeprefix("s3://lists/"))
    assert list(csv.reader(io.StringIO(text))) == [
        ['"a,b"@example.org', "BOUNCE"], ["=1+1@example.org", "BOUNCE"],
    ]  # fmt: skip
    assert job.wait().failed == 0
    assert len(both.sim.suppressed) == 2


def test_a_long_list_takes_several_jobs() -> None:
    """A file has 100,000 addresses at most; job.next is where the next one begins."""
    jobs, bucket = Jobs(), Bucket()
    account = AccountStore(boto3_client=cast("Any", jobs), clock=Simulator().clock)
    store = cast("Any", Long(100_500))
    first = sync.import_job(store, account, s3_client=bucket, bucket="lists")
    assert first is not None
    assert (first.count, first.next) == (100_000, "100000")
    second = sync.import_job(store, account, s3_client=bucket, bucket="lists", after=first.next)
    assert second is not None
    assert (second.count, second.next) == (500, None)
    assert bucket.lines == [100_000, 500]
    assert [first.s3_url, second.s3_url] == jobs.urls


class Jobs:
    """An empty list of SES's, and jobs for it."""

    def __init__(self) -> None:
        self.urls: list[str] = []

    def get_suppressed_destination(self, **asked: Any) -> Any:
        raise AssertionError("nobody asks for one")

    def list_suppressed_destinations(self, **asked: Any) -> dict[str, Any]:
        return {"SuppressedDestinationSummaries": []}

    def create_import_job(self, **asked: Any) -> dict[str, Any]:
        self.urls.append(asked["ImportDataSource"]["S3Url"])
        return {"JobId": str(len(self.urls))}


class Bucket:
    """A bucket that counts lines."""

    def __init__(self) -> None:
        self.lines: list[int] = []

    def put_object(self, **asked: Any) -> dict[str, Any]:
        self.lines.append(sum(1 for _ in asked["Body"]))
        return {}


class Long:
    """A list of so many entries, which takes no room."""

    def __init__(self, count: int) -> None:
        self._count = count

    def apply(self, batch: object) -> list[bool]:
        raise AssertionError("nothing is written to it")

    def entries(self, after: str | None = None, limit: int = 1000) -> Page[Suppression]:
        first = int(after or 0)
        last = min(first + limit, self._count)
        items = [entry(AddressKey(f"user{number}@example.org")) for number in range(first, last)]
        return Page(items, str(last) if last < self._count else None)


def test_records_that_failed_are_told(both: Both, s3: S3) -> None:
    """The job is through with the others."""
    both.here(AddressKey("nobody"))
    both.here(ANN)
    job = sync.import_job(both.store, both.account, s3_client=s3, bucket="lists")
    assert job is not None
    report = job.wait()
    assert (report.processed, report.failed) == (2, 1)
    assert both.sim.suppressed == {ANN: BOUNCE}


class Job:
    """A client whose one import job goes through these states."""

    def __init__(self, *states: str) -> None:
        self._states = list(states)
        self.asked = 0

    def get_suppressed_destination(self, **asked: Any) -> Any:
        raise AssertionError("nobody asks for one")

    def get_import_job(self, JobId: str) -> dict[str, Any]:
        self.asked += 1
        state = self._states.pop(0) if len(self._states) > 1 else self._states[0]
        failure = {"FailedRecordsS3Url": "https://s3/secret", "ErrorMessage": "no ann@example.org"}
        counts = {"ProcessedRecordsCount": 3, "FailedRecordsCount": 1}
        return {"JobId": JobId, "JobStatus": state, **counts, "FailureInfo": failure}


def waiting(*states: str) -> tuple[sync.ImportJob, Job, Any]:
    client, clock = Job(*states), Simulator().clock
    account = AccountStore(boto3_client=cast("Any", client), clock=clock)
    return sync.ImportJob(account, "1"), client, clock


def test_a_job_is_waited_for_by_the_clock() -> None:
    """It is asked now and then until it has ended; the report tells where the failed ones are."""
    job, client, clock = waiting("CREATED", "PROCESSING", "COMPLETED")
    report = job.wait(every=10)
    assert (client.asked, clock.monotonic()) == (3, 20.0)
    assert (report.failed, report.failed_records_url) == (1, "https://s3/secret")
    assert "secret" not in repr(report)
    assert "ann@" not in repr(report)


def test_a_job_without_end_is_not_waited_for_without_end() -> None:
    """After the time-out it is an error, and can be waited for again."""
    job, client, clock = waiting("PROCESSING")
    with pytest.raises(StoreError, match="not ended yet"):
        job.wait(timeout=timedelta(seconds=25), every=10)
    assert (client.asked, clock.monotonic()) == (4, 25.0)
    for options in ({"timeout": 0}, {"every": -1}):
        with pytest.raises(ConfigurationError):
            job.wait(**options)


@pytest.mark.parametrize("status", ["FAILED", "CANCELLED"])
def test_a_job_that_failed_is_an_error(status: str) -> None:
    """report() has SES's words, which stay out of the message."""
    job, _, _ = waiting(status)
    with pytest.raises(StoreError, match=f"ended as {status}") as caught:
        job.wait()
    assert "ann@" not in str(caught.value)
    assert job.report().message == "no ann@example.org"


def test_a_bucket_that_is_not_there_is_told(both: Both, s3: S3) -> None:
    """No job is started, and the message has no address."""
    both.here(ANN)
    with pytest.raises(StoreError, match="S3 did not take") as caught:
        sync.import_job(both.store, both.account, s3_client=s3, bucket="none")
    assert caught.value.original is not None
    assert "Create" not in both.calls
    job = partial(sync.import_job, both.store, both.account, s3_client=s3)
    for wrong in (
        partial(job, bucket=""),
        partial(job, bucket="a/b"),
        partial(job, bucket="lists", prefix="/a"),
        partial(job, bucket="lists", data_format="XML"),
    ):
        with pytest.raises(ConfigurationError):
            wrong()
