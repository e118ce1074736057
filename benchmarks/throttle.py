"""Eight processes against an account that takes no more than its rate: who is throttled."""

from __future__ import annotations

import ssl
import tempfile
from collections.abc import Iterator
from pathlib import Path
from time import monotonic
from typing import NamedTuple

from benchmarks.crowd import crowd
from benchmarks.harness import Bar, Figure
from sesguard import Client, Email, RetryPolicy, errors, limiters
from sesguard.clocks import SystemClock
from sesguard.ports import Limiter
from sesguard.simulator import Simulator
from sesguard.transports import SMTPTransport

NOTES = [
    "throttle: a simulated account with its limits in real time, over SMTP on loopback; "
    "what comes in the first two seconds is not counted."
]
PROCESSES = 8
RATE = 14.0  # the simulator's own
SECONDS = 20.0
WARM_UP = 2.0


class Place(NamedTuple):
    """Where the account listens, in what a new process can be told."""

    host: str
    port: int
    username: str
    password: str
    authority: str


def sender(place: Place, file: str | None, begin: float) -> tuple[int, int]:
    """Mails that one process could send after the warm-up, and throttles that it met."""
    limiter: Limiter = limiters.Unlimited() if file is None else limiters.SQLiteLimiter(file, RATE)
    transport = SMTPTransport(
        host=place.host,
        port=place.port,
        username=place.username,
        password=place.password,
        tls="implicit",
        ssl_context=ssl.create_default_context(cadata=place.authority),
    )
    taken = throttled = 0
    letter = Email(sender="shop@example.com", to="ann@example.org", subject="Hi", text="Hi.")
    with Client(
        suppression=None, transport=transport, limiter=limiter, retry=RetryPolicy.none()
    ) as client:
        while (now := monotonic()) < begin + WARM_UP + SECONDS:
            try:
                client.send(letter)
            except errors.SendingRateExceededError:
                throttled += now >= begin + WARM_UP
            else:
                taken += now >= begin + WARM_UP
    return taken, throttled


def played(*, guarded: bool) -> tuple[int, int]:
    """Mails taken and throttles, over all processes."""
    sim = Simulator(clock=SystemClock(), rate=RATE, quota=-1)
    with sim.smtp() as smtp, tempfile.TemporaryDirectory() as folder:
        place = Place(
            smtp.host, smtp.implicit_port, smtp.username, smtp.password, smtp.ca_pem.decode()
        )
        file = str(Path(folder) / "rate.db") if guarded else None
        with crowd(PROCESSES, sender) as pool:
            begin = monotonic()
            results = pool.starmap(sender, [(place, file, begin)] * PROCESSES)
    return sum(taken for taken, _ in results), sum(throttled for _, throttled in results)


def rows() -> Iterator[Figure]:
    """With one limiter for all, and without."""
    taken, throttled = played(guarded=True)
    yield Figure(
        area="throttle",
        what=f"throttles, {PROCESSES} processes, one SQLiteLimiter",
        against="none",
        figure=throttled,
        bar=Bar(at_most=0),
    )
    yield Figure(
        area="throttle",
        what="mails taken in a second",
        against="rate",
        figure=taken / SECONDS / RATE,
        bar=Bar(at_least=0.95),
    )
    _, throttled = played(guarded=False)
    yield Figure(
        area="throttle",
        what="throttles without a limiter",
        against="none",
        figure=throttled,
        bar=Bar(at_least=1),
    )
