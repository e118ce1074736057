"""
The worker killed with SIGKILL at any line, over a queue with all of SQS's faults.

A parent plays the queue over a socket: it brings messages in any order and more than once, fails
some deletes and loses others. Children run the worker on one list and are killed: between
two requests, after a random time, or by themselves before a random line. In the end the list must
be exactly what the events say, each counted once.

As a program it makes more kills and tells its figures: ``python -m tests.test_worker_kill 1000``.
"""

from __future__ import annotations

import itertools
import json
import os
import random
import select
import signal
import socket
import subprocess
import sys
import tempfile
import threading
import time
import traceback
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from contextlib import closing
from datetime import UTC, datetime, timedelta
from functools import partial
from pathlib import Path
from types import FrameType
from typing import Any, NoReturn, TypeAlias

from sesguard import FeedbackPolicy, Worker, events
from sesguard.addresses import AddressKey
from sesguard.ports import Received, SuppressionStore
from sesguard.stores import SQLiteStore
from tests.peers import feedback

ROOT = Path(__file__).parents[1]
SOURCE = str(ROOT / "src" / "sesguard")
KILLS = int(os.environ.get("SESGUARD_KILLS", "100"))
LIMIT = 3
"""Soft bounces that put an address on the list."""

FULL = 20
"""Messages that a worker finds in the queue at least: two batches."""

Asked: TypeAlias = dict[str, Any]
OpenStore: TypeAlias = Callable[[], SuppressionStore]
"""Opens one and the same list, in whichever process it is called."""


class Queue:
    """
    A queue at its worst, as the parent plays it.

    Attributes:
        told: Keys of the events that a handler was told of.

        faults: What it did wrong, and how often.
    """

    def __init__(self, chance: random.Random) -> None:
        self._chance = chance
        self._messages: dict[int, tuple[str, str]] = {}
        self._hidden: set[int] = set()
        self._numbers = 0
        self.told: set[str] = set()
        self.faults: Counter[str] = Counter()
        self.received = 0

    def __len__(self) -> int:
        return len(self._messages)

    def put(self, key: str, body: str) -> None:
        """A message about the event of this key."""
        self._numbers += 1
        self._messages[self._numbers] = (key, body)

    def show_all(self) -> None:
        """The visibility time-out of everything runs out."""
        self._hidden.clear()

    def answer(self, asked: Asked) -> object:
        if asked["what"] == "receive":
            return self._receive(asked["limit"])
        if asked["what"] == "delete":
            return self._delete(asked["receipts"])
        if asked["what"] == "told":
            self.told.add(asked["key"])
        return {}  # told, extended, released: what is hidden is shown when its worker has died

    def _receive(self, limit: int) -> list[dict[str, str]]:
        visible = sorted(self._messages.keys() - self._hidden)
        chosen = self._chance.sample(visible, min(limit, len(visible)))
        for number in chosen:
            if self._chance.random() < 0.1:
                self.faults["came twice"] += 1  # it stays visible, and comes again soon
            else:
                self._hidden.add(number)
        self.received += len(chosen)
        return [{"body": self._messages[one][1], "receipt": str(one)} for one in chosen]

    def _delete(self, receipts: list[str]) -> dict[str, str]:
        failed: dict[str, str] = {}
        for receipt in receipts:
            fate = self._chance.random()
            if fate < 0.08:
                failed[receipt] = "InternalError"
                self.faults["delete failed"] += 1
            elif fate < 0.16:
                self.faults["delete lost"] += 1
            else:
                key, _ = self._messages.pop(int(receipt), ("", ""))
                assert key == "" or key in self.told, f"{key} was deleted before it was told"
        return failed


class Peer:
    """The source that a worker has: one line there and one line back, for each call."""

    def __init__(self, link: socket.socket) -> None:
        self._link = link
        self._answers = link.makefile("r", encoding="utf-8")
        self._lock = threading.Lock()
        self.when_empty: Callable[[], object] = list

    def say(self, **said: object) -> None:
        self._link.sendall(json.dumps(said).encode() + b"\n")

    def _ask(self, **asked: object) -> Any:
        with self._lock:
            self.say(**asked)
            return json.loads(self._answers.readline())

    def receive(self, limit: int, wait: float, /) -> Sequence[Received]:
        found = self._ask(what="receive", limit=limit)
        if not found:
            self.when_empty()
        return [Received(**one) for one in found]

    def delete(self, receipts: Sequence[str], /) -> Mapping[str, str]:
        failed: dict[str, str] = self._ask(what="delete", receipts=list(receipts))
        return failed

    def extend(self, receipts: Sequence[str], seconds: float, /) -> Mapping[str, str]:
        return {}

    def release(self, receipts: Sequence[str], /) -> Mapping[str, str]:
        return {}

    def close(self) -> None:
        """The process ends with it."""

    def tell(self, event: events.Event) -> None:
        self._ask(what="told", key=event.key)


