"""What the simulator publishes beside what Amazon SES has published, field by field."""

from __future__ import annotations

import json
import re
from collections import defaultdict
from collections.abc import Iterator, Mapping
from email.message import EmailMessage
from functools import cache
from pathlib import Path
from typing import Any, TypeAlias

import pytest

from sesguard.simulator import Simulator
from tests.simulator.setting_up import destination, identity_topics, people_list

CORPUS = Path(__file__).parents[3] / "shared" / "corpus"

pytestmark = pytest.mark.skipif(
    not (CORPUS / "index.json").exists(), reason="the corpus of payloads is not beside the project"
)

Json: TypeAlias = dict[str, Any]
Fields: TypeAlias = dict[str, set[str]]
"""Path to the forms its value has, such as ``mail.timestamp`` to ``{"time"}``."""

# What others made up for their tests leaves out most fields: no record to be held to. What was
# derived from the manual is looked at only where there is nothing better.
GENUINE = ({"real", "real-modified", "documented"}, {"derived"})

FORMS = {
    "time": r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z",
    "time in seconds": r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ",
    "SES id": r".*-.*-000000",
    "UUID": r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}",
    "ARN": r"arn:aws:.*",
    "IP address": r"\d+\.\d+\.\d+\.\d+",
    "status": r"\d\.\d\.\d",
    "account": r"\d{12}",
    "diagnostic": r"smtp; .*",
    "MTA": r"d(ns|sn); .*",
    "URL": r"https?://.*",
    "address": r"(.*<)?[^ ]*@[^ ]*>?",
}

# Whatever the sender or somebody's mail program wrote.
FREE = re.compile(r".*(\.headers\[\]\.value|\.subject|\.userAgent|\.smtpResponse)")

# What depends on the mail, and so may be known from a record of another kind on the same channel.
OF_THE_MAIL = re.compile(r"\.mail\.(commonHeaders\.|headers\[|tags\.).*")

FOLDERS = ("ses-event", "ses-feedback", "sns-ses", "eventbridge", "sns-validation-message")

LISTED: Mapping[str, str] = {
    **dict.fromkeys(
        [
            f"event {kind} .mail.commonHeaders.returnPath: only we have it"
            for kind in ("Bounce", "Complaint", "Delivery", "Open", "Send", "Subscription")
        ],
        "the mail has a Return-Path; the samples of notifications show where it goes",
    ),
    **dict.fromkeys(
        [
            f"event {kind} .mail.tags.(own): they have it always"
            for kind in ("Delivery", "Send", "Subscription")
        ],
        "half of our mails have no tags of their own",
    ),
    **dict.fromkeys(
        [
            f"notification {kind} .mail.{member}: they have it always"
            for kind in ("Complaint", "Delivery")
            for member in ("headers", "headersTruncated", "commonHeaders")
        ],
        "half of our notifications are set up without headers, as of bounces some samples are",
    ),
    "event Bounce .bounce.bouncedRecipients[].diagnosticCode: text, not diagnostic": (
        "the list's own text, which the sample of a notification has"
    ),
    "event Click .mail.sourceArn: only they have it": (
        "the sample was derived; a genuine Open has none, nor has the manual's Click"
    ),
    **dict.fromkeys(
        [f"event Click .mail.{member}: only we have it" for member in ("headers", "commonHeaders")],
        "the sample was derived; a genuine Open has them",
    ),
    "event Click .click.linkTags: dict, not NoneType": "the sample's link has no tags",
    "event Click .click.linkTags.(own): only we have it": "the sample's link has no tags",
    "event Open .open.isBotEvent: only we have it": "newer than the genuine samples",
    **dict.fromkeys(
        [
            f"{channel} Complaint .complaint.complaintSubType: text, not NoneType"
            for channel in ("event", "notification")
        ],
        "of an address on the list, as the manual has it; no sample of that is genuine",
    ),
    **dict.fromkeys(
        [
            f"event Complaint .complaint.{member}: they have it always"
            for member in ("arrivalDate", "complaintFeedbackType", "userAgent")
        ],
        "of an address on the list there is no report",
    ),
    "event Subscription .subscription.oldTopicPreferences.topicDefaultSubscriptionStatus: "
    "only we have it": "newer than the sample",
    "event Subscription .subscription.oldTopicPreferences.topicSubscriptionStatus[]: "
    "they have it always": "who has said nothing of topics has nothing there",
}
"""Each difference that there may be, with its reason."""


