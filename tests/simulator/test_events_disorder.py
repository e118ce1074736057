"""What SNS and SQS may do to feedback on its way."""

from __future__ import annotations

from collections import Counter
from datetime import timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sesguard import Worker, errors, parse_event
from sesguard.simulator import Disorder, Simulator
from sesguard.stores import MemoryStore
from sesguard.suppression import Reason
from tests.simulator.setting_up import emptied
from tests.simulator.test_events_routing import send

MAILS = 40


def mailed(disorder: Disorder | None, seed: int = 0) -> Simulator:
    """A simulator after forty mails that bounced, one each second."""
    sim = Simulator(seed, disorder=disorder)
    for n in range(MAILS):
        sim.bounces(f"gone{n}@example.org")
        send(sim, f"gone{n}@example.org")
        sim.clock.advance(1)
    return sim


def ids(found: list[str]) -> list[str]:
    """SNS's own ids, in order."""
    return [str(parse_event(body).sns_message_id) for body in found]


def test_without_disorder_all_comes_once_and_in_order() -> None:
    """Disorder of which there is none, too."""
    usual = emptied(mailed(None))
    assert len(usual) == 2 * MAILS
    assert emptied(mailed(Disorder())) == usual


def test_duplicates_are_the_same_message_again() -> None:
    """Some, or all; what SES said is not doubled."""
    some = ids(emptied(mailed(Disorder(duplicates=0.1))))
    assert 2 * MAILS < len(some) < 3 * MAILS
    sim = mailed(Disorder(duplicates=1))
    assert len(sim.feedback) == 2 * MAILS
    assert {*Counter(emptied(sim)).values()} == {2}


def test_dropped_messages_never_come() -> None:
    """What SES said is still there to be compared with."""
    sim = mailed(Disorder(drops=0.5))
    sim.clock.advance(timedelta(days=1))
    assert 0 < len(emptied(sim)) < 2 * MAILS
    assert len(sim.feedback) == 2 * MAILS


def test_reordered_messages_are_overtaken() -> None:
    """By some that were published after them; within a second, if nothing is."""
    usual = ids(emptied(mailed(None)))
    found = ids(emptied(mailed(Disorder(reorders=0.3))))
    assert found != usual
    assert sorted(found) == sorted(usual)
    sim, truth = Simulator(disorder=Disorder(reorders=0.5)), Simulator()
    for _ in range(14):
        send(sim)
        send(truth)
    at_once, in_order = ids(emptied(sim)), ids(emptied(truth))
    assert len(at_once) > 20, "the next one is enough: no time has gone by"
    assert at_once != [one for one in in_order if one in at_once]
    sim = Simulator(disorder=Disorder(reorders=1))
    send(sim)
    assert emptied(sim) == []
    sim.clock.advance(1)
    assert len(emptied(sim)) == 2


def test_delayed_messages_come_when_the_clock_has_gone_on() -> None:
    """Within the longest delay, given in seconds or as a timedelta."""
    for longest in (600, timedelta(minutes=10)):
        sim = Simulator(disorder=Disorder(delays=1, longest_delay=longest))
        for _ in range(5):
            send(sim)
        assert emptied(sim) == []
        sim.clock.advance(300)
        early = len(emptied(sim))
        assert 0 < early < 10
        sim.clock.advance(300)
        assert early + len(emptied(sim)) == 10


def test_the_seed_decides_what_happens() -> None:
    """The same again for the same; something else for another."""
    disorder = Disorder(duplicates=0.2, reorders=0.2, delays=0.2, drops=0.2)
    first, again, other = (mailed(disorder, seed) for seed in (1, 1, 2))
    assert emptied(first) == emptied(again)
    assert first.feedback == again.feedback
    assert len(emptied(other)) != 0


def test_handlers_and_the_queue_get_the_same() -> None:
    """In the same order."""
    heard: list[str] = []
    sim = Simulator(disorder=Disorder(duplicates=0.3, reorders=0.3, delays=0.3, drops=0.3))
    sim.on_feedback(heard.append)
    for _ in range(14):
        send(sim)
    sim.clock.advance(300)
    assert heard == emptied(sim)
    assert len({*heard}) < 28


def test_a_worker_applies_each_event_once_in_all_disorder() -> None:
    """Nobody who bounced is missed, and nothing counts twice."""
    sim = mailed(Disorder(duplicates=0.5, reorders=0.3, delays=0.3))
    store = MemoryStore()
    worker = Worker(sim.source(), store=store)
    applied = worker.drain().applied
    sim.clock.advance(300)
    tally = worker.drain()
    assert applied + tally.applied == 2 * MAILS
    assert tally.repeated > 0
    found = {entry.address: entry.reason for entry in store.entries().items}
    assert found == {f"gone{n}@example.org": Reason.BOUNCE for n in range(MAILS)}


shares = st.floats(0, 1)


@given(seed=st.integers(0, 999), duplicates=shares, reorders=shares, delays=shares, drops=shares)
@settings(max_examples=30, deadline=None)
def test_nothing_is_invented_and_nothing_is_lost_but_by_a_drop(
    seed: int, duplicates: float, reorders: float, delays: float, drops: float
) -> None:
    """Each message comes once or twice without drops, at most twice with them; copies are equal."""

    def arrived(share: float) -> tuple[Counter[str], Counter[str]]:
        disorder = Disorder(duplicates=duplicates, reorders=reorders, delays=delays, drops=share)
        sim, truth = Simulator(seed, disorder=disorder), Simulator(seed)
        for one in (sim, truth):
            for n in range(4):
                send(one, f"{n}@example.org")
        sim.clock.advance(300)
        return Counter(emptied(sim)), Counter(emptied(truth))

    found, usual = arrived(0)
    assert {*found} == {*usual}
    assert {*found.values()} <= {1, 2}
    found, usual = arrived(drops)
    assert {*found} <= {*usual}
    assert {*found.values()} <= {1, 2}


def test_shares_are_shares() -> None:
    """From 0 to 1, and a delay does not go back."""
    for options in ({"drops": -0.1}, {"duplicates": 1.1}, {"delays": float("nan")}):
        (name,) = options
        with pytest.raises(errors.ConfigurationError, match=f"{name}= is a share"):
            Disorder(**options)
    with pytest.raises(errors.ConfigurationError, match="longest_delay="):
        Disorder(longest_delay=-1)
