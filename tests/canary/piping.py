"""The path from SES to a queue, for an identity that is an address."""

from __future__ import annotations

import json
from functools import partial
from pathlib import Path
from typing import Any

import moto

from sesguard import infra, simulator
from tests.canary.material import ADDRESS, FOREIGN, SAID, SECRET, once, session
from tests.canary.watch import Watch
from tests.peers.http import Answer, HTTPPeer, deaf_port

__all__ = ["SCENARIOS"]

REGION = "eu-west-1"


def set_up(watch: Watch, folder: Path) -> None:
    """Planned, applied, checked and taken down, with an address among the identities."""
    with moto.mock_aws(), simulator.Simulator(region_name=REGION) as sim:
        sim.boto3_client("sesv2").create_email_identity(EmailIdentity=ADDRESS)
        with infra.Pipe("a", identities=[ADDRESS], boto3_session=session()) as pipe:
            watch.value([pipe, pipe.layout])
            plan = pipe.plan()
            for step in plan.steps:
                watch.value(step)
                watch.ask(step.to_dict)
                for call in step.calls:
                    watch.value(call)
                    watch.ask(getattr, call, "parameters")
            watch.text(str(plan), "the plan")
            watch.ask(pipe.verify)
            watch.ask(pipe.apply, plan)
            watch.ask(pipe.verify)
            again = infra.Plan.from_dict(json.loads(json.dumps(plan.to_dict())))
            watch.value([again, again.changes, *infra.Verb, *infra.Part, *infra.Severity])
            watch.ask(plan.to_cloudformation)
            roles: Any = ("sender", "worker", "admin", FOREIGN)
            for role in roles:
                watch.ask(infra.iam_policy, role, plan.layout)
            watch.ask(infra.key_statements, plan.layout)
            watch.ask(pipe.destroy, plan)
        with infra.Pipe("a", identities=f"1{ADDRESS}", boto3_session=session()) as unknown:
            watch.ask(unknown.plan)
            for finding in watch.ask(unknown.verify) or ():
                watch.text(str(finding), "a finding")
    wrong: Any
    for wrong in (ADDRESS, FOREIGN, SECRET, [ADDRESS], {ADDRESS: SECRET}):
        watch.ask(infra.Plan.from_dict, {"layout": wrong, "steps": wrong})
        watch.ask(infra.Call.of, wrong, "x", y=ADDRESS)
        for name in ("topic", "queue", "configuration_set", "events", "kms_key", "region_name"):
            watch.ask(partial(infra.Pipe, **{"topic": "a", "configuration_set": "b", name: wrong}))
        for name in ("account_id", "identities", "dead_letter_queue", "max_receive_count"):
            given = {"account_id": "1" * 12, "region_name": REGION, "topic": "a"}
            watch.ask(partial(infra.Layout, **{**given, "configuration_set": "b", name: wrong}))


class Once:
    """A session whose clients make one attempt."""

    def __init__(self, url: str) -> None:
        self._url = url

    def client(self, service: str, **_: object) -> Any:
        return once(service, self._url)


def away(watch: Watch, url: str) -> None:
    """Ask for a plan there."""
    with infra.Pipe("a", identities=ADDRESS, boto3_session=Once(url)) as pipe:
        watch.ask(pipe.plan)


def refused(watch: Watch, folder: Path) -> None:
    """AWS that refuses in words of its own, and is away."""
    refusals: list[Any] = [
        Answer(status, f"<a><Error><Code>{code}</Code><Message>{SAID}</Message></Error></a>")
        for status, code in ((403, "AccessDenied"), (400, ADDRESS), (500, SAID))
    ]
    refusals += ["reset_after_body", "garbage"]
    for refusal in refusals:
        with HTTPPeer(refusal) as peer:
            away(watch, peer.url)
    with deaf_port() as url:
        away(watch, url)


SCENARIOS = [set_up, refused]