class Lines:
    """Counts how often each line of ours runs in this process, and kills it before one of them."""

    def __init__(self, peer: Peer, last: tuple[str, int] | None) -> None:
        self.runs: Counter[str] = Counter()
        self._peer = peer
        self._last = last
        threading.settrace(self._enter)
        sys.settrace(self._enter)

    def _enter(self, frame: FrameType, event: str, argument: object) -> Any:
        return self._line if frame.f_code.co_filename.startswith(SOURCE) else None

    def _line(self, frame: FrameType, event: str, argument: object) -> Any:
        if event == "line":
            line = f"{frame.f_code.co_filename.removeprefix(SOURCE)}:{frame.f_lineno}"
            self.runs[line] += 1
            if (line, self.runs[line]) == self._last:
                self._peer.say(what="dies", at=line)
                os.kill(os.getpid(), signal.SIGKILL)
        return self._line


def work(
    link: socket.socket,
    open_store: OpenStore,
    *,
    forever: bool,
    threads: int,
    measure: bool,
    last: tuple[str, int] | None,
) -> NoReturn:
    """What a child does, until it is killed or the queue is empty."""
    try:
        peer = Peer(link)
        policy = FeedbackPolicy(soft_bounce_limit=LIMIT)
        worker = Worker(
            peer, store=open_store(), policy=policy, handlers=[peer.tell], threads=threads
        )
        lines = Lines(peer, last) if measure or last else None
        if measure:
            peer.when_empty = worker.stop
        if forever:
            worker.run()
        else:
            worker.drain()
        sys.settrace(None)
        if lines is not None:
            # A poll that was left behind may still run on its thread, and be counted.
            peer.say(what="lines", runs=dict(lines.runs))
        os._exit(0)
    except BaseException:
        traceback.print_exc()
    os._exit(1)


class Round:
    """One child's life, from its fork to its end, with the queue answered meanwhile."""

    def __init__(
        self,
        queue: Queue,
        open_store: OpenStore,
        *,
        forever: bool = False,
        threads: int = 1,
        measure: bool = False,
        last: tuple[str, int] | None = None,
        requests: int | None = None,
        seconds: float | None = None,
        before: bool = False,
    ) -> None:
        self._queue = queue
        self._requests = requests
        self._before = before
        self._hurried = not measure
        self.died_at = ""
        self.runs: dict[str, int] = {}
        began = time.monotonic()
        self._deadline = began + (20.0 if seconds is None else seconds)
        self._link, far = socket.socketpair()
        self._pid = os.fork()
        if self._pid == 0:
            self._link.close()
            work(far, open_store, forever=forever, threads=threads, measure=measure, last=last)
        far.close()
        self._serve()
        self._link.close()
        _, status = os.waitpid(self._pid, 0)
        self.seconds = time.monotonic() - began
        self.killed = os.WIFSIGNALED(status) and os.WTERMSIG(status) == signal.SIGKILL
        assert self.killed or status == 0, f"the worker ended with status {status}"
        queue.show_all()

    def _serve(self) -> None:
        waiting = b""
        while True:
            left = self._deadline - time.monotonic()
            if left <= 0 or not select.select([self._link], [], [], left)[0]:
                self._kill()
                return
            try:
                heard = self._link.recv(65_536)
            except ConnectionResetError:  # it died with an answer unread
                return
            if not heard:
                return
            *lines, waiting = (waiting + heard).split(b"\n")
            for line in lines:
                if not self._take(json.loads(line)):
                    return

    def _take(self, asked: Asked) -> bool:
        if asked["what"] == "dies":
            self.died_at = asked["at"]
            return True
        if asked["what"] == "lines":
            self.runs = asked["runs"]
            return True
        if self._requests is not None:
            self._requests -= 1
        last = self._requests == 0
        if last and self._before:  # the request never reaches the queue
            self._kill()
            return False
        answer = self._queue.answer(asked)
        if asked["what"] == "receive" and not answer and self._hurried:  # it is idle from now on
            self._deadline = min(self._deadline, time.monotonic() + 0.01)
        if last:  # the queue has done it, and the answer never arrives
            self._kill()
            return False
        try:
            self._link.sendall(json.dumps(answer).encode() + b"\n")
        except (BrokenPipeError, ConnectionResetError):  # it has died in the meantime
            return False
        return True

    def _kill(self) -> None:
        os.kill(self._pid, signal.SIGKILL)


