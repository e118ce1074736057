"""What the simulator costs, and what a fortnight in it takes."""

from __future__ import annotations

import tracemalloc
from collections.abc import Iterator
from itertools import count
from time import perf_counter
from typing import Any

from benchmarks.harness import Bar, Candidate, Claim, Figure, Row, compare
from benchmarks.peers import answering_client
from sesguard.simulator import Simulator

NOTES = ["simulator: both go through boto3; the canned answer keeps no mail and tells no events."]
FORTNIGHT = 200_000
DAYS = 14
number = count()


def sending(name: str, client: Any) -> Candidate:
    """One mail to a new address."""

    def run() -> object:
        return client.send_email(
            FromEmailAddress="shop@example.com",
            Destination={"ToAddresses": [f"new.{next(number)}@example.org"]},
            Content={
                "Simple": {
                    "Subject": {"Data": "Your order"},
                    "Body": {"Text": {"Data": "It has left our house."}},
                }
            },
        )

    return Candidate(name=name, run=run, right=bool)


def fortnight(mails: int) -> Simulator:
    """So many mails, spread over two weeks of the simulator's clock."""
    sim = Simulator(quota=-1, rate=1e9)
    candidate = sending("a fortnight", sim.boto3_client("sesv2"))
    for _ in range(mails):
        sim.clock.advance(DAYS * 86_400 / mails)
        candidate.run()
    return sim


def kept(mails: int) -> float:
    """Bytes kept for each mail."""
    tracemalloc.start()
    try:
        sim = fortnight(mails)
        size, _ = tracemalloc.get_traced_memory()
        assert len(sim.outbox) == mails
        return size / mails
    finally:
        tracemalloc.stop()


def rows() -> Iterator[Row | Figure]:
    """A send beside a canned answer, and a fortnight whole."""
    canned = sending(
        "canned before-send answer",
        answering_client("sesv2", {"SendEmail": lambda: {"MessageId": "0100018f-0000"}}),
    )
    simulated = sending("simulated send", Simulator(quota=-1, rate=1e9).boto3_client("sesv2"))
    yield from compare(
        "simulator", [canned, simulated], [Claim(simulated.name, canned.name, Bar(at_most=2.0))]
    )
    began = perf_counter()
    fortnight(FORTNIGHT)
    yield Figure(
        area="simulator",
        what=f"a fortnight of {FORTNIGHT:,} mails",
        against="seconds",
        figure=perf_counter() - began,
        bar=Bar(at_most=60),
    )
    kept(1_000)  # what is loaded once is not counted
    yield Figure(
        area="simulator",
        what="memory for a mail, 4,000 kept",
        against="1,000 kept",
        figure=kept(4_000) / kept(1_000),
        bar=Bar(at_most=1.1),
    )
