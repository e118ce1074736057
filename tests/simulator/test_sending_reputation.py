"""How what was mailed changes what AWS thinks of the account."""

from __future__ import annotations

from datetime import timedelta

from sesguard.simulator import Simulator
from sesguard.simulator.reputation import Reputation
from tests.simulator.controls import refused
from tests.simulator.sending import client_of, send


def mailed(sim: Simulator, good: int, *, bad: int = 0, cross: int = 0, tag: str = "") -> None:
    """Mail so many new people, of whom some are not there and some complain."""
    for n in range(bad):
        sim.bounces(f"bad{tag}{n}@example.org")
    for n in range(cross):
        sim.complains(f"cross{tag}{n}@example.org")
    for kind, count in (("good", good), ("bad", bad), ("cross", cross)):
        for n in range(count):
            send(sim, f"{kind}{tag}{n}@example.org")
            sim.clock.advance(1)


def status(sim: Simulator) -> str:
    return str(client_of(sim).get_account()["EnforcementStatus"])


def test_nothing_is_judged_before_the_volume_is_there() -> None:
    """Whatever the first few came to; nor at all without a volume."""
    sim = Simulator(reputation=100)
    mailed(sim, 49, bad=50)
    assert status(sim) == "HEALTHY"
    mailed(sim, 1, tag="more")
    assert status(sim) == "SHUTDOWN"
    sim = Simulator()
    mailed(sim, 50, bad=50)
    assert status(sim) == "HEALTHY"


def test_five_per_cent_of_bounces_are_a_review() -> None:
    """A value on the line is over it; below it all is well."""
    sim = Simulator(reputation=100)
    mailed(sim, 96, bad=4)
    assert status(sim) == "HEALTHY"
    sim = Simulator(reputation=100)
    mailed(sim, 95, bad=5)
    assert status(sim) == "PROBATION"
    assert send(sim)


def test_ten_per_cent_of_bounces_end_the_sending() -> None:
    """As an account that is shut down is refused, and it stays so."""
    sim = Simulator(reputation=100)
    mailed(sim, 90, bad=10)
    assert status(sim) == "SHUTDOWN"
    with refused("AccountSuspendedException"):
        send(sim)
    sim.clock.advance(timedelta(days=30))
    with refused("AccountSuspendedException"):
        send(sim)
    sim.enforce("HEALTHY")
    assert send(sim)


def test_complaints_have_lines_of_their_own() -> None:
    """0.1 % and 0.5 %."""
    sim = Simulator(reputation=1000, rate=1000, quota=-1)
    mailed(sim, 999, cross=1)
    assert status(sim) == "PROBATION"
    mailed(sim, 0, cross=4, tag="more")
    assert status(sim) == "SHUTDOWN"


def test_a_review_ends_when_the_rates_are_back() -> None:
    """As the bad mails leave the volume; one that the test ordered stays."""
    sim = Simulator(reputation=100)
    mailed(sim, 95, bad=5)
    assert status(sim) == "PROBATION"
    mailed(sim, 100, tag="more")
    assert status(sim) == "HEALTHY"
    sim.enforce("PROBATION")
    mailed(sim, 1, tag="last")
    assert status(sim) == "PROBATION"


def test_what_does_not_count() -> None:
    """The mailbox simulator, mail that the account's list stopped, soft bounces, own domains."""
    sim = Simulator(reputation=20)
    sim.verify("example.net")
    sim.verify("example.com")
    sim.bounces("gone@example.net")
    sim.bounces("full@example.org", bounce_type="Transient", bounce_sub_type="MailboxFull")
    mailed(sim, 20)
    for _ in range(10):
        send(sim, "bounce@simulator.amazonses.com", "complaint@simulator.amazonses.com")
        send(sim, "gone@example.net")
        send(sim, "full@example.org")
        sim.clock.advance(1)
    assert status(sim) == "HEALTHY"


def test_the_global_list_counts() -> None:
    """Permanent/Suppressed is in the bounce rate."""
    sim = Simulator(reputation=20, suppressed_reasons=())
    mailed(sim, 19, bad=1)
    assert status(sim) == "PROBATION"
    send(sim, "bad0@example.org")
    assert status(sim) == "SHUTDOWN"


def test_each_region_has_a_reputation_of_its_own() -> None:
    """As it has a standing."""
    sim = Simulator(reputation=20)
    mailed(sim, 10, bad=10)
    assert status(sim) == "SHUTDOWN"
    elsewhere = sim.boto3_client("sesv2", region_name="eu-west-1")
    assert elsewhere.get_account()["EnforcementStatus"] == "HEALTHY"


def test_no_mail_is_no_rate() -> None:
    """Nothing is divided by nothing."""
    nothing = Reputation(10)
    assert (nothing.bounce_rate, nothing.complaint_rate) == (0.0, 0.0)