class Population:
    """People whose mail bounces, and what the list must say of each in the end."""

    def __init__(self, chance: random.Random, queue: Queue) -> None:
        self._chance = chance
        self._queue = queue
        self.hard: list[str] = []
        self.at_the_limit: list[str] = []
        self.under_the_limit: list[str] = []
        self.events = 0

    def grow(self) -> None:
        """One more, with all that happens to it."""
        groups = (self.hard, self.at_the_limit, self.under_the_limit)
        group = self._chance.choice(groups)
        name = f"p{sum(map(len, groups))}@example.org"
        group.append(name)
        if group is self.hard:
            self.bounce(name, "Permanent", 0)
        else:
            for number in range(LIMIT - (group is self.under_the_limit)):
                self.bounce(name, "Transient", number)

    def bounce(self, name: str, kind: str, number: int) -> None:
        self.events += 1
        feedback_id = f"{name.partition('@')[0]}-{number}"
        at = datetime.now(UTC) - timedelta(minutes=self._chance.randrange(600))
        record = feedback.bounce(
            [name], kind=kind, feedback_id=feedback_id, at=at.isoformat(timespec="milliseconds")
        )
        self._queue.put(f"Bounce:{feedback_id}", json.dumps(record))
        if self._chance.random() < 0.25:  # it came through the other channel too
            self._queue.put(f"Bounce:{feedback_id}", feedback.through_sns(record))


def drained(queue: Queue, open_store: OpenStore) -> None:
    """Work without kills until nothing is left; the faults go on."""
    for _ in range(500):
        if not len(queue):
            return
        assert not Round(queue, open_store).killed
    raise AssertionError(f"{len(queue)} messages could not be got out of the queue")


def listed(open_store: OpenStore, names: Sequence[str]) -> set[str]:
    with closing(open_store()) as store:
        return set(store.look_up([AddressKey(name) for name in names]))


def play(kills: int, seed: int, open_store: OpenStore) -> dict[str, object]:
    """Kill so many workers, then look at the list."""
    chance = random.Random(seed)
    queue = Queue(chance)
    people = Population(chance, queue)
    began = time.monotonic()

    def fill() -> None:
        while len(queue) < FULL:
            people.grow()

    fill()
    Round(queue, open_store)  # makes the list
    lines: list[tuple[bool, int, str, int]] = []
    longest = 0.0
    for forever, threads in itertools.product((False, True), (1, 3)):
        fill()
        measured = Round(queue, open_store, forever=forever, threads=threads, measure=True)
        longest = max(longest, measured.seconds)
        lines += [(forever, threads, line, runs) for line, runs in measured.runs.items()]
    chance.shuffle(lines)
    made: Counter[str] = Counter()
    died_at: set[str] = set()
    tried = 0
    while made.total() < kills:
        fill()
        how = chance.choice(("line", "line", "request", "time"))
        forever, threads = chance.random() < 0.5, chance.choice((1, 3))
        if how == "line":  # each in turn, at any of the times that it runs
            forever, threads, line, runs = lines[tried % len(lines)]
            tried += 1
            last = (line, chance.randint(1, runs))
            one = Round(queue, open_store, forever=forever, threads=threads, last=last)
        elif how == "request":
            before, requests = chance.random() < 0.5, chance.randint(1, FULL)
            one = Round(
                queue,
                open_store,
                forever=forever,
                threads=threads,
                requests=requests,
                before=before,
            )
        else:
            seconds = chance.random() * longest
            one = Round(queue, open_store, forever=forever, threads=threads, seconds=seconds)
        if how == "line" and not one.died_at:
            how = "time"  # it had less to do than the measured one, and was killed when idle
        made[how] += one.killed
        died_at.add(one.died_at)
    drained(queue, open_store)
    lost = len(people.hard) - len(listed(open_store, people.hard))
    lost += len(people.at_the_limit) - len(listed(open_store, people.at_the_limit))
    twice = len(listed(open_store, people.under_the_limit))
    for name in people.under_the_limit:  # one more each, and they must all be on the list
        people.bounce(name, "Transient", LIMIT)
    drained(queue, open_store)
    lost += len(people.under_the_limit) - len(listed(open_store, people.under_the_limit))
    return {
        "kills": made.total(),
        **{f"killed by {how}": count for how, count in sorted(made.items())},
        "distinct lines": len(died_at - {""}),
        "of lines": len({line for _, _, line, _ in lines}),
        "events": people.events,
        "messages received": queue.received,
        **queue.faults,
        "events lost": lost,
        "events applied twice": twice,
        "seconds": round(time.monotonic() - began, 1),
        "seed": seed,
    }


def test_a_killed_worker_loses_no_event_and_applies_none_twice(tmp_path: Path) -> None:
    """Whenever it is killed, what it had not deleted comes again and counts once."""
    done = subprocess.run(
        [sys.executable, "-m", "tests.test_worker_kill", str(KILLS), str(tmp_path)],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    figures = json.loads(done.stdout)
    assert figures["kills"] >= KILLS
    assert (figures["events lost"], figures["events applied twice"]) == (0, 0)
    assert figures["distinct lines"] > KILLS // 5


def main(kills: str = str(KILLS), folder: str | None = None, seed: str = "1") -> None:
    with tempfile.TemporaryDirectory(dir=folder) as made:
        figures = play(int(kills), int(seed), partial(SQLiteStore, Path(made) / "list.db"))
    sys.stdout.write(json.dumps(figures, indent=2) + "\n")


if __name__ == "__main__":
    main(*sys.argv[1:])
