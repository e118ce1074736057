"""An outbox that runs: what an error makes of a mail, pauses, stops, leases, and trouble."""

from __future__ import annotations

import logging
import os
import signal
import sqlite3
import threading
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from sesguard import Client, Email, errors
from sesguard._outbox.hold import Hold
from sesguard._outbox.sending import Sending
from sesguard.ledgers import MemoryLedger
from sesguard.limiters import MemoryLimiter, Unlimited
from sesguard.outbox import Outbox, OutboxTally
from sesguard.outboxes import SQLiteOutbox
from sesguard.ports import Guard, Receipt
from sesguard.testing import ManualClock
from tests.outbox.conftest import SES, mail

UNKNOWN = errors.OutcomeUnknownError("No answer came.")
DOWN = errors.ServiceUnavailableError("SES is away.")
QUOTA = errors.DailyQuotaExceededError("The quota is spent.")
RATE = errors.SendingRateExceededError("Too fast.")


def reasons(items: Any) -> list[str]:
    return [one.reason for one in items]


# What an error makes of a mail


@pytest.mark.parametrize(
    "error",
    [
        errors.MessageRejectedError("Refused."),
        errors.NotVerifiedError("Not verified."),
        errors.MailFromNotVerifiedError("No MX."),
        errors.NotFoundError("No such template."),
        errors.AccessDeniedError("Not allowed."),
        errors.MessageTooLargeError("Too large."),
    ],
    ids=lambda error: type(error).__name__,
)
def test_what_no_repetition_mends_is_given_up(
    outbox: Outbox, ses: SES, clock: ManualClock, error: errors.SESGuardError
) -> None:
    """It is asked once, listed with its reason, and those behind it go."""
    outbox.put(mail(1))
    outbox.put(mail(2))
    ses.answers = [error]
    assert outbox.drain(concurrency=1) == OutboxTally(sent=1, failed=1)
    clock.advance(timedelta(days=1))
    assert outbox.drain() == OutboxTally()
    assert (ses.asked, ses.taken) == (2, ["2"])
    assert reasons(outbox.failed()) == [f"{type(error).__name__}: {error}"]
    assert not list(outbox.unknown())


def test_who_is_suppressed_is_given_up(store: SQLiteOutbox, ses: SES, clock: ManualClock) -> None:
    """By the list, without a request, and without the address in the reason."""
    client = Client(suppression=lambda key: True, transport=ses, limiter=Unlimited())
    outbox = Outbox(store, clock=clock)
    outbox.put(mail())
    assert outbox.drain(client) == OutboxTally(failed=1)
    (reason,) = reasons(outbox.failed())
    assert reason.startswith("SuppressedError: ")
    assert "ann@" not in reason
    assert ses.asked == 0


@pytest.mark.parametrize("error", [UNKNOWN, ValueError("ann@example.org")])
def test_what_may_have_been_sent_is_kept_apart(
    outbox: Outbox, ses: SES, clock: ManualClock, error: Exception
) -> None:
    """It is listed, and not sent again, whatever the transport raised."""
    outbox.put(mail(1))
    ses.answers = [error]
    assert outbox.drain() == OutboxTally(unknown=1)
    clock.advance(timedelta(days=1))
    assert outbox.drain() == OutboxTally()
    (reason,) = reasons(outbox.unknown())
    assert reason.startswith("OutcomeUnknownError: ")
    assert "ann@" not in reason
    assert not list(outbox.failed())
    assert ses.asked == 1


def test_an_error_says_when_to_come_again(outbox: Outbox, ses: SES, clock: ManualClock) -> None:
    """Never sooner than it says, twice as late each time, with some jitter, and then it is sent."""
    outbox.put(mail(1))
    ses.answers = [errors.ServiceUnavailableError("away", retry_after=40.0)] * 3
    for least in (40, 80, 160):
        assert outbox.drain() == OutboxTally(put_back=1)
        clock.advance(least - 0.001)
        assert outbox.drain() == OutboxTally()
        clock.advance(least * 0.5 + 0.01)
    assert outbox.drain() == OutboxTally(sent=1)
    assert ses.asked == 4


