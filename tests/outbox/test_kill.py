"""
The outbox killed with SIGKILL at any line: nothing sent twice, nothing lost.

Children put mails into one SQLite file and send them, alone or two at a time, by a SES that
writes each mail that it takes into a file of its own, to the disk, before it answers. They are
killed before a random line, at a request, or after a random time. In the end every mail that
was put must be in SES's file once, or be listed.

As a program it makes more kills and tells its figures: ``python -m tests.outbox.test_kill 1000``.
"""

from __future__ import annotations

import json
import logging
import os
import random
import select
import signal
import subprocess
import sys
import tempfile
import threading
import time
import traceback
from collections import Counter
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, NoReturn

from sesguard import Client, Email, RetryPolicy, errors
from sesguard.clocks import SystemClock
from sesguard.limiters import Unlimited
from sesguard.outbox import Outbox
from sesguard.outboxes import SQLiteOutbox
from sesguard.ports import Handover, Receipt
from tests.test_worker_kill import Lines

ROOT = Path(__file__).parents[2]
KILLS = int(os.environ.get("SESGUARD_KILLS", "100"))
LEASE = 30.0
MAILS = 12
"""What a child puts in, before it sends."""


class Later(SystemClock):
    """The system's time, some rounds on: leases of the killed have lapsed."""

    def __init__(self, seconds: float) -> None:
        self._more = timedelta(seconds=seconds)
        self.idle: Any = None

    def now(self) -> datetime:
        return datetime.now(UTC) + self._more

    def sleep(self, seconds: float, /) -> None:
        if self.idle is not None and threading.current_thread() is threading.main_thread():
            self.idle()
        super().sleep(seconds)


def write(path: Path, line: str) -> None:
    """To the disk, all of the line or nothing."""
    file = os.open(path, os.O_WRONLY | os.O_APPEND | os.O_CREAT)
    os.write(file, f"{line}\n".encode())
    os.fsync(file)
    os.close(file)


def lines_of(path: Path) -> list[str]:
    return path.read_text().splitlines() if path.exists() else []


class Taking:
    """SES: takes most mails, throttles some, refuses some, and loses some of its answers."""

    def __init__(self, path: Path, chance: random.Random, dies: tuple[int, bool] | None) -> None:
        self._path = path
        self._chance = chance
        self._dies = dies
        self._lock = threading.Lock()
        self._asked = 0

    def submit(self, email: Email, handover: Handover, /) -> Receipt:
        number = int(str(email.subject))
        handover()
        with self._lock:
            self._asked += 1
            dies = self._dies is not None and self._dies[0] == self._asked
            fate = self._chance.random()
        if dies and self._dies == (self._asked, True):
            os.kill(os.getpid(), signal.SIGKILL)
        if number % 10 == 0:
            raise errors.MessageRejectedError("Refused.")
        if fate < 0.1:
            raise errors.ServiceUnavailableError("Away.", retry_after=1.0)
        write(self._path, str(number))
        if dies:
            os.kill(os.getpid(), signal.SIGKILL)
        if fate > 0.95:
            raise errors.OutcomeUnknownError("No answer came.")
        return Receipt(message_id=str(number))

    def close(self) -> None:
        """The process ends with it."""


@dataclass(frozen=True, kw_only=True)
class Place:
    """The files of one play."""

    folder: Path

    @property
    def outbox(self) -> Path:
        return self.folder / "outbox.db"

    @property
    def put(self) -> Path:
        """Mails whose `put` has returned."""
        return self.folder / "put"

    @property
    def taken(self) -> Path:
        """Mails that SES has taken."""
        return self.folder / "taken"


@dataclass(kw_only=True)
class Round:
    """
    One child's life.

    Attributes:
        offset: How much later it is than by the system, in seconds.

        first: The number of the first mail that it puts in.
    """

    place: Place
    offset: float
    first: int
    mails: int = MAILS
    seed: int = 0
    forever: bool = False
    measure: bool = False
    last: tuple[str, int] | None = None
    request: tuple[int, bool] | None = None
    seconds: float = 60.0
    killed: bool = False
    died_at: str = ""
    took: float = 0.0
    runs: dict[str, int] = field(default_factory=dict)
    _pid: int = 0
    _pipe: int = 0

    def begin(self) -> None:
        self._began = time.monotonic()
        self._pipe, far = os.pipe()
        self._pid = os.fork()
        if self._pid == 0:
            os.close(self._pipe)
            self._work(far)
        os.close(far)

    def say(self, **said: object) -> None:
        os.write(self._pipe, json.dumps(said).encode() + b"\n")

    def _work(self, far: int) -> NoReturn:
        try:
            self._pipe = far
            clock = Later(self.offset)
            ses = Taking(self.place.taken, random.Random(self.seed), self.request)
            client = Client(
                suppression=None, transport=ses, limiter=Unlimited(), retry=RetryPolicy.none()
            )
            store = SQLiteOutbox(self.place.outbox, clock=clock, busy_timeout=60)
            outbox = Outbox(store, client=client, lease=LEASE, clock=clock)
            lines = Lines(self, self.last) if self.measure or self.last else None  # type: ignore[arg-type]  # it is told
            for number in range(self.first, self.first + self.mails):
                outbox.put(self._mail(number), priority=number % 3)
                write(self.place.put, str(number))
            if self.forever:
                clock.idle = outbox.stop
                outbox.run(concurrency=3)
            else:
                outbox.drain(concurrency=3)
            sys.settrace(None)
            threading.settrace(None)
            if lines is not None:
                self.say(what="lines", runs=lines.runs)
            os._exit(0)
        except BaseException:
            traceback.print_exc()
        os._exit(1)

    @staticmethod
    def _mail(number: int) -> Email:
        return Email(sender="a@example.com", to="b@example.org", subject=str(number), text="")

    def end(self) -> Round:
        heard = b""
        deadline = self._began + self.seconds
        while True:
            left = deadline - time.monotonic()
            if left <= 0 or not select.select([self._pipe], [], [], left)[0]:
                os.kill(self._pid, signal.SIGKILL)
                break
            if not (part := os.read(self._pipe, 65_536)):
                break
            heard += part
        os.close(self._pipe)
        _, status = os.waitpid(self._pid, 0)
        self.took = time.monotonic() - self._began
        self.killed = os.WIFSIGNALED(status) and os.WTERMSIG(status) == signal.SIGKILL
        assert self.killed or status == 0, f"the child ended with status {status}"
        for line in heard.splitlines():
            said = json.loads(line)
            self.died_at = said.get("at", self.died_at)
            self.runs = said.get("runs", self.runs)
        return self


