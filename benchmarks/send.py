"""A guarded send against boto3's own, both answered by a canned HTTP response."""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack
from itertools import count
from pathlib import Path
from typing import Any

from benchmarks.harness import Bar, Candidate, Claim, Row, compare
from benchmarks.limiters import Server
from benchmarks.peers import answering_client, answering_session, peer
from sesguard import Client, Email, SendResult
from sesguard.limiters import MemoryLimiter, RedisLimiter, SQLiteLimiter
from sesguard.ports import Limiter, SuppressionStore
from sesguard.stores import MemoryStore, SQLiteStore
from sesguard.transports import SESTransport

NOTES = [
    "send: boto3 alone asks no list, keeps no rate and reads no address. The transport's own "
    "client says its user agent once, where boto3 puts it together for each call; 'client handed "
    "in' is without that.",
]
RATE = 1e9  # nothing is to wait here
SHARED = {"SQLite store and limiter, seen, 1": Bar(at_most=1.45)}
BARS = {
    1: (Bar(at_most=1.12), Bar(at_most=1.25), Bar(at_most=1.45), None),
    50: (Bar(at_most=1.3), Bar(at_most=4.5), None, None),
}
ANSWERS = {"SendEmail": lambda: {"MessageId": "0100018f-0000"}}
SES = answering_client("sesv2", ANSWERS)
number = count()


def seen(recipients: int) -> list[str]:
    return [f"someone.{index}@example.org" for index in range(recipients)]


def new(recipients: int) -> list[str]:
    return [f"new.{next(number)}@example.org" for _ in range(recipients)]


def raw(recipients: int) -> Candidate:
    """boto3's ``send_email``."""

    def run() -> object:
        return SES.send_email(
            FromEmailAddress="shop@example.com",
            Destination={"ToAddresses": seen(recipients)},
            Content={
                "Simple": {
                    "Subject": {"Data": "Your order", "Charset": "utf-8"},
                    "Body": {"Text": {"Data": "It has left our house.", "Charset": "utf-8"}},
                }
            },
        )

    return Candidate(name=f"boto3 send_email, {recipients}", run=run, right=bool)


def guarded(
    words: str, client: Client, addresses: Callable[[int], Sequence[str]], recipients: int
) -> Candidate:
    """The same mail, built and sent through a client."""

    def run() -> SendResult:
        return client.send(
            Email(
                sender="shop@example.com",
                to=addresses(recipients),
                subject="Your order",
                text="It has left our house.",
            )
        )

    return Candidate(
        name=f"{words}, {recipients}",
        run=run,
        right=lambda result: len(result.accepted) == recipients,
    )


def client_over(store: SuppressionStore, limiter: Limiter, **client: Any) -> Client:
    """With the client that the transport makes, unless one is handed in."""
    transport = SESTransport(**client or {"boto3_session": answering_session("sesv2", ANSWERS)})
    return Client(suppression=store, transport=transport, limiter=limiter)


def rows() -> Iterator[Row]:
    """One recipient and fifty, seen before and new, in memory, in SQLite, and shared."""
    memory = client_over(MemoryStore(), MemoryLimiter(RATE))
    handed_in = client_over(MemoryStore(), MemoryLimiter(RATE), boto3_client=SES)
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "suppression.db"
        with client_over(SQLiteStore(path), MemoryLimiter(RATE)) as sqlite:
            for recipients, bars in BARS.items():
                base = raw(recipients)
                ours = [
                    guarded("memory, seen", memory, seen, recipients),
                    guarded("memory, new", memory, new, recipients),
                    guarded("SQLite store, seen", sqlite, seen, recipients),
                    guarded("client handed in, seen", handed_in, seen, recipients),
                ]
                claims = [
                    Claim(candidate.name, base.name, bar)
                    for candidate, bar in zip(ours, bars, strict=True)
                ]
                yield from compare("send", [base, *ours], claims)
    yield from shared()


def shared() -> Iterator[Row]:
    """One recipient, with a store and a limiter that processes share: in files, and in Redis."""
    base = raw(1)
    with tempfile.TemporaryDirectory() as folder, ExitStack() as stack:
        limiter = stack.enter_context(SQLiteLimiter(Path(folder) / "rate.db", RATE))
        store = stack.enter_context(SQLiteStore(Path(folder) / "suppression.db"))
        ours = [guarded("SQLite store and limiter, seen", client_over(store, limiter), seen, 1)]
        if peer("redis", NOTES) and shutil.which("redis-server"):
            server = Server()
            server.start()
            stack.callback(server.stop)
            redis = stack.enter_context(_redis(server.port))
            ours.append(
                guarded(
                    "SQLite store, Redis limiter, seen",
                    client_over(store, RedisLimiter(redis, RATE)),
                    seen,
                    1,
                )
            )
        else:
            NOTES.append("send: redis or redis-server is not installed: its row is left out.")
        claims = [Claim(one.name, base.name, SHARED.get(one.name)) for one in ours]
        yield from compare("send", [base, *ours], claims)


def _redis(port: int) -> Any:
    import redis

    return redis.Redis(port=port, socket_timeout=5)