def test_it_goes_on_when_the_list_is_back(
    store: SQLiteOutbox, ses: SES, clock: ManualClock
) -> None:
    """A list that cannot be asked puts the mail back."""
    answers: list[object] = [ValueError("down"), False]

    def look(key: str) -> bool:
        answer = answers.pop(0)
        if isinstance(answer, Exception):
            raise answer
        return False

    client = Client(suppression=look, transport=ses, limiter=Unlimited())
    outbox = Outbox(store, client=client, clock=clock)
    outbox.put(mail(1))
    assert outbox.drain() == OutboxTally(put_back=1)
    clock.advance(10)
    assert outbox.drain() == OutboxTally(sent=1)


def test_what_is_too_old_is_given_up(
    store: SQLiteOutbox, client: Client, ses: SES, clock: ManualClock
) -> None:
    """A mail ages from when it was first due, not from when it was put in."""
    outbox = Outbox(store, client=client, max_age=timedelta(hours=2), clock=clock)
    outbox.put(mail(1))
    outbox.put(mail(2), not_before=clock.now() + timedelta(days=300))
    clock.advance(2 * 3600 + 1)
    assert outbox.drain() == OutboxTally(failed=1)
    clock.advance(timedelta(days=300) - timedelta(seconds=60))
    assert outbox.drain() == OutboxTally(sent=1)
    assert ses.taken == ["2"]
    (reason,) = reasons(outbox.failed())
    assert "too old" in reason


def test_a_mail_that_is_tried_in_vain_comes_of_age(
    outbox: Outbox, ses: SES, clock: ManualClock
) -> None:
    """Four days after it was put in it is given up, however often it was put back."""
    outbox.put(mail(1))
    ses.always = DOWN
    began = clock.now()
    for _ in range(2_000):
        clock.advance(450)
        if outbox.drain().failed:
            break
    assert timedelta(days=4) < clock.now() - began < timedelta(days=4, hours=1)
    assert 250 < ses.asked < 450


@pytest.mark.parametrize("body", ["", "{}", "[]", "nonsense", '{"sender": 5}', "[" * 100_000])
def test_what_cannot_be_read_is_set_aside(
    outbox: Outbox, store: SQLiteOutbox, ses: SES, clock: ManualClock, body: str
) -> None:
    """With its reason and its body; and what is behind it goes."""
    store.put("odd", body, due=clock.now(), priority=9)
    outbox.put(mail(1))
    assert outbox.drain(concurrency=1) == OutboxTally(sent=1, failed=1)
    (one,) = outbox.failed()
    assert (one.id, one.body) == ("odd", body)
    assert one.reason.startswith(("EmailError: ", "AddressError: "))


def test_who_was_refused_for_now_gets_it_later(
    outbox: Outbox, store: SQLiteOutbox, ses: SES, clock: ManualClock
) -> None:
    """Recipients that SES refused while it took the others are a mail of their own."""
    outbox.put(mail(1, to=["ann@example.org", "Ben <ben@example.org>", "cy@example.org"]))
    refused: dict[str, errors.SendError] = {
        "ben@example.org": RATE,
        "cy@example.org": errors.MessageRejectedError("no"),
    }
    ses.answers = [Receipt(message_id="one", refused=refused)]
    assert outbox.drain() == OutboxTally(sent=1)
    clock.advance(60)
    assert outbox.drain() == OutboxTally(sent=1)
    assert [one.addr_spec for one in ses.emails[1].recipients] == ["ben@example.org"]
    first, second = (email.tags["sesguard-outbox"] for email in ses.emails)
    assert first != second


