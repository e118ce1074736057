"""django-anymail and django-ses read what the simulator publishes as it is meant."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Collection
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import pytest

from sesguard.simulator import Simulator
from tests.simulator.setting_up import destination, emptied, identity_topics
from tests.simulator.test_events_routing import TOPIC, send

pytestmark = pytest.mark.skipif(
    find_spec("anymail") is None or find_spec("django_ses") is None,
    reason="django-anymail or django-ses is not installed",
)

SENDER = "Us <us@example.com>"
ANYMAIL = {
    "Send": "sent",
    "Delivery": "delivered",
    "Bounce": "bounced",
    "Complaint": "complained",
    "Reject": "rejected",
    "Open": "opened",
    "Click": "clicked",
    "Rendering Failure": "failed",
}


def judged(bodies: Collection[str]) -> list[dict[str, list[dict[str, Any]]]]:
    """What both make of them, in a process of their own with warnings as errors."""
    done = subprocess.run(
        [sys.executable, "-W", "error", str(Path(__file__).with_name("judges.py"))],
        input=json.dumps(list(bodies)),
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    found: list[dict[str, list[dict[str, Any]]]] = json.loads(done.stdout)
    return found


def play(sim: Simulator) -> None:
    """Every kind that either of them knows."""
    sim.bounces("full@example.org", bounce_type="Transient", bounce_sub_type="MailboxFull")
    sim.suppress("gone@example.org")
    for name in ("success", "bounce", "ooto", "complaint", "suppressionlist"):
        send(sim, f"{name}@simulator.amazonses.com", sender=SENDER)
    send(sim, "full@example.org", sender=SENDER)
    send(sim, "gone@example.org", sender=SENDER)
    mail = sim.outbox[0]
    sim.opens(mail.message_id, user_agent="Lynx")
    sim.clicks(mail.message_id, "https://example.com/a", user_agent="Lynx")
    publisher = sim._service.world.publisher
    publisher.tell(mail, "Reject", {"reason": "Bad content"})
    publisher.tell(mail, "Rendering Failure", {"errorMessage": "No name.", "templateName": "T"})


def test_both_read_every_kind_they_know_of_either_channel() -> None:
    """The kind, the mail, whom it concerns, and what is told of it."""
    sim = Simulator()
    identity_topics(sim, "example.com", headers=True)
    destination(sim, "main", TOPIC)
    play(sim)
    bodies = emptied(sim)
    seen: set[str] = set()
    for body, verdict in zip(bodies, judged(bodies), strict=True):
        message = json.loads(body)
        record = json.loads(message["Message"])
        kind: str = record.get("eventType") or record["notificationType"]
        seen.add(kind)
        about = record["failure" if kind == "Rendering Failure" else kind.lower()]
        check_anymail(kind, record, about, message["MessageId"], verdict["anymail"])
        known = kind not in ("Reject", "Rendering Failure")
        expected = {"kind": kind.lower(), "mail": record["mail"], "about": about}
        assert verdict["django_ses"] == ([expected] if known else [])
    assert seen == {*ANYMAIL}
    assert len(bodies) == 29


def check_anymail(
    kind: str,
    record: dict[str, Any],
    about: dict[str, Any],
    sns_id: str,
    found: list[dict[str, Any]],
) -> None:
    members = {"Bounce": "bouncedRecipients", "Complaint": "complainedRecipients"}
    people = record["mail"]["destination"]
    if kind in members:
        people = [one["emailAddress"] for one in about[members[kind]]]
    assert [one["recipient"] for one in found] == people
    for one in found:
        assert one["event_type"] == ANYMAIL[kind]
        assert one["message_id"] == record["mail"]["messageId"]
        assert one["event_id"] == sns_id
        assert one["user_agent"] == about.get("userAgent")
        assert one["click_url"] == about.get("link")
        if kind == "Bounce":
            assert one["description"] == f"{about['bounceType']}: {about['bounceSubType']}"
            assert one["mta_response"] == about["bouncedRecipients"][0].get("diagnosticCode")
        if kind == "Delivery":
            assert one["mta_response"] == about["smtpResponse"]
        if kind == "Complaint":
            assert one["description"] == about.get("complaintFeedbackType")
        if kind in ("Reject", "Rendering Failure"):
            assert one["description"] == about.get("reason", about.get("errorMessage"))


def test_both_take_the_setup_notices() -> None:
    """In silence."""
    sim = Simulator()
    publisher = sim._service.world.publisher
    publisher.validated(TOPIC)
    (verdict,) = judged(emptied(sim))
    assert verdict == {"anymail": [], "django_ses": []}
