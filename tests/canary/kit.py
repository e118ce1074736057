"""What the simulator tells and hands on, and what the testing kit makes."""

from __future__ import annotations

from functools import partial
from pathlib import Path
from typing import Any

from sesguard import RetryPolicy, simulator, testing
from sesguard.simulator.feedback.envelopes import Publication, SetupNotice
from tests.canary.material import ADDRESS, DOMAIN, FOREIGN, SAID, letter, templated
from tests.canary.sends import guarded
from tests.canary.watch import Watch
from tests.peers.http import HTTPPeer

__all__ = ["SCENARIOS"]


class _SomebodysClient:
    """Of SNS and of SQS; it takes what it is given."""

    def publish(self, **_: object) -> None:
        """Nothing comes of it."""

    def send_message(self, **_: object) -> None:
        """Nothing comes of it."""


def handed_on(watch: Watch, folder: Path) -> None:
    """Feedback on its way to a topic, a queue, an endpoint and a function."""
    disorder = simulator.Disorder(duplicates=0.5, delays=0.2, longest_delay=1.0)
    sim = simulator.Simulator(disorder=disorder)
    watch.value(disorder)
    for wrong in ({"drops": 2.0}, {"longest_delay": -1.0}):
        watch.ask(partial(simulator.Disorder, **wrong))
    client = _SomebodysClient()
    queue = simulator.SQSQueue("https://sqs.example/1/a", boto3_client=client)
    for destination in (simulator.SNSTopic(client), queue, watch.value):
        watch.value(destination)
        watch.ask(sim.forward_to, destination)
    watch.ask(sim.on_feedback, len)
    watch.ask(sim.delays, ADDRESS, seconds=5)
    for mail in (letter(), letter(), templated()):
        watch.ask(sim.client(observers=[watch.value]).send, mail)
    drive: Any
    for drive in (sim.opens, sim.unsubscribes, partial(sim.clicks, link=f"https://x/{ADDRESS}")):
        watch.ask(drive, ADDRESS)
        watch.ask(drive, FOREIGN)
    watch.ask(sim.clock.advance, 10.0)
    watch.ask(sim.verify, ADDRESS)
    sim.boto3_client("sesv2").create_email_identity(EmailIdentity=f"{DOMAIN}.example")
    watch.ask(sim.verify, f"{DOMAIN}.example")
    received = [mail.as_received() for mail in sim.outbox]  # a message of Python's, not of ours
    assert len(received) == 2, "there is no template"
    watch.value([sim, sim.outbox])


def endpoints(watch: Watch, folder: Path) -> None:
    """A subscriber over HTTP, which takes it, and which does not."""
    sim = simulator.Simulator(feedback="notifications")
    scripts: Any = ([], ["close_after_body"] * 8)
    for answers in scripts:
        with HTTPPeer(*answers) as peer:
            subscriber = simulator.HTTPSubscriber(f"{peer.url}/{ADDRESS}", sim.topic_arn)
            watch.ask(subscriber.subscribe)
            watch.ask(subscriber.confirm, FOREIGN)
            watch.ask(subscriber.confirm, subscriber._token)
            watch.ask(sim.forward_to, subscriber)
            watch.ask(sim.client().send, letter())
            watch.value([subscriber, subscriber.confirmed])
    watch.ask(simulator.HTTPSubscriber, ADDRESS, sim.topic_arn)


def over_smtp_of_its_own(watch: Watch, folder: Path) -> None:
    """The simulator's own server, which lets one in, refuses, and hangs up."""
    sim = simulator.Simulator()
    with sim.smtp() as face:
        watch.value(face)
        watch.ask(face.fail_next, 1, f"550 {SAID}", phase="rcpt")
        watch.ask(face.fail_next, 1, SAID, phase="rcpt")
        watch.ask(face.fail_next, 1, "drop", phase="body")
        with face.transport() as transport:
            for _ in range(3):
                guarded(watch, [letter()], transport=transport)
        watch.ask(face.transport)


def kit(watch: Watch, folder: Path) -> None:
    """Samples, asked for rightly and wrongly; faults by what is in a mail."""
    ask: Any = testing.sample
    for kind in ("Bounce", "Complaint", "Delivery", ADDRESS):
        watch.ask(partial(ask, kind, recipients=ADDRESS))
        watch.ask(partial(ask, kind, bounce_typ=ADDRESS))
    sim = simulator.Simulator()
    for error in ("rate", FOREIGN):
        watch.ask(sim.fail_when, lambda offer: ADDRESS in offer.recipients, error)
        watch.ask(sim.client(retry=RetryPolicy.none()).send, letter())


def streamed(watch: Watch, folder: Path) -> None:
    """What comes out of a delivery stream is the line itself."""
    line = Publication("arn:aws:firehose:eu-west-1:123456789012:x", SetupNotice("It is set up."))
    watch.value(line)
    watch.text(line.body, "a line")


SCENARIOS = [handed_on, endpoints, over_smtp_of_its_own, kit, streamed]
