"""Reading a bounce out of SNS in SQS."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from typing import Any

from benchmarks.harness import Bar, Candidate, Claim, Row, compare
from benchmarks.peers import peer
from benchmarks.samples import bounce, in_sns
from sesguard import events, parse_event

NOTES: list[str] = []
BODY = in_sns(bounce())
CROWD = in_sns(bounce(recipients=5000))


def floor() -> dict[str, Any]:
    """What any reader has to do: the envelope's JSON, and the JSON in it."""
    loaded: dict[str, Any] = json.loads(json.loads(BODY)["Message"])
    return loaded


def is_bounce(event: object) -> bool:
    return isinstance(event, events.Bounce) and event.bounced_recipients[0].status == "5.1.1"


def anymail() -> Callable[[], Any] | None:
    """django-anymail's webhook view, from the body of the request on."""
    if not peer("anymail.webhooks", NOTES):
        return None
    from django.conf import settings

    settings.configure(ANYMAIL_WEBHOOK_SECRET="user:password", USE_TZ=True)
    from anymail.webhooks.amazon_ses import AmazonSESTrackingWebhookView

    view = AmazonSESTrackingWebhookView()
    body = BODY.encode()

    class Posted:
        """As much of a request as the view reads."""

        encoding = charset = "utf-8"

        def __init__(self) -> None:
            self.body = body

    NOTES.append("anymail: reads fewer fields, and makes one event for each recipient.")
    return lambda: view.parse_events(Posted())


def pydantic() -> Callable[[], Any] | None:
    """The same fields as pydantic models, which read JSON themselves."""
    if not peer("pydantic", NOTES):
        return None
    from benchmarks.pydantic_models import Bounced, Envelope

    NOTES.append("pydantic: no keys, no folded addresses, no unknown events.")
    return lambda: Bounced.model_validate_json(Envelope.model_validate_json(BODY).Message)


def rows() -> Iterator[Row]:
    """Against json.loads twice, and two peers."""
    ours = "parse_event, 3 kB"
    candidates = [
        Candidate(name="json.loads twice", run=floor, right=lambda found: "bounce" in found),
        Candidate(name=ours, run=lambda: parse_event(BODY), right=is_bounce),
    ]
    claims = [Claim(ours, "json.loads twice", Bar(at_most=2.0))]
    if run := anymail():
        candidates.append(Candidate(name="anymail", run=run, right=lambda found: len(found) == 1))
        claims.append(Claim(ours, "anymail", Bar(at_most=1.4)))
    if run := pydantic():
        candidates.append(
            Candidate(
                name="pydantic",
                run=run,
                right=lambda found: found.bounce.bouncedRecipients[0].status == "5.1.1",
            )
        )
        claims.append(Claim(ours, "pydantic", Bar(at_most=2.0)))
    yield from compare("events", candidates, claims)

    one, many = "a byte, 1 recipient", "a byte, 5,000 recipients"
    yield from compare(
        "events",
        [
            Candidate(name=one, run=lambda: parse_event(BODY), right=is_bounce, units=len(BODY)),
            Candidate(
                name=many,
                run=lambda: parse_event(CROWD),
                right=lambda event: len(event.bounced_recipients) == 5000,
                units=len(CROWD),
                loops=1,
            ),
        ],
        [Claim(many, one, Bar(at_most=1.5))],
    )