class Play:
    """Rounds, one after the other, each later than the leases of the one before."""

    def __init__(self, folder: Path, seed: int) -> None:
        self.place = Place(folder=folder)
        self.chance = random.Random(seed)
        self.offset = 0.0
        self.first = 1

    def round(self, *, beside: bool = False, **how: Any) -> Round:
        """A child's life, and perhaps another's at the same time that nobody kills."""
        self.offset += LEASE + 10
        seed = self.chance.randrange(2**32)
        begun: list[Round] = []
        for options in [how, {}] if beside else [how]:
            one = Round(
                place=self.place, offset=self.offset, first=self.first, seed=seed, **options
            )
            self.first += one.mails
            one.begin()
            begun.append(one)
        ended = [one.end() for one in begun]
        return ended[0]


def play(kills: int, seed: int, folder: Path) -> dict[str, object]:
    """Kill so many, then look where every mail is."""
    began = time.monotonic()
    one = Play(folder, seed)
    chance = one.chance
    one.round()  # makes the file
    lines: list[tuple[bool, str, int]] = []
    for forever in (False, True):
        measured = one.round(forever=forever, measure=True)
        lines += [(forever, line, runs) for line, runs in measured.runs.items()]
    usual = one.round()
    chance.shuffle(lines)
    made: Counter[str] = Counter()
    died_at: set[str] = set()
    tried = 0
    while made.total() < kills:
        how = chance.choice(("line", "line", "request", "time"))
        forever, beside = chance.random() < 0.5, chance.random() < 0.3
        if how == "line":  # each in turn, at any of the times that it runs
            forever, line, runs = lines[tried % len(lines)]
            tried += 1
            last = (line, chance.randint(1, runs))
            ended = one.round(forever=forever, beside=beside, last=last)
        elif how == "request":
            request = (chance.randint(1, MAILS), chance.random() < 0.5)
            ended = one.round(forever=forever, beside=beside, request=request)
        else:
            seconds = chance.random() * usual.took
            ended = one.round(forever=forever, beside=beside, seconds=seconds)
        made[how] += ended.killed
        died_at.add(ended.died_at)
    for _ in range(50):  # throttled ones come back
        one.round(mails=0)
    return {
        "kills": made.total(),
        **{f"killed by {how}": count for how, count in sorted(made.items())},
        "distinct lines": len(died_at - {""}),
        "of lines": len({line for _, line, _ in lines}),
        **figures(one.place, one.offset + 1_000),
        "seconds": round(time.monotonic() - began, 1),
        "seed": seed,
    }


def figures(place: Place, offset: float) -> dict[str, int]:
    """Where the mails are."""
    put, taken = set(lines_of(place.put)), Counter(lines_of(place.taken))
    with SQLiteOutbox(place.outbox, clock=Later(offset)) as store:
        outbox = Outbox(store)
        unknown = {json.loads(one.body)["subject"] for one in outbox.unknown()}
        failed = {json.loads(one.body)["subject"] for one in outbox.failed()}
        waiting = store.next_due() is not None
    return {
        "mails put": len(put),
        "mails sent": len(taken),
        "listed as unknown": len(unknown),
        "unknown and not sent": len(unknown - taken.keys()),
        "given up": len(failed),
        "given up and sent": len(failed & taken.keys()),
        "still waiting": int(waiting),
        "sent twice": sum(count > 1 for count in taken.values()),
        "lost": len(put - taken.keys() - unknown - failed),
    }


def test_a_killed_outbox_sends_nothing_twice_and_loses_nothing(tmp_path: Path) -> None:
    """Whenever it is killed, every mail that was put is sent once, or listed."""
    done = subprocess.run(
        [sys.executable, "-m", "tests.outbox.test_kill", str(KILLS), str(tmp_path)],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    told = json.loads(done.stdout)
    assert told["kills"] >= KILLS
    assert (told["sent twice"], told["lost"]) == (0, 0)
    assert (told["given up and sent"], told["still waiting"]) == (0, 0)
    assert told["distinct lines"] > KILLS // 5
    assert told["listed as unknown"] < told["mails put"] // 3


def main(kills: str = str(KILLS), folder: str | None = None, seed: str = "1") -> None:
    logging.disable()
    with tempfile.TemporaryDirectory(dir=folder) as made:
        told = play(int(kills), int(seed), Path(made))
    sys.stdout.write(json.dumps(told, indent=2) + "\n")


if __name__ == "__main__":
    main(*sys.argv[1:])