def test_a_client_with_a_ledger_sends_by_key(tmp_path: Path, ses: SES, clock: ManualClock) -> None:
    """A mail that a lax store gives out once more is sent once."""

    class Lax(SQLiteOutbox):
        lapses = 1

        def sent(self, receipt: str, /) -> bool:
            self.lapses -= 1
            if self.lapses < 0:
                return super().sent(receipt)
            return self.put_back(receipt, due=clock.now(), counts=False)

    client = Client(suppression=None, transport=ses, limiter=Unlimited(), ledger=MemoryLedger())
    with Outbox(Lax(tmp_path / "lax.db", clock=clock), client=client, clock=clock) as outbox:
        outbox.put(mail(1))
        assert outbox.drain(concurrency=1) == OutboxTally(sent=2)
    assert ses.taken == ["1"]


def test_a_mail_that_is_settled_again_is_another_send(
    store: SQLiteOutbox, ses: SES, clock: ManualClock
) -> None:
    """The ledger holds the send before as unfinished, and does not stop this one."""
    client = Client(suppression=None, transport=ses, limiter=Unlimited(), ledger=MemoryLedger())
    outbox = Outbox(store, client=client, clock=clock)
    id = outbox.put(mail(1))
    ses.answers = [UNKNOWN]
    assert outbox.drain() == OutboxTally(unknown=1)
    clock.advance(1)
    assert outbox.settle(id, again=True)
    assert outbox.drain() == OutboxTally(sent=1)


# Pauses


@pytest.mark.parametrize(
    ("error", "least", "most"),
    [
        (QUOTA, 3600, 5400),
        (errors.DailyQuotaExceededError("spent", retry_after=7200), 7200, 10_800),
        (errors.SendingPausedError("paused"), 60, 60),
        (errors.AccountSuspendedError("suspended"), 60, 60),
        (errors.AuthenticationError("unknown key"), 60, 60),
        (errors.TransportSecurityError("a stranger"), 60, 60),
    ],
    ids=lambda value: type(value).__name__,
)
def test_what_is_said_to_all_mail_pauses_all(
    outbox: Outbox,
    ses: SES,
    clock: ManualClock,
    error: errors.SESGuardError,
    least: float,
    most: float,
) -> None:
    """One request, then none until it is worth one; nothing is lost, and all is sent in the end."""
    asked_at: list[float] = []

    def during(email: Email) -> None:
        asked_at.append(clock.monotonic())
        if len(asked_at) == 21:
            outbox.stop()

    for number in range(20):
        outbox.put(mail(number))
    ses.answers = [error]
    ses.during = during
    assert outbox.run(concurrency=1) == OutboxTally(sent=20, put_back=1)
    assert least <= asked_at[1] - asked_at[0] <= most + 1
    assert sorted(map(int, ses.taken)) == list(range(20))


def test_a_drain_does_not_wait_for_a_pause(outbox: Outbox, ses: SES, clock: ManualClock) -> None:
    """From cron it leaves, and comes again; the next mail is the probe."""
    for number in range(5):
        outbox.put(mail(number))
    ses.answers = [QUOTA]
    before = clock.monotonic()
    assert outbox.drain(concurrency=1) == OutboxTally(put_back=1)
    assert clock.monotonic() == before
    assert outbox.drain(concurrency=1) == OutboxTally(sent=4)


def test_mails_that_come_back_one_after_the_other_are_a_pause(
    store: SQLiteOutbox, ses: SES, clock: ManualClock
) -> None:
    """What a guard holds is not asked for ten thousand mails, and does not count as their fault."""

    class Holding:
        asked = 0

        def admit(self, email: Email, /) -> Email:
            self.asked += 1
            if email.subject == "bulk":
                raise errors.CircuitOpenError("Bulk mail is held.", retry_after=600.0)
            return email

        def permit(self, email: Email, /) -> None: ...
        def learn(self, email: Email, error: errors.SESGuardError | None, /) -> None: ...

    holding: Guard = Holding()
    client = Client(suppression=None, transport=ses, limiter=Unlimited(), guards=[holding])
    outbox = Outbox(store, client=client, clock=clock)
    for _ in range(100):
        outbox.put(mail("bulk"))  # type: ignore[arg-type]  # its subject
    assert outbox.drain(concurrency=1) == OutboxTally(put_back=10)
    outbox.put(mail(1), priority=1)
    assert outbox.drain(concurrency=1) == OutboxTally(sent=1, put_back=10)
    clock.advance(1000)
    assert {entry.attempts for entry in store.take(100, 60)} == {0}