def form(value: Any) -> str:
    if not isinstance(value, str):
        return type(value).__name__
    for name, pattern in FORMS.items():
        if re.fullmatch(pattern, value, re.DOTALL):
            return name
    return "text"


def walk(value: Any, path: str = "") -> Iterator[tuple[str, str]]:
    """Every path with the form of what is there; own tags are one path, as are list items."""
    if path:
        yield path, "text" if FREE.fullmatch(path) else form(value)
    if isinstance(value, dict):
        for name, member in value.items():
            own = path.endswith((".tags", ".linkTags")) and not name.startswith("ses:")
            yield from walk(member, f"{path}.{'(own)' if own else name}")
    elif isinstance(value, list):
        for item in value:
            yield from walk(item, f"{path}[]")


def split(payload: Json) -> Iterator[tuple[str, Json]]:
    """The kind and what is compared, of a record, or of each of an envelope and its record."""
    if "detail-type" in payload:
        yield "EventBridge", {**payload, "detail": None}
        payload = payload["detail"]
    if "Message" in payload:
        text = payload["Message"]
        if not text.startswith("{"):
            yield "SNS setup", payload
            return
        record = json.loads(text)
        tail = "newline" if text.endswith("\n") else "no newline"
        yield f"SNS {channel_of(record)}", {**payload, "Message": {tail: None}}
        payload = record
    if channel := channel_of(payload):
        yield f"{channel} {payload.get('eventType') or payload['notificationType']}", payload


def channel_of(record: Json) -> str | None:
    if "eventType" in record:
        return "event"
    return "notification" if "notificationType" in record else None


@cache
def samples() -> dict[str, list[Json]]:
    """The best records that there are, by kind and channel; and envelopes."""
    ranked: dict[str, dict[int, list[Json]]] = defaultdict(lambda: defaultdict(list))
    index = json.loads((CORPUS / "index.json").read_text(encoding="utf-8"))
    for entry in index["payloads"]:
        folder, provenance = entry["kind"], entry["provenance"]
        ranks = [rank for rank, known in enumerate(GENUINE) if provenance in known]
        if folder in ("eventbridge", "sns-validation-message"):
            ranks = [len(GENUINE)]  # all that there is was made up, or says nothing of the sort
        if folder in FOLDERS and ranks:
            payload = json.loads((CORPUS / entry["file"]).read_text(encoding="utf-8"))
            for kind, what in split(payload):
                if folder == "eventbridge" and kind != "EventBridge":
                    continue
                ranked[kind][ranks[0]].append(what)
    return {kind: by_rank[min(by_rank)] for kind, by_rank in ranked.items()}


@cache
def ours() -> dict[str, list[Json]]:
    """What comes of mails of every kind, with both channels and EventBridge set up."""
    found: dict[str, list[Json]] = defaultdict(list)
    for headers in (True, False):
        sim = Simulator(rate=1000)
        identity_topics(sim, "example.com", headers=headers)
        destination(sim, "main", "arn:aws:sns:us-east-1:123456789012:events")
        destination(sim, "main", "arn:aws:events:us-east-1:123456789012:event-bus/default")
        people_list(sim, "people", "news")
        play(sim)
        for message in sim.source().receive(1000, 0):
            for kind, what in split(json.loads(message.body)):
                found[kind].append(what)
    return dict(found)


