"""Sends mails to the simulator by plain boto3 clients, for the tests of what becomes of them."""

from __future__ import annotations

import json
from collections.abc import Mapping
from functools import lru_cache
from typing import Any, Literal

from sesguard.simulator import SentMail, Simulator

ANN, BOB = "ann@example.org", "bob@example.org"
US = "us@example.com"
SIMPLE: dict[str, Any] = {"Subject": {"Data": "Hi"}, "Body": {"Text": {"Data": "Hello"}}}


@lru_cache(maxsize=4)
def client_of(sim: Simulator, service: Literal["ses", "sesv2"] = "sesv2") -> Any:
    """To make one takes longer than all that is done with it."""
    return sim.boto3_client(service)


def send(sim: Simulator, *to: str, content: Any = None, **options: Any) -> str:
    """Send one mail over API v2; gives its id."""
    answer = client_of(sim).send_email(
        FromEmailAddress=options.pop("sender", US),
        Destination={"ToAddresses": list(to or (ANN,))},
        Content=content or {"Simple": SIMPLE},
        **options,
    )
    return str(answer["MessageId"])


def send_v1(sim: Simulator, *to: str, **options: Any) -> str:
    """The same over API v1."""
    answer = client_of(sim, "ses").send_email(
        Source=options.pop("sender", US),
        Destination={"ToAddresses": list(to or (ANN,))},
        Message=SIMPLE,
        **options,
    )
    return str(answer["MessageId"])


def send_raw(sim: Simulator, *lines: str, body: str = "Hello\r\n", **options: Any) -> SentMail:
    """Send MIME with these header lines besides From and To."""
    head = (f"From: {US}", f"To: {ANN}", *lines)
    data = "\r\n".join((*head, "", body)).encode()
    client_of(sim).send_email(Content={"Raw": {"Data": data}}, **options)
    return sim.outbox[-1]


def simple(**more: Any) -> dict[str, Any]:
    """The content of a mail, with more members."""
    return {"Simple": {**SIMPLE, **more}}


def events(sim: Simulator) -> list[Mapping[str, Any]]:
    """What was published, without envelopes."""
    return [json.loads(text) for text in sim.feedback]


def kinds(sim: Simulator) -> list[str]:
    """The kinds of it."""
    return [event["eventType"] for event in events(sim)]


def sub_types(sim: Simulator) -> list[str]:
    """Of the bounces, in order."""
    return [event["bounce"]["bounceSubType"] for event in events(sim) if "bounce" in event]