# Waiting for the rate, and leases


class Waiting(ManualClock):
    """Does something the first time that somebody waits long."""

    def __init__(self) -> None:
        super().__init__()
        self.then: Callable[[], object] | None = None

    def sleep(self, seconds: float, /) -> None:
        if seconds > 1 and self.then is not None:
            then, self.then = self.then, None
            then()
        super().sleep(seconds)


def slow(ses: SES, clock: ManualClock, **more: Any) -> Client:
    """A client that waits ten seconds for the rate, from its second mail on."""
    return Client(
        suppression=None,
        transport=ses,
        limiter=MemoryLimiter(0.1, burst=1, clock=clock),
        clock=clock,
        **more,
    )


def test_a_mail_is_begun_after_its_wait(tmp_path: Path, ses: SES) -> None:
    """A process that is killed while a mail waits for the rate leaves no unknown."""
    clock = Waiting()
    with SQLiteOutbox(tmp_path / "outbox.db", clock=clock) as store:
        outbox = Outbox(store, client=slow(ses, clock), clock=clock)
        for number in range(2):
            outbox.put(mail(number))
        seen: list[tuple[int]] = []

        def look() -> None:
            connection = sqlite3.connect(store._file.path)
            seen.extend(connection.execute("SELECT state FROM mails"))
            connection.close()

        clock.then = look
        ses.during = lambda email: look()
        assert outbox.drain(concurrency=1) == OutboxTally(sent=2)
    assert seen[0] in ((2,), (0,))
    assert seen[-2:] == [(1,), (2,)], seen


def test_a_mail_that_another_one_has_by_now_is_not_sent(tmp_path: Path, ses: SES) -> None:
    """A lease that lapsed during the wait for the rate, and went to another process."""
    clock = Waiting()
    with SQLiteOutbox(tmp_path / "outbox.db", clock=clock) as store:
        outbox = Outbox(store, client=slow(ses, clock), lease=5, clock=clock)
        outbox.put(mail(1))
        outbox.drain()
        outbox.put(mail(2))

        def steal() -> None:
            clock.advance(6)
            assert len(store.take(1, 3600)) == 1

        clock.then = steal
        assert outbox.drain(concurrency=1) == OutboxTally(lost=1)
        assert ses.taken == ["1"]
        assert not [*outbox.unknown(), *outbox.failed()]


def test_a_mail_whose_lease_is_lost_is_left_alone(
    tmp_path: Path, client: Client, ses: SES, clock: ManualClock
) -> None:
    """Not even given up: whoever has it may send it."""

    class Losing(SQLiteOutbox):
        def begin(self, receipt: str, /) -> bool:
            return False

    with Losing(tmp_path / "losing.db", clock=clock) as store:
        outbox = Outbox(store, client=client, clock=clock)
        outbox.put(mail(1))
        assert outbox.drain() == OutboxTally(lost=1)
        assert not [*outbox.unknown(), *outbox.failed()]
        clock.advance(901)
        assert len(store.take(10, 60)) == 1
    assert ses.asked == 0


def test_each_request_of_a_repeated_send_is_begun(
    store: SQLiteOutbox, ses: SES, clock: ManualClock
) -> None:
    """A send that is tried three times renews its lease three times, and is sent once."""
    client = Client(suppression=None, transport=ses, limiter=Unlimited(), clock=clock)
    outbox = Outbox(store, client=client, lease=30, clock=clock)
    outbox.put(mail(1))
    ses.answers = [errors.ServiceUnavailableError("away", retry_after=18.0)] * 2
    assert outbox.drain() == OutboxTally(sent=1)
    assert ses.asked == 3


