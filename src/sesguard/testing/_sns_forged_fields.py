"""Forgeries by what a message says: fields, signature, topic, age, and headers."""

from __future__ import annotations

import base64
from collections.abc import Iterator
from datetime import datetime, timedelta

from sesguard.testing._sns_forger import Forger, Forgery, Group, encoded
from sesguard.testing._sns_signing import SIGNED, to_sign

__all__ = ["changed_fields", "forged_headers", "forged_signatures", "other_topics_and_times"]


def changed_fields(forger: Forger) -> Iterator[Forgery]:
    """The genuine signature, and something else."""
    genuine = forger.genuine
    for name in SIGNED[genuine["Type"]]:
        value = genuine.get(name)
        if name == "Type" or value is None:
            continue
        yield forger.forgery(
            "topic" if name == "TopicArn" else "signature",
            f"{name} changed",
            "one character of a signed field is another's",
            forger.changed(**{name: f"{value[:-1]}{'0' if value[-1] != '0' else '1'}"}),
        )
    yield forger.forgery(
        "signature",
        "a line break behind the Message",
        "who strips before verifying signs off what SNS did not",
        forger.changed(Message=f"{genuine['Message']}\n"),
    )
    if genuine["Type"] == "Notification":
        yield from _subjects(forger)
        return
    other = "UnsubscribeConfirmation"
    yield forger.forgery(
        "signature",
        "the other confirmation",
        "whoever wants to leave is made to join, or the reverse",
        forger.changed(Type=other if genuine["Type"] != other else "SubscriptionConfirmation"),
    )
    yield forger.forgery(
        "signature",
        "SubscribeURL elsewhere",
        "whoever visits it asks somebody else than SNS",
        forger.changed(SubscribeURL="https://evil.example/?Action=ConfirmSubscription"),
    )


def _subjects(forger: Forger) -> Iterator[Forgery]:
    there = "Subject" in forger.genuine
    why = "an absent field is not an empty one"
    changes = {
        "Subject put in": "Hello",
        "an empty Subject put in": "",
        "Subject taken out": ...,
        "Subject emptied": "",
        "Subject null": None,
    }
    for name, subject in changes.items():
        if there is not name.endswith("put in"):
            group: Group = "form" if subject is None else "signature"
            yield forger.forgery(group, name, why, forger.changed(Subject=subject))


def forged_signatures(forger: Forger) -> Iterator[Forgery]:
    """The genuine message, and another signature."""
    genuine, version = forger.genuine["Signature"], forger.version
    bare = base64.b64decode(genuine)
    zeros = encoded(bytes(len(bare)))
    canonical = "SNS signs one text alone, and this is another"
    changes: dict[str, tuple[str, str]] = {
        "by another key": (
            forger.signed(by=forger.own),
            "the URL is genuine, and the signature is somebody else's",
        ),
        "of another message": (
            forger.sealed(lambda text: text.replace(b"Message\n", b"Message\nNot ", 1)),
            "it was seen on one message, and put on another",
        ),
        "none": (forger.changed(Signature=""), "nothing was signed"),
        "of zeros": (forger.changed(Signature=zeros), "nothing was signed"),
        "cut": (forger.changed(Signature=encoded(bare[:128])), "half of a signature is none"),
        "without the last newline": (forger.sealed(lambda text: text[:-1]), canonical),
        "with the newlines of Windows": (
            forger.sealed(lambda text: text.replace(b"\n", b"\r\n")),
            canonical,
        ),
        "with another order": (forger.sealed(_turned), canonical),
        "with a null in words": (
            forger.sealed(lambda text: text.replace(b"Timestamp\n", b"Subject\nnull\nTimestamp\n")),
            canonical,
        ),
        "of another version": (
            forger.changed(SignatureVersion={"1": "2", "2": "1"}[version]),
            "the version says which hash was signed",
        ),
    }
    for name, (body, why) in changes.items():
        yield forger.forgery("signature", f"signature {name}", why, body)
    junk = forger.changed(Signature=f"{genuine[:40]}!\n{genuine[40:]}")
    why = "a lenient base64 reader skips what the sender hid in it"
    yield forger.forgery("signature", "signature with junk", why, junk, signed=True)
    third = encoded(forger.authority.sign(to_sign(forger.genuine), forger.region, "2"))
    body = forger.changed(Signature=third, SignatureVersion="3")
    why = "there is no such version, and who takes the rest for 2 will not see a new one"
    yield forger.forgery("signature", "signature of version 3", why, body, signed=True)


def _turned(text: bytes) -> bytes:
    """The last name and value in front."""
    *lines, name, value, end = text.split(b"\n")
    return b"\n".join([name, value, *lines, end])


def other_topics_and_times(forger: Forger) -> Iterator[Forgery]:
    """Genuinely signed, and nothing for this endpoint, or not any more."""
    arn: str = forger.genuine["TopicArn"]
    front, _, name = arn.rpartition(":")
    topics = {
        "another's topic": f"{front.rpartition(':')[0]}:999999999999:{name}",
        "another topic": f"{front}:somebody-elses",
        "a topic with ours in front": f"{arn}-evil",
    }
    for said, other in topics.items():
        why = "anybody may have a topic, and gets genuine signatures for it"
        yield forger.forgery("topic", said, why, forger.signed(TopicArn=other), signed=True)
    at = datetime.fromisoformat(forger.genuine["Timestamp"])
    for said, by in (("old", -timedelta(days=1)), ("of tomorrow", timedelta(days=1))):
        then = (at + by).isoformat(timespec="milliseconds").replace("+00:00", "Z")
        why = "a genuine message can be kept and brought again"
        yield forger.forgery("age", said, why, forger.signed(Timestamp=then), signed=True)


def forged_headers(forger: Forger) -> Iterator[Forgery]:
    """The genuine message under headers that say something else."""
    kind = forger.genuine["Type"]
    other = "Notification" if kind != "Notification" else "SubscriptionConfirmation"
    changes = {
        "Type": ("type", other),
        "topic": ("topic-arn", f"{forger.genuine['TopicArn']}-evil"),
        "message": ("message-id", "00000000-0000-4000-8000-000000000000"),
    }
    for name, (header, value) in changes.items():
        key = f"x-amz-sns-{'message-' if name == 'Type' else ''}{header}"
        yield forger.forgery(
            "headers",
            f"headers of another {name}",
            "headers are not signed: who goes by them does what the message does not say",
            forger.changed(),
            signed=True,
            headers={**forger.headers, key: value},
        )