def play(sim: Simulator) -> None:
    """Each kind of fate, of a mail that SES composed and of one that came whole."""
    sim.bounces("full@example.org", bounce_type="Transient", bounce_sub_type="MailboxFull")
    sim.complains("cross@example.net")
    sim.delays("slow@example.org")
    sim.suppress("gone@example.org")
    labels = [
        f"{name}@simulator.amazonses.com" for name in ("success", "bounce", "suppressionlist")
    ]
    people = ["full@example.org", "cross@example.net", "slow@example.org", "gone@example.org"]
    client = sim.boto3_client("sesv2")
    for address in (*labels, *people):
        client.send_email(
            FromEmailAddress="us@example.com",
            Destination={"ToAddresses": [address]},
            Content={
                "Simple": {
                    "Subject": {"Data": "Hello"},
                    "Body": {"Text": {"Data": "Hello"}, "Html": {"Data": "<p>Hello"}},
                }
            },
            EmailTags=[{"Name": "campaign", "Value": "spring"}],
            ConfigurationSetName="main",
        )
        raw = EmailMessage()
        raw["From"], raw["To"], raw["Subject"] = "Us <us@example.com>", address, "Hello"
        raw["Reply-To"], raw["Return-Path"] = "us@example.com", "<us@example.com>"
        raw["Date"], raw["Message-ID"] = "Wed, 27 Jan 2016 14:58:45 +0000", "<1@example.com>"
        raw.set_content("Hello")
        client.send_email(Content={"Raw": {"Data": raw.as_bytes()}}, ConfigurationSetName="main")
    sim.clock.advance(3600)
    for mail in sim.outbox[:2]:
        sim.opens(mail.message_id)
        sim.clicks(mail.message_id, "https://www.example.com/")
        sim.clicks(mail.message_id, "https://www.example.com/", link_tags={"a": ["b"]})
        sim.unsubscribes(mail.message_id, topic="news")
        sim.unsubscribes(mail.message_id)
    publisher, mail = sim._service.world.publisher, sim.outbox[0]
    publisher.validated("arn:aws:sns:us-east-1:123456789012:events")
    publisher.tell(mail, "Reject", {"reason": "Bad content"})
    missing = "Attribute 'attributeName' is not present in the rendering data."
    publisher.tell(mail, "Rendering Failure", {"errorMessage": missing, "templateName": "T"})


def fields(records: list[Json]) -> Fields:
    found: Fields = defaultdict(set)
    for record in records:
        for path, what in walk(record):
            found[path].add(what)
    return found


def differences(kind: str) -> Iterator[str]:
    """Names, types and formats: what only one side has, and what looks otherwise."""
    theirs, mine = samples()[kind], ours()[kind]
    their_fields, my_fields = fields(theirs), fields(mine)
    channel = kind.partition(" ")[0]
    anywhere = fields(
        [one for name, known in samples().items() if name.startswith(channel) for one in known]
    )
    known = {
        path: anywhere[path] if OF_THE_MAIL.fullmatch(path) else their_fields[path]
        for path in my_fields
    }
    yield from topmost("only they have it", {*their_fields} - {*my_fields})
    yield from topmost("only we have it", {path for path in known if not known[path]})
    yield from topmost("they have it always", always(theirs) & {*my_fields} - always(mine))
    for path, forms in my_fields.items():
        if known[path] and forms - known[path]:
            yield f"{path}: {', '.join(sorted(forms - known[path]))}, not {known[path].pop()}"


def topmost(what: str, paths: set[str]) -> Iterator[str]:
    """What is in a member that is among them is not said again."""
    for path in paths:
        if not any(path.startswith((f"{other}.", f"{other}[")) for other in paths):
            yield f"{path}: {what}"


def always(records: list[Json]) -> set[str]:
    """The paths that no record is without."""
    return set.intersection(*({path for path, _ in walk(record)} for record in records))


def test_every_kind_of_the_corpus_is_told_by_the_simulator() -> None:
    """On either channel, by EventBridge, and with SNS's envelopes."""
    assert {*samples()} - {*ours()} == set()
    assert len({*samples()}) == 17


def test_no_record_differs_from_what_ses_publishes() -> None:
    """But in what is listed, each with its reason; and nothing is listed in vain."""
    found = {f"{kind} {one}" for kind in samples() for one in differences(kind)}
    assert found - {*LISTED} == set()
    assert {*LISTED} - found == set()