# Stopping


def test_a_run_ends_when_it_is_stopped(outbox: Outbox, ses: SES) -> None:
    """What was asked comes to its end; what was taken and not begun is due at once."""
    for number in range(10):
        outbox.put(mail(number))
    ses.during = lambda email: outbox.stop()
    tally = outbox.run(concurrency=1)
    assert tally == OutboxTally(sent=1)
    ses.during = lambda email: None
    assert outbox.drain() == OutboxTally(sent=9)


def test_a_stop_before_the_run_ends_it_at_once(outbox: Outbox, ses: SES) -> None:
    """And only that one."""
    outbox.put(mail(1))
    outbox.stop()
    assert outbox.run() == OutboxTally()
    assert outbox.drain() == OutboxTally(sent=1)


def test_what_waits_for_the_rate_is_handed_back(tmp_path: Path, ses: SES) -> None:
    """A stop does not wait for it, and it is not sent when its wait is over."""
    clock = Waiting()
    with SQLiteOutbox(tmp_path / "outbox.db", clock=clock) as store:
        outbox = Outbox(store, client=slow(ses, clock), clock=clock)
        outbox.put(mail(0))
        outbox.drain()
        outbox.put(mail(1))
        left = threading.Event()
        waiting: list[threading.Thread] = []

        def wait() -> None:
            waiting.append(threading.current_thread())
            outbox.stop()
            assert left.wait(30)

        clock.then = wait
        assert outbox.run() == OutboxTally(put_back=1)
        left.set()
        waiting[0].join(30)
        assert ses.taken == ["0"]
        assert outbox.drain() == OutboxTally(sent=1)


def test_the_end_of_what_was_called_off_is_not_recorded_twice(
    store: SQLiteOutbox, client: Client, ses: SES, clock: ManualClock
) -> None:
    """Whoever called it off hands it back; the one who was at it does not give it up."""
    Outbox(store, clock=clock).put(mail(1))
    (entry,) = store.take(1, 60)
    hold = Hold(store, entry)
    sending = Sending(
        store, client, max_age=timedelta(days=1), clock=clock, rest=lambda seconds: True
    )
    assert hold.call_off()
    assert sending.send(hold).what is None
    assert ses.asked == 0
    assert not list(store.failed().items)
    assert sending.hand_back(hold).what == "put_back"


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_a_signal_stops_the_run(outbox: Outbox, ses: SES, number: signal.Signals) -> None:
    """The handlers of before are back afterwards."""
    before = signal.getsignal(number)
    outbox.put(mail(1))
    ses.during = lambda email: os.kill(os.getpid(), number)
    assert outbox.run() == OutboxTally(sent=1)
    assert signal.getsignal(number) is before


def test_a_second_signal_leaves_at_once(outbox: Outbox, ses: SES) -> None:
    """The mail that is under way then is unknown when its lease lapses."""
    let_go = threading.Event()

    def during(email: Email) -> None:
        os.kill(os.getpid(), signal.SIGINT)
        while not outbox._stop.is_set():  # two at once would be one
            let_go.wait(0.01)
        os.kill(os.getpid(), signal.SIGINT)
        assert let_go.wait(30)

    ses.during = during
    outbox.put(mail(1))
    with pytest.raises(KeyboardInterrupt):
        outbox.run()
    let_go.set()
    assert outbox.drain() == OutboxTally()


def test_one_outbox_runs_once(outbox: Outbox, ses: SES) -> None:
    """A second run beside the first is refused."""
    outbox.put(mail(1))
    caught: list[errors.SESGuardError] = []

    def during(email: Email) -> None:
        try:
            outbox.drain()
        except errors.ConfigurationError as error:
            caught.append(error)

    ses.during = during
    assert outbox.drain() == OutboxTally(sent=1)
    assert len(caught) == 1


