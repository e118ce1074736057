"""Mail servers that take their time."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta

import pytest

from sesguard import errors, events, parse_event
from sesguard.simulator import SimulatedClock, Simulator
from sesguard.suppression import Reason
from sesguard.testing import ManualClock
from tests.simulator.setting_up import emptied
from tests.simulator.test_events_routing import send


def kinds(sim: Simulator) -> list[str]:
    return [parse_event(one).kind for one in sim.feedback]


def test_a_delayed_mail_is_told_of_and_arrives_later() -> None:
    """At the time that the clock has then; at once is the others' delivery."""
    sim = Simulator()
    sim.delays("Slow@example.org", seconds=600)
    start = sim.clock.now()
    send(sim, "slow@example.org")
    assert kinds(sim) == ["Send", "DeliveryDelay"]
    delay = parse_event(sim.feedback[1])
    assert isinstance(delay, events.DeliveryDelay)
    assert delay.delay_type == "TransientCommunicationFailure"
    assert delay.expiration_time == start + timedelta(minutes=840)
    assert [one.status for one in delay.recipients] == ["4.4.1"]
    assert not {"headers", "commonHeaders"} & {*json.loads(sim.feedback[1])["mail"]}
    sim.clock.advance(599)
    assert len(sim.feedback) == 2
    sim.clock.advance(7200)
    assert kinds(sim) == ["Send", "DeliveryDelay", "Delivery"]
    *_, last = sim.feedback
    delivery = parse_event(last)
    assert isinstance(delivery, events.Delivery)
    assert delivery.timestamp == start + timedelta(seconds=600)
    assert delivery.processing_time_millis == 600_546
    assert json.loads(emptied(sim)[-1])["Timestamp"] == json.loads(last)["delivery"]["timestamp"]


def test_a_delayed_mail_may_bounce_in_the_end() -> None:
    """Softly, or for good: then SES's own list learns of it when it happens."""
    sim = Simulator()
    sim.delays("full@example.org", delay_type="MailboxFull", status="4.2.2", seconds=3600)
    sim.bounces("full@example.org", bounce_type="Transient", bounce_sub_type="MailboxFull")
    send(sim, "full@example.org")
    sim.clock.advance(3600)
    assert kinds(sim) == ["Send", "DeliveryDelay", "Bounce"]
    assert parse_event(sim.feedback[1]).recipients[0].status == "4.2.2"
    sim.bounces("full@example.org")
    send(sim, "full@example.org")
    assert sim.suppressed == {}
    sim.clock.advance(3600)
    assert sim.suppressed == {"full@example.org": Reason.BOUNCE}
    send(sim, "full@example.org")
    assert kinds(sim)[-2:] == ["Send", "Bounce"], "nothing is attempted, nothing is delayed"
    points = sim.boto3_client("ses").get_send_statistics()["SendDataPoints"]
    assert sum(point["Bounces"] for point in points) == 2


def test_only_the_slow_are_delayed() -> None:
    """Two of one kind in one event; who is as at first delivers at once."""
    sim = Simulator()
    for name in ("slow", "slower"):
        sim.delays(f"{name}@example.org")
    sim.delays("well@example.org")
    sim.delivers("well@example.org")
    sim.boto3_client("sesv2").send_email(
        FromEmailAddress="us@example.com",
        Destination={"ToAddresses": [f"{name}@example.org" for name in ("slow", "well", "slower")]},
        Content={"Simple": {"Subject": {"Data": "Hi"}, "Body": {"Text": {"Data": "Hi"}}}},
    )
    sim.clock.advance(3600)
    assert kinds(sim) == ["Send", "Delivery", "DeliveryDelay", "Delivery"]
    found = [[one.email_address for one in parse_event(text).recipients] for text in sim.feedback]
    assert found[1:] == [
        ["well@example.org"], *[["slow@example.org", "slower@example.org"]] * 2,
    ]  # fmt: skip


def test_what_comes_later_comes_whichever_clock_it_is() -> None:
    """One that tells nobody that it moves, too: then when somebody looks."""
    clock = ManualClock()
    sim = Simulator(clock=clock)
    sim.delays("slow@example.org", seconds=60)
    send(sim, "slow@example.org")
    assert len(emptied(sim)) == 2
    clock.advance(60)
    assert [parse_event(one).kind for one in emptied(sim)] == ["Delivery"]


def test_sleeping_brings_what_is_due_as_well() -> None:
    """Its sleeper does not wait, and those who listen are told."""
    heard: list[str] = []
    sim = Simulator(clock=SimulatedClock(datetime(2026, 1, 1, tzinfo=UTC)))
    sim.on_feedback(lambda body: heard.append(parse_event(body).kind))
    sim.delays("slow@example.org", seconds=60)
    send(sim, "slow@example.org")
    sim.clock.sleep(60)
    assert heard == ["Send", "DeliveryDelay", "Delivery"]


@pytest.mark.parametrize("seconds", [-1, 50_401])
def test_a_delay_after_which_ses_has_given_up_is_refused(seconds: float) -> None:
    """840 minutes, as SES says itself in the bounce."""
    with pytest.raises(errors.ConfigurationError, match="then SES gives up"):
        Simulator().delays("slow@example.org", seconds=seconds)