def test_what_is_put_while_it_runs_is_sent(outbox: Outbox, ses: SES, clock: ManualClock) -> None:
    """Now, and what becomes due as time passes."""

    def during(email: Email) -> None:
        if email.subject == "1":
            outbox.put(mail(2))
            outbox.put(mail(3), not_before=clock.now() + timedelta(seconds=20_000))
        if email.subject == "3":
            outbox.stop()

    ses.during = during
    outbox.put(mail(1))
    began = clock.monotonic()
    assert outbox.run() == OutboxTally(sent=3)
    assert ses.taken == ["1", "2", "3"]
    assert 20_000 <= clock.monotonic() - began < 20_002


def test_as_many_are_under_way_as_was_said(outbox: Outbox, ses: SES) -> None:
    """Four at once meet; a fifth is never there."""
    meeting, here, most = threading.Barrier(4), [0], [0]
    lock = threading.Lock()

    def during(email: Email) -> None:
        with lock:
            here[0] += 1
            most[0] = max(most[0], here[0])
        meeting.wait(30)
        with lock:
            here[0] -= 1

    ses.during = during
    for number in range(12):
        outbox.put(mail(number))
    assert outbox.drain(concurrency=4) == OutboxTally(sent=12)
    assert most == [4]


# What waiting cannot mend, and trouble of the outbox's own


def test_a_client_that_cannot_work_ends_the_run(
    outbox: Outbox, ses: SES, clock: ManualClock
) -> None:
    """The error comes out, and the mail is not lost."""
    outbox.put(mail(1))
    ses.answers = [errors.ConfigurationError("There is no region.")]
    with pytest.raises(errors.ConfigurationError, match="region"):
        outbox.run()
    clock.advance(100)
    assert outbox.drain() == OutboxTally(sent=1)
    assert not [*outbox.failed(), *outbox.unknown()]


def test_a_program_that_is_at_fault_is_told(outbox: Outbox, ses: SES) -> None:
    """What is no error of a send comes out of the run, and does not hang it."""
    outbox.put(mail(1))
    ses.answers = [SystemExit(3)]
    with pytest.raises(SystemExit):
        outbox.drain()


class Failing:
    """A store of which some calls fail."""

    def __init__(self, store: SQLiteOutbox) -> None:
        self._store = store
        self.fails: dict[str, list[Exception]] = {}

    def __getattr__(self, name: str) -> Any:
        method = getattr(self._store, name)

        def call(*args: Any, **kwargs: Any) -> Any:
            if self.fails.get(name):
                raise self.fails[name].pop(0)
            return method(*args, **kwargs)

        return call


@pytest.fixture
def failing(store: SQLiteOutbox) -> Failing:
    return Failing(store)


@pytest.fixture
def shaky(failing: Any, client: Client, clock: ManualClock) -> Outbox:
    return Outbox(failing, client=client, clock=clock)


LOCKED = errors.StoreError("The file is locked.")


@pytest.mark.parametrize("method", ["take", "next_due"])
def test_a_run_waits_until_its_store_is_back(
    shaky: Outbox, failing: Failing, ses: SES, method: str, caplog: pytest.LogCaptureFixture
) -> None:
    """It says so in the log, and goes on; a stranger's error too, without its text."""
    ses.during = lambda email: shaky.stop() if email.subject == "2" else shaky.put(mail(2))
    failing.fails[method] = [LOCKED, ValueError("ann@example.org"), LOCKED]
    shaky.put(mail(1))
    if method == "next_due":
        ses.during = lambda email: shaky.stop()
        for entry in failing.take(1, 60):
            failing.put_back(
                entry.receipt, due=shaky._clock.now() + timedelta(seconds=60), counts=False
            )
    with caplog.at_level(logging.WARNING):
        tally = shaky.run(concurrency=1)
    assert tally.sent >= 1
    assert not failing.fails[method]
    assert caplog.text.count("waits for its store") == 3
    assert "ann@" not in caplog.text


def test_a_drain_tells_that_its_store_failed(shaky: Outbox, failing: Failing) -> None:
    """It has nobody to wait for."""
    failing.fails["take"] = [LOCKED]
    with pytest.raises(errors.StoreError):
        shaky.drain()


def test_what_cannot_be_begun_is_not_sent(
    shaky: Outbox, failing: Failing, ses: SES, clock: ManualClock
) -> None:
    """A store that cannot say so before the request has the mail back."""
    failing.fails["begin"] = [LOCKED, ValueError("ann@example.org")]
    shaky.put(mail(1))
    for _ in range(2):
        assert shaky.drain() == OutboxTally(put_back=1)
        assert ses.asked == 0
        clock.advance(60)
    assert shaky.drain() == OutboxTally(sent=1)


@pytest.mark.parametrize("method", ["sent", "set_aside", "put_back"])
def test_an_end_is_recorded_when_the_store_is_back(
    shaky: Outbox, failing: Failing, ses: SES, method: str
) -> None:
    """A locked file does not make an unknown of what is known."""
    answer = {"sent": None, "set_aside": UNKNOWN, "put_back": DOWN}[method]
    failing.fails[method] = [LOCKED, LOCKED]
    ses.answers = [answer]
    shaky.put(mail(1))
    tally = shaky.drain()
    assert not failing.fails[method]
    assert (tally.sent, tally.unknown, tally.put_back) == (
        int(method == "sent"),
        int(method == "set_aside"),
        int(method == "put_back"),
    )


def test_an_end_that_cannot_be_recorded_is_unknown(
    shaky: Outbox, failing: Failing, ses: SES, clock: ManualClock, caplog: pytest.LogCaptureFixture
) -> None:
    """After some minutes the lease is left to tell, and the mail is not sent twice."""
    failing.fails["sent"] = [LOCKED] * 100
    shaky.put(mail(1))
    assert shaky.drain() == OutboxTally()
    assert "could not be recorded" in caplog.text
    clock.advance(900)
    assert shaky.drain() == OutboxTally()
    assert len(list(shaky.unknown())) == 1
    assert ses.asked == 1


def test_what_is_refused_and_cannot_be_kept_is_unknown(
    shaky: Outbox, failing: Failing, ses: SES, clock: ManualClock
) -> None:
    """Somebody has to look who got it, so it is not forgotten as sent."""
    shaky.put(mail(1, to=["ann@example.org", "ben@example.org"]))
    failing.fails["put"] = [LOCKED] * 100
    ses.answers = [Receipt(message_id="one", refused={"ben@example.org": RATE})]
    assert shaky.drain() == OutboxTally()
    clock.advance(901)
    assert len(list(shaky.unknown())) == 1


def test_a_put_that_fails_is_told(shaky: Outbox, failing: Failing) -> None:
    """Whoever puts a mail in must know that it is not kept."""
    failing.fails["put"] = [ValueError("ann@example.org")]
    with pytest.raises(errors.StoreError) as caught:
        shaky.put(mail(1))
    assert "ann@" not in str(caught.value)


def test_the_log_has_no_address(outbox: Outbox, ses: SES, caplog: pytest.LogCaptureFixture) -> None:
    """What is put back, given up and unknown is told by id, with its reason."""
    for number in range(3):
        outbox.put(mail(number))
    ses.answers = [DOWN, UNKNOWN, errors.MessageRejectedError("no", reply="ann@example.org")]
    with caplog.at_level(logging.DEBUG, "sesguard.outbox"):
        outbox.drain(concurrency=1)
    told = [one for one in caplog.records if one.name == "sesguard.outbox"]
    assert len(told) == 3
    assert "example" not in caplog.text
